/**
 * The state of a client, and how it is created from the constructor's arguments.
 */

import { type CacheParts, cacheOf } from "../cache/client-cache.js";
import { DataError } from "../errors.js";
import { CallSettings, type ResponseCallback } from "../execution/call-settings.js";
import type { Executor } from "../execution/executor.js";
import { collectOptions } from "../options/constructor-arguments.js";
import type { Settings } from "../options/types.js";
import { type BatchSenders, serverBatchSenders } from "../pipeline/batch-sender.js";
import type { ConnectionEvents } from "../pool/connection-events.js";
import type { LeaseProvider } from "../pool/lease.js";
import type { ConnectionStatus } from "../pool/observed-pool.js";
import type { PoolOptions } from "../pool/options.js";
import { ConnectionPool } from "../pool/pool.js";
import { ownProperties } from "../util/own.js";
import { checkArity } from "../util/validate.js";
import { retainOptimizedShapes } from "./jit-retention.js";

/** Options of a client. */
export interface ClientOptions extends PoolOptions {
  /** Existing pool to use; connection options are ignored then, and `close()` does not close the pool. */
  readonly connectionPool?: ConnectionPool | undefined;
}

/** The arguments of a constructor: host, host and port, URL, or options alone. */
export type RedisArguments =
  | [options?: ClientOptions]
  | [target: string | URL, options?: ClientOptions]
  | [host: string, port?: number, options?: ClientOptions];

/** The connections of a client: a pool, or the pools of the nodes of a cluster. Its text names them. */
export interface ClientConnections {
  readonly settings: Settings;
  /** Whether they lead to several servers; absent for one. */
  readonly severalServers?: true;
  readonly status: ConnectionStatus;
  readonly events: ConnectionEvents;
  disconnect(): void;
}

/** Key of the accessor of a client's {@link ClientDependencies}. */
export const DEPENDENCIES: unique symbol = Symbol("dependencies");

/** The objects a client works with. */
export interface ClientDependencies {
  readonly pool: ClientConnections;
  /** Executes the client's commands. */
  readonly executor: Executor;
  /** How its pipelines and transactions send their commands. */
  readonly senders: BatchSenders;
  /** Provides connections for exclusive use: pub/sub, MONITOR, WATCH, `client()`. */
  readonly leaseProvider: LeaseProvider;
  readonly call: CallSettings;
  /** Whether closing the client closes the executor. */
  readonly ownsExecutor: boolean;
  /** The cache of the pool; absent without one. */
  readonly cache?: CacheParts | undefined;
  /** See jit-retention.ts. */
  readonly retained: readonly unknown[];
}

/** Passed to the constructor instead of options when a client creates another. */
export class InternalConstructorArgument {
  readonly dependencies: ClientDependencies;
  constructor(dependencies: ClientDependencies) {
    this.dependencies = dependencies;
  }
}

/**
 * Create the dependencies of a new client.
 *
 * @param args - The arguments of its constructor.
 * @param callbacks - Response callbacks of its class.
 * @throws DataError for an invalid argument or option.
 */
export function dependenciesFrom(
  args: RedisArguments,
  callbacks: Readonly<Record<string, ResponseCallback>>,
): ClientDependencies {
  checkArity("Redis", 3, args, "promises");
  const collected = collectOptions<ClientOptions>(...(args as [string, number]));
  const { connectionPool, ...others } = collected;
  const options = ownProperties(others);
  const pool = connectionPool ?? new ConnectionPool(options);
  if (!(pool instanceof ConnectionPool)) {
    throw new DataError('option "connectionPool" must be a ConnectionPool', { code: "EINVAL" });
  }
  const cache = cacheOf(pool);
  if (cache === undefined && options.cache !== undefined && options.cache !== false) {
    throw new DataError('option "cache" belongs to the ConnectionPool when there is one');
  }
  // With an existing pool the options of calls still apply.
  const { decodeResponses, integers } = options;
  const settings = { decodeResponses, integers };
  const call = new CallSettings(pool.settings, settings, upperCased(callbacks));
  const senders = serverBatchSenders(pool.settings);
  const executor = cache?.executor ?? pool;
  const leaseProvider = cache?.leases ?? pool;
  return {
    pool,
    executor,
    senders,
    leaseProvider,
    call,
    ownsExecutor: connectionPool === undefined,
    cache,
    retained: retainOptimizedShapes({ executor, leaseProvider, call, senders }),
  };
}

/** Return response callbacks by upper-case command name. */
export function upperCased(
  callbacks: Readonly<Record<string, ResponseCallback>>,
): Map<string, ResponseCallback> {
  const entries = Object.entries(callbacks);
  return new Map(entries.map(([name, callback]) => [name.toUpperCase(), callback]));
}
