/** Owns the table of the list commands. */
import { fifthSeconds, firstSeconds, lastSeconds } from "../core/block-time.js";
import { BLOCKING, READONLY } from "../core/info.js";
import { numberedKeys } from "../core/shared-args.js";
import {
  bare,
  COUNT,
  command,
  type Entry,
  fallback,
  INTEGER,
  KEY,
  key,
  listOf,
  opt,
  optional,
  options,
  param,
  reply,
  required,
  rest,
  silent,
  TIMEOUT,
  VALUE,
  wordOf,
} from "../table/dsl.js";
import * as replies from "../table/replies.js";
import { elementsToMove } from "./args.js";

const END = wordOf(["LEFT", "RIGHT"], "ListEnd");

const value = param("value", VALUE, "Text, bytes or a number.");
const values = rest("values", VALUE, "Elements, as arguments or in arrays; at least one.");
const index = param("index", INTEGER, "Position; 0 is the head, -1 the last element.");
const start = param("start", INTEGER, "First position; negative counts from the end.");
const end = param("end", INTEGER, "Last position, included; negative counts from the end.");
const count = optional("count", COUNT, "How many elements to take at most.");
const timeout = fallback(
  param("timeout", TIMEOUT, "Longest wait in seconds, fractions allowed; 0 for ever."),
  "0",
);
const keys = param("keys", listOf(KEY), "One key or several, looked at in order.");
const source = key("source", "List to take from.");
const destination = key("destination", "List to add to.");
const from = fallback(param("from", END, "End of the source to take from."), '"LEFT"');
const to = fallback(param("to", END, "End of the destination to add to."), '"RIGHT"');

const moveOptions = options(
  "LmovemOptions",
  silent("count", "Integer", "How many elements to move; one when left out. Needs `ordering`."),
  {
    ...silent("mode", "MoveMode", 'Whether `count` is the most or all; `"COUNT"` when left out.'),
    kind: wordOf(["COUNT", "EXACTLY"], "MoveMode"),
  },
  {
    ...silent("ordering", "MoveOrdering", "In which order they end up; needs `count`."),
    kind: wordOf(["OBO", "BULK"], "MoveOrdering"),
  },
);
const moved = { build: elementsToMove, with: ["options"], names: ["mode", "count", "ordering"] };

const numKeys = param("numKeys", COUNT, "How many keys there are.");
const counted = { build: numberedKeys, with: ["numKeys", "keys"], names: ["numkeys", "keys..."] };
const lmpopOptions = options(
  "LmpopOptions",
  required(bare("direction", END, "End to take from.")),
  opt("count", "COUNT", COUNT, "How many elements to take at most; 1 when left out."),
);
const keyedElements = reply("[key: T, elements: T[]] | null");
const KEYED_RETURNS = "The list's key and the elements taken, or `null` when all are empty.";

const POP_RETURNS = "The element, or `null` when the list is empty.";
const poppedSome = {
  given: "count",
  reply: replies.textsOrNull,
  returns: "The elements taken, or `null` when the list is empty.",
};
const keyedElement = reply("[key: T, element: T] | null");
const BLOCKED_RETURNS = "The list's key and the element, or `null` when time ran out.";

export const lists: readonly Entry[] = [
  command("BLMOVE", {
    since: "6.2.0",
    cost: "O(1)",
    flags: BLOCKING,
    blockTime: lastSeconds,
    summary: "Move an element from one list to another, waiting until there is one.",
    args: [
      source,
      destination,
      param("timeout", TIMEOUT, "Longest wait in seconds, fractions allowed; 0 for ever."),
      from,
      to,
    ],
    wire: ["source", "destination", "from", "to", "timeout"],
    reply: replies.textOrNull,
    returns: "The element, or `null` when time ran out.",
  }),
  command("BLMOVEM", {
    since: "8.10.0",
    cost: "O(N) in the number of elements moved",
    flags: BLOCKING,
    blockTime: fifthSeconds,
    summary: "Move elements from one list to another, waiting until there are enough.",
    args: [
      source,
      destination,
      param("timeout", TIMEOUT, "Longest wait in seconds, fractions allowed; 0 for ever."),
      from,
      to,
    ],
    options: moveOptions,
    wire: ["source", "destination", "from", "to", "timeout", "options", moved],
    reply: replies.textsOrNull,
    returns: "The elements as they stand in the destination, or `null` when time ran out.",
  }),
  command("BLMPOP", {
    since: "7.0.0",
    cost: "O(N+M) for N keys and M elements taken",
    flags: BLOCKING,
    blockTime: firstSeconds,
    summary: "Take elements from the first list that has some, waiting until one does.",
    args: [
      param("timeout", TIMEOUT, "Longest wait in seconds, fractions allowed; 0 for ever."),
      numKeys,
      keys,
    ],
    options: lmpopOptions,
    wire: ["timeout", counted, "options"],
    reply: keyedElements,
    returns: "The list's key and the elements taken, or `null` when time ran out.",
  }),
  command("BLPOP", {
    since: "2.0.0",
    cost: "O(N) in the number of keys",
    flags: BLOCKING,
    blockTime: lastSeconds,
    summary: "Take the head of the first list that has one, waiting until one does.",
    args: [keys, timeout],
    reply: keyedElement,
    returns: BLOCKED_RETURNS,
  }),
  command("BRPOP", {
    since: "2.0.0",
    cost: "O(N) in the number of keys",
    flags: BLOCKING,
    blockTime: lastSeconds,
    summary: "Take the last element of the first list that has one, waiting until one does.",
    args: [keys, timeout],
    reply: keyedElement,
    returns: BLOCKED_RETURNS,
  }),
  command("BRPOPLPUSH", {
    since: "2.2.0",
    cost: "O(1)",
    flags: BLOCKING,
    blockTime: lastSeconds,
    summary: "Move the last element of a list to the head of another, waiting until there is one.",
    deprecated: "Use `blmove`.",
    args: [source, destination, timeout],
    reply: replies.textOrNull,
    returns: "The element, or `null` when time ran out.",
  }),
  command("LINDEX", {
    since: "1.0.0",
    cost: "O(N) in the distance from the nearer end",
    flags: READONLY,
    summary: "Read the element at a position of a list.",
    args: [key(), index],
    reply: replies.textOrNull,
    returns: "The element, or `null` when there is none.",
  }),
  command("LINSERT", {
    since: "2.2.0",
    cost: "O(N) in the elements before the pivot",
    summary: "Insert an element next to another one.",
    args: [
      key(),
      param("where", wordOf(["BEFORE", "AFTER"]), "On which side."),
      param("pivot", VALUE, "The element to stand next to; its first occurrence counts."),
      value,
    ],
    reply: replies.count,
    returns: "Length of the list; -1 when the pivot is missing, 0 when the key is.",
  }),
  command("LLEN", {
    since: "1.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Count the elements of a list.",
    args: [key()],
    reply: replies.count,
    returns: "Its length; 0 when the key does not exist.",
  }),
  command("LMOVE", {
    since: "6.2.0",
    cost: "O(1)",
    summary: "Move an element from one list to another.",
    args: [source, destination, from, to],
    reply: replies.textOrNull,
    returns: "The element, or `null` when the source is empty.",
  }),
  command("LMOVEM", {
    since: "8.10.0",
    cost: "O(N) in the number of elements moved",
    summary: "Move elements from one list to another.",
    args: [source, destination, from, to],
    options: moveOptions,
    wire: ["source", "destination", "from", "to", "options", moved],
    reply: replies.textsOrNull,
    returns: "The elements as they stand in the destination, or `null` when none was moved.",
  }),
  command("LMPOP", {
    since: "7.0.0",
    cost: "O(N+M) for N keys and M elements taken",
    summary: "Take elements from the first list that has some.",
    args: [numKeys, keys],
    options: lmpopOptions,
    wire: [counted, "options"],
    reply: keyedElements,
    returns: KEYED_RETURNS,
  }),
  command("LPOP", {
    since: "1.0.0",
    cost: "O(N) in the number of elements taken",
    summary: "Take elements from the head of a list.",
    args: [key(), count],
    reply: replies.textOrNull,
    returns: POP_RETURNS,
    cases: [poppedSome],
  }),
  command("LPOS", {
    since: "6.0.6",
    cost: "O(N) in the length of the list",
    flags: READONLY,
    summary: "Find where an element stands in a list.",
    args: [key(), value],
    options: options(
      "LposOptions",
      opt("rank", "RANK", INTEGER, "Which occurrence to begin with; negative: from the end."),
      opt("count", "COUNT", COUNT, "How many occurrences to give; 0 for all."),
      opt("maxLen", "MAXLEN", COUNT, "How many elements to compare at most; 0 for all."),
    ),
    reply: replies.countOrNull,
    returns: "Its position, or `null` when it is not there.",
    cases: [
      {
        given: "count",
        reply: replies.counts,
        returns: "The positions found; empty when there are none.",
      },
    ],
  }),
  command("LPUSH", {
    since: "1.0.0",
    cost: "O(N) in the number of elements added",
    summary: "Add elements at the head of a list, one after the other.",
    args: [key(), values],
    reply: replies.count,
    returns: "Length of the list afterwards.",
  }),
  command("LPUSHX", {
    since: "2.2.0",
    cost: "O(N) in the number of elements added",
    summary: "Add elements at the head of a list, if it exists.",
    args: [key(), values],
    reply: replies.count,
    returns: "Length of the list afterwards; 0 when there is none.",
  }),
  command("LRANGE", {
    since: "1.0.0",
    cost: "O(S+N) for N elements that begin S from the nearer end",
    flags: READONLY,
    summary: "Read a part of a list.",
    args: [key(), start, end],
    reply: replies.texts,
    returns: "The elements from `start` to `end`; empty when there are none.",
  }),
  command("LREM", {
    since: "1.0.0",
    cost: "O(N) in the length of the list",
    summary: "Remove occurrences of an element.",
    args: [
      key(),
      param("count", INTEGER, "How many: positive from the head, negative from the end, 0 all."),
      value,
    ],
    reply: replies.count,
    returns: "How many were removed.",
  }),
  command("LSET", {
    since: "1.0.0",
    cost: "O(N) in the length of the list, O(1) at its ends",
    summary: "Replace the element at a position of a list.",
    args: [key(), index, value],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("LTRIM", {
    since: "1.0.0",
    cost: "O(N) in the number of elements removed",
    summary: "Keep only a part of a list.",
    args: [key(), start, end],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("RPOP", {
    since: "1.0.0",
    cost: "O(N) in the number of elements taken",
    summary: "Take elements from the end of a list.",
    args: [key(), count],
    reply: replies.textOrNull,
    returns: POP_RETURNS,
    cases: [poppedSome],
  }),
  command("RPOPLPUSH", {
    since: "1.2.0",
    cost: "O(1)",
    summary: "Move the last element of a list to the head of another.",
    deprecated: "Use `lmove`.",
    args: [source, destination],
    reply: replies.textOrNull,
    returns: "The element, or `null` when the source is empty.",
  }),
  command("RPUSH", {
    since: "1.0.0",
    cost: "O(N) in the number of elements added",
    summary: "Add elements at the end of a list.",
    args: [key(), values],
    reply: replies.count,
    returns: "Length of the list afterwards.",
  }),
  command("RPUSHX", {
    since: "2.2.0",
    cost: "O(N) in the number of elements added",
    summary: "Add elements at the end of a list, if it exists.",
    args: [key(), values],
    reply: replies.count,
    returns: "Length of the list afterwards; 0 when there is none.",
  }),
];
