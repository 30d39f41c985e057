/**
 * Requests waiting for a shared connection, and leases waiting for a connection alone, each with a
 * deadline, under one timer. Every entry leaves served, cancelled or rejected.
 */
import type { Connection } from "../connection/connection.js";
import { requestError, waitTimeoutError } from "../connection/errors.js";
import type { Request } from "../connection/request.js";
import { isTraced, Trace, WAIT } from "../diagnostics/channels.js";
import type { RedisError } from "../errors.js";
import { DeadlineTimer } from "../util/deadline-timer.js";
import { loopTime } from "../util/timers.js";

const NEVER = Number.POSITIVE_INFINITY;

/** A lease that waits for a connection; one of the methods is called, once. */
export interface LeaseWaiter {
  /** Moment of `loopTime()`; `Infinity` for no limit. */
  readonly deadline: number;
  /** The request that is sent on the connection, if it waits for one alone. */
  readonly request?: Request | undefined;
  /** Take the connection. */
  grant(connection: Connection): void;
  /** Reject the lease. */
  fail(error: RedisError): void;
}

/** The pool, as its wait queue uses it. */
export interface WaitQueueOwner {
  /** Create the error for a lease whose deadline passed. */
  leaseTimeoutError(server: string, cause?: RedisError): RedisError;
  /** Return why the last connection attempt failed, if it did. */
  lastError(): RedisError | undefined;
  /** Return the time in ms since a connection that requests wait for made progress; `Infinity` if none did. */
  sinceProgress(): number;
  /** An entry was cancelled, or its deadline passed. */
  onWaiterRemoved(): void;
}

/** Requests and leases that wait for a connection of one pool. */
export class WaitQueue {
  /** Requests for a shared connection, oldest first. */
  readonly requests = new Set<Request>();
  /** Leases, oldest first. */
  readonly leases = new Set<LeaseWaiter>();
  readonly #server: string;
  readonly #owner: WaitQueueOwner;
  /** Traces of the entries that are traced. */
  readonly #traces = new Map<object, Trace>();
  readonly #requestHolder = { delete: (request: Request): void => this.#cancel(request) };
  readonly #deadlineTimer = new DeadlineTimer((now) => this.#checkDeadlines(now), {
    keepAlive: true,
    patient: true,
  });

  /**
   * @param server - Name of the server, for errors.
   * @param owner - The pool.
   */
  constructor(server: string, owner: WaitQueueOwner) {
    this.#server = server;
    this.#owner = owner;
  }

  /** Number of requests and leases. */
  get size(): number {
    return this.requests.size + this.leases.size;
  }

  /**
   * Add a request at the end of the queue.
   *
   * @param since - Moment of `loopTime()` at which its `waitTimeout` starts; default now.
   */
  add(request: Request, since?: number): void {
    const now = loopTime();
    request.heldBy(this.#requestHolder);
    request.deadline = request.waitTimeout === 0 ? NEVER : (since ?? now) + request.waitTimeout;
    this.requests.add(request);
    this.#startTrace(request, request.name);
    if (request.deadline !== NEVER) this.#deadlineTimer.watch(request.deadline, now);
  }

  /** Add requests that have waited elsewhere, in order, within what is left of their time. */
  resume(requests: readonly Request[]): void {
    for (const request of requests) {
      const { deadline, waitTimeout } = request;
      this.add(request, deadline === NEVER ? undefined : deadline - waitTimeout);
    }
  }

  /**
   * Add requests before all others, in their order.
   *
   * @param refused - Requests to add before these, within what is left of their time.
   */
  addFirst(requests: readonly Request[], refused: readonly Request[] = []): void {
    const unsettled = requests.filter((request) => !request.settled).flatMap((r) => r.divided());
    if (unsettled.length + refused.length === 0) return;
    const others = [...this.requests];
    this.requests.clear();
    this.resume(refused.filter((request) => !request.settled));
    for (const request of unsettled) this.add(request);
    for (const request of others) this.requests.add(request);
  }

  /** Remove a request that was sent or rejected. */
  remove(request: Request): void {
    this.requests.delete(request);
    this.#endTrace(request);
    request.released();
    this.#stopTimerIfEmpty();
  }

  /**
   * Add a lease at the end of the queue.
   *
   * @param timeout - Longest wait in milliseconds; 0 for no limit.
   * @returns An object whose `delete()` cancels the wait.
   */
  addLease(waiter: Omit<LeaseWaiter, "deadline">, timeout: number): { delete(): void } {
    const now = loopTime();
    const deadline = timeout === 0 ? NEVER : now + timeout;
    const entry = { ...waiter, deadline };
    this.leases.add(entry);
    this.#startTrace(entry);
    if (deadline !== NEVER) this.#deadlineTimer.watch(deadline, now);
    return {
      delete: () => {
        if (!this.leases.has(entry)) return;
        this.removeLease(entry);
        this.#owner.onWaiterRemoved();
      },
    };
  }

  /** Remove a lease that was granted or cancelled. */
  removeLease(waiter: LeaseWaiter): void {
    this.leases.delete(waiter);
    this.#endTrace(waiter);
    this.#stopTimerIfEmpty();
  }

  /** Remove the requests that match, those of leases included, and return them, oldest first. */
  withdraw(matches: (request: Request) => boolean): Request[] {
    const requests = [...this.requests].filter(matches);
    for (const request of requests) this.remove(request);
    for (const waiter of [...this.leases]) {
      const { request } = waiter;
      if (request === undefined || !matches(request)) continue;
      this.removeLease(waiter);
      request.released();
      requests.push(request);
    }
    if (requests.length !== 0) this.#owner.onWaiterRemoved();
    return requests;
  }

  /** Reject every request and lease. */
  failAll(error: RedisError): void {
    const requests = [...this.requests];
    this.failLeases(error, 0);
    for (const request of requests) {
      this.remove(request);
      request.fail(requestError(request, error, "not-sent"));
    }
  }

  /** Reject every lease except the `keep` oldest. */
  failLeases(error: RedisError, keep: number): void {
    for (const waiter of [...this.leases].slice(keep)) {
      this.leases.delete(waiter);
      this.#endTrace(waiter, error);
      waiter.fail(error);
    }
    this.#stopTimerIfEmpty();
  }

  /** Stop the timer: the pool is closed. */
  stop(): void {
    this.#deadlineTimer.stop();
  }

  /** The timer keeps the process alive, which nothing needs when the queue is empty. */
  #stopTimerIfEmpty(): void {
    if (this.requests.size === 0 && this.leases.size === 0) this.#deadlineTimer.stop();
  }

  #rejectTimedOut(waiter: LeaseWaiter): void {
    const error = this.#owner.leaseTimeoutError(this.#server, this.#owner.lastError());
    this.#endTrace(waiter, error);
    waiter.fail(error);
  }

  #startTrace(entry: object, command?: string): void {
    if (!isTraced(WAIT)) return;
    const pool = { "db.system.name": "redis", "db.client.connection.pool.name": this.#server };
    const attributes = command === undefined ? pool : { ...pool, "db.operation.name": command };
    const trace = new Trace(WAIT, attributes);
    trace.start(() => this.#traces.set(entry, trace));
  }

  #endTrace(entry: object, error?: RedisError): void {
    if (this.#traces.size === 0) return;
    this.#traces.get(entry)?.end(error);
    this.#traces.delete(entry);
  }

  #cancel(request: Request): void {
    this.remove(request);
    this.#owner.onWaiterRemoved();
  }

  #checkDeadlines(now: number): number {
    let next = NEVER;
    const sinceProgress = this.#owner.sinceProgress();
    for (const request of this.requests) {
      const { waitTimeout } = request;
      if (request.deadline <= now && sinceProgress < waitTimeout)
        request.deadline = now + waitTimeout - sinceProgress;
      if (request.deadline > now) {
        next = Math.min(next, request.deadline);
        continue;
      }
      this.remove(request);
      request.fail(waitTimeoutError(this.#server, this.#owner.lastError(), request.name));
    }
    for (const waiter of this.leases) {
      if (waiter.deadline > now) next = Math.min(next, waiter.deadline);
      else if (this.leases.delete(waiter)) this.#rejectTimedOut(waiter);
    }
    this.#owner.onWaiterRemoved();
    return next;
  }
}
