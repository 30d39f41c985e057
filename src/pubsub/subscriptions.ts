/**
 * The subscriptions of one subscriber, across connections: leases a connection when there is something to
 * send, and after a loss leases another and restores the subscriptions that exist by then. A subscription
 * exists from the server's confirmation on, so an unconfirmed one leaves no trace.
 */
import { lostRequestError, requestError, timeoutError } from "../connection/errors.js";
import { ConnectionError, DecodeError, type Outcome, type RedisError } from "../errors.js";
import type { Lease, LeaseProvider } from "../pool/lease.js";
import type { Reply } from "../protocol/reply.js";
import { sleep } from "../util/abort.js";
import { outsideContext } from "../util/async-context.js";
import { settleAll } from "../util/settle-all.js";
import { loopTime, realTime } from "../util/timers.js";
import { boundHandlers } from "./bound-handlers.js";
import type { ChannelCodec, Subscription } from "./channel-codec.js";
import { isInvalidation } from "./invalidation.js";
import type { SubscriberListener } from "./listener.js";
import type {
  ManagedSubscriptions,
  SubscriptionManagerDependencies,
} from "./managed-subscriptions.js";
import type { PublishedMessage } from "./messages.js";
import { ReconnectPace } from "./reconnect-pace.js";
import {
  batchesOf,
  isNewSubscription,
  PingRequest,
  promiseOf,
  type RequestCallbacks,
  SUBSCRIBE,
  SUBSCRIPTION_KINDS,
  type SubscriberRequest,
  type SubscriptionCommand,
  type SubscriptionKind,
  SubscriptionRequest,
  UNSUBSCRIBE,
} from "./requests.js";
import { SubscriberConnection, type SubscriberConnectionOwner } from "./subscriber-connection.js";

type Names = ReadonlyMap<string, Subscription>;

interface Outage {
  readonly error: RedisError;
  readonly since: number;
  attempts: number;
}

const KIND_OF = { message: "channel", pmessage: "pattern", smessage: "shard" } as const;

/** The subscriptions of one PubSub object. */
export class SubscriptionManager implements ManagedSubscriptions, SubscriberConnectionOwner {
  readonly #leaser: LeaseProvider;
  readonly #isClosed: () => boolean;
  readonly #codec: ChannelCodec;
  readonly #pace: ReconnectPace;
  readonly #listener: SubscriberListener;
  /** Confirmed by the server; restored after the connection is lost. */
  readonly #confirmed: Readonly<Record<SubscriptionKind, Map<string, Subscription>>> = {
    channel: new Map(),
    pattern: new Map(),
    shard: new Map(),
  };
  /** Sent as soon as there is a connection. */
  #queued: SubscriberRequest[] = [];
  #connection: SubscriberConnection | undefined = undefined;
  #connecting: AbortController | undefined = undefined;
  #outage: Outage | undefined = undefined;
  /** Pending requests that restore subscriptions. */
  #restoring = 0;
  #isReading = true;

  constructor(dependencies: SubscriptionManagerDependencies) {
    this.#leaser = dependencies.leaser;
    this.#isClosed = dependencies.isClosed ?? (() => true);
    this.#codec = dependencies.codec;
    this.#pace = new ReconnectPace(dependencies.retry);
    this.#listener = dependencies.listener;
  }

  get subscribed(): boolean {
    return (
      SUBSCRIPTION_KINDS.some((kind) => this.#confirmed[kind].size !== 0) ||
      this.#pending.some(isNewSubscription)
    );
  }

  get live(): boolean {
    return this.subscribed || this.#pending.length !== 0;
  }

  get connected(): boolean {
    return this.#connection !== undefined;
  }

  confirmed(kind: SubscriptionKind): Iterable<Subscription> {
    return this.#confirmed[kind].values();
  }

  expected(kind: SubscriptionKind): Map<string, Subscription> {
    const result = new Map(this.#confirmed[kind]);
    for (const request of this.#pending) {
      if (!(request instanceof SubscriptionRequest) || request.restores) continue;
      if (request.subscriptionCommand.kind !== kind) continue;
      for (const subscription of request.unconfirmed) {
        if (isNewSubscription(request)) result.set(subscription.key, subscription);
        else result.delete(subscription.key);
      }
    }
    return result;
  }

  subscribe(kind: SubscriptionKind, given: Names): Promise<void> {
    const all = boundHandlers(given);
    return promiseOf((callbacks) => this.#send(this.#request(SUBSCRIBE[kind], all, callbacks)));
  }

  /** Take over subscriptions that exist elsewhere: they are restored as after a loss. */
  adopt(subscriptions: Partial<Record<SubscriptionKind, Names>>, error: RedisError): void {
    for (const kind of SUBSCRIPTION_KINDS) {
      const adopted = subscriptions[kind] ?? [];
      this.replace(kind, adopted);
      if (this.#connection !== undefined) this.#restore(kind, batchesOf(new Map(adopted).values()));
    }
    if (this.#connection !== undefined || !this.subscribed) return;
    this.#outage ??= { error, since: realTime(), attempts: 0 };
    this.#startConnecting();
  }

  /** Set subscriptions that the server has, or that are going to be restored. */
  replace(kind: SubscriptionKind, subscriptions: Iterable<readonly [string, Subscription]>): void {
    for (const [key, subscription] of subscriptions) this.#confirmed[kind].set(key, subscription);
  }

  async unsubscribe(kind: SubscriptionKind, subscriptions: Names): Promise<void> {
    const ending = subscriptions.size === 0 ? this.expected(kind) : subscriptions;
    const end = (batch: readonly Subscription[], callbacks: RequestCallbacks): void => {
      const request = this.#request(UNSUBSCRIBE[kind], batch, callbacks);
      if (this.#connection !== undefined) return this.#send(request);
      this.#unsubscribeLocally(request);
      if (!this.live) this.#end();
    };
    // Servers limit the length of a command, so all names may not fit into one.
    const batches = batchesOf(ending.values());
    await settleAll(batches.map((batch) => promiseOf((callbacks) => end(batch, callbacks))));
  }

  ping(payload: Subscription): Promise<void> {
    return promiseOf((callbacks) => this.#send(new PingRequest(payload, true, callbacks)));
  }

  setReading(enabled: boolean): void {
    this.#isReading = enabled;
    this.#connection?.setReading(enabled);
  }

  close(): void {
    const sent = this.#connection?.close() ?? [];
    this.#connection = undefined;
    const outcome = sent.length === 0 ? "not-sent" : "unknown";
    const details = { code: "ECLOSED", outcome } as const;
    this.#giveUp(sent, new ConnectionError("The PubSub was closed", details));
  }

  // -- requests ------------------------------------------------------------------------------

  get #pending(): SubscriberRequest[] {
    return this.#connection === undefined ? this.#queued : this.#connection.unanswered;
  }

  #request(
    command: SubscriptionCommand,
    subscriptions: readonly Subscription[],
    callbacks: RequestCallbacks,
    restores = false,
  ): SubscriptionRequest {
    const { socketTimeout } = this.#leaser.settings;
    const retryUntil = socketTimeout === 0 ? Number.POSITIVE_INFINITY : loopTime() + socketTimeout;
    return new SubscriptionRequest(command, subscriptions, { restores, retryUntil, callbacks });
  }

  #send(request: SubscriberRequest): void {
    if (this.#connection === undefined) {
      this.#queued.push(request);
      this.#startConnecting();
    } else {
      this.#connection.keepProcessAlive(true);
      this.#connection.send(request);
    }
  }

  /** Without a connection, ending a subscription needs no command, unless a queued request begins it. */
  #unsubscribeLocally(request: SubscriptionRequest): void {
    const { kind } = request.subscriptionCommand;
    const keys = new Set(request.unconfirmed.map(({ key }) => key));
    for (const key of keys) this.#confirmed[kind].delete(key);
    const isQueued = this.#queued.some(
      (other) =>
        isNewSubscription(other) &&
        other.subscriptionCommand.kind === kind &&
        other.unconfirmed.some(({ key }) => keys.has(key)),
    );
    if (isQueued) this.#queued.push(request);
    else request.done();
  }

  // -- connecting ----------------------------------------------------------------------------

  #startConnecting(): void {
    if (this.#connecting !== undefined) return;
    this.#connecting = new AbortController();
    const { signal } = this.#connecting;
    outsideContext(() => {
      this.#connect(signal).catch((error) => this.#stopConnecting(error));
    });
  }

  async #connect(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#pace.pause !== 0) await sleep(this.#pace.pause, signal);
        if (this.#outage !== undefined) this.#outage.attempts++;
        const lease = await this.#leaser.lease();
        if (signal.aborted) lease.release();
        else this.#onConnected(lease);
        return;
      } catch (error) {
        if (!signal.aborted) this.#onConnectFailed(error as RedisError);
      }
    }
  }

  #onConnectFailed(error: RedisError): void {
    this.#failAll(this.#queued.splice(0), error, "not-sent");
    if (!this.subscribed || this.#isEnd(error)) return this.#giveUp([], error);
    const final = this.#pace.afterFailure(error);
    if (final !== undefined) this.#stopConnecting(final);
  }

  #isEnd({ code }: RedisError): boolean {
    return code === "ECLOSED" && this.#isClosed();
  }

  #stopConnecting(error: RedisError): void {
    this.#listener.onError(error);
    this.#giveUp([], error);
  }

  #onConnected(lease: Lease): void {
    if (!lease.alive) throw new ConnectionError("The connection was lost", { code: "ECONNCLOSED" });
    this.#connecting = undefined;
    this.#pace.opened();
    const connection = new SubscriberConnection(lease, this.#codec, this);
    this.#connection = connection;
    connection.keepProcessAlive(true);
    connection.setReading(this.#isReading);
    this.#restoring = 0;
    for (const kind of SUBSCRIPTION_KINDS)
      this.#restore(kind, batchesOf(this.#confirmed[kind].values()));
    for (const request of this.#queued.splice(0)) connection.send(request);
    if (this.#restoring === 0) this.#outage = undefined;
  }

  #restore(kind: SubscriptionKind, batches: readonly Subscription[][]): void {
    for (const batch of batches) {
      const callbacks = {
        done: () => this.#onRestored(),
        failed: (error: RedisError) => this.#onRestoreFailed(kind, batch, error),
      };
      this.#restoring++;
      this.#connection?.send(this.#request(SUBSCRIBE[kind], batch, callbacks, true));
    }
  }

  #onRestored(): void {
    if (--this.#restoring !== 0 || this.#outage === undefined) return;
    const { error, since, attempts } = this.#outage;
    this.#outage = undefined;
    this.#pace.reset();
    this.#listener.onReconnect({ error, attempts, downtime: realTime() - since });
  }

  /** The server rejects a whole command for one of its names, so the names are sent one by one. */
  #onRestoreFailed(
    kind: SubscriptionKind,
    batch: readonly Subscription[],
    error: RedisError,
  ): void {
    const [only, ...others] = batch;
    if (others.length !== 0) {
      this.#restore(kind, batchesOf(batch, 1));
    } else if (only !== undefined && this.#confirmed[kind].get(only.key) === only) {
      this.#confirmed[kind].delete(only.key);
      this.#listener.onError(error);
    }
    this.#onRestored();
  }

  // -- from the connection -------------------------------------------------------------------

  /** @internal */
  onPublished(type: PublishedMessage["type"], items: readonly Reply[]): void {
    const message = this.#codec.message(type, items);
    if (message instanceof DecodeError) return this.#listener.onError(message);
    const key = this.#codec.key(items[1]) ?? "";
    const subscription = this.#confirmed[KIND_OF[type]].get(key);
    // Servers send invalidations also to a connection that has not subscribed to their channel.
    if (subscription === undefined && isInvalidation(message)) return;
    this.#listener.onPublished(message, subscription?.handler ?? null);
  }

  /** @internal */
  onConfirmed(request: SubscriptionRequest, subscription: Subscription, count: number): void {
    const { kind, subscribes, confirmationType: type } = request.subscriptionCommand;
    const confirmed = this.#confirmed[kind];
    if (!subscribes) confirmed.delete(subscription.key);
    else if (!request.restores) confirmed.set(subscription.key, subscription);
    const channel = this.#codec.displayName(subscription);
    this.#listener.onControl({ type, pattern: null, channel, data: count });
  }

  /** @internal */
  onPong(data: Reply): void {
    const value = this.#codec.value(data);
    if (value instanceof DecodeError) return;
    this.#listener.onControl({ type: "pong", pattern: null, channel: null, data: value });
  }

  /** @internal */
  onAnswered(): void {
    if (this.live) return;
    this.#connection?.keepProcessAlive(false);
    this.#listener.onEnd();
  }

  /** @internal */
  onLost(error: RedisError, unanswered: SubscriberRequest[]): void {
    this.#connection = undefined;
    if (this.#isEnd(error)) return this.#giveUp(unanswered, error);
    const final = this.#pace.afterLoss(error, this.#restoring === 0);
    if (final !== undefined) {
      this.#listener.onError(final);
      return this.#giveUp(unanswered, final);
    }
    for (const request of unanswered) this.#requeue(request, error);
    if (!this.live) return this.#end();
    if (
      this.#outage === undefined &&
      SUBSCRIPTION_KINDS.some((kind) => this.#confirmed[kind].size !== 0)
    ) {
      this.#outage = { error, since: realTime(), attempts: 0 };
      this.#listener.onGap(error);
    }
    this.#startConnecting();
  }

  #requeue(request: SubscriberRequest, error: RedisError): void {
    const isSubscription = request instanceof SubscriptionRequest;
    if (isSubscription && request.restores) return;
    if (isSubscription && !request.subscriptionCommand.subscribes)
      return this.#unsubscribeLocally(request);
    const isTimedOut = realTime() >= request.deadline;
    if (!isSubscription || isTimedOut || loopTime() > request.retryUntil) {
      const { name } = request;
      return request.fail(
        isTimedOut ? timeoutError(error.server ?? "", name) : lostRequestError(request, error),
      );
    }
    request.restart();
    this.#queued.push(request);
  }

  /** End all subscriptions, and reject the pending requests. */
  #giveUp(sent: readonly SubscriberRequest[], error: RedisError): void {
    const isFinal = this.subscribed || error.code === "ECLOSED";
    for (const kind of SUBSCRIPTION_KINDS) this.#confirmed[kind].clear();
    this.#failAll([...sent, ...this.#queued.splice(0)], error, error.outcome ?? "unknown");
    this.#end();
    if (isFinal) this.#listener.onGivenUp();
  }

  /** Reject requests; those that end subscriptions succeed, because the connection has ended. */
  #failAll(requests: readonly SubscriberRequest[], error: RedisError, outcome: Outcome): void {
    for (const request of requests) {
      const isSubscription = request instanceof SubscriptionRequest;
      if (isSubscription && request.restores) continue;
      if (isSubscription && !request.subscriptionCommand.subscribes) request.done();
      else request.fail(requestError(request, error, outcome));
    }
  }

  /** There is nothing to subscribe to and no connection. */
  #end(): void {
    this.#connecting?.abort();
    this.#connecting = undefined;
    this.#outage = undefined;
    this.#pace.reset();
    this.#listener.onEnd();
  }
}
