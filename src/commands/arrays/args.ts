/** Owns the argument shapes of the commands on arrays, under the rules of `args.ts`. */

import { describe, isList } from "../core/arg-values.js";
import { type ArgList, token } from "../core/args.js";
import { Choice } from "../core/choice.js";
import type { Value } from "../core/info.js";
import type { Integer, Many, Mapping } from "../core/types.js";
import type { ArrayBound, ArrayOperation, ArrayPredicate } from "./types.js";

const INDEX = /^\d+$/;
const FIRST = token("-");
const LAST = token("+");
const PREDICATES = new Choice("EXACT", "MATCH", "GLOB", "RE");
const OPERATIONS = new Choice("SUM", "MIN", "MAX", "AND", "OR", "XOR", "MATCH", "USED");

const flat = (items: readonly unknown[]): unknown[] =>
  items.flatMap((item) => (isList(item) ? [...item] : [item]));

/** Add indexes, each checked. */
export function arrayIndexes(args: ArgList, indices: readonly Many<Integer>[]): void {
  const numbers = flat(indices);
  if (numbers.length === 0) args.invalid("indices", "must not be empty");
  for (const number of numbers) args.count("each of indices", number as Integer);
}

/** Add first and last indexes of ranges, given as pairs or one after the other. */
export function arrayRanges(args: ArgList, ranges: readonly Many<Integer>[]): void {
  const numbers = flat(ranges);
  if (numbers.length === 0) args.invalid("ranges", "must not be empty");
  for (const number of numbers) args.count("each of ranges", number as Integer);
  if (numbers.length % 2 !== 0) args.invalid("ranges", "must hold a first and a last index each");
}

/** Add indexes and their elements; keys of an object are texts. */
export function arrayElements(args: ArgList, mapping: Mapping<Integer, Value>): void {
  args.entries("mapping", mapping, (index, value) => {
    if (typeof index === "string" && INDEX.test(index)) args.add(index);
    else args.count("each index of mapping", index as Integer);
    args.value("each value of mapping", value as Value);
  });
}

function bound(args: ArgList, what: string, value: ArrayBound): void {
  if (value === "-") args.add(FIRST);
  else if (value === "+") args.add(LAST);
  else if (typeof value === "string") {
    args.invalid(what, 'must be an integer, "-" or "+", got another string');
  } else args.count(what, value);
}

/** Add the ends of a search. */
export function searchRange(args: ArgList, start: ArrayBound, end: ArrayBound): void {
  bound(args, "start", start);
  bound(args, "end", end);
}

/** Add what to search for: kinds and values; at least one. */
export function searchPredicates(args: ArgList, predicates: readonly ArrayPredicate[]): void {
  if (!Array.isArray(predicates)) {
    args.invalid("predicates", `must be an array, got ${describe(predicates)}`);
    return;
  }
  if (predicates.length === 0) args.invalid("predicates", "must not be empty");
  for (const predicate of predicates as readonly unknown[]) {
    if (Array.isArray(predicate) && predicate.length === 2) {
      args.keyword("each kind of predicates", predicate[0], PREDICATES);
      args.value("each value of predicates", predicate[1]);
    } else {
      args.invalid("predicates", `must hold [kind, value] pairs, got ${describe(predicate)}`);
    }
  }
}

/** Add the operation of AROP, and the value that only MATCH has. */
export function aggregation(
  args: ArgList,
  operation: ArrayOperation,
  options: { readonly value?: Value | undefined } | undefined,
): void {
  args.keyword("operation", operation, OPERATIONS);
  if (args.error !== undefined) return;
  const isMatch = operation.toUpperCase() === "MATCH";
  if (isMatch) args.value("options.value", options?.value);
  else if (options?.value !== undefined)
    args.invalid("options.value", 'needs argument "operation" to be "MATCH"');
}
