/**
 * The connection pool. Ordinary commands share connections and never wait for each other's replies;
 * blocking commands and leases get a connection alone. A request that may have been executed is written
 * again only if the request itself asks for it.
 */
import { type AddressSource, FixedAddress } from "../connection/address-source.js";
import { Connection } from "../connection/connection.js";
import {
  closedError,
  connectionClosed,
  poolTimeoutError,
  requestError,
  timeoutError,
  tooManyPendingError,
  waitTimeoutError,
} from "../connection/errors.js";
import type { CloseReport, ErrorReplyAction } from "../connection/owner.js";
import type { Request } from "../connection/request.js";
import { ConnectionError, type RedisError } from "../errors.js";
import type { Address } from "../options/address.js";
import { normalizeOptions } from "../options/normalize.js";
import { Encoder } from "../protocol/encoder.js";
import { defineSelf, SELF } from "../util/self.js";
import { checkArity, ownOptions } from "../util/validate.js";
import { assertMayWait, type WaitLimits } from "./admission.js";
import { Assigner } from "./assigner.js";
import { BlockingRequests } from "./blocking-requests.js";
import { ConnectionSet } from "./connection-set.js";
import { Connector } from "./connector.js";
import { ErrorReplies } from "./error-replies.js";
import { sourceOf } from "./guarded-source.js";
import { Lease } from "./lease.js";
import { LostRequests } from "./lost-requests.js";
import { ObservedPool } from "./observed-pool.js";
import type { PoolOptions } from "./options.js";
import { RetryQueue } from "./retry-queue.js";
import { UrgentCommands } from "./urgent-commands.js";
import { WaitQueue } from "./wait-queue.js";

/**
 * A pool of connections to one server, shared by any number of clients (option `connectionPool`). It
 * connects on demand. When `maxConnections` are open, commands that need another connection reject with
 * {@link MaxConnectionsError}; a {@link BlockingConnectionPool} lets them wait.
 */
export class ConnectionPool extends ObservedPool {
  /** @internal */ static override readonly name: string = "ConnectionPool";
  readonly #connector: Connector;
  readonly #waitLimits: WaitLimits;
  readonly #waitQueue: WaitQueue;
  readonly #retryQueue: RetryQueue;
  readonly #assigner: Assigner;
  readonly #source: AddressSource;
  readonly #server: string;
  readonly #connections: ConnectionSet;
  readonly #errorReplies: ErrorReplies;
  readonly #blockingRequests: BlockingRequests;
  readonly #lostRequests: LostRequests;
  readonly #urgentCommands: UrgentCommands;
  #closing: Promise<void> | undefined = undefined;
  /** Why it is closed, when its client stays open. */
  #reason: RedisError | undefined = undefined;
  #resolveClosing: (() => void) | undefined = undefined;

  /**
   * Create a pool. Does no I/O.
   *
   * @param options - Options of the connections, `maxConnections`, and parts to replace.
   * @throws DataError for an unknown option or an invalid value.
   */
  constructor(options: PoolOptions = {}) {
    checkArity("ConnectionPool", 1, arguments, "promises");
    const { connectionClass = Connection, addressSource, ...rest } = ownOptions(options);
    const settings = normalizeOptions(rest);
    super(settings);
    defineSelf(this);
    const source = sourceOf(addressSource, settings);
    this.#source = source;
    this.#server = source.description;
    this.#connections = new ConnectionSet(settings.idleTimeout);
    this.#retryQueue = new RetryQueue(settings.retry);
    this.#connector = new Connector({ settings, source, connectionClass }, this);
    this.#waitQueue = new WaitQueue(this.#server, {
      leaseTimeoutError: this.waitsWhenFull ? poolTimeoutError : waitTimeoutError,
      lastError: () => this.#connector.lastError,
      sinceProgress: () => this.#connections.sinceProgress(),
      onWaiterRemoved: () => this.#onWaiterRemoved(),
    });
    const parts = { settings, connections: this.#connections, waitQueue: this.#waitQueue };
    this.#assigner = new Assigner({
      ...parts,
      server: this.#server,
      waitsWhenFull: this.waitsWhenFull,
      connector: this.#connector,
    });
    const { maxPendingCommands: limit } = settings;
    const encoder = new Encoder(settings);
    this.#waitLimits = { queue: this.#waitQueue.requests, limit, encoder };
    this.#blockingRequests = new BlockingRequests(this, { ...parts, encoder });
    const retryQueue = this.#retryQueue;
    this.#errorReplies = new ErrorReplies({ ...parts, source, retryQueue, pool: this });
    this.#lostRequests = new LostRequests({ ...parts, source, pool: this });
    this.#urgentCommands = new UrgentCommands(
      { settings, source, connectionClass },
      { address: () => this.address, onSettled: () => this.#finishClosing() },
    );
    source.attach?.(this);
  }

  // -- for clients ---------------------------------------------------------------------------

  /**
   * Execute a request on a shared connection. The request settles in any case; nothing is thrown.
   */
  execute(request: Request): void {
    const self = this[SELF];
    const { shared } = self.#connections;
    const connection = shared.length === 1 ? shared[0] : self.#connections.leastLoadedShared();
    const { maxPendingCommands, sharedConnections } = this.settings;
    try {
      if (connection === undefined || !connection.writable || self.#waitQueue.requests.size !== 0)
        self.#wait(request);
      else if (connection.pending >= maxPendingCommands && !request.admitted)
        throw tooManyPendingError(maxPendingCommands, request);
      else if (self.#closing !== undefined) throw self.#closedError(request.name);
      else connection.send(request);
      if (shared.length < sharedConnections) self.#assigner.growShared();
    } catch (error) {
      request.fail(error as RedisError);
    }
  }

  /**
   * Execute a request that may block the server on a connection alone. The request settles in any case;
   * nothing is thrown.
   */
  executeExclusively(request: Request): void {
    if (this.closed) return request.fail(this[SELF].#closedError(request.name));
    const timeout = this.waitsWhenFull ? this.leaseTimeout : request.waitTimeout;
    if (this[SELF].#blockingRequests.add(request, timeout)) this[SELF].#assigner.assign();
  }

  /** @internal Execute a request on a new connection that serves nothing else. */
  executeUrgently(request: Request): void {
    if (this.closed) request.fail(this[SELF].#closedError(request.name));
    else this[SELF].#urgentCommands.execute(request);
  }

  /**
   * Check out a connection for exclusive use.
   *
   * @returns The lease; end it with `release()`.
   * @throws MaxConnectionsError when the pool is full, TimeoutError or ConnectionError when there is no
   * connection in time.
   */
  lease(): Promise<Lease> {
    const self = this[SELF];
    return new Promise((resolve, reject) => {
      // Clients pass the keys of the commands to come.
      checkArity("lease", Array.isArray(arguments[0]) ? 1 : 0, arguments);
      if (self.#closing !== undefined) return reject(self.#closedError());
      const fail = (error: RedisError): void => reject(requestError({}, error, "not-sent"));
      const grant = (connection: Connection): void => {
        const lease = new Lease(connection, self);
        self.#connections.addLease(lease);
        resolve(lease);
      };
      self.#waitQueue.addLease({ grant, fail }, this.leaseTimeout);
      self.#assigner.assign();
    });
  }

  /**
   * Close every connection immediately. Pending and waiting commands reject with
   * {@link ConnectionError}. The pool connects again on demand.
   */
  disconnect(): void {
    checkArity("disconnect", 0, arguments, "the promise of close()");
    const self = this[SELF];
    const error = connectionClosed("The connection was closed by disconnect()", self.#server);
    for (const connection of self.#connections.all) connection.destroy(error);
    // Last, because unwritten requests have returned to the wait queue.
    self.#waitQueue.failAll(error);
    self.#retryQueue.end();
    self.#connector.stop(error);
    self.#urgentCommands.disconnect(error);
    self.#finishClosing();
  }

  /**
   * Close the pool for good. New commands reject with {@link ConnectionError} (code `ECLOSED`); pending
   * ones are awaited, except blocking commands, which reject immediately as leases do.
   *
   * @returns When every connection is closed.
   */
  async close(): Promise<void> {
    checkArity("close", 0, arguments);
    return this[SELF].retire();
  }

  /** @internal Close for good; with a `reason` the client stays open, and leases are reported as lost. */
  retire(reason?: RedisError): Promise<void> {
    if (this.#closing !== undefined) return this.#closing;
    this.#reason = reason;
    this.#closing = new Promise((resolve) => {
      this.#resolveClosing = resolve;
    });
    const error = this.#closedError();
    this.#waitQueue.failLeases(error, 0);
    this.#retryQueue.end();
    this.#connections.drain(({ blocked }) => blocked, error, true);
    // Holders must not send more requests, or closing might never end.
    for (const lease of this.#connections.leases) lease.lost(error, reason === undefined);
    this.#finishClosing();
    return this.#closing;
  }

  #closedError(command?: string): RedisError {
    const reason = this.#reason ?? closedError();
    return requestError(command === undefined ? {} : { name: command }, reason, "not-sent");
  }

  /** Whether {@link close} was called. */
  override get closed(): boolean {
    return this[SELF].#closing !== undefined;
  }

  /** @internal Address of the first shared connection; before it exists, the fixed one if any. */
  get address(): Address | undefined {
    const fixed = this[SELF].#source instanceof FixedAddress ? this.settings.address : undefined;
    return this[SELF].#connections.shared[0]?.address ?? fixed;
  }

  /** Whether a lease waits when the pool is full; it is rejected otherwise. */
  protected get waitsWhenFull(): boolean {
    return false;
  }

  /** Longest wait for a lease in milliseconds, connecting included; 0 for no limit. */
  protected get leaseTimeout(): number {
    return this.settings.socketTimeout;
  }

  /** @internal The connections, by use. */
  override get connections(): ConnectionSet {
    return this[SELF].#connections;
  }

  /** @internal Number of requests and leases that wait for a connection. */
  override get waiting(): number {
    return this[SELF].#waitQueue.size;
  }

  protected override get connecting(): boolean {
    return this[SELF].#connector.pending !== 0 || this[SELF].#connector.pausing;
  }

  /** @internal Take back the waiting requests that match, oldest first: nothing of them was written. */
  withdraw(matches: (request: Request) => boolean): Request[] {
    return this[SELF].#waitQueue.withdraw(matches);
  }

  /**
   * @internal Execute requests that have waited elsewhere, on a shared connection, in order and within what is
   * left of their time. They were accepted once, so that no limit applies.
   */
  resume(requests: readonly Request[]): void {
    // A closed pool refuses each of them.
    if (this.closed) for (const request of requests) this.execute(request);
    else this.#waitQueue.resume(requests);
    this.#assigner.assign();
  }

  // -- called by leases, connections, the connector and the address source -------------------

  /** @internal */
  drain(matches: (address: Address) => boolean, error: RedisError, isImmediate: boolean): void {
    this.#connector.abandon(matches, error);
    this.#connections.drain(({ address }) => matches(address), error, isImmediate);
    this.#assigner.assign();
    this.#finishClosing();
  }

  /** @internal */
  drainConnections(matches: (connection: Connection) => boolean, error: RedisError): void {
    this.#connector.abandon(() => true, error);
    this.#connections.drain(matches, error, false);
    this.#assigner.assign();
  }

  /** @internal */
  onErrorReply(request: Request, error: RedisError, connection: Connection): ErrorReplyAction {
    return this.#errorReplies.handle(request, error, connection);
  }

  /** @internal */
  checkIn(connection: Connection, reusable: boolean): void {
    if (!this.#connections.has(connection)) return;
    if (!reusable || !this.#connections.isReusable(connection) || this.#closing !== undefined) {
      // It counts as leased until it has ended: its unwritten requests must not go to a shared connection.
      return connection.destroy(new ConnectionError("The connection was released"));
    }
    this.#connections.addIdle(connection);
    this.#assigner.assign();
  }

  /** @internal */
  onOpened(connection: Connection): void {
    this.#connections.addIdle(connection);
    this.noteOpened(connection);
    this.#assigner.assign();
    this.#finishClosing();
  }

  /** @internal */
  onBackoffElapsed(): void {
    this.#assigner.assign();
  }

  /** @internal */
  onRetriesExhausted(error: RedisError): void {
    this.#source.attemptsExhausted?.(error);
    this.noteFailure(error);
    this.#assigner.failUnservable(error);
    this.#finishClosing();
  }

  /** @internal */
  onWritable(): void {
    this.#assigner.assign();
  }

  /** @internal */
  onIdle(connection: Connection): void {
    if (this.#connections.isBlocking(connection)) this.checkIn(connection, true);
    else this.#connections.leaseOf(connection)?.onIdle?.();
    if (this.#closing !== undefined) this.#finishClosing();
    else if (this.#waitQueue.leases.size !== 0) this.#assigner.assign();
  }

  /** @internal */
  onDraining(connection: Connection, reason?: RedisError): void {
    this.#connections.stopUsing(connection);
    const error = reason ?? timeoutError(connection.server);
    this.noteLost(connection, error);
    this.#connections.leaseOf(connection)?.lost(error, reason === undefined);
    this.#assigner.assign();
  }

  /** @internal */
  onTimedOut(requests: readonly Request[], connection: Connection): void {
    this.#lostRequests.onTimedOut(requests, connection);
    this.#assigner.assign();
  }

  /** @internal */
  onClosed(connection: Connection, report: CloseReport): void {
    this.#lostRequests.onClosed(connection, report);
    this.#assigner.assign();
    this.#finishClosing();
  }

  #wait(request: Request): void {
    if (this.#closing !== undefined) throw this.#closedError(request.name);
    assertMayWait(request, this.#waitLimits);
    this.#waitQueue.add(request);
    this.#assigner.assign();
  }

  #onWaiterRemoved(): void {
    this.#assigner.cancelUnneeded();
    this.#finishClosing();
  }

  #finishClosing(): void {
    const isWaiting = this.#waitQueue.requests.size !== 0 || this.#urgentCommands.busy;
    if (this.#resolveClosing === undefined || isWaiting) return;
    const resolve = this.#resolveClosing;
    for (const connection of this.#connections.all) {
      if (connection.pending === 0) connection.destroy(this.#closedError());
    }
    // Destroying a connection calls this method; only the innermost call goes on.
    if (this.#connections.size !== 0 || this.#resolveClosing === undefined) return;
    this.#resolveClosing = undefined;
    this.#connector.stop(this.#closedError());
    this.#waitQueue.stop();
    this.#urgentCommands.stop();
    this.#source.detach?.(this);
    resolve();
  }

  /** Return the pool as redis-py prints it: `ConnectionPool<Connection<host=localhost,port=6379,db=0>>`. */
  override toString(): string {
    const self = this[SELF];
    const isFixed = self.#source instanceof FixedAddress;
    return `${this.constructor.name}<${isFixed ? self.#connector.sample() : self.#server}>`;
  }
}
