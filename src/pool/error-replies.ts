/**
 * Decides what follows an error reply: whether its connection leads to the wrong server now, and whether the
 * request is sent again. A request that may have been executed is sent again only if it asks for it.
 */
import type { AddressSource } from "../connection/address-source.js";
import type { Connection } from "../connection/connection.js";
import type { ErrorReplyAction } from "../connection/owner.js";
import type { Request } from "../connection/request.js";
import { AuthenticationError, ConnectionError, type RedisError } from "../errors.js";
import { type Address, sameAddress } from "../options/address.js";
import type { ConnectionSet } from "./connection-set.js";
import { Pacer } from "./pacer.js";
import { mayRetry, type RetryQueue } from "./retry-queue.js";

/** What the decisions are about. */
export interface ErrorReplyDependencies {
  readonly source: AddressSource;
  readonly connections: ConnectionSet;
  readonly retryQueue: RetryQueue;
  readonly pool: ErrorReplyPool;
}

/** The pool, as the decisions use it. */
export interface ErrorReplyPool {
  /** Whether the pool is closed or closing. */
  readonly closed: boolean;
  /** See {@link AddressConsumer.drain}. */
  drain(matches: (address: Address) => boolean, error: RedisError, isImmediate: boolean): void;
  /** Drain some of the connections. */
  drainConnections(matches: (connection: Connection) => boolean, error: RedisError): void;
  execute(request: Request): void;
  executeExclusively(request: Request): void;
}

const WRONG_SERVER =
  /^(?:READONLY You can't write against a read only |MASTERDOWN |UNBLOCKED force unblock from blocking operation, instance state changed)/;
/** Commands whose error replies may be a script's own text. */
const SCRIPT_COMMANDS: ReadonlySet<string> = new Set(["EVAL", "EVALSHA", "FCALL", "PIPELINE"]);

/** ms; after this time without a wrong server, the next one is left at once again. */
const QUIET_TIME = 60_000;

/**
 * Return whether an error reply means that the server is not the one to use any more: a master that became
 * a replica, or a replica without its master.
 */
export function isWrongServer(error: RedisError): boolean {
  if (WRONG_SERVER.test(error.message)) return true;
  return error.code === "READONLY" && !SCRIPT_COMMANDS.has(error.command ?? "");
}

/** Handles the error replies of one pool's connections. */
export class ErrorReplies {
  readonly #dependencies: ErrorReplyDependencies;
  /** Requests that were sent to another server once; a second refusal is delivered. */
  readonly #redirected = new WeakSet<Request>();
  /** A client may write to a replica on purpose: it must not open a connection for every command. */
  readonly #pacer = new Pacer();

  constructor(dependencies: ErrorReplyDependencies) {
    this.#dependencies = dependencies;
  }

  /** See {@link ConnectionOwner.onErrorReply}. */
  handle(request: Request, error: RedisError, connection: Connection): ErrorReplyAction {
    const { source, connections, pool } = this.#dependencies;
    const { address } = connection;
    if (source.redirect !== undefined) {
      const mayTake = connections.leaseOf(connection) === undefined && !request.settled;
      if (source.redirect({ request, error, connection }, mayTake)) return "retry-later";
    }
    const outcome = source.classifyError?.(address, error);
    const isFinal =
      connections.leaseOf(connection) !== undefined ||
      pool.closed ||
      request.size !== 1 ||
      request.settled;
    if (outcome === undefined) {
      if (source.classifyError === undefined) this.#leaveWrongServer(error, connection);
      return isFinal ? "deliver" : this.#retryLater(request, error, connection);
    }
    source.report?.(address, error);
    if (connection.state === "ready")
      pool.drain((other) => sameAddress(other, address), error, false);
    if (isFinal || outcome === "unknown" || this.#redirected.has(request)) return "deliver";
    this.#redirected.add(request);
    return "retry-elsewhere";
  }

  #retryLater(request: Request, error: RedisError, connection: Connection): ErrorReplyAction {
    // Repeating AUTH on the same connection cannot help.
    if (error instanceof AuthenticationError || !mayRetry(request, error)) return "deliver";
    const { connections, retryQueue, pool } = this.#dependencies;
    const isBlocking = connections.isBlocking(connection);
    const execute = (): void =>
      isBlocking ? pool.executeExclusively(request) : pool.execute(request);
    return retryQueue.add(request, error, execute) ? "retry-later" : "deliver";
  }

  /** Drain the connections to a wrong server, so that the next one resolves the name again. */
  #leaveWrongServer(error: RedisError, connection: Connection): void {
    if (connection.state !== "ready" || !isWrongServer(error) || this.#pacer.pausing) return;
    if (this.#pacer.idleTime > QUIET_TIME) this.#pacer.reset();
    this.#pacer.pause();
    const { connections, pool } = this.#dependencies;
    const details = { code: "EFAILOVER", server: connection.server, cause: error };
    const reason = new ConnectionError(`The server is left: ${error.message}`, details);
    // Other leases keep their state: subscriptions work on a replica as well.
    const isLeft = (other: Connection): boolean =>
      other === connection || connections.leaseOf(other) === undefined;
    pool.drainConnections(isLeft, reason);
  }
}
