/** Owns the types of what a server tells about its users. Types only. */
import type { ClientInfo } from "../connection/types.js";

/** What a user may do, or one of its selectors. */
export interface AclPermissions {
  /** Rules for single commands, such as `"+get"`, as the server puts them. */
  commands: string[];
  /** Rules for categories, such as `"+@read"`, as the server puts them. */
  categories: string[];
  /** Key patterns, such as `"~cache:*"` or `"%R~public:*"`. */
  keys: string[];
  /** Patterns of channels, such as `"&news:*"`. */
  channels: string[];
}

/** An ACL user. */
export interface AclUser extends AclPermissions {
  /** `"on"` or `"off"`, and words such as `"nopass"`. */
  flags: string[];
  /** Whether it may log in. */
  enabled: boolean;
  /** SHA-256 of each password, in hexadecimal. */
  passwords: string[];
  /** More permissions, each set complete in itself. */
  selectors: AclPermissions[];
}

/** Something a user was not allowed to do. */
export interface AclLogEntry {
  /** How often it happened within a minute. */
  count: number;
  /** What was refused: `"command"`, `"key"`, `"channel"` or `"auth"`. */
  reason: string;
  /** Where it was tried: `"toplevel"`, `"multi"`, `"lua"` or `"module"`. */
  context: string;
  /** Name of the command, key or channel; what is no text as `\xff`. */
  object: string;
  /** The user who tried. */
  username: string;
  /** Seconds since it happened last. */
  ageSeconds: number;
  /** The connection that tried. */
  clientInfo: ClientInfo;
  /** Number of the entry, since Redis 7.2. */
  entryId?: number;
  /** When it happened first, since Redis 7.2. */
  timestampCreated?: Date;
  /** When it happened last, since Redis 7.2. */
  timestampLastUpdated?: Date;
}
