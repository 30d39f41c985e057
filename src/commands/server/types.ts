/** Reply types of the server commands. Types only. */

/** A scalar value of INFO: a number when the whole text is one, otherwise the text. */
export type InfoScalar = string | number | boolean;

/**
 * A value of INFO: a scalar, several values in one field (`db0`, `cmdstat_get`), or a list
 * (`modules`).
 */
export type InfoValue =
  | InfoScalar
  | Record<string, InfoScalar>
  | (InfoScalar | Record<string, InfoScalar>)[];

/** Statistics of a database, in INFO. */
export type InfoDatabase = {
  /** Number of keys. */
  keys: number;
  /** Number of keys with an expiry. */
  expires: number;
  /** Average time to live of these keys, in milliseconds. */
  avg_ttl: number;
};

/** Statistics of a command, in INFO. */
export type InfoCommand = {
  /** Number of calls. */
  calls: number;
  /** CPU time of all calls, in microseconds. */
  usec: number;
  /** CPU time per call, in microseconds. */
  usec_per_call: number;
  /** Number of calls rejected before execution. */
  rejected_calls: number;
  /** Number of calls that failed during execution. */
  failed_calls: number;
};

/** Statistics of an error code, in INFO. */
export type InfoErrorCode = {
  /** Number of occurrences. */
  count: number;
};

/** A replica, in INFO. */
export type InfoReplica = {
  /** IP address. */
  ip: string;
  /** Port. */
  port: number;
  /** State; `"online"` when it receives writes. */
  state: string;
  /** Acknowledged replication offset, in bytes. */
  offset: number;
  /** Seconds since its last acknowledgement. */
  lag: number;
};

/**
 * Reply of INFO, by field. The fields depend on the server and the requested sections; only common
 * ones are declared here. Names of software, hosts, files and hashes are always text.
 */
export interface InfoReply {
  [field: string]: InfoValue | undefined;
  /** A database with keys. */
  [database: `db${number}`]: InfoDatabase | undefined;
  /** Statistics of a command (section `commandstats`). */
  [command: `cmdstat_${string}`]: InfoCommand | undefined;
  /** Statistics of an error code (section `errorstats`). */
  [error: `errorstat_${string}`]: InfoErrorCode | undefined;
  /** Latency percentiles of a command, in microseconds by `p50` etc. (section `latencystats`). */
  [latency: `latency_percentiles_usec_${string}`]: Record<string, number> | undefined;
  /** A replica, on a master. */
  [replica: `slave${number}`]: InfoReplica | undefined;
  /** Loaded modules. */
  modules?: Record<string, InfoScalar>[];
  /** Lines without a field name. */
  __raw__?: string[];

  /** Server version; on Valkey, the compatible Redis version. */
  redis_version?: string;
  /** Valkey version. */
  valkey_version?: string;
  /** Git commit of the build; `"00000000"` if unknown. */
  redis_git_sha1?: string;
  /** Build ID. */
  redis_build_id?: string;
  /** `"standalone"`, `"sentinel"` or `"cluster"`. */
  redis_mode?: string;
  /** Operating system, version and architecture. */
  os?: string;
  /** Pointer size in bits: 32 or 64. */
  arch_bits?: number;
  /** Process ID of the server. */
  process_id?: number;
  /** Random ID of this run of the server. */
  run_id?: string;
  /** TCP port; 0 if disabled. */
  tcp_port?: number;
  /** Server time, as a Unix time in microseconds. */
  server_time_usec?: number;
  /** Uptime in seconds. */
  uptime_in_seconds?: number;
  /** Uptime in whole days. */
  uptime_in_days?: number;
  /** Frequency of the server's background tasks, in Hz. */
  hz?: number;
  /** Path of the executable. */
  executable?: string;
  /** Path of the configuration file; empty for none. */
  config_file?: string;

  /** Number of client connections, excluding replicas. */
  connected_clients?: number;
  /** Maximum number of client connections. */
  maxclients?: number;
  /** Number of clients blocked by a command. */
  blocked_clients?: number;
  /** Number of clients with CLIENT TRACKING enabled. */
  tracking_clients?: number;

  /** Memory allocated by the server, in bytes. */
  used_memory?: number;
  /** Human-readable `used_memory`, such as `"1.05M"`. */
  used_memory_human?: string;
  /** Resident set size, in bytes. */
  used_memory_rss?: number;
  /** Peak of `used_memory`, in bytes. */
  used_memory_peak?: number;
  /** Size of the data set, in bytes. */
  used_memory_dataset?: number;
  /** Memory of the host, in bytes. */
  total_system_memory?: number;
  /** Memory limit in bytes; 0 for none. */
  maxmemory?: number;
  /** Eviction policy, such as `"noeviction"`. */
  maxmemory_policy?: string;
  /** `used_memory_rss` divided by `used_memory`. */
  mem_fragmentation_ratio?: number;
  /** Name and version of the memory allocator. */
  mem_allocator?: string;

  /** 1 while loading a file. */
  loading?: number;
  /** Number of changes since the last save. */
  rdb_changes_since_last_save?: number;
  /** 1 while BGSAVE runs. */
  rdb_bgsave_in_progress?: number;
  /** Time of the last save, as a Unix time in seconds. */
  rdb_last_save_time?: number;
  /** Result of the last BGSAVE: `"ok"` or `"err"`. */
  rdb_last_bgsave_status?: string;
  /** 1 if the append-only file is enabled. */
  aof_enabled?: number;
  /** 1 while the append-only file is rewritten. */
  aof_rewrite_in_progress?: number;

  /** Connections accepted since the start. */
  total_connections_received?: number;
  /** Commands processed since the start. */
  total_commands_processed?: number;
  /** Commands processed per second, recently. */
  instantaneous_ops_per_sec?: number;
  /** Bytes received since the start. */
  total_net_input_bytes?: number;
  /** Bytes sent since the start. */
  total_net_output_bytes?: number;
  /** Connections rejected because of `maxclients`. */
  rejected_connections?: number;
  /** Keys expired since the start. */
  expired_keys?: number;
  /** Keys evicted since the start. */
  evicted_keys?: number;
  /** Successful key lookups since the start. */
  keyspace_hits?: number;
  /** Failed key lookups since the start. */
  keyspace_misses?: number;
  /** Number of channels with subscribers. */
  pubsub_channels?: number;
  /** Number of patterns with subscribers. */
  pubsub_patterns?: number;
  /** Duration of the last fork, in microseconds. */
  latest_fork_usec?: number;
  /** Error replies since the start. */
  total_error_replies?: number;

  /** `"master"` or `"slave"`. */
  role?: string;
  /** Number of connected replicas. */
  connected_slaves?: number;
  /** Replication ID. */
  master_replid?: string;
  /** Replication ID before a failover; zeros for none. */
  master_replid2?: string;
  /** Replication offset, in bytes. */
  master_repl_offset?: number;
  /** On a replica: host of the master. */
  master_host?: string;
  /** On a replica: port of the master. */
  master_port?: number;
  /** On a replica: link to the master, `"up"` or `"down"`. */
  master_link_status?: string;
  /** On a replica: seconds since the last data from the master. */
  master_last_io_seconds_ago?: number;

  /** System CPU time of the server, in seconds. */
  used_cpu_sys?: number;
  /** User CPU time of the server, in seconds. */
  used_cpu_user?: number;
  /** 1 in cluster mode. */
  cluster_enabled?: number;
}

/** Reply of MEMORY STATS, sizes in bytes; `db.0` and similar are nested records. */
export type MemoryStats = Record<string, string | number | Record<string, string | number>>;

/** An entry of the slow log. */
export interface SlowlogEntry {
  /** Entry ID; increases until the server restarts. */
  id: number;
  /** Start time of the command. */
  startTime: Date;
  /** Duration in microseconds. */
  duration: number;
  /** Command and arguments, joined by spaces; invalid text as `\xff`. */
  command: string;
  /** Command and arguments as bytes; the server shortens long ones. */
  args: Buffer[];
  /** Address of the client, if reported. */
  clientAddress?: string;
  /** Name of the client, if reported. */
  clientName?: string;
  /** Redis Enterprise only: complexity of the command. */
  complexity?: string;
}

/** Internal representation of a value. */
export interface DebugObject {
  [field: string]: string | number | undefined;
  /** Kind of object: `"Value"`. */
  type: string;
  /** Memory address. */
  at?: string;
  /** Reference count. */
  refcount?: number;
  /** Encoding, such as `"embstr"` or `"listpack"`. */
  encoding?: string;
  /** Serialized size, in bytes. */
  serializedlength?: number;
  /** LRU clock of the last access. */
  lru?: number;
  /** Seconds since the last access. */
  lru_seconds_idle?: number;
}

/** Latest latency spike of an event. */
export interface LatencyEvent {
  /** Event name, such as `"command"`. */
  event: string;
  /** Time of the latest spike, in whole seconds. */
  time: Date;
  /** Latency of the latest spike, in milliseconds. */
  latest: number;
  /** Highest latency since the last reset, in milliseconds. */
  max: number;
}

/** A latency spike. */
export interface LatencySample {
  /** Time, in whole seconds. */
  time: Date;
  /** Latency in milliseconds. */
  latency: number;
}

/** Latency histogram of a command. */
export interface LatencyHistogram {
  /** Number of calls. */
  calls: number;
  /** Cumulative number of calls up to each latency; ascending, with gaps. */
  buckets: [microseconds: number, calls: number][];
}

/** Reply of ROLE on a master. */
export interface MasterRole {
  /** Role, as the server names it. */
  role: "master";
  /** Replication offset, in bytes. */
  offset: number;
  /** Connected replicas. */
  replicas: {
    /** Address of the replica. */
    host: string;
    /** Port of the replica. */
    port: number;
    /** Acknowledged replication offset, in bytes. */
    offset: number;
  }[];
}

/** Reply of ROLE on a replica. */
export interface ReplicaRole {
  /** Role, as the server names it. */
  role: "slave";
  /** Host of the master. */
  host: string;
  /** Port of the master. */
  port: number;
  /** State of the link: `"connect"`, `"connecting"`, `"handshake"`, `"sync"` or `"connected"`. */
  state: string;
  /** Received replication offset, in bytes; -1 before any data. */
  offset: number;
}

/** Reply of ROLE on a Sentinel. */
export interface SentinelRole {
  /** Role, as the server names it. */
  role: "sentinel";
  /** Names of the monitored masters. */
  masters: string[];
}

/** Reply of ROLE; `role` identifies the variant. */
export type RoleReply = MasterRole | ReplicaRole | SentinelRole;

/** A loaded module. */
export interface ModuleDetails {
  /** Module name. */
  name: string;
  /** Version as one number, defined by the module. */
  ver: number;
  /** Path of the module file, if reported. */
  path?: string;
  /** Arguments of the module, if reported. */
  args?: string[];
}
