/** Command table of the array commands, available since Redis 8.8. */
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
  addIndexedElements,
  addIndexes,
  addIndexRanges,
  addOperation,
  addPredicates,
  addSearchRange,
} from "./args.js";
import { selectAropDecoder, toArrayInfo } from "./replies.js";

const BOUND = { type: "ArrayBound" };
const PREDICATES = { type: "readonly ArrayPredicate[]", repeats: true } as const;
const OPERATION = wordOf(
  ["SUM", "MIN", "MAX", "AND", "OR", "XOR", "MATCH", "USED"],
  "ArrayOperation",
);

const index = param("index", COUNT, "Index, from 0; use a bigint beyond 2^53.");
const indices = rest("indices", COUNT, "Indexes, as arguments or arrays; at least one.");
const values = rest("values", VALUE, "Elements, as arguments or arrays; at least one.");
const start = param("start", COUNT, "First index.");
const end = param("end", COUNT, "Last index (inclusive).");
const reversibleStart = param(
  "start",
  COUNT,
  "First index; an index above `end` reverses the order.",
);
const indicesWire = [
  "key",
  { build: addIndexes, with: ["indices"], names: ["indices..."] },
] as const;
const RANGE_COST = "O(N) for N elements in the range, at worst its width";
const ADDED_RETURNS = "Number of indexes that were empty before.";
const LAST_INDEX_RETURNS = "Index of the last element added.";
const indexedValues = reply("[index: I, value: T][]", decode.toPairs);

type CommandProperties = Partial<Omit<CommandSpec, "name" | "summary">>;

/** An array command; by default it takes a key and returns a count. */
const arrayCommand = (
  name: string,
  summary: string,
  properties: CommandProperties & { returns: string },
): CommandSpec =>
  command(name, {
    since: "8.8.0",
    cost: "O(1)",
    summary,
    args: [key()],
    reply: replies.count,
    ...properties,
  });

export const arrays: readonly Entry[] = [
  arrayCommand("ARCOUNT", "Return the number of elements of an array.", {
    flags: READONLY,
    returns: "Number of elements; 0 if the key does not exist.",
  }),
  arrayCommand("ARDEL", "Delete elements of an array.", {
    cost: "O(N) for N indexes",
    args: [key(), indices],
    wire: indicesWire,
    returns: "Number of elements deleted.",
  }),
  arrayCommand("ARDELRANGE", "Delete the elements in one or more ranges of an array.", {
    cost: "O(N) for N elements in the ranges",
    args: [
      key(),
      rest(
        "ranges",
        COUNT,
        "First and last index of each range, as `[first, last]` pairs or a flat list.",
      ),
    ],
    wire: ["key", { build: addIndexRanges, with: ["ranges"], names: ["ranges..."] }],
    returns: "Number of elements deleted.",
  }),
  arrayCommand("ARGET", "Return the element at an index of an array.", {
    flags: READONLY,
    args: [key(), index],
    reply: replies.textOrNull,
    returns: "The element, or `null` if the index is empty.",
  }),
  arrayCommand("ARGETRANGE", "Return all indexes of a range of an array, including empty ones.", {
    cost: "O(N) in the width of the range",
    flags: READONLY,
    notes: "Servers reject ranges of more than a million indexes; `arscan` omits empty indexes.",
    args: [key(), reversibleStart, end],
    reply: replies.textsOrNulls,
    returns: "One element per index, in order; `null` for empty indexes.",
  }),
  arrayCommand("ARGREP", "Search a range of an array for elements that match predicates.", {
    cost: "O(N*M) for M predicates on the N elements of the range",
    flags: READONLY | INT64,
    args: [
      key(),
      param("start", BOUND, 'First index, or `"-"`; an index above `end` reverses the order.'),
      param("end", BOUND, 'Last index (inclusive), or `"+"`.'),
      param("predicates", PREDICATES, "Predicates for elements, as `[kind, value]` pairs."),
    ],
    options: options(
      "ArgrepOptions",
      bare(
        "combinator",
        wordOf(["AND", "OR"]),
        "Whether all (`AND`) or any (`OR`) of the predicates must match; default `OR`.",
      ),
      opt("limit", "LIMIT", COUNT, "Maximum number of elements to return."),
      flag("withValues", "WITHVALUES", "Include the elements."),
      flag("noCase", "NOCASE", "Match case-insensitively."),
    ),
    wire: [
      "key",
      { build: addSearchRange, with: ["start", "end"], names: ["start", "end"] },
      { build: addPredicates, with: ["predicates"], names: ["predicates..."] },
      "options",
    ],
    reply: reply("I[]"),
    returns: "Indexes of the matching elements.",
    cases: [
      {
        given: "withValues",
        reply: indexedValues,
        returns: "`[index, element]` pairs of the matching elements.",
      },
    ],
  }),
  arrayCommand("ARINFO", "Return information about the internal representation of an array.", {
    cost: "O(1); O(N) in the number of slices with `full`",
    flags: READONLY,
    options: options("ArinfoOptions", flag("full", "FULL", "Include statistics over all slices.")),
    reply: reply("ArrayInfo", toArrayInfo),
    returns: "Numbers by the server's field names; an error if the key does not exist.",
  }),
  arrayCommand("ARINSERT", "Add elements to an array at its insert position.", {
    cost: "O(N) for N elements",
    flags: INT64,
    notes: "`arnext` returns the insert position, `arseek` changes it.",
    args: [key(), values],
    reply: replies.int64,
    returns: LAST_INDEX_RETURNS,
  }),
  arrayCommand("ARLASTITEMS", "Return the most recently added elements of an array.", {
    cost: "O(N) in `count`",
    flags: READONLY,
    args: [key(), param("count", COUNT, "Maximum number of elements to return.")],
    options: options("ArlastitemsOptions", flag("rev", "REV", "Return the newest element first.")),
    reply: replies.textsOrNulls,
    returns: "Elements, oldest first; `null` for deleted ones.",
  }),
  arrayCommand("ARLEN", "Return the length of an array.", {
    flags: READONLY | INT64,
    reply: replies.int64,
    returns: "Highest index plus one; 0 if the key does not exist.",
  }),
  arrayCommand("ARMGET", "Return the elements at several indexes of an array.", {
    cost: "O(N) for N indexes",
    flags: READONLY,
    args: [key(), indices],
    wire: indicesWire,
    reply: replies.textsOrNulls,
    returns: "One element per index, in order; `null` for empty indexes.",
  }),
  arrayCommand("ARMSET", "Set the elements at several indexes of an array.", {
    cost: "O(N) for N elements",
    args: [
      key(),
      param(
        "mapping",
        mappingOf({ type: "Integer" }, VALUE),
        "Elements by index: an object, a `Map` or entries; at least one.",
      ),
    ],
    wire: ["key", { build: addIndexedElements, with: ["mapping"], names: ["mapping..."] }],
    returns: ADDED_RETURNS,
  }),
  arrayCommand("ARNEXT", "Return the index at which `arinsert` adds the next element.", {
    flags: READONLY | INT64,
    reply: reply("I | null"),
    returns: "The index, 0 before the first insert; `null` if no index is left.",
  }),
  arrayCommand("AROP", "Aggregate a range of an array.", {
    cost: RANGE_COST,
    flags: READONLY | INT64,
    notes: "Elements that are not numbers count only for `MATCH` and `USED`.",
    args: [key(), start, end, param("operation", OPERATION, "Operation on the elements.")],
    options: options(
      "AropOptions",
      silent("value", "Value", "Value to count; required for `MATCH`."),
    ),
    wire: [
      "key",
      "start",
      "end",
      "options",
      { build: addOperation, with: ["operation", "options"], names: ["operation", "value"] },
    ],
    reply: reply("I | null"),
    returns: "The result, or `null` if the range has no numbers.",
    signatures: [
      {
        params: "key: Key, start: Integer, end: Integer, operation: ArraySum",
        type: "number | null",
        returns: "The number, or `null` if the range has no numbers.",
      },
      {
        params: "key: Key, start: Integer, end: Integer, operation: ArrayBits",
        type: "I | null",
        returns: "The integer, or `null` if the range has no numbers.",
      },
      {
        params:
          'key: Key, start: Integer, end: Integer, operation: "MATCH" | "match", ' +
          "options: AropOptions & { readonly value: Value }",
        type: "I",
        returns: "Number of elements equal to `value`.",
      },
      {
        params:
          "key: Key, start: Integer, end: Integer, operation: ArrayOperation, options?: AropOptions",
        type: "number | I | null",
        returns: "As the other signatures, depending on `operation`.",
      },
    ],
    pick: { pick: selectAropDecoder, with: ["operation"] },
  }),
  arrayCommand("ARRING", "Add elements to an array used as a ring buffer of `size` indexes.", {
    cost: "O(N) for N elements; more if `size` has changed",
    flags: INT64,
    args: [key(), param("size", COUNT, "Capacity of the ring, in indexes."), values],
    reply: replies.int64,
    returns: LAST_INDEX_RETURNS,
  }),
  arrayCommand("ARSCAN", "Return the elements in a range of an array, without empty indexes.", {
    cost: RANGE_COST,
    flags: READONLY | INT64,
    args: [key(), reversibleStart, end],
    options: options(
      "ArscanOptions",
      opt("limit", "LIMIT", COUNT, "Maximum number of elements to return."),
    ),
    reply: indexedValues,
    returns: "`[index, element]` pairs.",
  }),
  arrayCommand("ARSEEK", "Set the index at which `arinsert` and `arring` continue.", {
    args: [key(), index],
    returns: "1 if the index was set, 0 if the key does not exist.",
  }),
  arrayCommand("ARSET", "Set consecutive elements of an array, starting at an index.", {
    cost: "O(N) for N elements",
    args: [key(), index, values],
    returns: ADDED_RETURNS,
  }),
];
