/**
 * The client of one server: creates its pool, views, dedicated clients and monitors.
 */
import type { ClientCache } from "../cache/client-cache.js";
import type { CallOptions, ResponseCallback } from "../execution/call-settings.js";
import type {
  Given,
  IntOf,
  TextOf,
  Unset,
  ViewIntOf,
  ViewTextOf,
} from "../execution/reply-types.js";
import { Monitor } from "../monitor/monitor.js";
import type { ConnectionPool } from "../pool/pool.js";
import { checkArity, ownOptions } from "../util/validate.js";
import { BaseClient, DEDICATED, VIEW } from "./base-client.js";
import {
  type ClientOptions,
  DEPENDENCIES,
  dependenciesFrom,
  InternalConstructorArgument,
  type RedisArguments,
} from "./client-state.js";
import type { DedicatedCommands } from "./derived-methods.js";

/**
 * The implementation of {@link Redis}. Methods return the interface and never this class: only an exported
 * type can be written into the declarations of a program that uses it.
 */
export class RedisClient<
  T extends string | Buffer = string,
  I extends number | bigint = number,
> extends BaseClient<T, I> {
  /** @internal */ static override readonly name: string = "Redis";
  /**
   * Response callbacks of all clients of the class, by command name; a subclass may define its own.
   * Replies of other commands are converted as documented for their methods.
   */
  static RESPONSE_CALLBACKS: Readonly<Record<string, ResponseCallback>> = {};

  /** See {@link RedisConstructor}. */
  constructor(...args: RedisArguments) {
    const first: unknown = args[0];
    super(
      first instanceof InternalConstructorArgument
        ? first.dependencies
        : dependenciesFrom(args, new.target.RESPONSE_CALLBACKS),
    );
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
  get connectionPool(): ConnectionPool {
    // The constructor of this class creates it.
    return this[DEPENDENCIES].pool as ConnectionPool;
  }

  /**
   * The client-side cache: its statistics, and how to empty it. `undefined` without option `cache`.
   * @see {@link RedisOptions.cache}
   */
  get cache(): ClientCache | undefined {
    return this[DEPENDENCIES].cache?.cache;
  }

  /**
   * Create a view: a client with other settings for its calls, over the same connections.
   * @param options - `decodeResponses`, `integers`, `signal`, `timeout` (ms), `retryOnTimeout`,
   * `retryOnError`, `cache`; other settings are those of this client.
   * @returns A client. Closing it does not close this client.
   * @throws {@link DataError} for an invalid option.
   */
  with<const O extends Given<O, CallOptions>, C>(
    this: C,
    options: O,
  ): ViewOf<C, ViewTextOf<O, T>, ViewIntOf<O, I>>;
  with(options: CallOptions): unknown {
    checkArity("with", 1, arguments, "promises");
    return this[VIEW](options);
  }

  /**
   * Create a client with a dedicated connection, for commands that change the connection's state. The
   * connection is leased from the pool at the first command.
   *
   * @returns A client; its `close()` releases the connection.
   */
  client(): DedicatedRedis<T, I> {
    checkArity("client", 0, arguments, "the returned client");
    return this[DEDICATED](this[DEPENDENCIES].leaseProvider) as DedicatedRedis<T, I>;
  }

  /**
   * Create a monitor of all commands the server executes. It leases a connection when it is first used.
   * @see {@link https://redis.io/docs/latest/commands/monitor/ | MONITOR}
   */
  monitor(): Monitor {
    checkArity("monitor", 0, arguments, "the returned monitor");
    return new Monitor(this[DEPENDENCIES].leaseProvider);
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
    DedicatedCommands<T, I> {}

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
