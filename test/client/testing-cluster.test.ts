import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Redis } from "../../src/index.js";
import { startCluster, type TestCluster, type TestClusterNode } from "../../src/testing/index.js";

/** Slot of the key "a". */
const SLOT_OF_A = 15_495;

describe("startCluster with replicas", () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster({ primaries: 3, replicas: 3 });
  }, 60_000);
  afterAll(() => cluster.stop());

  it("runs primaries that own equal shares of the slots, each with a replica", async () => {
    expect(cluster.nodes).toEqual([...cluster.primaries, ...cluster.replicas]);
    expect(await cluster.ownerOf(0)).toBe(cluster.primaries[0]);
    expect(await cluster.ownerOf(8_000)).toBe(cluster.primaries[1]);
    expect(await cluster.ownerOf(16_383)).toBe(cluster.primaries[2]);
    for (const node of cluster.nodes) {
      await using redis = new Redis(node.url);
      const shards = await redis.executeCommand("CLUSTER", "SLOTS");
      expect((shards as unknown[][]).map((shard) => shard.length)).toEqual([4, 4, 4]);
    }
  });

  it("moves a slot with its keys, stopping half-way on request", async () => {
    const [first, , last] = cluster.primaries;
    if (first === undefined || last === undefined) throw new Error("no primaries");
    await using source = new Redis(last.url);
    await using destination = new Redis(first.url);
    await source.set("a", "value");
    await cluster.beginMove(SLOT_OF_A, first);
    expect(await source.get("a")).toBe("value");
    await expect(source.get("{a}missing")).rejects.toThrow(`ASK ${SLOT_OF_A}`);
    await cluster.finishMove(SLOT_OF_A);
    expect(await destination.get("a")).toBe("value");
    await expect(source.get("a")).rejects.toThrow(`MOVED ${SLOT_OF_A}`);
    await cluster.moveSlot(SLOT_OF_A, last);
    expect(await source.get("a")).toBe("value");
  });

  it("promotes a replica of a primary", async () => {
    const [, primary] = cluster.primaries;
    if (primary === undefined) throw new Error("no primary");
    const promoted = await cluster.failover(primary);
    expect(cluster.replicas).toContain(promoted);
    expect(await cluster.ownerOf(8_000)).toBe(promoted);
    expect(await cluster.failover(primary)).toBe(primary);
    expect(await cluster.ownerOf(8_000)).toBe(primary);
    // A failover that the other nodes are not ready for takes the server 5 s longer.
    for (const node of [promoted, primary]) {
      await using redis = new Redis(node.url);
      const { "cmdstat_cluster|failover": stats } = await redis.info("commandstats");
      expect(stats).toMatchObject({ calls: 1 });
    }
  });

  it("promotes a replica of a primary that was itself just promoted", async () => {
    const [first] = cluster.primaries;
    if (first === undefined) throw new Error("no primary");
    const promoted = await cluster.failover(first);
    expect(await cluster.failover(promoted)).toBe(first);
    expect(await cluster.ownerOf(0)).toBe(first);
  });

  it("adds and removes a node", async () => {
    const node = await cluster.addNode();
    const [, , last] = cluster.primaries;
    if (last === undefined) throw new Error("no primary");
    await cluster.moveSlot(SLOT_OF_A, node);
    await expect(cluster.removeNode(node)).rejects.toThrow("the node owns slots");
    await cluster.moveSlot(SLOT_OF_A, last);
    await cluster.removeNode(node);
    expect(() => process.kill(node.pid, 0)).toThrow("ESRCH");
    await using redis = new Redis(last.url);
    expect(Object.keys(await redis.clusterNodes())).toHaveLength(6);
  });

  it("returns the owner of a slot directly after a node was killed", async () => {
    const [first, , last] = cluster.primaries;
    first?.kill("SIGKILL");
    expect(await cluster.ownerOf(SLOT_OF_A)).toBe(last);
  });
});

describe("moveSlot", () => {
  it("moves slots at the same time, after which each has the owner that it was moved to", async () => {
    await using cluster = await startCluster({ primaries: 3 });
    const slots = Array.from({ length: 200 }, (_, i) => i * 80);
    const waiting = [...slots];
    const targets = new Map<number, TestClusterNode>();
    const move = async (): Promise<void> => {
      for (let slot = waiting.pop(); slot !== undefined; slot = waiting.pop()) {
        const at = cluster.primaries.indexOf(await cluster.ownerOf(slot));
        const target = cluster.primaries[(at + 1) % 3] ?? (await cluster.ownerOf(slot));
        targets.set(slot, target);
        await cluster.moveSlot(slot, target);
      }
    };
    await Promise.all(Array.from({ length: 8 }, move));
    for (const slot of slots) expect(await cluster.ownerOf(slot)).toBe(targets.get(slot));
  }, 60_000);
});

describe("startCluster", () => {
  it("runs a lone primary with TLS and a password, and removes all traces of it", async () => {
    const cluster = await startCluster({ primaries: 1, tls: true, password: "secret" });
    const ca = cluster.certificates?.ca ?? "";
    await using redis = new Redis(cluster.url, { tls: { ca: readFileSync(ca) } });
    expect(await redis.set("a", "value")).toBe(true);
    const [pid] = cluster.nodes.map((node) => node.pid);
    await cluster.stop();
    expect(existsSync(ca)).toBe(false);
    expect(() => process.kill(pid ?? 0, 0)).toThrow("ESRCH");
  });

  it("moves keys between nodes with ACL users and a password", async () => {
    const acl = ["alice on >pw ~* +@all"];
    await using cluster = await startCluster({ primaries: 2, acl, password: "secret" });
    const [first] = cluster.primaries;
    if (first === undefined) throw new Error("no primary");
    const owner = await cluster.ownerOf(SLOT_OF_A);
    await using source = new Redis({ port: owner.port, username: "alice", password: "pw" });
    await source.set("a", "value");
    await cluster.moveSlot(SLOT_OF_A, first);
    await using redis = new Redis(first.url);
    expect(await redis.get("a")).toBe("value");
  });

  it.each<[Record<string, number>, string]>([
    [{ primaries: 0 }, 'startCluster: option "primaries" must be an integer from 1 to 10'],
    [{ replicas: -1 }, 'startCluster: option "replicas" must be an integer from 0 to 10'],
    [{ nodeTimeout: 1 }, 'startCluster: option "nodeTimeout" must be an integer from 100 to 60000'],
    [{ sentinels: 1 }, 'startCluster: unknown option "sentinels"; known options: version'],
  ])("refuses the options %j", async (options, message) => {
    await expect(startCluster(options)).rejects.toThrow(message);
  });
});
