/** Owns the types of what a server tells about connections. Types only. */
import type { ModuleDetails } from "../server/types.js";

/** A switch, as the server spells it. */
export type OnOff = "ON" | "OFF" | "on" | "off";

/** Kinds of clients; `SLAVE` is the old word for `REPLICA`, `PRIMARY` Valkey's for `MASTER`. */
export type ClientType = ClientTypeWord | Lowercase<ClientTypeWord>;

type ClientTypeWord = "NORMAL" | "MASTER" | "PRIMARY" | "REPLICA" | "SLAVE" | "PUBSUB";

/** A connection, as CLIENT LIST and CLIENT INFO describe it; newer servers tell more. */
export interface ClientInfo {
  [field: string]: string | number | undefined;
  /** Number of the connection, never used twice. */
  id: number;
  /** `host:port` of the client, or the path of a unix socket. */
  addr: string;
  /** `host:port` on the server's side. */
  laddr?: string;
  /** File descriptor of the socket. */
  fd?: number;
  /** Name given by CLIENT SETNAME; empty when there is none. */
  name: string;
  /** Seconds since it was made. */
  age: number;
  /** Seconds since its last command. */
  idle: number;
  /** One letter for each thing it is, such as `N` (nothing special), `S` (replica), `b` (blocked). */
  flags: string;
  /** Database selected. */
  db: number;
  /** Channels subscribed to. */
  sub: number;
  /** Patterns subscribed to. */
  psub: number;
  /** Shard channels subscribed to. */
  ssub?: number;
  /** Commands queued in a MULTI; -1 without one. */
  multi: number;
  /** Keys watched. */
  watch?: number;
  /** Bytes of input not yet carried out. */
  qbuf?: number;
  /** Free bytes in the input buffer. */
  "qbuf-free"?: number;
  /** Bytes of the arguments of the next command. */
  "argv-mem"?: number;
  /** Bytes of the commands queued in a MULTI. */
  "multi-mem"?: number;
  /** Size of the fixed output buffer, in bytes. */
  rbs?: number;
  /** Highest use of it in the last seconds, in bytes. */
  rbp?: number;
  /** Bytes waiting in the fixed output buffer. */
  obl?: number;
  /** Replies waiting behind it. */
  oll?: number;
  /** Bytes of those. */
  omem?: number;
  /** All memory the connection uses, in bytes. */
  "tot-mem"?: number;
  /** `r` and `w`: what the server waits for on the socket. */
  events: string;
  /** Last command, such as `client|list`; `NULL` before the first. */
  cmd: string;
  /** ACL user. */
  user?: string;
  /** Connection that gets its invalidation messages; -1 without tracking. */
  redir?: number;
  /** Protocol it speaks: 2 or 3. */
  resp?: number;
  /** Name of its library, as CLIENT SETINFO told. */
  "lib-name"?: string;
  /** Version of its library, as CLIENT SETINFO told. */
  "lib-ver"?: string;
}

/** What CLIENT TRACKINGINFO says; prefixes are text or bytes as the client has it. */
export interface TrackingInfo<P extends string | Buffer = string> {
  /** Modes, such as `"on"`, `"bcast"`, `"optin"`, `"noloop"`; `"off"` alone without tracking. */
  flags: string[];
  /** Connection that gets the messages; 0 for this one, -1 without tracking. */
  redirect: number;
  /** Prefixes of the keys that count, in broadcasting mode. */
  prefixes: P[];
}

/** How a server introduces itself. */
export interface HelloReply {
  /** `"redis"` or `"valkey"`. */
  server: string;
  /** Version of the server. */
  version: string;
  /** Protocol spoken from now on: 2 or 3. */
  proto: number;
  /** Number of the connection. */
  id: number;
  /** `"standalone"`, `"sentinel"` or `"cluster"`. */
  mode: string;
  /** `"master"` or `"replica"`. */
  role: string;
  /** Modules that are loaded. */
  modules: ModuleDetails[];
}
