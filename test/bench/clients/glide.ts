/** Adapter of valkey-glide: a native core with its own threads behind a Node interface. */
import { type Adapter, type Target, Unsupported } from "./adapter.js";

interface Glide {
  get(key: string, options?: object): Promise<unknown>;
  set(key: string, value: string | Buffer): Promise<unknown>;
  mget(keys: string[]): Promise<unknown>;
  lrange(key: string, start: number, stop: number): Promise<unknown>;
  hgetall(key: string): Promise<unknown>;
  zrangeWithScores(key: string, range: object): Promise<unknown>;
  xrange(key: string, start: string, end: string): Promise<unknown>;
  exec(batch: GlideBatch, raiseOnError: boolean): Promise<unknown>;
  close(): void;
}

interface GlideBatch {
  get(key: string): GlideBatch;
  set(key: string, value: string): GlideBatch;
}

interface Module {
  readonly GlideClient: { createClient(options: object): Promise<Glide> };
  readonly Batch: new (isAtomic: boolean) => GlideBatch;
  readonly Decoder: { readonly Bytes: unknown };
  readonly InfBoundary: { readonly NegativeInfinity: string; readonly PositiveInfinity: string };
}

// In a variable, because the benchmark must compile where the peers are not installed.
const PACKAGE: string = "@valkey/valkey-glide";
/** Its default of 250 ms is less than a busy 1,000-caller round may take here. */
const TIMEOUT_MS = 10_000;
/** Its default of 1,000 would be reached by 1,000 callers. */
const INFLIGHT_LIMIT = 10_000;

export async function openGlide(target: Target): Promise<Adapter> {
  const { host, port, path, ca } = target;
  if (path !== undefined) throw new Unsupported("valkey-glide has no unix sockets");
  const { GlideClient, Batch, Decoder, InfBoundary } = (await import(PACKAGE)) as Module;
  const tls = { tlsAdvancedConfiguration: { rootCertificates: ca } };
  const redis = await GlideClient.createClient({
    addresses: [{ host, port }],
    ...(ca === undefined ? {} : { useTLS: true, advancedConfiguration: tls }),
    requestTimeout: TIMEOUT_MS,
    inflightRequestsLimit: INFLIGHT_LIMIT,
  });
  const bytes = { decoder: Decoder.Bytes };
  const all = { start: 0, end: -1 };
  return {
    get: (key) => redis.get(key),
    set: (key, value) => redis.set(key, value),
    getBytes: (key) => redis.get(key, bytes),
    setBytes: (key, value) => redis.set(key, value),
    mget: (keys) => redis.mget(keys),
    lrange: (key) => redis.lrange(key, 0, -1),
    hgetall: (key) => redis.hgetall(key),
    zrangeWithScores: (key) => redis.zrangeWithScores(key, all),
    xrange: (key) => redis.xrange(key, InfBoundary.NegativeInfinity, InfBoundary.PositiveInfinity),
    pipelineGet: (keys) => {
      const batch = new Batch(false);
      for (const key of keys) batch.get(key);
      return redis.exec(batch, true);
    },
    pipelineSet: (keys, value) => {
      const batch = new Batch(false);
      for (const key of keys) batch.set(key, value);
      return redis.exec(batch, true);
    },
    close: async () => redis.close(),
  };
}
