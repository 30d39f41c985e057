/**
 * The subscriptions of one subscriber to the shard channels of one slot, and which step comes next for them.
 * Operations on a slot are executed one after the other, so that their order survives a move of the slot. No I/O.
 */
import { isPermanent, lostRequestError, requestError, timeoutError } from "../connection/errors.js";
import type { RedisError } from "../errors.js";
import type { Subscription } from "../pubsub/channel-codec.js";
import type { SubscriberRequest } from "../pubsub/requests.js";
import { loopTime, realTime, type Timer } from "../util/timers.js";
import type { ShardOperation } from "./shard-call.js";

/** What is in flight for a slot. */
export interface ShardCommand {
  /** `undefined`: it restores subscriptions. */
  readonly operation: ShardOperation | undefined;
  readonly subscriptions: readonly Subscription[];
  readonly request: SubscriberRequest;
}

/** What to do next for a slot. `end`: end subscriptions that no server has. `forget`: nothing is left. */
export type ShardStep = "wait" | "restore" | "subscribe" | "unsubscribe" | "end" | "forget";

/** The command that errors name. */
export const NAME = "SSUBSCRIBE";
const NAMED = { name: NAME };
/** Most names in one command that restores subscriptions. */
const BATCH_SIZE = 1000;

/** The channels of one slot. `L` is the link to a node. */
export class ShardSlot<L extends object> {
  readonly number: number;
  /** Confirmed to the caller. */
  readonly confirmed = new Map<string, Subscription>();
  /** Those of {@link confirmed} that are on no server: to be restored. */
  readonly missing = new Map<string, Subscription>();
  /** Keys of the channels that the server has. */
  readonly placed = new Set<string>();
  readonly operations: ShardOperation[] = [];
  /** The node that has the subscriptions, or is to have them. */
  link: L | undefined = undefined;
  command: ShardCommand | undefined = undefined;
  /** Ends the pause after an error reply. */
  pause: Timer | undefined = undefined;
  /** Number of failures in a row. */
  failures = 0;
  /** Number of pauses in which another view may name another node than the one that gave the slot away. */
  doubts = 0;
  /** Whether names are restored one by one, because the server refused one of them. */
  singly = false;

  constructor(number: number) {
    this.number = number;
  }

  /** Whether there are subscriptions, confirmed or requested. */
  get subscribed(): boolean {
    return this.confirmed.size !== 0 || this.operations.some(({ subscribes }) => subscribes);
  }

  /** What comes next. */
  get next(): ShardStep {
    if (this.command !== undefined) return "wait";
    const [operation] = this.operations;
    if (operation?.subscribes === false) return this.placed.size === 0 ? "end" : "unsubscribe";
    if (this.missing.size !== 0) return "restore";
    if (operation !== undefined) return "subscribe";
    return this.confirmed.size === 0 ? "forget" : "wait";
  }

  /** Return the channels that the next command restores. */
  toRestore(): Subscription[] {
    const count = this.singly ? 1 : BATCH_SIZE;
    const batch: Subscription[] = [];
    for (const subscription of this.missing.values()) {
      if (batch.length === count) break;
      batch.push(subscription);
    }
    return batch;
  }

  /** Add the subscriptions that exist when all operations are done. */
  addExpected(expected: Map<string, Subscription>): void {
    for (const [key, subscription] of this.confirmed) expected.set(key, subscription);
    for (const { subscribes, subscriptions } of this.operations) {
      for (const [key, subscription] of subscriptions) {
        if (subscribes) expected.set(key, subscription);
        else expected.delete(key);
      }
    }
  }

  /** The server has a channel. Returns the subscription that this one replaces. */
  place(subscription: Subscription): Subscription | undefined {
    const { key } = subscription;
    const replaced = this.confirmed.get(key);
    this.confirmed.set(key, subscription);
    this.missing.delete(key);
    this.placed.add(key);
    return replaced;
  }

  /** End a subscription. Returns whether there was one. */
  remove(key: string): boolean {
    this.missing.delete(key);
    return this.confirmed.delete(key);
  }

  /** The server has no channel of the slot any more. Returns the subscriptions that it had. */
  displace(): Subscription[] {
    const displaced: Subscription[] = [];
    for (const key of this.placed) {
      const subscription = this.confirmed.get(key);
      if (subscription === undefined) continue;
      this.missing.set(key, subscription);
      displaced.push(subscription);
    }
    this.placed.clear();
    return displaced;
  }

  /** End all subscriptions, without a command. */
  clear(): void {
    this.confirmed.clear();
    this.missing.clear();
    this.placed.clear();
    this.resume();
  }

  /** End the pause. */
  resume(): void {
    this.pause?.cancel();
    this.pause = undefined;
  }

  /** Fail the operations that match. Those that end subscriptions succeed, because no server has them. */
  fail(error: RedisError, matches: (operation: ShardOperation) => boolean): void {
    for (const operation of this.withdraw(matches)) {
      if (operation.subscribes) operation.failed(error);
      else operation.done();
    }
  }

  /**
   * The connection is lost, or there is none: fail the operations that are not tried again.
   *
   * @param wasOpen - Whether there was one.
   */
  failLost(error: RedisError, wasOpen: boolean): void {
    const { command } = this;
    const now = loopTime();
    this.command = undefined;
    if (command?.operation?.subscribes === true) {
      const isTimedOut = realTime() >= command.request.deadline;
      const isOver = isTimedOut || now > command.operation.retryUntil;
      const { server = "" } = error;
      const lost = isTimedOut ? timeoutError(server, NAME) : lostRequestError(NAMED, error);
      this.fail(lost, (operation) => operation === command.operation && isOver);
    }
    const isFinal = !wasOpen && isPermanent(error);
    const reason = requestError(NAMED, error, "not-sent");
    this.fail(reason, ({ subscribes, retryUntil }) => subscribes && (isFinal || now > retryUntil));
  }

  /** Remove and return the operations that match. */
  withdraw(matches: (operation: ShardOperation) => boolean): ShardOperation[] {
    const withdrawn = this.operations.filter(matches);
    for (const operation of withdrawn)
      this.operations.splice(this.operations.indexOf(operation), 1);
    return withdrawn;
  }
}

/** Divide subscriptions by slot. */
export function bySlot(
  subscriptions: Iterable<Subscription>,
  slotOf: (subscription: Subscription) => number,
): Map<number, Map<string, Subscription>> {
  const slots = new Map<number, Map<string, Subscription>>();
  for (const subscription of subscriptions) {
    const slot = slotOf(subscription);
    const group = slots.get(slot);
    if (group === undefined) slots.set(slot, new Map([[subscription.key, subscription]]));
    else group.set(subscription.key, subscription);
  }
  return slots;
}
