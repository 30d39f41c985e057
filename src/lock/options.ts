/**
 * The options of locks: checks, defaults, and merging those of a lock with those of one acquisition. Pure. All
 * times are milliseconds; null means no limit, and so does 0 for `timeout`.
 */
import { isUint8Array } from "node:util/types";

import type { Key, Value } from "../commands/core/info.js";
import {
  abortSignal,
  boolean,
  type Check,
  duration,
  invalidOption,
  kindOf,
  onlyKnown,
  plainObject,
} from "../util/validate.js";

/** Options of a lock. */
export interface LockOptions {
  /** Number, ms, or null: time after which the lock expires; default null. null or 0: it does not expire.
   * Fractions are rounded up. */
  readonly timeout?: number | null | undefined;
  /** Number, ms: pause between attempts, varied by up to 25 %; default 100. */
  readonly sleep?: number | undefined;
  /** Whether to wait while another client holds the lock; default `true`. */
  readonly blocking?: boolean | undefined;
  /** Number, ms, or null: longest time to wait; default null, no limit. */
  readonly blockingTimeout?: number | null | undefined;
  /** Aborts waiting; the call rejects with {@link AbortError}. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Key of a counter that every acquisition increments. Its value, {@link Lock.fencingToken}, distinguishes
   * later holders from earlier ones. In a cluster it must be in the same slot as the lock. Default: none.
   */
  readonly fencingKey?: Key | undefined;
}

/** Options of one acquisition; each defaults to the option of the lock. */
export interface AcquireOptions
  extends Pick<LockOptions, "blocking" | "blockingTimeout" | "signal"> {
  /** String or bytes, not empty: value of the key while the lock is held; default: a new UUID. */
  readonly token?: string | Uint8Array | undefined;
}

/** Checked options of a lock. */
export interface LockSettings {
  /** Integer, ms; 0: the lock does not expire. */
  readonly timeout: number;
  readonly sleep: number;
  readonly blocking: boolean;
  /** ms; `Infinity`: no limit. */
  readonly blockingTimeout: number;
  readonly signal: AbortSignal | undefined;
  readonly fencingKey: Key | undefined;
}

/** Checked options of one acquisition. */
export interface AcquireSettings extends LockSettings {
  readonly token: string | Uint8Array | undefined;
}

/** Rounded up: 0 would mean no expiry. */
const integerOrNone: Check<number> = (name, value) =>
  value === null ? 0 : Math.ceil(duration(name, value));

const amountOrUnlimited: Check<number> = (name, value) =>
  value === null ? Number.POSITIVE_INFINITY : duration(name, value);

const isText = (value: unknown): value is string | Uint8Array =>
  typeof value === "string" || isUint8Array(value);

const token: Check<string | Uint8Array> = (name, value) => {
  if (isText(value) && value.length !== 0) return value;
  throw invalidOption(name, "a non-empty string or bytes", kindOf(value));
};

const key: Check<Value> = (name, value) => {
  if (isText(value) || typeof value === "number" || typeof value === "bigint") return value;
  throw invalidOption(name, "a string, a number or bytes", kindOf(value));
};

const ACQUIRE_CHECKS = {
  blocking: boolean,
  blockingTimeout: amountOrUnlimited,
  signal: abortSignal,
};
const LOCK_CHECKS = { ...ACQUIRE_CHECKS, timeout: integerOrNone, sleep: duration, fencingKey: key };
const ATTEMPT_CHECKS = { ...ACQUIRE_CHECKS, token };

type Checks = Readonly<Record<string, Check<unknown>>>;

/** Return the checked values by name, without those that are undefined. */
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
 * Check the options of a lock, and fill in the defaults.
 *
 * @throws DataError naming the option that is unknown or invalid.
 */
export function lockSettings(options: LockOptions): LockSettings {
  return { ...DEFAULTS, ...checked(options, LOCK_CHECKS) };
}

/**
 * Check the options of one acquisition, and merge them with those of the lock.
 *
 * @throws DataError naming the option that is unknown or invalid.
 */
export function acquireSettings(lock: LockSettings, options: AcquireOptions): AcquireSettings {
  // As in redis-py, null means the option of the lock.
  const given = Object.entries(plainObject('argument "options"', options)).filter(
    ([, value]) => value !== null,
  );
  return { token: undefined, ...lock, ...checked(Object.fromEntries(given), ATTEMPT_CHECKS) };
}

/**
 * Check the time by which a lock is extended.
 *
 * @returns Integer, ms, 1 or more.
 */
export function additionalTime(value: unknown): number {
  const whole = Math.ceil(duration('argument "time"', value));
  if (whole > 0) return whole;
  throw invalidOption('argument "time"', "more than 0 ms", String(whole));
}
