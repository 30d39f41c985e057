/**
 * Ends calls early, by an `AbortSignal` or by the timeout of a `with({ timeout })` view. One listener and
 * one timer serve all calls of a view.
 */
import type { Request } from "../connection/request.js";
import { AbortError, type RedisError, TimeoutError } from "../errors.js";
import { AbortFanout } from "../util/abort.js";

/** Ends calls early: by a signal, or when a time of their own is up. One listener, one timer. */
export class CancellationScope {
  readonly #signal: AbortSignal | undefined;
  readonly #alarm: AbortFanout | undefined;
  readonly #timeout: number;
  readonly #requests = new Map<Request, number>();
  #timer: NodeJS.Timeout | undefined = undefined;

  constructor(signal: AbortSignal | undefined, timeout: number) {
    this.#signal = signal;
    this.#alarm = signal === undefined ? undefined : AbortFanout.of(signal);
    this.#timeout = timeout;
  }

  /** Watch over a request; false when it was ended at once because the signal is aborted. */
  add(request: Request): boolean {
    if (this.#signal?.aborted === true) {
      cancel(request, this.#abortError(request, "not-sent"));
      return false;
    }
    if (this.#requests.size === 0) this.#alarm?.add(this.#onAbort);
    this.#requests.set(request, performance.now());
    if (this.#timeout !== 0) this.#timer ??= setTimeout(this.#onTimer, this.#timeout);
    return true;
  }

  /** The request is settled. */
  delete(request: Request): void {
    if (!this.#requests.delete(request) || this.#requests.size !== 0) return;
    this.#alarm?.delete(this.#onAbort);
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  readonly #onAbort = (): void => {
    for (const request of [...this.#requests.keys()]) {
      cancel(request, this.#abortError(request, request.written ? "unknown" : "not-sent"));
    }
  };

  /** Requests are in the order of their calls, so the overdue ones come first. */
  readonly #onTimer = (): void => {
    this.#timer = undefined;
    const now = performance.now();
    for (const [request, since] of this.#requests) {
      const left = since + this.#timeout - now;
      if (left > 0) {
        this.#timer = setTimeout(this.#onTimer, Math.ceil(left));
        return;
      }
      cancel(request, this.#timeoutError(request));
    }
  };

  #timeoutError(request: Request): RedisError {
    return new TimeoutError(`The command took longer than ${this.#timeout} ms`, {
      code: "ETIMEDOUT",
      command: request.name,
      outcome: request.written ? "unknown" : "not-sent",
    });
  }

  #abortError(request: Request, outcome: "unknown" | "not-sent"): AbortError {
    return new AbortError("The command was aborted", {
      code: "ABORT_ERR",
      command: request.name,
      outcome,
      cause: this.#signal?.reason,
    });
  }
}

export function cancel(request: Request, error: RedisError): void {
  // Settled first: its holder must not report another error for it.
  request.fail(error);
  request.withdraw();
}
