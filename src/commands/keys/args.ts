/**
 * Argument shapes of SORT, MIGRATE and RESTORE that the command table cannot express. As all argument
 * helpers they neither throw nor put values into messages.
 */
import { type ArgList, token } from "../core/args.js";
import type { Key, Value } from "../core/info.js";
import type { Integer, Many, UnixTime } from "../core/types.js";

const AUTH = token("AUTH");
const AUTH2 = token("AUTH2");
const GET = token("GET");

/** What {@link sortPatterns} reads. */
export interface SortShape {
  readonly get?: Value | readonly Value[] | undefined;
  readonly groups?: boolean | undefined;
}

/** Add the GET patterns of SORT; groups need a list of at least two. */
export function sortPatterns(args: ArgList, options: SortShape | undefined): void {
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

/** What {@link migrateAuth} reads. */
export interface MigrateShape {
  readonly auth?: Value | undefined;
  readonly username?: Value | undefined;
}

/** Add the credentials MIGRATE uses at its target: a password, or a user name and a password. */
export function migrateAuth(args: ArgList, options: MigrateShape | undefined): void {
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

/** Add the keys of MIGRATE, which stand behind its options. */
export function migrateKeys(args: ArgList, keys: Many<Key>): void {
  args.values("keys", keys);
}

/** Add how long the key of RESTORE lives, or until when. */
export function restoreTtl(
  args: ArgList,
  ttl: UnixTime,
  options: { readonly absTtl?: boolean | undefined } | undefined,
): void {
  if (options?.absTtl === true) args.unixMilliseconds("ttl", ttl, 0);
  else args.milliseconds("ttl", ttl as Integer, 0);
}
