/**
 * Backoffs, which compute the delay between attempts: redis-py's names and formulas, in milliseconds
 * (redis-py uses seconds). No timers; only `DecorrelatedJitterBackoff` has state.
 */
import { defineSelf, SELF } from "../util/self.js";
import { callable, checkArity, duration } from "../util/validate.js";

/** Computes the delay before the next attempt. Implement it to pass a custom policy to `Retry`. */
export interface Backoff {
  /**
   * Compute the delay after a failure.
   *
   * @param failures - Integer, number of consecutive failures; 1 after the first.
   * @returns Milliseconds; 0 or less for no delay.
   */
  compute(failures: number): number;
  /** Reset the state. Called once before each series of attempts. */
  reset(): void;
  /** Return a backoff with the same settings that shares no state; may be itself when stateless. */
  clone(): Backoff;
}

/** Returns a random number from 0 (included) to 1 (excluded), as `Math.random` does. */
export type Random = () => number;

const DEFAULT_CAP = 512;
const DEFAULT_BASE = 8;
// A higher power of 2 is Infinity, and Infinity times a base of 0 is NaN.
const MAX_EXPONENT = 1023;

const randomSource = callable<Random>("a function that returns a number from 0 to 1");

/** The same delay after every failure. */
export class ConstantBackoff implements Backoff {
  /** @internal */ static readonly name: string = "ConstantBackoff";
  /** Delay in milliseconds. */
  readonly backoff: number;

  /** @param backoff - Number, ms, 0 or more: the delay. */
  constructor(backoff: number) {
    checkArity("ConstantBackoff", 1, arguments, "promises");
    this.backoff = duration('argument "backoff"', backoff);
  }

  compute(_failures: number): number {
    return this.backoff;
  }

  reset(): void {}

  clone(): Backoff {
    return this;
  }
}

/** No delay: the next attempt follows immediately. */
export class NoBackoff extends ConstantBackoff {
  /** @internal */ static override readonly name: string = "NoBackoff";
  constructor() {
    checkArity("NoBackoff", 0, arguments, "promises");
    super(0);
  }
}

/** A delay that doubles with every failure, up to a cap: `min(cap, base * 2 ** failures)`. */
export class ExponentialBackoff implements Backoff {
  /** @internal */ static readonly name: string = "ExponentialBackoff";
  /** Longest delay in milliseconds. */
  readonly cap: number;
  /** Base of the formula in milliseconds. */
  readonly base: number;

  /**
   * @param cap - Number, ms, 0 or more: longest delay; default 512.
   * @param base - Number, ms, 0 or more: half of the delay after the first failure; default 8.
   */
  constructor(cap: number = DEFAULT_CAP, base: number = DEFAULT_BASE) {
    checkArity("ExponentialBackoff", 2, arguments, "promises");
    this.cap = duration('argument "cap"', cap);
    this.base = duration('argument "base"', base);
  }

  compute(failures: number): number {
    return Math.min(this.cap, this.base * 2 ** Math.min(failures, MAX_EXPONENT));
  }

  reset(): void {}

  clone(): Backoff {
    return this;
  }
}

/** A random delay between 0 and the delay of `ExponentialBackoff`. */
export class FullJitterBackoff extends ExponentialBackoff {
  /** @internal */ static override readonly name: string = "FullJitterBackoff";
  /** @internal */
  declare protected readonly [SELF]: this;
  readonly #random: Random;

  /**
   * @param cap - Number, ms, 0 or more: longest delay; default 512.
   * @param base - Number, ms, 0 or more: default 8.
   * @param random - Random source, for tests; default `Math.random`.
   */
  constructor(cap?: number, base?: number, random: Random = Math.random) {
    checkArity("FullJitterBackoff", 3, arguments, "promises");
    super(cap, base);
    defineSelf(this);
    this.#random = randomSource('argument "random"', random);
  }

  override compute(failures: number): number {
    return this[SELF].#random() * super.compute(failures);
  }
}

/** A random delay between half of the delay of `ExponentialBackoff` and all of it. */
export class EqualJitterBackoff extends ExponentialBackoff {
  /** @internal */ static override readonly name: string = "EqualJitterBackoff";
  /** @internal */
  declare protected readonly [SELF]: this;
  readonly #random: Random;

  /**
   * @param cap - Number, ms, 0 or more: longest delay; default 512.
   * @param base - Number, ms, 0 or more: default 8.
   * @param random - Random source, for tests; default `Math.random`.
   */
  constructor(cap?: number, base?: number, random: Random = Math.random) {
    checkArity("EqualJitterBackoff", 3, arguments, "promises");
    super(cap, base);
    defineSelf(this);
    this.#random = randomSource('argument "random"', random);
  }

  override compute(failures: number): number {
    const half = super.compute(failures) / 2;
    return half + this[SELF].#random() * half;
  }
}

/** A random delay between `base` and three times the previous delay, up to a cap. */
export class DecorrelatedJitterBackoff implements Backoff {
  /** @internal */ static readonly name: string = "DecorrelatedJitterBackoff";
  /** Longest delay in milliseconds. */
  readonly cap: number;
  /** Base of the formula in milliseconds. */
  readonly base: number;
  /** @internal */
  declare protected readonly [SELF]: this;
  readonly #random: Random;
  #previous = 0;

  /**
   * @param cap - Number, ms, 0 or more: longest delay; default 512.
   * @param base - Number, ms, 0 or more: shortest delay, unless the cap is lower; default 8.
   * @param random - Random source, for tests; default `Math.random`.
   */
  constructor(
    cap: number = DEFAULT_CAP,
    base: number = DEFAULT_BASE,
    random: Random = Math.random,
  ) {
    checkArity("DecorrelatedJitterBackoff", 3, arguments, "promises");
    this.cap = duration('argument "cap"', cap);
    this.base = duration('argument "base"', base);
    defineSelf(this);
    this.#random = randomSource('argument "random"', random);
  }

  compute(_failures: number): number {
    const self = this[SELF];
    const longest = Math.max(this.base, 3 * self.#previous);
    const delay = this.base + self.#random() * (longest - this.base);
    self.#previous = Math.min(this.cap, delay);
    return self.#previous;
  }

  reset(): void {
    this[SELF].#previous = 0;
  }

  clone(): Backoff {
    // A class that refers to itself by name is renamed by the bundler, and its name is public.
    const Class = this.constructor as typeof DecorrelatedJitterBackoff;
    return new Class(this.cap, this.base, this[SELF].#random);
  }
}
