/**
 * Settles the requests of connections that ended or whose replies timed out, or puts them back into the queue. A
 * request that may have been executed is written again only if it asks for it.
 */
import type { AddressSource } from "../connection/address-source.js";
import type { Connection } from "../connection/connection.js";
import {
  isSocketLoss,
  lostRequestError,
  requestError,
  timeoutError,
} from "../connection/errors.js";
import type { CloseReport } from "../connection/owner.js";
import type { Request } from "../connection/request.js";
import type { RedisError } from "../errors.js";
import type { ConnectionSet } from "./connection-set.js";
import { failOrRetry } from "./retry-queue.js";
import type { WaitQueue } from "./wait-queue.js";

/** What lost requests are settled with. */
export interface LostRequestDependencies {
  readonly source: AddressSource;
  readonly connections: ConnectionSet;
  readonly waitQueue: WaitQueue;
  readonly pool: LostRequestPool;
}

/** The pool, as its lost requests use it. */
export interface LostRequestPool {
  /** Whether the pool is closed or closing. */
  readonly closed: boolean;
  executeExclusively(request: Request): void;
  /** An open connection was lost. */
  noteLost(connection: Connection, error: RedisError): void;
}

/** Requests of one pool that lost their connection. */
export class LostRequests {
  readonly #dependencies: LostRequestDependencies;

  constructor(dependencies: LostRequestDependencies) {
    this.#dependencies = dependencies;
  }

  /** See {@link ConnectionOwner.onTimedOut}. */
  onTimedOut(requests: readonly Request[], connection: Connection): void {
    const { source, connections, pool } = this.#dependencies;
    const { server } = connection;
    source.connectionFailed?.(timeoutError(server));
    const isFinal = pool.closed || connections.leaseOf(connection) !== undefined;
    const own = source.reclaim?.(requests) ?? requests;
    const retried = failOrRetry(own, isFinal, ({ name }) => timeoutError(server, name));
    this.#requeue(retried, connections.isBlocking(connection));
  }

  /** See {@link ConnectionOwner.onClosed}; the connection leaves the set. */
  onClosed(connection: Connection, { error, inFlight, unwritten }: CloseReport): void {
    const { source, connections, pool } = this.#dependencies;
    const lease = connections.leaseOf(connection);
    const isBlocking = connections.isBlocking(connection);
    const wasOpen = connections.remove(connection);
    const refused = connections.refused.take(connection);
    const isReported = [...inFlight, ...unwritten].some((request) => !request.settled);
    const isFinal = pool.closed || lease !== undefined;
    if (wasOpen && isSocketLoss(error)) {
      pool.noteLost(connection, error);
      source.connectionFailed?.(error);
    }
    const own = source.reclaim?.(inFlight) ?? inFlight;
    const retried = failOrRetry(own, isFinal, (request) => lostRequestError(request, error));
    if (lease === undefined) this.#requeue([...retried, ...unwritten], isBlocking, refused);
    // They rely on the session state of the lost connection.
    else for (const request of unwritten) request.fail(requestError(request, error, "not-sent"));
    lease?.lost(error, isReported);
  }

  /**
   * Put requests before all others in the queue, those that the server refused first; blocking ones never get a
   * shared connection.
   */
  #requeue(requests: readonly Request[], areBlocking: boolean, refused: readonly Request[] = []) {
    const { waitQueue, pool } = this.#dependencies;
    if (!areBlocking) return waitQueue.addFirst(requests, refused);
    for (const request of [...refused, ...requests])
      if (!request.settled) pool.executeExclusively(request);
  }
}
