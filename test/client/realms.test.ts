import vm from "node:vm";
import { afterAll, describe, expect, it } from "vitest";
import {
  ConnectionPool,
  KeyspaceEvents,
  Redis,
  type ScriptArguments,
  Sentinel,
} from "../../src/index.js";
import { sharedServer } from "../support/server.js";

const server = await sharedServer();
const redis = new Redis(server.url);

afterAll(() => redis.close());

/** Evaluate an expression in another realm, as Jest does with the code of a test. */
const foreign = <T>(expression: string): T =>
  vm.runInNewContext(`(${expression})`, { Buffer, Event, EventTarget }) as T;

const FUTURE = Date.now() + 1_000_000;
const KEY = "realm:key";

describe("values of another realm", () => {
  it("are no instances of this realm's classes, and so test something", () => {
    expect(foreign<object>("new Date()")).not.toBeInstanceOf(Date);
    expect(foreign<object>("{}")).not.toBeInstanceOf(Object);
  });

  it.each<[string, (key: string) => Promise<unknown>, unknown]>([
    ["expireat takes a Date", (key) => redis.expireat(key, foreign(`new Date(${FUTURE})`)), true],
    ["pexpireat takes a Date", (key) => redis.pexpireat(key, foreign(`new Date(${FUTURE})`)), true],
    [
      "set takes a Date",
      (key) => redis.set(key, 1, { exat: foreign(`new Date(${FUTURE})`) }),
      true,
    ],
    ["set takes options", (key) => redis.set(key, 1, foreign("{ ex: 60 }")), true],
    ["set takes a Uint8Array", (key) => redis.set(key, foreign("new Uint8Array([49])")), true],
    [
      "get takes a Uint8Array",
      (key) => redis.get(foreign(`new Uint8Array(Buffer.from("${key}"))`)),
      "1",
    ],
    ["mget takes an array", (key) => redis.mget(foreign(`["${key}"]`)), ["1"]],
    ["del takes a Set", () => redis.del(foreign('new Set(["realm:none"])')), 0],
    ["hset takes an object", () => redis.hset("realm:h1", foreign("{ a: 1 }")), 1],
    ["hset takes a Map", () => redis.hset("realm:h2", foreign('new Map([["a", 1]])')), 1],
    ["hset takes entries", () => redis.hset("realm:h3", foreign('[["a", 1]]')), 1],
    ["zadd takes a Map", () => redis.zadd("realm:z", foreign('new Map([["a", 1]])')), 1],
    [
      "zunion takes a Map of weights",
      () => redis.zunion(foreign('new Map([["realm:z", 2]])')),
      ["a"],
    ],
    ["aclDeluser takes an array", () => redis.aclDeluser(foreign('["realm-none"]')), 0],
    [
      "executeCommand takes bytes",
      () => redis.executeCommand("ECHO", foreign("new Uint8Array([49])")),
      "1",
    ],
    [
      "a script takes keys and arguments",
      () =>
        redis.registerScript("return ARGV[1]")(
          foreign<ScriptArguments>('{ keys: ["realm:k"], args: ["a"] }'),
        ),
      "a",
    ],
    [
      "a transaction takes options",
      () => redis.transaction((pipe) => pipe.multi().ping(), KEY, foreign("{ maxAttempts: 1 }")),
      [true],
    ],
  ])("%s", async (_, call, expected) => {
    await redis.flushdb();
    await redis.set(KEY, "1");
    if (Array.isArray(expected)) await redis.zadd("realm:z", { a: 1 });
    expect(await call(KEY)).toEqual(expected);
  });

  it.each(["{ 'realm:c': handler }", "new Map([['realm:c', handler]])"])(
    "subscribe takes handlers in %s",
    async (expression) => {
      const received = new Promise((handler) => {
        globalThis.setImmediate(async () => {
          await subscriber.subscribe(vm.runInNewContext(`(${expression})`, { handler }) as never);
          await redis.publish("realm:c", "m");
        });
      });
      await using subscriber = redis.pubsub(foreign("{ highWaterMark: 10 }"));
      expect(await received).toMatchObject({ channel: "realm:c", data: "m" });
    },
  );

  it("subscribeKeys takes a Map of handlers", async () => {
    await using events = new KeyspaceEvents(redis, foreign("{ db: 0 }"));
    await events.subscribeKeys(foreign("new Map([['realm:k', null]])"));
    expect(events.pubsub.channels).toEqual(["__keyspace@0__:realm:k"]);
  });

  it("constructors take options, URLs and lists", async () => {
    const url = vm.runInNewContext("new URL(text)", { URL, text: server.url }) as URL;
    await using byUrl = new Redis(url, foreign("{ db: 1 }"));
    await using byOptions = new Redis(foreign(`{ host: "${server.host}", port: ${server.port} }`));
    const pool = new ConnectionPool(foreign(`{ url: "${server.url}" }`));
    const sentinel = new Sentinel(foreign('[["localhost", 26379]]'), foreign("{ db: 1 }"));
    expect([await byUrl.ping(), await byOptions.ping()]).toEqual([true, true]);
    await Promise.all([pool.close(), sentinel.close()]);
  });

  it("with() takes a signal, and errors of a class derived there", async () => {
    const controller = foreign<AbortController>(`new class {
      signal = Object.assign(new EventTarget(), { aborted: false, reason: undefined });
      abort(reason) {
        Object.assign(this.signal, { aborted: true, reason });
        this.signal.dispatchEvent(new Event("abort"));
      }
    }`);
    const view = redis.with({ signal: controller.signal, retryOnError: [foreign("Error")] });
    expect(await view.ping()).toBe(true);
    const pending = view.blpop(["realm:none"], 0);
    controller.abort("enough");
    await expect(pending).rejects.toMatchObject({ name: "AbortError", cause: "enough" });
  });
});
