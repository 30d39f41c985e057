/**
 * Tracks one master and its replicas through queries and events of the Sentinels, and notifies the
 * address sources of all clients when connections must move. State changes are complete before anything
 * is notified, and no listener is called synchronously from a method of the monitor.
 */

import { ConnectionError } from "../errors.js";
import { type Address, formatAddress, reportedAddress } from "../options/address.js";
import { abortable } from "../util/abort.js";
import { guarded } from "../util/guarded.js";
import { PacedTask } from "../util/paced-task.js";
import { Singleflight } from "../util/singleflight.js";
import { realTime, runSoon, startInterval, type Timer } from "../util/timers.js";
import { type MasterChange, MasterState } from "./master-state.js";
import type { SentinelListener, SentinelNode } from "./node.js";
import type { SentinelNodes } from "./nodes.js";
import {
  askMaster,
  askReplicas,
  type MasterReport,
  masterNotFound,
  replicaNotFound,
  staleReportError,
  withTimeout,
} from "./queries.js";

/**
 * Notified when connections must move. Notifications arrive one at a time, in the order of the changes,
 * never from inside a call to the monitor. What a listener throws is an unhandled rejection: it keeps
 * neither later notifications nor other listeners from their calls.
 */
export interface FailoverListener {
  /** The master is about to be replaced: nothing more may be written to it. */
  onFailoverStarted(next: Address, error: ConnectionError): void;
  /** The master will not be replaced. */
  onFailoverAborted(next: Address, error: ConnectionError): void;
  /** Another server is the master. */
  onMasterChanged(master: Address, error: ConnectionError): void;
  /** The list of healthy replicas; not empty. */
  onReplicasChanged(replicas: readonly Address[], error: ConnectionError): void;
}

/** Dependencies and settings of a monitor. */
export interface FailoverMonitorOptions {
  readonly nodes: Pick<SentinelNodes, "addListener" | "ask" | "refresh" | "removeListener">;
  /** How many other Sentinels must monitor the master. */
  readonly minOtherSentinels: number;
  /** ms; default for how long a Sentinel may take to answer a query. */
  readonly queryTimeout: number;
}

/** ms between queries for changes whose events were missed. */
const CHECK_INTERVAL = 10_000;
/** ms between two queries of the same kind that events request. */
const EVENT_PACE = 100;
/**
 * Most changes per second that events cause by themselves; further events cause queries only. A failover
 * is three changes, and a Sentinel that publishes more of them is broken or lies.
 */
const MAX_CHANGES = 20;
const CHANGES_WINDOW = 1000;
/** Changes waiting for notification above which only those that still matter are kept. */
const MAX_NOTICES = 16;

/** Events about a replica that change where clients connect. */
const FAILOVER_EVENTS: ReadonlySet<string> = new Set(["+selected-slave", "+promoted-slave"]);

/** A change that listeners must be notified of. */
type Notice =
  | MasterChange
  | { readonly type: "replicas-changed"; readonly replicas: readonly Address[] };

/** One master name of a deployment. */
export class FailoverMonitor implements SentinelListener {
  readonly name: string;
  readonly #nodes: FailoverMonitorOptions["nodes"];
  readonly #minOtherSentinels: number;
  readonly #queryTimeout: number;
  readonly #listeners = new Set<FailoverListener>();
  readonly #state = new MasterState();
  /** Discoveries in progress, by query timeout. */
  readonly #discoveries = new Singleflight<number, Address>();
  readonly #masterQueries = new Singleflight<SentinelNode, MasterReport>();
  readonly #replicaQueries = new Singleflight<SentinelNode, Address[]>();
  readonly #checks = new PacedTask(() => this.#check(), EVENT_PACE);
  readonly #replicaChecks = new PacedTask(() => this.#checkReplicas(), EVENT_PACE);
  readonly #refreshes = new PacedTask(() => this.#nodes.refresh(this.name), EVENT_PACE);
  #notices: Notice[] = [];
  /** Start of the present window of changes by events, and their number in it. */
  #windowStart = Number.NEGATIVE_INFINITY;
  #changes = 0;
  #timer: Timer | undefined = undefined;

  constructor(name: string, options: FailoverMonitorOptions) {
    this.name = name;
    this.#nodes = options.nodes;
    this.#minOtherSentinels = options.minOtherSentinels;
    this.#queryTimeout = options.queryTimeout;
  }

  /** Notify a listener from now on. The first one starts the subscriptions to events. */
  addListener(listener: FailoverListener): void {
    if (this.#listeners.has(listener)) return;
    this.#listeners.add(listener);
    if (this.#listeners.size !== 1) return;
    this.#nodes.addListener(this);
    this.#refreshes.request();
    this.#timer = startInterval(CHECK_INTERVAL, () => this.#checks.request(), false);
  }

  /** Stop notifying a listener, pending notifications included. The last one ends the subscriptions. */
  removeListener(listener: FailoverListener): void {
    if (!this.#listeners.delete(listener) || this.#listeners.size !== 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const task of [this.#checks, this.#replicaChecks, this.#refreshes]) task.cancel();
    this.#nodes.removeListener(this);
    this.#state.dropPromotion();
  }

  /**
   * Return the address of the master, or of the replica that is about to become the master.
   *
   * @param queryTimeout - ms; how long a Sentinel may take to answer.
   * @throws MasterNotFoundError when no Sentinel reports a usable master.
   */
  async locate(signal: AbortSignal, queryTimeout: number): Promise<Address> {
    const address = this.#state.currentAddress();
    if (address !== undefined) return address;
    const discovery = this.#discoveries.run(queryTimeout, (limit) => this.discover(limit));
    return (await abortable(discovery, signal)) ?? this.locate(signal, queryTimeout);
  }

  /**
   * Query the Sentinels for the master.
   *
   * @throws MasterNotFoundError when no Sentinel reports a usable master.
   */
  async discover(queryTimeout = this.#queryTimeout): Promise<Address> {
    try {
      const { from, value } = await this.#nodes.ask(
        (node) => this.#queryMaster(node, queryTimeout),
        ({ address }) => !this.#state.isSuspect(address),
      );
      // An event may have changed the master while a better report was awaited.
      if (this.#state.isStale(value)) throw staleReportError(from, value);
      this.#notify(this.#state.accept(value));
      return value.address;
    } catch (cause) {
      throw masterNotFound(this.name, cause);
    }
  }

  /**
   * Query the Sentinels for the healthy replicas.
   *
   * @throws ReplicaNotFoundError when no Sentinel answers.
   */
  async replicas(queryTimeout = this.#queryTimeout): Promise<Address[]> {
    const query = (node: SentinelNode): Promise<Address[]> => askReplicas(node, this.name);
    try {
      const { value } = await this.#nodes.ask(
        (node) => withTimeout(node, this.#replicaQueries.run(node, query), queryTimeout),
        (addresses) => addresses.length !== 0,
      );
      return value;
    } catch (cause) {
      throw replicaNotFound(this.name, cause);
    }
  }

  /** Whether a replica at the address is expected to become the master. */
  isPromoting(address: Address): boolean {
    return this.#state.isPromoting(address);
  }

  /** Whether the address is that of the master, as far as it is known. */
  isMaster(address: Address): boolean {
    return this.#state.isMaster(address);
  }

  /** The server itself reports that it is a master. */
  markConfirmed(address: Address): void {
    this.#notify(this.#state.markConfirmed(address));
  }

  /** The server could not be reached, or is not a master. */
  markSuspect(address: Address): void {
    this.#state.markSuspect(address);
  }

  // -- events --------------------------------------------------------------------------------

  /** @internal */
  onSubscribed(): void {
    this.#checks.request();
  }

  /** @internal */
  onEvent(event: string, words: readonly string[]): void {
    if (event === "+switch-master") return this.#onSwitchMaster(words);
    const [role, own, host, port, , name, masterHost, masterPort] = words;
    if ((role === "master" ? own : name) !== this.name) return;
    if (event === "+sentinel") return this.#refreshes.request();
    if (event.startsWith("-failover-abort")) return this.#notify(this.#state.abortFailover());
    if (event === "+monitor") return this.#onMonitor();
    if (role !== "slave") return;
    const replica = reportedAddress(host, port);
    // Other Sentinels publish the same events later, when the failover has been followed already.
    const isFollowed =
      FAILOVER_EVENTS.has(event) && this.#isOfMaster(masterHost, masterPort) && this.#mayChange();
    if (replica === undefined || !isFollowed) return this.#replicaChecks.request();
    if (event === "+selected-slave") this.#notify(this.#state.startFailover(replica));
    else this.#notify(this.#state.changeMaster(replica));
  }

  #onSwitchMaster([name, oldHost, oldPort, host, port]: readonly string[]): void {
    if (name !== this.name) return;
    const master = reportedAddress(host, port);
    const isFollowed =
      master !== undefined && this.#isOfMaster(oldHost, oldPort) && this.#mayChange();
    if (isFollowed) this.#notify(this.#state.changeMaster(master));
    this.#checks.request();
  }

  #isOfMaster(host: string | undefined, port: string | undefined): boolean {
    const address = reportedAddress(host, port);
    return address !== undefined && this.#state.mayBeMaster(address);
  }

  /** Count a change that an event causes; return whether it is within the limit. */
  #mayChange(): boolean {
    const now = realTime();
    if (now >= this.#windowStart + CHANGES_WINDOW) {
      this.#windowStart = now;
      this.#changes = 0;
    }
    return ++this.#changes <= MAX_CHANGES;
  }

  #onMonitor(): void {
    this.#state.resetEpoch();
    this.#checks.request();
  }

  // -- notifications -------------------------------------------------------------------------

  /**
   * A listener drains a pool, which may call the monitor again. The monitor is called from inside a
   * pool's decisions and from a parser, so listeners run as a microtask: before any further I/O event,
   * in order, and never nested.
   */
  #notify(notice: Notice | undefined): void {
    if (notice === undefined) return;
    if (this.#notices.length >= MAX_NOTICES) this.#notices = withoutOutdated(this.#notices);
    if (this.#notices.push(notice) === 1) runSoon(() => this.#notifyAll());
  }

  #notifyAll(): void {
    for (let notice = this.#notices[0]; notice !== undefined; notice = this.#notices[0]) {
      // A listener drains a pool, which runs code of the user: connection classes, backoffs.
      const notify = guarded(this.#notification(notice), undefined);
      for (const listener of [...this.#listeners]) notify(listener);
      this.#notices.shift();
    }
  }

  #notification(notice: Notice): (listener: FailoverListener) => void {
    if (notice.type === "failover-started") {
      const { next } = notice;
      const error = this.#failoverError(`is about to be replaced by ${formatAddress(next)}`);
      return (listener) => listener.onFailoverStarted(next, error);
    }
    if (notice.type === "failover-aborted") {
      const error = this.#failoverError("is not replaced: the failover was aborted");
      return (listener) => listener.onFailoverAborted(notice.next, error);
    }
    if (notice.type === "master-changed") {
      const { master } = notice;
      const error = this.#failoverError(`is now ${formatAddress(master)}`);
      return (listener) => listener.onMasterChanged(master, error);
    }
    const error = this.#failoverError("has other replicas");
    return (listener) => listener.onReplicasChanged(notice.replicas, error);
  }

  #failoverError(what: string): ConnectionError {
    return new ConnectionError(`The master of '${this.name}' ${what}`, { code: "EFAILOVER" });
  }

  // -- queries -------------------------------------------------------------------------------

  async #queryMaster(node: SentinelNode, queryTimeout: number): Promise<MasterReport> {
    const query = (): Promise<MasterReport> => askMaster(node, this.name, this.#minOtherSentinels);
    const report = await withTimeout(node, this.#masterQueries.run(node, query), queryTimeout);
    if (this.#state.isStale(report)) throw staleReportError(node, report);
    return report;
  }

  /** Look for changes whose events were missed. Never rejects: `locate` reports the errors. */
  async #check(): Promise<void> {
    this.#refreshes.request();
    this.#replicaChecks.request();
    await this.discover().catch(() => undefined);
  }

  async #checkReplicas(): Promise<void> {
    const replicas = await this.replicas().catch(() => []);
    if (replicas.length !== 0) this.#notify({ type: "replicas-changed", replicas });
  }
}

/**
 * Drop the notices that a later one makes pointless: connections leave every server but the master after a
 * change of the master, and of the other notices the last of each type decides.
 */
function withoutOutdated(notices: readonly Notice[]): Notice[] {
  const lastChange = notices.findLastIndex(({ type }) => type === "master-changed");
  // The first one is being delivered.
  return notices.filter(({ type }, index) => {
    const isLast = notices.findLastIndex((other) => other.type === type) === index;
    return index === 0 || (isLast && (index >= lastChange || type === "replicas-changed"));
  });
}
