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
  if (mode !== undefined && end === undefined)
    args.invalid("mode", 'needs arguments "start" and "end"');
  if (end !== undefined && start === undefined) args.invalid("end", 'needs argument "start"');
  if (closed && start !== undefined && end === undefined)
    args.invalid("start", 'needs argument "end"');
  if (start !== undefined) args.integer("start", start);
  if (end !== undefined) args.integer("end", end);
  if (mode !== undefined) args.keyword("mode", mode, UNITS);
}
