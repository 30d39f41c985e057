/**
 * The subscriber connection to one primary, shared by all shard channels of one subscriber that it serves. It
 * connects on request, after the pauses of the subscriber's policy; what follows a loss is decided by its owner.
 */
import { lostRequestError } from "../connection/errors.js";
import { ConnectionError, DecodeError, type RedisError } from "../errors.js";
import type { Lease } from "../pool/lease.js";
import type { Reply } from "../protocol/reply.js";
import type { Subscription } from "../pubsub/channel-codec.js";
import type { SubscriptionParts } from "../pubsub/managed-subscriptions.js";
import type { PublishedMessage } from "../pubsub/messages.js";
import { ReconnectPace } from "../pubsub/reconnect-pace.js";
import {
  LeaveRequest,
  PingRequest,
  type SubscriberRequest,
  type SubscriptionRequest,
} from "../pubsub/requests.js";
import {
  SubscriberConnection,
  type SubscriberConnectionOwner,
} from "../pubsub/subscriber-connection.js";
import { outsideContext } from "../util/async-context.js";
import { startTimer, type Timer } from "../util/timers.js";
import type { NodePool } from "./node-pool.js";
import type { ShardSlot } from "./shard-slot.js";

/** The slots of a link, as it uses them. None of the methods may throw. */
export interface ShardLinkOwner {
  readonly parts: SubscriptionParts;
  readonly reading: boolean;
  /** The link can send. */
  onOpened(link: ShardLink): void;
  /** Connecting failed, or the connection is lost. */
  onDown(link: ShardLink, failure: LinkFailure): void;
  /** The server has confirmed a subscription of a request. */
  onConfirmed(link: ShardLink, request: SubscriptionRequest, subscription: Subscription): void;
  /** The server ended a subscription, because its slot left. */
  onMovedAway(link: ShardLink, slot: ShardSlot<ShardLink>): void;
}

/** Why a link cannot send. */
export interface LinkFailure {
  readonly error: RedisError;
  /** Why the retry policy gives up, when it does. */
  readonly final: RedisError | undefined;
  /** Whether there was a connection. What ends one does not keep the next from opening. */
  readonly wasOpen: boolean;
}

/** A subscriber connection to one primary. */
export class ShardLink implements SubscriberConnectionOwner {
  readonly node: NodePool;
  /** The slots that use it. */
  readonly slots = new Set<ShardSlot<ShardLink>>();
  /** Only these are delivered: a channel is accepted from one node at a time, so that no message comes twice. */
  readonly #accepted = new Map<string, ShardSlot<ShardLink>>();
  readonly #owner: ShardLinkOwner;
  readonly #pace: ReconnectPace;
  #connection: SubscriberConnection | undefined = undefined;
  #attempt: object | undefined = undefined;
  #timer: Timer | undefined = undefined;

  constructor(node: NodePool, owner: ShardLinkOwner) {
    this.node = node;
    this.#owner = owner;
    this.#pace = new ReconnectPace(owner.parts.retry.clone());
  }

  /** Whether it is connected. */
  get open(): boolean {
    return this.#connection !== undefined;
  }

  /** Connect, unless that is under way. */
  connect(): void {
    if (this.open || this.#attempt !== undefined || this.#timer !== undefined) return;
    const { pause } = this.#pace;
    if (pause === 0) return this.#start();
    this.#timer = startTimer(pause, () => {
      this.#timer = undefined;
      this.#start();
    });
  }

  /** All subscriptions are restored. */
  restored(): void {
    this.#pace.reset();
  }

  /** Deliver the messages of a channel from now on. */
  accept(key: string, slot: ShardSlot<ShardLink>): void {
    this.#accepted.set(key, slot);
  }

  /** Deliver the messages of a channel no more. */
  refuse(key: string): void {
    this.#accepted.delete(key);
  }

  /** Send a request. */
  send(request: SubscriberRequest): void {
    if (request instanceof LeaveRequest) this.#connection?.leave(request);
    else this.#connection?.send(request);
  }

  /** Pause or resume reading. */
  setReading(enabled: boolean): void {
    this.#connection?.setReading(enabled);
  }

  /** Close the connection. */
  close(error: RedisError): void {
    this.#attempt = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
    const unanswered = this.#connection?.close() ?? [];
    this.#connection = undefined;
    this.#accepted.clear();
    failPings(unanswered, error);
  }

  #start(): void {
    const attempt = {};
    this.#attempt = attempt;
    outsideContext(() => {
      this.node.pool.lease().then(
        (lease) => {
          if (this.#attempt === attempt) this.#onLeased(lease);
          else lease.release();
        },
        (error: RedisError) => {
          if (this.#attempt === attempt) this.#onFailed(error);
        },
      );
    });
  }

  #onLeased(lease: Lease): void {
    if (!lease.alive)
      return this.#onFailed(
        new ConnectionError("The connection was lost", { code: "ECONNCLOSED" }),
      );
    this.#attempt = undefined;
    this.#pace.opened();
    const connection = new SubscriberConnection(lease, this.#owner.parts.codec, this);
    this.#connection = connection;
    connection.keepProcessAlive(true);
    connection.setReading(this.#owner.reading);
    this.#owner.onOpened(this);
  }

  #onFailed(error: RedisError): void {
    this.#attempt = undefined;
    const final = this.#pace.afterFailure(error);
    this.#owner.onDown(this, { error, final, wasOpen: false });
  }

  // -- from the connection -------------------------------------------------------------------

  onPublished(type: PublishedMessage["type"], items: readonly Reply[]): void {
    const { codec, listener } = this.#owner.parts;
    const key = codec.key(items[1]) ?? "";
    const slot = this.#accepted.get(key);
    if (type !== "smessage" || slot === undefined) return;
    const message = codec.message(type, items);
    if (message instanceof DecodeError) listener.onError(message);
    else listener.onPublished(message, slot.confirmed.get(key)?.handler ?? null);
  }

  onConfirmed(request: SubscriptionRequest, subscription: Subscription): void {
    this.#owner.onConfirmed(this, request, subscription);
  }

  onMovedAway(key: string): void {
    const slot = this.#accepted.get(key);
    if (slot !== undefined) this.#owner.onMovedAway(this, slot);
  }

  onPong(): void {}

  onAnswered(): void {}

  onLost(error: RedisError, unanswered: SubscriberRequest[]): void {
    this.#connection = undefined;
    this.#accepted.clear();
    const isRestored = [...this.slots].every(({ missing }) => missing.size === 0);
    const final = this.#pace.afterLoss(error, isRestored);
    failPings(unanswered, error);
    this.#owner.onDown(this, { error, final, wasOpen: true });
  }
}

/** Other requests belong to slots, which repeat them. */
function failPings(requests: readonly SubscriberRequest[], error: RedisError): void {
  for (const request of requests)
    if (request instanceof PingRequest) request.fail(lostRequestError(request, error));
}
