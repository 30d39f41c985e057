/**
 * Atomic migration of slots under load (Valkey 9, Redis 8.4): no command is rejected, each is executed once, and
 * the commands of a slot keep their order.
 */
import { describe, expect, it } from "vitest";
import { keySlot } from "../../../src/commands/core/key-slot.js";
import { RedisCluster } from "../../../src/index.js";
import { moveSlotsAtomically } from "../../support/atomic-migration.js";
import { startCluster } from "../../support/cluster.js";
import { ClusterLoad, reportNumbers } from "../../support/cluster-load.js";
import { ClusterStatistics } from "../../support/cluster-statistics.js";

/** ms of load; `REDISWIRE_STORM_MS=10000` runs the storm of the release notes. */
const STORM_MS = Number(process.env.REDISWIRE_STORM_MS ?? 3_000);
const RANGE = { from: 5_000, to: 5_049 };
/** A refresh per MOVED would be some hundred per second. */
const SLOTS_CALLS_PER_SECOND = 2;

/** Return a hash tag for each slot of the range. */
function tagsOf({ from, to }: typeof RANGE): string[] {
  const tags = new Map<number, string>();
  for (let i = 0; tags.size <= to - from; i++) {
    const slot = keySlot(`{${i}}`, "utf8");
    if (from <= slot && slot <= to) tags.set(slot, `{${i}}`);
  }
  return [...tags.values()];
}

describe("RedisCluster under load", () => {
  it("executes every command once and in order while 50 slots migrate atomically, back and forth", async () => {
    await using servers = await startCluster({ primaries: 3, replicas: 3 });
    await using client = new RedisCluster({ startupNodes: servers.addresses });
    const tags = tagsOf(RANGE);
    const [first, second] = servers.primaries;
    if (first === undefined || second === undefined) throw new Error("no primaries");
    await client.connect();
    const statistics = await ClusterStatistics.start(servers.nodes);
    await using load = new ClusterLoad(client, tags);
    const end = performance.now() + STORM_MS;
    let moves = 0;
    for (; performance.now() < end; moves++) {
      load.focus = tags[moves % tags.length];
      await moveSlotsAtomically(servers, RANGE, moves % 2 === 0 ? second : first);
      // Order is not promised when a slot returns to a node before the client has learned that it left.
      await Promise.all([load.roundTrip(), ...tags.map((tag) => client.get(tag))]);
    }
    const slotsCalls = await statistics.slotsCalls();
    const moved = await statistics.errors("MOVED");
    await load.stop();
    const others = await Promise.all(
      ["ASK", "TRYAGAIN", "CLUSTERDOWN", "READONLY"].map((code) => statistics.errors(code)),
    );
    const found = await load.violations();
    reportNumbers("atomic migration", {
      ...{ moves, moved, others, slotsCalls, ...load.summary(), violations: found },
    });
    expect(load.rejections.map(({ error }) => error.message)).toEqual([]);
    expect(found).toEqual([]);
    expect(moves).toBeGreaterThan(4);
    expect(moved).toBeGreaterThan(0);
    expect(load.log.length).toBeGreaterThan(STORM_MS / 2);
    expect(slotsCalls.perSecond).toBeLessThan(SLOTS_CALLS_PER_SECOND);
  }, 60_000);
});
