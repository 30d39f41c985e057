/**
 * Renews a lock while work runs under it, and aborts the work's signal as soon as the lock is lost, or may be
 * lost because the server does not reply. The assumed expiry is never later than what the server has confirmed.
 */

import { LockNotOwnedError } from "../errors.js";
import { bindContext } from "../util/async-context.js";
import { realTime, socketsRead, startImmediate, startTimer, type Timer } from "../util/timers.js";

/** The lock to renew, and how. */
export interface RenewalOptions {
  /** ms between renewals; 0 for a lock that does not expire. */
  readonly interval: number;
  /** Return the moment (of `realTime()`) at which the lock expires; `undefined` when released. */
  validUntil(): number | undefined;
  /** Renew the lock; rejects with LockNotOwnedError when it is lost. */
  renew(): Promise<unknown>;
  /** The caller's signal, which also aborts the signal of the work. */
  readonly signal: AbortSignal | undefined;
}

/** A renewal without a reply is retried after this fraction of the interval. */
const RETRY_DIVISOR = 5;

/** Renews one lock from its construction until `stop()`. */
export class LockRenewal {
  /** The error of a lost lock. */
  lost: LockNotOwnedError | undefined = undefined;
  readonly #options: RenewalOptions;
  readonly #controller = new AbortController();
  /** Renewals, and listeners of the signal, belong to the caller, unlike the timer. */
  readonly #onTimer = bindContext(() => {
    if (!this.#renewing) return this.#schedule();
    // After a busy period Node runs timers before it reads the sockets: the renewal may be confirmed.
    this.#timer = startImmediate(this.#onSocketsRead);
  });
  readonly #onSocketsRead = bindContext(() => this.#schedule());
  #renewAt: number;
  #renewing = false;
  #stopped = false;
  #timer: Timer | undefined = undefined;
  /** The error of the last renewal that failed without a reply. */
  #lastError: unknown = undefined;

  constructor(options: RenewalOptions) {
    this.#options = options;
    this.#renewAt = realTime() + options.interval;
    const { signal } = options;
    if (signal?.aborted === true) this.#onAbort();
    else signal?.addEventListener("abort", this.#onAbort);
    this.#schedule();
  }

  /** Aborted when the lock is lost, or the signal of the caller is aborted. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * Stop renewing: the work has ended. Checks a last time whether the lock has expired; `lost` is final when
   * the promise resolves.
   */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    if (this.lost !== undefined) return;
    // The work may have blocked the event loop: the renewal may be confirmed.
    if (this.#renewing && this.#isExpired()) await socketsRead();
    // The process may have been suspended past the expiry, so that no timer has fired.
    this.#checkExpiry();
  }

  readonly #onAbort = (): void => {
    this.#controller.abort(this.#options.signal?.reason);
  };

  #isExpired(): boolean {
    const until = this.#options.validUntil();
    return until !== undefined && realTime() >= until;
  }

  #checkExpiry(): boolean {
    if (!this.#isExpired()) return true;
    this.#lose(this.#lastError);
    return false;
  }

  /** Renew if due, and set the timer for the next renewal or the expiry. */
  #schedule(): void {
    if (this.#stopped || this.#options.interval === 0 || !this.#checkExpiry()) return;
    const until = this.#options.validUntil();
    if (until === undefined) return;
    const now = realTime();
    if (!this.#renewing && now >= this.#renewAt)
      this.#renew().catch((error: unknown) => this.#lose(error));
    const next = this.#renewing ? until : Math.min(this.#renewAt, until);
    this.#timer?.cancel();
    this.#timer = startTimer(next - now, this.#onTimer);
  }

  async #renew(): Promise<void> {
    const { interval } = this.#options;
    this.#renewing = true;
    const begun = realTime();
    try {
      await this.#options.renew();
      this.#renewAt = begun + interval;
    } catch (error) {
      if (error instanceof LockNotOwnedError) return this.#lose(error);
      this.#lastError = error;
      this.#renewAt = realTime() + interval / RETRY_DIVISOR;
    } finally {
      this.#renewing = false;
    }
    this.#schedule();
  }

  #lose(cause: unknown): void {
    // Not lost when the work has released the lock itself.
    if (this.lost !== undefined || this.#options.validUntil() === undefined) return;
    this.lost = new LockNotOwnedError("The lock was lost while it was in use", {
      code: "ENOTOWNED",
      cause,
    });
    this.#controller.abort(this.lost);
    this.#stopped = true;
    this.#timer?.cancel();
  }
}
