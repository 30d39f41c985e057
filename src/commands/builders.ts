/**
 * Owns argument shapes that the command table cannot say by itself. Each function adds words for some
 * parameters of one command, under the rules of `args.ts`: no throwing, no values in messages.
 */
import { type ArgList, token } from "./args.js";
import type { Key, Value } from "./info.js";
import type {
  Decimal,
  Integer,
  LexBound,
  Many,
  Mapping,
  Score,
  ScoreBound,
  UnixTime,
  WeightedKeys,
} from "./types.js";

const AUTH = token("AUTH");
const AUTH2 = token("AUTH2");
const ENX = token("ENX");
const GET = token("GET");
const WEIGHTS = token("WEIGHTS");
const WITHSCORES = token("WITHSCORES");

/** What {@link sortPatterns} reads. */
export interface SortShape {
  readonly get?: Value | readonly Value[] | undefined;
  readonly groups?: boolean | undefined;
}

/** Add the GET patterns of SORT; groups need a list of at least two. */
export function sortPatterns(args: ArgList, options: SortShape | undefined): void {
  if (args.error !== undefined || options === undefined) return;
  const { get, groups } = options;
  args.boolean('option "groups"', groups);
  if (groups === true && !(Array.isArray(get) && get.length > 1)) {
    args.fail('option "groups" needs option "get" to be an array of at least two patterns');
  }
  if (get === undefined) return;
  for (const pattern of Array.isArray(get) ? get : [get]) {
    args.add(GET).free('option "get"', pattern);
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
    args.fail('option "username" needs option "auth"');
  } else if (username !== undefined && auth !== undefined) {
    args.add(AUTH2).free('option "username"', username).free('option "auth"', auth);
  } else if (auth !== undefined) {
    args.add(AUTH).free('option "auth"', auth);
  }
}

/** Add the keys of MIGRATE, which stand behind its options. */
export function migrateKeys(args: ArgList, keys: Many<Key>): void {
  args.freeList('"keys"', keys);
}

/** Add how long the key of RESTORE lives, or until when. */
export function restoreTtl(
  args: ArgList,
  ttl: UnixTime,
  options: { readonly absTtl?: boolean | undefined } | undefined,
): void {
  if (options?.absTtl === true) args.unixMilliseconds('"ttl"', ttl, 0);
  else args.milliseconds('"ttl"', ttl as Integer, 0);
}

/** Add what HSET sets: one field, a mapping, or one field and then a mapping. */
export function hsetFields(
  args: ArgList,
  field: Value | Mapping<Value, Value>,
  ...[value, mapping]: [value: Value | undefined, mapping: Mapping<Value, Value> | undefined]
): void {
  if (typeof field === "object" && field !== null && !(field instanceof Uint8Array)) {
    if (value !== undefined || mapping !== undefined) {
      args.fail('"field" must be a name when "value" or "mapping" is given');
    }
    args.pairs('"mapping"', field);
    return;
  }
  args.free('"field"', field).free('"value"', value);
  if (mapping !== undefined) freePairs(args, mapping);
}

/** Add a mapping whose keys and values stand where the encoder could not name them. */
function freePairs(args: ArgList, mapping: Mapping<Value, Value>): void {
  args.entries('"mapping"', mapping, (key, value) => {
    args.free('each key of "mapping"', key as Key);
    args.free('each value of "mapping"', value as Value);
  });
}

/** Add the number of keys, and keys and values of a mapping. */
export function countedValues(args: ArgList, mapping: Mapping<Key, Value>): void {
  const at = args.words.push(0) - 1;
  freePairs(args, mapping);
  args.words[at] = (args.words.length - at - 1) / 2;
}

/** What {@link expiryIfNone} reads. */
export interface ExpiryShape {
  readonly enx?: boolean | undefined;
  readonly ex?: unknown;
  readonly px?: unknown;
  readonly exat?: unknown;
  readonly pxat?: unknown;
}

/** Add that only a key without an expiry gets the one that stands before. */
export function expiryIfNone(args: ArgList, options: ExpiryShape | undefined): void {
  if (args.error !== undefined || options === undefined) return;
  const { enx, ex, px, exat, pxat } = options;
  args.flag('option "enx"', ENX, enx);
  if (enx === true && (ex ?? px ?? exat ?? pxat) === undefined) {
    args.fail('option "enx" needs one of the options "ex", "px", "exat", "pxat"');
  }
}

/** Add a number of keys and the keys, as redis-py has it: the number must be right. */
export function numberedKeys(args: ArgList, numKeys: Integer, keys: Many<Key>): void {
  if (args.count('"numKeys"', numKeys).error !== undefined) return;
  const before = args.words.length;
  args.list('"keys"', keys);
  const there = args.words.length - before;
  if (there !== Number(numKeys)) {
    args.fail(`"numKeys" must be the number of keys, ${there}, got ${numKeys}`);
  }
}

/** Add the scores and members of ZADD; with `incr` there can be one only. */
export function zaddPairs(
  args: ArgList,
  mapping: Mapping<Value, Score>,
  options: { readonly incr?: boolean | undefined } | undefined,
): void {
  const before = args.words.length;
  args.scores('"mapping"', mapping);
  if (options?.incr === true && args.words.length > before + 2) {
    args.fail('option "incr" needs a mapping of one member');
  }
}

function isMapping(keys: WeightedKeys<Key>): keys is Mapping<Key, Decimal> {
  if (typeof keys !== "object" || keys instanceof Uint8Array || keys instanceof Set) return false;
  return !Array.isArray(keys) || Array.isArray(keys[0]);
}

/** Add the number of sorted sets, their keys and, when given, the weights. */
export function weightedKeys(args: ArgList, keys: WeightedKeys<Key>): void {
  if (!isMapping(keys)) {
    args.counted('"keys"', keys);
    return;
  }
  const weights: Decimal[] = [];
  const at = args.words.push(0) - 1;
  args.entries('"keys"', keys, (key, weight) => {
    args.add(key as Key);
    weights.push(weight as Decimal);
  });
  args.words[at] = weights.length;
  args.add(WEIGHTS);
  for (const weight of weights) args.score('each weight of "keys"', weight);
}

/** What {@link rangeBounds} reads. */
export interface RangeShape {
  readonly byScore?: boolean | undefined;
  readonly byLex?: boolean | undefined;
  readonly offset?: Integer | undefined;
  readonly num?: Integer | undefined;
  readonly withScores?: boolean | undefined;
}

/** Add the bounds of a range of a sorted set: positions, scores or texts, as the options say. */
export function rangeBounds(
  args: ArgList,
  [start, end]: readonly [ScoreBound | LexBound, ScoreBound | LexBound],
  options: RangeShape | undefined,
): void {
  if (options?.byScore === true) {
    args.bound('"start"', start as ScoreBound).bound('"end"', end as ScoreBound);
  } else if (options?.byLex === true) {
    args.free('"start"', start).free('"end"', end);
  } else {
    if (options?.offset !== undefined || options?.num !== undefined) {
      args.fail('options "offset" and "num" need option "byScore" or "byLex"');
    }
    args.integer('"start"', start as Integer).integer('"end"', end as Integer);
  }
}

/** Add that the members of a range come with their scores. */
export function rangeScores(args: ArgList, options: RangeShape | undefined): void {
  args.flag('option "withScores"', WITHSCORES, options?.withScores);
}
