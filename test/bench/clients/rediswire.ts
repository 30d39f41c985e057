/** Adapter of rediswire: the built package, loaded as users load it. */
import { pathToFileURL } from "node:url";
import { DIST } from "../paths.js";
import type { Adapter, Target } from "./adapter.js";

/** The measured part of the public API; structural, so that this compiles without a build. */
interface Rediswire {
  get(key: string): Promise<unknown>;
  set(key: string, value: string | Buffer): Promise<unknown>;
  mget(keys: string[]): Promise<unknown>;
  lrange(key: string, start: number, stop: number): Promise<unknown>;
  hgetall(key: string): Promise<unknown>;
  zrange(key: string, start: number, stop: number, options: object): Promise<unknown>;
  xrange(key: string, start: string, stop: string): Promise<unknown>;
  pipeline(options: { transaction: boolean }): Batch;
  connect(): Promise<unknown>;
  close(): Promise<void>;
}

interface Batch {
  get(key: string): Batch;
  set(key: string, value: string): Batch;
  exec(): Promise<unknown>;
}

interface Module {
  readonly Redis: new (options: object) => Rediswire;
}

/**
 * Open rediswire.
 *
 * @param target - The server.
 * @param options - Client options that differ from the defaults.
 * @param entry - The built entry file.
 */
export async function openRediswire(
  target: Target,
  options: object = {},
  entry = DIST,
): Promise<Adapter> {
  const { Redis } = (await import(pathToFileURL(entry).href)) as Module;
  const where = placeOf(target);
  const redis = new Redis({ ...where, ...options });
  const binary = new Redis({ ...where, ...options, decodeResponses: false });
  await Promise.all([redis.connect(), binary.connect()]);
  return {
    get: (key) => redis.get(key),
    set: (key, value) => redis.set(key, value),
    getBytes: (key) => binary.get(key),
    setBytes: (key, value) => binary.set(key, value),
    mget: (keys) => redis.mget(keys),
    lrange: (key) => redis.lrange(key, 0, -1),
    hgetall: (key) => redis.hgetall(key),
    zrangeWithScores: (key) => redis.zrange(key, 0, -1, { withScores: true }),
    xrange: (key) => redis.xrange(key, "-", "+"),
    pipelineGet: (keys) => {
      const batch = redis.pipeline({ transaction: false });
      for (const key of keys) batch.get(key);
      return batch.exec();
    },
    pipelineSet: (keys, value) => {
      const batch = redis.pipeline({ transaction: false });
      for (const key of keys) batch.set(key, value);
      return batch.exec();
    },
    close: async () => {
      await Promise.all([redis.close(), binary.close()]);
    },
  };
}

function placeOf({ host, port, path, ca }: Target): object {
  if (path !== undefined) return { unixSocketPath: path };
  return ca === undefined ? { host, port } : { host, port, tls: { ca } };
}
