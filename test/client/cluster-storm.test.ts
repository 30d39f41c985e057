/**
 * Planned changes of a cluster under load: slots that move by hand and replicas that are promoted. No command is
 * rejected, each is executed once, and the commands of a slot keep their order.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keySlot } from "../../src/commands/core/key-slot.js";
import { RedisCluster } from "../../src/index.js";
import type { LocalCluster } from "../../src/testing/cluster.js";
import { startCluster } from "../support/cluster.js";
import { ClusterLoad, reportNumbers } from "../support/cluster-load.js";
import { ClusterStatistics } from "../support/cluster-statistics.js";
import { type FaultProxy, startProxy } from "../support/fault-proxy.js";
import { until } from "../support/until.js";

/** ms of load; `REDISWIRE_STORM_MS=10000` runs the storm of the release notes. */
const STORM_MS = Number(process.env.REDISWIRE_STORM_MS ?? 3_000);
const SLOTS = 50;
/** ms that a reply takes: commands of a slot are on their way to a node when its first redirect arrives. */
const DELAY_MS = 5;
const SLOTS_CALLS_PER_SECOND = 2;

const slotOf = (tag: string): number => keySlot(tag, "utf8");

describe("RedisCluster under load", () => {
  let servers: LocalCluster;
  let client: RedisCluster;
  const proxies = new Map<number, FaultProxy>();
  beforeAll(async () => {
    // Otherwise a node that receives the demotion of another one before the promotion answers CLUSTERDOWN for some
    // milliseconds, and order is not promised for what was written behind a command with that answer.
    const config = { "cluster-require-full-coverage": "no" };
    servers = await startCluster({ primaries: 3, replicas: 3, config });
    for (const { host, port } of servers.nodes) {
      const proxy = await startProxy({ host, port });
      proxy.down.delay(DELAY_MS);
      proxies.set(port, proxy);
    }
    client = new RedisCluster({
      startupNodes: servers.addresses,
      addressRemap: ([host, port]) => [host, proxies.get(port)?.port ?? port],
    });
  }, 60_000);
  afterAll(async () => {
    await client.close();
    for (const proxy of proxies.values()) await proxy[Symbol.asyncDispose]();
    await servers.stop();
  });

  /** Check that the log is exact, and that nothing was rejected. */
  async function expectExact(load: ClusterLoad): Promise<void> {
    expect(load.rejections.map(({ error }) => error.message)).toEqual([]);
    expect(await load.violations()).toEqual([]);
  }

  /**
   * Move slots to the next primary until the end; return the number of moves. One after the other: two nodes that
   * take slots at the same moment give themselves the same epoch, and others may never learn of one of the moves.
   */
  async function moveSlots(load: ClusterLoad, tags: readonly string[], end: number) {
    const { primaries } = servers;
    for (let moves = 0; ; moves++) {
      if (performance.now() >= end) return moves;
      load.focus = tags[moves % tags.length] ?? "";
      const slot = slotOf(load.focus);
      const owner = await servers.ownerOf(slot);
      const next = primaries[(primaries.indexOf(owner) + 1) % primaries.length] ?? owner;
      await servers.moveSlot(slot, next);
    }
  }

  it("executes every command once and in order while 50 slots move between primaries", async () => {
    const tags = Array.from({ length: SLOTS }, (_, i) => `{storm:${i}}`);
    await client.connect();
    const statistics = await ClusterStatistics.start(servers.nodes);
    await using load = new ClusterLoad(client, tags);
    const moves = await moveSlots(load, tags, performance.now() + STORM_MS);
    const slotsCalls = await statistics.slotsCalls();
    const [moved, ask] = [await statistics.errors("MOVED"), await statistics.errors("ASK")];
    await load.stop();
    reportNumbers("storm", { moves, moved, ask, slotsCalls, ...load.summary() });
    expect(slotsCalls.perSecond).toBeLessThan(SLOTS_CALLS_PER_SECOND);
    await expectExact(load);
    expect(moves).toBeGreaterThan(SLOTS / 5);
    expect(load.log.length).toBeGreaterThan(STORM_MS / 2);
  }, 60_000);

  it("executes every command once and in order during a CLUSTER FAILOVER of each shard", async () => {
    const tags = Array.from({ length: SLOTS }, (_, i) => `{failover:${i}}`);
    await using load = new ClusterLoad(client, tags);
    await until(() => load.log.length > 500, { message: "no commands were sent" });
    // One per shard: primaries refuse a second vote for a shard within two node timeouts.
    for (const primary of servers.primaries) {
      const before = load.log.length;
      expect(await servers.failover(primary)).not.toBe(primary);
      await until(() => load.log.length > before + 500, { message: "no commands were sent" });
    }
    await load.stop();
    reportNumbers("failover", { failovers: servers.primaries.length, ...load.summary() });
    await expectExact(load);
  }, 60_000);
});
