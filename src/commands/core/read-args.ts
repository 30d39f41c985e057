/**
 * Reads numbers and keywords among the arguments of a call, which come from a generated method or from
 * `executeCommand`. Never throws: invalid arguments are refused by the encoder or the server.
 */
import { isUint8Array } from "node:util/types";
import { Token } from "../../protocol/token.js";
import { latin1TextOf } from "../../util/bytes.js";
import type { Arg } from "./info.js";

/** Read an argument as a number; NaN when it is none. */
export function numberOf(arg: Arg | undefined): number {
  if (typeof arg === "number") return arg;
  if (typeof arg === "bigint") return Number(arg);
  if (typeof arg === "string") return Number(arg);
  return isUint8Array(arg) ? Number(latin1TextOf(arg)) : Number.NaN;
}

/** Read an argument as an upper-case keyword; `""` when it is neither text nor bytes. */
export function keywordOf(arg: Arg | undefined): string {
  const text = Token.is(arg) ? arg.text : arg;
  if (isUint8Array(text)) return latin1TextOf(text).toUpperCase();
  return typeof text === "string" ? text.toUpperCase() : "";
}

/** Arguments per option of XREAD and XREADGROUP, its name included; 2 when unknown. */
const OPTION_LENGTHS: Readonly<Record<string, number>> = { GROUP: 3, NOACK: 1 };

/**
 * Find an option of XREAD or XREADGROUP, or the keyword STREAMS that ends the options.
 *
 * @returns Its index; -1 when it is absent.
 */
export function streamOption(args: readonly Arg[], name: string): number {
  for (let i = 0; i < args.length; ) {
    const keyword = keywordOf(args[i]);
    if (keyword === name) return i;
    if (keyword === "STREAMS") return -1;
    i += OPTION_LENGTHS[keyword] ?? 2;
  }
  return -1;
}
