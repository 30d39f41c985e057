/**
 * Owns what has arrived and is not read yet, and who waits for it. First in, first out, on both
 * sides; an error in the queue is thrown at whoever reads it. Knows nothing of where things come from.
 */

import { RedisError } from "../errors.js";
import { rejectWithCallerStack } from "./caller-stack.js";
import { Deque } from "./deque.js";

/** How one item is taken. */
export interface TakeOptions<M> {
  /** ms to wait; 0 to let the sockets be read once, `Infinity` for as long as something can arrive. */
  readonly timeout: number;
  /** Items this reader does not want to see; they are gone then. */
  readonly skips?: ((item: M) => boolean) | undefined;
  /** Whose waiting it is, for {@link AsyncQueue.release}. */
  readonly reader: object;
}

/** What an inbox wants to know, and to tell. */
export interface AsyncQueueOptions<M> {
  /** Whether anything can still arrive. */
  readonly live: () => boolean;
  /** Called after something was taken out. */
  readonly onTaken: () => void;
  /** Tells items of which only the latest are kept when nobody reads them. */
  readonly isDroppable: (item: M) => boolean;
}

interface Waiter<M> extends TakeOptions<M> {
  readonly settle: (item: M | undefined | Promise<never>) => void;
}

/** Unread minor items kept at most. */
const MAX_DROPPABLE = 1000;

/** Run a callback when a wait is over; gives the way to call it off. */
function timer(timeout: number, callback: () => void): () => void {
  if (timeout === Number.POSITIVE_INFINITY) return () => {};
  if (timeout === 0) {
    // The first may come before the sockets are read, the second cannot.
    let turn = setImmediate(() => {
      turn = setImmediate(callback);
    });
    return () => clearImmediate(turn);
  }
  const timer = setTimeout(callback, timeout);
  return () => clearTimeout(timer);
}

/** A queue with readers that wait. */
export class AsyncQueue<M> {
  readonly #parts: AsyncQueueOptions<M>;
  readonly #items = new Deque<M | RedisError>();
  readonly #waiters = new Set<Waiter<M>>();
  #droppable = 0;

  constructor(parts: AsyncQueueOptions<M>) {
    this.#parts = parts;
  }

  /** Unread items, those that may be dropped not counted. */
  get size(): number {
    return this.#items.length - this.#droppable;
  }

  /** Whether there is nothing unread at all. */
  get empty(): boolean {
    return this.#items.length === 0;
  }

  /** Give an item to the first who waits, or keep it. */
  push(item: M | RedisError): void {
    const [waiter] = this.#waiters;
    if (waiter === undefined) return this.#keep(item);
    if (item instanceof RedisError) waiter.settle(rejectWithCallerStack(item));
    else if (waiter.skips?.(item) !== true) waiter.settle(item);
  }

  /**
   * Take the next item.
   *
   * @returns `undefined` when none came in time, or nothing can arrive any more.
   */
  take(options: TakeOptions<M>): Promise<M | undefined> {
    for (let item = this.#shift(); item !== undefined; item = this.#shift()) {
      if (item instanceof RedisError) return rejectWithCallerStack(item);
      if (options.skips?.(item) !== true) return Promise.resolve(item);
    }
    return this.#parts.live() ? this.#wait(options) : Promise.resolve(undefined);
  }

  /** End the waiting of one reader. */
  release(reader: object): void {
    for (const waiter of this.#waiters) if (waiter.reader === reader) waiter.settle(undefined);
  }

  /** Nothing more will come: end all waiting. */
  end(): void {
    for (const waiter of this.#waiters) waiter.settle(undefined);
  }

  /** Forget what is unread. */
  clear(): void {
    this.#items.clear();
    this.#droppable = 0;
  }

  #isDroppable(item: M | RedisError): boolean {
    return item instanceof RedisError || this.#parts.isDroppable(item);
  }

  #keep(item: M | RedisError): void {
    this.#items.push(item);
    if (this.#isDroppable(item) && ++this.#droppable > MAX_DROPPABLE) this.#dropOldest();
  }

  /** Drop the older half, so that doing so is rare. */
  #dropOldest(): void {
    const all = this.#items.toArray();
    let excess = MAX_DROPPABLE / 2;
    this.clear();
    for (const item of all) {
      const minor = this.#isDroppable(item);
      if (minor && excess-- > 0) continue;
      this.#items.push(item);
      if (minor) this.#droppable++;
    }
  }

  #shift(): M | RedisError | undefined {
    const item = this.#items.shift();
    if (item === undefined) return undefined;
    if (this.#isDroppable(item)) this.#droppable--;
    this.#parts.onTaken();
    return item;
  }

  #wait(options: TakeOptions<M>): Promise<M | undefined> {
    return new Promise((resolve) => {
      const waiter: Waiter<M> = {
        ...options,
        settle: (item) => {
          this.#waiters.delete(waiter);
          stop();
          resolve(item);
        },
      };
      const stop = timer(options.timeout, () => waiter.settle(undefined));
      this.#waiters.add(waiter);
    });
  }
}

/**
 * Read an inbox in `for await`.
 *
 * @param inbox - Where the items come from.
 * @returns An iterator that ends when nothing can arrive any more; leaving it leaves the inbox as it
 * is, and ends its own waiting at once.
 */
export function iterate<M>(inbox: AsyncQueue<M>): AsyncIterableIterator<M, undefined> {
  const reader = { timeout: Number.POSITIVE_INFINITY, reader: {} };
  let left = false;
  return {
    async next() {
      const value = left ? undefined : await inbox.take(reader);
      if (value !== undefined) return { done: false, value };
      left = true;
      return { done: true, value: undefined };
    },
    async return() {
      left = true;
      inbox.release(reader.reader);
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
