/**
 * Owns the Sentinel object: the public face of a deployment. It finds masters and replicas, makes
 * clients that follow them, and runs the commands only Sentinels know. How a server is found and
 * followed is the business of the other `sentinel-` files.
 */
import { inspect } from "node:util";
import { Redis } from "../client/redis.js";
import type { Arg, CommandInfo, Decoder } from "../commands/core/info.js";
import { SentinelCommands } from "../commands/generated/sentinel.js";
import type { AddressSource } from "../connection/address-source.js";
import { ConnectionError, type DataError, TimeoutError } from "../errors.js";
import type { IntOf, NoOptions, PromiseSurface, TextOf } from "../execution/reply-types.js";
import type { Address } from "../options/address.js";
import { rejectWithCallerStack } from "../util/caller-stack.js";
import { text } from "../util/validate.js";
import { MasterSource, ReplicaSource } from "./address-sources.js";
import { MasterService } from "./master-service.js";
import type { SentinelNode } from "./node.js";
import { type SentinelAddress, SentinelNodes } from "./nodes.js";
import {
  clientSettings,
  type SentinelClientOptions,
  type SentinelOptions,
  type SentinelSettings,
  sentinelSettings,
} from "./options.js";

/** Commands that change what each Sentinel keeps for itself. */
const FOR_ALL: ReadonlySet<string> = new Set(
  ["CONFIG SET", "FLUSHCONFIG", "MONITOR", "REMOVE", "RESET", "SET"].map(
    (name) => `SENTINEL ${name}`,
  ),
);

/** Commands that change nothing, so that asking twice does no harm. */
const READING: ReadonlySet<string> = new Set(
  [
    ...["CKQUORUM", "CONFIG GET", "GET-MASTER-ADDR-BY-NAME", "GET-PRIMARY-ADDR-BY-NAME", "HELP"],
    ...["INFO-CACHE", "MASTER", "MASTERS", "MYID", "PENDING-SCRIPTS", "PRIMARIES", "PRIMARY"],
    ...["REPLICAS", "SENTINELS", "SLAVES"],
  ].map((name) => `SENTINEL ${name}`),
);

/** Host and port as users see them. */
function placeOf(address: Address): [host: string, port: number] {
  return address.kind === "tcp" ? [address.host, address.port] : [address.path, 0];
}

/**
 * A deployment of Sentinels. Its SENTINEL commands go to one Sentinel, the first that can be reached;
 * those that change what every Sentinel keeps for itself (`sentinelMonitor`, `sentinelRemove`,
 * `sentinelReset`, `sentinelSet`, `sentinelConfigSet`, `sentinelFlushconfig`) go to all of them.
 */
export class Sentinel<O extends SentinelOptions = NoOptions> extends SentinelCommands<
  PromiseSurface<string, number>
> {
  readonly #settings: SentinelSettings;
  readonly #nodes: SentinelNodes;
  readonly #services = new Map<string, MasterService>();

  /**
   * Nothing is connected yet.
   *
   * @param sentinels - Host and port of at least one Sentinel; they tell of the others.
   * @param options - `minOtherSentinels`, `sentinelOptions`, and options for the clients to be made.
   * @throws {@link DataError} when an option is bad.
   */
  constructor(sentinels: readonly SentinelAddress[], options?: O) {
    super();
    this.#settings = sentinelSettings(sentinels, options ?? {});
    this.#nodes = new SentinelNodes(this.#settings.seeds, this.#settings.own);
  }

  /**
   * Ask where a master is.
   *
   * @param name - Its name in the configuration of the Sentinels.
   * @returns Host and port.
   * @throws {@link MasterNotFoundError} when no Sentinel names one that is well; its `causes` tell what
   * each of them said.
   */
  async discoverMaster(name: string): Promise<[host: string, port: number]> {
    return placeOf(await this.#service(name).discover());
  }

  /**
   * Ask where the replicas of a master are.
   *
   * @returns Host and port of each that is well.
   * @throws {@link ReplicaNotFoundError} when no Sentinel that can be reached knows the name.
   */
  async discoverReplicas(name: string): Promise<[host: string, port: number][]> {
    return (await this.#service(name).replicas()).map(placeOf);
  }

  /** redis-py's name of {@link Sentinel.discoverReplicas}. */
  discoverSlaves(name: string): Promise<[host: string, port: number][]> {
    return this.discoverReplicas(name);
  }

  /**
   * Make a client that always talks to the master, whichever server that is.
   *
   * @param name - Its name in the configuration of the Sentinels.
   * @param options - What differs from the options of this object.
   * @returns An ordinary client; nothing is connected yet.
   * @throws {@link DataError} when the name is no text, or an option is bad.
   */
  masterFor<const M extends SentinelClientOptions = NoOptions>(
    name: string,
    options?: M,
  ): Redis<TextOf<M, TextOf<O>>, IntOf<M, IntOf<O>>> {
    return this.#client(MasterSource, name, options) as never;
  }

  /**
   * Make a client that talks to a replica, and to the master while there is none. Each connection goes
   * to the next replica.
   *
   * @param name - Name of the master in the configuration of the Sentinels.
   * @param options - What differs from the options of this object.
   * @returns An ordinary client, for reading; nothing is connected yet.
   * @throws {@link DataError} when the name is no text, or an option is bad.
   */
  replicaFor<const M extends SentinelClientOptions = NoOptions>(
    name: string,
    options?: M,
  ): Redis<TextOf<M, TextOf<O>>, IntOf<M, IntOf<O>>> {
    return this.#client(ReplicaSource, name, options) as never;
  }

  /** redis-py's name of {@link Sentinel.replicaFor}. */
  slaveFor<const M extends SentinelClientOptions = NoOptions>(
    name: string,
    options?: M,
  ): Redis<TextOf<M, TextOf<O>>, IntOf<M, IntOf<O>>> {
    return this.replicaFor(name, options);
  }

  /**
   * Close the connections to the Sentinels for good. Clients made by this object have to be closed by
   * themselves; those that are not stay where they are, and cannot connect again.
   */
  close(): Promise<void> {
    return this.#nodes.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  protected override run<V>(
    info: CommandInfo,
    args: readonly Arg[],
    decode?: Decoder | null,
  ): Promise<V> {
    const decoder = decode === undefined ? info.decode : (decode ?? undefined);
    const ask = (node: SentinelNode): Promise<V> => node.run(info, args, decoder) as Promise<V>;
    if (FOR_ALL.has(info.name)) return this.#everywhere(ask);
    return this.#somewhere(ask, READING.has(info.name));
  }

  protected override reject<V>(_info: CommandInfo, error: DataError): Promise<V> {
    return rejectWithCallerStack(error);
  }

  protected override resolve<V>(_info: CommandInfo, value: V): Promise<V> {
    return Promise.resolve(value);
  }

  async #everywhere<V>(ask: (node: SentinelNode) => Promise<V>): Promise<V> {
    const [first, ...others] = await Promise.allSettled(this.#nodes.all.map(ask));
    for (const result of [first, ...others]) {
      if (result?.status === "rejected") throw result.reason;
    }
    return (first as PromiseFulfilledResult<V>).value;
  }

  async #somewhere<V>(ask: (node: SentinelNode) => Promise<V>, isReading: boolean): Promise<V> {
    let problem: unknown;
    for (const node of [...this.#nodes.all]) {
      try {
        return await ask(node);
      } catch (error) {
        problem = error;
        if (!(error instanceof ConnectionError || error instanceof TimeoutError)) break;
        this.#nodes.postpone(node);
        // What may have been done once must not be done twice.
        if (error.outcome === "unknown" && !isReading) break;
      }
    }
    throw problem;
  }

  #service(given: string): MasterService {
    const name = text('argument "name"', given);
    const { minOtherSentinels, limit } = this.#settings;
    const parts = { nodes: this.#nodes, minOtherSentinels, limit };
    const service = this.#services.get(name) ?? new MasterService(name, parts);
    this.#services.set(name, service);
    return service;
  }

  #client(
    SourceClass: typeof MasterSource | typeof ReplicaSource,
    name: string,
    given: SentinelClientOptions = {},
  ): Redis {
    const { options, limit } = clientSettings(this.#settings.clients, given);
    const addressSource: AddressSource = new SourceClass(this.#service(name), limit);
    return new Redis({ ...options, addressSource }) as Redis;
  }

  /** Shape as in redis-py: `Sentinel<sentinels=[localhost:26379]>`. */
  override toString(): string {
    return `${this.constructor.name}<sentinels=[${this.#nodes.all.map(({ name }) => name)}]>`;
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
