/**
 * Owns the public names of the package; nothing else may be imported by users, and nothing in here
 * may be imported by the rest of the library.
 */
import { Redis, type RedisConstructor } from "./redis.js";

// `StrictRedis` is redis-py's second name of it.
export { Redis, Redis as StrictRedis, type RedisConstructor } from "./redis.js";

/** Make a client from a URL; see {@link Redis.fromUrl}. */
export const fromUrl: RedisConstructor["fromUrl"] = (url, options) => Redis.fromUrl(url, options);

export * from "./backoff.js";
export type { CallOptions, ResponseCallback, ResponseCallbackContext } from "./call.js";
export type { ClientOptions } from "./client-parts.js";
export type { PromiseHost } from "./client-types.js";
export type { CodeArguments, CodeFunction } from "./code-call.js";
export type { BitFieldOperation } from "./commands/bitfield.js";
export type * from "./commands/generated/options.js";
export type { Host } from "./commands/host.js";
export type { Key, Value } from "./commands/info.js";
export type { HscanIterOptions, ZscanIterOptions } from "./commands/scan-iter.js";
export type * from "./commands/types.js";
export type * from "./commands/types-acl.js";
export type * from "./commands/types-arrays.js";
export type * from "./commands/types-bitmaps.js";
export type * from "./commands/types-cluster.js";
export type * from "./commands/types-commands.js";
export type * from "./commands/types-connection.js";
export type * from "./commands/types-geo.js";
export type * from "./commands/types-hotkeys.js";
export type * from "./commands/types-lists.js";
export type * from "./commands/types-scripting.js";
export type * from "./commands/types-sentinel.js";
export type * from "./commands/types-server.js";
export type * from "./commands/types-streams.js";
export type * from "./commands/types-vectors.js";
export type { AddressSource } from "./connection/address.js";
export { BlockingConnectionPool, type BlockingPoolOptions } from "./connection/blocking-pool.js";
export { Connection } from "./connection/connection.js";
export type { ConnectionClass } from "./connection/dialer.js";
export { ConnectionPool, type PoolOptions } from "./connection/pool.js";
export * from "./errors.js";
export {
  type KeyEvent,
  type KeyspaceClient,
  KeyspaceEvents,
  type KeyspaceOptions,
  parseKeyEvent,
} from "./keyspace.js";
export {
  Library,
  type LibraryClient,
  type LibraryFunction,
  type LibraryFunctionOptions,
  type LoadOptions,
} from "./library.js";
export {
  type AcquireOptions,
  type ExtendOptions,
  Lock,
  type LockClass,
  type LockClient,
  type LockOptions,
} from "./lock.js";
export { Monitor } from "./monitor.js";
export type { MonitoredCommand } from "./monitor-line.js";
export type {
  Address,
  CredentialProvider,
  Credentials,
  EncodingErrors,
  RedisOptions,
  Settings,
} from "./options.js";
export {
  type ExecOptions,
  Pipeline,
  type PipelineHost,
  type PipelineOptions,
  type Settled,
  type WatchedPipeline,
} from "./pipeline.js";
export { HiredisParser } from "./protocol/hiredis-parser.js";
export { JsParser } from "./protocol/js-parser.js";
export type { Parser, ParserClass, ParserOptions, ReplyHandler } from "./protocol/parser.js";
export { MapReply, type Reply, type ReplyMode, SetReply } from "./protocol/reply.js";
export { PubSub, type RunOptions } from "./pubsub.js";
export type * from "./pubsub-messages.js";
export type { Subscriptions } from "./pubsub-names.js";
export type {
  ErrorListener,
  GetMessageOptions,
  MessagesOf,
  PubSubOptions,
} from "./pubsub-options.js";
export type { PubSubWorker } from "./pubsub-worker.js";
export { type ErrorClass, type FailureListener, Retry, type RetryCallOptions } from "./retry.js";
export type { Script, ScriptClient, ScriptOptions } from "./script.js";
export { Sentinel } from "./sentinel.js";
export type { SentinelAddress } from "./sentinel-nodes.js";
export type { SentinelClientOptions, SentinelOptions } from "./sentinel-options.js";
export type {
  TransactionFunction,
  TransactionKeys,
  TransactionOptions,
} from "./transaction.js";
