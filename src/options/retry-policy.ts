/**
 * The option `retry` in its one internal form. A policy never throws: a fault of the user's function or
 * `Retry` becomes the error of those who wait, never an endless loop.
 */
import { isPromise } from "node:util/types";
import { AuthenticationError, DataError, type RedisError } from "../errors.js";
import { faultText } from "../util/guarded.js";
import { type Check, integer, invalidOption, kindOf, MAX_DELAY } from "../util/validate.js";
import { type Backoff, EqualJitterBackoff } from "./backoff.js";
import { Retry, retryObject } from "./retry.js";

/**
 * Decides what follows a failed attempt.
 *
 * @param attempt - Integer, number of consecutive failed attempts; 1 after the first.
 * @param error - Why the attempt failed.
 * @returns Milliseconds to wait before the next attempt; `undefined` to stop.
 */
export type RetryFunction = (attempt: number, error: RedisError) => number | undefined;

/** A retry policy, a number of attempts, or a function that decides after each failed attempt. */
export type RetryOption = Retry | number | RetryFunction;

/** How often a command is sent again when the option does not contain a number. */
const DEFAULT_RESENDS = 5;

/** Bounds in ms. The longest pause is what an outage costs beyond its end. */
const CONNECT_PAUSES = new EqualJitterBackoff(100, 16);
/** A server that rejected a command is given more time: the number of resends is limited. */
const RESEND_PAUSES = new EqualJitterBackoff(250, 16);

/** What a policy is made of. */
interface PolicyParts {
  readonly retry: Retry;
  readonly decide?: RetryFunction | undefined;
  /** Pauses before resends; default those of `decide` or `retry`. */
  readonly resendPauses?: Backoff | undefined;
  /** See {@link RetryPolicy.resends}. */
  readonly resends: number;
}

/** A policy without a list of errors: after which errors waiting is useless, the pool decides. */
function anyError(retries: number): Pick<PolicyParts, "resendPauses" | "retry"> {
  return { retry: new Retry(CONNECT_PAUSES, retries, [Error]), resendPauses: RESEND_PAUSES };
}

function describe(value: unknown): string {
  if (typeof value === "number") return String(value);
  return isPromise(value) ? "a promise" : kindOf(value);
}

/** Return a pause in ms as a timer accepts it, or the error to report. */
function checkedPause(value: unknown, error: RedisError): number | RedisError {
  if (value === undefined || value === null) return error;
  if (typeof value === "number" && value >= 0) return Math.min(value, MAX_DELAY);
  // A rejection would be unhandled.
  if (isPromise(value)) value.catch(() => {});
  const expected = "a policy that returns a number of milliseconds, 0 or more, or undefined";
  const details = { code: "EINVAL", outcome: "not-sent", cause: error } as const;
  return new DataError(invalidOption("retry", expected, describe(value)).message, details);
}

/** What follows a failed attempt. */
export class RetryPolicy {
  /** How often a command that may be sent again is sent again; -1 for no limit. */
  readonly resends: number;
  readonly #retry: Retry;
  readonly #decide: RetryFunction | undefined;
  readonly #resendPauses: Backoff | undefined;
  /** What the last reset threw. */
  #fault: { readonly cause: unknown } | undefined = undefined;

  constructor({ retry, decide, resendPauses, resends }: PolicyParts) {
    this.resends = resends;
    this.#retry = retry;
    this.#decide = decide;
    this.#resendPauses = resendPauses;
  }

  /**
   * Decide after a failed attempt whether another one follows.
   *
   * @param failures - Integer, number of consecutive failures; 1 after the first.
   * @returns Milliseconds to wait before it; an error to report when there is none.
   */
  next(failures: number, error: RedisError): number | RedisError {
    return this.#evaluate(error, () => {
      if (this.#decide !== undefined) return this.#decide(failures, error);
      const retry = this.#retry;
      const isAllowed = retry.allows(failures) && retry.isSupported(error);
      return isAllowed ? retry.delay(failures) : undefined;
    });
  }

  /** Return the pause before a command is sent again, or the error to report, as {@link next} does. */
  pauseBeforeResend(failures: number, error: RedisError): number | RedisError {
    return this.#evaluate(error, () => {
      if (this.#decide !== undefined) return this.#decide(failures, error);
      return this.#resendPauses?.compute(failures) ?? this.#retry.delay(failures);
    });
  }

  /** Whether the policy names the class of an error that is not retried otherwise. */
  covers(error: RedisError): boolean {
    if (this.#decide !== undefined || !(error instanceof AuthenticationError)) return false;
    try {
      return this.#retry.isSupported(error);
    } catch {
      // `next` then reports the fault.
      return true;
    }
  }

  /** Reset the state: a series of attempts has ended. A fault is reported by the next decision. */
  reset(): void {
    this.#fault = undefined;
    try {
      this.#retry.reset();
    } catch (cause) {
      this.#fault = { cause };
    }
  }

  /** Return a policy with the same settings and its own, reset state. */
  clone(): RetryPolicy {
    return new RetryPolicy({
      retry: this.#retry.clone(),
      decide: this.#decide,
      resendPauses: this.#resendPauses,
      resends: this.resends,
    });
  }

  #evaluate(error: RedisError, decide: () => unknown): number | RedisError {
    try {
      // Without a reset, pauses would continue those of an earlier series.
      if (this.#fault !== undefined) throw this.#fault.cause;
      return checkedPause(decide(), error);
    } catch (cause) {
      const details = { code: "EINVAL", outcome: "not-sent", cause } as const;
      return new DataError(`option "retry" failed: ${faultText(cause)}`, details);
    }
  }
}

/** Without a limit: commands wait until their own deadline. */
export function defaultRetryPolicy(): RetryPolicy {
  return new RetryPolicy({ ...anyError(-1), resends: DEFAULT_RESENDS });
}

const RETRY_FORMS = "a Retry, a number of attempts or a function";
const attempts = integer(1);

/** Accept every form of the option `retry`; return the policy, which shares no state with the value. */
export const retryPolicy: Check<RetryPolicy> = (name, value) => {
  if (typeof value === "number") {
    const retries = attempts(name, value) - 1;
    return new RetryPolicy({ ...anyError(retries), resends: retries });
  }
  if (typeof value === "function") {
    const decide = value as RetryFunction;
    return new RetryPolicy({ ...anyError(-1), decide, resends: DEFAULT_RESENDS });
  }
  if (typeof value !== "object" || value === null)
    throw invalidOption(name, RETRY_FORMS, kindOf(value));
  const retry = retryObject(name, value).clone();
  return new RetryPolicy({ retry, resends: retry.retries });
};
