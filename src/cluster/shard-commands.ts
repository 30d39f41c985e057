/**
 * The commands that begin, restore and end the shard channels of slots, and what follows from their replies. At
 * most one command of a slot is in flight; a reply that comes after the slot has moved changes nothing.
 */
import { MovedError, type RedisError } from "../errors.js";
import type { Subscription } from "../pubsub/channel-codec.js";
import type { SubscriptionParts } from "../pubsub/managed-subscriptions.js";
import type { ConfirmationType } from "../pubsub/messages.js";
import {
  LeaveRequest,
  SUBSCRIBE,
  type SubscriberRequest,
  SubscriptionRequest,
  UNSUBSCRIBE,
} from "../pubsub/requests.js";
import { loopTime } from "../util/timers.js";
import { concernsCluster } from "./redirects.js";
import type { ClusterRouter } from "./router.js";
import type { ShardOperation } from "./shard-call.js";
import type { ShardLink } from "./shard-link.js";
import type { ShardPlacement } from "./shard-placement.js";
import { NAME, type ShardCommand, type ShardSlot } from "./shard-slot.js";
import type { ShardSlots } from "./shard-slots.js";

type Slot = ShardSlot<ShardLink>;

/** What the commands of a subscriber work with. */
export interface ShardCommandsHost {
  readonly parts: SubscriptionParts;
  readonly slots: ShardSlots;
  readonly placement: ShardPlacement;
  /** Do what comes next for a slot. */
  step(slot: Slot): void;
}

/** The commands of a subscriber. */
export class ShardCommands {
  readonly #router: ClusterRouter;
  readonly #host: ShardCommandsHost;
  readonly #requests = new WeakMap<SubscriberRequest, Slot>();

  constructor(router: ClusterRouter, host: ShardCommandsHost) {
    this.#router = router;
    this.#host = host;
  }

  /** Send the next command of a slot, if there is one. */
  send(slot: Slot, link: ShardLink): void {
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

  /** End a subscription that no server has, or that its server has ended. */
  remove(slot: Slot, key: string): void {
    this.#host.slots.remove(slot, key);
    this.#host.placement.removed(slot, key);
  }

  /** The server has confirmed a subscription. */
  onConfirmed(link: ShardLink, request: SubscriptionRequest, subscription: Subscription): void {
    const slot = this.#requests.get(request);
    // A slot that has moved ignores what the old node confirms.
    if (slot === undefined || slot.command?.request !== request) return;
    const { operation } = slot.command;
    const replaced = this.#host.slots.place(slot, subscription);
    link.accept(subscription.key, slot);
    operation?.subscriptions.delete(subscription.key);
    operation?.onConfirmed(subscription, replaced);
    this.#report(SUBSCRIBE.shard.confirmationType, subscription);
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
    if (slot.command !== command || !this.#host.slots.has(slot)) return false;
    slot.command = undefined;
    slot.withdraw((operation) => operation === command.operation);
    return true;
  }

  #onSubscribed(slot: Slot, command: ShardCommand): void {
    if (!this.#settle(slot, command)) return;
    command.operation?.done();
    const { failures } = slot;
    slot.failures = 0;
    if (slot.missing.size === 0) slot.singly = false;
    slot.link?.restored();
    this.#host.placement.restored(slot, failures);
    this.#host.step(slot);
  }

  #onLeft(slot: Slot, command: ShardCommand): void {
    if (!this.#settle(slot, command)) return;
    for (const subscription of command.subscriptions) {
      slot.placed.delete(subscription.key);
      this.remove(slot, subscription.key);
      this.#report(UNSUBSCRIBE.shard.confirmationType, subscription);
    }
    command.operation?.done();
    this.#host.step(slot);
  }

  #report(type: ConfirmationType, subscription: Subscription): void {
    const { parts, slots } = this.#host;
    const channel = parts.codec.displayName(subscription);
    parts.listener.onControl({ type, pattern: null, channel, data: slots.count });
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
    this.#host.step(slot);
  }

  /** The server rejects a whole command for one of its names, so the names are sent one by one. */
  #onRestoreRefused(slot: Slot, { subscriptions }: ShardCommand, error: RedisError): void {
    const [first] = subscriptions;
    if (subscriptions.length !== 1) slot.singly = true;
    else if (first !== undefined) {
      this.remove(slot, first.key);
      this.#host.parts.listener.onError(error);
    }
  }

  #onRedirected(slot: Slot, link: ShardLink, error: RedisError): void {
    slot.failures += 1;
    slot.fail(error, ({ retryUntil }) => loopTime() > retryUntil);
    if (error instanceof MovedError) this.#router.redirects.learn(error, link.node, NAME);
    else this.#router.refresh();
    // The map may name another node now, and the slot has moved to it then.
    if (slot.link !== link || !this.#host.slots.has(slot)) return;
    this.#router.refresh();
    this.#host.placement.pause(slot);
  }
}
