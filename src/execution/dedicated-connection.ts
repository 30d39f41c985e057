/**
 * Owns the one connection of a `redis.client()`: taken at the first command, kept until it is closed.
 * When the connection is lost, one command learns of it before the next gets a new connection; the
 * selected database is restored, any other state of the old connection is gone and said to be.
 */

import type { Arg } from "../commands/core/info.js";
import { closedError, requestError, tooManyPendingError } from "../connection/errors.js";
import { exchange, internalCommand } from "../connection/internal-request.js";
import type { Request } from "../connection/request.js";
import { ConnectionError, RedisError } from "../errors.js";
import type { Lease, LeaseProvider } from "../pool/lease.js";
import { Encoder } from "../protocol/encoder.js";
import type { Executor } from "./executor.js";

/** One connection of one's own, as an executor. */
export class DedicatedConnection implements Executor {
  readonly exclusive = true;
  readonly #leaser: LeaseProvider;
  readonly #checker: Encoder;
  readonly #queue = new Set<Request>();
  #lease: Lease | undefined = undefined;
  #leasing = false;
  #closing: Promise<void> | undefined = undefined;
  /** Ends {@link #closing}. */
  #ended: (() => void) | undefined = undefined;
  /** The loss nobody has been told of yet. */
  #unreportedLoss: RedisError | undefined = undefined;
  #db: Arg | undefined = undefined;

  constructor(leaser: LeaseProvider) {
    this.#leaser = leaser;
    this.#checker = new Encoder(leaser.settings);
  }

  execute(request: Request): void {
    if (this.#closing !== undefined) return request.fail(closedError(request.name));
    const untold = this.#unreportedLoss;
    if (untold !== undefined) {
      this.#unreportedLoss = undefined;
      return request.fail(requestError(request, untold, "not-sent"));
    }
    const { maxPendingCommands } = this.#leaser.settings;
    const outstanding = this.#queue.size + (this.#lease?.connection.pending ?? 0);
    if (outstanding >= maxPendingCommands)
      return request.fail(tooManyPendingError(maxPendingCommands, request));
    // Until its state is restored the connection is not ready, and earlier commands wait for it too.
    if (!this.#leasing && this.#lease?.alive === true) return this.#lease.send(request);
    try {
      request.check(this.#checker);
    } catch (error) {
      return request.fail(error as RedisError);
    }
    request.heldBy(this.#queue);
    this.#queue.add(request);
    if (!this.#leasing) void this.#take();
  }

  executeExclusively(request: Request): void {
    this.execute(request);
  }

  /** Remember the database, so that a new connection starts where the old one was. */
  onDatabaseSelected(db: Arg | undefined): void {
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
    const select = internalCommand("SELECT", db);
    const traits = { replyTimeout: this.#leaser.settings.socketTimeout, mutatesSession: true };
    const [reply] = await exchange([select], traits, (request) => lease.send(request));
    if (reply instanceof RedisError) {
      lease.discard();
      throw reply;
    }
  }

  #flush(lease: Lease): void {
    for (const request of this.#queue) {
      this.#queue.delete(request);
      request.released();
      lease.send(request);
    }
  }

  #lost(error: RedisError, told: boolean): void {
    this.#lease = undefined;
    // Commands in flight have been told already; with none there is somebody still to tell.
    if (!told) this.#unreportedLoss = this.#lossError(error);
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
    for (const request of this.#queue) {
      this.#queue.delete(request);
      request.released();
      request.fail(requestError(request, error, "not-sent"));
    }
  }
}
