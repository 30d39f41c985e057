/**
 * Limits how often something is tried again that will probably fail: the pauses grow with every start,
 * until a success.
 */
import { EqualJitterBackoff } from "../options/backoff.js";
import { realTime } from "../util/timers.js";

/** ms; a pause doubles from about 100 ms to 5 s. */
const PAUSE = new EqualJitterBackoff(5000, 75);

/** Growing pauses between attempts. */
export class Pacer {
  #starts = 0;
  #until = 0;
  #previousUntil = 0;

  /** Whether a pause is not over yet. */
  get pausing(): boolean {
    return realTime() < this.#until;
  }

  /** Milliseconds since the last pause ended; negative during a pause. */
  get idleTime(): number {
    return realTime() - this.#until;
  }

  /** Begin a pause, longer than the previous one. */
  pause(): void {
    this.#previousUntil = this.#until;
    this.#until = realTime() + PAUSE.compute(++this.#starts);
  }

  /** Undo the beginning of the present pause: it is not known yet whether one is needed. */
  withdraw(): void {
    if (!this.pausing) return;
    this.#until = this.#previousUntil;
    this.#starts--;
  }

  /** End the pause; the next one is short again. */
  reset(): void {
    this.#starts = 0;
    this.#until = 0;
    this.#previousUntil = 0;
  }
}
