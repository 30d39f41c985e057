/** Owns the types of what a server tells about itself. Types only. */

/** A value of INFO: a number where the text is one that a number holds, otherwise the text. */
export type InfoScalar = string | number | boolean;

/** A value of INFO; several under one name (`db0`, `cmdstat_get`), or a list (`modules`). */
export type InfoValue =
  | InfoScalar
  | Record<string, InfoScalar>
  | (InfoScalar | Record<string, InfoScalar>)[];

/** What INFO says of a database that has keys. */
export type InfoDatabase = {
  /** How many keys it has. */
  keys: number;
  /** How many of them expire. */
  expires: number;
  /** Average time to live of those, in milliseconds. */
  avg_ttl: number;
};

/** What INFO says of how a command was used. */
export type InfoCommand = {
  calls: number;
  /** Processor time of all calls, in microseconds. */
  usec: number;
  /** The same per call, in microseconds. */
  usec_per_call: number;
  /** Calls refused before they ran. */
  rejected_calls: number;
  /** Calls that failed while they ran. */
  failed_calls: number;
};

/** What INFO says of a replica. */
export type InfoReplica = {
  ip: string;
  port: number;
  /** `"online"` when it receives writes. */
  state: string;
  /** Bytes of the replication stream it has acknowledged. */
  offset: number;
  /** Seconds since it was heard of. */
  lag: number;
};

/**
 * What INFO says, by field; which fields there are depends on the server and on the sections asked
 * for. The common ones are typed here. Names of software, hosts, files and hashes are always text.
 */
export interface InfoReply {
  [field: string]: InfoValue | undefined;
  /** A database that has keys. */
  [database: `db${number}`]: InfoDatabase | undefined;
  /** How a command was used (section `commandstats`). */
  [command: `cmdstat_${string}`]: InfoCommand | undefined;
  /** How often an error code was given (section `errorstats`). */
  [error: `errorstat_${string}`]: { count: number } | undefined;
  /** Microseconds by percentile (`p50`) of a command (section `latencystats`). */
  [latency: `latency_percentiles_usec_${string}`]: Record<string, number> | undefined;
  /** A replica, on a master. */
  [replica: `slave${number}`]: InfoReplica | undefined;
  /** Modules that are loaded. */
  modules?: Record<string, InfoScalar>[];
  /** Lines that have no name. */
  __raw__?: string[];

  redis_version?: string;
  /** Of Valkey, whose `redis_version` tells what it is compatible with. */
  valkey_version?: string;
  redis_git_sha1?: string;
  redis_build_id?: string;
  /** `"standalone"`, `"sentinel"` or `"cluster"`. */
  redis_mode?: string;
  os?: string;
  arch_bits?: number;
  process_id?: number;
  /** Identifier of this run of the server. */
  run_id?: string;
  tcp_port?: number;
  /** Unix time of the server, in microseconds. */
  server_time_usec?: number;
  uptime_in_seconds?: number;
  uptime_in_days?: number;
  /** How often a second the server looks after its own affairs. */
  hz?: number;
  /** Path of the program. */
  executable?: string;
  /** Path of the configuration file; empty when there is none. */
  config_file?: string;

  connected_clients?: number;
  maxclients?: number;
  /** Clients that wait in a blocking command. */
  blocked_clients?: number;
  /** Clients with CLIENT TRACKING on. */
  tracking_clients?: number;

  /** Bytes the allocator gave out. */
  used_memory?: number;
  used_memory_human?: string;
  /** Bytes as the operating system counts them. */
  used_memory_rss?: number;
  /** Highest `used_memory` so far, in bytes. */
  used_memory_peak?: number;
  /** Bytes of the data set. */
  used_memory_dataset?: number;
  /** Bytes of the machine's memory. */
  total_system_memory?: number;
  /** Limit in bytes; 0 for none. */
  maxmemory?: number;
  maxmemory_policy?: string;
  /** `used_memory_rss` divided by `used_memory`. */
  mem_fragmentation_ratio?: number;
  mem_allocator?: string;

  /** 1 while a file is being loaded. */
  loading?: number;
  /** Changes since the last save. */
  rdb_changes_since_last_save?: number;
  /** 1 while a BGSAVE runs. */
  rdb_bgsave_in_progress?: number;
  /** Unix time in seconds. */
  rdb_last_save_time?: number;
  /** `"ok"` or `"err"`. */
  rdb_last_bgsave_status?: string;
  /** 1 when the append-only file is on. */
  aof_enabled?: number;
  /** 1 while the append-only file is being rewritten. */
  aof_rewrite_in_progress?: number;

  total_connections_received?: number;
  total_commands_processed?: number;
  instantaneous_ops_per_sec?: number;
  /** Bytes received. */
  total_net_input_bytes?: number;
  /** Bytes sent. */
  total_net_output_bytes?: number;
  rejected_connections?: number;
  expired_keys?: number;
  evicted_keys?: number;
  keyspace_hits?: number;
  keyspace_misses?: number;
  /** Channels with subscribers. */
  pubsub_channels?: number;
  /** Patterns with subscribers. */
  pubsub_patterns?: number;
  /** How long the last fork took, in microseconds. */
  latest_fork_usec?: number;
  total_error_replies?: number;

  /** `"master"` or `"slave"`. */
  role?: string;
  connected_slaves?: number;
  master_replid?: string;
  master_replid2?: string;
  /** Bytes of the replication stream so far. */
  master_repl_offset?: number;
  /** On a replica. */
  master_host?: string;
  /** On a replica. */
  master_port?: number;
  /** On a replica: `"up"` or `"down"`. */
  master_link_status?: string;
  /** On a replica: seconds since it heard of its master. */
  master_last_io_seconds_ago?: number;

  /** Processor time of the server in the kernel, in seconds. */
  used_cpu_sys?: number;
  /** Processor time of the server itself, in seconds. */
  used_cpu_user?: number;
  /** 1 for a node of a cluster. */
  cluster_enabled?: number;
}

/** What MEMORY STATS says; `db.0` and its like are records of their own. Sizes are bytes. */
export type MemoryStats = Record<string, string | number | Record<string, string | number>>;

/** One command that took long. */
export interface SlowlogEntry {
  /** Number of the entry; grows until the server restarts. */
  id: number;
  /** When the command began. */
  startTime: Date;
  /** How long it took, in microseconds. */
  duration: number;
  /** The command and its arguments, joined by spaces; bytes that are no text as `\xff`. */
  command: string;
  /** The same, exactly; the server shortens long ones. */
  args: Buffer[];
  /** Address of the client, when the server tells it. */
  clientAddress?: string;
  /** Name of the client, when the server tells it. */
  clientName?: string;
  /** Of Redis Enterprise: what made it slow. */
  complexity?: string;
}

/** How a value is kept in memory. */
export interface DebugObject {
  [field: string]: string | number | undefined;
  /** Kind of the object: `"Value"`. */
  type: string;
  /** Address in the server's memory. */
  at?: string;
  refcount?: number;
  encoding?: string;
  /** Bytes of its serialized form. */
  serializedlength?: number;
  /** The server's clock at its last use. */
  lru?: number;
  /** Seconds since its last use. */
  lru_seconds_idle?: number;
}

/** The last spike of an event that the server watches. */
export interface LatencyEvent {
  /** Name of the event, such as `"command"`. */
  event: string;
  /** When it happened last, to the second. */
  time: Date;
  /** How long it took then, in milliseconds. */
  latest: number;
  /** The longest since the last reset, in milliseconds. */
  max: number;
}

/** One spike of an event. */
export interface LatencySample {
  /** When it happened, to the second. */
  time: Date;
  /** How long it took, in milliseconds. */
  latency: number;
}

/** How long the calls of a command took. */
export interface LatencyHistogram {
  calls: number;
  /** How many calls, in all, took up to so many microseconds; ascending, some times left out. */
  buckets: [microseconds: number, calls: number][];
}

/** What a master says of its part in replication. */
export interface MasterRole {
  role: "master";
  /** Bytes of the replication stream so far. */
  offset: number;
  replicas: {
    host: string;
    port: number;
    /** Bytes of the stream it has acknowledged. */
    offset: number;
  }[];
}

/** What a replica says of its part in replication. */
export interface ReplicaRole {
  /** The server's word for a replica. */
  role: "slave";
  /** Host of its master. */
  host: string;
  /** Port of its master. */
  port: number;
  /** State of the link: `"connect"`, `"connecting"`, `"handshake"`, `"sync"` or `"connected"`. */
  state: string;
  /** Bytes of the replication stream received; -1 before there are any. */
  offset: number;
}

/** What a Sentinel says of its part in replication. */
export interface SentinelRole {
  role: "sentinel";
  /** Names of the masters it watches. */
  masters: string[];
}

/** What ROLE says; `role` tells which it is. */
export type RoleReply = MasterRole | ReplicaRole | SentinelRole;

/** A module that is loaded. */
export interface ModuleDetails {
  name: string;
  /** Its version as one number; what it means is the module's business. */
  ver: number;
  /** File it was loaded from, when the server tells it. */
  path?: string;
  /** Arguments it was loaded with, when the server tells them. */
  args?: string[];
}
