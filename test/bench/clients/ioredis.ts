/** Adapter of ioredis, with and without automatic pipelining. */
import { once } from "node:events";
import type { Adapter, Target } from "./adapter.js";

interface IoRedis extends NodeJS.EventEmitter {
  get(key: string): Promise<unknown>;
  set(key: string, value: string | Buffer): Promise<unknown>;
  getBuffer(key: string): Promise<unknown>;
  mget(keys: string[]): Promise<unknown>;
  lrange(key: string, start: number, stop: number): Promise<unknown>;
  hgetall(key: string): Promise<unknown>;
  zrange(key: string, start: number, stop: number, withScores: string): Promise<unknown>;
  xrange(key: string, start: string, stop: string): Promise<unknown>;
  pipeline(): Batch;
  quit(): Promise<unknown>;
}

interface Batch {
  get(key: string): Batch;
  set(key: string, value: string): Batch;
  exec(): Promise<unknown>;
}

interface Module {
  readonly Redis: new (options: object) => IoRedis;
}

// In a variable, because the benchmark must compile where the peers are not installed.
const PACKAGE: string = "ioredis";

export async function openIoredis(target: Target, options: object = {}): Promise<Adapter> {
  const { Redis } = (await import(PACKAGE)) as Module;
  const { ca, ...where } = target;
  const redis = new Redis({ ...where, ...(ca === undefined ? {} : { tls: { ca } }), ...options });
  await once(redis, "ready");
  return {
    get: (key) => redis.get(key),
    set: (key, value) => redis.set(key, value),
    getBytes: (key) => redis.getBuffer(key),
    setBytes: (key, value) => redis.set(key, value),
    mget: (keys) => redis.mget(keys),
    lrange: (key) => redis.lrange(key, 0, -1),
    hgetall: (key) => redis.hgetall(key),
    zrangeWithScores: (key) => redis.zrange(key, 0, -1, "WITHSCORES"),
    xrange: (key) => redis.xrange(key, "-", "+"),
    pipelineGet: (keys) => {
      const batch = redis.pipeline();
      for (const key of keys) batch.get(key);
      return batch.exec();
    },
    pipelineSet: (keys, value) => {
      const batch = redis.pipeline();
      for (const key of keys) batch.set(key, value);
      return batch.exec();
    },
    close: async () => {
      await redis.quit();
    },
  };
}
