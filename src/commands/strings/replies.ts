/** Decoder selection for LCS calls. */
import { toLcsResult } from "../core/decode.js";

/** Select the decoder of an LCS call; `undefined` for the default decoder of the command. */
export function selectLcsDecoder(options: { readonly idx?: boolean | undefined } | undefined) {
  return options?.idx === true ? toLcsResult : undefined;
}
