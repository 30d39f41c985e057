/**
 * The shard channels of one subscriber: each is subscribed at the primary of its slot, and follows the slot. Decides
 * what comes next for a slot after each call, each reply, and each change of its link or of the map. Channels that
 * lost their place are delivered again only from their next confirmation on.
 */
import { keySlot } from "../commands/core/key-slot.js";
import { closedError, requestError } from "../connection/errors.js";
import { type RedisError, SlotNotCoveredError } from "../errors.js";
import type { Subscription } from "../pubsub/channel-codec.js";
import type { SubscriptionParts } from "../pubsub/managed-subscriptions.js";
import { PingRequest, promiseOf, type SubscriptionRequest } from "../pubsub/requests.js";
import { loopTime } from "../util/timers.js";
import type { ClusterRouter } from "./router.js";
import { type Changes, ShardCall, type ShardOperation } from "./shard-call.js";
import { ShardCommands, type ShardCommandsHost } from "./shard-commands.js";
import type { LinkFailure, ShardLink } from "./shard-link.js";
import { type PlacementOwner, ShardPlacement } from "./shard-placement.js";
import { bySlot, NAME, type ShardSlot } from "./shard-slot.js";
import { ShardSlots } from "./shard-slots.js";

type Slot = ShardSlot<ShardLink>;

/** Number of views without a node for a slot after which calls fail. */
const VIEWS = 3;

function notCovered(): SlotNotCoveredError {
  const message = "No node of the cluster serves the slot of the shard channel";
  return new SlotNotCoveredError(message, { command: NAME, outcome: "not-sent" });
}

/** The shard channels of a subscriber. */
export class ShardSubscriptions implements PlacementOwner, ShardCommandsHost {
  readonly parts: SubscriptionParts;
  readonly slots = new ShardSlots();
  readonly placement: ShardPlacement;
  reading = true;
  readonly #router: ClusterRouter;
  readonly #commands: ShardCommands;
  #pings = 0;
  #isAwaitingView = false;

  constructor(router: ClusterRouter, parts: SubscriptionParts) {
    this.#router = router;
    this.parts = parts;
    this.placement = new ShardPlacement(router, this);
    this.#commands = new ShardCommands(router, this);
  }

  get subscribed(): boolean {
    return this.slots.subscribed;
  }

  get live(): boolean {
    return !this.slots.empty || this.#pings !== 0;
  }

  /** The connections; those that are missing are not open. */
  get links(): Iterable<ShardLink> {
    return this.placement.links;
  }

  confirmed(): Subscription[] {
    return this.slots.confirmed();
  }

  expected(): Map<string, Subscription> {
    return this.slots.expected();
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
    for (const link of this.links) link.setReading(enabled);
  }

  /** End all subscriptions, and reject the pending operations. */
  close(error: RedisError): void {
    const slots = this.slots.clear();
    this.placement.close(error);
    for (const slot of slots) {
      const outcome = slot.command === undefined ? "not-sent" : "unknown";
      slot.fail(requestError({ name: NAME }, error, outcome), () => true);
    }
  }

  /** The map was changed: move the slots that have another node. */
  onViewChanged(number?: number): void {
    if (number === undefined) return this.#stepAll(this.slots.all);
    const slot = this.slots.get(number);
    if (slot !== undefined) this.step(slot);
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
        const slot = this.slots.open(number);
        slot.operations.push(operation);
        this.step(slot);
      }
    });
  }

  /** Undo what a call has begun that failed in part. */
  #undo(changes: Changes): void {
    const begun: Subscription[] = [];
    for (const [subscription, replaced] of changes) {
      const { key } = subscription;
      const slot = this.slots.get(this.#slotOf(subscription));
      // A later call may have replaced it.
      if (slot?.confirmed.get(key) !== subscription) continue;
      if (replaced !== undefined) {
        slot.confirmed.set(key, replaced);
        continue;
      }
      this.#commands.remove(slot, key);
      begun.push(subscription);
    }
    this.unsubscribe(begun).catch(() => {});
  }

  #checkEnd(): void {
    if (!this.live) this.parts.listener.onEnd();
  }

  // -- steps of one slot ---------------------------------------------------------------------

  #stepAll(slots: Iterable<Slot>): void {
    for (const slot of [...slots]) this.step(slot);
  }

  /** Do what comes next for a slot. */
  step(slot: Slot): void {
    if (!this.slots.has(slot)) return;
    const link = this.placement.linkOf(slot);
    if (link !== undefined && slot.link !== link) {
      this.placement.move(slot, link);
      // The gaps of the move have called functions of the user.
      if (!this.slots.has(slot)) return;
    }
    // Before connecting: what a move leaves behind is on no server.
    while (slot.next === "end") this.#end(slot);
    if (slot.next === "forget") return this.#forget(slot);
    if (slot.pause !== undefined) return;
    if (slot.link === undefined) this.#awaitView();
    else if (slot.link.open) this.#commands.send(slot, slot.link);
    else slot.link.connect();
  }

  /** End subscriptions that no server has. */
  #end(slot: Slot): void {
    const operation = slot.operations.shift();
    for (const key of operation?.subscriptions.keys() ?? []) this.#commands.remove(slot, key);
    operation?.done();
  }

  #forget(slot: Slot): void {
    if (!this.slots.has(slot)) return;
    slot.resume();
    this.slots.delete(slot);
    this.placement.unlink(slot);
    this.#checkEnd();
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
    for (const slot of this.slots.all) {
      const node = slot.link ?? this.#router.table.primary(slot.number);
      if (node !== undefined) continue;
      slot.failures += 1;
      const reason = error ?? notCovered();
      if (error !== undefined || slot.failures >= VIEWS) slot.fail(reason, () => true);
      this.placement.pause(slot);
    }
    this.#stepAll(this.slots.all);
  }

  // -- called by links -----------------------------------------------------------------------

  onOpened(link: ShardLink): void {
    this.#stepAll(link.slots);
  }

  onConfirmed(link: ShardLink, request: SubscriptionRequest, subscription: Subscription): void {
    this.#commands.onConfirmed(link, request, subscription);
  }

  onResumed(slot: Slot): void {
    this.step(slot);
  }

  onMovedAway(link: ShardLink, slot: Slot): void {
    this.placement.movedAway(slot, link);
  }

  onDown(link: ShardLink, failure: LinkFailure): void {
    const { error, final } = failure;
    const isEnd = error.code === "ECLOSED" && this.#router.closed;
    if (isEnd) return this.#giveUp(this.slots.all, error);
    this.#router.refresh();
    this.placement.down(link, failure);
    if (final !== undefined) {
      this.parts.listener.onError(final);
      this.#giveUp(link.slots, final);
    }
    this.#stepAll(link.slots);
  }

  /** End the subscriptions of slots for good. */
  #giveUp(slots: Iterable<Slot>, error: RedisError): void {
    for (const slot of [...slots]) {
      // Functions of the user may have closed the subscriber.
      if (!this.slots.has(slot)) continue;
      slot.fail(requestError({ name: NAME }, error, "not-sent"), () => true);
      for (const key of [...slot.confirmed.keys()]) this.#commands.remove(slot, key);
      slot.command = undefined;
      this.#forget(slot);
    }
    if (!this.subscribed) this.parts.listener.onGivenUp();
  }
}
