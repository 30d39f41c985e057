/**
 * Invalid arguments of geo, vector set, stream, scripting and publishing commands: each call is rejected
 * before anything is sent, with a message that contains the argument name and the expected value.
 */
import { expectRejections } from "../../../support/rejected-calls.js";

const FREE = "a string, Buffer, Uint8Array, number or bigint, got";

expectRejections("geo commands", [
  ["geoadd", ["k", []], 'GEOADD: argument "places" must not be empty'],
  [
    "geoadd",
    ["k", [1, 2]],
    'GEOADD: argument "places" must hold a longitude, a latitude and a member for each place',
  ],
  [
    "geoadd",
    ["k", [[1, 2]]],
    'GEOADD: argument "places" must hold [longitude, latitude, member] triples',
  ],
  [
    "geoadd",
    ["k", [["east", 2, "m"]]],
    'GEOADD: each longitude of argument "places" must be a finite number, got a string',
  ],
  [
    "geoadd",
    ["k", [[1, Number.NaN, "m"]]],
    'GEOADD: each latitude of argument "places" must be a finite number, got NaN',
  ],
  ["geoadd", ["k", "1 2 m"], 'GEOADD: argument "places" must be an array'],
  [
    "geoadd",
    ["k", [1, 2, "m"], { nx: true, xx: true }],
    'GEOADD: options "nx" and "xx" are mutually exclusive',
  ],
  [
    "geodist",
    ["k", "a", "b", "parsec"],
    'GEODIST: argument "unit" must be one of "m", "km", "ft", "mi", got another string',
  ],
  ["geosearch", ["k"], 'GEOSEARCH: argument "options" must be an object, got undefined'],
  [
    "geosearch",
    ["k", { member: "m" }],
    'GEOSEARCH: one of the options "radius", "width", "height" must be given',
  ],
  [
    "geosearch",
    ["k", { radius: 1 }],
    'GEOSEARCH: one of the options "member", "longitude", "latitude" must be given',
  ],
  [
    "geosearch",
    ["k", { member: "m", longitude: 1, latitude: 2, radius: 1 }],
    'GEOSEARCH: options "member" and "longitude" are mutually exclusive',
  ],
  [
    "geosearch",
    ["k", { longitude: 1, radius: 1 }],
    'GEOSEARCH: options "longitude" and "latitude" must be given together',
  ],
  [
    "geosearch",
    ["k", { member: "m", radius: 1, width: 1, height: 1 }],
    'GEOSEARCH: options "radius" and "width" are mutually exclusive',
  ],
  [
    "geosearch",
    ["k", { member: "m", width: 1 }],
    'GEOSEARCH: options "width" and "height" must be given together',
  ],
  [
    "geosearch",
    ["k", { member: "m", radius: 1, any: true }],
    'GEOSEARCH: option "any" needs option "count"',
  ],
  [
    "geosearch",
    ["k", { member: "m", radius: 1, unit: "MILES" }],
    'GEOSEARCH: option "unit" must be one of "m", "km", "ft", "mi", got another string',
  ],
  [
    "geosearch",
    ["k", { member: "m", radius: 1, sort: "UP" }],
    'GEOSEARCH: option "sort" must be one of "ASC", "DESC", got another string',
  ],
  [
    "geosearch",
    ["k", { member: "\ud800", radius: 1 }],
    'GEOSEARCH: option "member" must be text that its encoding can represent',
  ],
  [
    "georadius",
    ["k", 1, 2, "far"],
    'GEORADIUS: argument "radius" must be a finite number, got a string',
  ],
  [
    "georadius",
    ["k", 1, 2, 3, { store: "a", storeDist: "b" }],
    'GEORADIUS: options "store" and "storeDist" are mutually exclusive',
  ],
]);

expectRejections("vector set commands", [
  ["vadd", ["k", [], "e"], 'VADD: argument "vector" must not be empty'],
  [
    "vadd",
    ["k", [1, "x"], "e"],
    'VADD: each number of argument "vector" must be a finite number, got a string',
  ],
  [
    "vadd",
    ["k", [1, Number.NaN], "e"],
    'VADD: each number of argument "vector" must be a finite number, got NaN',
  ],
  [
    "vadd",
    ["k", "1 2", "e"],
    'VADD: argument "vector" must be an array of numbers, a Float32Array or the bytes of 32-bit floats, got a string',
  ],
  [
    "vadd",
    ["k", Buffer.alloc(3), "e"],
    'VADD: argument "vector" must hold 4 bytes per number, got 3 bytes',
  ],
  ["vadd", ["k", [1, 2], null], `VADD: argument "element" must be ${FREE} null`],
  [
    "vadd",
    ["k", [1, 2], "e", { noQuant: true, bin: true }],
    'VADD: unknown option "noQuant"; known options are reduceDim, cas, quantization, ef, attributes, numLinks',
  ],
  [
    "vsim",
    ["k", null],
    'VSIM: argument "query" must be an array of numbers, a Float32Array or the bytes of 32-bit floats, got null',
  ],
  [
    "vsim",
    ["k", { member: "e" }],
    'VSIM: argument "query" must be an array of numbers, a Float32Array or the bytes of 32-bit floats, got an object',
  ],
  ["vsim", ["k", [1, 2], { count: 1.5 }], 'VSIM: option "count" must be an integer, got 1.5'],
  ["vlinks", ["k"], `VLINKS: argument "element" must be ${FREE} undefined`],
]);

expectRejections("stream commands", [
  ["xadd", ["k", {}], 'XADD: argument "fields" must not be empty'],
  ["xadd", ["k", { f: null }], `XADD: each value of argument "fields" must be ${FREE} null`],
  ["xadd", ["k", "f"], 'XADD: argument "fields" must be an object, a Map or entries, got a string'],
  [
    "xadd",
    ["k", { f: 1 }, { maxLen: 1, minId: "1-0" }],
    'XADD: options "maxLen" and "minId" are mutually exclusive',
  ],
  ["xadd", ["k", { f: 1 }, { maxLen: -1 }], 'XADD: option "maxLen" must not be negative, got -1'],
  ["xadd", ["k", { f: 1 }, { limit: 5 }], 'XADD: option "limit" needs option "maxLen" or "minId"'],
  [
    "xadd",
    ["k", { f: 1 }, { maxLen: 1, approximate: false, limit: 5 }],
    'XADD: option "limit" needs option "approximate"',
  ],
  ["xadd", ["k", { f: 1 }, { id: null }], `XADD: option "id" must be ${FREE} null`],
  ["xadd", ["k", { f: 1 }, { idmp: "p" }], 'XADD: option "idmp" must be a [producer, id] pair'],
  [
    "xadd",
    ["k", { f: 1 }, { idmp: ["p", "i"], idmpAuto: "p" }],
    'XADD: options "idmp" and "idmpAuto" are mutually exclusive',
  ],
  ["xtrim", ["k"], 'XTRIM: argument "options" must be an object, got undefined'],
  [
    "xtrim",
    ["k", { maxLen: 1, minId: "1" }],
    'XTRIM: options "maxLen" and "minId" are mutually exclusive',
  ],
  ["xread", [{}], 'XREAD: argument "streams" must not be empty'],
  ["xread", [{ s: null }], `XREAD: each ID of argument "streams" must be ${FREE} null`],
  ["xread", [{ s: "0" }, { block: -1 }], 'XREAD: option "block" must not be negative, got -1'],
  [
    "xread",
    [{ s: "0" }, { count: "1.0" }],
    'XREAD: option "count" must be an integer, got a string',
  ],
  [
    "xreadgroup",
    ["g", undefined, { s: ">" }],
    `XREADGROUP: argument "consumerName" must be ${FREE} undefined`,
  ],
  ["xreadgroup", ["g", "c", []], 'XREADGROUP: argument "streams" must not be empty'],
  ["xack", ["k", "g"], 'XACK: argument "ids" must not be empty'],
  ["xdel", ["k", []], 'XDEL: argument "ids" must not be empty'],
  [
    "xclaim",
    ["k", "g", "c", "0.0", "1-0"],
    'XCLAIM: argument "minIdleTime" must be an integer, got a string',
  ],
  ["xclaim", ["k", "g", "c", 0, []], 'XCLAIM: argument "messageIds" must not be empty'],
  [
    "xclaim",
    ["k", "g", "c", 0, "1-0", { idle: 1, time: 1 }],
    'XCLAIM: options "idle" and "time" are mutually exclusive',
  ],
  [
    "xautoclaim",
    ["k", "g", "c", 0, { justId: 1 }],
    'XAUTOCLAIM: option "justId" must be a boolean, got a number',
  ],
  ["xpendingRange", ["k", "g"], 'XPENDING: argument "options" must be an object, got undefined'],
  [
    "xpendingRange",
    ["k", "g", { count: -1 }],
    'XPENDING: option "count" must not be negative, got -1',
  ],
  ["xinfoStream", ["k", { count: 1 }], 'XINFO STREAM: option "count" needs option "full"'],
  [
    "xsetid",
    ["k", "1-0", { entriesAdded: -1 }],
    'XSETID: option "entriesAdded" must not be negative, got -1',
  ],
  ["xcfgset", ["k"], 'XCFGSET: one of the options "idmpDuration", "idmpMaxsize" must be given'],
  ["xgroupCreate", ["k", null], `XGROUP CREATE: argument "groupName" must be ${FREE} null`],
]);

expectRejections("script and function commands", [
  ["eval", [null, 0], `EVAL: argument "script" must be ${FREE} null`],
  ["eval", ["return 1", "0.0"], 'EVAL: argument "numKeys" must be an integer, got a string'],
  ["eval", ["return 1", -1], 'EVAL: argument "numKeys" must not be negative, got -1'],
  [
    "eval",
    ["return 1", 2, "k"],
    'EVAL: argument "numKeys" must not exceed the number of arguments after it, 1, got 2',
  ],
  ["eval", ["return 1", 1, {}], `EVAL: argument "keysAndArgs[0]" must be ${FREE} an object`],
  ["evalsha", ["abc", 1.5], 'EVALSHA: argument "numKeys" must be an integer, got 1.5'],
  ["scriptExists", [], 'SCRIPT EXISTS: argument "shas" must not be empty'],
  [
    "scriptFlush",
    ["LATER"],
    'SCRIPT FLUSH: argument "mode" must be one of "ASYNC", "SYNC", got another string',
  ],
  [
    "scriptDebug",
    ["MAYBE"],
    'SCRIPT DEBUG: argument "mode" must be one of "YES", "SYNC", "NO", got another string',
  ],
  [
    "fcall",
    ["f", 1],
    'FCALL: argument "numKeys" must not exceed the number of arguments after it, 0, got 1',
  ],
  ["fcall", ["f", Symbol("s")], 'FCALL: argument "numKeys" must be an integer, got a symbol'],
  ["functionLoad", [undefined], `FUNCTION LOAD: argument "code" must be ${FREE} undefined`],
  [
    "functionLoad",
    ["#!lua name=l", { replace: 1 }],
    'FUNCTION LOAD: option "replace" must be a boolean, got a number',
  ],
  [
    "functionRestore",
    [Buffer.alloc(0), { policy: "MERGE" }],
    'FUNCTION RESTORE: option "policy" must be one of "APPEND", "FLUSH", "REPLACE", got another string',
  ],
  [
    "functionFlush",
    [{ mode: "LATER" }],
    'FUNCTION FLUSH: option "mode" must be one of "ASYNC", "SYNC", got another string',
  ],
  [
    "functionList",
    [{ withCode: "yes" }],
    'FUNCTION LIST: option "withCode" must be a boolean, got a string',
  ],
  ["functionDelete", [], `FUNCTION DELETE: argument "library" must be ${FREE} undefined`],
]);

expectRejections("PUBLISH, SPUBLISH and PUBSUB", [
  ["publish", ["c"], `PUBLISH: argument "message" must be ${FREE} undefined`],
  ["publish", ["c", { a: 1 }], `PUBLISH: argument "message" must be ${FREE} an object`],
  ["spublish", [null, "m"], `SPUBLISH: argument "shardChannel" must be ${FREE} null`],
  ["pubsubChannels", [null], `PUBSUB CHANNELS: argument "pattern" must be ${FREE} null`],
  ["pubsubNumsub", [["a", null]], `PUBSUB NUMSUB: argument "channels[1]" must be ${FREE} null`],
]);
