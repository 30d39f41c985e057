/** The options of a subscriber on a cluster: types and checks. Pure. */
import { type PubSubOptions, pubSubOptionNames } from "../pubsub/options.js";
import { onlyKnown } from "../util/validate.js";
import type { SubscriberNode } from "./cluster-subscriptions.js";
import { choiceOf, knownNode, type NodeTarget, nodeTarget } from "./known-nodes.js";
import type { NodeTable } from "./node-table.js";

/** Options of a subscriber on a cluster. */
export interface ClusterPubSubOptions extends PubSubOptions {
  /**
   * Where channels and patterns are subscribed: a node, or `"primaries"` for all of them, which keyspace
   * notifications need. Default: a random primary, and another one when it is lost. Shard channels are always
   * subscribed at the primaries of their slots.
   */
  readonly node?: NodeTarget | "primaries" | undefined;
}

function subscriberNode(table: NodeTable, node: unknown): SubscriberNode {
  if (node === undefined || node === "primaries") return node;
  const target = nodeTarget('option "node"', node);
  if (!table.empty) knownNode('option "node"', table, target);
  return choiceOf(table, target);
}

/**
 * Separate the options of the cluster.
 *
 * @throws DataError for an unknown option, for an invalid node, and for one that the map does not contain.
 */
export function clusterPubSubOptions(table: NodeTable, options: ClusterPubSubOptions = {}) {
  const { node, ...others } = onlyKnown(options, ["node", ...pubSubOptionNames()]);
  return { node: subscriberNode(table, node), options: others };
}
