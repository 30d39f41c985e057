/**
 * Owns the jobs that a server refused with an error after which the user wants them tried again, for
 * the pause before that. None of them is on any connection, and none may be forgotten.
 */
import type { RedisError } from "../errors.js";
import type { Retry } from "../retry.js";
import type { Job } from "./job.js";

interface Rest {
  readonly timer: NodeJS.Timeout;
  readonly error: RedisError;
}

/** Jobs between two attempts. */
export class Resting {
  readonly #retry: Retry;
  readonly #jobs = new Map<Job, Rest>();
  /** How often each has been refused. */
  readonly #refusals = new WeakMap<Job, number>();

  constructor(retry: Retry) {
    this.#retry = retry;
  }

  /** Let a job rest after `error`, then run it again. */
  add(job: Job, error: RedisError, again: () => void): void {
    const refusals = (this.#refusals.get(job) ?? 0) + 1;
    this.#refusals.set(job, refusals);
    const wake = (): void => {
      this.#jobs.delete(job);
      job.queue = undefined;
      again();
    };
    this.#jobs.set(job, { timer: setTimeout(wake, this.#retry.delay(refusals)), error });
    job.written = false;
    job.queue = this;
  }

  /** The job was cancelled. */
  delete(job: Job): void {
    clearTimeout(this.#jobs.get(job)?.timer);
    this.#jobs.delete(job);
  }

  /** There will be no other attempt: everybody gets the error they had. */
  end(): void {
    for (const [job, { error }] of [...this.#jobs]) {
      this.delete(job);
      job.queue = undefined;
      job.acceptError(error);
    }
  }
}
