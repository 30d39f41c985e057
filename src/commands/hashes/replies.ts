/**
 * Decoder selection for HRANDFIELD and HSCAN calls, whose reply depends on their options. `undefined`
 * selects the default decoder of the command.
 */
import { toPairs, toScan, toScanPairs } from "../core/decode.js";
import type { Decoder } from "../core/info.js";

/** Select the decoder of an HRANDFIELD call. */
export function selectHrandfieldDecoder(
  options: { readonly withValues?: boolean | undefined } | undefined,
) {
  return options?.withValues === true ? toPairs : undefined;
}

/** Select the decoder of an HSCAN call. */
export function selectHscanDecoder(
  options:
    | { readonly pairs?: boolean | undefined; readonly noValues?: boolean | undefined }
    | undefined,
): Decoder | undefined {
  if (options?.noValues === true) return toScan;
  return options?.pairs === true ? toScanPairs : undefined;
}
