/**
 * Argument builders of MSETEX and INCREX for what the command table cannot express. They report
 * invalid arguments to the `ArgList`, never throw, and put no value into a message.
 */
import { type ArgList, token } from "../core/args.js";
import type { Key, Value } from "../core/info.js";
import { valuePairs } from "../core/shared-args.js";
import type { Mapping } from "../core/types.js";

const ENX = token("ENX");

/** Add the number of keys, then the keys and values of a mapping. */
export function addCountedKeyValues(args: ArgList, mapping: Mapping<Key, Value>): void {
  const countIndex = args.words.push(0) - 1;
  valuePairs(args, mapping);
  args.words[countIndex] = (args.words.length - countIndex - 1) / 2;
}

/** The options that {@link addEnxFlag} reads. */
export interface IncrexExpiryOptions {
  readonly enx?: boolean | undefined;
  readonly ex?: unknown;
  readonly px?: unknown;
  readonly exat?: unknown;
  readonly pxat?: unknown;
}

/** Add ENX, which requires an expiry: the preceding expiry applies only to a key without one. */
export function addEnxFlag(args: ArgList, options: IncrexExpiryOptions | undefined): void {
  if (args.error !== undefined || options === undefined) return;
  const { enx, ex, px, exat, pxat } = options;
  args.flag("options.enx", ENX, enx);
  if (enx === true && (ex ?? px ?? exat ?? pxat) === undefined) {
    args.invalid("options.enx", 'needs one of the options "ex", "px", "exat", "pxat"');
  }
}
