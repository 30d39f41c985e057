/**
 * Builds the arguments of HOTKEYS START. Like all argument builders, these functions do not throw and
 * put no values into messages.
 */

import { flattened } from "../core/arg-values.js";
import { type ArgList, token } from "../core/args.js";
import { Choice } from "../core/choice.js";
import type { Integer, Many } from "../core/types.js";
import type { HotkeysMetric } from "./types.js";

const METRICS = token("METRICS");
const SLOTS = token("SLOTS");
const CHOICE = new Choice("CPU", "NET");

/** Add the number of metrics, then the metrics. */
export function hotkeysMetrics(args: ArgList, metrics: Many<HotkeysMetric>): void {
  const items = flattened([metrics]);
  if (items.length === 0) args.invalid("metrics", "must not be empty");
  args.add(METRICS).add(items.length);
  for (const item of items) args.keyword("each of metrics", item, CHOICE);
}

/** Add the number of slots, then the slots. */
export function hotkeysSlots(
  args: ArgList,
  options: { readonly slots?: Many<Integer> | undefined } | undefined,
): void {
  if (args.error !== undefined || options?.slots === undefined) return;
  const slots = flattened([options.slots]);
  if (slots.length === 0) args.invalid("options.slots", "must not be empty");
  args.add(SLOTS).add(slots.length);
  for (const slot of slots) args.count("each of options.slots", slot);
}
