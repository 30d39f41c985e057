/**
 * Argument builders of list commands for what the command table cannot express. They
 * report invalid arguments to the `ArgList`, never throw, and put no value into a message.
 */
import type { ArgList } from "../core/args.js";
import { Choice } from "../core/choice.js";
import type { Integer } from "../core/types.js";
import type { MoveMode, MoveOrdering } from "./types.js";

const MODES = new Choice("COUNT", "EXACTLY");
const ORDERINGS = new Choice("OBO", "BULK");

/** The options that {@link addMoveCount} reads. */
export interface MoveCountOptions {
  readonly count?: Integer | undefined;
  readonly mode?: MoveMode | undefined;
  readonly ordering?: MoveOrdering | undefined;
}

/** Add the mode, count and ordering of LMOVEM; without a count the server moves one element. */
export function addMoveCount(args: ArgList, options: MoveCountOptions | undefined): void {
  if (args.error !== undefined || options === undefined) return;
  const { count, mode, ordering } = options;
  if (count === undefined) {
    if (mode !== undefined) args.invalid("options.mode", 'needs option "count"');
    if (ordering !== undefined) args.invalid("options.ordering", 'needs option "count"');
    return;
  }
  args.keyword("options.mode", mode ?? "COUNT", MODES).count("options.count", count);
  if (ordering === undefined) args.invalid("options.count", 'needs option "ordering"');
  else args.keyword("options.ordering", ordering, ORDERINGS);
}
