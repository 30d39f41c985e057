/**
 * Owns how long to wait between attempts: redis-py's backoffs, same names and formulas, but in
 * milliseconds (redis-py counts seconds). Pure: no timers, and no state except what
 * `DecorrelatedJitterBackoff` has to remember.
 */
import { amount, callable } from "../util/validate.js";

/** Computes the wait before the next attempt. Implement it to give `Retry` a policy of your own. */
export interface Backoff {
  /**
   * Compute the wait after a failure.
   *
   * @param failures - Integer, failures in a row so far; 1 at the first.
   * @returns Milliseconds; 0 or less for no wait.
   */
  compute(failures: number): number;
  /** Forget earlier failures. Called once before each series of attempts. */
  reset(): void;
  /** Make a backoff of the same settings that shares no state; one without state may give itself. */
  clone(): Backoff;
}

/** Source of randomness: a number from 0 (included) to 1 (excluded). */
export type Random = () => number;

const DEFAULT_CAP = 512;
const DEFAULT_BASE = 8;
// 2 to a higher power is Infinity, and Infinity times a base of 0 would not be a number.
const MAX_EXPONENT = 1023;

const randomSource = callable<Random>("a function that gives a number from 0 to 1");

/** Wait the same time after every failure. */
export class ConstantBackoff implements Backoff {
  /** Milliseconds. */
  readonly backoff: number;

  /** @param backoff - Number, milliseconds, not negative. */
  constructor(backoff: number) {
    this.backoff = amount("backoff", backoff);
  }

  compute(_failures: number): number {
    return this.backoff;
  }

  reset(): void {}

  clone(): Backoff {
    return this;
  }
}

/** Never wait: the next attempt follows at once. */
export class NoBackoff extends ConstantBackoff {
  constructor() {
    super(0);
  }
}

/** Double the wait with every failure, up to a cap: `min(cap, base * 2 ** failures)`. */
export class ExponentialBackoff implements Backoff {
  /** Milliseconds. */
  readonly cap: number;
  /** Milliseconds. */
  readonly base: number;

  /**
   * @param cap - Number, milliseconds, not negative: longest wait.
   * @param base - Number, milliseconds, not negative: half of the wait after the first failure.
   */
  constructor(cap: number = DEFAULT_CAP, base: number = DEFAULT_BASE) {
    this.cap = amount("cap", cap);
    this.base = amount("base", base);
  }

  compute(failures: number): number {
    return Math.min(this.cap, this.base * 2 ** Math.min(failures, MAX_EXPONENT));
  }

  reset(): void {}

  clone(): Backoff {
    return this;
  }
}

/** Wait at random between nothing and what `ExponentialBackoff` would wait. */
export class FullJitterBackoff extends ExponentialBackoff {
  readonly #random: Random;

  /**
   * @param cap - Number, milliseconds, not negative: longest wait.
   * @param base - Number, milliseconds, not negative.
   * @param random - Source of randomness, for tests.
   */
  constructor(cap?: number, base?: number, random: Random = Math.random) {
    super(cap, base);
    this.#random = randomSource("random", random);
  }

  override compute(failures: number): number {
    return this.#random() * super.compute(failures);
  }
}

/** Wait at least half of what `ExponentialBackoff` would wait, and a random part of the rest. */
export class EqualJitterBackoff extends ExponentialBackoff {
  readonly #random: Random;

  /**
   * @param cap - Number, milliseconds, not negative: longest wait.
   * @param base - Number, milliseconds, not negative.
   * @param random - Source of randomness, for tests.
   */
  constructor(cap?: number, base?: number, random: Random = Math.random) {
    super(cap, base);
    this.#random = randomSource("random", random);
  }

  override compute(failures: number): number {
    const half = super.compute(failures) / 2;
    return half + this.#random() * half;
  }
}

/** Wait at random between `base` and three times the previous wait, up to a cap. */
export class DecorrelatedJitterBackoff implements Backoff {
  /** Milliseconds. */
  readonly cap: number;
  /** Milliseconds. */
  readonly base: number;
  readonly #random: Random;
  #previous = 0;

  /**
   * @param cap - Number, milliseconds, not negative: longest wait.
   * @param base - Number, milliseconds, not negative: shortest wait, unless the cap is lower.
   * @param random - Source of randomness, for tests.
   */
  constructor(
    cap: number = DEFAULT_CAP,
    base: number = DEFAULT_BASE,
    random: Random = Math.random,
  ) {
    this.cap = amount("cap", cap);
    this.base = amount("base", base);
    this.#random = randomSource("random", random);
  }

  compute(_failures: number): number {
    const most = Math.max(this.base, 3 * this.#previous);
    const wait = this.base + this.#random() * (most - this.base);
    this.#previous = Math.min(this.cap, wait);
    return this.#previous;
  }

  reset(): void {
    this.#previous = 0;
  }

  clone(): Backoff {
    // A bundler renames a class that names itself, and its name is public.
    const Class = this.constructor as typeof DecorrelatedJitterBackoff;
    return new Class(this.cap, this.base, this.#random);
  }
}
