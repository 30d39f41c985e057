/**
 * Owns what the commands on places, vectors, streams, scripts and channels say of arguments that cannot be meant: each call is refused before
 * anything is sent, with a message that names the argument and says what it should have been.
 */
import { expectRefusals } from "../../../support/bad-input.js";

const FREE = "a string, Buffer, Uint8Array, number or bigint, got";

expectRefusals("places", [
  ["geoadd", ["k", []], 'GEOADD: "places" must not be empty'],
  [
    "geoadd",
    ["k", [1, 2]],
    'GEOADD: "places" must hold a longitude, a latitude and a member for each place',
  ],
  ["geoadd", ["k", [[1, 2]]], 'GEOADD: "places" must hold [longitude, latitude, member] triples'],
  [
    "geoadd",
    ["k", [["east", 2, "m"]]],
    'GEOADD: each longitude of "places" must be a finite number, got a string',
  ],
  [
    "geoadd",
    ["k", [[1, Number.NaN, "m"]]],
    'GEOADD: each latitude of "places" must be a finite number, got NaN',
  ],
  ["geoadd", ["k", "1 2 m"], 'GEOADD: "places" must be an array'],
  [
    "geoadd",
    ["k", [1, 2, "m"], { nx: true, xx: true }],
    'GEOADD: options "nx" and "xx" exclude each other',
  ],
  [
    "geodist",
    ["k", "a", "b", "parsec"],
    'GEODIST: "unit" must be one of "m", "km", "ft", "mi", got another text',
  ],
  ["geosearch", ["k"], "GEOSEARCH: options must be an object, got undefined"],
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
    'GEOSEARCH: options "member" and "longitude" exclude each other',
  ],
  [
    "geosearch",
    ["k", { longitude: 1, radius: 1 }],
    'GEOSEARCH: options "longitude" and "latitude" must be given together',
  ],
  [
    "geosearch",
    ["k", { member: "m", radius: 1, width: 1, height: 1 }],
    'GEOSEARCH: options "radius" and "width" exclude each other',
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
    'GEOSEARCH: option "unit" must be one of "m", "km", "ft", "mi", got another text',
  ],
  [
    "geosearch",
    ["k", { member: "m", radius: 1, sort: "UP" }],
    'GEOSEARCH: option "sort" must be one of "ASC", "DESC", got another text',
  ],
  [
    "geosearch",
    ["k", { member: "\ud800", radius: 1 }],
    'GEOSEARCH: option "member" must be text that its encoding can represent',
  ],
  ["georadius", ["k", 1, 2, "far"], 'GEORADIUS: "radius" must be a finite number, got a string'],
  [
    "georadius",
    ["k", 1, 2, 3, { store: "a", storeDist: "b" }],
    'GEORADIUS: options "store" and "storeDist" exclude each other',
  ],
]);

expectRefusals("vector sets", [
  ["vadd", ["k", [], "e"], 'VADD: "vector" must not be empty'],
  [
    "vadd",
    ["k", [1, "x"], "e"],
    'VADD: each number of "vector" must be a finite number, got a string',
  ],
  [
    "vadd",
    ["k", [1, Number.NaN], "e"],
    'VADD: each number of "vector" must be a finite number, got NaN',
  ],
  [
    "vadd",
    ["k", "1 2", "e"],
    'VADD: "vector" must be numbers in an array, a Float32Array, or the bytes of 32-bit floats',
  ],
  [
    "vadd",
    ["k", Buffer.alloc(3), "e"],
    'VADD: "vector" must be 4 bytes for each number, got 3 bytes',
  ],
  ["vadd", ["k", [1, 2], null], `VADD: "element" must be ${FREE} null`],
  [
    "vadd",
    ["k", [1, 2], "e", { noQuant: true, bin: true }],
    'VADD: unknown option "noQuant"; known are reduceDim, cas, quantization, ef, attributes, numLinks',
  ],
  [
    "vsim",
    ["k", null],
    'VSIM: "query" must be numbers in an array, a Float32Array, or the bytes of 32-bit floats',
  ],
  [
    "vsim",
    ["k", { member: "e" }],
    'VSIM: "query" must be numbers in an array, a Float32Array, or the bytes of 32-bit floats',
  ],
  ["vsim", ["k", [1, 2], { count: 1.5 }], 'VSIM: option "count" must be an integer, got 1.5'],
  ["vlinks", ["k"], `VLINKS: "element" must be ${FREE} undefined`],
]);

expectRefusals("streams", [
  ["xadd", ["k", {}], 'XADD: "fields" must not be empty'],
  ["xadd", ["k", { f: null }], `XADD: each value of "fields" must be ${FREE} null`],
  ["xadd", ["k", "f"], 'XADD: "fields" must be an object, a Map or entries, got a string'],
  [
    "xadd",
    ["k", { f: 1 }, { maxLen: 1, minId: "1-0" }],
    'XADD: options "maxLen" and "minId" exclude each other',
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
    'XADD: options "idmp" and "idmpAuto" exclude each other',
  ],
  ["xtrim", ["k"], "XTRIM: options must be an object, got undefined"],
  [
    "xtrim",
    ["k", { maxLen: 1, minId: "1" }],
    'XTRIM: options "maxLen" and "minId" exclude each other',
  ],
  ["xread", [{}], 'XREAD: "streams" must not be empty'],
  ["xread", [{ s: null }], `XREAD: each ID of "streams" must be ${FREE} null`],
  ["xread", [{ s: "0" }, { block: -1 }], 'XREAD: option "block" must not be negative, got -1'],
  ["xread", [{ s: "0" }, { count: "1" }], 'XREAD: option "count" must be an integer, got a string'],
  [
    "xreadgroup",
    ["g", undefined, { s: ">" }],
    `XREADGROUP: "consumerName" must be ${FREE} undefined`,
  ],
  ["xreadgroup", ["g", "c", []], 'XREADGROUP: "streams" must not be empty'],
  ["xack", ["k", "g"], 'XACK: "ids" must not be empty'],
  ["xdel", ["k", []], 'XDEL: "ids" must not be empty'],
  ["xclaim", ["k", "g", "c", "0", "1-0"], 'XCLAIM: "minIdleTime" must be an integer, got a string'],
  ["xclaim", ["k", "g", "c", 0, []], 'XCLAIM: "messageIds" must not be empty'],
  [
    "xclaim",
    ["k", "g", "c", 0, "1-0", { idle: 1, time: 1 }],
    'XCLAIM: options "idle" and "time" exclude each other',
  ],
  [
    "xautoclaim",
    ["k", "g", "c", 0, { justId: 1 }],
    'XAUTOCLAIM: option "justId" must be a boolean, got a number',
  ],
  ["xpendingRange", ["k", "g"], "XPENDING: options must be an object, got undefined"],
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
  ["xgroupCreate", ["k", null], `XGROUP CREATE: "groupName" must be ${FREE} null`],
]);

expectRefusals("scripts and functions", [
  ["eval", [null, 0], `EVAL: "script" must be ${FREE} null`],
  ["eval", ["return 1", "0"], 'EVAL: "numKeys" must be an integer, got a string'],
  ["eval", ["return 1", -1], 'EVAL: "numKeys" must not be negative, got -1'],
  [
    "eval",
    ["return 1", 2, "k"],
    'EVAL: "numKeys" must not exceed the number of arguments after it, 1, got 2',
  ],
  ["eval", ["return 1", 1, {}], `EVAL: "keysAndArgs[0]" must be ${FREE} an object`],
  ["evalsha", ["abc", 1.5], 'EVALSHA: "numKeys" must be an integer, got 1.5'],
  ["scriptExists", [], 'SCRIPT EXISTS: "shas" must not be empty'],
  [
    "scriptFlush",
    ["LATER"],
    'SCRIPT FLUSH: "mode" must be one of "ASYNC", "SYNC", got another text',
  ],
  [
    "scriptDebug",
    ["MAYBE"],
    'SCRIPT DEBUG: "mode" must be one of "YES", "SYNC", "NO", got another text',
  ],
  [
    "fcall",
    ["f", 1],
    'FCALL: "numKeys" must not exceed the number of arguments after it, 0, got 1',
  ],
  ["fcall", ["f", Symbol("s")], 'FCALL: "numKeys" must be an integer, got a symbol'],
  ["functionLoad", [undefined], `FUNCTION LOAD: "code" must be ${FREE} undefined`],
  [
    "functionLoad",
    ["#!lua name=l", { replace: 1 }],
    'FUNCTION LOAD: option "replace" must be a boolean, got a number',
  ],
  [
    "functionRestore",
    [Buffer.alloc(0), { policy: "MERGE" }],
    'FUNCTION RESTORE: option "policy" must be one of "APPEND", "FLUSH", "REPLACE", got another text',
  ],
  [
    "functionFlush",
    [{ mode: "LATER" }],
    'FUNCTION FLUSH: option "mode" must be one of "ASYNC", "SYNC", got another text',
  ],
  [
    "functionList",
    [{ withCode: "yes" }],
    'FUNCTION LIST: option "withCode" must be a boolean, got a string',
  ],
  ["functionDelete", [], `FUNCTION DELETE: "library" must be ${FREE} undefined`],
]);

expectRefusals("publishing", [
  ["publish", ["c"], `PUBLISH: "message" must be ${FREE} undefined`],
  ["publish", ["c", { a: 1 }], `PUBLISH: "message" must be ${FREE} an object`],
  ["spublish", [null, "m"], `SPUBLISH: "shardChannel" must be ${FREE} null`],
  ["pubsubChannels", [null], `PUBSUB CHANNELS: "pattern" must be ${FREE} null`],
  ["pubsubNumsub", [["a", null]], `PUBSUB NUMSUB: "channels[1]" must be ${FREE} null`],
]);
