/**
 * One connection to one server: a single socket, from connecting to its end. Requests are written and
 * answered first in, first out. A connection never reconnects and never sends a request twice: at its end
 * every unanswered request goes back to its owner, by whether the server may have seen it. An unexpected
 * reply, or bytes that are not RESP, end it.
 */
import type { Socket } from "node:net";
import { inspect } from "node:util";
import { InvalidResponse, type RedisError } from "../errors.js";
import type { Address } from "../options/address.js";
import { addressFields, formatAddress } from "../options/address.js";
import type { Settings } from "../options/types.js";
import type { EncodableCommand, WireArg } from "../protocol/encoder.js";
import { JsParser } from "../protocol/js-parser.js";
import type { Parser } from "../protocol/parser.js";
import type { ReplyMode } from "../protocol/reply.js";
import { abortable } from "../util/abort.js";
import { limitWait } from "../util/deadline-timer.js";
import { closeReport } from "./close-report.js";
import type { TimedOutRequests } from "./deadlines.js";
import { connectionClosed, lostSocket, openFailure, stuckConnection } from "./errors.js";
import { shakeHands } from "./handshake.js";
import { HealthCheck } from "./health-check.js";
import { exchange, InternalRequest } from "./internal-request.js";
import type { ConnectionOwner } from "./owner.js";
import { PUBSUB_PUSHES, type PushListener } from "./push-router.js";
import {
  type MonitorListener,
  ReplyDispatcher,
  type SubscriberListener,
} from "./reply-dispatcher.js";
import type { Request } from "./request.js";
import { connectTimeout, openSocket, socketOrAbort } from "./socket.js";
import { advance, type ConnectionState, isAllowed } from "./state.js";
import { WriteBuffer } from "./write-buffer.js";

const DRAINED = "The connection was drained";

/**
 * One connection to one server.
 *
 * Connections are created and used by a {@link ConnectionPool}. Derive a class from this one, and pass it
 * as `connectionClass`, to create the sockets differently ({@link Connection.openSocket}) or to count
 * connections.
 */
export class Connection {
  /** @internal */ static readonly name: string = "Connection";
  /** The settings of the pool, with every default filled in. */
  readonly settings: Settings;
  /** The server the connection leads to. */
  readonly address: Address;
  readonly #owner: ConnectionOwner<Connection>;
  readonly #writeBuffer: WriteBuffer;
  readonly #replies: ReplyDispatcher;
  readonly #parser: Parser;
  readonly #closeSignal = new AbortController();
  /** @internal */ readonly healthCheck: HealthCheck | undefined;
  #state: ConnectionState = "new";
  #protocol: 2 | 3 = 2;
  #socket: Socket | undefined = undefined;
  #socketError: Error | undefined = undefined;
  #keepsProcessAlive = false;
  #sessionMutated = false;
  #watching = false;

  /**
   * Create an unconnected connection.
   *
   * @param settings - The settings of the pool.
   * @param address - The server to connect to.
   * @param owner - The pool; it is notified of everything that happens to the connection.
   */
  constructor(settings: Settings, address: Address, owner: ConnectionOwner<Connection>) {
    this.settings = settings;
    this.address = address;
    this.#owner = owner;
    this.#writeBuffer = new WriteBuffer(settings);
    this.#replies = this.#createDispatcher();
    this.#parser = new (settings.parserClass ?? JsParser)(this.#replies, settings);
    this.healthCheck = this.#createHealthCheck();
  }

  /** The state of the connection. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** The protocol agreed on with the server: 2 (RESP2) or 3 (RESP3). */
  get protocol(): 2 | 3 {
    return this.#protocol;
  }

  /** Number of replies still to come. */
  get pending(): number {
    return this.#replies.pending;
  }

  /** Whether a request sent now would be written in this turn of the event loop. */
  get writable(): boolean {
    return (
      this.#state === "ready" &&
      !this.#writeBuffer.backpressured &&
      (this.healthCheck === undefined || this.healthCheck.held.length === 0)
    );
  }

  /** Whether the session state was changed (SELECT, WATCH), so that the connection must not be reused. */
  get dirty(): boolean {
    return this.#sessionMutated || this.#watching;
  }

  /** See {@link ReplyDispatcher.lastProgress}. */
  get lastProgress(): number {
    return this.#replies.lastProgress;
  }

  /** See {@link WriteBuffer.buffered}. */
  get bytesBuffered(): number {
    return this.#writeBuffer.buffered;
  }

  /** See {@link ReplyDispatcher.silence}. */
  get silence(): number {
    return this.#replies.silence;
  }

  /** The address as text, for errors: `localhost:6379`. */
  get server(): string {
    return formatAddress(this.address);
  }

  /** Whether a blocking command is pending: its reply may never arrive. */
  get blocked(): boolean {
    return this.#requests.some((request) => request.blocking);
  }

  /** Whether a caller waits for a reply; the callers of cancelled commands do not. */
  get awaited(): boolean {
    return this.#requests.some((request) => !request.settled);
  }

  get #requests(): Request[] {
    return [...this.#replies.requests, ...(this.healthCheck?.held ?? [])];
  }

  /**
   * Connect and perform the handshake. Call it once.
   *
   * @throws ConnectionError, TimeoutError, or the error reply of the server; the connection is closed then.
   */
  async open(): Promise<void> {
    const { socketConnectTimeout: limit } = this.settings;
    const stopTimer = limitWait(limit, () => this.destroy(connectTimeout(this.address)));
    try {
      this.#state = advance(this.#state, "connecting");
      const credentials = await abortable(this.settings.credentials?.(), this.#closeSignal.signal);
      this.#attach(await socketOrAbort(this.openSocket(), this.#closeSignal.signal));
      this.#state = advance(this.#state, "handshaking");
      // The connect timeout covers the handshake; a second limit would end it early.
      const replyTimeout = limit === 0 ? this.settings.socketTimeout : 0;
      this.#protocol = await shakeHands(this.settings, credentials, (commands) =>
        exchange(commands, replyTimeout, (request) => this.#enqueue(request)),
      );
      this.#state = advance(this.#state, "ready");
      this.healthCheck?.markAlive();
      if (!this.#keepsProcessAlive) this.#socket?.unref();
    } catch (error) {
      throw this.#openFailed(error);
    } finally {
      stopTimer();
    }
  }

  /**
   * Write a request in this turn of the event loop, or after a health check that is due.
   *
   * @throws DataError for invalid arguments; nothing is written then.
   */
  send(request: Request): void {
    if (this.healthCheck?.holdsBack(request, this.#replies.idle) !== true) this.#enqueue(request);
  }

  /**
   * Take no new requests; close when the pending replies have arrived or timed out.
   *
   * @param reason - Why the connection drains; when omitted, a reply timed out.
   */
  drain(reason?: RedisError): void {
    if (!isAllowed(this.#state, "draining")) return;
    this.#state = advance(this.#state, "draining");
    this.#owner.onDraining(this, reason);
    if (this.#replies.idle) this.destroy(reason ?? connectionClosed(DRAINED, this.server));
  }

  /**
   * Close the connection immediately.
   *
   * @param error - Why; the owner rejects pending requests with errors derived from it.
   */
  destroy(error: RedisError): void {
    if (this.#state === "closed") return;
    this.#state = advance(this.#state, "closed");
    this.#closeSignal.abort(error);
    this.#socket?.destroy();
    const ended = this.#replies.end();
    ended.unflushed.push(...(this.healthCheck?.takeHeld() ?? []));
    this.#owner.onClosed(this, { error, ...closeReport(ended) });
  }

  // -- modes ---------------------------------------------------------------------------------

  /** Record that WATCH is about to be sent: until {@link watchEnded} the connection is dirty. */
  watchStarted(): void {
    this.#watching = true;
  }

  /** Record that the server watches no key any more: EXEC or UNWATCH was answered. */
  watchEnded(): void {
    this.#watching = false;
  }

  /**
   * Turn the connection over to a subscriber for the rest of its life. It takes no requests any more;
   * write commands with {@link writeCommand}.
   *
   * @param mode - How replies and pushes are built.
   * @throws Error when the connection is not ready, or has pending requests: a bug in this library.
   */
  enterSubscriberMode(listener: SubscriberListener, mode: ReplyMode): void {
    this.#enterMode("subscriber", listener, mode);
    if (this.#protocol === 3) this.routePushes(PUBSUB_PUSHES, listener.onPush, mode);
  }

  /** Turn the connection over to a monitor; as {@link enterSubscriberMode}. */
  enterMonitorMode(listener: MonitorListener, mode: ReplyMode): void {
    this.#enterMode("monitor", listener, mode);
  }

  /**
   * Pass RESP3 pushes of some types to `listener`; pushes without a listener are dropped.
   *
   * @param listener - `undefined` to drop them again.
   * @param mode - How pushes are built; one for all, because the type is part of the push.
   * @throws Error when a type has a listener, or another mode is in use: a bug in this library.
   */
  routePushes(types: readonly string[], listener: PushListener | undefined, mode: ReplyMode): void {
    if (listener === undefined) this.#replies.unroutePushes(types);
    else this.#replies.routePushes(types, listener, mode);
  }

  /**
   * Write a command in subscriber or monitor mode; its replies go to the listener.
   *
   * @throws DataError for invalid arguments; nothing is written then.
   */
  writeCommand(command: EncodableCommand, args: readonly WireArg[]): void {
    this.#writeBuffer.encoder.command(command, args);
    this.#writeBuffer.schedule();
  }

  #enterMode(mode: "subscriber" | "monitor", listener: MonitorListener, replies: ReplyMode): void {
    if (this.#requests.length !== 0) throw new Error(`${mode} mode needs an idle connection`);
    this.#state = advance(this.#state, mode);
    this.#replies.listen(listener, replies);
  }

  /** Keep the process alive while no reply is pending, as subscribers and monitors need. */
  keepProcessAlive(enabled: boolean): void {
    this.#keepsProcessAlive = enabled;
    if (enabled) this.#socket?.ref();
    else if (this.#replies.idle) this.#socket?.unref();
  }

  /** Pause or resume reading from the socket, for consumers that are slower than the server. */
  setReading(enabled: boolean): void {
    if (enabled) this.#socket?.resume();
    else this.#socket?.pause();
  }

  /** Open the socket. Override it in a `connectionClass` to create sockets differently. */
  protected openSocket(): Promise<Socket> {
    return openSocket({
      settings: this.settings,
      address: this.address,
      onData: this.#onData,
      signal: this.#closeSignal.signal,
    });
  }

  // -- replies -------------------------------------------------------------------------------

  #createDispatcher(): ReplyDispatcher {
    return new ReplyDispatcher(this.#writeBuffer, {
      onErrorReply: (request, error) => {
        error.server = this.server;
        return this.#owner.onErrorReply(request, error, this);
      },
      onUnexpectedReply: (cause) => this.#protocolError(cause),
      onTimedOut: (report) => this.#onTimedOut(report),
    });
  }

  #protocolError(cause: InvalidResponse): void {
    this.#replies.failHead(cause, this.server);
    this.destroy(connectionClosed("The server sent an invalid reply", this.server, cause));
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#state === "closed") return;
    const busy = !this.#replies.idle;
    try {
      this.#parser.feed(chunk);
    } catch (error) {
      if (error instanceof InvalidResponse) return this.#protocolError(error);
      return this.destroy(connectionClosed("Reading a reply failed", this.server, error as Error));
    }
    if (busy) this.#replies.markRead();
    this.healthCheck?.markAlive();
    if (busy && this.#replies.idle) this.#onIdle();
  };

  #onIdle(): void {
    if (this.#state === "draining") return this.destroy(connectionClosed(DRAINED, this.server));
    if (this.#state !== "ready") return;
    if (!this.#keepsProcessAlive) this.#socket?.unref();
    this.#owner.onIdle(this);
  }

  // -- writing -------------------------------------------------------------------------------

  #createHealthCheck(): HealthCheck | undefined {
    const { healthCheckInterval: interval, socketTimeout } = this.settings;
    if (interval === 0) return undefined;
    return new HealthCheck(interval, socketTimeout, {
      check: (request) => request.check(this.#writeBuffer.encoder),
      write: (request) => this.#enqueue(request),
      onPassed: () => this.#onWritable(),
      onFailed: (cause) =>
        this.destroy(connectionClosed("Bad response from PING health check", this.server, cause)),
    });
  }

  #enqueue(request: Request): void {
    this.#writeBuffer.add(request);
    // Only now: with invalid arguments nothing is pending.
    if (this.#replies.idle) this.#socket?.ref();
    this.#replies.add(request);
    request.markWritten(this);
    if (request.traits.mutatesSession) this.#sessionMutated = true;
  }

  #onWritable(): void {
    if (this.writable) this.#owner.onWritable(this);
  }

  // -- life ----------------------------------------------------------------------------------

  #attach(socket: Socket): void {
    this.#socket = socket;
    if (this.#closeSignal.signal.aborted) socket.destroy();
    this.#closeSignal.signal.throwIfAborted();
    this.#writeBuffer.attach(socket, {
      onDrain: () => this.#onWritable(),
      onLate: (requests, delay) => this.#replies.postpone(requests, delay),
      onSlowWrite: () => this.#replies.watchWriting(),
    });
    socket.on("error", (error) => {
      this.#socketError = error;
    });
    const onEnd = (): void => this.destroy(lostSocket(this.#socketError, this.server));
    socket.on("end", onEnd).on("close", onEnd);
    if (socket.destroyed || socket.readableEnded) throw lostSocket(this.#socketError, this.server);
  }

  #openFailed(cause: unknown): RedisError {
    const error = openFailure(cause, this.#closeSignal.signal.reason, this.server);
    this.destroy(error);
    return error;
  }

  /** A reply that timed out may mean that the stream is stuck, so the connection drains. */
  #onTimedOut({ timedOut, othersAwaited }: TimedOutRequests): void {
    const internal = timedOut.some((request) => request instanceof InternalRequest);
    this.drain();
    this.#owner.onTimedOut(timedOut, this);
    if (!internal && othersAwaited) return;
    this.destroy(stuckConnection(internal, this.server));
  }

  /** Return the connection as redis-py prints it: `Connection<host=localhost,port=6379,db=0>`. */
  toString(): string {
    const { address, settings } = this;
    const name = settings.clientName === undefined ? "" : `,client_name=${settings.clientName}`;
    return `${this.constructor.name}<${addressFields(address)},db=${settings.db}${name}>`;
  }

  [inspect.custom](): string {
    return `${this.toString()} ${this.#state} pending=${this.pending}`;
  }
}
