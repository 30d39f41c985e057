/** Adapters of the cluster clients of the peers. */
import { once } from "node:events";
import { type ClusterAdapter, fill } from "./adapter.js";
import { groupByNode, readSlots } from "./data.js";

interface Commands {
  get(key: string): Promise<unknown>;
  set(key: string, value: string): Promise<unknown>;
}

interface Batch {
  get(key: string): unknown;
  set(key: string, value: string): unknown;
}

interface IoRedis {
  readonly Cluster: new (
    nodes: object[],
    options: object,
  ) => NodeJS.EventEmitter & Commands & { pipeline(): Batch & { exec(): Promise<unknown[]> } };
}

interface NodeRedis {
  createCluster(options: object): Commands & { connect(): Promise<unknown> };
}

interface Glide {
  readonly GlideClusterClient: {
    createClient(
      options: object,
    ): Promise<Commands & { exec(batch: Batch, raiseOnError: boolean): Promise<unknown> }>;
  };
  readonly ClusterBatch: new (isAtomic: boolean) => Batch;
}

// In variables, because the benchmark must compile where the peers are not installed.
const IOREDIS: string = "ioredis";
const NODE_REDIS: string = "redis";
const GLIDE: string = "@valkey/valkey-glide";
const HOST = "127.0.0.1";
/** Its default of 250 ms is less than a busy 1,000-caller round may take here. */
const TIMEOUT_MS = 10_000;
/** Its default of 1,000 would be reached by 1,000 callers. */
const INFLIGHT_LIMIT = 10_000;

/** Open ioredis. It refuses pipelines over several nodes, so the caller creates one for each node. */
export async function openIoredisCluster(
  ports: readonly number[],
  options: object = {},
): Promise<ClusterAdapter> {
  const { Cluster } = (await import(IOREDIS)) as IoRedis;
  const owners = await readSlots(ports[0] ?? 0, ports);
  const cluster = new Cluster(
    ports.map((port) => ({ host: HOST, port })),
    options,
  );
  await once(cluster, "ready");
  return {
    get: (key) => cluster.get(key),
    set: (key, value) => cluster.set(key, value),
    pipeline: async (keys, value) => {
      const replies: unknown[] = [];
      const send = async (positions: number[]): Promise<void> => {
        const batch = cluster.pipeline();
        fill(batch, keys, value, positions);
        const part = await batch.exec();
        for (const [i, position] of positions.entries()) replies[position] = part[i];
      };
      await Promise.all(groupByNode(keys, owners).map(send));
      return replies;
    },
  };
}

/** Open node-redis. It has no pipelines over several nodes; commands issued together are pipelined. */
export async function openNodeRedisCluster(ports: readonly number[]): Promise<ClusterAdapter> {
  const { createCluster } = (await import(NODE_REDIS)) as NodeRedis;
  const cluster = createCluster({
    rootNodes: ports.map((port) => ({ url: `redis://${HOST}:${port}` })),
  });
  await cluster.connect();
  return {
    get: (key) => cluster.get(key),
    set: (key, value) => cluster.set(key, value),
    pipeline: (keys, value) => {
      return Promise.all(
        keys.map((key, i) => ((i & 1) === 0 ? cluster.set(key, value) : cluster.get(key))),
      );
    },
  };
}

/** Open valkey-glide. */
export async function openGlideCluster(ports: readonly number[]): Promise<ClusterAdapter> {
  const { GlideClusterClient, ClusterBatch } = (await import(GLIDE)) as Glide;
  const cluster = await GlideClusterClient.createClient({
    addresses: ports.map((port) => ({ host: HOST, port })),
    requestTimeout: TIMEOUT_MS,
    inflightRequestsLimit: INFLIGHT_LIMIT,
  });
  return {
    get: (key) => cluster.get(key),
    set: (key, value) => cluster.set(key, value),
    pipeline: (keys, value) => {
      const batch = new ClusterBatch(false);
      fill(batch, keys, value);
      return cluster.exec(batch, true);
    },
  };
}
