/** Command table of the set commands. */

import * as decode from "../core/decode.js";
import { PRIMARY_ONLY, READONLY } from "../core/info.js";
import { countedFirst } from "../core/key-finders.js";
import { numberedKeys } from "../core/shared-args.js";
import {
  COUNT,
  CURSOR,
  command,
  type Entry,
  fallback,
  flag,
  INTEGER,
  KEY,
  key,
  listOf,
  opt,
  optional,
  options,
  param,
  reply,
  rest,
  VALUE,
} from "../table/dsl.js";
import * as replies from "../table/replies.js";

const member = param("member", VALUE, "Member: text, bytes or a number.");
const members = rest("members", VALUE, "Members, as arguments or arrays; at least one.");
const keys = rest("keys", KEY, "Keys of the sets, as arguments or arrays; at least one.");
const destination = key("destination", "Destination key, which is overwritten.");
const numberedKeysArgs = [
  param("numKeys", COUNT, "Number of keys."),
  param("keys", listOf(KEY), "Keys of the sets."),
];
const keysWire = { build: numberedKeys, with: ["numKeys", "keys"], names: ["numkeys", "keys..."] };
const limit = opt("limit", "LIMIT", COUNT, "Stop counting at this number; 0 for no limit.");
const STORED_RETURNS = "Number of members in the result.";

export const sets: readonly Entry[] = [
  command("SADD", {
    since: "1.0.0",
    cost: "O(N) for N members",
    summary: "Add members to a set.",
    args: [key(), members],
    reply: replies.count,
    returns: "Number of members added.",
  }),
  command("SCARD", {
    since: "1.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Count the members of a set.",
    args: [key()],
    reply: replies.count,
    returns: "Number of members; 0 if the key does not exist.",
  }),
  command("SDIFF", {
    since: "1.0.0",
    cost: "O(N) in the total number of members",
    flags: READONLY,
    summary: "Return the difference of the first set and the others.",
    args: [keys],
    reply: replies.set,
    returns: "A `Set` of members.",
  }),
  command("SDIFFCARD", {
    findKeys: countedFirst,
    since: "8.10.0",
    cost: "O(N) in the total number of members",
    flags: READONLY,
    summary: "Count the members of the difference of the first set and the others.",
    args: numberedKeysArgs,
    options: options("SdiffcardOptions", limit),
    wire: [keysWire, "options"],
    reply: replies.count,
    returns: "Number of members.",
  }),
  command("SDIFFSTORE", {
    since: "1.0.0",
    cost: "O(N) in the total number of members",
    summary: "Store the difference of the first set and the others.",
    args: [destination, keys],
    reply: replies.count,
    returns: STORED_RETURNS,
  }),
  command("SINTER", {
    since: "1.0.0",
    cost: "O(N*M) for M sets of which the smallest has N members",
    flags: READONLY,
    summary: "Return the intersection of sets.",
    args: [keys],
    reply: replies.set,
    returns: "A `Set` of members.",
  }),
  command("SINTERCARD", {
    findKeys: countedFirst,
    since: "7.0.0",
    cost: "O(N*M) for M sets of which the smallest has N members",
    flags: READONLY,
    summary: "Count the members of the intersection of sets.",
    args: numberedKeysArgs,
    options: options("SintercardOptions", limit),
    wire: [keysWire, "options"],
    reply: replies.count,
    returns: "Number of members.",
  }),
  command("SINTERSTORE", {
    since: "1.0.0",
    cost: "O(N*M) for M sets of which the smallest has N members",
    summary: "Store the intersection of sets.",
    args: [destination, keys],
    reply: replies.count,
    returns: STORED_RETURNS,
  }),
  command("SISMEMBER", {
    since: "1.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Check whether a set contains a member.",
    args: [key(), member],
    reply: replies.bool,
    returns: "Whether the set contains the member.",
  }),
  command("SMEMBERS", {
    since: "1.0.0",
    cost: "O(N) for N members",
    flags: READONLY,
    summary: "Return all members of a set.",
    notes:
      "With `decodeResponses: false` the members are Buffers, which a `Set` compares by " +
      "identity.",
    args: [key()],
    reply: replies.set,
    returns: "A `Set` of members; empty if the key does not exist.",
  }),
  command("SMISMEMBER", {
    since: "6.2.0",
    cost: "O(N) for N members given",
    flags: READONLY,
    summary: "Check whether a set contains each of several members.",
    args: [key(), members],
    reply: replies.counts,
    returns: "1 or 0 per member, in order.",
  }),
  command("SMOVE", {
    since: "1.0.0",
    cost: "O(1)",
    summary: "Move a member from one set to another.",
    args: [key("source", "Source set."), key("destination", "Destination set."), member],
    reply: replies.bool,
    returns: "Whether the source contained the member.",
  }),
  command("SPOP", {
    since: "1.0.0",
    cost: "O(N) for N members popped",
    summary: "Remove and return random members of a set.",
    args: [key(), optional("count", COUNT, "Maximum number of members to pop.")],
    reply: replies.textOrNull,
    returns: "The member, or `null` if the set is empty.",
    cases: [
      {
        given: "count",
        reply: reply("T[]", decode.toArray),
        returns: "An array of members; empty if the set is empty.",
      },
    ],
  }),
  command("SRANDMEMBER", {
    since: "1.0.0",
    cost: "O(N) for N members returned",
    flags: READONLY,
    summary: "Return random members of a set without removing them.",
    args: [
      key(),
      optional(
        "count",
        INTEGER,
        "Number of distinct members, or if negative, of possibly repeated members.",
      ),
    ],
    reply: replies.textOrNull,
    returns: "The member, or `null` if the set is empty.",
    cases: [
      {
        given: "count",
        reply: reply("T[]", decode.toArray),
        returns: "An array of members; empty if the set is empty.",
      },
    ],
  }),
  command("SREM", {
    since: "1.0.0",
    cost: "O(N) for N members",
    summary: "Remove members from a set.",
    args: [key(), members],
    reply: replies.count,
    returns: "Number of members removed.",
  }),
  command("SSCAN", {
    since: "2.8.0",
    cost: "O(1) per call, O(N) for the whole set",
    flags: READONLY | PRIMARY_ONLY,
    summary: "Return the next batch of members of a set.",
    notes: "`sscanIter` iterates over the whole set.",
    args: [
      key(),
      fallback(param("cursor", CURSOR, 'Cursor of the previous reply; `"0"` to start.'), '"0"'),
    ],
    options: options(
      "SscanOptions",
      opt("match", "MATCH", VALUE, "Glob pattern for members."),
      opt("count", "COUNT", COUNT, "Amount of work per call; a hint."),
    ),
    reply: reply("[cursor: string, members: T[]]", decode.toScan),
    returns: 'The next cursor (`"0"` at the end) and members, possibly with duplicates.',
  }),
  command("SUNION", {
    since: "1.0.0",
    cost: "O(N) in the total number of members",
    flags: READONLY,
    summary: "Return the union of sets.",
    args: [keys],
    reply: replies.set,
    returns: "A `Set` of members.",
  }),
  command("SUNIONCARD", {
    findKeys: countedFirst,
    since: "8.10.0",
    cost: "O(N) in the total number of members",
    flags: READONLY,
    summary: "Count the members of the union of sets.",
    args: numberedKeysArgs,
    options: options(
      "SunioncardOptions",
      flag("approx", "APPROX", "Return an estimate, which uses less memory."),
      limit,
    ),
    wire: [keysWire, "options"],
    reply: replies.count,
    returns: "Number of members.",
  }),
  command("SUNIONSTORE", {
    since: "1.0.0",
    cost: "O(N) in the total number of members",
    summary: "Store the union of sets.",
    args: [destination, keys],
    reply: replies.count,
    returns: STORED_RETURNS,
  }),
];
