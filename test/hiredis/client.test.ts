/** Clients that use the native parser: how it is selected, and the errors when it is unavailable. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, describe, expect, it, vi } from "vitest";
import { DataError, HiredisParser, Redis, RedisError } from "../../src/index.js";
import { resolveOptions } from "../../src/options/normalize.js";
import { hiredisAddon } from "../../src/protocol/hiredis/addon.js";
import { NEWER_ADDON } from "../support/hiredis-build.js";
import { mockServer } from "../support/mock-server.js";
import { isNative, reads, readsResp3 } from "../support/parser-under-test.js";
import { bulk } from "../support/resp.js";
import { bytewise, cuts, parse } from "../support/resp-parse.js";
import { sharedServer } from "../support/server.js";

const run = promisify(execFile);
const BUILD = fileURLToPath(new URL("../../src/hiredis/build.mjs", import.meta.url));
const server = await sharedServer();

describe("the projects hiredis and hiredis-1", () => {
  it("test HiredisParser, the second one with hiredis 1.x and RESP3", () => {
    expect(isNative).toBe(true);
    const { version } = hiredisAddon();
    if (process.env.REDISWIRE_HIREDIS === NEWER_ADDON) expect(version).toMatch(/^1\./);
    expect(readsResp3).toBe(!version.startsWith("0."));
  });
});

describe("Redis with HiredisParser", () => {
  it.each([{ parser: "hiredis" }, { parserClass: HiredisParser }] as const)(
    "reads every form of reply with options %o",
    async (option) => {
      expect(resolveOptions({ ...option }).parserClass).toBe(HiredisParser);
      await using redis = new Redis(server.url, option);
      await redis.set("hiredis:a", "é");
      await redis.rpush("hiredis:l", "1", "2");
      expect(await redis.get("hiredis:a")).toBe("é");
      expect(await redis.with({ decodeResponses: false }).get("hiredis:a")).toEqual(
        Buffer.from("é"),
      );
      expect(await redis.get("hiredis:none")).toBeNull();
      expect(await redis.lrange("hiredis:l", 0, -1)).toEqual(["1", "2"]);
      await expect(redis.incr("hiredis:l")).rejects.toThrow(/wrong kind of value/);
      const replies = await redis.pipeline().get("hiredis:a").llen("hiredis:l").exec();
      expect(replies).toEqual(["é", 2]);
      expect(await redis.del("hiredis:a", "hiredis:l")).toBe(2);
    },
  );

  it("reads values of several megabytes completely, as text and as bytes", async () => {
    await using redis = new Redis(server.url, { parser: "hiredis" });
    const text = "0123456789é".repeat(400_000);
    await redis.set("hiredis:long", text);
    const [one, two] = await Promise.all([redis.get("hiredis:long"), redis.get("hiredis:long")]);
    expect(one === text && two === text).toBe(true);
    const bytes = await redis.with({ decodeResponses: false }).get("hiredis:long");
    expect(Buffer.from(text).equals(bytes as Buffer)).toBe(true);
    await redis.del("hiredis:long");
  });

  it("closes a connection whose bytes are not RESP", async () => {
    await using mock = await mockServer([
      async (peer) => {
        await peer.handshake();
        await peer.expect(["GET", "a"]);
        peer.send("HTTP/1.1 400\r\n");
        await peer.expectClose();
      },
      async (peer) => {
        await peer.handshake();
        await peer.expect(["GET", "b"]);
        peer.send(bulk("b"));
      },
    ]);
    await using redis = new Redis(mock.url, { parser: "hiredis" });
    await expect(redis.get("a")).rejects.toThrow('Protocol Error: unknown reply type "H"');
    expect(await redis.get("b")).toBe("b");
  });

  it("rejects the options parser and parserClass given together", () => {
    const both = { parser: "hiredis", parserClass: HiredisParser } as const;
    expect(() => new Redis(both)).toThrow(
      'options "parser" and "parserClass" are mutually exclusive',
    );
  });
});

describe("HiredisParser and RESP3", () => {
  it("reads RESP3 when the hiredis library supports it, and refuses protocol 3 otherwise", async () => {
    const make = () => new Redis(server.url, { parser: "hiredis", protocol: 3 });
    if (!readsResp3) {
      expect(make).toThrow(DataError);
      expect(make).toThrow(
        'option "protocol" must be 2 with a parser without RESP3 support (hiredis < 1.0), got 3',
      );
      return;
    }
    await using redis = make();
    await redis.hset("hiredis:h", { a: "1" });
    expect(await redis.hgetall("hiredis:h")).toEqual({ a: "1" });
    await redis.del("hiredis:h");
  });
});

describe("input that HiredisParser rejects", () => {
  it.each([
    "|1\r\n+a\r\n:1\r\n+OK\r\n",
    "!5\r\nERR x\r\n",
    ":007\r\n",
    ":+1\r\n",
    "$05\r\nhello\r\n",
  ])("%j closes the connection, however the bytes are split", (wire) => {
    expect(reads(wire)).toBe(false);
    const whole = Buffer.from(wire);
    for (const pieces of [[whole], bytewise(whole), ...cuts(whole)]) {
      const events = parse(pieces).map((event) => event.slice(0, 2));
      expect(events).toEqual([["thrown", "InvalidResponse"]]);
    }
  });

  it.each(["|", "|1", "|1\r\n+a\r\n+b\r\n+OK\r\n", ...(readsResp3 ? ["*1\r\n|"] : [])])(
    "the attribute %j is refused at its first byte, so that its line is not collected",
    (wire) => {
      const flood = Buffer.alloc(64 * 1024, "1");
      expect(parse([Buffer.from(wire), flood, flood])).toEqual([
        ["thrown", "InvalidResponse", 'Protocol Error: unknown reply type "|"'],
      ]);
    },
  );

  if (readsResp3) {
    it.each(["#T\r\n", "#F\r\n", "#\0\r\n", "%-1\r\n", "*1\r\n>1\r\n:1\r\n"])(
      "%j is rejected, although hiredis accepts it",
      (wire) => {
        expect(parse([Buffer.from(wire)])).toEqual([
          ["thrown", "InvalidResponse", expect.stringMatching(/malformed|push/)],
        ]);
      },
    );
  }

  it("deep nesting is rejected by hiredis before 1.0", () => {
    const wire = Buffer.from(`${"*1\r\n".repeat(9)}:1\r\n`);
    const events = parse([wire]);
    if (readsResp3) expect(events[0]?.[0]).toBe("reply");
    else expect(events).toEqual([["thrown", "InvalidResponse", expect.stringMatching(/JsParser/)]]);
  });
});

describe("the hiredis addon", () => {
  afterEach(() => {
    vi.resetModules();
    vi.unstubAllEnvs();
  });

  it("a missing addon raises an error that names the build command", async () => {
    vi.stubEnv("REDISWIRE_HIREDIS", "/nowhere/hiredis.node");
    vi.resetModules();
    const fresh = await import("../../src/index.js");
    const make = () => new fresh.Redis({ parser: "hiredis" });
    expect(make).toThrow(/npx rediswire-build-hiredis/);
    expect(make).toThrow(fresh.RedisError);
    expect(new fresh.Redis({ parser: "js" })).toBeInstanceOf(fresh.Redis);
    expect(RedisError.name).toBe("RedisError");
  });

  it.each([
    [{ CC: "/nowhere/cc" }, /no C compiler.*apt-get install gcc/],
    [{ CFLAGS: "-Dhiredis=nowhere", CC: "false" }, /cannot build the hiredis parser/],
  ])("a failed build reports its reason: %o", async (env, message) => {
    const output = `${process.env.REDISWIRE_HIREDIS}.failed`;
    const failed = run(process.execPath, [BUILD, output], { env: { ...process.env, ...env } });
    await expect(failed).rejects.toThrow(message);
  });

  it("rejects arguments that would be unsafe", () => {
    const module = { exports: {} as Record<string, (...args: unknown[]) => unknown> };
    process.dlopen(module, process.env.REDISWIRE_HIREDIS ?? "");
    const { create, feed, errorMessage } = module.exports;
    const parser = create?.(8, 100, 100);
    const tape = new Uint32Array(100);
    const chunk = Buffer.from("+OK\r\n");
    for (const args of [
      [],
      [{}, tape, chunk, 0, 5, []],
      [parser, new Uint32Array(3), chunk, 0, 5, []],
      [parser, new Float64Array(100), chunk, 0, 5, []],
      [parser, tape, "+OK\r\n", 0, 5, []],
      [parser, tape, chunk, 0, 6, []],
      [parser, tape, chunk, 5, 5, []],
    ]) {
      expect(() => feed?.(...args)).toThrow("feed: invalid arguments");
    }
    expect(() => errorMessage?.({})).toThrow("errorMessage: invalid arguments");
    expect(() => create?.(8, "x", 1)).toThrow("create: a limit must be a number, 0 or more");
    // A tape that is too short for the chunk fails the parser; nothing is written behind its end.
    const many = Buffer.from(":1\r\n".repeat(50));
    const guarded = new Uint32Array(60).fill(7);
    expect(feed?.(parser, guarded.subarray(0, 30), many, 0, many.length, [])).toBe(30);
    expect([...guarded.subarray(30)]).toEqual(new Array(30).fill(7));
  });
});
