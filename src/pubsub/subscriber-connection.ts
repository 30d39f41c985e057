/**
 * One leased connection in subscriber mode. Replies and confirmations arrive in the order of the
 * commands, so each must match the oldest pending one; a mismatch ends the connection. Never reconnects:
 * unanswered requests go back to the owner.
 */
import type { Connection } from "../connection/connection.js";
import { timeoutError } from "../connection/errors.js";
import { INVALIDATE_PUSH } from "../connection/push-router.js";
import { ReadControl } from "../connection/read-control.js";
import { AuthenticationError, ConnectionError, InvalidResponse, RedisError } from "../errors.js";
import type { Settings } from "../options/types.js";
import type { Lease } from "../pool/lease.js";
import type { Reply } from "../protocol/reply.js";
import { DeadlineTimer } from "../util/deadline-timer.js";
import { Deque } from "../util/deque.js";
import { realTime, startInterval, type Timer } from "../util/timers.js";
import type { ChannelCodec, Subscription } from "./channel-codec.js";
import { INVALIDATION_CHANNEL } from "./invalidation.js";
import type { PublishedMessage } from "./messages.js";
import {
  LeaveRequest,
  PingRequest,
  type SubscriberRequest,
  SubscriptionRequest,
  UNSUBSCRIBE,
} from "./requests.js";

/** Receives the events of a subscriber connection. None of the methods may throw. */
export interface SubscriberConnectionOwner {
  /** A message arrived; `items` as received, the type first. */
  onPublished(type: PublishedMessage["type"], items: readonly Reply[]): void;
  /** The server confirmed one subscription or its end; `count` of the same kind remain. */
  onConfirmed(request: SubscriptionRequest, target: Subscription, count: number): void;
  /** The reply to a ping of the caller. */
  onPong(data: Reply): void;
  /**
   * The server ended a subscription to a shard channel unasked, because its slot moved. Without this method
   * such a reply ends the connection.
   */
  onMovedAway?(key: string): void;
  /** No request is pending any more. */
  onAnswered(): void;
  /** The connection ended; `unanswered` are its pending requests, oldest first. */
  onLost(error: RedisError, unanswered: SubscriberRequest[]): void;
}

/** Payload of the health check's ping. */
const HEALTH_CHECK: Subscription = { name: "rediswire", key: "rediswire", handler: null };
const FENCE: Subscription = { name: "fence", key: "fence", handler: null };
const MOVED_AWAY = UNSUBSCRIBE.shard.confirmationType;
const IGNORED = { done: (): void => {}, failed: (): void => {} };

/** A leased connection in subscriber mode. */
export class SubscriberConnection {
  readonly #lease: Lease;
  readonly #connection: Connection;
  readonly #settings: Settings;
  readonly #codec: ChannelCodec;
  readonly #owner: SubscriberConnectionOwner;
  readonly #pending = new Deque<SubscriberRequest>();
  readonly #deadlineTimer = new DeadlineTimer((now) => this.#checkDeadline(now), {
    keepAlive: false,
    patient: false,
  });
  readonly #readControl: ReadControl;
  readonly #healthTimer: Timer | undefined;
  /** Number of pending requests that a caller awaits. */
  #awaited = 0;
  #keepsProcessAlive = false;
  #pauseRequested = false;
  /** Moment (of `realTime()`) of the last reply or confirmation. */
  #lastReply = Number.NEGATIVE_INFINITY;
  /** Whether anything arrived since the last deadline. */
  #receivedSinceDeadline = false;
  #ended = false;

  constructor(lease: Lease, codec: ChannelCodec, owner: SubscriberConnectionOwner) {
    this.#lease = lease;
    this.#connection = lease.connection;
    this.#readControl = new ReadControl(lease.connection);
    this.#settings = lease.connection.settings;
    this.#codec = codec;
    this.#owner = owner;
    const listener = {
      onReply: (value: Reply): void => this.#onReply(value),
      onPush: (items: readonly Reply[], type: string): void => this.#onItems(items, type),
    };
    this.#connection.enterSubscriberMode(listener, codec.mode);
    lease.onLost = (error) => this.#onLost(error);
    const { healthCheckInterval } = this.#settings;
    if (healthCheckInterval === 0) return;
    this.#healthTimer = startInterval(healthCheckInterval, () => this.#checkHealth(), false);
  }

  /** Pending requests, oldest first. */
  get unanswered(): SubscriberRequest[] {
    return this.#pending.toArray();
  }

  /** Send a request; its arguments must have been checked. */
  send(request: SubscriberRequest): void {
    const { socketTimeout } = this.#settings;
    const now = realTime();
    this.#connection.writeCommand(request.command, request.args());
    this.#pending.push(request);
    if (request.awaited) this.#awaited++;
    if (socketTimeout !== 0) {
      request.deadline = now + socketTimeout;
      this.#deadlineTimer.watch(request.deadline, now);
    }
    this.#updateReading();
  }

  /** End subscriptions to shard channels; see {@link LeaveRequest}. */
  leave(request: LeaveRequest): void {
    this.send(request);
    this.send(new PingRequest(FENCE, false, IGNORED));
  }

  /** Set whether the connection keeps the process alive. */
  keepProcessAlive(enabled: boolean): void {
    this.#keepsProcessAlive = enabled;
    this.#readControl.keepProcessAlive(enabled);
  }

  /** Pause or resume reading. A pause waits for replies that callers await: they come after messages. */
  setReading(enabled: boolean): void {
    this.#pauseRequested = !enabled;
    this.#updateReading();
  }

  /**
   * Close the connection.
   *
   * @returns The pending requests, oldest first.
   */
  close(): SubscriberRequest[] {
    const unanswered = this.#stop();
    this.#lease.onLost = undefined;
    this.#lease.discard();
    return unanswered;
  }

  // -- replies -------------------------------------------------------------------------------

  /** Under RESP2 messages and confirmations are array replies; under RESP3 they are pushes. */
  #onReply(value: Reply): void {
    if (Array.isArray(value)) return this.#onItems(value, this.#codec.word(value[0]));
    if (this.#ended) return;
    this.#receivedSinceDeadline = true;
    this.#lastReply = realTime();
    if (value instanceof RedisError) return this.#onErrorReply(this.#pending.peek(), value);
    const head = this.#headBehindLeave();
    if (head instanceof PingRequest) this.#onPong(head, value);
    else this.#failProtocol();
  }

  /** Return the oldest request; one that ends subscriptions of a slot ends with the first reply behind it. */
  #headBehindLeave(): SubscriberRequest | undefined {
    const head = this.#pending.peek();
    if (head instanceof LeaveRequest) this.#finish(head);
    return this.#pending.peek();
  }

  #onItems(items: readonly Reply[], type: string): void {
    if (this.#ended) return;
    this.#receivedSinceDeadline = true;
    if (type === "message" || type === "pmessage" || type === "smessage") {
      this.#owner.onPublished(type, items);
    } else if (type === INVALIDATE_PUSH) {
      // Under RESP2 the server sends it as a message of this channel.
      const channel = this.#codec.received(INVALIDATION_CHANNEL);
      this.#owner.onPublished("message", ["message", channel, items[1] ?? null]);
    } else {
      this.#onConfirmation(type, items[1] ?? null, items[2] ?? null);
    }
  }

  #onConfirmation(type: string, name: Reply, count: Reply): void {
    this.#lastReply = realTime();
    const key = this.#codec.key(name);
    if (type === MOVED_AWAY && this.#owner.onMovedAway !== undefined) return this.#onLeft(key);
    const head = this.#headBehindLeave();
    if (type === "pong" && head instanceof PingRequest) return this.#onPong(head, name);
    if (!(head instanceof SubscriptionRequest)) return this.#failProtocol();
    const target = head.confirm(type, key);
    if (target === undefined || typeof count !== "number") return this.#failProtocol();
    this.#owner.onConfirmed(head, target, count);
    if (head.complete) this.#finish(head);
  }

  /** A subscription to a shard channel has ended: as requested, or because its slot moved. */
  #onLeft(key: string | undefined): void {
    const head = this.#pending.peek();
    const isRequested = head instanceof LeaveRequest && head.ends(key);
    if (!isRequested && key !== undefined) this.#owner.onMovedAway?.(key);
  }

  #onPong(ping: PingRequest, data: Reply): void {
    if (this.#codec.key(data) !== ping.payload.key) return this.#failProtocol();
    if (ping.awaited) this.#owner.onPong(data);
    this.#finish(ping);
  }

  #onErrorReply(head: SubscriberRequest | undefined, error: RedisError): void {
    if (head === undefined || (head instanceof SubscriptionRequest && head.begun))
      return this.#failProtocol(error);
    if (head instanceof LeaveRequest) {
      // The slot has left: nothing remains to be ended. The reply to the ping ends the request.
      if (!head.refusedWith(error)) this.#onErrorReply(this.#headBehindLeave(), error);
      return;
    }
    error.command = head.name;
    error.server = this.#connection.server;
    const isRestoring = head instanceof SubscriptionRequest && head.restores;
    // The server rejects the connection, not a channel; another connection may be accepted.
    if (isRestoring && error instanceof AuthenticationError) this.#connection.destroy(error);
    else this.#finish(head, error);
  }

  #finish(head: SubscriberRequest, error?: RedisError): void {
    if (this.#ended) return;
    this.#pending.shift();
    if (head.awaited) this.#awaited--;
    if (error === undefined) head.done();
    else head.fail(error);
    this.#updateReading();
    if (this.#pending.length === 0) this.#owner.onAnswered();
  }

  /** End the connection: a reply matches no pending request. */
  #failProtocol(cause?: RedisError): void {
    const { server } = this.#connection;
    const reason = cause ?? new InvalidResponse("Protocol Error: unexpected reply");
    const details = { code: "EPROTO", server, cause: reason };
    this.#connection.destroy(new ConnectionError("The server sent an invalid reply", details));
  }

  // -- deadlines -----------------------------------------------------------------------------

  #checkHealth(): void {
    const isBusy = this.#pending.length !== 0;
    if (!this.#keepsProcessAlive || isBusy || !this.#readControl.reading) return;
    this.#receivedSinceDeadline = false;
    this.send(new PingRequest(HEALTH_CHECK, false, IGNORED));
  }

  #checkDeadline(now: number): number {
    const head = this.#pending.peek();
    if (head === undefined) return Number.POSITIVE_INFINITY;
    if (head.deadline > now) return head.deadline;
    // Only time without progress counts. Messages are none: they do not show that the server got the command.
    const progress = Math.max(this.#lastReply, this.#connection.lastProgress);
    head.deadline = Math.max(head.deadline, progress + this.#settings.socketTimeout);
    if (head.deadline > now) return head.deadline;
    // The reply to a health check comes after messages that are still arriving, or not read yet.
    if (!head.awaited && (this.#receivedSinceDeadline || !this.#readControl.reading)) {
      this.#receivedSinceDeadline = false;
      head.deadline = now + this.#settings.socketTimeout;
      return head.deadline;
    }
    this.#connection.destroy(timeoutError(this.#connection.server, head.name));
    return Number.POSITIVE_INFINITY;
  }

  // -- life ----------------------------------------------------------------------------------

  #updateReading(): void {
    if (this.#ended) return;
    if (this.#pauseRequested && this.#awaited === 0) this.#readControl.pause();
    else this.#readControl.resume();
  }

  #onLost(error: RedisError): void {
    this.#owner.onLost(error, this.#stop());
  }

  #stop(): SubscriberRequest[] {
    this.#ended = true;
    this.#deadlineTimer.stop();
    this.#healthTimer?.cancel();
    this.#readControl.end();
    const unanswered = this.#pending.toArray();
    this.#pending.clear();
    return unanswered;
  }
}
