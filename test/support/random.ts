/**
 * Owns randomness for tests: a small seeded generator, so that every random failure can be repeated.
 * Set `TEST_SEED` to repeat one; failure messages carry the seed.
 */

/** Choose the seed of this run: `TEST_SEED`, or a new one. */
export function testSeed(): number {
  const given = Number(process.env.TEST_SEED);
  return Number.isInteger(given) && given > 0 ? given : 1 + Math.floor(Math.random() * 0x7fff_fffe);
}

/** A repeatable source of random things (the "mulberry32" recurrence: one 32-bit state). */
export class Random {
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed;
    this.#state = seed | 0;
  }

  /** A fraction from 0 up to, not including, 1. */
  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `low` to `high`, both included. */
  int(low: number, high: number): number {
    return low + Math.floor(this.fraction() * (high - low + 1));
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** One of the items. */
  pick<T>(items: readonly T[]): T {
    const item = items[this.int(0, items.length - 1)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }

  /** So many bytes. */
  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.int(0, 255)));
  }

  /** Cut `whole` into pieces of 1 to `longest` bytes. */
  split(whole: Buffer, longest: number): Buffer[] {
    const pieces: Buffer[] = [];
    for (let from = 0; from < whole.length; ) {
      const to = Math.min(whole.length, from + this.int(1, longest));
      pieces.push(whole.subarray(from, to));
      from = to;
    }
    return pieces;
  }
}
