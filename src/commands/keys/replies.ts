/**
 * Selects the decoder of a SORT call, which depends on more than one option. `undefined` selects the
 * decoder of the command.
 */
import { toGroups } from "../core/decode.js";
import type { Decoder } from "../core/info.js";
import type { SortShape } from "./args.js";

/** Decoder of a SORT call. */
export function pickSort(
  options: (SortShape & { readonly store?: unknown }) | undefined,
): Decoder | undefined {
  if (options?.groups !== true || options.store !== undefined) return undefined;
  return Array.isArray(options.get) ? toGroups(options.get.length) : undefined;
}
