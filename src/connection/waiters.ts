/**
 * Owns those who wait for a connection: jobs for a shared one, and others for one of their own, each
 * with a deadline, all under one timer. Whoever leaves here has been served or told why not.
 */
import type { RedisError } from "../errors.js";
import type { Connection } from "./connection.js";
import { isWatched, Trace, WAIT } from "./diagnostics.js";
import { errorFor, waitedTooLong } from "./failure.js";
import type { Job } from "./job.js";
import { Watchdog } from "./watchdog.js";

const NEVER = Number.POSITIVE_INFINITY;

/** Somebody who waits for a connection of their own. */
export interface LeaseWaiter {
  readonly deadline: number;
  grant(connection: Connection): void;
  fail(error: RedisError): void;
}

/** What those who wait need of their pool. */
export interface WaitersOwner {
  /** Make the error of a lease that came too late. */
  tooLate(server: string, cause?: RedisError): RedisError;
  /** Why there is no connection yet, as far as that is known. */
  lastError(): RedisError | undefined;
  /** Somebody left without having been served. */
  onLeft(): void;
}

/** Everybody who waits for a connection of one pool. */
export class Waiters {
  /** Jobs for a shared connection, first come first. */
  readonly jobs = new Set<Job>();
  /** Those who need a connection alone, first come first. */
  readonly leases = new Set<LeaseWaiter>();
  readonly #server: string;
  readonly #owner: WaitersOwner;
  /** Those somebody watches. */
  readonly #traces = new Map<object, Trace>();
  /** The way out for jobs that are cancelled. */
  readonly #exit = { delete: (job: Job): void => this.#leave(job) };
  readonly #watchdog = new Watchdog((now) => this.#checkDeadlines(now), true);

  /**
   * @param server - Address for errors.
   * @param owner - Whom they wait for.
   */
  constructor(server: string, owner: WaitersOwner) {
    this.#server = server;
    this.#owner = owner;
  }

  /** Let a job wait at the end of the queue, until its own deadline. */
  add(job: Job): void {
    const now = performance.now();
    job.written = false;
    job.queue = this.#exit;
    job.deadline = job.waitTimeout === 0 ? NEVER : now + job.waitTimeout;
    this.jobs.add(job);
    this.#begin(job, job.name);
    if (job.deadline !== NEVER) this.#watchdog.watch(job.deadline, now);
  }

  /** Let jobs wait before all others, in their order. */
  addFirst(jobs: readonly Job[]): void {
    const alive = jobs.filter((job) => !job.settled);
    if (alive.length === 0) return;
    const behind = [...this.jobs];
    this.jobs.clear();
    for (const job of alive) this.add(job);
    for (const job of behind) this.jobs.add(job);
  }

  /** The job has been served, or has its error. */
  remove(job: Job): void {
    this.jobs.delete(job);
    this.#over(job);
    job.queue = undefined;
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
        this.#owner.onLeft();
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
    const jobs = [...this.jobs];
    this.failLeases(error, 0);
    for (const job of jobs) {
      this.remove(job);
      job.fail(errorFor(job, error, "not-sent"));
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
    if (this.jobs.size === 0 && this.leases.size === 0) this.#watchdog.stop();
  }

  #expired(waiter: LeaseWaiter): void {
    const error = this.#owner.tooLate(this.#server, this.#owner.lastError());
    this.#over(waiter, error);
    waiter.fail(error);
  }

  #begin(who: object, command?: string): void {
    if (!isWatched(WAIT)) return;
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

  #leave(job: Job): void {
    this.remove(job);
    this.#owner.onLeft();
  }

  #checkDeadlines(now: number): number {
    let next = NEVER;
    for (const job of this.jobs) {
      if (job.deadline > now) {
        next = Math.min(next, job.deadline);
        continue;
      }
      this.remove(job);
      job.fail(waitedTooLong(this.#server, this.#owner.lastError(), job.name));
    }
    for (const waiter of this.leases) {
      if (waiter.deadline > now) next = Math.min(next, waiter.deadline);
      else if (this.leases.delete(waiter)) this.#expired(waiter);
    }
    this.#owner.onLeft();
    return next;
  }
}
