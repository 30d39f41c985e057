/** Types of arguments and replies that several command groups use. Types only. */

/** An integer: a safe integer, or a bigint. */
export type Integer = number | bigint;

/** A floating-point argument: a finite number, or decimal text, which is sent unchanged. */
export type Decimal = number | bigint | string;

/**
 * A sorted set score: a number (infinities included), its text, such as `"1.5"` or `"-inf"`, or a
 * bigint that a double represents exactly, because servers store scores as doubles.
 */
export type Score = number | bigint | string;

/** A bound of a score range: a score, `"(1.5"` to exclude the bound, `"-inf"` or `"+inf"`. */
export type ScoreBound = number | bigint | string;

/** A bound of a lexicographic range: `"[a"`, `"(a"`, `"-"` or `"+"`. */
export type LexBound = string | Uint8Array;

/** A point in time: a `Date`, or a Unix time in the command's unit. */
export type UnixTime = number | bigint | Date;

/** One item, or several in an array or a `Set`. */
export type Many<T> = T | readonly T[] | ReadonlySet<T>;

/**
 * Pairs as a plain object, a `Map`, or an iterable of `[key, value]` entries. `M` is the type of the object; as a
 * type parameter that extends `Record<keyof M, V>` it may be an interface, which has no index signature.
 */
export type Mapping<K, V, M = { readonly [key: string]: V }> =
  | M
  | ReadonlyMap<K, V>
  | Iterable<readonly [key: K, value: V]>;

/** Sorted sets to combine: keys, or keys mapped to weights that multiply their scores. */
export type WeightedKeys<K, M = { readonly [key: string]: Decimal }> =
  | Many<K>
  | Mapping<K, Decimal, M>;

/** Converts each score of a reply. */
export type ScoreCast<T> = (score: number) => T;

/** An end of a list. */
export type ListEnd = "LEFT" | "RIGHT" | "left" | "right";

/** A common run of two strings: its inclusive range in each, and its length when requested. */
export type LcsMatch = [first: [number, number], second: [number, number], length?: number];

/** The longest common subsequence of two strings. */
export interface LcsResult {
  /** Its runs, last one first. */
  matches: LcsMatch[];
  /** Its length, in bytes. */
  len: number;
}
