/**
 * The connection of a `redis.client()`: leased at the first command, kept until `close()`. When it is
 * lost, one command is rejected for that before a new connection is leased; the selected database is
 * restored, all other state of the old connection is gone.
 */

import type { Arg } from "../commands/core/info.js";
import { closedError, requestError, tooManyPendingError } from "../connection/errors.js";
import { exchange, internalCommand } from "../connection/internal-request.js";
import type { PushListener } from "../connection/push-router.js";
import type { Request } from "../connection/request.js";
import { ConnectionError, RedisError } from "../errors.js";
import type { Address } from "../options/address.js";
import type { Lease, LeaseProvider } from "../pool/lease.js";
import { Encoder } from "../protocol/encoder.js";
import { BYTES, INLINE_ERRORS } from "../protocol/reply.js";
import type { Executor } from "./executor.js";

/** Bytes: each view of the connection decodes text as its settings require. */
const PUSH_MODE = BYTES | INLINE_ERRORS;

/** Executes all requests on one leased connection. */
export class DedicatedConnection implements Executor {
  readonly exclusive = true as const;
  readonly #leaseProvider: LeaseProvider;
  readonly #checker: Encoder;
  readonly #queue = new Set<Request>();
  #lease: Lease | undefined = undefined;
  #leasing = false;
  #closing: Promise<void> | undefined = undefined;
  /** Resolves {@link #closing}. */
  #onClosed: (() => void) | undefined = undefined;
  /** A connection loss not yet reported to a caller. */
  #unreportedLoss: RedisError | undefined = undefined;
  #db: Arg | undefined = undefined;
  readonly #pushListeners = new Map<string, PushListener>();

  constructor(leaseProvider: LeaseProvider) {
    this.#leaseProvider = leaseProvider;
    this.#checker = new Encoder(leaseProvider.settings);
  }

  get address(): Address | undefined {
    return this.#lease?.connection.address ?? this.#leaseProvider.address;
  }

  execute(request: Request): void {
    if (this.#closing !== undefined) return request.fail(closedError(request.name));
    const loss = this.#unreportedLoss;
    if (loss !== undefined) {
      this.#unreportedLoss = undefined;
      return request.fail(requestError(request, loss, "not-sent"));
    }
    const { maxPendingCommands } = this.#leaseProvider.settings;
    const outstanding = this.#queue.size + (this.#lease?.connection.pending ?? 0);
    if (outstanding >= maxPendingCommands)
      return request.fail(tooManyPendingError(maxPendingCommands, request));
    // While its state is being restored the connection is not ready, and earlier commands wait for it.
    if (!this.#leasing && this.#lease?.alive === true) return this.#lease.send(request);
    try {
      request.check(this.#checker);
    } catch (error) {
      return request.fail(error as RedisError);
    }
    request.heldBy(this.#queue);
    this.#queue.add(request);
    if (!this.#leasing) this.#acquire().catch((error: RedisError) => this.#failAll(error));
  }

  executeExclusively(request: Request): void {
    this.execute(request);
  }

  /** The connection itself may be the one that runs the script. */
  executeUrgently(request: Request): void {
    if (this.#closing !== undefined) request.fail(closedError(request.name));
    else if (this.#leaseProvider.executeUrgently === undefined) this.execute(request);
    else this.#leaseProvider.executeUrgently(request);
  }

  /** Store the database that a new connection must select. */
  onDatabaseSelected(db: Arg | undefined): void {
    this.#db = db;
  }

  /** Set or remove the listener of a type of pushes; it also applies to later connections. */
  setPushListener(type: string, listener: PushListener | undefined): void {
    const connection = this.#lease?.alive === true ? this.#lease.connection : undefined;
    connection?.routePushes([type], undefined, PUSH_MODE);
    this.#pushListeners.delete(type);
    if (listener === undefined) return;
    this.#pushListeners.set(type, listener);
    connection?.routePushes([type], listener, PUSH_MODE);
  }

  /** Refuse new commands, let those under way finish, and check the connection in. Cancels blocking ones. */
  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#onClosed = resolve;
    });
    this.#finishClosing();
    return this.#closing;
  }

  #finishClosing(): void {
    if (this.#onClosed === undefined || (this.#leasing && this.#queue.size !== 0)) return;
    const lease = this.#lease;
    const connection = lease?.connection;
    if (connection?.awaited === true && !connection.blocked) return;
    this.#lease = undefined;
    // The connection may be reused.
    if (lease?.alive === true)
      connection?.routePushes([...this.#pushListeners.keys()], undefined, PUSH_MODE);
    lease?.release();
    this.#onClosed();
  }

  async #acquire(): Promise<void> {
    this.#leasing = true;
    try {
      const lease = await this.#leaseProvider.lease();
      if (this.#closing !== undefined && this.#queue.size === 0) return lease.release();
      lease.onIdle = () => this.#finishClosing();
      lease.onLost = (error, notified) => this.#onLost(error, notified);
      this.#lease = lease;
      for (const [type, listener] of this.#pushListeners)
        lease.connection.routePushes([type], listener, PUSH_MODE);
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
    const traits = {
      replyTimeout: this.#leaseProvider.settings.socketTimeout,
      mutatesSession: true,
    };
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

  #onLost(error: RedisError, notified: boolean): void {
    this.#lease = undefined;
    // Without a command in flight that was rejected for the loss, the next one reports it.
    if (!notified) this.#unreportedLoss = this.#lossError(error);
    this.#finishClosing();
  }

  #lossError(cause: RedisError): ConnectionError {
    return new ConnectionError(
      "The connection of this client() was lost, together with its state",
      {
        code: "ECONNCLOSED",
        server: cause.server,
        cause,
      },
    );
  }

  #failAll(error: RedisError): void {
    for (const request of this.#queue) {
      this.#queue.delete(request);
      request.released();
      request.fail(requestError(request, error, "not-sent"));
    }
  }
}
