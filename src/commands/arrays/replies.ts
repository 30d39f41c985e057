/** Owns the decoders of the commands on arrays, and the choice of one by the operation. */
import { toDouble, toExactDouble } from "../core/decode.js";
import { recordWith } from "../core/decode-records.js";
import type { Decoder } from "../core/info.js";

/** What ARINFO tells; averages are numbers in RESP3 only. */
export const toArrayInfo: Decoder = recordWith({
  "avg-dense-size": toDouble,
  "avg-dense-fill": toDouble,
  "avg-sparse-size": toDouble,
});

const SUMS: ReadonlySet<unknown> = new Set(["SUM", "MIN", "MAX", "sum", "min", "max"]);

/** Decoder of an AROP call: some of its results are texts of numbers, which may have fractions. */
export function pickAggregate(operation: unknown): Decoder | undefined {
  return SUMS.has(operation) ? toExactDouble : undefined;
}
