/**
 * The nodes of a cluster as users name them: finds them in the current view, and describes them. Reads the table
 * only; a name is resolved at every use, because a node may leave and come back.
 */
import { DataError, RedisClusterException } from "../errors.js";
import { invalidOption, kindOf } from "../util/validate.js";
import type { NodePool } from "./node-pool.js";
import type { NodeTable } from "./node-table.js";
import { ClusterNode } from "./options.js";
import type { NodeChoice } from "./targeted-request.js";
import { nodeName } from "./view.js";

/** A node, as users give it. */
export type NodeTarget = ClusterNode | readonly [host: string, port: number];

/** Most names in a message. */
const NAMED = 10;
/** Other names of the host `localhost`, the usual ones first: nodes announce addresses. */
const LOCAL_HOSTS = ["127.0.0.1", "::1", "localhost"];

/**
 * Check the form of a node.
 *
 * @param name - Name of the argument or option, for the message.
 * @param expected - Description of valid values.
 * @throws DataError for something else.
 */
export function nodeTarget(
  name: string,
  given: unknown,
  expected = "a ClusterNode or [host, port]",
): ClusterNode {
  if (Array.isArray(given) && given.length === 2) return new ClusterNode(given[0], given[1]);
  // Not instanceof: the node may be of another copy of this package.
  const { host, port, name: text } = Object(given) as Partial<ClusterNode>;
  if (typeof host === "string" && port !== undefined && text !== undefined)
    return new ClusterNode(host, port);
  throw invalidOption(name, expected, kindOf(given));
}

/** Find a node of the current view. */
export function findNode(table: NodeTable, { host, port }: ClusterNode): NodePool | undefined {
  const hosts = host === "localhost" ? LOCAL_HOSTS : [host];
  for (const other of hosts) {
    const node = table.find(nodeName({ host: other, port }));
    if (node !== undefined) return node;
  }
  return undefined;
}

/** Return the names of the nodes, for a message. */
export function namesOf(nodes: readonly NodePool[]): string {
  const names = nodes.slice(0, NAMED).map(({ name }) => name);
  const others = nodes.length - names.length;
  return `${names.join(", ")}${others === 0 ? "" : ` and ${others} more`}`;
}

/** Return the primaries and replicas of the current view. */
export function allNodes(table: NodeTable): NodePool[] {
  return [...new Set([...table.primaries, ...table.replicas])];
}

/**
 * Return a node of the current view.
 *
 * @param name - Name of the argument or option, for the message.
 * @throws DataError for something else, and for a node that is not in the view.
 */
export function knownNode(name: string, table: NodeTable, given: unknown): NodePool {
  const target = nodeTarget(name, given);
  const node = findNode(table, target);
  if (node !== undefined) return node;
  const known = table.empty ? "none are known before connect()" : namesOf(allNodes(table));
  throw new DataError(`${name} must be a node of the cluster (${known}), got ${target.name}`);
}

/** Choose one node, which may leave and come back. */
export function choiceOf(table: NodeTable, target: ClusterNode): NodeChoice {
  return () => {
    const node = findNode(table, target);
    if (node !== undefined || table.empty) return node;
    const message = `${target.name} is not a node of the cluster; its nodes are ${namesOf(allNodes(table))}`;
    throw new RedisClusterException(message, { outcome: "not-sent", server: target.name });
  };
}

/** Return one of the nodes, by chance. */
export function randomOf(nodes: readonly NodePool[]): NodePool | undefined {
  return nodes[Math.floor(Math.random() * nodes.length)];
}

/** Describes nodes; the same node with the same role is the same object. */
export class NodeDescriptions {
  readonly #known = new WeakMap<NodePool, ClusterNode>();

  /** Describe nodes of one role. */
  of(nodes: readonly NodePool[], role: "primary" | "replica"): ClusterNode[] {
    return nodes.map((node) => this.#one(node, role));
  }

  /** Describe nodes by their role in the current view. */
  byRole(nodes: readonly NodePool[], table: NodeTable): ClusterNode[] {
    const primaries = new Set(table.primaries);
    return nodes.map((node) => this.#one(node, primaries.has(node) ? "primary" : "replica"));
  }

  #one(node: NodePool, role: "primary" | "replica"): ClusterNode {
    const present = this.#known.get(node);
    if (present?.serverType === role) return present;
    const { host, port } = node.address;
    const described = new ClusterNode(host, port, role);
    this.#known.set(node, described);
    return described;
  }
}
