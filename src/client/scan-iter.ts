/**
 * Async iterators over the SCAN commands. Their only state is the cursor, so a loop may be left early:
 * neither side has anything to clean up.
 */

import type { Key } from "../commands/core/info.js";
import type { ScoreCast } from "../commands/core/types.js";
import type {
  HscanOptions,
  ScanOptions,
  SscanOptions,
  ZscanOptions,
} from "../commands/generated/options.js";
import { InvalidResponse } from "../errors.js";
import { ownOptions } from "../util/validate.js";

export type { ScanOptions, SscanOptions };

/** Options of HSCAN and ZSCAN that iterators accept. */
type IterOptions = Pick<HscanOptions & ZscanOptions, "match" | "count">;

type Batch<T> = Promise<[cursor: string, items: T[]]>;

/** The method of a client that {@link scanIter} uses. */
export interface ScanHost<T> {
  scan(cursor: string, options: ScanOptions): Batch<T>;
}

/** The method of a client that {@link hscanIter} uses. */
export interface HscanHost<T> {
  hscan(
    key: Key,
    cursor: string,
    options: IterOptions & { readonly pairs: true },
  ): Batch<[field: T, value: T]>;
  hscan(key: Key, cursor: string, options: IterOptions & { readonly noValues: true }): Batch<T>;
}

/** The method of a client that {@link sscanIter} uses. */
export interface SscanHost<T> {
  sscan(key: Key, cursor: string, options: SscanOptions): Batch<T>;
}

/** The method of a client that {@link zscanIter} uses. */
export interface ZscanHost<T> {
  zscan(key: Key, cursor: string, options: IterOptions): Batch<[member: T, score: number]>;
}

/** Options of {@link hscanIter}. */
export interface HscanIterOptions extends IterOptions {
  /** Boolean: return field names without values; since Redis 7.4. Default `false`. */
  readonly noValues?: boolean | undefined;
}

/** Options of {@link zscanIter}. */
export interface ZscanIterOptions<S> extends IterOptions {
  /** Converts each score; the pair contains its result instead. */
  readonly scoreCastFunc?: ScoreCast<S> | undefined;
}

const START = "0";

/** Follow the cursor until the server returns 0; a batch may be empty before that. */
async function* iterate<T>(step: (cursor: string) => Batch<T>): AsyncGenerator<T, void, undefined> {
  let cursor = START;
  do {
    const [next, items] = await step(cursor);
    // Without a cursor the iteration would restart and never end.
    if (typeof next !== "string" || !Array.isArray(items)) {
      throw new InvalidResponse("Protocol Error: a SCAN reply is not a cursor and an array");
    }
    yield* items;
    cursor = next;
  } while (cursor !== START);
}

/**
 * Iterate over the keys of the database.
 *
 * @param options - Pattern, type and batch size, as for `scan`.
 * @returns Every key that exists during the whole iteration; a key may occur twice.
 */
export function scanIter<T>(
  host: ScanHost<T>,
  options: ScanOptions = {},
): AsyncGenerator<T, void, undefined> {
  return iterate((cursor) => host.scan(cursor, options));
}

/**
 * Iterate over the fields of a hash.
 *
 * @param options - Pattern and batch size, as for `hscan`.
 * @returns `[field, value]` pairs, or fields with `noValues`; names are bytes when values are.
 */
export function hscanIter<T>(
  host: HscanHost<T>,
  key: Key,
  options: HscanIterOptions = {},
): AsyncGenerator<[field: T, value: T] | T, void, undefined> {
  const { noValues, ...others } = ownOptions(options);
  if (noValues === undefined || noValues === false) {
    return iterate((cursor) => host.hscan(key, cursor, { ...others, pairs: true }));
  }
  return iterate((cursor) => host.hscan(key, cursor, { ...others, noValues }));
}

/**
 * Iterate over the members of a set.
 *
 * @param options - Pattern and batch size, as for `sscan`.
 */
export function sscanIter<T>(
  host: SscanHost<T>,
  key: Key,
  options: SscanOptions = {},
): AsyncGenerator<T, void, undefined> {
  return iterate((cursor) => host.sscan(key, cursor, options));
}

/**
 * Iterate over the members of a sorted set.
 *
 * @param options - Pattern and batch size, as for `zscan`, and `scoreCastFunc`.
 * @returns `[member, score]` pairs; the score is the result of `scoreCastFunc` when set.
 */
export function zscanIter<T, S = number>(
  host: ZscanHost<T>,
  key: Key,
  options: ZscanIterOptions<S> = {},
): AsyncGenerator<[member: T, score: S], void, undefined> {
  return iterate((cursor) => host.zscan(key, cursor, options) as Batch<unknown> as Batch<[T, S]>);
}
