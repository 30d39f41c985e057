/**
 * Owns the named types that command methods share: what their arguments may be and what structured
 * replies look like. Types only; nothing here exists at run time.
 */

/** A whole number: a safe integer, or a bigint for what lies beyond 2^53. */
export type Integer = number | bigint;

/** A floating-point argument: a finite number, or its decimal text when every digit counts. */
export type Decimal = number | bigint | string;

/**
 * A sorted set score: a number (infinities included), its text, such as `"1.5"` or `"-inf"`, or a
 * bigint that is exact as a double, which is what servers keep scores as.
 */
export type Score = number | bigint | string;

/** A bound of a score range: a score, `"(1.5"` to leave the bound out, `"-inf"` or `"+inf"`. */
export type ScoreBound = number | bigint | string;

/** A bound of a lexicographic range: `"[a"`, `"(a"`, `"-"` or `"+"`. */
export type LexBound = string | Uint8Array;

/** A point in time: a Unix time in the command's own unit, or a `Date`. */
export type UnixTime = number | bigint | Date;

/** One item, or many of them in an array or a `Set`. */
export type Many<T> = T | readonly T[] | ReadonlySet<T>;

/** Pairs as a plain object, a `Map`, or an iterable of `[key, value]` entries. */
export type Mapping<K, V> =
  | { readonly [key: string]: V }
  | ReadonlyMap<K, V>
  | Iterable<readonly [key: K, value: V]>;

/** Sorted sets to combine: their keys, or keys with the weight that multiplies their scores. */
export type WeightedKeys<K> = Many<K> | Mapping<K, Decimal>;

/** Turns a score into the value a reply shall carry in its place. */
export type ScoreCast<T> = (score: number) => T;

/** An end of a list. */
export type ListEnd = "LEFT" | "RIGHT" | "left" | "right";

/** Where two strings agree: the range in each (both ends included) and, when asked, the length. */
export type LcsMatch = [first: [number, number], second: [number, number], length?: number];

/** Every common run of two strings. */
export interface LcsResult {
  /** The runs, last one first. */
  matches: LcsMatch[];
  /** Length of the whole longest common subsequence in bytes. */
  len: number;
}
