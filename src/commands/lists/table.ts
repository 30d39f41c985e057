/** Command table of the list commands. */

import { fifthSeconds, firstSeconds, lastSeconds } from "../core/block-time.js";
import { BLOCKING, READONLY } from "../core/info.js";
import { countedFirst, countedSecond } from "../core/key-finders.js";
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
import { addMoveCount } from "./args.js";

const END = wordOf(["LEFT", "RIGHT"], "ListEnd");

const value = param("value", VALUE, "Text, bytes or a number.");
const values = rest("values", VALUE, "Elements, as arguments or arrays; at least one.");
const index = param("index", INTEGER, "Index; 0 is the head, -1 the tail.");
const start = param("start", INTEGER, "First index; negative counts from the tail.");
const end = param("end", INTEGER, "Last index (inclusive); negative counts from the tail.");
const count = optional("count", COUNT, "Maximum number of elements to pop.");
const timeout = fallback(
  param("timeout", TIMEOUT, "Timeout in seconds, may be fractional; 0 waits forever."),
  "0",
);
const keys = param("keys", listOf(KEY), "One or more keys, checked in order.");
const source = key("source", "Source list.");
const destination = key("destination", "Destination list.");
const from = fallback(param("from", END, "End of the source to pop from."), '"LEFT"');
const to = fallback(param("to", END, "End of the destination to push to."), '"RIGHT"');

const moveOptions = options(
  "LmovemOptions",
  silent("count", "Integer", "Number of elements to move, default 1; requires `ordering`."),
  {
    ...silent(
      "mode",
      "MoveMode",
      'Whether `count` is the maximum or the exact number; default `"COUNT"`.',
    ),
    kind: wordOf(["COUNT", "EXACTLY"], "MoveMode"),
  },
  {
    ...silent(
      "ordering",
      "MoveOrdering",
      "Order of the elements in the destination; requires `count`.",
    ),
    kind: wordOf(["OBO", "BULK"], "MoveOrdering"),
  },
);
const moveWire = { build: addMoveCount, with: ["options"], names: ["mode", "count", "ordering"] };

const numKeys = param("numKeys", COUNT, "Number of keys.");
const keysWire = { build: numberedKeys, with: ["numKeys", "keys"], names: ["numkeys", "keys..."] };
const lmpopOptions = options(
  "LmpopOptions",
  required(bare("direction", END, "End to pop from.")),
  opt("count", "COUNT", COUNT, "Maximum number of elements to pop; default 1."),
);
const keyAndElements = reply("[key: T, elements: T[]] | null");
const KEY_AND_ELEMENTS_RETURNS =
  "The key of the list and the popped elements, or `null` if all lists are empty.";

const POP_RETURNS = "The element, or `null` if the list is empty.";
const popManyCase = {
  given: "count",
  reply: replies.textsOrNull,
  returns: "The popped elements, or `null` if the list is empty.",
};
const keyAndElement = reply("[key: T, element: T] | null");
const BLOCKING_POP_RETURNS = "The key of the list and the element, or `null` after the timeout.";

export const lists: readonly Entry[] = [
  command("BLMOVE", {
    since: "6.2.0",
    cost: "O(1)",
    flags: BLOCKING,
    blockTime: lastSeconds,
    summary: "Move an element between lists, blocking until one is available.",
    args: [
      source,
      destination,
      param("timeout", TIMEOUT, "Timeout in seconds, may be fractional; 0 waits forever."),
      from,
      to,
    ],
    wire: ["source", "destination", "from", "to", "timeout"],
    reply: replies.textOrNull,
    returns: "The element, or `null` after the timeout.",
  }),
  command("BLMOVEM", {
    since: "8.10.0",
    cost: "O(N) for N elements moved",
    flags: BLOCKING,
    blockTime: fifthSeconds,
    summary: "Move elements between lists, blocking until enough are available.",
    args: [
      source,
      destination,
      param("timeout", TIMEOUT, "Timeout in seconds, may be fractional; 0 waits forever."),
      from,
      to,
    ],
    options: moveOptions,
    wire: ["source", "destination", "from", "to", "timeout", "options", moveWire],
    reply: replies.textsOrNull,
    returns: "The elements in their order in the destination, or `null` after the timeout.",
  }),
  command("BLMPOP", {
    findKeys: countedSecond,
    since: "7.0.0",
    cost: "O(N+M) for N keys and M elements popped",
    flags: BLOCKING,
    blockTime: firstSeconds,
    summary: "Pop elements from the first non-empty list, blocking until there is one.",
    args: [
      param("timeout", TIMEOUT, "Timeout in seconds, may be fractional; 0 waits forever."),
      numKeys,
      keys,
    ],
    options: lmpopOptions,
    wire: ["timeout", keysWire, "options"],
    reply: keyAndElements,
    returns: "The key of the list and the popped elements, or `null` after the timeout.",
  }),
  command("BLPOP", {
    since: "2.0.0",
    cost: "O(N) for N keys",
    flags: BLOCKING,
    blockTime: lastSeconds,
    summary: "Pop the head of the first non-empty list, blocking until there is one.",
    args: [keys, timeout],
    reply: keyAndElement,
    returns: BLOCKING_POP_RETURNS,
  }),
  command("BRPOP", {
    since: "2.0.0",
    cost: "O(N) for N keys",
    flags: BLOCKING,
    blockTime: lastSeconds,
    summary: "Pop the tail of the first non-empty list, blocking until there is one.",
    args: [keys, timeout],
    reply: keyAndElement,
    returns: BLOCKING_POP_RETURNS,
  }),
  command("BRPOPLPUSH", {
    since: "2.2.0",
    cost: "O(1)",
    flags: BLOCKING,
    blockTime: lastSeconds,
    summary:
      "Move the tail of a list to the head of another, blocking until an element is available.",
    deprecated: "Use `blmove`.",
    args: [source, destination, timeout],
    reply: replies.textOrNull,
    returns: "The element, or `null` after the timeout.",
  }),
  command("LINDEX", {
    since: "1.0.0",
    cost: "O(N) in the distance from the nearer end",
    flags: READONLY,
    summary: "Return the element at an index of a list.",
    args: [key(), index],
    reply: replies.textOrNull,
    returns: "The element, or `null` if the index is out of range.",
  }),
  command("LINSERT", {
    since: "2.2.0",
    cost: "O(N) for N elements before the pivot",
    summary: "Insert an element before or after a pivot element.",
    args: [
      key(),
      param("where", wordOf(["BEFORE", "AFTER"]), "Side of the pivot."),
      param("pivot", VALUE, "Pivot element; its first occurrence is used."),
      value,
    ],
    reply: replies.count,
    returns: "Length of the list; -1 if the pivot was not found, 0 if the key does not exist.",
  }),
  command("LLEN", {
    since: "1.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Return the length of a list.",
    args: [key()],
    reply: replies.count,
    returns: "Length; 0 if the key does not exist.",
  }),
  command("LMOVE", {
    since: "6.2.0",
    cost: "O(1)",
    summary: "Move an element between lists.",
    args: [source, destination, from, to],
    reply: replies.textOrNull,
    returns: "The element, or `null` if the source is empty.",
  }),
  command("LMOVEM", {
    since: "8.10.0",
    cost: "O(N) for N elements moved",
    summary: "Move elements between lists.",
    args: [source, destination, from, to],
    options: moveOptions,
    wire: ["source", "destination", "from", "to", "options", moveWire],
    reply: replies.textsOrNull,
    returns: "The elements in their order in the destination, or `null` if none was moved.",
  }),
  command("LMPOP", {
    findKeys: countedFirst,
    since: "7.0.0",
    cost: "O(N+M) for N keys and M elements popped",
    summary: "Pop elements from the first non-empty list.",
    args: [numKeys, keys],
    options: lmpopOptions,
    wire: [keysWire, "options"],
    reply: keyAndElements,
    returns: KEY_AND_ELEMENTS_RETURNS,
  }),
  command("LPOP", {
    since: "1.0.0",
    cost: "O(N) for N elements popped",
    summary: "Pop elements from the head of a list.",
    args: [key(), count],
    reply: replies.textOrNull,
    returns: POP_RETURNS,
    cases: [popManyCase],
  }),
  command("LPOS", {
    since: "6.0.6",
    cost: "O(N) in the length of the list",
    flags: READONLY,
    summary: "Return the index of an element in a list.",
    args: [key(), value],
    options: options(
      "LposOptions",
      opt(
        "rank",
        "RANK",
        INTEGER,
        "First occurrence to return, from 1; negative searches from the tail.",
      ),
      opt("count", "COUNT", COUNT, "Number of occurrences to return; 0 for all."),
      opt("maxLen", "MAXLEN", COUNT, "Maximum number of elements to compare; 0 for all."),
    ),
    reply: replies.countOrNull,
    returns: "The index, or `null` if the element was not found.",
    cases: [
      {
        given: "count",
        reply: replies.counts,
        returns: "The indexes; empty if the element was not found.",
      },
    ],
  }),
  command("LPUSH", {
    since: "1.0.0",
    cost: "O(N) for N elements added",
    summary: "Prepend elements to a list one by one, so that the last becomes the head.",
    args: [key(), values],
    reply: replies.count,
    returns: "New length of the list.",
  }),
  command("LPUSHX", {
    since: "2.2.0",
    cost: "O(N) for N elements added",
    summary: "Prepend elements to a list if it exists.",
    args: [key(), values],
    reply: replies.count,
    returns: "New length of the list; 0 if the key does not exist.",
  }),
  command("LRANGE", {
    since: "1.0.0",
    cost: "O(S+N) for N elements at distance S from the nearer end",
    flags: READONLY,
    summary: "Return a range of elements of a list.",
    args: [key(), start, end],
    reply: replies.texts,
    returns: "The elements; empty if the range is empty.",
  }),
  command("LREM", {
    since: "1.0.0",
    cost: "O(N) in the length of the list",
    summary: "Remove occurrences of an element from a list.",
    args: [
      key(),
      param(
        "count",
        INTEGER,
        "Number to remove, from the head if positive, from the tail if negative; 0 for all.",
      ),
      value,
    ],
    reply: replies.count,
    returns: "Number of elements removed.",
  }),
  command("LSET", {
    since: "1.0.0",
    cost: "O(N) in the length of the list, O(1) at its ends",
    summary: "Replace the element at an index of a list.",
    args: [key(), index, value],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("LTRIM", {
    since: "1.0.0",
    cost: "O(N) for N elements removed",
    summary: "Trim a list to a range of elements.",
    args: [key(), start, end],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("RPOP", {
    since: "1.0.0",
    cost: "O(N) for N elements popped",
    summary: "Pop elements from the tail of a list.",
    args: [key(), count],
    reply: replies.textOrNull,
    returns: POP_RETURNS,
    cases: [popManyCase],
  }),
  command("RPOPLPUSH", {
    since: "1.2.0",
    cost: "O(1)",
    summary: "Move the tail of a list to the head of another.",
    deprecated: "Use `lmove`.",
    args: [source, destination],
    reply: replies.textOrNull,
    returns: "The element, or `null` if the source is empty.",
  }),
  command("RPUSH", {
    since: "1.0.0",
    cost: "O(N) for N elements added",
    summary: "Append elements to a list.",
    args: [key(), values],
    reply: replies.count,
    returns: "New length of the list.",
  }),
  command("RPUSHX", {
    since: "2.2.0",
    cost: "O(N) for N elements added",
    summary: "Append elements to a list if it exists.",
    args: [key(), values],
    reply: replies.count,
    returns: "New length of the list; 0 if the key does not exist.",
  }),
];
