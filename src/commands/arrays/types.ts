/** Owns the types of the commands on arrays. Types only. */
import type { Value } from "../core/info.js";
import type { Integer } from "../core/types.js";

/** An end of a search: an index, `"-"` for the first one, `"+"` for the last. */
export type ArrayBound = Integer | "-" | "+";

/**
 * What an element has to be: equal to a value (`"EXACT"`), a text with it inside (`"MATCH"`), or one
 * that fits a glob pattern (`"GLOB"`) or a regular expression (`"RE"`).
 */
export type ArrayPredicate = readonly [
  kind: "EXACT" | "MATCH" | "GLOB" | "RE" | "exact" | "match" | "glob" | "re",
  value: Value,
];

/** What AROP makes of the numbers in a range. */
export type ArraySum = "SUM" | "MIN" | "MAX" | "sum" | "min" | "max";

/** What AROP makes of the integers in a range, bit by bit; `"USED"` counts the elements. */
export type ArrayBits = "AND" | "OR" | "XOR" | "USED" | "and" | "or" | "xor" | "used";

/** What AROP can do; `"MATCH"` counts the elements that equal a value. */
export type ArrayOperation = ArraySum | ArrayBits | "MATCH" | "match";

/** What ARINFO tells of an array; names are the server's. */
export interface ArrayInfo {
  [field: string]: string | number | undefined;
  /** How many elements there are. */
  count: number;
  /** Highest index plus one. */
  len: number;
  /** Where `arinsert` goes on. */
  "next-insert-index": number;
  /** How many pieces the array is kept in. */
  slices: number;
  /** For how many pieces its directory has room. */
  "directory-size": number;
  /** How many directories stand above it; 0 when it is small. */
  "super-dir-entries": number;
  /** How many indexes belong to a piece. */
  "slice-size": number;
  /** How many pieces have a place for each index; only with `full`, as what follows. */
  "dense-slices"?: number;
  /** How many pieces keep indexes beside their elements. */
  "sparse-slices"?: number;
  /** Places in a dense piece, on average. */
  "avg-dense-size"?: number;
  /** Part of them that is filled, on average. */
  "avg-dense-fill"?: number;
  /** Places in a sparse piece, on average. */
  "avg-sparse-size"?: number;
}
