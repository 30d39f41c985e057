/**
 * Opens the connections of one pool, with a backoff after failures. Attempts that fail together count as
 * one failure, and no attempt starts during the backoff. After a failure that waiting cannot mend, requests
 * are not kept waiting, and the next attempt is delayed all the same.
 */
import type { AddressSource } from "../connection/address-source.js";
import type { Connection } from "../connection/connection.js";
import {
  asRedisError,
  CLOSED_BY_SERVER,
  connectionClosed,
  isPermanent,
} from "../connection/errors.js";
import { exchange, type InternalCommand } from "../connection/internal-request.js";
import type { ConnectionOwner } from "../connection/owner.js";
import type { Request } from "../connection/request.js";
import { baseAttributes, CONNECT, traced } from "../diagnostics/channels.js";
import type { RedisError } from "../errors.js";
import type { Address } from "../options/address.js";
import type { Settings } from "../options/types.js";
import type { Reply } from "../protocol/reply.js";
import { outsideContext } from "../util/async-context.js";
import { startImmediate, startTimer, type Timer } from "../util/timers.js";
import { Pacer } from "./pacer.js";

/** Class of connections: {@link Connection} or a class derived from it. */
export type ConnectionClass = new (...args: ConstructorParameters<typeof Connection>) => Connection;

/** The pool, as its connector uses it. */
export interface ConnectorOwner extends ConnectionOwner<Connection> {
  /** A connection is ready. */
  onOpened(connection: Connection): void;
  /** The backoff has elapsed; attempts may start. */
  onBackoffElapsed(): void;
  /** Attempt number `attempt` since the last connection follows after a pause of `delay` ms. */
  onReconnecting?(attempt: number, delay: number, error?: RedisError): void;
  /** No attempt follows: the retry policy allows none, or waiting cannot mend the error. */
  onRetriesExhausted(error: RedisError): void;
}

/** What a connector needs. */
export interface ConnectorDependencies {
  readonly settings: Settings;
  readonly source: AddressSource;
  readonly connectionClass: ConnectionClass;
}

/** Opens connections, with a backoff after failures. */
export class Connector {
  readonly #dependencies: ConnectorDependencies;
  readonly #owner: ConnectorOwner;
  /** Every pending attempt, with its address once that is resolved. */
  readonly #attempts = new Map<AbortController, Address | undefined>();
  #failures = 0;
  /** How often attempts were cancelled from outside. */
  #stops = 0;
  #lastError: RedisError | undefined = undefined;
  #backoffTimer: Timer | undefined = undefined;
  /** The last failure that waiting cannot mend. */
  #refusal: RedisError | undefined = undefined;
  #rejection: Timer | undefined = undefined;
  readonly #refusalPacer = new Pacer();

  constructor(dependencies: ConnectorDependencies, owner: ConnectorOwner) {
    this.#dependencies = dependencies;
    this.#owner = owner;
  }

  /** Number of pending attempts. */
  get pending(): number {
    return this.#attempts.size;
  }

  /** Why the last attempt failed, if none has succeeded since. */
  get lastError(): RedisError | undefined {
    return this.#lastError;
  }

  /** Whether the backoff after a failure has not elapsed yet. */
  get pausing(): boolean {
    return this.#backoffTimer !== undefined || this.refusal !== undefined;
  }

  /** Whether the last attempt failed: one attempt at a time is enough then. */
  get failing(): boolean {
    return this.#failures !== 0 || this.#refusal !== undefined;
  }

  /** The error for requests that need a connection during the pause after a permanent failure. */
  get refusal(): RedisError | undefined {
    return this.#refusal !== undefined && this.#refusalPacer.pausing ? this.#refusal : undefined;
  }

  /** Start one attempt. */
  connect(): void {
    if (this.#failures === 0 && this.#attempts.size === 0) this.#owner.onReconnecting?.(1, 0);
    const attempt = new AbortController();
    this.#attempts.set(attempt, undefined);
    // A connection serves all callers, so it must not keep the context of the first one.
    outsideContext(() => this.#start(attempt));
  }

  /**
   * Reject what waits for a connection, after one turn of the event loop: callers that repeat a refused
   * call without a pause must not block it.
   */
  rejectWaiting(): void {
    this.#rejection ??= startImmediate(() => {
      this.#rejection = undefined;
      const { refusal } = this;
      if (refusal === undefined) this.#owner.onBackoffElapsed();
      else this.#owner.onRetriesExhausted(refusal);
    });
  }

  #start(attempt: AbortController): void {
    // A retry policy is code of the user and may throw.
    const onBroken = (error: unknown): void =>
      this.#owner.onRetriesExhausted(asRedisError(error, this.#dependencies.source.description));
    this.#connect(attempt)
      .then(
        (connection) => {
          // The attempt was cancelled just before the connection was ready.
          if (!this.#attempts.delete(attempt)) return connection.destroy(attempt.signal.reason);
          if (connection.state !== "ready") return this.#onFailed(endedEarly(connection));
          this.#forgetFailures();
          this.#forgetRefusals();
          this.#owner.onOpened(connection);
        },
        (error: unknown) => {
          if (!this.#attempts.delete(attempt) || attempt.signal.aborted) return;
          this.#onFailed(asRedisError(error, this.#dependencies.source.description));
        },
      )
      .catch(onBroken);
  }

  /** Cancel every attempt, and end the backoff. */
  stop(error: RedisError): void {
    this.abandon(() => true, error);
  }

  /** Cancel attempts to matching addresses and to unresolved ones, and end the backoff. */
  abandon(matches: (address: Address) => boolean, error: RedisError): void {
    for (const [attempt, address] of [...this.#attempts]) {
      if (address !== undefined && !matches(address)) continue;
      this.#attempts.delete(attempt);
      attempt.abort(error);
    }
    this.#stops++;
    this.#backoffTimer?.cancel();
    this.#backoffTimer = undefined;
    this.#forgetFailures();
    this.#forgetRefusals();
  }

  /** Cancel all attempts except the `keep` oldest. */
  trim(keep: number, error: RedisError): void {
    for (const attempt of [...this.#attempts.keys()].slice(keep)) {
      this.#attempts.delete(attempt);
      attempt.abort(error);
    }
  }

  /** Create an unconnected connection, for the pool's inspect string. */
  sample(): Connection {
    const { settings, connectionClass } = this.#dependencies;
    return new connectionClass(settings, settings.address, this.#owner);
  }

  async #connect(attempt: AbortController): Promise<Connection> {
    const { signal } = attempt;
    const { settings, source, connectionClass } = this.#dependencies;
    // The pool calls this in the middle of a decision; the source may do I/O, so it follows the decision.
    await Promise.resolve();
    signal.throwIfAborted();
    const address = await source.resolve(signal);
    signal.throwIfAborted();
    this.#attempts.set(attempt, address);
    const connection = new connectionClass(settings, address, this.#owner);
    const onAbort = (): void => connection.destroy(signal.reason as RedisError);
    signal.addEventListener("abort", onAbort);
    try {
      await traced(
        CONNECT,
        () => baseAttributes(connection.address, settings.db),
        () => connection.open(),
      );
      const ask = (command: InternalCommand): Promise<Reply> => runCommand(connection, command);
      await source.verify?.({ address, signal, ask });
      if (connection.state !== "ready") throw endedEarly(connection);
      return connection;
    } catch (thrown) {
      const error = asRedisError(thrown, connection.server);
      connection.destroy(error);
      if (!signal.aborted) source.report?.(address, error);
      throw error;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  #onFailed(error: RedisError): void {
    this.#lastError = error;
    if (this.pausing) return;
    const { retry } = this.#dependencies.settings;
    this.#failures++;
    if (isPermanent(error) && !retry.covers(error)) return this.#refuse(error);
    const stops = this.#stops;
    const pause = retry.next(this.#failures, error);
    // The policy is code of the user, which may have called disconnect().
    if (stops !== this.#stops) return;
    if (typeof pause !== "number") {
      this.#forgetFailures();
      return this.#owner.onRetriesExhausted(pause);
    }
    this.#owner.onReconnecting?.(this.#failures + 1, pause, error);
    this.#backoffTimer = startTimer(pause, () => {
      this.#backoffTimer = undefined;
      this.#owner.onBackoffElapsed();
      // No request waits for a connection; the next one starts with a fresh count of failures.
      if (this.#attempts.size === 0) this.#forgetFailures();
    });
  }

  #refuse(error: RedisError): void {
    this.#forgetFailures();
    this.#refusal = error;
    this.#refusalPacer.pause();
    this.#owner.onRetriesExhausted(error);
  }

  #forgetRefusals(): void {
    this.#refusal = undefined;
    this.#refusalPacer.reset();
  }

  #forgetFailures(): void {
    this.#failures = 0;
    this.#lastError = undefined;
    this.#dependencies.settings.retry.reset();
  }
}

/**
 * The error for a connection that ended between its last reply and its use: a pool that took it would keep
 * it for ever, because a connection reports its end once.
 */
function endedEarly(connection: Connection): RedisError {
  const error = connectionClosed(CLOSED_BY_SERVER, connection.server);
  error.outcome = "not-sent";
  return error;
}

/** Run a command on a connection that is not in the pool yet; an error reply is returned. */
async function runCommand(connection: Connection, command: InternalCommand): Promise<Reply> {
  const { socketTimeout } = connection.settings;
  // The server may have closed the connection since the last command; no reply would arrive then.
  if (connection.state !== "ready") throw connectionClosed(CLOSED_BY_SERVER, connection.server);
  const send = (request: Request): void => connection.send(request);
  const [reply = null] = await exchange([command], socketTimeout, send);
  return reply;
}
