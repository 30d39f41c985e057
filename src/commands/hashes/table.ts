/** Command table of the hash commands. */

import * as decode from "../core/decode.js";
import { INT64, PRIMARY_ONLY, READONLY, SESSION } from "../core/info.js";
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
import { addCountedFields, addCountedPairs, addHsetFields } from "./args.js";
import { selectHrandfieldDecoder, selectHscanDecoder } from "./replies.js";

const field = param("field", VALUE, "Field name.");
const value = param("value", VALUE, "Text, bytes or a number.");
const fields = rest("fields", VALUE, "Field names, as arguments or arrays; at least one.");
const fieldList = param("fields", listOf(VALUE), "One or more field names.");
/** The fields are preceded by their number. */
const fieldsWire = [
  "key",
  '"FIELDS"',
  { build: addCountedFields, with: ["fields"], names: ["numfields", "fields..."] },
] as const;
const fieldListWire = [
  '"FIELDS"',
  { build: addCountedFields, with: ["fields"], names: ["numfields", "fields..."] },
] as const;

const expireOptions = options(
  "HexpireOptions",
  oneOf("HexpireCondition", "Condition for changing a field's expiry; at most one.", [
    flag("nx", "NX", "Only if the field has no expiry."),
    flag("xx", "XX", "Only if the field has an expiry."),
    flag("gt", "GT", "Only if the new expiry is later; no expiry counts as infinite."),
    flag("lt", "LT", "Only if the new expiry is earlier; no expiry counts as infinite."),
  ]),
);
const expiries = [
  // 0 is valid, unlike for strings: the fields expire immediately.
  opt("ex", "EX", atLeast(0, SECONDS), "Time to live in whole seconds."),
  opt("px", "PX", atLeast(0, MILLISECONDS), "Time to live in whole milliseconds."),
  opt(
    "exat",
    "EXAT",
    atLeast(0, UNIX_SECONDS),
    "Expiry: a `Date` or a Unix time in whole seconds.",
  ),
  opt(
    "pxat",
    "PXAT",
    atLeast(0, UNIX_MILLISECONDS),
    "Expiry: a `Date` or a Unix time in whole milliseconds.",
  ),
];
const EXPIRE_RETURNS =
  "One number per field, in order: 1 if set, 0 if the condition was not met, 2 if deleted because " +
  "the time is past, -2 if there is no such field.";
const TTL_RETURNS = "one per field, in order: -1 for no expiry, -2 for no such field.";
const fieldsetName = param("fieldsetName", VALUE, "Name of the fieldset.");
const FIELDSET_NOTE = "A fieldset belongs to one connection, so use `client()`.";
const FIELD_COST = "O(N) for N fields";

const MAPPING_DOC = "Values by field: an object, a `Map` or entries.";

export const hashes: readonly Entry[] = [
  command("HDEL", {
    since: "2.0.0",
    cost: "O(N) for N fields",
    summary: "Delete fields of a hash.",
    args: [key(), fields],
    reply: replies.count,
    returns: "Number of fields deleted.",
  }),
  command("HEXISTS", {
    since: "2.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Check whether a hash field exists.",
    args: [key(), field],
    reply: replies.bool,
    returns: "Whether the field exists.",
  }),
  command("HEXPIRE", {
    since: "7.4.0",
    cost: FIELD_COST,
    summary: "Set the time to live of hash fields, in seconds.",
    args: [key(), param("time", SECONDS, "Time to live in whole seconds."), fieldList],
    options: expireOptions,
    wire: ["key", "time", "options", ...fieldListWire],
    reply: replies.counts,
    returns: EXPIRE_RETURNS,
  }),
  command("HEXPIREAT", {
    since: "7.4.0",
    cost: FIELD_COST,
    summary: "Set the Unix time at which hash fields expire, in seconds.",
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
    summary: "Return the Unix times at which hash fields expire, in seconds.",
    args: [key(), fields],
    wire: fieldsWire,
    reply: replies.counts,
    returns: `Unix times in seconds, ${TTL_RETURNS}`,
  }),
  command("HGET", {
    since: "2.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Return the value of a hash field.",
    args: [key(), field],
    reply: replies.textOrNull,
    returns: "The value, or `null` if the field does not exist.",
  }),
  command("HGETALL", {
    since: "2.0.0",
    cost: "O(N) for N fields",
    flags: READONLY,
    summary: "Return all fields and values of a hash.",
    notes:
      "Field names become object keys, so they must be text; integer-like names come first, as " +
      "in any JavaScript object. Use `hscanIter` for pairs.",
    args: [key()],
    reply: replies.record,
    returns: "Values by field, in an object without prototype; empty if the key does not exist.",
  }),
  command("HGETDEL", {
    since: "8.0.0",
    cost: FIELD_COST,
    summary: "Return the values of hash fields and delete the fields.",
    args: [key(), fields],
    wire: fieldsWire,
    reply: replies.textsOrNulls,
    returns: "One value per field, in order; `null` for missing fields.",
  }),
  command("HGETEX", {
    since: "8.0.0",
    cost: FIELD_COST,
    summary: "Return the values of hash fields and change their expiry.",
    args: [key(), fieldList],
    options: options(
      "HgetexOptions",
      oneOf("HgetexExpiry", "New expiry of the fields; at most one.", [
        ...expiries,
        flag("persist", "PERSIST", "Remove the expiry."),
      ]),
    ),
    wire: ["key", "options", ...fieldListWire],
    reply: replies.textsOrNulls,
    returns: "One value per field, in order; `null` for missing fields.",
  }),
  command("HIMPORT DISCARD", {
    since: "8.10.0",
    cost: "O(1)",
    flags: SESSION,
    summary: "Discard a fieldset of this connection.",
    notes: FIELDSET_NOTE,
    args: [fieldsetName],
    reply: replies.count,
    returns: "1 if the fieldset existed, otherwise 0.",
  }),
  command("HIMPORT DISCARDALL", {
    method: "himportDiscardAll",
    since: "8.10.0",
    cost: "O(N) for N fieldsets",
    flags: SESSION,
    summary: "Discard all fieldsets of this connection.",
    notes: FIELDSET_NOTE,
    args: [],
    reply: replies.count,
    returns: "Number of fieldsets discarded.",
  }),
  command("HIMPORT PREPARE", {
    since: "8.10.0",
    cost: "O(N*log(N)) for N fields",
    flags: SESSION,
    summary:
      "Register a fieldset, an ordered list of field names, on this connection for " +
      "`himportSet`.",
    notes: FIELDSET_NOTE,
    args: [fieldsetName, param("fields", listOf(VALUE), "One or more field names, in order.")],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("HIMPORT SET", {
    since: "8.10.0",
    cost: "O(N) for N fields",
    flags: SESSION,
    summary: "Store a hash with the field names of a fieldset, replacing the key.",
    notes: FIELDSET_NOTE,
    args: [key(), fieldsetName, param("values", listOf(VALUE), "One value per field name.")],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("HINCRBY", {
    since: "2.0.0",
    cost: "O(1)",
    flags: INT64,
    summary: "Increment the integer value of a hash field.",
    notes: "A missing field counts as 0.",
    args: [
      key(),
      field,
      fallback(param("amount", INTEGER, "Amount to add; may be negative."), "1"),
    ],
    reply: replies.int64,
    returns: "The new value.",
  }),
  command("HINCRBYFLOAT", {
    since: "2.6.0",
    cost: "O(1)",
    summary: "Increment the value of a hash field by a floating-point amount.",
    notes: "A missing field counts as 0.",
    args: [
      key(),
      field,
      fallback(param("amount", DECIMAL, "Finite number or its text; may be negative."), "1"),
    ],
    reply: replies.exactDouble,
    returns: "The new value; throws `DecodeError` beyond 2^53 unless it is exact as a number.",
  }),
  command("HKEYS", {
    since: "2.0.0",
    cost: "O(N) for N fields",
    flags: READONLY,
    summary: "Return the field names of a hash.",
    args: [key()],
    reply: replies.texts,
    returns: "Field names; empty if the key does not exist.",
  }),
  command("HLEN", {
    since: "2.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Count the fields of a hash.",
    args: [key()],
    reply: replies.count,
    returns: "Number of fields; 0 if the key does not exist.",
  }),
  command("HMGET", {
    since: "2.0.0",
    cost: "O(N) for N fields",
    flags: READONLY,
    summary: "Return the values of several hash fields.",
    args: [key(), fields],
    reply: replies.textsOrNulls,
    returns: "One value per field, in order; `null` for missing fields.",
  }),
  command("HMSET", {
    since: "2.0.0",
    cost: "O(N) for N fields",
    summary: "Set the values of several hash fields.",
    deprecated: "Use `hset`.",
    args: [key(), param("mapping", mappingOf(VALUE, VALUE), `${MAPPING_DOC} At least one.`)],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("HPERSIST", {
    since: "7.4.0",
    cost: FIELD_COST,
    summary: "Remove the expiry of hash fields.",
    args: [key(), fields],
    wire: fieldsWire,
    reply: replies.counts,
    returns:
      "One number per field, in order: 1 if removed, -1 if there was no expiry, -2 if no such field.",
  }),
  command("HPEXPIRE", {
    since: "7.4.0",
    cost: FIELD_COST,
    summary: "Set the time to live of hash fields, in milliseconds.",
    args: [key(), param("time", MILLISECONDS, "Time to live in whole milliseconds."), fieldList],
    options: expireOptions,
    wire: ["key", "time", "options", ...fieldListWire],
    reply: replies.counts,
    returns: EXPIRE_RETURNS,
  }),
  command("HPEXPIREAT", {
    since: "7.4.0",
    cost: FIELD_COST,
    summary: "Set the Unix time at which hash fields expire, in milliseconds.",
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
    summary: "Return the Unix times at which hash fields expire, in milliseconds.",
    args: [key(), fields],
    wire: fieldsWire,
    reply: replies.counts,
    returns: `Unix times in milliseconds, ${TTL_RETURNS}`,
  }),
  command("HPTTL", {
    since: "7.4.0",
    cost: FIELD_COST,
    flags: READONLY,
    summary: "Return the remaining time to live of hash fields, in milliseconds.",
    args: [key(), fields],
    wire: fieldsWire,
    reply: replies.counts,
    returns: `Milliseconds, ${TTL_RETURNS}`,
  }),
  command("HRANDFIELD", {
    since: "6.2.0",
    cost: "O(N) for N fields returned",
    flags: READONLY,
    summary: "Return one or more random fields of a hash.",
    args: [
      key(),
      optional(
        "count",
        INTEGER,
        "Number of distinct fields, or if negative, of possibly repeated fields.",
      ),
    ],
    options: options(
      "HrandfieldOptions",
      flag("withValues", "WITHVALUES", "Include the values; requires `count`."),
    ),
    reply: replies.textOrNull,
    returns: "One field name, or `null` if the key does not exist.",
    signatures: [
      {
        params: "key: Key",
        type: "T | null",
        returns: "One field name, or `null` if the key does not exist.",
      },
      {
        params:
          "key: Key, count: Integer, " +
          "options?: HrandfieldOptions & { readonly withValues?: false | undefined }",
        type: "T[]",
        returns: "Field names; empty if the key does not exist.",
      },
      {
        params:
          "key: Key, count: Integer, options: HrandfieldOptions & { readonly withValues: true }",
        type: "[field: T, value: T][]",
        returns: "`[field, value]` pairs; empty if the key does not exist.",
      },
      {
        params: "key: Key, count: Integer, options?: HrandfieldOptions",
        type: "T[] | [field: T, value: T][]",
        returns: "As the other signatures, depending on `withValues`.",
      },
      {
        params: "key: Key, count?: Integer",
        type: "T | T[] | null",
        returns: "As the other signatures, depending on `count`.",
      },
    ],
    pick: { pick: selectHrandfieldDecoder, with: ["options"] },
  }),
  command("HSCAN", {
    since: "2.8.0",
    cost: "O(1) per call, O(N) for the whole hash",
    flags: READONLY | PRIMARY_ONLY,
    summary: "Return the next batch of fields and values of a hash.",
    notes: "`hscanIter` iterates over the whole hash.",
    args: [
      key(),
      fallback(param("cursor", CURSOR, 'Cursor of the previous reply; `"0"` to start.'), '"0"'),
    ],
    options: options(
      "HscanOptions",
      opt("match", "MATCH", VALUE, "Glob pattern for field names."),
      opt("count", "COUNT", COUNT, "Amount of work per call; a hint."),
      oneOf("HscanShape", "Shape of the fields; default: an object.", [
        mark("pairs", "Return `[field, value]` pairs, in which field names may be bytes."),
        flag("noValues", "NOVALUES", "Return only field names; since Redis 7.4."),
      ]),
    ),
    reply: reply("[cursor: string, fields: Record<string, T>]", decode.toScanRecord),
    returns: 'The next cursor (`"0"` at the end) and a batch of fields.',
    signatures: [
      {
        params:
          "key: Key, cursor?: string | Integer, options?: HscanOptions & " +
          "{ readonly pairs?: false | undefined; readonly noValues?: false | undefined }",
        type: "[cursor: string, fields: Record<string, T>]",
        returns: 'The next cursor (`"0"` at the end) and a batch of fields as an object.',
      },
      {
        params:
          "key: Key, cursor: string | Integer | undefined, " +
          "options: HscanOptions & { readonly pairs: true }",
        type: "[cursor: string, fields: [field: T, value: T][]]",
        returns: 'The next cursor (`"0"` at the end) and a batch of fields as pairs.',
      },
      {
        params:
          "key: Key, cursor: string | Integer | undefined, " +
          "options: HscanOptions & { readonly noValues: true }",
        type: "[cursor: string, fields: T[]]",
        returns: 'The next cursor (`"0"` at the end) and a batch of field names.',
      },
      {
        params: "key: Key, cursor?: string | Integer, options?: HscanOptions",
        type: "[cursor: string, fields: Record<string, T> | [field: T, value: T][] | T[]]",
        returns: "As the other signatures, depending on `pairs` or `noValues`.",
      },
    ],
    pick: { pick: selectHscanDecoder, with: ["options"] },
  }),
  command("HSET", {
    since: "2.0.0",
    cost: "O(N) for N fields",
    summary: "Set fields of a hash.",
    args: [
      key(),
      param("field", { type: "Value | Mapping<Value, Value>" }, `Field name, or ${MAPPING_DOC}`),
      optional("value", VALUE, "Field value; omit it with a mapping."),
      optional("mapping", mappingOf(VALUE, VALUE), MAPPING_DOC),
    ],
    wire: [
      "key",
      { build: addHsetFields, with: ["field", "value", "mapping"], names: ["mapping{}..."] },
    ],
    reply: replies.count,
    returns: "Number of new fields.",
    signatures: [
      {
        params: "key: Key, field: Value, value: Value, mapping?: Mapping<Value, Value>",
        type: "number",
        returns: "Number of new fields.",
      },
      {
        params: "key: Key, mapping: Mapping<Value, Value>",
        type: "number",
        returns: "Number of new fields.",
      },
    ],
  }),
  command("HSETEX", {
    since: "8.0.0",
    cost: "O(N) for N fields",
    summary: "Set the values of hash fields and their expiry.",
    args: [key(), param("mapping", mappingOf(VALUE, VALUE), `${MAPPING_DOC} At least one.`)],
    options: options(
      "HsetexOptions",
      oneOf("HsetexCondition", "Condition for setting the fields; at most one.", [
        flag("fnx", "FNX", "Only if none of the fields exists."),
        flag("fxx", "FXX", "Only if all of the fields exist."),
      ]),
      oneOf("HsetexExpiry", "Expiry of the fields; at most one, default none.", [
        ...expiries,
        flag("keepTtl", "KEEPTTL", "Keep the time to live of each field."),
      ]),
    ),
    wire: [
      "key",
      "options",
      '"FIELDS"',
      { build: addCountedPairs, with: ["mapping"], names: ["numfields", "mapping..."] },
    ],
    reply: replies.count,
    returns: "1 if all fields were set, 0 if none was because the condition was not met.",
  }),
  command("HSETNX", {
    since: "2.0.0",
    cost: "O(1)",
    summary: "Set a hash field if it does not exist.",
    args: [key(), field, value],
    reply: replies.count,
    returns: "1 if the field was set, otherwise 0.",
  }),
  command("HSTRLEN", {
    since: "3.2.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Return the length of the value of a hash field.",
    args: [key(), field],
    reply: replies.count,
    returns: "Length in bytes; 0 if the field does not exist.",
  }),
  command("HTTL", {
    since: "7.4.0",
    cost: FIELD_COST,
    flags: READONLY,
    summary: "Return the remaining time to live of hash fields, in seconds.",
    args: [key(), fields],
    wire: fieldsWire,
    reply: replies.counts,
    returns: `Seconds, ${TTL_RETURNS}`,
  }),
  command("HVALS", {
    since: "2.0.0",
    cost: "O(N) for N fields",
    flags: READONLY,
    summary: "Return the values of a hash.",
    args: [key()],
    reply: replies.texts,
    returns: "The values; empty if the key does not exist.",
  }),
];
