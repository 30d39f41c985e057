/**
 * Argument builders of array commands for what the command table cannot express. They
 * report invalid arguments to the `ArgList`, never throw, and put no value into a message.
 */
import { describe, flattened } from "../core/arg-values.js";
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

/** Add indexes; at least one. */
export function addIndexes(args: ArgList, indices: readonly Many<Integer>[]): void {
  const numbers = flattened(indices);
  if (numbers.length === 0) args.invalid("indices", "must not be empty");
  for (const number of numbers) args.count("each of indices", number);
}

/** Add the first and last index of each range, given as pairs or as a flat list. */
export function addIndexRanges(args: ArgList, ranges: readonly Many<Integer>[]): void {
  const numbers = flattened(ranges);
  if (numbers.length === 0) args.invalid("ranges", "must not be empty");
  for (const number of numbers) args.count("each of ranges", number);
  if (numbers.length % 2 !== 0)
    args.invalid("ranges", "must hold a first and a last index for each range");
}

/** Add indexes and their elements; the keys of an object are numeric strings. */
export function addIndexedElements(args: ArgList, mapping: Mapping<Integer, Value>): void {
  args.entries("mapping", mapping, (index, value) => {
    if (typeof index === "string" && INDEX.test(index)) args.add(index);
    else args.count("each index of mapping", index as Integer);
    args.value("each value of mapping", value as Value);
  });
}

/** Add a bound of ARGREP; `-` and `+` are the first and the last index. */
function addSearchBound(args: ArgList, what: string, value: ArrayBound): void {
  if (value === "-") args.add(FIRST);
  else if (value === "+") args.add(LAST);
  else if (typeof value === "string") {
    args.invalid(what, 'must be an integer, "-" or "+", got another string');
  } else args.count(what, value);
}

/** Add the bounds of ARGREP. */
export function addSearchRange(args: ArgList, start: ArrayBound, end: ArrayBound): void {
  addSearchBound(args, "start", start);
  addSearchBound(args, "end", end);
}

/** Add the predicates of ARGREP; at least one. */
export function addPredicates(args: ArgList, predicates: readonly ArrayPredicate[]): void {
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

/** Add the operation of AROP, and the value that MATCH requires. */
export function addOperation(
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
