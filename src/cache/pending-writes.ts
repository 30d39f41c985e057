/**
 * Keys that own writes without an answer may change. A read between the call and the answer of a write may be executed
 * before or after it, on any connection, so that its reply is not kept.
 */

/** Keys of writes, or all keys when a write does not name them. */
export type TouchedKeys = readonly string[] | "all";

/** Counts writes under way by key. */
export class PendingWrites {
  readonly #counts = new Map<string, number>();
  #all = 0;

  /** Whether the reply of a read of these keys must not be kept. */
  affect(keys: readonly string[]): boolean {
    if (this.#all !== 0) return true;
    if (this.#counts.size === 0) return false;
    return keys.some((key) => this.#counts.has(key));
  }

  /** Record that a write was called. */
  begin(keys: TouchedKeys): void {
    if (keys === "all") this.#all++;
    else for (const key of keys) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  /** Record that a write was answered or has failed. */
  end(keys: TouchedKeys): void {
    if (keys === "all") this.#all--;
    else for (const key of keys) this.#decrement(key);
  }

  #decrement(key: string): void {
    const count = this.#counts.get(key) ?? 0;
    if (count > 1) this.#counts.set(key, count - 1);
    else this.#counts.delete(key);
  }
}
