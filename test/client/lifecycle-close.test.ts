import { inspect } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { Connection, ConnectionPool, ConstantBackoff, Redis, Retry } from "../../src/index.js";
import { startProxy } from "../support/fault-proxy.js";
import { freePort } from "../support/ports.js";
import { sharedServer, uniquePrefix } from "../support/server.js";
import { DEFAULT_DEADLINES, errorOf, kindOf, settle, settleAll } from "../support/settle.js";
import { deferred, until } from "../support/until.js";

const server = await sharedServer();
const EMPTY = / shared=0 leased=0 idle=0 waiting=0>?$/;

afterEach(async () => {
  await until(async () => (await server.clients()).length === 0);
});

describe("close()", () => {
  it("does not wait for an aborted command", async () => {
    const pausing = deferred();
    class LongPause extends ConstantBackoff {
      override compute(failures: number): number {
        pausing.resolve();
        return super.compute(failures);
      }
    }
    const retry = new Retry(new LongPause(60_000), -1);
    const redis = new Redis("127.0.0.1", await freePort(), { socketTimeout: 0, retry });
    const controller = new AbortController();
    const get = errorOf(redis.with({ signal: controller.signal }).get("key"));
    await pausing.promise;
    const closed = redis.close();
    controller.abort();
    expect(kindOf(await get)).toBe("AbortError not-sent");
    expect((await settle(closed)).ok).toBe(true);
  });

  it("lets pending commands finish, and rejects new ones", async () => {
    const redis = new Redis(server.url, DEFAULT_DEADLINES);
    const key = uniquePrefix();
    const early = redis.incr(key);
    const closed = redis.close();
    expect(kindOf(await errorOf(redis.incr(key)))).toBe("ConnectionError not-sent");
    expect(await early).toBe(1);
    await closed;
    expect(inspect(redis)).toMatch(EMPTY);
    expect(kindOf(await errorOf(redis.incr(key)))).toBe("ConnectionError not-sent");
    expect(await server.command("GET", key)).toBe("1");
  });

  it("lets a pipeline and 10,000 commands in flight finish", async () => {
    const redis = new Redis(server.url);
    await redis.connect();
    const gets = Array.from({ length: 10_000 }, () => redis.get("key"));
    const pipeline = redis.pipeline().set("key", "1").get("key").exec();
    await redis.close();
    expect(await pipeline).toEqual([true, "1"]);
    expect(await Promise.all(gets)).toHaveLength(10_000);
  });

  it("ends blocking commands and idle client() connections immediately", async () => {
    const redis = new Redis(server.url);
    const session = redis.client();
    await session.get("key");
    const pop = errorOf(redis.blpop(uniquePrefix(), 0));
    await until(async () => (await server.clients()).some(({ flags }) => flags === "b"));
    await redis.close();
    expect(kindOf(await pop)).toBe("ConnectionError unknown");
    expect(kindOf(await errorOf(session.get("key")))).toBe("ConnectionError not-sent");
    expect(kindOf(await errorOf(redis.client().get("key")))).toBe("ConnectionError not-sent");
  });

  it("may be called again, before and after it has finished", async () => {
    const redis = new Redis(server.url);
    await redis.connect();
    await Promise.all([redis.close(), redis.close()]);
    await redis.close();
    redis.disconnect();
  });

  it("resolves without a connection", async () => {
    const redis = new Redis(server.url);
    await redis.close();
    expect(kindOf(await errorOf(redis.connect()))).toBe("ConnectionError not-sent");
  });

  it("is called at the end of an await using block", async () => {
    let kept: Redis;
    {
      await using redis = new Redis(server.url);
      kept = redis;
      await redis.set("key", "1");
    }
    expect(kept.connectionPool.closed).toBe(true);
    expect(inspect(kept)).toMatch(EMPTY);
  });

  it("does not close a pool that was passed to the client", async () => {
    const pool = new ConnectionPool({ url: server.url });
    const redis = new Redis({ connectionPool: pool });
    await redis.set("key", "1");
    await redis.close();
    expect(pool.closed).toBe(false);
    expect(await redis.get("key")).toBe("1");
    await pool.close();
  });
});

describe("disconnect()", () => {
  it("rejects commands in flight and commands not written yet", async () => {
    await using proxy = await startProxy(server);
    const redis = new Redis(proxy.url);
    const key = uniquePrefix();
    await redis.connect();
    proxy.down.stall();
    const sent = proxy.received.up;
    const written = errorOf(redis.incr(key));
    await proxy.whenReceived("up", sent + 1);
    const unwritten = errorOf(redis.incr(key + 1));
    const alone = errorOf(redis.blpop(key + 2, 0));
    redis.disconnect();
    const kinds = (await Promise.all([written, unwritten, alone])).map(kindOf);
    const notSent = "ConnectionError not-sent";
    expect(kinds).toEqual(["ConnectionError unknown", notSent, notSent]);
    expect(inspect(redis)).toMatch(EMPTY);
    expect(await server.command("EXISTS", key + 1)).toBe(0);
  });

  it("rejects each waiting command with its own error", async () => {
    await using proxy = await startProxy(server);
    proxy.down.stall();
    const redis = new Redis(proxy.url);
    const calls = [
      errorOf(redis.get("key")),
      errorOf(redis.blpop("key", 0)),
      errorOf(redis.client().get("key")),
      errorOf(redis.pipeline().watch("key")),
      errorOf(redis.connectionPool.lease()),
      errorOf(redis.connectionPool.lease()),
    ];
    await proxy.whenReceived("up", 1);
    redis.disconnect();
    const errors = await Promise.all(calls);
    expect(new Set(errors)).toHaveLength(6);
    for (const error of errors) expect(kindOf(error)).toBe("ConnectionError not-sent");
    proxy.down.resume();
  });

  it("leaves a client that can connect again", async () => {
    const redis = new Redis(server.url);
    await redis.set("key", "1");
    redis.disconnect();
    redis.disconnect();
    expect(await redis.get("key")).toBe("1");
    await redis.close();
  });

  it.each(["disconnect", "close"] as const)(
    "%s() at the moment a connection becomes ready leaves no socket",
    async (how) => {
      class Eager extends Connection {
        override async open(): Promise<void> {
          await super.open();
          if (pool.closed || opened++ > 0) return;
          if (how === "close") ended = pool.close();
          else pool.disconnect();
        }
      }
      let opened = 0;
      let ended: Promise<void> | undefined;
      const pool = new ConnectionPool({
        ...DEFAULT_DEADLINES,
        url: server.url,
        connectionClass: Eager,
      });
      const session = new Redis({ connectionPool: pool }).client();
      expect(kindOf(await errorOf(session.get("key")))).toBe("ConnectionError not-sent");
      await ended;
      expect(inspect(pool)).toMatch(EMPTY);
      if (how === "close") return;
      const redis = new Redis({ connectionPool: pool });
      expect(await settleAll([redis.set("key", "1")])).toMatchObject([{ ok: true, value: true }]);
      await pool.close();
    },
  );
});
