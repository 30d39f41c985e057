/**
 * The options of a Sentinel object and of the clients it creates: which apply to connections to Sentinels,
 * and which to connections to servers. Pure.
 */

import type { ClientOptions } from "../client/client-state.js";
import { DataError } from "../errors.js";
import { NoBackoff } from "../options/backoff.js";
import { normalizeOptions, resolveOptions } from "../options/normalize.js";
import { Retry } from "../options/retry.js";
import type { RedisOptions } from "../options/types.js";
import { JsParser } from "../protocol/js-parser.js";
import { ownProperties } from "../util/own.js";
import { integer, invalidOption, kindOf, ownOptions, plainObject } from "../util/validate.js";
import { boundedParser } from "./bounded-parser.js";
import type { SentinelAddress } from "./nodes.js";
import { FailoverRetry } from "./retry.js";

/** Options that determine the address, which the Sentinels provide here. */
type AddressOption =
  | "url"
  | "host"
  | "port"
  | "unixSocketPath"
  | "addressSource"
  | "connectionPool";

/** Options of a client created by a Sentinel object: {@link ClientOptions} without the address. */
export interface SentinelClientOptions extends Omit<ClientOptions, AddressOption> {}

/** Options of a Sentinel object, and defaults for the clients it creates. */
export interface SentinelOptions extends SentinelClientOptions {
  /** Integer, 0 or more: how many other Sentinels must monitor a master; default 0. */
  readonly minOtherSentinels?: number | undefined;
  /**
   * Options of the connections to the Sentinels: TLS, credentials, timeouts. Default: the client options
   * whose names begin with `socket`. With option `tls`, its own `tls` is required: `true`, `false` or
   * options.
   */
  readonly sentinelOptions?:
    | Omit<RedisOptions, "url" | "host" | "port" | "unixSocketPath" | "cache">
    | undefined;
}

/** Checked options of a Sentinel object. */
export interface SentinelSettings {
  readonly seeds: readonly SentinelAddress[];
  readonly minOtherSentinels: number;
  /** ms; how long a Sentinel may take to answer. */
  readonly queryTimeout: number;
  /** Options of connections to Sentinels. */
  readonly sentinels: RedisOptions;
  /** Default options of clients. */
  readonly clients: SentinelClientOptions;
}

/** Checked options of one client. */
export interface SentinelClientSettings {
  readonly options: SentinelClientOptions;
  /** ms; how long a Sentinel may take to answer. */
  readonly queryTimeout: number;
}

/** Share of the command timeout during which connecting is retried; the last error is reported then. */
const FAILOVER_SHARE = 0.75;
/** Share of the command timeout that a Sentinel may take to answer, when the query is retried. */
const ATTEMPT_SHARE = 0.2;
/** The same with a custom retry policy, and for queries of the Sentinel object. */
const ONLY_ATTEMPT_SHARE = 0.5;
/** ms; used in place of the command timeout when commands have none. */
const DEFAULT_TIMEOUT = 12_000;

/** Most bytes of one reply of a Sentinel; 1,000 replicas take about 700 KB. */
const MAX_REPLY = 4 * 1024 * 1024;
/** Most elements of one list or map of a Sentinel. */
const MAX_ELEMENTS = 10_000;

const ADDRESS_OPTIONS: readonly AddressOption[] = [
  "url",
  "host",
  "port",
  "unixSocketPath",
  "addressSource",
  "connectionPool",
];

/** @param options - An object without inherited options. */
function refuseOthers(options: object): void {
  const given = ADDRESS_OPTIONS.find((name) => Reflect.get(options, name) !== undefined);
  if (given === undefined) return;
  const message = `option "${given}" must not be set: the Sentinels provide the address`;
  throw new DataError(message, { code: "EINVAL" });
}

const PAIRS = "a non-empty array of [host, port] pairs";

function seedOf(given: unknown): SentinelAddress {
  if (!Array.isArray(given) || given.length !== 2) {
    throw invalidOption('argument "sentinels"', PAIRS, `an array that contains ${kindOf(given)}`);
  }
  const { address } = resolveOptions({ host: given[0], port: given[1] });
  return address.kind === "tcp" ? [address.host, address.port] : ["", 0];
}

/**
 * Check the arguments of the constructor of a Sentinel object.
 *
 * @throws DataError for an empty list and for an invalid option.
 */
export function sentinelSettings(sentinels: unknown, options: unknown): SentinelSettings {
  if (!Array.isArray(sentinels) || sentinels.length === 0) {
    const got = Array.isArray(sentinels) ? "an empty array" : kindOf(sentinels);
    throw invalidOption('argument "sentinels"', PAIRS, got);
  }
  const {
    minOtherSentinels = 0,
    sentinelOptions,
    ...others
  } = ownOptions(options as SentinelOptions);
  const clients = ownProperties(others);
  const given = sentinelOptions ?? socketOptions(clients);
  const own = ownProperties(plainObject("sentinelOptions", given));
  const settings = {
    seeds: sentinels.map(seedOf),
    minOtherSentinels: integer(0)("minOtherSentinels", minOtherSentinels),
    sentinels: connectionOptions(own),
    clients,
  };
  requireTlsChoice(clients, own);
  const queryTimeout = timeoutOf(clientSettings(clients, {}).options) * ONLY_ATTEMPT_SHARE;
  return { ...settings, queryTimeout };
}

/** Add the defaults and limits of connections to Sentinels. */
function connectionOptions(given: RedisOptions): RedisOptions {
  refuseOthers(given);
  if (given.cache !== undefined && given.cache !== false)
    throw new DataError('option "sentinelOptions.cache" must not be set: Sentinels have no keys');
  const { parser, parserClass, ...rest } = given;
  const settings = normalizeOptions(given);
  return {
    // An unreachable Sentinel is not retried: the others are queried in parallel.
    retry: new Retry(new NoBackoff(), 0),
    maxElements: MAX_ELEMENTS,
    maxBulkLength: MAX_REPLY,
    ...rest,
    parserClass: boundedParser(settings.parserClass ?? JsParser, MAX_REPLY),
  };
}

/** A user who asks for TLS must not get plain connections to the Sentinels without a word. */
function requireTlsChoice(clients: SentinelClientOptions, own: RedisOptions): void {
  const isSecure = clients.tls !== undefined && clients.tls !== false && clients.tls !== null;
  if (!isSecure || own.tls !== undefined) return;
  throw new DataError(
    'option "tls" applies to the servers only; set option "sentinelOptions.tls" for the connections ' +
      "to the Sentinels (true, false, or TLS options)",
  );
}

/** Default options of connections to Sentinels. */
function socketOptions(clients: SentinelClientOptions): RedisOptions {
  const entries = Object.entries(clients).filter(([name]) => name.startsWith("socket"));
  return Object.fromEntries(entries);
}

/**
 * Merge the options of a Sentinel object and of one client.
 *
 * @throws DataError for an invalid option.
 */
export function clientSettings(
  common: SentinelClientOptions,
  given: unknown,
): SentinelClientSettings {
  const own = plainObject('argument "options"', given);
  const options = ownProperties({ ...common, ...own });
  refuseOthers(options);
  const timeout = timeoutOf(options);
  if (options.retry !== undefined) return { options, queryTimeout: timeout * ONLY_ATTEMPT_SHARE };
  const queryTimeout = timeout * ATTEMPT_SHARE;
  const retry = new FailoverRetry(timeout * FAILOVER_SHARE, queryTimeout);
  return { options: { ...options, retry }, queryTimeout };
}

/** Return the command timeout in ms. */
function timeoutOf({ connectionClass: _, ...options }: SentinelClientOptions): number {
  const { socketTimeout } = normalizeOptions(options);
  return socketTimeout === 0 ? DEFAULT_TIMEOUT : socketTimeout;
}
