/**
 * Requests that may block the server: each waits for a connection of the pool that it has alone until its
 * reply. A blocking request that is cancelled ends its connection.
 */
import type { Connection } from "../connection/connection.js";
import { requestError } from "../connection/errors.js";
import type { Request } from "../connection/request.js";
import type { RedisError } from "../errors.js";
import type { Settings } from "../options/types.js";
import type { Encoder } from "../protocol/encoder.js";
import { mayWait, type WaitLimits } from "./admission.js";
import type { ConnectionSet } from "./connection-set.js";
import type { LeaseOwner } from "./lease.js";
import type { WaitQueue } from "./wait-queue.js";

/** What blocking requests need of their pool. */
export interface BlockingRequestDependencies {
  readonly settings: Settings;
  /** Validates arguments of requests that are not written yet. */
  readonly encoder: Encoder;
  readonly connections: ConnectionSet;
  readonly waitQueue: WaitQueue;
}

/** Runs blocking requests of one pool. */
export class BlockingRequests {
  readonly #pool: LeaseOwner;
  readonly #dependencies: BlockingRequestDependencies;
  readonly #waitLimits: WaitLimits;

  constructor(pool: LeaseOwner, dependencies: BlockingRequestDependencies) {
    this.#pool = pool;
    this.#dependencies = dependencies;
    const { settings, encoder, waitQueue } = dependencies;
    this.#waitLimits = { queue: waitQueue.leases, limit: settings.maxPendingCommands, encoder };
  }

  /**
   * Let a request wait for a connection.
   *
   * @param timeout - Longest wait in ms; 0 for no limit.
   * @returns Whether it waits; `false` when it has failed: too many wait, or an argument is invalid.
   */
  add(request: Request, timeout: number): boolean {
    const { waitQueue } = this.#dependencies;
    if (!mayWait(request, this.#waitLimits)) return false;
    const grant = (connection: Connection): void => this.#run(connection, request);
    const fail = (error: RedisError): void =>
      request.fail(requestError(request, error, "not-sent"));
    request.heldBy(waitQueue.addLease({ request, grant, fail }, timeout));
    return true;
  }

  #run(connection: Connection, request: Request): void {
    const { connections } = this.#dependencies;
    if (request.settled) return connections.addIdle(connection);
    connections.addBlocking(connection);
    // On an open connection the server would pop an element for a cancelled BLPOP, and lose it.
    request.heldBy({ delete: () => this.#pool.checkIn(connection, false) });
    try {
      connection.send(request);
    } catch (error) {
      request.fail(error as RedisError);
      this.#pool.checkIn(connection, true);
    }
  }
}
