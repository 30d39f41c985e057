/**
 * Argument builders of SORT, MIGRATE and RESTORE for what the command table cannot express. They
 * report invalid arguments to the `ArgList`, never throw, and put no value into a message.
 */
import { type ArgList, token } from "../core/args.js";
import type { Key, Value } from "../core/info.js";
import type { Integer, Many, UnixTime } from "../core/types.js";

const AUTH = token("AUTH");
const AUTH2 = token("AUTH2");
const GET = token("GET");

/** The options that {@link addSortPatterns} reads. */
export interface SortGetOptions {
  readonly get?: Value | readonly Value[] | undefined;
  readonly groups?: boolean | undefined;
}

/** Add the GET patterns of SORT; `groups` requires an array of at least two. */
export function addSortPatterns(args: ArgList, options: SortGetOptions | undefined): void {
  if (args.error !== undefined || options === undefined) return;
  const { get, groups } = options;
  args.boolean("options.groups", groups);
  if (groups === true && !(Array.isArray(get) && get.length > 1)) {
    args.invalid("options.groups", 'needs option "get" to be an array of at least two patterns');
  }
  if (get === undefined) return;
  for (const pattern of Array.isArray(get) ? get : [get]) {
    args.add(GET).value("options.get", pattern);
  }
}

/** The options that {@link addMigrateAuth} reads. */
export interface MigrateAuthOptions {
  readonly auth?: Value | undefined;
  readonly username?: Value | undefined;
}

/** Add the credentials for the target of MIGRATE: a password, or a user name and a password. */
export function addMigrateAuth(args: ArgList, options: MigrateAuthOptions | undefined): void {
  if (args.error !== undefined || options === undefined) return;
  const { auth, username } = options;
  if (username !== undefined && auth === undefined) {
    args.invalid("options.username", 'needs option "auth"');
  } else if (username !== undefined && auth !== undefined) {
    args.add(AUTH2).value("options.username", username).value("options.auth", auth);
  } else if (auth !== undefined) {
    args.add(AUTH).value("options.auth", auth);
  }
}

/** Add the keys of MIGRATE, which follow its options. */
export function addMigrateKeys(args: ArgList, keys: Many<Key>): void {
  args.values("keys", keys);
}

/** Add the time to live of RESTORE, or its expiry time with `absTtl`. */
export function addRestoreTtl(
  args: ArgList,
  ttl: UnixTime,
  options: { readonly absTtl?: boolean | undefined } | undefined,
): void {
  if (options?.absTtl === true) args.unixMilliseconds("ttl", ttl, 0);
  else args.milliseconds("ttl", ttl as Integer, 0);
}
