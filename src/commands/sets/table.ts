/** Owns the table of the set commands. */

import * as decode from "../core/decode.js";
import { READONLY } from "../core/info.js";
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

const member = param("member", VALUE, "The member: text, bytes or a number.");
const members = rest("members", VALUE, "Members, as arguments or in arrays; at least one.");
const keys = rest("keys", KEY, "Keys of the sets, as arguments or in arrays; at least one.");
const destination = key("destination", "Key to store the result at, replacing what was there.");
const countedArgs = [
  param("numKeys", COUNT, "How many keys there are."),
  param("keys", listOf(KEY), "Keys of the sets."),
];
const counted = { build: numberedKeys, with: ["numKeys", "keys"], names: ["numkeys", "keys..."] };
const limit = opt("limit", "LIMIT", COUNT, "Stop counting there; 0 for no limit.");
const STORED = "How many members the result has.";

export const sets: readonly Entry[] = [
  command("SADD", {
    since: "1.0.0",
    cost: "O(N) in the number of members",
    summary: "Add members to a set.",
    args: [key(), members],
    reply: replies.count,
    returns: "How many are new.",
  }),
  command("SCARD", {
    since: "1.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Count the members of a set.",
    args: [key()],
    reply: replies.count,
    returns: "How many there are; 0 when the key does not exist.",
  }),
  command("SDIFF", {
    since: "1.0.0",
    cost: "O(N) in the members of all sets",
    flags: READONLY,
    summary: "Find the members of the first set that are in none of the others.",
    args: [keys],
    reply: replies.set,
    returns: "A `Set` of members.",
  }),
  command("SDIFFCARD", {
    since: "8.10.0",
    cost: "O(N) in the members of all sets",
    flags: READONLY,
    summary: "Count the members of the first set that are in none of the others.",
    args: countedArgs,
    options: options("SdiffcardOptions", limit),
    wire: [counted, "options"],
    reply: replies.count,
    returns: "How many there are.",
  }),
  command("SDIFFSTORE", {
    since: "1.0.0",
    cost: "O(N) in the members of all sets",
    summary: "Store the members of the first set that are in none of the others.",
    args: [destination, keys],
    reply: replies.count,
    returns: STORED,
  }),
  command("SINTER", {
    since: "1.0.0",
    cost: "O(N*M) for M sets of which the smallest has N members",
    flags: READONLY,
    summary: "Find the members that all sets have.",
    args: [keys],
    reply: replies.set,
    returns: "A `Set` of members.",
  }),
  command("SINTERCARD", {
    since: "7.0.0",
    cost: "O(N*M) for M sets of which the smallest has N members",
    flags: READONLY,
    summary: "Count the members that all sets have.",
    args: countedArgs,
    options: options("SintercardOptions", limit),
    wire: [counted, "options"],
    reply: replies.count,
    returns: "How many there are.",
  }),
  command("SINTERSTORE", {
    since: "1.0.0",
    cost: "O(N*M) for M sets of which the smallest has N members",
    summary: "Store the members that all sets have.",
    args: [destination, keys],
    reply: replies.count,
    returns: STORED,
  }),
  command("SISMEMBER", {
    since: "1.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Tell whether a set has a member.",
    args: [key(), member],
    reply: replies.bool,
    returns: "Whether it has.",
  }),
  command("SMEMBERS", {
    since: "1.0.0",
    cost: "O(N) in the size of the set",
    flags: READONLY,
    summary: "Read a whole set.",
    notes: "With bytes for replies the members are Buffers, which a `Set` tells apart by identity.",
    args: [key()],
    reply: replies.set,
    returns: "A `Set` of members; empty when the key does not exist.",
  }),
  command("SMISMEMBER", {
    since: "6.2.0",
    cost: "O(N) in the number of members asked about",
    flags: READONLY,
    summary: "Tell which of several members a set has.",
    args: [key(), members],
    reply: replies.counts,
    returns: "1 or 0 for each, in order.",
  }),
  command("SMOVE", {
    since: "1.0.0",
    cost: "O(1)",
    summary: "Move a member from one set to another.",
    args: [key("source", "Set to take from."), key("destination", "Set to add to."), member],
    reply: replies.bool,
    returns: "Whether the source had it.",
  }),
  command("SPOP", {
    since: "1.0.0",
    cost: "O(N) in the number of members taken",
    summary: "Take members of a set at random.",
    args: [key(), optional("count", COUNT, "How many to take at most.")],
    reply: replies.textOrNull,
    returns: "The member, or `null` when the set is empty.",
    cases: [
      {
        given: "count",
        reply: reply("T[]", decode.toArray),
        returns: "The members, in an array; empty when the set is.",
      },
    ],
  }),
  command("SRANDMEMBER", {
    since: "1.0.0",
    cost: "O(N) in the number of members returned",
    flags: READONLY,
    summary: "Pick members of a set at random, leaving them there.",
    args: [
      key(),
      optional(
        "count",
        INTEGER,
        "How many different members to pick; negative: that many, some perhaps repeatedly.",
      ),
    ],
    reply: replies.textOrNull,
    returns: "The member, or `null` when the set is empty.",
    cases: [
      {
        given: "count",
        reply: reply("T[]", decode.toArray),
        returns: "The members, in an array; empty when the set is.",
      },
    ],
  }),
  command("SREM", {
    since: "1.0.0",
    cost: "O(N) in the number of members",
    summary: "Remove members from a set.",
    args: [key(), members],
    reply: replies.count,
    returns: "How many were there.",
  }),
  command("SSCAN", {
    since: "2.8.0",
    cost: "O(1) a call, O(N) for the whole set",
    flags: READONLY,
    summary: "Read the next batch of members of a set.",
    notes: "`sscanIter` does the whole walk.",
    args: [
      key(),
      fallback(param("cursor", CURSOR, 'What the call before gave; `"0"` to begin.'), '"0"'),
    ],
    options: options(
      "SscanOptions",
      opt("match", "MATCH", VALUE, "Glob pattern the members have to match."),
      opt("count", "COUNT", COUNT, "How much work to do in this call; a hint."),
    ),
    reply: reply("[cursor: string, members: T[]]", decode.toScan),
    returns: 'The next cursor, `"0"` at the end, and some members; one may come twice.',
  }),
  command("SUNION", {
    since: "1.0.0",
    cost: "O(N) in the members of all sets",
    flags: READONLY,
    summary: "Find the members that any of the sets has.",
    args: [keys],
    reply: replies.set,
    returns: "A `Set` of members.",
  }),
  command("SUNIONCARD", {
    since: "8.10.0",
    cost: "O(N) in the members of all sets",
    flags: READONLY,
    summary: "Count the members that any of the sets has.",
    args: countedArgs,
    options: options(
      "SunioncardOptions",
      flag("approx", "APPROX", "Estimate them, which takes less memory."),
      limit,
    ),
    wire: [counted, "options"],
    reply: replies.count,
    returns: "How many there are.",
  }),
  command("SUNIONSTORE", {
    since: "1.0.0",
    cost: "O(N) in the members of all sets",
    summary: "Store the members that any of the sets has.",
    args: [destination, keys],
    reply: replies.count,
    returns: STORED,
  }),
];
