/**
 * Owns the decoders of what a server says about itself: texts with a syntax of their own (INFO,
 * CLIENT LIST) and their relatives. Pure and total, as those in `decode.ts`.
 */
import { RedisError } from "../errors.js";
import { MapReply, type Reply } from "../protocol/reply.js";
import {
  type Dictionary,
  itemsOf,
  nameOf,
  parseDouble,
  toBoolean,
  toRecord,
  toWord,
} from "./decode.js";
import type { DecodeContext } from "./info.js";
import type { InfoScalar, InfoValue, ServerInfo, SlowlogEntry } from "./types-server.js";

const INTEGER = /^[+-]?\d+$/;
const DECIMAL = /^[+-]?(?:\d+\.\d*|\.\d+)(?:e[+-]?\d+)?$/i;

const CLIENT_NUMBERS: ReadonlySet<string> = new Set(
  "id age idle db sub psub multi qbuf qbuf-free argv-mem obl oll omem tot-mem".split(" "),
);
const DEBUG_NUMBERS: ReadonlySet<string> = new Set(
  "refcount serializedlength lru lru_seconds_idle".split(" "),
);

/** `PONG`, also in the form of a connection with subscriptions, becomes `true`. */
export function toPong(reply: Reply): unknown {
  const word = toWord(Array.isArray(reply) ? (reply[0] ?? null) : reply);
  return typeof word === "string" ? word.toUpperCase() === "PONG" : reply;
}

/** 1 or 0 each becomes a boolean. */
export function toBooleans(reply: Reply): unknown {
  return itemsOf(reply)?.map(toBoolean) ?? reply;
}

/** Each element a map of names to values. */
export function toRecords(reply: Reply, context: DecodeContext): unknown {
  return itemsOf(reply)?.map((item) => toRecord(item, context)) ?? reply;
}

/** A Unix time in seconds becomes a Date; 0, for never, becomes null. */
export function toDate(reply: Reply): unknown {
  if (typeof reply !== "number" && typeof reply !== "bigint") return reply;
  return Number(reply) === 0 ? null : new Date(Number(reply) * 1000);
}

/** `[seconds, microseconds]` as numbers. */
export function toTime(reply: Reply): unknown {
  return itemsOf(reply)?.map((part) => safeInteger(toWord(part)) ?? part) ?? reply;
}

function safeInteger(text: unknown): number | undefined {
  if (typeof text !== "string" || !INTEGER.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** A number where the whole text is one that a number holds exactly enough; else the text. */
function toScalar(text: string): InfoScalar {
  if (text.includes(".")) return DECIMAL.test(text) ? Number(text) : text;
  return safeInteger(text) ?? text;
}

function toInfoValue(text: string): InfoScalar | Record<string, InfoScalar> {
  if (!text.includes(",") || !text.includes("=")) return toScalar(text);
  const parts: Dictionary<InfoScalar> = Object.create(null);
  for (const item of text.split(",")) {
    const at = item.lastIndexOf("=");
    if (at < 0) parts[item] = true;
    else parts[item.slice(0, at)] = toScalar(item.slice(at + 1));
  }
  return parts;
}

function append(info: ServerInfo, name: string, value: InfoScalar | Record<string, InfoScalar>) {
  const before = info[name];
  if (Array.isArray(before)) before.push(value);
  else info[name] = [value];
}

/** The text of INFO becomes values by field. */
export function toInfo(reply: Reply): unknown {
  if (typeof reply !== "string") return reply;
  const info: Dictionary<InfoValue> = Object.create(null);
  for (const line of reply.split(/\r?\n/)) {
    if (line === "" || line.startsWith("#")) continue;
    // The only name that holds a colon itself.
    const at = line.startsWith("cmdstat_host:") ? line.lastIndexOf(":") : line.indexOf(":");
    const name = line.slice(0, at);
    if (at < 0) append(info, "__raw__", line);
    else if (name === "module") append(info, "modules", toInfoValue(line.slice(at + 1)));
    else info[name] = toInfoValue(line.slice(at + 1));
  }
  return info;
}

/** `name=value` words; a word without `=` belongs to the value before it, which had a space. */
function clientRecord(line: string): Dictionary<string> {
  const record: Dictionary<string> = Object.create(null);
  let last = "";
  for (const word of line.trim().split(" ")) {
    const at = word.indexOf("=");
    if (at > 0) {
      last = word.slice(0, at);
      record[last] = word.slice(at + 1);
    } else if (last !== "") {
      record[last] += ` ${word}`;
    }
  }
  return record;
}

/** The lines of CLIENT LIST become one object each, all values text. */
export function toClientList(reply: Reply): unknown {
  if (typeof reply !== "string") return reply;
  return reply
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map(clientRecord);
}

/** The line of CLIENT INFO becomes an object, its numeric fields numbers. */
export function toClientInfo(reply: Reply): unknown {
  return typeof reply === "string" ? withNumbers(clientRecord(reply), CLIENT_NUMBERS) : reply;
}

function withNumbers(
  record: Readonly<Dictionary<string>>,
  names: ReadonlySet<string>,
): Dictionary<string | number> {
  const result: Dictionary<string | number> = Object.create(null);
  for (const [name, value] of Object.entries(record)) {
    result[name] = names.has(name) ? (safeInteger(value) ?? value) : value;
  }
  return result;
}

/** The `name:value` words of DEBUG OBJECT; the first one is the type. */
export function toDebugObject(reply: Reply): unknown {
  if (typeof reply !== "string") return reply;
  const record: Dictionary<string> = Object.create(null);
  for (const word of `type:${reply}`.split(" ")) {
    const at = word.indexOf(":");
    if (at > 0) record[word.slice(0, at)] = word.slice(at + 1);
  }
  return withNumbers(record, DEBUG_NUMBERS);
}

/** Numbers by name; RESP2 writes doubles as text and nested records flat. */
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

/** Text in the client's encoding, or ASCII with everything else escaped. */
function readable(bytes: Buffer, context: DecodeContext): string {
  try {
    return context.text(bytes);
  } catch (error) {
    if (!(error instanceof RedisError)) throw error;
    const hex = (character: string) =>
      `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
    return bytes.toString("latin1").replace(/[\u0080-\u00ff]/g, hex);
  }
}

function textOf(reply: Reply, context: DecodeContext): string {
  return Buffer.isBuffer(reply) ? readable(reply, context) : String(reply);
}

function slowEntry(reply: Reply, context: DecodeContext): unknown {
  if (!Array.isArray(reply)) return reply;
  const [id = null, start = null, duration = null, ...rest] = reply;
  // Redis Enterprise puts a text before the arguments.
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

/** The entries of SLOWLOG GET. The command needs ALWAYS_BYTES: shortened arguments may be no text. */
export function toSlowlog(reply: Reply, context: DecodeContext): unknown {
  return itemsOf(reply)?.map((entry) => slowEntry(entry, context)) ?? reply;
}
