/**
 * Owns the decoders of what a Sentinel says: states of servers as flat fields, addresses, the cache of
 * INFO. Pure and total, as those in `decode.ts`.
 */
import type { Reply } from "../../protocol/reply.js";
import { type Dictionary, itemsOf, toRecord, toWord } from "../core/decode.js";
import { each, toWords } from "../core/decode-records.js";
import type { DecodeContext, Decoder } from "../core/info.js";

/** Fields that are numbers; other texts made of digits, such as names, stay texts. */
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

/** The fields of one server, as SENTINEL MASTER gives them. */
export function toSentinelState(reply: Reply, context: DecodeContext): unknown {
  if (itemsOf(reply) === undefined) return reply;
  const state = toRecord(reply, context) as Dictionary;
  for (const name of Object.keys(state)) state[name] = fieldOf(name, state[name] as Reply);
  const flags = new Set(String(state.flags ?? "").split(","));
  for (const [name, flag] of FLAGS) state[name] = flags.has(flag);
  return state;
}

/** Servers one after the other. */
export const toSentinelStates: Decoder = each(toSentinelState);

/** Masters by their names. */
export function toSentinelMasters(reply: Reply, context: DecodeContext): unknown {
  const items = itemsOf(reply);
  if (items === undefined) return reply;
  const masters: Dictionary = Object.create(null);
  for (const item of items) {
    const state = toSentinelState(item, context) as Dictionary;
    masters[String(state.name)] = state;
  }
  return masters;
}

/** `[host, port]`; null stays. */
export function toSentinelAddress(reply: Reply): unknown {
  if (!Array.isArray(reply) || reply.length !== 2) return reply;
  return [toWord(reply[0] ?? null), Number(toWord(reply[1] ?? null))];
}

/** `[is down, leader, epoch]`; `*` stands for no leader. */
export function toSentinelVote(reply: Reply): unknown {
  if (!Array.isArray(reply) || reply.length !== 3) return reply;
  const leader = toWord(reply[1] ?? null);
  return [reply[0] === 1, leader === "*" ? null : leader, reply[2]];
}

/** A status that begins with OK, whatever it says besides. */
export function toAgreement(reply: Reply): unknown {
  const word = toWord(reply);
  return typeof word === "string" && /^OK\b/.test(word) ? true : reply;
}

function infoOf(reply: Reply): unknown {
  if (!Array.isArray(reply)) return reply;
  return { age: reply[0] ?? 0, info: toWord(reply[1] ?? null) };
}

/** Names of masters, each followed by the INFO of its servers. */
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

/** Settings by name; a change of them is answered with OK. */
export function toSentinelSettings(reply: Reply, context: DecodeContext): unknown {
  return reply === "OK" ? true : toRecord(reply, context);
}

/** Each script a record of its fields. */
export const toSentinelScripts: Decoder = each(toRecord);

/** A list of words, or OK for a change. */
export function toSentinelAnswer(reply: Reply, context: DecodeContext): unknown {
  return reply === "OK" ? true : toWords(reply, context);
}
