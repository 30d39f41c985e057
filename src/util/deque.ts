/**
 * Owns a queue over a ring of slots: push at the end, shift from the front, both in constant time.
 * Grows by doubling, and lets a large ring go once it is empty again.
 */

const INITIAL = 16;
const KEEP = 1024;

/** A double-ended queue as far as a connection needs one. */
export class Deque<T> {
  #ring: (T | undefined)[] = new Array<T | undefined>(INITIAL).fill(undefined);
  #head = 0;
  #length = 0;

  /** Number of elements. */
  get length(): number {
    return this.#length;
  }

  /** Add an element at the end. */
  push(value: T): void {
    if (this.#length === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#length) & (this.#ring.length - 1)] = value;
    this.#length++;
  }

  /** The element at the front, or undefined. */
  peek(): T | undefined {
    return this.#ring[this.#head];
  }

  /** Remove and return the element at the front, or undefined. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const value = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#length--;
    if (this.#length === 0 && this.#ring.length > KEEP) this.clear();
    return value;
  }

  /** The element at `index` from the front, or undefined. */
  at(index: number): T | undefined {
    if (index < 0 || index >= this.#length) return undefined;
    return this.#ring[(this.#head + index) & (this.#ring.length - 1)];
  }

  /** Put another element in the place of the one at `index`. */
  replace(index: number, value: T): void {
    if (index < 0 || index >= this.#length) throw new RangeError(`no element at ${index}`);
    this.#ring[(this.#head + index) & (this.#ring.length - 1)] = value;
  }

  /** Drop everything. */
  clear(): void {
    this.#ring = new Array<T | undefined>(INITIAL).fill(undefined);
    this.#head = 0;
    this.#length = 0;
  }

  /** Give all elements, front first. */
  toArray(): T[] {
    const values: T[] = [];
    for (let i = 0; i < this.#length; i++) {
      const value = this.at(i);
      if (value !== undefined) values.push(value);
    }
    return values;
  }

  #grow(): void {
    const old = this.#ring;
    const size = old.length;
    const ring = new Array<T | undefined>(size * 2).fill(undefined);
    for (let i = 0; i < size; i++) ring[i] = old[(this.#head + i) & (size - 1)];
    this.#ring = ring;
    this.#head = 0;
  }
}
