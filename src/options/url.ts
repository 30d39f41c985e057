/**
 * Owns the reading of connection URLs, by redis-py's rules (which are urllib's, not WHATWG's: Node's
 * `URL` refuses or rewrites several of these). Pure: no files, no network, no defaults; the result
 * holds only what the URL said. An error never shows the URL, its user info or a value from it.
 *
 * Different from redis-py on purpose: query values are percent-decoded once, `decode_responses` is a
 * boolean, an unknown query key is an error, and so is text that cannot be meant as it stands.
 */

import { DataError } from "../errors.js";
import { nearest } from "../util/validate.js";

/** What a `rediss://` URL says of TLS. Files are named only, not read. */
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
  /** `ssl_password`: of the key. */
  readonly passphrase?: string;
  /** `ssl_ciphers`: OpenSSL's cipher list. */
  readonly ciphers?: string;
}

/** What a URL says, under the names of the client's options; durations in milliseconds. */
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
  readonly encoding?: string;
  readonly encodingErrors?: string;
  readonly decodeResponses?: boolean;
  readonly integers?: string;
  readonly maxConnections?: number;
  readonly sharedConnections?: number;
  readonly maxPendingCommands?: number;
  readonly blockingGrace?: number;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type Draft = Writable<UrlOptions>;
type TlsDraft = Writable<UrlTls>;
/** Reads a query value; `undefined` when it makes no sense. */
type Read<T> = (text: string) => T | undefined;
/** Stores a query value under the option's name; `false` when it makes no sense. */
type Store<T> = (draft: T, text: string) => boolean;

const URL_PARTS = /^(redis|rediss|unix):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/is;
const HOST_AND_PORT = /^(?:\[([\da-f:.]+(?:%[^\]]+)?)\]|([^:[\]]*))(?::(.*))?$/is;
const PERCENT_RUN = /(?:%[\da-f]{2})+/gi;
const INTEGER = /^[+-]?\d+(?:_\d+)*$/;
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const FALSE_WORDS = new Set(["0", "f", "false", "n", "no"]);
const SECRET_KEYS = new Set(["username", "password", "ssl_password"]);
const MAX_PORT = 65_535;
const SCHEMES =
  "Redis URL must specify one of the following schemes (redis://, rediss://, unix://)";
const UNESCAPED =
  "Invalid connection URL: a user name or password with any of / ? # @ % in it must be percent-encoded";
const UNKNOWN =
  "Unknown option in the query of the connection URL, or a piece of a password that must be percent-encoded";

const integer: Read<number> = (text) => {
  const digits = text.trim();
  return INTEGER.test(digits) ? Number(digits.replaceAll("_", "")) : undefined;
};

/** Seconds, as redis-py has them in URLs, become milliseconds; a positive time never becomes 0. */
const seconds: Read<number> = (text) => {
  const value = DECIMAL.test(text.trim()) ? Number(text) : Number.NaN;
  if (!Number.isFinite(value) || value < 0) return undefined;
  return value === 0 ? 0 : Math.max(1, Math.round(value * 1000));
};

const boolean: Read<boolean> = (text) => !FALSE_WORDS.has(text.toLowerCase());

const string: Read<string> = (text) => text;

const certificateDemand: Read<boolean> = (text) => {
  if (text === "none") return false;
  // For a client, Python treats "optional" as "required".
  return text === "optional" || text === "required" ? true : undefined;
};

function store<T, K extends keyof T>(option: K, read: Read<T[K]>): Store<T> {
  return (draft, text) => {
    const value = read(text);
    if (value === undefined) return false;
    draft[option] = value;
    return true;
  };
}

const option = <K extends keyof Draft>(name: K, read: Read<Draft[K]>): Store<Draft> =>
  store(name, read);
const tlsOption = <K extends keyof UrlTls>(name: K, read: Read<UrlTls[K]>): Store<TlsDraft> =>
  store(name, read);

const QUERY_KEYS: ReadonlyMap<string, Store<Draft>> = new Map([
  ["db", option("db", integer)],
  ["username", option("username", string)],
  ["password", option("password", string)],
  ["protocol", option("protocol", integer)],
  ["client_name", option("clientName", string)],
  ["lib_name", option("libName", string)],
  ["lib_version", option("libVersion", string)],
  ["socket_timeout", option("socketTimeout", seconds)],
  ["socket_connect_timeout", option("socketConnectTimeout", seconds)],
  ["socket_keepalive", option("socketKeepalive", boolean)],
  ["health_check_interval", option("healthCheckInterval", seconds)],
  ["retry_on_timeout", option("retryOnTimeout", boolean)],
  ["encoding", option("encoding", string)],
  ["encoding_errors", option("encodingErrors", string)],
  ["decode_responses", option("decodeResponses", boolean)],
  ["integers", option("integers", string)],
  ["max_connections", option("maxConnections", integer)],
  ["shared_connections", option("sharedConnections", integer)],
  ["max_pending_commands", option("maxPendingCommands", integer)],
  ["blocking_grace", option("blockingGrace", seconds)],
]);

const TLS_QUERY_KEYS: ReadonlyMap<string, Store<TlsDraft>> = new Map([
  ["ssl_cert_reqs", tlsOption("rejectUnauthorized", certificateDemand)],
  ["ssl_check_hostname", tlsOption("checkHostname", boolean)],
  ["ssl_ca_certs", tlsOption("caFile", string)],
  ["ssl_ca_data", tlsOption("ca", string)],
  ["ssl_certfile", tlsOption("certFile", string)],
  ["ssl_keyfile", tlsOption("keyFile", string)],
  ["ssl_password", tlsOption("passphrase", string)],
  ["ssl_ciphers", tlsOption("ciphers", string)],
]);

/** The URL cut into pieces, nothing decoded. */
interface Parts {
  readonly scheme: string;
  /** `undefined` without an "@". */
  readonly userInfo: string | undefined;
  readonly hostAndPort: string;
  readonly path: string;
  readonly query: string;
}

function split(url: string): Parts {
  // As urllib does: a line end from a file or an environment variable is not part of the URL.
  const match = URL_PARTS.exec(url.replace(/[\t\r\n]/g, "").trim());
  if (match === null) throw new DataError(SCHEMES);
  const [, scheme = "", authority = "", path = "", query = "", fragment = ""] = match;
  const at = authority.lastIndexOf("@");
  const unix = scheme.toLowerCase() === "unix";
  // An "@" out of place means that a "/" or "#" in the password ended the user info too early; read
  // as it stands, the URL would send a part of the password to a name server.
  const cutShort = unix ? at < 0 && authority !== "" : true;
  if (cutShort && (path.includes("@") || fragment.includes("@"))) throw new DataError(UNESCAPED);
  return {
    scheme: scheme.toLowerCase(),
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
      throw new DataError(`Invalid percent-encoding in the ${part} of the connection URL`);
    }
  });
}

function readCredentials(draft: Draft, userInfo: string): void {
  const colon = userInfo.indexOf(":");
  const [username, password] =
    colon < 0 ? [userInfo, ""] : [userInfo.slice(0, colon), userInfo.slice(colon + 1)];
  if (username !== "") draft.username = percentDecode(username, "user name");
  if (password !== "") draft.password = percentDecode(password, "password");
}

function readHostAndPort(draft: Draft, hostAndPort: string): void {
  const match = HOST_AND_PORT.exec(hostAndPort);
  if (match === null) throw new DataError("Invalid host in connection URL.");
  const host = match[1] ?? match[2] ?? "";
  const port = match[3] ?? "";
  // What follows a "%" keeps its case: it is encoded, or the zone of an IPv6 address.
  const [name = ""] = host.split("%", 1);
  if (host !== "") {
    draft.host = percentDecode(name.toLowerCase() + host.slice(name.length), "host");
  }
  if (port === "") return;
  const number = /^\d+$/.test(port) ? Number(port) : Number.NaN;
  if (!(number <= MAX_PORT)) throw new DataError("Invalid port in connection URL.");
  if (number !== 0) draft.port = number;
}

function unknownKey(key: string, query: string, known: Iterable<string>): DataError {
  // With an "@" about, or odd characters, the "key" may be a piece of a password.
  if (query.includes("@") || !/^[a-z]\w*$/i.test(key)) {
    return new DataError(UNKNOWN);
  }
  const hint = nearest(key, known);
  const question = hint === undefined ? "" : `; did you mean \`${hint}\`?`;
  return new DataError(`Unknown option \`${key}\` in connection URL${question}`);
}

/** Gives the pairs of a query, decoded as a form is; of repeated keys the first that has a value. */
function queryPairs(query: string): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (const pair of query.split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const end = equals < 0 ? pair.length : equals;
    const decode = (text: string): string => percentDecode(text.replaceAll("+", " "), "query");
    const key = decode(pair.slice(0, end));
    if (!pairs.get(key)) pairs.set(key, decode(pair.slice(end + 1)));
  }
  return pairs;
}

function readQuery(draft: Draft, parts: Parts): void {
  const tls: TlsDraft = {};
  for (const [key, value] of queryPairs(parts.query)) {
    const ours = QUERY_KEYS.get(key);
    const tlsKey = TLS_QUERY_KEYS.get(key);
    if (ours === undefined && tlsKey === undefined) {
      throw unknownKey(key, parts.query, [...QUERY_KEYS.keys(), ...TLS_QUERY_KEYS.keys()]);
    }
    if (tlsKey !== undefined && parts.scheme !== "rediss") {
      throw new DataError(`\`${key}\` in connection URL needs the scheme rediss://`);
    }
    if (value === "") continue;
    const stored = ours === undefined ? tlsKey?.(tls, value) : ours(draft, value);
    if (!stored) throw new DataError(`Invalid value for \`${key}\` in connection URL.`);
  }
  if (parts.scheme === "rediss") draft.tls = tls;
}

function readPath(draft: Draft, parts: Parts): void {
  const path = percentDecode(parts.path, "path");
  if (parts.scheme === "unix") {
    if (path === "") throw new DataError("A unix:// URL must have the path of a socket");
    draft.unixSocketPath = path;
  } else if (draft.db === undefined) {
    const db = integer(path.replaceAll("/", ""));
    if (db !== undefined) draft.db = db;
  }
}

/**
 * Read a `redis://`, `rediss://` or `unix://` URL.
 *
 * @param url - `redis://user:password@host:port/db?option=value`; durations among the options are
 * in seconds, as in redis-py.
 * @returns What the URL said and nothing else, durations in milliseconds.
 * @throws {@link DataError} when the URL cannot be understood.
 */
export function parseUrl(url: string): UrlOptions {
  const parts = split(url);
  const draft: Draft = {};
  readQuery(draft, parts);
  if (parts.userInfo !== undefined) readCredentials(draft, parts.userInfo);
  if (parts.scheme !== "unix") readHostAndPort(draft, parts.hostAndPort);
  readPath(draft, parts);
  return draft;
}

function redactQuery(query: string): string {
  if (query === "") return "";
  if (query.includes("@")) return "?***";
  const pairs = query.split("&").map((pair) => {
    const key = pair.split("=", 1)[0] ?? "";
    return SECRET_KEYS.has(percentDecode(key, "query")) ? `${key}=***` : pair;
  });
  return `?${pairs.join("&")}`;
}

/**
 * Make a URL fit for a log.
 *
 * @param url - Any text.
 * @returns The URL with `***` for user name and password, without its fragment; of a text that is
 * no valid connection URL nothing but the scheme, as there is no telling what it holds.
 */
export function redactUrl(url: string): string {
  try {
    parseUrl(url);
    const { scheme, userInfo, hostAndPort, path, query } = split(url);
    const user = userInfo === undefined ? "" : "***@";
    return `${scheme}://${user}${hostAndPort}${path}${redactQuery(query)}`;
  } catch {
    const scheme = /^\s*([a-z][a-z\d+.-]*:\/\/)/i.exec(url)?.[1] ?? "";
    return `${scheme}***`;
  }
}
