/**
 * Owns the defaults and the checking of a client's options. Every default of a client stands here and
 * nowhere else. Pure but for the certificate files a URL
 * may name. No message shows a string that was given: it may be a secret in the wrong place.
 */

import { DataError } from "../errors.js";
import { HiredisParser } from "../protocol/hiredis/hiredis-parser.js";
import type { ParserClass } from "../protocol/parser.js";
import {
  boolean,
  type Check,
  callable,
  errorClasses,
  integer,
  invalidOption,
  isIpv6,
  milliseconds,
  nearest,
  oneOf,
  optionalText,
  plainObject,
  text,
  timeLimit,
  withMethods,
  word,
} from "../util/validate.js";
import type { Address } from "./address.js";
import { EqualJitterBackoff } from "./backoff.js";
import { collectOptions, isUrlObject, type RedisTarget } from "./constructor-arguments.js";
import { type ErrorClass, Retry } from "./retry.js";
import { tlsOptions } from "./tls.js";
import type { CredentialProvider, Credentials, RedisOptions, Settings } from "./types.js";
import { parseUrl, type UrlOptions } from "./url.js";

/** Version of this package, as told to servers. A test holds it equal to package.json's. */
export const VERSION = "0.1.0";

type OptionName = keyof RedisOptions;

const MAX_INT = 2_147_483_647;
// The longest string a server keeps unless told otherwise (proto-max-bulk-len).
const DEFAULT_BULK_LENGTH = 512 * 1024 * 1024;
const DEFAULT_ELEMENTS = 2 ** 26;
// V8 ends the process, uncatchably, when an array being filled grows past 112,813,858 elements.
const MAX_ELEMENTS = 100_000_000;
const MAX_DEPTH = 1000;

/** Pauses of 32-64, 64-128, 128-256, 256-512 and 500-1000 ms: 0.98 to 1.96 s in all. */
const defaultRetry = (): Retry => new Retry(new EqualJitterBackoff(1000, 32), 5);

/** Every option's name; the value is what to add when redis-py's spelling of it was used. */
const OPTION_NAMES: Readonly<Record<OptionName, string>> = {
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
  retryOnError: "",
  encoding: "",
  encodingErrors: "",
  decodeResponses: "",
  integers: "",
  maxConnections: "",
  sharedConnections: "",
  maxPendingCommands: "",
  blockingGrace: "ms",
  maxDepth: "",
  maxBulkLength: "",
  maxElements: "",
  parser: "",
  parserClass: "",
};

/** Names that other clients use for one of our options, where likeness would not lead to it. */
const FOREIGN_NAMES: ReadonlyMap<string, OptionName> = new Map<string, OptionName>([
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

/** The words of the protocol come among the text: only what reads ASCII as ASCII can be meant. */
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
  const known = ENCODINGS.get(text(name, value).toLowerCase().replace(/[-_ ]/g, ""));
  if (known === undefined) {
    throw invalidOption(name, "utf-8, latin-1 (binary) or ascii", "another name");
  }
  return known;
};

const hostName: Check<string> = (name, value) => {
  const given = text(name, value);
  const bare = /^\[([^\]]*)\]$/.exec(given)?.[1] ?? given;
  if (bare.includes("://")) throw invalidOption(name, "a host name", "a URL (use `url`)");
  if (bare.startsWith("/"))
    throw invalidOption(name, "a host name", "a path (use `unixSocketPath`)");
  // A host ends up in error messages; a name and password before it must not get there.
  if (bare.includes("@"))
    throw invalidOption(name, "a host name alone", "one with user info (use `url`)");
  if (bare.includes(":") && !isIpv6(bare)) {
    throw invalidOption(name, "a host name alone", "one with a port (use `port`)");
  }
  return bare;
};

const connectionLimit: Check<number> = (name, value) =>
  value === null || value === 0 || value === Number.POSITIVE_INFINITY
    ? Number.POSITIVE_INFINITY
    : integer(1)(name, value);

const retryPolicy = withMethods<Retry>("a Retry", [
  "isSupported",
  "allows",
  "delay",
  "reset",
  "clone",
  "callWithRetry",
]);

function unknownOption(name: string): DataError {
  const camel = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const names = Object.keys(OPTION_NAMES) as OptionName[];
  const ssl = name.startsWith("ssl_") ? "tls" : undefined;
  const meant = FOREIGN_NAMES.get(name) ?? ssl ?? nearest(camel, names);
  if (meant === undefined) return new DataError(`Unknown option \`${name}\``);
  const unit = OPTION_NAMES[meant] === "" ? "" : ", in milliseconds";
  const seconds = unit !== "" && name.includes("_") ? " (redis-py: seconds)" : "";
  return new DataError(`Unknown option \`${name}\`; did you mean \`${meant}\`${unit}${seconds}?`);
}

function readUrl(url: unknown): UrlOptions {
  if (url === undefined) return {};
  if (isUrlObject(url)) return parseUrl(url.href);
  return parseUrl(text("url", url));
}

type Given = Readonly<Record<string, unknown>>;

/** Values that say of an option that there is none. */
const ABSENT: ReadonlySet<unknown> = new Set([undefined, null, false, ""]);

function refuseBoth(given: Given, one: OptionName, other: OptionName): void {
  const isThere = (name: OptionName): boolean => !ABSENT.has(given[name]);
  if (isThere(one) && isThere(other)) {
    throw new DataError(`\`${one}\` and \`${other}\` exclude each other`);
  }
}

function credentialsFrom(
  username: string | undefined,
  password: string | undefined,
): Settings["credentials"] {
  if (username === undefined && password === undefined) return undefined;
  // In a closure, so that no inspection of the settings can show them.
  const credentials: Credentials = Object.freeze({ username, password: password ?? "" });
  return async () => credentials;
}

function credentialsBy(provider: CredentialProvider): () => Promise<Credentials> {
  return async () => {
    const given: unknown = await provider();
    if (typeof given !== "object" || given === null || !("password" in given)) {
      throw new DataError("`credentialProvider` must give an object with a password");
    }
    const username = "username" in given ? given.username : undefined;
    if (typeof given.password !== "string") {
      throw new DataError("`credentialProvider` must give a password that is a string");
    }
    return {
      username: optionalText("credentialProvider's username", username ?? null),
      password: given.password,
    };
  };
}

/** Reads one option: `fallback` when it was not given, else what the check makes of it. */
type Take = <T>(name: OptionName, check: Check<T>, fallback: T) => T;

function takeAddress(take: Take): Address {
  const path = take("unixSocketPath", text, "");
  if (path !== "") return Object.freeze({ kind: "unix", path });
  const host = take("host", hostName, "localhost");
  return Object.freeze({ kind: "tcp", host, port: take("port", integer(1, 65_535), 6379) });
}

function takeCredentials(take: Take): Settings["credentials"] {
  const provider = take<CredentialProvider | undefined>(
    "credentialProvider",
    callable("a function"),
    undefined,
  );
  if (provider !== undefined) return credentialsBy(provider);
  const username = take("username", optionalText, undefined);
  return credentialsFrom(username, take("password", optionalText, undefined));
}

function takeLimits(take: Take) {
  const maxConnections = take("maxConnections", connectionLimit, Number.POSITIVE_INFINITY);
  const sharedConnections = take("sharedConnections", integer(1), 1);
  if (sharedConnections > maxConnections) {
    throw new DataError("`sharedConnections` must not be more than `maxConnections`");
  }
  return {
    maxConnections,
    sharedConnections,
    maxPendingCommands: take("maxPendingCommands", integer(1), 250_000),
    blockingGrace: take("blockingGrace", milliseconds, 2000),
    maxDepth: take("maxDepth", integer(1, MAX_DEPTH), 128),
    maxBulkLength: take("maxBulkLength", integer(1), DEFAULT_BULK_LENGTH),
    maxElements: take("maxElements", integer(1, MAX_ELEMENTS), DEFAULT_ELEMENTS),
  };
}

function takeBehaviour(take: Take) {
  return {
    socketTimeout: take("socketTimeout", timeLimit, 5000),
    socketConnectTimeout: take("socketConnectTimeout", timeLimit, 5000),
    socketKeepalive: take("socketKeepalive", boolean, true),
    socketKeepaliveDelay: take("socketKeepaliveDelay", milliseconds, 30_000),
    healthCheckInterval: take("healthCheckInterval", timeLimit, 0),
    retry: take("retry", (name, value) => retryPolicy(name, value).clone(), defaultRetry()),
    retryOnTimeout: take("retryOnTimeout", boolean, false),
    retryOnError: take("retryOnError", errorClasses<ErrorClass>, Object.freeze([])),
    encoding: take("encoding", encoding, "utf8"),
    encodingErrors: take("encodingErrors", oneOf("strict", "replace", "ignore"), "strict"),
    decodeResponses: take("decodeResponses", boolean, true),
    integers: take("integers", oneOf("number", "bigint"), "number"),
    parserClass: takeParser(take),
  };
}

function takeParser(take: Take): ParserClass | undefined {
  const given = take<ParserClass | undefined>("parserClass", callable("a class"), undefined);
  const named = take("parser", oneOf("js", "hiredis"), "js");
  const parserClass = named === "hiredis" ? HiredisParser : given;
  // Asked of every client of the native parser, so that a missing addon is told at once.
  if (parserClass?.resp3 === false && take("protocol", oneOf(2, 3), 2) === 3) {
    throw new DataError(
      "The parser reads RESP2 only, hiredis before its version 1.0: use `protocol: 2` or another parser",
    );
  }
  return parserClass;
}

/**
 * Bring a client's options into their final form.
 *
 * @param input - The options; `undefined` values count as not given.
 * @returns Frozen, complete settings.
 * @throws {@link DataError} naming the option that is unknown, of the wrong type, out of range or in
 * conflict with another.
 * @remarks `host`, `port`, `username` and so on beside a `url` fill in what the URL leaves open.
 */
export function normalizeOptions(input: RedisOptions): Settings {
  const options = plainObject("options", input);
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(OPTION_NAMES, name)) throw unknownOption(name);
  }
  const { tls: urlTls, ...fromUrl } = readUrl(options.url);
  const given: Given = { ...options, ...fromUrl };
  const tls = tlsOptions(given.tls, urlTls);
  for (const name of ["host", "port", "tls"] as const) refuseBoth(given, "unixSocketPath", name);
  refuseBoth(given, "credentialProvider", "username");
  refuseBoth(given, "credentialProvider", "password");
  refuseBoth(given, "parser", "parserClass");
  const take: Take = (name, check, fallback) =>
    given[name] === undefined ? fallback : check(name, given[name]);
  return Object.freeze({
    address: takeAddress(take),
    db: take("db", integer(0, MAX_INT), 0),
    credentials: takeCredentials(take),
    tls,
    protocol: take("protocol", oneOf(2, 3), 2),
    clientName: take("clientName", word, undefined),
    libName: take<string | undefined>("libName", word, "rediswire"),
    libVersion: take<string | undefined>("libVersion", word, VERSION),
    ...takeBehaviour(take),
    ...takeLimits(take),
  });
}

/**
 * Bring the arguments of a client's constructor into final settings.
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

/**
 * Name a server for an error message or a log.
 *
 * @returns `localhost:6379`, `[::1]:6379` or `unix:/path`.
 */
export function describeAddress(settings: { readonly address: Address }): string {
  const { address } = settings;
  if (address.kind === "unix") return `unix:${address.path}`;
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}
