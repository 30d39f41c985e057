/** Owns the argument shapes of list commands, under the rules of `args.ts`. */
import type { ArgList } from "../core/args.js";
import { Choice } from "../core/choice.js";
import type { Integer } from "../core/types.js";
import type { MoveMode, MoveOrdering } from "./types.js";

const MODES = new Choice("COUNT", "EXACTLY");
const ORDERINGS = new Choice("OBO", "BULK");

/** What {@link elementsToMove} reads. */
export interface MoveShape {
  readonly count?: Integer | undefined;
  readonly mode?: MoveMode | undefined;
  readonly ordering?: MoveOrdering | undefined;
}

/** Add how many elements to move and in which order; without a count the server moves one. */
export function elementsToMove(args: ArgList, options: MoveShape | undefined): void {
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
