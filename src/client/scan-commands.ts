/** Methods of a client that need one generated command method or none: iterators, and DIGEST computed locally. */
import type { Key, Value } from "../commands/core/info.js";
import { Commands } from "../commands/generated/commands.js";
import type { PromiseSurface } from "../execution/reply-types.js";
import type { ConnectionPool } from "../pool/pool.js";
import { digestOf } from "./digest.js";
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

/** Every command, iterators over the SCAN commands, and local digests. */
export abstract class ScanCommands<
  T extends string | Buffer,
  I extends number | bigint,
> extends Commands<PromiseSurface<T, I>> {
  abstract get connectionPool(): ConnectionPool;

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
   * @param options - `match` and `count`, as for `scanIter`; `noValues` for fields alone (Redis 7.4).
   * @returns `[field, value]` pairs, or fields with `noValues`; a field may occur twice.
   * @see {@link https://redis.io/docs/latest/commands/hscan/ | HSCAN}
   */
  hscanIter(
    key: Key,
    options: HscanIterOptions & { readonly noValues: true },
  ): AsyncGenerator<T, void>;
  hscanIter(
    key: Key,
    options?: HscanIterOptions & { readonly noValues?: false | undefined },
  ): AsyncGenerator<[field: T, value: T], void>;
  hscanIter(key: Key, options?: HscanIterOptions): AsyncGenerator<[field: T, value: T] | T, void> {
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

  /**
   * Compute the digest of a value locally, as {@link digest} returns it for a stored one.
   *
   * @param value - Text, bytes or a number.
   * @returns 16 hexadecimal digits, to compare with a server's or to pass to `delex`.
   * @throws {@link DataError} for another type, and for text that the client's encoding cannot represent.
   * @see {@link https://redis.io/docs/latest/commands/digest/ | DIGEST}
   */
  digestLocal(value: Value): string {
    return digestOf(value, this.connectionPool.settings);
  }
}
