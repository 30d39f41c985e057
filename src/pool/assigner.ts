/**
 * Decides which connection serves which waiting request or lease, and when to connect. Decisions are
 * synchronous and depend only on the open connections and the wait queue; I/O follows them.
 */
import type { Connection } from "../connection/connection.js";
import { ConnectionError, MaxConnectionsError, type RedisError } from "../errors.js";
import type { Settings } from "../options/types.js";
import { startImmediate } from "../util/timers.js";
import type { ConnectionSet } from "./connection-set.js";
import type { Connector } from "./connector.js";
import type { WaitQueue } from "./wait-queue.js";

/**
 * Most waiting requests that are sent in one turn of the event loop: thousands may wait when a server comes back,
 * and the connections to other servers must not wait until all of them have been written.
 */
const SLICE = 256;

/** What an assigner decides about. */
export interface AssignerDependencies {
  readonly settings: Settings;
  /** Name of the server, for errors. */
  readonly server: string;
  /** Whether a lease waits when the pool is full; it is rejected otherwise. */
  readonly waitsWhenFull: boolean;
  readonly connections: ConnectionSet;
  readonly connector: Connector;
  readonly waitQueue: WaitQueue;
}

/** Brings waiting requests and connections together. */
export class Assigner {
  readonly #settings: Settings;
  readonly #server: string;
  readonly #waitsWhenFull: boolean;
  readonly #connections: ConnectionSet;
  readonly #connector: Connector;
  readonly #waitQueue: WaitQueue;
  /** Whether waiting requests are sent in the next turn, and none in this one. */
  #isSliced = false;

  constructor(dependencies: AssignerDependencies) {
    this.#settings = dependencies.settings;
    this.#server = dependencies.server;
    this.#waitsWhenFull = dependencies.waitsWhenFull;
    this.#connections = dependencies.connections;
    this.#connector = dependencies.connector;
    this.#waitQueue = dependencies.waitQueue;
  }

  /** Serve as many waiting requests and leases as possible, and connect for the others. */
  assign(): void {
    this.#fillShared();
    this.#serveRequests();
    this.#serveLeases();
    this.#connectMissing();
  }

  /** Replace a shared connection that was lost; called while requests are being sent on the others. */
  growShared(): void {
    const { shared } = this.#connections;
    if (shared.length === 0 || this.#waitQueue.leases.size !== 0) return;
    this.#fillShared();
    const { pausing, pending } = this.#connector;
    const isComplete = shared.length >= this.#settings.sharedConnections;
    if (!isComplete && !pausing && pending === 0 && !this.#isFull) this.#connector.connect();
  }

  /** Cancel connection attempts that no request waits for; one attempt is kept for later requests. */
  cancelUnneeded(): void {
    const needed = Math.max(this.#missingShared + this.#waitQueue.leases.size, 1);
    if (this.#connector.pending <= needed) return;
    this.#connector.trim(needed, new ConnectionError("The connection is no longer needed"));
  }

  #fillShared(): void {
    if (this.#connections.refused.pending) return;
    const { requests, leases } = this.#waitQueue;
    const { shared } = this.#connections;
    while (shared.length < this.#settings.sharedConnections) {
      // The first shared connection serves waiting requests; leases come before the additional ones.
      if (requests.size === 0 && (shared.length === 0 || leases.size !== 0)) return;
      if (!this.#connections.shareIdle()) return;
    }
  }

  #serveRequests(): void {
    if (this.#isSliced) return;
    let rest = SLICE;
    for (const request of this.#waitQueue.requests) {
      const connection = this.#connections.leastLoadedShared();
      if (connection === undefined) return;
      if (rest-- === 0) return this.#continueLater();
      try {
        connection.send(request);
      } catch (error) {
        request.fail(error as RedisError);
      }
      this.#waitQueue.remove(request);
    }
  }

  #continueLater(): void {
    this.#isSliced = true;
    startImmediate(() => {
      this.#isSliced = false;
      this.assign();
    });
  }

  #serveLeases(): void {
    for (const waiter of this.#waitQueue.leases) {
      const connection = this.#connections.takeIdle() ?? this.#takeUnusedShared();
      if (connection === undefined) return;
      this.#waitQueue.removeLease(waiter);
      waiter.grant(connection);
    }
  }

  /** In a full pool a lease may take an unused shared connection; another is opened when needed. */
  #takeUnusedShared(): Connection | undefined {
    const isAvailable = this.#isFull && this.#waitQueue.requests.size === 0;
    return isAvailable ? this.#connections.takeUnusedShared() : undefined;
  }

  #connectMissing(): void {
    const { refusal, pausing, failing } = this.#connector;
    if (refusal !== undefined) return this.#rejectUnservable();
    if (pausing) return;
    const missingShared = this.#missingShared;
    const needed = missingShared + this.#waitQueue.leases.size;
    const wanted = failing ? Math.min(needed, 1) : needed;
    while (this.#connector.pending < wanted && !this.#isFull) this.#connector.connect();
    const isShort = this.#isFull && this.#connector.pending < needed;
    if (isShort && !this.#mayWait) this.#rejectExcess(missingShared);
  }

  #rejectUnservable(): void {
    const { requests, leases } = this.#waitQueue;
    if (requests.size !== 0 || leases.size !== 0) this.#connector.rejectWaiting();
  }

  /** Reject the requests and leases that only a new connection could serve: none can be opened. */
  failUnservable(error: RedisError): void {
    if (this.#connections.shared.length === 0) this.#waitQueue.failAll(error);
    else this.#waitQueue.failLeases(error, 0);
  }

  /** Reject those for whom a full pool has no connection, present or pending. */
  #rejectExcess(missingShared: number): void {
    const details = { code: "EPOOL", server: this.#server, outcome: "not-sent" } as const;
    const error = new MaxConnectionsError("Too many connections", details);
    const { pending } = this.#connector;
    if (this.#connections.shared.length === 0 && pending === 0) this.#waitQueue.failAll(error);
    else this.#waitQueue.failLeases(error, Math.max(pending - missingShared, 0));
  }

  get #missingShared(): number {
    if (this.#waitQueue.requests.size === 0) return 0;
    const { shared, refused, idle } = this.#connections;
    // While refused requests are awaited, idle connections stay idle until those can be sent first.
    const ready = shared.length + (refused.pending ? idle : 0);
    return Math.max(this.#settings.sharedConnections - ready, 0);
  }

  get #isFull(): boolean {
    return this.#connections.size + this.#connector.pending >= this.#settings.maxConnections;
  }

  /** Whether a full pool lets requests wait: a draining connection makes room soon. */
  get #mayWait(): boolean {
    return this.#waitsWhenFull || this.#connections.all.some(({ state }) => state === "draining");
  }
}
