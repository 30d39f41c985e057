/**
 * Reads at the replicas of a real cluster: which nodes execute them, and that none is rejected while replicas are
 * frozen, lose their connections, are promoted or die.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { keySlot } from "../../src/commands/core/key-slot.js";
import { type ClusterNodeDetail, Redis, RedisCluster } from "../../src/index.js";
import { startCluster, type TestCluster, type TestClusterNode } from "../../src/testing/index.js";
import { until } from "../support/until.js";

const KEY = "{read}key";
const SLOT = keySlot(KEY, "utf8");

let servers: TestCluster;
let cluster: RedisCluster;
let primary: TestClusterNode;
let replica: TestClusterNode;

/** Run work with a client of one node. */
async function at<V>(node: TestClusterNode, work: (redis: Redis) => Promise<V>): Promise<V> {
  await using redis = new Redis(node.host, node.port);
  return await work(redis);
}

/** Number of GET that a node has executed. */
async function gets(node: TestClusterNode): Promise<number> {
  const stats: Record<string, unknown> = await at(node, (redis) => redis.info("commandstats"));
  return (stats.cmdstat_get as { calls: number } | undefined)?.calls ?? 0;
}

/** The node that replicates the owner of the key. */
async function findReplica(): Promise<TestClusterNode> {
  const isOwn = async (node: TestClusterNode): Promise<boolean> => {
    const role = await at(node, (redis) => redis.role());
    return role.role === "slave" && role.port === primary.port;
  };
  const found = await Promise.all(
    servers.nodes.map(async (node) => ((await isOwn(node)) ? [node] : [])),
  );
  const [node] = found.flat();
  if (node === undefined) throw new Error("no replica");
  return node;
}

/** Read all the time, eight at once, until the work has ended; every read must return the value. */
async function readDuring(work: () => Promise<unknown>): Promise<number> {
  let isOver = false;
  let count = 0;
  const reader = async (): Promise<void> => {
    while (!isOver) {
      expect(await cluster.get(KEY)).toBe("value");
      count++;
    }
  };
  const reading = Promise.all(Array.from({ length: 8 }, reader));
  try {
    // A rejected read ends the work, which might wait for reads.
    await Promise.race([work(), reading]);
  } finally {
    isOver = true;
  }
  await reading;
  return count;
}

/** Wait until the replica has executed more reads than before. */
async function readAgain(node: TestClusterNode): Promise<void> {
  const before = await gets(node);
  await until(async () => (await gets(node)) > before + 5, { message: "no reads" });
}

/** Whether all primaries have marked the node as failed, so that their views are without it. */
async function isFailed(node: TestClusterNode): Promise<boolean> {
  const marks = await cluster.with({ targetNodes: "primaries" }).clusterNodes();
  const isMarked = ({ port, flags }: ClusterNodeDetail) =>
    port === node.port && flags.includes("fail");
  return [...marks.values()].every((details) => [...details.values()].flat().some(isMarked));
}

/** Have the client ask for another view: it loses idle connections to the primaries of the other shards. */
async function refreshView(): Promise<void> {
  const ports = cluster.getPrimaries().map(({ port }) => port);
  const others = servers.nodes.filter(({ port }) => ports.includes(port) && port !== primary.port);
  const kill = (redis: Redis) => redis.clientKillFilter({ type: "normal", skipMe: true });
  await Promise.all(others.map((node) => at(node, kill)));
}

beforeAll(async () => {
  servers = await startCluster({ primaries: 3, replicas: 3 });
});
afterAll(async () => {
  await servers?.stop();
});
beforeEach(async () => {
  primary = await servers.ownerOf(SLOT);
  replica = await findReplica();
  cluster = new RedisCluster(servers.url, {
    loadBalancingStrategy: "round_robin_replicas",
    socketTimeout: 1500,
  });
  await cluster.set(KEY, "value");
  await until(async () => (await cluster.get(KEY)) === "value");
});
afterEach(async () => {
  await cluster.close();
});

describe("reads of a cluster client at replicas", () => {
  it("are executed by replicas only, or by all nodes of the shard in turn", async () => {
    const before = [await gets(primary), await gets(replica)];
    for (let i = 0; i < 100; i++) await cluster.get(KEY);
    const between = [await gets(primary), await gets(replica)];
    expect(between.map((count, i) => count - (before[i] ?? 0))).toEqual([0, 100]);
    const all = cluster.with({ loadBalancingStrategy: "round_robin" });
    for (let i = 0; i < 100; i++) await all.get(KEY);
    const after = [await gets(primary), await gets(replica)];
    expect(after.map((count, i) => count - (between[i] ?? 0))).toEqual([50, 50]);
  });

  it("use connections with the flag of READONLY, also after these were killed", async () => {
    const flags = async (): Promise<string[]> => {
      const clients = await at(replica, (redis) => redis.clientList({ type: "normal" }));
      return clients.map((client) => String(client.flags)).filter((text) => text.includes("r"));
    };
    expect(await flags()).toHaveLength(1);
    const count = await readDuring(async () => {
      await at(replica, (redis) => redis.clientKillFilter({ type: "normal", skipMe: true }));
      await readAgain(replica);
    });
    expect(count).toBeGreaterThan(0);
    expect(await flags()).toHaveLength(1);
  });

  it("are executed by the primary while the replica is frozen", async () => {
    await readDuring(async () => {
      const before = await gets(primary);
      replica.pause();
      await until(async () => (await gets(primary)) > before + 20, { message: "no reads" });
      replica.resume();
      await readAgain(replica);
    });
  });

  it("go to a replica again that the nodes had marked as failed, in a client that only reads", async () => {
    await readDuring(async () => {
      replica.pause();
      await until(async () => await isFailed(replica), { message: "not marked as failed" });
      await refreshView();
      await until(() => cluster.getReplicas().every(({ port }) => port !== replica.port), {
        message: "the replica is still part of the view",
      });
      replica.resume();
      await readAgain(replica);
    });
  });

  it("are not rejected during a failover, after which the former primary executes them", async () => {
    await readDuring(async () => {
      await servers.failover(primary);
      // A replica that becomes the primary goes on answering reads, so only a write is redirected.
      await cluster.set(KEY, "value");
      await readAgain(primary);
    });
  });

  it("are executed by the primary after the replica was killed", async () => {
    await readDuring(async () => {
      await readAgain(replica);
      const before = await gets(primary);
      replica.kill("SIGKILL");
      await until(async () => (await gets(primary)) > before + 20, { message: "no reads" });
    });
  });
});
