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
  /** How often it was called. */
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

/** What INFO says of an error code. */
export type InfoErrorCode = {
  /** How often it was given. */
  count: number;
};

/** What INFO says of a replica. */
export type InfoReplica = {
  /** Address of the replica. */
  ip: string;
  /** Port of the replica. */
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
 * for. The common ones are typed here, the server's manual of INFO explains the rest. Names of software,
 * hosts, files and hashes are always text.
 */
export interface InfoReply {
  [field: string]: InfoValue | undefined;
  /** A database that has keys. */
  [database: `db${number}`]: InfoDatabase | undefined;
  /** How a command was used (section `commandstats`). */
  [command: `cmdstat_${string}`]: InfoCommand | undefined;
  /** How often an error code was given (section `errorstats`). */
  [error: `errorstat_${string}`]: InfoErrorCode | undefined;
  /** Microseconds by percentile (`p50`) of a command (section `latencystats`). */
  [latency: `latency_percentiles_usec_${string}`]: Record<string, number> | undefined;
  /** A replica, on a master. */
  [replica: `slave${number}`]: InfoReplica | undefined;
  /** Modules that are loaded. */
  modules?: Record<string, InfoScalar>[];
  /** Lines that have no name. */
  __raw__?: string[];

  /** Version of the server. */
  redis_version?: string;
  /** Of Valkey, whose `redis_version` tells what it is compatible with. */
  valkey_version?: string;
  /** Commit it was built from; `"00000000"` when unknown. */
  redis_git_sha1?: string;
  /** Identity of the build. */
  redis_build_id?: string;
  /** `"standalone"`, `"sentinel"` or `"cluster"`. */
  redis_mode?: string;
  /** Operating system, its version and architecture. */
  os?: string;
  /** Width of addresses, in bits: 32 or 64. */
  arch_bits?: number;
  /** Number of the server's process. */
  process_id?: number;
  /** Identifier of this run of the server. */
  run_id?: string;
  /** Port it listens at; 0 for none without TLS. */
  tcp_port?: number;
  /** Unix time of the server, in microseconds. */
  server_time_usec?: number;
  /** Seconds since it started. */
  uptime_in_seconds?: number;
  /** The same in whole days. */
  uptime_in_days?: number;
  /** How often a second the server looks after its own affairs. */
  hz?: number;
  /** Path of the program. */
  executable?: string;
  /** Path of the configuration file; empty when there is none. */
  config_file?: string;

  /** Connections of clients, without those of replicas. */
  connected_clients?: number;
  /** Most connections it accepts at a time. */
  maxclients?: number;
  /** Clients that wait in a blocking command. */
  blocked_clients?: number;
  /** Clients with CLIENT TRACKING on. */
  tracking_clients?: number;

  /** Bytes the allocator gave out. */
  used_memory?: number;
  /** The same as text with a unit, such as `"1.05M"`. */
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
  /** What is evicted when the limit is reached, such as `"noeviction"`. */
  maxmemory_policy?: string;
  /** `used_memory_rss` divided by `used_memory`. */
  mem_fragmentation_ratio?: number;
  /** Name and version of the allocator. */
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

  /** Connections accepted since the start. */
  total_connections_received?: number;
  /** Commands run since the start. */
  total_commands_processed?: number;
  /** Commands run per second, lately. */
  instantaneous_ops_per_sec?: number;
  /** Bytes received. */
  total_net_input_bytes?: number;
  /** Bytes sent. */
  total_net_output_bytes?: number;
  /** Connections refused because there were `maxclients`. */
  rejected_connections?: number;
  /** Keys removed since the start because their time was over. */
  expired_keys?: number;
  /** Keys removed since the start because memory was short. */
  evicted_keys?: number;
  /** Reads since the start that found their key. */
  keyspace_hits?: number;
  /** Reads since the start that did not. */
  keyspace_misses?: number;
  /** Channels with subscribers. */
  pubsub_channels?: number;
  /** Patterns with subscribers. */
  pubsub_patterns?: number;
  /** How long the last fork took, in microseconds. */
  latest_fork_usec?: number;
  /** Commands answered with an error since the start. */
  total_error_replies?: number;

  /** `"master"` or `"slave"`. */
  role?: string;
  /** Replicas connected. */
  connected_slaves?: number;
  /** Identity of the data set's history. */
  master_replid?: string;
  /** Identity it had before a fail-over; zeros when there was none. */
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
  /** How many references there are to it. */
  refcount?: number;
  /** How it is stored, such as `"embstr"` or `"listpack"`. */
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
  /** How many calls there were. */
  calls: number;
  /** How many calls, in all, took up to so many microseconds; ascending, some times left out. */
  buckets: [microseconds: number, calls: number][];
}

/** What a master says of its part in replication. */
export interface MasterRole {
  /** The server's word for a master. */
  role: "master";
  /** Bytes of the replication stream so far. */
  offset: number;
  /** The replicas connected to it. */
  replicas: {
    /** Address of the replica. */
    host: string;
    /** Port of the replica. */
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
  /** The server's word for a Sentinel. */
  role: "sentinel";
  /** Names of the masters it watches. */
  masters: string[];
}

/** What ROLE says; `role` tells which it is. */
export type RoleReply = MasterRole | ReplicaRole | SentinelRole;

/** A module that is loaded. */
export interface ModuleDetails {
  /** Name of the module. */
  name: string;
  /** Its version as one number; what it means is the module's business. */
  ver: number;
  /** File it was loaded from, when the server tells it. */
  path?: string;
  /** Arguments it was loaded with, when the server tells them. */
  args?: string[];
}
