/**
 * Timers of waits for I/O. One timer serves any number of deadlines: adding a deadline only ever moves the
 * timer to an earlier time, and when the earliest deadline no longer applies, that costs one check. The
 * sockets are read before any deadline counts as passed.
 */

import { loopTime, realTime, startImmediate, startTimer, type Timer } from "./timers.js";

const NEVER = Number.POSITIVE_INFINITY;
/** Share of the remaining time after which a patient timer looks whether the event loop was blocked. */
const SLICE_SHARE = 4;
/** ms; the shortest slice. */
const MIN_SLICE = 10;

/** Properties of a {@link DeadlineTimer}. */
export interface DeadlineTimerOptions {
  /** Whether a running timer keeps the process alive. */
  readonly keepAlive: boolean;
  /**
   * Whether time in which the event loop was blocked does not count, for a wait that needs several turns
   * of it. Deadlines are then times of `loopTime()`, otherwise of `realTime()`.
   */
  readonly patient: boolean;
}

/** Calls a function at or soon after the earliest deadline passed to {@link DeadlineTimer.watch}. */
export class DeadlineTimer {
  readonly #onDue: (now: number) => number;
  readonly #keepAlive: boolean;
  readonly #patient: boolean;
  #timer: Timer | undefined;
  #pendingCheck: Timer | undefined;
  /** Moment at which the timer fired. */
  #firedAt = 0;
  #due = NEVER;

  /**
   * @param onDue - Handles what has timed out and returns the next deadline (`Infinity` for none). It may
   * be called before a deadline.
   */
  constructor(onDue: (now: number) => number, options: DeadlineTimerOptions) {
    this.#onDue = onDue;
    this.#keepAlive = options.keepAlive;
    this.#patient = options.patient;
  }

  /** Call the function at `deadline`; `now` is the present moment of the same clock. */
  watch(deadline: number, now: number): void {
    // A pending check returns the next deadline.
    if (deadline >= this.#due || this.#pendingCheck !== undefined) return;
    this.#timer?.cancel();
    const remaining = deadline - now;
    // A blocked event loop shows as a late timer, so a long wait is made of several timers.
    const slice = Math.min(remaining, Math.max(remaining / SLICE_SHARE, MIN_SLICE));
    const delay = Math.max(this.#patient ? slice : remaining, 1);
    this.#due = now + delay;
    this.#timer = startTimer(delay, this.#fire, this.#keepAlive);
  }

  /** Remove all deadlines. */
  stop(): void {
    this.#timer?.cancel();
    this.#pendingCheck?.cancel();
    this.#timer = undefined;
    this.#pendingCheck = undefined;
    this.#due = NEVER;
  }

  readonly #fire = (): void => {
    this.#due = NEVER;
    this.#timer = undefined;
    this.#firedAt = this.#now();
    // After a busy period Node runs timers before it reads the sockets: replies received must count.
    this.#pendingCheck ??= startImmediate(this.#check);
  };

  readonly #check = (): void => {
    this.#pendingCheck = undefined;
    // A callback before this one may have kept the loop busy: the sockets were read before that.
    const next = this.#onDue(this.#firedAt);
    if (next !== NEVER) this.watch(next, this.#now());
  };

  #now(): number {
    return this.#patient ? loopTime() : realTime();
  }
}

/**
 * Limit one wait for I/O. Time in which the event loop was blocked does not count.
 *
 * @param limit - ms; 0 for no limit.
 * @param onTimeout - Called once when the wait has taken that long.
 * @returns A function that ends the limit.
 */
export function limitWait(limit: number, onTimeout: () => void): () => void {
  if (limit === 0) return () => {};
  const start = loopTime();
  const end = start + limit;
  const onDue = (now: number): number => {
    if (now < end) return end;
    onTimeout();
    return NEVER;
  };
  const timer = new DeadlineTimer(onDue, { keepAlive: true, patient: true });
  timer.watch(end, start);
  return () => timer.stop();
}
