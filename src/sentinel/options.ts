/**
 * Owns the options of a Sentinel object and of the clients made by it: which of them go to the
 * connections of Sentinels, which to those of servers. Pure.
 */

import type { ClientOptions } from "../client/client-state.js";
import { DataError } from "../errors.js";
import { NoBackoff } from "../options/backoff.js";
import { normalizeOptions, resolveOptions } from "../options/normalize.js";
import { Retry } from "../options/retry.js";
import type { RedisOptions } from "../options/types.js";
import { integer, invalidOption, kindOf, plainObject } from "../util/validate.js";
import type { SentinelAddress } from "./nodes.js";
import { FailoverRetry } from "./retry.js";

/** What says where to connect: a Sentinel does. */
type Place = "url" | "host" | "port" | "unixSocketPath" | "addressSource" | "connectionPool";

/** Options of the clients a Sentinel makes; those of {@link ClientOptions} without an address. */
export interface SentinelClientOptions extends Omit<ClientOptions, Place> {}

/** Options of a Sentinel object: its own, and defaults for the clients it makes. */
export interface SentinelOptions extends SentinelClientOptions {
  /** Integer: how many other Sentinels must watch a master for it to be used; default 0. */
  readonly minOtherSentinels?: number | undefined;
  /**
   * Options of the connections to the Sentinels themselves: their TLS, credentials, time limits. When
   * left out, only the options whose names begin with `socket` are taken from the others.
   */
  readonly sentinelOptions?:
    | Omit<RedisOptions, "url" | "host" | "port" | "unixSocketPath">
    | undefined;
}

/** The options in their final form. */
export interface SentinelSettings {
  readonly seeds: readonly SentinelAddress[];
  readonly minOtherSentinels: number;
  /** ms; how long Sentinels may take for an answer. */
  readonly limit: number;
  /** For connections to Sentinels. */
  readonly own: RedisOptions;
  /** For connections of clients. */
  readonly clients: SentinelClientOptions;
}

/** What a client is made with. */
export interface SentinelClientSettings {
  readonly options: SentinelClientOptions;
  /** ms; how long Sentinels may take for an answer. */
  readonly limit: number;
}

/** Part of the time limit of commands that a server is looked for before they are told why not. */
const FAILOVER_TIMEOUT = 0.75;
/** Part of it that Sentinels may take for an answer before they are asked again. */
const ATTEMPT = 0.2;
/** The same where nobody asks again. */
const ONLY_ATTEMPT = 0.5;
/** ms; taken for the time limit of commands that have none. */
const UNLIMITED = 12_000;

const PLACES: readonly Place[] = [
  "url",
  "host",
  "port",
  "unixSocketPath",
  "addressSource",
  "connectionPool",
];

function refusePlaces(options: object): void {
  const place = PLACES.find((name) => Reflect.get(options, name) !== undefined);
  if (place === undefined) return;
  throw new DataError(`\`${place}\` is for the Sentinels to say`, { code: "EINVAL" });
}

function seedOf(given: unknown): SentinelAddress {
  if (!Array.isArray(given) || given.length !== 2) {
    throw invalidOption(
      'argument "sentinels"',
      "a list of [host, port] pairs",
      `a list with ${kindOf(given)} in it`,
    );
  }
  const { address } = resolveOptions({ host: given[0], port: given[1] });
  return address.kind === "tcp" ? [address.host, address.port] : ["", 0];
}

/**
 * Bring what a Sentinel object is made with into its final form.
 *
 * @throws DataError for a list without Sentinels and for bad options.
 */
export function sentinelSettings(sentinels: unknown, given: unknown): SentinelSettings {
  if (!Array.isArray(sentinels) || sentinels.length === 0) {
    throw invalidOption(
      'argument "sentinels"',
      "a list of [host, port] pairs",
      "something else, or an empty list",
    );
  }
  const options = plainObject('argument "options"', given) as SentinelOptions;
  const { minOtherSentinels = 0, sentinelOptions, ...clients } = options;
  const own = plainObject("sentinelOptions", sentinelOptions ?? socketOptions(clients));
  const settings = {
    seeds: sentinels.map(seedOf),
    minOtherSentinels: integer(0)("minOtherSentinels", minOtherSentinels),
    // A Sentinel that is not there is no reason to wait while others are.
    own: { retry: new Retry(new NoBackoff(), 0), ...own },
    clients,
  };
  refusePlaces(own);
  normalizeOptions(settings.own);
  return { ...settings, limit: timeOf(clientSettings(clients, {}).options) * ONLY_ATTEMPT };
}

/** What the connections to Sentinels share with the others when nothing else is said. */
function socketOptions(clients: SentinelClientOptions): RedisOptions {
  const entries = Object.entries(clients).filter(([name]) => name.startsWith("socket"));
  return Object.fromEntries(entries);
}

/**
 * Join the options of a Sentinel object and of one client.
 *
 * @throws DataError for bad options.
 */
export function clientSettings(
  common: SentinelClientOptions,
  given: unknown,
): SentinelClientSettings {
  const options = { ...common, ...plainObject('argument "options"', given) };
  refusePlaces(options);
  const time = timeOf(options);
  if (options.retry !== undefined) return { options, limit: time * ONLY_ATTEMPT };
  const limit = time * ATTEMPT;
  return {
    options: { ...options, retry: new FailoverRetry(time * FAILOVER_TIMEOUT, limit) },
    limit,
  };
}

/** ms; how long commands may take. */
function timeOf({ connectionClass: _, ...options }: SentinelClientOptions): number {
  const { socketTimeout } = normalizeOptions(options);
  return socketTimeout === 0 ? UNLIMITED : socketTimeout;
}
