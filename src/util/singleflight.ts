/**
 * Sharing of one execution between concurrent calls with the same key.
 */

/** Runs at most one function per key at a time; concurrent calls with the key share its result. */
export class Singleflight<K, V> {
  readonly #inFlight = new Map<K, Promise<V>>();

  /**
   * Run a function, unless a call with the same key is in flight.
   *
   * @returns The result of `execute`, or of the call in flight.
   */
  run(key: K, execute: (key: K) => Promise<V>): Promise<V> {
    const flight =
      this.#inFlight.get(key) ?? execute(key).finally(() => this.#inFlight.delete(key));
    this.#inFlight.set(key, flight);
    return flight;
  }
}
