/**
 * Decodes server replies that are texts with their own syntax (INFO, DEBUG OBJECT) and similar
 * ones. Pure; a reply of unexpected shape is returned unchanged.
 */
import { MapReply, type Reply } from "../../protocol/reply.js";
import { type Dictionary, itemsOf, nameOf, parseDouble, toWord } from "../core/decode.js";
import type { DecodeContext } from "../core/info.js";
import { readable, safeInteger, textOf, withNumbers } from "../core/reply-fields.js";
import type { InfoScalar, InfoValue, SlowlogEntry } from "./types.js";

const DECIMAL = /^[+-]?(?:\d+\.\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** Fields of INFO that are always text, even when they consist of digits or contain commas. */
const INFO_TEXTS: ReadonlySet<string> = new Set(
  (
    "os executable config_file redis_version valkey_version redis_git_sha1 redis_build_id run_id " +
    "gcc_version mem_allocator server_name availability_zone master_host master_replid master_replid2"
  ).split(" "),
);
const DEBUG_NUMBERS: ReadonlySet<string> = new Set(
  "refcount serializedlength lru lru_seconds_idle".split(" "),
);

/** Convert a Unix time in seconds to a Date, 0 (never) to null. */
export function toDate(reply: Reply): unknown {
  if (typeof reply !== "number" && typeof reply !== "bigint") return reply;
  return Number(reply) === 0 ? null : new Date(Number(reply) * 1000);
}

/** Decode TIME: `[seconds, microseconds]`. */
export function toTime(reply: Reply): unknown {
  return itemsOf(reply)?.map((part) => safeInteger(toWord(part)) ?? part) ?? reply;
}

/** Convert text to a number when the whole text is a decimal or a safe integer. */
function toScalar(text: string): InfoScalar {
  if (text.includes(".")) return DECIMAL.test(text) ? Number(text) : text;
  return safeInteger(text) ?? text;
}

function toInfoRecord(items: readonly string[]): Record<string, InfoScalar> {
  const parts: Dictionary<InfoScalar> = Object.create(null);
  for (const item of items) {
    const at = item.lastIndexOf("=");
    if (at < 0) parts[item] = true;
    else parts[item.slice(0, at)] = toScalar(item.slice(at + 1));
  }
  return parts;
}

/** Decode a field: `a=1,b=2` to a record, `a,b` to a list; fields in INFO_TEXTS stay text. */
function toInfoValue(name: string, text: string): InfoValue {
  if (INFO_TEXTS.has(name)) return text;
  const items = text.split(",").filter((item) => item !== "");
  if (text.includes("=")) return toInfoRecord(items);
  return text.includes(",") ? items.map(toScalar) : toScalar(text);
}

function append(
  info: Dictionary<InfoValue>,
  name: string,
  value: InfoScalar | Record<string, InfoScalar>,
): void {
  const before = info[name];
  if (Array.isArray(before)) before.push(value);
  else info[name] = [value];
}

/** Decode the text of INFO into values by field. */
export function toInfo(reply: Reply): unknown {
  if (typeof reply !== "string") return reply;
  const info: Dictionary<InfoValue> = Object.create(null);
  for (const line of reply.split(/\r?\n/)) {
    if (line === "" || line.startsWith("#")) continue;
    // The only name that contains a colon.
    const at = line.startsWith("cmdstat_host:") ? line.lastIndexOf(":") : line.indexOf(":");
    const name = line.slice(0, at);
    if (at < 0) append(info, "__raw__", line);
    else if (name === "module")
      append(info, "modules", toInfoRecord(line.slice(at + 1).split(",")));
    else info[name] = toInfoValue(name, line.slice(at + 1));
  }
  return info;
}

/** Decode the `name:value` fields of DEBUG OBJECT; the first value is the type. */
export function toDebugObject(reply: Reply): unknown {
  if (typeof reply !== "string") return reply;
  const record: Dictionary<string> = Object.create(null);
  for (const word of `type:${reply}`.split(" ")) {
    const at = word.indexOf(":");
    if (at > 0) record[word.slice(0, at)] = word.slice(at + 1);
  }
  return withNumbers(record, DEBUG_NUMBERS);
}

/** Decode MEMORY STATS; under RESP2, doubles are text and nested records flat arrays. */
export function toMemoryStats(reply: Reply, context: DecodeContext): unknown {
  const items = itemsOf(reply);
  if (items === undefined) return reply;
  const stats: Dictionary = Object.create(null);
  for (let i = 0; i + 1 < items.length; i += 2) {
    const value = items[i + 1] ?? null;
    const nested = Array.isArray(value) || value instanceof MapReply;
    stats[nameOf(items[i] ?? null, context)] = nested
      ? toMemoryStats(value, context)
      : numberOrText(value);
  }
  return stats;
}

function numberOrText(reply: Reply): unknown {
  const word = toWord(reply);
  return typeof word === "string" ? (parseDouble(word) ?? word) : word;
}

function slowEntry(reply: Reply, context: DecodeContext): unknown {
  if (!Array.isArray(reply)) return reply;
  const [id = null, start = null, duration = null, ...rest] = reply;
  // Redis Enterprise sends a text before the arguments.
  const shifted = !Array.isArray(rest[0]);
  const [args, address, name] = shifted ? rest.slice(1) : rest;
  const words = Array.isArray(args) ? args : [];
  const bytes = words.map((word) => (Buffer.isBuffer(word) ? word : Buffer.from(String(word))));
  const entry: SlowlogEntry = {
    id: Number(id),
    startTime: new Date(Number(start) * 1000),
    duration: Number(duration),
    command: bytes.map((word) => readable(word, context)).join(" "),
    args: bytes,
  };
  if (address !== undefined) entry.clientAddress = textOf(address, context);
  if (name !== undefined) entry.clientName = textOf(name, context);
  if (shifted) entry.complexity = textOf(rest[0] ?? "", context);
  return entry;
}

/** Decode SLOWLOG GET. Needs ALWAYS_BYTES, since shortened arguments may be invalid text. */
export function toSlowlog(reply: Reply, context: DecodeContext): unknown {
  return itemsOf(reply)?.map((entry) => slowEntry(entry, context)) ?? reply;
}
