/**
 * Events about a cluster on the channels `rediswire:redirect`, `rediswire:refresh` and `rediswire:node`. Without
 * subscribers nothing is created; redirects and refreshes are rare, and no command passes through here.
 */
import { channel } from "node:diagnostics_channel";
import {
  addressAttributes,
  baseAttributes,
  isTraced,
  type TraceAttributes,
  type TraceEvent,
  traceChannel,
  traced,
} from "../diagnostics/channels.js";
import type { AskError } from "../errors.js";
import type { NodePool } from "./node-pool.js";
import { type ClusterView, type NodeAddress, nodeName } from "./view.js";

/** A MOVED or ASK was received. */
const REDIRECT = channel("rediswire:redirect");
/** A node has joined or left. */
const NODE = channel("rediswire:node");
/** The slots are read: from the first query to a view, or to the error of all nodes. */
const REFRESH = traceChannel("refresh");

/** Where a redirect comes from and leads to. */
export interface Redirect {
  readonly error: AskError;
  /** Name of the command. */
  readonly command: string;
  readonly from: NodeAddress;
  /** `undefined` when the target cannot be used. */
  readonly to: NodeAddress | undefined;
}

/** The nodes of a map at one moment. */
export type NodeSet = ReadonlySet<NodePool>;

function nodeAttributes(address: NodeAddress, db: number): TraceAttributes {
  return baseAttributes({ kind: "tcp", ...address }, db);
}

/** Whether redirects have a subscriber. */
export function areRedirectsObserved(): boolean {
  return REDIRECT.hasSubscribers;
}

/** Publish a redirect. */
export function publishRedirect({ error, command, from, to }: Redirect, db: number): void {
  const attributes = {
    ...nodeAttributes(from, db),
    "db.operation.name": command,
    "db.response.status_code": error.code,
    "rediswire.slot": error.slotId,
    "rediswire.from": nodeName(from),
    ...(to === undefined ? {} : { "rediswire.to": nodeName(to) }),
  };
  REDIRECT.publish({ attributes } satisfies TraceEvent);
}

/** Whether nodes have a subscriber. */
export function areNodesObserved(): boolean {
  return NODE.hasSubscribers;
}

/** Publish the nodes that only one of two sets has. */
export function publishNodeChanges(before: NodeSet, after: NodeSet, db: number): void {
  const publish = (node: NodePool, change: string): void => {
    const attributes = { ...nodeAttributes(node.address, db), "rediswire.change": change };
    NODE.publish({ attributes } satisfies TraceEvent);
  };
  for (const node of after) if (!before.has(node)) publish(node, "added");
  for (const node of before) if (!after.has(node)) publish(node, "removed");
}

/** A view and the node that returned it. */
export interface FoundView {
  readonly view: ClusterView;
  readonly node: NodePool;
}

/** Publish the start and the end of a refresh. */
export function observeRefresh(db: number, find: () => Promise<FoundView>): Promise<FoundView> {
  if (!isTraced(REFRESH)) return find();
  return traced(
    REFRESH,
    () => baseAttributes(undefined, db),
    find,
    ({ view, node }) => ({
      ...addressAttributes({ kind: "tcp", ...node.address }),
      "rediswire.nodes": countNodes(view),
    }),
  );
}

function countNodes({ ranges }: ClusterView): number {
  return new Set(ranges.flatMap(({ primary, replicas }) => [primary, ...replicas].map(nodeName)))
    .size;
}
