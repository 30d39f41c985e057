/**
 * Owns what one subscriber is subscribed to, across connections: it takes a lease when there is
 * something to ask, and after a loss gets another and asks for exactly what is wanted by then. A
 * subscription counts from the server's confirmation on, so an unconfirmed one leaves no trace.
 * Knows nothing of who reads.
 */
import { errorFor, lostFor, overdueError } from "./connection/failure.js";
import type { Lease } from "./connection/lease.js";
import {
  AuthenticationError,
  ConnectionError,
  DecodeError,
  type Outcome,
  type RedisError,
} from "./errors.js";
import type { Reply } from "./protocol/reply.js";
import {
  adds,
  batchesOf,
  Change,
  type Expected,
  KINDS,
  type Kind,
  Ping,
  promised,
  type Settle,
  SUBSCRIBE,
  together,
  UNSUBSCRIBE,
  type Verb,
} from "./pubsub-change.js";
import { Link, type LinkOwner } from "./pubsub-link.js";
import type {
  Confirmation,
  Pong,
  PublishedMessage,
  Reconnection,
  Text,
} from "./pubsub-messages.js";
import type { AnyHandler, Target, Wording } from "./pubsub-names.js";
import { type Retry, sleep } from "./retry.js";
import type { Leaser } from "./session.js";

/** Where what arrives goes. None of these may throw. */
export interface Sink {
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
export interface SubscriberParts {
  readonly leaser: Leaser;
  readonly wording: Wording;
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
export class Subscriber implements LinkOwner {
  readonly #leaser: Leaser;
  readonly #wording: Wording;
  readonly #retry: Retry;
  readonly #sink: Sink;
  /** Confirmed by the server, and to be brought back when the connection is lost. */
  readonly #wanted: Readonly<Record<Kind, Map<string, Target>>> = {
    channel: new Map(),
    pattern: new Map(),
    shard: new Map(),
  };
  /** To be asked as soon as there is a connection. */
  #waiting: Expected[] = [];
  #link: Link | undefined = undefined;
  #dialling: AbortController | undefined = undefined;
  #outage: Outage | undefined = undefined;
  #failures = 0;
  #openedAt = 0;
  /** Commands under way that bring subscriptions back. */
  #restoring = 0;
  #flowing = true;

  constructor(parts: SubscriberParts, sink: Sink) {
    this.#leaser = parts.leaser;
    this.#wording = parts.wording;
    this.#retry = parts.retry;
    this.#sink = sink;
  }

  /** Whether anything is subscribed to, or about to be. */
  get subscribed(): boolean {
    return KINDS.some((kind) => this.#wanted[kind].size !== 0) || this.#underWay.some(adds);
  }

  /** Whether anything can arrive. */
  get live(): boolean {
    return this.subscribed || this.#underWay.length !== 0;
  }

  /** Whether there is a connection. */
  get connected(): boolean {
    return this.#link !== undefined;
  }

  /** What the server has confirmed of one sort. */
  targets(kind: Kind): Iterable<Target> {
    return this.#wanted[kind].values();
  }

  /** What is subscribed to when everything under way is confirmed. */
  expected(kind: Kind): Map<string, Target> {
    const result = new Map(this.#wanted[kind]);
    for (const change of this.#underWay) {
      if (!(change instanceof Change) || change.verb.kind !== kind || change.restores) continue;
      for (const target of change.unconfirmed) {
        if (change.verb.adds) result.set(target.key, target);
        else result.delete(target.key);
      }
    }
    return result;
  }

  /** Begin subscriptions; the promise settles when the server has confirmed all or refused. */
  subscribe(kind: Kind, targets: Map<string, Target>): Promise<void> {
    const all = [...targets.values()];
    return promised((settle) => this.#ask(this.#change(SUBSCRIBE[kind], all, settle)));
  }

  /** End subscriptions; without targets all of that sort. */
  unsubscribe(kind: Kind, targets: Map<string, Target>): Promise<void> {
    const leaving = targets.size === 0 ? this.expected(kind) : targets;
    const leave = (batch: readonly Target[], settle: Settle): void => {
      const change = this.#change(UNSUBSCRIBE[kind], batch, settle);
      if (this.#link !== undefined) return this.#ask(change);
      this.#forget(change);
      if (!this.live) this.#end();
    };
    // Servers limit the length of a command, and there may be more than one could name.
    const batches = batchesOf(leaving.values());
    return together(batches.map((batch) => promised((settle) => leave(batch, settle))));
  }

  ping(payload: Target): Promise<void> {
    return promised((settle) => this.#ask(new Ping(payload, true, settle)));
  }

  /** Read on, or pause. */
  flow(flowing: boolean): void {
    this.#flowing = flowing;
    this.#link?.flow(flowing);
  }

  /** End everything. What is under way fails, except what was to end anyway. */
  close(): void {
    const sent = this.#link?.close() ?? [];
    this.#link = undefined;
    const details = {
      code: "ECLOSED",
      outcome: sent.length === 0 ? "not-sent" : "unknown",
    } as const;
    this.#giveUp(sent, new ConnectionError("The PubSub was closed", details));
  }

  // -- asking --------------------------------------------------------------------------------

  get #underWay(): Expected[] {
    return this.#link === undefined ? this.#waiting : this.#link.unanswered;
  }

  #change(verb: Verb, targets: readonly Target[], settle: Settle, restores = false): Change {
    const { socketTimeout } = this.#leaser.settings;
    const retryUntil =
      socketTimeout === 0 ? Number.POSITIVE_INFINITY : performance.now() + socketTimeout;
    return new Change(verb, targets, { restores, retryUntil, settle });
  }

  #ask(expected: Expected): void {
    if (this.#link === undefined) {
      this.#waiting.push(expected);
      this.#dial();
    } else {
      this.#link.hold(true);
      this.#link.send(expected);
    }
  }

  /** Without a connection nothing needs the server to end, except what is still to be asked for. */
  #forget(change: Change): void {
    const { kind } = change.verb;
    const keys = new Set(change.unconfirmed.map(({ key }) => key));
    for (const key of keys) this.#wanted[kind].delete(key);
    const pending = this.#waiting.some(
      (one) =>
        adds(one) && one.verb.kind === kind && one.unconfirmed.some(({ key }) => keys.has(key)),
    );
    if (pending) this.#waiting.push(change);
    else change.done();
  }

  // -- connecting ----------------------------------------------------------------------------

  #dial(): void {
    if (this.#dialling !== undefined) return;
    this.#dialling = new AbortController();
    void this.#connect(this.#dialling.signal);
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
    this.#dialling = undefined;
    this.#openedAt = performance.now();
    const link = new Link(lease, this.#wording, this);
    this.#link = link;
    link.hold(true);
    link.flow(this.#flowing);
    this.#restoring = 0;
    for (const kind of KINDS) this.#restore(kind, batchesOf(this.#wanted[kind].values()));
    for (const one of this.#waiting.splice(0)) link.send(one);
    if (this.#restoring === 0) this.#outage = undefined;
  }

  #restore(kind: Kind, batches: readonly Target[][]): void {
    for (const batch of batches) {
      const settle = {
        done: () => this.#restored(),
        failed: (error: RedisError) => this.#notRestored(kind, batch, error),
      };
      this.#restoring++;
      this.#link?.send(this.#change(SUBSCRIBE[kind], batch, settle, true));
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
  #notRestored(kind: Kind, targets: readonly Target[], error: RedisError): void {
    const [only, ...others] = targets;
    if (others.length !== 0) {
      this.#restore(kind, batchesOf(targets, 1));
    } else if (only !== undefined && this.#wanted[kind].get(only.key) === only) {
      this.#wanted[kind].delete(only.key);
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
    this.#sink.onPublished(message, this.#wanted[KIND_OF[type]].get(key)?.handler ?? null);
  }

  /** @internal */
  onConfirmed({ verb, restores }: Change, target: Target, count: number): void {
    const wanted = this.#wanted[verb.kind];
    if (!verb.adds) wanted.delete(target.key);
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
    this.#link?.hold(false);
    this.#sink.onEnd();
  }

  /** @internal */
  onLost(error: RedisError, unanswered: Expected[]): void {
    this.#link = undefined;
    if (error.code === "ECLOSED") return this.#giveUp(unanswered, error);
    if (error instanceof AuthenticationError && !this.#retry.isSupported(error)) {
      this.#sink.onTrouble(error);
      return this.#giveUp(unanswered, error);
    }
    const lived = performance.now() - this.#openedAt;
    const wasUp = this.#restoring === 0;
    this.#failures = wasUp ? Number(lived < STABLE) : this.#failures + 1;
    for (const one of unanswered) this.#askAgain(one, error);
    if (!this.live) return this.#end();
    if (this.#outage === undefined && KINDS.some((kind) => this.#wanted[kind].size !== 0)) {
      this.#outage = { error, since: performance.now(), attempts: 0 };
      this.#sink.onGap(error);
    }
    this.#dial();
  }

  #askAgain(expected: Expected, error: RedisError): void {
    const change = expected instanceof Change ? expected : undefined;
    if (change?.restores === true) return;
    if (change?.verb.adds === false) return this.#forget(change);
    const now = performance.now();
    if (change === undefined || now > change.retryUntil) {
      const overdue = now > expected.deadline;
      const told = overdue
        ? overdueError(error.server ?? "", expected.name)
        : lostFor(expected, error);
      return expected.fail(told);
    }
    change.restart();
    this.#waiting.push(expected);
  }

  /** Forget everything. */
  #giveUp(sent: readonly Expected[], error: RedisError): void {
    const isFinal = this.subscribed || error.code === "ECLOSED";
    for (const kind of KINDS) this.#wanted[kind].clear();
    this.#fail([...sent, ...this.#waiting.splice(0)], error, error.outcome ?? "unknown");
    this.#end();
    if (isFinal) this.#sink.onGivenUp();
  }

  /** What is under way fails, but what was to end has ended. */
  #fail(all: readonly Expected[], error: RedisError, outcome: Outcome): void {
    for (const one of all) {
      const change = one instanceof Change ? one : undefined;
      if (change?.restores === true) continue;
      if (change?.verb.adds === false) change.done();
      else one.fail(errorFor(one, error, outcome));
    }
  }

  /** Nothing is wanted, and there is no connection. */
  #end(): void {
    this.#dialling?.abort();
    this.#dialling = undefined;
    this.#outage = undefined;
    this.#failures = 0;
    this.#sink.onEnd();
  }
}
