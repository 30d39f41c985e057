/** Owns the types of bitmap commands: bits and the integers made of them. Types only. */

/** A bit: 0 or 1, or a boolean for it. */
export type Bit = 0 | 1 | boolean;

/** How bits are counted and addressed: by bytes or by single bits. */
export type BitUnit = "BYTE" | "BIT" | "byte" | "bit";

/** An integer inside a bitmap: `i` signed or `u` unsigned, and its bits; up to `i64` and `u63`. */
export type BitEncoding = `i${number}` | `u${number}` | `I${number}` | `U${number}`;

/** Where an integer lies in a bitmap: at a bit, or `#n`, the n-th of its own width, from 0. */
export type BitOffset = number | bigint | `#${number}`;

/** What becomes of a result too large for its bits; `FAIL` gives `null` and changes nothing. */
export type BitOverflow = "WRAP" | "SAT" | "FAIL" | "wrap" | "sat" | "fail";

/** One more integer to read: its kind and where it lies. */
export type BitRead = readonly [encoding: BitEncoding, offset: BitOffset];

/** Options of `bitfield`. */
export interface BitfieldOptions {
  /** What becomes of results too large, until `overflow` says otherwise; `WRAP` when left out. */
  readonly defaultOverflow?: BitOverflow | undefined;
}

type BitOperationWord = "AND" | "OR" | "XOR" | "NOT" | "DIFF" | "DIFF1" | "ANDOR" | "ONE";

/** How BITOP combines strings; the last four since Redis 8.2. */
export type BitOperation = BitOperationWord | Lowercase<BitOperationWord>;
