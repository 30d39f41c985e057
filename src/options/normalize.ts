/**
 * Defaults and validation of a client's options. All defaults of a client are in this file. No I/O,
 * except reading certificate files named in a URL. A message never contains a string that was passed,
 * because it may be a misplaced secret.
 */

import { DataError } from "../errors.js";
import { HiredisParser } from "../protocol/hiredis/hiredis-parser.js";
import type { ParserClass } from "../protocol/parser.js";
import { ownProperties } from "../util/own.js";
import {
  boolean,
  type Check,
  callable,
  errorClasses,
  integer,
  invalidOption,
  isIpv6,
  isPlainObject,
  kindOf,
  milliseconds,
  nearest,
  nonEmptyText,
  oneOf,
  optionalText,
  ownOptions,
  printableAscii,
  timeLimit,
  unknownOption,
} from "../util/validate.js";
import { type Address, hostFault } from "./address.js";
import { CACHE_HEALTH_CHECK, type CacheSettings, cacheSettings } from "./cache.js";
import { collectOptions, isUrlObject, type RedisTarget } from "./constructor-arguments.js";
import { replacementOf } from "./other-clients.js";
import type { ErrorClass } from "./retry.js";
import { defaultRetryPolicy, retryPolicy } from "./retry-policy.js";
import { tlsOptions } from "./tls.js";
import type { CredentialProvider, Credentials, RedisOptions, Settings } from "./types.js";
import { parseUrl, type UrlOptions } from "./url.js";

/** Version of this package, sent to servers. A test compares it with package.json. */
export const VERSION = "0.1.0";

type OptionName = keyof RedisOptions;

const MAX_INT = 2_147_483_647;
// The server's default of proto-max-bulk-len, its longest string.
const DEFAULT_BULK_LENGTH = 512 * 1024 * 1024;
const DEFAULT_ELEMENTS = 2 ** 26;
// V8 aborts the process when a growing array exceeds 112,813,858 elements.
const MAX_ELEMENTS = 100_000_000;
const MAX_DEPTH = 1000;

/** The unit of every option; empty for options without a unit. */
const OPTION_UNITS: Readonly<Record<OptionName, string>> = {
  url: "",
  host: "",
  port: "",
  db: "",
  unixSocketPath: "",
  username: "",
  password: "",
  credentialProvider: "",
  tls: "",
  protocol: "",
  clientName: "",
  libName: "",
  libVersion: "",
  socketTimeout: "ms",
  socketConnectTimeout: "ms",
  socketKeepalive: "",
  socketKeepaliveDelay: "ms",
  healthCheckInterval: "ms",
  retry: "",
  retryOnTimeout: "",
  retryReads: "",
  retryOnError: "",
  retryReadonly: "",
  retryLoading: "",
  encoding: "",
  encodingErrors: "",
  decodeResponses: "",
  integers: "",
  maxConnections: "",
  sharedConnections: "",
  maxPendingCommands: "",
  idleTimeout: "ms",
  blockingGrace: "ms",
  maxDepth: "",
  maxBulkLength: "",
  maxElements: "",
  parser: "",
  parserClass: "",
  cache: "",
};

/** Names in other clients that are not similar to the name of our option. */
const NAMES_IN_OTHER_CLIENTS: ReadonlyMap<string, OptionName> = new Map<string, OptionName>([
  ["ssl", "tls"],
  ["charset", "encoding"],
  ["errors", "encodingErrors"],
  ["socket_keepalive_options", "socketKeepaliveDelay"],
  ["path", "unixSocketPath"],
  ["database", "db"],
  ["user", "username"],
  ["connectTimeout", "socketConnectTimeout"],
  ["commandTimeout", "socketTimeout"],
  ["keepAlive", "socketKeepaliveDelay"],
  ["connectionName", "clientName"],
]);

/** Encodings that extend ASCII, in which the protocol itself is written. */
const ENCODINGS: ReadonlyMap<string, BufferEncoding> = new Map<string, BufferEncoding>([
  ["utf8", "utf8"],
  ["u8", "utf8"],
  ["latin1", "latin1"],
  ["l1", "latin1"],
  ["iso88591", "latin1"],
  ["cp819", "latin1"],
  ["binary", "latin1"],
  ["ascii", "ascii"],
  ["usascii", "ascii"],
]);

const encoding: Check<BufferEncoding> = (name, value) => {
  const known = ENCODINGS.get(nonEmptyText(name, value).toLowerCase().replace(/[-_ ]/g, ""));
  if (known === undefined) {
    throw invalidOption(name, "utf-8, latin-1 (binary) or ascii", "another string");
  }
  return known;
};

/** Accept a host name or IP address; return it without brackets. */
export const hostName: Check<string> = (name, value) => {
  const given = nonEmptyText(name, value);
  const bare = /^\[([^\]]*)\]$/.exec(given)?.[1] ?? given;
  if (bare.includes("://")) throw invalidOption(name, "a host name", 'a URL (use option "url")');
  if (bare.startsWith("/")) {
    throw invalidOption(name, "a host name", 'a path (use option "unixSocketPath")');
  }
  // Error messages contain the host; they must not contain a user name and password before it.
  if (bare.includes("@")) {
    throw invalidOption(name, "a host name", 'a host name with user info (use option "url")');
  }
  if (bare.includes(":") && !isIpv6(bare)) {
    throw invalidOption(name, "a host name", 'a host name with a port (use option "port")');
  }
  const fault = hostFault(bare);
  if (fault !== undefined) throw invalidOption(name, "a host name or IP address", fault);
  return bare;
};

/** Accept the path of a unix socket. libuv cuts a longer one, and would connect to another socket. */
const socketPath: Check<string> = (name, value) => {
  const path = nonEmptyText(name, value);
  const { platform } = process;
  // The length of `sun_path` without its end.
  const limit = platform === "linux" ? 107 : 103;
  if (Buffer.byteLength(path) <= limit || platform === "win32") return path;
  throw invalidOption(name, `a path of at most ${limit} bytes`, "a longer one");
};

const connectionLimit: Check<number> = (name, value) =>
  value === null || value === 0 || value === Number.POSITIVE_INFINITY
    ? Number.POSITIVE_INFINITY
    : integer(1)(name, value);

/** Whether a client has an option of the name. */
export function isOptionName(name: string): boolean {
  return Object.hasOwn(OPTION_UNITS, name);
}

function unknownClientOption(name: string): DataError {
  const replacement = replacementOf(name);
  if (replacement !== undefined) {
    return new DataError(`unknown option "${name}"; ${replacement}`);
  }
  const camel = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const names = Object.keys(OPTION_UNITS) as OptionName[];
  const ssl = name.startsWith("ssl_") ? "tls" : undefined;
  const known = NAMES_IN_OTHER_CLIENTS.get(name) ?? NAMES_IN_OTHER_CLIENTS.get(camel);
  const meant = known ?? ssl ?? nearest(camel, names);
  if (meant === undefined || OPTION_UNITS[meant] === "") return unknownOption(name, meant);
  const isPythonName = name.includes("_");
  return unknownOption(name, meant, ` (milliseconds${isPythonName ? ", not seconds" : ""})`);
}

function urlOptions(url: unknown): UrlOptions {
  if (url === undefined) return {};
  if (isUrlObject(url)) return parseUrl(url.href);
  return parseUrl(nonEmptyText("url", url));
}

type GivenOptions = Readonly<Record<string, unknown>>;

/** Values of an option that count as not set. */
const UNSET_VALUES: ReadonlySet<unknown> = new Set([undefined, null, false, ""]);

function rejectBoth(given: GivenOptions, one: OptionName, other: OptionName): void {
  const isSet = (name: OptionName): boolean => !UNSET_VALUES.has(given[name]);
  if (isSet(one) && isSet(other)) {
    throw new DataError(`options "${one}" and "${other}" are mutually exclusive`);
  }
}

function fixedCredentials(
  username: string | undefined,
  password: string | undefined,
): Settings["credentials"] {
  if (username === undefined && password === undefined) return undefined;
  // In a closure, so that inspecting the settings does not show them.
  const credentials: Credentials = Object.freeze({ username, password: password ?? "" });
  return async () => credentials;
}

const PROVIDED_PASSWORD = 'password returned by option "credentialProvider"';
const PROVIDED_USERNAME = 'username returned by option "credentialProvider"';

/** Read credentials. A class instance may have getters for them; what `Object.prototype` has is not read. */
function providedProperties(given: object): { username?: unknown; password?: unknown } {
  return isPlainObject(given) ? ownProperties(given) : given;
}

function providedCredentials(provider: CredentialProvider): () => Promise<Credentials> {
  return async () => {
    const given: unknown = await provider();
    const isObject = typeof given === "object" && given !== null;
    const { username, password } = providedProperties(isObject ? given : {});
    if (!isObject || password === undefined) {
      throw new DataError('option "credentialProvider" must return an object with a password');
    }
    if (typeof password !== "string") {
      throw invalidOption(PROVIDED_PASSWORD, "a string", kindOf(password));
    }
    return { username: optionalText(PROVIDED_USERNAME, username ?? null), password };
  };
}

/** Returns the validated value of an option, or `fallback` when the option is not set. */
type ReadOption = <T>(name: OptionName, check: Check<T>, fallback: T) => T;

function readAddress(read: ReadOption): Address {
  const path = read("unixSocketPath", socketPath, "");
  if (path !== "") return Object.freeze({ kind: "unix", path });
  const host = read("host", hostName, "localhost");
  return Object.freeze({ kind: "tcp", host, port: read("port", integer(1, 65_535), 6379) });
}

function readCredentials(read: ReadOption): Settings["credentials"] {
  const provider = read<CredentialProvider | undefined>(
    "credentialProvider",
    callable("a function"),
    undefined,
  );
  if (provider !== undefined) return providedCredentials(provider);
  const username = read("username", optionalText, undefined);
  return fixedCredentials(username, read("password", optionalText, undefined));
}

function readLimits(read: ReadOption) {
  const maxConnections = read("maxConnections", connectionLimit, Number.POSITIVE_INFINITY);
  const sharedConnections = read("sharedConnections", integer(1), 1);
  if (sharedConnections > maxConnections) {
    throw new DataError('option "sharedConnections" must not exceed option "maxConnections"');
  }
  return {
    maxConnections,
    sharedConnections,
    maxPendingCommands: read("maxPendingCommands", integer(1), 250_000),
    idleTimeout: read("idleTimeout", timeLimit, 60_000),
    blockingGrace: read("blockingGrace", milliseconds, 2000),
    maxDepth: read("maxDepth", integer(1, MAX_DEPTH), 128),
    maxBulkLength: read("maxBulkLength", integer(1), DEFAULT_BULK_LENGTH),
    maxElements: read("maxElements", integer(1, MAX_ELEMENTS), DEFAULT_ELEMENTS),
  };
}

/** The options that a cache determines. */
function readCache(read: ReadOption): Pick<Settings, "cache" | "protocol" | "healthCheckInterval"> {
  const cache = read<CacheSettings | undefined>("cache", cacheSettings, undefined);
  const isCached = cache !== undefined;
  const protocol = read("protocol", oneOf(2, 3), isCached ? 3 : 2);
  const healthCheckInterval = read(
    "healthCheckInterval",
    timeLimit,
    isCached ? CACHE_HEALTH_CHECK : 0,
  );
  if (isCached && protocol === 2) throw invalidOption("protocol", '3 with option "cache"', "2");
  if (isCached && healthCheckInterval === 0)
    throw invalidOption("healthCheckInterval", 'above 0 with option "cache"', "0");
  return { cache, protocol, healthCheckInterval };
}

function readBehaviour(read: ReadOption) {
  return {
    socketTimeout: read("socketTimeout", timeLimit, 5000),
    socketConnectTimeout: read("socketConnectTimeout", timeLimit, 5000),
    socketKeepalive: read("socketKeepalive", boolean, true),
    socketKeepaliveDelay: read("socketKeepaliveDelay", milliseconds, 30_000),
    retry: read("retry", retryPolicy, defaultRetryPolicy()),
    retryOnTimeout: read("retryOnTimeout", boolean, false),
    retryReads: read("retryReads", boolean, false),
    retryOnError: read("retryOnError", errorClasses<ErrorClass>, Object.freeze([])),
    retryReadonly: read("retryReadonly", boolean, true),
    retryLoading: read("retryLoading", boolean, false),
    encoding: read("encoding", encoding, "utf8"),
    encodingErrors: read("encodingErrors", oneOf("strict", "replace", "ignore"), "strict"),
    decodeResponses: read("decodeResponses", boolean, true),
    integers: read("integers", oneOf("number", "bigint"), "number"),
    parserClass: readParserClass(read),
  };
}

function readParserClass(read: ReadOption): ParserClass | undefined {
  const custom = read<ParserClass | undefined>("parserClass", callable("a class"), undefined);
  const parser = read("parser", oneOf("js", "hiredis"), "js");
  const parserClass = parser === "hiredis" ? HiredisParser : custom;
  // `resp3` loads the native parser, so a missing addon is an error of the constructor.
  if (parserClass?.resp3 === false && read("protocol", oneOf(2, 3), 2) === 3) {
    throw invalidOption("protocol", "2 with a parser without RESP3 support (hiredis < 1.0)", "3");
  }
  return parserClass;
}

/**
 * Validate a client's options and add the defaults.
 *
 * @param input - The options; `undefined` values count as not set.
 * @returns Frozen, complete settings.
 * @throws {@link DataError} naming the option that is unknown, of the wrong type, out of range or in
 * conflict with another.
 * @remarks Options of the `url` take precedence; `host`, `port`, `username` etc. apply where the URL
 * does not contain them.
 */
export function normalizeOptions(input: RedisOptions): Settings {
  const options = ownOptions(input as Record<string, unknown>);
  for (const name of Object.keys(options)) {
    if (!isOptionName(name)) throw unknownClientOption(name);
  }
  const { tls: urlTls, ...fromUrl } = ownProperties(urlOptions(options.url));
  const given: GivenOptions = Object.assign(options, fromUrl);
  const tls = tlsOptions(given.tls, urlTls);
  for (const name of ["host", "port", "tls"] as const) rejectBoth(given, "unixSocketPath", name);
  rejectBoth(given, "credentialProvider", "username");
  rejectBoth(given, "credentialProvider", "password");
  rejectBoth(given, "parser", "parserClass");
  const read: ReadOption = (name, check, fallback) =>
    given[name] === undefined ? fallback : check(name, given[name]);
  return Object.freeze({
    address: readAddress(read),
    db: read("db", integer(0, MAX_INT), 0),
    credentials: readCredentials(read),
    tls,
    ...readCache(read),
    clientName: read("clientName", printableAscii, undefined),
    libName: read<string | undefined>("libName", printableAscii, "rediswire"),
    libVersion: read<string | undefined>("libVersion", printableAscii, VERSION),
    ...readBehaviour(read),
    ...readLimits(read),
  });
}

/**
 * Convert the arguments of a client's constructor to settings.
 *
 * @param target - Host (`"localhost"`, `"localhost:6380"`, `"[::1]:6380"`), URL, path of a unix
 * socket, or the options.
 * @param second - Port, or the options.
 * @param third - The options, after a port.
 * @throws {@link DataError} as {@link collectOptions} and {@link normalizeOptions} do.
 */
export function resolveOptions(
  target?: RedisTarget,
  second?: number | RedisOptions,
  third?: RedisOptions,
): Settings {
  return normalizeOptions(collectOptions(target, second, third));
}
