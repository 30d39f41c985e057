/**
 * Owns those who wait for a connection: requests for a shared one, and others for one of their own, each
 * with a deadline, all under one timer. Whoever leaves here has been served or told why not.
 */

import type { Connection } from "../connection/connection.js";
import { requestError, waitTimeoutError } from "../connection/errors.js";
import type { Request } from "../connection/request.js";
import { isTraced, Trace, WAIT } from "../diagnostics/channels.js";
import type { RedisError } from "../errors.js";
import { DeadlineTimer } from "../util/deadline-timer.js";

const NEVER = Number.POSITIVE_INFINITY;

/** Somebody who waits for a connection of their own. */
export interface LeaseWaiter {
  readonly deadline: number;
  grant(connection: Connection): void;
  fail(error: RedisError): void;
}

/** What those who wait need of their pool. */
export interface WaitQueueOwner {
  /** Make the error of a lease that came too late. */
  tooLate(server: string, cause?: RedisError): RedisError;
  /** Why there is no connection yet, as far as that is known. */
  lastError(): RedisError | undefined;
  /** Somebody left without having been served. */
  onWaiterRemoved(): void;
}

/** Everybody who waits for a connection of one pool. */
export class WaitQueue {
  /** Requests for a shared connection, first come first. */
  readonly requests = new Set<Request>();
  /** Those who need a connection alone, first come first. */
  readonly leases = new Set<LeaseWaiter>();
  readonly #server: string;
  readonly #owner: WaitQueueOwner;
  /** Those somebody watches. */
  readonly #traces = new Map<object, Trace>();
  /** The way out for requests that are cancelled. */
  readonly #exit = { delete: (request: Request): void => this.#leave(request) };
  readonly #watchdog = new DeadlineTimer((now) => this.#checkDeadlines(now), true);

  /**
   * @param server - Address for errors.
   * @param owner - Whom they wait for.
   */
  constructor(server: string, owner: WaitQueueOwner) {
    this.#server = server;
    this.#owner = owner;
  }

  /** Let a request wait at the end of the queue, until its own deadline. */
  add(request: Request): void {
    const now = performance.now();
    request.written = false;
    request.queue = this.#exit;
    request.deadline = request.waitTimeout === 0 ? NEVER : now + request.waitTimeout;
    this.requests.add(request);
    this.#begin(request, request.name);
    if (request.deadline !== NEVER) this.#watchdog.watch(request.deadline, now);
  }

  /** Let requests wait before all others, in their order. */
  addFirst(requests: readonly Request[]): void {
    const alive = requests.filter((request) => !request.settled);
    if (alive.length === 0) return;
    const behind = [...this.requests];
    this.requests.clear();
    for (const request of alive) this.add(request);
    for (const request of behind) this.requests.add(request);
  }

  /** The request has been served, or has its error. */
  remove(request: Request): void {
    this.requests.delete(request);
    this.#over(request);
    request.queue = undefined;
    this.#rest();
  }

  /**
   * Wait for a connection alone.
   *
   * @param timeout - Milliseconds; 0 for no limit.
   * @returns The way out.
   */
  addLease(waiter: Omit<LeaseWaiter, "deadline">, timeout: number): { delete(): void } {
    const now = performance.now();
    const deadline = timeout === 0 ? NEVER : now + timeout;
    const entry = { ...waiter, deadline };
    this.leases.add(entry);
    this.#begin(entry);
    if (deadline !== NEVER) this.#watchdog.watch(deadline, now);
    return {
      delete: () => {
        if (!this.leases.has(entry)) return;
        this.removeLease(entry);
        this.#owner.onWaiterRemoved();
      },
    };
  }

  /** The lease has been granted, or nobody wants it any more. */
  removeLease(waiter: LeaseWaiter): void {
    this.leases.delete(waiter);
    this.#over(waiter);
    this.#rest();
  }

  /** Tell everybody that there will be no connection. */
  failAll(error: RedisError): void {
    const requests = [...this.requests];
    this.failLeases(error, 0);
    for (const request of requests) {
      this.remove(request);
      request.fail(requestError(request, error, "not-sent"));
    }
  }

  /** Tell those who wait for a lease, except the first `spared`. */
  failLeases(error: RedisError, spared: number): void {
    for (const waiter of [...this.leases].slice(spared)) {
      this.leases.delete(waiter);
      this.#over(waiter, error);
      waiter.fail(error);
    }
    this.#rest();
  }

  /** Drop the timer. */
  stop(): void {
    this.#watchdog.stop();
  }

  /** A timer nobody needs must not keep the process alive. */
  #rest(): void {
    if (this.requests.size === 0 && this.leases.size === 0) this.#watchdog.stop();
  }

  #expired(waiter: LeaseWaiter): void {
    const error = this.#owner.tooLate(this.#server, this.#owner.lastError());
    this.#over(waiter, error);
    waiter.fail(error);
  }

  #begin(who: object, command?: string): void {
    if (!isTraced(WAIT)) return;
    const pool = { "db.system.name": "redis", "db.client.connection.pool.name": this.#server };
    const attributes = command === undefined ? pool : { ...pool, "db.operation.name": command };
    const trace = new Trace(WAIT, attributes);
    trace.start(() => this.#traces.set(who, trace));
  }

  #over(who: object, error?: RedisError): void {
    if (this.#traces.size === 0) return;
    this.#traces.get(who)?.end(error);
    this.#traces.delete(who);
  }

  #leave(request: Request): void {
    this.remove(request);
    this.#owner.onWaiterRemoved();
  }

  #checkDeadlines(now: number): number {
    let next = NEVER;
    for (const request of this.requests) {
      if (request.deadline > now) {
        next = Math.min(next, request.deadline);
        continue;
      }
      this.remove(request);
      request.fail(waitTimeoutError(this.#server, this.#owner.lastError(), request.name));
    }
    for (const waiter of this.leases) {
      if (waiter.deadline > now) next = Math.min(next, waiter.deadline);
      else if (this.leases.delete(waiter)) this.#expired(waiter);
    }
    this.#owner.onWaiterRemoved();
    return next;
  }
}
