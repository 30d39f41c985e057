/**
 * Random data for tests: a small seeded generator, so that every random failure can be repeated. Set `TEST_SEED`
 * to repeat a run; failure messages contain the seed.
 */

/** Return the seed of this run: `TEST_SEED`, or a new one. */
export function testSeed(): number {
  const given = Number(process.env.TEST_SEED);
  return Number.isInteger(given) && given > 0 ? given : 1 + Math.floor(Math.random() * 0x7fff_fffe);
}

/** A seeded pseudo-random generator ("mulberry32", one 32-bit state). */
export class Random {
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed;
    this.#state = seed | 0;
  }

  /**
   * Create a generator for one purpose. Its numbers do not depend on how many others were drawn before.
   *
   * @param purpose - Name of the purpose.
   */
  derive(purpose: string): Random {
    let hash = this.seed | 0;
    for (const letter of purpose)
      hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x0100_0193);
    return new Random(hash);
  }

  /** Return a fraction from 0 (inclusive) to 1 (exclusive). */
  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Return an integer from `low` to `high`, both inclusive. */
  int(low: number, high: number): number {
    return low + Math.floor(this.fraction() * (high - low + 1));
  }

  /** Return true with the given probability. */
  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** Return one of the items. */
  pick<T>(items: readonly T[]): T {
    const item = items[this.int(0, items.length - 1)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }

  /** Return the given number of bytes. */
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
