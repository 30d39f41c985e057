/**
 * Classifies argument values, and names arguments and values for error messages: a value is described
 * by its type, never shown.
 */
import { isSet, isUint8Array } from "node:util/types";
import { ownProperties } from "../../util/own.js";
import { callbackHint, isIntegerText, isPlainObject } from "../../util/validate.js";
import type { Key } from "./info.js";
import type { Decimal, Integer, Many, Mapping, WeightedKeys } from "./types.js";

/** The requirement that an integer beyond 2^53 passed as a number fails. */
export const SAFE_INTEGER = "an integer (a bigint beyond 2^53)";
/** Text that Redis reads as a finite number. */
export const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
/** Text that Redis reads as a score. */
export const SCORE = /^[+-]?(?:inf|infinity|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)$/i;
/** Text that Redis reads as a bound of a score range. */
export const BOUND = /^\(?[+-]?(?:inf|infinity|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)$/i;

const PATH = /(options\.)?([\w.]+(?:\[\d+\])?)$/;
/** Labels by path. Paths are constants of the program, so the map stays small. */
const LABELS = new Map<string, string>();

/** Name an argument for a message: `key` → `argument "key"`, `each of options.id` → `each of option "id"`. */
export function argumentLabel(path: string): string {
  let label = LABELS.get(path);
  if (label === undefined) {
    label = path.replace(
      PATH,
      (_, option, name) => `${option === undefined ? "argument" : "option"} "${name}"`,
    );
    LABELS.set(path, label);
  }
  return label;
}

/** Describe a value by its type, without showing it. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") {
    const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
    return typeof name === "string" && name !== "Object" ? `a ${name}` : "an object";
  }
  return value === undefined ? "undefined" : `a ${typeof value}${callbackHint(value)}`;
}

/** Like {@link describe}, but show numbers and booleans: they are settings, not data. */
export function describeNumber(value: unknown): string {
  return typeof value === "number" || typeof value === "boolean" ? String(value) : describe(value);
}

/** Whether `value` is a safe integer, a bigint, or an integer in decimal text, which is sent as it is. */
export function isInteger(value: unknown): value is Integer {
  return Number.isSafeInteger(value) || typeof value === "bigint" || isIntegerText(value);
}

/** Whether a double represents `value` exactly; servers store scores as doubles. */
export function isExactDouble(value: bigint): boolean {
  const number = Number(value);
  return Number.isFinite(number) && BigInt(number) === value;
}

/** Whether `value` is an array or a Set. */
export function isList(value: unknown): value is readonly unknown[] | ReadonlySet<unknown> {
  return Array.isArray(value) || isSet(value);
}

/** Return the items of rest arguments, each an item, an array or a Set. */
export function flattened<T>(items: readonly Many<T>[]): T[] {
  return items.flatMap((item) => (isList(item) ? ([...item] as T[]) : [item]));
}

/** Whether keys are given with weights: as an object, a Map or `[key, weight]` entries. */
export function isMapping(keys: WeightedKeys<Key>): keys is Mapping<Key, Decimal> {
  if (typeof keys !== "object" || isUint8Array(keys) || isSet(keys)) return false;
  return !Array.isArray(keys) || Array.isArray(keys[0]);
}

/** Whether rest arguments hold no item: none given, or only empty arrays and Sets. */
export function isEmpty(items: readonly unknown[]): boolean {
  for (const item of items) {
    if (!isList(item) || (Array.isArray(item) ? item.length : (item as Set<unknown>).size) > 0) {
      return false;
    }
  }
  return true;
}

/** What is read in place of an options argument of another type. */
export const NO_OPTIONS: Readonly<Record<string, unknown>> = Object.freeze(ownProperties({}));

/** The names of the given options; `undefined` for a value that is not an object of options. */
export function optionNames(options: unknown): readonly string[] | undefined {
  if (typeof options !== "object" || options === null || isList(options)) return undefined;
  const names = Object.keys(options);
  // A Date, a Map or a promise has no properties of its own, and would count as no options.
  return names.length === 0 && !isPlainObject(options) ? undefined : names;
}
