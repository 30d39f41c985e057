import { beforeEach, expect, it } from "vitest";
import { DataError, ResponseError } from "../../../src/index.js";
import { describeClients } from "../../support/clients.js";
import { sharedServer } from "../../support/server.js";
import { errorOf } from "../../support/settle.js";

const server = await sharedServer();
beforeEach(() => server.command("FLUSHALL"));

const RAW = Buffer.from([0xff, 0x00, 0x0d, 0x0a]);

describeClients("commands on keys of any type", server, ({ redis, t, decoding }) => {
  it("EXISTS, TOUCH, DEL and UNLINK accept keys as arguments or lists", async () => {
    await redis.mset({ a: 1, b: 2, c: 3, d: 4, e: 5 });
    expect(await redis.exists("a", "a", ["b", "none"], new Set(["c"]))).toBe(4);
    expect(await redis.touch("a", ["b", "none"])).toBe(2);
    expect(await redis.touch("none")).toBe(0);
    expect(await redis.unlink(["a", "none"], "b", "b")).toBe(2);
    expect(await redis.del("c", "none")).toBe(1);
    expect(await redis.delete(["d"])).toBe(1);
    expect(await redis.exists("a", "b", "c", "d", "none")).toBe(0);
    expect(await redis.exists("e")).toBe(1);
  });

  it("EXISTS, TOUCH, DEL and UNLINK reject an empty list", async () => {
    for (const none of [
      redis.exists(),
      redis.touch([]),
      redis.unlink(),
      redis.del(new Set<string>()),
    ]) {
      const error = await errorOf(none);
      expect(error).toBeInstanceOf(DataError);
      expect(error.message).toMatch(
        /^(EXISTS|TOUCH|UNLINK|DEL): argument "keys" must not be empty$/,
      );
    }
  });

  it("TYPE returns the type of a key", async () => {
    await redis.set("string", "x");
    await redis.rpush("list", "x");
    await redis.sadd("set", "x");
    await redis.zadd("zset", { x: 1 });
    await redis.hset("hash", { x: 1 });
    await redis.xadd("stream", { x: 1 });
    for (const type of ["string", "list", "set", "zset", "hash", "stream"]) {
      expect(await redis.type(type)).toBe(type);
    }
    expect(await redis.type("none")).toBe("none");
  });

  it("KEYS lists keys by pattern", async () => {
    await redis.mset({ one: 1, two: 2, three: 3, "t*": 4 });
    const sorted = async (pattern?: string) => (await redis.keys(pattern)).map(String).sort();
    expect(await sorted()).toEqual(["one", "t*", "three", "two"]);
    expect(await sorted("t*")).toEqual(["t*", "three", "two"]);
    expect(await sorted("t[wh]*")).toEqual(["three", "two"]);
    expect(await redis.keys("t\\*")).toEqual([t("t*")]);
    expect(await redis.keys("?n?")).toEqual([t("one")]);
    expect(await redis.keys("none*")).toEqual([]);
  });

  it("RANDOMKEY returns a random key", async () => {
    expect(await redis.randomkey()).toBeNull();
    await redis.set("only", 1);
    expect(await redis.randomkey()).toEqual(t("only"));
  });

  it("keys may be bytes that are not UTF-8", async () => {
    await redis.set(RAW, "x");
    expect(await redis.exists(RAW)).toBe(1);
    if (decoding === "bytes") {
      expect(await redis.keys()).toEqual([RAW]);
      expect(await redis.randomkey()).toEqual(RAW);
      expect(await redis.scan()).toEqual(["0", [RAW]]);
    } else {
      for (const call of [redis.keys(), redis.randomkey(), redis.scan()]) {
        expect(await errorOf(call)).toMatchObject({ name: "DecodeError", code: "EDECODE" });
      }
    }
    expect(await redis.rename(RAW, "text")).toBe(true);
    expect(await redis.keys()).toEqual([t("text")]);
  });
});

describeClients("RENAME and RENAMENX", server, ({ redis, t }) => {
  beforeEach(() => redis.mset({ a: "1", b: "2" }));

  it("RENAME replaces an existing target", async () => {
    expect(await redis.rename("a", "b")).toBe(true);
    expect(await redis.mget("a", "b")).toEqual([null, t("1")]);
    expect(await redis.rename("b", "b")).toBe(true);
  });

  it("RENAMENX keeps an existing target", async () => {
    expect(await redis.renamenx("a", "b")).toBe(false);
    expect(await redis.renamenx("a", "c")).toBe(true);
    expect(await redis.mget("a", "b", "c")).toEqual([null, t("2"), t("1")]);
  });

  it("RENAME rejects when the source is missing", async () => {
    for (const call of [redis.rename("none", "x"), redis.renamenx("none", "x")]) {
      const error = await errorOf(call);
      expect(error).toBeInstanceOf(ResponseError);
      expect(error).toMatchObject({ code: "ERR", message: "ERR no such key" });
    }
  });
});

describeClients("SCAN", server, ({ redis, t }) => {
  it("returns text cursors and, in the end, all keys", async () => {
    expect(await redis.scan()).toEqual(["0", []]);
    const names = Array.from({ length: 300 }, (_, n) => `k${n}`);
    await redis.mset(names.map((name): [string, string] => [name, "x"]));
    const seen = new Set<string>();
    let [cursor, keys] = await redis.scan("0", { count: 20 });
    expect(cursor).toMatch(/^[1-9]\d*$/);
    for (const key of keys) seen.add(String(key));
    for (let calls = 1; cursor !== "0"; calls++) {
      expect(calls).toBeLessThan(100);
      [cursor, keys] = await redis.scan(cursor);
      for (const key of keys) seen.add(String(key));
    }
    expect([...seen].sort()).toEqual(names.sort());
  });

  it("filters by pattern and type", async () => {
    await redis.mset({ a1: 1, a2: 2, b1: 3 });
    await redis.sadd("a3", "x");
    const all = { count: 1000 };
    const sorted = ([cursor, keys]: [string, (string | Buffer)[]]) => [
      cursor,
      keys.map(String).sort(),
    ];
    expect(sorted(await redis.scan("0", { ...all, match: "a*" }))).toEqual([
      "0",
      ["a1", "a2", "a3"],
    ]);
    expect(await redis.scan(0, { ...all, type: "set" })).toEqual(["0", [t("a3")]]);
    expect(sorted(await redis.scan(0n, { ...all, type: "STRING", match: "?1" }))).toEqual([
      "0",
      ["a1", "b1"],
    ]);
    expect(await redis.scan("0", { ...all, match: "none" })).toEqual(["0", []]);
  });

  it("rejects invalid cursors and counts", async () => {
    const noCursor = await errorOf(redis.scan("x"));
    expect(noCursor).toBeInstanceOf(ResponseError);
    expect(noCursor.message).toBe("ERR invalid cursor");
    const error = await errorOf(redis.scan("0", { count: 0 }));
    expect(error).toBeInstanceOf(ResponseError);
    expect(error.message).toBe("ERR syntax error");
    expect(await errorOf(redis.scan("0", { count: 1.5 }))).toBeInstanceOf(DataError);
    expect(await redis.scan("18446744073709551615")).toEqual(["0", []]);
  });
});
