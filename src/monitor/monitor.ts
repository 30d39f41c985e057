/**
 * MONITOR: a leased connection on which the server reports every command it executes. The connection is
 * leased at the first use. A loss is reported to the reader, because commands may have been missed; the
 * next use leases another connection.
 */
import type { Connection } from "../connection/connection.js";
import { lostRequestError, timeoutError } from "../connection/errors.js";
import { internalCommand } from "../connection/internal-request.js";
import { ReadControl } from "../connection/read-control.js";
import {
  ConnectionError,
  DecodeError,
  InvalidResponse,
  RedisError,
  ResponseError,
  TimeoutError,
} from "../errors.js";
import type { Lease, LeaseProvider } from "../pool/lease.js";
import { INLINE_ERRORS, LONG_LINES, type Reply, TEXT } from "../protocol/reply.js";
import { AsyncQueue, type ItemIterator } from "../util/async-queue.js";
import { rejectWithCallerStack } from "../util/caller-stack.js";
import { limitWait } from "../util/deadline-timer.js";
import { defineSelf, SELF } from "../util/self.js";
import { checkArity } from "../util/validate.js";
import { type MonitoredCommand, malformedLine, parseMonitorLine } from "./monitored-command.js";

const MONITOR = internalCommand("MONITOR");
/** Number of unread commands at which reading pauses; it resumes at half of it. */
const HIGH_WATER_MARK = 1000;

function closedError(): ConnectionError {
  return new ConnectionError("The monitor was closed", { code: "ECLOSED", command: "MONITOR" });
}

function lostBeforeStart({ connection }: Lease): ConnectionError {
  const { server } = connection;
  const details = { code: "ECONNCLOSED", command: "MONITOR", server, outcome: "not-sent" } as const;
  return new ConnectionError("The connection was lost", details);
}

/** One connection in monitor mode, and the commands it received. */
class MonitorSession {
  readonly queue: AsyncQueue<MonitoredCommand>;
  /** Resolves when the server has accepted MONITOR. */
  readonly ready: Promise<void>;
  /** Why the session ended. */
  error: RedisError | undefined = undefined;
  /** Whether the end was reported to a caller. */
  isReported = false;
  readonly #lease: Lease;
  readonly #connection: Connection;
  readonly #readControl: ReadControl;
  readonly #stopTimer: () => void;
  #settleReady: ((error?: RedisError) => void) | undefined;

  constructor(lease: Lease) {
    this.#lease = lease;
    this.#connection = lease.connection;
    this.#readControl = new ReadControl(lease.connection);
    this.queue = new AsyncQueue<MonitoredCommand>({
      live: () => this.error === undefined,
      onTaken: () => this.#pauseOrResume(),
      isDroppable: () => false,
    });
    this.ready = new Promise((resolve) => {
      this.#settleReady = (error) =>
        resolve(error === undefined ? undefined : rejectWithCallerStack(error));
    });
    lease.onLost = (error) => this.#end(error);
    const mode = TEXT | INLINE_ERRORS | LONG_LINES;
    this.#connection.enterMonitorMode({ onReply: (value) => this.#receive(value) }, mode);
    this.#stopTimer = this.#startTimer();
    this.#readControl.keepProcessAlive(true);
    this.#connection.writeCommand(MONITOR, []);
  }

  /** Return the error that ended the session: a new object, except for an error reply. */
  endError(): RedisError {
    const { error = closedError() } = this;
    if (error.code === "ECLOSED") return closedError();
    if (error instanceof TimeoutError) return timeoutError(error.server ?? "", MONITOR.name);
    return error.outcome === undefined && error instanceof ResponseError
      ? error
      : lostRequestError(MONITOR, error);
  }

  /** End the session, and close its connection. */
  close(error: RedisError): void {
    this.#lease.onLost = undefined;
    this.#end(error);
    this.#lease.discard();
  }

  #startTimer(): () => void {
    const { server, settings } = this.#connection;
    const onTimeout = (): void => this.#connection.destroy(timeoutError(server, MONITOR.name));
    return limitWait(settings.socketTimeout, onTimeout);
  }

  #receive(value: Reply): void {
    if (this.error !== undefined) return;
    if (this.#settleReady !== undefined) this.#onFirstReply(value);
    else if (typeof value === "string") this.#onLine(value);
    else if (value instanceof DecodeError) this.queue.push(value);
    else this.#failProtocol(malformedLine());
  }

  #onFirstReply(value: Reply): void {
    if (value === "OK") return this.#finishStart();
    const unexpected = "MONITOR failed: the server did not reply OK";
    const error = value instanceof RedisError ? value : new InvalidResponse(unexpected);
    error.command = MONITOR.name;
    error.server = this.#connection.server;
    this.close(error);
  }

  #finishStart(error?: RedisError): void {
    this.#stopTimer();
    this.#settleReady?.(error);
    this.#settleReady = undefined;
  }

  #onLine(line: string): void {
    try {
      this.queue.push(parseMonitorLine(line));
    } catch (error) {
      return this.#failProtocol(error as InvalidResponse);
    }
    this.#pauseOrResume();
  }

  #failProtocol(cause: InvalidResponse): void {
    const details = { code: "EPROTO", server: this.#connection.server, cause };
    this.#connection.destroy(new ConnectionError("The server sent an invalid reply", details));
  }

  #pauseOrResume(): void {
    const { size } = this.queue;
    if (size >= HIGH_WATER_MARK) this.#readControl.pause();
    else if (size <= HIGH_WATER_MARK / 2) this.#readControl.resume();
  }

  #end(error: RedisError): void {
    this.error = error;
    this.#readControl.end();
    this.#finishStart(this.endError());
    this.queue.end();
  }
}

/**
 * Receives every command the server executes, from all clients. Created by `redis.monitor()`. Keeps the
 * process alive from its first use until it is closed.
 *
 * @see {@link https://redis.io/docs/latest/commands/monitor/ | MONITOR}
 */
export class Monitor {
  /** @internal */ static readonly name: string = "Monitor";
  /** @internal */
  declare protected readonly [SELF]: this;
  readonly #leaseProvider: LeaseProvider;
  #starting: Promise<MonitorSession> | undefined = undefined;
  #session: MonitorSession | undefined = undefined;
  /** Number of `close()` calls; an operation that began before one must not continue after it. */
  #closings = 0;

  /** Only `redis.monitor()` creates monitors. */
  constructor(...created: never);
  /** @internal */
  constructor(leaseProvider: LeaseProvider);
  constructor(leaseProvider: LeaseProvider) {
    defineSelf(this);
    this.#leaseProvider = leaseProvider;
  }

  /**
   * Start monitoring now instead of at the first read.
   *
   * @returns A promise that resolves when the server has accepted MONITOR; every later command is received.
   * @throws The errors of {@link nextCommand}. A lost connection is reported even if commands are unread.
   */
  async start(): Promise<void> {
    checkArity("start", 0, arguments);
    const session = await this[SELF].#currentSession();
    if (session.error === undefined) return;
    session.isReported = session.queue.empty;
    return rejectWithCallerStack(session.endError());
  }

  /**
   * Wait for the next command, and return it.
   *
   * @throws {@link ConnectionError} when the connection is lost or the monitor is closed meanwhile,
   * {@link TimeoutError} when the server does not accept MONITOR in time, or the server's error reply.
   * {@link DecodeError} for a command that is not valid text; the next call returns the next command.
   */
  async nextCommand(): Promise<MonitoredCommand> {
    checkArity("nextCommand", 0, arguments);
    const command = await this[SELF].#take({ stopped: false });
    return command instanceof RedisError ? rejectWithCallerStack(command) : command;
  }

  /**
   * Iterate over the commands. `for await (const command of monitor)` does the same.
   *
   * @returns An iterator over commands in the order of their execution; it ends when the monitor or its
   * client is closed.
   * @throws As {@link nextCommand}, except for closing.
   */
  listen(): ItemIterator<MonitoredCommand> {
    checkArity("listen", 0, arguments, "the returned iterator");
    const self = this[SELF];
    const reader = { stopped: false };
    const closings = self.#closings;
    const next = async (): Promise<IteratorResult<MonitoredCommand, undefined>> => {
      const isOver = reader.stopped || closings !== self.#closings;
      const value = isOver ? closedError() : await self.#take(reader);
      if (!(value instanceof RedisError)) return { done: false, value };
      if (value.code !== "ECLOSED" && !reader.stopped) return rejectWithCallerStack(value);
      reader.stopped = true;
      return { done: true, value: undefined };
    };
    return {
      next,
      return: async () => {
        reader.stopped = true;
        self.#session?.queue.release(reader);
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  [Symbol.asyncIterator](): ItemIterator<MonitoredCommand> {
    return this.listen();
  }

  /** Stop monitoring, and close the connection. Iterators end; the monitor may be used again. */
  async close(): Promise<void> {
    checkArity("close", 0, arguments);
    const self = this[SELF];
    self.#closings++;
    self.#session?.close(closedError());
    self.#forgetSession();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Return the next command, or the error that ended the session. */
  async #take(reader: { readonly stopped: boolean }): Promise<MonitoredCommand | RedisError> {
    const session = await this.#currentSession();
    if (reader.stopped) return closedError();
    const command = await session.queue.take({ timeout: Number.POSITIVE_INFINITY, reader });
    if (command !== undefined) return command;
    session.isReported = session.error !== undefined;
    return session.endError();
  }

  /** Return the session, or start another when the end of the last one was reported. */
  #currentSession(): Promise<MonitorSession> {
    if (this.#session?.isReported === true) this.#forgetSession();
    this.#starting ??= this.#startSession();
    return this.#starting;
  }

  async #startSession(): Promise<MonitorSession> {
    const closings = this.#closings;
    try {
      const lease = await this.#leaseProvider.lease();
      if (closings !== this.#closings) {
        lease.release();
        throw closedError();
      }
      // The connection may have been lost since the lease was granted; this is the first chance to report it.
      if (!lease.alive) throw lostBeforeStart(lease);
      const session = new MonitorSession(lease);
      this.#session = session;
      await session.ready;
      return session;
    } catch (error) {
      if (closings === this.#closings) this.#forgetSession();
      throw error;
    }
  }

  #forgetSession(): void {
    this.#starting = undefined;
    this.#session = undefined;
  }
}
