/**
 * The options of a cluster client: types, checks, defaults and startup nodes. Settings hide secrets. No I/O,
 * except reading certificate files named in a URL.
 */
import { inspect } from "node:util";
import { DataError, deriveError } from "../errors.js";
import { collectOptions, isUrlObject } from "../options/constructor-arguments.js";
import { hostName, isOptionName, normalizeOptions, resolveOptions } from "../options/normalize.js";
import { clusterReplacementOf } from "../options/other-clients.js";
import type { RedisOptions, Settings } from "../options/types.js";
import { ConnectionEvents } from "../pool/connection-events.js";
import type { PoolOptions } from "../pool/options.js";
import { ownProperties } from "../util/own.js";
import {
  boolean,
  type Check,
  type CheckedOptions,
  callable,
  checkArity,
  checkOptions,
  integer,
  invalidOption,
  isPlainObject,
  kindOf,
  nearest,
  oneOf,
  onlyKnown,
  unknownOption,
} from "../util/validate.js";
import { type LoadBalancingStrategy, loadBalancingStrategy } from "./read-strategy.js";
import { type AddressRemap, type NodeAddress, nodeName } from "./view.js";

const port: Check<number> = integer(1, 65_535);
const serverType = oneOf("primary", "replica");

/** A node of a cluster. */
export class ClusterNode {
  /** @internal */ static readonly name: string = "ClusterNode";
  /** Host name or IP address, IPv6 without brackets. */
  readonly host: string;
  /** Port. */
  readonly port: number;
  /** `host:port`, IPv6 in brackets. */
  readonly name: string;
  /** Role of the node, once known. */
  readonly serverType: "primary" | "replica" | undefined;

  /**
   * @param host - Host name or IP address.
   * @param port - Integer, 1 to 65535; default 6379.
   * @param type - `"primary"`, `"replica"`, or `undefined` when the role is not known.
   * @throws {@link DataError} for an invalid argument.
   */
  constructor(host: string, port?: number, type?: "primary" | "replica");
  constructor(host: unknown, givenPort: unknown = 6379, type?: unknown) {
    checkArity("ClusterNode", 3, arguments, "promises");
    this.host = hostName('argument "host"', host);
    this.port = port('argument "port"', givenPort);
    this.name = nodeName(this);
    this.serverType = type === undefined ? undefined : serverType('argument "type"', type);
  }

  /** Format as redis-py does: `ClusterNode<host=localhost,port=7000,serverType=primary>`. */
  toString(): string {
    const type = this.serverType === undefined ? "" : `,serverType=${this.serverType}`;
    return `${this.constructor.name}<host=${this.host},port=${this.port}${type}>`;
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/** A startup node: host and port (default 6379), or the URL of a node, without credentials. */
export type StartupNode =
  | ClusterNode
  | readonly [host: string, port?: number]
  | string
  | URL
  | { readonly host?: string; readonly port?: number }
  | { readonly url: string | URL };

/** Options of the cluster, besides those of its connections. */
export interface ClusterOnlyOptions {
  /**
   * Nodes that are asked for the others, one at least; default: the node of `url`, or of `host` and `port`. Given
   * with these, that node is one more. They are kept, and their names are resolved again for each connection.
   */
  readonly startupNodes?: readonly StartupNode[] | undefined;
  /** Boolean: `connect()` and the first command fail while a slot has no node; default `true`. */
  readonly requireFullCoverage?: boolean | undefined;
  /** Integer: MOVED redirects after which all slots are read again, at most once a second; default 5, 0 for never. */
  readonly reinitializeSteps?: number | undefined;
  /**
   * Integer, 0 or more: how often one command waits, 50 to 1000 ms, while the cluster is down, a node loads its
   * data, or keys are moved; default 10.
   */
  readonly clusterErrorRetryAttempts?: number | undefined;
  /**
   * Boolean: nodes that were found are asked for changes before the startup nodes; default `true`. With `false`
   * only the startup nodes are asked.
   */
  readonly dynamicStartupNodes?: boolean | undefined;
  /**
   * Function that returns, for the address that nodes announce, the one that the client can reach. It applies to
   * CLUSTER SLOTS and redirects, not to startup nodes. Default: none.
   */
  readonly addressRemap?: AddressRemap | undefined;
  /**
   * Nodes for commands that only read: `"primary"`, the default; `"round_robin"`, `"random"`: the primary and its
   * replicas; `"round_robin_replicas"`, `"random_replica"`: replicas; `"lowest-latency"`: the node that answers
   * fastest; `{ availabilityZone }`: nodes in that zone, else any replica. When no replica can be used, the primary.
   * Replicas may return values that are not the latest.
   */
  readonly loadBalancingStrategy?: LoadBalancingStrategy | undefined;
}

/** Options that have no meaning for a cluster. */
type ExcludedOption =
  | "unixSocketPath"
  | "addressSource"
  | "cache"
  | "retryReadonly"
  | "retryLoading";

/** Options of a cluster client. The limits of connections apply to each node. */
export interface RedisClusterOptions
  extends Omit<PoolOptions, ExcludedOption>,
    ClusterOnlyOptions {}

/** The arguments of a constructor: host, host and port, URL, or options alone. */
export type RedisClusterArguments =
  | [options?: RedisClusterOptions]
  | [target: string | URL | undefined, options?: RedisClusterOptions]
  | [host: string, port?: number, options?: RedisClusterOptions];

function checkedRemap(name: string, value: unknown): AddressRemap {
  const remap = callable<AddressRemap>("a function")(name, value);
  const call = (address: Parameters<AddressRemap>[0]): unknown => {
    try {
      return remap(address);
    } catch (cause) {
      throw new DataError(`option "${name}" must not throw`, { cause });
    }
  };
  return (address) => {
    const result = call(address);
    if (!Array.isArray(result) || result.length !== 2) {
      throw invalidOption(`the result of option "${name}"`, "[host, port]", kindOf(result));
    }
    const [host, number]: unknown[] = result;
    const suffix = `returned by option "${name}"`;
    return [hostName(`host ${suffix}`, host), port(`port ${suffix}`, number)];
  };
}

/** Return the options in which a startup node is given. */
function startupOptions(given: unknown): RedisOptions {
  if (typeof given === "string" || isUrlObject(given)) return collectOptions(given);
  if (isPlainObject(given)) return onlyKnown(given, ["host", "port", "url"]);
  if (Array.isArray(given) && (given.length === 1 || given.length === 2)) {
    const [host, number]: unknown[] = given;
    if (typeof host === "string") return { host, port: number as number };
  }
  // Not instanceof: the node may be of another copy of this package.
  const { host, port: number } = Object(given) as Partial<ClusterNode>;
  if (typeof host === "string") return { host, port: number };
  throw invalidOption("startupNodes", "an array of nodes", `an element that is ${kindOf(given)}`);
}

/** Options of a URL that apply to all nodes. */
function refuseCommonOptions({ credentials, tls, db }: Settings): void {
  if (credentials !== undefined) {
    throw new DataError('must not have credentials; use options "username" and "password"');
  }
  if (tls !== undefined)
    throw new DataError('must not have the scheme rediss://; use option "tls"');
  if (db !== 0) throw new DataError('must not have a database; use option "db"');
}

function startupNode(given: unknown, index: number): NodeAddress {
  const options = startupOptions(given);
  try {
    const settings = resolveOptions(options);
    refuseCommonOptions(settings);
    if (settings.address.kind === "tcp") return settings.address;
    throw new DataError("must not be a unix socket");
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    throw deriveError(error, { message: `startupNodes[${index}]: ${error.message}` });
  }
}

function startupNodes(name: string, value: unknown): readonly NodeAddress[] {
  const got = Array.isArray(value) ? "an empty array" : kindOf(value);
  if (!Array.isArray(value) || value.length === 0) {
    throw invalidOption(name, "an array of at least one node", got);
  }
  return value.map(startupNode);
}

const CHECKS = {
  startupNodes,
  requireFullCoverage: boolean,
  reinitializeSteps: integer(0),
  clusterErrorRetryAttempts: integer(0),
  dynamicStartupNodes: boolean,
  addressRemap: checkedRemap,
  loadBalancingStrategy,
} as const;

type ClusterChecks = CheckedOptions<typeof CHECKS>;

const CLUSTER_NAMES = Object.keys(CHECKS);
/** Values that ask for nothing, for the options in {@link NEEDLESS}. */
const NOTHING: ReadonlySet<unknown> = new Set([undefined, null, false]);
const NEEDLESS = new Set(["readFromReplicas", "loadBalancingStrategy", "cache"]);

const EXCLUDED: ReadonlyMap<string, string> = new Map([
  ["unixSocketPath", "the nodes of a cluster have hosts and ports"],
  ["addressSource", "the cluster provides the addresses"],
  ["connectionPool", "there is a pool for each node"],
  ["cache", "the client-side cache needs a client of one server"],
  ["retryReadonly", "a cluster client always sends the command again"],
  ["retryLoading", 'use option "clusterErrorRetryAttempts"'],
]);

/** Return the error for an option that a cluster client does not have; `undefined` for any other name. */
function refusal(name: string): DataError | undefined {
  const reason = EXCLUDED.get(name);
  if (reason !== undefined) return new DataError(`option "${name}" must not be set: ${reason}`);
  if (name === "connectionClass" || isOptionName(name)) return undefined;
  const replacement = clusterReplacementOf(name);
  if (replacement !== undefined) return new DataError(`unknown option "${name}"; ${replacement}`);
  const meant = nearest(name, CLUSTER_NAMES);
  return meant === undefined ? undefined : unknownOption(name, meant);
}

/** Divide options into those of the cluster and those of its connections. */
function divide(options: Record<string, unknown>) {
  const cluster: Record<string, unknown> = ownProperties({});
  const connections: Record<string, unknown> = ownProperties({});
  for (const [name, value] of Object.entries(options)) {
    if (NEEDLESS.has(name) && NOTHING.has(value)) continue;
    if (Object.hasOwn(CHECKS, name)) {
      cluster[name] = value;
      continue;
    }
    const error = value === undefined && EXCLUDED.has(name) ? undefined : refusal(name);
    if (error !== undefined) throw error;
    connections[name] = value;
  }
  return { cluster, connections };
}

/** Return the node of `url`, or of `host` and `port`; none when only startup nodes are given. */
function ownNode({ url, host, port }: RedisOptions, settings: Settings, checked: ClusterChecks) {
  const { address } = settings;
  if (address.kind === "unix") {
    throw new DataError('option "url" must not be a unix:// URL: the nodes have hosts and ports');
  }
  if (checked.startupNodes === undefined || url !== undefined || host !== undefined)
    return [address];
  if (port === undefined) return [];
  throw new DataError('option "port" applies to option "host" only; give each startup node a port');
}

/** Checked options of a cluster client, with defaults. */
export class ClusterSettings {
  /** Settings of the connections. Their address is not used. */
  readonly settings: Settings;
  /** The startup nodes, without repetitions. */
  readonly seeds: readonly NodeAddress[];
  readonly requireFullCoverage: boolean;
  readonly reinitializeSteps: number;
  readonly clusterErrorRetryAttempts: number;
  readonly dynamicStartupNodes: boolean;
  readonly loadBalancingStrategy: LoadBalancingStrategy;
  /** The listeners of the client, for the connections of all nodes. */
  readonly events: ConnectionEvents;
  /** Throws a DataError for an invalid result of the caller's function. */
  readonly remap: AddressRemap | undefined;
  /** Contains secrets, so it is a private field. */
  readonly #poolOptions: PoolOptions;

  constructor({ connectionClass, ...connections }: PoolOptions, checked: ClusterChecks) {
    const { host: _host, port: _port, ...rest } = connections;
    this.settings = normalizeOptions(connections);
    if (this.settings.retryLoading || !this.settings.retryReadonly) {
      // They were in the URL.
      throw refusal(this.settings.retryLoading ? "retryLoading" : "retryReadonly");
    }
    const all = [...(checked.startupNodes ?? []), ...ownNode(connections, this.settings, checked)];
    this.seeds = [...new Map(all.map((seed) => [nodeName(seed), seed])).values()];
    this.requireFullCoverage = checked.requireFullCoverage ?? true;
    this.reinitializeSteps = checked.reinitializeSteps ?? 5;
    this.clusterErrorRetryAttempts = checked.clusterErrorRetryAttempts ?? 10;
    this.dynamicStartupNodes = checked.dynamicStartupNodes ?? true;
    this.loadBalancingStrategy = checked.loadBalancingStrategy ?? "primary";
    this.remap = checked.addressRemap;
    this.events = new ConnectionEvents(this.settings.db);
    this.#poolOptions = ownProperties({ ...rest, connectionClass });
  }

  /**
   * Return the options of the pools, without an address that is used: an `addressSource` must be added. No getter,
   * because inspecting calls getters if it is asked to.
   */
  poolOptions(): PoolOptions {
    return this.#poolOptions;
  }
}

/**
 * Check the arguments of the constructor of a cluster client.
 *
 * @throws DataError for an invalid argument or option.
 */
export function clusterSettings(args: RedisClusterArguments): ClusterSettings {
  const collected = collectOptions<RedisClusterOptions>(...(args as [string, number]));
  const { cluster, connections } = divide(collected as Record<string, unknown>);
  return new ClusterSettings(connections, checkOptions(CHECKS, cluster));
}
