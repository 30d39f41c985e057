/**
 * Selects the decoder of an LCS call. `undefined` selects the decoder of the command.
 */
import { toLcsResult } from "../core/decode.js";

/** Decoder of an LCS call. */
export function pickLcs(options: { readonly idx?: boolean | undefined } | undefined) {
  return options?.idx === true ? toLcsResult : undefined;
}
