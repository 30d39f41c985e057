/**
 * The cache of a client, as programs see it, and the parts that the client executes its commands with.
 */
import type { Settings } from "../options/types.js";
import type { ConnectionSet } from "../pool/connection-set.js";
import type { ConnectionPool } from "../pool/pool.js";
import { defineSelf, SELF } from "../util/self.js";
import { checkArity } from "../util/validate.js";
import { CachingExecutor } from "./caching-executor.js";
import { ObservedLeases } from "./observed-leases.js";
import { type CacheStats, ReadCache, type ReadCacheSettings } from "./read-cache.js";

/**
 * The client-side cache of a client, `redis.cache`. All views of the client share it.
 *
 * @see {@link https://redis.io/docs/latest/develop/reference/client-side-caching/ | Client-side caching}
 */
export class ClientCache {
  /** @internal */ static readonly name: string = "ClientCache";
  /** @internal */
  declare protected readonly [SELF]: this;
  readonly #cache: ReadCache;

  /** Only clients create caches. */
  constructor(...created: never);
  /** @internal */
  constructor(cache: ReadCache);
  constructor(cache: ReadCache) {
    defineSelf(this);
    this.#cache = cache;
  }

  /**
   * Return what the cache has done since the client was created, and its size.
   *
   * @returns A new object with `hits`, `misses`, `shared`, `evictions`, `invalidations`, `flushes`, `entries` and
   * `bytes`; see {@link CacheStats}.
   */
  stats(): CacheStats {
    checkArity("stats", 0, arguments);
    return this[SELF].#cache.stats;
  }

  /** Remove all replies; reads under way are not kept either. */
  clear(): void {
    checkArity("clear", 0, arguments);
    this[SELF].#cache.clear();
  }
}

/** What the clients of one pool with a cache execute their commands with. */
export interface CacheParts {
  readonly cache: ClientCache;
  readonly executor: CachingExecutor;
  readonly leases: ObservedLeases;
}

/** By the connections of a pool: its clients share a cache, because they share its connections. */
const PARTS = new WeakMap<ConnectionSet, CacheParts>();

function hasCache(settings: Settings): settings is Settings & ReadCacheSettings {
  return settings.cache !== undefined;
}

/** Return the cache of a pool and its parts; `undefined` when the pool has none. */
export function cacheOf(pool: ConnectionPool): CacheParts | undefined {
  const { settings, connections } = pool;
  if (!hasCache(settings)) return undefined;
  const known = PARTS.get(connections);
  if (known !== undefined) return known;
  const cache = new ReadCache(settings, (request) => pool.execute(request));
  connections.follow(cache.lanes);
  const parts = {
    cache: new ClientCache(cache),
    executor: new CachingExecutor(pool, cache),
    leases: new ObservedLeases(pool, cache),
  };
  PARTS.set(connections, parts);
  return parts;
}
