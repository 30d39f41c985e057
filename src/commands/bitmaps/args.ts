/** Owns the argument shapes of bitmap commands, under the rules of `args.ts`. */
import type { ArgList } from "../core/args.js";
import { Choice } from "../core/choice.js";
import type { Integer } from "../core/types.js";
import type { BitUnit } from "./types.js";

const UNITS = new Choice("BYTE", "BIT");

/** Add a range, of which each part needs the one before it; when `closed`, also the end. */
export function bitRange(
  args: ArgList,
  [start, end, mode]: readonly [
    start: Integer | undefined,
    end: Integer | undefined,
    mode: BitUnit | undefined,
  ],
  closed: boolean,
): void {
  if (mode !== undefined && end === undefined) args.fail('"mode" needs "start" and "end"');
  if (end !== undefined && start === undefined) args.fail('"end" needs "start"');
  if (closed && start !== undefined && end === undefined) args.fail('"start" needs "end"');
  if (start !== undefined) args.integer('"start"', start);
  if (end !== undefined) args.integer('"end"', end);
  if (mode !== undefined) args.word('"mode"', mode, UNITS);
}
