/**
 * A cluster of a newer server: what its redirects and views look like differs by version. Commands, pipelines and
 * transactions reach the node of their keys before, during and after changes.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keySlot } from "../../../src/commands/core/key-slot.js";
import { MovedError, Redis, RedisCluster } from "../../../src/index.js";
import type { LocalCluster } from "../../../src/testing/cluster.js";
import { startCluster } from "../../support/cluster.js";
import { ClusterLoad } from "../../support/cluster-load.js";
import { errorOf } from "../../support/settle.js";
import { until } from "../../support/until.js";

const slotOf = (tag: string): number => keySlot(tag, "utf8");
const TAGS = Array.from({ length: 30 }, (_, i) => `{tag:${i}}`);

describe("RedisCluster on a newer server", () => {
  let servers: LocalCluster;
  let client: RedisCluster;
  beforeAll(async () => {
    servers = await startCluster({ primaries: 3, replicas: 3 });
    client = new RedisCluster({ startupNodes: servers.addresses });
  }, 60_000);
  afterAll(async () => {
    await client.close();
    await servers.stop();
  });

  /** Return another primary than the owner of a slot. */
  async function otherThan(slot: number) {
    const owner = await servers.ownerOf(slot);
    const other = servers.primaries.find((node) => node !== owner);
    if (other === undefined) throw new Error("no other primary");
    return other;
  }

  it.each([2, 3] as const)(
    "routes commands and pipelines by their keys under RESP%i",
    async (protocol) => {
      await using own = new RedisCluster({ startupNodes: servers.addresses, protocol });
      const keys = Array.from({ length: 200 }, (_, i) => `route:${protocol}:${i}`);
      expect(await Promise.all(keys.map((key) => own.incr(key)))).toEqual(keys.map(() => 1));
      const pipeline = own.pipeline();
      for (const key of keys) pipeline.incr(key);
      expect(await pipeline.exec()).toEqual(keys.map(() => 2));
      expect(await own.del(...keys)).toBe(200);
    },
  );

  it("runs a transaction of one slot, and one with WATCH", async () => {
    const transaction = client.pipeline({ transaction: true }).incr("{t}:a").incr("{t}:b");
    expect(await transaction.exec()).toEqual([1, 1]);
    const values = await client.transaction(async (watched) => {
      const value = Number(await watched.get("{t}:a"));
      return watched
        .multi()
        .set("{t}:a", value + 5)
        .get("{t}:a");
    }, "{t}:a");
    expect(values).toEqual([true, "6"]);
  });

  it("follows ASK and TRYAGAIN of a slot that moves by hand, then MOVED", async () => {
    const slot = slotOf("{hand}");
    await client.set("{hand}:old", "1");
    await servers.beginMove(slot, await otherThan(slot));
    expect(await client.incr("{hand}:new")).toBe(1);
    const moving = client.pipeline({ transaction: true }).incr("{hand}:fresh").incr("{hand}:fresh");
    expect(await moving.exec()).toEqual([1, 2]);
    const owner = await servers.ownerOf(slot);
    const both = client.mget("{hand}:old", "{hand}:new");
    const isRefused = async () =>
      String(await owner.command("INFO", "errorstats")).includes("errorstat_TRYAGAIN");
    await until(isRefused, { message: "the node does not reply TRYAGAIN" });
    await servers.finishMove(slot);
    expect(await both).toEqual(["1", "1"]);
    expect(await client.incr("{hand}:new")).toBe(2);
  });

  it("executes every command once and in order while slots move and a replica is promoted", async () => {
    await using load = new ClusterLoad(client, TAGS, 1_000);
    for (const tag of TAGS.slice(0, 8)) {
      load.focus = tag;
      await servers.moveSlot(slotOf(tag), await otherThan(slotOf(tag)));
    }
    const [primary] = servers.primaries;
    if (primary === undefined) throw new Error("no primary");
    expect(await servers.failover(primary)).not.toBe(primary);
    const before = load.log.length;
    await until(() => load.log.length > before + 200, { message: "no commands were sent" });
    await load.stop();
    expect(load.rejections.map(({ error }) => error.message)).toEqual([]);
    expect(await load.violations()).toEqual([]);
  });

  it("wakes a blocked command at the new node after a promotion", async () => {
    // Of another shard than the test before: nodes do not vote twice for a shard within seconds.
    const owner = await servers.ownerOf(slotOf("{one}"));
    const blocked = client.blpop("{one}:list", 10);
    const isBlocked = async () => (await owner.clients()).some((one) => one.cmd === "blpop");
    await until(isBlocked, { message: "the command does not block" });
    expect(await servers.failover(owner)).not.toBe(owner);
    await client.rpush("{one}:list", "item");
    expect(await blocked).toEqual(["{one}:list", "item"]);
  });

  it("reports a redirect of a single node as MovedError with its slot", async () => {
    const slot = slotOf("{one}");
    const { port } = await otherThan(slot);
    await using redis = new Redis({ port });
    const error = await errorOf(redis.get("{one}"));
    expect(error).toBeInstanceOf(MovedError);
    expect(error).toMatchObject({ slotId: slot, code: "MOVED" });
  });
});
