/**
 * Owns what the commands on lists, sets and sorted sets say of arguments that cannot be meant: each call is refused before
 * anything is sent, with a message that names the argument and says what it should have been.
 */
import { expectRefusals } from "../../../support/bad-input.js";

const FREE = "a string, Buffer, Uint8Array, number or bigint, got";

expectRefusals("lists and sets", [
  ["lpush", ["k"], 'LPUSH: "values" must not be empty'],
  ["lpush", ["k", []], 'LPUSH: "values" must not be empty'],
  ["lpush", ["k", undefined], `LPUSH: "values[0]" must be ${FREE} undefined`],
  ["rpush", ["k", ["a", {}]], `RPUSH: "values[1]" must be ${FREE} an object`],
  ["lpop", ["k", "2"], 'LPOP: "count" must be an integer, got a string'],
  ["lpop", ["k", -1], 'LPOP: "count" must not be negative, got -1'],
  ["lrange", ["k", 0], 'LRANGE: "end" must be an integer, got undefined'],
  ["lindex", ["k", 0.5], 'LINDEX: "index" must be an integer, got 0.5'],
  [
    "linsert",
    ["k", "BESIDE", "p", "v"],
    'LINSERT: "where" must be one of "BEFORE", "AFTER", got another text',
  ],
  ["lmove", ["a", "b", "UP"], 'LMOVE: "from" must be one of "LEFT", "RIGHT", got another text'],
  [
    "lmove",
    ["a", "b", "LEFT", "DOWN"],
    'LMOVE: "to" must be one of "LEFT", "RIGHT", got another text',
  ],
  ["lmpop", [1, ["a"]], "LMPOP: options must be an object, got undefined"],
  [
    "lmpop",
    [1, ["a"], { direction: "MIDDLE" }],
    'LMPOP: option "direction" must be one of "LEFT", "RIGHT", got another text',
  ],
  [
    "lmpop",
    [2, ["a"], { direction: "LEFT" }],
    'LMPOP: "numKeys" must be the number of keys, 1, got 2',
  ],
  [
    "lmpop",
    [Symbol("s"), ["a"], { direction: "LEFT" }],
    'LMPOP: "numKeys" must be an integer, got a symbol',
  ],
  ["lpos", ["k", "v", { rank: "first" }], 'LPOS: option "rank" must be an integer, got a string'],
  ["blpop", [[], 1], 'BLPOP: "keys" must not be empty'],
  ["blpop", ["k", -1], 'BLPOP: "timeout" must be a number of seconds >= 0 (0: for ever), got -1'],
  [
    "blpop",
    ["k", Number.POSITIVE_INFINITY],
    'BLPOP: "timeout" must be a number of seconds >= 0 (0: for ever), got Infinity',
  ],
  [
    "blpop",
    ["k", "1"],
    'BLPOP: "timeout" must be a number of seconds >= 0 (0: for ever), got a string',
  ],
  [
    "blmove",
    ["a", "b", null],
    'BLMOVE: "timeout" must be a number of seconds >= 0 (0: for ever), got null',
  ],
  ["sadd", ["k", []], 'SADD: "members" must not be empty'],
  ["sadd", ["k", new Set()], 'SADD: "members" must not be empty'],
  ["sadd", ["k", true], `SADD: "members[0]" must be ${FREE} a boolean`],
  ["srem", ["k"], 'SREM: "members" must not be empty'],
  ["sinter", [[]], 'SINTER: "keys" must not be empty'],
  ["sintercard", [1, ["a", "b"]], 'SINTERCARD: "numKeys" must be the number of keys, 2, got 1'],
  [
    "sintercard",
    [1, "a", { limit: -1 }],
    'SINTERCARD: option "limit" must not be negative, got -1',
  ],
  ["smismember", ["k", []], 'SMISMEMBER: "members" must not be empty'],
  ["spop", ["k", 1.5], 'SPOP: "count" must be an integer, got 1.5'],
]);

expectRefusals("sorted sets", [
  ["zadd", ["k", {}], 'ZADD: "mapping" must not be empty'],
  [
    "zadd",
    ["k", { m: "high" }],
    'ZADD: each score of "mapping" must be a number, infinite perhaps, or its text, got a string',
  ],
  [
    "zadd",
    ["k", { m: Number.NaN }],
    'ZADD: each score of "mapping" must be a number, infinite perhaps, or its text, got NaN',
  ],
  [
    "zadd",
    ["k", { m: null }],
    'ZADD: each score of "mapping" must be a number, infinite perhaps, or its text, got null',
  ],
  ["zadd", ["k", ["m", 1]], 'ZADD: "mapping" must hold [key, value] entries, got a string'],
  [
    "zadd",
    ["k", { m: 1 }, { nx: true, xx: true }],
    'ZADD: options "nx" and "xx" exclude each other',
  ],
  [
    "zadd",
    ["k", { m: 1 }, { nx: true, gt: true }],
    'ZADD: options "nx" and "gt" exclude each other',
  ],
  [
    "zadd",
    ["k", { m: 1 }, { gt: true, lt: true }],
    'ZADD: options "gt" and "lt" exclude each other',
  ],
  [
    "zadd",
    ["k", { m: 1, n: 2 }, { incr: true }],
    'ZADD: option "incr" needs a mapping of one member',
  ],
  ["zadd", ["k", { m: 1 }, { gt: 3 }], 'ZADD: option "gt" must be a boolean, got a number'],
  [
    "zincrby",
    ["k", "much", "m"],
    'ZINCRBY: "amount" must be a number, infinite perhaps, or its text, got a string',
  ],
  ["zrange", ["k", "0", 1], 'ZRANGE: "start" must be an integer, got a string'],
  [
    "zrange",
    ["k", 0, 1, { byScore: true, byLex: true }],
    'ZRANGE: options "byScore" and "byLex" exclude each other',
  ],
  [
    "zrange",
    ["k", 0, 1, { offset: 1 }],
    'ZRANGE: options "offset" and "num" need option "byScore" or "byLex"',
  ],
  [
    "zrange",
    ["k", 0, 1, { byScore: true, offset: 1 }],
    'ZRANGE: options "offset" and "num" must be given together',
  ],
  [
    "zrange",
    ["k", 0, 1, { withScores: "yes" }],
    'ZRANGE: option "withScores" must be a boolean, got a string',
  ],
  [
    "zrange",
    ["k", 0, 1, { withScores: true, scoreCastFunc: "float" }],
    'ZRANGE: option "scoreCastFunc" must be a function, got a string',
  ],
  [
    "zrangebyscore",
    ["k", "low", 1],
    'ZRANGEBYSCORE: "min" must be a number, infinite perhaps, or its text, got a string',
  ],
  [
    "zrangebyscore",
    ["k", Number.NaN, 1],
    'ZRANGEBYSCORE: "min" must be a number, infinite perhaps, or its text, got NaN',
  ],
  [
    "zrangebyscore",
    ["k", 0, 1, { start: 1 }],
    'ZRANGEBYSCORE: options "start" and "num" must be given together',
  ],
  ["zrangebylex", ["k", null, "+"], `ZRANGEBYLEX: "min" must be ${FREE} null`],
  [
    "zcount",
    ["k", {}, 1],
    'ZCOUNT: "min" must be a number, infinite perhaps, or its text, got an object',
  ],
  ["zunion", [{}], 'ZUNION: "keys" must not be empty'],
  [
    "zunion",
    [{ a: "heavy" }],
    'ZUNION: each weight of "keys" must be a number, infinite perhaps, or its text, got a string',
  ],
  ["zinterstore", ["d", [], { aggregate: "SUM" }], 'ZINTERSTORE: "keys" must not be empty'],
  [
    "zinterstore",
    ["d", ["a"], { aggregate: "AVG" }],
    'ZINTERSTORE: option "aggregate" must be one of "SUM", "MIN", "MAX", got another text',
  ],
  ["zmpop", [1, ["a"]], "ZMPOP: options must be an object, got undefined"],
  [
    "zmpop",
    [1, ["a"], { min: true, max: true }],
    'ZMPOP: options "min" and "max" exclude each other',
  ],
  ["zmpop", [3, ["a"], { min: true }], 'ZMPOP: "numKeys" must be the number of keys, 1, got 3'],
  [
    "bzpopmin",
    ["k", -0.1],
    'BZPOPMIN: "timeout" must be a number of seconds >= 0 (0: for ever), got -0.1',
  ],
  ["zrandmember", ["k", 1.5], 'ZRANDMEMBER: "count" must be an integer, got 1.5'],
  [
    "zscan",
    ["k", "0", { scoreCastFunc: 1 }],
    'ZSCAN: option "scoreCastFunc" must be a function, got a number',
  ],
  ["zmscore", ["k", []], 'ZMSCORE: "members" must not be empty'],
]);
