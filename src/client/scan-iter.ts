/**
 * Owns the iterators over the SCAN family. They lean on one method of the client each and keep nothing
 * but the cursor: leaving a loop early leaves nothing behind, neither here nor on the server.
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

export type { ScanOptions, SscanOptions };

/** What the cursor of a hash or a sorted set walks over, and how fast. */
type Walk = Pick<HscanOptions & ZscanOptions, "match" | "count">;

type Batch<T> = Promise<[cursor: string, items: T[]]>;

/** What {@link scanIter} needs of a client. */
export interface ScanHost<T> {
  scan(cursor: string, options: ScanOptions): Batch<T>;
}

/** What {@link hscanIter} needs of a client. */
export interface HscanHost<T> {
  hscan(
    key: Key,
    cursor: string,
    options: Walk & { readonly pairs: true },
  ): Batch<[field: T, value: T]>;
}

/** What {@link sscanIter} needs of a client. */
export interface SscanHost<T> {
  sscan(key: Key, cursor: string, options: SscanOptions): Batch<T>;
}

/** What {@link zscanIter} needs of a client. */
export interface ZscanHost<T> {
  zscan(key: Key, cursor: string, options: Walk): Batch<[member: T, score: number]>;
}

/** Options of {@link hscanIter}. */
export interface HscanIterOptions extends Walk {}

/** Options of {@link zscanIter}. */
export interface ZscanIterOptions<S> extends Walk {
  /** Makes of each score what the pair shall carry in its place. */
  readonly scoreCastFunc?: ScoreCast<S> | undefined;
}

const START = "0";

/** Follow the cursor until the server says it is back at the start; a batch may well be empty. */
async function* walk<T>(step: (cursor: string) => Batch<T>): AsyncGenerator<T, void, undefined> {
  let cursor = START;
  do {
    const [next, items] = await step(cursor);
    // Without a cursor the walk would begin again and never end.
    if (typeof next !== "string" || !Array.isArray(items)) {
      throw new InvalidResponse("a scan was answered without a cursor and a batch");
    }
    yield* items;
    cursor = next;
  } while (cursor !== START);
}

/**
 * Walk over the keys of the database.
 *
 * @param options - Pattern, type and batch size, as for `scan`.
 * @returns Every key that is there from beginning to end, some perhaps twice.
 */
export function scanIter<T>(
  host: ScanHost<T>,
  options: ScanOptions = {},
): AsyncGenerator<T, void, undefined> {
  return walk((cursor) => host.scan(cursor, options));
}

/**
 * Walk over the fields of a hash.
 *
 * @param options - Pattern and batch size, as for `hscan`.
 * @returns `[field, value]` pairs; field names are bytes when values are.
 */
export function hscanIter<T>(
  host: HscanHost<T>,
  key: Key,
  options: HscanIterOptions = {},
): AsyncGenerator<[field: T, value: T], void, undefined> {
  return walk((cursor) => host.hscan(key, cursor, { ...options, pairs: true }));
}

/**
 * Walk over the members of a set.
 *
 * @param options - Pattern and batch size, as for `sscan`.
 */
export function sscanIter<T>(
  host: SscanHost<T>,
  key: Key,
  options: SscanOptions = {},
): AsyncGenerator<T, void, undefined> {
  return walk((cursor) => host.sscan(key, cursor, options));
}

/**
 * Walk over the members of a sorted set.
 *
 * @param options - Pattern and batch size, as for `zscan`, and perhaps `scoreCastFunc`.
 * @returns `[member, score]` pairs; the score is what `scoreCastFunc` made of it, when given.
 */
export function zscanIter<T, S = number>(
  host: ZscanHost<T>,
  key: Key,
  options: ZscanIterOptions<S> = {},
): AsyncGenerator<[member: T, score: S], void, undefined> {
  return walk((cursor) => host.zscan(key, cursor, options) as Batch<unknown> as Batch<[T, S]>);
}
