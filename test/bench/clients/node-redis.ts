/** Adapter of node-redis; its pipelining of concurrent commands is always on. */
import type { Adapter, Target } from "./adapter.js";

interface NodeRedis {
  connect(): Promise<unknown>;
  get(key: string): Promise<unknown>;
  set(key: string, value: string | Buffer): Promise<unknown>;
  mGet(keys: string[]): Promise<unknown>;
  lRange(key: string, start: number, stop: number): Promise<unknown>;
  hGetAll(key: string): Promise<unknown>;
  zRangeWithScores(key: string, start: number, stop: number): Promise<unknown>;
  xRange(key: string, start: string, stop: string): Promise<unknown>;
  multi(): Batch;
  withTypeMapping(mapping: Record<number, unknown>): NodeRedis;
  close(): Promise<void>;
}

interface Batch {
  get(key: string): Batch;
  set(key: string, value: string): Batch;
  execAsPipeline(): Promise<unknown>;
}

interface Module {
  createClient(options: object): NodeRedis;
  readonly RESP_TYPES: { readonly BLOB_STRING: number };
}

// In a variable, because the benchmark must compile where the peers are not installed.
const PACKAGE: string = "redis";

export async function openNodeRedis(target: Target): Promise<Adapter> {
  const { createClient, RESP_TYPES } = (await import(PACKAGE)) as Module;
  const { host, port, path, ca } = target;
  const tls = ca === undefined ? {} : { tls: true, ca };
  const redis = createClient({ socket: path === undefined ? { host, port, ...tls } : { path } });
  await redis.connect();
  const binary = redis.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  return {
    get: (key) => redis.get(key),
    set: (key, value) => redis.set(key, value),
    getBytes: (key) => binary.get(key),
    setBytes: (key, value) => redis.set(key, value),
    mget: (keys) => redis.mGet(keys),
    lrange: (key) => redis.lRange(key, 0, -1),
    hgetall: (key) => redis.hGetAll(key),
    zrangeWithScores: (key) => redis.zRangeWithScores(key, 0, -1),
    xrange: (key) => redis.xRange(key, "-", "+"),
    pipelineGet: (keys) => {
      const batch = redis.multi();
      for (const key of keys) batch.get(key);
      return batch.execAsPipeline();
    },
    pipelineSet: (keys, value) => {
      const batch = redis.multi();
      for (const key of keys) batch.set(key, value);
      return batch.execAsPipeline();
    },
    close: () => redis.close(),
  };
}
