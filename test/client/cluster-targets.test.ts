/** Commands at several nodes of a real cluster of three primaries and three replicas, and the clients of single nodes. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ClusterError, type ClusterNode, RedisCluster } from "../../src/index.js";
import type { TestCluster } from "../../src/testing/index.js";
import { startCluster } from "../support/cluster.js";
import { errorOf } from "../support/settle.js";

let servers: TestCluster;
let cluster: RedisCluster;

beforeAll(async () => {
  servers = await startCluster({
    primaries: 3,
    replicas: 3,
    config: { "busy-reply-threshold": "50" },
  });
  cluster = new RedisCluster({ startupNodes: servers.addresses });
  await cluster.connect();
});
afterAll(async () => {
  await cluster.close();
  await servers.stop();
});
beforeEach(async () => {
  await cluster.flushall();
});

const KEYS = Array.from({ length: 60 }, (_, i) => `key:${i}`);
const setAll = (): Promise<true> =>
  cluster.msetNonatomic(Object.fromEntries(KEYS.map((key) => [key, "1"])));
const names = (nodes: readonly { readonly name: string }[]): string[] =>
  nodes.map(({ name }) => name).sort();
const LIBRARY = "#!lua name=counted\nredis.register_function('one', function() return 1 end)";

describe("commands without targets", () => {
  it("return the values of one server (DBSIZE, KEYS, RANDOMKEY, FLUSHDB)", async () => {
    await setAll();
    expect(await cluster.dbsize()).toBe(60);
    expect(await cluster.executeCommand("DBSIZE")).toBe(60);
    expect((await cluster.keys("key:*")).sort()).toEqual([...KEYS].sort());
    expect(KEYS).toContain(await cluster.randomkey());
    expect(await cluster.flushdb()).toBe(true);
    expect(await cluster.randomkey()).toBeNull();
  });

  it("load scripts and libraries on all primaries", async () => {
    const sha = await cluster.scriptLoad("return ARGV[1]");
    expect(await cluster.scriptExists(sha, "0".repeat(40))).toEqual([true, false]);
    for (const key of KEYS) expect(await cluster.evalsha(sha, 1, key, "x")).toBe("x");
    expect(await cluster.functionLoad(LIBRARY)).toBe("counted");
    for (const key of KEYS) expect(await cluster.fcall("one", 1, key)).toBe(1);
    expect(await cluster.functionDelete("counted")).toBe(true);
    expect(await cluster.scriptFlush()).toBe(true);
    expect(await cluster.scriptExists(sha)).toEqual([false]);
  });

  it("configure all nodes, replicas included (CONFIG SET, ACL SETUSER, SLOWLOG, LATENCY RESET)", async () => {
    expect(await cluster.configSet({ "slowlog-log-slower-than": 0 })).toBe(true);
    const values = await cluster.with({ targetNodes: "all" }).configGet("slowlog-log-slower-than");
    expect([...values.values()].map((value) => value["slowlog-log-slower-than"])).toEqual(
      Array.from({ length: 6 }, () => "0"),
    );
    expect(await cluster.slowlogLen()).toBeGreaterThan(6);
    const times = (await cluster.slowlogGet(5)).map((entry) => Number(entry.startTime));
    expect(times).toHaveLength(5);
    expect(times).toEqual([...times].sort((a, b) => b - a));
    expect(await cluster.configSet({ "slowlog-log-slower-than": 10_000 })).toBe(true);
    expect(await cluster.slowlogReset()).toBe(true);
    expect(await cluster.slowlogLen()).toBe(0);
    expect(await cluster.aclSetuser("ada", { enabled: true })).toBe(true);
    expect(await cluster.aclDeluser("ada", "missing")).toBe(1);
    expect(await cluster.latencyReset()).toBe(0);
    expect(await cluster.memoryPurge()).toBe(true);
    expect(await cluster.configResetstat()).toBe(true);
  });

  it("kill no script where none runs, with the error of one server", async () => {
    expect(await errorOf(cluster.scriptKill())).toMatchObject({ code: "NOTBUSY" });
    expect(await errorOf(cluster.functionKill())).toMatchObject({ code: "NOTBUSY" });
  });

  it("kill a script that blocks one of the primaries", async () => {
    const running = errorOf(cluster.eval("while true do end", 1, "key:1"), 20_000);
    await expect
      .poll(() => cluster.scriptKill().catch(() => false), { timeout: 10_000 })
      .toBe(true);
    expect((await running).message).toMatch(/killed by user/i);
  });

  it("that describe one server go to the default node (INFO, TIME, LATENCY LATEST)", async () => {
    const node = cluster.getDefaultNode() as ClusterNode;
    const ofNode = cluster.with({ targetNodes: node });
    expect(await cluster.clusterMyid()).toBe(await ofNode.clusterMyid());
    expect((await cluster.info())["run_id"]).toBe((await ofNode.info())["run_id"]);
    expect(await cluster.latencyLatest()).toEqual([]);
    expect(await cluster.time()).toHaveLength(2);
  });
});

describe("commands for chosen nodes", () => {
  it("return a Map with the value of each node", async () => {
    await setAll();
    const sizes = await cluster.with({ targetNodes: "primaries" }).dbsize();
    expect([...sizes.keys()].sort()).toEqual(names(cluster.getPrimaries()));
    expect([...sizes.values()].reduce((sum, size) => sum + size, 0)).toBe(60);
    const ids = await cluster.with({ targetNodes: cluster.getReplicas() }).clusterMyid();
    expect([...ids.keys()].sort()).toEqual(names(cluster.getReplicas()));
    expect(new Set(ids.values()).size).toBe(3);
  });

  it("reject with a ClusterError that has the answers of all nodes (SET, of which one has the slot)", async () => {
    const error = await errorOf(cluster.with({ targetNodes: "primaries" }).set("key:1", "1"));
    expect(error).toBeInstanceOf(ClusterError);
    const { replies } = error as ClusterError;
    const own = cluster.getNodeFromKey("key:1").name;
    const kinds = [...replies].map(([name, reply]) => [name, (reply as Error).name ?? reply]);
    expect(Object.fromEntries(kinds)).toEqual(
      Object.fromEntries(
        cluster.getPrimaries().map(({ name }) => [name, name === own ? true : "MovedError"]),
      ),
    );
    expect(await cluster.get("key:1")).toBe("1");
  });

  it("read from a replica by READONLY on a connection of that node", async () => {
    await cluster.set("key:1", "1");
    const replica = cluster.getNodeFromKey("key:1", { replica: true }) as ClusterNode;
    const node = cluster.getRedisConnection(replica);
    expect(await errorOf(node.get("key:1"))).toMatchObject({ code: "MOVED" });
    await using session = node.client();
    await session.readonly();
    await expect.poll(() => session.get("key:1")).toBe("1");
  });

  it("publish and subscribe at one node", async () => {
    for (const node of cluster.getPrimaries()) {
      const view = cluster.with({ targetNodes: node });
      await using subscriber = view.pubsub({ ignoreSubscribeMessages: true });
      await subscriber.subscribe("news");
      expect(await view.pubsubNumsub("news")).toEqual([["news", 1]]);
      await view.publish("news", node.name);
      expect(await subscriber.getMessage({ timeout: 5 })).toMatchObject({ data: node.name });
    }
  });

  it("run transactions of that node, and SCAN with its cursor", async () => {
    await setAll();
    const node = cluster.with({ targetNodes: cluster.getNodeFromKey("key:1") });
    expect(await node.pipeline({ transaction: true }).incr("key:1").get("key:1").exec()).toEqual([
      2,
      "2",
    ]);
    const found: string[] = [];
    for await (const key of node.scanIter({ match: "key:*" })) found.push(key);
    expect(new Set(found).size).toBe(await node.dbsize());
  });
});

describe("a failover", () => {
  it("changes the nodes of roles, and DBSIZE goes on returning the sum", async () => {
    await setAll();
    const key = "key:1";
    const before = cluster.getNodeFromKey(key);
    const slot = cluster.keyslot(key);
    const sums = new Set<number>();
    const promoted = servers.failover(await servers.ownerOf(slot));
    let isDone = false;
    void promoted.then(() => {
      isDone = true;
    });
    while (!isDone) sums.add(await cluster.dbsize());
    await promoted;
    expect([...sums]).toEqual([60]);
    await cluster.set(key, "2");
    expect(cluster.getNodeFromKey(key).name).not.toBe(before.name);
    expect(cluster.getNode(before.name)?.serverType).toBe("replica");
    expect(await cluster.flushall()).toBe(true);
    expect(await cluster.dbsize()).toBe(0);
  });
});
