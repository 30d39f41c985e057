/**
 * Methods of a client that are built on its other public members: iterators, digests computed locally, scripts
 * and function libraries.
 */
import type { Key, Value } from "../commands/core/info.js";
import {
  Commands,
  type DedicatedMethod,
  type SharedCommands,
} from "../commands/generated/commands.js";
import { LibrarySource, ScriptSource } from "../execution/preload.js";
import type { PromiseSurface } from "../execution/reply-types.js";
import { Library } from "../scripting/library.js";
import { createScript, type Script, type ScriptOptions } from "../scripting/script.js";
import { checkArity } from "../util/validate.js";
import { type ClientDependencies, DEPENDENCIES } from "./client-state.js";
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

/**
 * Commands that a shared connection refuses exist at run time, where they reject with an error that names
 * `client()`; only {@link DedicatedRedis} has them in its type.
 */
const Shared: typeof SharedCommands = Commands;

/** The commands that only a client with a dedicated connection has. */
export type DedicatedCommands<
  T extends string | Buffer = string,
  I extends number | bigint = number,
> = Pick<Commands<PromiseSurface<T, I>>, DedicatedMethod>;

/** Every command, and the methods built on them. */
export abstract class DerivedMethods<
  T extends string | Buffer,
  I extends number | bigint,
> extends Shared<PromiseSurface<T, I>> {
  /** @internal */
  abstract get [DEPENDENCIES](): ClientDependencies;

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
    checkArity("scanIter", 1, arguments, "the returned iterator");
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
    checkArity("hscanIter", 2, arguments, "the returned iterator");
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
    checkArity("sscanIter", 2, arguments, "the returned iterator");
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
    checkArity("zscanIter", 2, arguments, "the returned iterator");
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
    checkArity("digestLocal", 1, arguments, "the returned digest");
    return digestOf(value, this[DEPENDENCIES].pool.settings);
  }

  /**
   * Create a function that runs a Lua script. Nothing is sent yet.
   *
   * @param lua - Source of the script, as text or bytes.
   * @param options.readOnly - Boolean, default `false`: whether to send it with EVALSHA_RO.
   * @returns A function to call with `{ keys, args, client }`; `V` is the type of its reply.
   * @throws {@link DataError} for an invalid script or option.
   * @see {@link https://redis.io/docs/latest/commands/evalsha/ | EVALSHA}
   */
  registerScript<V = unknown>(lua: string | Uint8Array, options?: ScriptOptions): Script<V> {
    checkArity("registerScript", 2, arguments, "the returned function");
    const { encoding } = this[DEPENDENCIES].pool.settings;
    return createScript(this, new ScriptSource(lua, encoding), options);
  }

  /**
   * Create a library whose functions can be called. Nothing is sent yet.
   *
   * @param code - Source of the library, as text or bytes, beginning with `#!lua name=mylib`.
   * @throws {@link DataError} for an invalid library.
   * @see {@link https://redis.io/docs/latest/commands/fcall/ | FCALL}
   */
  registerLibrary(code: string | Uint8Array): Library {
    checkArity("registerLibrary", 1, arguments, "the returned library");
    const { encoding } = this[DEPENDENCIES].pool.settings;
    return new Library(this, new LibrarySource(code, encoding));
  }
}
