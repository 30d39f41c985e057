/**
 * The options of connection pools.
 */
import type { AddressSource } from "../connection/address-source.js";
import type { RedisOptions } from "../options/types.js";
import type { ConnectionClass } from "./connector.js";

/** Parts of a pool that can be replaced. */
export interface PoolDependencies {
  /** Class of the connections; default `Connection`. */
  readonly connectionClass?: ConnectionClass | undefined;
  /** Decides which server to connect to; default the address in the options. */
  readonly addressSource?: AddressSource | undefined;
}

/** Options of a pool: those of its connections, and the parts that can be replaced. */
export interface PoolOptions extends RedisOptions, PoolDependencies {}
