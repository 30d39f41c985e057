/**
 * Owns the right to use one connection alone. Ownership is by identity: releasing twice, or after the
 * connection ended, does nothing.
 */
import { ConnectionError, type RedisError } from "../errors.js";
import type { Connection } from "./connection.js";
import { errorFor } from "./failure.js";
import type { Job } from "./job.js";

function cancelled(): ConnectionError {
  return new ConnectionError("A blocking command was cancelled", { code: "ECONNCLOSED" });
}

/** What a lease gives back to. */
export interface Lessor {
  /** Take the connection back; with `reusable` false it is closed. */
  takeBack(connection: Connection, reusable: boolean): void;
}

/** Exclusive use of a connection until it is released. */
export class Lease {
  readonly connection: Connection;
  /** Called once when the connection ends while leased; `told`: jobs on it were rejected for that. */
  onLost: ((error: RedisError, told: boolean) => void) | undefined = undefined;
  /** Called when the last outstanding reply has arrived. */
  onIdle: (() => void) | undefined = undefined;
  readonly #lessor: Lessor;
  #over: RedisError | undefined = undefined;
  #released = false;

  constructor(connection: Connection, lessor: Lessor) {
    this.connection = connection;
    this.#lessor = lessor;
  }

  /** Whether the connection is still there and still ours. */
  get alive(): boolean {
    return !this.#released && this.#over === undefined;
  }

  /** Run a job on the connection; it is settled in any case. */
  send(job: Job): void {
    const reason = this.#over ?? new ConnectionError("The lease was released", { code: "ECLOSED" });
    if (!this.alive) return job.fail(errorFor(job, reason, "not-sent"));
    // Left alone, a cancelled BLPOP would take an element and give it to nobody.
    if (job.blocking) job.queue = { delete: () => this.connection.destroy(cancelled()) };
    try {
      this.connection.send(job);
    } catch (error) {
      job.fail(error as RedisError);
    }
  }

  /** Give the connection back for reuse; it is closed instead when its state was changed. */
  release(): void {
    this.#giveBack(true);
  }

  /** Close the connection. */
  discard(): void {
    this.#giveBack(false);
  }

  /** The pool's word that the connection ended. */
  lost(error: RedisError, told: boolean): void {
    if (!this.alive) return;
    this.#over = error;
    this.onLost?.(error, told);
  }

  [Symbol.dispose](): void {
    this.release();
  }

  #giveBack(reusable: boolean): void {
    if (!this.alive) return;
    this.#released = true;
    this.#lessor.takeBack(this.connection, reusable);
  }
}
