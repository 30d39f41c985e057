/**
 * Owns one socket incarnation: commands out, replies in, first in, first out. It never reconnects and
 * never re-sends; when it ends it hands every unanswered request back to its owner, told apart by whether
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
import type { Address } from "../options/address.js";
import { addressFields, formatAddress } from "../options/address.js";
import type { Settings } from "../options/types.js";
import type { EncodableCommand, WireArg } from "../protocol/encoder.js";
import { JsParser } from "../protocol/js-parser.js";
import type { Parser, ReplyHandler } from "../protocol/parser.js";
import { BYTES, type Reply, type ReplyMode } from "../protocol/reply.js";
import { abortable } from "../util/abort.js";
import { DeadlineTimer } from "../util/deadline-timer.js";
import { Deque } from "../util/deque.js";
import { AbandonedRequest, abandonTimedOut } from "./abandoned-request.js";
import { connectionClosed, lostSocket, openFailure } from "./errors.js";
import { shakeHands } from "./handshake.js";
import { type InternalCommand, InternalRequest, internalCommand } from "./internal-request.js";
import type { Request } from "./request.js";
import { connectTimeout, openSocket } from "./socket.js";
import { advance, type ConnectionState } from "./state.js";
import { WriteBuffer } from "./write-buffer.js";

const NEVER = Number.POSITIVE_INFINITY;
const PING = internalCommand("PING");

/** How a connection ended. */
export interface CloseReport {
  readonly error: RedisError;
  /** Requests the server may have seen, oldest first. */
  readonly inFlight: Request[];
  /** Requests of which certainly nothing was written, oldest first. */
  readonly unwritten: Request[];
}

/** What a connection tells its pool. None of these may throw. */
export interface ConnectionOwner {
  /** It takes requests again: the socket drained, or a health check passed. */
  onWritable(connection: Connection): void;
  /** The last outstanding reply arrived. */
  onIdle(connection: Connection): void;
  /** It takes no new requests: a reply is overdue, or there was another `reason`. */
  onDraining(connection: Connection, reason?: RedisError): void;
  /**
   * An error reply came.
   *
   * @returns `"elsewhere"` to have its request back among the unwritten ones, `"taken"` when the owner has
   * it already, `undefined` when the error is the request's answer.
   */
  onRefused(
    request: Request,
    error: RedisError,
    connection: Connection,
  ): "elsewhere" | "taken" | undefined;
  /** The replies of `requests` are overdue; the connection has dropped the requests. */
  onTimedOut(requests: readonly Request[], connection: Connection): void;
  /** It is over. */
  onClosed(connection: Connection, closure: CloseReport): void;
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
  readonly #outbox: WriteBuffer;
  readonly #queue = new Deque<Request>();
  readonly #parser: Parser;
  readonly #watchdog = new DeadlineTimer((now) => this.#checkDeadlines(now), false);
  readonly #giveUp = new AbortController();
  #state: ConnectionState = "new";
  #socket: Socket | undefined = undefined;
  #socketError: Error | undefined = undefined;
  #lastReply = 0;
  #keepsProcessAlive = false;
  /** The server refused them as being the wrong one for them; they are for another. */
  readonly #misdirected: Request[] = [];
  /** They wait for the answer to a health check; nothing of them is written yet. */
  readonly #awaitingHealthCheck: Request[] = [];

  constructor(settings: Settings, address: Address, owner: ConnectionOwner) {
    this.settings = settings;
    this.address = address;
    this.#owner = owner;
    this.#outbox = new WriteBuffer(settings);
    this.#parser = new (settings.parserClass ?? JsParser)(this, settings);
  }

  /** Where it is in its life. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** Whether a request handed over now would be written in this turn. */
  get writable(): boolean {
    return (
      this.#state === "ready" &&
      !this.#outbox.backpressured &&
      this.#awaitingHealthCheck.length === 0
    );
  }

  /** Address for errors. */
  get server(): string {
    return formatAddress(this.address);
  }

  /** Whether a reply is outstanding, or will be, that may take for ever. */
  get blocked(): boolean {
    return this.#requests.some((request) => request.blocking);
  }

  /** Whether somebody waits for a reply: who cancelled a command does not. */
  get awaited(): boolean {
    return this.#requests.some((request) => !request.settled);
  }

  get #requests(): Request[] {
    return [...this.#queue.toArray(), ...this.#awaitingHealthCheck];
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
      if (!this.#keepsProcessAlive) this.#socket?.unref();
    } catch (error) {
      throw this.#openFailed(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Write a request in this turn of the event loop, or right after a health check that is due.
   *
   * @throws DataError when an argument is bad; nothing is written then.
   */
  send(request: Request): void {
    if (this.#awaitingHealthCheck.length !== 0) return this.#defer(request);
    if (this.#queue.length === 0 && this.#checkIsDue) return this.#checkHealth(request);
    this.#enqueue(request);
  }

  /** Take no new requests; close when the outstanding replies are in, or overdue. */
  drain(reason?: RedisError): void {
    if (this.#state !== "ready") return;
    this.#state = advance(this.#state, "retiring");
    this.#owner.onDraining(this, reason);
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
    const requests = this.#queue.toArray();
    const unflushed = requests.splice(requests.length - this.#outbox.unflushed);
    const waiting = unflushed.concat(this.#awaitingHealthCheck.splice(0));
    // What the connection says for itself has no business on another one.
    const lost = requests.concat(waiting.filter((request) => request instanceof InternalRequest));
    const unwritten = [
      ...this.#misdirected.splice(0),
      ...waiting.filter((request) => !(request instanceof InternalRequest)),
    ];
    this.#queue.clear();
    this.#owner.onClosed(this, { error, inFlight: lost, unwritten });
  }

  /**
   * Write a command whose replies go to `onUnsolicited`, for a holder that has set it and queues no
   * requests. The connection is not reused afterwards.
   *
   * @throws DataError when an argument is bad; nothing is written then.
   */
  post(command: EncodableCommand, args: readonly WireArg[]): void {
    this.dirty = true;
    this.#outbox.encoder.command(command, args);
    this.#outbox.schedule();
  }

  /** Keep the process alive even while nothing is outstanding (subscribers, monitors). */
  keepProcessAlive(held: boolean): void {
    this.#keepsProcessAlive = held;
    if (held) this.#socket?.ref();
    else if (this.#queue.length === 0) this.#socket?.unref();
  }

  /** Stop or go on reading from the socket (for consumers that are slower than the server). */
  setReading(flowing: boolean): void {
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
    const request = this.#awaiting;
    return request === undefined ? this.pushMode : request.replyMode();
  }

  /** @internal */
  nextPushMode(): ReplyMode {
    return this.pushMode;
  }

  /** @internal */
  onReply(value: Reply): void {
    const request = this.#awaiting;
    if (request === undefined) this.#unexpected(value);
    else if (request.acceptReply(value)) this.#finish(request);
  }

  /** @internal */
  onErrorReply(error: RedisError): void {
    const request = this.#awaiting;
    if (request === undefined) return this.#unexpected(error);
    error.command = request.name;
    error.server = this.server;
    const fate = this.#owner.onRefused(request, error, this);
    if (fate === "elsewhere") this.#misdirected.push(request);
    if (fate !== undefined || request.acceptError(error)) this.#finish(request);
  }

  /** @internal */
  onDecodeError(error: RedisError): void {
    this.onErrorReply(error);
  }

  /** @internal */
  onPush(items: Reply[]): void {
    this.onUnsolicited?.(items);
  }

  /** Whose reply comes next. A reply cannot belong to a request that is still to be written. */
  get #awaiting(): Request | undefined {
    return this.#queue.length > this.#outbox.unflushed ? this.#queue.peek() : undefined;
  }

  #finish(request: Request): void {
    this.#queue.shift();
    this.pending -= request.size;
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
      this.#queue.replace(0, new AbandonedRequest(head));
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
    if (!this.#keepsProcessAlive) this.#socket?.unref();
    this.#owner.onIdle(this);
  }

  // -- writing -------------------------------------------------------------------------------

  get #checkIsDue(): boolean {
    const interval = this.settings.healthCheckInterval;
    return interval !== 0 && performance.now() - this.#lastReply > interval;
  }

  /** Ping, and write `request` only when the answer is there: what is not written can go elsewhere. */
  #checkHealth(request: Request): void {
    this.#defer(request);
    const done = ([reply]: Reply[]): void => {
      // A user who may not ping gets an answer all the same.
      if (reply === "PONG" || reply instanceof NoPermissionError) return this.#passedCheck();
      const cause = reply instanceof Error ? reply : undefined;
      this.destroy(this.#closedError("Bad response from PING health check", cause));
    };
    const { socketTimeout } = this.settings;
    const ping = new InternalRequest([PING], socketTimeout, { done, failed: () => {} });
    this.#enqueue(ping);
  }

  #defer(request: Request): void {
    request.check(this.#outbox.encoder);
    this.#awaitingHealthCheck.push(request);
  }

  #passedCheck(): void {
    for (const request of this.#awaitingHealthCheck.splice(0)) {
      try {
        if (!request.settled) this.#enqueue(request);
      } catch (error) {
        request.fail(error as RedisError);
      }
    }
    this.#takeMore();
  }

  #enqueue(request: Request): void {
    this.#outbox.add(request);
    // Only now: a request that is refused leaves the connection idle.
    if (this.#queue.length === 0) this.#socket?.ref();
    this.#queue.push(request);
    this.pending += request.size;
    request.written = true;
    const { mutatesSession: taints, replyTimeout } = request.traits;
    if (taints) this.dirty = true;
    if (replyTimeout === 0) {
      request.deadline = NEVER;
    } else {
      const { now } = this.#outbox;
      request.deadline = now + replyTimeout;
      this.#watchdog.watch(request.deadline, now);
    }
  }

  /** The last `requests` were written `by` ms later than was thought: the process was busy. */
  #postpone(requests: number, by: number): void {
    for (let i = this.#queue.length - requests; i < this.#queue.length; i++) {
      const request = this.#queue.at(i);
      if (request !== undefined) request.deadline += by;
    }
  }

  #takeMore(): void {
    if (this.#state !== "ready" || this.#awaitingHealthCheck.length !== 0) return;
    this.#owner.onWritable(this);
  }

  // -- life ----------------------------------------------------------------------------------

  #attach(socket: Socket): void {
    this.#socket = socket;
    if (this.#giveUp.signal.aborted) socket.destroy();
    this.#giveUp.signal.throwIfAborted();
    this.#outbox.attach(socket, {
      onDrain: () => this.#takeMore(),
      onLate: (requests, by) => this.#postpone(requests, by),
    });
    socket.on("error", (error) => {
      this.#socketError = error;
    });
    const over = (): void => this.destroy(this.#lostError());
    socket.on("end", over).on("close", over);
    if (socket.destroyed || socket.readableEnded) throw this.#lostError();
  }

  #exchange(commands: readonly InternalCommand[]): Promise<Reply[]> {
    const { socketConnectTimeout, socketTimeout } = this.settings;
    // The limit of connecting holds for all of it; a second one would end it early.
    const limit = socketConnectTimeout === 0 ? socketTimeout : 0;
    return new Promise((done, failed) => {
      this.#enqueue(new InternalRequest(commands, limit, { done, failed }));
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
    const { timedOut, nextDeadline, othersPending } = abandonTimedOut(this.#queue, now);
    if (timedOut.length === 0) return nextDeadline;
    const own = timedOut.some((request) => request instanceof InternalRequest);
    this.drain();
    this.#owner.onTimedOut(timedOut, this);
    if (own || !othersPending) {
      const message = own
        ? "Timeout waiting for the server's own reply"
        : "Timeout reading from socket";
      this.destroy(new TimeoutError(message, { code: "ETIMEDOUT", server: this.server }));
    }
    return this.#state === "closed" ? NEVER : nextDeadline;
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
