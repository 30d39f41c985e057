/**
 * Argument builders of bitmap commands for what the command table cannot express. They report invalid
 * arguments to the `ArgList`, never throw, and put no value into a message.
 */
import type { ArgList } from "../core/args.js";
import { Choice } from "../core/choice.js";
import type { Integer } from "../core/types.js";
import type { BitUnit } from "./types.js";

const UNITS = new Choice("BYTE", "BIT");

/**
 * Add an optional range. `end` requires `start`, and `mode` requires both.
 *
 * @param endRequired - Whether `start` requires `end` (BITCOUNT).
 */
export function addBitRange(
  args: ArgList,
  [start, end, mode]: readonly [
    start: Integer | undefined,
    end: Integer | undefined,
    mode: BitUnit | undefined,
  ],
  endRequired: boolean,
): void {
  if (mode !== undefined && end === undefined)
    args.invalid("mode", 'needs arguments "start" and "end"');
  if (end !== undefined && start === undefined) args.invalid("end", 'needs argument "start"');
  if (endRequired && start !== undefined && end === undefined)
    args.invalid("start", 'needs argument "end"');
  if (start !== undefined) args.integer("start", start);
  if (end !== undefined) args.integer("end", end);
  if (mode !== undefined) args.keyword("mode", mode, UNITS);
}
