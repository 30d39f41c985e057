/** One object of every exported class, for tests that walk the public objects. None of them does I/O. */
import type { WatchedPipeline } from "../../src/index.js";
import * as api from "../../src/index.js";

/** What is exported without being used as an object: the library creates these from their classes. */
const CREATED_BY_CLASS: ReadonlySet<string> = new Set(["Connection", "JsParser", "HiredisParser"]);

/** Methods that only the library calls, on the pool itself. */
const INTERNAL: ReadonlySet<string | symbol> = new Set([
  ...[
    "checkIn",
    "drain",
    "drainConnections",
    "onBackoffElapsed",
    "onClosed",
    "onDraining",
    "onErrorReply",
    "onIdle",
  ],
  ...["noteFailure", "noteLost", "noteOpened", "onReconnecting", "shareEvents"],
  ...["onOpened", "onRetriesExhausted", "onTimedOut", "onWritable", "resume", "retire", "withdraw"],
]);

const half = (): number => 0.5;
const LIBRARY = "#!lua name=mylib\n";

/** A client that refuses every command, so that a call ends without a server. */
function closedClient(): api.Redis {
  const redis = new api.Redis();
  void redis.close();
  return redis;
}

function closedCache(): api.ClientCache {
  const redis = new api.Redis({ cache: true });
  void redis.close();
  return redis.cache as api.ClientCache;
}

function closedCluster(): api.RedisCluster {
  const cluster = new api.RedisCluster();
  void cluster.close();
  return cluster;
}

function closedSentinel(): api.Sentinel {
  const sentinel = new api.Sentinel([["127.0.0.1", 1]]);
  void sentinel.close();
  return sentinel;
}

function closedPool<P extends api.ConnectionPool>(pool: P): P {
  void pool.close();
  return pool;
}

const CLUSTER_ERRORS: Readonly<Record<string, () => object>> = {
  RedisClusterException: () => new api.RedisClusterException("no view"),
  SlotNotCoveredError: () => new api.SlotNotCoveredError("no node"),
  CrossSlotTransactionError: () => new api.CrossSlotTransactionError("two slots"),
  ClusterError: () => new api.ClusterError("no answer"),
  ClusterDownError: () => new api.ClusterDownError("CLUSTERDOWN The cluster is down"),
  MasterDownError: () => new api.MasterDownError("MASTERDOWN Link with MASTER is down"),
};

/** Creates an object of each class; `retries` and the like have values that do not depend on chance. */
const CREATE: Readonly<Record<string, () => object>> = {
  Redis: closedClient,
  ClientCache: closedCache,
  RedisCluster: closedCluster,
  ClusterNode: () => new api.ClusterNode("127.0.0.1", 1),
  Pipeline: () => closedClient().pipeline(),
  PubSub: () => closedClient().pubsub(),
  PubSubWorker: () => closedClient().pubsub().run(),
  Monitor: () => closedClient().monitor(),
  Lock: () => closedClient().lock("name"),
  Library: () => closedClient().registerLibrary(LIBRARY),
  KeyspaceEvents: () => new api.KeyspaceEvents(closedClient()),
  Sentinel: closedSentinel,
  ConnectionPool: () => closedPool(new api.ConnectionPool()),
  BlockingConnectionPool: () => closedPool(new api.BlockingConnectionPool()),
  Retry: () => new api.Retry(new api.NoBackoff(), 1),
  NoBackoff: () => new api.NoBackoff(),
  ConstantBackoff: () => new api.ConstantBackoff(1),
  ExponentialBackoff: () => new api.ExponentialBackoff(),
  FullJitterBackoff: () => new api.FullJitterBackoff(8, 1, half),
  EqualJitterBackoff: () => new api.EqualJitterBackoff(8, 1, half),
  DecorrelatedJitterBackoff: () => new api.DecorrelatedJitterBackoff(8, 1, half),
  MasterNotFoundError: () => new api.MasterNotFoundError("no master"),
  ...CLUSTER_ERRORS,
  AskError: () => new api.AskError("ASK 1 127.0.0.1:7000"),
  MovedError: () => new api.MovedError("MOVED 1 127.0.0.1:7000"),
  ReplicaNotFoundError: () => new api.ReplicaNotFoundError("no replica"),
};

/** A class of which the tests can create objects. */
export interface PublicClass {
  readonly name: string;
  readonly create: () => object;
}

/**
 * List the classes of public objects.
 *
 * @param watched - An ended watch. Only a server grants one.
 * @returns The classes, those that are not exported as values included.
 */
export function publicClasses(watched: WatchedPipeline): PublicClass[] {
  const classes = Object.entries(CREATE).map(([name, create]) => ({ name, create }));
  return [...classes, { name: "WatchedPipeline", create: () => watched }];
}

/** List the public methods and accessors of an object, those it inherits included. */
export function membersOf(object: object): (string | symbol)[] {
  const members = new Set<string | symbol>();
  for (
    let prototype: object = Object.getPrototypeOf(object);
    prototype !== Object.prototype && prototype !== Error.prototype;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    for (const key of Reflect.ownKeys(prototype)) members.add(key);
  }
  members.delete("constructor");
  return [...members].filter((key) => !INTERNAL.has(key));
}

/** List the exported classes that have public methods and that {@link publicClasses} does not contain. */
export function missingClasses(): string[] {
  const known = new Set(Object.values(CREATE).map((create) => create().constructor));
  return Object.entries(api)
    .filter(([name, value]) => {
      const prototype: unknown = typeof value === "function" ? value.prototype : undefined;
      if (typeof prototype !== "object" || prototype === null) return false;
      const isKnown = CREATED_BY_CLASS.has(name) || known.has(value as never);
      return !isKnown && membersOf(Object.create(prototype)).length !== 0;
    })
    .map(([name]) => name);
}
