/**
 * The replies that many commands share: each pairs a type with the decoder that returns it. `T` is
 * `string` or `Buffer`, `I` is `number` or `bigint`, depending on the client. Not shipped.
 */
import * as decode from "../core/decode.js";
import { reply } from "./dsl.js";

/** A count, length or index: always a number. */
export const count = reply("number");
export const countOrNull = reply("number | null");
export const counts = reply("number[]");
/** A stored integer, a bigint under `integers: "bigint"`. Needs the flag INT64. */
export const int64 = reply("I");
export const text = reply("T");
export const textOrNull = reply("T | null");
export const texts = reply("T[]");
export const textsOrNull = reply("T[] | null");
export const textsOrNulls = reply("(T | null)[]");
/** A status reply or a reply with the flag ALWAYS_TEXT. */
export const word = reply("string");
export const wordOrNull = reply("string | null");
export const words = reply("string[]");
export const ok = reply("true", decode.okToTrue);
export const okOrNull = reply("true | null", decode.okToTrue);
export const bool = reply("boolean", decode.toBoolean);
export const double = reply("number", decode.toDouble);
/** A sum that the server computes with more digits than a double has. */
export const exactDouble = reply("number", decode.toExactDouble);
export const doubleOrNull = reply("number | null", decode.toDouble);
export const doublesOrNulls = reply("(number | null)[]", decode.toDoubles);
export const set = reply("Set<T>", decode.toSet);
export const record = reply("Record<string, T>", decode.toRecord);
export const pairs = reply("[field: T, value: T][]", decode.toPairs);
export const scorePairs = reply("[member: T, score: number][]", decode.toScorePairs);
/** Bytes for every client. Needs the flag ALWAYS_BYTES. */
export const bytes = reply("Buffer");
export const bytesOrNull = reply("Buffer | null");
/** The raw reply. */
export const raw = reply("unknown");
