/**
 * Owns one leased connection as a subscriber uses it: commands out, messages and answers in. Answers
 * come in the order of the commands, so each must fit the one it is due to; an answer that fits none
 * ends the connection. A link never reconnects: what it leaves unanswered goes back to its owner.
 */
import type { Connection } from "../connection/connection.js";
import { timeoutError } from "../connection/errors.js";
import { ReadControl } from "../connection/read-control.js";
import { AuthenticationError, ConnectionError, InvalidResponse, RedisError } from "../errors.js";
import type { Settings } from "../options/types.js";
import type { Lease } from "../pool/lease.js";
import type { Reply } from "../protocol/reply.js";
import { DeadlineTimer } from "../util/deadline-timer.js";
import { Deque } from "../util/deque.js";
import type { ChannelCodec, Subscription } from "./channel-codec.js";
import type { PublishedMessage } from "./messages.js";
import {
  CONFIRMATIONS,
  PingRequest,
  type SubscriberRequest,
  SubscriptionRequest,
} from "./requests.js";

/** Whom a link works for. None of these may throw. */
export interface SubscriberConnectionOwner {
  /** Something was published; the items as they came, the word first. */
  onPublished(type: PublishedMessage["type"], items: readonly Reply[]): void;
  /** The server has begun or ended one subscription; `count` of that sort are left. */
  onConfirmed(change: SubscriptionRequest, target: Subscription, count: number): void;
  /** The answer to a ping of the user's. */
  onPong(data: Reply): void;
  /** Nothing is outstanding any more. */
  onAnswered(): void;
  /** The connection ended; `unanswered` was asked on it, oldest first. */
  onLost(error: RedisError, unanswered: SubscriberRequest[]): void;
}

/** What the health check sends. */
const PROBE: Subscription = { name: "rediswire", key: "rediswire", handler: null };
const NOBODY = { done: (): void => {}, failed: (): void => {} };

/** A connection in the hands of a subscriber. */
export class SubscriberConnection {
  readonly #lease: Lease;
  readonly #connection: Connection;
  readonly #settings: Settings;
  readonly #wording: ChannelCodec;
  readonly #owner: SubscriberConnectionOwner;
  readonly #expected = new Deque<SubscriberRequest>();
  readonly #watchdog = new DeadlineTimer((now) => this.#checkDeadline(now), false);
  readonly #flow: ReadControl;
  readonly #health: NodeJS.Timeout | undefined;
  /** How many of the expected somebody waits for. */
  #awaited = 0;
  #held = false;
  #wantsPause = false;
  /** Whether anything came since the last deadline. */
  #receivedSinceDeadline = false;
  #over = false;

  constructor(lease: Lease, wording: ChannelCodec, owner: SubscriberConnectionOwner) {
    this.#lease = lease;
    this.#connection = lease.connection;
    this.#flow = new ReadControl(lease.connection);
    this.#settings = lease.connection.settings;
    this.#wording = wording;
    this.#owner = owner;
    this.#connection.pushMode = wording.mode;
    this.#connection.onUnsolicited = (value) => this.#receive(value);
    lease.onLost = (error) => this.#lost(error);
    const { healthCheckInterval } = this.#settings;
    if (healthCheckInterval === 0) return;
    this.#health = setInterval(() => this.#checkHealth(), healthCheckInterval).unref();
  }

  /** What is asked and not answered yet, oldest first. */
  get unanswered(): SubscriberRequest[] {
    return this.#expected.toArray();
  }

  /** Ask the server; the arguments must have been checked. */
  send(expected: SubscriberRequest): void {
    const { socketTimeout } = this.#settings;
    const now = performance.now();
    this.#connection.post(expected.command, expected.args());
    this.#expected.push(expected);
    if (expected.awaited) this.#awaited++;
    if (socketTimeout !== 0) {
      expected.deadline = now + socketTimeout;
      this.#watchdog.watch(expected.deadline, now);
    }
    this.#applyFlow();
  }

  /** Keep the process alive, or not. */
  keepProcessAlive(held: boolean): void {
    this.#held = held;
    this.#flow.hold(held);
  }

  /** Read on, or pause; there is no pause while somebody waits for an answer behind the messages. */
  setReading(flowing: boolean): void {
    this.#wantsPause = !flowing;
    this.#applyFlow();
  }

  /**
   * End the connection.
   *
   * @returns What was not answered, oldest first.
   */
  close(): SubscriberRequest[] {
    const unanswered = this.#stop();
    this.#lease.onLost = undefined;
    this.#lease.discard();
    return unanswered;
  }

  // -- replies -------------------------------------------------------------------------------

  #receive(value: Reply): void {
    if (this.#over) return;
    this.#receivedSinceDeadline = true;
    if (!Array.isArray(value)) return this.#answer(value);
    const word = this.#wording.word(value[0]);
    if (word === "message" || word === "pmessage" || word === "smessage") {
      this.#owner.onPublished(word, value);
    } else {
      this.#confirmation(word, value[1] ?? null, value[2] ?? null);
    }
  }

  #confirmation(word: string, name: Reply, count: Reply): void {
    const head = this.#expected.peek();
    if (word === "pong" && head instanceof PingRequest) return this.#pong(head, name);
    const key = this.#wording.key(name);
    const target = head instanceof SubscriptionRequest ? head.confirm(word, key) : undefined;
    if (
      target === undefined ||
      !(head instanceof SubscriptionRequest) ||
      typeof count !== "number"
    ) {
      // Of the pushes of RESP3 some have nothing to do with subscriptions.
      if (this.#connection.protocol === 2 || CONFIRMATIONS.has(word)) this.#failProtocol();
      return;
    }
    this.#owner.onConfirmed(head, target, count);
    if (head.complete) this.#finish(head);
  }

  /** A reply that is no array: of a ping on a connection in its ordinary state, or an error. */
  #answer(value: Reply): void {
    const head = this.#expected.peek();
    if (value instanceof RedisError) this.#refused(head, value);
    else if (head instanceof PingRequest) this.#pong(head, value);
    else this.#failProtocol();
  }

  #pong(ping: PingRequest, data: Reply): void {
    if (this.#wording.key(data) !== ping.payload.key) return this.#failProtocol();
    if (ping.awaited) this.#owner.onPong(data);
    this.#finish(ping);
  }

  #refused(head: SubscriberRequest | undefined, error: RedisError): void {
    if (head === undefined || (head instanceof SubscriptionRequest && head.begun))
      return this.#failProtocol(error);
    error.command = head.name;
    error.server = this.#connection.server;
    const isRestoring = head instanceof SubscriptionRequest && head.restores;
    // Then the connection is what is refused, not a name; another one may be welcome.
    if (isRestoring && error instanceof AuthenticationError) this.#connection.destroy(error);
    else this.#finish(head, error);
  }

  #finish(head: SubscriberRequest, error?: RedisError): void {
    if (this.#over) return;
    this.#expected.shift();
    if (head.awaited) this.#awaited--;
    if (error === undefined) head.done();
    else head.fail(error);
    this.#applyFlow();
    if (this.#expected.length === 0) this.#owner.onAnswered();
  }

  /** The stream is not what was thought: end it rather than mix things up. */
  #failProtocol(cause?: RedisError): void {
    const { server } = this.#connection;
    const why = cause ?? new InvalidResponse("Protocol Error: a reply nobody asked for");
    const details = { code: "EPROTO", server, cause: why };
    this.#connection.destroy(new ConnectionError("The server sent an invalid reply", details));
  }

  // -- deadlines -----------------------------------------------------------------------------

  #checkHealth(): void {
    const probing = this.#expected.length !== 0;
    if (!this.#held || probing || !this.#flow.reading) return;
    this.#receivedSinceDeadline = false;
    this.send(new PingRequest(PROBE, false, NOBODY));
  }

  #checkDeadline(now: number): number {
    const head = this.#expected.peek();
    if (head === undefined) return Number.POSITIVE_INFINITY;
    if (head.deadline > now) return head.deadline;
    // A probe's answer may stand behind messages that are still coming, or that nobody reads yet.
    if (!head.awaited && (this.#receivedSinceDeadline || !this.#flow.reading)) {
      this.#receivedSinceDeadline = false;
      head.deadline = now + this.#settings.socketTimeout;
      return head.deadline;
    }
    this.#connection.destroy(timeoutError(this.#connection.server, head.name));
    return Number.POSITIVE_INFINITY;
  }

  // -- life ----------------------------------------------------------------------------------

  #applyFlow(): void {
    if (!this.#over) this.#flow.read(!this.#wantsPause || this.#awaited !== 0);
  }

  #lost(error: RedisError): void {
    this.#owner.onLost(error, this.#stop());
  }

  #stop(): SubscriberRequest[] {
    this.#over = true;
    this.#watchdog.stop();
    clearInterval(this.#health);
    this.#flow.stop();
    const unanswered = this.#expected.toArray();
    this.#expected.clear();
    return unanswered;
  }
}
