import { createHash } from "node:crypto";
import { afterAll, expect, expectTypeOf, test } from "vitest";
import { DataError, Redis, ResponseError } from "../../../src/index.js";
import { b, describeTextAndBytes } from "../../support/command-clients.js";
import { withEveryCommand } from "../../support/every-command.js";
import { expectLeasesReturned } from "../../support/returned-leases.js";
import { sharedServer, startServer } from "../../support/server.js";
import { errorOf } from "../../support/settle.js";
import { until } from "../../support/until.js";

expectLeasesReturned();

const server = await sharedServer();
/** Time in ms after which the server reports a script as busy. */
const impatient = await startServer({ config: { "lua-time-limit": "20" } });

afterAll(() => impatient.stop());

const LIBRARY = `#!lua name=mylib
local function echo(keys, args) return {keys[1] or false, args[1] or false} end
redis.register_function{function_name='echo', callback=echo, flags={'no-writes'}, description='Says it'}
redis.register_function('store', function(keys, args) return redis.call('SET', keys[1], args[1]) end)`;

describeTextAndBytes("EVAL and SCRIPT", server, ({ protocol, text, bytes, both }) => {
  test("EVAL returns plain values", async () => {
    expect(await text.eval("return 1", 0)).toBe(1);
    expect(await text.eval("return {1, 'two', {3, false}}", 0)).toEqual([1, "two", [3, null]]);
    expect(await bytes.eval("return {1, 'two', {3, false}}", 0)).toEqual([1, b("two"), [3, null]]);
    expect(await text.eval("return {KEYS[1], ARGV[1], ARGV[2]}", 1, "k", ["a", 2])).toEqual([
      "k",
      "a",
      "2",
    ]);
    const binary = b("\xff\x00");
    expect(await bytes.eval("return {KEYS[1], ARGV[1]}", 1, binary, binary)).toEqual([
      binary,
      binary,
    ]);
    for (const redis of both) {
      expect(await redis.eval("return nil", 0)).toBeNull();
      expect(await redis.eval("return {}", 0)).toEqual([]);
      expect(await redis.eval("return redis.status_reply('FINE')", 0)).toBe("FINE");
      expect(await redis.eval("return redis.call('SET', KEYS[1], 'v')", 1, "k")).toBe("OK");
    }
    expectTypeOf(await text.eval<number>("return 1", 0)).toEqualTypeOf<number>();
  });

  test("EVAL returns maps, sets, doubles and booleans under RESP3", async () => {
    const script = `redis.setresp(3)
      return {redis.call('HGETALL', KEYS[1]), redis.call('SMEMBERS', KEYS[2]), {double=1.5}, true}`;
    await text.hset("h", { f: "v" });
    await text.sadd("s", "m");
    const expected =
      protocol === 3
        ? [new Map([["f", "v"]]), new Set(["m"]), 1.5, true]
        : [["f", "v"], ["m"], "1.5", 1];
    expect(await text.eval(script, 2, "h", "s")).toEqual(expected);
  });

  test("EVAL keeps errors inside arrays in their places, and rejects with the error of the script", async () => {
    for (const redis of both) {
      const [first, error] = await redis.eval<[number, ResponseError]>(
        "return {1, redis.error_reply('MY problem')}",
        0,
      );
      expect(first).toBe(1);
      expect(error).toBeInstanceOf(ResponseError);
      expect(error.code).toBe("MY");
      expect(await errorOf(redis.eval("return redis.error_reply('MY problem')", 0))).toMatchObject({
        name: "ResponseError",
        code: "MY",
      });
      expect(await errorOf(redis.eval("this is no Lua", 0))).toBeInstanceOf(ResponseError);
      expect(await redis.ping()).toBe(true);
    }
  });

  test("EVAL returns integers with every digit, or rejects", async () => {
    expect(await errorOf(text.eval("return 2^60", 0))).toMatchObject({ name: "DecodeError" });
    await using exact = new Redis(server.url, { protocol, integers: "bigint" });
    expect(await exact.eval("return {2^60, 1}", 0)).toEqual([2n ** 60n, 1n]);
  });

  test("SCRIPT LOAD, EXISTS and FLUSH manage scripts that EVALSHA runs", async () => {
    const script = "return {KEYS[1], ARGV[1]}";
    const sha = createHash("sha1").update(script).digest("hex");
    for (const redis of both) {
      expect(await redis.scriptFlush("SYNC")).toBe(true);
      expect(await errorOf(redis.evalsha(sha, 0))).toMatchObject({ code: "NOSCRIPT" });
      expect(await redis.scriptLoad(script)).toBe(sha);
      expect(await redis.scriptExists(sha, ["0".repeat(40)])).toEqual([true, false]);
      expect(await redis.evalsha(sha, 1, "k", "a").then(String)).toBe("k,a");
      expect(await redis.evalshaRo(sha, 1, "k", "a").then(String)).toBe("k,a");
      expect(await redis.evalRo(script, 1, "k", "a").then(String)).toBe("k,a");
      expect(await errorOf(redis.evalRo("return redis.call('SET', 'k', 1)", 0))).toBeInstanceOf(
        ResponseError,
      );
      expect(await redis.scriptFlush()).toBe(true);
      expect(await redis.scriptFlush("async")).toBe(true);
      expect(await redis.scriptHelp()).toContainEqual(expect.stringMatching(/^SCRIPT /));
    }
  });

  test("EVAL and EVALSHA run in pipelines", async () => {
    const values = await text
      .pipeline()
      .eval<string>("return ARGV[1]", 0, "a")
      .set("k", "v")
      .evalRo<string | null>("return redis.call('GET', KEYS[1])", 1, "k")
      .exec();
    expectTypeOf(values).toEqualTypeOf<[string, true, string | null]>();
    expect(values).toEqual(["a", true, "v"]);
  });

  test("SCRIPT DEBUG is accepted on client() only", async () => {
    for (const redis of both) {
      expect(await errorOf(withEveryCommand(redis).scriptDebug("YES"))).toBeInstanceOf(DataError);
      await using own = redis.client();
      expect(await own.scriptDebug("YES")).toBe(true);
      expect(await own.scriptDebug("NO")).toBe(true);
      expect(await own.eval("return 1", 0)).toBe(1);
    }
  });
});

describeTextAndBytes("FUNCTION and FCALL", server, ({ text, bytes, both }) => {
  test("FUNCTION LOAD loads functions that FCALL and FCALL_RO call", async () => {
    for (const redis of both) {
      expect(await redis.functionFlush({ mode: "SYNC" })).toBe(true);
      expect(await redis.functionLoad(LIBRARY)).toBe("mylib");
      expect(await errorOf(redis.functionLoad(LIBRARY))).toBeInstanceOf(ResponseError);
      expect(await redis.functionLoad(LIBRARY, { replace: true })).toBe("mylib");
      expect(await redis.fcall("store", 1, "k", b("\xff"))).toBe("OK");
      expect(await bytes.get("k")).toEqual(b("\xff"));
      expect(await errorOf(redis.fcallRo("store", 1, "k", "v"))).toBeInstanceOf(ResponseError);
      expect(await redis.functionDelete("mylib")).toBe(true);
      expect(await errorOf(redis.fcall("echo", 0))).toBeInstanceOf(ResponseError);
    }
    await text.functionLoad(LIBRARY);
    expect(await text.fcall("echo", 1, "k", "a")).toEqual(["k", "a"]);
    expect(await bytes.fcallRo("echo", 0, b("\xff"))).toEqual([null, b("\xff")]);
  });

  test("FUNCTION LIST and STATS describe and count functions", async () => {
    await text.functionFlush();
    await text.functionLoad(LIBRARY);
    const [library] = await text.functionList({ library: "my*", withCode: true });
    expect(library).toEqual({
      library_name: "mylib",
      engine: "LUA",
      functions: expect.arrayContaining([
        { name: "echo", description: "Says it", flags: ["no-writes"] },
        { name: "store", description: null, flags: [] },
      ]),
      library_code: LIBRARY,
    });
    const [same] = await bytes.functionList();
    expect(same).toMatchObject({ library_name: "mylib", engine: "LUA" });
    expect(same).not.toHaveProperty("library_code");
    expect(same?.functions.find(({ name }) => name === "echo")).toEqual({
      name: "echo",
      description: b("Says it"),
      flags: ["no-writes"],
    });
    for (const redis of both) {
      expect(await redis.functionList({ library: "none" })).toEqual([]);
      expect(await redis.functionStats()).toEqual({
        running_script: null,
        engines: { LUA: { libraries_count: 1, functions_count: 2 } },
      });
      expect(await redis.functionHelp()).toContainEqual(expect.stringMatching(/^FUNCTION /));
    }
  });

  test("FUNCTION DUMP and RESTORE save libraries as bytes and restore them", async () => {
    for (const redis of both) {
      await redis.functionFlush();
      await redis.functionLoad(LIBRARY);
      const dump = await redis.functionDump();
      expect(Buffer.isBuffer(dump)).toBe(true);
      expect(await errorOf(redis.functionRestore(dump))).toBeInstanceOf(ResponseError);
      expect(await redis.functionRestore(dump, { policy: "REPLACE" })).toBe(true);
      expect(await redis.functionRestore(dump, { policy: "flush" })).toBe(true);
      await redis.functionFlush({ mode: "async" });
      expect(await redis.functionRestore(dump)).toBe(true);
      expect(await redis.functionList()).toHaveLength(1);
    }
  });
});

describeTextAndBytes(
  "scripts and functions that do not end",
  impatient,
  ({ text, bytes, both }) => {
    test("SCRIPT KILL stops a script", async () => {
      for (const [busy, other] of [[text, bytes] as const, [bytes, text] as const]) {
        expect(await errorOf(other.scriptKill())).toMatchObject({ code: "NOTBUSY" });
        const running = errorOf(busy.eval("while true do end", 0));
        await until(() => other.scriptKill().catch(() => false));
        expect(await running).toBeInstanceOf(ResponseError);
      }
    });

    test("FUNCTION KILL stops a function", async () => {
      await text.functionFlush();
      await text.functionLoad(
        "#!lua name=slow\nredis.register_function('spin', function() while true do end end)",
      );
      for (const [busy, other] of [[text, bytes] as const, [bytes, text] as const]) {
        expect(await errorOf(other.functionKill())).toMatchObject({ code: "NOTBUSY" });
        const running = errorOf(busy.fcall("spin", 0, "a"));
        await until(async () => (await other.functionStats()).running_script !== null);
        const { running_script } = await other.functionStats();
        expect(running_script?.name).toBe("spin");
        expect(running_script?.command.map(String)).toEqual(["FCALL", "spin", "0", "a"]);
        expect(running_script?.duration_ms).toBeGreaterThan(0);
        expect(await other.functionKill()).toBe(true);
        expect(await running).toBeInstanceOf(ResponseError);
      }
      for (const redis of both) expect(await redis.ping()).toBe(true);
    });
  },
);
