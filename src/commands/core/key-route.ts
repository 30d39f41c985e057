/**
 * Finds the keys of a call, and the slot of a cluster that all of them are in. Pure; no message contains a
 * key. Arguments that cannot be keys are passed over, because the encoder refuses the call.
 */
import { isUint8Array } from "node:util/types";
import { ClusterCrossSlotError } from "../../errors.js";
import { type Arg, type CommandInfo, type Key, MOVABLE_KEYS, SEVERAL_KEYS, SPLIT } from "./info.js";
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

/**
 * Return the slot of a call.
 *
 * @param encoding - The client's encoding of text.
 * @returns The slot, or {@link NO_SLOT} when the call has no keys.
 * @throws ClusterCrossSlotError when the keys are in different slots.
 */
export function commandSlot(
  info: RoutedCommand,
  args: readonly Arg[],
  encoding: BufferEncoding,
): number {
  const { route } = info;
  if (route < 0) return route > MOVABLE_KEYS ? NO_SLOT : commonSlot(info, args, encoding);
  const key = args[route];
  return isKey(key) ? keySlot(key, encoding) : NO_SLOT;
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
