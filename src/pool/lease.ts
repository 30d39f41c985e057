/**
 * Owns the right to use one connection alone. Ownership is by identity: releasing twice, or after the
 * connection ended, does nothing.
 */

import type { Connection } from "../connection/connection.js";
import { requestError } from "../connection/errors.js";
import type { Request } from "../connection/request.js";
import { ConnectionError, type RedisError } from "../errors.js";
import type { Settings } from "../options/types.js";

function cancelled(): ConnectionError {
  return new ConnectionError("A blocking command was cancelled", { code: "ECONNCLOSED" });
}

/** What a lease gives back to. */
export interface LeaseOwner {
  /** Take the connection back; with `reusable` false it is closed. */
  checkIn(connection: Connection, reusable: boolean): void;
}

/** Exclusive use of a connection until it is released. */
export class Lease {
  readonly connection: Connection;
  /** Called once when the connection ends while leased; `told`: requests on it were rejected for that. */
  onLost: ((error: RedisError, told: boolean) => void) | undefined = undefined;
  /** Called when the last outstanding reply has arrived. */
  onIdle: (() => void) | undefined = undefined;
  readonly #lessor: LeaseOwner;
  #over: RedisError | undefined = undefined;
  #released = false;

  constructor(connection: Connection, lessor: LeaseOwner) {
    this.connection = connection;
    this.#lessor = lessor;
  }

  /** Whether the connection is still there and still ours. */
  get alive(): boolean {
    return !this.#released && this.#over === undefined;
  }

  /** Run a request on the connection; it is settled in any case. */
  send(request: Request): void {
    const reason = this.#over ?? new ConnectionError("The lease was released", { code: "ECLOSED" });
    if (!this.alive) return request.fail(requestError(request, reason, "not-sent"));
    // Left alone, a cancelled BLPOP would take an element and give it to nobody.
    if (request.blocking) request.queue = { delete: () => this.connection.destroy(cancelled()) };
    try {
      this.connection.send(request);
    } catch (error) {
      request.fail(error as RedisError);
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
    this.#lessor.checkIn(this.connection, reusable);
  }
}

/** Where a session gets its connection from. */

export interface LeaseProvider {
  readonly settings: Settings;
  lease(): Promise<Lease>;
}
