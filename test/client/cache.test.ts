/**
 * The client-side cache against a real server: what is answered from it, own writes on every kind of connection,
 * changes by others, the types of replies, bounds, views.
 */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import {
  BlockingConnectionPool,
  type CacheOptions,
  ConnectionPool,
  DataError,
  Redis,
  RedisCluster,
} from "../../src/index.js";
import { startProxy } from "../support/fault-proxy.js";
import { sharedServer, startServer } from "../support/server.js";
import { errorOf } from "../support/settle.js";
import { until } from "../support/until.js";

const server = await sharedServer();
const other = new Redis(server.url);
afterAll(() => other.close());
beforeEach(async () => {
  await other.flushall();
});

/** Create a client with a cache; it is closed after the test. */
function caching(options: CacheOptions = {}, url = server.url): Redis {
  const redis = new Redis(url, { cache: options });
  onTestFinished(() => redis.close());
  return redis;
}

const statsOf = (redis: Redis) => {
  const { cache } = redis;
  if (cache === undefined) throw new Error("the client has no cache");
  return cache.stats();
};

/** Call something, and return how many replies came from the cache meanwhile. */
async function hitsDuring(redis: Redis, work: () => Promise<unknown>): Promise<number> {
  const { hits } = statsOf(redis);
  await work();
  return statsOf(redis).hits - hits;
}

/** Make the cache hold a key. */
async function fill(redis: Redis, key = "k", value = "old"): Promise<void> {
  await other.set(key, value);
  await until(async () => (await hitsDuring(redis, () => redis.get(key))) === 1);
  expect(await redis.get(key)).toBe(value);
}

describe("reads", () => {
  it("are answered from the cache until another client changes the key", async () => {
    const redis = caching();
    await fill(redis);
    await other.set("k", "new");
    await until(() => statsOf(redis).invalidations >= 1);
    expect(await redis.get("k")).toBe("new");
  });

  it("are answered from the cache for keys that do not exist, until they do", async () => {
    const redis = caching();
    expect(await redis.get("none")).toBeNull();
    expect(await hitsDuring(redis, () => redis.get("none"))).toBe(1);
    await other.set("none", "now");
    await until(() => statsOf(redis).invalidations === 1);
    expect(await redis.get("none")).toBe("now");
  });

  it("end with a change of any of their keys", async () => {
    const redis = caching();
    await other.mset({ a: "1", b: "2" });
    expect(await redis.mget("a", "b")).toEqual(["1", "2"]);
    expect(await hitsDuring(redis, () => redis.mget("a", "b"))).toBe(1);
    await other.set("b", "3");
    await until(() => statsOf(redis).entries === 0);
    expect(await redis.mget("a", "b")).toEqual(["1", "3"]);
  });

  it("are kept apart per field and command, and dropped together when the key changes", async () => {
    const redis = caching();
    await other.hset("h", { a: "1", b: "2" });
    const read = () => Promise.all([redis.hget("h", "a"), redis.hget("h", "b"), redis.hlen("h")]);
    expect(await read()).toEqual(["1", "2", 2]);
    expect(await hitsDuring(redis, read)).toBe(3);
    await other.hset("h", { a: "3" });
    await until(() => statsOf(redis).entries === 0);
    expect(await read()).toEqual(["3", "2", 2]);
  });

  it("are sent each time when they depend on time or chance, or on other keys", async () => {
    const redis = caching();
    await other.sadd("s", "1", "2");
    await other.set("w_1", "2");
    for (let i = 0; i < 2; i++) {
      await redis.ttl("s");
      await redis.srandmember("s");
      await redis.sscan("s", "0");
      await redis.executeCommand("OBJECT", "IDLETIME", "s");
      await redis.executeCommand("SORT_RO", "s", "BY", "w_*");
      await redis.executeCommand("EVAL_RO", "return redis.call('get', KEYS[1])", 1, "w_1");
      await redis.randomkey();
      await redis.dbsize();
    }
    expect(statsOf(redis)).toMatchObject({ hits: 0, misses: 0, entries: 0 });
    await redis.executeCommand("SORT_RO", "s");
    expect(await hitsDuring(redis, () => redis.executeCommand("SORT_RO", "s"))).toBe(1);
  });

  it("follow the function cacheable: true, false, undefined, and its errors", async () => {
    const asked: unknown[] = [];
    const redis = caching({
      cacheable: (command, keys) => {
        asked.push([command, ...keys]);
        if (command === "TTL") return true;
        if (keys.includes("bad")) throw new Error("no");
        return keys.includes("private") ? false : undefined;
      },
    });
    for (let i = 0; i < 2; i++) {
      await redis.ttl("t");
      await redis.get("private");
      await redis.get("plain");
      await redis.pttl("t");
    }
    expect(statsOf(redis)).toMatchObject({ hits: 2, misses: 2 });
    expect(asked.slice(0, 3)).toEqual([
      ["TTL", "t"],
      ["GET", "private"],
      ["GET", "plain"],
    ]);
    const error = await errorOf(redis.get("bad"));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toContain('option "cacheable" of option "cache" failed: no');
  });

  it("are refused when the function cacheable is asynchronous: its promise would count as true", async () => {
    const redis = caching({
      cacheable: (async () => {
        throw new Error("never unhandled");
      }) as unknown as () => boolean,
    });
    const error = await errorOf(redis.get("k"));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toContain("must return a boolean or undefined");
    expect(statsOf(redis)).toMatchObject({ misses: 0, entries: 0 });
  });

  it("are sent in pipelines and transactions, and their values are right", async () => {
    const redis = caching();
    await fill(redis);
    await other.set("k", "new");
    expect(await redis.pipeline().get("k").exec()).toEqual(["new"]);
    expect(await redis.pipeline({ transaction: false }).get("k").exec()).toEqual(["new"]);
  });
});

describe("own writes", () => {
  const WRITES: readonly (readonly [name: string, write: (redis: Redis) => Promise<unknown>])[] = [
    ["a command", (redis) => redis.set("k", "new")],
    ["a command of a view", (redis) => redis.with({ cache: false, timeout: 5000 }).set("k", "new")],
    ["executeCommand", (redis) => redis.executeCommand("SET", "k", "new")],
    ["a command with the key as bytes", (redis) => redis.set(Buffer.from("k"), "new")],
    ["a command with several keys", (redis) => redis.mset({ a: "1", k: "new" })],
    [
      "a command with a destination",
      (redis) => redis.set("from", "new").then(() => redis.rename("from", "k")),
    ],
    ["a transaction", (redis) => redis.pipeline().set("a", "1").set("k", "new").exec()],
    ["a pipeline", (redis) => redis.pipeline({ transaction: false }).set("k", "new").exec()],
    [
      "a script with its keys",
      (redis) =>
        redis.registerScript("return redis.call('SET', KEYS[1], ARGV[1])")({
          keys: ["k"],
          args: ["new"],
        }),
    ],
    ["EVAL without keys", (redis) => redis.eval("return redis.call('SET', 'k', 'new')", 0)],
    [
      "a command that the library does not know, with the key in another place",
      (redis) => redis.executeCommand("EVAL", "return redis.call('SET', 'k', 'new')", 0),
    ],
    [
      "a client()",
      async (redis) => {
        await using session = redis.client();
        await session.set("k", "new");
      },
    ],
    [
      "a pipeline of a client()",
      async (redis) => {
        await using session = redis.client();
        await session.pipeline().set("k", "new").exec();
      },
    ],
    [
      "a watched transaction",
      (redis) => redis.transaction((tx) => tx.multi().set("k", "new"), "k"),
    ],
    [
      "a command on a watching connection",
      (redis) =>
        redis.transaction(async (tx) => {
          await tx.set("k", "new");
          return tx.multi().ping();
        }, "unrelated"),
    ],
    [
      "a blocking command",
      async (redis) => {
        await other.rpush("list", "new");
        await redis.del("k");
        await redis.blmove("list", "k", 1);
        await redis.executeCommand(
          "EVAL",
          "local v = redis.call('LPOP', KEYS[1]); redis.call('SET', KEYS[1], v)",
          1,
          "k",
        );
      },
    ],
  ];

  it.each(WRITES)("are seen by the next read: %s", async (_name, write) => {
    const redis = caching();
    // The server reports nothing in time: replies are delivered in pieces, the report last.
    await fill(redis);
    await write(redis);
    expect(await redis.get("k")).toBe("new");
  });

  it.each(WRITES)(
    "are seen by the next read although the report of the server is late: %s",
    async (_name, write) => {
      await using proxy = await startProxy(server);
      const redis = caching({}, proxy.url);
      await fill(redis);
      proxy.down.chunk(3);
      await write(redis);
      expect(await redis.get("k")).toBe("new");
    },
  );

  it("are seen by a read that is called before they are answered", async () => {
    const redis = caching();
    await fill(redis);
    const write = redis.set("k", "new");
    expect(await redis.get("k")).toBe("new");
    await write;
  });

  it("are seen after a blocking command has taken an element", async () => {
    const redis = caching();
    await other.rpush("list", "a", "b");
    const read = () => redis.lrange("list", 0, -1);
    await read();
    expect(await hitsDuring(redis, read)).toBe(1);
    expect(await redis.blpop("list", 1)).toEqual(["list", "a"]);
    expect(await read()).toEqual(["b"]);
  });

  it.each([
    ["FLUSHALL", (redis: Redis) => redis.flushall()],
    ["FLUSHDB", (redis: Redis) => redis.flushdb()],
    ["SWAPDB", (redis: Redis) => redis.swapdb(0, 1)],
    ["an unknown command", (redis: Redis) => redis.executeCommand("NOSUCHCOMMAND").catch(() => {})],
    ["FLUSHALL in a pipeline", (redis: Redis) => redis.pipeline().flushall().exec()],
    [
      "SELECT on a client()",
      async (redis: Redis) => {
        await using session = redis.client();
        await session.select(1);
      },
    ],
    [
      "RESET on a client()",
      async (redis: Redis) => {
        await using session = redis.client();
        await session.resetConnection();
      },
    ],
  ])("empty the cache when their keys are not known: %s", async (_name, write) => {
    const redis = caching();
    await fill(redis, "k");
    await write(redis);
    expect(statsOf(redis).entries).toBe(0);
    expect(await redis.get("k")).toBe(await other.get("k"));
  });

  it("keep the cache when they write nothing", async () => {
    const redis = caching();
    await fill(redis);
    await redis.publish("channel", "message");
    await redis.ping();
    await redis.executeCommand("CLIENT", "GETNAME");
    await redis.scriptLoad("return 1");
    await redis.info();
    expect(await hitsDuring(redis, () => redis.get("k"))).toBe(1);
  });
});

describe("changes by others", () => {
  it("empty the cache after FLUSHALL", async () => {
    const redis = caching();
    await fill(redis);
    const { flushes } = statsOf(redis);
    await other.flushall();
    await until(() => statsOf(redis).flushes > flushes);
    expect(await redis.get("k")).toBeNull();
  });

  it("are seen after the connection was killed", async () => {
    const redis = caching();
    await fill(redis);
    await other.executeCommand("CLIENT", "KILL", "TYPE", "NORMAL");
    await until(() => statsOf(redis).entries === 0);
    await other.set("k", "new");
    expect(await redis.get("k")).toBe("new");
  });
});

describe("replies", () => {
  it("have the type of each view, from keys as text, bytes and numbers", async () => {
    const redis = caching();
    await other.set("17", "12");
    const bytes = redis.with({ decodeResponses: false });
    const big = redis.with({ integers: "bigint" });
    for (let i = 0; i < 3; i++) {
      expect(await redis.get(17)).toBe("12");
      expect(await redis.get(Buffer.from("17"))).toBe("12");
      expect(await bytes.get("17")).toEqual(Buffer.from("12"));
      expect(await big.strlen("17")).toBe(await redis.strlen("17"));
    }
    expect(statsOf(redis).misses).toBe(3);
    await other.sadd("set", "a", "b");
    await other.hset("h", { f: "1" });
    for (let i = 0; i < 2; i++) {
      expect(await redis.smembers("set")).toEqual(new Set(["a", "b"]));
      expect(await bytes.hgetall("h")).toEqual(expect.objectContaining({ f: Buffer.from("1") }));
    }
  });

  it("belong to the same bytes of the key only", async () => {
    const redis = caching();
    const ff = Buffer.from([0xff]);
    const fe = Buffer.from([0xfe]);
    await other.set(ff, "FF");
    await other.set(fe, "FE");
    await other.set("\u00ff", "text");
    for (let i = 0; i < 2; i++)
      expect([await redis.get(ff), await redis.get(fe), await redis.get("\u00ff")]).toEqual([
        "FF",
        "FE",
        "text",
      ]);
    await other.mset({ "a b": "1", a: "2", b: "3" });
    for (let i = 0; i < 2; i++) {
      expect(await redis.mget("a b")).toEqual(["1"]);
      expect(await redis.mget("a", "b")).toEqual(["2", "3"]);
    }
  });

  it("are those of the key at the time of the call, when the caller changes its bytes", async () => {
    const redis = caching();
    await other.mset({ a: "A", b: "B" });
    const key = Buffer.from("a");
    const first = redis.get(key);
    const second = redis.get("a");
    key[0] = 0x62;
    expect([await first, await second, await redis.get("a"), await redis.get("b")]).toEqual([
      "A",
      "A",
      "A",
      "B",
    ]);
  });

  it("are not changed for others by a caller that changes its own", async () => {
    const redis = caching();
    const bytes = redis.with({ decodeResponses: false });
    await other.set("k", "value");
    await other.rpush("l", "a", "b");
    await other.hset("h", { f: "v" });
    await other.sadd("s", "m");
    const reads = () =>
      Promise.all([
        bytes.get("k"),
        redis.lrange("l", 0, -1),
        redis.hgetall("h"),
        redis.smembers("s"),
      ]);
    const spoil = ([text, list, hash, set]: Awaited<ReturnType<typeof reads>>) => {
      text?.fill(0);
      list.push("x");
      hash.f = "x";
      set.clear();
    };
    const [first, shared] = await Promise.all([reads(), reads()]);
    spoil(first);
    const expected = [
      Buffer.from("value"),
      ["a", "b"],
      expect.objectContaining({ f: "v" }),
      new Set(["m"]),
    ];
    expect(shared).toEqual(expected);
    spoil(shared);
    for (let i = 0; i < 2; i++) {
      const again = await reads();
      expect(again).toEqual(expected);
      spoil(again);
    }
    expect(statsOf(redis).hits).toBe(8);
  });

  it("are converted by the response callback of each client", async () => {
    const redis = caching();
    await other.rpush("l", "a");
    redis.setResponseCallback("LRANGE", (reply) => {
      (reply as string[]).push("callback");
      return reply;
    });
    expect(await redis.lrange("l", 0, -1)).toEqual(["a", "callback"]);
    expect(await redis.lrange("l", 0, -1)).toEqual(["a", "callback"]);
  });
});

describe("limits", () => {
  it("are kept after 2000 reads of different keys, and nothing of the others is left", async () => {
    const redis = caching({ maxEntries: 5 });
    await Promise.all(Array.from({ length: 2000 }, (_, i) => redis.get(`k${i}`)));
    const { entries, evictions, misses, bytes } = statsOf(redis);
    expect({ entries, evictions, misses }).toEqual({ entries: 5, evictions: 1995, misses: 2000 });
    expect(bytes).toBeLessThan(5000);
    const { invalidations } = statsOf(redis);
    await other.set("k0", "v");
    await until(() => statsOf(redis).invalidations > invalidations);
    expect(statsOf(redis).entries).toBe(5);
  });

  it("evict the reply that was used least recently", async () => {
    const redis = caching({ maxEntries: 2 });
    for (const key of ["a", "b", "a", "c"]) await redis.get(key);
    expect(await hitsDuring(redis, () => redis.get("a"))).toBe(1);
    expect(await hitsDuring(redis, () => redis.get("b"))).toBe(0);
  });

  it("do not let one large value evict all others", async () => {
    const redis = caching({ maxBytes: 1024 * 1024 });
    await other.set("large", Buffer.alloc(900_000));
    for (let i = 0; i < 100; i++) await redis.get(`k${i}`);
    await redis.get("large");
    expect(statsOf(redis)).toMatchObject({ entries: 100, evictions: 0 });
  });

  it("bound the bytes", async () => {
    const redis = caching({ maxBytes: 200_000 });
    await other.set("k", "x".repeat(5000));
    for (let i = 0; i < 100; i++) await redis.getrange("k", 0, 4000 + i);
    const { bytes, entries, evictions } = statsOf(redis);
    expect(bytes).toBeLessThanOrEqual(200_000);
    expect(entries + evictions).toBe(100);
    expect(entries).toBeGreaterThan(10);
  });
});

describe("ttl", () => {
  it("limits the age of replies, per client and per view", async () => {
    const redis = caching({ ttl: 60_000 });
    await fill(redis);
    const short = redis.with({ cache: { ttl: 1 } });
    const end = performance.now() + 3;
    await until(() => performance.now() > end);
    expect(await hitsDuring(redis, () => redis.get("k"))).toBe(1);
    expect(await hitsDuring(redis, () => short.get("k"))).toBe(0);
  });
});

describe("views", () => {
  it("send their reads with cache: false", async () => {
    const redis = caching();
    await fill(redis);
    expect(await hitsDuring(redis, () => redis.with({ cache: false }).get("k"))).toBe(0);
    expect(
      await hitsDuring(redis, () => redis.with({ cache: false }).with({ cache: true }).get("k")),
    ).toBe(1);
  });

  it("use the cache of their client, which has the statistics", async () => {
    const redis = caching();
    expect(redis.with({ timeout: 1000 }).cache).toBe(redis.cache);
    expect(redis.client().cache).toBe(redis.cache);
    expect(new Redis(server.url).cache).toBeUndefined();
  });

  it("cannot ask for a cache that their client does not have", () => {
    expect(() => other.with({ cache: true })).toThrow(DataError);
    expect(() => other.with({ cache: { ttl: 1 } })).toThrow(
      'needs a client that was created with option "cache"',
    );
    expect(other.with({ cache: false })).toBeInstanceOf(Redis);
  });

  it("read on the connection of a client()", async () => {
    const redis = caching();
    await fill(redis);
    await using session = redis.client();
    await other.set("k", "new");
    expect(await session.get("k")).toBe("new");
  });
});

describe('mode "opt-in"', () => {
  it("keeps reads of views that ask for it, and the server remembers only their keys", async () => {
    await using own = await startServer();
    const writer = new Redis(own.url);
    onTestFinished(() => writer.close());
    const redis = caching({ mode: "opt-in" }, own.url);
    const near = redis.with({ cache: true });
    await writer.mset({ a: "1", b: "2" });
    for (let i = 0; i < 2; i++)
      expect([await near.get("a"), await redis.get("b")]).toEqual(["1", "2"]);
    expect(statsOf(redis)).toMatchObject({ hits: 1, misses: 1, entries: 1 });
    const { tracking_total_keys: tracked } = await writer.info("stats");
    expect(tracked).toBe(1);
    await writer.set("a", "3");
    await until(() => statsOf(redis).entries === 0);
    expect(await near.get("a")).toBe("3");
    await redis.set("a", "4");
    expect(await near.get("a")).toBe("4");
  });

  it("lets errors and many reads at once reach their own callers", async () => {
    const redis = caching({ mode: "opt-in" });
    const near = redis.with({ cache: true });
    await other.mset({ a: "1", b: "2" });
    await other.rpush("l", "x");
    const [a, wrong, b] = await Promise.all([near.get("a"), errorOf(near.get("l")), near.get("b")]);
    expect([a, wrong.code, b]).toEqual(["1", "WRONGTYPE", "2"]);
    expect(
      await hitsDuring(redis, () =>
        Promise.all([near.get("a"), near.get("l").catch(() => {}), near.get("b")]),
      ),
    ).toBe(2);
  });
});

describe('mode "broadcast"', () => {
  it("keeps reads of keys with one of the prefixes", async () => {
    await using own = await startServer();
    const writer = new Redis(own.url);
    onTestFinished(() => writer.close());
    const redis = caching(
      { mode: "broadcast", prefixes: ["user:", Buffer.from("item:")] },
      own.url,
    );
    await writer.mset({ "user:1": "a", "item:1": "b", x: "c" });
    await until(async () => (await hitsDuring(redis, () => redis.get("user:1"))) === 1);
    const read = () =>
      Promise.all([
        redis.get("user:1"),
        redis.get("item:1"),
        redis.get("x"),
        redis.mget("user:1", "x"),
      ]);
    await read();
    expect(await hitsDuring(redis, read)).toBe(2);
    await writer.set("user:1", "new");
    await until(async () => (await redis.get("user:1")) === "new");
    const { tracking_total_keys: tracked, tracking_total_prefixes: prefixes } =
      await writer.info("stats");
    expect([tracked, prefixes]).toEqual([0, 2]);
  });
});

describe('prefixes of mode "broadcast"', () => {
  it("may overlap, although servers refuse that", async () => {
    const prefixes = ["user:1", Buffer.from("user:"), "user:", "user:2", "item:"];
    const redis = caching({ mode: "broadcast", prefixes });
    await fill(redis, "user:17");
    await fill(redis, "item:1");
    await other.set("user:17", "new");
    await until(async () => (await redis.get("user:17")) === "new");
  });
});

describe("the option", () => {
  it("is refused with what cannot work", () => {
    const invalid: readonly [options: object, message: string][] = [
      [{ protocol: 2 }, "protocol"],
      [{ healthCheckInterval: 0 }, "healthCheckInterval"],
      [{ cache: 1 }, 'option "cache" must be a boolean or an object'],
      [{ cache: { maxEntries: 0 } }, "maxEntries"],
      [{ cache: { prefixes: ["a"] } }, 'needs mode "broadcast"'],
      [{ cache: { mode: "broadcast", prefixes: [1] } }, "prefixes"],
      [{ cache: { maxEntrys: 1 } }, "maxEntries"],
    ];
    for (const [options, message] of invalid)
      expect(() => new Redis({ cache: true, ...options })).toThrow(message);
    expect(() => new RedisCluster({ cache: true } as object)).toThrow(
      'option "cache" must not be set',
    );
    const connectionPool = new ConnectionPool();
    expect(() => new Redis({ connectionPool, cache: true })).toThrow(
      'option "cache" belongs to the ConnectionPool',
    );
  });

  it("gives all clients of a pool one cache", async () => {
    await using pool = asyncPool(new BlockingConnectionPool({ ...addressOf(), cache: true }));
    const one = new Redis({ connectionPool: pool.pool });
    const two = new Redis({ connectionPool: pool.pool });
    await fill(one);
    expect(await hitsDuring(two, () => two.get("k"))).toBe(1);
    await two.set("k", "new");
    expect(await one.get("k")).toBe("new");
  });

  it("is refused by a user without permission for CLIENT TRACKING, with a clear error", async () => {
    await using own = await startServer();
    await own.command("ACL", "SETUSER", "u", "on", ">p", "~*", "+@all", "-client|tracking");
    const redis = new Redis(own.url, { cache: true, username: "u", password: "p" });
    onTestFinished(() => redis.close());
    const error = await errorOf(redis.get("k"));
    expect(error.code).toBe("ETRACKING");
    expect(error.message).toContain('option "cache" needs Redis 7 or later, or Valkey');
  });
});

function addressOf() {
  return { host: "127.0.0.1", port: server.port };
}

function asyncPool(pool: ConnectionPool) {
  return { pool, [Symbol.asyncDispose]: () => pool.close() };
}

describe("closing", () => {
  it("ends the cache: no read is answered after close()", async () => {
    const redis = new Redis(server.url, { cache: true });
    await fill(redis);
    await redis.close();
    expect((await errorOf(redis.get("k"))).code).toBe("ECLOSED");
    expect(statsOf(redis).entries).toBe(0);
  });

  it("empties the cache at disconnect()", async () => {
    const redis = caching();
    await fill(redis);
    redis.disconnect();
    await other.set("k", "new");
    expect(await redis.get("k")).toBe("new");
  });
});

describe("several shared connections", () => {
  it("report changes of what each has read", async () => {
    const redis = new Redis(server.url, { cache: true, sharedConnections: 3 });
    onTestFinished(() => redis.close());
    const keys = Array.from({ length: 60 }, (_, i) => `k${i}`);
    await Promise.all(keys.map((key) => redis.get(key)));
    await until(
      async () =>
        (await hitsDuring(redis, () => Promise.all(keys.map((key) => redis.get(key))))) === 60,
    );
    await Promise.all(keys.map((key) => other.set(key, "new")));
    await until(() => statsOf(redis).entries === 0);
    expect(new Set(await Promise.all(keys.map((key) => redis.get(key))))).toEqual(new Set(["new"]));
  });
});

describe("channel rediswire:cache", () => {
  it("has an event for lookups and removals, without keys", async () => {
    const events: object[] = [];
    const listener = (event: unknown): void => {
      events.push((event as { attributes: object }).attributes);
    };
    subscribe("rediswire:cache", listener);
    onTestFinished(() => void unsubscribe("rediswire:cache", listener));
    const redis = caching({ maxEntries: 1 });
    await Promise.all([redis.get("secret"), redis.get("secret")]);
    await redis.get("secret");
    await redis.get("b");
    await other.set("b", "1");
    await until(() => statsOf(redis).invalidations === 1);
    redis.cache?.clear();
    const names = events.map((event) => Reflect.get(event, "rediswire.cache.event"));
    expect(names).toEqual(["miss", "shared", "hit", "miss", "eviction", "invalidation", "flush"]);
    expect(events[0]).toEqual({
      "db.system.name": "redis",
      "db.operation.name": "GET",
      "rediswire.cache.event": "miss",
    });
    expect(JSON.stringify(events)).not.toContain("secret");
  });
});
