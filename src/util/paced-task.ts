/**
 * Work that events request, any number of times: it never runs concurrently with itself, starts at most
 * once per interval, and runs again after the last request. A flood of requests costs one flag.
 */

import { realTime, startTimer, type Timer } from "./timers.js";

/** Runs asynchronous work on request. */
export class PacedTask {
  readonly #work: () => Promise<void>;
  readonly #interval: number;
  #isRequested = false;
  #isRunning = false;
  #startedAt = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined = undefined;
  /** Moment for which the timer is set. */
  #due = 0;

  /**
   * @param work - The work; what it rejects with is dropped, so it must report its errors itself.
   * @param interval - ms between two starts.
   */
  constructor(work: () => Promise<void>, interval: number) {
    this.#work = work;
    this.#interval = interval;
  }

  /** Run the work as soon as the interval allows; what was requested before counts as one request. */
  request(): void {
    this.#isRequested = true;
    if (!this.#isRunning) this.#startWhenDue();
  }

  /** Drop the pending request. Work that is running goes on. */
  cancel(): void {
    this.#isRequested = false;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #startWhenDue(): void {
    const now = realTime();
    const due = this.#startedAt + this.#interval;
    if (due <= now) return this.#start();
    if (this.#timer !== undefined && this.#due === due) return;
    this.#timer?.cancel();
    this.#due = due;
    this.#timer = startTimer(due - now, () => this.#start(), false);
  }

  #start(): void {
    this.cancel();
    this.#isRunning = true;
    this.#startedAt = realTime();
    const done = (): void => {
      this.#isRunning = false;
      if (this.#isRequested) this.#startWhenDue();
    };
    this.#work().then(done, done);
  }
}
