/**
 * Ends calls early, by an `AbortSignal` or by the timeout of a `with({ timeout })` view. One listener and
 * one timer serve all calls of a view.
 */
import { AbortError, type RedisError, TimeoutError } from "../errors.js";
import { AbortFanout } from "../util/abort.js";
import { DeadlineTimer } from "../util/deadline-timer.js";
import { loopTime } from "../util/timers.js";

/** What a scope can end: a request, or a wait for a connection. */
export interface Cancellable {
  /** Name of the command, for errors. */
  readonly name: string;
  /** Whether the command may have reached the server. */
  readonly written: boolean;
  /** Reject it; a second call does nothing. */
  fail(error: RedisError): void;
  /** Remove it from what holds it; called after `fail`. */
  withdraw(): void;
}

/** Ends pending calls when a signal is aborted or when a call exceeds its timeout. */
export class CancellationScope {
  readonly #signal: AbortSignal | undefined;
  readonly #fanout: AbortFanout | undefined;
  readonly #timeout: number;
  readonly #onOverdue: (() => void) | undefined;
  /** Pending calls in the order they began, with their deadlines: moments of `loopTime()`. */
  readonly #pending = new Map<Cancellable, number>();
  readonly #deadlineTimer = new DeadlineTimer((now) => this.#checkDeadlines(now), {
    keepAlive: true,
    patient: true,
  });

  /**
   * @param timeout - Number, ms; 0 for no limit.
   * @param onOverdue - Called when calls were ended without a reply.
   */
  constructor(signal: AbortSignal | undefined, timeout: number, onOverdue?: () => void) {
    this.#onOverdue = onOverdue;
    this.#signal = signal;
    this.#fanout = signal === undefined ? undefined : AbortFanout.of(signal);
    this.#timeout = timeout;
  }

  /** Add a pending call. Returns `false` when it was rejected because the signal is already aborted. */
  add(pending: Cancellable): boolean {
    if (this.#signal?.aborted === true) {
      cancel(pending, this.#abortError(pending, "not-sent"));
      return false;
    }
    if (this.#pending.size === 0) this.#fanout?.add(this.#onAbort);
    if (this.#timeout === 0) {
      this.#pending.set(pending, Number.POSITIVE_INFINITY);
      return true;
    }
    const now = loopTime();
    this.#pending.set(pending, now + this.#timeout);
    this.#deadlineTimer.watch(now + this.#timeout, now);
    return true;
  }

  /** Remove a call that has settled. */
  delete(pending: Cancellable): void {
    if (!this.#pending.delete(pending) || this.#pending.size !== 0) return;
    this.#fanout?.delete(this.#onAbort);
    this.#deadlineTimer.stop();
  }

  readonly #onAbort = (): void => {
    for (const pending of [...this.#pending.keys()]) {
      cancel(pending, this.#abortError(pending, pending.written ? "unknown" : "not-sent"));
    }
    this.#onOverdue?.();
  };

  /** Calls are in the order they began, so those past their deadline come first. */
  #checkDeadlines(now: number): number {
    const before = this.#pending.size;
    const next = this.#endOverdue(now);
    if (this.#pending.size !== before) this.#onOverdue?.();
    return next;
  }

  #endOverdue(now: number): number {
    for (const [pending, deadline] of this.#pending) {
      if (deadline > now) return deadline;
      cancel(pending, this.#timeoutError(pending));
    }
    return Number.POSITIVE_INFINITY;
  }

  #timeoutError(pending: Cancellable): RedisError {
    return new TimeoutError(`The command took longer than ${this.#timeout} ms`, {
      code: "ETIMEDOUT",
      command: pending.name,
      outcome: pending.written ? "unknown" : "not-sent",
    });
  }

  #abortError(pending: Cancellable, outcome: "unknown" | "not-sent"): AbortError {
    return new AbortError("The command was aborted", {
      code: "ABORT_ERR",
      command: pending.name,
      outcome,
      cause: this.#signal?.reason,
    });
  }
}

/** Reject a pending call, and remove a request from what holds it. */
export function cancel(pending: Cancellable, error: RedisError): void {
  // Settled first: its holder must not report another error for it.
  pending.fail(error);
  pending.withdraw();
}
