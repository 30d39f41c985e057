/**
 * Owns the client: options in, commands out to an executor, factories for everything on top. It keeps
 * no state of its own between commands, so one client serves any number of callers at a time.
 */
import { inspect } from "node:util";
import type { Arg, CommandInfo, Decoder, Key, Value } from "../commands/core/info.js";
import { Commands } from "../commands/generated/commands.js";
import { DataError, ResponseError } from "../errors.js";
import type { CallOptions, ResponseCallback } from "../execution/call-settings.js";
import { decoderFor } from "../execution/command-request.js";
import { DedicatedConnection } from "../execution/dedicated-connection.js";
import { execute } from "../execution/execute.js";
import { LibrarySource, ScriptSource } from "../execution/preload.js";
import type { IntOf, NoOptions, PromiseSurface, TextOf } from "../execution/reply-types.js";
import { resolveCommand } from "../execution/resolve-command.js";
import { Lock, type LockClass } from "../lock/lock.js";
import type { LockOptions } from "../lock/options.js";
import { Monitor } from "../monitor/monitor.js";
import { Pipeline, type PipelineOptions } from "../pipeline/pipeline.js";
import {
  checkTransactionOptions,
  runTransaction,
  type TransactionFunction,
  type TransactionKeys,
  type TransactionOptions,
} from "../pipeline/transaction.js";
import type { ConnectionPool } from "../pool/pool.js";
import { Encoder } from "../protocol/encoder.js";
import type { MessagesOf, PubSubOptions } from "../pubsub/options.js";
import { PubSub } from "../pubsub/pubsub.js";
import { Library } from "../scripting/library.js";
import { createScript, type Script, type ScriptOptions } from "../scripting/script.js";
import { rejectWithCallerStack } from "../util/caller-stack.js";
import {
  type ClientDependencies,
  type ClientOptions,
  dependenciesFrom,
  InternalConstructorArgument,
  type RedisArguments,
} from "./client-state.js";
import { digestOf } from "./digest.js";
import {
  type HscanIterOptions,
  hscanIter,
  type ScanOptions,
  type SscanOptions,
  scanIter,
  sscanIter,
  type ZscanIterOptions,
  zscanIter,
} from "./scan-iter.js";

function isOptions(value: unknown): value is TransactionOptions {
  return typeof value === "object" && value !== null && !(value instanceof Uint8Array);
}

/**
 * What a {@link Redis} is made of. Its methods promise the interface and never this class: only a
 * type that is exported can be written into the declarations of a program that uses it.
 */
export class RedisClient<
  T extends string | Buffer = string,
  I extends number | bigint = number,
> extends Commands<PromiseSurface<T, I>> {
  /**
   * Conversions for all clients of the class, by command name; a subclass may add its own. Commands
   * that have no entry here are converted as the command table says.
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
   * Make a client from a URL.
   *
   * @param url - `redis://`, `rediss://` or `unix://`; durations in it are seconds, as in redis-py.
   * @param options - For what the URL leaves open.
   * @throws {@link DataError} when the URL or an option is bad.
   */
  static fromUrl<O extends ClientOptions = NoOptions>(
    url: string | URL,
    options?: O,
  ): Redis<TextOf<O>, IntOf<O>> {
    return new this({ ...options, url }) as unknown as Redis<TextOf<O>, IntOf<O>>;
  }

  /** The pool underneath. */
  get connectionPool(): ConnectionPool {
    return this.#dependencies.pool;
  }

  /**
   * Run any command, also one this library does not know.
   *
   * @param name - Command name; several words may stand in it (`"CONFIG GET"`).
   * @param args - Arguments. Where a response callback is set for the command, a plain object at
   * the end goes to it.
   * @returns The reply, converted when the table knows the command by this name; words among the
   * arguments that give a reply another form (`WITHSCORES`) give it as the server sent it.
   * @throws {@link DataError} for bad arguments and for commands that must not run on a shared
   * connection.
   */
  executeCommand<V = unknown>(name: string, ...args: readonly unknown[]): Promise<V> {
    try {
      const { call } = this.#dependencies;
      const { info, args: words, ...of } = resolveCommand(name, args, call.callbacks);
      const decode = decoderFor(info, of.decode, call, of.options);
      return execute(this.#dependencies, { info, args: words, decode }) as Promise<V>;
    } catch (error) {
      return rejectWithCallerStack(error);
    }
  }

  /**
   * View the same client under other settings for its calls.
   *
   * @param options - What differs: `decodeResponses`, `integers`, `signal`, `timeout` (ms),
   * `retryOnTimeout`, `retryOnError`.
   * @returns A light client over the same connections.
   */
  with<const O extends CallOptions>(options: O): Redis<TextOf<O, T>, IntOf<O, I>> {
    return this.#sibling({ call: this.#dependencies.call.with(options), ownsPool: false }) as never;
  }

  /**
   * Take a connection for this caller alone, for commands that change the connection's state.
   *
   * @returns A client over one connection of the same pool; `close()` gives it back.
   */
  client(): Redis<T, I> {
    return this.#sibling({
      executor: new DedicatedConnection(this.#dependencies.pool),
      ownsPool: false,
    });
  }

  /**
   * Make a subscriber, which takes a connection of its own when it is first used.
   *
   * @param options - `ignoreSubscribeMessages`, `gapEvents`, `highWaterMark`, `onError`,
   * `onReconnect`, `retry`; see {@link PubSubOptions}.
   * @returns A subscriber that gives text or Buffers as this client does.
   */
  pubsub<const O extends PubSubOptions = NoOptions>(
    options?: O & PubSubOptions,
  ): PubSub<T, MessagesOf<T, O>> {
    return new PubSub(
      { leaser: this.#dependencies.pool, bytes: this.#dependencies.call.bytes },
      options,
    );
  }

  /** Watch every command the server executes; takes a connection of its own when first used. */
  monitor(): Monitor {
    return new Monitor(this.#dependencies.pool);
  }

  /**
   * Collect commands to send together.
   *
   * @param options.transaction - `false` to send them without MULTI and EXEC.
   * @returns A pipeline; its `exec()` sends and gives all values.
   */
  pipeline(options?: PipelineOptions): Pipeline<[], T, I> {
    const encoder = new Encoder(this.#dependencies.pool.settings);
    const { executor, call, pool: leaser } = this.#dependencies;
    return new Pipeline({ executor, call, encoder, leaser }, options);
  }

  /**
   * Run a transaction on what was read, again and again until nobody interfered.
   *
   * @param work - Gets a watching pipeline; reads with it, then buffers on what its `multi()` gives
   * and returns that, so that the values are typed. It may run many times.
   * @param keys - Keys to watch; options (`watchDelay` ms, `maxAttempts`, `signal`,
   * `valueFromCallable`) may follow.
   * @returns The values of EXEC, or what `work` returned when `valueFromCallable` is set.
   * @throws {@link WatchError} after `maxAttempts`; when the connection was lost before EXEC more often
   * than the client's `retry` allows; or when it was lost during EXEC: then its `outcome` is
   * `"unknown"` and nothing is repeated.
   */
  transaction<R extends readonly unknown[]>(
    work: TransactionFunction<T, I, Pipeline<R, T, I>>,
    ...keys: TransactionKeys<TransactionOptions & { readonly valueFromCallable?: false }>
  ): Promise<R>;
  transaction<V>(
    work: TransactionFunction<T, I, V>,
    ...keys: [...Key[], TransactionOptions & { readonly valueFromCallable: true }]
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
    ...given: readonly (Key | TransactionOptions)[]
  ): Promise<unknown> {
    if (typeof work !== "function") {
      throw new DataError('transaction: "work" must be a function', { code: "EINVAL" });
    }
    const last = given.at(-1);
    const options = isOptions(last) ? last : {};
    const keys = (isOptions(last) ? given.slice(0, -1) : given) as Key[];
    checkTransactionOptions(options);
    const begin = () => this.pipeline().watch(...keys);
    return runTransaction({ begin, retry: this.#dependencies.pool.settings.retry }, work, options);
  }

  /**
   * Hash a value as `digest` does one that is stored; nothing is sent.
   *
   * @param value - Text, bytes or a number.
   * @returns 16 hexadecimal digits, to compare with those of a server or to give to `delex`.
   * @throws DataError when it is none of these, or text that the client's encoding cannot represent.
   */
  digestLocal(value: Value): string {
    return digestOf(value, this.#dependencies.pool.settings);
  }

  /**
   * Make a function of a Lua script; nothing is sent yet.
   *
   * @param lua - Its text.
   * @returns A function to call with `{ keys, args, client }`; say the type of its reply yourself.
   */
  registerScript<V = unknown>(lua: string | Uint8Array, options?: ScriptOptions): Script<V> {
    return createScript(
      this,
      new ScriptSource(lua, this.#dependencies.pool.settings.encoding),
      options,
    );
  }

  /**
   * Make functions of a library callable; nothing is sent yet.
   *
   * @param code - Its text, from its first line (`#!lua name=mylib`) on.
   */
  registerLibrary(code: string | Uint8Array): Library {
    return new Library(this, new LibrarySource(code, this.#dependencies.pool.settings.encoding));
  }

  /**
   * Make a lock; it is not taken yet.
   *
   * @param name - Key of the lock.
   * @param options - Times are in ms; `lockClass` for a class of one's own.
   */
  lock<L extends Lock = Lock>(
    name: Key,
    { lockClass, ...options }: LockOptions & { readonly lockClass?: LockClass<L> } = {},
  ): L {
    return new (lockClass ?? (Lock as LockClass as LockClass<L>))(this, name, options);
  }

  /**
   * Convert the replies of a command in a way of one's own, for this client only.
   *
   * @param command - Command name in any case, sub-command included (`"CONFIG GET"`).
   * @param callback - Gets the raw reply, and the standard conversion to build on.
   */
  setResponseCallback(command: string, callback: ResponseCallback): void {
    if (typeof command !== "string" || typeof callback !== "function") {
      throw new DataError("setResponseCallback needs a command name and a function", {
        code: "EINVAL",
      });
    }
    this.#dependencies.callbacks.set(command.toUpperCase(), callback);
  }

  /**
   * Connect now instead of at the first command.
   *
   * @returns When the server has answered.
   * @throws {@link ConnectionError} when it cannot be reached, or refuses the credentials.
   */
  async connect(): Promise<void> {
    try {
      await this.executeCommand("PING");
    } catch (error) {
      // The server answered; that an ACL forbids PING is no matter of the connection. An error with
      // an outcome is none of PING's: the server refused a step of the handshake.
      if (!(error instanceof ResponseError) || error.outcome !== undefined) throw error;
    }
  }

  /**
   * Close for good: commands under way finish, new ones are refused.
   *
   * @returns When all connections of the client's own pool are closed. Of a client over somebody
   * else's pool, or one made by `with()` or `client()`, only its own connection is given back.
   */
  async close(): Promise<void> {
    const { executor, pool, ownsPool: owner } = this.#dependencies;
    if (executor instanceof DedicatedConnection) await executor.close();
    else if (owner) await pool.close();
  }

  /** Close all connections of the pool at once; commands in flight are rejected. */
  disconnect(): void {
    this.#dependencies.pool.disconnect();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * Walk over all keys.
   *
   * @param options.match - Glob pattern.
   * @param options.count - Hint for the work per round trip.
   * @param options.type - Only keys of this type.
   * @returns Keys as they come; one may come twice.
   */
  scanIter(options?: ScanOptions): AsyncGenerator<T, void> {
    return scanIter(this, options);
  }

  /** Walk over the fields of a hash as `[field, value]`; options as for `hscan`. */
  hscanIter(key: Key, options?: HscanIterOptions): AsyncGenerator<[field: T, value: T], void> {
    return hscanIter(this, key, options);
  }

  /** Walk over the members of a set; options as for `sscan`. */
  sscanIter(key: Key, options?: SscanOptions): AsyncGenerator<T, void> {
    return sscanIter(this, key, options);
  }

  /** Walk over the members of a sorted set as `[member, score]`; options as for `zscan`. */
  zscanIter<S = number>(
    key: Key,
    options?: ZscanIterOptions<S>,
  ): AsyncGenerator<[member: T, score: S], void> {
    return zscanIter(this, key, options);
  }

  protected override run<V>(
    info: CommandInfo,
    args: readonly Arg[],
    decode?: Decoder | null,
  ): Promise<V> {
    const decoder = decoderFor(info, decode, this.#dependencies.call);
    return execute(this.#dependencies, { info, args, decode: decoder }) as Promise<V>;
  }

  protected override reject<V>(_info: CommandInfo, error: DataError): Promise<V> {
    return rejectWithCallerStack(error);
  }

  protected override resolve<V>(_info: CommandInfo, value: V): Promise<V> {
    return Promise.resolve(value);
  }

  #sibling(changes: Partial<ClientDependencies>): Redis<T, I> {
    const Class = this.constructor as new (inside: InternalConstructorArgument) => Redis<T, I>;
    return new Class(new InternalConstructorArgument({ ...this.#dependencies, ...changes }));
  }

  /** Shape as in redis-py: `Redis<ConnectionPool<Connection<host=localhost,port=6379,db=0>>>`. */
  override toString(): string {
    return `${this.constructor.name}<${this.#dependencies.pool}>`;
  }

  [inspect.custom](): string {
    return `${this.constructor.name}<${inspect(this.#dependencies.pool)}>`;
  }
}

// What users see printed is the name they know.
Object.defineProperty(RedisClient, "name", { value: "Redis" });

/** A client for one Redis or Valkey server. */
export interface Redis<T extends string | Buffer = string, I extends number | bigint = number>
  extends RedisClient<T, I> {}

/** The ways to make a client; the types of its replies follow from the options. */
export interface RedisConstructor
  extends Pick<typeof RedisClient, "RESPONSE_CALLBACKS" | "fromUrl"> {
  /** Make a client from options; nothing is connected yet. */
  new <O extends ClientOptions = NoOptions>(options?: O): Redis<TextOf<O>, IntOf<O>>;
  /** Make a client for a host, URL or unix socket (`undefined`: localhost); nothing is connected yet. */
  new <O extends ClientOptions = NoOptions>(
    target: string | URL | undefined,
    options?: O,
  ): Redis<TextOf<O>, IntOf<O>>;
  /** Make a client for a host and a port; nothing is connected yet. */
  new <O extends ClientOptions = NoOptions>(
    host: string,
    port: number,
    options?: O,
  ): Redis<TextOf<O>, IntOf<O>>;
  readonly prototype: Redis<string | Buffer, number | bigint>;
}

/** A client for one Redis or Valkey server. */
export const Redis: RedisConstructor = RedisClient as unknown as RedisConstructor;
