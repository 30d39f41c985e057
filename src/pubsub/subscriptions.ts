/**
 * Owns what one subscriber is subscribed to, across connections: it takes a lease when there is
 * something to ask, and after a loss gets another and asks for exactly what is wanted by then. A
 * subscription counts from the server's confirmation on, so an unconfirmed one leaves no trace.
 * Knows nothing of who reads.
 */
import { lostRequestError, requestError, timeoutError } from "../connection/errors.js";
import {
  AuthenticationError,
  ConnectionError,
  DecodeError,
  type Outcome,
  type RedisError,
} from "../errors.js";
import type { Retry } from "../options/retry.js";
import type { Lease, LeaseProvider } from "../pool/lease.js";
import type { Reply } from "../protocol/reply.js";
import { sleep } from "../util/abort.js";
import type { AnyHandler, ChannelCodec, Subscription } from "./channel-codec.js";
import type { Confirmation, Pong, PublishedMessage, Reconnection, Text } from "./messages.js";
import {
  adds,
  allSettled,
  batchesOf,
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

/** Where what arrives goes. None of these may throw. */
export interface SubscriberListener {
  /** A message, and the handler of its subscription. */
  onPublished(message: PublishedMessage<Text>, handler: AnyHandler | null): void;
  onControl(message: Confirmation<Text> | Pong<Text>): void;
  /** A message that is no text, a subscription the server refuses, or no connection to be had. */
  onTrouble(error: RedisError): void;
  /** The connection is lost; messages may be missing from here on. */
  onGap(error: RedisError): void;
  onReconnect(reconnection: Reconnection): void;
  /** Nothing can arrive any more. */
  onEnd(): void;
  /** Nor will it by itself: what was subscribed to is given up. */
  onGivenUp(): void;
}

/** What a subscriber is made of. */
export interface SubscriptionManagerDependencies {
  readonly leaser: LeaseProvider;
  readonly wording: ChannelCodec;
  /** How to go on after a lost connection. */
  readonly retry: Retry;
}

interface Outage {
  readonly error: RedisError;
  readonly since: number;
  attempts: number;
}

const KIND_OF = { message: "channel", pmessage: "pattern", smessage: "shard" } as const;
/** ms; a connection that lived shorter is not followed by another at once. */
const STABLE = 1000;

/** Keeps the subscriptions of one user. */
export class SubscriptionManager implements SubscriberConnectionOwner {
  readonly #leaser: LeaseProvider;
  readonly #wording: ChannelCodec;
  readonly #retry: Retry;
  readonly #sink: SubscriberListener;
  /** Confirmed by the server, and to be brought back when the connection is lost. */
  readonly #confirmed: Readonly<Record<SubscriptionKind, Map<string, Subscription>>> = {
    channel: new Map(),
    pattern: new Map(),
    shard: new Map(),
  };
  /** To be asked as soon as there is a connection. */
  #waiting: SubscriberRequest[] = [];
  #connection: SubscriberConnection | undefined = undefined;
  #connecting: AbortController | undefined = undefined;
  #outage: Outage | undefined = undefined;
  #failures = 0;
  #openedAt = 0;
  /** Commands under way that bring subscriptions back. */
  #restoring = 0;
  #flowing = true;

  constructor(parts: SubscriptionManagerDependencies, sink: SubscriberListener) {
    this.#leaser = parts.leaser;
    this.#wording = parts.wording;
    this.#retry = parts.retry;
    this.#sink = sink;
  }

  /** Whether anything is subscribed to, or about to be. */
  get subscribed(): boolean {
    return (
      SUBSCRIPTION_KINDS.some((kind) => this.#confirmed[kind].size !== 0) ||
      this.#underWay.some(adds)
    );
  }

  /** Whether anything can arrive. */
  get live(): boolean {
    return this.subscribed || this.#underWay.length !== 0;
  }

  /** Whether there is a connection. */
  get connected(): boolean {
    return this.#connection !== undefined;
  }

  /** What the server has confirmed of one sort. */
  targets(kind: SubscriptionKind): Iterable<Subscription> {
    return this.#confirmed[kind].values();
  }

  /** What is subscribed to when everything under way is confirmed. */
  expected(kind: SubscriptionKind): Map<string, Subscription> {
    const result = new Map(this.#confirmed[kind]);
    for (const change of this.#underWay) {
      if (!(change instanceof SubscriptionRequest) || change.verb.kind !== kind || change.restores)
        continue;
      for (const target of change.unconfirmed) {
        if (change.verb.isNewSubscription) result.set(target.key, target);
        else result.delete(target.key);
      }
    }
    return result;
  }

  /** Begin subscriptions; the promise settles when the server has confirmed all or refused. */
  subscribe(kind: SubscriptionKind, targets: Map<string, Subscription>): Promise<void> {
    const all = [...targets.values()];
    return promiseOf((settle) => this.#enqueue(this.#change(SUBSCRIBE[kind], all, settle)));
  }

  /** End subscriptions; without targets all of that sort. */
  unsubscribe(kind: SubscriptionKind, targets: Map<string, Subscription>): Promise<void> {
    const leaving = targets.size === 0 ? this.expected(kind) : targets;
    const leave = (batch: readonly Subscription[], settle: RequestCallbacks): void => {
      const change = this.#change(UNSUBSCRIBE[kind], batch, settle);
      if (this.#connection !== undefined) return this.#enqueue(change);
      this.#forget(change);
      if (!this.live) this.#end();
    };
    // Servers limit the length of a command, and there may be more than one could name.
    const batches = batchesOf(leaving.values());
    return allSettled(batches.map((batch) => promiseOf((settle) => leave(batch, settle))));
  }

  ping(payload: Subscription): Promise<void> {
    return promiseOf((settle) => this.#enqueue(new PingRequest(payload, true, settle)));
  }

  /** Read on, or pause. */
  flow(flowing: boolean): void {
    this.#flowing = flowing;
    this.#connection?.setReading(flowing);
  }

  /** End everything. What is under way fails, except what was to end anyway. */
  close(): void {
    const sent = this.#connection?.close() ?? [];
    this.#connection = undefined;
    const details = {
      code: "ECLOSED",
      outcome: sent.length === 0 ? "not-sent" : "unknown",
    } as const;
    this.#giveUp(sent, new ConnectionError("The PubSub was closed", details));
  }

  // -- asking --------------------------------------------------------------------------------

  get #underWay(): SubscriberRequest[] {
    return this.#connection === undefined ? this.#waiting : this.#connection.unanswered;
  }

  #change(
    verb: SubscriptionCommand,
    targets: readonly Subscription[],
    settle: RequestCallbacks,
    restores = false,
  ): SubscriptionRequest {
    const { socketTimeout } = this.#leaser.settings;
    const retryUntil =
      socketTimeout === 0 ? Number.POSITIVE_INFINITY : performance.now() + socketTimeout;
    return new SubscriptionRequest(verb, targets, { restores, retryUntil, settle });
  }

  #enqueue(expected: SubscriberRequest): void {
    if (this.#connection === undefined) {
      this.#waiting.push(expected);
      this.#startConnecting();
    } else {
      this.#connection.keepProcessAlive(true);
      this.#connection.send(expected);
    }
  }

  /** Without a connection nothing needs the server to end, except what is still to be asked for. */
  #forget(change: SubscriptionRequest): void {
    const { kind } = change.verb;
    const keys = new Set(change.unconfirmed.map(({ key }) => key));
    for (const key of keys) this.#confirmed[kind].delete(key);
    const pending = this.#waiting.some(
      (one) =>
        adds(one) && one.verb.kind === kind && one.unconfirmed.some(({ key }) => keys.has(key)),
    );
    if (pending) this.#waiting.push(change);
    else change.done();
  }

  // -- connecting ----------------------------------------------------------------------------

  #startConnecting(): void {
    if (this.#connecting !== undefined) return;
    this.#connecting = new AbortController();
    void this.#connect(this.#connecting.signal);
  }

  async #connect(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#failures !== 0) await sleep(this.#retry.delay(this.#failures), signal);
        if (this.#outage !== undefined) this.#outage.attempts++;
        const lease = await this.#leaser.lease();
        if (signal.aborted) lease.release();
        else this.#open(lease);
        return;
      } catch (error) {
        if (!signal.aborted) this.#failed(error as RedisError);
      }
    }
  }

  #failed(error: RedisError): void {
    this.#failures++;
    const closed = error.code === "ECLOSED";
    this.#fail(this.#waiting.splice(0), error, "not-sent");
    const goesOn = this.#retry.isSupported(error) && this.#retry.allows(this.#failures);
    if (this.subscribed && goesOn && !closed) return;
    if (this.subscribed && !closed) this.#sink.onTrouble(error);
    this.#giveUp([], error);
  }

  #open(lease: Lease): void {
    if (!lease.alive) throw new ConnectionError("The connection was lost", { code: "ECONNCLOSED" });
    this.#connecting = undefined;
    this.#openedAt = performance.now();
    const link = new SubscriberConnection(lease, this.#wording, this);
    this.#connection = link;
    link.keepProcessAlive(true);
    link.setReading(this.#flowing);
    this.#restoring = 0;
    for (const kind of SUBSCRIPTION_KINDS)
      this.#restore(kind, batchesOf(this.#confirmed[kind].values()));
    for (const one of this.#waiting.splice(0)) link.send(one);
    if (this.#restoring === 0) this.#outage = undefined;
  }

  #restore(kind: SubscriptionKind, batches: readonly Subscription[][]): void {
    for (const batch of batches) {
      const settle = {
        done: () => this.#restored(),
        failed: (error: RedisError) => this.#notRestored(kind, batch, error),
      };
      this.#restoring++;
      this.#connection?.send(this.#change(SUBSCRIBE[kind], batch, settle, true));
    }
  }

  #restored(): void {
    if (--this.#restoring !== 0 || this.#outage === undefined) return;
    const { error, since, attempts } = this.#outage;
    this.#outage = undefined;
    this.#failures = 0;
    this.#retry.reset();
    this.#sink.onReconnect({ error, attempts, downtime: performance.now() - since });
  }

  /** The server refuses a whole command for one of its names; the others must not suffer for it. */
  #notRestored(kind: SubscriptionKind, targets: readonly Subscription[], error: RedisError): void {
    const [only, ...others] = targets;
    if (others.length !== 0) {
      this.#restore(kind, batchesOf(targets, 1));
    } else if (only !== undefined && this.#confirmed[kind].get(only.key) === only) {
      this.#confirmed[kind].delete(only.key);
      this.#sink.onTrouble(error);
    }
    this.#restored();
  }

  // -- from the link -------------------------------------------------------------------------

  /** @internal */
  onPublished(type: PublishedMessage["type"], items: readonly Reply[]): void {
    const message = this.#wording.message(type, items);
    if (message instanceof DecodeError) return this.#sink.onTrouble(message);
    const key = this.#wording.key(items[1]) ?? "";
    this.#sink.onPublished(message, this.#confirmed[KIND_OF[type]].get(key)?.handler ?? null);
  }

  /** @internal */
  onConfirmed({ verb, restores }: SubscriptionRequest, target: Subscription, count: number): void {
    const wanted = this.#confirmed[verb.kind];
    if (!verb.isNewSubscription) wanted.delete(target.key);
    else if (!restores) wanted.set(target.key, target);
    const channel = this.#wording.shown(target);
    this.#sink.onControl({ type: verb.word, pattern: null, channel, data: count });
  }

  /** @internal */
  onPong(data: Reply): void {
    const value = this.#wording.value(data);
    if (value instanceof DecodeError) return;
    this.#sink.onControl({ type: "pong", pattern: null, channel: null, data: value });
  }

  /** @internal */
  onAnswered(): void {
    if (this.live) return;
    this.#connection?.keepProcessAlive(false);
    this.#sink.onEnd();
  }

  /** @internal */
  onLost(error: RedisError, unanswered: SubscriberRequest[]): void {
    this.#connection = undefined;
    if (error.code === "ECLOSED") return this.#giveUp(unanswered, error);
    if (error instanceof AuthenticationError && !this.#retry.isSupported(error)) {
      this.#sink.onTrouble(error);
      return this.#giveUp(unanswered, error);
    }
    const lived = performance.now() - this.#openedAt;
    const wasUp = this.#restoring === 0;
    this.#failures = wasUp ? Number(lived < STABLE) : this.#failures + 1;
    for (const one of unanswered) this.#requeue(one, error);
    if (!this.live) return this.#end();
    if (
      this.#outage === undefined &&
      SUBSCRIPTION_KINDS.some((kind) => this.#confirmed[kind].size !== 0)
    ) {
      this.#outage = { error, since: performance.now(), attempts: 0 };
      this.#sink.onGap(error);
    }
    this.#startConnecting();
  }

  #requeue(expected: SubscriberRequest, error: RedisError): void {
    const change = expected instanceof SubscriptionRequest ? expected : undefined;
    if (change?.restores === true) return;
    if (change?.verb.isNewSubscription === false) return this.#forget(change);
    const now = performance.now();
    if (change === undefined || now > change.retryUntil) {
      const overdue = now > expected.deadline;
      const told = overdue
        ? timeoutError(error.server ?? "", expected.name)
        : lostRequestError(expected, error);
      return expected.fail(told);
    }
    change.restart();
    this.#waiting.push(expected);
  }

  /** Forget everything. */
  #giveUp(sent: readonly SubscriberRequest[], error: RedisError): void {
    const isFinal = this.subscribed || error.code === "ECLOSED";
    for (const kind of SUBSCRIPTION_KINDS) this.#confirmed[kind].clear();
    this.#fail([...sent, ...this.#waiting.splice(0)], error, error.outcome ?? "unknown");
    this.#end();
    if (isFinal) this.#sink.onGivenUp();
  }

  /** What is under way fails, but what was to end has ended. */
  #fail(all: readonly SubscriberRequest[], error: RedisError, outcome: Outcome): void {
    for (const one of all) {
      const change = one instanceof SubscriptionRequest ? one : undefined;
      if (change?.restores === true) continue;
      if (change?.verb.isNewSubscription === false) change.done();
      else one.fail(requestError(one, error, outcome));
    }
  }

  /** Nothing is wanted, and there is no connection. */
  #end(): void {
    this.#connecting?.abort();
    this.#connecting = undefined;
    this.#outage = undefined;
    this.#failures = 0;
    this.#sink.onEnd();
  }
}
