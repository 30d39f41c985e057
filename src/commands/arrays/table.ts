/** Owns the table of the commands on arrays, which Redis has since 8.8. */

import * as decode from "../core/decode.js";
import { INT64, READONLY } from "../core/info.js";
import {
  bare,
  COUNT,
  type CommandSpec,
  command,
  type Entry,
  flag,
  key,
  mappingOf,
  opt,
  options,
  param,
  reply,
  rest,
  silent,
  VALUE,
  wordOf,
} from "../table/dsl.js";
import * as replies from "../table/replies.js";
import {
  aggregation,
  arrayElements,
  arrayIndexes,
  arrayRanges,
  searchPredicates,
  searchRange,
} from "./args.js";
import { pickAggregate, toArrayInfo } from "./replies.js";

const BOUND = { type: "ArrayBound" };
const PREDICATES = { type: "readonly ArrayPredicate[]", repeats: true } as const;
const OPERATION = wordOf(
  ["SUM", "MIN", "MAX", "AND", "OR", "XOR", "MATCH", "USED"],
  "ArrayOperation",
);

const index = param("index", COUNT, "Index, from 0 on; a bigint beyond 2^53.");
const indices = rest("indices", COUNT, "Indexes, as arguments or in arrays; at least one.");
const values = rest("values", VALUE, "Elements, as arguments or in arrays; at least one.");
const start = param("start", COUNT, "First index.");
const end = param("end", COUNT, "Last index, included.");
const anyOrder = param("start", COUNT, "First index; one above `end` gives the reverse order.");
const indicesWire = [
  "key",
  { build: arrayIndexes, with: ["indices"], names: ["indices..."] },
] as const;
const RANGE_COST = "O(N) in the elements of the range, at worst in its width";
const ADDED = "How many indexes had no element before.";
const LAST_INDEX = "Index of the last element added.";
const indexedValues = reply("[index: I, value: T][]", decode.toPairs);

type Facts = Partial<Omit<CommandSpec, "name" | "summary">>;

/** A command on an array that counts something unless `facts` say otherwise. */
const array = (name: string, summary: string, facts: Facts & { returns: string }): CommandSpec =>
  command(name, {
    since: "8.8.0",
    cost: "O(1)",
    summary,
    args: [key()],
    reply: replies.count,
    ...facts,
  });

export const arrays: readonly Entry[] = [
  array("ARCOUNT", "Count the elements of an array.", {
    flags: READONLY,
    returns: "How many there are; 0 when the key does not exist.",
  }),
  array("ARDEL", "Delete elements of an array.", {
    cost: "O(N) in the number of indexes",
    args: [key(), indices],
    wire: indicesWire,
    returns: "How many existed.",
  }),
  array("ARDELRANGE", "Delete the elements in ranges of an array.", {
    cost: "O(N) in the elements of the ranges",
    args: [
      key(),
      rest(
        "ranges",
        COUNT,
        "First and last index of each range, as `[first, last]` pairs or one after the other.",
      ),
    ],
    wire: ["key", { build: arrayRanges, with: ["ranges"], names: ["ranges..."] }],
    returns: "How many existed.",
  }),
  array("ARGET", "Read an element of an array.", {
    flags: READONLY,
    args: [key(), index],
    reply: replies.textOrNull,
    returns: "The element, or `null` when there is none.",
  }),
  array("ARGETRANGE", "Read a range of an array, with its gaps.", {
    cost: "O(N) in the width of the range",
    flags: READONLY,
    notes: "Servers refuse ranges of more than a million indexes; `arscan` leaves gaps out.",
    args: [key(), anyOrder, end],
    reply: replies.textsOrNulls,
    returns: "One element an index, in order; `null` for gaps.",
  }),
  array("ARGREP", "Search a range of an array.", {
    cost: "O(N*M) for M predicates on the N elements of the range",
    flags: READONLY | INT64,
    args: [
      key(),
      param("start", BOUND, 'First index, or `"-"`; one above `end` gives the reverse order.'),
      param("end", BOUND, 'Last index, included, or `"+"`.'),
      param("predicates", PREDICATES, "What elements have to be: `[kind, value]` pairs."),
    ],
    options: options(
      "ArgrepOptions",
      bare(
        "combinator",
        wordOf(["AND", "OR"]),
        "Whether all predicates have to fit, or one of them; one, when left out.",
      ),
      opt("limit", "LIMIT", COUNT, "How many elements to find at most."),
      flag("withValues", "WITHVALUES", "Give the elements too."),
      flag("noCase", "NOCASE", "Let capitals and small letters be the same."),
    ),
    wire: [
      "key",
      { build: searchRange, with: ["start", "end"], names: ["start", "end"] },
      { build: searchPredicates, with: ["predicates"], names: ["predicates..."] },
      "options",
    ],
    reply: reply("I[]"),
    returns: "Indexes of the elements found.",
    cases: [
      {
        given: "withValues",
        reply: indexedValues,
        returns: "`[index, element]` pairs of what was found.",
      },
    ],
  }),
  array("ARINFO", "Tell how an array is kept.", {
    cost: "O(1), with `full` O(N) in the pieces it is kept in",
    flags: READONLY,
    options: options("ArinfoOptions", flag("full", "FULL", "Look at every piece.")),
    reply: reply("ArrayInfo", toArrayInfo),
    returns: "Numbers by the server's names; an error when the key does not exist.",
  }),
  array("ARINSERT", "Add elements to an array where the last ones were added.", {
    cost: "O(N) in the number of elements",
    flags: INT64,
    notes: "The server keeps the place; `arnext` tells it, `arseek` changes it.",
    args: [key(), values],
    reply: replies.int64,
    returns: LAST_INDEX,
  }),
  array("ARLASTITEMS", "Read the elements of an array that were added last.", {
    cost: "O(N) in `count`",
    flags: READONLY,
    args: [key(), param("count", COUNT, "How many elements to give at most.")],
    options: options("ArlastitemsOptions", flag("rev", "REV", "Begin with the newest.")),
    reply: replies.textsOrNulls,
    returns: "Elements, oldest first; `null` for those deleted since.",
  }),
  array("ARLEN", "Measure an array.", {
    flags: READONLY | INT64,
    reply: replies.int64,
    returns: "Its highest index plus one; 0 when the key does not exist.",
  }),
  array("ARMGET", "Read several elements of an array.", {
    cost: "O(N) in the number of indexes",
    flags: READONLY,
    args: [key(), indices],
    wire: indicesWire,
    reply: replies.textsOrNulls,
    returns: "One element an index, in order; `null` for gaps.",
  }),
  array("ARMSET", "Set several elements of an array.", {
    cost: "O(N) in the number of elements",
    args: [
      key(),
      param(
        "mapping",
        mappingOf({ type: "Integer" }, VALUE),
        "Elements by index: an object, a `Map` or entries; at least one.",
      ),
    ],
    wire: ["key", { build: arrayElements, with: ["mapping"], names: ["mapping..."] }],
    returns: ADDED,
  }),
  array("ARNEXT", "Tell where `arinsert` would add the next element to an array.", {
    flags: READONLY | INT64,
    reply: reply("I | null"),
    returns: "The index, 0 when nothing was added yet; `null` when there is none left.",
  }),
  array("AROP", "Make one number of a range of an array.", {
    cost: RANGE_COST,
    flags: READONLY | INT64,
    notes: "What is no number counts in `MATCH` and `USED` only.",
    args: [key(), start, end, param("operation", OPERATION, "What to do with the elements.")],
    options: options("AropOptions", silent("value", "Value", "With `MATCH`: what to count.")),
    wire: [
      "key",
      "start",
      "end",
      "options",
      { build: aggregation, with: ["operation", "options"], names: ["operation", "value"] },
    ],
    reply: reply("I | null"),
    returns: "The number, or `null` when there is nothing to make it of.",
    signatures: [
      {
        params: "key: Key, start: Integer, end: Integer, operation: ArraySum",
        type: "number | null",
        returns: "The number, or `null` when the range has none.",
      },
      {
        params: "key: Key, start: Integer, end: Integer, operation: ArrayBits",
        type: "I | null",
        returns: "The integer, or `null` when there is nothing to make it of.",
      },
      {
        params:
          'key: Key, start: Integer, end: Integer, operation: "MATCH" | "match", ' +
          "options: AropOptions & { readonly value: Value }",
        type: "I",
        returns: "How many elements equal `value`.",
      },
      {
        params:
          "key: Key, start: Integer, end: Integer, operation: ArrayOperation, options?: AropOptions",
        type: "number | I | null",
        returns: "As the other signatures say, by the operation.",
      },
    ],
    pick: { pick: pickAggregate, with: ["operation"] },
  }),
  array("ARRING", "Add elements to an array that begins anew after `size` of them.", {
    cost: "O(N) in the number of elements; more when `size` has changed",
    flags: INT64,
    args: [key(), param("size", COUNT, "How many indexes there are to use."), values],
    reply: replies.int64,
    returns: LAST_INDEX,
  }),
  array("ARSCAN", "Read the elements in a range of an array, without its gaps.", {
    cost: RANGE_COST,
    flags: READONLY | INT64,
    args: [key(), anyOrder, end],
    options: options(
      "ArscanOptions",
      opt("limit", "LIMIT", COUNT, "How many elements to give at most."),
    ),
    reply: indexedValues,
    returns: "`[index, element]` pairs.",
  }),
  array("ARSEEK", "Choose where `arinsert` and `arring` go on in an array.", {
    args: [key(), index],
    returns: "1 when it was set, 0 when the key does not exist.",
  }),
  array("ARSET", "Set elements of an array, one index after the other.", {
    cost: "O(N) in the number of elements",
    args: [key(), index, values],
    returns: ADDED,
  }),
];
