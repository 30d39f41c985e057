/**
 * Waiting that an `AbortSignal` can end. No wait here outlives its signal, and a finished wait leaves no
 * listener on it.
 */

import { AbortError } from "../errors.js";
import { startTimer } from "./timers.js";

/**
 * Wait for a promise of user code, which may never settle, until a signal is aborted.
 *
 * @returns The value of `work`.
 * @throws The signal's reason when the signal is aborted first; otherwise the rejection of `work`.
 */
export function abortable<T>(work: Promise<T> | undefined, signal: AbortSignal) {
  return new Promise<T | undefined>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort);
    const done = (): void => signal.removeEventListener("abort", onAbort);
    Promise.resolve(work).then(resolve, reject).finally(done);
  });
}

/** Create the error for an operation whose signal is aborted. */
export function aborted(signal: AbortSignal): AbortError {
  return new AbortError("The operation was aborted", { cause: signal.reason });
}

/**
 * Wait for a time.
 *
 * @param delay - Milliseconds; `Infinity` for as long as the signal allows.
 * @throws AbortError when the signal is aborted before the time has passed.
 */
export function sleep(delay: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      timer.cancel();
      if (signal !== undefined) reject(aborted(signal));
    };
    // Not unref'ed: a caller awaits the result, so the process must stay alive until it settles.
    const timer = startTimer(delay, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/**
 * Calls any number of functions when a signal is aborted, through one listener on the signal: Node warns
 * of a leak when a signal has many listeners.
 */
export class AbortFanout {
  static readonly #fanouts = new WeakMap<AbortSignal, AbortFanout>();
  readonly #signal: AbortSignal;
  readonly #callbacks = new Set<() => void>();

  private constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Return the fan-out of a signal; there is one per signal. */
  static of(signal: AbortSignal): AbortFanout {
    const fanout = AbortFanout.#fanouts.get(signal) ?? new AbortFanout(signal);
    AbortFanout.#fanouts.set(signal, fanout);
    return fanout;
  }

  add(callback: () => void): void {
    if (this.#callbacks.size === 0) this.#signal.addEventListener("abort", this.#onAbort);
    this.#callbacks.add(callback);
  }

  delete(callback: () => void): void {
    if (!this.#callbacks.delete(callback) || this.#callbacks.size !== 0) return;
    this.#signal.removeEventListener("abort", this.#onAbort);
  }

  readonly #onAbort = (): void => {
    for (const callback of [...this.#callbacks]) callback();
  };
}
