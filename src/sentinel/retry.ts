/**
 * Owns how long a client of a Sentinel deployment goes on looking for a server: as long as a fail-over
 * may take and its commands may wait, counted in time and not in attempts.
 */
import { EqualJitterBackoff } from "../options/backoff.js";
import { Retry } from "../options/retry.js";
import { isTimeout, isUnknownName } from "./queries.js";

/** ms. */
const LONGEST_PAUSE = 250;
const FIRST_PAUSE = 8;
/** What is given to commands that ask for retries by number. */
const RETRIES = 5;

/** Retries until a time is over; a name that no Sentinel knows is not looked for again. */
export class FailoverRetry extends Retry {
  readonly #patience: number;
  readonly #limit: number;
  #since: number | undefined = undefined;

  /**
   * @param patience - ms; how long to go on.
   * @param limit - ms; how long one attempt may take when a Sentinel is silent.
   */
  constructor(patience: number, limit: number) {
    // Short enough to have told what is wrong before commands run out of time by themselves.
    super(new EqualJitterBackoff(Math.min(LONGEST_PAUSE, patience / 10), FIRST_PAUSE), RETRIES);
    this.#patience = patience;
    this.#limit = limit;
  }

  override isSupported(error: unknown): boolean {
    if (!super.isSupported(error) || isUnknownName(error)) return false;
    // The time counts from the first failure, which took its own, and the next attempt will again.
    return !isTimeout(error) || this.#elapsed + 2 * this.#limit < this.#patience;
  }

  override allows(_failures: number): boolean {
    this.#since ??= performance.now();
    return this.#elapsed < this.#patience;
  }

  override reset(): void {
    super.reset();
    this.#since = undefined;
  }

  override clone(): Retry {
    return new FailoverRetry(this.#patience, this.#limit);
  }

  get #elapsed(): number {
    return this.#since === undefined ? 0 : performance.now() - this.#since;
  }
}
