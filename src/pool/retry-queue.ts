/**
 * Requests waiting for their next attempt after an error reply in `retryOnError`. They are on no
 * connection; each is either executed again or settled with its last error.
 */
import type { Request } from "../connection/request.js";
import type { RedisError } from "../errors.js";
import type { RetryPolicy } from "../options/retry-policy.js";
import { startTimer, type Timer } from "../util/timers.js";

interface Entry {
  readonly timer: Timer;
  readonly error: RedisError;
}

/** Requests between two attempts. */
export class RetryQueue {
  readonly #retry: RetryPolicy;
  readonly #entries = new Map<Request, Entry>();
  /** Number of error replies each request has had. */
  readonly #failures = new WeakMap<Request, number>();

  constructor(retry: RetryPolicy) {
    this.#retry = retry;
  }

  /**
   * Call `execute` for a request after the backoff that follows `error`.
   *
   * @returns `false` when the retry policy allows no more attempts; the request has failed when the policy has.
   */
  add(request: Request, error: RedisError, execute: () => void): boolean {
    const failures = (this.#failures.get(request) ?? 0) + 1;
    const pause = this.#retry.pauseBeforeResend(failures, error);
    if (typeof pause !== "number") {
      if (pause !== error) request.fail(pause);
      return false;
    }
    this.#failures.set(request, failures);
    const onElapsed = (): void => {
      this.#entries.delete(request);
      request.released();
      execute();
    };
    const timer = startTimer(pause, onElapsed);
    this.#entries.set(request, { timer, error });
    request.heldBy(this);
    return true;
  }

  /** Remove a cancelled request. */
  delete(request: Request): void {
    this.#entries.get(request)?.timer.cancel();
    this.#entries.delete(request);
  }

  /** Settle every request with its last error: there is no other attempt. */
  end(): void {
    for (const [request, { error }] of [...this.#entries]) {
      this.delete(request);
      request.released();
      request.acceptError(error);
    }
  }
}

/** See {@link Request.prepareRetry}. What a class in `retryOnError` throws is the error of the request. */
export function mayRetry(request: Request, error: RedisError): boolean {
  try {
    return request.prepareRetry(error);
  } catch (fault) {
    request.fail(fault as RedisError);
    return false;
  }
}

/**
 * Reject requests whose replies will not arrive, except those that ask to be written again.
 *
 * @param isFinal - Whether no request may be written again.
 * @param errorOf - Creates the error of a request.
 * @returns The requests to write again, in their order.
 */
export function failOrRetry(
  requests: readonly Request[],
  isFinal: boolean,
  errorOf: (request: Request) => RedisError,
): Request[] {
  return requests.filter((request) => {
    if (request.settled) return false;
    const error = errorOf(request);
    if (!isFinal && mayRetry(request, error)) return true;
    request.fail(error);
    return false;
  });
}
