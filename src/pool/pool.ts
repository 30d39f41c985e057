/**
 * Owns which connection serves whom. Ordinary commands share a connection and never wait for each other's
 * replies; what needs a connection alone gets a lease. Everything is decided in `#assign`, which is
 * synchronous and looks only at the connections and at those who wait; I/O happens outside it.
 * A request that may have been executed is never written again unless the request itself asks for it.
 */
import { inspect } from "node:util";
import {
  type AddressConsumer,
  type AddressSource,
  FixedAddress,
} from "../connection/address-source.js";
import { type CloseReport, Connection } from "../connection/connection.js";
import {
  closedError,
  lostRequestError,
  poolTimeoutError,
  requestError,
  timeoutError,
  tooManyPendingError,
  waitTimeoutError,
} from "../connection/errors.js";
import type { Request } from "../connection/request.js";
import {
  AuthenticationError,
  ConnectionError,
  MaxConnectionsError,
  type RedisError,
} from "../errors.js";
import type { Address } from "../options/address.js";
import { sameAddress } from "../options/address.js";
import { normalizeOptions } from "../options/normalize.js";
import type { RedisOptions, Settings } from "../options/types.js";
import { Encoder } from "../protocol/encoder.js";
import { type ConnectionClass, Connector, type ConnectorOwner } from "./connector.js";
import { Lease, type LeaseOwner } from "./lease.js";
import { RetryQueue } from "./retry-queue.js";
import { WaitQueue } from "./wait-queue.js";

/** What a pool is made of besides the settings of its connections. */
export interface PoolDependencies {
  /** Class of the connections; {@link Connection} when omitted. */
  readonly connectionClass?: ConnectionClass | undefined;
  /** Where to connect; the address in the options when omitted. */
  readonly addressSource?: AddressSource | undefined;
}

/** Options of a pool. */
export interface PoolOptions extends RedisOptions, PoolDependencies {}

/**
 * Connections to one server, shared by any number of clients. At `maxConnections` it refuses with
 * {@link MaxConnectionsError}; see {@link BlockingConnectionPool} for one that waits.
 */
export class ConnectionPool implements ConnectorOwner, LeaseOwner, AddressConsumer {
  /** @internal */
  readonly exclusive = false;
  readonly settings: Settings;
  readonly #connector: Connector;
  readonly #checker: Encoder;
  readonly #waitQueue: WaitQueue;
  readonly #source: AddressSource;
  readonly #server: string;
  /** Requests that were refused by a server they were not meant for; a second time it is their answer. */
  readonly #redirected = new WeakSet<Request>();
  readonly #retryQueue: RetryQueue;
  /** Every connection that is open, whatever it does. */
  readonly #connections = new Set<Connection>();
  /** Shared by ordinary commands. */
  readonly #shared: Connection[] = [];
  /** Last in, first out, so that the warmest is used and the others can grow old. */
  readonly #idle: Connection[] = [];
  readonly #leases = new Map<Connection, Lease>();
  /** Connections that serve one blocking request and then come back by themselves. */
  readonly #blocking = new Set<Connection>();
  #closing: Promise<void> | undefined = undefined;
  #closed: (() => void) | undefined = undefined;

  constructor(options: PoolOptions = {}) {
    const { connectionClass = Connection, addressSource, ...rest } = options;
    this.settings = normalizeOptions(rest);
    const source: AddressSource = addressSource ?? new FixedAddress(this.settings.address);
    this.#source = source;
    this.#server = source.description;
    this.#checker = new Encoder(this.settings);
    this.#retryQueue = new RetryQueue(this.settings.retry);
    this.#connector = new Connector({ settings: this.settings, source, connectionClass }, this);
    this.#waitQueue = new WaitQueue(this.#server, {
      tooLate: this.waitsWhenFull ? poolTimeoutError : waitTimeoutError,
      lastError: () => this.#connector.lastError,
      onWaiterRemoved: () => this.#onWaiterRemoved(),
    });
    source.attach?.(this);
  }

  // -- for clients ---------------------------------------------------------------------------

  /** Run a request on a shared connection; it settles in any case. */
  execute(request: Request): void {
    const connection = this.#shared.length === 1 ? this.#shared[0] : this.#leastLoadedShared();
    try {
      if (connection === undefined || !connection.writable || this.#waitQueue.requests.size !== 0)
        this.#wait(request);
      else if (connection.pending >= this.settings.maxPendingCommands)
        throw tooManyPendingError(this.settings.maxPendingCommands, request);
      else if (this.#closing !== undefined) throw closedError(request.name);
      else connection.send(request);
      if (this.#shared.length < this.settings.sharedConnections) this.#growShared();
    } catch (error) {
      request.fail(error as RedisError);
    }
  }

  /** Run a request that may block the server on a connection of its own; it settles in any case. */
  executeExclusively(request: Request): void {
    try {
      if (this.#closing !== undefined) throw closedError(request.name);
      if (this.#waitQueue.leases.size >= this.settings.maxPendingCommands)
        throw tooManyPendingError(this.settings.maxPendingCommands, request);
      request.check(this.#checker);
    } catch (error) {
      return request.fail(error as RedisError);
    }
    const grant = (connection: Connection): void => this.#checkOut(connection, request);
    const fail = (error: RedisError): void =>
      request.fail(requestError(request, error, "not-sent"));
    const timeout = this.waitsWhenFull ? this.leaseTimeout : request.waitTimeout;
    request.queue = this.#waitQueue.addLease({ grant, fail }, timeout);
    this.#assign();
  }

  /**
   * Take a connection for exclusive use.
   *
   * @throws MaxConnectionsError when there is none to have, ConnectionError when none can be made.
   */
  lease(): Promise<Lease> {
    if (this.#closing !== undefined) return Promise.reject(closedError());
    return new Promise((resolve, reject) => {
      const fail = (error: RedisError): void => reject(requestError({}, error, "not-sent"));
      const grant = (connection: Connection): void => {
        const lease = new Lease(connection, this);
        this.#leases.set(connection, lease);
        resolve(lease);
      };
      this.#waitQueue.addLease({ grant, fail }, this.leaseTimeout);
      this.#assign();
    });
  }

  /** Close every connection at once; what is in flight is rejected. The pool connects again on demand. */
  disconnect(): void {
    const error = new ConnectionError("The connection was closed by disconnect()", {
      code: "ECONNCLOSED",
      server: this.#server,
    });
    for (const connection of [...this.#connections]) connection.destroy(error);
    // Last, for what was not written yet has joined those who wait.
    this.#waitQueue.failAll(error);
    this.#retryQueue.end();
    this.#connector.stop(error);
    this.#finishClosing();
  }

  /**
   * Close for good: take no new commands, let those under way finish, then close every connection.
   *
   * @returns When all is closed. Blocking commands and idle leases are ended at once.
   */
  close(): Promise<void> {
    if (this.#closing !== undefined) return this.#closing;
    this.#closing = new Promise((resolve) => {
      this.#closed = resolve;
    });
    this.#waitQueue.failLeases(closedError(), 0);
    this.#retryQueue.end();
    // Their holders may not add to what is still under way, or it would never end.
    for (const lease of this.#leases.values()) lease.lost(closedError(), true);
    for (const connection of [...this.#connections]) {
      if (connection.blocked) connection.destroy(closedError());
    }
    this.#finishClosing();
    return this.#closing;
  }

  /** Whether {@link close} was called. */
  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** Whether a lease waits when the pool is full. */
  protected get waitsWhenFull(): boolean {
    return false;
  }

  /** Milliseconds a lease may wait for a connection, be it only for connecting; 0 for no limit. */
  protected get leaseTimeout(): number {
    return this.settings.socketTimeout;
  }

  // -- from leases, connections, the dialer and the source -----------------------------------

  /** @internal */
  drain(isLeft: (address: Address) => boolean, error: RedisError, atOnce: boolean): void {
    this.#connector.abandon(isLeft, error);
    for (const connection of [...this.#connections]) {
      if (!isLeft(connection.address)) continue;
      if (atOnce) connection.destroy(error);
      else connection.drain(error);
    }
    this.#assign();
    this.#finishClosing();
  }

  /** @internal */
  onRefused(
    request: Request,
    error: RedisError,
    connection: Connection,
  ): "elsewhere" | "taken" | undefined {
    const { address, state } = connection;
    const outcome = this.#source.disowns?.(address, error);
    const final = this.#leases.has(connection) || this.#closing !== undefined;
    const settled = final || request.size !== 1 || request.settled;
    if (outcome === undefined) {
      // On the same connection a wrong password stays wrong.
      if (settled || error instanceof AuthenticationError || !request.prepareRetry(error))
        return undefined;
      const alone = this.#blocking.has(connection);
      this.#retryQueue.add(request, error, () =>
        alone ? this.executeExclusively(request) : this.execute(request),
      );
      return "taken";
    }
    if (state === "ready") this.drain((other) => sameAddress(other, address), error, false);
    if (settled || outcome === "unknown" || this.#redirected.has(request)) return undefined;
    this.#redirected.add(request);
    return "elsewhere";
  }

  /** @internal */
  checkIn(connection: Connection, reusable: boolean): void {
    if (!this.#connections.has(connection)) return;
    connection.onUnsolicited = undefined;
    const clean = connection.state === "ready" && connection.pending === 0 && !connection.dirty;
    if (!reusable || !clean || this.#closing !== undefined) {
      // Still leased while it ends: what it has not written must not go to a shared connection.
      return connection.destroy(new ConnectionError("The connection was released"));
    }
    this.#leases.delete(connection);
    this.#blocking.delete(connection);
    this.#idle.push(connection);
    this.#assign();
  }

  /** @internal */
  onOpened(connection: Connection): void {
    this.#connections.add(connection);
    this.#idle.push(connection);
    this.#assign();
    this.#finishClosing();
  }

  /** @internal */
  onBackoffElapsed(): void {
    this.#assign();
  }

  /** @internal */
  onRetriesExhausted(error: RedisError): void {
    this.#waitQueue.failAll(error);
    this.#finishClosing();
  }

  /** @internal */
  onWritable(): void {
    this.#assign();
  }

  /** @internal */
  onIdle(connection: Connection): void {
    if (this.#blocking.has(connection)) this.checkIn(connection, true);
    else this.#leases.get(connection)?.onIdle?.();
    if (this.#closing !== undefined) this.#finishClosing();
    else if (this.#waitQueue.leases.size !== 0) this.#assign();
  }

  /** @internal */
  onDraining(connection: Connection, reason?: RedisError): void {
    this.#forget(connection);
    const error = reason ?? timeoutError(connection.server);
    this.#leases.get(connection)?.lost(error, reason === undefined);
    this.#assign();
  }

  /** @internal */
  onTimedOut(requests: readonly Request[], connection: Connection): void {
    const { server } = connection;
    const leased = this.#leases.has(connection);
    const again = this.#giveUp(requests, leased, (request) => timeoutError(server, request.name));
    this.#requeue(again, this.#blocking.has(connection));
    this.#assign();
  }

  /** @internal */
  onClosed(connection: Connection, closure: CloseReport): void {
    const lease = this.#leases.get(connection);
    const alone = this.#blocking.has(connection);
    const { error, inFlight: lost, unwritten } = closure;
    this.#forget(connection);
    this.#connections.delete(connection);
    this.#leases.delete(connection);
    this.#blocking.delete(connection);
    const told = [...lost, ...unwritten].some((request) => !request.settled);
    const again = this.#giveUp(lost, lease !== undefined, (request) =>
      lostRequestError(request, error),
    );
    if (lease === undefined) this.#requeue([...again, ...unwritten], alone);
    // The state of the connection they were meant for is gone.
    else for (const request of unwritten) request.fail(requestError(request, error, "not-sent"));
    lease?.lost(error, told);
    this.#assign();
    this.#finishClosing();
  }

  // -- requests ----------------------------------------------------------------------------------

  #wait(request: Request): void {
    if (this.#closing !== undefined) throw closedError(request.name);
    if (this.#waitQueue.requests.size >= this.settings.maxPendingCommands)
      throw tooManyPendingError(this.settings.maxPendingCommands, request);
    request.check(this.#checker);
    this.#waitQueue.add(request);
    this.#assign();
  }

  /**
   * Requests whose replies will not come get their errors, except those that ask to be written again.
   *
   * @param leased - Whether they relied on the state of a connection that is gone.
   * @returns Those to be written again, in their order.
   */
  #giveUp(
    requests: readonly Request[],
    leased: boolean,
    errorOf: (request: Request) => RedisError,
  ): Request[] {
    const final = leased || this.#closing !== undefined;
    return requests.filter((request) => {
      if (request.settled) return false;
      const error = errorOf(request);
      if (!final && request.prepareRetry(error)) return true;
      request.fail(error);
      return false;
    });
  }

  /** Let requests wait again, before all others; what needs a connection alone never gets a shared one. */
  #requeue(requests: readonly Request[], alone: boolean): void {
    if (!alone) return this.#waitQueue.addFirst(requests);
    for (const request of requests) if (!request.settled) this.executeExclusively(request);
  }

  #checkOut(connection: Connection, request: Request): void {
    if (request.settled) {
      this.#idle.push(connection);
      return;
    }
    this.#blocking.add(connection);
    // Left alone, a cancelled BLPOP would take an element and give it to nobody.
    request.queue = { delete: () => this.checkIn(connection, false) };
    try {
      connection.send(request);
    } catch (error) {
      request.fail(error as RedisError);
      this.checkIn(connection, true);
    }
  }

  // -- decisions -----------------------------------------------------------------------------

  /** Bring those who wait and the connections together; the only place that does. */
  #assign(): void {
    this.#fillShared();
    this.#serveRequests();
    this.#serveLeases();
    this.#openMissing();
  }

  #fillShared(): void {
    const { requests, leases } = this.#waitQueue;
    const { sharedConnections } = this.settings;
    // Beyond the first connection the others are made for load to come, but never before a lease is served.
    while (this.#shared.length < sharedConnections) {
      if (requests.size === 0 && (this.#shared.length === 0 || leases.size !== 0)) return;
      const connection = this.#idle.pop();
      if (connection === undefined) return;
      this.#shared.push(connection);
    }
  }

  /** There is load, and shared connections are missing: replace one that was lost. */
  #growShared(): void {
    if (this.#shared.length === 0 || this.#waitQueue.leases.size !== 0) return;
    this.#fillShared();
    const { pausing, pending: underWay } = this.#connector;
    const enough = this.#shared.length >= this.settings.sharedConnections;
    if (!enough && !pausing && underWay === 0 && !this.#full) this.#connector.connect();
  }

  #leastLoadedShared(): Connection | undefined {
    let best: Connection | undefined;
    for (const connection of this.#shared) {
      if (connection.writable && (best === undefined || connection.pending < best.pending))
        best = connection;
    }
    return best;
  }

  #serveRequests(): void {
    for (const request of this.#waitQueue.requests) {
      const connection = this.#leastLoadedShared();
      if (connection === undefined) return;
      try {
        connection.send(request);
      } catch (error) {
        request.fail(error as RedisError);
      }
      this.#waitQueue.remove(request);
    }
  }

  #serveLeases(): void {
    for (const waiter of this.#waitQueue.leases) {
      const connection = this.#idle.pop() ?? this.#unusedShared();
      if (connection === undefined) return;
      this.#waitQueue.removeLease(waiter);
      waiter.grant(connection);
    }
  }

  /** At the limit an unused connection may serve a lease; a new connection is made when it is needed. */
  #unusedShared(): Connection | undefined {
    if (!this.#full || this.#waitQueue.requests.size !== 0) return undefined;
    const index = this.#shared.findIndex(
      (connection) => connection.pending === 0 && connection.writable,
    );
    return index < 0 ? undefined : this.#shared.splice(index, 1)[0];
  }

  get #full(): boolean {
    return this.#connections.size + this.#connector.pending >= this.settings.maxConnections;
  }

  /** Somebody waits no longer. One connection under way may be of use all the same. */
  #onWaiterRemoved(): void {
    const wanted = this.#missingShared + this.#waitQueue.leases.size;
    if (this.#connector.pending > Math.max(wanted, 1)) {
      this.#connector.trim(
        Math.max(wanted, 1),
        new ConnectionError("Nobody waits for it any more"),
      );
    }
    this.#finishClosing();
  }

  get #missingShared(): number {
    if (this.#waitQueue.requests.size === 0) return 0;
    return this.settings.sharedConnections - this.#shared.length;
  }

  #openMissing(): void {
    if (this.#connector.pausing) return;
    const missing = this.#missingShared;
    const wanted = missing + this.#waitQueue.leases.size;
    while (this.#connector.pending < wanted && !this.#full) this.#connector.connect();
    if (this.#connector.pending < wanted && !this.#worthWaiting) this.#refuseExcess(missing);
  }

  /** A connection that only waits for its last replies will soon make room. */
  get #worthWaiting(): boolean {
    return this.waitsWhenFull || [...this.#connections].some(({ state }) => state === "retiring");
  }

  /** The pool is full: whoever is neither served nor dialled for is refused. */
  #refuseExcess(missingShared: number): void {
    const details = { code: "EPOOL", server: this.#server, outcome: "not-sent" } as const;
    const error = new MaxConnectionsError("Too many connections", details);
    const { pending: underWay } = this.#connector;
    if (this.#shared.length === 0 && underWay === 0) this.#waitQueue.failAll(error);
    else this.#waitQueue.failLeases(error, Math.max(underWay - missingShared, 0));
  }

  /** Offer the connection to nobody any more. */
  #forget(connection: Connection): void {
    for (const list of [this.#shared, this.#idle]) {
      const index = list.indexOf(connection);
      if (index >= 0) list.splice(index, 1);
    }
  }

  #finishClosing(): void {
    if (this.#closed === undefined || this.#waitQueue.requests.size !== 0) return;
    const settle = this.#closed;
    for (const connection of [...this.#connections]) {
      if (connection.pending === 0) connection.destroy(closedError());
    }
    // Destroying comes back here; only the last of these calls finds nothing left.
    if (this.#connections.size !== 0 || this.#closed === undefined) return;
    this.#closed = undefined;
    this.#connector.stop(closedError());
    this.#waitQueue.stop();
    this.#source.detach?.(this);
    settle();
  }

  /** Shape as in redis-py: `ConnectionPool<Connection<host=localhost,port=6379,db=0>>`. */
  toString(): string {
    const isFixed = this.#source instanceof FixedAddress;
    return `${this.constructor.name}<${isFixed ? this.#connector.sample() : this.#server}>`;
  }

  [inspect.custom](): string {
    const counts = [
      `shared=${this.#shared.length}`,
      `leased=${this.#leases.size + this.#blocking.size}`,
      `idle=${this.#idle.length}`,
      `waiting=${this.#waitQueue.requests.size + this.#waitQueue.leases.size}`,
    ];
    return `${this.toString()} ${counts.join(" ")}`;
  }
}
