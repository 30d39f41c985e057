/** Owns the types of what a Sentinel tells about the servers it watches. Types only. */

/** What a Sentinel knows of a master, a replica or another Sentinel; names are the server's. */
export interface SentinelState {
  [field: string]: string | number | boolean | undefined;
  /** Name of the master that is watched; of others, an address or an identity. */
  name: string;
  /** IP address or host name. */
  ip: string;
  /** Port for clients. */
  port: number;
  /** Identity of the running process; empty when it was never reached. */
  runid: string;
  /** Words with commas between them, such as `"master,s_down"`. */
  flags: string;
  /** Whether it is a master. */
  isMaster: boolean;
  /** Whether it is a replica. */
  isSlave: boolean;
  /** Whether it is a Sentinel. */
  isSentinel: boolean;
  /** The one Sentinel asked cannot reach it. */
  isSdown: boolean;
  /** Enough Sentinels cannot reach it; only of a master. */
  isOdown: boolean;
  /** The Sentinel asked has no link to it. */
  isDisconnected: boolean;
  /** The link of a replica to its master is down. */
  isMasterDown: boolean;
  /** Of a master: how many replicas it has. */
  "num-slaves"?: number;
  /** Of a master: how many Sentinels watch it besides the one asked. */
  "num-other-sentinels"?: number;
  /** Of a master: how many Sentinels must agree that it is down. */
  quorum?: number;
  /** Of a master: grows with every fail-over. */
  "config-epoch"?: number;
  /** Of a master or a replica: ms without an answer after which it counts as down. */
  "down-after-milliseconds"?: number;
}

/** What another Sentinel is told when it asks whether a master is down. */
export type SentinelVote = [isDown: boolean, leader: string | null, leaderEpoch: number];

/** An INFO reply a Sentinel has in its cache. */
export interface SentinelInfoCache {
  /** How old it is, in milliseconds; 0 when there is none. */
  age: number;
  /** The text of INFO, or `null`. */
  info: string | null;
}
