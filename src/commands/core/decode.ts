/**
 * Owns the decoders of data commands: from a raw reply to the value a method promises, the same value
 * whether the server spoke RESP2 (flat arrays, numbers as text) or RESP3 (maps, sets, doubles,
 * booleans). Pure and total: a shape nobody foresaw comes back as it is. The one error that may be
 * thrown is a DecodeError for what cannot be represented without loss.
 */
import { DecodeError, RedisError } from "../../errors.js";
import { MapReply, type Reply, SetReply } from "../../protocol/reply.js";
import type { DecodeContext, Decoder } from "./info.js";
import type { LcsMatch, LcsResult, ScoreCast } from "./types.js";

/** An object without prototype, so that no key can meet an inherited name. */
export type Dictionary<T = unknown> = Record<string, T>;

/** So many digits, and powers of ten so large, are exact as numbers: one division rounds correctly. */
const EXACT_DIGITS = 15;
const PLAIN_DECIMAL = /^-?\d+(?:\.\d+)?$/;
const DIGIT_0 = 48;
const MINUS = 45;
/** The point, counted from the digit 0. */
const POINT = -2;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;
const NOT_A_NUMBER = /^[+-]?nan$/i;

/** The elements of an aggregate reply of any kind, or undefined for anything else. */
export function itemsOf(reply: Reply): Reply[] | undefined {
  if (Array.isArray(reply)) return reply;
  return reply instanceof MapReply || reply instanceof SetReply ? reply.items : undefined;
}

/**
 * Maps and sets at any depth become a Map and a Set, all else stays: the plain form of what nobody
 * can foresee, such as the reply of a script or of a command the table does not know.
 */
export function plainReply(reply: Reply): unknown {
  if (Array.isArray(reply)) return reply.map(plainReply);
  if (reply instanceof SetReply) return new Set(reply.items.map(plainReply));
  if (!(reply instanceof MapReply)) return reply;
  const map = new Map<unknown, unknown>();
  for (let i = 0; i + 1 < reply.items.length; i += 2) {
    map.set(plainReply(reply.items[i] ?? null), plainReply(reply.items[i + 1] ?? null));
  }
  return map;
}

/** Protocol words are ASCII whatever the client's encoding: read them so. */
export function toWord(reply: Reply): Reply {
  return Buffer.isBuffer(reply) ? reply.toString("latin1") : reply;
}

/** `OK` becomes `true`. */
export function okToTrue(reply: Reply): unknown {
  return reply === "OK" ? true : reply;
}

/** 1 or 0, a RESP3 boolean or `OK` becomes a boolean. */
export function toBoolean(reply: Reply): unknown {
  if (typeof reply === "number" || typeof reply === "bigint") return reply > 0;
  if (reply === null) return false;
  return reply === "OK" ? true : reply;
}

/**
 * Read a number as Redis writes it.
 *
 * @returns The double, or undefined when `text` is not a number to its last character.
 */
export function parseDouble(text: string): number | undefined {
  const short = shortDecimal(text);
  if (short !== undefined) return short;
  if (NUMBER.test(text)) return Number(text);
  const infinite = INFINITE.exec(text);
  if (infinite !== null) return infinite[1] === "-" ? -Infinity : Infinity;
  return NOT_A_NUMBER.test(text) ? Number.NaN : undefined;
}

/** Read what scores look like nearly always, in a fourth of the time a pattern and `Number` take. */
function shortDecimal(text: string): number | undefined {
  const { length } = text;
  const first = text.charCodeAt(0) === MINUS ? 1 : 0;
  if (length === first || length - first > EXACT_DIGITS) return undefined;
  let digits = 0;
  let scale = 0;
  for (let i = first; i < length; i++) {
    const digit = text.charCodeAt(i) - DIGIT_0;
    if (digit >= 0 && digit <= 9) {
      digits = digits * 10 + digit;
      scale *= 10;
    } else if (digit === POINT && scale === 0 && i > first) scale = 1;
    else return undefined;
  }
  const value = scale === 0 ? digits : digits / scale;
  return first === 0 ? value : -value;
}

/** A double as text or as a RESP3 double becomes a number; null stays. */
export function toDouble(reply: Reply): unknown {
  if (typeof reply === "number") return reply;
  if (typeof reply === "bigint") return Number(reply);
  const text = toWord(reply);
  return typeof text === "string" ? (parseDouble(text) ?? reply) : reply;
}

/**
 * As {@link toDouble}, for sums that servers keep with more digits than a double has: beyond 2^53 they
 * come back exact or not at all, like any integer.
 *
 * @throws DecodeError when the sum is not exact as a number.
 */
export function toExactDouble(reply: Reply): unknown {
  const number = toDouble(reply);
  if (typeof number !== "number" || Math.abs(number) <= Number.MAX_SAFE_INTEGER) return number;
  const text = toWord(reply);
  if (typeof text !== "string" || !PLAIN_DECIMAL.test(text)) return number;
  const isExact = Number.isFinite(number) && !text.includes(".") && BigInt(text) === BigInt(number);
  if (isExact) return number;
  throw new DecodeError(
    `the sum ${text} is not exact as a number; it is stored, and reading it gives every digit`,
    { code: "EDECODE" },
  );
}

/** Each element as {@link toExactDouble}. */
export function toExactDoubles(reply: Reply): unknown {
  return itemsOf(reply)?.map(toExactDouble) ?? reply;
}

/** Each element as {@link toDouble}. */
export function toDoubles(reply: Reply): unknown {
  return itemsOf(reply)?.map(toDouble) ?? reply;
}

/** Any aggregate becomes a plain array. */
export function toArray(reply: Reply): unknown {
  return itemsOf(reply) ?? reply;
}

/** Any aggregate becomes a Set; null becomes an empty one. */
export function toSet(reply: Reply): unknown {
  if (reply === null) return new Set();
  const items = itemsOf(reply);
  return items === undefined ? reply : new Set(items);
}

/** Field names and values, flat, as a map or as nested pairs, become `[field, value][]`. */
export function toPairs(reply: Reply): unknown {
  const items = itemsOf(reply);
  return items === undefined ? reply : pairsOf(items);
}

function pairsOf(items: readonly Reply[]): [Reply, Reply][] {
  const pairs: [Reply, Reply][] = [];
  const first = items[0];
  if (first !== undefined && Array.isArray(first)) {
    for (const item of items) {
      if (Array.isArray(item)) pairs.push([item[0] ?? null, item[1] ?? null]);
    }
    return pairs;
  }
  for (let i = 0; i + 1 < items.length; i += 2)
    pairs.push([items[i] ?? null, items[i + 1] ?? null]);
  return pairs;
}

const AS_BYTES = "hkeys() and hscanIter() give field names as bytes";

/**
 * Read a field name: object keys are text, whatever the values are.
 *
 * @param instead - What gives the names as bytes, for the error when one is no text.
 */
export function nameOf(reply: Reply, context: DecodeContext, instead = AS_BYTES): string {
  if (typeof reply === "string") return reply;
  if (!Buffer.isBuffer(reply)) return String(reply);
  try {
    return context.text(reply);
  } catch (cause) {
    if (!(cause instanceof RedisError)) throw cause;
    throw new DecodeError(
      `a field name is not valid text and cannot become an object key; ${instead}`,
      { code: cause.code, cause },
    );
  }
}

/** Field names and values become an object without prototype; null becomes an empty one. */
export function toRecord(reply: Reply, context: DecodeContext): unknown {
  const record: Dictionary<Reply> = Object.create(null);
  if (reply === null) return record;
  const items = itemsOf(reply);
  if (items === undefined) return reply;
  if (Array.isArray(items[0])) {
    for (const [name, value] of pairsOf(items)) record[nameOf(name, context)] = value;
    return record;
  }
  // The common shape, without an array per field.
  for (let i = 0; i + 1 < items.length; i += 2) {
    record[nameOf(items[i] ?? null, context)] = items[i + 1] ?? null;
  }
  return record;
}

const identity: ScoreCast<unknown> = (score) => score;

function scorePairs(reply: Reply, cast: ScoreCast<unknown>): unknown {
  const items = itemsOf(reply);
  if (items === undefined) return reply;
  const score = (raw: Reply): unknown => {
    const number = toDouble(raw);
    return typeof number === "number" ? cast(number) : number;
  };
  if (Array.isArray(items[0])) return pairsOf(items).map(([member, raw]) => [member, score(raw)]);
  // The common shape, without a second array per member.
  const pairs: unknown[] = [];
  for (let i = 0; i + 1 < items.length; i += 2) pairs.push([items[i], score(items[i + 1] ?? null)]);
  return pairs;
}

/** Members with scores, flat or as nested pairs, become `[member, score][]`. */
export function toScorePairs(reply: Reply): unknown {
  return scorePairs(reply, identity);
}

/** As {@link toScorePairs}, each score replaced by what `cast` makes of it. */
export function toCastPairs(cast: ScoreCast<unknown>): Decoder {
  return (reply) => scorePairs(reply, cast);
}

/** `[rank, score]`; a rank alone stays, and so does null. */
export function toRankScore(reply: Reply): unknown {
  if (!Array.isArray(reply) || reply.length !== 2) return reply;
  const [rank = null, score = null] = reply;
  return [rank, toDouble(score)];
}

/** `[key, member, score]` of a blocking pop; null stays. */
export function toKeyedScore(reply: Reply): unknown {
  if (!Array.isArray(reply) || reply.length !== 3) return reply;
  const [key = null, member = null, score = null] = reply;
  return [key, member, toDouble(score)];
}

/** `[key, [member, score][]]` of a pop from many sorted sets; null stays. */
export function toKeyedScores(reply: Reply): unknown {
  if (!Array.isArray(reply) || reply.length !== 2) return reply;
  const [key = null, members = null] = reply;
  return [key, toScorePairs(members)];
}

function scanned(reply: Reply, decode: (items: Reply) => unknown): unknown {
  if (!Array.isArray(reply) || reply.length !== 2) return reply;
  const [cursor = null, items = null] = reply;
  const text = toWord(cursor);
  return [
    typeof text === "number" || typeof text === "bigint" ? String(text) : text,
    decode(items),
  ];
}

/** `[cursor, items]`; the cursor is text, it may exceed what a number holds. */
export function toScan(reply: Reply): unknown {
  return scanned(reply, toArray);
}

/** `[cursor, fields]` with the fields as an object. */
export function toScanRecord(reply: Reply, context: DecodeContext): unknown {
  return scanned(reply, (items) => toRecord(items, context));
}

/** `[cursor, [field, value][]]`. */
export function toScanPairs(reply: Reply): unknown {
  return scanned(reply, toPairs);
}

/** `[cursor, [member, score][]]`. */
export function toScanScores(reply: Reply): unknown {
  return scanned(reply, toScorePairs);
}

/** As {@link toScanScores}, each score replaced by what `cast` makes of it. */
export function toScanCast(cast: ScoreCast<unknown>): Decoder {
  return (reply) => scanned(reply, (items) => scorePairs(items, cast));
}

/** A flat array becomes groups of `size`; an incomplete last group is dropped. */
export function toGroups(size: number): Decoder {
  return (reply) => {
    const items = itemsOf(reply);
    if (items === undefined) return reply;
    const groups: Reply[][] = [];
    for (let end = size; end <= items.length; end += size)
      groups.push(items.slice(end - size, end));
    return groups;
  };
}

/** The runs two strings share, as `{ matches, len }`. */
export function toLcsResult(reply: Reply): unknown {
  const items = itemsOf(reply);
  if (items === undefined) return reply;
  const result: LcsResult = { matches: [], len: 0 };
  for (const [name, value] of pairsOf(items)) {
    const word = toWord(name);
    if (word === "matches" && Array.isArray(value)) result.matches = value as unknown as LcsMatch[];
    if (word === "len" && typeof value === "number") result.len = value;
  }
  return result;
}

/** 1 or 0 each becomes a boolean. */
export function toBooleans(reply: Reply): unknown {
  return itemsOf(reply)?.map(toBoolean) ?? reply;
}

/** Each element a map of names to values. */
export function toRecords(reply: Reply, context: DecodeContext): unknown {
  return itemsOf(reply)?.map((item) => toRecord(item, context)) ?? reply;
}
