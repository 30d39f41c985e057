/**
 * The nodes of one cluster client, the map from slots to them, and all changes of that map. When slots move to
 * other nodes, the order of their commands is kept, and what waits unwritten for an old node is routed again.
 */

import { NO_SLOT } from "../commands/core/key-route.js";
import { InternalRequest } from "../connection/internal-request.js";
import type { Request } from "../connection/request.js";
import type { Settings } from "../options/types.js";
import { areNodesObserved, publishNodeChanges } from "./cluster-events.js";
import { ForwardedRequest } from "./forwarded-request.js";
import type { NodePool } from "./node-pool.js";
import { isSelfRouting } from "./routed-request.js";
import type { SlotGates } from "./slot-gates.js";
import { type PatchEffect, type Shard, SlotMap } from "./slot-map.js";
import { TargetedRequest } from "./targeted-request.js";
import { type ClusterView, type NodeAddress, SLOTS } from "./view.js";

/** What a table works with. */
export interface NodeTableHost {
  readonly settings: Settings;
  readonly gates: SlotGates;
  /** Create the node of an address. */
  createNode(address: NodeAddress): NodePool;
  /** Slots have other nodes: one slot, or any number of them without an argument. */
  onChanged(slot?: number): void;
  /** Close the connections of a node that left. */
  retire(node: NodePool): Promise<void>;
  /** Route requests again that were taken back from a node, oldest first. */
  reroute(requests: readonly Request[]): void;
}

/** Most nodes that are known from redirects only, until the next view: a confused node may name any address. */
const MAX_STRAYS = 64;

/** Nodes and slots. */
export class NodeTable {
  readonly #host: NodeTableHost;
  readonly #map: SlotMap<NodePool>;
  /** Nodes that left and whose last replies are still to come. */
  readonly #leaving = new Set<NodePool>();

  constructor(host: NodeTableHost) {
    this.#host = host;
    this.#map = new SlotMap((address) => host.createNode(address));
  }

  /** Return the node of a slot. */
  primary(slot: number): NodePool | undefined {
    return this.#map.primary(slot);
  }

  /** See {@link SlotMap.shardNumber}. */
  shardNumber(slot: number): number {
    return this.#map.shardNumber(slot);
  }

  /** See {@link SlotMap.generation}. */
  get generation(): number {
    return this.#map.generation;
  }

  /** The client's encoding of keys. */
  get encoding(): BufferEncoding {
    return this.#host.settings.encoding;
  }

  /** See {@link SlotMap.version}. */
  get version(): number {
    return this.#map.version;
  }

  get covered(): boolean {
    return this.#map.covered;
  }

  get empty(): boolean {
    return this.#map.empty;
  }

  get primaries(): NodePool[] {
    return this.#map.primaries;
  }

  /** See {@link SlotMap.shards}. */
  get shards(): Shard<NodePool>[] {
    return this.#map.shards;
  }

  get replicas(): NodePool[] {
    return this.#map.replicas;
  }

  /** Whether a node serves slots. */
  isPrimary(node: NodePool): boolean {
    return this.#map.isPrimary(node);
  }

  /** All nodes, without those that left. */
  get nodes(): NodePool[] {
    return this.#map.nodes;
  }

  /** All nodes, those included whose last replies are still to come. */
  get all(): NodePool[] {
    return [...this.#map.nodes, ...this.#leaving];
  }

  /** Return the node of an address. */
  node(address: NodeAddress): NodePool {
    return this.#map.node(address);
  }

  /** Return the node of a name, unless it has left. */
  find(name: string): NodePool | undefined {
    return this.#map.find(name);
  }

  /** Return the node of a slot and its replicas. */
  shard(slot: number): Shard<NodePool> | undefined {
    return this.#map.shard(slot);
  }

  /** Whether the target of a redirect may be used. */
  accepts(address: NodeAddress): boolean {
    return this.#map.strays < MAX_STRAYS || this.#map.has(address);
  }

  /** Number of the database, for events. */
  get db(): number {
    return this.#host.settings.db;
  }

  /** Use a view; close nodes that it does without. */
  adopt(view: ClusterView, since: number): void {
    this.#observed(() => this.#adopt(view, since));
  }

  #adopt(view: ClusterView, since: number): void {
    let unused: NodePool[] = [];
    this.#change(() => {
      unused = this.#map.adopt(view, since);
      for (const node of unused) {
        this.#leaving.add(node);
        // Now: those that their callers allow to be sent twice are routed again with the others.
        node.endBlocked();
      }
    });
    for (const [address, zone] of view.zones ?? []) this.#map.node(address).zone = zone;
    for (const node of unused) {
      this.#host.retire(node).then(
        () => this.#leaving.delete(node),
        () => this.#leaving.delete(node),
      );
    }
  }

  /** Record a MOVED. */
  patch(slot: number, node: NodePool): PatchEffect {
    return this.#observed(() => this.#patch(slot, node));
  }

  /** Change the map, and publish the nodes that the change adds and removes. */
  #observed<V>(change: () => V): V {
    if (!areNodesObserved()) return change();
    const before = this.#inMap();
    const result = change();
    publishNodeChanges(before, this.#inMap(), this.db);
    return result;
  }

  #inMap(): Set<NodePool> {
    return new Set([...this.#map.primaries, ...this.#map.replicas]);
  }

  #patch(slot: number, node: NodePool): PatchEffect {
    const isPromotion = this.#map.shard(slot)?.replicas.includes(node) === true;
    if (!isPromotion) {
      const effect = this.#patchSlot(slot, node);
      if (effect !== "none") this.#host.onChanged(slot);
      return effect;
    }
    this.#change(() => this.#map.patch(slot, node));
    this.#host.onChanged();
    return "promotion";
  }

  #patchSlot(slot: number, node: NodePool): PatchEffect {
    const { gates } = this.#host;
    const old = this.#map.primary(slot);
    const effect = this.#map.patch(slot, node);
    if (old === undefined || old === this.#map.primary(slot)) return effect;
    // The redirected command may be blocking, or cancelled: others of its slot are behind it, or elsewhere.
    for (const connection of old.busyConnections) gates.fence(slot, connection);
    if (!gates.isClosed(slot)) this.rerouteSlot(slot);
    // The slot does not open before these have ended, and the node may never have a connection.
    else this.#rerouteSlot(slot, opensSlot);
    return effect;
  }

  /** Route again what waits for the slot at other nodes than its own. */
  rerouteSlot(slot: number): void {
    this.#rerouteSlot(slot, () => true);
  }

  #rerouteSlot(slot: number, matches: (request: Request) => boolean): void {
    const owner = this.#map.primary(slot);
    const slots = new Set([slot]);
    for (const node of this.all) {
      if (node === owner || node.waiting === 0) continue;
      this.#host.reroute(
        node.pool.withdraw((request) => matches(request) && this.#concerns(request, slots)),
      );
    }
  }

  /** Change the map for many slots at once. */
  #change(change: () => void): void {
    // What waits for these slots is routed again when they open, before anything newer.
    const { closedSlots } = this.#host.gates;
    const { generation } = this.#map;
    const oldOwner = this.#map.snapshot();
    change();
    if (this.#map.generation !== generation) this.#fenceMoved(oldOwner);
    for (const node of this.all) {
      if (node.waiting === 0) continue;
      this.#host.reroute(
        node.pool.withdraw(
          (request) =>
            this.#isMisplaced(request, node) &&
            !this.#isGated(request, closedSlots) &&
            !this.#staysAsked(request, oldOwner),
        ),
      );
    }
  }

  /** Close the slots that left a node until it has answered what it was sent. */
  #fenceMoved(oldOwner: (slot: number) => NodePool | undefined): void {
    for (const [node, slots] of this.#movedFromBusy(oldOwner)) {
      if (!this.isPrimary(node)) node.abandonSilent();
      this.#host.gates.fenceAll(slots, node.busyConnections);
    }
  }

  /** Return the slots that left a node which still has commands to answer, by node. */
  #movedFromBusy(oldOwner: (slot: number) => NodePool | undefined): Map<NodePool, Set<number>> {
    const moved = new Map<NodePool, Set<number>>();
    const idle = new Set<NodePool>();
    for (let slot = 0; slot < SLOTS; slot++) {
      const old = oldOwner(slot);
      if (old === undefined || this.#map.primary(slot) === old || idle.has(old)) continue;
      const slots = moved.get(old);
      if (slots !== undefined) slots.add(slot);
      else if (old.busyConnections.length === 0) idle.add(old);
      else moved.set(old, new Set([slot]));
    }
    return moved;
  }

  /** Return whether a request waits until its slot opens. */
  #isGated(request: Request, closed: ReadonlySet<number>): boolean {
    if (closed.size === 0 || request.blocking) return false;
    if (opensSlot(request)) return false;
    return this.#concerns(request, closed);
  }

  /** Return whether the node that redirected a request by ASK still has its slot. */
  #staysAsked(request: Request, oldOwner: (slot: number) => NodePool | undefined): boolean {
    if (!isBehindAsking(request)) return false;
    const slot = request.slot(this.encoding);
    return this.#map.primary(slot) === oldOwner(slot);
  }

  /** Return whether a request has one of these slots. Only a part of a pipeline that blocks has several. */
  #concerns(request: Request, slots: ReadonlySet<number>): boolean {
    if (isSelfRouting(request)) return [...request.slots].some((slot) => slots.has(slot));
    return slots.has(request.slot(this.encoding));
  }

  /** Return whether a request waits for a connection to a node that is not its own any more. */
  #isMisplaced(request: Request, node: NodePool): boolean {
    if (request instanceof InternalRequest) return false;
    if (request instanceof TargetedRequest) return this.#leaving.has(node);
    if (isSelfRouting(request))
      return [...request.slots].some((slot) => this.#map.primary(slot) !== node);
    const slot = request.slot(this.#host.settings.encoding);
    if (slot === NO_SLOT) return !this.isPrimary(node);
    return this.#map.primary(slot) !== node;
  }
}

/** Whether the slot of a request stays closed until it has ended. */
function opensSlot(request: Request): boolean {
  return request instanceof ForwardedRequest && request.opensSlot;
}

function isBehindAsking(request: Request): boolean {
  if (!(request instanceof ForwardedRequest)) return false;
  const { inner } = request;
  return request.writesAsking || (isSelfRouting(inner) && inner.writesAsking);
}
