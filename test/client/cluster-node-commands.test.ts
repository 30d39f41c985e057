/** Commands about single nodes of a real cluster: subscriptions, statistics, slots, connections and logs. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  ClusterDownError,
  type ClusterNode,
  DataError,
  RedisCluster,
  ResponseError,
  SlotNotCoveredError,
} from "../../src/index.js";
import type { TestCluster } from "../../src/testing/index.js";
import { startCluster } from "../support/cluster.js";
import { errorOf } from "../support/settle.js";
import { until } from "../support/until.js";

let servers: TestCluster;
let cluster: RedisCluster;
let nodes: [ClusterNode, ClusterNode, ClusterNode];

beforeAll(async () => {
  servers = await startCluster({ primaries: 3 });
  cluster = new RedisCluster({ startupNodes: servers.addresses, requireFullCoverage: false });
  await cluster.connect();
  nodes = cluster.getPrimaries() as [ClusterNode, ClusterNode, ClusterNode];
});
afterAll(async () => {
  await cluster.close();
  await servers.stop();
});

const at = (node: ClusterNode) => cluster.with({ targetNodes: node });
/** Return a key that a node serves. */
function keyAt({ name }: ClusterNode): string {
  for (let i = 0; ; i++) if (cluster.getNodeFromKey(`key:${i}`).name === name) return `key:${i}`;
}
const everywhere = () => cluster.with({ targetNodes: "all" });

describe("PUBSUB CHANNELS, NUMSUB and NUMPAT", () => {
  it("return the subscriptions of each node by name", async () => {
    const subscribers = nodes.map((node) => cluster.pubsub({ node }));
    for (const [i, subscriber] of subscribers.entries()) {
      await subscriber.subscribe("shared", `own:${i}`);
      await subscriber.psubscribe("shared*");
    }
    const channels = await everywhere().pubsubChannels("own:*");
    const counts = await everywhere().pubsubNumsub("shared");
    const patterns = await everywhere().pubsubNumpat();
    for (const [i, { name }] of nodes.entries()) {
      expect(channels.get(name)).toEqual([`own:${i}`]);
      expect(counts.get(name)).toEqual([["shared", 1]]);
      expect(patterns.get(name)).toBe(1);
    }
    for (const subscriber of subscribers) await subscriber.close();
  });
});

describe("CLUSTER commands for a chosen node", () => {
  it("describe that node (MYID, INFO, NODES, SLOTS, LINKS)", async () => {
    const infos = await everywhere().clusterInfo();
    expect([...infos.values()].map((info) => info.cluster_state)).toEqual(["ok", "ok", "ok"]);
    for (const node of nodes) {
      const id = await at(node).clusterMyid();
      const self = (await at(node).clusterNodes()).find(({ flags }) => flags.includes("myself"));
      expect(self).toMatchObject({ nodeId: id });
      expect(await at(node).clusterSlots()).toHaveLength(3);
      expect(await at(node).clusterLinks()).toHaveLength(4);
    }
  });

  it("count and list the keys of a slot (KEYSLOT, COUNTKEYSINSLOT, GETKEYSINSLOT)", async () => {
    const node = cluster.getNodeFromKey("foo") as ClusterNode;
    await cluster.mset({ "{foo}1": 1, "{foo}2": 2 });
    expect(await at(node).clusterKeyslot("foo")).toBe(cluster.keyslot("foo"));
    expect(await at(node).clusterCountkeysinslot(12_182)).toBe(2);
    expect((await at(node).clusterGetkeysinslot(12_182, 5)).sort()).toEqual(["{foo}1", "{foo}2"]);
    await cluster.flushall();
  });

  it("take a slot away, whose commands reject until it is given back (DELSLOTS, ADDSLOTS)", async () => {
    await using impatient = new RedisCluster({
      startupNodes: servers.addresses,
      requireFullCoverage: false,
      clusterErrorRetryAttempts: 1,
    });
    await impatient.set("foo", "1");
    const node = cluster.getNodeFromKey("foo") as ClusterNode;
    expect(await at(node).clusterDelslots(12_182)).toBe(true);
    const error = await errorOf(impatient.exists("foo"));
    expect(error instanceof ClusterDownError || error instanceof SlotNotCoveredError).toBe(true);
    expect(await at(node).clusterAddslots(12_182)).toBe(true);
    const isBack = () => impatient.exists("foo").catch(() => 0);
    await until(async () => (await isBack()) === 1, { message: "the slot is not served again" });
  });
});

describe("CLUSTER SETSLOT for a chosen node", () => {
  it("begins the import and the migration of a slot, and STABLE ends both", async () => {
    const slot = cluster.keyslot("foo");
    const source = cluster.getNodeFromKey("foo") as ClusterNode;
    const [target = source] = nodes.filter(({ name }) => name !== source.name);
    const markers = async () => {
      const lists = await Promise.all([source, target].map((node) => at(node).clusterNodes()));
      const own = lists.flat().filter(({ flags }) => flags.includes("myself"));
      return own.flatMap(({ migrations }) => migrations);
    };
    const [sourceId, targetId] = [await at(source).clusterMyid(), await at(target).clusterMyid()];
    expect(await at(target).clusterSetslot(slot, "IMPORTING", sourceId)).toBe(true);
    expect(await at(source).clusterSetslot(slot, "MIGRATING", targetId)).toBe(true);
    expect(await markers()).toHaveLength(2);
    for (const node of [source, target])
      expect(await at(node).clusterSetslot(slot, "STABLE")).toBe(true);
    expect(await markers()).toEqual([]);
  });
});

describe("commands about one server", () => {
  it("reset the statistics of all nodes (CONFIG RESETSTAT, INFO)", async () => {
    for (let i = 0; i < 20; i++) await everywhere().ping();
    const counts = async (): Promise<number[]> =>
      [...(await everywhere().info("stats")).values()].map((info) =>
        Number(info.total_commands_processed),
      );
    expect(Math.min(...(await counts()))).toBeGreaterThan(20);
    expect(await cluster.configResetstat()).toBe(true);
    expect(Math.max(...(await counts()))).toBeLessThan(20);
  });

  it("concern the connections of that node (CLIENT ID, INFO, LIST, KILL)", async () => {
    const [node] = nodes;
    await using client = cluster.getRedisConnection(node).client();
    expect(await client.clientSetname("named")).toBe(true);
    expect(await client.clientGetname()).toBe("named");
    const id = await client.clientId();
    expect((await client.clientInfo()).id).toBe(id);
    const named = (await at(node).clientList()).filter(({ name }) => name === "named");
    expect(named.map((entry) => entry.id)).toEqual([id]);
    expect(await at(node).clientKillFilter({ id })).toBe(1);
    expect(await at(node).clientList()).not.toContainEqual(expect.objectContaining({ id }));
  });

  it("pause its clients, and release those that block (CLIENT PAUSE, UNPAUSE, UNBLOCK)", async () => {
    const [node] = nodes;
    expect(await at(node).clientPause(10_000, { all: false })).toBe(true);
    expect(await at(node).clientUnpause()).toBe(true);
    expect(await errorOf(at(node).clientPause(1.5))).toBeInstanceOf(DataError);
    const own = await at(node).clientId();
    expect(await at(node).clientUnblock(own)).toBe(false);
    const key = keyAt(node);
    const blocked = cluster.blpop(key, 10);
    const isBlocked = async () =>
      (await at(node).clientList()).find(({ flags }) => String(flags).includes("b"));
    const { id } = await until(isBlocked);
    expect(await at(node).clientUnblock(Number(id))).toBe(true);
    expect(await blocked).toBeNull();
  });

  it("report the tracking of a connection, which needs a connection alone (CLIENT TRACKING, TRACKINGINFO, GETREDIR)", async () => {
    const [node] = nodes;
    expect(await at(node).clientGetredir()).toBe(-1);
    expect((await at(node).clientTrackinginfo()).flags).toEqual(["off"]);
    const refused = await errorOf(at(node).executeCommand("CLIENT TRACKING", "ON"));
    expect(refused).toBeInstanceOf(DataError);
    expect(refused.message).toContain("client()");
    await using client = cluster.getRedisConnection(node).client();
    const own = await client.clientId();
    expect(await client.clientTrackingOn({ prefix: ["foo", "bar"], bcast: true })).toBe(true);
    expect((await client.clientTrackinginfo()).prefixes).toEqual(["bar", "foo"]);
    expect(await client.clientTrackingOff()).toBe(true);
    expect(await client.clientTrackingOn({ clientId: own })).toBe(true);
    expect(await client.clientGetredir()).toBe(own);
    expect(await client.clientTrackingOff()).toBe(true);
    expect(await errorOf(client.clientTrackingOn({ prefix: ["foo"] } as never))).toBeInstanceOf(
      DataError,
    );
  });

  it("read the logs and the memory of that node (SLOWLOG, ACL LOG, MEMORY USAGE, MEMORY STATS)", async () => {
    const [node] = nodes;
    await cluster.configSet({ "slowlog-log-slower-than": 0 });
    await cluster.slowlogReset();
    await at(node).echo("slow");
    expect(await cluster.slowlogLen()).toBeGreaterThan(0);
    const commands = (await at(node).slowlogGet()).map(({ command }) => command);
    expect(commands).toContain("ECHO slow");
    await cluster.configSet({ "slowlog-log-slower-than": 10_000 });
    expect(await at(node).aclLog()).toEqual([]);
    await cluster.set("measured", "1");
    expect(await cluster.memoryUsage("measured")).toBeGreaterThan(0);
    expect((await at(node).memoryStats())["keys.count"]).toBeTypeOf("number");
  });

  it("pass a command without its key to a node, whose error they reject with", async () => {
    const error = await errorOf(cluster.executeCommand("GET"));
    expect(error).toBeInstanceOf(ResponseError);
    expect(error.message).toContain("wrong number of arguments");
  });
});
