/**
 * Owns which connection serves whom. Ordinary commands share a lane and never wait for each other's
 * replies; what needs a connection alone gets a lease. Everything is decided in `#assign`, which is
 * synchronous and looks only at the connections and at those who wait; I/O happens outside it.
 * A job that may have been executed is never written again unless the job itself asks for it.
 */
import { inspect } from "node:util";
import {
  AuthenticationError,
  ConnectionError,
  MaxConnectionsError,
  type RedisError,
} from "../errors.js";
import { normalizeOptions, type RedisOptions, type Settings } from "../options.js";
import { Encoder } from "../protocol/encoder.js";
import {
  type Address,
  type AddressSource,
  type AddressUser,
  FixedAddress,
  sameAddress,
} from "./address.js";
import { type Closure, Connection } from "./connection.js";
import { type ConnectionClass, Dialer, type DialerOwner } from "./dialer.js";
import {
  closedError,
  errorFor,
  lostFor,
  noneAvailable,
  overdueError,
  tooManyPending,
  waitedTooLong,
} from "./failure.js";
import type { Job } from "./job.js";
import { Lease, type Lessor } from "./lease.js";
import { Resting } from "./resting.js";
import { Waiters } from "./waiters.js";

/** What a pool is made of besides the settings of its connections. */
export interface PoolParts {
  /** Class of the connections; {@link Connection} when omitted. */
  readonly connectionClass?: ConnectionClass | undefined;
  /** Where to connect; the address in the options when omitted. */
  readonly addressSource?: AddressSource | undefined;
}

/** Options of a pool. */
export interface PoolOptions extends RedisOptions, PoolParts {}

/**
 * Connections to one server, shared by any number of clients. At `maxConnections` it refuses with
 * {@link MaxConnectionsError}; see {@link BlockingConnectionPool} for one that waits.
 */
export class ConnectionPool implements DialerOwner, Lessor, AddressUser {
  /** @internal */
  readonly exclusive = false;
  readonly settings: Settings;
  readonly #dialer: Dialer;
  readonly #checker: Encoder;
  readonly #waiters: Waiters;
  readonly #source: AddressSource;
  readonly #server: string;
  /** Jobs that were refused by a server they were not meant for; a second time it is their answer. */
  readonly #resent = new WeakSet<Job>();
  readonly #resting: Resting;
  /** Every connection that is open, whatever it does. */
  readonly #connections = new Set<Connection>();
  /** Shared by ordinary commands. */
  readonly #lanes: Connection[] = [];
  /** Last in, first out, so that the warmest is used and the others can grow old. */
  readonly #idle: Connection[] = [];
  readonly #leases = new Map<Connection, Lease>();
  /** Connections that serve one blocking job and then come back by themselves. */
  readonly #borrowed = new Set<Connection>();
  #closing: Promise<void> | undefined = undefined;
  #closed: (() => void) | undefined = undefined;

  constructor(options: PoolOptions = {}) {
    const { connectionClass = Connection, addressSource, ...rest } = options;
    this.settings = normalizeOptions(rest);
    const source: AddressSource = addressSource ?? new FixedAddress(this.settings.address);
    this.#source = source;
    this.#server = source.description;
    this.#checker = new Encoder(this.settings);
    this.#resting = new Resting(this.settings.retry);
    this.#dialer = new Dialer({ settings: this.settings, source, connectionClass }, this);
    this.#waiters = new Waiters(this.#server, {
      tooLate: this.waitsWhenFull ? noneAvailable : waitedTooLong,
      lastError: () => this.#dialer.lastError,
      onLeft: () => this.#left(),
    });
    source.attach?.(this);
  }

  // -- for clients ---------------------------------------------------------------------------

  /** Run a job on a shared connection; it settles in any case. */
  execute(job: Job): void {
    const lane = this.#lanes.length === 1 ? this.#lanes[0] : this.#freeLane();
    try {
      if (lane === undefined || !lane.writable || this.#waiters.jobs.size !== 0) this.#wait(job);
      else if (lane.pending >= this.settings.maxPendingCommands)
        throw tooManyPending(this.settings.maxPendingCommands, job);
      else if (this.#closing !== undefined) throw closedError(job.name);
      else lane.send(job);
      if (this.#lanes.length < this.settings.sharedConnections) this.#growLanes();
    } catch (error) {
      job.fail(error as RedisError);
    }
  }

  /** Run a job that may block the server on a connection of its own; it settles in any case. */
  executeAlone(job: Job): void {
    try {
      if (this.#closing !== undefined) throw closedError(job.name);
      if (this.#waiters.leases.size >= this.settings.maxPendingCommands)
        throw tooManyPending(this.settings.maxPendingCommands, job);
      job.check(this.#checker);
    } catch (error) {
      return job.fail(error as RedisError);
    }
    const grant = (connection: Connection): void => this.#lend(connection, job);
    const fail = (error: RedisError): void => job.fail(errorFor(job, error, "not-sent"));
    const timeout = this.waitsWhenFull ? this.leaseTimeout : job.waitTimeout;
    job.queue = this.#waiters.addLease({ grant, fail }, timeout);
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
      const fail = (error: RedisError): void => reject(errorFor({}, error, "not-sent"));
      const grant = (connection: Connection): void => {
        const lease = new Lease(connection, this);
        this.#leases.set(connection, lease);
        resolve(lease);
      };
      this.#waiters.addLease({ grant, fail }, this.leaseTimeout);
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
    this.#waiters.failAll(error);
    this.#resting.end();
    this.#dialer.stop(error);
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
    this.#waiters.failLeases(closedError(), 0);
    this.#resting.end();
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
  leave(isLeft: (address: Address) => boolean, error: RedisError, atOnce: boolean): void {
    this.#dialer.leave(isLeft, error);
    for (const connection of [...this.#connections]) {
      if (!isLeft(connection.address)) continue;
      if (atOnce) connection.destroy(error);
      else connection.retire(error);
    }
    this.#assign();
    this.#finishClosing();
  }

  /** @internal */
  onRefused(
    job: Job,
    error: RedisError,
    connection: Connection,
  ): "elsewhere" | "taken" | undefined {
    const { address, state } = connection;
    const outcome = this.#source.disowns?.(address, error);
    const final = this.#leases.has(connection) || this.#closing !== undefined;
    const settled = final || job.size !== 1 || job.settled;
    if (outcome === undefined) {
      // On the same connection a wrong password stays wrong.
      if (settled || error instanceof AuthenticationError || !job.retry(error)) return undefined;
      const alone = this.#borrowed.has(connection);
      this.#resting.add(job, error, () => (alone ? this.executeAlone(job) : this.execute(job)));
      return "taken";
    }
    if (state === "ready") this.leave((other) => sameAddress(other, address), error, false);
    if (settled || outcome === "unknown" || this.#resent.has(job)) return undefined;
    this.#resent.add(job);
    return "elsewhere";
  }

  /** @internal */
  takeBack(connection: Connection, reusable: boolean): void {
    if (!this.#connections.has(connection)) return;
    connection.onUnsolicited = undefined;
    const clean = connection.state === "ready" && connection.pending === 0 && !connection.dirty;
    if (!reusable || !clean || this.#closing !== undefined) {
      // Still leased while it ends: what it has not written must not go to a shared connection.
      return connection.destroy(new ConnectionError("The connection was released"));
    }
    this.#leases.delete(connection);
    this.#borrowed.delete(connection);
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
  onPauseOver(): void {
    this.#assign();
  }

  /** @internal */
  onGivenUp(error: RedisError): void {
    this.#waiters.failAll(error);
    this.#finishClosing();
  }

  /** @internal */
  onWritable(): void {
    this.#assign();
  }

  /** @internal */
  onIdle(connection: Connection): void {
    if (this.#borrowed.has(connection)) this.takeBack(connection, true);
    else this.#leases.get(connection)?.onIdle?.();
    if (this.#closing !== undefined) this.#finishClosing();
    else if (this.#waiters.leases.size !== 0) this.#assign();
  }

  /** @internal */
  onRetired(connection: Connection, reason?: RedisError): void {
    this.#forget(connection);
    const error = reason ?? overdueError(connection.server);
    this.#leases.get(connection)?.lost(error, reason === undefined);
    this.#assign();
  }

  /** @internal */
  onOverdue(jobs: readonly Job[], connection: Connection): void {
    const { server } = connection;
    const leased = this.#leases.has(connection);
    const again = this.#giveUp(jobs, leased, (job) => overdueError(server, job.name));
    this.#putBack(again, this.#borrowed.has(connection));
    this.#assign();
  }

  /** @internal */
  onClosed(connection: Connection, closure: Closure): void {
    const lease = this.#leases.get(connection);
    const alone = this.#borrowed.has(connection);
    const { error, lost, unwritten } = closure;
    this.#forget(connection);
    this.#connections.delete(connection);
    this.#leases.delete(connection);
    this.#borrowed.delete(connection);
    const told = [...lost, ...unwritten].some((job) => !job.settled);
    const again = this.#giveUp(lost, lease !== undefined, (job) => lostFor(job, error));
    if (lease === undefined) this.#putBack([...again, ...unwritten], alone);
    // The state of the connection they were meant for is gone.
    else for (const job of unwritten) job.fail(errorFor(job, error, "not-sent"));
    lease?.lost(error, told);
    this.#assign();
    this.#finishClosing();
  }

  // -- jobs ----------------------------------------------------------------------------------

  #wait(job: Job): void {
    if (this.#closing !== undefined) throw closedError(job.name);
    if (this.#waiters.jobs.size >= this.settings.maxPendingCommands)
      throw tooManyPending(this.settings.maxPendingCommands, job);
    job.check(this.#checker);
    this.#waiters.add(job);
    this.#assign();
  }

  /**
   * Jobs whose replies will not come get their errors, except those that ask to be written again.
   *
   * @param leased - Whether they relied on the state of a connection that is gone.
   * @returns Those to be written again, in their order.
   */
  #giveUp(jobs: readonly Job[], leased: boolean, errorOf: (job: Job) => RedisError): Job[] {
    const final = leased || this.#closing !== undefined;
    return jobs.filter((job) => {
      if (job.settled) return false;
      const error = errorOf(job);
      if (!final && job.retry(error)) return true;
      job.fail(error);
      return false;
    });
  }

  /** Let jobs wait again, before all others; what needs a connection alone never gets a shared one. */
  #putBack(jobs: readonly Job[], alone: boolean): void {
    if (!alone) return this.#waiters.addFirst(jobs);
    for (const job of jobs) if (!job.settled) this.executeAlone(job);
  }

  #lend(connection: Connection, job: Job): void {
    if (job.settled) {
      this.#idle.push(connection);
      return;
    }
    this.#borrowed.add(connection);
    // Left alone, a cancelled BLPOP would take an element and give it to nobody.
    job.queue = { delete: () => this.takeBack(connection, false) };
    try {
      connection.send(job);
    } catch (error) {
      job.fail(error as RedisError);
      this.takeBack(connection, true);
    }
  }

  // -- decisions -----------------------------------------------------------------------------

  /** Bring those who wait and the connections together; the only place that does. */
  #assign(): void {
    this.#fillLanes();
    this.#serveJobs();
    this.#serveLeases();
    this.#openMissing();
  }

  #fillLanes(): void {
    const { jobs, leases } = this.#waiters;
    const { sharedConnections } = this.settings;
    // Beyond the first lane the others are made for load to come, but never before a lease is served.
    while (this.#lanes.length < sharedConnections) {
      if (jobs.size === 0 && (this.#lanes.length === 0 || leases.size !== 0)) return;
      const connection = this.#idle.pop();
      if (connection === undefined) return;
      this.#lanes.push(connection);
    }
  }

  /** There is load, and lanes are missing: replace one that was lost. */
  #growLanes(): void {
    if (this.#lanes.length === 0 || this.#waiters.leases.size !== 0) return;
    this.#fillLanes();
    const { pausing, underWay } = this.#dialer;
    const enough = this.#lanes.length >= this.settings.sharedConnections;
    if (!enough && !pausing && underWay === 0 && !this.#full) this.#dialer.dial();
  }

  #freeLane(): Connection | undefined {
    let best: Connection | undefined;
    for (const lane of this.#lanes) {
      if (lane.writable && (best === undefined || lane.pending < best.pending)) best = lane;
    }
    return best;
  }

  #serveJobs(): void {
    for (const job of this.#waiters.jobs) {
      const lane = this.#freeLane();
      if (lane === undefined) return;
      try {
        lane.send(job);
      } catch (error) {
        job.fail(error as RedisError);
      }
      this.#waiters.remove(job);
    }
  }

  #serveLeases(): void {
    for (const waiter of this.#waiters.leases) {
      const connection = this.#idle.pop() ?? this.#spareLane();
      if (connection === undefined) return;
      this.#waiters.removeLease(waiter);
      waiter.grant(connection);
    }
  }

  /** At the limit an unused lane may serve a lease; a new lane is made when it is needed. */
  #spareLane(): Connection | undefined {
    if (!this.#full || this.#waiters.jobs.size !== 0) return undefined;
    const index = this.#lanes.findIndex((lane) => lane.pending === 0 && lane.writable);
    return index < 0 ? undefined : this.#lanes.splice(index, 1)[0];
  }

  get #full(): boolean {
    return this.#connections.size + this.#dialer.underWay >= this.settings.maxConnections;
  }

  /** Somebody waits no longer. One connection under way may be of use all the same. */
  #left(): void {
    const wanted = this.#missingLanes + this.#waiters.leases.size;
    if (this.#dialer.underWay > Math.max(wanted, 1)) {
      this.#dialer.trim(Math.max(wanted, 1), new ConnectionError("Nobody waits for it any more"));
    }
    this.#finishClosing();
  }

  get #missingLanes(): number {
    if (this.#waiters.jobs.size === 0) return 0;
    return this.settings.sharedConnections - this.#lanes.length;
  }

  #openMissing(): void {
    if (this.#dialer.pausing) return;
    const lanes = this.#missingLanes;
    const wanted = lanes + this.#waiters.leases.size;
    while (this.#dialer.underWay < wanted && !this.#full) this.#dialer.dial();
    if (this.#dialer.underWay < wanted && !this.#worthWaiting) this.#refuseExcess(lanes);
  }

  /** A connection that only waits for its last replies will soon make room. */
  get #worthWaiting(): boolean {
    return this.waitsWhenFull || [...this.#connections].some(({ state }) => state === "retiring");
  }

  /** The pool is full: whoever is neither served nor dialled for is refused. */
  #refuseExcess(lanes: number): void {
    const details = { code: "EPOOL", server: this.#server, outcome: "not-sent" } as const;
    const error = new MaxConnectionsError("Too many connections", details);
    const { underWay } = this.#dialer;
    if (this.#lanes.length === 0 && underWay === 0) this.#waiters.failAll(error);
    else this.#waiters.failLeases(error, Math.max(underWay - lanes, 0));
  }

  /** Offer the connection to nobody any more. */
  #forget(connection: Connection): void {
    for (const list of [this.#lanes, this.#idle]) {
      const index = list.indexOf(connection);
      if (index >= 0) list.splice(index, 1);
    }
  }

  #finishClosing(): void {
    if (this.#closed === undefined || this.#waiters.jobs.size !== 0) return;
    const settle = this.#closed;
    for (const connection of [...this.#connections]) {
      if (connection.pending === 0) connection.destroy(closedError());
    }
    // Destroying comes back here; only the last of these calls finds nothing left.
    if (this.#connections.size !== 0 || this.#closed === undefined) return;
    this.#closed = undefined;
    this.#dialer.stop(closedError());
    this.#waiters.stop();
    this.#source.detach?.(this);
    settle();
  }

  /** Shape as in redis-py: `ConnectionPool<Connection<host=localhost,port=6379,db=0>>`. */
  toString(): string {
    const isFixed = this.#source instanceof FixedAddress;
    return `${this.constructor.name}<${isFixed ? this.#dialer.sample() : this.#server}>`;
  }

  [inspect.custom](): string {
    const counts = [
      `shared=${this.#lanes.length}`,
      `leased=${this.#leases.size + this.#borrowed.size}`,
      `idle=${this.#idle.length}`,
      `waiting=${this.#waiters.jobs.size + this.#waiters.leases.size}`,
    ];
    return `${this.toString()} ${counts.join(" ")}`;
  }
}
