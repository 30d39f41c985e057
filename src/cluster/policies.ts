/**
 * Which nodes a command without keys concerns, and how their replies become one: the table of the servers' command
 * tips (`request_policy`, `response_policy`). Pure; the replies are raw ones.
 */
import { isUint8Array } from "node:util/types";
import type { Arg, CommandInfo } from "../commands/core/info.js";
import type { Reply } from "../protocol/reply.js";
import { latin1TextOf } from "../util/bytes.js";

/**
 * How replies are merged: added; the largest; element by element, the smaller; the first, when all nodes have
 * succeeded; the first success; one list; one list by time; the first one that is not null, of one node after
 * another.
 */
export type Merge = "sum" | "max" | "and" | "first" | "any" | "join" | "slowlog" | "sample";

/** The policy of a command. */
export interface Policy {
  /** The nodes that serve slots, or these and their replicas. */
  readonly nodes: "primaries" | "all";
  readonly merge: Merge;
}

const POLICIES: ReadonlyMap<string, Policy> = new Map(
  Object.entries({
    primaries: {
      sum: ["DBSIZE"],
      and: ["SCRIPT EXISTS"],
      // SCRIPT LOAD: a replica that is down must not be in the way; EVAL sends it the script when it is needed.
      first: [
        ...["FLUSHALL", "FLUSHDB", "MEMORY PURGE", "SCRIPT LOAD"],
        ...["FUNCTION DELETE", "FUNCTION FLUSH", "FUNCTION LOAD", "FUNCTION RESTORE"],
      ],
      any: ["FUNCTION KILL", "SCRIPT KILL"],
      join: ["KEYS"],
      sample: ["RANDOMKEY"],
    },
    all: {
      sum: ["LATENCY RESET", "SLOWLOG LEN"],
      // A user may be missing on some nodes.
      max: ["ACL DELUSER"],
      first: [
        ...["ACL SAVE", "ACL SETUSER", "CONFIG RESETSTAT", "CONFIG REWRITE", "CONFIG SET"],
        ...["SCRIPT FLUSH", "SLOWLOG RESET"],
      ],
      slowlog: ["SLOWLOG GET"],
    },
  }).flatMap(([nodes, byMerge]) =>
    Object.entries(byMerge).flatMap(([merge, names]) =>
      names.map((name): [string, Policy] => [name, { nodes, merge } as Policy]),
    ),
  ),
);

/** Return the policy of a call; `undefined` when it concerns the node of its keys, or one node. */
export function policyOf({ name }: CommandInfo, args: readonly Arg[]): Policy | undefined {
  const policy = POLICIES.get(name);
  if (policy !== undefined || args.length === 0) return policy;
  // With the subcommand among the arguments.
  const [first] = args;
  const word = isUint8Array(first) ? latin1TextOf(first) : first;
  return typeof word === "string" ? POLICIES.get(`${name} ${word.toUpperCase()}`) : undefined;
}

const listOf = (reply: Reply): readonly Reply[] => (Array.isArray(reply) ? reply : []);

/** Time of an entry of SLOWLOG GET, in seconds. */
const timeOf = (entry: Reply): number => Number(listOf(entry)[1] ?? 0);

/** Entries of all nodes, the latest first; no more than one node would return. */
function mergeSlowlogs(replies: readonly Reply[], args: readonly Arg[]): Reply {
  const entries = replies.flatMap(listOf).sort((a, b) => timeOf(b) - timeOf(a));
  const last = args.at(-1);
  const count = isUint8Array(last) ? latin1TextOf(last) : last;
  const limit = /^\d+$/.test(String(count)) ? Number(count) : entries.length;
  return entries.slice(0, limit);
}

function mergeFlags(replies: readonly Reply[]): Reply {
  const [first = null, ...others] = replies;
  if (!Array.isArray(first)) return first;
  return first.map((_, i) =>
    [first, ...others].reduce<number>(
      (least, flags) => Math.min(least, Number(listOf(flags)[i] ?? 0)),
      1,
    ),
  );
}

/**
 * Merge the replies of several nodes into the reply that one server would give.
 *
 * @param replies - One per node, one at least.
 * @param args - The arguments of the command.
 */
export function mergeReplies(merge: Merge, replies: readonly Reply[], args: readonly Arg[]): Reply {
  const numbers = (): number[] => replies.map(Number);
  switch (merge) {
    case "sum":
      return numbers().reduce((sum, count) => sum + count, 0);
    case "max":
      return Math.max(...numbers());
    case "and":
      return mergeFlags(replies);
    case "join":
      return replies.flatMap(listOf);
    case "slowlog":
      return mergeSlowlogs(replies, args);
    case "sample":
      return replies.find((reply) => reply !== null) ?? null;
    case "first":
    case "any":
      return replies[0] ?? null;
  }
}
