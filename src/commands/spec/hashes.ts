/** Owns the table of the hash commands. */

import { hsetFields } from "../builders.js";
import * as decode from "../decode.js";
import { INT64, READONLY } from "../info.js";
import { pickHrandfield, pickHscan } from "../pick.js";
import {
  COUNT,
  CURSOR,
  command,
  DECIMAL,
  type Entry,
  fallback,
  flag,
  INTEGER,
  key,
  mappingOf,
  opt,
  optional,
  options,
  param,
  reply,
  rest,
  silent,
  VALUE,
} from "./dsl.js";
import * as replies from "./replies.js";

const field = param("field", VALUE, "Field name.");
const value = param("value", VALUE, "Text, bytes or a number.");
const fields = rest("fields", VALUE, "Field names, as arguments or in arrays; at least one.");
const MAPPING_DOC = "Values by field: an object, a `Map` or entries.";

export const hashes: readonly Entry[] = [
  command("HDEL", {
    since: "2.0.0",
    cost: "O(N) in the number of fields",
    summary: "Delete fields of a hash.",
    args: [key(), fields],
    reply: replies.count,
    returns: "How many existed.",
  }),
  command("HEXISTS", {
    since: "2.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Tell whether a hash has a field.",
    args: [key(), field],
    reply: replies.bool,
    returns: "Whether the field exists.",
  }),
  command("HGET", {
    since: "2.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Read a field of a hash.",
    args: [key(), field],
    reply: replies.textOrNull,
    returns: "The value, or `null` when there is no such field.",
  }),
  command("HGETALL", {
    since: "2.0.0",
    cost: "O(N) in the size of the hash",
    flags: READONLY,
    summary: "Read a whole hash.",
    notes:
      "Field names become object keys and must be text; those that look like array indexes come " +
      "first, as in every JavaScript object. `hscanIter` gives pairs instead.",
    args: [key()],
    reply: replies.record,
    returns: "Values by field, in an object without prototype; empty when the key does not exist.",
  }),
  command("HINCRBY", {
    since: "2.0.0",
    cost: "O(1)",
    flags: INT64,
    summary: "Raise the integer in a field of a hash.",
    notes: "A missing field counts as 0.",
    args: [
      key(),
      field,
      fallback(param("amount", INTEGER, "Integer to add; may be negative."), "1"),
    ],
    reply: replies.int64,
    returns: "The new value.",
  }),
  command("HINCRBYFLOAT", {
    since: "2.6.0",
    cost: "O(1)",
    summary: "Raise the number in a field of a hash by a decimal amount.",
    notes: "A missing field counts as 0.",
    args: [
      key(),
      field,
      fallback(param("amount", DECIMAL, "Finite number, or its text; may be negative."), "1"),
    ],
    reply: replies.double,
    returns: "The new value.",
  }),
  command("HKEYS", {
    since: "2.0.0",
    cost: "O(N) in the size of the hash",
    flags: READONLY,
    summary: "List the fields of a hash.",
    args: [key()],
    reply: replies.texts,
    returns: "Field names; empty when the key does not exist.",
  }),
  command("HLEN", {
    since: "2.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Count the fields of a hash.",
    args: [key()],
    reply: replies.count,
    returns: "How many there are; 0 when the key does not exist.",
  }),
  command("HMGET", {
    since: "2.0.0",
    cost: "O(N) in the number of fields",
    flags: READONLY,
    summary: "Read several fields of a hash.",
    args: [key(), fields],
    reply: replies.textsOrNulls,
    returns: "One value a field, in order; `null` for missing fields.",
  }),
  command("HMSET", {
    since: "2.0.0",
    cost: "O(N) in the number of fields",
    summary: "Set several fields of a hash.",
    deprecated: "Use `hset`.",
    args: [key(), param("mapping", mappingOf(VALUE, VALUE), `${MAPPING_DOC} At least one.`)],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("HRANDFIELD", {
    since: "6.2.0",
    cost: "O(N) in the number of fields returned",
    flags: READONLY,
    summary: "Pick fields of a hash at random.",
    args: [
      key(),
      optional(
        "count",
        INTEGER,
        "How many different fields to pick; negative: that many, some perhaps repeatedly.",
      ),
    ],
    options: options(
      "HrandfieldOptions",
      flag("withValues", "WITHVALUES", "Give the values too; needs `count`."),
    ),
    reply: replies.textOrNull,
    returns: "One field name, or `null` when the key does not exist.",
    signatures: [
      {
        params: "key: Key",
        type: "T | null",
        returns: "One field name, or `null` when the key does not exist.",
      },
      {
        params:
          "key: Key, count: Integer, " +
          "options?: HrandfieldOptions & { readonly withValues?: false | undefined }",
        type: "T[]",
        returns: "Field names; empty when the key does not exist.",
      },
      {
        params:
          "key: Key, count: Integer, options: HrandfieldOptions & { readonly withValues: true }",
        type: "[field: T, value: T][]",
        returns: "`[field, value]` pairs; empty when the key does not exist.",
      },
      {
        params: "key: Key, count: Integer, options?: HrandfieldOptions",
        type: "T[] | [field: T, value: T][]",
        returns: "As the other signatures say, by whether `withValues` is set.",
      },
    ],
    pick: { pick: pickHrandfield, with: ["options"] },
  }),
  command("HSCAN", {
    since: "2.8.0",
    cost: "O(1) a call, O(N) for the whole hash",
    flags: READONLY,
    summary: "Read the next batch of fields of a hash.",
    notes: "`hscanIter` does the whole walk.",
    args: [
      key(),
      fallback(param("cursor", CURSOR, 'What the call before gave; `"0"` to begin.'), '"0"'),
    ],
    options: options(
      "HscanOptions",
      opt("match", "MATCH", VALUE, "Glob pattern the field names have to match."),
      opt("count", "COUNT", COUNT, "How much work to do in this call; a hint."),
      silent(
        "pairs",
        "boolean",
        "Give `[field, value]` pairs instead of an object; field names may be bytes then.",
      ),
    ),
    reply: reply("[cursor: string, fields: Record<string, T>]", decode.toScanRecord),
    returns: 'The next cursor, `"0"` at the end, and some fields.',
    signatures: [
      {
        params:
          "key: Key, cursor?: string | Integer, " +
          "options?: HscanOptions & { readonly pairs?: false | undefined }",
        type: "[cursor: string, fields: Record<string, T>]",
        returns: 'The next cursor, `"0"` at the end, and some fields as an object.',
      },
      {
        params:
          "key: Key, cursor: string | Integer | undefined, " +
          "options: HscanOptions & { readonly pairs: true }",
        type: "[cursor: string, fields: [field: T, value: T][]]",
        returns: 'The next cursor, `"0"` at the end, and some fields as pairs.',
      },
      {
        params: "key: Key, cursor?: string | Integer, options?: HscanOptions",
        type: "[cursor: string, fields: Record<string, T> | [field: T, value: T][]]",
        returns: "As the other signatures say, by whether `pairs` is set.",
      },
    ],
    pick: { pick: pickHscan, with: ["options"] },
  }),
  command("HSET", {
    since: "2.0.0",
    cost: "O(N) in the number of fields",
    summary: "Set fields of a hash.",
    args: [
      key(),
      param("field", { type: "Value | Mapping<Value, Value>" }, `Field name, or ${MAPPING_DOC}`),
      optional("value", VALUE, "Value of the field; not with a mapping."),
      optional("mapping", mappingOf(VALUE, VALUE), MAPPING_DOC),
    ],
    wire: [
      "key",
      { build: hsetFields, with: ["field", "value", "mapping"], names: ["mapping..."] },
    ],
    reply: replies.count,
    returns: "How many fields are new.",
    signatures: [
      {
        params: "key: Key, field: Value, value: Value, mapping?: Mapping<Value, Value>",
        type: "number",
        returns: "How many fields are new.",
      },
      {
        params: "key: Key, mapping: Mapping<Value, Value>",
        type: "number",
        returns: "How many fields are new.",
      },
    ],
  }),
  command("HSETNX", {
    since: "2.0.0",
    cost: "O(1)",
    summary: "Set a field of a hash unless it exists.",
    args: [key(), field, value],
    reply: replies.count,
    returns: "1 when it was set, otherwise 0.",
  }),
  command("HSTRLEN", {
    since: "3.2.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Measure the value in a field of a hash.",
    args: [key(), field],
    reply: replies.count,
    returns: "Its length in bytes; 0 when there is no such field.",
  }),
  command("HVALS", {
    since: "2.0.0",
    cost: "O(N) in the size of the hash",
    flags: READONLY,
    summary: "List the values of a hash.",
    args: [key()],
    reply: replies.texts,
    returns: "Values without their fields; empty when the key does not exist.",
  }),
];
