/**
 * Types of a client's options: `RedisOptions`, which users write, and `Settings`, which the library
 * reads. `normalize.ts` converts one to the other.
 */
import type { ConnectionOptions } from "node:tls";
import type { EncodingErrors } from "../protocol/encoding.js";
import type { ParserClass } from "../protocol/parser.js";
import type { Address } from "./address.js";
import type { CacheOptions, CacheSettings } from "./cache.js";
import type { ErrorClass } from "./retry.js";
import type { RetryOption, RetryPolicy } from "./retry-policy.js";

/** User name and password of a connection. */
export interface Credentials {
  /** ACL user; default: the server's user `default`. */
  readonly username?: string | undefined;
  /** The password. It never appears in a log or an error. */
  readonly password: string;
}

/** Returns the credentials, or a promise of them. Called for every new connection. */
export type CredentialProvider = () => Credentials | Promise<Credentials>;

/** Options of a client. All options are optional. Durations are in milliseconds. */
export interface RedisOptions {
  /**
   * String or URL: a `redis://`, `rediss://` or `unix://` URL. It takes precedence over the other
   * options. Durations in a URL are in seconds, as in redis-py.
   */
  readonly url?: string | URL | undefined;
  /** Host name or IP address of the server; default `"localhost"`. Excludes `unixSocketPath`. */
  readonly host?: string | undefined;
  /** Integer, 1 to 65535: TCP port of the server; default 6379. Excludes `unixSocketPath`. */
  readonly port?: number | undefined;
  /** Integer, 0 to 2147483647: number of the database to select; default 0. */
  readonly db?: number | undefined;
  /** Path of the server's unix socket. Excludes `host`, `port` and `tls`. */
  readonly unixSocketPath?: string | undefined;
  /** ACL user; default none. */
  readonly username?: string | null | undefined;
  /** Password; default none. An empty string means no password. */
  readonly password?: string | null | undefined;
  /** Function that returns the credentials for each new connection. Excludes `username` and `password`. */
  readonly credentialProvider?: CredentialProvider | undefined;
  /**
   * `true`, or options for Node's `tls.connect` without the address; default: no TLS. The certificate and
   * host name are verified unless these options disable it. With a `redis://` URL, this option enables
   * TLS; `false` with a `rediss://` URL is an error.
   */
  readonly tls?: boolean | ConnectionOptions | undefined;
  /** RESP version, 2 or 3; default 2. */
  readonly protocol?: 2 | 3 | undefined;
  /** Name of the connections in CLIENT LIST: printable ASCII without spaces; default none. */
  readonly clientName?: string | null | undefined;
  /** Library name sent with CLIENT SETINFO; default `"rediswire"`, `null` to send none. */
  readonly libName?: string | null | undefined;
  /** Library version sent with CLIENT SETINFO; default: version of this package, `null` to send none. */
  readonly libVersion?: string | null | undefined;
  /**
   * Number, ms: longest silence while a command awaits its reply; default 5000, 0 or `null` for no limit. Time in
   * which a reply arrives or the command is being written does not count; see `with({ timeout })` for a total.
   */
  readonly socketTimeout?: number | null | undefined;
  /** Number, ms: timeout of one connect and its handshake; default 5000, 0 or `null` for no limit. */
  readonly socketConnectTimeout?: number | null | undefined;
  /** Boolean: send TCP keepalive probes on idle connections; default `true`. */
  readonly socketKeepalive?: boolean | undefined;
  /** Number, ms: idle time before the first TCP keepalive probe; default 30000. */
  readonly socketKeepaliveDelay?: number | undefined;
  /** Number, ms: idle time after which a connection is checked with PING before use; default 0: never. */
  readonly healthCheckInterval?: number | null | undefined;
  /**
   * How connecting is retried: a {@link Retry}, the number of attempts (integer, 1 or more), or a function
   * `(attempt, error) => ms | undefined`. Default: commands wait until their deadline (`socketTimeout`),
   * with pauses that grow to 100 ms. What waiting cannot mend (a refused password, an untrusted
   * certificate, a malformed address) is not retried.
   */
  readonly retry?: RetryOption | undefined;
  /**
   * Boolean: send a command again after a reply timeout, although the server may have executed it;
   * default `false`.
   */
  readonly retryOnTimeout?: boolean | undefined;
  /**
   * Boolean: send commands that only read again after a lost connection or a reply timeout; default
   * `false`.
   */
  readonly retryReads?: boolean | undefined;
  /**
   * Array of error classes: send a command again after such an error, although the server may have
   * executed it; default `[]`.
   */
  readonly retryOnError?: readonly ErrorClass[] | undefined;
  /**
   * Boolean: send a command that a read-only replica has refused (READONLY) once again, over a new connection;
   * default `true`. The replica did not execute it. Scripts are not sent again.
   */
  readonly retryReadonly?: boolean | undefined;
  /**
   * Boolean: wait, as `retry` states, while the server loads its data (LOADING) or has lost its master (MASTERDOWN),
   * and send what it has refused again; default `false`: the command rejects.
   */
  readonly retryLoading?: boolean | undefined;
  /**
   * Encoding of arguments and replies: utf-8, latin-1 or ascii, by Python's or Node's name; default
   * `"utf-8"`. Encodings that do not extend ASCII are rejected, because the protocol is ASCII.
   */
  readonly encoding?: string | undefined;
  /**
   * What to do with bytes or text that are invalid in `encoding`: `"strict"` rejects with an error,
   * `"replace"` and `"ignore"` change the text; default `"strict"`.
   */
  readonly encodingErrors?: EncodingErrors | undefined;
  /** Boolean: return strings (`true`, the default) or Buffers (`false`). */
  readonly decodeResponses?: boolean | undefined;
  /**
   * Type of 64-bit integers in replies, `"number"` or `"bigint"`; default `"number"`, which rejects integers
   * beyond 2^53 with a {@link DecodeError}.
   */
  readonly integers?: "number" | "bigint" | undefined;
  /** Integer, 1 or more: maximum number of connections; default `null` (or 0): no limit. */
  readonly maxConnections?: number | null | undefined;
  /**
   * Integer, 1 or more, at most `maxConnections`: number of connections that ordinary commands share;
   * default 1.
   */
  readonly sharedConnections?: number | undefined;
  /** Integer, 1 or more: maximum number of pending commands per connection; default 250000. */
  readonly maxPendingCommands?: number | undefined;
  /**
   * Number, ms: time without use after which a connection of the pool is closed, unless ordinary commands
   * share it; default 60000, 0 or `null` for never.
   */
  readonly idleTimeout?: number | null | undefined;
  /** Number, ms: time a blocking command may take beyond its own timeout; default 2000. */
  readonly blockingGrace?: number | undefined;
  /** Integer, 1 to 1000: maximum nesting depth of a reply; default 128. */
  readonly maxDepth?: number | undefined;
  /** Integer, 1 or more, bytes: maximum length of a string in a reply; default 536870912, the server's limit. */
  readonly maxBulkLength?: number | undefined;
  /** Integer, 1 to 100000000: maximum number of elements of one array, set or map; default 67108864. */
  readonly maxElements?: number | undefined;
  /**
   * Built-in parser, `"js"` or `"hiredis"`; default `"js"`. `"hiredis"` must be built first, see
   * docs/parsers.md. Excludes `parserClass`.
   */
  readonly parser?: "js" | "hiredis" | undefined;
  /** Custom parser class. Excludes `parser`. */
  readonly parserClass?: ParserClass | undefined;
  /**
   * `true`, or options: keep the replies of commands that only read until the server reports a change (CLIENT
   * TRACKING); default `false`. Needs Redis 7 or later, or Valkey; `protocol` is 3 then, and `healthCheckInterval` 2000
   * unless it is set.
   */
  readonly cache?: boolean | CacheOptions | undefined;
}

/**
 * Validated options with defaults; frozen. Durations are in milliseconds, and 0 means no limit. Secrets
 * are hidden from `util.inspect` and `JSON.stringify`.
 */
export interface Settings {
  /** Address of the server; not used when Sentinels provide the address. */
  readonly address: Address;
  /** Database to select. */
  readonly db: number;
  /** Returns the credentials; `undefined` for no authentication. */
  readonly credentials: (() => Promise<Credentials>) | undefined;
  /** Options for `tls.connect`, to be copied (`{ ...tls }`); `undefined` for plain TCP. */
  readonly tls: Readonly<ConnectionOptions> | undefined;
  /** RESP version. */
  readonly protocol: 2 | 3;
  /** Name for CLIENT SETNAME. */
  readonly clientName: string | undefined;
  /** Library name for CLIENT SETINFO. */
  readonly libName: string | undefined;
  /** Library version for CLIENT SETINFO. */
  readonly libVersion: string | undefined;
  /** Reply timeout in ms: longest silence of the server. */
  readonly socketTimeout: number;
  /** Connect timeout in ms, handshake included. */
  readonly socketConnectTimeout: number;
  /** Whether TCP keepalive is on. */
  readonly socketKeepalive: boolean;
  /** Idle time before the first TCP keepalive probe, in ms. */
  readonly socketKeepaliveDelay: number;
  /** Idle time after which a connection is checked before use, in ms; 0: never. */
  readonly healthCheckInterval: number;
  /** Retry policy of connecting. */
  readonly retry: RetryPolicy;
  /** Whether commands are sent again after a reply timeout. */
  readonly retryOnTimeout: boolean;
  /** Whether commands that only read are sent again. */
  readonly retryReads: boolean;
  /** Errors after which commands are sent again. */
  readonly retryOnError: readonly ErrorClass[];
  /** Whether commands that a replica has refused are sent again. */
  readonly retryReadonly: boolean;
  /** Whether commands wait for a server that loads its data or has lost its master. */
  readonly retryLoading: boolean;
  /** Encoding of arguments and replies. */
  readonly encoding: BufferEncoding;
  /** What to do with bytes or text that are invalid in the encoding. */
  readonly encodingErrors: EncodingErrors;
  /** Whether replies are strings; otherwise Buffers. */
  readonly decodeResponses: boolean;
  /** Type of 64-bit integers in replies. */
  readonly integers: "number" | "bigint";
  /** Maximum number of connections; `Infinity` for no limit. */
  readonly maxConnections: number;
  /** Number of connections that ordinary commands share. */
  readonly sharedConnections: number;
  /** Maximum number of pending commands per connection. */
  readonly maxPendingCommands: number;
  /** Time after which an idle connection is closed, in ms; 0: never. */
  readonly idleTimeout: number;
  /** Time a blocking command may take beyond its own timeout, in ms. */
  readonly blockingGrace: number;
  /** Maximum nesting depth of a reply. */
  readonly maxDepth: number;
  /** Maximum length of a string in a reply, in bytes. */
  readonly maxBulkLength: number;
  /** Maximum number of elements of one array, set or map. */
  readonly maxElements: number;
  /** `undefined` for the built-in JavaScript parser. */
  readonly parserClass: ParserClass | undefined;
  /** `undefined` for no cache. */
  readonly cache: CacheSettings | undefined;
}
