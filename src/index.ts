/**
 * Owns the public names of the package; nothing else may be imported by users, and nothing in here
 * may be imported by the rest of the library.
 */
import { type ClientOptions, type IntOf, Redis as RedisClass, type TextOf } from "./redis.js";

/** The ways to make a client; the types of its replies follow from the options. */
export interface RedisConstructor extends Pick<typeof RedisClass, "RESPONSE_CALLBACKS" | "fromUrl"> {
  /** Make a client from options; nothing is connected yet. */
  new <O extends ClientOptions = ClientOptions>(options?: O): RedisClass<TextOf<O>, IntOf<O>>;
  /** Make a client for a host, a URL or the path of a unix socket; nothing is connected yet. */
  new <O extends ClientOptions = ClientOptions>(
    target: string | URL,
    options?: O,
  ): RedisClass<TextOf<O>, IntOf<O>>;
  /** Make a client for a host and a port; nothing is connected yet. */
  new <O extends ClientOptions = ClientOptions>(
    host: string,
    port: number,
    options?: O,
  ): RedisClass<TextOf<O>, IntOf<O>>;
  readonly prototype: RedisClass<string, number>;
}

/** A client for one Redis or Valkey server. */
export const Redis: RedisConstructor = RedisClass as unknown as RedisConstructor;
export type Redis<
  T extends string | Buffer = string,
  I extends number | bigint = number,
> = RedisClass<T, I>;

/** redis-py's second name of {@link Redis}. */
export { Redis as StrictRedis };

/** Make a client from a URL; see {@link Redis.fromUrl}. */
export const fromUrl: (typeof RedisClass)["fromUrl"] = (url, options) =>
  RedisClass.fromUrl(url, options);

export * from "./backoff.js";
export type { CallOptions, ResponseCallback, ResponseCallbackContext } from "./call.js";
export type { Key, Value } from "./commands/info.js";
export { type BlockingPoolOptions, BlockingConnectionPool } from "./connection/blocking-pool.js";
export type { AddressSource } from "./connection/address.js";
export { Connection } from "./connection/connection.js";
export type { ConnectionClass } from "./connection/dialer.js";
export { ConnectionPool, type PoolOptions } from "./connection/pool.js";
export * from "./errors.js";
export type {
  Address,
  CredentialProvider,
  Credentials,
  EncodingErrors,
  RedisOptions,
  Settings,
} from "./options.js";
export { type ExecOptions, Pipeline, type PipelineOptions, type Settled } from "./pipeline.js";
export { JsParser } from "./protocol/js-parser.js";
export type { Parser, ParserClass, ParserOptions, ReplyHandler } from "./protocol/parser.js";
export { MapReply, type Reply, type ReplyMode, SetReply } from "./protocol/reply.js";
export type { ClientOptions } from "./redis.js";
export { type ErrorClass, Retry } from "./retry.js";
