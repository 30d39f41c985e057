/** Decoder selection for SORT and SORT_RO calls, which depends on several options. */
import { toGroups } from "../core/decode.js";
import type { Decoder } from "../core/info.js";
import type { SortGetOptions } from "./args.js";

/** Select the decoder of a SORT call; `undefined` for the default decoder of the command. */
export function selectSortDecoder(
  options: (SortGetOptions & { readonly store?: unknown }) | undefined,
): Decoder | undefined {
  if (options?.groups !== true || options.store !== undefined) return undefined;
  return Array.isArray(options.get) ? toGroups(options.get.length) : undefined;
}
