/** Argument and reply types of the CLUSTER commands. Types only. */

/** Reply of CLUSTER INFO, with the server's field names. */
export interface ClusterInfo {
  [field: string]: string | number | undefined;
  /** `"ok"`, or `"fail"` when the node cannot serve queries. */
  cluster_state: string;
  /** Number of slots assigned to a node, of 16384. */
  cluster_slots_assigned: number;
  /** Number of assigned slots whose node is reachable. */
  cluster_slots_ok: number;
  /** Number of slots whose node may have failed (PFAIL). */
  cluster_slots_pfail: number;
  /** Number of slots whose node has failed (FAIL). */
  cluster_slots_fail: number;
  /** Number of known nodes, this one included. */
  cluster_known_nodes: number;
  /** Number of masters with slots. */
  cluster_size: number;
  /** Highest epoch known to the node. */
  cluster_current_epoch: number;
  /** Config epoch of the node. */
  cluster_my_epoch: number;
  /** Messages sent over the cluster bus. */
  cluster_stats_messages_sent: number;
  /** Messages received over the cluster bus. */
  cluster_stats_messages_received: number;
  /** Links closed because of full buffers, since Redis 7.0. */
  total_cluster_links_buffer_limit_exceeded?: number;
}

/** First and last slot of a range, inclusive. */
export type SlotRange = [start: number, end: number];

/** A slot in migration between nodes. */
export interface SlotMigration {
  /** Slot number. */
  slot: number;
  /** The target node, or for `"importing"` the source node. */
  nodeId: string;
  /** Direction: from the queried node, or to it. */
  state: "migrating" | "importing";
}

/** A node, as in CLUSTER NODES. */
export interface ClusterNodeDetail {
  /** Node ID, 40 hexadecimal digits. */
  nodeId: string;
  /** Client address; empty if unknown to the queried node. */
  host: string;
  /** Client port. */
  port: number;
  /** Cluster bus port. */
  busPort: number;
  /** Host name, if configured; since Redis 7.0. */
  hostname?: string;
  /**
   * Flags, such as `"myself"`, `"master"`, `"slave"`, `"fail?"`, `"fail"`, `"handshake"`,
   * `"noaddr"`.
   */
  flags: string[];
  /** ID of the master it replicates, or `null`. */
  masterId: string | null;
  /** Time of the pending ping, or `null`. */
  lastPingSent: Date | null;
  /** Time of the last pong, or `null`. */
  lastPongRcvd: Date | null;
  /** Config epoch. */
  epoch: number;
  /** Whether the cluster bus link to the node is up. */
  connected: boolean;
  /** Assigned slots. */
  slots: SlotRange[];
  /** Slots in migration; only for the queried node. */
  migrations: SlotMigration[];
}

/** A node, as in CLUSTER SLOTS. */
export interface ClusterSlotNode {
  /** Client address; `null`: the address used to reach the queried node. */
  host: string | null;
  /** Client port. */
  port: number;
  /** Node ID, 40 hexadecimal digits. */
  nodeId: string;
  /** Other addresses, such as `ip` and `hostname`; since Redis 7.0. */
  metadata: Record<string, string>;
}

/** A range of slots and its nodes. */
export interface ClusterSlots {
  /** First slot. */
  start: number;
  /** Last slot, inclusive. */
  end: number;
  /** Node that accepts writes. */
  master: ClusterSlotNode;
  /** Replicas of that node. */
  replicas: ClusterSlotNode[];
}

/** A node, as in CLUSTER SHARDS, with the server's field names. */
export interface ClusterShardNode {
  [field: string]: string | number | undefined;
  /** Node ID, 40 hexadecimal digits. */
  id: string;
  /** Port without TLS, if enabled. */
  port?: number;
  /** TLS port, if enabled. */
  "tls-port"?: number;
  /** IP address. */
  ip: string;
  /** Preferred address for clients. */
  endpoint: string;
  /** Host name, if configured. */
  hostname?: string;
  /** `"master"` or `"replica"`. */
  role: string;
  /** Replication offset, in bytes. */
  "replication-offset": number;
  /** `"online"`, `"failed"` or `"loading"`. */
  health: string;
}

/** A shard: nodes with the same slots. */
export interface ClusterShard {
  /** Slots of the shard. */
  slots: SlotRange[];
  /** Master and replicas. */
  nodes: ClusterShardNode[];
}

/** A cluster bus link, with the server's field names. */
export interface ClusterLink {
  [field: string]: string | number | Date | undefined;
  /** `"to"` or `"from"` the other node. */
  direction: string;
  /** ID of the other node. */
  node: string;
  /** Creation time. */
  "create-time": Date;
  /** Socket events the server waits for: `r`, `w`. */
  events: string;
  /** Size of the send buffer, in bytes. */
  "send-buffer-allocated": number;
  /** Used part of the send buffer, in bytes. */
  "send-buffer-used": number;
}

/** Usage statistics of a slot. */
export interface ClusterSlotStats {
  /** Slot number. */
  slot: number;
  /** Values by the server's names: `key-count`, `cpu-usec`, `network-bytes-in` (bytes) and more. */
  stats: Record<string, number>;
}

type ResetMode = "HARD" | "SOFT";
/** Mode of CLUSTER RESET: with or without resetting node ID and epochs. */
export type ClusterResetMode = ResetMode | Lowercase<ResetMode>;

type FailoverMode = "FORCE" | "TAKEOVER";
/** Mode of CLUSTER FAILOVER: without the master, or also without the votes of the other masters. */
export type ClusterFailoverMode = FailoverMode | Lowercase<FailoverMode>;

type SlotStateWord = "IMPORTING" | "MIGRATING" | "NODE" | "STABLE";
/** State of a slot for CLUSTER SETSLOT. */
export type SlotState = SlotStateWord | Lowercase<SlotStateWord>;

type SlotMetricWord = "KEY-COUNT" | "CPU-USEC" | "NETWORK-BYTES-IN" | "NETWORK-BYTES-OUT";
/** Metric of CLUSTER SLOT-STATS. */
export type SlotMetric = SlotMetricWord | Lowercase<SlotMetricWord>;
