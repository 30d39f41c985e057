/**
 * The retry policy: which errors are retried, how often, and with which delays. Independent of
 * connections and commands; the only timer is the delay between attempts, which an `AbortSignal` ends.
 */

import { AuthenticationError, ConnectionError, TimeoutError } from "../errors.js";
import { aborted, sleep } from "../util/abort.js";
import { defineSelf, SELF } from "../util/self.js";
import {
  abortSignal,
  type Check,
  checkArity,
  checkOptions,
  errorClasses,
  integer,
  invalidOption,
  kindOf,
  withMethods,
} from "../util/validate.js";
import type { Backoff } from "./backoff.js";

/** An error class, for use with `instanceof`. */
export type ErrorClass = abstract new (...args: never[]) => Error;

/** Options of {@link Retry.callWithRetry}. */
export interface RetryCallOptions {
  /** Ends the series before an attempt or during a delay. Does not interrupt a running attempt. */
  readonly signal?: AbortSignal | undefined;
}

/** Called with every retryable error, before the next attempt or the final rejection. */
export type FailureListener = (error: unknown) => void | Promise<void>;

const backoffObject = withMethods<Backoff>("a backoff with the methods compute, reset and clone", [
  "compute",
  "reset",
  "clone",
]);

/**
 * A retry policy: which errors are retried, how often, and with which delays.
 *
 * @remarks Retrying does not correct wrong credentials: `AuthenticationError` is a `ConnectionError`,
 * but is retried only when `supportedErrors` contains `AuthenticationError` or a subclass.
 */
export class Retry {
  /** @internal */ static readonly name: string = "Retry";
  /** Number of attempts after the first; -1 for no limit. */
  readonly retries: number;
  /** @internal */
  declare protected readonly [SELF]: this;
  readonly #backoff: Backoff;
  readonly #supportedErrors: readonly ErrorClass[];
  readonly #authenticationErrors: readonly ErrorClass[];

  /**
   * @param backoff - Computes the delay between attempts; copied for each series of attempts.
   * @param retries - Integer, number of attempts after the first; -1 for no limit.
   * @param supportedErrors - Array of error classes to retry, subclasses included; default
   * `[ConnectionError, TimeoutError]`.
   * @throws {@link DataError} when an argument has the wrong type or is out of range.
   */
  constructor(
    backoff: Backoff,
    retries: number,
    supportedErrors: readonly ErrorClass[] = [ConnectionError, TimeoutError],
  ) {
    checkArity("Retry", 3, arguments, "promises");
    defineSelf(this);
    this.#backoff = backoffObject('argument "backoff"', backoff);
    this.retries = integer(-1)('argument "retries"', retries);
    this.#supportedErrors = errorClasses<ErrorClass>('argument "supportedErrors"', supportedErrors);
    this.#authenticationErrors = this.#supportedErrors.filter(
      (supported) =>
        supported === AuthenticationError || supported.prototype instanceof AuthenticationError,
    );
  }

  /** Return whether an error is retryable. */
  isSupported(error: unknown): boolean {
    const classes =
      error instanceof AuthenticationError
        ? this[SELF].#authenticationErrors
        : this[SELF].#supportedErrors;
    return classes.some((supported) => error instanceof supported);
  }

  /** Return whether another attempt is allowed after a number of consecutive failures. */
  allows(failures: number): boolean {
    return this.retries < 0 || failures <= this.retries;
  }

  /**
   * Compute the delay before the next attempt, for a custom retry loop.
   *
   * @param failures - Integer, number of consecutive failures; 1 after the first.
   * @returns Milliseconds, 0 or more.
   * @remarks May change the state of the backoff: use a {@link clone}, and {@link reset} it after a
   * successful attempt.
   */
  delay(failures: number): number {
    return Math.max(0, this[SELF].#backoff.compute(failures));
  }

  /** Reset the state of the backoff. */
  reset(): void {
    this[SELF].#backoff.reset();
  }

  /**
   * Return a policy with the same settings and its own, reset backoff.
   *
   * @remarks Calls the constructor of the object's class. A subclass whose constructor has other
   * parameters must override this method.
   */
  clone(): Retry {
    const backoff = this[SELF].#backoff.clone();
    backoff.reset();
    const SameClass = this.constructor as typeof Retry;
    return new SameClass(backoff, this.retries, this[SELF].#supportedErrors);
  }

  /**
   * Call a function until it succeeds, fails with an error that is not retryable, or no attempt is left.
   *
   * @param action - One attempt.
   * @param onFailure - Called with every retryable error, including the last; an error that it throws
   * ends the series.
   * @param options.signal - Ends the series before an attempt or during a delay.
   * @returns The result of the successful attempt.
   * @throws The error of the last attempt.
   * @throws {@link AbortError} when the signal is aborted before an attempt or during a delay.
   * @remarks Calls may overlap: each uses its own backoff.
   */
  async callWithRetry<T>(
    action: () => Promise<T>,
    onFailure?: FailureListener,
    options: RetryCallOptions = {},
  ): Promise<T> {
    checkArity("callWithRetry", 3, arguments);
    const { signal } = checkOptions({ signal: abortSignal }, options);
    const backoff = this[SELF].#backoff.clone();
    backoff.reset();
    for (let failures = 1; ; failures++) {
      if (signal?.aborted) throw aborted(signal);
      try {
        return await action();
      } catch (error) {
        if (!this.isSupported(error)) throw error;
        await onFailure?.(error);
        if (!this.allows(failures)) throw error;
      }
      const delay = backoff.compute(failures);
      checkPause(delay);
      if (delay > 0 && !signal?.aborted) await sleep(delay, signal);
    }
  }
}

/** Refuse what is no pause: without one, a series without limit would be a busy loop. */
function checkPause(pause: unknown): void {
  if (typeof pause === "number" && !Number.isNaN(pause)) return;
  const got = typeof pause === "number" ? "NaN" : kindOf(pause);
  throw invalidOption('argument "backoff"', "a backoff that computes milliseconds", got);
}

/** Accept a {@link Retry}. */
export const retryObject: Check<Retry> = withMethods<Retry>("a Retry", [
  "isSupported",
  "allows",
  "delay",
  "reset",
  "clone",
  "callWithRetry",
]);
