/**
 * The options of locks: checks, defaults, and merging those of a lock with those of one acquisition. Pure. All
 * times are milliseconds; null means no limit, and so does 0 for `timeout`.
 */
import { isUint8Array } from "node:util/types";
import type { Key } from "../commands/core/info.js";
import { DataError } from "../errors.js";
import { copyOf } from "../util/bytes.js";
import {
  abortSignal,
  boolean,
  type Check,
  checkArity,
  checkOptions,
  duration,
  invalidOption,
  isPlainObject,
  kindOf,
  type OptionChecks,
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
  /**
   * Whether `using`, `tryUsing` and `await using` reject when the lock is no longer owned at its release; default
   * `true`. With `false` the loss is only in {@link Lock.lost} and in the signal of the function.
   */
  readonly raiseOnReleaseError?: boolean | undefined;
}

/** Options of one acquisition; each defaults to the option of the lock. */
export interface AcquireOptions
  extends Pick<LockOptions, "blocking" | "blockingTimeout" | "signal"> {
  /** String or bytes, not empty: value of the key while the lock is held; default: a new UUID. */
  readonly token?: string | Uint8Array | undefined;
}

/** Options of {@link Lock.using}; each defaults to the option of the lock. */
export interface UsingOptions extends AcquireOptions, Pick<LockOptions, "raiseOnReleaseError"> {}

/** Options of {@link Lock.tryUsing}: those of {@link Lock.using}, except how to wait. */
export interface TryUsingOptions extends Omit<UsingOptions, "blocking" | "blockingTimeout"> {}

/** Options of {@link Lock.extend}. */
export interface ExtendOptions {
  /** Whether the time replaces the remaining time instead of being added to it; default `false`. */
  readonly replaceTtl?: boolean | undefined;
}

/** Result of {@link Lock.tryUsing}. */
export type TryUsingResult<V> =
  | { readonly acquired: true; readonly value: V }
  | { readonly acquired: false; readonly value?: undefined };

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
  readonly raiseOnReleaseError: boolean;
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

/** Accept a key; return a copy of bytes, which their owner may change. */
export const lockKey: Check<Key> = (name, value) => {
  if (isUint8Array(value)) return copyOf(value);
  if (isText(value) || typeof value === "number" || typeof value === "bigint") return value;
  throw invalidOption(name, "a string, a number or bytes", kindOf(value));
};

const ACQUIRE_CHECKS = {
  blocking: boolean,
  blockingTimeout: amountOrUnlimited,
  signal: abortSignal,
};
const LOCK_CHECKS = {
  ...ACQUIRE_CHECKS,
  timeout: integerOrNone,
  sleep: duration,
  fencingKey: lockKey,
  raiseOnReleaseError: boolean,
};
const ATTEMPT_CHECKS = { ...ACQUIRE_CHECKS, token };
/** The options of each method that takes the lock. */
const TAKE_CHECKS = {
  acquire: ATTEMPT_CHECKS,
  hold: ATTEMPT_CHECKS,
  using: { ...ATTEMPT_CHECKS, raiseOnReleaseError: boolean },
  tryUsing: { signal: abortSignal, token, raiseOnReleaseError: boolean },
} as const;

/** A method that takes the lock. */
export type TakingMethod = keyof typeof TAKE_CHECKS;

/** Return the checked values by name, without those that are undefined. */
function checked(given: Record<string, unknown>, checks: OptionChecks): Record<string, unknown> {
  const options = Object.entries(checkOptions(checks, given));
  return Object.fromEntries(options.filter(([, value]) => value !== undefined));
}

/**
 * Methods with options: the number of arguments before them, and an example for those who pass a number in the
 * place of the options.
 */
const EXAMPLES: Readonly<Record<string, readonly [before: number, example: string]>> = {
  lock: [1, "lock(name, { timeout: 10_000 })"],
  acquire: [0, "acquire({ blockingTimeout: 10_000 })"],
  hold: [0, "hold({ blockingTimeout: 10_000 })"],
  using: [1, "using(work, { blockingTimeout: 10_000 })"],
  tryUsing: [1, "tryUsing(work, { signal })"],
  extend: [1, "extend(10_000, { replaceTtl: true })"],
};

/**
 * Check the last arguments of a call: one options object, or nothing.
 *
 * @param method - For errors.
 * @param rest - The arguments after the required ones.
 * @returns The options object.
 * @throws DataError for anything else, with the remedy.
 */
export function optionsArgument(method: string, rest: readonly unknown[]): Record<string, unknown> {
  const [before, example] = EXAMPLES[method] ?? [-1];
  const given = before > 0 ? [...Array(before), ...rest] : rest;
  checkArity(method, before + 1, given, method === "lock" ? "the returned lock" : undefined);
  const [options = {}] = rest;
  if (isPlainObject(options)) return options;
  const unit = method === "tryUsing" ? "" : ", durations in milliseconds";
  throw new DataError(
    `${method}: argument "options" must be an object, got ${kindOf(options)}; use ${example}${unit}`,
  );
}

const DEFAULTS: LockSettings = {
  timeout: 0,
  sleep: 100,
  blocking: true,
  blockingTimeout: Number.POSITIVE_INFINITY,
  signal: undefined,
  fencingKey: undefined,
  raiseOnReleaseError: true,
};

/**
 * Check the options of a lock, and fill in the defaults.
 *
 * @throws DataError naming the option that is unknown or invalid.
 */
export function lockSettings(...options: readonly unknown[]): LockSettings {
  return { ...DEFAULTS, ...checked(optionsArgument("lock", options), LOCK_CHECKS) };
}

/**
 * Check the options of one acquisition, and merge them with those of the lock.
 *
 * @param method - Method that takes the lock.
 * @param rest - Its arguments after the required ones.
 * @throws DataError naming the option that is unknown or invalid.
 */
export function acquireSettings(
  lock: LockSettings,
  method: TakingMethod,
  rest: readonly unknown[],
): AcquireSettings {
  // As in redis-py, null means the option of the lock.
  const given = Object.entries(optionsArgument(method, rest)).filter(([, value]) => value !== null);
  const blocking = method === "tryUsing" ? { blocking: false } : {};
  const options = checked(Object.fromEntries(given), TAKE_CHECKS[method]);
  return { token: undefined, ...lock, ...options, ...blocking };
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
