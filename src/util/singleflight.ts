/**
 * Concurrent calls with the same key share one execution. Nothing is cached: once the execution has settled,
 * the next call starts another.
 */

/** Shares the pending promises of an asynchronous function by key. */
export class Singleflight<K, V> {
  readonly #pending = new Map<K, Promise<V>>();

  /**
   * Return the pending promise for a key, or start the work for it.
   *
   * @param key - Compared as Map keys are.
   * @param work - Called with the key when nothing is pending for it. Must return a promise, not throw.
   * @returns A promise with the outcome of the shared execution.
   */
  run(key: K, work: (key: K) => Promise<V>): Promise<V> {
    const pending = this.#pending.get(key);
    if (pending !== undefined) return pending;
    const started = work(key).finally(() => this.#pending.delete(key));
    this.#pending.set(key, started);
    return started;
  }
}
