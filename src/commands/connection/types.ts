/** Argument and reply types of the connection commands. Types only. */
import type { ModuleDetails } from "../server/types.js";

/** A switch, spelled as the server does. */
export type OnOff = "ON" | "OFF" | "on" | "off";

/** Client types; `SLAVE` is the old name of `REPLICA`, `PRIMARY` is Valkey's name of `MASTER`. */
export type ClientType = ClientTypeWord | Lowercase<ClientTypeWord>;

type ClientTypeWord = "NORMAL" | "MASTER" | "PRIMARY" | "REPLICA" | "SLAVE" | "PUBSUB";

/** A connection, as in CLIENT LIST and CLIENT INFO; newer servers report more fields. */
export interface ClientInfo {
  [field: string]: string | number | undefined;
  /** Connection ID, never reused. */
  id: number;
  /** `host:port` of the client, or the path of a Unix socket. */
  addr: string;
  /** `host:port` on the server's side. */
  laddr?: string;
  /** File descriptor of the socket. */
  fd?: number;
  /** Name set by CLIENT SETNAME; empty for none. */
  name: string;
  /** Age in seconds. */
  age: number;
  /** Seconds since the last command. */
  idle: number;
  /** One letter per flag, such as `N` (none), `S` (replica), `b` (blocked). */
  flags: string;
  /** Selected database. */
  db: number;
  /** Number of subscribed channels. */
  sub: number;
  /** Number of subscribed patterns. */
  psub: number;
  /** Number of subscribed shard channels. */
  ssub?: number;
  /** Number of commands queued in MULTI; -1 outside a transaction. */
  multi: number;
  /** Number of watched keys. */
  watch?: number;
  /** Unprocessed input, in bytes. */
  qbuf?: number;
  /** Free space in the input buffer, in bytes. */
  "qbuf-free"?: number;
  /** Arguments of the next command, in bytes. */
  "argv-mem"?: number;
  /** Commands queued in MULTI, in bytes. */
  "multi-mem"?: number;
  /** Size of the fixed output buffer, in bytes. */
  rbs?: number;
  /** Recent peak size of the fixed output buffer, in bytes. */
  rbp?: number;
  /** Used part of the fixed output buffer, in bytes. */
  obl?: number;
  /** Number of replies queued after the fixed output buffer. */
  oll?: number;
  /** Size of these replies, in bytes. */
  omem?: number;
  /** Total memory of the connection, in bytes. */
  "tot-mem"?: number;
  /** Socket events the server waits for: `r`, `w`. */
  events: string;
  /** Last command, such as `client|list`; `NULL` before the first. */
  cmd: string;
  /** ACL user name. */
  user?: string;
  /** ID of the connection that receives its invalidation messages; -1 without tracking. */
  redir?: number;
  /** Protocol version: 2 or 3. */
  resp?: number;
  /** Library name set by CLIENT SETINFO. */
  "lib-name"?: string;
  /** Library version set by CLIENT SETINFO. */
  "lib-ver"?: string;
}

/** Reply of CLIENT TRACKINGINFO; prefixes are text or bytes, depending on the client. */
export interface TrackingInfo<P extends string | Buffer = string> {
  /** Modes, such as `"on"`, `"bcast"`, `"optin"`, `"noloop"`; only `"off"` without tracking. */
  flags: string[];
  /** ID of the connection that receives the messages; 0 for this one, -1 without tracking. */
  redirect: number;
  /** Tracked key prefixes, in broadcasting mode. */
  prefixes: P[];
}

/** Reply of HELLO. */
export interface HelloReply {
  /** `"redis"` or `"valkey"`. */
  server: string;
  /** Version of the server. */
  version: string;
  /** Protocol version now in use: 2 or 3. */
  proto: number;
  /** Connection ID. */
  id: number;
  /** `"standalone"`, `"sentinel"` or `"cluster"`. */
  mode: string;
  /** `"master"` or `"replica"`. */
  role: string;
  /** Loaded modules. */
  modules: ModuleDetails[];
}
