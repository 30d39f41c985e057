/**
 * Argument shapes of MSETEX and its relatives that the command table cannot express. As all argument
 * helpers they neither throw nor put values into messages.
 */
import { type ArgList, token } from "../core/args.js";
import type { Key, Value } from "../core/info.js";
import { valuePairs } from "../core/shared-args.js";
import type { Mapping } from "../core/types.js";

const ENX = token("ENX");

/** Add the number of keys, and keys and values of a mapping. */
export function countedValues(args: ArgList, mapping: Mapping<Key, Value>): void {
  const at = args.words.push(0) - 1;
  valuePairs(args, mapping);
  args.words[at] = (args.words.length - at - 1) / 2;
}

/** What {@link expiryIfNone} reads. */
export interface ExpiryShape {
  readonly enx?: boolean | undefined;
  readonly ex?: unknown;
  readonly px?: unknown;
  readonly exat?: unknown;
  readonly pxat?: unknown;
}

/** Add that only a key without an expiry gets the one that stands before. */
export function expiryIfNone(args: ArgList, options: ExpiryShape | undefined): void {
  if (args.error !== undefined || options === undefined) return;
  const { enx, ex, px, exat, pxat } = options;
  args.flag("options.enx", ENX, enx);
  if (enx === true && (ex ?? px ?? exat ?? pxat) === undefined) {
    args.invalid("options.enx", 'needs one of the options "ex", "px", "exat", "pxat"');
  }
}
