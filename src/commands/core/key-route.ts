/**
 * Finds the keys of a call, and the slot of a cluster that all of them are in. Pure; no message contains a
 * key. Arguments that cannot be keys are passed over, because the encoder refuses the call.
 */
import { isUint8Array } from "node:util/types";
import { ClusterCrossSlotError, RedisClusterException } from "../../errors.js";
import {
  type Arg,
  type CommandInfo,
  type Key,
  MANY_NODES,
  MOVABLE_KEYS,
  SEVERAL_KEYS,
  SPLIT,
} from "./info.js";
import { keySlot } from "./key-slot.js";

/** The slot of a call without keys. */
export const NO_SLOT = -1;

/** The properties of a command that determine its keys. */
export type RoutedCommand = Pick<CommandInfo, "name" | "flags" | "keys" | "findKeys" | "route">;

/** What to use instead of a command with keys in different slots, if there is something. */
const INSTEAD: Readonly<Record<string, string>> = {
  MGET: "mgetNonatomic",
  MSET: "msetNonatomic",
};

/** Commands that servers refuse in cluster mode, or that a cluster client must not send to a node of its choice. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  [
    "REPLICAOF",
    "the nodes of a cluster replicate each other; use clusterReplicate on a client(key)",
  ],
  ["SLAVEOF", "the nodes of a cluster replicate each other; use clusterReplicate on a client(key)"],
  ["SWAPDB", "a cluster has no databases to swap"],
  ["SCAN", "its cursor is valid at one node; use scanIter(), or with({ targetNodes: node })"],
  ["SHUTDOWN", "it stops one node; call it on a client(key)"],
  ["WAIT", "it counts the writes of its own connection; use client(key)"],
  ["WAITAOF", "it counts the writes of its own connection; use client(key)"],
]);

const SEVERAL_NODES =
  "it concerns several nodes; call it outside of pipelines, or on with({ targetNodes: node }) for one node";

function isKey(arg: Arg | undefined): arg is Key {
  return (
    typeof arg === "string" ||
    typeof arg === "number" ||
    typeof arg === "bigint" ||
    isUint8Array(arg)
  );
}

/** The arguments at the positions of the table, which count from the first word of the name. */
function argsInRange({ route, keys }: RoutedCommand, args: readonly Arg[]): readonly Arg[] {
  const from = SEVERAL_KEYS - route;
  const [first, last, step] = keys;
  const part = args.slice(from, last < 0 ? args.length + last + 1 : from + last - first + 1);
  return step === 1 ? part : part.filter((_, i) => i % step === 0);
}

/** Return the keys of a call, in the order of its arguments. */
export function commandKeys(info: RoutedCommand, args: readonly Arg[]): Key[] {
  const { route } = info;
  if (route >= 0) return [args[route]].filter(isKey);
  if (route > SEVERAL_KEYS) return (info.findKeys?.(args) ?? []).filter(isKey);
  return argsInRange(info, args).filter(isKey);
}

/** Return whether a call has more than one key. */
export function hasSeveralKeys(info: RoutedCommand, args: readonly Arg[]): boolean {
  return info.route <= MOVABLE_KEYS && commandKeys(info, args).length > 1;
}

/**
 * Return the slot of a call.
 *
 * @param encoding - The client's encoding of text.
 * @returns The slot, or {@link NO_SLOT} when the call has no keys.
 * @throws ClusterCrossSlotError when the keys are in different slots; RedisClusterException for a command that
 * is not possible on a cluster, or concerns several nodes.
 */
export function commandSlot(
  info: RoutedCommand,
  args: readonly Arg[],
  encoding: BufferEncoding,
): number {
  const { route } = info;
  if (route < 0)
    return route > MOVABLE_KEYS ? slotWithoutKeys(info) : commonSlot(info, args, encoding);
  const key = args[route];
  return isKey(key) ? keySlot(key, encoding) : NO_SLOT;
}

function slotWithoutKeys({ name, flags }: RoutedCommand): number {
  const reason = REFUSED.get(name) ?? ((flags & MANY_NODES) === 0 ? undefined : SEVERAL_NODES);
  if (reason === undefined) return NO_SLOT;
  const message = `${name} is not possible on a cluster: ${reason}`;
  throw new RedisClusterException(message, { command: name, outcome: "not-sent" });
}

function commonSlot(info: RoutedCommand, args: readonly Arg[], encoding: BufferEncoding): number {
  let slot = NO_SLOT;
  for (const key of commandKeys(info, args)) {
    const own = keySlot(key, encoding);
    if (slot !== NO_SLOT && own !== slot) throw crossSlot(info);
    slot = own;
  }
  return slot;
}

function crossSlot({ name, flags }: RoutedCommand): ClusterCrossSlotError {
  const other = (flags & SPLIT) === 0 ? INSTEAD[name] : `one ${name} per slot`;
  const remedy = "give the keys one hash tag, such as {user1}";
  const message = `${name} has keys in different slots; ${other === undefined ? "" : `use ${other}, or `}${remedy}`;
  return new ClusterCrossSlotError(message, { command: name, outcome: "not-sent" });
}
