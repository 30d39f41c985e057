import { afterEach, describe, expect, it } from "vitest";
import {
  BlockingConnectionPool,
  ConnectionPool,
  ConstantBackoff,
  Redis,
  Retry,
} from "../../src/index.js";
import { startProxy } from "../support/fault-proxy.js";
import { freePort } from "../support/ports.js";
import { sharedServer, uniquePrefix } from "../support/server.js";
import { DEFAULT_DEADLINES, errorOf, kindOf, settle } from "../support/settle.js";

const server = await sharedServer();
const pools: ConnectionPool[] = [];

function opened<P extends ConnectionPool>(pool: P): P {
  pools.push(pool);
  return pool;
}

afterEach(() => {
  for (const pool of pools.splice(0)) pool.disconnect();
});

const forever = new Retry(new ConstantBackoff(10), -1);

describe("a server that is down, with a retry policy without limit", () => {
  it.each<[string, (redis: Redis) => Promise<unknown>]>([
    ["an ordinary command", (redis) => redis.get("key")],
    ["a pipeline", (redis) => redis.pipeline().get("key").exec()],
    ["a blocking command", (redis) => redis.blpop("key", 0)],
    ["a session", (redis) => redis.client().get("key")],
    ["a lease", (redis) => redis.connectionPool.lease()],
  ])("%s waits no longer than socketTimeout", async (_, call) => {
    const options = { socketTimeout: 150, retry: forever };
    const port = await freePort();
    // A timer counts from the start of the event loop's turn, so the test does too.
    const start = performance.now();
    await using redis = new Redis("127.0.0.1", port, options);
    const ending = await settle(call(redis), 1000);
    const elapsed = performance.now() - start;
    expect(ending).toMatchObject({ ok: false, error: { name: "TimeoutError", code: "ETIMEDOUT" } });
    expect(!ending.ok && ending.error.outcome).toBe("not-sent");
    expect(elapsed).toBeGreaterThan(140);
  });

  it("a blocking command waits as long as the timeout of its view", async () => {
    const options = { socketTimeout: 50, retry: forever };
    const port = await freePort();
    const start = performance.now();
    await using redis = new Redis("127.0.0.1", port, options);
    const ending = await settle(redis.with({ timeout: 200 }).blpop("key", 0), 1000);
    const elapsed = performance.now() - start;
    expect(ending.ok).toBe(false);
    expect(elapsed).toBeGreaterThan(190);
  });
});

describe("a pool at maxConnections", () => {
  it("ConnectionPool rejects immediately", async () => {
    const pool = opened(
      new ConnectionPool({ ...DEFAULT_DEADLINES, url: server.url, maxConnections: 2 }),
    );
    const leases = await Promise.all([pool.lease(), pool.lease()]);
    const redis = new Redis({ connectionPool: pool });
    const error = await errorOf(redis.get("key"));
    expect(kindOf(error)).toBe("MaxConnectionsError not-sent");
    expect(error.message).toBe("Too many connections");
    expect(kindOf(await errorOf(redis.blpop("key", 0)))).toBe("MaxConnectionsError not-sent");
    expect(kindOf(await errorOf(pool.lease()))).toBe("MaxConnectionsError not-sent");
    leases[0]?.release();
    expect(await redis.get("key")).toBe(null);
  });

  it("BlockingConnectionPool waits, and serves in order", async () => {
    const options = { url: server.url, maxConnections: 1, timeout: 2000 };
    const pool = opened(new BlockingConnectionPool(options));
    const lease = await pool.lease();
    const order: string[] = [];
    const asked = ["first", "second", "third"].map(async (name) => {
      const next = await pool.lease();
      order.push(name);
      next.release();
    });
    const redis = new Redis({ connectionPool: pool });
    const get = redis.get("key");
    expect(order).toEqual([]);
    lease.release();
    expect(await get).toBe(null);
    await Promise.all(asked);
    expect(order).toEqual(["first", "second", "third"]);
  });

  it("BlockingConnectionPool rejects at its timeout", async () => {
    const options = { url: server.url, maxConnections: 1, timeout: 100 };
    const pool = opened(new BlockingConnectionPool(options));
    const lease = await pool.lease();
    const ending = await settle(pool.lease());
    expect(ending).toMatchObject({ ok: false, error: { message: "No connection available." } });
    expect(ending.ms).toBeGreaterThan(90);
    const pop = await errorOf(new Redis({ connectionPool: pool }).blpop(uniquePrefix(), 0));
    expect(kindOf(pop)).toBe("ConnectionError not-sent");
    lease.release();
  });

  it("counts connections that are being made", async () => {
    await using proxy = await startProxy(server);
    proxy.down.stall();
    const pool = opened(
      new ConnectionPool({ ...DEFAULT_DEADLINES, url: proxy.url, maxConnections: 1 }),
    );
    const redis = new Redis({ connectionPool: pool });
    const get = redis.get("key");
    const error = await errorOf(redis.blpop("key", 0));
    expect(kindOf(error)).toBe("MaxConnectionsError not-sent");
    proxy.down.resume();
    expect(await get).toBe(null);
    expect(proxy.totalConnections).toBe(1);
  });

  it("leases its shared connection while it is unused", async () => {
    const key = uniquePrefix();
    await using redis = new Redis(server.url, { maxConnections: 1 });
    await redis.rpush(key, "element");
    expect(await redis.blpop(key, 0)).toEqual([key, "element"]);
    expect(await redis.llen(key)).toBe(0);
    expect(await server.clients()).toHaveLength(1);
  });
});
