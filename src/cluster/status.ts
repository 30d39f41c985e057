/** The state of a cluster client, from the states of its nodes. Pure. */
import type { ConnectionStatus } from "../pool/observed-pool.js";
import type { NodePool } from "./node-pool.js";

/** The first of these that a node has is that of the client: one open connection makes it ready. */
const ORDER = ["ready", "reconnecting", "connecting"] as const;

/** Return the state of a client of these nodes. */
export function clusterStatus(nodes: readonly Pick<NodePool, "status">[]): ConnectionStatus {
  const present = new Set(nodes.map(({ status }) => status));
  return ORDER.find((status) => present.has(status)) ?? "idle";
}
