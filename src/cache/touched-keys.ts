/**
 * Decides which keys own commands may change, for dropping what was read of them. A command whose keys are not known may
 * change all. Pure.
 */
import { type Arg, NO_KEYS, READONLY } from "../commands/core/info.js";
import { commandKeys, type RoutedCommand } from "../commands/core/key-route.js";
import { keywordOf } from "../commands/core/read-args.js";
import { COMMANDS } from "../commands/generated/registry.js";
import type { RequestCommand } from "../connection/request.js";
import type { KeyText } from "./key-text.js";
import type { TouchedKeys } from "./pending-writes.js";

/** Commands without keys after which other values may be read, or not by this user. */
const EMPTYING: ReadonlySet<string> = new Set([
  ...["FLUSHALL", "FLUSHDB", "SWAPDB", "SELECT", "RESET", "AUTH", "HELLO"],
  ...["FAILOVER", "REPLICAOF", "SLAVEOF", "PSYNC", "SYNC", "REPLCONF"],
  ...["ACL SETUSER", "ACL DELUSER", "ACL LOAD"],
  ...["CLUSTER ADDSLOTS", "CLUSTER ADDSLOTSRANGE", "CLUSTER DELSLOTS", "CLUSTER DELSLOTSRANGE"],
  ...["CLUSTER FAILOVER", "CLUSTER FLUSHSLOTS", "CLUSTER REPLICATE", "CLUSTER RESET"],
  ...["CLUSTER SETSLOT"],
]);

const NONE: readonly never[] = [];

/** The entry of the table; a subcommand may be among the arguments. */
function knownCommand({ info, args }: RequestCommand): RoutedCommand | undefined {
  const { name } = info;
  const exact = COMMANDS.get(name);
  return exact === info ? exact : COMMANDS.get(`${name} ${keywordOf(args[0])}`);
}

function keysOf(command: RequestCommand, text: KeyText): TouchedKeys {
  const { info, args } = command;
  if ((info.flags & READONLY) !== 0) return NONE;
  const known = knownCommand(command);
  if (known === undefined) return "all";
  if (known.route === NO_KEYS) return EMPTYING.has(known.name) ? "all" : NONE;
  return knownKeys(info, args, text);
}

function knownKeys(info: RoutedCommand, args: readonly Arg[], text: KeyText): TouchedKeys {
  const keys: string[] = [];
  for (const key of commandKeys(info, args)) {
    const bytes = text.of(key);
    // An argument that is refused: nothing is sent.
    if (bytes !== undefined) keys.push(bytes);
  }
  // A script without keys.
  return keys.length === 0 ? "all" : keys;
}

/** Return the keys that some commands may change. */
export function touchedKeys(commands: readonly RequestCommand[], text: KeyText): TouchedKeys {
  const [first] = commands;
  if (commands.length === 1) return keysOf(first as RequestCommand, text);
  const all: string[] = [];
  for (const command of commands) {
    const keys = keysOf(command, text);
    if (keys === "all") return keys;
    for (const key of keys) all.push(key);
  }
  return all;
}
