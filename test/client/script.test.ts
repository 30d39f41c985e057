/** Scripts on real servers, under both protocols. */
import { createHash } from "node:crypto";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import {
  DataError,
  NoScriptError,
  type Pipeline,
  Redis,
  ResponseError,
  type Script,
} from "../../src/index.js";
import { describeProtocols } from "../support/protocols.js";
import { expectLeasesReturned } from "../support/returned-leases.js";
import { sharedServer, startServer, uniquePrefix } from "../support/server.js";

expectLeasesReturned();

const server = await sharedServer();
const MULTIPLY = `
local value = redis.call('GET', KEYS[1])
value = tonumber(value)
return value * ARGV[1]`;

describeProtocols("registered scripts", (protocol) => {
  let redis: Redis;
  let key: string;

  beforeEach(async () => {
    redis = new Redis(server.url, { protocol });
    key = uniquePrefix();
    await server.command("SCRIPT", "FLUSH");
  });
  afterEach(async () => {
    await redis.close();
  });

  it("run the multiply example of redis-py's README", async () => {
    const multiply = redis.registerScript<number>(MULTIPLY);
    await redis.set(key, 2);
    expect(await multiply({ keys: [key], args: [5] })).toBe(10);
  });

  it("have the same SHA1 as on the server, whatever characters they contain", async () => {
    for (const lua of ["return 1", "return 'é€😀'", `return '${"x".repeat(20_000)}'`]) {
      const script = redis.registerScript(lua);
      expect(script.sha).toBe(createHash("sha1").update(lua).digest("hex"));
      await script();
      expect(await server.command("SCRIPT", "EXISTS", script.sha)).toEqual([1]);
    }
  });

  it("run on two servers, each with its own cache", async () => {
    await using elsewhere = await startServer();
    await using other = new Redis(elsewhere.url, { protocol });
    const multiply = redis.registerScript<number>(MULTIPLY);
    await redis.set(key, 2);
    await other.set(key, 3);
    for (let round = 0; round < 2; round++) {
      expect(await multiply({ keys: [key], args: [5] })).toBe(10);
      expect(await multiply({ keys: [key], args: [5], client: other })).toBe(15);
      const pipeline = multiply({ keys: [key], args: [7], client: other.pipeline() });
      expect(await pipeline.exec()).toEqual([21]);
      await elsewhere.command("SCRIPT", "FLUSH");
      await server.command("SCRIPT", "FLUSH");
    }
  });

  it("keep their SHA1 on clients with other encodings", async () => {
    await using latin = new Redis(server.url, { protocol, encoding: "latin1" });
    const script = redis.registerScript<string>("return #'é' .. ARGV[1]");
    expect(await script({ args: ["!"] })).toBe("2!");
    await server.command("SCRIPT", "FLUSH");
    expect(await script({ args: ["!"], client: latin })).toBe("2!");
    expect(await server.command("SCRIPT", "EXISTS", script.sha)).toEqual([1]);
    const theirs = latin.registerScript<string>("return #'é' .. ARGV[1]");
    expect(theirs.sha).not.toBe(script.sha);
    expect(await theirs({ args: ["!"] })).toBe("1!");
  });

  it("return replies decoded like those of the client", async () => {
    const echo = redis.registerScript<[Buffer, number, null, "fine"]>(
      "return {ARGV[1], 3, false, {ok='fine'}}",
    );
    const client = redis.with({ decodeResponses: false });
    const bytes = Buffer.from([0xff, 0x00]);
    expect(await echo({ args: [bytes], client })).toEqual([bytes, 3, null, "fine"]);
    await expect(echo({ args: [bytes] })).rejects.toThrow("not valid");
    const texts: unknown = await echo({ args: ["text"] });
    expect(texts).toEqual(["text", 3, null, "fine"]);
  });

  it("reject with the error of the server, in pipelines with number and name of the command", async () => {
    const fail = redis.registerScript("return redis.error_reply('MINE went wrong')");
    await expect(fail()).rejects.toMatchObject({ code: "MINE", message: "MINE went wrong" });
    const pipeline = fail({ client: redis.pipeline().set(key, "v") });
    const error: unknown = await pipeline.exec().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ResponseError);
    expect(String(error)).toContain("Command # 2 (EVALSHA) of pipeline caused error: MINE");
    expect(await redis.get(key)).toBe("v");
  });

  it("reject with ResponseError when they call a command wrongly", async () => {
    const bad = redis.registerScript("return redis.call('LPUSH', KEYS[1], 'x')");
    await redis.set(key, "text");
    await expect(bad({ keys: [key] })).rejects.toThrow("WRONGTYPE");
  });

  it("reject when they do not compile, and keep a pipeline from running", async () => {
    const bad = redis.registerScript("this is no lua");
    await expect(bad()).rejects.toThrow(/compil/i);
    await expect(bad({ client: redis.pipeline().set(key, "v") }).exec()).rejects.toThrow(/compil/i);
    expect(await redis.get(key)).toBeNull();
  });

  it("reject writes with readOnly", async () => {
    const write = redis.registerScript("return redis.call('SET', KEYS[1], 'v')", {
      readOnly: true,
    });
    await expect(write({ keys: [key] })).rejects.toBeInstanceOf(ResponseError);
    const read = redis.registerScript<string>("return redis.call('GET', KEYS[1])", {
      readOnly: true,
    });
    await redis.set(key, "v");
    expect(await read({ keys: [key] })).toBe("v");
    expect(await read({ keys: [key], client: redis.pipeline() }).exec()).toEqual(["v"]);
  });

  it("are not loaded when EVALSHA is called directly", async () => {
    const { sha } = redis.registerScript("return 1");
    await expect(redis.executeCommand("EVALSHA", sha, 0)).rejects.toBeInstanceOf(NoScriptError);
  });

  it.each([true, false])(
    "run in a pipeline when SCRIPT FLUSH happens while it is filled (transaction: %s)",
    async (transaction) => {
      const append = redis.registerScript<number>("return redis.call('RPUSH', KEYS[1], ARGV[1])");
      await append({ keys: [key], args: [0] });
      const pipeline: Pipeline<unknown[]> = redis.pipeline({ transaction });
      for (let i = 1; i <= 50; i++) append({ keys: [key], args: [i], client: pipeline });
      await server.command("SCRIPT", "FLUSH");
      for (let i = 51; i <= 100; i++) append({ keys: [key], args: [i], client: pipeline });
      expect(await pipeline.exec()).toEqual(Array.from({ length: 100 }, (_, i) => i + 2));
      expect(await redis.lrange(key, 0, -1)).toEqual(Array.from({ length: 101 }, (_, i) => `${i}`));
    },
  );

  it("load a hundred different scripts for one pipeline", async () => {
    const pipeline: Pipeline<unknown[]> = redis.pipeline();
    for (let i = 0; i < 100; i++) redis.registerScript(`return ${i}`)({ client: pipeline });
    expect(await pipeline.exec()).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it("load once when a thousand calls find an empty cache", async () => {
    const count = redis.registerScript<number>("return redis.call('INCR', KEYS[1])");
    const before = loadsOf(await server.command("INFO", "commandstats"));
    const values = await Promise.all(Array.from({ length: 1000 }, () => count({ keys: [key] })));
    expect([...values].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 1000 }, (_, i) => i + 1),
    );
    expect(loadsOf(await server.command("INFO", "commandstats")) - before).toBe(1);
  });

  it("run on client(), and in its pipelines", async () => {
    await using session = redis.client();
    const script = session.registerScript<number>("return redis.call('INCR', KEYS[1])");
    expect(await script({ keys: [key] })).toBe(1);
    expect(await script({ keys: [key], client: session.pipeline() }).exec()).toEqual([2]);
  });

  it("run immediately in a watched pipeline and are buffered after multi()", async () => {
    const read = redis.registerScript<string | null>("return redis.call('GET', KEYS[1])");
    const write = redis.registerScript<string>(
      "redis.call('SET', KEYS[1], ARGV[1]) return ARGV[1]",
    );
    const values = await redis.transaction(async (watch) => {
      const old = await read({ keys: [key], client: watch });
      expectTypeOf(old).toEqualTypeOf<string | null>();
      return write({ keys: [key], args: [`${old}!`], client: watch.multi() }).get(key);
    }, key);
    expectTypeOf(values).toEqualTypeOf<[string, string | null]>();
    expect(values).toEqual(["null!", "null!"]);
  });

  it("have the declared reply type", async () => {
    const script = redis.registerScript<number>("return 1");
    expectTypeOf(script).toExtend<Script<number>>();
    const pipeline = script({ client: redis.pipeline().get(key) });
    expectTypeOf(await pipeline.exec()).toEqualTypeOf<[string | null, number]>();
    expectTypeOf(await script({ client: redis })).toEqualTypeOf<number>();
    // @ts-expect-error A number is not a client.
    await expect(script({ client: 5 })).rejects.toThrow(DataError);
  });
});

function loadsOf(stats: unknown): number {
  return Number(/cmdstat_script\|load:calls=(\d+)/.exec(String(stats))?.[1] ?? 0);
}

describe("inspect of a script", () => {
  it("does not show its text", () => {
    const redis = new Redis(server.url);
    const shown = inspect(redis.registerScript("return 'secret'"), { showHidden: true, depth: 9 });
    expect(shown).not.toContain("secret");
    expect(shown).toContain("[Function: script]");
  });
});
