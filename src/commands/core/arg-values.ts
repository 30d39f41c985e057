/** Owns what an argument may look like, and how one that may not is described without being shown. */
import type { Integer } from "./types.js";

/** What to say of a whole number that is not exact. */
export const BEYOND_SAFE = "an integer (beyond 2^53 only as bigint)";
/** Text that Redis reads as a finite number. */
export const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
/** Text that Redis reads as a score. */
export const SCORE = /^[+-]?(?:inf|infinity|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)$/i;
/** Text that Redis reads as a bound of a score range. */
export const BOUND = /^\(?[+-]?(?:inf|infinity|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)$/i;

/** Name the type of a refused argument without showing its value. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") {
    const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
    return typeof name === "string" && name !== "Object" ? `a ${name}` : "an object";
  }
  return value === undefined ? "undefined" : `a ${typeof value}`;
}

/** As {@link describe}, but numbers are shown: they are settings, not data. */
export function describeNumber(value: unknown): string {
  return typeof value === "number" || typeof value === "boolean" ? String(value) : describe(value);
}

/** Whether `value` is a whole number that is exactly what it seems. */
export function isInteger(value: unknown): value is Integer {
  return Number.isSafeInteger(value) || typeof value === "bigint";
}

/** Whether `value` is the same number as a double, which is what servers keep scores as. */
export function isExactDouble(value: bigint): boolean {
  const number = Number(value);
  return Number.isFinite(number) && BigInt(number) === value;
}

/** Whether `value` holds several items: an array or a set. */
export function isList(value: unknown): value is readonly unknown[] | ReadonlySet<unknown> {
  return Array.isArray(value) || value instanceof Set;
}
