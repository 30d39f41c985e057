/** The client-side cache when the pool is full: shared connections make room for leases, and nothing stale is read. */
import { afterAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { BlockingConnectionPool, Redis } from "../../src/index.js";
import { sharedServer } from "../support/server.js";
import { errorOf } from "../support/settle.js";
import { until } from "../support/until.js";

const server = await sharedServer();
const other = new Redis(server.url);
afterAll(() => other.close());
beforeEach(async () => {
  await other.flushall();
});

function fullPool(maxConnections: number): Redis {
  const connectionPool = new BlockingConnectionPool({
    host: "127.0.0.1",
    port: server.port,
    maxConnections,
    timeout: 5000,
    cache: true,
  });
  onTestFinished(() => connectionPool.close());
  return new Redis({ connectionPool });
}

describe("a client with a cache whose pool is full", () => {
  it("reads and writes in turns on the only connection, which a client() takes and returns", async () => {
    const redis = fullPool(1);
    for (let i = 1; i <= 20; i++) {
      await redis.set("k", i);
      expect([await redis.get("k"), await redis.get("k")]).toEqual([`${i}`, `${i}`]);
      await using session = redis.client();
      await session.set("k", `session ${i}`);
      expect(await session.get("k")).toBe(`session ${i}`);
    }
    expect(await redis.get("k")).toBe("session 20");
  });

  it("drops what was read on a connection that made room for a client()", async () => {
    const redis = fullPool(1);
    await other.set("k", "old");
    await until(async () => {
      await redis.get("k");
      return (redis.cache?.stats().hits ?? 0) > 0;
    });
    await using session = redis.client();
    await session.ping();
    expect(redis.cache?.stats().entries).toBe(0);
    await other.set("k", "new");
    const read = redis.get("k");
    await session.close();
    expect(await read).toBe("new");
  });

  it("answers 60 blocking commands, transactions and reads at once on two connections", async () => {
    const redis = fullPool(2);
    await other.rpush(
      "list",
      Array.from({ length: 20 }, (_, i) => i),
    );
    const work = Array.from({ length: 20 }, async (_, i) => {
      await redis.blpop("list", 5);
      await redis.transaction((tx) => tx.multi().set(`k${i}`, i), "watched");
      expect(await redis.get(`k${i}`)).toBe(`${i}`);
      await redis.pipeline().incr(`k${i}`).exec();
      expect(await redis.get(`k${i}`)).toBe(`${i + 1}`);
    });
    await Promise.all(work);
    expect(await redis.llen("list")).toBe(0);
  });

  it("ends waiting reads with the pool", async () => {
    const redis = fullPool(1);
    await using session = redis.client();
    await session.ping();
    const read = errorOf(redis.get("k"));
    const same = errorOf(redis.get("k"));
    redis.disconnect();
    expect([(await read).outcome, (await same).outcome]).toEqual(["not-sent", "not-sent"]);
    expect(redis.cache?.stats().entries).toBe(0);
  });
});

describe("response callbacks of a client with a cache", () => {
  it("are those at the time of the call, and an error of one is that call's only", async () => {
    const redis = new Redis(server.url, { cache: true });
    onTestFinished(() => redis.close());
    await redis.set("k", "v");
    expect([await redis.get("k"), await redis.get("k")]).toEqual(["v", "v"]);
    redis.setResponseCallback("GET", () => {
      throw new Error("callback");
    });
    await expect(redis.get("k")).rejects.toThrow("callback");
    redis.setResponseCallback("GET", (reply) => [reply]);
    expect(await redis.get("k")).toEqual(["v"]);
    // A callback that calls the client, and one that returns a promise.
    redis.setResponseCallback("GET", async (reply) => `${reply} ${await redis.strlen("k")}`);
    expect(await redis.get("k")).toBe("v 1");
    expect(redis.cache?.stats()).toMatchObject({ misses: 2, hits: 4 });
  });
});
