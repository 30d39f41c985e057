/** Owns the argument shapes of HOTKEYS, under the rules of `args.ts`. */

import { isList } from "../core/arg-values.js";
import { type ArgList, token } from "../core/args.js";
import { Choice } from "../core/choice.js";
import type { Integer, Many } from "../core/types.js";
import type { HotkeysMetric } from "./types.js";

const METRICS = token("METRICS");
const SLOTS = token("SLOTS");
const CHOICE = new Choice("CPU", "NET");

const itemsOf = (items: unknown): readonly unknown[] => (isList(items) ? [...items] : [items]);

/** Add what to measure keys by, after the number of measures. */
export function hotkeysMetrics(args: ArgList, metrics: Many<HotkeysMetric>): void {
  const words = itemsOf(metrics);
  if (words.length === 0) args.fail('"metrics" must not be empty');
  args.add(METRICS).add(words.length);
  for (const word of words) args.word('each of "metrics"', word, CHOICE);
}

/** Add the slots whose keys count, after their number. */
export function hotkeysSlots(
  args: ArgList,
  options: { readonly slots?: Many<Integer> | undefined } | undefined,
): void {
  if (args.error !== undefined || options?.slots === undefined) return;
  const slots = itemsOf(options.slots);
  if (slots.length === 0) args.fail('option "slots" must not be empty');
  args.add(SLOTS).add(slots.length);
  for (const slot of slots) args.count('each of option "slots"', slot as Integer);
}
