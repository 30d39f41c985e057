/**
 * When a subscriber connects again: after which pause, and whether at all. Counts consecutive failures; a
 * connection that ends soon after it was opened counts as one.
 */
import { AuthenticationError, type RedisError } from "../errors.js";
import type { RetryPolicy } from "../options/retry-policy.js";
import { realTime } from "../util/timers.js";

/** ms; after a connection that ended sooner, reconnecting waits for a pause. */
const STABLE_UPTIME = 1000;

/** The pauses between the connections of one subscriber. */
export class ReconnectPace {
  readonly #retry: RetryPolicy;
  #failures = 0;
  #openedAt = 0;
  #pause = 0;

  constructor(retry: RetryPolicy) {
    this.#retry = retry;
  }

  /** ms to wait before the next attempt; 0 for none. */
  get pause(): number {
    return this.#pause;
  }

  /** A connection was opened. */
  opened(): void {
    this.#openedAt = realTime();
  }

  /** All subscriptions are restored, or there are none any more. */
  reset(): void {
    this.#failures = 0;
    this.#pause = 0;
    this.#retry.reset();
  }

  /** An attempt to connect failed. Returns the error to give up with, if no other attempt follows. */
  afterFailure(error: RedisError): RedisError | undefined {
    return this.#accept(this.#retry.next(++this.#failures, error));
  }

  /**
   * A connection was lost.
   *
   * @param wasRestored - Whether every subscription had been restored on it.
   * @returns The error to give up with: for refused credentials, unless the policy covers them.
   */
  afterLoss(error: RedisError, wasRestored: boolean): RedisError | undefined {
    const isShort = realTime() - this.#openedAt < STABLE_UPTIME;
    this.#failures = wasRestored ? Number(isShort) : this.#failures + 1;
    const failures = this.#failures;
    if (error instanceof AuthenticationError)
      return this.#accept(this.#retry.next(failures || 1, error));
    return this.#accept(failures === 0 ? 0 : this.#retry.pauseBeforeResend(failures, error));
  }

  #accept(next: number | RedisError): RedisError | undefined {
    if (typeof next !== "number") return next;
    this.#pause = next;
    return undefined;
  }
}
