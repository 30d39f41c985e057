/**
 * The client: passes commands to an executor, and creates views, pipelines, subscribers, scripts and locks.
 * It keeps no state between commands, so any number of callers can use one client concurrently.
 */
import { inspect } from "node:util";
import type { Arg, CommandInfo, Decoder, Key } from "../commands/core/info.js";
import type { Many } from "../commands/core/types.js";
import type { Commands, DedicatedMethod } from "../commands/generated/commands.js";
import { type DataError, ResponseError } from "../errors.js";
import type { CallOptions, ResponseCallback } from "../execution/call-settings.js";
import { decoderFor } from "../execution/command-request.js";
import { DedicatedConnection } from "../execution/dedicated-connection.js";
import { execute } from "../execution/execute.js";
import { type PushHandler, setPushHandler } from "../execution/push-listener.js";
import type {
  Given,
  IntOf,
  PromiseSurface,
  TextOf,
  Unset,
  ViewIntOf,
  ViewTextOf,
} from "../execution/reply-types.js";
import { resolveCommand } from "../execution/resolve-command.js";
import { createLock } from "../lock/create-lock.js";
import type { Lock, LockClass } from "../lock/lock.js";
import type { LockOptions } from "../lock/options.js";
import { Monitor } from "../monitor/monitor.js";
import type { PipelineOptions } from "../pipeline/options.js";
import { Pipeline } from "../pipeline/pipeline.js";
import {
  runTransaction,
  type TransactionFunction,
  type TransactionKeys,
  type TransactionOptions,
  transactionArguments,
} from "../pipeline/transaction.js";
import type { ConnectionPool } from "../pool/pool.js";
import { Encoder } from "../protocol/encoder.js";
import type { MessagesOf, PubSubOptions } from "../pubsub/options.js";
import { PubSub } from "../pubsub/pubsub.js";
import { rejectWithCallerStack } from "../util/caller-stack.js";
import { SELF } from "../util/self.js";
import { checkArity, ownOptions } from "../util/validate.js";
import {
  type ClientDependencies,
  type ClientOptions,
  dependenciesFrom,
  InternalConstructorArgument,
  type RedisArguments,
} from "./client-state.js";
import { DerivedMethods } from "./derived-methods.js";

/**
 * The implementation of {@link Redis}. Methods return the interface and never this class: only an exported
 * type can be written into the declarations of a program that uses it.
 */
export class RedisClient<
  T extends string | Buffer = string,
  I extends number | bigint = number,
> extends DerivedMethods<T, I> {
  /** @internal */ static override readonly name: string = "Redis";
  /**
   * Response callbacks of all clients of the class, by command name; a subclass may define its own.
   * Replies of other commands are converted as documented for their methods.
   */
  static RESPONSE_CALLBACKS: Readonly<Record<string, ResponseCallback>> = {};

  readonly #dependencies: ClientDependencies;

  /** See {@link RedisConstructor}. */
  constructor(...args: RedisArguments) {
    super();
    const { RESPONSE_CALLBACKS } = this.constructor as typeof RedisClient;
    const first: unknown = args[0];
    this.#dependencies =
      first instanceof InternalConstructorArgument
        ? first.dependencies
        : dependenciesFrom(args, RESPONSE_CALLBACKS);
  }

  /**
   * Create a client from a URL. Nothing is connected yet.
   * @param url - `redis://`, `rediss://` or `unix://`. Durations in it are seconds, as in redis-py.
   * @param options - Options that the URL does not contain.
   * @throws {@link DataError} for an invalid URL or option.
   */
  static fromUrl<O extends Given<O, ClientOptions> = ClientOptions & Unset>(
    url: string | URL,
    options?: O,
  ): Redis<TextOf<O>, IntOf<O>> {
    checkArity("fromUrl", 2, arguments, "promises");
    const given = options === undefined ? undefined : ownOptions(options);
    return new this({ ...given, url }) as unknown as Redis<TextOf<O>, IntOf<O>>;
  }

  /** The pool of the client's connections. */
  override get connectionPool(): ConnectionPool {
    return this[SELF].#dependencies.pool;
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
      return execute(this[SELF].#dependencies, { info, args: words, decode }) as Promise<V>;
    } catch (error) {
      return rejectWithCallerStack(error);
    }
  }

  /**
   * Create a view: a client with other settings for its calls, over the same connections.
   * @param options - `decodeResponses`, `integers`, `signal`, `timeout` (ms), `retryOnTimeout`,
   * `retryOnError`; other settings are those of this client.
   * @returns A client. Closing it does not close this client.
   * @throws {@link DataError} for an invalid option.
   */
  with<const O extends Given<O, CallOptions>, C>(
    this: C,
    options: O,
  ): ViewOf<C, ViewTextOf<O, T>, ViewIntOf<O, I>>;
  with(options: CallOptions): unknown {
    checkArity("with", 1, arguments, "promises");
    const { call, executor } = this[SELF].#dependencies;
    // Often the view is the only reference to the client() it was created from.
    const changes = { call: call.with(options), ownsExecutor: executor.exclusive === true };
    return this[SELF].#sibling(changes);
  }

  /**
   * Create a client with a dedicated connection, for commands that change the connection's state. The
   * connection is leased from the pool at the first command.
   *
   * @returns A client; its `close()` releases the connection.
   */
  client(): DedicatedRedis<T, I> {
    checkArity("client", 0, arguments, "the returned client");
    const { call, leaseProvider } = this[SELF].#dependencies;
    const executor = new DedicatedConnection(leaseProvider);
    const changes = { call: call.with({}), executor, ownsExecutor: true };
    return this[SELF].#sibling(changes) as DedicatedRedis<T, I>;
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
    return new PubSub({ leaser, bytes: call.bytes }, options);
  }

  /**
   * Create a monitor of all commands the server executes. It leases a connection when it is first used.
   * @see {@link https://redis.io/docs/latest/commands/monitor/ | MONITOR}
   */
  monitor(): Monitor {
    checkArity("monitor", 0, arguments, "the returned monitor");
    return new Monitor(this[SELF].#dependencies.leaseProvider);
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
    const { executor, call, pool, leaseProvider } = this[SELF].#dependencies;
    const encoder = new Encoder(pool.settings);
    return new Pipeline({ executor, call, encoder, leaseProvider }, options);
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
    const { call, leaseProvider, pool } = this[SELF].#dependencies;
    const { retry } = pool.settings;
    return runTransaction({ call, leaseProvider, retry }, transactionArguments(work, rest));
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
    return createLock(this, name, options);
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

  /** Close all connections of the pool immediately; pending commands are rejected. */
  disconnect(): void {
    checkArity("disconnect", 0, arguments, "the promise of close()");
    this[SELF].#dependencies.pool.disconnect();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
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

  #sibling(changes: Partial<ClientDependencies>): Redis<T, I> {
    const Class = this.constructor as new (argument: InternalConstructorArgument) => Redis<T, I>;
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

/** A client for one Redis or Valkey server. */
export interface Redis<T extends string | Buffer = string, I extends number | bigint = number>
  extends RedisClient<T, I> {}

/** A client with a dedicated connection: has the commands that change the state of the connection. */
export interface DedicatedRedis<
  T extends string | Buffer = string,
  I extends number | bigint = number,
> extends Redis<T, I>,
    Pick<Commands<PromiseSurface<T, I>>, DedicatedMethod> {}

/**
 * The view of a client of type `C`. One method distinguishes clients: for an override of `with` in DedicatedRedis
 * the compiler would compare all methods of both types.
 */
export type ViewOf<C, T extends string | Buffer, I extends number | bigint> = C extends {
  readonly clientTracking: unknown;
}
  ? DedicatedRedis<T, I>
  : Redis<T, I>;

/** The constructor of clients; the options determine the types of the replies. */
export interface RedisConstructor
  extends Pick<typeof RedisClient, "RESPONSE_CALLBACKS" | "fromUrl"> {
  /** Create a client from options. Nothing is connected yet. */
  new <O extends Given<O, ClientOptions> = ClientOptions & Unset>(
    options?: O,
  ): Redis<TextOf<O>, IntOf<O>>;
  /** Create a client for a host, URL or unix socket (`undefined`: localhost). Nothing is connected yet. */
  new <O extends Given<O, ClientOptions> = ClientOptions & Unset>(
    target: string | URL | undefined,
    options?: O,
  ): Redis<TextOf<O>, IntOf<O>>;
  /** Create a client for a host and a port. Nothing is connected yet. */
  new <O extends Given<O, ClientOptions> = ClientOptions & Unset>(
    host: string,
    port: number,
    options?: O,
  ): Redis<TextOf<O>, IntOf<O>>;
  readonly prototype: Redis<string | Buffer, number | bigint>;
}

/** A client for one Redis or Valkey server. */
export const Redis: RedisConstructor = RedisClient as unknown as RedisConstructor;
