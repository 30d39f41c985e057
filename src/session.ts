/**
 * Owns the one connection of a `redis.client()`: taken at the first command, kept until it is closed.
 * When the connection is lost, one command learns of it before the next gets a new connection; the
 * selected database is restored, any other state of the old connection is gone and said to be.
 */

import type { Arg } from "./commands/info.js";
import { closedError, errorFor, tooManyPending } from "./connection/failure.js";
import { ownCommand } from "./connection/handshake.js";
import { Exchange, type Job } from "./connection/job.js";
import type { Lease } from "./connection/lease.js";
import { ConnectionError, RedisError } from "./errors.js";
import type { Executor } from "./executor.js";
import type { Settings } from "./options.js";
import { Encoder } from "./protocol/encoder.js";
import type { Reply } from "./protocol/reply.js";

/** Where a session gets its connection from. */
export interface Leaser {
  readonly settings: Settings;
  lease(): Promise<Lease>;
}

/** One connection of one's own, as an executor. */
export class Session implements Executor {
  readonly exclusive = true;
  readonly #leaser: Leaser;
  readonly #checker: Encoder;
  readonly #queue = new Set<Job>();
  #lease: Lease | undefined = undefined;
  #leasing = false;
  #closing: Promise<void> | undefined = undefined;
  /** Ends {@link #closing}. */
  #ended: (() => void) | undefined = undefined;
  /** The loss nobody has been told of yet. */
  #untold: RedisError | undefined = undefined;
  #db: Arg | undefined = undefined;

  constructor(leaser: Leaser) {
    this.#leaser = leaser;
    this.#checker = new Encoder(leaser.settings);
  }

  execute(job: Job): void {
    if (this.#closing !== undefined) return job.fail(closedError(job.name));
    const untold = this.#untold;
    if (untold !== undefined) {
      this.#untold = undefined;
      return job.fail(errorFor(job, untold, "not-sent"));
    }
    const { maxPendingCommands } = this.#leaser.settings;
    const outstanding = this.#queue.size + (this.#lease?.connection.pending ?? 0);
    if (outstanding >= maxPendingCommands) return job.fail(tooManyPending(maxPendingCommands, job));
    // Until its state is restored the connection is not ready, and earlier commands wait for it too.
    if (!this.#leasing && this.#lease?.alive === true) return this.#lease.send(job);
    try {
      job.check(this.#checker);
    } catch (error) {
      return job.fail(error as RedisError);
    }
    job.queue = this.#queue;
    this.#queue.add(job);
    if (!this.#leasing) void this.#take();
  }

  executeAlone(job: Job): void {
    this.execute(job);
  }

  /** Remember the database, so that a new connection starts where the old one was. */
  selected(db: Arg | undefined): void {
    this.#db = db;
  }

  /**
   * Take no more commands, let those under way finish, and give the connection back. Blocking ones are
   * ended at once.
   */
  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#ended = resolve;
    });
    this.#finishClosing();
    return this.#closing;
  }

  #finishClosing(): void {
    if (this.#ended === undefined || (this.#leasing && this.#queue.size !== 0)) return;
    const lease = this.#lease;
    const connection = lease?.connection;
    if (connection?.awaited === true && !connection.blocked) return;
    this.#lease = undefined;
    lease?.release();
    this.#ended();
  }

  async #take(): Promise<void> {
    this.#leasing = true;
    try {
      const lease = await this.#leaser.lease();
      if (this.#closing !== undefined && this.#queue.size === 0) return lease.release();
      lease.onIdle = () => this.#finishClosing();
      lease.onLost = (error, told) => this.#lost(error, told);
      this.#lease = lease;
      await this.#restore(lease);
      this.#flush(lease);
    } catch (error) {
      this.#failAll(error as RedisError);
    } finally {
      this.#leasing = false;
      this.#finishClosing();
    }
  }

  async #restore(lease: Lease): Promise<void> {
    const db = this.#db;
    if (db === undefined) return;
    const select = ownCommand("SELECT", db);
    // Before it is sent: whoever closes the session meanwhile gives the connection back.
    lease.connection.dirty = true;
    const { socketTimeout } = this.#leaser.settings;
    const replies = await new Promise<Reply[]>((done, failed) => {
      lease.send(new Exchange([select], socketTimeout, { done, failed }));
    });
    const reply = replies[0];
    if (reply instanceof RedisError) {
      lease.discard();
      throw reply;
    }
  }

  #flush(lease: Lease): void {
    for (const job of this.#queue) {
      this.#queue.delete(job);
      job.queue = undefined;
      lease.send(job);
    }
  }

  #lost(error: RedisError, told: boolean): void {
    this.#lease = undefined;
    // Commands in flight have been told already; with none there is somebody still to tell.
    if (!told) this.#untold = this.#lossError(error);
    this.#finishClosing();
  }

  #lossError(cause: RedisError): ConnectionError {
    return new ConnectionError("The connection of this client() was lost, and its state with it", {
      code: "ECONNCLOSED",
      server: cause.server,
      cause,
    });
  }

  #failAll(error: RedisError): void {
    for (const job of this.#queue) {
      this.#queue.delete(job);
      job.queue = undefined;
      job.fail(errorFor(job, error, "not-sent"));
    }
  }
}
