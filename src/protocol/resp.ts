/**
 * Owns the words of RESP itself: its type bytes, and what the text of a line means. Knows nothing of
 * chunks. Its messages name type bytes and limits, never the data.
 */
import { InvalidResponse } from "../errors.js";

export const CR = 13;
export const LF = 10;

export const STATUS = 43; // +
export const ERROR = 45; // -
export const INTEGER = 58; // :
export const BULK = 36; // $
export const ARRAY = 42; // *
export const NULL = 95; // _
export const BOOLEAN = 35; // #
export const DOUBLE = 44; // ,
export const BIG_NUMBER = 40; // (
export const BLOB_ERROR = 33; // !
export const VERBATIM = 61; // =
export const MAP = 37; // %
export const SET = 126; // ~
export const ATTRIBUTE = 124; // |
export const PUSH = 62; // >
const STREAM_PART = 59; // ;
const STREAM_END = 46; // .

/** A byte no reply begins with. */
export const UNKNOWN = 0;
/** A type whose line is text. */
export const WORDS = 1;
/** A type whose line is a number: an integer, or how much follows. */
export const NUMBER = 2;

/** {@link UNKNOWN}, {@link WORDS} or {@link NUMBER}, by type byte. */
export const KIND = new Uint8Array(256);
for (const type of [STATUS, ERROR, NULL, BOOLEAN, DOUBLE, BIG_NUMBER]) KIND[type] = WORDS;
for (const type of [INTEGER, BULK, BLOB_ERROR, VERBATIM]) KIND[type] = NUMBER;
for (const type of [ARRAY, MAP, SET, ATTRIBUTE, PUSH]) KIND[type] = NUMBER;

const FLOAT = /^[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?$/;
const DIGITS = /^[+-]?\d+$/;
const LENGTH = /^\d+$/;

const NOT_FINITE: ReadonlyMap<string, number> = new Map([
  ["inf", Number.POSITIVE_INFINITY],
  ["-inf", Number.NEGATIVE_INFINITY],
  ["nan", Number.NaN],
  ["-nan", Number.NaN], // what printf makes of NaN on x86, as servers before 7.2 send it
]);
const LETTER_T = 116;
const LETTER_F = 102;
const POINT = 46;
const MINUS = 45;
/** Up to here digits and powers of ten are exact as numbers, so that one division rounds correctly. */
const EXACT_DIGITS = 15;
const POWERS_OF_10 = Float64Array.from({ length: EXACT_DIGITS }, (_, n) => 10 ** n);

/** The longest line of a type in bytes, its type byte included; beyond it nobody can have meant it. */
export function lineLimit(type: number): number {
  return type === STATUS || type === ERROR ? 1024 * 1024 : 64 * 1024;
}

/** Make the error for bytes that are not RESP. */
export function protocolError(what: string): InvalidResponse {
  return new InvalidResponse(`Protocol Error: ${what}`, { code: "EPROTO" });
}

/** Make the error for a byte no reply begins with. */
export function unknownType(type: number): InvalidResponse {
  if (type === STREAM_PART || type === STREAM_END) return streamed(type);
  return protocolError(`no reply begins with ${named(type)}`);
}

/** Make the error for a line that does not say what its type has to say. */
export function badLine(type: number, text: string): InvalidResponse {
  if (text === "?") return streamed(type);
  return protocolError(`what follows ${named(type)} is malformed`);
}

/** Name a byte as it would be typed, or in hexadecimal. */
export function named(type: number): string {
  const printable = type > 32 && type < 127;
  return printable ? `"${String.fromCharCode(type)}"` : `0x${type.toString(16).padStart(2, "0")}`;
}

/**
 * Read the line `bytes[start, end)` of a `_`, `#`, `,` or `(`.
 *
 * @throws InvalidResponse when it is malformed.
 */
export function wordValue(type: number, bytes: Buffer, start: number, end: number): Word {
  const first = bytes[start];
  if (type === DOUBLE) {
    const value = plainDecimal(bytes, start, end);
    if (value !== undefined) return value;
  } else if (type === BOOLEAN) {
    if (end === start + 1 && first === LETTER_T) return true;
    if (end === start + 1 && first === LETTER_F) return false;
  } else if (type === NULL && end === start) {
    return null;
  }
  const text = bytes.toString("latin1", start, end);
  if (type === BIG_NUMBER) return integerValue(type, text);
  if (type === DOUBLE) return doubleValue(text);
  throw badLine(type, text);
}

/** What a line of words can say. */
type Word = null | boolean | number | bigint;

/** Read digits with at most one point among them, if they are few. */
function plainDecimal(bytes: Buffer, start: number, end: number): number | undefined {
  const negative = bytes[start] === MINUS;
  const first = negative ? start + 1 : start;
  if (end - first > EXACT_DIGITS) return undefined;
  let digits = 0;
  let point = end;
  for (let at = first; at < end; at++) {
    const digit = (bytes[at] as number) - 48;
    if (digit >= 0 && digit <= 9) digits = digits * 10 + digit;
    else if (bytes[at] === POINT && point === end && at > first) point = at;
    else return undefined;
  }
  if (end === first) return undefined;
  const value = point === end ? digits : digits / (POWERS_OF_10[end - point - 1] as number);
  return negative ? -value : value;
}

function doubleValue(text: string): number {
  const value = NOT_FINITE.get(text);
  if (value !== undefined) return value;
  if (FLOAT.test(text)) return Number(text);
  throw badLine(DOUBLE, text);
}

/**
 * Read a whole number of any size.
 *
 * @throws InvalidResponse when it is malformed.
 */
export function integerValue(type: number, text: string): bigint {
  if (!DIGITS.test(text)) throw badLine(type, text);
  return BigInt(text);
}

/**
 * Read how much follows.
 *
 * @returns The number, or -1 for the null that `$` and `*` can be.
 * @throws InvalidResponse when it is malformed.
 */
export function lengthValue(type: number, text: string): number {
  if (LENGTH.test(text)) return Number(text);
  if (text === "-1" && (type === BULK || type === ARRAY)) return -1;
  throw badLine(type, text);
}

function streamed(type: number): InvalidResponse {
  return protocolError(`streamed strings and aggregates are not supported (${named(type)})`);
}
