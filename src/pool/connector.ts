/**
 * Owns the making of connections: how many are under way, and the pauses after failures. Several
 * attempts that fail together count as one failure, and nobody dials during a pause.
 */

import type { AddressSource } from "../connection/address-source.js";
import type { Connection, ConnectionOwner } from "../connection/connection.js";
import { asRedisError, CLOSED_BY_SERVER, connectionClosed } from "../connection/errors.js";
import { type InternalCommand, InternalRequest } from "../connection/internal-request.js";
import { baseAttributes, CONNECT, traced } from "../diagnostics/channels.js";
import type { RedisError } from "../errors.js";
import type { Address } from "../options/address.js";
import type { Settings } from "../options/types.js";
import type { Reply } from "../protocol/reply.js";

/** Makes connections; {@link Connection}, or a class derived from it. */
export type ConnectionClass = new (...args: ConstructorParameters<typeof Connection>) => Connection;

/** Whom a dialer works for. */
export interface ConnectorOwner extends ConnectionOwner {
  /** A connection is ready. */
  onOpened(connection: Connection): void;
  /** A pause is over. */
  onBackoffElapsed(): void;
  /** The retry policy gives up. */
  onRetriesExhausted(error: RedisError): void;
}

/** Parts of a dialer. */
export interface ConnectorDependencies {
  readonly settings: Settings;
  readonly source: AddressSource;
  readonly connectionClass: ConnectionClass;
}

/** Makes connections and paces the attempts. */
export class Connector {
  readonly #parts: ConnectorDependencies;
  readonly #owner: ConnectorOwner;
  /** Every attempt, and where it leads once that is known. */
  readonly #attempts = new Map<AbortController, Address | undefined>();
  #failures = 0;
  /** Why the last attempt of the present series failed. */
  #lastError: RedisError | undefined = undefined;
  #pause: NodeJS.Timeout | undefined = undefined;

  constructor(parts: ConnectorDependencies, owner: ConnectorOwner) {
    this.#parts = parts;
    this.#owner = owner;
  }

  /** Number of connections under way. */
  get pending(): number {
    return this.#attempts.size;
  }

  /** Why there is no connection yet, as far as that is known. */
  get lastError(): RedisError | undefined {
    return this.#lastError;
  }

  /** Whether a pause after a failure is on. */
  get pausing(): boolean {
    return this.#pause !== undefined;
  }

  /** Start making one connection. */
  connect(): void {
    const attempt = new AbortController();
    this.#attempts.set(attempt, undefined);
    this.#connect(attempt).then(
      (connection) => {
        // Stopped in the very moment it was ready: nobody is to have it any more.
        if (!this.#attempts.delete(attempt)) return connection.destroy(attempt.signal.reason);
        this.#forgetFailures();
        this.#owner.onOpened(connection);
      },
      (error: unknown) => {
        if (!this.#attempts.delete(attempt) || attempt.signal.aborted) return;
        this.#failed(asRedisError(error, this.#parts.source.description));
      },
    );
  }

  /** End every attempt and every pause. */
  stop(error: RedisError): void {
    this.abandon(() => true, error);
  }

  /** End the pause, and attempts that lead to some addresses, or may do so. */
  abandon(isLeft: (address: Address) => boolean, error: RedisError): void {
    for (const [attempt, address] of [...this.#attempts]) {
      if (address !== undefined && !isLeft(address)) continue;
      this.#attempts.delete(attempt);
      attempt.abort(error);
    }
    clearTimeout(this.#pause);
    this.#pause = undefined;
    this.#forgetFailures();
  }

  /** End the attempts begun last, beyond `wanted`: nobody waits for them any more. */
  trim(wanted: number, error: RedisError): void {
    for (const attempt of [...this.#attempts.keys()].slice(wanted)) {
      this.#attempts.delete(attempt);
      attempt.abort(error);
    }
  }

  /** An unconnected connection, to show what the others look like. */
  sample(): Connection {
    const { settings, connectionClass } = this.#parts;
    return new connectionClass(settings, settings.address, this.#owner);
  }

  async #connect(attempt: AbortController): Promise<Connection> {
    const { signal } = attempt;
    const { settings, source, connectionClass } = this.#parts;
    const address = await source.resolve(signal);
    signal.throwIfAborted();
    this.#attempts.set(attempt, address);
    const connection = new connectionClass(settings, address, this.#owner);
    const giveUp = (): void => connection.destroy(signal.reason as RedisError);
    signal.addEventListener("abort", giveUp);
    try {
      await traced(
        CONNECT,
        () => baseAttributes(address, settings.db),
        () => connection.open(),
      );
      const ask = (command: InternalCommand): Promise<Reply> => askOn(connection, command);
      await source.verify?.({ address, signal, ask });
      return connection;
    } catch (thrown) {
      const error = asRedisError(thrown, connection.server);
      connection.destroy(error);
      if (!signal.aborted) source.failed?.(address, error);
      throw error;
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }

  #failed(error: RedisError): void {
    this.#lastError = error;
    if (this.pausing) return;
    const { retry } = this.#parts.settings;
    this.#failures++;
    if (!retry.allows(this.#failures) || !retry.isSupported(error)) {
      this.#forgetFailures();
      return this.#owner.onRetriesExhausted(error);
    }
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#owner.onBackoffElapsed();
      // Nobody is left who waits: whoever comes next begins a series of their own.
      if (this.#attempts.size === 0) this.#forgetFailures();
    }, retry.delay(this.#failures));
  }

  #forgetFailures(): void {
    this.#failures = 0;
    this.#lastError = undefined;
    this.#parts.settings.retry.reset();
  }
}

/** Ask on a connection nobody has yet. */
function askOn(connection: Connection, command: InternalCommand): Promise<Reply> {
  return new Promise((resolve, failed) => {
    const done = ([reply = null]: Reply[]): void => resolve(reply);
    const { socketTimeout } = connection.settings;
    // Between two questions the server may have ended it, and then nobody would ever answer.
    if (connection.state !== "ready")
      return failed(connectionClosed(CLOSED_BY_SERVER, connection.server));
    connection.send(new InternalRequest([command], socketTimeout, { done, failed }));
  });
}
