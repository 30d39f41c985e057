/** Invalid arguments of array commands and of commands and options that Redis 8 added. */
import { expectRejections } from "../../../support/rejected-calls.js";

expectRejections("array commands", [
  ["arget", ["a", -1], 'ARGET: argument "index" must not be negative, got -1'],
  ["arget", ["a", "1.0"], 'ARGET: argument "index" must be an integer, got a string'],
  ["ardel", ["a"], 'ARDEL: argument "indices" must not be empty'],
  ["ardel", ["a", [1, 1.5]], 'ARDEL: each of argument "indices" must be an integer, got 1.5'],
  ["ardelrange", ["a"], 'ARDELRANGE: argument "ranges" must not be empty'],
  [
    "ardelrange",
    ["a", [0, 2], 5],
    'ARDELRANGE: argument "ranges" must hold a first and a last index for each range',
  ],
  [
    "ardelrange",
    ["a", [0, -2]],
    'ARDELRANGE: each of argument "ranges" must not be negative, got -2',
  ],
  ["armset", ["a", {}], 'ARMSET: argument "mapping" must not be empty'],
  [
    "armset",
    ["a", { x: 1 }],
    'ARMSET: each index of argument "mapping" must be an integer, got a string',
  ],
  [
    "armset",
    ["a", new Map([[-1, 1]])],
    'ARMSET: each index of argument "mapping" must not be negative, got -1',
  ],
  [
    "armset",
    ["a", { 1: null }],
    'ARMSET: each value of argument "mapping" must be a string, Buffer, Uint8Array, number or bigint, got null',
  ],
  ["arset", ["a", 0], 'ARSET: argument "values" must not be empty'],
  [
    "argrep",
    ["a", "first", "+", [["EXACT", "x"]]],
    'ARGREP: argument "start" must be an integer, "-" or "+", got another string',
  ],
  [
    "argrep",
    ["a", "-", -1, [["EXACT", "x"]]],
    'ARGREP: argument "end" must not be negative, got -1',
  ],
  ["argrep", ["a", "-", "+", []], 'ARGREP: argument "predicates" must not be empty'],
  ["argrep", ["a", "-", "+", "x"], 'ARGREP: argument "predicates" must be an array, got a string'],
  [
    "argrep",
    ["a", "-", "+", ["EXACT", "x"]],
    'ARGREP: argument "predicates" must hold [kind, value] pairs, got a string',
  ],
  [
    "argrep",
    ["a", "-", "+", [["LIKE", "x"]]],
    'ARGREP: each kind of argument "predicates" must be one of "EXACT", "MATCH", "GLOB", "RE", got another string',
  ],
  [
    "arop",
    ["a", 0, 9, "AVG"],
    'AROP: argument "operation" must be one of "SUM", "MIN", "MAX", "AND", "OR", "XOR", "MATCH", "USED", ' +
      "got another string",
  ],
  [
    "arop",
    ["a", 0, 9, "MATCH"],
    'AROP: option "value" must be a string, Buffer, Uint8Array, number or bigint, got undefined',
  ],
  [
    "arop",
    ["a", 0, 9, "SUM", { value: 1 }],
    'AROP: option "value" needs argument "operation" to be "MATCH"',
  ],
  ["arop", ["a", 0, 9, "SUM", { of: 1 }], 'AROP: unknown option "of"; known options are value'],
]);

expectRejections("commands and options of Redis 8", [
  [
    "delex",
    ["k", { ifEq: 1, ifDne: "x" }],
    'DELEX: options "ifEq" and "ifDne" are mutually exclusive',
  ],
  [
    "increx",
    ["k", { byInt: 1, byFloat: 1 }],
    'INCREX: options "byInt" and "byFloat" are mutually exclusive',
  ],
  ["increx", ["k", { byInt: 1.5 }], 'INCREX: option "byInt" must be an integer, got 1.5'],
  [
    "increx",
    ["k", { ex: 1, persist: true }],
    'INCREX: options "ex" and "persist" are mutually exclusive',
  ],
  ["increx", ["k", { ex: 0 }], 'INCREX: option "ex" must be positive, got 0'],
  [
    "increx",
    ["k", { persist: true, enx: true }],
    'INCREX: option "enx" needs one of the options "ex", "px", "exat", "pxat"',
  ],
  [
    "increx",
    ["k", { lowerBound: "low" }],
    'INCREX: option "lowerBound" must be a finite number, got a string',
  ],
  [
    "set",
    ["k", "v", { ifEq: "a", nx: true }],
    'SET: options "ifEq" and "nx" are mutually exclusive',
  ],
  [
    "set",
    ["k", "v", { ifNe: null }],
    'SET: option "ifNe" must be a string, Buffer, Uint8Array, number or bigint, got null',
  ],
  ["msetex", [{}], 'MSETEX: argument "mapping" must not be empty'],
  [
    "msetex",
    [{ a: 1 }, { nx: true, xx: true }],
    'MSETEX: options "nx" and "xx" are mutually exclusive',
  ],
  [
    "msetex",
    [{ a: 1 }, { ex: 1, keepTtl: true }],
    'MSETEX: options "ex" and "keepTtl" are mutually exclusive',
  ],
  ["msetex", [{ a: 1 }, { px: -1 }], 'MSETEX: option "px" must be positive, got -1'],
  [
    "lmovem",
    ["a", "b", "TOP"],
    'LMOVEM: argument "from" must be one of "LEFT", "RIGHT", got another string',
  ],
  [
    "lmovem",
    ["a", "b", "LEFT", "LEFT", { count: 2 }],
    'LMOVEM: option "count" needs option "ordering"',
  ],
  [
    "blmovem",
    ["a", "b", 0, "LEFT", "LEFT", { mode: "COUNT" }],
    'BLMOVEM: option "mode" needs option "count"',
  ],
  [
    "blmovem",
    ["a", "b", 0, "LEFT", "LEFT", { ordering: "OBO" }],
    'BLMOVEM: option "ordering" needs option "count"',
  ],
  [
    "sdiffcard",
    [1, ["a", "b"]],
    'SDIFFCARD: argument "numKeys" must be the number of keys, 2, got 1',
  ],
  [
    "sunioncard",
    [2, ["a", "b"], { approx: 1 }],
    'SUNIONCARD: option "approx" must be a boolean, got a number',
  ],
  ["himportPrepare", ["u", []], 'HIMPORT PREPARE: argument "fields" must not be empty'],
  ["hotkeysStart", [[]], 'HOTKEYS START: argument "metrics" must not be empty'],
  [
    "hotkeysStart",
    ["RAM"],
    'HOTKEYS START: each of argument "metrics" must be one of "CPU", "NET", got another string',
  ],
  ["hotkeysStart", ["CPU", { slots: [] }], 'HOTKEYS START: option "slots" must not be empty'],
  [
    "hotkeysStart",
    ["CPU", { slots: -1 }],
    'HOTKEYS START: each of option "slots" must not be negative, got -1',
  ],
]);
