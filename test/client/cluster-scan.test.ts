/** Iterators over the keys of a real cluster, while slots move. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RedisCluster } from "../../src/index.js";
import type { LocalCluster } from "../../src/testing/cluster.js";
import { startCluster } from "../support/cluster.js";
import { reportNumbers } from "../support/cluster-load.js";

const KEYS = 10_000;
const MOVES = 100;

let servers: LocalCluster;
let cluster: RedisCluster;

beforeAll(async () => {
  servers = await startCluster({ primaries: 3 });
  cluster = new RedisCluster({ startupNodes: servers.addresses }) as RedisCluster;
}, 60_000);
afterAll(async () => {
  await cluster.close();
  await servers.stop();
});

async function collect<T>(keys: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const key of keys) all.push(key);
  return all;
}

/** Move slots, four at a time, each to the next primary. */
async function moveSlots(): Promise<void> {
  const slots = Array.from({ length: MOVES }, (_, i) => Math.floor((i * 16_384) / MOVES));
  const move = async (): Promise<void> => {
    for (let slot = slots.pop(); slot !== undefined; slot = slots.pop()) {
      const at = servers.primaries.indexOf(await servers.ownerOf(slot));
      const to = servers.primaries[(at + 1) % 3];
      if (to !== undefined) await servers.moveSlot(slot, to);
    }
  };
  await Promise.all([move(), move(), move(), move()]);
}

describe("scanIter on a real cluster", () => {
  it(`returns each of ${KEYS} keys while ${MOVES} slots move`, async () => {
    const names = Array.from({ length: KEYS }, (_, i) => `key:${i}`);
    const pipeline = cluster.pipeline();
    for (const name of names) pipeline.set(name, "1");
    await pipeline.exec();
    let isMoving = true;
    const moving = moveSlots().finally(() => {
      isMoving = false;
    });
    const sizes: number[] = [];
    while (isMoving) {
      const found = await collect(cluster.scanIter({ count: 100 }));
      sizes.push(found.length);
      const present = new Set(found);
      expect(names.filter((name) => !present.has(name))).toEqual([]);
    }
    await moving;
    reportNumbers("scanIter while slots move", { iterations: sizes.length, sizes });
  }, 30_000);

  it("returns only keys that match, of one type, and no key twice while nothing moves", async () => {
    await cluster.hset("hash:{h}", "field", "1");
    expect(await collect(cluster.scanIter({ match: "hash:*" }))).toEqual(["hash:{h}"]);
    expect(await collect(cluster.scanIter({ match: "hash:{h}*" }))).toEqual(["hash:{h}"]);
    expect(await collect(cluster.scanIter({ type: "hash" }))).toEqual(["hash:{h}"]);
    const all = await collect(cluster.scanIter({ count: 1000 }));
    expect([all.length, new Set(all).size]).toEqual([KEYS + 1, KEYS + 1]);
    const bytes = await collect(
      cluster.with({ decodeResponses: false }).scanIter({ match: "hash:*" }),
    );
    expect(bytes).toEqual([Buffer.from("hash:{h}")]);
  });

  it("iterates over one node on views and dedicated clients of it", async () => {
    const counts: number[] = [];
    for (const node of cluster.getPrimaries()) {
      const view = cluster.with({ targetNodes: node });
      counts.push((await collect(view.scanIter({ count: 1000 }))).length);
    }
    expect(counts.reduce((sum, count) => sum + count)).toBe(KEYS + 1);
    await using dedicated = cluster.client("hash:{h}");
    const found = await collect(dedicated.scanIter({ count: 1000 }));
    expect(counts).toContain(found.length);
    expect(found).toContain("hash:{h}");
  });

  it("iterates over hashes, sets and sorted sets at the node of their key", async () => {
    for (const key of ["1", "2", "3", "4"]) {
      await cluster.hset(`h${key}`, "f", "v");
      await cluster.sadd(`s${key}`, "m");
      await cluster.zadd(`z${key}`, { m: 1 });
      expect(await collect(cluster.hscanIter(`h${key}`))).toEqual([["f", "v"]]);
      expect(await collect(cluster.sscanIter(`s${key}`))).toEqual(["m"]);
      expect(await collect(cluster.zscanIter(`z${key}`))).toEqual([["m", 1]]);
    }
  });
});
