/**
 * The shard channels of one subscriber: each is subscribed at the primary of its slot, and follows the slot. This
 * is the only writer of which slot uses which link. Channels that lost their place have a gap, and are delivered
 * again only from their next confirmation on.
 */
import { keySlot } from "../commands/core/key-slot.js";
import { closedError, requestError } from "../connection/errors.js";
import { MovedError, type RedisError, SlotNotCoveredError } from "../errors.js";
import type { Subscription } from "../pubsub/channel-codec.js";
import type { SubscriptionParts } from "../pubsub/managed-subscriptions.js";
import type { ConfirmationType } from "../pubsub/messages.js";
import {
  LeaveRequest,
  PingRequest,
  promiseOf,
  SUBSCRIBE,
  type SubscriberRequest,
  SubscriptionRequest,
  UNSUBSCRIBE,
} from "../pubsub/requests.js";
import { loopTime } from "../util/timers.js";
import { concernsCluster } from "./redirects.js";
import type { ClusterRouter } from "./router.js";
import { type Changes, ShardCall, type ShardOperation } from "./shard-call.js";
import type { ShardLink } from "./shard-link.js";
import { movedError, type PlacementOwner, ShardPlacement } from "./shard-placement.js";
import { bySlot, NAME, type ShardCommand, ShardSlot } from "./shard-slot.js";

type Slot = ShardSlot<ShardLink>;

/** Number of views that must name the node again that gave a slot away. */
const VIEWS = 3;

function notCovered(): SlotNotCoveredError {
  const message = "No node of the cluster serves the slot of the shard channel";
  return new SlotNotCoveredError(message, { command: NAME, outcome: "not-sent" });
}

/** The shard channels of a subscriber. */
export class ShardSubscriptions implements PlacementOwner {
  readonly parts: SubscriptionParts;
  reading = true;
  readonly #router: ClusterRouter;
  readonly #slots = new Map<number, Slot>();
  readonly #placement: ShardPlacement;
  readonly #requests = new WeakMap<SubscriberRequest, Slot>();
  /** Number of confirmed channels. */
  #count = 0;
  #pings = 0;
  #isAwaitingView = false;

  constructor(router: ClusterRouter, parts: SubscriptionParts) {
    this.#router = router;
    this.parts = parts;
    this.#placement = new ShardPlacement(router, this);
  }

  get subscribed(): boolean {
    if (this.#count !== 0) return true;
    return [...this.#slots.values()].some(({ subscribed }) => subscribed);
  }

  get live(): boolean {
    return this.#slots.size !== 0 || this.#pings !== 0;
  }

  /** The connections; those that are missing are not open. */
  get links(): Iterable<ShardLink> {
    return this.#placement.links.values();
  }

  confirmed(): Subscription[] {
    return [...this.#slots.values()].flatMap(({ confirmed }) => [...confirmed.values()]);
  }

  expected(): Map<string, Subscription> {
    const expected = new Map<string, Subscription>();
    for (const slot of this.#slots.values()) slot.addExpected(expected);
    return expected;
  }

  subscribe(subscriptions: readonly Subscription[]): Promise<void> {
    const { socketTimeout } = this.#router.settings;
    const retryUntil = socketTimeout === 0 ? Number.POSITIVE_INFINITY : loopTime() + socketTimeout;
    return this.#call(subscriptions, { subscribes: true, retryUntil });
  }

  unsubscribe(subscriptions: readonly Subscription[]): Promise<void> {
    if (subscriptions.length === 0) return Promise.resolve();
    return this.#call(subscriptions, { subscribes: false, retryUntil: Number.POSITIVE_INFINITY });
  }

  /** Ping over an open connection. */
  ping(link: ShardLink, payload: Subscription): Promise<void> {
    this.#pings += 1;
    const pong = promiseOf((callbacks) => link.send(new PingRequest(payload, true, callbacks)));
    return pong.finally(() => {
      this.#pings -= 1;
      this.#checkEnd();
    });
  }

  setReading(enabled: boolean): void {
    this.reading = enabled;
    for (const link of this.#placement.links.values()) link.setReading(enabled);
  }

  /** End all subscriptions, and reject the pending operations. */
  close(error: RedisError): void {
    const slots = [...this.#slots.values()];
    const links = [...this.#placement.links.values()];
    this.#slots.clear();
    this.#placement.links.clear();
    this.#placement.outage.end();
    this.#count = 0;
    for (const link of links) link.close(error);
    for (const slot of slots) {
      slot.resume();
      const outcome = slot.command === undefined ? "not-sent" : "unknown";
      slot.fail(requestError({ name: NAME }, error, outcome), () => true);
    }
  }

  /** The map was changed: move the slots that have another node. */
  onViewChanged(number?: number): void {
    if (number === undefined) return this.#stepAll(this.#slots.values());
    const slot = this.#slots.get(number);
    if (slot !== undefined) this.#step(slot);
  }

  // -- operations ----------------------------------------------------------------------------

  #slotOf({ name }: Subscription): number {
    return keySlot(name, this.#router.settings.encoding);
  }

  #call(
    subscriptions: readonly Subscription[],
    traits: Pick<ShardOperation, "subscribes" | "retryUntil">,
  ): Promise<void> {
    const slots = bySlot(subscriptions, (subscription) => this.#slotOf(subscription));
    return promiseOf((callbacks) => {
      if (this.#router.closed) return callbacks.failed(closedError(NAME));
      const call = new ShardCall(callbacks, (changes) => this.#undo(changes));
      for (const [number, operation] of call.operations(slots, traits)) {
        let slot = this.#slots.get(number);
        if (slot === undefined) {
          slot = new ShardSlot(number);
          this.#slots.set(number, slot);
        }
        slot.operations.push(operation);
        this.#step(slot);
      }
    });
  }

  /** Undo what a call has begun that failed in part. */
  #undo(changes: Changes): void {
    const begun: Subscription[] = [];
    for (const [subscription, replaced] of changes) {
      const { key } = subscription;
      const slot = this.#slots.get(this.#slotOf(subscription));
      // A later call may have replaced it.
      if (slot?.confirmed.get(key) !== subscription) continue;
      if (replaced !== undefined) {
        slot.confirmed.set(key, replaced);
        continue;
      }
      slot.remove(key);
      slot.link?.accepted.delete(key);
      this.#count -= 1;
      begun.push(subscription);
    }
    this.unsubscribe(begun).catch(() => {});
  }

  #checkEnd(): void {
    if (!this.live) this.parts.listener.onEnd();
  }

  // -- steps of one slot ---------------------------------------------------------------------

  #stepAll(slots: Iterable<Slot>): void {
    for (const slot of [...slots]) this.#step(slot);
  }

  #step(slot: Slot): void {
    if (this.#slots.get(slot.number) !== slot) return;
    while (slot.next === "end") this.#end(slot);
    if (slot.next === "forget") return this.#forget(slot);
    const link = this.#placement.linkOf(slot);
    if (link !== undefined && slot.link !== link) this.#placement.move(slot, link);
    if (slot.pause !== undefined) return;
    if (link === undefined) this.#awaitView();
    else if (link.open) this.#send(slot, link);
    else link.connect();
  }

  /** End subscriptions that no server has. */
  #end(slot: Slot): void {
    const operation = slot.operations.shift();
    for (const key of operation?.subscriptions.keys() ?? []) this.#remove(slot, key);
    operation?.done();
  }

  #remove(slot: Slot, key: string): void {
    if (slot.remove(key)) this.#count -= 1;
    slot.link?.accepted.delete(key);
    this.#placement.outage.removed(slot);
  }

  #forget(slot: Slot): void {
    slot.resume();
    this.#slots.delete(slot.number);
    this.#placement.unlink(slot);
    this.#checkEnd();
  }

  #send(slot: Slot, link: ShardLink): void {
    const { next } = slot;
    const [operation] = slot.operations;
    if (next === "restore") return this.#subscribe(slot, link, undefined);
    if (operation === undefined || next === "wait") return;
    if (next === "subscribe") return this.#subscribe(slot, link, operation);
    const subscriptions = [...operation.subscriptions.values()];
    const done = (): void => this.#onLeft(slot, command);
    const request = new LeaveRequest(operation.subscriptions, { done, failed: done });
    const command: ShardCommand = { operation, subscriptions, request };
    slot.command = command;
    link.send(request);
  }

  #subscribe(slot: Slot, link: ShardLink, operation: ShardOperation | undefined): void {
    const restores = operation === undefined;
    const subscriptions = restores ? slot.toRestore() : [...operation.subscriptions.values()];
    const retryUntil = operation?.retryUntil ?? Number.POSITIVE_INFINITY;
    const callbacks = {
      done: (): void => this.#onSubscribed(slot, command),
      failed: (error: RedisError): void => this.#onRefused(slot, command, error),
    };
    const options = { restores, retryUntil, callbacks };
    const request = new SubscriptionRequest(SUBSCRIBE.shard, subscriptions, options);
    const command: ShardCommand = { operation, subscriptions, request };
    slot.command = command;
    this.#requests.set(request, slot);
    link.send(request);
  }

  /** A command has been answered; returns whether it still counts. */
  #settle(slot: Slot, command: ShardCommand): boolean {
    if (slot.command !== command || this.#slots.get(slot.number) !== slot) return false;
    slot.command = undefined;
    slot.withdraw((operation) => operation === command.operation);
    return true;
  }

  #onSubscribed(slot: Slot, command: ShardCommand): void {
    if (!this.#settle(slot, command)) return;
    command.operation?.done();
    this.#placement.outage.restored(slot);
    slot.failures = 0;
    if (slot.missing.size === 0) slot.singly = false;
    slot.link?.restored();
    this.#step(slot);
  }

  #onLeft(slot: Slot, command: ShardCommand): void {
    if (!this.#settle(slot, command)) return;
    for (const subscription of command.subscriptions) {
      slot.placed.delete(subscription.key);
      this.#remove(slot, subscription.key);
      this.#report(UNSUBSCRIBE.shard.confirmationType, subscription);
    }
    command.operation?.done();
    this.#step(slot);
  }

  #report(type: ConfirmationType, subscription: Subscription): void {
    const channel = this.parts.codec.displayName(subscription);
    this.parts.listener.onControl({ type, pattern: null, channel, data: this.#count });
  }

  #onRefused(slot: Slot, command: ShardCommand, error: RedisError): void {
    const { link, operations } = slot;
    const { operation } = command;
    if (!this.#settle(slot, command)) return;
    if (link !== undefined && concernsCluster(error)) {
      if (operation !== undefined) operations.unshift(operation);
      this.#onRedirected(slot, link, error);
    } else if (operation !== undefined) operation.failed(error);
    else this.#onRestoreRefused(slot, command, error);
    this.#step(slot);
  }

  /** The server rejects a whole command for one of its names, so the names are sent one by one. */
  #onRestoreRefused(slot: Slot, { subscriptions }: ShardCommand, error: RedisError): void {
    const [first] = subscriptions;
    if (subscriptions.length !== 1) slot.singly = true;
    else if (first !== undefined) {
      this.#remove(slot, first.key);
      this.parts.listener.onError(error);
    }
  }

  #onRedirected(slot: Slot, link: ShardLink, error: RedisError): void {
    slot.failures += 1;
    slot.fail(error, ({ retryUntil }) => loopTime() > retryUntil);
    if (error instanceof MovedError) this.#router.redirects.learn(error, link.node, "SSUBSCRIBE");
    else this.#router.refresh();
    // The map may name another node now, and the slot has moved to it then.
    if (slot.link !== link) return;
    this.#router.refresh();
    this.#placement.pause(slot);
  }

  /** Wait for a view that has nodes for the slots that have none. */
  #awaitView(): void {
    if (this.#isAwaitingView) return;
    this.#isAwaitingView = true;
    this.#router.nextView().then(
      () => this.#onView(undefined),
      (error: RedisError) => this.#onView(error),
    );
  }

  #onView(error: RedisError | undefined): void {
    this.#isAwaitingView = false;
    for (const slot of [...this.#slots.values()]) {
      const node = slot.link ?? this.#router.table.primary(slot.number);
      if (node !== undefined) continue;
      slot.failures += 1;
      const reason = error ?? notCovered();
      if (error !== undefined || slot.failures >= VIEWS) slot.fail(reason, () => true);
      this.#placement.pause(slot);
    }
    this.#stepAll(this.#slots.values());
  }

  // -- called by links -----------------------------------------------------------------------

  onOpened(link: ShardLink): void {
    this.#stepAll(link.slots);
  }

  onConfirmed(link: ShardLink, request: SubscriptionRequest, subscription: Subscription): void {
    const slot = this.#requests.get(request);
    // A slot that has moved ignores what the old node confirms.
    if (slot === undefined || slot.command?.request !== request) return;
    const { operation } = slot.command;
    const replaced = slot.place(subscription);
    if (replaced === undefined) this.#count += 1;
    link.accepted.set(subscription.key, slot);
    operation?.subscriptions.delete(subscription.key);
    operation?.onConfirmed(subscription, replaced);
    this.#report(SUBSCRIBE.shard.confirmationType, subscription);
  }

  onResumed(slot: Slot): void {
    this.#step(slot);
  }

  onMovedAway(link: ShardLink, slot: Slot): void {
    this.#placement.displace(slot, movedError(link.node.name));
    slot.doubts = VIEWS;
    slot.failures = 1;
    this.#placement.pause(slot);
    this.#router.refresh();
  }

  onDown(link: ShardLink, error: RedisError, final: RedisError | undefined): void {
    const isEnd = error.code === "ECLOSED" && this.#router.closed;
    if (isEnd) return this.#giveUp(this.#slots.values(), error);
    this.#router.refresh();
    for (const slot of [...link.slots]) {
      this.#placement.displace(slot, error);
      slot.failures += 1;
      slot.failLost(error);
    }
    if (final !== undefined) {
      this.parts.listener.onError(final);
      this.#giveUp(link.slots, final);
    }
    this.#stepAll(link.slots);
  }

  /** End the subscriptions of slots for good. */
  #giveUp(slots: Iterable<Slot>, error: RedisError): void {
    for (const slot of [...slots]) {
      slot.fail(requestError({ name: NAME }, error, "not-sent"), () => true);
      for (const key of [...slot.confirmed.keys()]) this.#remove(slot, key);
      slot.command = undefined;
      this.#forget(slot);
    }
    if (!this.subscribed) this.parts.listener.onGivenUp();
  }
}
