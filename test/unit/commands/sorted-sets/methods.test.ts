import { describe, expect, test } from "vitest";
import { toDouble, toScanScores, toScorePairs } from "../../../../src/commands/core/decode.js";
import {
  callLoosely,
  RecordingClient,
  rejectionMessage,
  wire,
} from "../../../support/recording-client.js";

const client = new RecordingClient();
const call = (method: string, ...args: unknown[]) => callLoosely(client, method, args);

describe("sorted set command methods", () => {
  test("ZCARD, ZSCORE, ZINCRBY, ZCOUNT and others send their arguments", () => {
    expect(wire(client.zcard("k"))).toBe("ZCARD k");
    expect(wire(client.zscore("k", "m"))).toBe("ZSCORE k m");
    expect(wire(client.zmscore("k", ["a", "b"]))).toBe("ZMSCORE k a b");
    expect(wire(client.zincrby("k", -0.5, "m"))).toBe("ZINCRBY k -0.5 m");
    expect(wire(client.zincrby("k", Infinity, "m"))).toBe("ZINCRBY k +inf m");
    expect(wire(client.zrank("k", "m"))).toBe("ZRANK k m");
    expect(wire(client.zrevrank("k", "m"))).toBe("ZREVRANK k m");
    expect(wire(client.zrem("k", "a", "b"))).toBe("ZREM k a b");
    expect(wire(client.zcount("k", -Infinity, "(5"))).toBe("ZCOUNT k -inf (5");
    expect(wire(client.zlexcount("k", "-", "[c"))).toBe("ZLEXCOUNT k - [c");
    expect(wire(client.zremrangebylex("k", "(a", "+"))).toBe("ZREMRANGEBYLEX k (a +");
    expect(wire(client.zremrangebyrank("k", 0, -1))).toBe("ZREMRANGEBYRANK k 0 -1");
    expect(wire(client.zremrangebyscore("k", 0, Infinity))).toBe("ZREMRANGEBYSCORE k 0 +inf");
  });

  test("ZADD sends its options before the pairs", () => {
    expect(wire(client.zadd("k", { a: 1, b: "2.5" }))).toBe("ZADD k 1 a 2.5 b");
    expect(wire(client.zadd("k", [["a", Infinity]], { nx: true, ch: true }))).toBe(
      "ZADD k NX CH +inf a",
    );
    expect(wire(client.zadd("k", new Map([["a", -Infinity]]), { xx: true, gt: true }))).toBe(
      "ZADD k XX GT -inf a",
    );
    expect(wire(client.zadd("k", { a: 1 }, { incr: true, nx: false, gt: true }))).toBe(
      "ZADD k GT INCR 1 a",
    );
    expect(client.zadd("k", { a: 1 }, { incr: true })).toHaveProperty("decode", toDouble);
    expect(client.zadd("k", { a: 1 }, { ch: true })).not.toHaveProperty("decode");
  });

  test.each([
    ["zadd", ["k", {}], 'ZADD: argument "mapping" must not be empty'],
    [
      "zadd",
      ["k", { a: Number.NaN }],
      'ZADD: each score of argument "mapping" must be a number or numeric text, got NaN',
    ],
    [
      "zadd",
      ["k", { a: "one" }],
      'ZADD: each score of argument "mapping" must be a number or numeric text, got a string',
    ],
    [
      "zadd",
      ["k", { a: 1 }, { nx: true, gt: true }],
      'ZADD: options "nx" and "gt" are mutually exclusive',
    ],
    [
      "zadd",
      ["k", { a: 1 }, { gt: true, lt: true }],
      'ZADD: options "gt" and "lt" are mutually exclusive',
    ],
    [
      "zadd",
      ["k", { a: 1 }, { xx: true, nx: true }],
      'ZADD: options "xx" and "nx" are mutually exclusive',
    ],
    [
      "zadd",
      ["k", { a: 1, b: 2 }, { incr: true }],
      'ZADD: option "incr" needs a mapping of one member',
    ],
    ["zrange", ["k", "(1", 2], 'ZRANGE: argument "start" must be an integer, got a string'],
    [
      "zrange",
      ["k", "one", 2, { byScore: true }],
      'ZRANGE: argument "start" must be a number or numeric text, got a string',
    ],
    [
      "zrange",
      ["k", 1, 2, { byscore: true }],
      'ZRANGE: unknown option "byscore"; known options are byScore, byLex, withScores, desc, offset, num, scoreCastFunc',
    ],
    [
      "zrange",
      ["k", 1, 2, { byLex: true, byScore: true }],
      'ZRANGE: options "byLex" and "byScore" are mutually exclusive',
    ],
    [
      "zrange",
      ["k", 1, 2, { byLex: true, offset: 0 }],
      'ZRANGE: options "offset" and "num" must be given together',
    ],
    [
      "zrange",
      ["k", 1, 2, { offset: 0, num: 1 }],
      'ZRANGE: options "offset" and "num" need option "byScore" or "byLex"',
    ],
    [
      "zrangestore",
      ["d", "k", 1, 2, { desc: true, byScore: false, num: 1 }],
      'ZRANGESTORE: options "offset" and "num" need option "byScore" or "byLex"',
    ],
    [
      "zrange",
      ["k", "-", "+", { withScores: true, byLex: true }],
      'ZRANGE: options "withScores" and "byLex" are mutually exclusive',
    ],
    [
      "zrange",
      ["k", 1, 2, { withScores: true, scoreCastFunc: 1 }],
      'ZRANGE: option "scoreCastFunc" must be a function, got a number',
    ],
    [
      "zcount",
      ["k", "((1", 2],
      'ZCOUNT: argument "min" must be a number or numeric text, got a string',
    ],
    ["zunion", [[]], 'ZUNION: argument "keys" must not be empty'],
    ["zunion", [{}], 'ZUNION: argument "keys" must not be empty'],
    [
      "zunion",
      [{ a: "x" }],
      'ZUNION: each weight of argument "keys" must be a number or numeric text, got a string',
    ],
    [
      "zunion",
      [["a"], { aggregate: "AVG" }],
      'ZUNION: option "aggregate" must be one of "SUM", "MIN", "MAX", got another string',
    ],
    ["zmpop", [1, ["a"], {}], 'ZMPOP: one of the options "min", "max" must be given'],
    [
      "zmpop",
      [1, ["a"], { min: true, max: true }],
      'ZMPOP: options "min" and "max" are mutually exclusive',
    ],
  ])("%s rejects %j", (method, args, message) => {
    expect(rejectionMessage(call(method, ...args))).toBe(message);
  });

  test("ZRANGE selects by index, score and lexicographical order", () => {
    expect(wire(client.zrange("k", 0, -1))).toBe("ZRANGE k 0 -1");
    expect(wire(client.zrange("k", 0, -1, { desc: true, withScores: true }))).toBe(
      "ZRANGE k 0 -1 REV WITHSCORES",
    );
    const byScore = { byScore: true, offset: 0, num: 5 } as const;
    expect(wire(client.zrange("k", "(1", Infinity, byScore))).toBe(
      "ZRANGE k (1 +inf BYSCORE LIMIT 0 5",
    );
    expect(wire(client.zrange("k", "+", Buffer.from("[a"), { byLex: true, desc: true }))).toBe(
      "ZRANGE k + [a BYLEX REV",
    );
    expect(wire(client.zrangestore("d", "k", 0, 5, { byScore: true }))).toBe(
      "ZRANGESTORE d k 0 5 BYSCORE",
    );
  });

  test("ZREVRANGE, ZRANGEBYSCORE and ZRANGEBYLEX send their own commands", () => {
    expect(wire(client.zrevrange("k", 0, 1, { withScores: true }))).toBe(
      "ZREVRANGE k 0 1 WITHSCORES",
    );
    expect(wire(client.zrangebyscore("k", 1, "(2", { start: 0, num: 3, withScores: true }))).toBe(
      "ZRANGEBYSCORE k 1 (2 LIMIT 0 3 WITHSCORES",
    );
    expect(wire(client.zrevrangebyscore("k", Infinity, 0))).toBe("ZREVRANGEBYSCORE k +inf 0");
    expect(wire(client.zrangebylex("k", "-", "+", { start: 1, num: -1 }))).toBe(
      "ZRANGEBYLEX k - + LIMIT 1 -1",
    );
    expect(wire(client.zrevrangebylex("k", "+", "-"))).toBe("ZREVRANGEBYLEX k + -");
  });

  test("ZDIFF, ZINTER, ZUNION and their variants send the number of keys and weights", () => {
    expect(wire(client.zdiff(["a", "b"], { withScores: true }))).toBe("ZDIFF 2 a b WITHSCORES");
    expect(wire(client.zdiffstore("d", "a"))).toBe("ZDIFFSTORE d 1 a");
    expect(wire(client.zinter(["a", "b"], { aggregate: "max" }))).toBe(
      "ZINTER 2 a b AGGREGATE MAX",
    );
    expect(wire(client.zinter({ a: 1, b: 0.5 }, { withScores: true }))).toBe(
      "ZINTER 2 a b WEIGHTS 1 0.5 WITHSCORES",
    );
    expect(wire(client.zunion(new Map([["a", 2]])))).toBe("ZUNION 1 a WEIGHTS 2");
    expect(
      wire(
        client.zunion([
          ["a", 2],
          ["b", 3],
        ]),
      ),
    ).toBe("ZUNION 2 a b WEIGHTS 2 3");
    expect(wire(client.zunion(new Set(["a", "b"])))).toBe("ZUNION 2 a b");
    expect(wire(client.zunionstore("d", { a: 2 }, { aggregate: "MIN" }))).toBe(
      "ZUNIONSTORE d 1 a WEIGHTS 2 AGGREGATE MIN",
    );
    expect(wire(client.zinterstore("d", ["a", "b"]))).toBe("ZINTERSTORE d 2 a b");
    expect(wire(client.zintercard(2, ["a", "b"], { limit: 4 }))).toBe("ZINTERCARD 2 a b LIMIT 4");
  });

  test("ZPOPMIN, ZMPOP, BZPOPMIN and others send their arguments", () => {
    expect(wire(client.zpopmin("k"))).toBe("ZPOPMIN k");
    expect(wire(client.zpopmax("k", 3))).toBe("ZPOPMAX k 3");
    expect(wire(client.zmpop(2, ["a", "b"], { max: true, count: 2 }))).toBe(
      "ZMPOP 2 a b MAX COUNT 2",
    );
    expect(wire(client.bzmpop(0.5, 1, "a", { min: true }))).toBe("BZMPOP 0.5 1 a MIN");
    expect(wire(client.bzpopmin(["a", "b"], 1))).toBe("BZPOPMIN a b 1");
    expect(wire(client.bzpopmax("a"))).toBe("BZPOPMAX a 0");
  });

  test("ZRANK and ZREVRANK convert the score by scoreCastFunc", () => {
    for (const method of ["zrank", "zrevrank"] as const) {
      const call = client[method]("k", "m", { withScore: true, scoreCastFunc: String });
      if (call === null || typeof call !== "object" || !("decode" in call) || !call.decode) {
        throw new Error("no decoder");
      }
      const context = { bytes: false, text: String };
      expect(call.decode([1, "2.5"], context)).toEqual([1, "2.5"]);
      expect(call.decode([1, 2.5], context)).toEqual([1, "2.5"]);
      expect(call.decode(null, context)).toBeNull();
    }
  });

  test("ZRANGE, ZRANDMEMBER and ZSCAN choose their decoder by withScores and scoreCastFunc", () => {
    expect(client.zrange("k", 0, 1)).not.toHaveProperty("decode");
    expect(client.zrange("k", 0, 1, { withScores: true })).toHaveProperty("decode", toScorePairs);
    expect(client.zrandmember("k", 2, { withScores: true })).toHaveProperty("decode", toScorePairs);
    expect(client.zscan("k")).not.toHaveProperty("decode");
    expect(client.zscan("k")).toHaveProperty("info.decode", toScanScores);
    const cast = client.zrange("k", 0, 1, { withScores: true, scoreCastFunc: String });
    if (!("info" in cast) || !cast.decode) throw new Error("no decoder");
    const context = { bytes: false, text: String };
    expect(cast.decode(["m", "1.50"], context)).toEqual([["m", "1.5"]]);
    expect(wire(client.zscan("k", "0", { match: "a", count: 1, scoreCastFunc: String }))).toBe(
      "ZSCAN k 0 MATCH a COUNT 1",
    );
  });
});
