/**
 * One timer for any number of deadlines. Adding a deadline only ever moves the timer to an earlier
 * time; when the earliest deadline no longer applies, that costs one check when the timer fires.
 */

import { MAX_DELAY } from "./validate.js";

/** Calls a function at or soon after the earliest deadline passed to {@link DeadlineTimer.watch}. */
export class DeadlineTimer {
  readonly #onDue: (now: number) => number;
  readonly #keepAlive: boolean;
  #timer: NodeJS.Timeout | undefined;
  #pendingCheck: NodeJS.Immediate | undefined;
  #due = Number.POSITIVE_INFINITY;

  /**
   * @param onDue - Handles what has timed out and returns the next deadline (`Infinity` for none).
   * @param keepAlive - Whether a running timer keeps the process alive.
   */
  constructor(onDue: (now: number) => number, keepAlive: boolean) {
    this.#onDue = onDue;
    this.#keepAlive = keepAlive;
  }

  /** Call the function at `deadline`, a time of `performance.now()`. */
  watch(deadline: number, now: number): void {
    if (deadline >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = deadline;
    const delay = Math.min(Math.max(Math.ceil(deadline - now), 1), MAX_DELAY);
    this.#timer = setTimeout(() => this.#fire(), delay);
    if (!this.#keepAlive) this.#timer.unref();
  }

  /** Remove all deadlines. */
  stop(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#pendingCheck);
    this.#timer = undefined;
    this.#pendingCheck = undefined;
    this.#due = Number.POSITIVE_INFINITY;
  }

  #fire(): void {
    this.#due = Number.POSITIVE_INFINITY;
    this.#timer = undefined;
    // After a busy period Node runs timers before it reads the sockets: replies received must count.
    this.#pendingCheck ??= setImmediate(() => this.#check());
  }

  #check(): void {
    this.#pendingCheck = undefined;
    const now = performance.now();
    const next = this.#onDue(now);
    if (next !== Number.POSITIVE_INFINITY) this.watch(next, now);
  }
}
