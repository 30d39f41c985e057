/**
 * When a client that reads from replicas asks for another view. Nothing else shows it that a replica has joined, or
 * has returned after the other nodes had marked it as failed, which removes it from their views. The check is part
 * of a read, so there is no timer, and an idle client asks for nothing. No I/O.
 */
import { realTime } from "../util/timers.js";

/** ms; pause before the first refresh while a node is missing; it doubles up to {@link LONGEST}. */
const FIRST = 1000;
const LONGEST = 30_000;
/** ms between refreshes while no node is missing. */
const RENEWAL = 60_000;
/** ms after which a node counts as removed from the cluster. */
const MISSING = 600_000;
/** While no node is missing, only each 64th read looks at the clock. */
const SKIPPED = 63;

/** Decides when reads refresh the view. */
export class ReadRefresh {
  readonly #refresh: () => void;
  /** Names of the nodes of the last view. */
  #present: ReadonlySet<string> = new Set();
  /** Nodes of former views that the last one does not have, with the moment (of `realTime()`) of their end. */
  readonly #missing = new Map<string, number>();
  #pause = RENEWAL;
  /** Moment of `realTime()` from which a read asks for a refresh. */
  #due = Number.POSITIVE_INFINITY;
  #reads = 0;

  /** @param refresh - Asks for a refresh. */
  constructor(refresh: () => void) {
    this.#refresh = refresh;
  }

  /** A view with these nodes was adopted. */
  adopted(nodes: readonly { readonly name: string }[]): void {
    const now = realTime();
    const present = new Set(nodes.map(({ name }) => name));
    const left = [...this.#present].filter((name) => !present.has(name));
    this.#present = present;
    for (const [name, since] of this.#missing)
      if (present.has(name) || now - since > MISSING) this.#missing.delete(name);
    for (const name of left) this.#missing.set(name, now);
    if (left.length !== 0) this.#plan(FIRST, now);
    else if (this.#missing.size === 0) this.#plan(RENEWAL, now);
  }

  /** A read is made. */
  onRead(): void {
    if (this.#missing.size === 0 && (++this.#reads & SKIPPED) !== 0) return;
    const now = realTime();
    if (now < this.#due) return;
    // Also when the refresh fails, the next one comes after a pause.
    this.#plan(Math.min(this.#pause * 2, this.#missing.size === 0 ? RENEWAL : LONGEST), now);
    this.#refresh();
  }

  /** The pause is changed by up to a quarter, so that clients do not ask together. */
  #plan(pause: number, now: number): void {
    this.#pause = pause;
    this.#due = now + pause * (0.75 + Math.random() / 2);
  }
}
