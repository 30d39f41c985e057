/** Decoders of array commands, and decoder selection for AROP. */
import { toDouble, toExactDouble } from "../core/decode.js";
import { recordWith } from "../core/decode-records.js";
import type { Decoder } from "../core/info.js";

/** Decode ARINFO; averages are strings in RESP2 and numbers in RESP3. */
export const toArrayInfo: Decoder = recordWith({
  "avg-dense-size": toDouble,
  "avg-dense-fill": toDouble,
  "avg-sparse-size": toDouble,
});

const NUMERIC_OPERATIONS: ReadonlySet<unknown> = new Set([
  "SUM",
  "MIN",
  "MAX",
  "sum",
  "min",
  "max",
]);

/** Select the decoder of an AROP call: SUM, MIN and MAX return a decimal string. */
export function selectAropDecoder(operation: unknown): Decoder | undefined {
  return NUMERIC_OPERATIONS.has(operation) ? toExactDouble : undefined;
}
