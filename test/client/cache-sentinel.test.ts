/** The client-side cache of clients that a Sentinel object creates: what a failover leaves of it, and reads at replicas. */
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { Lane } from "../../src/cache/lanes.js";
import { ReadCache } from "../../src/cache/read-cache.js";
import { type Redis, Sentinel } from "../../src/index.js";
import { startSentinels } from "../support/sentinels.js";
import type { RunningServer } from "../support/server.js";
import { until } from "../support/until.js";

const servers = await startSentinels();
afterAll(() => servers[Symbol.asyncDispose]());
afterEach(() => vi.restoreAllMocks());

const KEYS = Array.from({ length: 20 }, (_, i) => `k${i}`);

function statsOf({ cache }: Redis) {
  if (cache === undefined) throw new Error("the client has no cache");
  return cache.stats();
}

const readAll = (redis: Redis) => Promise.all(KEYS.map((key) => redis.get(key)));

/** Read until everything is answered from the cache. */
async function fill(redis: Redis): Promise<void> {
  await until(async () => {
    const { hits } = statsOf(redis);
    await readAll(redis).catch(() => undefined);
    return statsOf(redis).hits === hits + KEYS.length;
  });
}

async function setAll(master: RunningServer, value: string): Promise<void> {
  await master.command("MSET", ...KEYS.flatMap((key) => [key, value]));
}

/** Return the keys that have an old value in the cache, when all reports that were sent have arrived. */
async function staleAfterFailover(redis: Redis): Promise<number> {
  await setAll(await servers.currentMaster(), "old");
  await fill(redis);
  const { flushes } = statsOf(redis);
  const master = await servers.failover();
  await setAll(master, "new");
  await until(() => redis.ping().then(() => statsOf(redis).flushes > flushes));
  return (await readAll(redis)).filter((value) => value !== "new").length;
}

describe("masterFor() with option cache", () => {
  it("returns no value of the old master after a failover", async () => {
    await using sentinel = new Sentinel(servers.addresses);
    await using redis = sentinel.masterFor(servers.name, { cache: true });
    expect(await staleAfterFailover(redis)).toBe(0);
    await fill(redis);
    await setAll(await servers.currentMaster(), "newer");
    await until(() => statsOf(redis).entries === 0);
    expect(await redis.get("k0")).toBe("newer");
  });

  it("would return values of the old master if lost connections did not empty the cache", async () => {
    const { onLost } = ReadCache.prototype;
    vi.spyOn(ReadCache.prototype, "onLost").mockImplementation(function (this: ReadCache) {
      // Counts only.
      onLost.call(this, {} as Lane);
    });
    vi.spyOn(Lane.prototype, "isFresh").mockReturnValue(true);
    await using sentinel = new Sentinel(servers.addresses);
    await using redis = sentinel.masterFor(servers.name, { cache: true });
    expect(await staleAfterFailover(redis)).toBe(KEYS.length);
  });

  it("takes the option of the Sentinel object, and has a cache for each client", async () => {
    await using sentinel = new Sentinel(servers.addresses, { cache: { maxEntries: 1 } });
    await using one = sentinel.masterFor(servers.name);
    await using two = sentinel.masterFor(servers.name, { cache: { maxEntries: 2 } });
    await using none = sentinel.masterFor(servers.name, { cache: false });
    for (const redis of [one, two]) await readAll(redis);
    expect([statsOf(one).entries, statsOf(two).entries]).toEqual([1, 2]);
    expect(none.cache).toBeUndefined();
  });

  it("refuses the option for the connections to Sentinels", () => {
    const sentinelOptions = { cache: true } as object;
    expect(() => new Sentinel([["h", 1]], { sentinelOptions })).toThrow(
      'option "sentinelOptions.cache" must not be set: Sentinels have no keys',
    );
  });
});

describe("replicaFor() with option cache", () => {
  it("drops a value when the change has reached the replica", async () => {
    await using sentinel = new Sentinel(servers.addresses);
    await using redis = sentinel.replicaFor(servers.name, { cache: true });
    const master = await servers.currentMaster();
    await setAll(master, "one");
    await until(async () => (await redis.get("k0")) === "one");
    await fill(redis);
    await setAll(master, "two");
    await until(() => statsOf(redis).entries === 0);
    expect(await readAll(redis)).toEqual(KEYS.map(() => "two"));
  });

  it("drops all values when the replica loads the data of its master again", async () => {
    await using sentinel = new Sentinel(servers.addresses);
    await using redis = sentinel.replicaFor(servers.name, { cache: true });
    await setAll(await servers.currentMaster(), "one");
    await until(async () => (await redis.get("k0")) === "one");
    await fill(redis);
    const port = Number((await redis.configGet("port")).port);
    const replica = [servers.master, ...servers.replicas].find((one) => one.port === port);
    const { flushes } = statsOf(redis);
    // Its master has another history now, and must send all data.
    await replica?.command("REPLICAOF", "NO", "ONE");
    await replica?.command("SET", "diverged", "1");
    const master = await servers.currentMaster();
    await setAll(master, "two");
    await replica?.command("REPLICAOF", master.host, String(master.port));
    await until(() => statsOf(redis).flushes > flushes, { timeout: 20_000 });
    await until(async () => (await redis.get("k0").catch(() => "")) === "two");
    expect(await readAll(redis)).toEqual(KEYS.map(() => "two"));
  });
});
