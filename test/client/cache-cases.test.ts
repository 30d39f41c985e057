/**
 * Cases in which other clients' caches return wrong values, and the traps of a client-side cache, each as a test. These
 * run on every server.
 */
import { afterAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { KeyIndex } from "../../src/cache/key-index.js";
import { type ClientOptions, Redis } from "../../src/index.js";
import { startChild } from "../support/child-process.js";
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

/** Options that do not change the types of values. */
type Options = Omit<ClientOptions, "decodeResponses" | "integers">;

function clientOf(options: Options = {}, url = server.url): Redis {
  const redis = new Redis(url, { cache: true, ...options });
  onTestFinished(() => redis.close());
  return redis;
}

function statsOf({ cache }: Redis) {
  if (cache === undefined) throw new Error("the client has no cache");
  return cache.stats();
}

/** Read a key until it is answered from memory. */
async function keep(redis: Redis, key = "k"): Promise<void> {
  await until(async () => {
    const { hits } = statsOf(redis);
    await redis.get(key);
    return statsOf(redis).hits > hits;
  });
}

/** Whether a read is answered from memory. */
async function isHit(redis: Redis, read: () => Promise<unknown>): Promise<boolean> {
  const { hits } = statsOf(redis);
  await read();
  return statsOf(redis).hits > hits;
}

/** Wait for `ms` milliseconds of the clock that the client uses. */
async function passed(ms: number): Promise<void> {
  const end = performance.now() + ms;
  await until(() => performance.now() > end);
}

describe("cases in which the cache of node-redis returns wrong values", () => {
  it("keys of invalid UTF-8 that differ in one byte have a value each", async () => {
    const redis = clientOf();
    const [ff, fe] = [Buffer.from([0xff]), Buffer.from([0xfe])];
    await other.set(ff, "FF");
    await other.set(fe, "FE");
    for (let i = 0; i < 3; i++)
      expect([await redis.get(ff), await redis.get(fe)]).toEqual(["FF", "FE"]);
    expect(statsOf(redis)).toMatchObject({ hits: 4, entries: 2 });
  });

  it("GET behind an own SET that is not awaited returns the new value", async () => {
    const redis = clientOf();
    await other.set("k", "0");
    await keep(redis);
    for (let i = 1; i <= 50; i++) {
      const set = redis.set("k", i);
      expect(await redis.get("k")).toBe(String(i));
      await set;
    }
  });

  it("GET after an awaited own SET returns the new value on a link of 5 bytes at a time", async () => {
    await using proxy = await startProxy(server);
    const redis = clientOf({}, proxy.url);
    await other.set("k", "0");
    await keep(redis);
    proxy.down.chunk(5);
    for (let i = 1; i <= 20; i++) {
      await redis.set("k", i);
      expect(await redis.get("k")).toBe(String(i));
      // Makes the next value one that could be stale.
      await redis.get("k");
    }
  });

  it("2000 reads with maxEntries 5 leave 5 keys in the index", async () => {
    const add = vi.spyOn(KeyIndex.prototype, "add");
    const redis = clientOf({ cache: { maxEntries: 5 } });
    for (let i = 0; i < 2000; i++) await redis.get(`k${i}`);
    const indexes = new Set(add.mock.contexts as KeyIndex<never>[]);
    expect(add.mock.calls.length).toBe(4000);
    // Of the kept replies, and of the reads under way.
    expect([...indexes].map(({ size }) => size).sort()).toEqual([0, 5]);
  });

  it("GET after an own SWAPDB returns the value of the other database", async () => {
    const redis = clientOf();
    const second = clientOf({ db: 1 });
    await redis.set("k", "of 0");
    await second.set("k", "of 1");
    await keep(redis);
    await redis.swapdb(0, 1);
    expect(await redis.get("k")).toBe("of 1");
  });

  it("GET after SWAPDB of another client returns the value of the other database after the ttl, or clear()", async () => {
    const redis = clientOf();
    await clientOf({ db: 1, cache: false }).set("k", "of 1");
    await other.set("k", "of 0");
    await keep(redis);
    await other.swapdb(0, 1);
    // No server reports it.
    await passed(2);
    expect(await redis.with({ cache: { ttl: 1 } }).get("k")).toBe("of 1");
    await other.swapdb(0, 1);
    redis.cache?.clear();
    expect(await redis.get("k")).toBe("of 0");
  });
});

describe("traps of a client-side cache", () => {
  it("own write: a read that was called before it is not kept, one that is called after it sees it", async () => {
    const redis = clientOf();
    await other.set("k", "old");
    await redis.ping();
    const [before, , after] = await Promise.all([
      redis.get("k"),
      redis.set("k", "new"),
      redis.get("k"),
    ]);
    expect([before, after, await redis.get("k")]).toEqual(["old", "new", "new"]);
  });

  it("own write of unknown keys: everything is dropped", async () => {
    const redis = clientOf();
    await other.mset({ a: "1", b: "1" });
    await keep(redis, "a");
    await keep(redis, "b");
    await redis.eval("return redis.call('SET', 'b', '2')", 0);
    expect([await redis.get("a"), await redis.get("b")]).toEqual(["1", "2"]);
  });

  it("own write on another connection of the pool: seen by the next read", async () => {
    await using proxy = await startProxy(server);
    const redis = clientOf({}, proxy.url);
    await other.set("k", "0");
    await keep(redis);
    await using session = redis.client();
    await session.ping();
    proxy.down.chunk(4);
    for (let i = 1; i <= 10; i++) {
      await session.set("k", i);
      expect(await redis.get("k")).toBe(String(i));
      await redis.transaction((tx) => tx.multi().incr("k"), "watched");
      expect(await redis.get("k")).toBe(String(i + 1));
    }
  });

  it("lost connection: what was read on it is dropped before the next read", async () => {
    await using proxy = await startProxy(server);
    const redis = clientOf({}, proxy.url);
    await other.set("k", "old");
    await keep(redis);
    proxy.cutAll();
    await until(() => statsOf(redis).entries === 0);
    await other.set("k", "new");
    expect(await redis.get("k")).toBe("new");
  });

  it("RESET on a client(): the cache is empty, and reads after it are right", async () => {
    const redis = clientOf();
    await other.set("k", "old");
    await keep(redis);
    await using session = redis.client();
    await session.get("k");
    await session.resetConnection();
    expect(statsOf(redis).entries).toBe(0);
    await other.set("k", "new");
    expect([await session.get("k"), await redis.get("k")]).toEqual(["new", "new"]);
  });

  it("invalidation while a read is under way: the reply is not kept", async () => {
    await using proxy = await startProxy(server);
    const redis = clientOf({}, proxy.url);
    await other.set("k", "old");
    await redis.ping();
    proxy.down.stall();
    const { down } = proxy.received;
    const read = redis.get("k");
    // The reply has left the server; the report of the change follows it.
    await proxy.whenReceived("down", down + 1);
    await other.set("k", "new");
    proxy.down.resume();
    expect(await read).toBe("old");
    await redis.ping();
    expect(await redis.get("k")).toBe("new");
  });

  it("one read for several callers: abort, timeout and error of one are its own", async () => {
    await using proxy = await startProxy(server);
    const redis = clientOf({}, proxy.url);
    await other.set("k", "v");
    await other.rpush("list", "x");
    await redis.ping();
    proxy.down.stall();
    const abort = new AbortController();
    const calls = [
      redis.with({ signal: abort.signal }).get("k"),
      redis.with({ timeout: 1 }).get("k"),
      redis.get("k"),
      redis.get("list"),
      redis.get("list"),
    ].map((call) => call.catch((error: unknown) => error));
    await calls[1];
    abort.abort();
    proxy.down.resume();
    const [aborted, late, value, ...errors] = await Promise.all(calls);
    expect(aborted).toMatchObject({ code: "ABORT_ERR" });
    expect(late).toMatchObject({ code: "ETIMEDOUT" });
    expect(value).toBe("v");
    expect(errors).toEqual([
      expect.objectContaining({ code: "WRONGTYPE" }),
      expect.objectContaining({ code: "WRONGTYPE" }),
    ]);
    expect(errors[0]).not.toBe(errors[1]);
    await other.del("list");
    await other.set("list", "now text");
    await redis.ping();
    expect(await redis.get("list")).toBe("now text");
  });

  it("keys are bytes: text, Buffer and number are one key, with one entry per type of the reply", async () => {
    const redis = clientOf();
    const bytes = redis.with({ decodeResponses: false });
    const bigints = redis.with({ integers: "bigint" });
    await other.set("7", "12");
    await other.setbit("7", 100, 1);
    for (const key of ["7", 7, 7n, Buffer.from("7")]) {
      expect(typeof (await redis.get(key))).toBe("string");
      expect(await bytes.get(key)).toBeInstanceOf(Buffer);
      expect(typeof (await redis.strlen(key))).toBe("number");
      expect(await bigints.bitcount(key)).toBe(await redis.bitcount(key));
    }
    await redis.set(Buffer.from("7"), "34");
    expect([await redis.get(7), String(await bytes.get("7"))]).toEqual(["34", "34"]);
  });

  it("a caller that changes its object changes nothing for others", async () => {
    const redis = clientOf();
    await other.hset("h", { a: "1" });
    for (let i = 0; i < 4; i++) {
      const hash = await redis.hgetall("h");
      expect({ ...hash }).toEqual({ a: "1" });
      hash.a = "spoilt";
      hash.b = "added";
    }
    expect(statsOf(redis).hits).toBeGreaterThan(0);
  });

  it("a value of 5 MB neither stays nor displaces others when maxBytes is 16 MB", async () => {
    const redis = clientOf({ cache: { maxBytes: 16 * 1024 * 1024 } });
    await other.set("large", Buffer.alloc(5_000_000, "x"));
    for (let i = 0; i < 50; i++) await redis.get(`k${i}`);
    await redis.get("large");
    expect(await isHit(redis, () => redis.get("large"))).toBe(false);
    expect(statsOf(redis)).toMatchObject({ entries: 50, evictions: 0 });
  });

  it("expiry that the server does not report: the ttl of the client bounds the age", async () => {
    await using own = await startServer({ config: { "enable-debug-command": "yes" } });
    const redis = clientOf({ cache: { ttl: 20 } }, own.url);
    await own.command("DEBUG", "SET-ACTIVE-EXPIRE", "0");
    await own.command("SET", "k", "v", "PX", "1000");
    expect(await redis.get("k")).toBe("v");
    await until(async () => (await redis.get("k")) === null);
  });

  it("credentials that change with a reconnect: the new user reads nothing of the former one", async () => {
    await using own = await startServer();
    await own.command("ACL", "SETUSER", "first", "on", ">1", "~*", "+@all");
    await own.command("ACL", "SETUSER", "second", "on", ">2", "~public:*", "+@all");
    await own.command("MSET", "secret", "s", "public:1", "p");
    let username = "first";
    const credentialProvider = () => ({ username, password: username === "first" ? "1" : "2" });
    const redis = clientOf({ credentialProvider }, own.url);
    await keep(redis, "secret");
    username = "second";
    await own.command("CLIENT", "KILL", "TYPE", "NORMAL", "SKIPME", "YES");
    await until(() => statsOf(redis).entries === 0);
    expect((await errorOf(redis.get("secret"))).code).toBe("NOPERM");
    expect(await redis.get("public:1")).toBe("p");
    expect((await errorOf(redis.get("secret"))).code).toBe("NOPERM");
  });

  it("ACL SETUSER by the client: what is not permitted any more is not read", async () => {
    await using own = await startServer();
    await own.command("ACL", "SETUSER", "u", "on", ">p", "~*", "+@all");
    await own.command("SET", "secret", "s");
    const redis = clientOf({ username: "u", password: "p" }, own.url);
    await keep(redis, "secret");
    await redis.aclSetuser("u", { keys: ["public:*"], resetKeys: true });
    expect((await errorOf(redis.get("secret"))).code).toBe("NOPERM");
  });

  it("another database: SELECT on a client() reads its own values, and the others stay right", async () => {
    const redis = clientOf();
    await other.set("k", "of 0");
    await clientOf({ db: 1, cache: false }).set("k", "of 1");
    await keep(redis);
    await using session = redis.client();
    await session.select(1);
    expect([await session.get("k"), await redis.get("k")]).toEqual(["of 1", "of 0"]);
    await session.set("k", "new of 1");
    expect([await session.get("k"), await redis.get("k")]).toEqual(["new of 1", "of 0"]);
  });

  it("a connection that died silently: its values are not used for longer than two health checks", async () => {
    await using proxy = await startProxy(server);
    const redis = clientOf({ healthCheckInterval: 50, socketTimeout: 300 }, proxy.url);
    await other.set("k", "old");
    await keep(redis);
    proxy.blackhole();
    await other.set("k", "new");
    const start = performance.now();
    await until(() => statsOf(redis).entries === 0 || performance.now() - start > 100);
    proxy.blackhole(false);
    expect(await redis.with({ retryOnTimeout: true }).get("k")).toBe("new");
  });
});

/** A process of its own: the tests record the arguments of all calls. */
const MANY_READS = `
  import { setFlagsFromString } from "node:v8";
  import { runInNewContext } from "node:vm";
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  const redis = new rediswire.Redis({ host: "127.0.0.1", port: args.port, cache: { maxEntries: 1000 } });
  async function read(from, to) {
    const caller = async (first) => {
      for (let i = first; i < to; i += 1000) await redis.get("key:" + i);
    };
    await Promise.all(Array.from({ length: 1000 }, (_, i) => caller(from + i)));
    collect();
    return process.memoryUsage().heapUsed;
  }
  const heap = await read(0, 50_000);
  const growth = (await read(50_000, 100_000)) - heap;
  const { entries, misses } = redis.cache.stats();
  console.log("state", JSON.stringify([growth, entries, misses]));
  await redis.close();`;

describe("limits of a client-side cache", () => {
  it("100,000 reads of different keys by 1,000 callers leave maxEntries replies and a flat heap", async () => {
    const child = await startChild(MANY_READS, { port: server.port });
    const { code, output } = await child.ended();
    expect(code, output).toBe(0);
    const [growth = Number.NaN, entries, misses] = JSON.parse(/state (.*)/.exec(output)?.[1] ?? "");
    expect([entries, misses]).toEqual([1000, 100_000]);
    expect(growth).toBeLessThan(500_000);
  });

  it("protocol 2 is refused", () => {
    expect(() => new Redis({ cache: true, protocol: 2 })).toThrow(
      'option "protocol" must be 3 with option "cache", got 2',
    );
  });
});
