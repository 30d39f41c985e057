/**
 * Decides what follows an error reply: whether its connection leads to the wrong server now, and whether the
 * request is sent again. A request that may have been executed is sent again only if it asks for it.
 */
import type { AddressSource } from "../connection/address-source.js";
import type { Connection } from "../connection/connection.js";
import { UNAVAILABLE_CODES } from "../connection/errors.js";
import { InternalRequest } from "../connection/internal-request.js";
import type { ErrorReplyAction } from "../connection/owner.js";
import type { Request, ResendOffer } from "../connection/request.js";
import { AuthenticationError, ConnectionError, type Outcome, type RedisError } from "../errors.js";
import { type Address, sameAddress } from "../options/address.js";
import type { Settings } from "../options/types.js";
import type { ConnectionSet } from "./connection-set.js";
import { Pacer } from "./pacer.js";
import { mayRetry, type RetryQueue } from "./retry-queue.js";

/** What the decisions are about. */
export interface ErrorReplyDependencies {
  readonly settings: Settings;
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
  /** Drain some of the connections, and restart the attempts to connect. */
  drainConnections(matches: (connection: Connection) => boolean, error: RedisError): void;
  execute(request: Request): void;
  executeExclusively(request: Request): void;
}

const WRONG_SERVER =
  /^(?:READONLY You can't write against a read only |MASTERDOWN |UNBLOCKED force unblock from blocking operation, instance state changed)/;
/** Commands whose error replies may be a script's own text, and may follow a change of data. */
const SCRIPT_COMMAND = /^(?:EVAL|FCALL|TFCALL|RG\.)/;
/** A refused EXEC: the server became a replica after the commands had been queued. */
const REFUSED_EXEC = /^EXECABORT Transaction discarded because of: (READONLY|LOADING|MASTERDOWN) /;

/** ms; after this time without a wrong server, the next one is left at once again. */
const QUIET_TIME = 60_000;

/** Return the code of an error reply; of the reason, when EXEC was refused. */
function codeOf({ message, code }: RedisError): string {
  return REFUSED_EXEC.exec(message)?.[1] ?? code;
}

function isScript({ command = "" }: RedisError): boolean {
  return SCRIPT_COMMAND.test(command);
}

/**
 * Return whether an error reply means that the server is not the one to use any more: a master that became
 * a replica, or a replica without its master.
 */
export function isWrongServer(error: RedisError): boolean {
  if (WRONG_SERVER.test(error.message) || REFUSED_EXEC.test(error.message)) return true;
  return error.code === "READONLY" && error.command !== "PIPELINE" && !isScript(error);
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
    if (outcome !== undefined) {
      source.report?.(address, error);
      if (connection.state === "ready")
        pool.drain((other) => sameAddress(other, address), error, false);
    } else if (this.#isLeft(error)) {
      if (this.#redirected.has(request)) this.#pause();
      else this.#leaveWrongServer(error, connection);
    }
    if (this.#isRefusal(error, outcome) && this.#mayResend(request, connection)) {
      if (request.offerResend(this.#offer(request, connection))) return "deliver";
      if (request.size === 1) return this.#hold(request, connection);
    }
    return outcome !== undefined ? "deliver" : this.#retryLater(request, error, connection);
  }

  /** Whether the connection is left after an error reply that the source does not classify. */
  #isLeft(error: RedisError): boolean {
    const { source } = this.#dependencies;
    if (this.#isUnavailable(error)) return true;
    return source.classifyError === undefined && isWrongServer(error);
  }

  /** Whether the server will be available later, and its commands are to wait for that. */
  #isUnavailable(error: RedisError): boolean {
    const { source, settings } = this.#dependencies;
    if (!settings.retryLoading || source.redirect !== undefined) return false;
    return UNAVAILABLE_CODES.has(codeOf(error)) && !isScript(error);
  }

  /**
   * Whether the command of an error reply was not executed, and is sent to another server.
   *
   * @param outcome - See {@link AddressSource.classifyError}.
   */
  #isRefusal(error: RedisError, outcome: Outcome | undefined): boolean {
    const { source, settings } = this.#dependencies;
    const isReadonly = codeOf(error) === "READONLY";
    if (isReadonly && !settings.retryReadonly) return false;
    if (outcome !== undefined) return outcome === "not-sent";
    if (source.redirect !== undefined) return false;
    return isReadonly ? !isScript(error) : this.#isUnavailable(error);
  }

  #mayResend(request: Request, connection: Connection): boolean {
    const { connections, pool } = this.#dependencies;
    return (
      connection.state === "draining" &&
      connections.leaseOf(connection) === undefined &&
      !pool.closed &&
      !request.settled &&
      !this.#redirected.has(request) &&
      !(request instanceof InternalRequest)
    );
  }

  /** Whether a request is sent again is known with its last reply; later commands wait until then. */
  #offer(request: Request, connection: Connection): ResendOffer {
    const { source, connections } = this.#dependencies;
    connections.refused.expect(connection);
    return {
      refuses: (error) => this.#isRefusal(error, source.classifyError?.(connection.address, error)),
      resend: () => {
        if (!this.#mayResend(request, connection)) return false;
        this.#hold(request, connection);
        return true;
      },
    };
  }

  #hold(request: Request, connection: Connection): ErrorReplyAction {
    this.#redirected.add(request);
    // If the next server refuses it too, that begins a pause.
    this.#pacer.withdraw();
    this.#dependencies.connections.refused.add(request, connection);
    return "retry-later";
  }

  #retryLater(request: Request, error: RedisError, connection: Connection): ErrorReplyAction {
    const { connections, retryQueue, pool } = this.#dependencies;
    const isFinal = connections.leaseOf(connection) !== undefined || pool.closed;
    if (isFinal || request.size !== 1 || request.settled) return "deliver";
    // Repeating AUTH on the same connection cannot help.
    if (error instanceof AuthenticationError || !mayRetry(request, error)) return "deliver";
    const isBlocking = connections.isBlocking(connection);
    const execute = (): void =>
      isBlocking ? pool.executeExclusively(request) : pool.execute(request);
    return retryQueue.add(request, error, execute) ? "retry-later" : "deliver";
  }

  /** Begin a pause in which no server is left; return `false` during one. */
  #pause(): boolean {
    if (this.#pacer.pausing) return false;
    if (this.#pacer.idleTime > QUIET_TIME) this.#pacer.reset();
    this.#pacer.pause();
    return true;
  }

  /** Drain the connections to a wrong server, so that the next one resolves the name again. */
  #leaveWrongServer(error: RedisError, connection: Connection): void {
    if (connection.state !== "ready" || !this.#pause()) return;
    const { connections, pool } = this.#dependencies;
    const details = { code: "EFAILOVER", server: connection.server, cause: error };
    const reason = new ConnectionError(`The server is left: ${error.message}`, details);
    // Other leases keep their state: subscriptions work on a replica as well.
    const isLeft = (other: Connection): boolean =>
      other === connection || connections.leaseOf(other) === undefined;
    connections.retireLeases();
    pool.drainConnections(isLeft, reason);
  }
}
