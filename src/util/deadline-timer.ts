/**
 * Owns one timer for any number of deadlines. The timer is only ever moved to an earlier moment when
 * something is added; finding out that the earliest deadline is gone costs one look when it fires.
 */

// Node keeps delays in 32 bits; a longer one would fire at once.
const LONGEST_DELAY = 2 ** 31 - 1;

/** Calls back at or soon after the earliest of the deadlines it was shown. */
export class DeadlineTimer {
  readonly #onDue: (now: number) => number;
  readonly #keepAlive: boolean;
  #timer: NodeJS.Timeout | undefined;
  #look: NodeJS.Immediate | undefined;
  #due = Number.POSITIVE_INFINITY;

  /**
   * @param onDue - Deals with what is overdue, and returns the next deadline (`Infinity` for none).
   * @param keepAlive - Whether a running timer keeps the process alive.
   */
  constructor(onDue: (now: number) => number, keepAlive: boolean) {
    this.#onDue = onDue;
    this.#keepAlive = keepAlive;
  }

  /** Make sure the callback runs at `deadline`, a moment of `performance.now()`. */
  watch(deadline: number, now: number): void {
    if (deadline >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = deadline;
    const delay = Math.min(Math.max(Math.ceil(deadline - now), 1), LONGEST_DELAY);
    this.#timer = setTimeout(() => this.#fire(), delay);
    if (!this.#keepAlive) this.#timer.unref();
  }

  /** Forget every deadline. */
  stop(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#look);
    this.#timer = undefined;
    this.#look = undefined;
    this.#due = Number.POSITIVE_INFINITY;
  }

  #fire(): void {
    this.#due = Number.POSITIVE_INFINITY;
    this.#timer = undefined;
    // A process that was busy sees its timers first: what lies unread in the sockets must count.
    this.#look ??= setImmediate(() => this.#check());
  }

  #check(): void {
    this.#look = undefined;
    const now = performance.now();
    const next = this.#onDue(now);
    if (next !== Number.POSITIVE_INFINITY) this.watch(next, now);
  }
}
