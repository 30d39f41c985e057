/** Command table of the string commands. */

import { toExactDoubles } from "../core/decode.js";
import { ALWAYS_TEXT, INT64, READONLY } from "../core/info.js";
import { countedPairs } from "../core/key-finders.js";
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
import { addCountedKeyValues, addEnxFlag } from "./args.js";
import { selectLcsDecoder } from "./replies.js";

const VALUE_DOC = "Text, bytes or a number.";
const value = param("value", VALUE, VALUE_DOC);
const start = param("start", INTEGER, "First byte; negative counts from the end.");
const end = param("end", INTEGER, "Last byte (inclusive); negative counts from the end.");
const amount = param("amount", INTEGER, "Integer; may be negative.");

const POSITIVE_SECONDS = atLeast(1, SECONDS);
const POSITIVE_MILLISECONDS = atLeast(1, MILLISECONDS);

const expiries = [
  opt("ex", "EX", POSITIVE_SECONDS, "Time to live in whole seconds."),
  opt("px", "PX", POSITIVE_MILLISECONDS, "Time to live in whole milliseconds."),
  opt("exat", "EXAT", atLeast(1, UNIX_SECONDS), "Expiry: a `Date` or a Unix time in seconds."),
  opt(
    "pxat",
    "PXAT",
    atLeast(1, UNIX_MILLISECONDS),
    "Expiry: a `Date` or a Unix time in milliseconds.",
  ),
];

/** Conditions on the current value. */
const valueConditions = [
  opt("ifEq", "IFEQ", VALUE, "Only if the value equals this."),
  opt("ifNe", "IFNE", VALUE, "Only if the value differs from this."),
  opt("ifDeq", "IFDEQ", VALUE, "Only if the digest of the value equals this."),
  opt("ifDne", "IFDNE", VALUE, "Only if the digest of the value differs from this."),
];

export const strings: readonly Entry[] = [
  command("APPEND", {
    since: "2.0.0",
    cost: "O(1) amortized",
    summary: "Append `value` to a string; a missing key is created.",
    args: [key(), value],
    reply: replies.count,
    returns: "New length of the string in bytes.",
  }),
  command("DECR", {
    since: "1.0.0",
    cost: "O(1)",
    flags: INT64,
    summary: "Decrement the integer value of a key by one, or by `amount` (sent as DECRBY).",
    notes: "A missing key counts as 0.",
    args: [key(), optional("amount", INTEGER, "Amount to subtract; default 1.")],
    delegate: { given: "amount", to: "decrby" },
    reply: replies.int64,
    returns: "The new value.",
  }),
  command("DECRBY", {
    since: "1.0.0",
    cost: "O(1)",
    flags: INT64,
    summary: "Decrement the integer value of a key by `amount`.",
    notes: "A missing key counts as 0.",
    args: [key(), fallback(amount, "1")],
    reply: replies.int64,
    returns: "The new value.",
  }),
  command("DELEX", {
    since: "8.4.0",
    cost: "O(1); O(N) in the length of the string with digests",
    summary: "Delete a string if it matches a condition.",
    notes: "Without options, a key of any type is deleted.",
    args: [key()],
    options: options(
      "DelexOptions",
      oneOf("DelexCondition", "Condition for the deletion; at most one.", valueConditions),
    ),
    reply: replies.count,
    returns: "1 if the key was deleted, otherwise 0.",
  }),
  command("DIGEST", {
    since: "8.4.0",
    cost: "O(N) in the length of the string",
    flags: READONLY | ALWAYS_TEXT,
    summary: "Return the XXH3 hash of the value of a key.",
    notes: "`digestLocal` hashes any value without a server.",
    args: [key()],
    reply: replies.wordOrNull,
    returns: "16 hexadecimal digits, or `null` if the key does not exist.",
  }),
  command("GET", {
    since: "1.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Return the value of a key.",
    args: [key()],
    reply: replies.textOrNull,
    returns: "The value, or `null` if the key does not exist.",
  }),
  command("GETDEL", {
    since: "6.2.0",
    cost: "O(1)",
    summary: "Return the value of a key and delete the key.",
    args: [key()],
    reply: replies.textOrNull,
    returns: "The value, or `null` if the key did not exist.",
  }),
  command("GETEX", {
    since: "6.2.0",
    cost: "O(1)",
    summary: "Return the value of a key and change its expiry.",
    args: [key()],
    options: options(
      "GetexOptions",
      oneOf("GetexExpiry", "New expiry; at most one.", [
        ...expiries,
        flag("persist", "PERSIST", "Remove the expiry."),
      ]),
    ),
    reply: replies.textOrNull,
    returns: "The value, or `null` if the key does not exist.",
  }),
  command("GETRANGE", {
    since: "2.4.0",
    cost: "O(N) in the length of the result",
    flags: READONLY,
    summary: "Return a substring of the value of a key, by byte offsets.",
    args: [key(), start, end],
    reply: replies.text,
    returns: "The bytes from `start` to `end`; empty if the range is empty.",
  }),
  command("GETSET", {
    since: "1.0.0",
    cost: "O(1)",
    summary: "Set the value of a key and return the old value.",
    notes: "SET with the `get` option supersedes this command.",
    args: [key(), value],
    reply: replies.textOrNull,
    returns: "The old value, or `null` if the key did not exist.",
  }),
  command("INCR", {
    since: "1.0.0",
    cost: "O(1)",
    flags: INT64,
    summary: "Increment the integer value of a key by one, or by `amount` (sent as INCRBY).",
    notes: "A missing key counts as 0.",
    args: [key(), optional("amount", INTEGER, "Amount to add; default 1.")],
    delegate: { given: "amount", to: "incrby" },
    reply: replies.int64,
    returns: "The new value.",
  }),
  command("INCRBY", {
    since: "1.0.0",
    cost: "O(1)",
    flags: INT64,
    summary: "Increment the integer value of a key by `amount`.",
    notes: "A missing key counts as 0.",
    args: [key(), fallback(amount, "1")],
    reply: replies.int64,
    returns: "The new value.",
  }),
  command("INCRBYFLOAT", {
    since: "2.6.0",
    cost: "O(1)",
    summary: "Increment the value of a key by a floating-point `amount`.",
    notes: "A missing key counts as 0.",
    args: [
      key(),
      fallback(param("amount", DECIMAL, "Finite number or its text; may be negative."), "1"),
    ],
    reply: replies.exactDouble,
    returns: "The new value; throws `DecodeError` beyond 2^53 unless it is exact as a number.",
  }),
  command("INCREX", {
    since: "8.8.0",
    cost: "O(1)",
    flags: INT64,
    summary: "Increment the value of a key within bounds and optionally set its expiry.",
    notes:
      "A missing key counts as 0. Without `saturate`, a result outside the bounds or the " +
      "server's number range changes nothing.",
    args: [key()],
    options: options(
      "IncrexOptions",
      oneOf("IncrexAmount", "Amount to add; at most one, default 1.", [
        opt("byFloat", "BYFLOAT", DECIMAL, "Finite number or its text; may be negative."),
        opt("byInt", "BYINT", INTEGER, "Integer; may be negative."),
      ]),
      opt("lowerBound", "LBOUND", DECIMAL, "Minimum of the new value."),
      opt("upperBound", "UBOUND", DECIMAL, "Maximum of the new value."),
      flag("saturate", "SATURATE", "Clamp the result to the bound instead of changing nothing."),
      oneOf("IncrexExpiry", "New expiry; at most one.", [
        ...expiries,
        flag("persist", "PERSIST", "Remove the expiry."),
      ]),
      { ...flag("enx", "ENX", "Set the expiry only if the key has none."), silent: true },
    ),
    wire: ["key", "options", { build: addEnxFlag, with: ["options"], names: [] }],
    reply: reply("[value: I, applied: I]"),
    returns: "The new value and the amount actually added.",
    cases: [
      {
        given: "byFloat",
        reply: reply("[value: number, applied: number]", toExactDoubles),
        returns: "The new value and the amount actually added.",
      },
    ],
  }),
  command("LCS", {
    since: "7.0.0",
    cost: "O(N*M) in the lengths of the strings",
    flags: READONLY,
    summary: "Return the longest common subsequence of two strings.",
    args: [key("key1", "Key of the first string."), key("key2", "Key of the second string.")],
    options: options(
      "LcsOptions",
      oneOf("LcsOutput", "Alternative result; at most one.", [
        flag("len", "LEN", "Return only the length."),
        flag("idx", "IDX", "Return the matching ranges in both strings."),
      ]),
      opt(
        "minMatchLen",
        "MINMATCHLEN",
        COUNT,
        "Minimum length of a match in bytes; applies to `idx`.",
      ),
      flag("withMatchLen", "WITHMATCHLEN", "Include the length of each match; applies to `idx`."),
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
        returns: "The matching ranges and the total length.",
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
        returns: "As the other signatures, depending on the options.",
      },
    ],
    pick: { pick: selectLcsDecoder, with: ["options"] },
  }),
  command("MGET", {
    since: "1.0.0",
    cost: "O(N) for N keys",
    flags: READONLY,
    summary: "Return the values of several keys.",
    notes: "Without keys, returns an empty array without sending a command.",
    args: [rest("keys", KEY, "Key names, as arguments or arrays.")],
    whenEmpty: "[]",
    reply: replies.textsOrNulls,
    returns: "One value per key, in order; `null` if the key is missing or not a string.",
  }),
  command("MSET", {
    since: "1.0.1",
    cost: "O(N) for N keys",
    summary: "Set the values of several keys.",
    args: [param("mapping", mappingOf(KEY, VALUE), "Values by key; at least one.")],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("MSETEX", {
    findKeys: countedPairs,
    since: "8.4.0",
    cost: "O(N) for N keys",
    summary: "Set the values of several keys with a common expiry.",
    args: [param("mapping", mappingOf(KEY, VALUE), "Values by key; at least one.")],
    options: options(
      "MsetexOptions",
      oneOf("MsetexCondition", "Condition for setting the values; at most one.", [
        flag("nx", "NX", "Only if none of the keys exists."),
        flag("xx", "XX", "Only if all of the keys exist."),
      ]),
      oneOf("MsetexExpiry", "Expiry of all keys; at most one.", [
        ...expiries,
        flag("keepTtl", "KEEPTTL", "Keep the time to live of each key."),
      ]),
    ),
    wire: [
      { build: addCountedKeyValues, with: ["mapping"], names: ["numkeys", "mapping..."] },
      "options",
    ],
    reply: replies.count,
    returns: "1 if all values were set, 0 if none was because of `nx` or `xx`.",
  }),
  command("MSETNX", {
    since: "1.0.1",
    cost: "O(N) for N keys",
    summary: "Set the values of several keys if none of the keys exists.",
    args: [param("mapping", mappingOf(KEY, VALUE), "Values by key; at least one.")],
    reply: replies.bool,
    returns: "`true` if all values were set, `false` if none was.",
  }),
  command("PSETEX", {
    since: "2.6.0",
    cost: "O(1)",
    summary: "Set the value of a key and its time to live in milliseconds.",
    args: [
      key(),
      param("time", POSITIVE_MILLISECONDS, "Time to live in whole milliseconds."),
      value,
    ],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("SET", {
    since: "1.0.0",
    cost: "O(1)",
    summary: "Set the value of a key, replacing a value of any type.",
    notes: "`ifEq` requires Redis 8.4 or Valkey 8.1; the other comparisons require Redis 8.4.",
    args: [key(), value],
    options: options(
      "SetOptions",
      oneOf("SetExpiry", "Expiry of the key; at most one, default none.", [
        ...expiries,
        flag("keepTtl", "KEEPTTL", "Keep the time to live of the key."),
      ]),
      oneOf("SetCondition", "Condition for setting the value; at most one.", [
        flag("nx", "NX", "Only if the key does not exist."),
        flag("xx", "XX", "Only if the key exists."),
        ...valueConditions,
      ]),
      flag("get", "GET", "Return the old value instead of the status."),
    ),
    reply: replies.okOrNull,
    returns: "`true`, or `null` if a condition was not met.",
    cases: [
      {
        given: "get",
        reply: replies.textOrNull,
        returns: "The old value, or `null` if the key did not exist.",
      },
    ],
    signatures: [
      { params: "key: Key, value: Value", type: "true", returns: "`true`." },
      {
        params:
          "key: Key, value: Value, options?: SetOptions & { readonly get?: false | undefined }",
        type: "true | null",
        returns: "`true`, or `null` if a condition was not met.",
      },
      {
        params: "key: Key, value: Value, options: SetOptions & { readonly get: true }",
        type: "T | null",
        returns: "The old value, or `null` if the key did not exist.",
      },
      {
        params: "key: Key, value: Value, options?: SetOptions",
        type: "true | null | T",
        returns: "As the other signatures, depending on `get`.",
      },
    ],
  }),
  command("SETEX", {
    since: "2.0.0",
    cost: "O(1)",
    summary: "Set the value of a key and its time to live in seconds.",
    args: [key(), param("time", POSITIVE_SECONDS, "Time to live in whole seconds."), value],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("SETNX", {
    since: "1.0.0",
    cost: "O(1)",
    summary: "Set the value of a key if the key does not exist.",
    args: [key(), value],
    reply: replies.bool,
    returns: "Whether the value was set.",
  }),
  command("SETRANGE", {
    since: "2.2.0",
    cost: "O(M) in the length of `value`",
    summary: "Overwrite part of a string from a byte offset; a gap is filled with zero bytes.",
    args: [key(), param("offset", COUNT, "First byte to overwrite."), value],
    reply: replies.count,
    returns: "New length of the string in bytes.",
  }),
  command("STRLEN", {
    since: "2.2.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Return the length of a string in bytes.",
    args: [key()],
    reply: replies.count,
    returns: "Length in bytes; 0 if the key does not exist.",
  }),
  command("SUBSTR", {
    since: "1.0.0",
    cost: "O(N) in the length of the result",
    flags: READONLY,
    summary: "Return a substring of the value of a key, by byte offsets.",
    deprecated: "Use `getrange`.",
    args: [key(), start, fallback(end, "-1")],
    reply: replies.text,
    returns: "The bytes from `start` to `end`; empty if the range is empty.",
  }),
];
