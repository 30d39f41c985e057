/**
 * Exclusive use of one connection. A lease belongs to one connection for ever: releasing it twice, or after
 * the connection ended, does nothing.
 */

import type { Key } from "../commands/core/info.js";
import type { Connection } from "../connection/connection.js";
import { requestError } from "../connection/errors.js";
import type { Request } from "../connection/request.js";
import { ConnectionError, type RedisError } from "../errors.js";
import type { Address } from "../options/address.js";
import type { Settings } from "../options/types.js";

function cancelled(): ConnectionError {
  return new ConnectionError("A blocking command was cancelled", { code: "ECONNCLOSED" });
}

/** The pool, as its leases use it. */
export interface LeaseOwner {
  /** Return a connection to the pool; it is closed when it is not `reusable`. */
  checkIn(connection: Connection, reusable: boolean): void;
}

/** Exclusive use of a connection until it is released. */
export class Lease {
  readonly connection: Connection;
  /**
   * Called once when the connection ends while leased. `isReported`: requests on it were rejected with
   * that error.
   */
  onLost: ((error: RedisError, isReported: boolean) => void) | undefined = undefined;
  /** Called when the last pending reply has arrived. */
  onIdle: (() => void) | undefined = undefined;
  /** @internal Called with every request before it is sent. */
  onSend: ((request: Request) => void) | undefined = undefined;
  readonly #owner: LeaseOwner;
  #loss: RedisError | undefined = undefined;
  #released = false;

  constructor(connection: Connection, owner: LeaseOwner) {
    this.connection = connection;
    this.#owner = owner;
  }

  /** Whether the connection is open, and the lease not released. */
  get alive(): boolean {
    return !this.#released && this.#loss === undefined;
  }

  /** Send a request on the connection. The request settles in any case; nothing is thrown. */
  send(request: Request): void {
    const reason = this.#loss ?? new ConnectionError("The lease was released", { code: "ECLOSED" });
    if (!this.alive) return request.fail(requestError(request, reason, "not-sent"));
    this.onSend?.(request);
    // On an open connection the server would pop an element for a cancelled BLPOP, and lose it.
    if (request.blocking) request.heldBy({ delete: () => this.connection.destroy(cancelled()) });
    try {
      this.connection.send(request);
    } catch (error) {
      request.fail(error as RedisError);
    }
  }

  /** Return the connection for reuse; it is closed if its session state was changed. */
  release(): void {
    this.#checkIn(true);
  }

  /** Close the connection. */
  discard(): void {
    this.#checkIn(false);
  }

  /** End the lease; called by the pool when the connection ends. */
  lost(error: RedisError, isReported: boolean): void {
    if (!this.alive) return;
    this.#loss = error;
    this.onLost?.(error, isReported);
  }

  [Symbol.dispose](): void {
    this.release();
  }

  #checkIn(reusable: boolean): void {
    if (!this.alive) return;
    this.#released = true;
    this.#owner.checkIn(this.connection, reusable);
  }
}

/** Provides connections for exclusive use. */
export interface LeaseProvider {
  readonly settings: Settings;
  /** See {@link Executor.observesWrites}. */
  readonly observesWrites?: boolean;
  /** Address of the server, when known. */
  readonly address?: Address | undefined;
  /**
   * Take a connection for exclusive use.
   *
   * @param keys - Keys of the commands to come, when known: a cluster chooses the node by them.
   */
  lease(keys?: readonly Key[]): Promise<Lease>;
  /** See {@link Executor.executeUrgently}. */
  executeUrgently?(request: Request): void;
}
