/** The clients with a client-side cache, by their name in `CLIENTS`. The baseline is rediswire without a cache. */
import { pathToFileURL } from "node:url";
import type { Target } from "../clients/adapter.js";
import { DIST } from "../paths.js";
import type { CacheAdapter, CacheClient } from "./adapter.js";

/** The measured part of the public API; structural, so that this compiles without a build. */
interface Rediswire {
  get(key: string): Promise<unknown>;
  hgetall(key: string): Promise<unknown>;
  connect(): Promise<unknown>;
  readonly cache: { stats(): { readonly hits: number } } | undefined;
}

interface Module {
  readonly Redis: new (options: object) => Rediswire;
}

async function openRediswire(target: Target, cache: boolean, entry = DIST): Promise<CacheAdapter> {
  const { Redis } = (await import(pathToFileURL(entry).href)) as Module;
  const redis = new Redis({ host: target.host, port: target.port, cache });
  await redis.connect();
  return {
    get: (key) => redis.get(key),
    hgetall: (key) => redis.hgetall(key),
    hits: () => redis.cache?.stats().hits ?? 0,
  };
}

interface NodeRedis {
  connect(): Promise<unknown>;
  get(key: string): Promise<unknown>;
  hGetAll(key: string): Promise<unknown>;
}

interface NodeRedisModule {
  createClient(options: object): NodeRedis;
  readonly BasicClientSideCache: new (
    options: object,
  ) => { stats(): { readonly hitCount: number } };
}

// In a variable, because the benchmark must compile where the peers are not installed.
const NODE_REDIS: string = "redis";

async function openNodeRedis({ host, port }: Target): Promise<CacheAdapter> {
  const { createClient, BasicClientSideCache } = (await import(NODE_REDIS)) as NodeRedisModule;
  const cache = new BasicClientSideCache({ ttl: 0, maxEntries: 10_000, evictPolicy: "LRU" });
  const redis = createClient({ socket: { host, port }, RESP: 3, clientSideCache: cache });
  await redis.connect();
  return {
    get: (key) => redis.get(key),
    hgetall: (key) => redis.hGetAll(key),
    hits: () => cache.stats().hitCount,
  };
}

/** Every client with a cache, and rediswire without one. */
export const CACHE_CLIENTS: Readonly<Record<string, CacheClient>> = {
  rediswire: {
    title: "rediswire",
    isCached: true,
    open: (target) => openRediswire(target, true),
  },
  "rediswire-other": {
    title: "rediswire, another build",
    isCached: true,
    open: (target) => openRediswire(target, true, process.env.REDISWIRE_BENCH_OTHER),
  },
  "node-redis": { title: "node-redis", isCached: true, open: openNodeRedis },
  floor: {
    title: "without cache",
    isCached: false,
    open: (target) => openRediswire(target, false),
  },
};

/** Look a client up by its name. */
export function cacheClientNamed(name: string): CacheClient {
  const entry = CACHE_CLIENTS[name];
  if (entry === undefined) throw new Error(`no client with a cache ${name}`);
  return entry;
}
