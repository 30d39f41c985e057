/**
 * Owns how to find the time a blocking call may wait on the server, wherever its arguments came from:
 * a generated method, or text given to `executeCommand`.
 */
import { Token } from "../protocol/token.js";
import type { Arg } from "./info.js";

function numberOf(arg: Arg | undefined): number {
  if (typeof arg === "number") return arg;
  if (typeof arg === "bigint") return Number(arg);
  if (typeof arg === "string") return Number(arg);
  return arg instanceof Uint8Array ? Number(Buffer.from(arg).toString("latin1")) : Number.NaN;
}

/** What is no usable limit counts as none (0): the server refuses it at once or waits for ever. */
function limit(milliseconds: number): number {
  return milliseconds > 0 && milliseconds < Infinity ? Math.ceil(milliseconds) : 0;
}

/** The last argument, in seconds (BLPOP, BLMOVE). */
export function lastSeconds(args: readonly Arg[]): number {
  return limit(numberOf(args.at(-1)) * 1000);
}

/** The first argument, in seconds (BLMPOP, BZMPOP). */
export function firstSeconds(args: readonly Arg[]): number {
  return limit(numberOf(args[0]) * 1000);
}

/** The last argument, in milliseconds (WAIT). */
export function lastMilliseconds(args: readonly Arg[]): number {
  return limit(numberOf(args.at(-1)));
}

function isAbort(arg: Arg): boolean {
  const word = arg instanceof Token ? arg.text : arg;
  return typeof word === "string" && word.toUpperCase() === "ABORT";
}

/** SHUTDOWN: as long as the server needs to save and its replicas to catch up. */
export function untilTheEnd(args: readonly Arg[]): number | undefined {
  return args.some(isAbort) ? undefined : 0;
}
