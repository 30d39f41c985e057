/**
 * Planned changes of a cluster under load: slots that move by hand and replicas that are promoted. No command is
 * rejected, each is executed once, and the commands of a slot keep their order.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keySlot } from "../../src/commands/core/key-slot.js";
import { RedisCluster } from "../../src/index.js";
import { startCluster, type TestCluster } from "../../src/testing/index.js";
import { ClusterLoad, reportNumbers } from "../support/cluster-load.js";
import { until } from "../support/until.js";

/** ms of load; `REDISWIRE_STORM_MS=10000` runs the storm of the release notes. */
const STORM_MS = Number(process.env.REDISWIRE_STORM_MS ?? 3_000);
const SLOTS = 50;
const FAILOVERS = 3;

const slotOf = (tag: string): number => keySlot(tag, "utf8");

describe("RedisCluster under load", () => {
  let servers: TestCluster;
  let client: RedisCluster;
  beforeAll(async () => {
    servers = await startCluster({ primaries: 3, replicas: 3 });
    client = new RedisCluster({ startupNodes: servers.addresses });
  }, 60_000);
  afterAll(async () => {
    await client.close();
    await servers.stop();
  });

  /** Check that the log is exact, and that nothing was rejected. */
  async function expectExact(load: ClusterLoad): Promise<void> {
    await load.stop();
    expect(load.rejections.map(({ error }) => error.message)).toEqual([]);
    expect(await load.violations()).toEqual([]);
  }

  /** Move slots to the next primary, one after the other, until the end; return the number of moves. */
  async function moveSlots(slots: readonly number[], end: number): Promise<number> {
    const { primaries } = servers;
    for (let moves = 0; ; moves++) {
      if (performance.now() >= end) return moves;
      const slot = slots[moves % slots.length] ?? 0;
      const owner = await servers.ownerOf(slot);
      const next = primaries[(primaries.indexOf(owner) + 1) % primaries.length] ?? owner;
      await servers.moveSlot(slot, next);
    }
  }

  it("executes every command once and in order while 50 slots move between primaries", async () => {
    const tags = Array.from({ length: SLOTS }, (_, i) => `{storm:${i}}`);
    const slots = tags.map(slotOf);
    const load = new ClusterLoad(client, tags);
    const end = performance.now() + STORM_MS;
    const half = slots.length / 2;
    const moves = await Promise.all([
      moveSlots(slots.slice(0, half), end),
      moveSlots(slots.slice(half), end),
    ]);
    await expectExact(load);
    reportNumbers("storm", { moves: moves[0] + moves[1], ...load.summary() });
    expect(moves[0] + moves[1]).toBeGreaterThan(SLOTS / 2);
    expect(load.log.length).toBeGreaterThan(STORM_MS / 2);
  }, 60_000);

  it("executes every command once and in order during several CLUSTER FAILOVERs", async () => {
    const tags = Array.from({ length: SLOTS }, (_, i) => `{failover:${i}}`);
    const load = new ClusterLoad(client, tags);
    await until(() => load.log.length > 500, { message: "no commands were sent" });
    for (let i = 0; i < FAILOVERS; i++) {
      const before = load.log.length;
      const primary = await servers.ownerOf(slotOf(tags[0] ?? ""));
      expect(await servers.failover(primary)).not.toBe(primary);
      await until(() => load.log.length > before + 500, { message: "no commands were sent" });
    }
    await expectExact(load);
    reportNumbers("failover", { failovers: FAILOVERS, ...load.summary() });
  }, 60_000);
});
