/**
 * The argument forms of a client's constructor: host, host and port, URL, path, options, and their
 * combinations. Merges the arguments into one options object, whose values `normalize.ts` validates.
 */

import { DataError } from "../errors.js";
import { ownProperties } from "../util/own.js";
import {
  integer,
  invalidOption,
  isIpv6,
  isPlainObject,
  kindOf,
  ownOptions,
} from "../util/validate.js";
import type { RedisOptions } from "./types.js";

/** First argument of a constructor: host, URL, path of a unix socket, or the options. */
export type RedisTarget<O extends RedisOptions = RedisOptions> = string | URL | O;

const OPTIONS_NOT_LAST = 'argument "options" must be the last argument';

const portNumber = integer(1, 65_535);

/** Whether `value` is a WHATWG URL, of any realm. */
export function isUrlObject(value: unknown): value is URL {
  return Object.prototype.toString.call(value) === "[object URL]";
}

const HOST_FORMS =
  'a host, "host:port", a URL such as redis://host:port/0, or the path of a unix socket';

/** Refuse text that is neither a host nor, quite, a URL; the value may contain a password and is not shown. */
function checkHostText(text: string): void {
  const refuse = (got: string): DataError => invalidOption('argument "host"', HOST_FORMS, got);
  if (text === "") throw refuse("an empty string (omit the argument for localhost)");
  if (/^(?:rediss?|valkeys?|unix):(?!\d+$)/i.test(text)) throw refuse('a URL without "//"');
  if (/[/?#]/.test(text)) throw refuse("a host with a path or query (use a URL)");
}

/** Parse `host`, `host:port`, `[ipv6]`, `[ipv6]:port` or an IPv6 address. */
function parseHost(host: string): RedisOptions {
  const [, name = "", digits] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(host) ?? [];
  if (name !== "") return { host: name, port: Number(digits) };
  const [, start = ""] = /^(.*):\d{1,5}$/.exec(host) ?? [];
  if (isIpv6(start)) {
    throw new DataError(
      'argument "host" is ambiguous, its end may be a port; put the IPv6 address in brackets',
    );
  }
  return { host };
}

function targetOptions(target: unknown, port: number | undefined): RedisOptions {
  if (target === undefined) return port === undefined ? {} : { port };
  if (!isUrlObject(target) && typeof target !== "string") {
    throw new DataError(
      `the first argument must be a host, URL, path or options object, got ${kindOf(target)}`,
    );
  }
  const isUrl = typeof target !== "string" || target.includes("://");
  if (!isUrl && !target.startsWith("/")) {
    checkHostText(target);
    return port === undefined ? parseHost(target) : { host: target, port };
  }
  if (port !== undefined) {
    throw new DataError('argument "port" must not be passed with a URL or a path');
  }
  return isUrl ? { url: target } : { unixSocketPath: target };
}

function isOptions<O extends RedisOptions>(value: RedisTarget<O> | number | undefined): value is O {
  return isPlainObject(value);
}

function merge<O extends RedisOptions>(
  fromArguments: RedisOptions,
  given: O | undefined,
): RedisOptions & Partial<O> {
  // Sound: `fromArguments` has only names of RedisOptions, and Partial<O> requires no others.
  if (given === undefined) return ownProperties(fromArguments) as RedisOptions & Partial<O>;
  const options = ownOptions(given);
  const names = Object.keys(fromArguments) as (keyof RedisOptions)[];
  const repeated = names.find((name) => options[name] !== undefined);
  if (repeated !== undefined) {
    throw new DataError(`option "${repeated}" must not be passed as an argument as well`);
  }
  if (names.length > 0 && options.url !== undefined) {
    throw new DataError(`option "url" must not be passed with argument "${names[0]}"`);
  }
  return Object.assign(options, fromArguments);
}

/**
 * Merge the arguments of a client's constructor into one options object. Values are not validated.
 *
 * @param target - Host (`"localhost"`, `"localhost:6380"`, `"[::1]:6380"`), URL (any string with
 * `://` in it), path of a unix socket (any string that begins with `/`), or the options.
 * @param second - Port, or the options.
 * @param third - The options, after a port.
 * @throws {@link DataError} when the arguments match no form, or set an option twice.
 * @remarks Unknown options are kept, so that a caller can process its own options.
 */
export function collectOptions<O extends RedisOptions>(
  target?: RedisTarget<O>,
  second?: number | O,
  third?: O,
): RedisOptions & Partial<O> {
  if (isOptions(target)) {
    if (second === undefined && third === undefined) return ownProperties(target);
    throw new DataError(OPTIONS_NOT_LAST);
  }
  if (isOptions(second)) {
    if (third === undefined) return merge(targetOptions(target, undefined), second);
    throw new DataError(OPTIONS_NOT_LAST);
  }
  const port = second === undefined ? undefined : portNumber('argument "port"', second);
  return merge(targetOptions(target, port), third);
}
