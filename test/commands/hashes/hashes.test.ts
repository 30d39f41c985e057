import { beforeEach, expect, it } from "vitest";
import { DataError, DecodeError, ResponseError } from "../../../src/index.js";
import { describeClients } from "../../support/clients.js";
import { expectWrongType, sorted } from "../../support/data-types.js";
import { sharedServer } from "../../support/server.js";
import { errorOf } from "../../support/settle.js";

const server = await sharedServer();
beforeEach(() => server.command("FLUSHALL"));

/** Return an object without prototype, as replies have it. */
const fields = <V>(record: Record<string, V>): Record<string, V> =>
  Object.assign(Object.create(null), record);
const INVALID = Buffer.from([0xff, 0x00, 0x0d, 0x0a]);

describeClients("hash fields", server, ({ redis, t }) => {
  it("HSET sets one field or many, in every argument form", async () => {
    expect(await redis.hset("h", "a", 1)).toBe(1);
    expect(await redis.hset("h", "a", "2")).toBe(0);
    expect(await redis.hset("h", { a: "3", b: 4.5, c: Buffer.from("x") })).toBe(2);
    expect(await redis.hset("h", new Map([["d", 9007199254740993n]]))).toBe(1);
    expect(await redis.hset("h", [["e", ""]])).toBe(1);
    expect(await redis.hset("h", "f", 1, { g: 2 })).toBe(2);
    expect(await redis.hgetall("h")).toStrictEqual(
      fields({
        a: t("3"),
        b: t("4.5"),
        c: t("x"),
        d: t("9007199254740993"),
        e: t(""),
        f: t("1"),
        g: t("2"),
      }),
    );
  });

  it("HMSET sets fields", async () => {
    expect(await redis.hmset("h", { a: 1, b: "2" })).toBe(true);
    expect(await redis.hmset("h", new Map([["b", "3"]]))).toBe(true);
    expect(await redis.hmget("h", "a", "b")).toEqual([t("1"), t("3")]);
    expect(await errorOf(redis.hmset("h", {}))).toBeInstanceOf(DataError);
  });

  it("HSETNX sets a field only when it is missing", async () => {
    expect(await redis.hsetnx("h", "a", "1")).toBe(1);
    expect(await redis.hsetnx("h", "a", "2")).toBe(0);
    expect(await redis.hget("h", "a")).toEqual(t("1"));
  });

  it("HGET, HMGET, HGETALL, HKEYS and HVALS read fields", async () => {
    await redis.hset("h", { a: "1", b: "é" });
    expect(await redis.hget("h", "b")).toEqual(t("é"));
    expect(await redis.hget("h", "none")).toBeNull();
    expect(await redis.hmget("h", "a", "none", ["b"])).toEqual([t("1"), null, t("é")]);
    expect(await redis.hexists("h", "a")).toBe(true);
    expect(await redis.hexists("h", "none")).toBe(false);
    expect(await redis.hkeys("h")).toEqual([t("a"), t("b")]);
    expect(await redis.hvals("h")).toEqual([t("1"), t("é")]);
    expect(await redis.hlen("h")).toBe(2);
    expect(await redis.hstrlen("h", "b")).toBe(2);
    expect(await redis.hstrlen("h", "none")).toBe(0);
  });

  it("HDEL deletes fields, and the hash with its last field", async () => {
    await redis.hset("h", { a: 1, b: 2, c: 3, d: 4 });
    expect(await redis.hdel("h", "a", ["b", "none"])).toBe(2);
    expect(await redis.hdel("h", "a")).toBe(0);
    expect(await redis.hdel("h", new Set(["c", "d"]))).toBe(2);
    expect(await redis.exists("h")).toBe(0);
  });

  it("reading a missing hash returns null, empty or zero", async () => {
    expect(await redis.hget("none", "a")).toBeNull();
    expect(await redis.hmget("none", "a", "b")).toEqual([null, null]);
    expect(await redis.hgetall("none")).toStrictEqual(fields({}));
    expect(await redis.hexists("none", "a")).toBe(false);
    expect(await redis.hkeys("none")).toEqual([]);
    expect(await redis.hvals("none")).toEqual([]);
    expect(await redis.hlen("none")).toBe(0);
    expect(await redis.hstrlen("none", "a")).toBe(0);
    expect(await redis.hdel("none", "a")).toBe(0);
    expect(await redis.exists("none")).toBe(0);
  });

  it("hash commands reject keys of another type", async () => {
    await redis.rpush("list", "x");
    await expectWrongType({
      hset: () => redis.hset("list", "a", 1),
      hmset: () => redis.hmset("list", { a: 1 }),
      hsetnx: () => redis.hsetnx("list", "a", 1),
      hget: () => redis.hget("list", "a"),
      hmget: () => redis.hmget("list", "a"),
      hgetall: () => redis.hgetall("list"),
      hkeys: () => redis.hkeys("list"),
      hvals: () => redis.hvals("list"),
      hlen: () => redis.hlen("list"),
      hstrlen: () => redis.hstrlen("list", "a"),
      hexists: () => redis.hexists("list", "a"),
      hdel: () => redis.hdel("list", "a"),
      hincrby: () => redis.hincrby("list", "a"),
      hincrbyfloat: () => redis.hincrbyfloat("list", "a"),
      hrandfield: () => redis.hrandfield("list"),
      "hrandfield withValues": () => redis.hrandfield("list", 1, { withValues: true }),
      hscan: () => redis.hscan("list"),
      hscanIter: () => redis.hscanIter("list").next(),
    });
    expect(await redis.lrange("list", 0, -1)).toEqual([t("x")]);
  });
});

describeClients("numbers in hash fields", server, ({ redis, t }) => {
  it("HINCRBY adds integers, negative ones too", async () => {
    expect(await redis.hincrby("h", "n")).toBe(1);
    expect(await redis.hincrby("h", "n", 41)).toBe(42);
    expect(await redis.hincrby("h", "n", -50n)).toBe(-8);
    expect(await redis.hget("h", "n")).toEqual(t("-8"));
  });

  it("HINCRBY keeps every digit beyond 2^53 as bigint", async () => {
    const exact = redis.with({ integers: "bigint" });
    expect(await exact.hincrby("h", "n", 9223372036854775806n)).toBe(9223372036854775806n);
    expect(await exact.hincrby("h", "n")).toBe(9223372036854775807n);
    const error = await errorOf(redis.hincrby("h", "n", -1));
    expect(error).toBeInstanceOf(DecodeError);
    expect(error.message).toContain("9223372036854775806");
    expect(await redis.hget("h", "n")).toEqual(t("9223372036854775806"));
    expect(await redis.hincrby("h", "n", -9223372036854775805n)).toBe(1);
    expect(await exact.hlen("h")).toBe(1);
    expect(await exact.hset("h", "m", 1)).toBe(1);
  });

  it("HINCRBY rejects overflow and fields that are not integers", async () => {
    await redis.hset("h", { big: 9223372036854775807n, word: "x" });
    for (const field of ["big", "word"]) {
      const error = await errorOf(redis.hincrby("h", field));
      expect(error, field).toBeInstanceOf(ResponseError);
      expect(error.code, field).toBe("ERR");
    }
    expect((await errorOf(redis.hincrbyfloat("h", "word", 1))).message).toMatch(/float/);
    expect(await redis.hmget("h", "big", "word")).toEqual([t("9223372036854775807"), t("x")]);
    expect(await errorOf(redis.hincrby("h", "n", 1.5))).toBeInstanceOf(DataError);
    expect(await errorOf(redis.hincrby("h", "n", 2 ** 53))).toBeInstanceOf(DataError);
    expect(await redis.hexists("h", "n")).toBe(false);
  });

  it("HINCRBYFLOAT adds decimals", async () => {
    expect(await redis.hincrbyfloat("h", "n")).toBe(1);
    expect(await redis.hincrbyfloat("h", "n", 0.1)).toBe(1.1);
    expect(await redis.hincrbyfloat("h", "n", "-3.1e0")).toBe(-2);
    expect(await redis.hincrbyfloat("h", "n", 5e3)).toBe(4998);
    expect(await redis.hget("h", "n")).toEqual(t("4998"));
    expect(await redis.hincrbyfloat("h", "m", 0.30000000000000004)).toBe(0.30000000000000004);
    expect(await errorOf(redis.hincrbyfloat("h", "n", Infinity))).toBeInstanceOf(DataError);
    expect(await errorOf(redis.hincrbyfloat("h", "n", Number.NaN))).toBeInstanceOf(DataError);
    expect(await redis.hget("h", "n")).toEqual(t("4998"));
  });
});

describeClients("HRANDFIELD", server, ({ redis, t }) => {
  beforeEach(() => redis.hset("h", { a: "1", b: "2", c: "3" }));
  const all = [t("a"), t("b"), t("c")];

  it("returns one field, or null for a missing hash", async () => {
    expect(all).toContainEqual(await redis.hrandfield("h"));
    expect(await redis.hrandfield("none")).toBeNull();
  });

  it("returns distinct fields for a positive count", async () => {
    expect(sorted(await redis.hrandfield("h", 3))).toEqual(all);
    expect(sorted(await redis.hrandfield("h", 99))).toEqual(all);
    expect(new Set((await redis.hrandfield("h", 2)).map(String)).size).toBe(2);
    expect(await redis.hrandfield("h", 0)).toEqual([]);
    expect(await redis.hrandfield("none", 3)).toEqual([]);
  });

  it("returns exactly the requested number for a negative count", async () => {
    const picked = await redis.hrandfield("h", -20, { withValues: false });
    expect(picked).toHaveLength(20);
    for (const field of picked) expect(all).toContainEqual(field);
  });

  it("returns pairs with withValues", async () => {
    const pairs = await redis.hrandfield("h", 5, { withValues: true });
    expect(pairs.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))).toEqual([
      [t("a"), t("1")],
      [t("b"), t("2")],
      [t("c"), t("3")],
    ]);
    const values: Record<string, string> = { a: "1", b: "2", c: "3" };
    const repeated = await redis.hrandfield("h", -9, { withValues: true });
    expect(repeated).toHaveLength(9);
    for (const [field, value] of repeated) expect(String(value)).toBe(values[String(field)]);
    expect(await redis.hrandfield("h", 0, { withValues: true })).toEqual([]);
    expect(await redis.hrandfield("none", 5, { withValues: true })).toEqual([]);
  });
});

describeClients("HSCAN", server, ({ redis, t, decoding }) => {
  it("returns a small hash in one call, as an object or as pairs", async () => {
    await redis.hset("h", { a: "1", b: "2", bb: "3" });
    expect(await redis.hscan("h")).toStrictEqual([
      "0",
      fields({ a: t("1"), b: t("2"), bb: t("3") }),
    ]);
    expect(await redis.hscan("h", 0, { match: "b*", count: 100 })).toStrictEqual([
      "0",
      fields({ b: t("2"), bb: t("3") }),
    ]);
    expect(await redis.hscan("h", "0", { pairs: true, match: "a" })).toEqual([
      "0",
      [[t("a"), t("1")]],
    ]);
    expect(await redis.hscan("h", 0n, { match: "z" })).toStrictEqual(["0", fields({})]);
    expect(await redis.hscan("none")).toStrictEqual(["0", fields({})]);
    expect(await redis.hscan("none", "0", { pairs: true })).toEqual(["0", []]);
  });

  it("iterates over a large hash with text cursors", async () => {
    const mapping = Object.fromEntries(Array.from({ length: 700 }, (_, n) => [`f${n}`, `v${n}`]));
    await redis.hset("h", mapping);
    const seen: Record<string, string> = {};
    let cursor = "0";
    let calls = 0;
    do {
      const [next, batch] = await redis.hscan("h", cursor, { count: 50 });
      for (const [field, value] of Object.entries(batch)) seen[field] = String(value);
      cursor = next;
      calls += 1;
    } while (cursor !== "0");
    expect(calls).toBeGreaterThan(5);
    expect(seen).toEqual(mapping);

    const walked: Record<string, string> = {};
    for await (const [field, value] of redis.hscanIter("h", { count: 50 })) {
      expect(typeof field === "string").toBe(decoding === "text");
      walked[String(field)] = String(value);
    }
    expect(walked).toEqual(mapping);
    const matched = [];
    for await (const [field] of redis.hscanIter("h", { match: "f69?" })) matched.push(field);
    expect(sorted(matched)).toEqual(Array.from({ length: 10 }, (_, n) => t(`f69${n}`)));
  });

  it("returns field names that are not UTF-8 only as bytes", async () => {
    await redis.hset("h", new Map([[INVALID, "v"]]));
    expect(await errorOf(redis.hscan("h"))).toBeInstanceOf(DecodeError);
    expect(await errorOf(redis.hgetall("h"))).toBeInstanceOf(DecodeError);
    const walk = redis.hscanIter("h").next();
    if (decoding === "text") expect(await errorOf(walk)).toBeInstanceOf(DecodeError);
    else expect((await walk).value).toEqual([INVALID, Buffer.from("v")]);
    expect(await redis.hget("h", INVALID)).toEqual(t("v"));
  });
});
