import { beforeEach, expect, it } from "vitest";
import {
  DataError,
  type GetexOptions,
  ResponseError,
  type SetOptions,
} from "../../../src/index.js";
import { describeClients } from "../../support/clients.js";
import { sharedServer } from "../../support/server.js";
import { errorOf } from "../../support/settle.js";

const server = await sharedServer();
beforeEach(() => server.command("FLUSHALL"));

const RAW = Buffer.from([0xff, 0x00, 0x0d, 0x0a]);
/** Tomorrow, in whole seconds, so that seconds and milliseconds name the same moment. */
const tomorrow = (Math.floor(Date.now() / 1000) + 86_400) * 1000;

describeClients("strings", server, ({ redis, t, decoding }) => {
  it("SET and GET round-trip a value", async () => {
    for (const value of ["", "x", "väl \u{1f600}", "a\r\nb\0"]) {
      expect(await redis.set("k", value)).toBe(true);
      expect(await redis.get("k")).toEqual(t(value));
    }
    for (const [value, text] of [
      [7, "7"],
      [-0.1, "-0.1"],
      [1e21, "1e+21"],
      [2n ** 64n, "18446744073709551616"],
      [new Uint8Array([104, 105]), "hi"],
    ] as const) {
      expect(await redis.set("k", value)).toBe(true);
      expect(await redis.get("k")).toEqual(t(text));
    }
    expect(await redis.get("none")).toBeNull();
  });

  it("values may be bytes that are not UTF-8", async () => {
    expect(await redis.set(RAW, RAW)).toBe(true);
    expect(await redis.strlen(RAW)).toBe(4);
    for (const read of [
      () => redis.get(RAW),
      () => redis.getex(RAW),
      () => redis.getrange(RAW, 0, -1),
      () => redis.set(RAW, RAW, { get: true }),
      () => redis.getset(RAW, RAW),
      () => redis.getdel(RAW),
    ]) {
      if (decoding === "bytes") expect(await read()).toEqual(RAW);
      else expect(await errorOf(read())).toMatchObject({ name: "DecodeError", code: "EDECODE" });
    }
    expect(await redis.exists(RAW)).toBe(0);
  });

  it("GETDEL reads and deletes, GETSET reads and replaces", async () => {
    await redis.set("k", "v");
    expect(await redis.getdel("k")).toEqual(t("v"));
    expect(await redis.getdel("k")).toBeNull();
    expect(await redis.getset("k", "new")).toBeNull();
    expect(await redis.getset("k", 7)).toEqual(t("new"));
    expect(await redis.get("k")).toEqual(t("7"));
  });

  it("APPEND appends to a value", async () => {
    expect(await redis.append("k", "ab")).toBe(2);
    expect(await redis.append("k", RAW)).toBe(6);
    expect(await redis.append("k", "")).toBe(6);
    expect(await redis.append("k", 42)).toBe(8);
    expect(await redis.with({ decodeResponses: false }).get("k")).toEqual(
      Buffer.concat([Buffer.from("ab"), RAW, Buffer.from("42")]),
    );
  });

  it("STRLEN returns the length in bytes", async () => {
    await redis.set("k", "väl");
    expect(await redis.strlen("k")).toBe(4);
    expect(await redis.strlen("none")).toBe(0);
  });

  it.each(["getrange", "substr"] as const)("%s returns a part of a value", async (command) => {
    await redis.set("k", "0123456789");
    expect(await redis[command]("k", 0, 3)).toEqual(t("0123"));
    expect(await redis[command]("k", -3, -1)).toEqual(t("789"));
    expect(await redis[command]("k", 8, 100)).toEqual(t("89"));
    expect(await redis[command]("k", 5, 3)).toEqual(t(""));
    expect(await redis[command]("none", 0, -1)).toEqual(t(""));
    expect(await errorOf(redis[command]("k", 0.5, 1))).toBeInstanceOf(DataError);
  });

  it("substr reads to the end without an end argument", async () => {
    await redis.set("k", "0123456789");
    expect(await redis.substr("k", 7)).toEqual(t("789"));
  });

  it("GETRANGE slices by bytes, even inside a multi-byte character", async () => {
    await redis.set("k", "vä");
    const cut = redis.getrange("k", 0, 1);
    if (decoding === "bytes") expect(await cut).toEqual(Buffer.from([0x76, 0xc3]));
    else expect(await errorOf(cut)).toMatchObject({ name: "DecodeError" });
  });

  it("SETRANGE overwrites a part of a value", async () => {
    expect(await redis.set("k", "Hello World")).toBe(true);
    expect(await redis.setrange("k", 6, "Redis")).toBe(11);
    expect(await redis.get("k")).toEqual(t("Hello Redis"));
    expect(await redis.setrange("none", 2, "x")).toBe(3);
    expect(await redis.get("none")).toEqual(t("\0\0x"));
    expect(await redis.setrange("empty", 5, "")).toBe(0);
    expect(await redis.exists("empty")).toBe(0);
    expect(await errorOf(redis.setrange("k", -1, "x"))).toBeInstanceOf(DataError);
    const far = await errorOf(redis.setrange("k", 2 ** 32, "x"));
    expect(far).toBeInstanceOf(ResponseError);
    expect(far.message).toMatch(/^ERR string exceeds maximum allowed size/);
  });
});

describeClients("MSET, MGET and MSETNX", server, ({ redis, t }) => {
  it("MSET and MGET store and read several values", async () => {
    expect(await redis.mset({ a: 1, b: "two" })).toBe(true);
    expect(await redis.mset(new Map([[RAW, "raw"]]))).toBe(true);
    expect(await redis.mset([["c", 3n]])).toBe(true);
    await redis.rpush("list", "x");
    expect(await redis.mget("a", ["b", "none"], "list", RAW, new Set(["c"]))).toEqual([
      t("1"),
      t("two"),
      null,
      null,
      t("raw"),
      t("3"),
    ]);
    expect(await redis.mget([])).toEqual([]);
    expect(await redis.mget()).toEqual([]);
  });

  it("MSETNX stores only when no key exists", async () => {
    expect(await redis.msetnx({ a: "1", b: "2" })).toBe(true);
    expect(await redis.msetnx({ b: "3", c: "4" })).toBe(false);
    expect(await redis.mget("a", "b", "c")).toEqual([t("1"), t("2"), null]);
  });

  it("MSET, MSETNX and MGET reject an empty list", async () => {
    for (const call of [redis.mset({}), redis.msetnx([]), redis.mset(new Map<string, string>())]) {
      const error = await errorOf(call);
      expect(error).toBeInstanceOf(DataError);
      expect(error.message).toMatch(/^MSET(NX)?: argument "mapping" must not be empty$/);
    }
  });
});

describeClients("SET, SETEX, PSETEX and SETNX", server, ({ redis, t }) => {
  it("SET with nx or xx and SETNX store under a condition", async () => {
    expect(await redis.set("k", "1", { xx: true })).toBeNull();
    expect(await redis.set("k", "1", { nx: true })).toBe(true);
    expect(await redis.set("k", "2", { nx: true })).toBeNull();
    expect(await redis.set("k", "3", { xx: true })).toBe(true);
    expect(await redis.get("k")).toEqual(t("3"));
    expect(await redis.setnx("k", "4")).toBe(false);
    expect(await redis.setnx("new", "4")).toBe(true);
    expect(await redis.mget("k", "new")).toEqual([t("3"), t("4")]);
  });

  it("SET with get returns the previous value", async () => {
    expect(await redis.set("k", "OK", { get: true })).toBeNull();
    // It must not be mistaken for the status reply of the same text.
    expect(await redis.set("k", "2", { get: true })).toEqual(t("OK"));
    expect(await redis.set("k", "3", { get: true, xx: true })).toEqual(t("2"));
    expect(await redis.set("k", "4", { get: true, nx: true })).toEqual(t("3"));
    expect(await redis.set("none", "5", { get: true, xx: true })).toBeNull();
    expect(await redis.mget("k", "none")).toEqual([t("3"), null]);
  });

  it.each<[SetOptions, number]>([
    [{ exat: tomorrow / 1000 }, tomorrow],
    [{ exat: new Date(tomorrow + 999) }, tomorrow],
    [{ pxat: tomorrow + 7 }, tomorrow + 7],
    [{ pxat: new Date(tomorrow + 7) }, tomorrow + 7],
    [{ keepTtl: true }, tomorrow + 1000],
    [{}, -1],
  ])("SET sets or keeps the expiry: %j", async (options, expiry) => {
    await redis.set("k", "old", { pxat: tomorrow + 1000 });
    expect(await redis.set("k", "v", options)).toBe(true);
    expect(await redis.pexpiretime("k")).toBe(expiry);
    expect(await redis.get("k")).toEqual(t("v"));
  });

  it("SETEX and PSETEX set a time to live", async () => {
    expect(await redis.set("a", "v", { ex: 1000 })).toBe(true);
    expect(await redis.set("b", "v", { px: 1_000_000 })).toBe(true);
    expect(await redis.setex("c", 1000, "v")).toBe(true);
    expect(await redis.psetex("d", 1_000_000, "v")).toBe(true);
    for (const key of ["a", "b", "c", "d"]) {
      expect(await redis.get(key)).toEqual(t("v"));
      const left = await redis.pttl(key);
      expect(left).toBeGreaterThan(900_000);
      expect(left).toBeLessThanOrEqual(1_000_000);
    }
  });

  it("SET, SETEX and PSETEX reject invalid times", async () => {
    await redis.set("k", "old");
    for (const call of [
      redis.executeCommand("SET", "k", "v", "EX", 0),
      redis.executeCommand("SET", "k", "v", "PX", -1),
      redis.executeCommand("SET", "k", "v", "EXAT", 0),
      redis.executeCommand("SET", "k", "v", "PXAT", -1),
      redis.executeCommand("SETEX", "k", 0, "v"),
      redis.executeCommand("PSETEX", "k", -1, "v"),
      redis.executeCommand("GETEX", "k", "EX", 0),
      redis.executeCommand("GETEX", "k", "PXAT", 0),
    ]) {
      const error = await errorOf(call);
      expect(error).toBeInstanceOf(ResponseError);
      expect(error.message).toMatch(
        /^ERR invalid expire time in '(set|setex|psetex|getex)' command$/,
      );
    }
    // Every server rejects these times, so the methods reject them before sending.
    for (const call of [
      redis.set("k", "v", { ex: 0 }),
      redis.set("k", "v", { px: -1 }),
      redis.setex("k", 0, "v"),
      redis.psetex("k", -1, "v"),
      redis.getex("k", { ex: 0 }),
      redis.set("k", "v", { ex: 1.5 }),
      redis.setex("k", Number.NaN, "v"),
      redis.psetex("k", 2 ** 53, "v"),
      redis.getex("k", { px: 0.1 }),
    ]) {
      expect(await errorOf(call)).toBeInstanceOf(DataError);
    }
    expect(await redis.get("k")).toEqual(t("old"));
    expect(await redis.ttl("k")).toBe(-1);
  });

  it("SET rejects options that exclude each other", async () => {
    const cases: object[] = [
      { ex: 1, px: 1 },
      { exat: 1, keepTtl: true },
      { nx: true, xx: true },
      { ex: 1, persist: true },
    ];
    for (const options of cases) {
      expect(await errorOf(redis.set("k", "v", options))).toBeInstanceOf(DataError);
    }
    const both: object = { ex: 1, persist: true };
    const error = await errorOf(redis.getex("k", both));
    expect(error.message).toBe('GETEX: options "ex" and "persist" are mutually exclusive');
  });
});

describeClients("GETEX", server, ({ redis, t }) => {
  beforeEach(() => redis.set("k", "v", { pxat: tomorrow }));

  it.each<[GetexOptions | undefined, number]>([
    [undefined, tomorrow],
    [{}, tomorrow],
    [{ exat: tomorrow / 1000 + 5 }, tomorrow + 5000],
    [{ exat: new Date(tomorrow + 5999) }, tomorrow + 5000],
    [{ pxat: tomorrow + 5 }, tomorrow + 5],
    [{ pxat: new Date(tomorrow + 5) }, tomorrow + 5],
    [{ persist: true }, -1],
    [{ persist: false }, tomorrow],
  ])("reads a value and changes its expiry: %j", async (options, expiry) => {
    expect(await redis.getex("k", options)).toEqual(t("v"));
    expect(await redis.pexpiretime("k")).toBe(expiry);
    expect(await redis.getex("none", options)).toBeNull();
  });

  it("sets a time to live", async () => {
    for (const options of [{ ex: 1000 }, { px: 1_000_000 }]) {
      expect(await redis.getex("k", options)).toEqual(t("v"));
      const left = await redis.pttl("k");
      expect(left).toBeGreaterThan(900_000);
      expect(left).toBeLessThanOrEqual(1_000_000);
    }
    expect(await redis.getex("k", { exat: 1 })).toEqual(t("v"));
    expect(await redis.exists("k")).toBe(0);
  });
});

describeClients("a value of another type", server, ({ redis }) => {
  it("is rejected with WRONGTYPE by every string command", async () => {
    await redis.rpush("l", "x");
    const calls = {
      append: redis.append("l", "x"),
      decr: redis.decr("l"),
      decrby: redis.decrby("l", 2),
      get: redis.get("l"),
      getdel: redis.getdel("l"),
      getex: redis.getex("l", { persist: true }),
      getrange: redis.getrange("l", 0, 1),
      getset: redis.getset("l", "x"),
      incr: redis.incr("l"),
      incrby: redis.incrby("l", 2),
      incrbyfloat: redis.incrbyfloat("l", 1.5),
      "set with get": redis.set("l", "x", { get: true }),
      setrange: redis.setrange("l", 1, "x"),
      strlen: redis.strlen("l"),
      substr: redis.substr("l", 0, 1),
    };
    for (const [name, call] of Object.entries(calls)) {
      const error = await errorOf(call);
      expect(error, name).toBeInstanceOf(ResponseError);
      expect(error, name).toMatchObject({
        code: "WRONGTYPE",
        message: "WRONGTYPE Operation against a key holding the wrong kind of value",
      });
    }
    const lcs = await errorOf(redis.lcs("l", "l"));
    expect(lcs).toBeInstanceOf(ResponseError);
    expect(lcs.message).toMatch(/The specified keys must contain string values/);
    expect(await redis.llen("l")).toBe(1);
  });
});

describeClients("LCS", server, ({ redis, t, decoding }) => {
  beforeEach(() => redis.mset({ a: "ohmytext", b: "mynewtext" }));

  it("returns the subsequence, or its length", async () => {
    expect(await redis.lcs("a", "b")).toEqual(t("mytext"));
    expect(await redis.lcs("a", "b", {})).toEqual(t("mytext"));
    expect(await redis.lcs("a", "b", { len: true })).toBe(6);
    expect(await redis.lcs("a", "none")).toEqual(t(""));
    expect(await redis.lcs("a", "none", { len: true })).toBe(0);
  });

  it("returns the matching ranges with idx", async () => {
    const last = [
      [4, 7],
      [5, 8],
    ];
    const first = [
      [2, 3],
      [0, 1],
    ];
    expect(await redis.lcs("a", "b", { idx: true })).toEqual({ matches: [last, first], len: 6 });
    expect(await redis.lcs("a", "b", { idx: true, minMatchLen: 3 })).toEqual({
      matches: [last],
      len: 6,
    });
    expect(await redis.lcs("a", "b", { idx: true, withMatchLen: true })).toEqual({
      matches: [
        [...last, 4],
        [...first, 2],
      ],
      len: 6,
    });
    const all = { idx: true, minMatchLen: 5, withMatchLen: true } as const;
    expect(await redis.lcs("a", "b", all)).toEqual({ matches: [], len: 6 });
  });

  it("compares bytes", async () => {
    await redis.mset({ a: RAW, b: Buffer.concat([Buffer.from("x"), RAW]) });
    expect(await redis.lcs("a", "b", { len: true })).toBe(4);
    if (decoding === "bytes") expect(await redis.lcs("a", "b")).toEqual(RAW);
    else expect(await errorOf(redis.lcs("a", "b"))).toMatchObject({ name: "DecodeError" });
  });

  it("rejects options that exclude each other", async () => {
    const both: object = { len: true, idx: true };
    const error = await errorOf(redis.lcs("a", "b", both));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toBe('LCS: options "len" and "idx" are mutually exclusive');
    expect(await errorOf(redis.lcs("a", "b", { minMatchLen: -1 }))).toBeInstanceOf(DataError);
  });
});
