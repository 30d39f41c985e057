/** Reply types of the ACL commands. Types only. */
import type { ClientInfo } from "../connection/types.js";

/** Permissions of a user or of one of its selectors. */
export interface AclPermissions {
  /** Command rules, such as `"+get"`, as the server formats them. */
  commands: string[];
  /** Category rules, such as `"+@read"`, as the server formats them. */
  categories: string[];
  /** Key patterns, such as `"~cache:*"` or `"%R~public:*"`. */
  keys: string[];
  /** Channel patterns, such as `"&news:*"`. */
  channels: string[];
}

/** An ACL user. */
export interface AclUser extends AclPermissions {
  /** `"on"` or `"off"`, and flags such as `"nopass"`. */
  flags: string[];
  /** Whether the user may log in. */
  enabled: boolean;
  /** SHA-256 of each password, in hexadecimal. */
  passwords: string[];
  /** Additional independent permissions. */
  selectors: AclPermissions[];
}

/** An entry of the ACL log. */
export interface AclLogEntry {
  /** Number of occurrences within a minute. */
  count: number;
  /** What was denied: `"command"`, `"key"`, `"channel"` or `"auth"`. */
  reason: string;
  /** Where it was denied: `"toplevel"`, `"multi"`, `"lua"` or `"module"`. */
  context: string;
  /** Name of the command, key or channel; invalid text as `\xff`. */
  object: string;
  /** User name. */
  username: string;
  /** Seconds since the last occurrence. */
  ageSeconds: number;
  /** Connection of the user. */
  clientInfo: ClientInfo;
  /** Entry ID, since Redis 7.2. */
  entryId?: number;
  /** First occurrence, since Redis 7.2. */
  timestampCreated?: Date;
  /** Last occurrence, since Redis 7.2. */
  timestampLastUpdated?: Date;
}
