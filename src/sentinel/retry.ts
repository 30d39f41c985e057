/**
 * The retry policy of clients of a Sentinel deployment: it is limited by time, not by a number of attempts,
 * because a failover takes seconds. It gives up before the commands reach their own deadline.
 */
import { EqualJitterBackoff } from "../options/backoff.js";
import { Retry } from "../options/retry.js";
import { loopTime } from "../util/timers.js";
import { isTimeout, isUnknownName } from "./queries.js";

/** ms; bounds of the pause between attempts. */
const LONGEST_PAUSE = 250;
const FIRST_PAUSE = 8;
/** Retries of a command that is retried by number (`retryOnError`). */
const COMMAND_RETRIES = 5;

/** Retries for a limited time. A name unknown to every Sentinel is not retried. */
export class FailoverRetry extends Retry {
  readonly #totalTimeout: number;
  readonly #attemptTimeout: number;
  /** Moment of the first failure, of `loopTime()`. */
  #since: number | undefined = undefined;

  /**
   * @param totalTimeout - ms; how long to retry, counted from the first failure.
   * @param attemptTimeout - ms; how long one attempt takes when a Sentinel does not answer.
   */
  constructor(totalTimeout: number, attemptTimeout: number) {
    // Pauses are short enough that the last error is reported before the commands time out.
    const pause = Math.min(LONGEST_PAUSE, totalTimeout / 10);
    super(new EqualJitterBackoff(pause, FIRST_PAUSE), COMMAND_RETRIES);
    this.#totalTimeout = totalTimeout;
    this.#attemptTimeout = attemptTimeout;
  }

  override isSupported(error: unknown): boolean {
    if (!super.isSupported(error) || isUnknownName(error)) return false;
    // The first attempt took one timeout before the clock started, and the next one takes another.
    return !isTimeout(error) || this.#elapsed + 2 * this.#attemptTimeout < this.#totalTimeout;
  }

  override allows(_failures: number): boolean {
    this.#since ??= loopTime();
    return this.#elapsed < this.#totalTimeout;
  }

  override reset(): void {
    super.reset();
    this.#since = undefined;
  }

  override clone(): Retry {
    return new FailoverRetry(this.#totalTimeout, this.#attemptTimeout);
  }

  get #elapsed(): number {
    return this.#since === undefined ? 0 : loopTime() - this.#since;
  }
}
