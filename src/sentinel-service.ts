/**
 * Owns what is known of one master and its replicas: where it is, and whether it is being replaced. The
 * sources of all its clients ask here, and are told when to go elsewhere. What Sentinels say later
 * than others is weighed: an address that was left is not believed in again for old news.
 */
import { abortable } from "./connection/abortable.js";
import { type Address, formatAddress, sameAddress } from "./connection/address.js";
import { ConnectionError } from "./errors.js";
import {
  addressOf,
  askMaster,
  askReplicas,
  inTime,
  type MasterNews,
  noMaster,
  noReplica,
  Questions,
  staleNews,
} from "./sentinel-answers.js";
import type { SentinelListener, SentinelNode } from "./sentinel-node.js";
import type { SentinelNodes } from "./sentinel-nodes.js";

/** Somebody whose connections lead to servers of the service. None of these may throw. */
export interface ServiceUser {
  /** The master is about to be replaced: nothing more may be written to it. */
  onHold(next: Address, error: ConnectionError): void;
  /** It will not be replaced. */
  onRelease(next: Address, error: ConnectionError): void;
  /** The master is elsewhere now. */
  onMoved(master: Address, error: ConnectionError): void;
  /** The replicas that are well. */
  onReplicas(replicas: readonly Address[], error: ConnectionError): void;
}

/** What a service is made of. */
export interface ServiceParts {
  readonly nodes: SentinelNodes;
  /** How many other Sentinels must watch the master. */
  readonly fewest: number;
  /** ms; how long Sentinels may take for an answer when nothing else is said. */
  readonly limit: number;
}

interface Known {
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
export class SentinelService implements SentinelListener {
  readonly name: string;
  readonly #nodes: SentinelNodes;
  readonly #fewest: number;
  readonly #limit: number;
  readonly #users = new Set<ServiceUser>();
  #known: Known | undefined = undefined;
  /** The replica that is being promoted. */
  #next: { readonly address: Address; readonly until: number } | undefined = undefined;
  /** Was no master when it was tried last. */
  #avoid: Address | undefined = undefined;
  /** By how long the answers may take. */
  readonly #asking = new Map<number, Promise<Address>>();
  readonly #forMaster = new Questions<SentinelNode, MasterNews>();
  readonly #forReplicas = new Questions<SentinelNode, Address[]>();
  #timer: NodeJS.Timeout | undefined = undefined;

  constructor(name: string, { nodes, fewest, limit }: ServiceParts) {
    this.name = name;
    this.#nodes = nodes;
    this.#fewest = fewest;
    this.#limit = limit;
  }

  /** Somebody will be told from now on. */
  join(user: ServiceUser): void {
    if (this.#users.has(user)) return;
    this.#users.add(user);
    if (this.#users.size !== 1) return;
    this.#nodes.listen(this);
    void this.#nodes.learn(this.name);
    this.#timer = setInterval(() => void this.#check(), CHECK).unref();
  }

  /** Somebody need not be told any more. */
  quit(user: ServiceUser): void {
    if (!this.#users.delete(user) || this.#users.size !== 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#nodes.ignore(this);
    this.#next = undefined;
  }

  /**
   * Say where the master is, or will be in a moment.
   *
   * @param limit - ms; how long the Sentinels may take for an answer.
   */
  async locate(signal: AbortSignal, limit: number): Promise<Address> {
    const now = performance.now();
    if (this.#next !== undefined && now < this.#next.until) return this.#next.address;
    this.#next = undefined;
    const known = this.#known;
    const isFresh = known !== undefined && now < known.until;
    if (isFresh && !sameAddress(known.address, this.#avoid)) return known.address;
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
        ({ address }) => !sameAddress(address, this.#avoid),
      );
      this.#accept(value);
      return value.address;
    } catch (cause) {
      throw noMaster(this.name, cause);
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
        (node) => inTime(node, this.#forReplicas.ask(node, ask), limit),
        (addresses) => addresses.length !== 0,
      );
      return value;
    } catch (cause) {
      throw noReplica(this.name, cause);
    }
  }

  /** Whether a server that is no master yet will be one in a moment. */
  expects(address: Address): boolean {
    const next = this.#next;
    return (
      next !== undefined && sameAddress(address, next.address) && performance.now() < next.until
    );
  }

  /** The server says itself that it is a master. */
  confirm(address: Address): void {
    if (sameAddress(address, this.#avoid)) this.#avoid = undefined;
    if (sameAddress(address, this.#next?.address)) this.#move(address);
  }

  /** The server could not be reached, or said that it is no master. */
  doubt(address: Address): void {
    this.#avoid = address;
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
    if (event.startsWith("-failover-abort")) return this.#release();
    if (event === "+monitor") return this.#forget();
    if (kind !== "slave") return;
    // Other Sentinels tell later of what has been followed already.
    const isOurs = this.#isMaster(addressOf(masterHost, masterPort));
    if (event === "+selected-slave" && isOurs) this.#hold(addressOf(host, port));
    else if (event === "+promoted-slave" && isOurs) this.#move(addressOf(host, port));
    else void this.#checkReplicas();
  }

  #onSwitch([name, oldHost = "", oldPort = "", host = "", port = ""]: readonly string[]): void {
    if (name !== this.name) return;
    if (this.#isMaster(addressOf(oldHost, oldPort))) this.#move(addressOf(host, port));
    void this.#check();
  }

  /** Whether an address is what is taken for the master, be it only because nothing is known. */
  #isMaster(address: Address): boolean {
    return this.#known === undefined || sameAddress(address, this.#known.address);
  }

  // -- changes -------------------------------------------------------------------------------

  #hold(next: Address): void {
    if (this.expects(next)) return;
    this.#next = { address: next, until: performance.now() + HOLD };
    const error = this.#notice(`is about to be replaced by ${formatAddress(next)}`);
    for (const user of [...this.#users]) user.onHold(next, error);
  }

  #release(): void {
    const next = this.#next?.address;
    this.#next = undefined;
    if (next === undefined) return;
    const error = this.#notice("is not replaced after all");
    for (const user of [...this.#users]) user.onRelease(next, error);
  }

  #move(address: Address, epoch?: number): void {
    this.#next = undefined;
    if (sameAddress(address, this.#avoid)) this.#avoid = undefined;
    this.#known = { address, epoch, until: performance.now() + TRUST };
    const error = this.#notice(`is now ${formatAddress(address)}`);
    for (const user of [...this.#users]) user.onMoved(address, error);
  }

  /** The Sentinels were told anew where the master is, and begin to count from the start. */
  #forget(): void {
    if (this.#known !== undefined) this.#known = { ...this.#known, epoch: -1, until: 0 };
    void this.#check();
  }

  #notice(what: string): ConnectionError {
    return new ConnectionError(`The master of '${this.name}' ${what}`, { code: "EFAILOVER" });
  }

  // -- asking --------------------------------------------------------------------------------

  async #ask(node: SentinelNode, limit: number): Promise<MasterNews> {
    const ask = (): Promise<MasterNews> => askMaster(node, this.name, this.#fewest);
    const news = await inTime(node, this.#forMaster.ask(node, ask), limit);
    if (this.#isOld(news)) throw staleNews(node, news);
    return news;
  }

  /** Whether a Sentinel names a server that was left, as far as one can tell. */
  #isOld(news: MasterNews): boolean {
    const known = this.#known;
    if (known === undefined || sameAddress(news.address, known.address)) return false;
    const { address, epoch = Number.POSITIVE_INFINITY, until } = known;
    if (performance.now() < until) return news.epoch <= epoch;
    return news.epoch < epoch && !sameAddress(address, this.#avoid);
  }

  #accept({ address, epoch }: MasterNews): void {
    const known = this.#known;
    if (!sameAddress(address, this.#avoid)) this.#avoid = undefined;
    if (known === undefined) this.#known = { address, epoch, until: 0 };
    else if (!sameAddress(address, known.address)) this.#move(address, epoch);
    else this.#known = { ...known, epoch: Math.max(epoch, known.epoch ?? 0) };
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
    for (const user of [...this.#users]) user.onReplicas(replicas, error);
  }
}
