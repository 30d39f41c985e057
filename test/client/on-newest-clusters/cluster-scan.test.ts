/** scanIter() while slots migrate atomically: with CLUSTERSCAN on Valkey 9.1, otherwise with SCAN. */
import { describe, expect, it } from "vitest";
import { RedisCluster } from "../../../src/index.js";
import { moveSlotsAtomically } from "../../support/atomic-migration.js";
import { startCluster } from "../../support/cluster.js";
import { reportNumbers } from "../../support/cluster-load.js";

const KEYS = 10_000;
const RANGE = { from: 5_000, to: 5_099 };

describe("scanIter", () => {
  it("returns every key while 100 slots migrate atomically, back and forth", async () => {
    await using servers = await startCluster({ primaries: 3 });
    await using client = new RedisCluster({ startupNodes: servers.addresses });
    const names = Array.from({ length: KEYS }, (_, i) => `key:${i}`);
    const pipeline = client.pipeline();
    for (const name of names) pipeline.set(name, "1");
    await pipeline.exec();
    const [first, second] = servers.primaries;
    if (first === undefined || second === undefined) throw new Error("no primaries");
    let isMoving = true;
    const move = async (): Promise<void> => {
      for (let moves = 0; moves < 6; moves++)
        await moveSlotsAtomically(servers, RANGE, moves % 2 === 0 ? second : first);
    };
    const moving = move().finally(() => {
      isMoving = false;
    });
    const sizes: number[] = [];
    while (isMoving || sizes.length < 2) {
      const found = new Set<string>();
      let size = 0;
      for await (const key of client.scanIter({ count: 50 })) {
        found.add(key);
        size += 1;
      }
      sizes.push(size);
      expect(names.filter((name) => !found.has(name))).toEqual([]);
    }
    await moving;
    const [node] = client.getPrimaries();
    if (node === undefined) throw new Error("no primary");
    const statistics = await client.with({ targetNodes: "primaries" }).info("commandstats");
    const used = [...statistics.values()].some((info) => "cmdstat_clusterscan" in info);
    const isValkey = String(await servers.nodes[0]?.command("INFO", "server")).includes("valkey");
    reportNumbers("scanIter during atomic migration", { sizes, used });
    expect(used).toBe(isValkey);
  }, 60_000);
});
