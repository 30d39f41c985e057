/** The methods of a cluster client about its nodes: what they return, and which node commands without keys go to. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RedisCluster } from "../../src/cluster/cluster.js";
import { ClusterNode } from "../../src/cluster/options.js";
import {
  ClusterCrossSlotError,
  DataError,
  MovedError,
  RedisClusterException,
  SlotNotCoveredError,
} from "../../src/errors.js";
import { clientOf } from "../support/cluster-router.js";
import {
  type ScriptedCluster,
  type ScriptedNode,
  scriptedCluster,
} from "../support/scripted-cluster.js";
import { errorOf } from "../support/settle.js";
import { watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

let scripted: ScriptedCluster;
let a: ScriptedNode;
let b: ScriptedNode;
let replicaOfA: ScriptedNode;
let cluster: RedisCluster;

beforeEach(async () => {
  scripted = await scriptedCluster(2, { replicas: 1 });
  [a, b, replicaOfA] = scripted.nodes as [ScriptedNode, ScriptedNode, ScriptedNode];
  cluster = clientOf(scripted);
  for (const node of scripted.nodes) node.always("PUBLISH", ":0\r\n");
});
afterEach(async () => {
  await cluster.close();
  await scripted[Symbol.asyncDispose]();
});

const namesOf = (nodes: readonly ClusterNode[]): string[] => nodes.map(({ name }) => name).sort();
const names = (...nodes: readonly ScriptedNode[]): string[] => namesOf(nodes as never);
const receivers = (name: string): ScriptedNode[] =>
  scripted.nodes.filter((node) => node.received(name).length !== 0);

describe("the nodes of a cluster client", () => {
  it("are unknown before the client has connected", () => {
    expect([cluster.getNodes(), cluster.getPrimaries(), cluster.getReplicas()]).toEqual([
      [],
      [],
      [],
    ]);
    expect([cluster.getNode(a.name), cluster.getDefaultNode()]).toEqual([null, null]);
    expect(() => cluster.getRandomNode()).toThrow(RedisClusterException);
    expect(() => cluster.getRandomPrimaryNode()).toThrow(/await connect\(\)/);
    expect(() => cluster.getNodeFromKey("k")).toThrow(SlotNotCoveredError);
    expect(() => cluster.getRedisConnection(new ClusterNode(a.host, a.port))).toThrow(
      /known before connect\(\)/,
    );
    expect(cluster.setDefaultNode([a.host, a.port])).toBe(false);
  });

  it("are returned by role after connect()", async () => {
    await cluster.connect();
    expect(namesOf(cluster.getNodes())).toEqual(names(a, b, replicaOfA));
    expect(namesOf(cluster.getPrimaries())).toEqual(names(a, b));
    expect(namesOf(cluster.getReplicas())).toEqual(names(replicaOfA));
    const roles = cluster.getNodes().map(({ name, serverType }) => [name, serverType]);
    expect(Object.fromEntries(roles)).toEqual({
      [a.name]: "primary",
      [b.name]: "primary",
      [replicaOfA.name]: "replica",
    });
  });

  it("have the roles of the current view after a failover", async () => {
    await cluster.connect();
    const before = cluster.getNode(a.name);
    scripted.promote(replicaOfA);
    await cluster.set(scripted.keyOf(replicaOfA), "1");
    expect(before?.serverType).toBe("primary");
    expect(cluster.getNode(a.name)?.serverType).toBe("replica");
    expect(namesOf(cluster.getPrimaries())).toEqual(names(b, replicaOfA));
  });

  it("are found by name, or by host and port", async () => {
    await cluster.connect();
    const node = cluster.getNode(b.name);
    expect(node).toMatchObject({ host: b.host, port: b.port, serverType: "primary" });
    expect(cluster.getNode(b.host, b.port)).toBe(node);
    expect(cluster.getNode("localhost", b.port)).toBe(node);
    expect(cluster.getNode(b.host, 1)).toBeNull();
    expect(() => cluster.getNode("")).toThrow(DataError);
  });

  it("are chosen by chance among all of them, or among the primaries", async () => {
    await cluster.connect();
    const all = new Set(Array.from({ length: 200 }, () => cluster.getRandomNode().name));
    expect([...all].sort()).toEqual(names(a, b, replicaOfA));
    const primaries = new Set(
      Array.from({ length: 100 }, () => cluster.getRandomPrimaryNode().name),
    );
    expect([...primaries].sort()).toEqual(names(a, b));
  });

  it("are chosen among all of them for a command that reads, by a client that reads from replicas", async () => {
    await cluster.connect();
    const reader = cluster.with({ loadBalancingStrategy: "random" });
    const chosenBy = (client: RedisCluster, command: string): string[] => {
      const chosen = Array.from({ length: 200 }, () => client.getRandomPrimaryOrAllNodes(command));
      return [...new Set(chosen.map(({ name }) => name))].sort();
    };
    expect(chosenBy(reader, "get")).toEqual(names(a, b, replicaOfA));
    expect(chosenBy(reader, "SET")).toEqual(names(a, b));
    expect(chosenBy(cluster, "GET")).toEqual(names(a, b));
  });

  it("are found by key: the primary, or with replica: true its first replica", async () => {
    await cluster.connect();
    const key = scripted.keyOf(a);
    expect(cluster.getNodeFromKey(key).name).toBe(a.name);
    expect(cluster.getNodeFromKey(key, { replica: true })?.name).toBe(replicaOfA.name);
    expect(cluster.getNodeFromKey(scripted.keyOf(b), { replica: true })).toBeNull();
    expect(namesOf(cluster.getNodesFromSlot("MGET", key, key))).toEqual(names(a));
  });
});

describe("the slot of a key or command", () => {
  it("is computed without a server", () => {
    expect(cluster.keyslot("foo")).toBe(12_182);
    expect(cluster.keyslot("{foo}bar")).toBe(12_182);
    expect(cluster.determineSlot("set", "foo", "bar")).toBe(12_182);
    expect(cluster.determineSlot("XREAD", "STREAMS", "foo", "0")).toBe(12_182);
    expect(scripted.nodes.flatMap((node) => node.peers)).toEqual([]);
  });

  it("is refused for a command without keys, for keys in different slots, and for what cannot be a key", () => {
    expect(() => cluster.determineSlot("PING")).toThrow(/PING has no keys/);
    expect(() => cluster.determineSlot("MGET", "a", "b")).toThrow(ClusterCrossSlotError);
    expect(() => cluster.keyslot(null as never)).toThrow(/^keyslot: argument "key"/);
  });
});

describe("the default node", () => {
  it("is one of the primaries, and stays the same", async () => {
    await cluster.connect();
    const node = cluster.getDefaultNode();
    expect(node?.serverType).toBe("primary");
    for (let i = 0; i < 10; i++) await cluster.publish("channel", "1");
    expect(receivers("PUBLISH").map(({ name }) => name)).toEqual([node?.name]);
    expect(cluster.getDefaultNode()).toBe(node);
  });

  it("can be set to a known node, which then receives commands without keys", async () => {
    await cluster.connect();
    for (const node of [a, b, replicaOfA]) {
      expect(cluster.setDefaultNode(new ClusterNode(node.host, node.port))).toBe(true);
      expect(cluster.getDefaultNode()?.name).toBe(node.name);
      await cluster.publish("channel", "1");
      expect(node.received("PUBLISH")).toHaveLength(1);
    }
  });

  it("is not changed by setDefaultNode with an unknown node", async () => {
    await cluster.connect();
    const node = cluster.getDefaultNode();
    expect(cluster.setDefaultNode(["127.0.0.1", 1])).toBe(false);
    expect(() => cluster.setDefaultNode("127.0.0.1:1" as never)).toThrow(
      /^setDefaultNode: argument "node" must be a ClusterNode or \[host, port\], got a string$/,
    );
    expect(cluster.getDefaultNode()).toBe(node);
  });

  it("is replaced by another primary, or by a given node", async () => {
    await cluster.connect();
    cluster.setDefaultNode([a.host, a.port]);
    cluster.replaceDefaultNode();
    expect(cluster.getDefaultNode()?.name).toBe(b.name);
    cluster.replaceDefaultNode([replicaOfA.host, replicaOfA.port]);
    expect(cluster.getDefaultNode()?.name).toBe(replicaOfA.name);
    expect(() => cluster.replaceDefaultNode(["127.0.0.1", 1])).toThrow(
      `must be a node of the cluster (`,
    );
  });

  it("is replaced when it fails", async () => {
    await cluster.connect();
    cluster.setDefaultNode([a.host, a.port]);
    await cluster.publish("channel", "1");
    await a.kill();
    await cluster.publish("channel", "1");
    expect(cluster.getDefaultNode()?.name).toBe(b.name);
  });
});

describe("getRedisConnection", () => {
  it("returns a client of one node, without redirects, over the connections of the cluster client", async () => {
    await cluster.connect();
    const key = scripted.keyOf(a);
    await cluster.set(key, "1");
    const open = a.open;
    const node = cluster.getRedisConnection(cluster.getNodeFromKey(key));
    a.always("DBSIZE", ":5\r\n");
    expect([await node.get(key), await node.dbsize()]).toEqual(["1", 5]);
    expect(await node.pipeline({ transaction: false }).get(key).dbsize().exec()).toEqual(["1", 5]);
    expect(await errorOf(node.get(scripted.keyOf(b)))).toBeInstanceOf(MovedError);
    expect(a.open).toBe(open);
  });

  it("returns a client whose close() leaves the cluster client open", async () => {
    await cluster.connect();
    const node = cluster.getRedisConnection([b.host, b.port]);
    await node.close();
    await cluster.set(scripted.keyOf(b), "1");
    expect(b.received("SET")).toHaveLength(1);
  });

  it("returns a client whose client() has a connection of that node", async () => {
    await cluster.connect();
    b.always("CLIENT SETNAME", "+OK\r\n");
    await using dedicated = cluster.getRedisConnection([b.host, b.port]).client();
    expect(await dedicated.clientSetname("n")).toBe(true);
  });

  it("refuses a node that is not known, and names those that are", async () => {
    await cluster.connect();
    expect(() => cluster.getRedisConnection(new ClusterNode("10.0.0.1", 7000))).toThrow(
      `getRedisConnection: argument "node" must be a node of the cluster (${a.name}, ${b.name}, ${replicaOfA.name}), got 10.0.0.1:7000`,
    );
  });

  it("returns a client whose commands reject while the node is not part of the cluster", async () => {
    await cluster.connect();
    const node = cluster.getRedisConnection([a.host, a.port]);
    scripted.promote(replicaOfA);
    scripted.replicas.set(replicaOfA, []);
    await cluster.set(scripted.keyOf(replicaOfA), "1");
    await a.kill();
    await expect.poll(() => cluster.getNode(a.name)).toBeNull();
    expect(await errorOf(node.ping())).toMatchObject({
      name: "RedisClusterException",
      code: "ECLUSTER",
      outcome: "not-sent",
      message: `${a.name} is not a node of the cluster; its nodes are ${replicaOfA.name}, ${b.name}`,
    });
  });
});

describe("disconnectConnectionPools", () => {
  it("closes the connections of all nodes, and the client connects again", async () => {
    await cluster.connect();
    await cluster.set(scripted.keyOf(a), "1");
    await cluster.set(scripted.keyOf(b), "1");
    cluster.disconnectConnectionPools();
    await expect.poll(() => a.open + b.open).toBe(0);
    expect(await cluster.get(scripted.keyOf(a))).toBe("1");
  });
});
