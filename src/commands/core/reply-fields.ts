/**
 * Owns what the decoders of server replies share: reading words, numbers and the lines of CLIENT LIST.
 * Pure and total. Nothing here is a decoder itself.
 */
import { RedisError } from "../../errors.js";
import type { Reply } from "../../protocol/reply.js";
import { type Dictionary, itemsOf, toDouble, toPairs, toWord } from "./decode.js";
import type { DecodeContext } from "./info.js";

const INTEGER = /^[+-]?\d+$/;

/** A whole number that a number holds exactly, or undefined. */
export function safeInteger(text: unknown): number | undefined {
  if (typeof text !== "string" || !INTEGER.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Text in the client's encoding, or ASCII with everything else escaped. */
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

/** Whatever it is, as text for people. */
export function textOf(reply: Reply | undefined, context: DecodeContext): string {
  return Buffer.isBuffer(reply) ? readable(reply, context) : String(reply ?? "");
}

/** A word of the protocol; empty for what is none. */
export function wordOf(reply: Reply | undefined): string {
  const word = toWord(reply ?? null);
  return typeof word === "string" ? word : "";
}

/** The words of an array or a set. */
export function wordsOf(reply: Reply | undefined): string[] {
  return (itemsOf(reply ?? null) ?? []).map(wordOf);
}

/** The members of a map whose names are words of the protocol. */
export type Fields = ReadonlyMap<string, Reply>;

/** Read a map, which RESP2 writes flat; undefined for what is none. */
export function fieldsOf(reply: Reply | undefined): Fields | undefined {
  if (reply === undefined || itemsOf(reply) === undefined) return undefined;
  const pairs = toPairs(reply) as [Reply, Reply][];
  return new Map(pairs.map(([name, value]) => [wordOf(name), value]));
}

/** A number, also when it comes as text; 0 for what is none. */
export function numberOf(reply: Reply | undefined): number {
  const value = toDouble(reply ?? null);
  return typeof value === "number" ? value : 0;
}

/** The same record, those of its values numbers that `names` lists and that are whole numbers. */
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
