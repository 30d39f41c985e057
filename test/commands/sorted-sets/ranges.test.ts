import { beforeEach, expect, it } from "vitest";
import { DataError } from "../../../src/index.js";
import { describeClients } from "../../support/clients.js";
import { sharedServer } from "../../support/server.js";
import { errorOf } from "../../support/settle.js";

const server = await sharedServer();
beforeEach(() => server.command("FLUSHALL"));

const quote = (score: number) => `<${score}>`;

describeClients("ranges of sorted sets", server, ({ redis, t }) => {
  beforeEach(async () => {
    await redis.zadd("z", { a: -Infinity, b: 1.5, c: 2, d: Infinity });
    await redis.zadd("same", { a: 0, b: 0, c: 0, d: 0 });
  });
  const members = (text: string) => [...text].map(t);

  it("ZRANGE and ZREVRANGE read by position", async () => {
    expect(await redis.zrange("z", 0, -1)).toEqual(members("abcd"));
    expect(await redis.zrange("z", 1n, -2)).toEqual(members("bc"));
    expect(await redis.zrange("z", 0, 1, { desc: true })).toEqual(members("dc"));
    expect(await redis.zrange("z", 3, 1)).toEqual([]);
    expect(await redis.zrange("z", 9, 99, { withScores: true })).toEqual([]);
    expect(await redis.zrange("z", -1, -1, { withScores: true, desc: true })).toEqual([
      [t("a"), -Infinity],
    ]);
    expect(await redis.zrange("z", 0, 1, { withScores: true, scoreCastFunc: quote })).toEqual([
      [t("a"), "<-Infinity>"],
      [t("b"), "<1.5>"],
    ]);
    expect(await redis.zrevrange("z", 0, 1)).toEqual(members("dc"));
    expect(await redis.zrevrange("z", -1, -1, { withScores: true })).toEqual([[t("a"), -Infinity]]);
    const cast = { withScores: true, scoreCastFunc: quote } as const;
    expect(await redis.zrevrange("z", 1, 1, cast)).toEqual([[t("c"), "<2>"]]);
    expect(await redis.zrevrange("z", 9, 99)).toEqual([]);
    expect(await redis.zrevrange("none", 0, -1, { withScores: true })).toEqual([]);
  });

  it("ZRANGEBYSCORE and ZRANGE with byScore read by score", async () => {
    const byScore = { byScore: true } as const;
    expect(await redis.zrange("z", 1.5, 2, byScore)).toEqual(members("bc"));
    expect(await redis.zrange("z", "(1.5", "+inf", byScore)).toEqual(members("cd"));
    expect(await redis.zrange("z", Infinity, "(-inf", { ...byScore, desc: true })).toEqual(
      members("dcb"),
    );
    expect(await redis.zrange("z", "-inf", "+inf", { ...byScore, offset: 1, num: 2 })).toEqual(
      members("bc"),
    );
    expect(await redis.zrange("z", 1, 9, { ...byScore, withScores: true })).toEqual([
      [t("b"), 1.5],
      [t("c"), 2],
    ]);
    expect(await redis.zrangebyscore("z", 1.5, "(2")).toEqual(members("b"));
    expect(await redis.zrangebyscore("z", "-inf", Infinity, { start: 1, num: -1 })).toEqual(
      members("bcd"),
    );
    const shape = { start: 0, num: 1, withScores: true } as const;
    expect(await redis.zrangebyscore("z", "(-inf", 9, shape)).toEqual([[t("b"), 1.5]]);
    expect(
      await redis.zrangebyscore("z", 0, 9, { withScores: true, scoreCastFunc: quote }),
    ).toEqual([
      [t("b"), "<1.5>"],
      [t("c"), "<2>"],
    ]);
    expect(await redis.zrangebyscore("z", 5, 6)).toEqual([]);
    expect(await redis.zrevrangebyscore("z", Infinity, "(1.5")).toEqual(members("dc"));
    expect(await redis.zrevrangebyscore("z", 2, "-inf", shape)).toEqual([[t("c"), 2]]);
    expect(await redis.zrevrangebyscore("z", 2, 0, { start: 1, num: 5 })).toEqual(members("b"));
    const cast = { withScores: true, scoreCastFunc: quote } as const;
    expect(await redis.zrevrangebyscore("z", 1.5, 0, cast)).toEqual([[t("b"), "<1.5>"]]);
    expect(await redis.zrevrangebyscore("z", 0, 9)).toEqual([]);
  });

  it("ZRANGEBYLEX and ZRANGE with byLex read by text", async () => {
    const byLex = { byLex: true } as const;
    expect(await redis.zrange("same", "-", "+", byLex)).toEqual(members("abcd"));
    expect(await redis.zrange("same", "[b", "(d", byLex)).toEqual(members("bc"));
    expect(await redis.zrange("same", "+", Buffer.from("(b"), { ...byLex, desc: true })).toEqual(
      members("dc"),
    );
    expect(await redis.zrange("same", "-", "+", { ...byLex, offset: 2, num: 1 })).toEqual(
      members("c"),
    );
    expect(await redis.zrangebylex("same", "(a", "[c")).toEqual(members("bc"));
    expect(await redis.zrangebylex("same", "-", "+", { start: 3, num: 9 })).toEqual(members("d"));
    expect(await redis.zrangebylex("same", "[x", "+")).toEqual([]);
    expect(await redis.zrevrangebylex("same", "[c", "(a")).toEqual(members("cb"));
    expect(await redis.zrevrangebylex("same", "+", "-", { start: 1, num: 2 })).toEqual(
      members("cb"),
    );
    expect(await redis.zrevrangebylex("same", "-", "+")).toEqual([]);
    expect(await errorOf(redis.zrangebylex("same", "a", "c"))).toMatchObject({
      name: "ResponseError",
      message: "ERR min or max not valid string range item",
    });
  });

  it("ZRANGESTORE stores a range", async () => {
    const stored = () => redis.zrange("to", 0, -1, { withScores: true });
    expect(await redis.zrangestore("to", "z", 1, 2)).toBe(2);
    expect(await stored()).toEqual([
      [t("b"), 1.5],
      [t("c"), 2],
    ]);
    expect(await redis.zrangestore("to", "z", 0, 0, { desc: true })).toBe(1);
    expect(await stored()).toEqual([[t("d"), Infinity]]);
    const first = { byScore: true, offset: 0, num: 1 } as const;
    expect(await redis.zrangestore("to", "z", "(-inf", "+inf", first)).toBe(1);
    expect(await stored()).toEqual([[t("b"), 1.5]]);
    expect(await redis.zrangestore("to", "same", "[b", "+", { byLex: true })).toBe(3);
    expect(await stored()).toEqual([
      [t("b"), 0],
      [t("c"), 0],
      [t("d"), 0],
    ]);
    expect(
      await redis.zrangestore("to", "same", "(c", "-", {
        byLex: true,
        desc: true,
        offset: 1,
        num: 1,
      }),
    ).toBe(1);
    expect(await stored()).toEqual([[t("a"), 0]]);
    expect(await redis.zrangestore("to", "none", 0, -1)).toBe(0);
    expect(await redis.exists("to")).toBe(0);
  });

  it("ZRANGE rejects options that form no range", async () => {
    for (const call of [
      redis.zrange("z", "(1", 2),
      redis.zrange("z", "one", 2, { byScore: true }),
      redis.zrangebyscore("z", "((1", 2),
      redis.zrevrangebyscore("z", Number.NaN, 2),
      redis.zrevrange("z", 0.5, 1),
      redis.zrange("z", 0, 1, { offset: 0, num: 1 }),
      redis.zrangestore("d", "z", 0, 1, { offset: 0, num: 1 }),
    ]) {
      expect(await errorOf(call)).toBeInstanceOf(DataError);
    }
  });
});

describeClients("combined sorted sets", server, ({ redis, t }) => {
  beforeEach(async () => {
    await redis.zadd("a", { x: 1, y: 2.5, z: -1 });
    await redis.zadd("b", { y: 10, w: Infinity });
    await redis.sadd("plain", "x", "w");
  });

  it("ZDIFF returns members of the first sorted set only", async () => {
    expect(await redis.zdiff(["a", "b"])).toEqual([t("z"), t("x")]);
    expect(await redis.zdiff(["a", "b"], { withScores: true })).toEqual([
      [t("z"), -1],
      [t("x"), 1],
    ]);
    const cast = { withScores: true, scoreCastFunc: quote } as const;
    expect(await redis.zdiff(["b", "a"], cast)).toEqual([[t("w"), "<Infinity>"]]);
    expect(await redis.zdiff("a", { withScores: false })).toHaveLength(3);
    expect(await redis.zdiff(["none", "a"])).toEqual([]);
    expect(await redis.zdiff(["none", "a"], { withScores: true })).toEqual([]);
  });

  it("ZINTER and ZINTERCARD return and count common members", async () => {
    expect(await redis.zinter(["a", "b"])).toEqual([t("y")]);
    expect(await redis.zinter(["a", "b"], { withScores: true })).toEqual([[t("y"), 12.5]]);
    const min = { aggregate: "MIN", withScores: true } as const;
    expect(await redis.zinter(["a", "b"], min)).toEqual([[t("y"), 2.5]]);
    expect(await redis.zinter({ a: 2, b: 0.5 }, { withScores: true })).toEqual([[t("y"), 10]]);
    const cast = { aggregate: "max", withScores: true, scoreCastFunc: quote } as const;
    expect(await redis.zinter(new Map([["a", "-1"]]), cast)).toEqual([
      [t("y"), "<-2.5>"],
      [t("x"), "<-1>"],
      [t("z"), "<1>"],
    ]);
    expect(await redis.zinter(["a", "plain"], { withScores: true })).toEqual([[t("x"), 2]]);
    expect(await redis.zinter(["a", "none"], { withScores: true })).toEqual([]);
    expect(await redis.zintercard(2, ["a", "b"])).toBe(1);
    expect(await redis.zintercard(1, "a")).toBe(3);
    expect(await redis.zintercard(1, ["a"], { limit: 2 })).toBe(2);
    expect(await redis.zintercard(2, ["a", "none"], { limit: 0 })).toBe(0);
    expect(await errorOf(redis.zintercard(2, ["a"]))).toBeInstanceOf(DataError);
  });

  it("ZUNION returns all members, with weights and aggregates", async () => {
    expect(await redis.zunion(["a", "b"])).toEqual(["z", "x", "y", "w"].map(t));
    expect(await redis.zunion(["a", "b"], { withScores: true })).toEqual([
      [t("z"), -1],
      [t("x"), 1],
      [t("y"), 12.5],
      [t("w"), Infinity],
    ]);
    const max = { aggregate: "MAX", withScores: true } as const;
    expect(await redis.zunion([["a", 1] as const, ["b", -1] as const], max)).toEqual([
      [t("w"), -Infinity],
      [t("z"), -1],
      [t("x"), 1],
      [t("y"), 2.5],
    ]);
    const cast = { withScores: true, scoreCastFunc: quote } as const;
    expect(await redis.zunion("b", cast)).toEqual([
      [t("y"), "<10>"],
      [t("w"), "<Infinity>"],
    ]);
    expect(await redis.zunion(["none", "nothing"])).toEqual([]);
    expect(await redis.zunion(["none"], { withScores: true })).toEqual([]);
    // The server adds opposite infinities to 0.
    await redis.zadd("c", { w: -Infinity });
    expect(await redis.zunion(["b", "c"], { withScores: true })).toEqual([
      [t("w"), 0],
      [t("y"), 10],
    ]);
  });

  it("ZDIFFSTORE, ZINTERSTORE and ZUNIONSTORE store the result, and delete the target when it is empty", async () => {
    const stored = () => redis.zrange("to", 0, -1, { withScores: true });
    expect(await redis.zdiffstore("to", ["a", "b"])).toBe(2);
    expect(await stored()).toEqual([
      [t("z"), -1],
      [t("x"), 1],
    ]);
    expect(await redis.zinterstore("to", { a: 1, b: 2 }, { aggregate: "SUM" })).toBe(1);
    expect(await stored()).toEqual([[t("y"), 22.5]]);
    expect(await redis.zunionstore("to", ["a", "b"], { aggregate: "min" })).toBe(4);
    expect(await stored()).toEqual([
      [t("z"), -1],
      [t("x"), 1],
      [t("y"), 2.5],
      [t("w"), Infinity],
    ]);
    expect(await redis.zunionstore("to", new Map([["a", 0]]))).toBe(3);
    expect(await redis.zscore("to", "y")).toBe(0);
    expect(await redis.zinterstore("to", ["a", "none"])).toBe(0);
    expect(await redis.exists("to")).toBe(0);
    expect(await redis.zdiffstore("to", "none")).toBe(0);
    expect(await redis.zunionstore("to", ["none"])).toBe(0);
  });
});
