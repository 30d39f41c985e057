/**
 * Routes requests to the nodes of a cluster: by the slot of their keys, in the order in which they were issued
 * for that slot. It owns the nodes, and holds requests only while there is no node for them or their slot moves.
 */
import { inspect } from "node:util";
import type { Key } from "../commands/core/info.js";
import { NO_SLOT } from "../commands/core/key-route.js";
import type { RedirectedRequest } from "../connection/address-source.js";
import { closedError, connectionClosed, waitTimeoutError } from "../connection/errors.js";
import type { Request } from "../connection/request.js";
import { RedisClusterException, type RedisError } from "../errors.js";
import type { Executor } from "../execution/executor.js";
import type { Settings } from "../options/types.js";
import { mayWait } from "../pool/admission.js";
import type { ConnectionEvents } from "../pool/connection-events.js";
import type { Lease, LeaseProvider } from "../pool/lease.js";
import type { ConnectionStatus } from "../pool/observed-pool.js";
import type { PoolOptions } from "../pool/options.js";
import { WaitQueue } from "../pool/wait-queue.js";
import { Encoder } from "../protocol/encoder.js";
import { nextTick } from "../util/timers.js";
import { TurnLimit } from "../util/turn-limit.js";
import { rankCandidates } from "./candidates.js";
import { DefaultNode } from "./default-node.js";
import { Draining } from "./draining.js";
import { slotOfLease } from "./lease-slot.js";
import { type NodeOwner, NodePool } from "./node-pool.js";
import { NodeTable } from "./node-table.js";
import { ReadRefresh } from "./read-refresh.js";
import { Redirects } from "./redirects.js";
import { type LeaseAttempts, Rerouting, type ReroutingHost } from "./rerouting.js";
import { SilentNodes, type SilentNodesHost } from "./silent-nodes.js";
import { type GateHost, SlotGates } from "./slot-gates.js";
import { clusterStatus } from "./status.js";
import { type NodeChoice, TargetedRequest } from "./targeted-request.js";
import { Topology, type TopologyOwner } from "./topology.js";
import { UnroutedRequests } from "./unrouted-requests.js";
import { type AddressRemap, assertCovered, type ClusterView, type NodeAddress } from "./view.js";
import { ViewListeners } from "./view-listeners.js";

/** Connections that are opened or closed in one turn of the event loop: a view may name thousands of nodes. */
const MOST_PER_TURN = 32;

/** What a router is created from. */
export interface RouterSettings {
  /** Settings of the connections. */
  readonly settings: Settings;
  /** Nodes given by the user. */
  readonly seeds: readonly NodeAddress[];
  readonly requireFullCoverage: boolean;
  readonly reinitializeSteps: number;
  readonly clusterErrorRetryAttempts: number;
  readonly dynamicStartupNodes: boolean;
  readonly remap: AddressRemap | undefined;
  readonly events: ConnectionEvents;
  /** Options of the pools, without an address. */
  poolOptions(): PoolOptions;
}

/** Executes the requests of a cluster client. */
export class ClusterRouter
  implements
    Executor,
    LeaseProvider,
    NodeOwner,
    TopologyOwner,
    GateHost,
    ReroutingHost,
    SilentNodesHost
{
  readonly settings: Settings;
  readonly address = undefined;
  readonly severalServers = true;
  readonly encoder: Encoder;
  readonly gates: SlotGates;
  readonly waitQueue: WaitQueue;
  readonly table: NodeTable;
  readonly redirects: Redirects;
  readonly views: ViewListeners;
  readonly silentNodes = new SilentNodes(this);
  readonly defaultNode = new DefaultNode(() => this.table.primaries);
  readonly readRefresh = new ReadRefresh(() => this.refresh());
  readonly dials = new TurnLimit(MOST_PER_TURN);
  readonly #closings = new TurnLimit(MOST_PER_TURN);
  readonly options: RouterSettings;
  readonly #encoding: BufferEncoding;
  readonly #topology: Topology;
  readonly #unrouted: UnroutedRequests;
  readonly #rerouting: Rerouting;
  #closing: Promise<void> | undefined = undefined;
  /** Whether the requests that were issued before {@link close} have been answered. */
  #isDrained = false;
  readonly #draining: Draining;

  constructor(options: RouterSettings) {
    const { settings, remap } = options;
    this.settings = settings;
    this.options = options;
    this.#encoding = settings.encoding;
    this.encoder = new Encoder(settings);
    this.waitQueue = new WaitQueue(this.#description, {
      leaseTimeoutError: () => closedError(),
      lastError: () => this.#topology.lastError,
      sinceProgress: () => Number.POSITIVE_INFINITY,
      onWaiterRemoved: () => this.onReleased(),
    });
    this.gates = new SlotGates(this);
    this.table = new NodeTable({
      settings,
      gates: this.gates,
      createNode: (address) => new NodePool(address, this, options.poolOptions()),
      onChanged: (slot) => this.views.changed(slot),
      reroute: (requests) => this.reroute(requests),
      retire: (node) => this.#closings.run(() => node.retire()),
    });
    this.#draining = new Draining(this.waitQueue.requests, () => this.table.all);
    this.#topology = new Topology(this, settings, remap);
    this.#unrouted = new UnroutedRequests(this.waitQueue, () =>
      waitTimeoutError(this.#description, this.#topology.lastError),
    );
    this.views = new ViewListeners(() => this.refresh());
    this.#rerouting = new Rerouting(this, {
      encoding: settings.encoding,
      attempts: options.clusterErrorRetryAttempts,
    });
    this.redirects = new Redirects(options, {
      gates: this.gates,
      table: this.table,
      requestRefresh: () => this.#topology.request(),
      renewView: () => this.#topology.renew(),
      send: (node, request) => this.sendTo(node, request),
    });
  }

  get #description(): string {
    const [first] = this.options.seeds;
    return `cluster ${first?.host}:${first?.port}`;
  }

  // -- for clients ---------------------------------------------------------------------------

  execute(request: Request): void {
    if (this.#closing !== undefined) return request.fail(closedError(request.name));
    let slot: number;
    try {
      slot = request.slot(this.#encoding);
    } catch (error) {
      return request.fail(error as RedisError);
    }
    if (this.gates.count !== 0 && this.gates.hold(slot, request)) return;
    const node = this.nodeAt(slot);
    if (node === undefined) this.#hold(request);
    else this.#poolOf(node).execute(request);
  }

  executeExclusively(request: Request): void {
    if (this.#closing !== undefined) return request.fail(closedError(request.name));
    this.send(request);
  }

  /** See {@link LeaseProvider.lease}; keys in different slots are refused. */
  async lease(keys: readonly Key[] = []): Promise<Lease> {
    const slot = slotOfLease(keys, this.#encoding);
    const attempts = this.#rerouting.startAttempts(this.settings.socketTimeout);
    return await this.leaseAt(() => this.nodeAt(slot), attempts);
  }

  /** Lease a connection of the node that a choice returns, which is that of a slot if there are `attempts`. */
  async leaseAt(choose: NodeChoice, attempts?: LeaseAttempts): Promise<Lease> {
    for (;;) {
      const node = await this.chosen(choose);
      try {
        return await this.#poolOf(node).lease();
      } catch (error) {
        if (this.closed) throw error;
        // A closed pool belongs to a node that has left the cluster.
        if (node.pool.closed) continue;
        if (attempts?.mayRepeat(node, error as RedisError) !== true) throw error;
        await this.nextView();
      }
    }
  }

  /** Find the node of keys in one slot, or one of the nodes when there are none. */
  async nodeOf(keys: readonly Key[]): Promise<NodePool> {
    const slot = slotOfLease(keys, this.#encoding);
    return await this.chosen(() => this.nodeAt(slot));
  }

  /** Return the node that a choice returns, after the next view if it returns none now. */
  async chosen(choose: NodeChoice): Promise<NodePool> {
    for (;;) {
      if (this.closed) throw closedError();
      const node = choose();
      if (node !== undefined) return node;
      await this.nextView();
    }
  }

  /** Ask for a refresh of the view. */
  refresh(): void {
    if (!this.closed) this.#topology.request();
  }

  /** Wait for the next view. */
  async nextView(): Promise<void> {
    if (this.closed) throw closedError();
    await this.#unrouted.next(this.settings.socketTimeout, () => this.#topology.join());
  }

  /** Find out which node serves which slot, unless that is known. */
  async connect(): Promise<void> {
    if (this.table.empty) await this.nextView();
    if (!this.table.covered && this.options.requireFullCoverage) {
      const message = "Not all slots of the cluster are served by a node";
      throw new RedisClusterException(message, { outcome: "not-sent" });
    }
  }

  /** Whether {@link close} was called. */
  get closed(): boolean {
    return this.#closing !== undefined;
  }

  get status(): ConnectionStatus {
    return this.closed ? "closed" : clusterStatus(this.table.all);
  }

  get events(): ConnectionEvents {
    return this.options.events;
  }

  /** Refuse new requests, let those under way finish, and close all connections. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const node of this.table.all) node.endProbes();
    this.#unrouted.failWaiters(closedError());
    // A query to a node that cannot be reached would delay the end, and nothing waits for its answer.
    if (!this.#draining.isNeeded((node) => this.#topology.asks(node)))
      this.#topology.stop(closedError());
    await this.#draining.finish(this.settings.socketTimeout);
    this.#isDrained = true;
    this.#topology.stop(closedError());
    await Promise.all(this.table.all.map((node) => this.#closings.run(() => node.close())));
    this.#stop(closedError());
  }

  /** Close all connections immediately. */
  disconnect(): void {
    const error = connectionClosed(
      "The connections were closed by disconnect()",
      this.#description,
    );
    for (const node of this.table.all) node.disconnect();
    this.#stop(error);
  }

  #stop(error: RedisError): void {
    this.gates.stop();
    this.#unrouted.failWaiters(error);
    this.waitQueue.failAll(error);
    this.waitQueue.stop();
    this.onReleased();
  }

  // -- sending -------------------------------------------------------------------------------

  /** Send a request by the choice of its node or by the map, whether its slot is closed or not. */
  send(request: Request): void {
    let node: NodePool | undefined;
    try {
      const choose = request instanceof TargetedRequest ? request.choose : undefined;
      node = choose === undefined ? this.nodeAt(request.slot(this.#encoding)) : choose();
    } catch (error) {
      return request.fail(error as RedisError);
    }
    if (node === undefined) this.#hold(request);
    else this.sendTo(node, request);
  }

  /** Return the node of a slot, or any node for `NO_SLOT`; `undefined` when none is known. */
  nodeAt(slot: number): NodePool | undefined {
    return slot === NO_SLOT ? this.defaultNode.get() : this.table.primary(slot);
  }

  /** Send a request to a node. */
  sendTo(node: NodePool, request: Request): void {
    const pool = this.#poolOf(node);
    if (request.blocking) pool.executeExclusively(request);
    else pool.execute(request);
  }

  /** Return the pool of a node; ask for a view while it is down: what waits for it may get another node. */
  #poolOf(node: NodePool): NodePool["pool"] {
    if (node.suspect) this.#topology.join();
    return node.pool;
  }

  rerouteSlot(slot: number): void {
    this.table.rerouteSlot(slot);
  }

  /** Hold a request until there is a node for it. */
  #hold(request: Request): void {
    if (!mayWait(request, this.gates.waitLimits)) return;
    this.#unrouted.add(request);
    this.#topology.join();
  }

  reroute(requests: readonly Request[]): void {
    this.#rerouting.reroute(requests);
  }

  /** See {@link Rerouting.resume}. */
  resume(request: Request): void {
    this.#rerouting.resume(request);
  }

  holdForView(request: Request): void {
    this.#unrouted.add(request, request.deadline);
    this.#topology.join();
  }

  // -- called by nodes -----------------------------------------------------------------------

  redirect(node: NodePool, redirected: RedirectedRequest, mayTake: boolean): boolean {
    return this.redirects.handle(node, redirected, mayTake && !this.#isDrained);
  }

  onNodeFailed(node: NodePool, error: RedisError): void {
    if (!this.table.isPrimary(node)) nextTick(() => node.abandonSilent());
    const isAsked = this.#topology.onNodeFailed(node, error);
    if (!isAsked && !this.closed && !this.table.empty) this.#topology.request();
  }

  onNodesSilent(nodes: readonly NodePool[]): void {
    this.defaultNode.leave(nodes);
    this.refresh();
  }

  onNodeUnreachable(node: NodePool, error: RedisError): void {
    if (!this.closed) this.#rerouting.onUnreachable(node, error);
  }

  get version(): number {
    return this.table.version;
  }

  candidates(): NodePool[] {
    const seeds = this.options.seeds.map((address) => this.table.node(address));
    return rankCandidates(this.options.dynamicStartupNodes ? this.table.nodes : seeds, seeds);
  }

  check(view: ClusterView, { name }: NodePool): void {
    if (this.options.requireFullCoverage && this.table.empty) assertCovered(view, name);
  }

  adopt(view: ClusterView, since: number): void {
    this.table.adopt(view, since);
    this.reroute(this.#unrouted.release((request) => this.#isRoutable(request)));
    this.views.adopted();
    this.readRefresh.adopted([...this.table.primaries, ...this.table.replicas]);
    this.onReleased();
  }

  /** Whether requests wait for a node, or for a connection to a node that failed. */
  get troubled(): boolean {
    if (this.#unrouted.size !== 0) return true;
    return this.table.nodes.some(({ suspect, waiting }) => suspect && waiting !== 0);
  }

  onRefreshFailed(error: RedisError, isFinal: boolean): void {
    if (!isFinal) return;
    this.#unrouted.fail(error);
    this.onReleased();
  }

  #isRoutable(request: Request): boolean {
    const slot = request.slot(this.#encoding);
    return slot === NO_SLOT ? !this.table.empty : this.table.primary(slot) !== undefined;
  }

  onReleased(): void {
    this.#draining.onReleased();
  }

  /** The part of a client's text between the brackets. */
  toString(): string {
    return `nodes=${this.table.nodes.length}`;
  }

  [inspect.custom](): string {
    const names = this.table.nodes.map(({ name }) => name).join(", ");
    return `nodes=[${names}] waiting=${this.waitQueue.requests.size}`;
  }
}
