/**
 * Calls of user code whose errors belong to no call of the client: they become unhandled rejections of the user, and
 * never reach the parser or a decision of a pool.
 */

import { isNativeError } from "node:util/types";
import { kindOf } from "./validate.js";

/** Describe what user code threw: the message of an error, or else what it is. */
export function faultText(thrown: unknown): string {
  return isNativeError(thrown) ? thrown.message : kindOf(thrown);
}

/** Report an error of user code that no caller awaits. */
export function rejectUnowned(error: unknown): void {
  void Promise.reject(error);
}

/**
 * Return a function that calls `callback` and never throws.
 *
 * @param fallback - Returned when `callback` throws.
 */
export function guarded<A extends unknown[], V>(
  callback: (...args: A) => V,
  fallback: V,
): (...args: A) => V {
  return (...args) => {
    try {
      return callback(...args);
    } catch (error) {
      rejectUnowned(error);
      return fallback;
    }
  };
}
