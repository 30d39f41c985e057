/**
 * Owns the options of locks: their checks, and how those of a lock and of one attempt to acquire it
 * add up. Pure. All times are milliseconds; 0 and null mean that there is no such limit.
 */

import type { Key, Value } from "../commands/core/info.js";
import {
  amount,
  boolean,
  type Check,
  invalidOption,
  kindOf,
  onlyKnown,
  plainObject,
} from "../util/validate.js";

/** Options of a lock. */
export interface LockOptions {
  /** Number, ms: the lock frees itself after so long; null or 0 (the default) for never. */
  readonly timeout?: number | null | undefined;
  /** Number, ms: pause between attempts, give or take a quarter; default 100. */
  readonly sleep?: number | undefined;
  /** Whether to wait for a lock that somebody else has; default `true`. */
  readonly blocking?: boolean | undefined;
  /** Number, ms: longest time to wait; null (the default) for no limit. */
  readonly blockingTimeout?: number | null | undefined;
  /** Ends the waiting. */
  readonly signal?: AbortSignal | undefined;
  /**
   * A counter to increase whenever the lock is taken: its value, {@link Lock.fencingToken}, tells
   * later holders from earlier ones. In a cluster it must be in the slot of the lock.
   */
  readonly fencingKey?: Key | undefined;
}

/** Options of one acquisition; what is left out is as the lock has it. */
export interface AcquireOptions
  extends Pick<LockOptions, "blocking" | "blockingTimeout" | "signal"> {
  /** What marks the lock as ours; default a fresh UUID. */
  readonly token?: string | Uint8Array | undefined;
}

/** The options of a lock, complete. */
export interface LockSettings {
  /** Whole ms; 0 for never. */
  readonly timeout: number;
  readonly sleep: number;
  readonly blocking: boolean;
  /** `Infinity` for no limit. */
  readonly blockingTimeout: number;
  readonly signal: AbortSignal | undefined;
  readonly fencingKey: Key | undefined;
}

/** The settings of one acquisition. */
export interface AcquireSettings extends LockSettings {
  readonly token: string | Uint8Array | undefined;
}

/** Check that a value is a signal to abort. */
const abortSignal: Check<AbortSignal> = (name, value) => {
  if (value instanceof AbortSignal) return value;
  throw invalidOption(name, "an AbortSignal", kindOf(value));
};

/** Rounded up, lest a short time become the 0 that means none. */
const wholeOrNone: Check<number> = (name, value) =>
  value === null ? 0 : Math.ceil(amount(name, value));

const amountOrEndless: Check<number> = (name, value) =>
  value === null ? Number.POSITIVE_INFINITY : amount(name, value);

const isText = (value: unknown): value is string | Uint8Array =>
  typeof value === "string" || value instanceof Uint8Array;

const token: Check<string | Uint8Array> = (name, value) => {
  if (isText(value) && value.length !== 0) return value;
  throw invalidOption(name, "a string or bytes, not empty", kindOf(value));
};

const key: Check<Value> = (name, value) => {
  if (isText(value) || typeof value === "number" || typeof value === "bigint") return value;
  throw invalidOption(name, "a key", kindOf(value));
};

const ACQUIRE_CHECKS = { blocking: boolean, blockingTimeout: amountOrEndless, signal: abortSignal };
const LOCK_CHECKS = { ...ACQUIRE_CHECKS, timeout: wholeOrNone, sleep: amount, fencingKey: key };
const ATTEMPT_CHECKS = { ...ACQUIRE_CHECKS, token };

type Checks = Readonly<Record<string, Check<unknown>>>;

/** Checked values by name, without those left out. */
function checked(given: unknown, checks: Checks): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(onlyKnown(given, Object.keys(checks)))) {
    if (value !== undefined) result[name] = checks[name]?.(name, value);
  }
  return result;
}

const DEFAULTS: LockSettings = {
  timeout: 0,
  sleep: 100,
  blocking: true,
  blockingTimeout: Number.POSITIVE_INFINITY,
  signal: undefined,
  fencingKey: undefined,
};

/**
 * Complete the options of a lock.
 *
 * @throws DataError naming the option that is unknown or has a bad value.
 */
export function lockSettings(options: LockOptions): LockSettings {
  return { ...DEFAULTS, ...checked(options, LOCK_CHECKS) };
}

/**
 * Lay the options of one acquisition over those of the lock.
 *
 * @throws DataError naming the option that is unknown or has a bad value.
 */
export function acquireSettings(lock: LockSettings, options: AcquireOptions): AcquireSettings {
  // As in redis-py, null leaves what the lock says.
  const given = Object.entries(plainObject('argument "options"', options)).filter(
    ([, value]) => value !== null,
  );
  return { token: undefined, ...lock, ...checked(Object.fromEntries(given), ATTEMPT_CHECKS) };
}

/**
 * Check the time a lock is lengthened by.
 *
 * @returns Whole ms, 1 or more.
 */
export function additionalTime(value: unknown): number {
  const whole = Math.ceil(amount('argument "additionalTime"', value));
  if (whole > 0) return whole;
  throw invalidOption('argument "additionalTime"', "more than 0 ms", String(whole));
}
