/** The iterator methods of a client, added to the generated command methods. */
import type { Key } from "../commands/core/info.js";
import { Commands } from "../commands/generated/commands.js";
import type { PromiseSurface } from "../execution/reply-types.js";
import {
  type HscanIterOptions,
  hscanIter,
  type ScanOptions,
  type SscanOptions,
  scanIter,
  sscanIter,
  type ZscanIterOptions,
  zscanIter,
} from "./scan-iter.js";

/** Every command, and iterators over the SCAN commands. */
export abstract class ScanCommands<
  T extends string | Buffer,
  I extends number | bigint,
> extends Commands<PromiseSurface<T, I>> {
  /**
   * Iterate over all keys of the database.
   *
   * @param options.match - Glob pattern.
   * @param options.count - Integer: hint for the work per round trip; the server's default is 10.
   * @param options.type - Return only keys of this type.
   * @returns The keys; a key may occur twice.
   * @see {@link https://redis.io/docs/latest/commands/scan/ | SCAN}
   */
  scanIter(options?: ScanOptions): AsyncGenerator<T, void> {
    return scanIter(this, options);
  }

  /**
   * Iterate over the fields of a hash.
   *
   * @param options - `match` and `count`, as for `scanIter`.
   * @returns `[field, value]` pairs; a field may occur twice.
   * @see {@link https://redis.io/docs/latest/commands/hscan/ | HSCAN}
   */
  hscanIter(key: Key, options?: HscanIterOptions): AsyncGenerator<[field: T, value: T], void> {
    return hscanIter(this, key, options);
  }

  /**
   * Iterate over the members of a set.
   *
   * @param options - `match` and `count`, as for `scanIter`.
   * @returns The members; a member may occur twice.
   * @see {@link https://redis.io/docs/latest/commands/sscan/ | SSCAN}
   */
  sscanIter(key: Key, options?: SscanOptions): AsyncGenerator<T, void> {
    return sscanIter(this, key, options);
  }

  /**
   * Iterate over the members of a sorted set.
   *
   * @param options - `match` and `count`, as for `scanIter`; `scoreCastFunc` converts each score.
   * @returns `[member, score]` pairs; a member may occur twice.
   * @see {@link https://redis.io/docs/latest/commands/zscan/ | ZSCAN}
   */
  zscanIter<S = number>(
    key: Key,
    options?: ZscanIterOptions<S>,
  ): AsyncGenerator<[member: T, score: S], void> {
    return zscanIter(this, key, options);
  }
}
