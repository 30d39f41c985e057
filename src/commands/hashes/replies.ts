/**
 * Selects the decoder of a HRANDFIELD or HSCAN call, which depends on more than one option. `undefined`
 * selects the decoder of the command.
 */
import { toPairs, toScan, toScanPairs } from "../core/decode.js";
import type { Decoder } from "../core/info.js";

/** Decoder of an HRANDFIELD call. */
export function pickHrandfield(options: { readonly withValues?: boolean | undefined } | undefined) {
  return options?.withValues === true ? toPairs : undefined;
}

/** Decoder of an HSCAN call. */
export function pickHscan(
  options:
    | { readonly pairs?: boolean | undefined; readonly noValues?: boolean | undefined }
    | undefined,
): Decoder | undefined {
  if (options?.noValues === true) return toScan;
  return options?.pairs === true ? toScanPairs : undefined;
}
