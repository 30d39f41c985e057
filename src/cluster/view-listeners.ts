/**
 * Who is notified of changes of the map. While there is a listener, the view is also refreshed now and then:
 * subscribers receive no redirects, so that a node which joined, or one that hangs, would go unnoticed.
 */
import { realTime, startTimer, type Timer } from "../util/timers.js";

/** ms; pause between two refreshes, shortened by up to a quarter at random. */
const REFRESH_PAUSE = 10_000;

/** Receives changes of the map: one slot, or any number of slots without an argument. Must not throw. */
export type ViewListener = (slot?: number) => void;

/** The listeners of one client. */
export class ViewListeners {
  readonly #refresh: () => void;
  readonly #pause: number;
  readonly #listeners = new Set<ViewListener>();
  #timer: Timer | undefined = undefined;
  #lastView = Number.NEGATIVE_INFINITY;

  /**
   * @param refresh - Asks for a refresh.
   * @param pause - ms between two refreshes.
   */
  constructor(refresh: () => void, pause = REFRESH_PAUSE) {
    this.#refresh = refresh;
    this.#pause = pause;
  }

  /** Add a listener; returns a function that removes it. */
  add(listener: ViewListener): () => void {
    this.#listeners.add(listener);
    if (this.#timer === undefined) this.#startTimer();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size !== 0) return;
      this.#timer?.cancel();
      this.#timer = undefined;
    };
  }

  /** A view was adopted. */
  adopted(): void {
    if (this.#listeners.size === 0) return;
    this.#lastView = realTime();
    this.changed();
  }

  /** The map was changed. */
  changed(slot?: number): void {
    // A listener may remove itself, and others.
    if (this.#listeners.size !== 0) for (const listener of [...this.#listeners]) listener(slot);
  }

  #startTimer(): void {
    const pause = this.#pause * (1 - Math.random() / 4);
    this.#timer = startTimer(pause, () => this.#onTimer(), false);
  }

  #onTimer(): void {
    this.#startTimer();
    if (realTime() - this.#lastView >= this.#pause / 2) this.#refresh();
  }
}
