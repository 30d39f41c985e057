/**
 * Owns the pool that makes callers wait at its limit instead of refusing them.
 */
import { DataError } from "../errors.js";
import { ConnectionPool, type PoolOptions } from "./pool.js";

/** Options of a blocking pool. */
export interface BlockingPoolOptions extends PoolOptions {
  /**
   * Number, ms: longest wait for a connection of one's own, as blocking commands, `client()`, WATCH and
   * subscribers need one; default 20000, 0 or `null` for no limit. Ordinary commands wait as long as
   * `socketTimeout` says.
   */
  readonly timeout?: number | null | undefined;
}

const DEFAULT_CONNECTIONS = 50;
const DEFAULT_TIMEOUT = 20_000;

function timeoutOf(timeout: number | null | undefined): number {
  const given = timeout === undefined ? DEFAULT_TIMEOUT : (timeout ?? 0);
  if (typeof given === "number" && given >= 0 && Number.isFinite(given)) return given;
  throw new DataError("`timeout` must be a number of milliseconds, 0 or more", { code: "EINVAL" });
}

/** A pool whose callers wait for a free connection, 20 seconds and 50 connections by default. */
export class BlockingConnectionPool extends ConnectionPool {
  readonly #timeout: number;

  constructor(options: BlockingPoolOptions = {}) {
    const { timeout, ...rest } = options;
    super({ maxConnections: DEFAULT_CONNECTIONS, ...rest });
    this.#timeout = timeoutOf(timeout);
  }

  protected override get waitsWhenFull(): boolean {
    return true;
  }

  protected override get leaseTimeout(): number {
    return this.#timeout;
  }
}
