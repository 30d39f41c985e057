/** Owns the table of the string commands. */

import { toExactDoubles } from "../core/decode.js";
import { ALWAYS_TEXT, INT64, READONLY } from "../core/info.js";
import {
  atLeast,
  COUNT,
  command,
  DECIMAL,
  type Entry,
  fallback,
  flag,
  INTEGER,
  KEY,
  key,
  MILLISECONDS,
  mappingOf,
  oneOf,
  opt,
  optional,
  options,
  param,
  reply,
  rest,
  SECONDS,
  UNIX_MILLISECONDS,
  UNIX_SECONDS,
  VALUE,
} from "../table/dsl.js";
import * as replies from "../table/replies.js";
import { countedValues, expiryIfNone } from "./args.js";
import { pickLcs } from "./replies.js";

const VALUE_DOC = "Text, bytes or a number.";
const value = param("value", VALUE, VALUE_DOC);
const start = param("start", INTEGER, "First byte; negative counts from the end.");
const end = param("end", INTEGER, "Last byte, included; negative counts from the end.");
const amount = param("amount", INTEGER, "Integer; may be negative.");

const AHEAD_SECONDS = atLeast(1, SECONDS);
const AHEAD_MILLISECONDS = atLeast(1, MILLISECONDS);

const lifetimes = [
  opt("ex", "EX", AHEAD_SECONDS, "Time to live in whole seconds."),
  opt("px", "PX", AHEAD_MILLISECONDS, "Time to live in whole milliseconds."),
  opt(
    "exat",
    "EXAT",
    atLeast(1, UNIX_SECONDS),
    "When it expires: a `Date` or a Unix time in seconds.",
  ),
  opt(
    "pxat",
    "PXAT",
    atLeast(1, UNIX_MILLISECONDS),
    "When it expires: a `Date` or a Unix time in milliseconds.",
  ),
];

/** What the value there now is compared with. */
const comparisons = [
  opt("ifEq", "IFEQ", VALUE, "Only if this is its value."),
  opt("ifNe", "IFNE", VALUE, "Only if this is not its value."),
  opt("ifDeq", "IFDEQ", VALUE, "Only if this is its digest."),
  opt("ifDne", "IFDNE", VALUE, "Only if this is not its digest."),
];

export const strings: readonly Entry[] = [
  command("APPEND", {
    since: "2.0.0",
    cost: "O(1) amortized",
    summary: "Add `value` to the end of the string at `key`, which is created when missing.",
    args: [key(), value],
    reply: replies.count,
    returns: "Length of the string afterwards, in bytes.",
  }),
  command("DECR", {
    since: "1.0.0",
    cost: "O(1)",
    flags: INT64,
    summary: "Lower the integer stored at `key` by one, or by `amount` through DECRBY.",
    notes: "A missing key counts as 0.",
    args: [key(), optional("amount", INTEGER, "Integer to subtract instead of 1.")],
    delegate: { given: "amount", to: "decrby" },
    reply: replies.int64,
    returns: "The new value.",
  }),
  command("DECRBY", {
    since: "1.0.0",
    cost: "O(1)",
    flags: INT64,
    summary: "Lower the integer stored at `key` by `amount`.",
    notes: "A missing key counts as 0.",
    args: [key(), fallback(amount, "1")],
    reply: replies.int64,
    returns: "The new value.",
  }),
  command("DELEX", {
    since: "8.4.0",
    cost: "O(1), with digests O(N) in the length of the string",
    summary: "Delete the string at `key` if it is as expected.",
    notes: "Without options any key is deleted.",
    args: [key()],
    options: options(
      "DelexOptions",
      oneOf("DelexCondition", "When to delete; at most one.", comparisons),
    ),
    reply: replies.count,
    returns: "1 when it was deleted, otherwise 0.",
  }),
  command("DIGEST", {
    since: "8.4.0",
    cost: "O(N) in the length of the string",
    flags: READONLY | ALWAYS_TEXT,
    summary: "Give the XXH3 hash of the string stored at `key`.",
    notes: "`digestLocal` of a client gives that of any value.",
    args: [key()],
    reply: replies.wordOrNull,
    returns: "16 hexadecimal digits, or `null` when `key` does not exist.",
  }),
  command("GET", {
    since: "1.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Read the string stored at `key`.",
    args: [key()],
    reply: replies.textOrNull,
    returns: "The value, or `null` when `key` does not exist.",
  }),
  command("GETDEL", {
    since: "6.2.0",
    cost: "O(1)",
    summary: "Read the string stored at `key` and delete the key.",
    args: [key()],
    reply: replies.textOrNull,
    returns: "The value, or `null` when `key` did not exist.",
  }),
  command("GETEX", {
    since: "6.2.0",
    cost: "O(1)",
    summary: "Read the string stored at `key` and change when the key expires.",
    args: [key()],
    options: options(
      "GetexOptions",
      oneOf("GetexExpiry", "When the key expires from now on; at most one.", [
        ...lifetimes,
        flag("persist", "PERSIST", "Never let it expire."),
      ]),
    ),
    reply: replies.textOrNull,
    returns: "The value, or `null` when `key` does not exist.",
  }),
  command("GETRANGE", {
    since: "2.4.0",
    cost: "O(N) in the length returned",
    flags: READONLY,
    summary: "Read a part of the string stored at `key`.",
    args: [key(), start, end],
    reply: replies.text,
    returns: "The bytes from `start` to `end`; empty when there are none.",
  }),
  command("GETSET", {
    since: "1.0.0",
    cost: "O(1)",
    summary: "Store `value` at `key` and read what was there before.",
    notes: "SET with the option `get` does the same and more.",
    args: [key(), value],
    reply: replies.textOrNull,
    returns: "The old value, or `null` when `key` did not exist.",
  }),
  command("INCR", {
    since: "1.0.0",
    cost: "O(1)",
    flags: INT64,
    summary: "Raise the integer stored at `key` by one, or by `amount` through INCRBY.",
    notes: "A missing key counts as 0.",
    args: [key(), optional("amount", INTEGER, "Integer to add instead of 1.")],
    delegate: { given: "amount", to: "incrby" },
    reply: replies.int64,
    returns: "The new value.",
  }),
  command("INCRBY", {
    since: "1.0.0",
    cost: "O(1)",
    flags: INT64,
    summary: "Raise the integer stored at `key` by `amount`.",
    notes: "A missing key counts as 0.",
    args: [key(), fallback(amount, "1")],
    reply: replies.int64,
    returns: "The new value.",
  }),
  command("INCRBYFLOAT", {
    since: "2.6.0",
    cost: "O(1)",
    summary: "Raise the number stored at `key` by a decimal `amount`.",
    notes: "A missing key counts as 0.",
    args: [
      key(),
      fallback(param("amount", DECIMAL, "Finite number, or its text; may be negative."), "1"),
    ],
    reply: replies.exactDouble,
    returns: "The new value; beyond 2^53 a `DecodeError` unless it is exact as a number.",
  }),
  command("INCREX", {
    since: "8.8.0",
    cost: "O(1)",
    flags: INT64,
    summary: "Change the number stored at `key` within bounds, and when the key expires.",
    notes:
      "A missing key counts as 0. What would leave the bounds, or what the server can hold, changes " +
      "nothing, unless `saturate` is set.",
    args: [key()],
    options: options(
      "IncrexOptions",
      oneOf("IncrexAmount", "What to add instead of 1; at most one.", [
        opt("byFloat", "BYFLOAT", DECIMAL, "Finite number, or its text; may be negative."),
        opt("byInt", "BYINT", INTEGER, "Integer; may be negative."),
      ]),
      opt("lowerBound", "LBOUND", DECIMAL, "The least the new value may be."),
      opt("upperBound", "UBOUND", DECIMAL, "The most the new value may be."),
      flag("saturate", "SATURATE", "Go to the bound instead of changing nothing."),
      oneOf("IncrexExpiry", "When the key expires from now on; at most one.", [
        ...lifetimes,
        flag("persist", "PERSIST", "Never let it expire."),
      ]),
      { ...flag("enx", "ENX", "Only set the expiry when the key has none."), silent: true },
    ),
    wire: ["key", "options", { build: expiryIfNone, with: ["options"], names: [] }],
    reply: reply("[value: I, applied: I]"),
    returns: "The value afterwards, and what was added to get it.",
    cases: [
      {
        given: "byFloat",
        reply: reply("[value: number, applied: number]", toExactDoubles),
        returns: "The value afterwards, and what was added to get it.",
      },
    ],
  }),
  command("LCS", {
    since: "7.0.0",
    cost: "O(N*M) in the lengths of the strings",
    flags: READONLY,
    summary: "Find the longest common subsequence of two strings.",
    args: [key("key1", "Key of the first string."), key("key2", "Key of the second string.")],
    options: options(
      "LcsOptions",
      oneOf("LcsOutput", "What to give instead of the subsequence.", [
        flag("len", "LEN", "Only its length."),
        flag("idx", "IDX", "Where it lies in both strings."),
      ]),
      opt("minMatchLen", "MINMATCHLEN", COUNT, "With `idx`: shortest run to list, in bytes."),
      flag("withMatchLen", "WITHMATCHLEN", "With `idx`: give the length of each run as well."),
    ),
    reply: replies.text,
    returns: "The subsequence.",
    signatures: [
      {
        params: "key1: Key, key2: Key, options: LcsOptions & { readonly len: true }",
        type: "number",
        returns: "Length of the subsequence in bytes.",
      },
      {
        params: "key1: Key, key2: Key, options: LcsOptions & { readonly idx: true }",
        type: "LcsResult",
        returns: "The common runs and the total length.",
      },
      {
        params:
          "key1: Key, key2: Key, " +
          "options?: LcsOptions & { readonly len?: false | undefined; readonly idx?: false | undefined }",
        type: "T",
        returns: "The subsequence.",
      },
      {
        params: "key1: Key, key2: Key, options?: LcsOptions",
        type: "T | number | LcsResult",
        returns: "As the other signatures say, by the options.",
      },
    ],
    pick: { pick: pickLcs, with: ["options"] },
  }),
  command("MGET", {
    since: "1.0.0",
    cost: "O(N) in the number of keys",
    flags: READONLY,
    summary: "Read the strings at several keys in one go.",
    notes: "Without keys the answer is an empty array and the server is not asked.",
    args: [rest("keys", KEY, "Key names, as arguments or in arrays.")],
    whenEmpty: "[]",
    reply: replies.textsOrNulls,
    returns: "One value a key, in order; `null` for what is missing or no string.",
  }),
  command("MSET", {
    since: "1.0.1",
    cost: "O(N) in the number of keys",
    summary: "Store several strings in one go, replacing what was there.",
    args: [param("mapping", mappingOf(KEY, VALUE), "Values by key; at least one.")],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("MSETEX", {
    since: "8.4.0",
    cost: "O(N) in the number of keys",
    summary: "Store several strings in one go, with one expiry for all.",
    args: [param("mapping", mappingOf(KEY, VALUE), "Values by key; at least one.")],
    options: options(
      "MsetexOptions",
      oneOf("MsetexCondition", "When to store anything; at most one.", [
        flag("nx", "NX", "Only when none of the keys exists."),
        flag("xx", "XX", "Only when all of the keys exist."),
      ]),
      oneOf("MsetexExpiry", "How long the values live; at most one.", [
        ...lifetimes,
        flag("keepTtl", "KEEPTTL", "Keep the time to live each key already has."),
      ]),
    ),
    wire: [
      { build: countedValues, with: ["mapping"], names: ["numkeys", "mapping..."] },
      "options",
    ],
    reply: replies.count,
    returns: "1 when all were stored, 0 when none was because of `nx` or `xx`.",
  }),
  command("MSETNX", {
    since: "1.0.1",
    cost: "O(N) in the number of keys",
    summary: "Store several strings in one go, unless one of the keys exists already.",
    args: [param("mapping", mappingOf(KEY, VALUE), "Values by key; at least one.")],
    reply: replies.bool,
    returns: "Whether all were stored; when not, none was.",
  }),
  command("PSETEX", {
    since: "2.6.0",
    cost: "O(1)",
    summary: "Store a string that expires after some milliseconds.",
    args: [key(), param("time", AHEAD_MILLISECONDS, "Time to live in whole milliseconds."), value],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("SET", {
    since: "1.0.0",
    cost: "O(1)",
    summary: "Store a string at `key`, whatever was there before.",
    notes: "`ifEq` needs Redis 8.4 or Valkey 8.1, the other comparisons Redis 8.4.",
    args: [key(), value],
    options: options(
      "SetOptions",
      oneOf("SetExpiry", "How long the value lives; at most one.", [
        ...lifetimes,
        flag("keepTtl", "KEEPTTL", "Keep the time to live the key already has."),
      ]),
      oneOf("SetCondition", "When to store; at most one.", [
        flag("nx", "NX", "Only when the key does not exist."),
        flag("xx", "XX", "Only when the key exists."),
        ...comparisons,
      ]),
      flag("get", "GET", "Give the old value instead of whether the new one was stored."),
    ),
    reply: replies.okOrNull,
    returns: "`true`, or `null` when a condition kept it from being stored.",
    cases: [
      {
        given: "get",
        reply: replies.textOrNull,
        returns: "The old value, or `null` when there was none.",
      },
    ],
    signatures: [
      { params: "key: Key, value: Value", type: "true", returns: "`true`." },
      {
        params:
          "key: Key, value: Value, options?: SetOptions & { readonly get?: false | undefined }",
        type: "true | null",
        returns: "`true`, or `null` when a condition kept it from being stored.",
      },
      {
        params: "key: Key, value: Value, options: SetOptions & { readonly get: true }",
        type: "T | null",
        returns: "The old value, or `null` when there was none.",
      },
      {
        params: "key: Key, value: Value, options?: SetOptions",
        type: "true | null | T",
        returns: "As the other signatures say, by whether `get` is set.",
      },
    ],
  }),
  command("SETEX", {
    since: "2.0.0",
    cost: "O(1)",
    summary: "Store a string that expires after some seconds.",
    args: [key(), param("time", AHEAD_SECONDS, "Time to live in whole seconds."), value],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("SETNX", {
    since: "1.0.0",
    cost: "O(1)",
    summary: "Store a string unless the key exists.",
    args: [key(), value],
    reply: replies.bool,
    returns: "Whether it was stored.",
  }),
  command("SETRANGE", {
    since: "2.2.0",
    cost: "O(M) in the length of `value`",
    summary: "Overwrite a part of the string at `key`, filling any gap with zero bytes.",
    args: [key(), param("offset", COUNT, "First byte to overwrite."), value],
    reply: replies.count,
    returns: "Length of the string afterwards, in bytes.",
  }),
  command("STRLEN", {
    since: "2.2.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Measure the string stored at `key`.",
    args: [key()],
    reply: replies.count,
    returns: "Its length in bytes; 0 when the key does not exist.",
  }),
  command("SUBSTR", {
    since: "1.0.0",
    cost: "O(N) in the length returned",
    flags: READONLY,
    summary: "Read a part of the string stored at `key`.",
    deprecated: "Use `getrange`.",
    args: [key(), start, fallback(end, "-1")],
    reply: replies.text,
    returns: "The bytes from `start` to `end`; empty when there are none.",
  }),
];
