import { describe, expect, test } from "vitest";
import { toArray, toPairs, toRecord, toScanPairs, toSet } from "../../../../src/commands/core/decode.js";
import { callLoosely, RecordingClient, rejectionMessage, wire } from "../../../support/recording-client.js";

const client = new RecordingClient();
const call = (method: string, ...args: unknown[]) => callLoosely(client, method, args);

describe("hash command methods", () => {
  test("HGET, HGETALL, HDEL, HINCRBY and others send their arguments", () => {
    expect(wire(client.hget("k", "f"))).toBe("HGET k f");
    expect(wire(client.hexists("k", "f"))).toBe("HEXISTS k f");
    expect(wire(client.hgetall("k"))).toBe("HGETALL k");
    expect(wire(client.hkeys("k"))).toBe("HKEYS k");
    expect(wire(client.hvals("k"))).toBe("HVALS k");
    expect(wire(client.hlen("k"))).toBe("HLEN k");
    expect(wire(client.hstrlen("k", "f"))).toBe("HSTRLEN k f");
    expect(wire(client.hsetnx("k", "f", "v"))).toBe("HSETNX k f v");
    expect(wire(client.hdel("k", ["f", "g"]))).toBe("HDEL k f g");
    expect(wire(client.hmget("k", "f", ["g"]))).toBe("HMGET k f g");
    expect(wire(client.hincrby("k", "f"))).toBe("HINCRBY k f 1");
    expect(wire(client.hincrby("k", "f", -5n))).toBe("HINCRBY k f -5");
    expect(wire(client.hincrbyfloat("k", "f", "0.1"))).toBe("HINCRBYFLOAT k f 0.1");
    expect(client.hgetall("k")).toHaveProperty("info.decode", toRecord);
  });

  test("HSET accepts a field, a mapping, or both", () => {
    expect(wire(client.hset("k", "f", "v"))).toBe("HSET k f v");
    expect(wire(client.hset("k", { f: 1, g: 2 }))).toBe("HSET k f 1 g 2");
    expect(wire(client.hset("k", new Map([[Buffer.from("f"), 1]])))).toBe("HSET k f 1");
    expect(wire(client.hset("k", [["f", 1]]))).toBe("HSET k f 1");
    expect(wire(client.hset("k", "f", "v", { g: 2 }))).toBe("HSET k f v g 2");
    expect(wire(client.hset("k", "", 0))).toBe("HSET k  0");
    expect(wire(client.hset("k", Buffer.from("f"), "v"))).toBe("HSET k f v");
    expect(wire(client.hmset("k", { f: 1 }))).toBe("HMSET k f 1");
  });

  test.each([
    ["hset", ["k", {}], 'HSET: argument "mapping" must not be empty'],
    [
      "hset",
      ["k", "f"],
      'HSET: argument "value" must be a string, Buffer, Uint8Array, number or bigint, got undefined',
    ],
    [
      "hset",
      ["k", undefined, "v"],
      'HSET: argument "field" must be a string, Buffer, Uint8Array, number or bigint, got undefined',
    ],
    [
      "hset",
      ["k", { f: 1 }, "v"],
      'HSET: argument "field" must be a name when argument "value" or "mapping" is given',
    ],
    [
      "hset",
      ["k", "f", true],
      'HSET: argument "value" must be a string, Buffer, Uint8Array, number or bigint, got a boolean',
    ],
    ["hdel", ["k"], 'HDEL: argument "fields" must not be empty'],
    ["hmget", ["k", []], 'HMGET: argument "fields" must not be empty'],
    ["hincrby", ["k", "f", "1.0"], 'HINCRBY: argument "amount" must be an integer, got a string'],
  ])("%s rejects %j", (method, args, message) => {
    expect(rejectionMessage(call(method, ...args))).toBe(message);
  });

  test("HRANDFIELD and HSCAN choose their decoder by options", () => {
    expect(wire(client.hrandfield("k"))).toBe("HRANDFIELD k");
    expect(wire(client.hrandfield("k", -3, { withValues: true }))).toBe("HRANDFIELD k -3 WITHVALUES");
    expect(client.hrandfield("k", 3, { withValues: true })).toHaveProperty("decode", toPairs);
    expect(wire(client.hscan("k"))).toBe("HSCAN k 0");
    expect(wire(client.hscan("k", 7n, { match: "a*", count: 5 }))).toBe("HSCAN k 7 MATCH a* COUNT 5");
    expect(wire(client.hscan("k", "0", { pairs: true }))).toBe("HSCAN k 0");
    expect(client.hscan("k", "0", { pairs: true })).toHaveProperty("decode", toScanPairs);
  });
});

describe("list command methods", () => {
  test("LPUSH, LRANGE, LINSERT, LREM and others send their arguments", () => {
    expect(wire(client.lpush("k", "a", ["b"]))).toBe("LPUSH k a b");
    expect(wire(client.rpush("k", new Set(["a"])))).toBe("RPUSH k a");
    expect(wire(client.lpushx("k", "a"))).toBe("LPUSHX k a");
    expect(wire(client.rpushx("k", "a", "b"))).toBe("RPUSHX k a b");
    expect(wire(client.llen("k"))).toBe("LLEN k");
    expect(wire(client.lrange("k", 0, -1))).toBe("LRANGE k 0 -1");
    expect(wire(client.lindex("k", -1))).toBe("LINDEX k -1");
    expect(wire(client.linsert("k", "before", "p", "v"))).toBe("LINSERT k BEFORE p v");
    expect(wire(client.lrem("k", -2, "v"))).toBe("LREM k -2 v");
    expect(wire(client.lset("k", 0, "v"))).toBe("LSET k 0 v");
    expect(wire(client.ltrim("k", 0, 9))).toBe("LTRIM k 0 9");
    expect(wire(client.rpoplpush("a", "b"))).toBe("RPOPLPUSH a b");
  });

  test("LPOP, LMOVE, LPOS and LMPOP send their options", () => {
    expect(wire(client.lpop("k"))).toBe("LPOP k");
    expect(wire(client.rpop("k", 2))).toBe("RPOP k 2");
    expect(wire(client.lmove("a", "b"))).toBe("LMOVE a b LEFT RIGHT");
    expect(wire(client.lmove("a", "b", "right", "LEFT"))).toBe("LMOVE a b RIGHT LEFT");
    expect(wire(client.lpos("k", "v", { rank: -1, count: 0, maxLen: 9 }))).toBe(
      "LPOS k v RANK -1 COUNT 0 MAXLEN 9",
    );
    expect(wire(client.lmpop(2, ["a", "b"], { direction: "LEFT", count: 3 }))).toBe(
      "LMPOP 2 a b LEFT COUNT 3",
    );
  });

  test("BLPOP, BRPOP, BLMOVE and BLMPOP send their timeout", () => {
    expect(wire(client.blpop(["a", "b"]))).toBe("BLPOP a b 0");
    expect(wire(client.blpop("a", 0.5))).toBe("BLPOP a 0.5");
    expect(wire(client.brpop("a", 1))).toBe("BRPOP a 1");
    expect(wire(client.blmove("a", "b", 1.5))).toBe("BLMOVE a b LEFT RIGHT 1.5");
    expect(wire(client.brpoplpush("a", "b", 2))).toBe("BRPOPLPUSH a b 2");
    expect(wire(client.blmpop(2, 1, "a", { direction: "right" }))).toBe("BLMPOP 2 1 a RIGHT");
  });

  test.each([
    [client.blpop("a", 1.5), 1500],
    [client.blpop("a"), 0],
    [client.brpop(["a", "b"], 2), 2000],
    [client.brpoplpush("a", "b", 3), 3000],
    [client.blmove("a", "b", 4), 4000],
    [client.blmpop(5, 1, "a", { direction: "LEFT" }), 5000],
    [client.wait(1, 700), 700],
    [client.waitaof(1, 0, 800), 800],
  ])("block time of call %# is its timeout in milliseconds", (recorded, milliseconds) => {
    if (!("info" in recorded)) throw new Error("refused");
    expect(recorded.info.blockTime?.(recorded.args)).toBe(milliseconds);
  });

  test.each([
    ["blpop", ["a", -1], 'BLPOP: argument "timeout" must be a number of seconds >= 0 (0: no limit), got -1'],
    [
      "blpop",
      ["a", "1"],
      'BLPOP: argument "timeout" must be a number of seconds >= 0 (0: no limit), got a string',
    ],
    [
      "blpop",
      ["a", Infinity],
      'BLPOP: argument "timeout" must be a number of seconds >= 0 (0: no limit), got Infinity',
    ],
    ["blpop", [[]], 'BLPOP: argument "keys" must not be empty'],
    [
      "linsert",
      ["k", "beside", "p", "v"],
      'LINSERT: argument "where" must be one of "BEFORE", "AFTER", got another string',
    ],
    ["lmove", ["a", "b", 1], 'LMOVE: argument "from" must be one of "LEFT", "RIGHT", got a number'],
    [
      "lmpop",
      [3, ["a"], { direction: "LEFT" }],
      'LMPOP: argument "numKeys" must be the number of keys, 1, got 3',
    ],
    ["lmpop", [1, ["a"]], 'LMPOP: argument "options" must be an object, got undefined'],
    [
      "lmpop",
      [1, ["a"], {}],
      'LMPOP: option "direction" must be one of "LEFT", "RIGHT", got undefined',
    ],
    ["lpush", ["k"], 'LPUSH: argument "values" must not be empty'],
    ["lpop", ["k", 1.5], 'LPOP: argument "count" must be an integer, got 1.5'],
  ])("%s rejects %j", (method, args, message) => {
    expect(rejectionMessage(call(method, ...args))).toBe(message);
  });
});

describe("set command methods", () => {
  test("send their arguments", () => {
    expect(wire(client.sadd("k", "a", ["b"], new Set(["c"])))).toBe("SADD k a b c");
    expect(wire(client.scard("k"))).toBe("SCARD k");
    expect(wire(client.sdiff("a", "b"))).toBe("SDIFF a b");
    expect(wire(client.sdiffstore("d", ["a", "b"]))).toBe("SDIFFSTORE d a b");
    expect(wire(client.sinter(["a", "b"]))).toBe("SINTER a b");
    expect(wire(client.sintercard(2, ["a", "b"], { limit: 1 }))).toBe("SINTERCARD 2 a b LIMIT 1");
    expect(wire(client.sinterstore("d", "a"))).toBe("SINTERSTORE d a");
    expect(wire(client.sismember("k", "m"))).toBe("SISMEMBER k m");
    expect(wire(client.smembers("k"))).toBe("SMEMBERS k");
    expect(wire(client.smismember("k", ["a", "b"]))).toBe("SMISMEMBER k a b");
    expect(wire(client.smove("a", "b", "m"))).toBe("SMOVE a b m");
    expect(wire(client.spop("k"))).toBe("SPOP k");
    expect(wire(client.spop("k", 2))).toBe("SPOP k 2");
    expect(wire(client.srandmember("k", -2))).toBe("SRANDMEMBER k -2");
    expect(wire(client.srem("k", "a", "b"))).toBe("SREM k a b");
    expect(wire(client.sscan("k", "3", { match: "x*", count: 2 }))).toBe(
      "SSCAN k 3 MATCH x* COUNT 2",
    );
    expect(wire(client.sunion("a", ["b"]))).toBe("SUNION a b");
    expect(wire(client.sunionstore("d", "a", "b"))).toBe("SUNIONSTORE d a b");
  });

  test("SMEMBERS returns a Set, SPOP with a count an array", () => {
    expect(client.smembers("k")).toHaveProperty("info.decode", toSet);
    expect(client.spop("k")).not.toHaveProperty("decode");
    expect(client.spop("k", 2)).toHaveProperty("decode", toArray);
  });
});
