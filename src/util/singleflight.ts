/**
 * Concurrent calls with the same key share one execution.
 */

/** Questions that are not answered yet: whoever asks the same meanwhile waits for that answer. */
export class Singleflight<A, V> {
  readonly #inFlight = new Map<A, Promise<V>>();

  /** Ask one, unless it is asked already. */
  run(one: A, ask: (one: A) => Promise<V>): Promise<V> {
    const open = this.#inFlight.get(one) ?? ask(one).finally(() => this.#inFlight.delete(one));
    this.#inFlight.set(one, open);
    return open;
  }
}
