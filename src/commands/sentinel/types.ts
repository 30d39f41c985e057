/** Reply types of the SENTINEL commands. Types only. */

/** State of a master, a replica or another Sentinel, with the server's field names. */
export interface SentinelState {
  [field: string]: string | number | boolean | undefined;
  /** Name of a monitored master; address or ID of other instances. */
  name: string;
  /** IP address or host name. */
  ip: string;
  /** Client port. */
  port: number;
  /** Run ID of the process; empty if never reached. */
  runid: string;
  /** Comma-separated flags, such as `"master,s_down"`. */
  flags: string;
  /** Whether the instance is a master. */
  isMaster: boolean;
  /** Whether the instance is a replica. */
  isSlave: boolean;
  /** Whether the instance is a Sentinel. */
  isSentinel: boolean;
  /** Whether the queried Sentinel considers the instance down (subjectively down). */
  isSdown: boolean;
  /** Whether enough Sentinels consider the master down (objectively down). */
  isOdown: boolean;
  /** Whether the queried Sentinel has no connection to the instance. */
  isDisconnected: boolean;
  /** Whether the link from the replica to its master is down. */
  isMasterDown: boolean;
  /** For a master: number of replicas. */
  "num-slaves"?: number;
  /** For a master: number of other Sentinels that monitor it. */
  "num-other-sentinels"?: number;
  /** For a master: number of Sentinels that must agree that it is down. */
  quorum?: number;
  /** For a master: configuration epoch, incremented by every failover. */
  "config-epoch"?: number;
  /** For a master or replica: milliseconds without a reply until it is considered down. */
  "down-after-milliseconds"?: number;
}

/** Reply of SENTINEL IS-MASTER-DOWN-BY-ADDR. */
export type SentinelVote = [isDown: boolean, leader: string | null, leaderEpoch: number];

/** An INFO reply in a Sentinel's cache. */
export interface SentinelInfoCache {
  /** Age in milliseconds; 0 for no reply. */
  age: number;
  /** Text of INFO, or `null`. */
  info: string | null;
}
