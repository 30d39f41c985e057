/**
 * Decodes the replies of SENTINEL commands. Pure; a reply of unexpected shape is returned
 * unchanged.
 */
import type { Reply } from "../../protocol/reply.js";
import { type Dictionary, itemsOf, toRecord, toWord } from "../core/decode.js";
import { each, toWords } from "../core/decode-records.js";
import type { DecodeContext, Decoder } from "../core/info.js";

/** Numeric fields; other fields, such as names, stay text even when they consist of digits. */
const NUMBERS: ReadonlySet<string> = new Set(
  (
    "can-failover-its-master config-epoch down-after-milliseconds failover-timeout info-refresh " +
    "last-hello-message last-ok-ping-reply last-ping-reply last-ping-sent link-pending-commands " +
    "link-refcount master-link-down-time master-port num-other-sentinels num-slaves o-down-time " +
    "parallel-syncs pending-commands port quorum replica-announced role-reported-time s-down-time " +
    "slave-priority slave-repl-offset voted-leader-epoch"
  ).split(" "),
);

const FLAGS: readonly (readonly [name: string, flag: string])[] = [
  ["isMaster", "master"],
  ["isSlave", "slave"],
  ["isSentinel", "sentinel"],
  ["isSdown", "s_down"],
  ["isOdown", "o_down"],
  ["isDisconnected", "disconnected"],
  ["isMasterDown", "master_down"],
];

function fieldOf(name: string, raw: Reply): unknown {
  const word = toWord(raw);
  const isNumber = NUMBERS.has(name) && typeof word === "string" && /^-?\d+$/.test(word);
  return isNumber && Number.isSafeInteger(Number(word)) ? Number(word) : word;
}

/** Decode the state of one instance, as in SENTINEL MASTER. */
export function toSentinelState(reply: Reply, context: DecodeContext): unknown {
  if (itemsOf(reply) === undefined) return reply;
  const state = toRecord(reply, context) as Dictionary;
  for (const name of Object.keys(state)) state[name] = fieldOf(name, state[name] as Reply);
  const flags = new Set(String(state.flags ?? "").split(","));
  for (const [name, flag] of FLAGS) state[name] = flags.has(flag);
  return state;
}

/** Decode a list of states. */
export const toSentinelStates: Decoder = each(toSentinelState);

/** Decode states of masters into an object by name. */
export function toSentinelMasters(reply: Reply, context: DecodeContext): unknown {
  const items = itemsOf(reply);
  if (items === undefined) return reply;
  const masters: Dictionary = Object.create(null);
  for (const item of items) {
    if (itemsOf(item) === undefined) return reply;
    const state = toSentinelState(item, context) as Dictionary;
    masters[String(toWord(state.name as Reply))] = state;
  }
  return masters;
}

/** Decode `[host, port]`; null is unchanged. */
export function toSentinelAddress(reply: Reply): unknown {
  if (!Array.isArray(reply) || reply.length !== 2) return reply;
  return [toWord(reply[0] ?? null), Number(toWord(reply[1] ?? null))];
}

/** Decode `[is down, leader, epoch]`; a leader of `*` means none. */
export function toSentinelVote(reply: Reply): unknown {
  if (!Array.isArray(reply) || reply.length !== 3) return reply;
  const leader = toWord(reply[1] ?? null);
  return [reply[0] === 1, leader === "*" ? null : leader, reply[2]];
}

/** Convert a status that begins with `OK` to `true`. */
export function toAgreement(reply: Reply): unknown {
  const word = toWord(reply);
  return typeof word === "string" && /^OK\b/.test(word) ? true : reply;
}

function infoOf(reply: Reply): unknown {
  if (!Array.isArray(reply)) return reply;
  return { age: reply[0] ?? 0, info: toWord(reply[1] ?? null) };
}

/** Decode master names, each followed by the INFO replies of its instances. */
export function toSentinelInfoCache(reply: Reply): unknown {
  const items = itemsOf(reply);
  if (items === undefined) return reply;
  const cache: Dictionary = Object.create(null);
  for (let i = 0; i + 1 < items.length; i += 2) {
    const servers = items[i + 1] ?? null;
    cache[String(toWord(items[i] ?? null))] = itemsOf(servers)?.map(infoOf) ?? servers;
  }
  return cache;
}

/** Decode settings by name, or the `OK` of a change. */
export function toSentinelSettings(reply: Reply, context: DecodeContext): unknown {
  return reply === "OK" ? true : toRecord(reply, context);
}

/** Decode the scripts of SENTINEL PENDING-SCRIPTS. */
export const toSentinelScripts: Decoder = each(toRecord);

/** Decode a list of protocol strings, or the `OK` of a change. */
export function toSentinelAnswer(reply: Reply, context: DecodeContext): unknown {
  return reply === "OK" ? true : toWords(reply, context);
}
