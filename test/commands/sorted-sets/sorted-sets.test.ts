import { beforeEach, expect, it } from "vitest";
import { DataError, ResponseError } from "../../../src/index.js";
import { describeClients } from "../../support/clients.js";
import { expectWrongType, sorted } from "../../support/data-types.js";
import { sharedServer } from "../../support/server.js";
import { errorOf } from "../../support/settle.js";

const server = await sharedServer();
beforeEach(() => server.command("FLUSHALL"));

describeClients("ZADD", server, ({ redis, t }) => {
  const all = () => redis.zrange("z", 0, -1, { withScores: true });

  it("accepts members and scores in every argument form", async () => {
    expect(await redis.zadd("z", { a: 1, b: "2.5" })).toBe(2);
    expect(await redis.zadd("z", new Map([["c", -3]]))).toBe(1);
    expect(await redis.zadd("z", [[Buffer.from("d"), 4n]])).toBe(1);
    expect(await redis.zadd("z", { a: 1, b: 3, e: 0 })).toBe(1);
    expect(await all()).toEqual([
      [t("c"), -3],
      [t("e"), 0],
      [t("a"), 1],
      [t("b"), 3],
      [t("d"), 4],
    ]);
    expect(await errorOf(redis.zadd("z", {}))).toBeInstanceOf(DataError);
  });

  it("adds only new members with nx, changes only existing ones with xx", async () => {
    await redis.zadd("z", { a: 1 });
    expect(await redis.zadd("z", { a: 9, b: 2 }, { nx: true })).toBe(1);
    expect(await redis.zadd("z", { a: 5, c: 3 }, { xx: true })).toBe(0);
    expect(await all()).toEqual([
      [t("b"), 2],
      [t("a"), 5],
    ]);
  });

  it("only raises scores with gt, only lowers them with lt, and counts changes with ch", async () => {
    await redis.zadd("z", { a: 5 });
    expect(await redis.zadd("z", { a: 4, b: 1 }, { gt: true })).toBe(1);
    expect(await redis.zadd("z", { a: 6 }, { gt: true, ch: true })).toBe(1);
    expect(await redis.zadd("z", { a: 7 }, { lt: true, ch: true })).toBe(0);
    expect(await redis.zadd("z", { a: 2, b: 0, c: 1 }, { lt: true, ch: true })).toBe(3);
    expect(await redis.zadd("z", { a: 3, d: 1 }, { gt: true, xx: true, ch: true })).toBe(1);
    expect(await redis.zadd("z", { a: 1, d: 1 }, { lt: true, xx: true, ch: true })).toBe(1);
    expect(await redis.zadd("z", { a: 1, b: 8, c: 1 }, { ch: true })).toBe(1);
    expect(await all()).toEqual([
      [t("a"), 1],
      [t("c"), 1],
      [t("b"), 8],
    ]);
  });

  it("returns the new score with incr, or null when a condition prevents it", async () => {
    expect(await redis.zadd("z", { a: 1.5 }, { incr: true })).toBe(1.5);
    expect(await redis.zadd("z", { a: -4 }, { incr: true, ch: true })).toBe(-2.5);
    expect(await redis.zadd("z", { a: 1 }, { incr: true, nx: true })).toBeNull();
    expect(await redis.zadd("z", { b: 1 }, { incr: true, xx: true })).toBeNull();
    expect(await redis.zadd("z", { a: -1 }, { incr: true, gt: true })).toBeNull();
    expect(await redis.zadd("z", { a: 1 }, { incr: true, lt: true })).toBeNull();
    expect(await redis.zadd("z", { a: 1 }, { incr: true, xx: true, gt: true })).toBe(-1.5);
    expect(await redis.zadd("z", { a: Infinity }, { incr: true })).toBe(Infinity);
    expect(await redis.zadd("z", { a: 1 }, { incr: false })).toBe(0);
    expect(await all()).toEqual([[t("a"), 1]]);
  });

  it("rejects option combinations that the server rejects, and invalid scores", async () => {
    await redis.zadd("z", { a: 1 });
    for (const call of [
      redis.zadd("z", { a: Number.NaN }),
      redis.zadd("z", { a: "nan" }),
      redis.zadd("z", { a: "" }),
      redis.zadd("z", { a: 2, b: 2 }, { incr: true }),
    ]) {
      expect(await errorOf(call)).toBeInstanceOf(DataError);
    }
    expect(await all()).toEqual([[t("a"), 1]]);
  });
});

describeClients("scores of sorted sets", server, ({ redis, t }) => {
  const SCORES = {
    lowest: -Infinity,
    negative: -1.7976931348623157e308,
    third: -1 / 3,
    tiny: 5e-324,
    sum: 0.30000000000000004,
    pi: Math.PI,
    safe: 9007199254740991,
    beyond: 9007199254740994,
    large: 1.152921504606847e18,
    largest: 1.7976931348623157e308,
    highest: Infinity,
  };

  it("are the same number in the replies of ZRANGE, ZUNION, ZMSCORE and others", async () => {
    await redis.zadd("z", SCORES);
    const expected = Object.entries(SCORES).map(([name, score]) => [t(name), score]);
    expect(await redis.zrange("z", 0, -1, { withScores: true })).toEqual(expected);
    expect(await redis.zrevrange("z", 0, -1, { withScores: true })).toEqual(expected.toReversed());
    expect(await redis.zrangebyscore("z", "-inf", Infinity, { withScores: true })).toEqual(
      expected,
    );
    expect(await redis.zunion(["z"], { withScores: true })).toEqual(expected);
    expect(await redis.zinter(["z"], { withScores: true })).toEqual(expected);
    expect(await redis.zdiff(["z"], { withScores: true })).toEqual(expected);
    expect(await redis.zmscore("z", Object.keys(SCORES))).toEqual(Object.values(SCORES));
    for (const [name, score] of Object.entries(SCORES)) {
      expect(await redis.zscore("z", name), name).toBe(score);
    }
    const scanned = new Map<unknown, number>();
    for await (const [member, score] of redis.zscanIter("z")) scanned.set(String(member), score);
    expect(scanned).toEqual(new Map(Object.entries(SCORES)));
    expect(await redis.zpopmin("z", 5)).toEqual(expected.slice(0, 5));
    expect(await redis.zpopmax("z", 99)).toEqual(expected.slice(5).toReversed());
  });

  it("may be sent as text with every digit, or as infinity", async () => {
    await redis.zadd("z", {
      digits: "3.14159265358979323846",
      low: "-inf",
      high: "+inf",
      long: "-infinity",
      exponent: "1e3",
    });
    expect(await redis.zmscore("z", "digits", "low", "high", "long", "exponent")).toEqual([
      Math.PI,
      -Infinity,
      Infinity,
      -Infinity,
      1000,
    ]);
  });

  it("are changed by ZINCRBY, which rejects a result that is not a number", async () => {
    expect(await redis.zincrby("z", 1.5, "a")).toBe(1.5);
    expect(await redis.zincrby("z", "-0.25", "a")).toBe(1.25);
    expect(await redis.zincrby("z", 2n, "a")).toBe(3.25);
    expect(await redis.zincrby("z", Infinity, "a")).toBe(Infinity);
    const error = await errorOf(redis.zincrby("z", -Infinity, "a"));
    expect(error).toBeInstanceOf(ResponseError);
    expect(error.message).toMatch(/not a number \(NaN\)/);
    expect(await redis.zscore("z", "a")).toBe(Infinity);
    expect(await errorOf(redis.zincrby("z", Number.NaN, "a"))).toBeInstanceOf(DataError);
  });

  it("are null for missing members", async () => {
    await redis.zadd("z", { a: 0 });
    expect(await redis.zscore("z", "none")).toBeNull();
    expect(await redis.zscore("none", "a")).toBeNull();
    expect(await redis.zmscore("z", "a", ["none"])).toEqual([0, null]);
    expect(await redis.zmscore("none", ["a", "b"])).toEqual([null, null]);
  });
});

describeClients("sorted set members", server, ({ redis, t }) => {
  beforeEach(() => redis.zadd("z", { a: 1, b: 2, c: 3, d: Infinity }));

  it("ZCARD, ZCOUNT and ZLEXCOUNT count members", async () => {
    expect(await redis.zcard("z")).toBe(4);
    expect(await redis.zcount("z", 2, 3)).toBe(2);
    expect(await redis.zcount("z", "(1", "(3")).toBe(1);
    expect(await redis.zcount("z", "-inf", Infinity)).toBe(4);
    expect(await redis.zcount("z", -Infinity, "(inf")).toBe(3);
    expect(await redis.zcount("z", 5, 4)).toBe(0);
    await redis.zadd("same", { a: 0, b: 0, c: 0 });
    expect(await redis.zlexcount("same", "-", "+")).toBe(3);
    expect(await redis.zlexcount("same", "[a", "(c")).toBe(2);
    expect(await redis.zlexcount("same", Buffer.from("(c"), "+")).toBe(0);
    expect(await errorOf(redis.zlexcount("same", "a", "c"))).toBeInstanceOf(ResponseError);
    expect(await errorOf(redis.zcount("z", "one", 2))).toBeInstanceOf(DataError);
  });

  it("ZRANK and ZREVRANK return the position from either end", async () => {
    expect(await redis.zrank("z", "a")).toBe(0);
    expect(await redis.zrevrank("z", "a")).toBe(3);
    expect(await redis.zrank("z", "none")).toBeNull();
    expect(await redis.zrevrank("none", "a")).toBeNull();
  });

  it("ZREM and ZREMRANGEBY* remove by name, position, score and text", async () => {
    expect(await redis.zrem("z", "a", ["none"])).toBe(1);
    expect(await redis.zrem("z", "a")).toBe(0);
    expect(await redis.zremrangebyscore("z", "(2", 3)).toBe(1);
    expect(await redis.zremrangebyscore("z", Infinity, "inf")).toBe(1);
    expect(await redis.zremrangebyscore("z", 7, 8)).toBe(0);
    expect(await redis.zremrangebyrank("z", 0, -1)).toBe(1);
    expect(await redis.zremrangebyrank("z", 0, -1)).toBe(0);
    expect(await redis.exists("z")).toBe(0);
    await redis.zadd("same", { a: 0, b: 0, c: 0 });
    expect(await redis.zremrangebylex("same", "(a", Buffer.from("[b"))).toBe(1);
    expect(await redis.zremrangebylex("same", "-", "+")).toBe(2);
    expect(await redis.zremrangebylex("same", "-", "+")).toBe(0);
  });

  it("ZPOPMIN and ZPOPMAX remove members from either end", async () => {
    expect(await redis.zpopmin("z")).toEqual([[t("a"), 1]]);
    expect(await redis.zpopmax("z")).toEqual([[t("d"), Infinity]]);
    expect(await redis.zpopmin("z", 0)).toEqual([]);
    expect(await redis.zpopmax("z", 1)).toEqual([[t("c"), 3]]);
    expect(await redis.zpopmin("z", 9)).toEqual([[t("b"), 2]]);
    expect(await redis.zpopmin("z")).toEqual([]);
    expect(await redis.zpopmax("z", 2)).toEqual([]);
    expect(await errorOf(redis.zpopmin("z", -1))).toBeInstanceOf(DataError);
  });

  it("ZMPOP removes members of the first sorted set that is not empty", async () => {
    expect(await redis.zmpop(2, ["none", "z"], { min: true })).toEqual([t("z"), [[t("a"), 1]]]);
    expect(await redis.zmpop(1, "z", { max: true, count: 2 })).toEqual([
      t("z"),
      [
        [t("d"), Infinity],
        [t("c"), 3],
      ],
    ]);
    expect(await redis.zmpop(2, ["none", "nothing"], { max: true })).toBeNull();
    expect(await errorOf(redis.zmpop(2, ["z"], { max: true }))).toBeInstanceOf(DataError);
  });

  it("ZRANDMEMBER returns random members", async () => {
    const all = ["a", "b", "c", "d"].map(t);
    expect(all).toContainEqual(await redis.zrandmember("z"));
    expect(sorted(await redis.zrandmember("z", 9))).toEqual(all);
    expect(new Set((await redis.zrandmember("z", 2)).map(String)).size).toBe(2);
    expect(await redis.zrandmember("z", -20, { withScores: false })).toHaveLength(20);
    expect(await redis.zrandmember("z", 0)).toEqual([]);
    const scores: Record<string, number> = { a: 1, b: 2, c: 3, d: Infinity };
    const pairs = await redis.zrandmember("z", -9, { withScores: true });
    expect(pairs).toHaveLength(9);
    for (const [member, score] of pairs) expect(score).toBe(scores[String(member)]);
    const cast = await redis.zrandmember("z", 1, {
      withScores: true,
      scoreCastFunc: (score) => `<${score}>`,
    });
    expect(cast).toHaveLength(1);
    for (const [member, score] of cast) expect(score).toBe(`<${scores[String(member)]}>`);
    expect(await redis.zrandmember("none")).toBeNull();
    expect(await redis.zrandmember("none", 2)).toEqual([]);
    expect(await redis.zrandmember("none", -2, { withScores: true })).toEqual([]);
    expect(await redis.zcard("z")).toBe(4);
  });

  it("reading a missing sorted set returns null, empty or zero", async () => {
    expect(await redis.zcard("none")).toBe(0);
    expect(await redis.zcount("none", "-inf", "+inf")).toBe(0);
    expect(await redis.zlexcount("none", "-", "+")).toBe(0);
    expect(await redis.zrem("none", "a")).toBe(0);
    expect(await redis.zremrangebyscore("none", 0, 1)).toBe(0);
    expect(await redis.zrange("none", 0, -1)).toEqual([]);
    expect(await redis.zrange("none", 0, -1, { withScores: true })).toEqual([]);
    expect(await redis.zscan("none")).toEqual(["0", []]);
    expect(await redis.exists("none")).toBe(0);
  });

  it("sorted set commands reject keys of another type", async () => {
    await redis.set("string", "x");
    await expectWrongType({
      zadd: () => redis.zadd("string", { a: 1 }),
      "zadd incr": () => redis.zadd("string", { a: 1 }, { incr: true }),
      zincrby: () => redis.zincrby("string", 1, "a"),
      zcard: () => redis.zcard("string"),
      zcount: () => redis.zcount("string", 0, 1),
      zlexcount: () => redis.zlexcount("string", "-", "+"),
      zscore: () => redis.zscore("string", "a"),
      zmscore: () => redis.zmscore("string", "a"),
      zrank: () => redis.zrank("string", "a"),
      zrevrank: () => redis.zrevrank("string", "a"),
      zrem: () => redis.zrem("string", "a"),
      zremrangebylex: () => redis.zremrangebylex("string", "-", "+"),
      zremrangebyrank: () => redis.zremrangebyrank("string", 0, -1),
      zremrangebyscore: () => redis.zremrangebyscore("string", 0, 1),
      zpopmin: () => redis.zpopmin("string"),
      zpopmax: () => redis.zpopmax("string", 2),
      zmpop: () => redis.zmpop(2, ["none", "string"], { min: true }),
      zrandmember: () => redis.zrandmember("string"),
      "zrandmember count": () => redis.zrandmember("string", 1, { withScores: true }),
      zrange: () => redis.zrange("string", 0, -1, { withScores: true }),
      zrangestore: () => redis.zrangestore("to", "string", 0, -1),
      zrangebylex: () => redis.zrangebylex("string", "-", "+"),
      zrangebyscore: () => redis.zrangebyscore("string", 0, 1),
      zrevrange: () => redis.zrevrange("string", 0, -1),
      zrevrangebylex: () => redis.zrevrangebylex("string", "+", "-"),
      zrevrangebyscore: () => redis.zrevrangebyscore("string", 1, 0, { withScores: true }),
      zscan: () => redis.zscan("string"),
      zscanIter: () => redis.zscanIter("string").next(),
      zdiff: () => redis.zdiff(["z", "string"]),
      zdiffstore: () => redis.zdiffstore("to", ["z", "string"]),
      zinter: () => redis.zinter(["z", "string"]),
      zintercard: () => redis.zintercard(2, ["z", "string"]),
      zinterstore: () => redis.zinterstore("to", ["z", "string"]),
      zunion: () => redis.zunion({ z: 1, string: 2 }, { withScores: true }),
      zunionstore: () => redis.zunionstore("to", ["z", "string"]),
      bzpopmin: () => redis.bzpopmin("string", 1),
      bzpopmax: () => redis.bzpopmax(["none", "string"], 1),
      bzmpop: () => redis.bzmpop(1, 1, "string", { min: true }),
    });
    expect(await redis.exists("to")).toBe(0);
    expect(await redis.get("string")).toEqual(t("x"));
  });
});

describeClients("ZSCAN", server, ({ redis, t }) => {
  it("returns a small sorted set in one call", async () => {
    await redis.zadd("z", { a: 1, b: -Infinity, bb: 0.1 });
    const [cursor, pairs] = await redis.zscan("z");
    expect(cursor).toBe("0");
    expect(pairs).toHaveLength(3);
    expect(pairs).toEqual(
      expect.arrayContaining([
        [t("a"), 1],
        [t("b"), -Infinity],
        [t("bb"), 0.1],
      ]),
    );
    expect(await redis.zscan("z", 0, { match: "?b", count: 9 })).toEqual(["0", [[t("bb"), 0.1]]]);
    const cast = { match: "a", scoreCastFunc: String };
    expect(await redis.zscan("z", "0", cast)).toEqual(["0", [[t("a"), "1"]]]);
  });

  it("iterates over a large sorted set", async () => {
    const scores = new Map(Array.from({ length: 700 }, (_, n) => [`m${n}`, n + 0.5]));
    await redis.zadd("z", scores);
    const seen = new Map<string, number>();
    let cursor = "0";
    let calls = 0;
    do {
      const [next, batch] = await redis.zscan("z", cursor, { count: 50 });
      for (const [member, score] of batch) seen.set(String(member), score);
      cursor = next;
      calls += 1;
    } while (cursor !== "0");
    expect(calls).toBeGreaterThan(5);
    expect(seen).toEqual(scores);
    const walked = new Map<string, string>();
    const options = { match: "m69?", count: 100, scoreCastFunc: (score: number) => `${score}!` };
    for await (const [member, score] of redis.zscanIter("z", options)) {
      expect(member).toEqual(t(String(member)));
      walked.set(String(member), score);
    }
    expect(walked.size).toBe(10);
    expect(walked.get("m695")).toBe("695.5!");
  });
});
