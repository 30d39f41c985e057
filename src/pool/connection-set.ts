/**
 * The open connections of one pool, by use: shared, leased, running one blocking command, or idle. A
 * connection has at most one of these uses; draining connections may have none.
 */
import type { Connection } from "../connection/connection.js";
import { ConnectionError, type RedisError } from "../errors.js";
import { realTime } from "../util/timers.js";
import { IdleList } from "./idle-list.js";
import type { Lease } from "./lease.js";
import { RefusedRequests } from "./refused-requests.js";
import type { ConnectionTracker } from "./tracker.js";

/** Connections of a pool. */
export class ConnectionSet {
  readonly #all = new Set<Connection>();
  readonly #shared: Connection[] = [];
  readonly #idle: IdleList;
  readonly #leases = new Map<Connection, Lease>();
  readonly #blocking = new Set<Connection>();
  /** Leased connections that are closed when they come back. */
  readonly #retired = new WeakSet<Connection>();
  /** What servers refused on draining connections. */
  readonly refused = new RefusedRequests();

  #tracker: ConnectionTracker | undefined = undefined;

  /** @param idleTimeout - Time in ms after which an idle connection is closed; 0 for never. */
  constructor(idleTimeout: number) {
    this.#idle = new IdleList(idleTimeout);
  }

  /** Report the shared connections, present and later ones, to a cache. */
  follow(tracker: ConnectionTracker): void {
    this.#tracker = tracker;
    for (const connection of this.#shared) tracker.onShared(connection);
  }

  /** Every open connection, in a copy that may be iterated while connections close. */
  get all(): Connection[] {
    return [...this.#all];
  }

  /** Number of open connections. */
  get size(): number {
    return this.#all.size;
  }

  /** Connections that serve ordinary commands. */
  get shared(): readonly Connection[] {
    return this.#shared;
  }

  /** Connections on which ordinary requests await replies, in a copy. */
  get busy(): Connection[] {
    return this.all.filter(
      (connection) =>
        connection.pending !== 0 &&
        !this.#blocking.has(connection) &&
        !this.#leases.has(connection),
    );
  }

  /** Leases that are in use. */
  get leases(): Iterable<Lease> {
    return this.#leases.values();
  }

  /** Number of connections without a use. */
  get idle(): number {
    return this.#idle.size;
  }

  /** Numbers of connections by use. */
  get counts() {
    const checkedOut = this.#leases.size + this.#blocking.size;
    return { shared: this.#shared.length, checkedOut, idle: this.#idle.size };
  }

  /** Return whether the connection is open and belongs to the pool. */
  has(connection: Connection): boolean {
    return this.#all.has(connection);
  }

  /** Return whether the connection runs a blocking command. */
  isBlocking(connection: Connection): boolean {
    return this.#blocking.has(connection);
  }

  /** Return the lease of a connection. */
  leaseOf(connection: Connection): Lease | undefined {
    return this.#leases.get(connection);
  }

  /** Close the connections that are leased now when they come back: they lead to the wrong server. */
  retireLeases(): void {
    for (const connection of this.#leases.keys()) this.#retired.add(connection);
  }

  /** Return whether a connection that comes back may serve again. */
  isReusable(connection: Connection): boolean {
    const isClean = connection.state === "ready" && connection.pending === 0 && !connection.dirty;
    return isClean && !this.#retired.has(connection);
  }

  /** Return the writable shared connection with the fewest replies to come. */
  leastLoadedShared(): Connection | undefined {
    let best: Connection | undefined;
    for (const connection of this.#shared) {
      if (connection.writable && (best === undefined || connection.pending < best.pending))
        best = connection;
    }
    return best;
  }

  /**
   * Return the time in ms since a shared connection that takes no more requests at present, because a large
   * write is in progress, made progress; `Infinity` when there is none.
   */
  sinceProgress(): number {
    const busy = this.#shared.filter(({ state, writable }) => state === "ready" && !writable);
    return realTime() - Math.max(...busy.map(({ lastProgress }) => lastProgress));
  }

  /** Add a connection as idle: it is new, or its holder has returned it. */
  addIdle(connection: Connection): void {
    this.#all.add(connection);
    this.#leases.delete(connection);
    this.#blocking.delete(connection);
    this.#idle.add(connection);
  }

  /** Turn an idle connection into a shared one; return whether there was one. */
  shareIdle(): boolean {
    const connection = this.#idle.take();
    if (connection === undefined) return false;
    this.#shared.push(connection);
    this.#tracker?.onShared(connection);
    return true;
  }

  /** Remove an idle connection from the list and return it. */
  takeIdle(): Connection | undefined {
    return this.#idle.take();
  }

  /** Remove a shared connection that awaits no reply from the list and return it. */
  takeUnusedShared(): Connection | undefined {
    const index = this.#shared.findIndex(({ pending, writable }) => pending === 0 && writable);
    if (index < 0) return undefined;
    if (this.#tracker === undefined) return this.#shared.splice(index, 1)[0];
    // The server reports changes to it, which its new holder must not get; there is room for another one.
    this.#shared[index]?.destroy(new ConnectionError("The connection made room for another one"));
    return undefined;
  }

  /** Record that a connection taken from a list is leased. */
  addLease(lease: Lease): void {
    this.#leases.set(lease.connection, lease);
  }

  /** Record that a connection taken from a list runs a blocking command. */
  addBlocking(connection: Connection): void {
    this.#blocking.add(connection);
  }

  /** Keep a connection from serving new requests: it drains, or has ended. */
  stopUsing(connection: Connection): void {
    const index = this.#shared.indexOf(connection);
    if (index >= 0) this.#shared.splice(index, 1);
    this.#idle.remove(connection);
    this.#tracker?.onUnused(connection);
  }

  /** End the connections that match: after their pending replies, or immediately. */
  drain(
    matches: (connection: Connection) => boolean,
    error: RedisError,
    isImmediate: boolean,
  ): void {
    for (const connection of this.all) {
      if (!matches(connection)) continue;
      if (isImmediate) connection.destroy(error);
      else connection.drain(error);
    }
  }

  /** Remove a connection that has ended; return whether it was in the set, so that it had been opened. */
  remove(connection: Connection): boolean {
    this.stopUsing(connection);
    const isKnown = this.#all.delete(connection);
    this.#leases.delete(connection);
    this.#blocking.delete(connection);
    if (this.#all.size === 0) this.#idle.stop();
    return isKnown;
  }
}
