/**
 * Owns what is known of one master and its replicas: where it is, and whether it is being replaced. The
 * sources of all its clients ask here, and are told when to go elsewhere. What Sentinels say later
 * than others is weighed: an address that was left is not believed in again for old news.
 */

import { ConnectionError } from "../errors.js";
import type { Address } from "../options/address.js";
import { formatAddress, sameAddress } from "../options/address.js";
import { abortable } from "../util/abort.js";
import { Singleflight } from "../util/singleflight.js";
import type { SentinelListener, SentinelNode } from "./node.js";
import type { SentinelNodes } from "./nodes.js";
import {
  addressOf,
  askMaster,
  askReplicas,
  type MasterReport,
  masterNotFound,
  replicaNotFound,
  staleReportError,
  withTimeout,
} from "./queries.js";

/** Somebody whose connections lead to servers of the service. None of these may throw. */
export interface FailoverListener {
  /** The master is about to be replaced: nothing more may be written to it. */
  onFailoverStarted(next: Address, error: ConnectionError): void;
  /** It will not be replaced. */
  onFailoverAborted(next: Address, error: ConnectionError): void;
  /** The master is elsewhere now. */
  onMasterChanged(master: Address, error: ConnectionError): void;
  /** The replicas that are well. */
  onReplicasChanged(replicas: readonly Address[], error: ConnectionError): void;
}

/** What a service is made of. */
export interface MasterServiceOptions {
  readonly nodes: SentinelNodes;
  /** How many other Sentinels must watch the master. */
  readonly minOtherSentinels: number;
  /** ms; how long Sentinels may take for an answer when nothing else is said. */
  readonly limit: number;
}

interface MasterState {
  readonly address: Address;
  /** Unknown after an event, until a Sentinel that knows of it has answered. */
  readonly epoch: number | undefined;
  /** Moment until which other Sentinels may not have heard of it. */
  readonly until: number;
}

/** ms; how long a replica that was chosen may take to become the master. */
const HOLD = 3000;
/** ms; Sentinels tell each other at least every two seconds. */
const TRUST = 5000;
/** ms between looks at what events should have told. */
const CHECK = 10_000;

/** One master name of a deployment. */
export class MasterService implements SentinelListener {
  readonly name: string;
  readonly #nodes: SentinelNodes;
  readonly #minOtherSentinels: number;
  readonly #limit: number;
  readonly #listeners = new Set<FailoverListener>();
  #master: MasterState | undefined = undefined;
  /** The replica that is being promoted. */
  #promoting: { readonly address: Address; readonly until: number } | undefined = undefined;
  /** Was no master when it was tried last. */
  #suspect: Address | undefined = undefined;
  /** By how long the answers may take. */
  readonly #asking = new Map<number, Promise<Address>>();
  readonly #forMaster = new Singleflight<SentinelNode, MasterReport>();
  readonly #forReplicas = new Singleflight<SentinelNode, Address[]>();
  #timer: NodeJS.Timeout | undefined = undefined;

  constructor(name: string, { nodes, minOtherSentinels, limit }: MasterServiceOptions) {
    this.name = name;
    this.#nodes = nodes;
    this.#minOtherSentinels = minOtherSentinels;
    this.#limit = limit;
  }

  /** Somebody will be told from now on. */
  join(user: FailoverListener): void {
    if (this.#listeners.has(user)) return;
    this.#listeners.add(user);
    if (this.#listeners.size !== 1) return;
    this.#nodes.listen(this);
    void this.#nodes.learn(this.name);
    this.#timer = setInterval(() => void this.#check(), CHECK).unref();
  }

  /** Somebody need not be told any more. */
  quit(user: FailoverListener): void {
    if (!this.#listeners.delete(user) || this.#listeners.size !== 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#nodes.ignore(this);
    this.#promoting = undefined;
  }

  /**
   * Say where the master is, or will be in a moment.
   *
   * @param limit - ms; how long the Sentinels may take for an answer.
   */
  async locate(signal: AbortSignal, limit: number): Promise<Address> {
    const now = performance.now();
    if (this.#promoting !== undefined && now < this.#promoting.until)
      return this.#promoting.address;
    this.#promoting = undefined;
    const known = this.#master;
    const isFresh = known !== undefined && now < known.until;
    if (isFresh && !sameAddress(known.address, this.#suspect)) return known.address;
    const asking =
      this.#asking.get(limit) ?? this.discover(limit).finally(() => this.#asking.delete(limit));
    this.#asking.set(limit, asking);
    return (await abortable(asking, signal)) ?? this.locate(signal, limit);
  }

  /**
   * Ask the Sentinels for the master.
   *
   * @throws MasterNotFoundError when none names one that is well.
   */
  async discover(limit = this.#limit): Promise<Address> {
    try {
      const { value } = await this.#nodes.ask(
        (node) => this.#ask(node, limit),
        ({ address }) => !sameAddress(address, this.#suspect),
      );
      this.#accept(value);
      return value.address;
    } catch (cause) {
      throw masterNotFound(this.name, cause);
    }
  }

  /**
   * Ask the Sentinels for the replicas that are well.
   *
   * @throws ReplicaNotFoundError when none answers.
   */
  async replicas(limit = this.#limit): Promise<Address[]> {
    const ask = (node: SentinelNode): Promise<Address[]> => askReplicas(node, this.name);
    try {
      const { value } = await this.#nodes.ask(
        (node) => withTimeout(node, this.#forReplicas.run(node, ask), limit),
        (addresses) => addresses.length !== 0,
      );
      return value;
    } catch (cause) {
      throw replicaNotFound(this.name, cause);
    }
  }

  /** Whether a server that is no master yet will be one in a moment. */
  isPromoting(address: Address): boolean {
    const next = this.#promoting;
    return (
      next !== undefined && sameAddress(address, next.address) && performance.now() < next.until
    );
  }

  /** The server says itself that it is a master. */
  markConfirmed(address: Address): void {
    if (sameAddress(address, this.#suspect)) this.#suspect = undefined;
    if (sameAddress(address, this.#promoting?.address)) this.#changeMaster(address);
  }

  /** The server could not be reached, or said that it is no master. */
  markSuspect(address: Address): void {
    this.#suspect = address;
  }

  // -- events --------------------------------------------------------------------------------

  /** @internal */
  onSubscribed(): void {
    void this.#check();
  }

  /** @internal */
  onEvent(event: string, words: readonly string[]): void {
    if (event === "+switch-master") return this.#onSwitch(words);
    const [kind = "", own, host = "", port = "", , name, masterHost = "", masterPort = ""] = words;
    if ((kind === "master" ? own : name) !== this.name) return;
    if (event === "+sentinel") return void this.#nodes.learn(this.name);
    if (event.startsWith("-failover-abort")) return this.#abortFailover();
    if (event === "+monitor") return this.#forget();
    if (kind !== "slave") return;
    // Other Sentinels tell later of what has been followed already.
    const isOurs = this.#isMaster(addressOf(masterHost, masterPort));
    if (event === "+selected-slave" && isOurs) this.#startFailover(addressOf(host, port));
    else if (event === "+promoted-slave" && isOurs) this.#changeMaster(addressOf(host, port));
    else void this.#checkReplicas();
  }

  #onSwitch([name, oldHost = "", oldPort = "", host = "", port = ""]: readonly string[]): void {
    if (name !== this.name) return;
    if (this.#isMaster(addressOf(oldHost, oldPort))) this.#changeMaster(addressOf(host, port));
    void this.#check();
  }

  /** Whether an address is what is taken for the master, be it only because nothing is known. */
  #isMaster(address: Address): boolean {
    return this.#master === undefined || sameAddress(address, this.#master.address);
  }

  // -- changes -------------------------------------------------------------------------------

  #startFailover(next: Address): void {
    if (this.isPromoting(next)) return;
    this.#promoting = { address: next, until: performance.now() + HOLD };
    const error = this.#notice(`is about to be replaced by ${formatAddress(next)}`);
    for (const user of [...this.#listeners]) user.onFailoverStarted(next, error);
  }

  #abortFailover(): void {
    const next = this.#promoting?.address;
    this.#promoting = undefined;
    if (next === undefined) return;
    const error = this.#notice("is not replaced after all");
    for (const user of [...this.#listeners]) user.onFailoverAborted(next, error);
  }

  #changeMaster(address: Address, epoch?: number): void {
    this.#promoting = undefined;
    if (sameAddress(address, this.#suspect)) this.#suspect = undefined;
    this.#master = { address, epoch, until: performance.now() + TRUST };
    const error = this.#notice(`is now ${formatAddress(address)}`);
    for (const user of [...this.#listeners]) user.onMasterChanged(address, error);
  }

  /** The Sentinels were told anew where the master is, and begin to count from the start. */
  #forget(): void {
    if (this.#master !== undefined) this.#master = { ...this.#master, epoch: -1, until: 0 };
    void this.#check();
  }

  #notice(what: string): ConnectionError {
    return new ConnectionError(`The master of '${this.name}' ${what}`, { code: "EFAILOVER" });
  }

  // -- asking --------------------------------------------------------------------------------

  async #ask(node: SentinelNode, limit: number): Promise<MasterReport> {
    const ask = (): Promise<MasterReport> => askMaster(node, this.name, this.#minOtherSentinels);
    const news = await withTimeout(node, this.#forMaster.run(node, ask), limit);
    if (this.#isOld(news)) throw staleReportError(node, news);
    return news;
  }

  /** Whether a Sentinel names a server that was left, as far as one can tell. */
  #isOld(news: MasterReport): boolean {
    const known = this.#master;
    if (known === undefined || sameAddress(news.address, known.address)) return false;
    const { address, epoch = Number.POSITIVE_INFINITY, until } = known;
    if (performance.now() < until) return news.epoch <= epoch;
    return news.epoch < epoch && !sameAddress(address, this.#suspect);
  }

  #accept({ address, epoch }: MasterReport): void {
    const known = this.#master;
    if (!sameAddress(address, this.#suspect)) this.#suspect = undefined;
    if (known === undefined) this.#master = { address, epoch, until: 0 };
    else if (!sameAddress(address, known.address)) this.#changeMaster(address, epoch);
    else this.#master = { ...known, epoch: Math.max(epoch, known.epoch ?? 0) };
  }

  /** Look whether all is as thought. Never rejects: whoever needs a master asks for it. */
  async #check(): Promise<void> {
    void this.#nodes.learn(this.name);
    void this.#checkReplicas();
    await this.discover().catch(() => undefined);
  }

  async #checkReplicas(): Promise<void> {
    const replicas = await this.replicas().catch(() => []);
    if (replicas.length === 0) return;
    const error = this.#notice("has other replicas");
    for (const user of [...this.#listeners]) user.onReplicasChanged(replicas, error);
  }
}
