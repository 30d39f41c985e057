/**
 * Owns the forms a client's constructor takes: host, host and port, URL, path, options, and their
 * combinations. Joins the arguments into one options object and leaves checking its values to
 * `options.ts`. Pure.
 */

import { DataError } from "../errors.js";
import { integer, isIpv6, isPlainObject, kindOf, plainObject, text } from "../util/validate.js";
import type { RedisOptions } from "./types.js";

/** What names a server in a constructor: host, URL, path of a unix socket, or all the options. */
export type RedisTarget<O extends RedisOptions = RedisOptions> = string | URL | O;

const portNumber = integer(1, 65_535);

/** Whether `value` is a WHATWG URL, of this realm or another. */
export function isUrlObject(value: unknown): value is URL {
  return Object.prototype.toString.call(value) === "[object URL]";
}

/** Reads `host`, `host:port`, `[ipv6]`, `[ipv6]:port` or an IPv6 address. */
function readHost(host: string): RedisOptions {
  const [, name = "", digits] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(host) ?? [];
  if (name !== "") return { host: name, port: Number(digits) };
  const [, start = ""] = /^(.*):\d{1,5}$/.exec(host) ?? [];
  if (isIpv6(start)) {
    throw new DataError("An IPv6 address that may or may not end in a port must be in brackets");
  }
  return { host };
}

function readTarget(target: unknown, port: number | undefined): RedisOptions {
  if (target === undefined) return port === undefined ? {} : { port };
  if (!isUrlObject(target) && typeof target !== "string") {
    throw new DataError(`Expected a host, URL, path or options object, got ${kindOf(target)}`);
  }
  const isUrl = typeof target !== "string" || target.includes("://");
  if (!isUrl && !target.startsWith("/")) {
    const host = text("host", target);
    return port === undefined ? readHost(host) : { host, port };
  }
  if (port !== undefined) throw new DataError("A port is not allowed beside a URL or a path");
  return isUrl ? { url: target } : { unixSocketPath: target };
}

function isOptions<O extends RedisOptions>(value: RedisTarget<O> | number | undefined): value is O {
  return isPlainObject(value);
}

function join<O extends RedisOptions>(
  head: RedisOptions,
  options: O | undefined,
): RedisOptions & Partial<O> {
  // Sound: `head` has no names but ours, and Partial<O> asks for none.
  if (options === undefined) return head as RedisOptions & Partial<O>;
  plainObject("options", options);
  const names = Object.keys(head) as (keyof RedisOptions)[];
  const repeated = names.find((name) => options[name] !== undefined);
  if (repeated !== undefined) throw new DataError(`\`${repeated}\` is given twice`);
  if (names.length > 0 && options.url !== undefined) {
    throw new DataError(`\`url\` is not allowed beside \`${names[0]}\``);
  }
  return { ...options, ...head };
}

/**
 * Join the arguments of a client's constructor into one options object, its values not yet checked.
 *
 * @param target - Host (`"localhost"`, `"localhost:6380"`, `"[::1]:6380"`), URL (any string with
 * `://` in it), path of a unix socket (any string that begins with `/`), or the options.
 * @param second - Port, or the options.
 * @param third - The options, after a port.
 * @throws {@link DataError} when the arguments fit no form, or say the same thing twice.
 * @remarks Options unknown here come through, so that a caller can take out names of its own.
 */
export function collectOptions<O extends RedisOptions>(
  target?: RedisTarget<O>,
  second?: number | O,
  third?: O,
): RedisOptions & Partial<O> {
  if (isOptions(target)) {
    if (second === undefined && third === undefined) return target;
    throw new DataError("Nothing may follow the options object");
  }
  if (isOptions(second)) {
    if (third === undefined) return join(readTarget(target, undefined), second);
    throw new DataError("Nothing may follow the options object");
  }
  const port = second === undefined ? undefined : portNumber("port", second);
  return join(readTarget(target, port), third);
}
