/**
 * Owns whether and when something that failed is tried again. Knows nothing of connections or
 * commands, and holds no timer except the wait between two attempts, which an `AbortSignal` ends.
 */

import { AuthenticationError, ConnectionError, TimeoutError } from "../errors.js";
import { aborted, sleep } from "../util/abort.js";
import { errorClasses, integer, withMethods } from "../util/validate.js";
import type { Backoff } from "./backoff.js";

/** A class of errors, as `instanceof` wants it. */
export type ErrorClass = abstract new (...args: never[]) => Error;

/** How one call of {@link Retry.callWithRetry} may be ended early. */
export interface RetryCallOptions {
  /** Ends the waiting; an attempt that is under way is not interrupted by it. */
  readonly signal?: AbortSignal | undefined;
}

/** Told of every failure that could be retried, before it is decided whether it is. */
export type FailureListener = (error: unknown) => void | Promise<void>;

const backoffObject = withMethods<Backoff>("a backoff with compute, reset and clone", [
  "compute",
  "reset",
  "clone",
]);

/**
 * A policy of retrying: which errors, how often, how long between.
 *
 * @remarks Wrong credentials do not heal: `AuthenticationError` is not retried although it is a
 * `ConnectionError`, unless the list of supported errors names it itself.
 */
export class Retry {
  /** Attempts after the first one; -1 for no end. */
  readonly retries: number;
  readonly #backoff: Backoff;
  readonly #supportedErrors: readonly ErrorClass[];
  readonly #authenticationErrors: readonly ErrorClass[];

  /**
   * @param backoff - How long to wait between attempts.
   * @param retries - Integer, attempts after the first one; -1 to go on for ever.
   * @param supportedErrors - Error classes worth another attempt, subclasses included.
   * @throws {@link DataError} when an argument has the wrong type or range.
   */
  constructor(
    backoff: Backoff,
    retries: number,
    supportedErrors: readonly ErrorClass[] = [ConnectionError, TimeoutError],
  ) {
    this.#backoff = backoffObject("backoff", backoff);
    this.retries = integer(-1)("retries", retries);
    this.#supportedErrors = errorClasses<ErrorClass>("supportedErrors", supportedErrors);
    this.#authenticationErrors = this.#supportedErrors.filter(
      (supported) =>
        supported === AuthenticationError || supported.prototype instanceof AuthenticationError,
    );
  }

  /** Tell whether an error is one of those that are retried. */
  isSupported(error: unknown): boolean {
    const classes =
      error instanceof AuthenticationError ? this.#authenticationErrors : this.#supportedErrors;
    return classes.some((supported) => error instanceof supported);
  }

  /** Tell whether another attempt is allowed after this many failures in a row. */
  allows(failures: number): boolean {
    return this.retries < 0 || failures <= this.retries;
  }

  /**
   * Compute the wait before the next attempt, for a caller with a loop of its own.
   *
   * @param failures - Integer, failures in a row so far; 1 at the first.
   * @returns Milliseconds, not negative.
   * @remarks May advance the backoff's state: work on a {@link clone}, and {@link reset} it when
   * an attempt has succeeded.
   */
  delay(failures: number): number {
    return Math.max(0, this.#backoff.compute(failures));
  }

  /** Forget earlier failures. */
  reset(): void {
    this.#backoff.reset();
  }

  /**
   * Make a policy of the same settings with a backoff of its own, as at the start.
   *
   * @remarks Uses the constructor of the object's class; a subclass with other arguments overrides it.
   */
  clone(): Retry {
    const backoff = this.#backoff.clone();
    backoff.reset();
    const SameClass = this.constructor as typeof Retry;
    return new SameClass(backoff, this.retries, this.#supportedErrors);
  }

  /**
   * Run `action` until it succeeds, fails for good, or has used up its attempts.
   *
   * @param action - One attempt.
   * @param onFailure - Called with every supported error, the last one included; what it throws
   * ends the series.
   * @param options.signal - Ends the series between two attempts.
   * @returns What the successful attempt gave.
   * @throws {@link AbortError} when the signal fired before an attempt or during a wait.
   * @remarks Calls may overlap: each has a backoff of its own.
   */
  async callWithRetry<T>(
    action: () => Promise<T>,
    onFailure?: FailureListener,
    options: RetryCallOptions = {},
  ): Promise<T> {
    const { signal } = options;
    const backoff = this.#backoff.clone();
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
      const wait = backoff.compute(failures);
      if (wait > 0 && !signal?.aborted) await sleep(wait, signal);
    }
  }
}
