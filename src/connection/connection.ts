/**
 * Owns one socket incarnation: commands out, replies in, first in, first out. It never reconnects and
 * never re-sends; when it ends it hands every unanswered job back to its owner, told apart by whether
 * the server may have seen it. A reply nobody waits for, or bytes that are not RESP, destroy it.
 */
import type { Socket } from "node:net";
import { inspect } from "node:util";
import {
  type ConnectionError,
  InvalidResponse,
  NoPermissionError,
  RedisError,
  TimeoutError,
} from "../errors.js";
import type { Settings } from "../options.js";
import type { EncodableCommand, WireArg } from "../protocol/encoder.js";
import { JsParser } from "../protocol/js-parser.js";
import type { Parser, ReplyHandler } from "../protocol/parser.js";
import { BYTES, type Reply, type ReplyMode } from "../protocol/reply.js";
import { abortable } from "./abortable.js";
import { type Address, addressFields, formatAddress } from "./address.js";
import { Deque } from "./deque.js";
import { connectionClosed, lostSocket, openFailure } from "./failure.js";
import { ownCommand, shakeHands } from "./handshake.js";
import { Discarded, Exchange, type Job, type OwnCommand, takeOverdue } from "./job.js";
import { Outbox } from "./outbox.js";
import { connectTimeout, openSocket } from "./socket.js";
import { advance, type ConnectionState } from "./state.js";
import { Watchdog } from "./watchdog.js";

const NEVER = Number.POSITIVE_INFINITY;
const PING = ownCommand("PING");

/** How a connection ended. */
export interface Closure {
  readonly error: RedisError;
  /** Jobs the server may have seen, oldest first. */
  readonly lost: Job[];
  /** Jobs of which certainly nothing was written, oldest first. */
  readonly unwritten: Job[];
}

/** What a connection tells its pool. None of these may throw. */
export interface ConnectionOwner {
  /** It takes jobs again: the socket drained, or a health check passed. */
  onWritable(connection: Connection): void;
  /** The last outstanding reply arrived. */
  onIdle(connection: Connection): void;
  /** It takes no new jobs: a reply is overdue, or there was another `reason`. */
  onRetired(connection: Connection, reason?: RedisError): void;
  /**
   * An error reply came.
   *
   * @returns `"elsewhere"` to have its job back among the unwritten ones, `"taken"` when the owner has
   * it already, `undefined` when the error is the job's answer.
   */
  onRefused(job: Job, error: RedisError, connection: Connection): "elsewhere" | "taken" | undefined;
  /** The replies of `jobs` are overdue; the connection has dropped the jobs. */
  onOverdue(jobs: readonly Job[], connection: Connection): void;
  /** It is over. */
  onClosed(connection: Connection, closure: Closure): void;
}

/** One connection to one server, from dialling to its end. */
export class Connection implements ReplyHandler {
  readonly settings: Settings;
  readonly address: Address;
  /** Replies outstanding. */
  pending = 0;
  /** Set by the holder of a lease that changed the connection's state: it must not be reused. */
  dirty = false;
  /** Takes pushes, and in subscriber mode every reply; must not throw. */
  onUnsolicited: ((value: Reply) => void) | undefined = undefined;
  /** How pushes are built. */
  pushMode: ReplyMode = BYTES;
  /** The protocol agreed on with the server. */
  protocol: 2 | 3 = 2;

  readonly #owner: ConnectionOwner;
  readonly #outbox: Outbox;
  readonly #queue = new Deque<Job>();
  readonly #parser: Parser;
  readonly #watchdog = new Watchdog((now) => this.#checkDeadlines(now), false);
  readonly #giveUp = new AbortController();
  #state: ConnectionState = "new";
  #socket: Socket | undefined = undefined;
  #socketError: Error | undefined = undefined;
  #lastReply = 0;
  #held = false;
  /** The server refused them as being the wrong one for them; they are for another. */
  readonly #refused: Job[] = [];
  /** They wait for the answer to a health check; nothing of them is written yet. */
  readonly #untested: Job[] = [];

  constructor(settings: Settings, address: Address, owner: ConnectionOwner) {
    this.settings = settings;
    this.address = address;
    this.#owner = owner;
    this.#outbox = new Outbox(settings);
    this.#parser = new (settings.parserClass ?? JsParser)(this, settings);
  }

  /** Where it is in its life. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** Whether a job handed over now would be written in this turn. */
  get writable(): boolean {
    return this.#state === "ready" && !this.#outbox.draining && this.#untested.length === 0;
  }

  /** Address for errors. */
  get server(): string {
    return formatAddress(this.address);
  }

  /** Whether a reply is outstanding, or will be, that may take for ever. */
  get blocked(): boolean {
    return this.#jobs.some((job) => job.blocking);
  }

  /** Whether somebody waits for a reply: who cancelled a command does not. */
  get awaited(): boolean {
    return this.#jobs.some((job) => !job.settled);
  }

  get #jobs(): Job[] {
    return [...this.#queue.toArray(), ...this.#untested];
  }

  /**
   * Connect and shake hands, once.
   *
   * @throws ConnectionError, TimeoutError, or the server's refusal; the connection is closed then.
   */
  async open(): Promise<void> {
    const { socketConnectTimeout: limit } = this.settings;
    const onTimeout = (): void => this.destroy(connectTimeout(this.address));
    const timer = limit === 0 ? undefined : setTimeout(onTimeout, limit);
    try {
      this.#state = advance(this.#state, "connecting");
      const credentials = await abortable(this.settings.credentials?.(), this.#giveUp.signal);
      this.#attach(await this.openSocket());
      this.#state = advance(this.#state, "handshaking");
      this.protocol = await shakeHands(this.settings, credentials, (batch) =>
        this.#exchange(batch),
      );
      this.#state = advance(this.#state, "ready");
      this.#lastReply = performance.now();
      if (!this.#held) this.#socket?.unref();
    } catch (error) {
      throw this.#openFailed(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Write a job in this turn of the event loop, or right after a health check that is due.
   *
   * @throws DataError when an argument is bad; nothing is written then.
   */
  send(job: Job): void {
    if (this.#untested.length !== 0) return this.#defer(job);
    if (this.#queue.length === 0 && this.#checkIsDue) return this.#checkHealth(job);
    this.#enqueue(job);
  }

  /** Take no new jobs; close when the outstanding replies are in, or overdue. */
  retire(reason?: RedisError): void {
    if (this.#state !== "ready") return;
    this.#state = advance(this.#state, "retiring");
    this.#owner.onRetired(this, reason);
    if (this.#queue.length !== 0) return;
    this.destroy(reason ?? this.#closedError("The connection was retired"));
  }

  /** End it now. */
  destroy(error: RedisError): void {
    if (this.#state === "closed") return;
    this.#state = advance(this.#state, "closed");
    this.pending = 0;
    this.#watchdog.stop();
    this.#giveUp.abort(error);
    this.#socket?.destroy();
    const jobs = this.#queue.toArray();
    const unflushed = jobs.splice(jobs.length - this.#outbox.unflushed);
    const waiting = unflushed.concat(this.#untested.splice(0));
    // What the connection says for itself has no business on another one.
    const lost = jobs.concat(waiting.filter((job) => job instanceof Exchange));
    const unwritten = [
      ...this.#refused.splice(0),
      ...waiting.filter((job) => !(job instanceof Exchange)),
    ];
    this.#queue.clear();
    this.#owner.onClosed(this, { error, lost, unwritten });
  }

  /**
   * Write a command whose replies go to `onUnsolicited`, for a holder that has set it and queues no
   * jobs. The connection is not reused afterwards.
   *
   * @throws DataError when an argument is bad; nothing is written then.
   */
  post(command: EncodableCommand, args: readonly WireArg[]): void {
    this.dirty = true;
    this.#outbox.encoder.command(command, args);
    this.#outbox.schedule();
  }

  /** Keep the process alive even while nothing is outstanding (subscribers, monitors). */
  hold(held: boolean): void {
    this.#held = held;
    if (held) this.#socket?.ref();
    else if (this.#queue.length === 0) this.#socket?.unref();
  }

  /** Stop or go on reading from the socket (for consumers that are slower than the server). */
  flow(flowing: boolean): void {
    if (flowing) this.#socket?.resume();
    else this.#socket?.pause();
  }

  /** Make the socket; the seam for connection classes of one's own. */
  protected openSocket(): Promise<Socket> {
    return openSocket({
      settings: this.settings,
      address: this.address,
      onData: this.#onData,
      signal: this.#giveUp.signal,
    });
  }

  // -- replies -------------------------------------------------------------------------------

  /** @internal */
  nextMode(): ReplyMode {
    const job = this.#awaiting;
    return job === undefined ? this.pushMode : job.mode();
  }

  /** @internal */
  nextPushMode(): ReplyMode {
    return this.pushMode;
  }

  /** @internal */
  onReply(value: Reply): void {
    const job = this.#awaiting;
    if (job === undefined) this.#unexpected(value);
    else if (job.accept(value)) this.#finish(job);
  }

  /** @internal */
  onErrorReply(error: RedisError): void {
    const job = this.#awaiting;
    if (job === undefined) return this.#unexpected(error);
    error.command = job.name;
    error.server = this.server;
    const fate = this.#owner.onRefused(job, error, this);
    if (fate === "elsewhere") this.#refused.push(job);
    if (fate !== undefined || job.acceptError(error)) this.#finish(job);
  }

  /** @internal */
  onDecodeError(error: RedisError): void {
    this.onErrorReply(error);
  }

  /** @internal */
  onPush(items: Reply[]): void {
    this.onUnsolicited?.(items);
  }

  /** Whose reply comes next. A reply cannot belong to a job that is still to be written. */
  get #awaiting(): Job | undefined {
    return this.#queue.length > this.#outbox.unflushed ? this.#queue.peek() : undefined;
  }

  #finish(job: Job): void {
    this.#queue.shift();
    this.pending -= job.size;
  }

  #unexpected(value: Reply): void {
    if (this.#state === "closed") return;
    if (this.onUnsolicited !== undefined) return this.onUnsolicited(value);
    const told = value instanceof RedisError ? value : undefined;
    this.#protocolError(
      new InvalidResponse("Protocol Error: a reply nobody asked for", {
        code: "EPROTO",
        cause: told,
      }),
    );
  }

  #protocolError(cause: InvalidResponse): void {
    const head = this.#awaiting;
    if (head !== undefined && !head.settled) {
      const { server } = this;
      const details = { code: "EPROTO", command: head.name, server, outcome: "unknown" } as const;
      this.#queue.replace(0, new Discarded(head));
      head.fail(new InvalidResponse(cause.message, { ...details, cause }));
    }
    this.destroy(this.#closedError("The server sent an invalid reply", cause));
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#state === "closed") return;
    const busy = this.#queue.length !== 0;
    try {
      this.#parser.feed(chunk);
    } catch (error) {
      if (error instanceof InvalidResponse) return this.#protocolError(error);
      return this.destroy(this.#closedError("Reading a reply failed", error as Error));
    }
    if (this.settings.healthCheckInterval !== 0) this.#lastReply = performance.now();
    if (busy && this.#queue.length === 0) this.#settle();
  };

  /** Nothing is outstanding any more. */
  #settle(): void {
    if (this.#state === "retiring") {
      return this.destroy(this.#closedError("The connection was retired"));
    }
    if (this.#state !== "ready") return;
    if (!this.#held) this.#socket?.unref();
    this.#owner.onIdle(this);
  }

  // -- writing -------------------------------------------------------------------------------

  get #checkIsDue(): boolean {
    const interval = this.settings.healthCheckInterval;
    return interval !== 0 && performance.now() - this.#lastReply > interval;
  }

  /** Ping, and write `job` only when the answer is there: what is not written can go elsewhere. */
  #checkHealth(job: Job): void {
    this.#defer(job);
    const done = ([reply]: Reply[]): void => {
      // A user who may not ping gets an answer all the same.
      if (reply === "PONG" || reply instanceof NoPermissionError) return this.#passedCheck();
      const cause = reply instanceof Error ? reply : undefined;
      this.destroy(this.#closedError("Bad response from PING health check", cause));
    };
    const { socketTimeout } = this.settings;
    const ping = new Exchange([PING], socketTimeout, { done, failed: () => {} });
    this.#enqueue(ping);
  }

  #defer(job: Job): void {
    job.check(this.#outbox.encoder);
    this.#untested.push(job);
  }

  #passedCheck(): void {
    for (const job of this.#untested.splice(0)) {
      try {
        if (!job.settled) this.#enqueue(job);
      } catch (error) {
        job.fail(error as RedisError);
      }
    }
    this.#takeMore();
  }

  #enqueue(job: Job): void {
    this.#outbox.add(job);
    // Only now: a job that is refused leaves the connection idle.
    if (this.#queue.length === 0) this.#socket?.ref();
    this.#queue.push(job);
    this.pending += job.size;
    job.written = true;
    const { taints, replyTimeout } = job.traits;
    if (taints) this.dirty = true;
    if (replyTimeout === 0) {
      job.deadline = NEVER;
    } else {
      const { now } = this.#outbox;
      job.deadline = now + replyTimeout;
      this.#watchdog.watch(job.deadline, now);
    }
  }

  /** The last `jobs` were written `by` ms later than was thought: the process was busy. */
  #postpone(jobs: number, by: number): void {
    for (let i = this.#queue.length - jobs; i < this.#queue.length; i++) {
      const job = this.#queue.at(i);
      if (job !== undefined) job.deadline += by;
    }
  }

  #takeMore(): void {
    if (this.#state !== "ready" || this.#untested.length !== 0) return;
    this.#owner.onWritable(this);
  }

  // -- life ----------------------------------------------------------------------------------

  #attach(socket: Socket): void {
    this.#socket = socket;
    if (this.#giveUp.signal.aborted) socket.destroy();
    this.#giveUp.signal.throwIfAborted();
    this.#outbox.attach(socket, {
      onDrain: () => this.#takeMore(),
      onLate: (jobs, by) => this.#postpone(jobs, by),
    });
    socket.on("error", (error) => {
      this.#socketError = error;
    });
    const over = (): void => this.destroy(this.#lostError());
    socket.on("end", over).on("close", over);
    if (socket.destroyed || socket.readableEnded) throw this.#lostError();
  }

  #exchange(commands: readonly OwnCommand[]): Promise<Reply[]> {
    const { socketConnectTimeout, socketTimeout } = this.settings;
    // The limit of connecting holds for all of it; a second one would end it early.
    const limit = socketConnectTimeout === 0 ? socketTimeout : 0;
    return new Promise((done, failed) => {
      this.#enqueue(new Exchange(commands, limit, { done, failed }));
    });
  }

  #openFailed(cause: unknown): RedisError {
    const { aborted, reason } = this.#giveUp.signal;
    const error = openFailure(cause, aborted ? reason : undefined, this.server);
    this.destroy(error);
    return error;
  }

  #lostError(): ConnectionError {
    return lostSocket(this.#socketError, this.server);
  }

  #closedError(message: string, cause?: Error): ConnectionError {
    return connectionClosed(message, this.server, cause);
  }

  /** Give up what is overdue; a reply that late also means that the stream stands still. */
  #checkDeadlines(now: number): number {
    const { overdue, next, left } = takeOverdue(this.#queue, now);
    if (overdue.length === 0) return next;
    const own = overdue.some((job) => job instanceof Exchange);
    this.retire();
    this.#owner.onOverdue(overdue, this);
    if (own || !left) {
      const message = own
        ? "Timeout waiting for the server's own reply"
        : "Timeout reading from socket";
      this.destroy(new TimeoutError(message, { code: "ETIMEDOUT", server: this.server }));
    }
    return this.#state === "closed" ? NEVER : next;
  }

  /** Shape as in redis-py: `Connection<host=localhost,port=6379,db=0>`. */
  toString(): string {
    const { address, settings } = this;
    const name = settings.clientName === undefined ? "" : `,client_name=${settings.clientName}`;
    return `${this.constructor.name}<${addressFields(address)},db=${settings.db}${name}>`;
  }

  [inspect.custom](): string {
    return `${this.toString()} ${this.#state} pending=${this.pending}`;
  }
}
