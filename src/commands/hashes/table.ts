/** Owns the table of the hash commands. */

import * as decode from "../core/decode.js";
import { INT64, READONLY, SESSION } from "../core/info.js";
import {
  atLeast,
  COUNT,
  CURSOR,
  command,
  DECIMAL,
  type Entry,
  fallback,
  flag,
  INTEGER,
  key,
  listOf,
  MILLISECONDS,
  mappingOf,
  mark,
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
import { countedFields, countedPairs, hsetFields } from "./args.js";
import { pickHrandfield, pickHscan } from "./replies.js";

const field = param("field", VALUE, "Field name.");
const value = param("value", VALUE, "Text, bytes or a number.");
const fields = rest("fields", VALUE, "Field names, as arguments or in arrays; at least one.");
const fieldList = param("fields", listOf(VALUE), "One field name or many of them.");
/** The rest parameter goes out behind its number. */
const fieldsWire = [
  "key",
  '"FIELDS"',
  { build: countedFields, with: ["fields"], names: ["numfields", "fields..."] },
] as const;
const fieldListWire = [
  '"FIELDS"',
  { build: countedFields, with: ["fields"], names: ["numfields", "fields..."] },
] as const;

const expireOptions = options(
  "HexpireOptions",
  oneOf("HexpireCondition", "When a field's expiry is changed; at most one, without it always.", [
    flag("nx", "NX", "Only if the field has no expiry."),
    flag("xx", "XX", "Only if the field has an expiry already."),
    flag("gt", "GT", "Only if the new expiry is later than the present one; none counts as never."),
    flag(
      "lt",
      "LT",
      "Only if the new expiry is sooner than the present one; none counts as never.",
    ),
  ]),
);
const lifetimes = [
  // Unlike those of strings, fields may expire at once.
  opt("ex", "EX", atLeast(0, SECONDS), "Time to live in whole seconds."),
  opt("px", "PX", atLeast(0, MILLISECONDS), "Time to live in whole milliseconds."),
  opt(
    "exat",
    "EXAT",
    atLeast(0, UNIX_SECONDS),
    "When to expire: a `Date`, or a Unix time in whole seconds.",
  ),
  opt(
    "pxat",
    "PXAT",
    atLeast(0, UNIX_MILLISECONDS),
    "When to expire: a `Date`, or a Unix time in whole milliseconds.",
  ),
];
const EXPIRE_RETURNS =
  "One number a field, in order: 1 set, 0 when the condition was not met, 2 deleted because the time " +
  "is past, -2 for a missing field.";
const TTL_RETURNS = "one a field, in order: -1 when it has no expiry, -2 for a missing field.";
const fieldsetName = param("fieldsetName", VALUE, "Name of the set of field names.");
const FIELDSET_NOTE = "Such sets belong to one connection: only a `client()` has this.";
const FIELD_COST = "O(N) in the number of fields";

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
  command("HEXPIRE", {
    since: "7.4.0",
    cost: FIELD_COST,
    summary: "Let fields of a hash expire after some seconds.",
    args: [key(), param("time", SECONDS, "Time to live in whole seconds."), fieldList],
    options: expireOptions,
    wire: ["key", "time", "options", ...fieldListWire],
    reply: replies.counts,
    returns: EXPIRE_RETURNS,
  }),
  command("HEXPIREAT", {
    since: "7.4.0",
    cost: FIELD_COST,
    summary: "Let fields of a hash expire at a point in time.",
    args: [
      key(),
      param("when", UNIX_SECONDS, "A `Date` or a Unix time in whole seconds."),
      fieldList,
    ],
    options: expireOptions,
    wire: ["key", "when", "options", ...fieldListWire],
    reply: replies.counts,
    returns: EXPIRE_RETURNS,
  }),
  command("HEXPIRETIME", {
    since: "7.4.0",
    cost: FIELD_COST,
    flags: READONLY,
    summary: "Tell when fields of a hash expire, in seconds.",
    args: [key(), fields],
    wire: fieldsWire,
    reply: replies.counts,
    returns: `Unix times in seconds, ${TTL_RETURNS}`,
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
  command("HGETDEL", {
    since: "8.0.0",
    cost: FIELD_COST,
    summary: "Read fields of a hash and delete them.",
    args: [key(), fields],
    wire: fieldsWire,
    reply: replies.textsOrNulls,
    returns: "One value a field, in order; `null` for missing fields.",
  }),
  command("HGETEX", {
    since: "8.0.0",
    cost: FIELD_COST,
    summary: "Read fields of a hash and change when they expire.",
    args: [key(), fieldList],
    options: options(
      "HgetexOptions",
      oneOf("HgetexExpiry", "When the fields expire from now on; at most one.", [
        ...lifetimes,
        flag("persist", "PERSIST", "Never let them expire."),
      ]),
    ),
    wire: ["key", "options", ...fieldListWire],
    reply: replies.textsOrNulls,
    returns: "One value a field, in order; `null` for missing fields.",
  }),
  command("HIMPORT DISCARD", {
    aliases: ["himportDiscardInternal"],
    since: "8.10.0",
    cost: "O(1)",
    flags: SESSION,
    summary: "Let the connection forget a set of field names.",
    notes: FIELDSET_NOTE,
    args: [fieldsetName],
    reply: replies.count,
    returns: "1 when it knew the set, otherwise 0.",
  }),
  command("HIMPORT DISCARDALL", {
    method: "himportDiscardAll",
    aliases: ["himportDiscardAllInternal"],
    since: "8.10.0",
    cost: "O(N) in the number of sets",
    flags: SESSION,
    summary: "Let the connection forget all sets of field names.",
    notes: FIELDSET_NOTE,
    args: [],
    reply: replies.count,
    returns: "How many it knew.",
  }),
  command("HIMPORT PREPARE", {
    aliases: ["himportPrepareInternal"],
    since: "8.10.0",
    cost: "O(N*log(N)) in the number of fields",
    flags: SESSION,
    summary: "Let the connection know a set of field names, for `himportSet`.",
    notes: FIELDSET_NOTE,
    args: [fieldsetName, param("fields", listOf(VALUE), "One field name or many; in this order.")],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("HIMPORT SET", {
    since: "8.10.0",
    cost: "O(N) in the number of fields",
    flags: SESSION,
    summary: "Store a hash whose field names the connection knows, replacing what was there.",
    notes: FIELDSET_NOTE,
    args: [key(), fieldsetName, param("values", listOf(VALUE), "A value for each field name.")],
    reply: replies.ok,
    returns: "`true`.",
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
    reply: replies.exactDouble,
    returns: "The new value; beyond 2^53 a `DecodeError` unless it is exact as a number.",
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
  command("HPERSIST", {
    since: "7.4.0",
    cost: FIELD_COST,
    summary: "Let fields of a hash never expire.",
    args: [key(), fields],
    wire: fieldsWire,
    reply: replies.counts,
    returns:
      "One number a field, in order: 1 when an expiry was removed, -1 when there was none, -2 for a " +
      "missing field.",
  }),
  command("HPEXPIRE", {
    since: "7.4.0",
    cost: FIELD_COST,
    summary: "Let fields of a hash expire after some milliseconds.",
    args: [key(), param("time", MILLISECONDS, "Time to live in whole milliseconds."), fieldList],
    options: expireOptions,
    wire: ["key", "time", "options", ...fieldListWire],
    reply: replies.counts,
    returns: EXPIRE_RETURNS,
  }),
  command("HPEXPIREAT", {
    since: "7.4.0",
    cost: FIELD_COST,
    summary: "Let fields of a hash expire at a point in time, to the millisecond.",
    args: [
      key(),
      param("when", UNIX_MILLISECONDS, "A `Date` or a Unix time in whole milliseconds."),
      fieldList,
    ],
    options: expireOptions,
    wire: ["key", "when", "options", ...fieldListWire],
    reply: replies.counts,
    returns: EXPIRE_RETURNS,
  }),
  command("HPEXPIRETIME", {
    since: "7.4.0",
    cost: FIELD_COST,
    flags: READONLY,
    summary: "Tell when fields of a hash expire, in milliseconds.",
    args: [key(), fields],
    wire: fieldsWire,
    reply: replies.counts,
    returns: `Unix times in milliseconds, ${TTL_RETURNS}`,
  }),
  command("HPTTL", {
    since: "7.4.0",
    cost: FIELD_COST,
    flags: READONLY,
    summary: "Tell how long fields of a hash have to live, in milliseconds.",
    args: [key(), fields],
    wire: fieldsWire,
    reply: replies.counts,
    returns: `Milliseconds, ${TTL_RETURNS}`,
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
      {
        params: "key: Key, count?: Integer",
        type: "T | T[] | null",
        returns: "As the other signatures say, by whether `count` is given.",
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
      oneOf("HscanShape", "What becomes of the fields; an object when nothing is said.", [
        mark(
          "pairs",
          "Give `[field, value]` pairs instead of an object; field names may be bytes then.",
        ),
        flag("noValues", "NOVALUES", "Give field names alone; since Redis 7.4."),
      ]),
    ),
    reply: reply("[cursor: string, fields: Record<string, T>]", decode.toScanRecord),
    returns: 'The next cursor, `"0"` at the end, and some fields.',
    signatures: [
      {
        params:
          "key: Key, cursor?: string | Integer, options?: HscanOptions & " +
          "{ readonly pairs?: false | undefined; readonly noValues?: false | undefined }",
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
        params:
          "key: Key, cursor: string | Integer | undefined, " +
          "options: HscanOptions & { readonly noValues: true }",
        type: "[cursor: string, fields: T[]]",
        returns: 'The next cursor, `"0"` at the end, and some field names.',
      },
      {
        params: "key: Key, cursor?: string | Integer, options?: HscanOptions",
        type: "[cursor: string, fields: Record<string, T> | [field: T, value: T][] | T[]]",
        returns: "As the other signatures say, by whether `pairs` or `noValues` is set.",
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
      { build: hsetFields, with: ["field", "value", "mapping"], names: ["mapping{}..."] },
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
  command("HSETEX", {
    since: "8.0.0",
    cost: "O(N) in the number of fields being set",
    summary: "Set fields of a hash together with when they expire.",
    args: [key(), param("mapping", mappingOf(VALUE, VALUE), `${MAPPING_DOC} At least one.`)],
    options: options(
      "HsetexOptions",
      oneOf("HsetexCondition", "When anything is set at all; at most one.", [
        flag("fnx", "FNX", "Only if none of the fields exists."),
        flag("fxx", "FXX", "Only if all of the fields exist."),
      ]),
      oneOf("HsetexExpiry", "When the fields expire; at most one, without it never.", [
        ...lifetimes,
        flag("keepTtl", "KEEPTTL", "Keep the time to live each field already has."),
      ]),
    ),
    wire: [
      "key",
      "options",
      '"FIELDS"',
      { build: countedPairs, with: ["mapping"], names: ["numfields", "mapping..."] },
    ],
    reply: replies.count,
    returns: "1 when all fields were set, 0 when none was because the condition was not met.",
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
  command("HTTL", {
    since: "7.4.0",
    cost: FIELD_COST,
    flags: READONLY,
    summary: "Tell how long fields of a hash have to live, in seconds.",
    args: [key(), fields],
    wire: fieldsWire,
    reply: replies.counts,
    returns: `Seconds, ${TTL_RETURNS}`,
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
