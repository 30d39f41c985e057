/**
 * The nodes that a caller chooses for a view of a cluster client: checks them, and finds them in the current view at
 * every call. Commands for several nodes return a Map with the value of each.
 */
import { NO_SLOT } from "../commands/core/key-route.js";
import type { CallOptions } from "../execution/call-settings.js";
import type { Address } from "../options/address.js";
import { invalidOption } from "../util/validate.js";
import {
  allNodes,
  choiceOf,
  knownNode,
  type NodeTarget,
  nodeTarget,
  randomOf,
} from "./known-nodes.js";
import type { NodePool } from "./node-pool.js";
import type { ReadOptions } from "./read-view.js";
import type { ClusterRouter } from "./router.js";
import type { NodeChoice } from "./targeted-request.js";

/** One node: a node, any one, or the one that commands without keys go to. */
export type OneTarget = NodeTarget | "random" | "default-node";
/** Several nodes: the nodes that serve slots, their replicas, both, or a list. */
export type SeveralTargets = "primaries" | "replicas" | "all" | readonly NodeTarget[];

/** Settings of the calls of a view of a cluster client. */
export interface ClusterCallOptions extends CallOptions, ReadOptions {
  /**
   * The nodes that execute the commands, whatever their keys: `"random"`, `"default-node"`, or a node for one;
   * `"primaries"`, `"replicas"`, `"all"`, or an array for several, whose values are returned in a Map by name.
   */
  readonly targetNodes?: OneTarget | SeveralTargets | undefined;
}

/** The nodes of a view. */
export type Targets =
  | { readonly several: false; readonly choose: NodeChoice; readonly address?: Address }
  | { readonly several: true; readonly find: () => readonly NodePool[] };

const FORMS =
  '"primaries", "replicas", "all", "random", "default-node", a ClusterNode, [host, port], or an array of nodes';

function flagTargets(router: ClusterRouter, flag: string): Targets | undefined {
  const { table } = router;
  switch (flag) {
    case "primaries":
      return { several: true, find: () => table.primaries };
    case "replicas":
      return { several: true, find: () => table.replicas };
    case "all":
      return { several: true, find: () => allNodes(table) };
    case "random":
      return { several: false, choose: () => randomOf(allNodes(table)) };
    case "default-node":
      return { several: false, choose: () => router.nodeAt(NO_SLOT) };
    default:
      return undefined;
  }
}

/**
 * Check the option `targetNodes`.
 *
 * @throws DataError for something else, and for a node that is not in the current view.
 */
export function targetsOf(router: ClusterRouter, given: unknown): Targets {
  if (typeof given !== "string") return nodeTargets(router, given);
  const found = flagTargets(router, given);
  if (found === undefined) throw invalidOption("targetNodes", FORMS, "another string");
  return found;
}

function nodeTargets({ table }: ClusterRouter, given: unknown): Targets {
  const name = 'option "targetNodes"';
  const checked = (node: unknown): ReturnType<typeof nodeTarget> => {
    const target = nodeTarget(name, node, FORMS);
    // Before the first view the nodes are not known; then they are checked by each call.
    if (!table.empty) knownNode(name, table, target);
    return target;
  };
  if (!Array.isArray(given) || typeof given[0] === "string") {
    const target = checked(given);
    const { host, port } = target;
    return {
      several: false,
      choose: choiceOf(table, target),
      address: { kind: "tcp", host, port },
    };
  }
  if (given.length === 0) throw invalidOption("targetNodes", FORMS, "an empty array");
  const choices = given.map((node: unknown) => choiceOf(table, checked(node)));
  return {
    several: true,
    find: () =>
      [...new Set(choices.map((choose) => choose()))].filter((node) => node !== undefined),
  };
}
