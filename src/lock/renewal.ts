/**
 * Owns the keeping of a lock while work goes on under it: renews it in time, and aborts the work's
 * signal as soon as the lock is lost or, for want of an answer, may be lost. It never extends what it
 * believes beyond what the server has confirmed.
 */

import { LockNotOwnedError } from "../errors.js";
import { MAX_DELAY } from "../util/validate.js";

/** What is kept, and how. */
export interface RenewalOptions {
  /** Time between renewals in ms; 0 for a lock that needs none. */
  readonly interval: number;
  /** Moment the lock ends without renewal; `undefined` when it is not ours to keep any more. */
  validUntil(): number | undefined;
  /** Renew the lock. */
  renew(): Promise<unknown>;
  /** Somebody else's reason to stop the work. */
  readonly signal: AbortSignal | undefined;
}

/** A renewal that failed for want of an answer is tried again after this part of the interval. */
const IMPATIENCE = 5;

/** Keeps one lock from its making until `stop()`. */
export class LockRenewal {
  /** Why the lock is lost. */
  lost: LockNotOwnedError | undefined = undefined;
  readonly #options: RenewalOptions;
  readonly #controller = new AbortController();
  #renewAt: number;
  #renewing = false;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined = undefined;
  /** What kept the last renewal from an answer. */
  #trouble: unknown = undefined;

  constructor(keeping: RenewalOptions) {
    this.#options = keeping;
    this.#renewAt = performance.now() + keeping.interval;
    const { signal } = keeping;
    if (signal?.aborted === true) this.#onAbort();
    else signal?.addEventListener("abort", this.#onAbort);
    this.#watch();
  }

  /** Aborted when the work should end. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The work is over. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    // Time may have passed unseen, when the process stood still.
    if (this.lost === undefined) this.#checkTime();
  }

  readonly #onAbort = (): void => {
    this.#controller.abort(this.#options.signal?.reason);
  };

  #checkTime(): boolean {
    const until = this.#options.validUntil();
    if (until === undefined || performance.now() < until) return true;
    this.#lose(this.#trouble);
    return false;
  }

  /** Do what is due, and wait for what comes next: a renewal or the end. */
  #watch(): void {
    if (this.#stopped || this.#options.interval === 0 || !this.#checkTime()) return;
    const until = this.#options.validUntil();
    if (until === undefined) return;
    const now = performance.now();
    if (!this.#renewing && now >= this.#renewAt) void this.#renew();
    const next = this.#renewing ? until : Math.min(this.#renewAt, until);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#watch(), Math.min(Math.ceil(next - now), MAX_DELAY));
  }

  async #renew(): Promise<void> {
    const { interval } = this.#options;
    this.#renewing = true;
    const begun = performance.now();
    try {
      await this.#options.renew();
      this.#renewAt = begun + interval;
    } catch (error) {
      if (error instanceof LockNotOwnedError) return this.#lose(error);
      this.#trouble = error;
      this.#renewAt = performance.now() + interval / IMPATIENCE;
    } finally {
      this.#renewing = false;
    }
    this.#watch();
  }

  #lose(cause: unknown): void {
    // Renewed or given back by the work itself: the lock's end is its own doing.
    if (this.lost !== undefined || this.#options.validUntil() === undefined) return;
    this.lost = new LockNotOwnedError("The lock was lost while it was in use", {
      code: "ENOTOWNED",
      cause,
    });
    this.#controller.abort(this.lost);
    this.#stopped = true;
    clearTimeout(this.#timer);
  }
}
