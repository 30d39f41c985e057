/**
 * A queue between a producer and readers that wait. Items and readers are first in, first out; an error
 * in the queue rejects the read that reaches it.
 */

import { RedisError } from "../errors.js";
import { rejectWithCallerStack } from "./caller-stack.js";
import { Deque } from "./deque.js";
import { startImmediate, startTimer, type Timer } from "./timers.js";

/** Options of {@link AsyncQueue.take}. */
export interface TakeOptions<M> {
  /** ms to wait; 0 to wait until the sockets have been read once, `Infinity` for no limit. */
  readonly timeout: number;
  /** Returns whether this reader skips an item; a skipped item is removed. */
  readonly skips?: ((item: M) => boolean) | undefined;
  /** Identifies the reader, for {@link AsyncQueue.release}. */
  readonly reader: object;
}

/** Options of an {@link AsyncQueue}. */
export interface AsyncQueueOptions<M> {
  /** Returns whether items can still arrive. */
  readonly live: () => boolean;
  /** Called after an item was removed from the queue. */
  readonly onTaken: () => void;
  /** Returns whether an item is droppable: only the latest unread droppable items are kept. */
  readonly isDroppable: (item: M) => boolean;
  /** Called after an unread item was dropped. It may push another. */
  readonly onDropped?: (item: M) => void;
}

interface Waiter<M> extends TakeOptions<M> {
  readonly settle: (item: M | undefined | Promise<never>) => void;
}

/** Most unread droppable items, errors included. */
const MAX_DROPPABLE = 1000;

/** Limit a wait; return a function that cancels the limit. The sockets are read once before it ends. */
function limitTake(timeout: number, callback: () => void): () => void {
  if (timeout === Number.POSITIVE_INFINITY) return () => {};
  let timer: Timer;
  const readSockets = (): void => {
    timer = startImmediate(callback);
  };
  // An immediate may run before the sockets are read, except after a timer or another immediate.
  timer = timeout === 0 ? startImmediate(readSockets) : startTimer(timeout, readSockets);
  return () => timer.cancel();
}

/** An unbounded queue whose readers wait for items. */
export class AsyncQueue<M> {
  readonly #options: AsyncQueueOptions<M>;
  readonly #items = new Deque<M | RedisError>();
  readonly #waiters = new Set<Waiter<M>>();
  #droppable = 0;

  constructor(options: AsyncQueueOptions<M>) {
    this.#options = options;
  }

  /** Number of unread items that are not droppable. */
  get size(): number {
    return this.#items.length - this.#droppable;
  }

  /** Whether there are no unread items. */
  get empty(): boolean {
    return this.#items.length === 0;
  }

  /** Pass an item to the first waiting reader, or store it. */
  push(item: M | RedisError): void {
    const [waiter] = this.#waiters;
    if (waiter === undefined) return this.#store(item);
    if (item instanceof RedisError) waiter.settle(rejectWithCallerStack(item));
    else if (waiter.skips?.(item) !== true) waiter.settle(item);
  }

  /**
   * Remove the next item, or wait for it.
   *
   * @returns The item; `undefined` when the timeout passes or no more items can arrive.
   */
  take(options: TakeOptions<M>): Promise<M | undefined> {
    for (let item = this.#shift(); item !== undefined; item = this.#shift()) {
      if (item instanceof RedisError) return rejectWithCallerStack(item);
      if (options.skips?.(item) !== true) return Promise.resolve(item);
    }
    return this.#options.live() ? this.#wait(options) : Promise.resolve(undefined);
  }

  /** End the waits of one reader. */
  release(reader: object): void {
    for (const waiter of this.#waiters) if (waiter.reader === reader) waiter.settle(undefined);
  }

  /** End all waits, because no more items will arrive. */
  end(): void {
    for (const waiter of this.#waiters) waiter.settle(undefined);
  }

  /** Remove all unread items. */
  clear(): void {
    this.#items.clear();
    this.#droppable = 0;
  }

  #isDroppable(item: M | RedisError): boolean {
    return item instanceof RedisError || this.#options.isDroppable(item);
  }

  #store(item: M | RedisError): void {
    this.#items.push(item);
    if (this.#isDroppable(item) && ++this.#droppable > MAX_DROPPABLE) this.#dropOldest();
  }

  /** Drop the older half of the droppable items, so that drops are rare. */
  #dropOldest(): void {
    const items = this.#items.toArray();
    const dropped: M[] = [];
    let excess = MAX_DROPPABLE / 2;
    this.clear();
    for (const item of items) {
      const droppable = this.#isDroppable(item);
      if (droppable && excess-- > 0) {
        if (!(item instanceof RedisError)) dropped.push(item);
        continue;
      }
      this.#items.push(item);
      if (droppable) this.#droppable++;
    }
    for (const item of dropped) this.#options.onDropped?.(item);
  }

  #shift(): M | RedisError | undefined {
    const item = this.#items.shift();
    if (item === undefined) return undefined;
    if (this.#isDroppable(item)) this.#droppable--;
    this.#options.onTaken();
    return item;
  }

  #wait(options: TakeOptions<M>): Promise<M | undefined> {
    return new Promise((resolve) => {
      const waiter: Waiter<M> = {
        ...options,
        settle: (item) => {
          this.#waiters.delete(waiter);
          cancelTimer();
          resolve(item);
        },
      };
      const cancelTimer = limitTake(options.timeout, () => waiter.settle(undefined));
      this.#waiters.add(waiter);
    });
  }
}

/**
 * An iterator for `for await`. In place of `AsyncIterableIterator`, which takes the type of its last value
 * only since TypeScript 5.6.
 */
export interface ItemIterator<M> extends AsyncIterator<M, undefined> {
  [Symbol.asyncIterator](): ItemIterator<M>;
}

/**
 * Create an iterator over a queue, for `for await`.
 *
 * @returns An iterator that ends when no more items can arrive. Leaving the loop ends its wait and does
 * not change the queue.
 */
export function iterate<M>(queue: AsyncQueue<M>): ItemIterator<M> {
  const reader = {};
  const options = { timeout: Number.POSITIVE_INFINITY, reader };
  let done = false;
  return {
    async next() {
      const value = done ? undefined : await queue.take(options);
      if (value !== undefined) return { done: false, value };
      done = true;
      return { done: true, value: undefined };
    },
    async return() {
      done = true;
      queue.release(reader);
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
