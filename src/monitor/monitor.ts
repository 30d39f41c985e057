/**
 * Owns MONITOR: a connection of its own on which the server tells of every command it executes. The
 * connection is taken at the first use. When it is lost whoever reads is told; the next use begins
 * anew, for nobody can say what happened between.
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
import { AsyncQueue } from "../util/async-queue.js";
import { rejectWithCallerStack } from "../util/caller-stack.js";
import { type MonitoredCommand, malformedLine, parseMonitorLine } from "./monitored-command.js";

const MONITOR = internalCommand("MONITOR");
/** Unread commands at which the socket is not read any more, until half of them are. */
const HIGH_WATER_MARK = 1000;

function closed(): ConnectionError {
  return new ConnectionError("The Monitor was closed", { code: "ECLOSED", command: "MONITOR" });
}

function lostBefore({ connection }: Lease): ConnectionError {
  const { server } = connection;
  const details = { code: "ECONNCLOSED", command: "MONITOR", server, outcome: "not-sent" } as const;
  return new ConnectionError("The connection was lost", details);
}

/** One connection in MONITOR mode, and what it told. */
class MonitorSession {
  readonly inbox: AsyncQueue<MonitoredCommand>;
  /** Settles when the server has agreed, or not. */
  readonly ready: Promise<void>;
  /** How it ended. */
  error: RedisError | undefined = undefined;
  /** Whether somebody knows that it ended. */
  told = false;
  readonly #lease: Lease;
  readonly #connection: Connection;
  readonly #flow: ReadControl;
  readonly #timer: NodeJS.Timeout | undefined;
  #settle: ((error?: RedisError) => void) | undefined;

  constructor(lease: Lease) {
    this.#lease = lease;
    this.#connection = lease.connection;
    this.#flow = new ReadControl(lease.connection);
    this.inbox = new AsyncQueue<MonitoredCommand>({
      live: () => this.error === undefined,
      onTaken: () => this.#balance(),
      isDroppable: () => false,
    });
    this.ready = new Promise((resolve) => {
      this.#settle = (error) =>
        resolve(error === undefined ? undefined : rejectWithCallerStack(error));
    });
    lease.onLost = (error) => this.#end(error);
    this.#connection.pushMode = TEXT | INLINE_ERRORS | LONG_LINES;
    this.#connection.onUnsolicited = (value) => this.#receive(value);
    this.#timer = this.#startTimer();
    this.#flow.hold(true);
    this.#connection.post(MONITOR, []);
  }

  /** Why there is nothing more, as a new error for each who asks. */
  get because(): RedisError {
    const { error = closed() } = this;
    if (error.code === "ECLOSED") return closed();
    if (error instanceof TimeoutError) return timeoutError(error.server ?? "", MONITOR.name);
    return error.outcome === undefined && error instanceof ResponseError
      ? error
      : lostRequestError(MONITOR, error);
  }

  /** End it. */
  close(error: RedisError): void {
    this.#lease.onLost = undefined;
    this.#end(error);
    this.#lease.discard();
  }

  #startTimer(): NodeJS.Timeout | undefined {
    const { server, settings } = this.#connection;
    if (settings.socketTimeout === 0) return undefined;
    const giveUp = (): void => this.#connection.destroy(timeoutError(server, MONITOR.name));
    return setTimeout(giveUp, settings.socketTimeout);
  }

  #receive(value: Reply): void {
    if (this.error !== undefined) return;
    if (this.#settle !== undefined) this.#begin(value);
    else if (typeof value === "string") this.#keep(value);
    else if (value instanceof DecodeError) this.inbox.push(value);
    else this.#doubt(malformedLine());
  }

  #begin(value: Reply): void {
    if (value === "OK") return this.#agreed();
    const failed = "MONITOR failed: the server did not answer OK";
    const refusal = value instanceof RedisError ? value : new InvalidResponse(failed);
    refusal.command = MONITOR.name;
    refusal.server = this.#connection.server;
    this.close(refusal);
  }

  #agreed(error?: RedisError): void {
    clearTimeout(this.#timer);
    this.#settle?.(error);
    this.#settle = undefined;
  }

  #keep(line: string): void {
    try {
      this.inbox.push(parseMonitorLine(line));
    } catch (error) {
      return this.#doubt(error as InvalidResponse);
    }
    this.#balance();
  }

  #doubt(cause: InvalidResponse): void {
    const details = { code: "EPROTO", server: this.#connection.server, cause };
    this.#connection.destroy(new ConnectionError("The server sent an invalid reply", details));
  }

  #balance(): void {
    const { size } = this.inbox;
    if (size >= HIGH_WATER_MARK) this.#flow.read(false);
    else if (size <= HIGH_WATER_MARK / 2) this.#flow.read(true);
  }

  #end(error: RedisError): void {
    this.error = error;
    this.#flow.stop();
    this.#agreed(this.because);
    this.inbox.end();
  }
}

/**
 * Tells of every command the server executes, whoever sends it. Made by `redis.monitor()`; keeps the
 * process alive from its first use until it is closed.
 *
 * @see {@link https://redis.io/docs/latest/commands/monitor/ | MONITOR}
 */
export class Monitor {
  readonly #leaser: LeaseProvider;
  #beginning: Promise<MonitorSession> | undefined = undefined;
  #watch: MonitorSession | undefined = undefined;
  /** Counts the closings, so that what was begun before one does not go on after it. */
  #closings = 0;

  /** @internal */
  constructor(leaser: LeaseProvider) {
    this.#leaser = leaser;
  }

  /**
   * Begin now, instead of when a command is first waited for.
   *
   * @returns When the server has agreed: whatever it executes from then on is told.
   * @throws As {@link nextCommand}, also while commands from before a loss are unread.
   */
  async start(): Promise<void> {
    const watch = await this.#begun();
    if (watch.error === undefined) return;
    watch.told = watch.inbox.empty;
    return rejectWithCallerStack(watch.because);
  }

  /**
   * Wait for the next command.
   *
   * @returns When the server has executed one.
   * @throws {@link ConnectionError} when the connection is lost, or the monitor closed, meanwhile;
   * what the server says when it refuses.
   */
  async nextCommand(): Promise<MonitoredCommand> {
    const command = await this.#take({ left: false });
    return command instanceof RedisError ? rejectWithCallerStack(command) : command;
  }

  /**
   * Read command after command: `for await (const command of monitor)` does the same.
   *
   * @returns Commands as they are executed; ends when the monitor or its client is closed.
   * @throws {@link ConnectionError} when the connection is lost.
   */
  listen(): AsyncIterableIterator<MonitoredCommand, undefined> {
    const reader = { left: false };
    const closings = this.#closings;
    const next = async (): Promise<IteratorResult<MonitoredCommand, undefined>> => {
      const over = reader.left || closings !== this.#closings;
      const value = over ? closed() : await this.#take(reader);
      if (!(value instanceof RedisError)) return { done: false, value };
      if (value.code !== "ECLOSED" && !reader.left) return rejectWithCallerStack(value);
      reader.left = true;
      return { done: true, value: undefined };
    };
    return {
      next,
      return: async () => {
        reader.left = true;
        this.#watch?.inbox.release(reader);
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<MonitoredCommand, undefined> {
    return this.listen();
  }

  /** End it, and close its connection; loops over its commands end. */
  async close(): Promise<void> {
    this.#closings++;
    this.#watch?.close(closed());
    this.#forget();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The next command, or why there is none. */
  async #take(reader: { readonly left: boolean }): Promise<MonitoredCommand | RedisError> {
    const watch = await this.#begun();
    if (reader.left) return closed();
    const command = await watch.inbox.take({ timeout: Number.POSITIVE_INFINITY, reader });
    if (command !== undefined) return command;
    watch.told = watch.error !== undefined;
    return watch.because;
  }

  /** What is being watched; anew when somebody knows of the end of the last. */
  #begun(): Promise<MonitorSession> {
    if (this.#watch?.told === true) this.#forget();
    this.#beginning ??= this.#begin();
    return this.#beginning;
  }

  async #begin(): Promise<MonitorSession> {
    const closings = this.#closings;
    try {
      const lease = await this.#leaser.lease();
      if (closings !== this.#closings) {
        lease.release();
        throw closed();
      }
      // Nobody was told when it was lost between being granted and being taken.
      if (!lease.alive) throw lostBefore(lease);
      const watch = new MonitorSession(lease);
      this.#watch = watch;
      await watch.ready;
      return watch;
    } catch (error) {
      if (closings === this.#closings) this.#forget();
      throw error;
    }
  }

  #forget(): void {
    this.#beginning = undefined;
    this.#watch = undefined;
  }
}
