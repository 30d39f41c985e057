/** Public types of array commands. */
import type { Value } from "../core/info.js";
import type { Integer } from "../core/types.js";

/** A bound of a search: an index, `"-"` for the first, `"+"` for the last. */
export type ArrayBound = Integer | "-" | "+";

/**
 * A search predicate: the element equals the value (`"EXACT"`), contains it (`"MATCH"`), or matches it
 * as a glob pattern (`"GLOB"`) or a regular expression (`"RE"`).
 */
export type ArrayPredicate = readonly [
  kind: "EXACT" | "MATCH" | "GLOB" | "RE" | "exact" | "match" | "glob" | "re",
  value: Value,
];

/** Numeric operations of AROP. */
export type ArraySum = "SUM" | "MIN" | "MAX" | "sum" | "min" | "max";

/** Bitwise operations of AROP, and `"USED"`, which counts the elements. */
export type ArrayBits = "AND" | "OR" | "XOR" | "USED" | "and" | "or" | "xor" | "used";

/** All operations of AROP; `"MATCH"` counts the elements that equal a value. */
export type ArrayOperation = ArraySum | ArrayBits | "MATCH" | "match";

/** Reply of ARINFO, with the server's field names. */
export interface ArrayInfo {
  [field: string]: string | number | undefined;
  /** Number of elements. */
  count: number;
  /** Highest index plus one. */
  len: number;
  /** Index at which `arinsert` adds the next element. */
  "next-insert-index": number;
  /** Number of slices that store the array. */
  slices: number;
  /** Capacity of the slice directory. */
  "directory-size": number;
  /** Number of super-directory entries; 0 for a small array. */
  "super-dir-entries": number;
  /** Number of indexes per slice. */
  "slice-size": number;
  /** Number of slices with a slot for every index; only with `full`, as the fields below. */
  "dense-slices"?: number;
  /** Number of slices that store indexes with their elements. */
  "sparse-slices"?: number;
  /** Average number of slots in a dense slice. */
  "avg-dense-size"?: number;
  /** Average fill ratio of a dense slice. */
  "avg-dense-fill"?: number;
  /** Average number of slots in a sparse slice. */
  "avg-sparse-size"?: number;
}
