/**
 * Owns the shape of the client's options: what a user may write (`RedisOptions`) and what the rest
 * of the library reads (`Settings`). Types only; `options.ts` turns one into the other.
 */
import type { ConnectionOptions } from "node:tls";
import type { ParserClass } from "../protocol/parser.js";
import type { Address } from "./address.js";
import type { ErrorClass, Retry } from "./retry.js";

/** What the server wants to know of a user. */
export interface Credentials {
  /** ACL user; without it the server's user `default`. */
  readonly username?: string | undefined;
  /** The password; never in a log or an error. */
  readonly password: string;
}

/** Gives the credentials anew for every connection that is made. */
export type CredentialProvider = () => Credentials | Promise<Credentials>;

/** What to do with bytes or text that the encoding does not know. */
export type EncodingErrors = "strict" | "replace" | "ignore";

/** Options of a client. Durations are milliseconds. Every option may be left out. */
export interface RedisOptions {
  /**
   * `redis://`, `rediss://` or `unix://` URL. What it says wins over the options of the same name.
   * Durations inside a URL are seconds, as in redis-py.
   */
  readonly url?: string | URL | undefined;
  /** Host name or IP address of the server; default `"localhost"`. Not with `unixSocketPath`. */
  readonly host?: string | undefined;
  /** Integer, 1 to 65535; default 6379. Not with `unixSocketPath`. */
  readonly port?: number | undefined;
  /** Integer, 0 or more: number of the database to select; default 0. */
  readonly db?: number | undefined;
  /** Path of the server's unix socket, instead of host and port. Not with `tls`. */
  readonly unixSocketPath?: string | undefined;
  /** ACL user; default none. */
  readonly username?: string | null | undefined;
  /** Password; default none. An empty one counts as none. */
  readonly password?: string | null | undefined;
  /** Called for credentials at every connect, instead of `username` and `password`. */
  readonly credentialProvider?: CredentialProvider | undefined;
  /**
   * `true`, or options for `tls.connect` of Node; default none. Certificate and host name are
   * verified unless these options say otherwise. TLS is also used when this stands beside a
   * `redis://` URL; `false` beside a `rediss://` URL is refused.
   */
  readonly tls?: boolean | ConnectionOptions | undefined;
  /** RESP version, 2 or 3; default 2. */
  readonly protocol?: 2 | 3 | undefined;
  /** Name of the connections in CLIENT LIST: printable ASCII without spaces; default none. */
  readonly clientName?: string | null | undefined;
  /** Library name told to the server; default `"rediswire"`, `null` to tell none. */
  readonly libName?: string | null | undefined;
  /** Library version told to the server; default this package's, `null` to tell none. */
  readonly libVersion?: string | null | undefined;
  /** Number, ms: longest wait for a reply; default 5000, 0 or `null` for no limit. */
  readonly socketTimeout?: number | null | undefined;
  /** Number, ms: longest wait for one connect with its handshake; default 5000, 0 or `null`: no limit. */
  readonly socketConnectTimeout?: number | null | undefined;
  /** Whether TCP keepalive probes are sent on idle connections; default `true`. */
  readonly socketKeepalive?: boolean | undefined;
  /** Number, ms: idle time before the first keepalive probe; default 30000. */
  readonly socketKeepaliveDelay?: number | undefined;
  /** Number, ms: a connection idle for longer is checked by PING before use; default 0: never. */
  readonly healthCheckInterval?: number | null | undefined;
  /**
   * How connecting is retried; default five more attempts with growing, jittered pauses, 1 to 2
   * seconds in all. A copy is used, so one policy may serve several clients.
   */
  readonly retry?: Retry | undefined;
  /**
   * Whether a command whose reply did not come in time is sent again, although it may have been
   * executed; default `false`.
   */
  readonly retryOnTimeout?: boolean | undefined;
  /**
   * Error classes after which a command is sent again, although it may have been executed; default
   * none.
   */
  readonly retryOnError?: readonly ErrorClass[] | undefined;
  /**
   * Encoding of text in both directions: utf-8, latin-1 or ascii, by Python's or Node's name; default
   * `"utf-8"`. Others are refused: servers write ASCII.
   */
  readonly encoding?: string | undefined;
  /** What to do with bytes that are no text in `encoding`: default `"strict"`, an error. */
  readonly encodingErrors?: EncodingErrors | undefined;
  /** Whether values come as text (default `true`) or as Buffers. */
  readonly decodeResponses?: boolean | undefined;
  /** What 64-bit integers come as; default `"number"`, and an error beyond 2^53. */
  readonly integers?: "number" | "bigint" | undefined;
  /** Integer, 1 or more: most connections at a time; default `null` (or 0): no limit. */
  readonly maxConnections?: number | null | undefined;
  /** Integer, 1 or more: connections that ordinary commands share; default 1. */
  readonly sharedConnections?: number | undefined;
  /** Integer, 1 or more: most commands without a reply per connection; default 250000. */
  readonly maxPendingCommands?: number | undefined;
  /** Number, ms: how long past its own time limit a blocking command may take; default 2000. */
  readonly blockingGrace?: number | undefined;
  /** Integer, 1 to 1000: deepest nesting of a reply; default 128. */
  readonly maxDepth?: number | undefined;
  /** Integer, 1 or more, bytes: longest string in a reply; default 536870912, the server's limit. */
  readonly maxBulkLength?: number | undefined;
  /** Integer, 1 to 100000000: most elements of one array, set or map; default 67108864. */
  readonly maxElements?: number | undefined;
  /** Parser to use; default `"js"`, the built-in one. `"hiredis"` has to be built: docs/parsers.md. */
  readonly parser?: "js" | "hiredis" | undefined;
  /** Parser of one's own to use instead. */
  readonly parserClass?: ParserClass | undefined;
}

/**
 * The options in their final form: frozen, complete, checked. Durations are milliseconds, and 0
 * stands for no limit. Secrets are out of reach of `util.inspect` and `JSON.stringify`.
 */
export interface Settings {
  /** Where the server is, unless Sentinels are asked. */
  readonly address: Address;
  /** Database to select. */
  readonly db: number;
  /** Gives what to authenticate with; `undefined`: no authentication. */
  readonly credentials: (() => Promise<Credentials>) | undefined;
  /** Copy it (`{ ...tls }`) into the options of `tls.connect`; `undefined`: plain TCP. */
  readonly tls: Readonly<ConnectionOptions> | undefined;
  /** Version of the protocol to speak. */
  readonly protocol: 2 | 3;
  /** Name for CLIENT SETNAME. */
  readonly clientName: string | undefined;
  /** Name of the library for CLIENT SETINFO. */
  readonly libName: string | undefined;
  /** Version of the library for CLIENT SETINFO. */
  readonly libVersion: string | undefined;
  /** Longest wait for a reply, in ms. */
  readonly socketTimeout: number;
  /** Longest wait for a connection, in ms. */
  readonly socketConnectTimeout: number;
  /** Whether TCP keepalive is on. */
  readonly socketKeepalive: boolean;
  /** Silence before the first TCP keepalive, in ms. */
  readonly socketKeepaliveDelay: number;
  /** Silence in ms after which a connection is checked before it is used. */
  readonly healthCheckInterval: number;
  /** How often and when to try again. */
  readonly retry: Retry;
  /** Whether commands may run again after a time-out. */
  readonly retryOnTimeout: boolean;
  /** Errors after which commands may run again. */
  readonly retryOnError: readonly ErrorClass[];
  /** How text is written and read. */
  readonly encoding: BufferEncoding;
  /** What becomes of what the encoding does not know. */
  readonly encodingErrors: EncodingErrors;
  /** Whether replies are text; otherwise bytes. */
  readonly decodeResponses: boolean;
  /** What integer replies are. */
  readonly integers: "number" | "bigint";
  /** `Infinity` for no limit. */
  readonly maxConnections: number;
  /** How many connections ordinary commands share. */
  readonly sharedConnections: number;
  /** Most commands without a reply on a connection. */
  readonly maxPendingCommands: number;
  /** How long to wait for a blocking command beyond its own time-out, in ms. */
  readonly blockingGrace: number;
  /** Deepest nesting of a reply. */
  readonly maxDepth: number;
  /** Longest string in a reply, in bytes. */
  readonly maxBulkLength: number;
  /** Most elements of one array, set or map. */
  readonly maxElements: number;
  /** `undefined`: the built-in parser. */
  readonly parserClass: ParserClass | undefined;
}
