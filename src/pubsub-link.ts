/**
 * Owns one leased connection as a subscriber uses it: commands out, messages and answers in. Answers
 * come in the order of the commands, so each must fit the one it is due to; an answer that fits none
 * ends the connection. A link never reconnects: what it leaves unanswered goes back to its owner.
 */
import type { Connection } from "./connection/connection.js";
import { Deque } from "./connection/deque.js";
import { overdueError } from "./connection/failure.js";
import type { Lease } from "./connection/lease.js";
import { Watchdog } from "./connection/watchdog.js";
import { AuthenticationError, ConnectionError, InvalidResponse, RedisError } from "./errors.js";
import { Flow } from "./flow.js";
import type { Settings } from "./options.js";
import type { Reply } from "./protocol/reply.js";
import { Change, CONFIRMATIONS, type Expected, Ping } from "./pubsub-change.js";
import type { PublishedMessage } from "./pubsub-messages.js";
import type { Target, Wording } from "./pubsub-names.js";

/** Whom a link works for. None of these may throw. */
export interface LinkOwner {
  /** Something was published; the items as they came, the word first. */
  onPublished(type: PublishedMessage["type"], items: readonly Reply[]): void;
  /** The server has begun or ended one subscription; `count` of that sort are left. */
  onConfirmed(change: Change, target: Target, count: number): void;
  /** The answer to a ping of the user's. */
  onPong(data: Reply): void;
  /** Nothing is outstanding any more. */
  onAnswered(): void;
  /** The connection ended; `unanswered` was asked on it, oldest first. */
  onLost(error: RedisError, unanswered: Expected[]): void;
}

/** What the health check sends. */
const PROBE: Target = { name: "rediswire", key: "rediswire", handler: null };
const NOBODY = { done: (): void => {}, failed: (): void => {} };

/** A connection in the hands of a subscriber. */
export class Link {
  readonly #lease: Lease;
  readonly #connection: Connection;
  readonly #settings: Settings;
  readonly #wording: Wording;
  readonly #owner: LinkOwner;
  readonly #expected = new Deque<Expected>();
  readonly #watchdog = new Watchdog((now) => this.#checkDeadline(now), false);
  readonly #flow: Flow;
  readonly #health: NodeJS.Timeout | undefined;
  /** How many of the expected somebody waits for. */
  #urgent = 0;
  #held = false;
  #wantsPause = false;
  /** Whether anything came since the last deadline. */
  #heard = false;
  #over = false;

  constructor(lease: Lease, wording: Wording, owner: LinkOwner) {
    this.#lease = lease;
    this.#connection = lease.connection;
    this.#flow = new Flow(lease.connection);
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
  get unanswered(): Expected[] {
    return this.#expected.toArray();
  }

  /** Ask the server; the arguments must have been checked. */
  send(expected: Expected): void {
    const { socketTimeout } = this.#settings;
    const now = performance.now();
    this.#connection.post(expected.command, expected.args());
    this.#expected.push(expected);
    if (expected.urgent) this.#urgent++;
    if (socketTimeout !== 0) {
      expected.deadline = now + socketTimeout;
      this.#watchdog.watch(expected.deadline, now);
    }
    this.#applyFlow();
  }

  /** Keep the process alive, or not. */
  hold(held: boolean): void {
    this.#held = held;
    this.#flow.hold(held);
  }

  /** Read on, or pause; there is no pause while somebody waits for an answer behind the messages. */
  flow(flowing: boolean): void {
    this.#wantsPause = !flowing;
    this.#applyFlow();
  }

  /**
   * End the connection.
   *
   * @returns What was not answered, oldest first.
   */
  close(): Expected[] {
    const unanswered = this.#stop();
    this.#lease.onLost = undefined;
    this.#lease.discard();
    return unanswered;
  }

  // -- replies -------------------------------------------------------------------------------

  #receive(value: Reply): void {
    if (this.#over) return;
    this.#heard = true;
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
    if (word === "pong" && head instanceof Ping) return this.#pong(head, name);
    const key = this.#wording.key(name);
    const target = head instanceof Change ? head.confirm(word, key) : undefined;
    if (target === undefined || !(head instanceof Change) || typeof count !== "number") {
      // Of the pushes of RESP3 some have nothing to do with subscriptions.
      if (this.#connection.protocol === 2 || CONFIRMATIONS.has(word)) this.#doubt();
      return;
    }
    this.#owner.onConfirmed(head, target, count);
    if (head.complete) this.#finish(head);
  }

  /** A reply that is no array: of a ping on a connection in its ordinary state, or an error. */
  #answer(value: Reply): void {
    const head = this.#expected.peek();
    if (value instanceof RedisError) this.#refused(head, value);
    else if (head instanceof Ping) this.#pong(head, value);
    else this.#doubt();
  }

  #pong(ping: Ping, data: Reply): void {
    if (this.#wording.key(data) !== ping.payload.key) return this.#doubt();
    if (ping.urgent) this.#owner.onPong(data);
    this.#finish(ping);
  }

  #refused(head: Expected | undefined, error: RedisError): void {
    if (head === undefined || (head instanceof Change && head.begun)) return this.#doubt(error);
    error.command = head.name;
    error.server = this.#connection.server;
    const isRestoring = head instanceof Change && head.restores;
    // Then the connection is what is refused, not a name; another one may be welcome.
    if (isRestoring && error instanceof AuthenticationError) this.#connection.destroy(error);
    else this.#finish(head, error);
  }

  #finish(head: Expected, error?: RedisError): void {
    if (this.#over) return;
    this.#expected.shift();
    if (head.urgent) this.#urgent--;
    if (error === undefined) head.done();
    else head.fail(error);
    this.#applyFlow();
    if (this.#expected.length === 0) this.#owner.onAnswered();
  }

  /** The stream is not what was thought: end it rather than mix things up. */
  #doubt(cause?: RedisError): void {
    const { server } = this.#connection;
    const why = cause ?? new InvalidResponse("Protocol Error: a reply nobody asked for");
    const details = { code: "EPROTO", server, cause: why };
    this.#connection.destroy(new ConnectionError("The server sent an invalid reply", details));
  }

  // -- deadlines -----------------------------------------------------------------------------

  #checkHealth(): void {
    const probing = this.#expected.length !== 0;
    if (!this.#held || probing || !this.#flow.reading) return;
    this.#heard = false;
    this.send(new Ping(PROBE, false, NOBODY));
  }

  #checkDeadline(now: number): number {
    const head = this.#expected.peek();
    if (head === undefined) return Number.POSITIVE_INFINITY;
    if (head.deadline > now) return head.deadline;
    // A probe's answer may stand behind messages that are still coming, or that nobody reads yet.
    if (!head.urgent && (this.#heard || !this.#flow.reading)) {
      this.#heard = false;
      head.deadline = now + this.#settings.socketTimeout;
      return head.deadline;
    }
    this.#connection.destroy(overdueError(this.#connection.server, head.name));
    return Number.POSITIVE_INFINITY;
  }

  // -- life ----------------------------------------------------------------------------------

  #applyFlow(): void {
    if (!this.#over) this.#flow.read(!this.#wantsPause || this.#urgent !== 0);
  }

  #lost(error: RedisError): void {
    this.#owner.onLost(error, this.#stop());
  }

  #stop(): Expected[] {
    this.#over = true;
    this.#watchdog.stop();
    clearInterval(this.#health);
    this.#flow.stop();
    const unanswered = this.#expected.toArray();
    this.#expected.clear();
    return unanswered;
  }
}
