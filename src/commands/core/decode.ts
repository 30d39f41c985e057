/**
 * Decodes raw replies into the values of command methods, with the same result for RESP2 (flat arrays,
 * numbers as text) and RESP3 (maps, sets, doubles, booleans). Pure. A reply of unexpected shape is
 * returned unchanged; the only error is a DecodeError for what cannot be represented without loss.
 */
import { DecodeError, RedisError } from "../../errors.js";
import { MapReply, type Reply, SetReply } from "../../protocol/reply.js";
import type { DecodeContext, Decoder } from "./info.js";
import type { LcsMatch, LcsResult, ScoreCast } from "./types.js";

/** An object without prototype, so that no key collides with an inherited name. */
export type Dictionary<T = unknown> = Record<string, T>;

/** Integers and powers of ten of up to 15 digits are exact as numbers, so one division rounds correctly. */
const EXACT_DIGITS = 15;
const PLAIN_DECIMAL = /^-?\d+(?:\.\d+)?$/;
const DIGIT_0 = 48;
const MINUS = 45;
/** Character code of `.` minus that of `0`. */
const POINT = -2;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;
const NOT_A_NUMBER = /^[+-]?nan$/i;

/** Return the elements of an array, map or set reply; undefined for anything else. */
export function itemsOf(reply: Reply): Reply[] | undefined {
  if (Array.isArray(reply)) return reply;
  return reply instanceof MapReply || reply instanceof SetReply ? reply.items : undefined;
}

/**
 * Convert maps and sets at any depth to Map and Set: for replies of unknown shape, such as those of
 * scripts and of commands that are not in the table.
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

/** Decode a protocol string; these are ASCII in every client encoding. */
export function toWord(reply: Reply): Reply {
  return Buffer.isBuffer(reply) ? reply.toString("latin1") : reply;
}

/** Convert `OK` to `true`. */
export function okToTrue(reply: Reply): unknown {
  return reply === "OK" ? true : reply;
}

/** Convert 1 or 0, a RESP3 boolean, `OK` or null to a boolean. */
export function toBoolean(reply: Reply): unknown {
  if (typeof reply === "number" || typeof reply === "bigint") return reply > 0;
  if (reply === null) return false;
  return reply === "OK" ? true : reply;
}

/** Parse a double in Redis notation; undefined when the whole text is not a number. */
export function parseDouble(text: string): number | undefined {
  const short = shortDecimal(text);
  if (short !== undefined) return short;
  if (NUMBER.test(text)) return Number(text);
  const infinite = INFINITE.exec(text);
  if (infinite !== null) return infinite[1] === "-" ? -Infinity : Infinity;
  return NOT_A_NUMBER.test(text) ? Number.NaN : undefined;
}

/** Parse the usual form of a score, in a quarter of the time of a RegExp and `Number`. */
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

/** Convert a double, also as text, to a number; null is unchanged. */
export function toDouble(reply: Reply): unknown {
  if (typeof reply === "number") return reply;
  if (typeof reply === "bigint") return Number(reply);
  const text = toWord(reply);
  return typeof text === "string" ? (parseDouble(text) ?? reply) : reply;
}

/**
 * Like {@link toDouble}, for sums that servers compute with more digits than a double has.
 *
 * @throws DecodeError when a sum beyond 2^53 is not exact as a number.
 */
export function toExactDouble(reply: Reply): unknown {
  const number = toDouble(reply);
  if (typeof number !== "number" || Math.abs(number) <= Number.MAX_SAFE_INTEGER) return number;
  const text = toWord(reply);
  if (typeof text !== "string" || !PLAIN_DECIMAL.test(text)) return number;
  const isExact = Number.isFinite(number) && !text.includes(".") && BigInt(text) === BigInt(number);
  if (isExact) return number;
  throw new DecodeError(
    `the sum ${text} is not exact as a number; it is stored, read it as text for all digits`,
    { code: "EDECODE" },
  );
}

/** Convert each element as {@link toExactDouble} does. */
export function toExactDoubles(reply: Reply): unknown {
  return itemsOf(reply)?.map(toExactDouble) ?? reply;
}

/** Convert each element as {@link toDouble} does. */
export function toDoubles(reply: Reply): unknown {
  return itemsOf(reply)?.map(toDouble) ?? reply;
}

/** Convert an array, map or set to an array. */
export function toArray(reply: Reply): unknown {
  return itemsOf(reply) ?? reply;
}

/** Convert an array, map or set to a Set; null to an empty one. */
export function toSet(reply: Reply): unknown {
  if (reply === null) return new Set();
  const items = itemsOf(reply);
  return items === undefined ? reply : new Set(items);
}

/** Convert field names and values (flat, a map or nested pairs) to `[field, value][]`. */
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

const USE_INSTEAD = "use hkeys() or hscanIter() for field names as bytes";

/**
 * Read a field name as an object key, which is text even when values are bytes.
 *
 * @param remedy - End of the message when the name is invalid text: how to get names as bytes.
 * @throws DecodeError when the name is not valid text.
 */
export function nameOf(reply: Reply, context: DecodeContext, remedy = USE_INSTEAD): string {
  if (typeof reply === "string") return reply;
  if (!Buffer.isBuffer(reply)) return String(reply);
  try {
    return context.text(reply);
  } catch (cause) {
    if (!(cause instanceof RedisError)) throw cause;
    throw new DecodeError(
      `a field name is not valid text and cannot become an object key; ${remedy}`,
      { code: cause.code, cause },
    );
  }
}

/** Convert field names and values to an object without prototype; null to an empty one. */
export function toRecord(reply: Reply, context: DecodeContext): unknown {
  const record: Dictionary<Reply> = Object.create(null);
  if (reply === null) return record;
  const items = itemsOf(reply);
  if (items === undefined) return reply;
  if (Array.isArray(items[0])) {
    for (const [name, value] of pairsOf(items)) record[nameOf(name, context)] = value;
    return record;
  }
  // The usual shape, without an array per field.
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
  // The usual shape, without a second array per member.
  const pairs: unknown[] = [];
  for (let i = 0; i + 1 < items.length; i += 2) pairs.push([items[i], score(items[i + 1] ?? null)]);
  return pairs;
}

/** Convert members with scores (flat or nested pairs) to `[member, score][]`. */
export function toScorePairs(reply: Reply): unknown {
  return scorePairs(reply, identity);
}

/** Like {@link toScorePairs}, with each score converted by `cast`. */
export function toCastPairs(cast: ScoreCast<unknown>): Decoder {
  return (reply) => scorePairs(reply, cast);
}

/** Decode `[rank, score]`; a rank alone and null are unchanged. */
export function toRankScore(reply: Reply): unknown {
  if (!Array.isArray(reply) || reply.length !== 2) return reply;
  const [rank = null, score = null] = reply;
  return [rank, toDouble(score)];
}

/** Decode `[rank, score]` and convert the score; a rank alone and null are unchanged. */
export function toRankCast(cast: ScoreCast<unknown>): Decoder {
  return (reply) => {
    const decoded = toRankScore(reply);
    return Array.isArray(decoded) ? [decoded[0], cast(decoded[1])] : decoded;
  };
}

/** Decode `[key, member, score]` of a blocking pop; null is unchanged. */
export function toKeyedScore(reply: Reply): unknown {
  if (!Array.isArray(reply) || reply.length !== 3) return reply;
  const [key = null, member = null, score = null] = reply;
  return [key, member, toDouble(score)];
}

/** Decode `[key, [member, score][]]` of a pop from several sorted sets; null is unchanged. */
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

/** Decode `[cursor, items]`. The cursor is text because it may exceed 2^53. */
export function toScan(reply: Reply): unknown {
  return scanned(reply, toArray);
}

/** Decode `[cursor, fields]` with the fields as an object. */
export function toScanRecord(reply: Reply, context: DecodeContext): unknown {
  return scanned(reply, (items) => toRecord(items, context));
}

/** Decode `[cursor, [field, value][]]`. */
export function toScanPairs(reply: Reply): unknown {
  return scanned(reply, toPairs);
}

/** Decode `[cursor, [member, score][]]`. */
export function toScanScores(reply: Reply): unknown {
  return scanned(reply, toScorePairs);
}

/** Like {@link toScanScores}, with each score converted by `cast`. */
export function toScanCast(cast: ScoreCast<unknown>): Decoder {
  return (reply) => scanned(reply, (items) => scorePairs(items, cast));
}

/** Split a flat array into groups of `size`; an incomplete last group is dropped. */
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

/** Decode LCS IDX: the common runs of two strings and the total length. */
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

/** Convert each element as {@link toBoolean} does. */
export function toBooleans(reply: Reply): unknown {
  return itemsOf(reply)?.map(toBoolean) ?? reply;
}

/** Convert each element as {@link toRecord} does. */
export function toRecords(reply: Reply, context: DecodeContext): unknown {
  return itemsOf(reply)?.map((item) => toRecord(item, context)) ?? reply;
}
