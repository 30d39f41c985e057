/** Owns the types of what a server tells about its cluster. Types only. */

/** What CLUSTER INFO tells; names are the server's. */
export interface ClusterInfo {
  [field: string]: string | number | undefined;
  /** `"ok"`, or `"fail"` when the node cannot serve. */
  cluster_state: string;
  /** How many of the 16384 slots belong to some node. */
  cluster_slots_assigned: number;
  /** How many of them belong to nodes that are well. */
  cluster_slots_ok: number;
  /** How many belong to nodes that may have failed. */
  cluster_slots_pfail: number;
  /** How many belong to nodes that have failed. */
  cluster_slots_fail: number;
  /** How many nodes this one knows, itself included. */
  cluster_known_nodes: number;
  /** How many masters have slots. */
  cluster_size: number;
  /** Highest epoch this node knows. */
  cluster_current_epoch: number;
  /** Epoch of this node's own slots. */
  cluster_my_epoch: number;
  /** Messages sent over the cluster's bus. */
  cluster_stats_messages_sent: number;
  /** Messages received over the cluster's bus. */
  cluster_stats_messages_received: number;
  /** Links closed because too much waited on them, since Redis 7.0. */
  total_cluster_links_buffer_limit_exceeded?: number;
}

/** First and last slot of a range, both included. */
export type SlotRange = [start: number, end: number];

/** A slot on its way from one node to another. */
export interface SlotMigration {
  /** The slot, from 0. */
  slot: number;
  /** The node it goes to, or for `"importing"` the node it comes from. */
  nodeId: string;
  /** Which way it goes: away from the node asked, or to it. */
  state: "migrating" | "importing";
}

/** A node, as CLUSTER NODES describes it. */
export interface ClusterNode {
  /** Identity of the node, 40 hexadecimal digits. */
  nodeId: string;
  /** Address for clients; empty when this node does not know it. */
  host: string;
  /** Port for clients. */
  port: number;
  /** Port of the cluster's bus. */
  busPort: number;
  /** Name of the host, when it was given one; since Redis 7.0. */
  hostname?: string;
  /** Such as `"myself"`, `"master"`, `"slave"`, `"fail?"`, `"fail"`, `"handshake"`, `"noaddr"`. */
  flags: string[];
  /** The master it replicates, or `null`. */
  masterId: string | null;
  /** When the ping was sent that it has not answered yet, or `null`. */
  lastPingSent: Date | null;
  /** When it answered last, or `null`. */
  lastPongRcvd: Date | null;
  /** Epoch of its slots. */
  epoch: number;
  /** Whether the link of the cluster's bus to it is up. */
  connected: boolean;
  /** The slots it has. */
  slots: SlotRange[];
  /** Only of the node asked. */
  migrations: SlotMigration[];
}

/** A node, as CLUSTER SLOTS describes it. */
export interface ClusterSlotNode {
  /** Where clients reach it, or `null`: where the client reached the node it asked. */
  host: string | null;
  /** Port for clients. */
  port: number;
  /** Identity of the node, 40 hexadecimal digits. */
  nodeId: string;
  /** Other addresses, such as `ip` and `hostname`; since Redis 7.0. */
  metadata: Record<string, string>;
}

/** A range of slots and the nodes that have it. */
export interface ClusterSlots {
  /** First slot. */
  start: number;
  /** Last slot, included. */
  end: number;
  /** The node that takes writes for them. */
  master: ClusterSlotNode;
  /** The nodes that replicate it. */
  replicas: ClusterSlotNode[];
}

/** A node, as CLUSTER SHARDS describes it; names are the server's. */
export interface ClusterShardNode {
  [field: string]: string | number | undefined;
  /** Identity of the node, 40 hexadecimal digits. */
  id: string;
  /** Port without TLS, when there is one. */
  port?: number;
  /** Port with TLS, when there is one. */
  "tls-port"?: number;
  /** IP address of the node. */
  ip: string;
  /** Where clients shall reach it. */
  endpoint: string;
  /** Name of the host, when it was given one. */
  hostname?: string;
  /** `"master"` or `"replica"`. */
  role: string;
  /** Bytes of the replication stream it has. */
  "replication-offset": number;
  /** `"online"`, `"failed"` or `"loading"`. */
  health: string;
}

/** Nodes that have the same slots. */
export interface ClusterShard {
  /** The slots they have. */
  slots: SlotRange[];
  /** The master and its replicas. */
  nodes: ClusterShardNode[];
}

/** A link of the cluster's bus; names are the server's. */
export interface ClusterLink {
  [field: string]: string | number | Date | undefined;
  /** `"to"` or `"from"` the other node. */
  direction: string;
  /** The other node. */
  node: string;
  /** When it was made. */
  "create-time": Date;
  /** `r` and `w`: what the server waits for on the socket. */
  events: string;
  /** Bytes its buffer has room for. */
  "send-buffer-allocated": number;
  /** Bytes that wait in its buffer. */
  "send-buffer-used": number;
}

/** How a slot was used. */
export interface ClusterSlotStats {
  /** The slot, from 0. */
  slot: number;
  /** Numbers by the server's names: `key-count`, `cpu-usec`, `network-bytes-in` (bytes) and more. */
  stats: Record<string, number>;
}

type ResetMode = "HARD" | "SOFT";
/** How CLUSTER RESET forgets: with its identity and epochs, or without. */
export type ClusterResetMode = ResetMode | Lowercase<ResetMode>;

type FailoverMode = "FORCE" | "TAKEOVER";
/** How CLUSTER FAILOVER overrules: the master that is gone, or the other masters as well. */
export type ClusterFailoverMode = FailoverMode | Lowercase<FailoverMode>;

type SlotStateWord = "IMPORTING" | "MIGRATING" | "NODE" | "STABLE";
/** What CLUSTER SETSLOT says of a slot. */
export type SlotState = SlotStateWord | Lowercase<SlotStateWord>;

type SlotMetricWord = "KEY-COUNT" | "CPU-USEC" | "NETWORK-BYTES-IN" | "NETWORK-BYTES-OUT";
/** What CLUSTER SLOT-STATS can order slots by. */
export type SlotMetric = SlotMetricWord | Lowercase<SlotMetricWord>;
