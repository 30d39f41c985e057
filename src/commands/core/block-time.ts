/**
 * Owns how to find the time a blocking call may wait on the server, wherever its arguments came from:
 * a generated method, or text given to `executeCommand`.
 */
import { Token } from "../../protocol/token.js";
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

/** The fifth argument, in seconds (BLMOVEM). */
export function fifthSeconds(args: readonly Arg[]): number {
  return limit(numberOf(args[4]) * 1000);
}

/** The first argument, in seconds (BLMPOP, BZMPOP). */
export function firstSeconds(args: readonly Arg[]): number {
  return limit(numberOf(args[0]) * 1000);
}

/** The last argument, in milliseconds (WAIT). */
export function lastMilliseconds(args: readonly Arg[]): number {
  return limit(numberOf(args.at(-1)));
}

/** An argument as an upper-case word, for those that may be words of the protocol. */
function wordOf(arg: Arg | undefined): string {
  const text = arg instanceof Token ? arg.text : arg;
  if (text instanceof Uint8Array) return Buffer.from(text).toString("latin1").toUpperCase();
  return typeof text === "string" ? text.toUpperCase() : "";
}

/** How many words an option of XREAD and XREADGROUP takes, its own included; two when unknown. */
const WIDTHS: Readonly<Record<string, number>> = { GROUP: 3, NOACK: 1 };

/** The option BLOCK, in milliseconds (XREAD, XREADGROUP); without it there is no wait. */
export function blockOption(args: readonly Arg[]): number | undefined {
  for (let i = 0; i < args.length; ) {
    const word = wordOf(args[i]);
    if (word === "STREAMS") return undefined;
    if (word === "BLOCK") return limit(numberOf(args[i + 1]));
    i += WIDTHS[word] ?? 2;
  }
  return undefined;
}

function isAbort(arg: Arg): boolean {
  return wordOf(arg) === "ABORT";
}

/** SHUTDOWN: as long as the server needs to save and its replicas to catch up. */
export function untilTheEnd(args: readonly Arg[]): number | undefined {
  return args.some(isAbort) ? undefined : 0;
}
