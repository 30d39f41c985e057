/**
 * Owns the replies that many commands share: each pairs the type a method promises with the decoder
 * that keeps the promise. `T` is text or bytes as the client chose, `I` number or bigint.
 */
import * as decode from "../core/decode.js";
import { reply } from "./dsl.js";

/** A count, a length, an index: always a number. */
export const count = reply("number");
export const countOrNull = reply("number | null");
export const counts = reply("number[]");
/** A stored integer: bigint when the client wants it so. The command needs the flag INT64. */
export const int64 = reply("I");
export const text = reply("T");
export const textOrNull = reply("T | null");
export const texts = reply("T[]");
export const textsOrNull = reply("T[] | null");
export const textsOrNulls = reply("(T | null)[]");
/** A status line or an ALWAYS_TEXT reply. */
export const word = reply("string");
export const wordOrNull = reply("string | null");
export const words = reply("string[]");
export const ok = reply("true", decode.okToTrue);
export const okOrNull = reply("true | null", decode.okToTrue);
export const bool = reply("boolean", decode.toBoolean);
export const double = reply("number", decode.toDouble);
/** What the server adds up with more digits than a double has. */
export const exactDouble = reply("number", decode.toExactDouble);
export const doubleOrNull = reply("number | null", decode.toDouble);
export const doublesOrNulls = reply("(number | null)[]", decode.toDoubles);
export const set = reply("Set<T>", decode.toSet);
export const record = reply("Record<string, T>", decode.toRecord);
export const pairs = reply("[field: T, value: T][]", decode.toPairs);
export const scorePairs = reply("[member: T, score: number][]", decode.toScorePairs);
/** Bytes whatever the client chose. The command needs the flag ALWAYS_BYTES. */
export const bytes = reply("Buffer");
export const bytesOrNull = reply("Buffer | null");
/** Whatever the server says. */
export const raw = reply("unknown");
