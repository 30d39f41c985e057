/**
 * The connection of a WATCH, leased from the first watched key to EXEC. The server watches keys for this
 * connection only, so when it is lost the watch is lost: that is a WatchError in every phase.
 */
import { type Arg, CommandInfo, type Key } from "../commands/core/info.js";
import { InternalRequest, internalCommand } from "../connection/internal-request.js";
import type { Request } from "../connection/request.js";
import { ConnectionError, DataError, RedisError, TimeoutError, WatchError } from "../errors.js";
import type { CallSettings } from "../execution/call-settings.js";
import type { Executor } from "../execution/executor.js";
import type { Address } from "../options/address.js";
import type { Lease, LeaseProvider } from "../pool/lease.js";
import { Encoder } from "../protocol/encoder.js";
import { rejectWithCallerStack } from "../util/caller-stack.js";
import type { BatchSender, BatchSenders } from "./batch-sender.js";

/** Where a watch gets its connection, and the settings of its calls. */
export interface WatchContext {
  readonly leaseProvider: LeaseProvider;
  readonly call: CallSettings;
  /** How the transaction is sent. */
  readonly senders: BatchSenders;
}

/** For the checks of arguments. */
const WATCH = new CommandInfo("WATCH", { params: ["keys..."] });
const UNWATCH = internalCommand("UNWATCH");

/** redis-py's text. */
const LOST = "A ConnectionError occurred on while watching one or more keys";

/** Convert the loss of a watching connection; other errors are returned unchanged. */
function asWatchError(error: unknown, harmless: boolean): unknown {
  // After a reply timeout the connection is not used any more either.
  if (!(error instanceof ConnectionError || error instanceof TimeoutError)) return error;
  // An error reply of the server (LOADING) has no outcome: the connection and the watch are intact.
  if (error.outcome === undefined) return error;
  const { command, server } = error;
  const outcome = harmless ? "not-sent" : error.outcome;
  return new WatchError(LOST, { code: "EWATCH", command, server, outcome, cause: error });
}

/** The slot of the watched keys is served by another node now. */
function movedError(cause: unknown): WatchError {
  const details = { code: "EWATCH", outcome: "not-sent", cause } as const;
  return new WatchError("The slot of the watched keys was moved", details);
}

/** Lease a connection within the call's timeout and signal; one that is granted later is released. */
function leaseFor(keys: readonly Key[], { leaseProvider, call }: WatchContext): Promise<Lease> {
  const { cancellation } = call;
  return new Promise((resolve) => {
    let settled = false;
    const fail = (error: unknown): void => {
      // resolve() ignores a second promise, whose rejection would be unhandled.
      if (settled) return;
      settled = true;
      cancellation?.delete(wait);
      resolve(rejectWithCallerStack(error));
    };
    const wait = { name: "WATCH", written: false, fail, withdraw: () => {} };
    if (cancellation !== undefined && !cancellation.add(wait)) return;
    const grant = (lease: Lease): void => {
      if (settled) return lease.release();
      settled = true;
      cancellation?.delete(wait);
      resolve(lease);
    };
    leaseProvider.lease(keys).then(grant, fail);
  });
}

/** One WATCH: its connection, whether keys are watched, and whether it has ended. */
export class WatchSession implements Executor {
  readonly call: CallSettings;
  readonly senders: BatchSenders;
  /** Sends the transaction. */
  readonly sender: BatchSender;
  readonly #lease: Lease;
  readonly #leaseProvider: LeaseProvider;
  #watching = false;
  #closed = false;
  #inTransaction = false;
  #misuse: RedisError | undefined = undefined;

  private constructor(context: WatchContext, sender: BatchSender, lease: Lease) {
    this.call = context.call;
    this.senders = context.senders;
    this.sender = sender;
    this.#leaseProvider = context.leaseProvider;
    this.#lease = lease;
  }

  /** Lease a connection and watch keys; throws DataError for an invalid key before leasing. */
  static async open(context: WatchContext, keys: readonly Key[]): Promise<WatchSession> {
    new Encoder(context.leaseProvider.settings).check(WATCH, keys);
    const sender = context.senders.create(true);
    sender.watch?.(keys);
    const session = new this(context, sender, await leaseFor(keys, context));
    try {
      if (keys.length !== 0) await session.#watch(keys);
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  get watching(): boolean {
    return this.#watching;
  }

  /** Whether it has ended: by EXEC or by {@link close}. */
  get closed(): boolean {
    return this.#closed;
  }

  get address(): Address {
    return this.#lease.connection.address;
  }

  get observesWrites(): boolean {
    return this.#leaseProvider.observesWrites === true;
  }

  /** The error of the first command that was called on the watch after `multi()`. */
  get misuse(): RedisError | undefined {
    return this.#misuse;
  }

  /** Check that a command may run immediately on the connection. */
  checkCommand(info: CommandInfo, args: readonly Arg[]): void {
    this.checkImmediate(info.name);
    this.sender.checkWatched?.(info, args);
  }

  execute(request: Request): void {
    this.#lease.send(request);
  }

  executeExclusively(request: Request): void {
    this.#lease.send(request);
  }

  async watch(keys: readonly Key[]): Promise<void> {
    this.#checkBeforeMulti("WATCH", "Cannot issue a WATCH after a MULTI");
    new Encoder(this.#leaseProvider.settings).check(WATCH, keys);
    if (keys.length === 0) {
      throw new DataError("WATCH: at least one key is required", { command: "WATCH" });
    }
    this.sender.watch?.(keys);
    await this.#watch(keys);
  }

  async #watch(keys: readonly Key[]): Promise<void> {
    // Until EXEC or UNWATCH is answered the connection must not be reused.
    this.#lease.connection.watchStarted();
    await this.#send(internalCommand("WATCH", ...keys));
    this.#watching = true;
  }

  async unwatch(): Promise<void> {
    // The transaction must not lose its watch.
    this.#checkBeforeMulti(
      "UNWATCH",
      "Cannot issue an UNWATCH after a MULTI; use reset() to end the watch",
    );
    if (this.#watching) await this.#unwatch();
  }

  /** Begin the transaction: from here on commands must be buffered. */
  beginTransaction(): void {
    this.#checkBeforeMulti("MULTI", "Cannot issue nested calls to MULTI");
    this.#inTransaction = true;
  }

  /** Check that a command may run immediately on the connection. */
  checkImmediate(command: string): void {
    this.checkOpen(command);
    if (!this.#inTransaction) return;
    const message = `${command} was called after multi(); call it on the pipeline that multi() returned`;
    const error = new RedisError(message, { code: "EMULTI", command, outcome: "not-sent" });
    this.#misuse ??= error;
    throw error;
  }

  /** Check that the connection is alive, for a command that needs no server. */
  checkAlive(command: string): void {
    if (this.#lease.alive) return;
    const details = { code: "ECONNCLOSED", command, outcome: "not-sent" } as const;
    throw this.toWatchError(new ConnectionError("The connection was lost", details), true);
  }

  /** Send the transaction, then end the session. The connection is reused only if EXEC returned values or null. */
  async finish<V>(send: () => Promise<V>): Promise<V> {
    this.checkOpen("EXEC");
    this.#closed = true;
    try {
      const value = await send();
      this.#lease.connection.watchEnded();
      return value;
    } catch (error) {
      // EXEC was answered, so the server watches nothing any more.
      if (error instanceof WatchError) this.#lease.connection.watchEnded();
      throw this.toWatchError(error, false);
    } finally {
      this.#release();
    }
  }

  /** End the session: UNWATCH if keys are watched, then release the connection. */
  async close(): Promise<void> {
    // Before UNWATCH: a command issued meanwhile would run without the watch.
    this.#closed = true;
    try {
      if (this.#watching && this.#lease.alive) await this.#unwatch();
    } catch (error) {
      if (!(error instanceof RedisError)) throw error;
    } finally {
      this.#release();
    }
  }

  /** Convert the error of a lost watch; `harmless`: the command cannot have changed data. */
  toWatchError(error: unknown, harmless: boolean): unknown {
    if (this.sender.endsWatch?.(error) === true) return movedError(error);
    // While the connection is alive the watch is too: the call's timeout, or LOADING.
    if (this.#lease.alive || !this.#watching) return error;
    return asWatchError(error, harmless);
  }

  /** Throw when the session has ended. */
  checkOpen(command: string): void {
    if (!this.#closed) return;
    throw new RedisError(`${command} was called after the end of the watch (EXEC or reset)`, {
      code: "ECLOSED",
      command,
      outcome: "not-sent",
    });
  }

  #checkBeforeMulti(command: string, message: string): void {
    this.checkOpen(command);
    if (!this.#inTransaction) return;
    throw new RedisError(message, { code: "EMULTI", command, outcome: "not-sent" });
  }

  async #unwatch(): Promise<void> {
    await this.#send(UNWATCH);
    this.#watching = false;
    this.#lease.connection.watchEnded();
  }

  async #send(command: ReturnType<typeof internalCommand>): Promise<void> {
    try {
      const reply = await this.#request(command);
      if (reply instanceof RedisError) throw reply;
    } catch (error) {
      throw this.toWatchError(error, true);
    }
  }

  #request(command: ReturnType<typeof internalCommand>): Promise<unknown> {
    const { replyTimeout, cancellation } = this.call;
    return new Promise((resolve, reject) => {
      const done = ([reply]: unknown[]): void => {
        cancellation?.delete(request);
        resolve(reply);
      };
      const failed = (error: RedisError): void => {
        cancellation?.delete(request);
        reject(error);
      };
      const request = new InternalRequest([command], replyTimeout, { done, failed });
      if (cancellation === undefined || cancellation.add(request)) this.#lease.send(request);
    });
  }

  #release(): void {
    this.#watching = false;
    this.#closed = true;
    this.#lease.release();
  }
}
