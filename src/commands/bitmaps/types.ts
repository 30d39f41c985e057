/** Public types of bitmap commands. */

/** A bit: 0 or 1, or a boolean. */
export type Bit = 0 | 1 | boolean;

/** Unit of bitmap offsets: bytes or bits. */
export type BitUnit = "BYTE" | "BIT" | "byte" | "bit";

/** Integer type in a bitmap: `i` (signed) or `u` (unsigned) and the width in bits; `i1`-`i64`, `u1`-`u63`. */
export type BitEncoding = `i${number}` | `u${number}` | `I${number}` | `U${number}`;

/** Offset of an integer in a bitmap: a bit offset, or `#n` for n times its width, both from 0. */
export type BitOffset = number | bigint | `#${number}`;

/** Overflow behaviour: wrap around, saturate, or fail, which returns `null` and changes nothing. */
export type BitOverflow = "WRAP" | "SAT" | "FAIL" | "wrap" | "sat" | "fail";

/** An integer to read: its type and its offset. */
export type BitRead = readonly [encoding: BitEncoding, offset: BitOffset];

/** Options of `bitfield`. */
export interface BitfieldOptions {
  /** Overflow behaviour until `overflow` is called; default `WRAP`. */
  readonly defaultOverflow?: BitOverflow | undefined;
}

type BitOperationName = "AND" | "OR" | "XOR" | "NOT" | "DIFF" | "DIFF1" | "ANDOR" | "ONE";

/** Bitwise operation of BITOP; `DIFF`, `DIFF1`, `ANDOR` and `ONE` since Redis 8.2. */
export type BitOperation = BitOperationName | Lowercase<BitOperationName>;
