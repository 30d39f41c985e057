/**
 * The client of a Redis or Valkey cluster: creates its router, views and dedicated clients. The router sends each
 * command to the node of its keys; the client keeps no state between commands.
 */
import { DEDICATED, EXECUTE, VIEW } from "../client/base-client.js";
import { DEPENDENCIES, InternalConstructorArgument } from "../client/client-state.js";
import type { DedicatedCommands } from "../client/derived-methods.js";
import { ArgList } from "../commands/core/args.js";
import {
  type Arg,
  type CommandInfo,
  type Decoder,
  type Key,
  MANY_NODES,
  SPLIT,
  type Value,
} from "../commands/core/info.js";
import type { Many, Mapping } from "../commands/core/types.js";
import type { ScanOptions } from "../commands/generated/options.js";
import { DataError } from "../errors.js";
import type { CallOptions, ResponseCallback } from "../execution/call-settings.js";
import { decoderFor } from "../execution/command-request.js";
import type { Command, Executor } from "../execution/executor.js";
import type {
  Given,
  IntOf,
  TextOf,
  Unset,
  ViewIntOf,
  ViewTextOf,
} from "../execution/reply-types.js";
import { serverBatchSenders } from "../pipeline/batch-sender.js";
import type { MessagesOf } from "../pubsub/options.js";
import { PubSub, type PubSubDependencies } from "../pubsub/pubsub.js";
import { checkArity, ownOptions } from "../util/validate.js";
import { clusterScanIter } from "./cluster-scan.js";
import { clusterDependencies } from "./cluster-state.js";
import { ClusterSubscriptions } from "./cluster-subscriptions.js";
import { executeByPolicy } from "./fan-out.js";
import { NodeExecutor } from "./node-executor.js";
import { NodeLeases } from "./node-leases.js";
import { NodeMethods, routerOf } from "./node-methods.js";
import { ClusterNodesClient } from "./nodes-client.js";
import type { RedisClusterArguments, RedisClusterOptions } from "./options.js";
import { policyOf } from "./policies.js";
import { type ClusterPubSubOptions, clusterPubSubOptions } from "./pubsub-options.js";
import { type ReadOptions, readView, viewOptions } from "./read-view.js";
import { executeSplit, MGET_NONATOMIC, MSET_NONATOMIC } from "./split.js";
import {
  type ClusterCallOptions,
  type OneTarget,
  type SeveralTargets,
  targetsOf,
} from "./targets.js";

/** Flags of commands that may need more than one request. */
const SEVERAL_REQUESTS = SPLIT | MANY_NODES;

function isOneNode(executor: Executor): boolean {
  return executor.exclusive === true || executor instanceof NodeExecutor;
}

/** The implementation of {@link RedisCluster}; see `RedisClient` for why there are two. */
export class RedisClusterClient<
  T extends string | Buffer = string,
  I extends number | bigint = number,
> extends NodeMethods<T, I> {
  /** @internal */ static override readonly name: string = "RedisCluster";
  /** Response callbacks of all clients of the class, by command name; a subclass may define its own. */
  static RESPONSE_CALLBACKS: Readonly<Record<string, ResponseCallback>> = {};

  /** See {@link RedisClusterConstructor}. */
  constructor(...args: RedisClusterArguments) {
    const first: unknown = args[0];
    super(
      first instanceof InternalConstructorArgument
        ? first.dependencies
        : clusterDependencies(args, new.target.RESPONSE_CALLBACKS),
    );
  }

  /**
   * Create a client from the URL of one node. Nothing is connected yet.
   * @param url - `redis://` or `rediss://`. Durations in it are seconds, as in redis-py.
   * @param options - Options that the URL does not contain.
   * @throws {@link DataError} for an invalid URL or option.
   */
  static fromUrl<O extends Given<O, RedisClusterOptions> = RedisClusterOptions & Unset>(
    url: string | URL,
    options?: O,
  ): RedisCluster<TextOf<O>, IntOf<O>> {
    checkArity("fromUrl", 2, arguments, "promises");
    const given = options === undefined ? undefined : ownOptions(options);
    return new this({ ...given, url }) as unknown as RedisCluster<TextOf<O>, IntOf<O>>;
  }

  /**
   * Create a view: a client with other settings for its calls, over the same connections.
   * @param options - `decodeResponses`, `integers`, `signal`, `timeout` (ms), `retryOnTimeout`,
   * `retryOnError`, `loadBalancingStrategy`; other settings are those of this client. `targetNodes`: the nodes that execute the commands,
   * whatever their keys; nothing is redirected then. Several nodes return a Map with the value of each by name.
   * @returns A client. Closing it does not close this client.
   * @throws {@link DataError} for an invalid option, and for a node that is not part of the cluster.
   */
  with<const O extends Given<O, ClusterCallOptions & { readonly targetNodes: SeveralTargets }>>(
    options: O,
  ): ClusterNodesClient<ViewTextOf<O, T>, ViewIntOf<O, I>>;
  with<
    const O extends Given<
      O,
      CallOptions & ReadOptions & { readonly targetNodes?: OneTarget | undefined }
    >,
    C,
  >(this: C, options: O): ClusterViewOf<C, ViewTextOf<O, T>, ViewIntOf<O, I>>;
  with(options: ClusterCallOptions): unknown {
    checkArity("with", 1, arguments, "promises");
    const { targetNodes, ...others } = viewOptions(options);
    const { call: callOptions, changes } = readView(this[DEPENDENCIES], others, targetNodes);
    if (targetNodes === undefined) return this[VIEW](callOptions, changes);
    const { call, executor } = this[DEPENDENCIES];
    if (executor.exclusive === true) {
      const message = 'option "targetNodes" must not be set: a client(key) has one connection';
      throw new DataError(message);
    }
    const router = routerOf(this);
    const targets = targetsOf(router, targetNodes);
    if (targets.several)
      return new ClusterNodesClient({ router, call: call.with(callOptions), find: targets.find });
    const node = new NodeExecutor(router, targets.choose, targets.address);
    const senders = serverBatchSenders(router.settings);
    return this[VIEW](callOptions, { executor: node, leaseProvider: node, senders });
  }

  /**
   * Create a client with a dedicated connection to the node of a key, for commands that change the connection's
   * state or concern one node. The connection is leased at the first command. When the key moves to another
   * node, its commands reject with {@link MovedError}.
   *
   * @param key - Key whose node is used.
   * @returns A client; its `close()` releases the connection.
   * @throws {@link DataError} when `key` cannot be a key.
   */
  client(key: Key): DedicatedRedisCluster<T, I> {
    checkArity("client", 1, arguments, "the returned client");
    const leases = new NodeLeases(routerOf(this), key);
    return this[DEDICATED](leases) as DedicatedRedisCluster<T, I>;
  }

  /**
   * Create a subscriber. It connects when it is first used: to one primary for channels and patterns, and to the
   * primaries of its shard channels, which it follows.
   *
   * @param options - `node`, and those of `redis.pubsub()`; see {@link ClusterPubSubOptions}.
   * @returns A subscriber that returns text or Buffers as this client does.
   * @throws {@link DataError} for an invalid option, and for a node that is not in the view that the client has.
   * @see {@link https://redis.io/docs/latest/develop/pubsub/ | Pub/sub}
   */
  override pubsub<const O extends Given<O, ClusterPubSubOptions> = ClusterPubSubOptions & Unset>(
    options?: O,
  ): PubSub<T, MessagesOf<T, O>> {
    checkArity("pubsub", 1, arguments, "the returned subscriber");
    // The subscriber of a view of one node is that of a server.
    if (this[DEPENDENCIES].executor instanceof NodeExecutor) return super.pubsub(options);
    const router = routerOf(this);
    const { node, options: others } = clusterPubSubOptions(router.table, options);
    const dependencies: PubSubDependencies = {
      settings: router.settings,
      bytes: this[DEPENDENCIES].call.bytes,
      createSubscriptions: (parts) => new ClusterSubscriptions(router, node, parts),
    };
    return new PubSub(dependencies, others);
  }

  /**
   * Return the values of keys in any slots, with one MGET per slot. They are not read at the same moment.
   * @param keys - Key names, as arguments, arrays or Sets.
   * @returns The values in the order of the keys; `null` for a key that does not exist or holds no string.
   * @throws {@link DataError} for an argument that cannot be a key.
   * @see {@link https://redis.io/docs/latest/commands/mget/ | MGET}
   */
  mgetNonatomic(...keys: Many<Key>[]): Promise<(T | null)[]> {
    const args = new ArgList(MGET_NONATOMIC).manyOrNone("keys", keys);
    if (args.error === undefined && args.words.length === 0) return Promise.resolve([]);
    return this.send(MGET_NONATOMIC, args);
  }

  /**
   * Set the values of keys in any slots, with one MSET per slot. Other clients may read some of the new values
   * before the others are set.
   * @param mapping - Values by key; at least one.
   * @returns `true`.
   * @throws The first error, after all parts have settled: other values may have been set then.
   * @see {@link https://redis.io/docs/latest/commands/mset/ | MSET}
   */
  msetNonatomic<M extends Record<keyof M, Value>>(mapping: Mapping<Key, Value, M>): Promise<true>;
  msetNonatomic(mapping: Mapping<Key, Value>): Promise<true> {
    checkArity("msetNonatomic", 1, arguments);
    return this.send(MSET_NONATOMIC, new ArgList(MSET_NONATOMIC).pairs("mapping", mapping));
  }

  /**
   * Iterate over all keys of the cluster, or of the node of a view or dedicated client.
   *
   * @param options - `match`, `count` and `type`, as on one server.
   * @returns Every key that exists during the whole iteration, also while slots move and nodes fail; a key may
   * occur twice.
   * @see {@link https://redis.io/docs/latest/commands/scan/ | SCAN}
   */
  override scanIter(options?: ScanOptions): AsyncGenerator<T, void> {
    checkArity("scanIter", 1, arguments, "the returned iterator");
    const { executor, call } = this[DEPENDENCIES];
    if (isOneNode(executor)) return super.scanIter(options);
    return clusterScanIter({ router: routerOf(this), call }, options);
  }

  /** @internal */
  protected override run<V>(
    info: CommandInfo,
    args: readonly Arg[],
    decode?: Decoder | null,
  ): Promise<V> {
    if ((info.flags & SEVERAL_REQUESTS) === 0) return super.run(info, args, decode);
    const decoder = decoderFor(info, decode, this[DEPENDENCIES].call);
    return this[EXECUTE]({ info, args, decode: decoder }) as Promise<V>;
  }

  /** @internal */
  override [EXECUTE](command: Command): Promise<unknown> {
    const { executor, call } = this[DEPENDENCIES];
    const { flags } = command.info;
    if ((flags & SEVERAL_REQUESTS) === 0 || isOneNode(executor)) return super[EXECUTE](command);
    const router = routerOf(this);
    if ((flags & SPLIT) !== 0) return executeSplit({ executor, call }, command, router);
    const policy = policyOf(command.info, command.args);
    if (policy === undefined) return super[EXECUTE](command);
    return executeByPolicy({ router, call }, command, policy);
  }

  /**
   * Connect now instead of at the first command.
   * @returns When the nodes are known and one has replied.
   * @throws {@link RedisClusterException} when no node returns the slots, or, with `requireFullCoverage`, when a
   * slot has no node; {@link ConnectionError} when no node can be reached.
   */
  override async connect(): Promise<void> {
    checkArity("connect", 0, arguments);
    await super.connect();
    await routerOf(this).connect();
  }
}

/** A client for a Redis or Valkey cluster. */
export interface RedisCluster<
  T extends string | Buffer = string,
  I extends number | bigint = number,
> extends RedisClusterClient<T, I> {}

/** A client with a dedicated connection to one node of a cluster. */
export interface DedicatedRedisCluster<
  T extends string | Buffer = string,
  I extends number | bigint = number,
> extends RedisCluster<T, I>,
    DedicatedCommands<T, I> {}

/** The view of a cluster client of type `C`. */
export type ClusterViewOf<C, T extends string | Buffer, I extends number | bigint> = C extends {
  readonly clientTracking: unknown;
}
  ? DedicatedRedisCluster<T, I>
  : RedisCluster<T, I>;

/** The constructor of cluster clients; the options determine the types of the replies. */
export interface RedisClusterConstructor
  extends Pick<typeof RedisClusterClient, "RESPONSE_CALLBACKS" | "fromUrl"> {
  /** Create a client from options: `startupNodes`, `url`, or `host` and `port`. Nothing is connected yet. */
  new <O extends Given<O, RedisClusterOptions> = RedisClusterOptions & Unset>(
    options?: O,
  ): RedisCluster<TextOf<O>, IntOf<O>>;
  /** Create a client from the host or URL of one node. Nothing is connected yet. */
  new <O extends Given<O, RedisClusterOptions> = RedisClusterOptions & Unset>(
    target: string | URL | undefined,
    options?: O,
  ): RedisCluster<TextOf<O>, IntOf<O>>;
  /** Create a client from the host and port of one node. Nothing is connected yet. */
  new <O extends Given<O, RedisClusterOptions> = RedisClusterOptions & Unset>(
    host: string,
    port: number,
    options?: O,
  ): RedisCluster<TextOf<O>, IntOf<O>>;
  readonly prototype: RedisCluster<string | Buffer, number | bigint>;
}

/** A client for a Redis or Valkey cluster. */
export const RedisCluster: RedisClusterConstructor =
  RedisClusterClient as unknown as RedisClusterConstructor;
