/**
 * Owns what a client is made of, and how that comes out of a constructor's arguments.
 */

import { DataError } from "../errors.js";
import { CallSettings, type ResponseCallback } from "../execution/call-settings.js";
import type { Executor } from "../execution/executor.js";
import type { NoOptions } from "../execution/reply-types.js";
import { collectOptions } from "../options/constructor-arguments.js";
import type { PoolOptions } from "../pool/options.js";
import { ConnectionPool } from "../pool/pool.js";
import { retainOptimizedShapes } from "./jit-retention.js";

/** Options of a client. */
export interface ClientOptions extends PoolOptions {
  /** A pool to use instead of one of the client's own; options of connections are ignored then. */
  readonly connectionPool?: ConnectionPool | undefined;
}

/** The arguments of a constructor: host, host and port, URL, or options alone. */
export type RedisArguments<O extends ClientOptions = NoOptions> =
  | [options?: O]
  | [target: string | URL, options?: O]
  | [host: string, port?: number, options?: O];

/** What a client is made of. */
export interface ClientDependencies {
  readonly pool: ConnectionPool;
  readonly executor: Executor;
  readonly call: CallSettings;
  readonly callbacks: Map<string, ResponseCallback>;
  /** Whether closing the client closes the pool. */
  readonly ownsPool: boolean;
  /** See kept.ts. */
  readonly retained: readonly unknown[];
}

/** The inside of a client, given to the constructor instead of options when a client makes another. */
export class InternalConstructorArgument {
  readonly dependencies: ClientDependencies;
  constructor(parts: ClientDependencies) {
    this.dependencies = parts;
  }
}

/**
 * Make the parts of a new client.
 *
 * @param args - As its constructor got them.
 * @param table - Conversions of its class.
 */
export function dependenciesFrom(
  args: RedisArguments,
  table: Readonly<Record<string, ResponseCallback>>,
): ClientDependencies {
  const callbacks = upperCased(table);
  const given = collectOptions<ClientOptions>(...(args as [string, number]));
  const { connectionPool, ...options } = given;
  const pool = connectionPool ?? new ConnectionPool(options);
  if (!(pool instanceof ConnectionPool)) {
    throw new DataError("`connectionPool` must be a ConnectionPool", { code: "EINVAL" });
  }
  // Beside a pool the options of connections mean nothing, those of calls still do.
  const { decodeResponses, integers } = options;
  const call = new CallSettings(pool.settings, { decodeResponses, integers }, callbacks);
  const owner = connectionPool === undefined;
  return {
    pool,
    executor: pool,
    call,
    callbacks,
    ownsPool: owner,
    retained: retainOptimizedShapes(pool, call),
  };
}

function upperCased(table: Readonly<Record<string, ResponseCallback>>) {
  const entries = Object.entries(table);
  return new Map(entries.map(([name, callback]) => [name.toUpperCase(), callback]));
}
