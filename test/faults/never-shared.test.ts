/** The guarantees of docs/reliability.md, 5 to 7; 1 to 4 are in never.test.ts, 8 in secrets.test.ts. */
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DataError, type DedicatedRedis, Redis } from "../../src/index.js";
import { startChild } from "../support/child-process.js";
import { withEveryCommand } from "../support/every-command.js";
import { type FaultProxy, startProxy } from "../support/fault-proxy.js";
import { sharedServer, startServer, uniquePrefix } from "../support/server.js";
import { DEFAULT_DEADLINES, errorOf } from "../support/settle.js";
import { until } from "../support/until.js";

const server = await sharedServer();
let proxy: FaultProxy;
let redis: Redis;

beforeEach(async () => {
  proxy = await startProxy(server);
  redis = new Redis(proxy.url, DEFAULT_DEADLINES);
});

afterEach(async () => {
  redis.disconnect();
  await proxy[Symbol.asyncDispose]();
});

describe("5. no caller sees the connection state of another", () => {
  const PIPELINE = /use redis\.pipeline\(\)/;
  const PUBSUB = /use redis\.pubsub\(\)/;
  const CLIENT = /use redis\.client\(\)/;
  const REFUSED: [string[], RegExp][] = [
    [["SELECT", "1"], CLIENT],
    [["AUTH", "password"], CLIENT],
    [["RESET"], CLIENT],
    [["ASKING"], CLIENT],
    [["READONLY"], CLIENT],
    [["READWRITE"], CLIENT],
    [["CLIENT", "REPLY", "OFF"], PIPELINE],
    [["CLIENT", "TRACKING", "ON"], CLIENT],
    [["CLIENT", "CACHING", "YES"], CLIENT],
    [["CLIENT", "NO-EVICT", "ON"], CLIENT],
    [["CLIENT", "NO-TOUCH", "ON"], CLIENT],
    [["HELLO", "3"], CLIENT],
    [["WATCH", "key"], PIPELINE],
    [["UNWATCH"], PIPELINE],
    [["MULTI"], PIPELINE],
    [["EXEC"], PIPELINE],
    [["DISCARD"], PIPELINE],
    [["SUBSCRIBE", "news"], PUBSUB],
    [["PSUBSCRIBE", "n*"], PUBSUB],
    [["SSUBSCRIBE", "news"], PUBSUB],
    [["UNSUBSCRIBE"], PUBSUB],
    [["PUNSUBSCRIBE"], PUBSUB],
    [["SUNSUBSCRIBE"], PUBSUB],
    [["MONITOR"], /use redis\.monitor\(\)/],
    [["SYNC"], /use /],
    [["PSYNC", "?", "-1"], /use /],
    [["REPLCONF", "ack", "0"], /use /],
  ];

  it.each(REFUSED)(
    "rejects %j in every spelling with an error that names the API to use",
    async (words, api) => {
      const [name = "", ...args] = words;
      const [sub = "", ...more] = args;
      const bytes = args.map((word) => Buffer.from(word.toLowerCase()));
      const spellings: [string, ...unknown[]][] = [
        [name, ...args],
        [name.toLowerCase(), ...bytes],
        [`  ${words.join("   ").toLowerCase()} `],
        [`${name}\t${sub}`.trim(), ...more],
      ];
      for (const spelling of spellings) {
        const error = await errorOf(redis.executeCommand(...spelling));
        expect(error).toBeInstanceOf(DataError);
        expect(error.message).toMatch(api);
      }
      expect(proxy.totalConnections).toBe(0);
    },
  );

  it.each<[string, (client: DedicatedRedis) => Promise<unknown>]>([
    ["select", (client) => client.select(1)],
    ["auth", (client) => client.auth("password")],
    ["asking", (client) => client.asking()],
    ["clientTracking", (client) => client.clientTracking()],
    ["readonly", (client) => client.readonly()],
  ])("rejects the method %s() on the client, its views and its pipelines", async (_, call) => {
    expect(await errorOf(call(withEveryCommand(redis)))).toBeInstanceOf(DataError);
    expect(await errorOf(call(withEveryCommand(redis.with({ timeout: 100 }))))).toBeInstanceOf(
      DataError,
    );
    const pipeline = withEveryCommand(redis.pipeline());
    expect(await errorOf((async () => call(pipeline))())).toBeInstanceOf(DataError);
    expect(proxy.totalConnections).toBe(0);
  });

  it("keeps SELECT, WATCH and CLIENT TRACKING of a client() on its own connection", async () => {
    const key = uniquePrefix();
    await redis.set(key, "database 0");
    const session = redis.client();
    await session.select(5);
    await session.set(key, "database 5");
    await session.clientTracking();
    expect(await redis.get(key)).toBe("database 0");
    const watched = await redis.pipeline().watch(key);
    const lines = await server.clients();
    expect(lines.map(({ db, flags }) => `${db} ${flags}`).sort()).toEqual(["0 N", "0 N", "5 t"]);
    await session.close();
    await watched.reset();
    await Promise.all(Array.from({ length: 8 }, () => redis.client().get(key)));
    for (const { db, flags } of await server.clients()) expect([db, flags]).toEqual(["0", "N"]);
    await server.command("SELECT", 5);
    await server.command("FLUSHDB");
    await server.command("SELECT", 0);
  });

  it("runs no other command inside the transaction of a pipeline that was cut", async () => {
    const key = uniquePrefix();
    await redis.connect();
    const multi = "*1\r\n$5\r\nMULTI\r\n".length;
    proxy.up.cutAfter(multi + 5);
    await errorOf(redis.pipeline().set(key, "1").set(key, "2").exec());
    expect(await redis.get(key)).toBe(null);
    expect((await server.clients()).map(({ multi }) => multi)).toEqual(["-1"]);
  });
});

describe("6. no blocking command delays other commands", () => {
  const BLOCKING: [string, (client: Redis, key: string) => Promise<unknown>][] = [
    ["blpop", (client, key) => client.blpop(key, 0)],
    ["brpop", (client, key) => client.brpop([key], 0)],
    ["blmove", (client, key) => client.blmove(key, `${key}2`, 0)],
    ["brpoplpush", (client, key) => client.brpoplpush(key, `${key}2`, 0)],
    ["bzpopmin", (client, key) => client.bzpopmin(key, 0)],
    ["bzpopmax", (client, key) => client.bzpopmax(key, 0)],
    [
      "wait",
      (client, key) => client.pipeline({ transaction: false }).set(key, "").wait(3, 0).exec(),
    ],
    ["xread", (client, key) => client.xread({ [key]: "$" }, { block: 0 })],
    ["XREAD by name", (c, key) => c.executeCommand("XREAD", "BLOCK", 0, "STREAMS", key, "$")],
    ["BLPOP by name", (client, key) => client.executeCommand("blpop", key, 0)],
    [
      "a batch of blocking commands",
      (client, key) => client.pipeline({ transaction: false }).blpop(key, 0).exec(),
    ],
  ];

  it.each(BLOCKING)("runs 100 GETs within 50 ms while %s blocks", async (_, block) => {
    const key = uniquePrefix();
    await redis.connect();
    const blocked = errorOf(block(redis, key), 10_000);
    await until(async () => (await server.clients()).some(({ flags }) => flags === "b"));
    const times: number[] = [];
    for (let i = 0; i < 5; i++) {
      const start = performance.now();
      await Promise.all(Array.from({ length: 100 }, () => redis.get(key)));
      times.push(performance.now() - start);
    }
    // The best of five rounds: the machine may be busy, but the connection must not be.
    expect(Math.min(...times)).toBeLessThan(50);
    expect(inspect(redis)).toMatch(/ shared=1 leased=1 idle=0 waiting=0>$/);
    redis.disconnect();
    await blocked;
  });
});

describe("7. no missing listener crashes the process", () => {
  const PROGRAM = `
    const redis = new rediswire.Redis(args.url, { tls: args.tls, socketTimeout: 300, socketConnectTimeout: 300, retry: new rediswire.Retry(new rediswire.NoBackoff(), 0) });
    const session = redis.client();
    await Promise.all([redis.get("key"), session.get("key"), redis.blpop("none", 0.01)]);
    const pop = redis.blpop("none", 0).catch((error) => console.log("pop", error.name, error.outcome));
    console.log("ready");
    const lost = () => redis.get("key").then(() => new Promise(setImmediate)).then(lost, () => {});
    await lost();
    await pop;
    for (const client of [redis, session, redis.client()]) {
      await client.get("key").catch((error) => console.log("get", error.name));
    }
    console.log("survived");`;

  it.each(["SIGKILL", "SIGTERM"] as const)("survives %s of the server", async (signal) => {
    await using target = await startServer();
    const child = await startChild(PROGRAM, { url: target.url });
    await child.prints("ready");
    target.kill(signal);
    const { code, output } = await child.ended();
    expect(output).toMatch(
      /^ready\npop ConnectionError unknown\n(get ConnectionError\n){3}survived\n$/,
    );
    expect(code).toBe(0);
  });

  it("survives SIGKILL of the server under TLS", async () => {
    await using target = await startServer({ tls: true });
    const tls = { rejectUnauthorized: false };
    const child = await startChild(PROGRAM, { url: `rediss://127.0.0.1:${target.tlsPort}`, tls });
    await child.prints("ready");
    target.kill("SIGKILL");
    const { code, output } = await child.ended();
    expect(output).toMatch(/survived\n$/);
    expect(code).toBe(0);
  });

  it("survives a reset and invalid bytes from the server", async () => {
    const child = await startChild(PROGRAM, { url: proxy.url });
    await child.prints("ready");
    proxy.down.insert(0, "garbage\r\n");
    await until(() => proxy.connections < 3 || proxy.totalConnections > 3);
    proxy.refuse();
    proxy.cutAll("rst");
    expect((await child.ended()).output).toMatch(/survived\n$/);
  });
});
