/**
 * What the clients of one server and of a cluster share: commands, pipelines, subscribers and locks over an
 * executor. A client keeps no state between commands, so any number of callers can use one concurrently.
 */
import { inspect } from "node:util";
import type { Arg, CommandInfo, Decoder, Key } from "../commands/core/info.js";
import type { Many } from "../commands/core/types.js";
import { type DataError, ResponseError } from "../errors.js";
import type { CallOptions, ResponseCallback } from "../execution/call-settings.js";
import { CLIENT_TRAITS, type ClientTraits } from "../execution/client-traits.js";
import { decoderFor } from "../execution/command-request.js";
import { DedicatedConnection } from "../execution/dedicated-connection.js";
import { execute } from "../execution/execute.js";
import type { Command } from "../execution/executor.js";
import { type PushHandler, setPushHandler } from "../execution/push-listener.js";
import type { Given, Unset } from "../execution/reply-types.js";
import { resolveCommand } from "../execution/resolve-command.js";
import { createLock } from "../lock/create-lock.js";
import type { Lock, LockClass } from "../lock/lock.js";
import type { LockClient } from "../lock/lock-client.js";
import type { LockOptions } from "../lock/options.js";
import { serverBatchSenders } from "../pipeline/batch-sender.js";
import type { PipelineOptions } from "../pipeline/options.js";
import { Pipeline } from "../pipeline/pipeline.js";
import {
  runTransaction,
  type TransactionFunction,
  type TransactionKeys,
  type TransactionOptions,
  transactionArguments,
} from "../pipeline/transaction.js";
import type { ConnectionEventName, ConnectionListener } from "../pool/connection-events.js";
import type { LeaseProvider } from "../pool/lease.js";
import type { ConnectionStatus } from "../pool/observed-pool.js";
import type { MessagesOf, PubSubOptions } from "../pubsub/options.js";
import { PubSub, type PubSubDependencies } from "../pubsub/pubsub.js";
import { SubscriptionManager } from "../pubsub/subscriptions.js";
import { rejectWithCallerStack } from "../util/caller-stack.js";
import { SELF } from "../util/self.js";
import { checkArity } from "../util/validate.js";
import {
  type ClientDependencies,
  DEPENDENCIES,
  InternalConstructorArgument,
} from "./client-state.js";
import { DerivedMethods } from "./derived-methods.js";

/** Key of the method that creates a view of a client. */
export const VIEW: unique symbol = Symbol("view");
/** Key of the method that creates a client with a dedicated connection. */
export const DEDICATED: unique symbol = Symbol("dedicated");

/** Key of the method that executes a command. */
export const EXECUTE: unique symbol = Symbol("execute");

/** Every command and every method that is the same on one server and on a cluster. */
export abstract class BaseClient<
  T extends string | Buffer = string,
  I extends number | bigint = number,
> extends DerivedMethods<T, I> {
  readonly #dependencies: ClientDependencies;

  /** @internal */
  constructor(dependencies: ClientDependencies) {
    super();
    this.#dependencies = dependencies;
  }

  /** @internal */
  override get [DEPENDENCIES](): ClientDependencies {
    return this[SELF].#dependencies;
  }

  /** @internal */
  get [CLIENT_TRAITS](): ClientTraits {
    const { pool, executor } = this[SELF].#dependencies;
    return {
      encoding: pool.settings.encoding,
      db: pool.settings.db,
      severalServers: pool.severalServers === true && executor.exclusive !== true,
    };
  }

  /**
   * Execute any command, including commands this library does not know.
   *
   * @param name - String: command name, optionally with its subcommand (`"CONFIG GET"`).
   * @param args - Arguments. If the command has a response callback, a plain object at the end is passed
   * to it as options.
   * @returns The reply, converted as by the command's method when no argument changes its form; parts
   * that an argument adds (`WITHSCORES`) are returned as the server sent them.
   * @throws {@link DataError} for invalid arguments, and for commands that cannot run on a shared
   * connection.
   */
  executeCommand<V = unknown>(name: string, ...args: readonly unknown[]): Promise<V> {
    try {
      const { call } = this[SELF].#dependencies;
      const command = resolveCommand(name, args, call.callbacks);
      const decode = decoderFor(command.info, command.decode, call, command.options);
      const { info, args: words } = command;
      return this[EXECUTE]({ info, args: words, decode }) as Promise<V>;
    } catch (error) {
      return rejectWithCallerStack(error);
    }
  }

  /**
   * Create a subscriber. It leases a connection when it is first used.
   *
   * @param options - `ignoreSubscribeMessages`, `gapEvents`, `highWaterMark`, `onError`, `onReconnect`,
   * `retry`; see {@link PubSubOptions}.
   * @returns A subscriber that returns text or Buffers as this client does.
   * @throws {@link DataError} for an invalid option.
   * @see {@link https://redis.io/docs/latest/develop/pubsub/ | Pub/sub}
   */
  pubsub<const O extends Given<O, PubSubOptions> = PubSubOptions & Unset>(
    options?: O,
  ): PubSub<T, MessagesOf<T, O>> {
    checkArity("pubsub", 1, arguments, "the returned subscriber");
    const { call, leaseProvider: leaser } = this[SELF].#dependencies;
    const dependencies: PubSubDependencies = {
      settings: leaser.settings,
      bytes: call.bytes,
      createSubscriptions: (parts) => new SubscriptionManager({ ...parts, leaser }),
    };
    return new PubSub(dependencies, options);
  }

  /**
   * Create a pipeline, which buffers commands and sends them together.
   * @param options.transaction - Boolean, default `true`; `false` to send without MULTI and EXEC.
   * @returns A pipeline; its `exec()` sends the commands and returns all values.
   * @throws {@link DataError} for an invalid option.
   * @see {@link https://redis.io/docs/latest/develop/using-commands/pipelining/ | Pipelining}
   */
  pipeline(options?: PipelineOptions): Pipeline<[], T, I> {
    checkArity("pipeline", 1, arguments, "the promise of exec()");
    const { executor, call, senders, leaseProvider } = this[SELF].#dependencies;
    return new Pipeline({ executor, call, senders, leaseProvider }, options);
  }

  /**
   * Run a transaction that depends on what it reads; it is repeated while watched keys are changed.
   *
   * @param work - Function that receives a watched pipeline, reads with it, buffers on the pipeline that
   * its `multi()` returns, and returns that one, so that the values are typed. It may run many times.
   * @param keys - Keys to watch, each an argument or in an array or a Set, optionally followed by options: `watchDelay` (ms, default 0),
   * `maxAttempts` (default unlimited), `signal`, `valueFromCallable` (default `false`).
   * @returns The values of EXEC; the result of `work` with `valueFromCallable`.
   * @throws {@link WatchError} after `maxAttempts`; when the connection was lost before EXEC more often
   * than the client's `retry` allows; when it was lost during EXEC, with `outcome` `"unknown"`: the
   * transaction is not repeated then.
   * @throws {@link AbortError} when the signal is aborted.
   * @see {@link https://redis.io/docs/latest/develop/using-commands/transactions/ | Transactions}
   */
  transaction<R extends readonly unknown[]>(
    work: TransactionFunction<T, I, Pipeline<R, T, I>>,
    // No key can be in the place of the options here, so completion omits the members of Buffer.
    key: Key,
    options: TransactionOptions & { readonly valueFromCallable?: false },
  ): Promise<R>;
  transaction<R extends readonly unknown[]>(
    work: TransactionFunction<T, I, Pipeline<R, T, I>>,
    ...keys: TransactionKeys<TransactionOptions & { readonly valueFromCallable?: false }>
  ): Promise<R>;
  transaction<V>(
    work: TransactionFunction<T, I, V>,
    ...keys: [...Many<Key>[], TransactionOptions & { readonly valueFromCallable: true }]
  ): Promise<V>;
  transaction(
    work: TransactionFunction<T, I, void>,
    ...keys: TransactionKeys<TransactionOptions>
  ): Promise<unknown[]>;
  transaction<R extends readonly unknown[]>(
    work: TransactionFunction<T, I, Pipeline<R, T, I> | undefined>,
    ...keys: TransactionKeys<TransactionOptions & { readonly valueFromCallable?: false }>
  ): Promise<R | []>;
  async transaction<V>(
    work: TransactionFunction<T, I, V>,
    ...rest: readonly (Many<Key> | TransactionOptions)[]
  ): Promise<unknown> {
    const { call, leaseProvider, senders, pool } = this[SELF].#dependencies;
    const { retry } = pool.settings;
    return runTransaction(
      { call, leaseProvider, senders, retry },
      transactionArguments(work, rest),
    );
  }

  /**
   * Create a lock. It is not acquired yet.
   *
   * @param name - Key of the lock.
   * @param options - See {@link LockOptions}; durations are ms. `lockClass`: a subclass of {@link Lock}.
   * @throws {@link DataError} for an invalid option.
   */
  lock<L extends Lock = Lock>(
    name: Key,
    ...options: [options?: LockOptions & { readonly lockClass?: LockClass<L> }]
  ): L {
    return createLock(this as unknown as LockClient, name, options);
  }

  /**
   * Set the function that converts the replies of a command, for this client. Views and clients created
   * from it afterwards (`with`, `client`) start with the callbacks it has then.
   *
   * @param command - Command name in any case, including a subcommand (`"CONFIG GET"`).
   * @param callback - Receives the raw reply, and the standard conversion as `context.decode`.
   * @throws {@link DataError} for an argument of another type.
   */
  setResponseCallback(command: string, callback: ResponseCallback): void {
    checkArity("setResponseCallback", 2, arguments, "promises");
    this[SELF].#dependencies.call.setCallback(command, callback);
  }

  /**
   * Set the listener of a type of RESP3 pushes to this `client()`, such as those of CLIENT TRACKING. It is kept
   * when a lost connection is replaced. What it throws is an unhandled rejection.
   * @param type - String: type of the push. `invalidate` passes an array of keys, `null` for all keys.
   * @param listener - Function called with the items after the type; `null` removes it.
   * @throws {@link DataError} for an invalid argument, on a shared client, or with `protocol: 2`.
   */
  onPush(type: "invalidate", listener: ((keys: T[] | null) => unknown) | null): void;
  onPush(type: string, listener: ((...items: unknown[]) => unknown) | null): void;
  onPush(type: string, listener: PushHandler | null): void {
    checkArity("onPush", 2, arguments, "promises");
    setPushHandler(this[SELF].#dependencies, type, listener);
  }

  /**
   * Connect now instead of at the first command.
   * @returns When the server has replied.
   * @throws {@link ConnectionError} when the server cannot be reached or refuses the credentials.
   */
  async connect(): Promise<void> {
    checkArity("connect", 0, arguments);
    try {
      await this.executeCommand("PING");
    } catch (error) {
      // A refusal of PING itself (ACL) still proves the connection. An error reply with an outcome is
      // not PING's: the server refused a step of the handshake.
      if (!(error instanceof ResponseError) || error.outcome !== undefined) throw error;
    }
  }

  /**
   * Close the client for good: pending commands finish, new ones are refused.
   * @returns When the connections of its own pool are closed. A client of `client()` only releases its
   * connection; a view, or a client with `connectionPool`, leaves the pool open.
   */
  async close(): Promise<void> {
    checkArity("close", 0, arguments);
    const { executor, ownsExecutor } = this[SELF].#dependencies;
    if (ownsExecutor) await executor.close();
  }

  /**
   * The state of the connections, for health and readiness probes: `"idle"`, `"connecting"`, `"ready"`,
   * `"reconnecting"` or `"closed"`; see {@link ConnectionStatus}.
   */
  get status(): ConnectionStatus {
    return this[SELF].#dependencies.pool.status;
  }

  /**
   * Call a function at each event of the connections. Nothing needs a listener: commands reject with the error that
   * concerns them. What a listener throws is an unhandled rejection.
   *
   * @param event - `"connected"`, `"lost"` or `"reconnecting"`.
   * @param listener - Receives the event; see {@link ConnectionEventMap}. One that is added twice is called once.
   * @returns This client.
   * @throws {@link DataError} for an unknown event, or a listener that is no function.
   */
  on<E extends ConnectionEventName>(event: E, listener: ConnectionListener<E>): this {
    checkArity("on", 2, arguments, "the listener");
    this[SELF].#dependencies.pool.events.add(event, listener);
    return this;
  }

  /**
   * Stop calling a function at an event.
   *
   * @returns This client.
   * @throws {@link DataError} for an unknown event, or a listener that is no function.
   */
  off<E extends ConnectionEventName>(event: E, listener: ConnectionListener<E>): this {
    checkArity("off", 2, arguments, "the listener");
    this[SELF].#dependencies.pool.events.remove(event, listener);
    return this;
  }

  /** Close all connections of the pool immediately; pending commands are rejected. */
  disconnect(): void {
    checkArity("disconnect", 0, arguments, "the promise of close()");
    this[SELF].#dependencies.pool.disconnect();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @internal Execute a command; {@link run} does the same with fewer calls. */
  [EXECUTE](command: Command): Promise<unknown> {
    return execute(this[SELF].#dependencies, command);
  }

  /** @internal */
  protected override run<V>(
    info: CommandInfo,
    args: readonly Arg[],
    decode?: Decoder | null,
  ): Promise<V> {
    const decoder = decoderFor(info, decode, this[SELF].#dependencies.call);
    return execute(this[SELF].#dependencies, { info, args, decode: decoder }) as Promise<V>;
  }

  /** @internal */
  protected override reject<V>(_info: CommandInfo, error: DataError): Promise<V> {
    return rejectWithCallerStack(error);
  }

  /** @internal */
  protected override resolve<V>(_info: CommandInfo, value: V): Promise<V> {
    return Promise.resolve(value);
  }

  /**
   * @internal Create a view with other settings for its calls.
   *
   * @param changes - Where and how its commands are executed instead.
   */
  [VIEW](options: CallOptions, changes?: Partial<ClientDependencies>): unknown {
    const { call, executor } = this[DEPENDENCIES];
    // Often the view is the only reference to the client() it was created from.
    return this[SELF].#sibling({
      ...changes,
      call: call.with(options),
      ownsExecutor: executor.exclusive === true,
    });
  }

  /** @internal Create a client whose commands run on a connection of this provider. */
  [DEDICATED](leaseProvider: LeaseProvider): unknown {
    const { call, cache } = this[DEPENDENCIES];
    return this[SELF].#sibling({
      call: call.with({}),
      executor: cache?.leases.dedicate() ?? new DedicatedConnection(leaseProvider),
      leaseProvider,
      senders: serverBatchSenders(leaseProvider.settings),
      ownsExecutor: true,
    });
  }

  #sibling(changes: Partial<ClientDependencies>): unknown {
    const Class = this.constructor as new (argument: InternalConstructorArgument) => unknown;
    return new Class(new InternalConstructorArgument({ ...this.#dependencies, ...changes }));
  }

  /** Format as redis-py does: `Redis<ConnectionPool<Connection<host=localhost,port=6379,db=0>>>`. */
  override toString(): string {
    return `${this.constructor.name}<${this[SELF].#dependencies.pool}>`;
  }

  [inspect.custom](): string {
    return `${this.constructor.name}<${inspect(this[SELF].#dependencies.pool)}>`;
  }
}
