/**
 * Owns the requests that a server refused with an error after which the user wants them tried again, for
 * the pause before that. None of them is on any connection, and none may be forgotten.
 */

import type { Request } from "../connection/request.js";
import type { RedisError } from "../errors.js";
import type { Retry } from "../options/retry.js";

interface Rest {
  readonly timer: NodeJS.Timeout;
  readonly error: RedisError;
}

/** Requests between two attempts. */
export class RetryQueue {
  readonly #retry: Retry;
  readonly #requests = new Map<Request, Rest>();
  /** How often each has been refused. */
  readonly #refusals = new WeakMap<Request, number>();

  constructor(retry: Retry) {
    this.#retry = retry;
  }

  /** Let a request rest after `error`, then run it again. */
  add(request: Request, error: RedisError, again: () => void): void {
    const refusals = (this.#refusals.get(request) ?? 0) + 1;
    this.#refusals.set(request, refusals);
    const wake = (): void => {
      this.#requests.delete(request);
      request.queue = undefined;
      again();
    };
    this.#requests.set(request, { timer: setTimeout(wake, this.#retry.delay(refusals)), error });
    request.written = false;
    request.queue = this;
  }

  /** The request was cancelled. */
  delete(request: Request): void {
    clearTimeout(this.#requests.get(request)?.timer);
    this.#requests.delete(request);
  }

  /** There will be no other attempt: everybody gets the error they had. */
  end(): void {
    for (const [request, { error }] of [...this.#requests]) {
      this.delete(request);
      request.queue = undefined;
      request.acceptError(error);
    }
  }
}
