/**
 * Reads parts of server replies (strings, numbers, maps) for the decoders of several groups. Pure;
 * never throws on an unexpected shape.
 */
import { RedisError } from "../../errors.js";
import type { Reply } from "../../protocol/reply.js";
import { type Dictionary, itemsOf, toDouble, toPairs, toWord } from "./decode.js";
import type { DecodeContext } from "./info.js";

const INTEGER = /^[+-]?\d+$/;

/** Parse a safe integer; undefined for anything else. */
export function safeInteger(text: unknown): number | undefined {
  if (typeof text !== "string" || !INTEGER.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Decode text in the client's encoding; when invalid, ASCII with other bytes as `\\xff`. */
export function readable(bytes: Buffer, context: DecodeContext): string {
  try {
    return context.text(bytes);
  } catch (error) {
    if (!(error instanceof RedisError)) throw error;
    const hex = (character: string) =>
      `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
    return bytes.toString("latin1").replace(/[\u0080-\u00ff]/g, hex);
  }
}

/** Convert any reply to readable text. */
export function textOf(reply: Reply | undefined, context: DecodeContext): string {
  return Buffer.isBuffer(reply) ? readable(reply, context) : String(reply ?? "");
}

/** Read a protocol string; `""` for anything else. */
export function wordOf(reply: Reply | undefined): string {
  const word = toWord(reply ?? null);
  return typeof word === "string" ? word : "";
}

/** Read an array or set of protocol strings. */
export function wordsOf(reply: Reply | undefined): string[] {
  return (itemsOf(reply ?? null) ?? []).map(wordOf);
}

/** A map with protocol strings as names. */
export type Fields = ReadonlyMap<string, Reply>;

/** Read a map (a flat array under RESP2); undefined for anything else. */
export function fieldsOf(reply: Reply | undefined): Fields | undefined {
  if (reply === undefined || itemsOf(reply) === undefined) return undefined;
  const pairs = toPairs(reply) as [Reply, Reply][];
  return new Map(pairs.map(([name, value]) => [wordOf(name), value]));
}

/** Read a number or numeric text; 0 for anything else. */
export function numberOf(reply: Reply | undefined): number {
  const value = toDouble(reply ?? null);
  return typeof value === "number" ? value : 0;
}

/** Copy a record, converting the integers among the fields in `names` to numbers. */
export function withNumbers(
  record: Readonly<Dictionary<string>>,
  names: ReadonlySet<string>,
): Dictionary<string | number> {
  const result: Dictionary<string | number> = Object.create(null);
  for (const [name, value] of Object.entries(record)) {
    result[name] = names.has(name) ? (safeInteger(value) ?? value) : value;
  }
  return result;
}
