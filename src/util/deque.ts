/**
 * A first-in, first-out queue in a ring buffer: push and shift take constant time. The ring grows by
 * doubling, and a large ring is released when the queue becomes empty.
 */

const INITIAL_SIZE = 16;
/** A larger ring is released when the queue becomes empty. */
const MAX_KEPT_SIZE = 1024;

/** A queue with access by index. */
export class Deque<T> {
  #ring: (T | undefined)[] = new Array<T | undefined>(INITIAL_SIZE).fill(undefined);
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

  /** Return the element at the front, or `undefined`. */
  peek(): T | undefined {
    return this.#ring[this.#head];
  }

  /** Remove and return the element at the front, or `undefined`. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const value = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#length--;
    if (this.#length === 0 && this.#ring.length > MAX_KEPT_SIZE) this.clear();
    return value;
  }

  /** Return the element at `index` from the front, or `undefined`. */
  at(index: number): T | undefined {
    if (index < 0 || index >= this.#length) return undefined;
    return this.#ring[(this.#head + index) & (this.#ring.length - 1)];
  }

  /** Replace the element at `index`. */
  replace(index: number, value: T): void {
    if (index < 0 || index >= this.#length) throw new RangeError(`no element at ${index}`);
    this.#ring[(this.#head + index) & (this.#ring.length - 1)] = value;
  }

  /** Remove all elements. */
  clear(): void {
    this.#ring = new Array<T | undefined>(INITIAL_SIZE).fill(undefined);
    this.#head = 0;
    this.#length = 0;
  }

  /** Return all elements, front first. */
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
