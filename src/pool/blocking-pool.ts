/**
 * The pool that lets callers wait for a connection when it is full, instead of rejecting them.
 */

import { SELF } from "../util/self.js";
import { checkArity, invalidOption, kindOf, ownOptions } from "../util/validate.js";
import type { PoolOptions } from "./options.js";
import { ConnectionPool } from "./pool.js";

/** Options of a blocking pool. */
export interface BlockingPoolOptions extends PoolOptions {
  /**
   * Longest wait for a connection in milliseconds, for uses that need an exclusive connection: blocking commands,
   * `client()`, WATCH, subscribers and monitors. Default 20000; 0 or `null` for no limit. Ordinary
   * commands wait for `socketTimeout` instead.
   */
  readonly timeout?: number | null | undefined;
}

const DEFAULT_CONNECTIONS = 50;
const DEFAULT_TIMEOUT = 20_000;

function timeoutOf(timeout: number | null | undefined): number {
  const given = timeout === undefined ? DEFAULT_TIMEOUT : (timeout ?? 0);
  if (typeof given === "number" && given >= 0 && Number.isFinite(given)) return given;
  const got = typeof given === "number" ? String(given) : kindOf(given);
  throw invalidOption("timeout", "a number of milliseconds, at least 0", got);
}

/**
 * A {@link ConnectionPool} that lets callers wait for a free connection when `maxConnections` (default
 * 50) are open. Blocking commands and leases reject with {@link ConnectionError} after `timeout` (default 20
 * seconds); ordinary commands wait for `socketTimeout`.
 */
export class BlockingConnectionPool extends ConnectionPool {
  /** @internal */ static override readonly name: string = "BlockingConnectionPool";
  readonly #timeout: number;

  /**
   * Create a pool. Does no I/O.
   *
   * @param options - Options of the connections, `maxConnections` and `timeout`.
   * @throws DataError for an unknown option or an invalid value.
   */
  constructor(options: BlockingPoolOptions = {}) {
    checkArity("BlockingConnectionPool", 1, arguments, "promises");
    const { timeout, ...rest } = ownOptions(options);
    super({ maxConnections: DEFAULT_CONNECTIONS, ...rest });
    this.#timeout = timeoutOf(timeout);
  }

  protected override get waitsWhenFull(): boolean {
    return true;
  }

  protected override get leaseTimeout(): number {
    return this[SELF].#timeout;
  }
}
