/**
 * The methods of a cluster client about its nodes. They answer at once, from what the client knows of the cluster
 * at that moment, and send nothing.
 */
import { BaseClient } from "../client/base-client.js";
import {
  type ClientDependencies,
  DEPENDENCIES,
  InternalConstructorArgument,
} from "../client/client-state.js";
import { Redis } from "../client/redis.js";
import type { Arg, Key } from "../commands/core/info.js";
import { CommandInfo, READONLY } from "../commands/core/info.js";
import { commandSlot, NO_SLOT } from "../commands/core/key-route.js";
import { keySlot } from "../commands/core/key-slot.js";
import { RedisClusterException, SlotNotCoveredError } from "../errors.js";
import { resolveCommand } from "../execution/resolve-command.js";
import { Monitor } from "../monitor/monitor.js";
import { serverBatchSenders } from "../pipeline/batch-sender.js";
import { boolean, checkArity, checkOptions, nonEmptyText } from "../util/validate.js";
import {
  allNodes,
  choiceOf,
  findNode,
  knownNode,
  NodeDescriptions,
  type NodeTarget,
  nodeTarget,
  randomOf,
} from "./known-nodes.js";
import { NodeExecutor } from "./node-executor.js";
import type { NodePool } from "./node-pool.js";
import { ClusterNode } from "./options.js";
import { ReadExecutor } from "./read-executor.js";
import type { ClusterRouter } from "./router.js";
import type { Shard } from "./slot-map.js";

/** For the message about an argument that cannot be a key. */
const KEYSLOT = new CommandInfo("keyslot", { params: ["key"] });

const descriptions = new NodeDescriptions();

/** Return the router of a cluster client. */
export function routerOf(client: { readonly [DEPENDENCIES]: ClientDependencies }): ClusterRouter {
  // `clusterDependencies` creates it.
  return client[DEPENDENCIES].pool as ClusterRouter;
}

function describe(node: NodePool | undefined, { table }: ClusterRouter): ClusterNode | null {
  if (node === undefined) return null;
  return descriptions.byRole([node], table)[0] ?? null;
}

function describeRandom(nodes: readonly NodePool[], router: ClusterRouter): ClusterNode {
  const node = describe(randomOf(nodes), router);
  if (node !== null) return node;
  const message = "The nodes of the cluster are not known yet; await connect() first";
  throw new RedisClusterException(message, { outcome: "not-sent" });
}

function shardOf(slot: number, { table }: ClusterRouter): Shard<NodePool> {
  const shard = table.shard(slot);
  if (shard !== undefined) return shard;
  const message = `Slot ${slot} has no node that the client knows`;
  throw new SlotNotCoveredError(message, { outcome: "not-sent" });
}

/** Options of {@link NodeMethods.getNodeFromKey}. */
export interface NodeFromKeyOptions {
  /** Boolean, default `false`: whether to return a replica of the node. */
  readonly replica?: boolean | undefined;
}

const FROM_KEY = { replica: boolean };

/** The methods about nodes. */
export abstract class NodeMethods<
  T extends string | Buffer = string,
  I extends number | bigint = number,
> extends BaseClient<T, I> {
  /** Return the primaries and replicas that the client knows; none before it has connected. */
  getNodes(): ClusterNode[] {
    checkArity("getNodes", 0, arguments);
    const { table } = routerOf(this);
    return descriptions.byRole(allNodes(table), table);
  }

  /** Return the nodes that serve slots. */
  getPrimaries(): ClusterNode[] {
    checkArity("getPrimaries", 0, arguments);
    return descriptions.of(routerOf(this).table.primaries, "primary");
  }

  /** Return the replicas of the primaries. The list may be incomplete. */
  getReplicas(): ClusterNode[] {
    checkArity("getReplicas", 0, arguments);
    return descriptions.of(routerOf(this).table.replicas, "replica");
  }

  /**
   * Find a node.
   * @param host - Host name or IP address, or `host:port` without another argument.
   * @param port - Integer.
   * @returns The node, or `null` when the client knows none of that name.
   * @throws {@link DataError} for an invalid argument.
   */
  getNode(name: string): ClusterNode | null;
  getNode(host: string, port: number): ClusterNode | null;
  getNode(host: string, port?: number): ClusterNode | null {
    checkArity("getNode", 2, arguments);
    const { table } = routerOf(this);
    const text = nonEmptyText('getNode: argument "host"', host);
    const node =
      port === undefined ? table.find(text) : findNode(table, new ClusterNode(text, port));
    return describe(node, routerOf(this));
  }

  /**
   * Return one of the nodes, by chance.
   * @throws {@link RedisClusterException} before the client has connected.
   */
  getRandomNode(): ClusterNode {
    checkArity("getRandomNode", 0, arguments);
    const router = routerOf(this);
    return describeRandom(allNodes(router.table), router);
  }

  /**
   * Return one of the primaries, by chance.
   * @throws {@link RedisClusterException} before the client has connected.
   */
  getRandomPrimaryNode(): ClusterNode {
    checkArity("getRandomPrimaryNode", 0, arguments);
    const router = routerOf(this);
    return describeRandom(router.table.primaries, router);
  }

  /**
   * Return one of the nodes that may execute a command, by chance: with `loadBalancingStrategy` all of them for a
   * command that only reads, otherwise the primaries.
   * @param command - Command name, optionally with its subcommand.
   * @throws {@link RedisClusterException} before the client has connected; {@link DataError} for an invalid name.
   */
  getRandomPrimaryOrAllNodes(command: string): ClusterNode {
    checkArity("getRandomPrimaryOrAllNodes", 1, arguments);
    const { call, executor } = this[DEPENDENCIES];
    const { flags } = resolveCommand(command, [], call.callbacks).info;
    const readsAnywhere = executor instanceof ReadExecutor && (flags & READONLY) !== 0;
    return readsAnywhere ? this.getRandomNode() : this.getRandomPrimaryNode();
  }

  /**
   * Return the node of a key.
   * @param options.replica - Boolean, default `false`: return its first replica, `null` when it has none.
   * @throws {@link SlotNotCoveredError} when no node serves the slot of the key, and before the client has connected.
   * @throws {@link DataError} when `key` cannot be a key.
   */
  getNodeFromKey(
    key: Key,
    options?: NodeFromKeyOptions & { readonly replica?: false },
  ): ClusterNode;
  getNodeFromKey(key: Key, options: NodeFromKeyOptions): ClusterNode | null;
  getNodeFromKey(key: Key, options: NodeFromKeyOptions = {}): ClusterNode | null {
    checkArity("getNodeFromKey", 2, arguments);
    const { replica = false } = checkOptions(FROM_KEY, options);
    const router = routerOf(this);
    const { primary, replicas } = shardOf(this.keyslot(key), router);
    return describe(replica ? replicas[0] : primary, router);
  }

  /**
   * Return the nodes of the keys of a command: their primary.
   * @param command - Command name, optionally with its subcommand.
   * @param args - Its arguments.
   * @throws As {@link NodeMethods.determineSlot} and {@link NodeMethods.getNodeFromKey}.
   */
  getNodesFromSlot(command: string, ...args: readonly Arg[]): ClusterNode[] {
    const { primary } = shardOf(this.determineSlot(command, ...args), routerOf(this));
    return descriptions.of([primary], "primary");
  }

  /**
   * Return the slot of a key, without asking a server.
   * @returns Integer, 0 to 16383.
   * @throws {@link DataError} when `key` cannot be a key.
   */
  keyslot(key: Key): number {
    checkArity("keyslot", 1, arguments);
    const { encoder, settings } = routerOf(this);
    encoder.check(KEYSLOT, [key]);
    return keySlot(key, settings.encoding);
  }

  /**
   * Return the slot of the keys of a command, without asking a server.
   * @param command - Command name, optionally with its subcommand.
   * @param args - Its arguments.
   * @throws {@link ClusterCrossSlotError} for keys in different slots; {@link RedisClusterException} for a command
   * without keys.
   */
  determineSlot(command: string, ...args: readonly Arg[]): number {
    const { encoder, settings } = routerOf(this);
    const { info, args: words } = resolveCommand(command, args, this[DEPENDENCIES].call.callbacks);
    encoder.check(info, words);
    const slot = commandSlot(info, words, settings.encoding);
    if (slot !== NO_SLOT) return slot;
    const message = `${info.name} has no keys, which determine the slot`;
    throw new RedisClusterException(message, { command: info.name, outcome: "not-sent" });
  }

  /** Return the node that commands without keys go to, `null` before the client has connected. */
  getDefaultNode(): ClusterNode | null {
    checkArity("getDefaultNode", 0, arguments);
    const router = routerOf(this);
    return describe(router.nodeAt(NO_SLOT), router);
  }

  /**
   * Send commands without keys to a node, until it fails or leaves.
   * @returns Whether the client knows the node; otherwise nothing changes.
   * @throws {@link DataError} for something else than a node.
   */
  setDefaultNode(node: NodeTarget): boolean {
    checkArity("setDefaultNode", 1, arguments);
    const router = routerOf(this);
    const found = findNode(router.table, nodeTarget('setDefaultNode: argument "node"', node));
    if (found !== undefined) router.defaultNode.set(found);
    return found !== undefined;
  }

  /**
   * Send commands without keys to another node.
   * @param node - The node; default: another primary, by chance. Without another node nothing changes.
   * @throws {@link DataError} for a node that is not known.
   */
  replaceDefaultNode(node?: NodeTarget): void {
    checkArity("replaceDefaultNode", 1, arguments);
    const router = routerOf(this);
    const { table } = router;
    if (node !== undefined) {
      router.defaultNode.set(knownNode('replaceDefaultNode: argument "node"', table, node));
      return;
    }
    const present = router.nodeAt(NO_SLOT);
    const other = (nodes: NodePool[]) => randomOf(nodes.filter((one) => one !== present));
    router.defaultNode.set(other(table.primaries) ?? other(table.replicas) ?? present);
  }

  /**
   * Return a client of one node, over the connections of this client. Error replies are not redirected there.
   * @param node - A node that this client knows.
   * @returns A client; closing it does not close this client.
   * @throws {@link DataError} for a node that is not known.
   */
  getRedisConnection(node: NodeTarget): Redis<T, I> {
    checkArity("getRedisConnection", 1, arguments);
    const router = routerOf(this);
    const { table } = router;
    const name = 'getRedisConnection: argument "node"';
    const { pool, address } = knownNode(name, table, node);
    const choose = choiceOf(table, nodeTarget(name, node));
    const executor = new NodeExecutor(router, choose, { kind: "tcp", ...address });
    const dependencies: ClientDependencies = {
      ...this[DEPENDENCIES],
      pool,
      executor,
      leaseProvider: executor,
      senders: serverBatchSenders(router.settings),
      call: this[DEPENDENCIES].call.with({}),
      ownsExecutor: false,
    };
    const Class = Redis as unknown as new (argument: InternalConstructorArgument) => Redis<T, I>;
    return new Class(new InternalConstructorArgument(dependencies));
  }

  /**
   * Create a monitor of all commands that one node executes. It leases a connection when it is first used.
   * @param targetNode - A node that this client knows; default: the one that commands without keys go to then.
   * @throws {@link DataError} for a node that is not known.
   * @see {@link https://redis.io/docs/latest/commands/monitor/ | MONITOR}
   */
  monitor(targetNode?: NodeTarget): Monitor {
    checkArity("monitor", 1, arguments, "the returned monitor");
    const router = routerOf(this);
    const { table } = router;
    if (targetNode === undefined)
      return new Monitor(new NodeExecutor(router, () => router.nodeAt(NO_SLOT)));
    const name = 'monitor: argument "targetNode"';
    knownNode(name, table, targetNode);
    const choose = choiceOf(table, nodeTarget(name, targetNode));
    return new Monitor(new NodeExecutor(router, choose));
  }

  /** Close the connections to all nodes immediately, as {@link BaseClient.disconnect} does. */
  disconnectConnectionPools(): void {
    checkArity("disconnectConnectionPools", 0, arguments, "the promise of close()");
    this.disconnect();
  }
}
