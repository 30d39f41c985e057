/**
 * Owns the waiting for code that is not ours: a credential provider, an address source. It may hang;
 * whoever waits for it may not.
 */

import { AbortError } from "../errors.js";
import { MAX_DELAY } from "./validate.js";

/**
 * Wait for `work`, but no longer than until `signal` is aborted.
 *
 * @returns What `work` gives.
 * @throws The signal's reason when it comes first; what `work` throws otherwise.
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
export function aborted(signal: AbortSignal): AbortError {
  return new AbortError("The operation was aborted", { code: "ABORT_ERR", cause: signal.reason });
}

/** Wait some milliseconds; rejects with an AbortError when the signal is aborted meanwhile. */
export function sleep(delay: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      if (signal !== undefined) reject(aborted(signal));
    };
    // Left referenced: somebody awaits the result, so the process must live to see it.
    const timer = setTimeout(
      () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      },
      Math.min(delay, MAX_DELAY),
    );
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
/** Tells scopes of a signal's end, through one listener: Node warns of a leak when there are many. */
export class AbortFanout {
  static readonly #alarms = new WeakMap<AbortSignal, AbortFanout>();
  readonly #signal: AbortSignal;
  readonly #followers = new Set<() => void>();

  private constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  static of(signal: AbortSignal): AbortFanout {
    const alarm = AbortFanout.#alarms.get(signal) ?? new AbortFanout(signal);
    AbortFanout.#alarms.set(signal, alarm);
    return alarm;
  }

  add(follower: () => void): void {
    if (this.#followers.size === 0) this.#signal.addEventListener("abort", this.#onAbort);
    this.#followers.add(follower);
  }

  delete(follower: () => void): void {
    if (!this.#followers.delete(follower) || this.#followers.size !== 0) return;
    this.#signal.removeEventListener("abort", this.#onAbort);
  }

  readonly #onAbort = (): void => {
    for (const follower of [...this.#followers]) follower();
  };
}
