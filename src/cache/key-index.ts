/**
 * Finds what belongs to a call, and everything that belongs to a key. Most keys have one item, which is stored without
 * a collection of its own.
 */

/** Identity of a call: its keys, as text with one character per byte, and the rest. */
export interface CallIdentity {
  /** At least one. */
  readonly keys: readonly string[];
  /** Text that is the same for the same call only, among the calls with the same first key. */
  readonly id: string;
}

/** The items of one key, by id. A class of its own, to tell it from an item. */
class Several<V> extends Map<string, V> {}

/** Items by call and by key. */
export class KeyIndex<V extends CallIdentity> {
  readonly #byKey = new Map<string, V | Several<V>>();

  /** Number of keys. */
  get size(): number {
    return this.#byKey.size;
  }

  /** Return the item of a call. */
  find({ keys, id }: CallIdentity): V | undefined {
    const found = this.#byKey.get(keys[0] as string);
    if (found instanceof Several) return found.get(id);
    return found?.id === id ? found : undefined;
  }

  /** Add an item, for a call that has none. */
  add(item: V): void {
    for (const key of item.keys) this.#addTo(key, item);
  }

  /** Remove an item. */
  remove(item: V): void {
    for (const key of item.keys) {
      const found = this.#byKey.get(key);
      if (found === item) this.#byKey.delete(key);
      else if (found instanceof Several && found.get(item.id) === item) {
        found.delete(item.id);
        if (found.size === 0) this.#byKey.delete(key);
      }
    }
  }

  /** Return the items of a key, in a copy. */
  of(key: string): readonly V[] {
    const found = this.#byKey.get(key);
    if (found === undefined) return NONE;
    return found instanceof Several ? [...found.values()] : [found];
  }

  /** Remove all items. */
  clear(): void {
    this.#byKey.clear();
  }

  #addTo(key: string, item: V): void {
    const found = this.#byKey.get(key);
    if (found === undefined || found === item) this.#byKey.set(key, item);
    else if (found instanceof Several) found.set(item.id, item);
    else
      this.#byKey.set(
        key,
        new Several([
          [found.id, found],
          [item.id, item],
        ]),
      );
  }
}

const NONE: readonly never[] = [];
