/**
 * The Sentinel object, the public interface of a deployment: it finds masters and replicas, creates clients
 * that follow them, and runs SENTINEL commands. It decides which Sentinel a command is sent to.
 */
import { inspect } from "node:util";
import { Redis } from "../client/redis.js";
import type { Arg, CommandInfo, Decoder } from "../commands/core/info.js";
import { SentinelCommands } from "../commands/generated/sentinel.js";
import type { AddressSource } from "../connection/address-source.js";
import { ConnectionError, type DataError, TimeoutError } from "../errors.js";
import type { Given, IntOf, PromiseSurface, TextOf, Unset } from "../execution/reply-types.js";
import type { Address } from "../options/address.js";
import { rejectWithCallerStack } from "../util/caller-stack.js";
import { SELF } from "../util/self.js";
import { settleAll } from "../util/settle-all.js";
import { checkArity, nonEmptyText } from "../util/validate.js";
import { MasterSource, ReplicaSource } from "./address-sources.js";
import { FailoverMonitor } from "./failover-monitor.js";
import type { SentinelNode } from "./node.js";
import { type SentinelAddress, SentinelNodes } from "./nodes.js";
import {
  clientSettings,
  type SentinelClientOptions,
  type SentinelOptions,
  type SentinelSettings,
  sentinelSettings,
} from "./options.js";

/** Commands that change state which each Sentinel keeps separately. */
const BROADCAST: ReadonlySet<string> = new Set(
  ["CONFIG SET", "FLUSHCONFIG", "MONITOR", "REMOVE", "RESET", "SET"].map(
    (name) => `SENTINEL ${name}`,
  ),
);

/** Commands that change nothing, and so can be repeated after an unknown outcome. */
const READ_ONLY: ReadonlySet<string> = new Set(
  [
    ...["CKQUORUM", "CONFIG GET", "GET-MASTER-ADDR-BY-NAME", "GET-PRIMARY-ADDR-BY-NAME", "HELP"],
    ...["INFO-CACHE", "MASTER", "MASTERS", "MYID", "PENDING-SCRIPTS", "PRIMARIES", "PRIMARY"],
    ...["REPLICAS", "SENTINELS", "SLAVES"],
  ].map((name) => `SENTINEL ${name}`),
);

/** Return the host and port of an address; a unix socket does not occur here. */
function hostAndPort(address: Address): [host: string, port: number] {
  return address.kind === "tcp" ? [address.host, address.port] : [address.path, 0];
}

/**
 * A Sentinel deployment. SENTINEL commands are sent to the first Sentinel that can be reached. Commands
 * that change state which each Sentinel keeps separately are sent to all of them: `sentinelMonitor`,
 * `sentinelRemove`, `sentinelReset`, `sentinelSet`, `sentinelConfigSet`, `sentinelFlushconfig`.
 *
 * @see {@link https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/ | Sentinel}
 */
export class Sentinel<
  O extends Given<O, SentinelOptions> = SentinelOptions & Unset,
> extends SentinelCommands<PromiseSurface<string, number>> {
  /** @internal */ static override readonly name: string = "Sentinel";
  readonly #settings: SentinelSettings;
  readonly #nodes: SentinelNodes;
  readonly #monitors = new Map<string, FailoverMonitor>();

  /**
   * Create a Sentinel object. No connection is opened before the first command.
   *
   * @param sentinels - Array of `[host, port]`; one is enough, the others are discovered.
   * @param options - `minOtherSentinels` (default 0), `sentinelOptions`, and default options of the clients.
   * @throws {@link DataError} for an invalid option or an empty list.
   */
  constructor(sentinels: readonly SentinelAddress[], options?: O) {
    super();
    checkArity("Sentinel", 2, arguments, "promises");
    this.#settings = sentinelSettings(sentinels, options ?? {});
    this.#nodes = new SentinelNodes(this.#settings.seeds, this.#settings.sentinels);
  }

  /**
   * Return the address of a master.
   *
   * @param name - Name of the master in the Sentinels' configuration.
   * @returns Host and port.
   * @throws {@link MasterNotFoundError} when no Sentinel reports a usable master; `causes` holds the error
   * of each Sentinel.
   * @throws {@link DataError} when the name is not a non-empty string.
   */
  async discoverMaster(name: string): Promise<[host: string, port: number]> {
    checkArity("discoverMaster", 1, arguments);
    return hostAndPort(await this[SELF].#monitor(name).discover());
  }

  /**
   * Return the addresses of the healthy replicas of a master.
   *
   * @param name - Name of the master in the Sentinels' configuration.
   * @returns Array of `[host, port]`; empty when there is no healthy replica.
   * @throws {@link ReplicaNotFoundError} when no Sentinel answers or knows the name; `causes` holds the
   * error of each Sentinel.
   * @throws {@link DataError} when the name is not a non-empty string.
   */
  async discoverReplicas(name: string): Promise<[host: string, port: number][]> {
    checkArity("discoverReplicas", 1, arguments);
    return (await this[SELF].#monitor(name).replicas()).map(hostAndPort);
  }

  /** Alias of {@link Sentinel.discoverReplicas}, as in redis-py. */
  async discoverSlaves(name: string): Promise<[host: string, port: number][]> {
    checkArity("discoverSlaves", 1, arguments);
    return this.discoverReplicas(name);
  }

  /**
   * Create a client that is always connected to the current master, and follows it after a failover.
   *
   * @param name - Name of the master in the Sentinels' configuration.
   * @param options - Overrides of the default client options.
   * @returns An ordinary client, which must be closed separately. No connection is opened yet.
   * @throws {@link DataError} when the name is not a non-empty string, or for an invalid option.
   * @remarks While no master is available, commands wait for one until their deadline; then they reject
   * with {@link MasterNotFoundError} or {@link TimeoutError}.
   */
  masterFor<const M extends Given<M, SentinelClientOptions> = SentinelClientOptions & Unset>(
    name: string,
    options?: M,
  ): Redis<TextOf<M, TextOf<O>>, IntOf<M, IntOf<O>>> {
    checkArity("masterFor", 2, arguments, "the returned client");
    return this[SELF].#client(MasterSource, name, options) as never;
  }

  /**
   * Create a client for reading from replicas. Each new connection goes to the next replica, or to the
   * master while no replica is available.
   *
   * @param name - Name of the master in the Sentinels' configuration.
   * @param options - Overrides of the default client options.
   * @returns An ordinary client, which must be closed separately. No connection is opened yet.
   * @throws {@link DataError} when the name is not a non-empty string, or for an invalid option.
   */
  replicaFor<const M extends Given<M, SentinelClientOptions> = SentinelClientOptions & Unset>(
    name: string,
    options?: M,
  ): Redis<TextOf<M, TextOf<O>>, IntOf<M, IntOf<O>>> {
    checkArity("replicaFor", 2, arguments, "the returned client");
    return this[SELF].#client(ReplicaSource, name, options) as never;
  }

  /** Alias of {@link Sentinel.replicaFor}, as in redis-py. */
  slaveFor<const M extends Given<M, SentinelClientOptions> = SentinelClientOptions & Unset>(
    name: string,
    options?: M,
  ): Redis<TextOf<M, TextOf<O>>, IntOf<M, IntOf<O>>> {
    checkArity("slaveFor", 2, arguments, "the returned client");
    return this.replicaFor(name, options);
  }

  /**
   * Close the connections to the Sentinels for good. Clients created by this object are not closed: they
   * keep their present connections, but cannot open new ones.
   */
  async close(): Promise<void> {
    checkArity("close", 0, arguments);
    await this[SELF].#nodes.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @internal */
  protected override run<V>(
    info: CommandInfo,
    args: readonly Arg[],
    decode?: Decoder | null,
  ): Promise<V> {
    const decoder = decode === undefined ? info.decode : (decode ?? undefined);
    const ask = (node: SentinelNode): Promise<V> => node.run(info, args, decoder) as Promise<V>;
    if (BROADCAST.has(info.name)) return this[SELF].#runOnAll(ask);
    return this[SELF].#runOnFirst(ask, READ_ONLY.has(info.name));
  }

  /** @internal */
  protected override reject<V>(_info: CommandInfo, error: DataError): Promise<V> {
    return rejectWithCallerStack(error);
  }

  /** @internal */
  protected override resolve<V>(_info: CommandInfo, value: V): Promise<V> {
    return Promise.resolve(value);
  }

  async #runOnAll<V>(ask: (node: SentinelNode) => Promise<V>): Promise<V> {
    const [first] = await settleAll(this.#nodes.all.map(ask));
    return first as V;
  }

  async #runOnFirst<V>(ask: (node: SentinelNode) => Promise<V>, isReadOnly: boolean): Promise<V> {
    let lastError: unknown;
    for (const node of [...this.#nodes.all]) {
      try {
        return await ask(node);
      } catch (error) {
        lastError = error;
        if (!(error instanceof ConnectionError || error instanceof TimeoutError)) break;
        this.#nodes.postpone(node);
        // A command that may have been executed must not be executed twice.
        if (error.outcome === "unknown" && !isReadOnly) break;
      }
    }
    throw lastError;
  }

  #monitor(given: string): FailoverMonitor {
    const name = nonEmptyText('argument "name"', given);
    const { minOtherSentinels, queryTimeout } = this.#settings;
    const options = { nodes: this.#nodes, minOtherSentinels, queryTimeout };
    const monitor = this.#monitors.get(name) ?? new FailoverMonitor(name, options);
    this.#monitors.set(name, monitor);
    return monitor;
  }

  #client(
    SourceClass: typeof MasterSource | typeof ReplicaSource,
    name: string,
    given: SentinelClientOptions = {},
  ): Redis {
    const { options, queryTimeout } = clientSettings(this.#settings.clients, given);
    const addressSource: AddressSource = new SourceClass(this.#monitor(name), queryTimeout);
    return new Redis({ ...options, addressSource }) as Redis;
  }

  /** Formatted as in redis-py: `Sentinel<sentinels=[localhost:26379]>`. */
  override toString(): string {
    return `${this.constructor.name}<sentinels=[${this[SELF].#nodes.all.map(({ name }) => name)}]>`;
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
