/**
 * Adapters of rediswire: its cluster client, and one plain client per node whose caller computes the slots. The
 * second shows what routing costs.
 */
import { pathToFileURL } from "node:url";
import { DIST } from "../paths.js";
import { type ClusterAdapter, fill } from "./adapter.js";
import { groupByNode, readSlots, slotOf } from "./data.js";

interface Batch {
  get(key: string): Batch;
  set(key: string, value: string): Batch;
  exec(): Promise<unknown[]>;
}

/** The measured part of the public API; structural, so that this compiles without a build. */
interface Client {
  get(key: string): Promise<unknown>;
  set(key: string, value: string): Promise<unknown>;
  pipeline(options: { transaction: boolean }): Batch;
  connect(): Promise<unknown>;
}

interface Module {
  readonly Redis: new (options: object) => Client;
  readonly RedisCluster: new (host: string, port: number) => Client;
}

async function load(entry: string): Promise<Module> {
  return (await import(pathToFileURL(entry).href)) as Module;
}

/** Open the cluster client of a build. */
export async function openCluster(ports: readonly number[], entry = DIST): Promise<ClusterAdapter> {
  const { RedisCluster } = await load(entry);
  const cluster = new RedisCluster("127.0.0.1", ports[0] ?? 0);
  await cluster.connect();
  return {
    get: (key) => cluster.get(key),
    set: (key, value) => cluster.set(key, value),
    pipeline: (keys, value) => {
      const batch = cluster.pipeline({ transaction: false });
      fill(batch, keys, value);
      return batch.exec();
    },
  };
}

/** Open one plain client per node. */
export async function openSplit(ports: readonly number[]): Promise<ClusterAdapter> {
  const { Redis } = await load(DIST);
  const owners = await readSlots(ports[0] ?? 0, ports);
  const clients = ports.map((port) => new Redis({ host: "127.0.0.1", port }));
  await Promise.all(clients.map((client) => client.connect()));
  const nodeOf = (key: string): Client => clients[owners[slotOf(key)] as number] as Client;
  return {
    get: (key) => nodeOf(key).get(key),
    set: (key, value) => nodeOf(key).set(key, value),
    pipeline: async (keys, value) => {
      const replies: unknown[] = [];
      const send = async (positions: number[]): Promise<void> => {
        const batch = nodeOf(keys[positions[0] ?? 0] ?? "").pipeline({ transaction: false });
        fill(batch, keys, value, positions);
        const part = await batch.exec();
        for (const [i, position] of positions.entries()) replies[position] = part[i];
      };
      await Promise.all(groupByNode(keys, owners).map(send));
      return replies;
    },
  };
}
