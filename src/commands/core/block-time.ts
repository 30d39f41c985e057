/**
 * Finds the server-side time limit of a blocking call in its arguments, which come from a generated
 * method or from `executeCommand`. Each function returns milliseconds, or 0 for no limit.
 */

import type { Arg } from "./info.js";
import { keywordOf, numberOf, streamOption } from "./read-args.js";

/** An invalid limit counts as no limit (0): the server refuses it or waits indefinitely. */
function limit(milliseconds: number): number {
  return milliseconds > 0 && milliseconds < Infinity ? Math.ceil(milliseconds) : 0;
}

/** Read the last argument, in seconds (BLPOP, BLMOVE). */
export function lastSeconds(args: readonly Arg[]): number {
  return limit(numberOf(args.at(-1)) * 1000);
}

/** Read the fifth argument, in seconds (BLMOVEM). */
export function fifthSeconds(args: readonly Arg[]): number {
  return limit(numberOf(args[4]) * 1000);
}

/** Read the first argument, in seconds (BLMPOP, BZMPOP). */
export function firstSeconds(args: readonly Arg[]): number {
  return limit(numberOf(args[0]) * 1000);
}

/** Read the last argument, in milliseconds (WAIT). */
export function lastMilliseconds(args: readonly Arg[]): number {
  return limit(numberOf(args.at(-1)));
}

/** Read option BLOCK, in milliseconds (XREAD); undefined when the call does not block. */
export function blockOption(args: readonly Arg[]): number | undefined {
  const at = streamOption(args, "BLOCK");
  return at < 0 ? undefined : limit(numberOf(args[at + 1]));
}

/**
 * Read option BLOCK of XREADGROUP as {@link blockOption} does. The result is twice the option: in Redis 7.0 to
 * 7.2.4 the wait begins again when another consumer takes the entry that ended it.
 */
export function groupBlockOption(args: readonly Arg[]): number | undefined {
  const time = blockOption(args);
  return time === undefined ? undefined : 2 * time;
}

function isAbort(arg: Arg): boolean {
  return keywordOf(arg) === "ABORT";
}

/** SHUTDOWN has no limit: it waits for the save and for the replicas. SHUTDOWN ABORT does not block. */
export function untilShutdown(args: readonly Arg[]): number | undefined {
  return args.some(isAbort) ? undefined : 0;
}
