/**
 * Validation of the option `cache`: which replies a client keeps, how many, and what it asks of the server. No I/O.
 */
import { isUint8Array } from "node:util/types";
import { DataError } from "../errors.js";
import { isShortAscii } from "../protocol/encoder.js";
import { copyOf, latin1TextOf } from "../util/bytes.js";
import {
  type Check,
  callable,
  checkOptions,
  integer,
  invalidOption,
  kindOf,
  oneOf,
  timeLimit,
} from "../util/validate.js";

/** Decides whether the replies of a command are kept; see {@link CacheOptions.cacheable}. */
export type CacheFilter = (
  command: string,
  keys: readonly (string | Uint8Array | number | bigint)[],
) => boolean | undefined;

/** Options of the client-side cache. */
export interface CacheOptions {
  /** Integer, 1 or more: most replies that are kept; default 10000. The one that was used least recently goes first. */
  readonly maxEntries?: number | undefined;
  /**
   * Integer, 1 or more, bytes: most memory of the replies, approximately; default 67108864 (64 MiB). A reply of more than a
   * sixteenth of it is not kept.
   */
  readonly maxBytes?: number | undefined;
  /** Number, ms: longest time for which a reply is used; default `null` (or 0): until the server reports a change. */
  readonly ttl?: number | null | undefined;
  /**
   * `"all"`, the default: every cacheable read of the client. `"opt-in"`: those of views made by
   * `with({ cache: true })`; the server remembers only their keys. `"broadcast"`: every read of keys with one of the
   * `prefixes`; the server remembers no keys, and reports all changes of keys with these prefixes.
   */
  readonly mode?: "all" | "opt-in" | "broadcast" | undefined;
  /**
   * Key prefixes for `"broadcast"`, text or bytes; default: all keys. One that begins with another one has no effect.
   */
  readonly prefixes?: readonly (string | Uint8Array)[] | undefined;
  /**
   * Function called with the command name and the keys of a read: `true` keeps the reply also when it may differ
   * without a change of the keys, `false` does not keep it, `undefined` leaves the decision to the library.
   */
  readonly cacheable?: CacheFilter | undefined;
}

/** Options of the calls of a view, for a client with a cache. */
export interface CallCacheOptions {
  /** Number, ms: longest time for which a reply is used; default that of the client; `null` or 0 for no limit. */
  readonly ttl?: number | null | undefined;
}

/** The validated option. */
export interface CacheSettings {
  /** See {@link CacheOptions.maxEntries}. */
  readonly maxEntries: number;
  /** See {@link CacheOptions.maxBytes}. */
  readonly maxBytes: number;
  /** ms; 0: no limit. */
  readonly ttl: number;
  /** See {@link CacheOptions.mode}. */
  readonly mode: "all" | "opt-in" | "broadcast";
  /** Empty for all keys. */
  readonly prefixes: readonly (string | Uint8Array)[];
  /** See {@link CacheOptions.cacheable}. */
  readonly cacheable: CacheFilter | undefined;
  /** Arguments of CLIENT TRACKING. */
  readonly tracking: readonly (string | Uint8Array)[];
}

const MIB = 1024 * 1024;
/** ms of silence after which a connection whose replies are kept is checked, unless the option is set. */
export const CACHE_HEALTH_CHECK = 2000;

const prefixes: Check<readonly (string | Uint8Array)[]> = (name, value) => {
  const isPrefix = (one: unknown): boolean =>
    (typeof one === "string" && one !== "") || isUint8Array(one);
  if (!Array.isArray(value)) throw invalidOption(name, "an array of texts or bytes", kindOf(value));
  const wrong = value.findIndex((one) => !isPrefix(one));
  if (wrong >= 0)
    throw invalidOption(name, "an array of texts or bytes", `${kindOf(value[wrong])} in it`);
  // Copies: the caller may change its array and its bytes.
  const given = (value as (string | Uint8Array)[]).map((one) =>
    typeof one === "string" ? one : copyOf(one),
  );
  return given.filter((one, i) => !given.some((other, j) => i !== j && covers(other, one, j < i)));
};

/**
 * Whether all keys with one prefix have another one too: servers refuse both together.
 *
 * @param isEarlier - Whether the other one comes first; of two equal ones the second is left out.
 */
function covers(other: string | Uint8Array, prefix: string | Uint8Array, isEarlier: boolean) {
  const [outer, inner] = [prefixText(other), prefixText(prefix)];
  // Which bytes other text has depends on the encoding of the client.
  if (typeof other !== typeof prefix && !(isShortAscii(outer) && isShortAscii(inner))) return false;
  return inner.startsWith(outer) && (isEarlier || inner !== outer);
}

function prefixText(prefix: string | Uint8Array): string {
  return typeof prefix === "string" ? prefix : latin1TextOf(prefix);
}

const CHECKS = {
  maxEntries: integer(1),
  maxBytes: integer(1),
  ttl: timeLimit,
  mode: oneOf("all", "opt-in", "broadcast"),
  prefixes,
  cacheable: callable<CacheFilter>("a function"),
};

function trackingArguments(
  mode: CacheSettings["mode"],
  given: CacheSettings["prefixes"],
): (string | Uint8Array)[] {
  if (mode === "all") return ["ON"];
  if (mode === "opt-in") return ["ON", "OPTIN"];
  return ["ON", "BCAST", ...given.flatMap((prefix) => ["PREFIX", prefix])];
}

/** Validate the option `cache`: a boolean, or an object. Return `undefined` for no cache. */
export const cacheSettings: Check<CacheSettings | undefined> = (name, value) => {
  if (value === false) return undefined;
  if (value !== true && (typeof value !== "object" || value === null))
    throw invalidOption(name, "a boolean or an object", kindOf(value));
  const given = value === true ? {} : checkOptions(CHECKS, value);
  const { mode = "all", prefixes: chosen = [] } = given;
  if (chosen.length !== 0 && mode !== "broadcast")
    throw new DataError('option "prefixes" of option "cache" needs mode "broadcast"');
  return Object.freeze({
    maxEntries: given.maxEntries ?? 10_000,
    maxBytes: given.maxBytes ?? 64 * MIB,
    ttl: given.ttl ?? 0,
    mode,
    prefixes: chosen,
    cacheable: given.cacheable,
    tracking: Object.freeze(trackingArguments(mode, chosen)),
  });
};

const CALL_CHECKS = { ttl: timeLimit };

/** Validate the option `cache` of a view: a boolean, or an object. */
export const callCache: Check<boolean | CallCacheOptions> = (name, value) => {
  if (typeof value === "boolean") return value;
  if (typeof value !== "object" || value === null)
    throw invalidOption(name, "a boolean or an object", kindOf(value));
  return checkOptions(CALL_CHECKS, value);
};

/** How the calls of a view use the cache. */
export interface CallCache {
  /** Whether their reads may be answered from it. */
  readonly isUsed: boolean;
  /** Longest time in ms for which a reply is used; 0 for no limit. */
  readonly ttl: number;
}

const UNUSED: CallCache = { isUsed: false, ttl: 0 };

/**
 * Combine the options of a client and of a view.
 *
 * @throws DataError when a view asks for a cache that the client does not have.
 */
export function callCacheOf(
  settings: CacheSettings | undefined,
  given: boolean | CallCacheOptions | undefined,
): CallCache {
  if (given === false) return UNUSED;
  if (settings !== undefined) {
    const isUsed = given !== undefined || settings.mode !== "opt-in";
    const own = typeof given === "object" ? given.ttl : undefined;
    return { isUsed, ttl: own ?? settings.ttl };
  }
  if (given === undefined) return UNUSED;
  throw new DataError(
    'option "cache" of with() needs a client that was created with option "cache"',
  );
}
