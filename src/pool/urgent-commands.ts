/**
 * Commands that must reach a server which a script blocks (SCRIPT KILL, SHUTDOWN). Each gets a new
 * connection outside of the pool's limits, whose handshake contains only what a blocked server accepts, and
 * which is closed after the reply: no other request is ever sent on it.
 */
import type { AddressSource } from "../connection/address-source.js";
import type { Connection } from "../connection/connection.js";
import {
  closedError,
  connectionClosed,
  lostRequestError,
  requestError,
  timeoutError,
  waitTimeoutError,
} from "../connection/errors.js";
import { internalCommand } from "../connection/internal-request.js";
import type { CloseReport, ErrorReplyAction } from "../connection/owner.js";
import type { Request } from "../connection/request.js";
import type { RedisError } from "../errors.js";
import type { Address } from "../options/address.js";
import { Encoder } from "../protocol/encoder.js";
import { Connector, type ConnectorDependencies, type ConnectorOwner } from "./connector.js";
import { WaitQueue } from "./wait-queue.js";

/** The pool, as its urgent commands use it. */
export interface UrgentCommandsOwner {
  /** Return the address that commands are sent to at present, if there is one. */
  address(): Address | undefined;
  /** The last urgent command has settled. */
  onSettled(): void;
}

const PING = internalCommand("PING");

/**
 * The address in use comes first: it is the one that does not reply. Its role cannot be verified.
 *
 * @param isProven - Whether the handshake contains a command. Its reply, or else any reply to PING, proves
 * that the server serves the connection: for SHUTDOWN a later end of the connection means success.
 */
function addressSource(
  source: AddressSource,
  owner: UrgentCommandsOwner,
  isProven: boolean,
): AddressSource {
  return {
    description: source.description,
    resolve: async (signal) => owner.address() ?? (await source.resolve(signal)),
    verify: async ({ ask }) => {
      if (!isProven) await ask(PING);
    },
  };
}

function endConnection(connection: Connection): void {
  connection.destroy(connectionClosed("The command has ended", connection.server));
}

/** Executes each request on its own connection. */
export class UrgentCommands implements ConnectorOwner {
  readonly #owner: UrgentCommandsOwner;
  readonly #encoder: Encoder;
  readonly #connector: Connector;
  readonly #waitQueue: WaitQueue;
  readonly #connections = new Set<Connection>();

  constructor(
    { settings, source, connectionClass }: ConnectorDependencies,
    owner: UrgentCommandsOwner,
  ) {
    // A blocked server refuses SELECT and CLIENT; only CLIENT SETINFO may fail.
    const clientName = undefined;
    const bare = {
      ...settings,
      clientName,
      cache: undefined,
      db: 0,
      protocol: 2,
      healthCheckInterval: 0,
    } as const;
    const { libName, libVersion, credentials } = settings;
    const isProven = [libName, libVersion, credentials].some((step) => step !== undefined);
    this.#owner = owner;
    this.#encoder = new Encoder(settings);
    this.#connector = new Connector(
      { settings: bare, source: addressSource(source, owner, isProven), connectionClass },
      this,
    );
    this.#waitQueue = new WaitQueue(source.description, {
      leaseTimeoutError: waitTimeoutError,
      lastError: () => this.#connector.lastError,
      sinceProgress: () => Number.POSITIVE_INFINITY,
      onWaiterRemoved: () => this.#onSettled(),
    });
  }

  /** Whether a command is waiting or pending. */
  get busy(): boolean {
    return this.#connections.size !== 0 || this.#waitQueue.leases.size !== 0;
  }

  /** Execute a request, which settles in any case. */
  execute(request: Request): void {
    try {
      request.check(this.#encoder);
    } catch (error) {
      return request.fail(error as RedisError);
    }
    const grant = (connection: Connection): void => this.#send(connection, request);
    const fail = (error: RedisError): void =>
      request.fail(requestError(request, error, "not-sent"));
    request.heldBy(this.#waitQueue.addLease({ grant, fail }, request.waitTimeout));
    this.#connect();
  }

  /** Reject every request. */
  disconnect(error: RedisError): void {
    for (const connection of [...this.#connections]) connection.destroy(error);
    this.#waitQueue.failLeases(error, 0);
    this.#connector.stop(error);
  }

  /** Stop connecting: the pool is closed. */
  stop(): void {
    this.#connector.stop(closedError());
    this.#waitQueue.stop();
  }

  #connect(): void {
    const { refusal, pausing, failing } = this.#connector;
    const needed = this.#waitQueue.leases.size;
    if (refusal !== undefined && needed !== 0) return this.#connector.rejectWaiting();
    const wanted = failing ? Math.min(needed, 1) : needed;
    while (!pausing && this.#connector.pending < wanted) this.#connector.connect();
  }

  #send(connection: Connection, request: Request): void {
    if (request.settled) return endConnection(connection);
    request.heldBy({ delete: () => endConnection(connection) });
    try {
      connection.send(request);
    } catch (error) {
      request.fail(error as RedisError);
      endConnection(connection);
    }
  }

  #onSettled(): void {
    this.#connector.trim(this.#waitQueue.leases.size, closedError());
    if (!this.busy) this.#owner.onSettled();
  }

  // -- called by the connector and the connections ---------------------------------------------

  onOpened(connection: Connection): void {
    this.#connections.add(connection);
    const [waiter] = this.#waitQueue.leases;
    if (waiter === undefined) return this.onIdle(connection);
    this.#waitQueue.removeLease(waiter);
    waiter.grant(connection);
    this.#connect();
  }

  onBackoffElapsed(): void {
    this.#connect();
  }

  onRetriesExhausted(error: RedisError): void {
    this.#waitQueue.failLeases(error, 0);
    this.#onSettled();
  }

  onWritable(): void {}

  onIdle(connection: Connection): void {
    // A connection that is not in the set yet has only answered PING.
    if (this.#connections.has(connection)) endConnection(connection);
  }

  onDraining(): void {}

  onErrorReply(): ErrorReplyAction {
    return "deliver";
  }

  onTimedOut(requests: readonly Request[], { server }: Connection): void {
    for (const request of requests) request.fail(timeoutError(server, request.name));
  }

  onClosed(connection: Connection, { error, inFlight, unwritten }: CloseReport): void {
    this.#connections.delete(connection);
    for (const request of inFlight) request.fail(lostRequestError(request, error));
    for (const request of unwritten) request.fail(requestError(request, error, "not-sent"));
    this.#onSettled();
  }
}
