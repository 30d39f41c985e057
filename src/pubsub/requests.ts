/**
 * Requests of a subscriber: commands that begin or end subscriptions, and pings. Each request settles exactly
 * once; the server confirms the names of one command one by one, in their order.
 */
import { CommandInfo } from "../commands/core/info.js";
import type { RedisError } from "../errors.js";
import { rejectWithCallerStack } from "../util/caller-stack.js";
import type { Subscription } from "./channel-codec.js";
import type { ConfirmationType } from "./messages.js";

/** The kinds of subscriptions; each has a separate set of names. */
export type SubscriptionKind = "channel" | "pattern" | "shard";

/** All kinds. */
export const SUBSCRIPTION_KINDS: readonly SubscriptionKind[] = ["channel", "pattern", "shard"];

/** A command that begins or ends subscriptions. */
export interface SubscriptionCommand {
  readonly kind: SubscriptionKind;
  /** Whether it begins subscriptions. */
  readonly subscribes: boolean;
  /** Type of its confirmations. */
  readonly confirmationType: ConfirmationType;
  readonly command: CommandInfo;
}

function subscriptionCommand(
  kind: SubscriptionKind,
  subscribes: boolean,
  confirmationType: ConfirmationType,
): SubscriptionCommand {
  const params = [kind === "pattern" ? "patterns..." : "channels..."];
  return {
    kind,
    subscribes,
    confirmationType,
    command: new CommandInfo(confirmationType.toUpperCase(), { params }),
  };
}

/** The commands that begin subscriptions. */
export const SUBSCRIBE: Readonly<Record<SubscriptionKind, SubscriptionCommand>> = {
  channel: subscriptionCommand("channel", true, "subscribe"),
  pattern: subscriptionCommand("pattern", true, "psubscribe"),
  shard: subscriptionCommand("shard", true, "ssubscribe"),
};

/** The commands that end subscriptions. */
export const UNSUBSCRIBE: Readonly<Record<SubscriptionKind, SubscriptionCommand>> = {
  channel: subscriptionCommand("channel", false, "unsubscribe"),
  pattern: subscriptionCommand("pattern", false, "punsubscribe"),
  shard: subscriptionCommand("shard", false, "sunsubscribe"),
};

export const PING = new CommandInfo("PING", { params: ["message"] });

/** Called when a request settles; exactly one of the two, once. */
export interface RequestCallbacks {
  done(): void;
  failed(error: RedisError): void;
}

/** A command whose replies or confirmations are pending. */
export abstract class SubscriberRequest {
  abstract readonly command: CommandInfo;
  /** Whether a caller awaits it, so that reading must not pause. */
  readonly awaited: boolean;
  /** Moment (of `realTime()`) at which it times out. */
  deadline = Number.POSITIVE_INFINITY;
  #callbacks: RequestCallbacks | undefined;

  constructor(awaited: boolean, callbacks: RequestCallbacks) {
    this.awaited = awaited;
    this.#callbacks = callbacks;
  }

  /** Name of the command, for errors. */
  get name(): string {
    return this.command.name;
  }

  done(): void {
    const callbacks = this.#callbacks;
    this.#callbacks = undefined;
    callbacks?.done();
  }

  fail(error: RedisError): void {
    const callbacks = this.#callbacks;
    this.#callbacks = undefined;
    callbacks?.failed(error);
  }

  /** Arguments of the command. */
  abstract args(): (string | Buffer)[];
}

/** Begins or ends subscriptions with one command. */
export class SubscriptionRequest extends SubscriberRequest {
  readonly subscriptionCommand: SubscriptionCommand;
  /** Whether it restores subscriptions of a lost connection. */
  readonly restores: boolean;
  /** Moment (of `loopTime()`) until which it may be sent again on another connection. */
  readonly retryUntil: number;
  /** In the order in which they are sent. */
  #subscriptions: readonly Subscription[];
  /** Number of subscriptions that the server has confirmed. */
  #confirmed = 0;

  constructor(
    command: SubscriptionCommand,
    subscriptions: readonly Subscription[],
    options: {
      readonly restores: boolean;
      readonly retryUntil: number;
      readonly callbacks: RequestCallbacks;
    },
  ) {
    super(true, options.callbacks);
    this.subscriptionCommand = command;
    this.#subscriptions = subscriptions;
    this.restores = options.restores;
    this.retryUntil = options.retryUntil;
  }

  override get command(): CommandInfo {
    return this.subscriptionCommand.command;
  }

  /** Subscriptions that the server has not confirmed yet. */
  get unconfirmed(): readonly Subscription[] {
    return this.#subscriptions.slice(this.#confirmed);
  }

  /** Whether the server has confirmed any subscription since it was sent. */
  get begun(): boolean {
    return this.#confirmed !== 0;
  }

  /** Whether the server has confirmed all subscriptions. */
  get complete(): boolean {
    return this.#confirmed === this.#subscriptions.length;
  }

  override args(): (string | Buffer)[] {
    return this.unconfirmed.map(({ name }) => name);
  }

  /** Prepare to be sent again, without the subscriptions that are confirmed. */
  restart(): void {
    this.#subscriptions = this.unconfirmed;
    this.#confirmed = 0;
  }

  /** Count a confirmation; returns its subscription, or `undefined` when it is not for the next one. */
  confirm(type: string, key: string | undefined): Subscription | undefined {
    // By index: a request may hold hundreds of thousands, each with its own confirmation.
    const next = this.#subscriptions[this.#confirmed];
    const { confirmationType } = this.subscriptionCommand;
    if (next === undefined || confirmationType !== type || next.key !== key) return undefined;
    this.#confirmed++;
    return next;
  }
}

/** A ping, by a caller or by the health check. */
export class PingRequest extends SubscriberRequest {
  override readonly command = PING;
  readonly payload: Subscription;

  constructor(payload: Subscription, awaited: boolean, callbacks: RequestCallbacks) {
    super(awaited, callbacks);
    this.payload = payload;
  }

  override args(): (string | Buffer)[] {
    return [this.payload.name];
  }
}

/**
 * Ends subscriptions to shard channels of one slot on a node of a cluster. When the slot has left the node, the
 * server has ended them already, and refuses the command: so the reply to a ping that is sent directly behind it
 * is its only sure end.
 */
export class LeaveRequest extends SubscriberRequest {
  override readonly command = UNSUBSCRIBE.shard.command;
  readonly #subscriptions: ReadonlyMap<string, Subscription>;
  #answered = false;

  constructor(subscriptions: ReadonlyMap<string, Subscription>, callbacks: RequestCallbacks) {
    super(true, callbacks);
    this.#subscriptions = subscriptions;
  }

  /** The server has ended a subscription; returns whether it is among those of the command. */
  ends(key: string | undefined): boolean {
    const isOwn = key !== undefined && this.#subscriptions.has(key);
    this.#answered ||= isOwn;
    return isOwn;
  }

  /** Whether an error reply is that of the command, not of the ping: a user may lack the right to send one. */
  refusedWith({ code }: RedisError): boolean {
    const isOwn = code !== "NOPERM" || !this.#answered;
    this.#answered = true;
    return isOwn;
  }

  override args(): (string | Buffer)[] {
    return Array.from(this.#subscriptions.values(), ({ name }) => name);
  }
}

/** Most names in one command that the subscriber itself composes. */
const BATCH_SIZE = 1000;

/** Split subscriptions into batches of at most `size`. */
export function batchesOf(
  subscriptions: Iterable<Subscription>,
  size = BATCH_SIZE,
): Subscription[][] {
  const all = [...subscriptions];
  const count = Math.ceil(all.length / size);
  return Array.from({ length: count }, (_, index) => all.slice(index * size, (index + 1) * size));
}

/** Return a promise that settles with the request that `start` creates. */
export function promiseOf(start: (callbacks: RequestCallbacks) => void): Promise<void> {
  return new Promise((resolve) => {
    start({ done: resolve, failed: (error) => resolve(rejectWithCallerStack(error)) });
  });
}

/** Whether a request begins subscriptions that did not exist before. */
export function isNewSubscription(request: SubscriberRequest): request is SubscriptionRequest {
  if (!(request instanceof SubscriptionRequest)) return false;
  return request.subscriptionCommand.subscribes && !request.restores;
}
