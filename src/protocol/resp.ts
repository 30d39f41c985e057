/**
 * The elements of RESP: type bytes, the values of complete lines, and protocol errors. Error messages
 * contain type bytes and limits, never data.
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

/** Not a type byte. */
export const UNKNOWN = 0;
/** A type whose line is text. */
export const TEXT_LINE = 1;
/** A type whose line is a number: an integer, a length or a count. */
export const NUMBER_LINE = 2;

/** {@link UNKNOWN}, {@link TEXT_LINE} or {@link NUMBER_LINE}, by type byte. */
export const LINE_KIND = lineKinds();

function lineKinds(): Uint8Array {
  const kinds = new Uint8Array(256);
  for (const type of [STATUS, ERROR, NULL, BOOLEAN, DOUBLE, BIG_NUMBER]) kinds[type] = TEXT_LINE;
  for (const type of [INTEGER, BULK, BLOB_ERROR, VERBATIM]) kinds[type] = NUMBER_LINE;
  for (const type of [ARRAY, MAP, SET, ATTRIBUTE, PUSH]) kinds[type] = NUMBER_LINE;
  return kinds;
}

const FLOAT = /^[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?$/;
const DIGITS = /^[+-]?\d+$/;
const LENGTH = /^\d+$/;

const NOT_FINITE: ReadonlyMap<string, number> = new Map([
  ["inf", Number.POSITIVE_INFINITY],
  ["-inf", Number.NEGATIVE_INFINITY],
  ["nan", Number.NaN],
  ["-nan", Number.NaN], // printf on x86 prints NaN like this; sent by servers before 7.2
]);
const LETTER_T = 116;
const LETTER_F = 102;
const POINT = 46;
const MINUS = 45;
/** Up to this many digits, numbers and powers of ten are exact, so one division rounds correctly. */
const EXACT_DIGITS = 15;
const POWERS_OF_10 = Float64Array.from({ length: EXACT_DIGITS }, (_, n) => 10 ** n);

/** Longest line of a status or an error. */
const TEXT_LIMIT = 1024 * 1024;
/** Servers write doubles with up to 5,120 digits; a big number of 4,096 bits has 1,234. */
const NUMBER_LIMIT = 16 * 1024;
/** 64 bits have up to 20 characters; the rest are the type byte, CR, and leading zeros. */
const INTEGER_LIMIT = 25;

/**
 * Return the maximum line length of a type, in bytes, including the type byte and CR.
 *
 * @param statusLimit - The limit of a status; default 1 MB.
 */
export function lineLimit(type: number, statusLimit = TEXT_LIMIT): number {
  if (type === STATUS) return statusLimit;
  if (type === ERROR) return TEXT_LIMIT;
  return LINE_KIND[type] === NUMBER_LINE ? INTEGER_LIMIT : NUMBER_LIMIT;
}

/** Create the error for a line that exceeds the limit of its type. */
export function longLine(type: number): InvalidResponse {
  return protocolError(`a line after ${typeName(type)} is too long`);
}

/** Create the error for bytes that are not RESP. */
export function protocolError(what: string): InvalidResponse {
  return new InvalidResponse(`Protocol Error: ${what}`, { code: "EPROTO" });
}

/** Create the error for an unknown type byte. */
export function unknownType(type: number): InvalidResponse {
  if (type === STREAM_PART || type === STREAM_END) return streamedValue(type);
  return protocolError(`unknown reply type ${typeName(type)}`);
}

/** Create the error for a line that is invalid for its type. */
export function badLine(type: number, text: string): InvalidResponse {
  if (text === "?") return streamedValue(type);
  return protocolError(`malformed line after ${typeName(type)}`);
}

/** Format a type byte: as a quoted character, or in hexadecimal. */
export function typeName(type: number): string {
  const printable = type > 32 && type < 127;
  return printable ? `"${String.fromCharCode(type)}"` : `0x${type.toString(16).padStart(2, "0")}`;
}

/**
 * Parse the line `bytes[start, end)` of a `_`, `#`, `,` or `(`.
 *
 * @throws InvalidResponse when it is malformed.
 */
export function lineValue(type: number, bytes: Buffer, start: number, end: number): LineValue {
  const first = bytes[start];
  if (type === DOUBLE) {
    const value = shortDecimal(bytes, start, end);
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

/** Value of a text line. */
type LineValue = null | boolean | number | bigint;

/** Parse up to 15 characters, digits and at most one decimal point; `undefined` for anything else. */
function shortDecimal(bytes: Buffer, start: number, end: number): number | undefined {
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
 * Parse an integer of any size.
 *
 * @throws InvalidResponse when it is malformed.
 */
export function integerValue(type: number, text: string): bigint {
  if (!DIGITS.test(text)) throw badLine(type, text);
  return BigInt(text);
}

/**
 * Parse a length or a count.
 *
 * @returns The number, or -1 for the null of `$` and `*`.
 * @throws InvalidResponse when it is malformed.
 */
export function lengthValue(type: number, text: string): number {
  if (LENGTH.test(text)) return Number(text);
  if (text === "-1" && (type === BULK || type === ARRAY)) return -1;
  throw badLine(type, text);
}

function streamedValue(type: number): InvalidResponse {
  return protocolError(`streamed strings and aggregates are not supported (${typeName(type)})`);
}
