import { afterAll, expect, test } from "vitest";
import { startNode } from "../../support/cluster-nodes.js";
import { describeTextAndBytes } from "../../support/command-clients.js";
import { until } from "../../support/until.js";

const { server } = await startNode({ "cluster-slot-stats-enabled": "yes" });
afterAll(() => server.stop());
await server.command("CLUSTER", "ADDSLOTSRANGE", "0", "16383");

describeTextAndBytes("CLUSTER commands of Valkey 8", server, ({ text, both }) => {
  test("CLUSTER SLOT-STATS returns statistics per slot", async () => {
    await until(async () => (await text.clusterInfo()).cluster_state === "ok");
    await text.set("a", "v");
    for (const redis of both) {
      const stats = await redis.clusterSlotStats({ startSlot: 15494, endSlot: 15495 });
      expect(stats).toEqual([
        { slot: 15494, stats: expect.objectContaining({ "key-count": 0 }) },
        { slot: 15495, stats: expect.objectContaining({ "key-count": 1 }) },
      ]);
      expect(stats[1]?.stats["network-bytes-in"]).toBeGreaterThan(0);
      const most = { orderBy: "KEY-COUNT", limit: 1, sort: "DESC" } as const;
      expect(await redis.clusterSlotStats(most)).toMatchObject([{ slot: 15495 }]);
      expect(await redis.cluster("SLOT-STATS", "SLOTSRANGE", 15495, 15495)).toMatchObject([
        { slot: 15495, stats: { "key-count": 1 } },
      ]);
    }
  });

  test("CLUSTER SETSLOT with TIMEOUT waits for replicas", async () => {
    for (const redis of both) {
      expect(await redis.clusterSetslot(5, "STABLE", undefined, { timeout: 100 })).toBe(true);
    }
  });
});
