/**
 * Invalid arguments of list, set and sorted set commands: each call is rejected before anything is sent,
 * with a message that contains the argument name and the expected value.
 */
import { expectRejections } from "../../../support/rejected-calls.js";

const FREE = "a string, Buffer, Uint8Array, number or bigint, got";

expectRejections("list and set commands", [
  ["lpush", ["k"], 'LPUSH: argument "values" must not be empty'],
  ["lpush", ["k", []], 'LPUSH: argument "values" must not be empty'],
  ["lpush", ["k", undefined], `LPUSH: argument "values[0]" must be ${FREE} undefined`],
  ["rpush", ["k", ["a", {}]], `RPUSH: argument "values[1]" must be ${FREE} an object`],
  ["lpop", ["k", "2.0"], 'LPOP: argument "count" must be an integer, got a string'],
  ["lpop", ["k", -1], 'LPOP: argument "count" must not be negative, got -1'],
  ["lrange", ["k", 0], 'LRANGE: argument "end" must be an integer, got undefined'],
  ["lindex", ["k", 0.5], 'LINDEX: argument "index" must be an integer, got 0.5'],
  [
    "linsert",
    ["k", "BESIDE", "p", "v"],
    'LINSERT: argument "where" must be one of "BEFORE", "AFTER", got another string',
  ],
  [
    "lmove",
    ["a", "b", "UP"],
    'LMOVE: argument "from" must be one of "LEFT", "RIGHT", got another string',
  ],
  [
    "lmove",
    ["a", "b", "LEFT", "DOWN"],
    'LMOVE: argument "to" must be one of "LEFT", "RIGHT", got another string',
  ],
  ["lmpop", [1, ["a"]], 'LMPOP: argument "options" must be an object, got undefined'],
  [
    "lmpop",
    [1, ["a"], { direction: "MIDDLE" }],
    'LMPOP: option "direction" must be one of "LEFT", "RIGHT", got another string',
  ],
  [
    "lmpop",
    [2, ["a"], { direction: "LEFT" }],
    'LMPOP: argument "numKeys" must be the number of keys, 1, got 2',
  ],
  [
    "lmpop",
    [Symbol("s"), ["a"], { direction: "LEFT" }],
    'LMPOP: argument "numKeys" must be an integer, got a symbol',
  ],
  ["lpos", ["k", "v", { rank: "first" }], 'LPOS: option "rank" must be an integer, got a string'],
  ["blpop", [[], 1], 'BLPOP: argument "keys" must not be empty'],
  [
    "blpop",
    ["k", -1],
    'BLPOP: argument "timeout" must be a number of seconds >= 0 (0: no limit), got -1',
  ],
  [
    "blpop",
    ["k", Number.POSITIVE_INFINITY],
    'BLPOP: argument "timeout" must be a number of seconds >= 0 (0: no limit), got Infinity',
  ],
  [
    "blpop",
    ["k", "1"],
    'BLPOP: argument "timeout" must be a number of seconds >= 0 (0: no limit), got a string',
  ],
  [
    "blmove",
    ["a", "b", null],
    'BLMOVE: argument "timeout" must be a number of seconds >= 0 (0: no limit), got null',
  ],
  ["sadd", ["k", []], 'SADD: argument "members" must not be empty'],
  ["sadd", ["k", new Set()], 'SADD: argument "members" must not be empty'],
  ["sadd", ["k", true], `SADD: argument "members[0]" must be ${FREE} a boolean`],
  ["srem", ["k"], 'SREM: argument "members" must not be empty'],
  ["sinter", [[]], 'SINTER: argument "keys" must not be empty'],
  [
    "sintercard",
    [1, ["a", "b"]],
    'SINTERCARD: argument "numKeys" must be the number of keys, 2, got 1',
  ],
  [
    "sintercard",
    [1, "a", { limit: -1 }],
    'SINTERCARD: option "limit" must not be negative, got -1',
  ],
  ["smismember", ["k", []], 'SMISMEMBER: argument "members" must not be empty'],
  ["spop", ["k", 1.5], 'SPOP: argument "count" must be an integer, got 1.5'],
]);

expectRejections("sorted set commands", [
  ["zadd", ["k", {}], 'ZADD: argument "mapping" must not be empty'],
  [
    "zadd",
    ["k", { m: "high" }],
    'ZADD: each score of argument "mapping" must be a number or numeric text, got a string',
  ],
  [
    "zadd",
    ["k", { m: Number.NaN }],
    'ZADD: each score of argument "mapping" must be a number or numeric text, got NaN',
  ],
  [
    "zadd",
    ["k", { m: null }],
    'ZADD: each score of argument "mapping" must be a number or numeric text, got null',
  ],
  [
    "zadd",
    ["k", ["m", 1]],
    'ZADD: argument "mapping" must hold [key, value] entries, got a string',
  ],
  [
    "zadd",
    ["k", { m: 1 }, { nx: true, xx: true }],
    'ZADD: options "nx" and "xx" are mutually exclusive',
  ],
  [
    "zadd",
    ["k", { m: 1 }, { nx: true, gt: true }],
    'ZADD: options "nx" and "gt" are mutually exclusive',
  ],
  [
    "zadd",
    ["k", { m: 1 }, { gt: true, lt: true }],
    'ZADD: options "gt" and "lt" are mutually exclusive',
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
    'ZINCRBY: argument "amount" must be a number or numeric text, got a string',
  ],
  ["zrange", ["k", "0.0", 1], 'ZRANGE: argument "start" must be an integer, got a string'],
  [
    "zrange",
    ["k", 0, 1, { byScore: true, byLex: true }],
    'ZRANGE: options "byScore" and "byLex" are mutually exclusive',
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
    'ZRANGEBYSCORE: argument "min" must be a number or numeric text, got a string',
  ],
  [
    "zrangebyscore",
    ["k", Number.NaN, 1],
    'ZRANGEBYSCORE: argument "min" must be a number or numeric text, got NaN',
  ],
  [
    "zrangebyscore",
    ["k", 0, 1, { start: 1 }],
    'ZRANGEBYSCORE: options "start" and "num" must be given together',
  ],
  ["zrangebylex", ["k", null, "+"], `ZRANGEBYLEX: argument "min" must be ${FREE} null`],
  [
    "zcount",
    ["k", {}, 1],
    'ZCOUNT: argument "min" must be a number or numeric text, got an object',
  ],
  ["zunion", [{}], 'ZUNION: argument "keys" must not be empty'],
  [
    "zunion",
    [{ a: "heavy" }],
    'ZUNION: each weight of argument "keys" must be a number or numeric text, got a string',
  ],
  [
    "zinterstore",
    ["d", [], { aggregate: "SUM" }],
    'ZINTERSTORE: argument "keys" must not be empty',
  ],
  [
    "zinterstore",
    ["d", ["a"], { aggregate: "AVG" }],
    'ZINTERSTORE: option "aggregate" must be one of "SUM", "MIN", "MAX", got another string',
  ],
  ["zmpop", [1, ["a"]], 'ZMPOP: argument "options" must be an object, got undefined'],
  [
    "zmpop",
    [1, ["a"], { min: true, max: true }],
    'ZMPOP: options "min" and "max" are mutually exclusive',
  ],
  [
    "zmpop",
    [3, ["a"], { min: true }],
    'ZMPOP: argument "numKeys" must be the number of keys, 1, got 3',
  ],
  [
    "bzpopmin",
    ["k", -0.1],
    'BZPOPMIN: argument "timeout" must be a number of seconds >= 0 (0: no limit), got -0.1',
  ],
  ["zrandmember", ["k", 1.5], 'ZRANDMEMBER: argument "count" must be an integer, got 1.5'],
  [
    "zscan",
    ["k", "0", { scoreCastFunc: 1 }],
    'ZSCAN: option "scoreCastFunc" must be a function, got a number',
  ],
  ["zmscore", ["k", []], 'ZMSCORE: argument "members" must not be empty'],
]);
