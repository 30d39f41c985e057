/**
 * The public API of the package. Users import only from here; no other file of the library does.
 */
import { Redis, type RedisConstructor } from "./client/redis.js";

// `StrictRedis` is redis-py's alias.
export {
  type DedicatedRedis,
  Redis,
  Redis as StrictRedis,
  type RedisConstructor,
  type ViewOf,
} from "./client/redis.js";

/** Create a client from a URL; see {@link Redis.fromUrl}. */
export const fromUrl: RedisConstructor["fromUrl"] = (url, options, ...surplus: []) =>
  Redis.fromUrl(url, options, ...surplus);

export { ClientCache } from "./cache/client-cache.js";
export type { CacheStats } from "./cache/read-cache.js";
export type { AnyRedis } from "./client/any-redis.js";
export type { ClientOptions } from "./client/client-state.js";
export type { DedicatedCommands } from "./client/derived-methods.js";
export type { HscanIterOptions, ZscanIterOptions } from "./client/scan-iter.js";
export {
  type ClusterViewOf,
  type DedicatedRedisCluster,
  RedisCluster,
  type RedisClusterConstructor,
} from "./cluster/cluster.js";
export type { NodeTarget } from "./cluster/known-nodes.js";
export type { NodeFromKeyOptions, NodeMethods } from "./cluster/node-methods.js";
export type { ClusterNodesClient, NodesSurface } from "./cluster/nodes-client.js";
export {
  ClusterNode,
  type ClusterOnlyOptions,
  type RedisClusterOptions,
  type StartupNode,
} from "./cluster/options.js";
export type { ClusterPubSubOptions } from "./cluster/pubsub-options.js";
export type { LoadBalancingStrategy } from "./cluster/read-strategy.js";
export type { ReadOptions } from "./cluster/read-view.js";
export type { ClusterCallOptions, OneTarget, SeveralTargets } from "./cluster/targets.js";
export type { AddressRemap } from "./cluster/view.js";
export type { BitFieldOperation } from "./commands/bitmaps/bitfield.js";
export type { CommandSurface } from "./commands/core/command-surface.js";
export type { Key, Value } from "./commands/core/info.js";
export type * from "./commands/generated/types.js";
export type { AddressSource } from "./connection/address-source.js";
export { Connection } from "./connection/connection.js";
export * from "./errors.js";
export type {
  CallOptions,
  ResponseCallback,
  ResponseCallbackContext,
} from "./execution/call-settings.js";
export type { PushHandler } from "./execution/push-listener.js";
export type {
  Given,
  IntOf,
  PromiseSurface,
  TextOf,
  UnknownOption,
  Unset,
  ViewIntOf,
  ViewTextOf,
} from "./execution/reply-types.js";
export { Lock, type LockClass, type LockWork } from "./lock/lock.js";
export type { LockClient } from "./lock/lock-client.js";
export type {
  AcquireOptions,
  ExtendOptions,
  LockOptions,
  TryUsingOptions,
  TryUsingResult,
  UsingOptions,
} from "./lock/options.js";
export { Monitor } from "./monitor/monitor.js";
export type { MonitoredCommand } from "./monitor/monitored-command.js";
export type { Address } from "./options/address.js";
export * from "./options/backoff.js";
export type {
  CacheFilter,
  CacheOptions,
  CacheSettings,
  CallCacheOptions,
} from "./options/cache.js";
export {
  type ErrorClass,
  type FailureListener,
  Retry,
  type RetryCallOptions,
} from "./options/retry.js";
export type { RetryFunction, RetryOption } from "./options/retry-policy.js";
export type {
  CredentialProvider,
  Credentials,
  RedisOptions,
  Settings,
} from "./options/types.js";
export type { ExecOptions, PipelineOptions, Settled } from "./pipeline/options.js";
export { Pipeline, type PipelineSurface, type WatchedPipeline } from "./pipeline/pipeline.js";
export type {
  TransactionFunction,
  TransactionKeys,
  TransactionOptions,
} from "./pipeline/transaction.js";
export { BlockingConnectionPool, type BlockingPoolOptions } from "./pool/blocking-pool.js";
export type {
  ConnectionEventMap,
  ConnectionEventName,
  ConnectionListener,
} from "./pool/connection-events.js";
export type { ConnectionClass } from "./pool/connector.js";
export type { ConnectionStatus, PoolStats } from "./pool/observed-pool.js";
export type { PoolOptions } from "./pool/options.js";
export { ConnectionPool } from "./pool/pool.js";
export type { EncodingErrors } from "./protocol/encoding.js";
export { HiredisParser } from "./protocol/hiredis/hiredis-parser.js";
export { JsParser } from "./protocol/js-parser.js";
export type { Parser, ParserClass, ParserOptions, ReplyHandler } from "./protocol/parser.js";
export { MapReply, type Reply, type ReplyMode, SetReply } from "./protocol/reply.js";
export type { HandlersOf, Subscriptions } from "./pubsub/channel-codec.js";
export { type Invalidation, parseInvalidation } from "./pubsub/invalidation.js";
export {
  type KeyEvent,
  type KeyspaceClient,
  KeyspaceEvents,
  type KeyspaceOptions,
  parseKeyEvent,
} from "./pubsub/keyspace.js";
export type * from "./pubsub/messages.js";
export type {
  ErrorListener,
  GetMessageOptions,
  MessagesOf,
  PubSubOptions,
  RunOptions,
} from "./pubsub/options.js";
export { PubSub } from "./pubsub/pubsub.js";
export type { PubSubWorker } from "./pubsub/worker.js";
export {
  Library,
  type LibraryClient,
  type LibraryFunction,
  type LibraryFunctionOptions,
  type LoadOptions,
} from "./scripting/library.js";
export type { Script, ScriptClient, ScriptOptions } from "./scripting/script.js";
export type { ScriptArguments, ScriptFunction } from "./scripting/server-script.js";
export type { SentinelAddress } from "./sentinel/nodes.js";
export type { SentinelClientOptions, SentinelOptions } from "./sentinel/options.js";
export { Sentinel } from "./sentinel/sentinel.js";
export type { ItemIterator } from "./util/async-queue.js";
