/**
 * Parsing of connection URLs by redis-py's rules, which are those of urllib, not WHATWG: Node's `URL`
 * rejects or rewrites several of these URLs. Pure: no files, no network, no defaults; the result
 * contains only what the URL contains. An error never contains the URL, its user info or a value.
 *
 * Intended differences from redis-py: query values are percent-decoded once, `decode_responses` is a
 * boolean, and unknown query keys, ambiguous URLs and paths that are not a database number are errors.
 */

import { DataError } from "../errors.js";
import { ownProperties } from "../util/own.js";
import { nearest } from "../util/validate.js";

/** TLS options of a `rediss://` URL. Files are named, not read. */
export interface UrlTls {
  /** `ssl_cert_reqs`: `false` for `none`. */
  readonly rejectUnauthorized?: boolean;
  /** `ssl_check_hostname`. */
  readonly checkHostname?: boolean;
  /** `ssl_ca_data`: PEM text. */
  readonly ca?: string;
  /** `ssl_ca_certs`: path. */
  readonly caFile?: string;
  /** `ssl_certfile`: path. */
  readonly certFile?: string;
  /** `ssl_keyfile`: path. */
  readonly keyFile?: string;
  /** `ssl_password`: passphrase of the key. */
  readonly passphrase?: string;
  /** `ssl_ciphers`: cipher list in OpenSSL's format. */
  readonly ciphers?: string;
}

/** Options of a URL under the names of the client's options; durations are in milliseconds. */
export interface UrlOptions {
  readonly host?: string;
  readonly port?: number;
  readonly unixSocketPath?: string;
  readonly db?: number;
  readonly username?: string;
  readonly password?: string;
  /** Present for `rediss://`. */
  readonly tls?: UrlTls;
  readonly protocol?: number;
  readonly clientName?: string;
  readonly libName?: string;
  readonly libVersion?: string;
  readonly socketTimeout?: number;
  readonly socketConnectTimeout?: number;
  readonly socketKeepalive?: boolean;
  readonly healthCheckInterval?: number;
  readonly retryOnTimeout?: boolean;
  readonly retryReads?: boolean;
  readonly retryReadonly?: boolean;
  readonly retryLoading?: boolean;
  readonly encoding?: string;
  readonly encodingErrors?: string;
  readonly decodeResponses?: boolean;
  readonly integers?: string;
  readonly maxConnections?: number;
  readonly sharedConnections?: number;
  readonly maxPendingCommands?: number;
  readonly idleTimeout?: number;
  readonly blockingGrace?: number;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type Draft = Writable<UrlOptions>;
type TlsDraft = Writable<UrlTls>;

/** A type of query value. */
interface ValueType<T> {
  /** Description of valid values, for messages. */
  readonly expected: string;
  /** Returns `undefined` for an invalid value. */
  parse(text: string): T | undefined;
}

/** A query key. */
interface QueryKey<T> {
  /** Description of valid values, for messages. */
  readonly expected: string;
  /** Stores a value under the option's name; returns `false` for an invalid value. */
  store(draft: T, text: string): boolean;
}

const URL_PARTS =
  /^(redis|rediss|valkey|valkeys|unix):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/is;
const HOST_AND_PORT = /^(?:\[([\da-f:.]+(?:%[^\]]+)?)\]|([^:[\]]*))(?::(.*))?$/is;
const PERCENT_RUN = /(?:%[\da-f]{2})+/gi;
const INTEGER = /^[+-]?\d+(?:_\d+)*$/;
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const FALSE_VALUES = new Set(["0", "f", "false", "n", "no"]);
const MAX_PORT = 65_535;
/** redis-py's own message, with the schemes of Valkey. */
const INVALID_SCHEME =
  "Redis URL must specify one of the following schemes (redis://, rediss://, valkey://, valkeys://, unix://)";
const INVALID_PATH = "the path in the connection URL must be the number of a database";
const UNESCAPED_CHARACTERS =
  "/ ? # @ and % in the user name and password of the connection URL must be percent-encoded";
const UNKNOWN_KEY =
  "unknown option in the connection URL; if it is part of the password, percent-encode the password";

const INTEGER_VALUE: ValueType<number> = {
  expected: "an integer",
  parse(text) {
    const digits = text.trim();
    return INTEGER.test(digits) ? Number(digits.replaceAll("_", "")) : undefined;
  },
};

/** Converts seconds, redis-py's unit in URLs, to milliseconds. A positive time never becomes 0. */
const SECONDS: ValueType<number> = {
  expected: "a number of seconds, 0 or more",
  parse(text) {
    const value = DECIMAL.test(text.trim()) ? Number(text) : Number.NaN;
    if (!Number.isFinite(value) || value < 0) return undefined;
    return value === 0 ? 0 : Math.max(1, Math.round(value * 1000));
  },
};

const BOOLEAN: ValueType<boolean> = {
  expected: "a boolean",
  parse: (text) => !FALSE_VALUES.has(text.toLowerCase()),
};

const STRING: ValueType<string> = { expected: "a string", parse: (text) => text };

const CERTIFICATE_REQUIREMENT: ValueType<boolean> = {
  expected: '"none", "optional" or "required"',
  parse(text) {
    if (text === "none") return false;
    // For a client, Python treats "optional" as "required".
    return text === "optional" || text === "required" ? true : undefined;
  },
};

function queryKey<T, K extends keyof T>(name: K, type: ValueType<T[K]>): QueryKey<T> {
  return {
    expected: type.expected,
    store(draft, text) {
      const value = type.parse(text);
      if (value === undefined) return false;
      draft[name] = value;
      return true;
    },
  };
}

const option = <K extends keyof Draft>(name: K, type: ValueType<Draft[K]>): QueryKey<Draft> =>
  queryKey(name, type);
const tlsOption = <K extends keyof UrlTls>(
  name: K,
  type: ValueType<UrlTls[K]>,
): QueryKey<TlsDraft> => queryKey(name, type);

const QUERY_KEYS: ReadonlyMap<string, QueryKey<Draft>> = new Map([
  ["db", option("db", INTEGER_VALUE)],
  ["username", option("username", STRING)],
  ["password", option("password", STRING)],
  ["protocol", option("protocol", INTEGER_VALUE)],
  ["client_name", option("clientName", STRING)],
  ["lib_name", option("libName", STRING)],
  ["lib_version", option("libVersion", STRING)],
  ["socket_timeout", option("socketTimeout", SECONDS)],
  ["socket_connect_timeout", option("socketConnectTimeout", SECONDS)],
  ["socket_keepalive", option("socketKeepalive", BOOLEAN)],
  ["health_check_interval", option("healthCheckInterval", SECONDS)],
  ["retry_on_timeout", option("retryOnTimeout", BOOLEAN)],
  ["retry_reads", option("retryReads", BOOLEAN)],
  ["retry_readonly", option("retryReadonly", BOOLEAN)],
  ["retry_loading", option("retryLoading", BOOLEAN)],
  ["encoding", option("encoding", STRING)],
  ["encoding_errors", option("encodingErrors", STRING)],
  ["decode_responses", option("decodeResponses", BOOLEAN)],
  ["integers", option("integers", STRING)],
  ["max_connections", option("maxConnections", INTEGER_VALUE)],
  ["shared_connections", option("sharedConnections", INTEGER_VALUE)],
  ["max_pending_commands", option("maxPendingCommands", INTEGER_VALUE)],
  ["idle_timeout", option("idleTimeout", SECONDS)],
  ["blocking_grace", option("blockingGrace", SECONDS)],
]);

const TLS_QUERY_KEYS: ReadonlyMap<string, QueryKey<TlsDraft>> = new Map([
  ["ssl_cert_reqs", tlsOption("rejectUnauthorized", CERTIFICATE_REQUIREMENT)],
  ["ssl_check_hostname", tlsOption("checkHostname", BOOLEAN)],
  ["ssl_ca_certs", tlsOption("caFile", STRING)],
  ["ssl_ca_data", tlsOption("ca", STRING)],
  ["ssl_certfile", tlsOption("certFile", STRING)],
  ["ssl_keyfile", tlsOption("keyFile", STRING)],
  ["ssl_password", tlsOption("passphrase", STRING)],
  ["ssl_ciphers", tlsOption("ciphers", STRING)],
]);

/** The parts of a URL, not decoded. */
interface UrlParts {
  readonly scheme: string;
  /** `undefined` without an "@". */
  readonly userInfo: string | undefined;
  readonly hostAndPort: string;
  readonly path: string;
  readonly query: string;
}

function splitUrl(url: string): UrlParts {
  // As urllib does: line ends, from a file or an environment variable, are not part of the URL.
  const match = URL_PARTS.exec(url.replace(/[\t\r\n]/g, "").trim());
  if (match === null) throw new DataError(INVALID_SCHEME);
  const [, scheme = "", authority = "", path = "", query = "", fragment = ""] = match;
  const at = authority.lastIndexOf("@");
  const unix = scheme.toLowerCase() === "unix";
  // An "@" in the path or fragment means that a "/" or "#" in the password ended the user info early.
  // Part of the password would then be sent to a name server as the host.
  const mayBeTruncated = unix ? at < 0 && authority !== "" : true;
  if (mayBeTruncated && (path.includes("@") || fragment.includes("@"))) {
    throw new DataError(UNESCAPED_CHARACTERS);
  }
  return {
    // valkey:// and valkeys:// mean the same.
    scheme: scheme.toLowerCase().replace("valkey", "redis"),
    userInfo: at < 0 ? undefined : authority.slice(0, at),
    hostAndPort: authority.slice(at + 1),
    path,
    query,
  };
}

function percentDecode(text: string, part: string): string {
  return text.replace(PERCENT_RUN, (run) => {
    const bytes = Buffer.from(run.replaceAll("%", ""), "hex");
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw new DataError(`${part} in the connection URL must be valid percent-encoded UTF-8`);
    }
  });
}

function readCredentials(draft: Draft, userInfo: string): void {
  const colon = userInfo.indexOf(":");
  const [username, password] =
    colon < 0 ? [userInfo, ""] : [userInfo.slice(0, colon), userInfo.slice(colon + 1)];
  if (username !== "") draft.username = percentDecode(username, "the user name");
  if (password !== "") draft.password = percentDecode(password, "the password");
}

function readHostAndPort(draft: Draft, hostAndPort: string): void {
  const match = HOST_AND_PORT.exec(hostAndPort);
  if (match === null) {
    throw new DataError(
      "the host in the connection URL must be a host name, an IPv4 address or an IPv6 address in brackets",
    );
  }
  const host = match[1] ?? match[2] ?? "";
  const port = match[3] ?? "";
  // Text after a "%" keeps its case: it is encoded, or the zone of an IPv6 address.
  const [name = ""] = host.split("%", 1);
  if (host !== "") {
    draft.host = percentDecode(name.toLowerCase() + host.slice(name.length), "the host");
  }
  if (port === "") return;
  const number = /^\d+$/.test(port) ? Number(port) : Number.NaN;
  if (!(number <= MAX_PORT)) {
    throw new DataError(`the port in the connection URL must be an integer from 0 to ${MAX_PORT}`);
  }
  if (number !== 0) draft.port = number;
}

function unknownKey(key: string, query: string, known: Iterable<string>): DataError {
  // If the query contains "@", or the key unusual characters, the key may be part of a password.
  if (query.includes("@") || !/^[a-z]\w*$/i.test(key)) {
    return new DataError(UNKNOWN_KEY);
  }
  const meant = nearest(key, known);
  const hint = meant === undefined ? "" : `; did you mean "${meant}"?`;
  return new DataError(`unknown option "${key}" in the connection URL${hint}`);
}

/** Decode a query as form data. Of repeated keys, the first that has a value counts. */
function queryPairs(query: string): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (const pair of query.split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const end = equals < 0 ? pair.length : equals;
    const decode = (text: string): string => percentDecode(text.replaceAll("+", " "), "the query");
    const key = decode(pair.slice(0, end));
    if (!pairs.get(key)) pairs.set(key, decode(pair.slice(end + 1)));
  }
  return pairs;
}

function readQuery(draft: Draft, parts: UrlParts): void {
  const tls: TlsDraft = ownProperties({});
  for (const [key, value] of queryPairs(parts.query)) {
    const plainKey = QUERY_KEYS.get(key);
    const tlsKey = TLS_QUERY_KEYS.get(key);
    if (plainKey === undefined && tlsKey === undefined) {
      throw unknownKey(key, parts.query, [...QUERY_KEYS.keys(), ...TLS_QUERY_KEYS.keys()]);
    }
    if (tlsKey !== undefined && parts.scheme !== "rediss") {
      throw new DataError(`option "${key}" in the connection URL requires the scheme rediss://`);
    }
    if (value === "") continue;
    const stored = plainKey?.store(draft, value) ?? tlsKey?.store(tls, value);
    if (!stored) {
      const expected = (plainKey ?? tlsKey)?.expected;
      throw new DataError(`option "${key}" in the connection URL must be ${expected}`);
    }
  }
  if (parts.scheme === "rediss") draft.tls = tls;
}

function readPath(draft: Draft, parts: UrlParts): void {
  const path = percentDecode(parts.path, "the path");
  if (parts.scheme === "unix") {
    if (path === "") throw new DataError("a unix:// URL must contain the path of a socket");
    draft.unixSocketPath = path;
    return;
  }
  const digits = /^\/?(\d*)\/?$/.exec(path)?.[1];
  if (digits === undefined) {
    const isSocket = parts.hostAndPort === "" || /\.sock(?:et)?$/i.test(path);
    throw new DataError(
      isSocket ? `${INVALID_PATH}; use unix:// for the path of a socket` : INVALID_PATH,
    );
  }
  if (digits !== "" && draft.db === undefined) draft.db = Number(digits);
}

/**
 * Parse a `redis://`, `rediss://` or `unix://` URL; `valkey://` and `valkeys://` are read as the first two.
 *
 * @param url - `redis://user:password@host:port/db?option=value`; durations in options are in
 * seconds, as in redis-py.
 * @returns The options that the URL contains; durations in milliseconds.
 * @throws {@link DataError} when the URL is invalid.
 */
export function parseUrl(url: string): UrlOptions {
  const parts = splitUrl(url);
  const draft: Draft = ownProperties({});
  readQuery(draft, parts);
  if (parts.userInfo !== undefined) readCredentials(draft, parts.userInfo);
  if (parts.scheme !== "unix") readHostAndPort(draft, parts.hostAndPort);
  readPath(draft, parts);
  return draft;
}
