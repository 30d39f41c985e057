/**
 * Which node serves which slot. `adopt` and `patch` are its only writers; both finish in one turn, so a reader
 * never sees half a change. Nodes keep their identity by name, and a node that is no longer used is returned once.
 */
import { type ClusterView, type NodeAddress, nodeName, SLOTS, type ViewRange } from "./view.js";

/** Nodes with the same slots. */
export interface Shard<N> {
  readonly primary: N;
  /** A hint: failed replicas are missing, new ones appear late. */
  readonly replicas: readonly N[];
  /** Counter of the readers, not part of the map. It starts at a random number, so that clients differ. */
  turn: number;
}

/**
 * What a MOVED changed: nothing, the owner of the slot, the primary of the slot's shard (failover), or the
 * owner of the slot to a node that was not known as a primary. The last two call for a refresh.
 */
export type PatchEffect = "none" | "slot" | "promotion" | "new-node";

interface OwnedShard<N> extends Shard<N> {
  primary: N;
  replicas: readonly N[];
  /** Number of slots. */
  size: number;
}

interface Patch<N> {
  readonly node: N;
  readonly version: number;
}

function firstTurn(): number {
  return Math.floor(Math.random() * 1000);
}

/** Shard number of a slot without a node. */
const NONE = 0;

function hasNames(nodes: readonly { name: string }[], addresses: readonly NodeAddress[]): boolean {
  if (nodes.length !== addresses.length) return false;
  return addresses.every((address, index) => nodes[index]?.name === nodeName(address));
}

/** The map of one client. */
export class SlotMap<N extends { readonly name: string }> {
  /** Number of changes of which node serves which slot. A field, because pipelines read it for every command. */
  generation = 0;
  readonly #create: (address: NodeAddress) => N;
  readonly #nodes = new Map<string, N>();
  /** Slot to shard number. */
  #owners = new Uint16Array(SLOTS);
  /** By shard number; a gap is a shard that has lost its last slot. */
  #shards: (OwnedShard<N> | undefined)[] = [undefined];
  /** By shard number: the primaries again, for a lookup of two reads. */
  #primaries: (N | undefined)[] = [undefined];
  /** Shard numbers that can be used again. */
  #gaps: number[] = [];
  #uncovered = SLOTS;
  /** By slot, the last MOVED since the view before the last one. */
  #patches = new Map<number, Patch<N>>();
  #version = 0;
  /** Number of nodes in the last view. */
  #known = 0;

  /** @param create - Creates the node of an address that has none. */
  constructor(create: (address: NodeAddress) => N) {
    this.#create = create;
  }

  /** Return the primary of a slot; `undefined` when no node serves it, and for a number that is no slot. */
  primary(slot: number): N | undefined {
    return this.#primaries[this.#owners[slot] ?? NONE];
  }

  /** Return the number of the shard of a slot, valid until {@link generation} changes; 0 without a node. */
  shardNumber(slot: number): number {
    return this.#owners[slot] ?? NONE;
  }

  /** Return the shard of a slot. */
  shard(slot: number): Shard<N> | undefined {
    return this.#shards[this.#owners[slot] ?? NONE];
  }

  /** Return the node of an address. A new one stays until an adopted view does without it. */
  node(address: NodeAddress): N {
    const name = nodeName(address);
    let node = this.#nodes.get(name);
    if (node === undefined) {
      node = this.#create(address);
      this.#nodes.set(name, node);
    }
    return node;
  }

  /** Return whether there is a node of an address. */
  has(address: NodeAddress): boolean {
    return this.#nodes.has(nodeName(address));
  }

  /** Return the node of a name, if there is one. */
  find(name: string): N | undefined {
    return this.#nodes.get(name);
  }

  /** Number of nodes that are not in the last view. */
  get strays(): number {
    return this.#nodes.size - this.#known;
  }

  /** Return a function that returns the present primary of a slot, also after changes. */
  snapshot(): (slot: number) => N | undefined {
    // A view replaces the owners; what changes in place for many slots is only the primaries.
    const owners = this.#owners;
    const primaries = [...this.#primaries];
    return (slot) => primaries[owners[slot] ?? NONE];
  }

  /** Number of patches so far; a refresh passes the number of its beginning to {@link adopt}. */
  get version(): number {
    return this.#version;
  }

  /** Whether every slot has a node. */
  get covered(): boolean {
    return this.#uncovered === 0;
  }

  /** Whether no slot has a node. */
  get empty(): boolean {
    return this.#uncovered === SLOTS;
  }

  /** The nodes that serve slots; a new array. */
  get primaries(): N[] {
    return this.#primaries.filter((node) => node !== undefined);
  }

  /** The nodes that serve slots, with their replicas; a new array. */
  get shards(): Shard<N>[] {
    return this.#shards.flatMap((shard) => (shard === undefined ? [] : [{ ...shard }]));
  }

  /** Return whether a node serves slots. */
  isPrimary(node: N): boolean {
    return this.#primaries.includes(node);
  }

  /** The replicas of the nodes that serve slots; a new array. */
  get replicas(): N[] {
    return this.#shards.flatMap((shard) => shard?.replicas ?? []);
  }

  /** All nodes; a new array. */
  get nodes(): N[] {
    return [...this.#nodes.values()];
  }

  /**
   * Replace the map by a view.
   *
   * @param view - What a node reported.
   * @param since - {@link version} when the refresh began: later MOVEDs are newer than the view, and stay.
   * @returns The nodes that are not used any more. The map has forgotten them.
   */
  adopt(view: ClusterView, since: number): N[] {
    const newer = [...this.#patches].filter(([, { version }]) => version > since);
    this.#patches = new Map(newer);
    // Most views change nothing: what was derived from the map stays valid.
    if (newer.length !== 0 || !this.#matches(view)) this.#replace(view);
    for (const [slot, { node }] of newer) this.#change(slot, node);
    return this.#forgetUnused();
  }

  /** Return whether the map is what it would be after a view. */
  #matches({ ranges }: ClusterView): boolean {
    const seen = new Set<number>();
    let size = 0;
    for (const range of ranges) {
      const number = this.#owners[range.from] ?? NONE;
      const shard = this.#shards[number];
      if (shard?.primary.name !== nodeName(range.primary)) return false;
      for (let slot = range.from; slot <= range.to; slot++)
        if (this.#owners[slot] !== number) return false;
      // The first range of a primary decides on its replicas.
      if (!seen.has(number) && !hasNames(shard.replicas, range.replicas)) return false;
      seen.add(number);
      size += range.to - range.from + 1;
    }
    return size === SLOTS - this.#uncovered;
  }

  #replace(view: ClusterView): void {
    this.generation++;
    this.#owners = new Uint16Array(SLOTS);
    this.#shards = [undefined];
    this.#primaries = [undefined];
    this.#gaps = [];
    this.#uncovered = SLOTS;
    const numbers = new Map<N, number>();
    for (const range of view.ranges) this.#adoptRange(range, numbers);
  }

  #adoptRange({ from, to, primary, replicas }: ViewRange, numbers: Map<N, number>): void {
    const node = this.node(primary);
    let number = numbers.get(node);
    if (number === undefined) {
      const others = replicas.map((address) => this.node(address));
      number = this.#addShard(node, others);
      numbers.set(node, number);
    }
    const size = to - from + 1;
    this.#owners.fill(number, from, to + 1);
    this.#uncovered -= size;
    this.#resize(number, size);
  }

  #forgetUnused(): N[] {
    const used = new Set<N>();
    for (const shard of this.#shards) {
      if (shard === undefined) continue;
      used.add(shard.primary);
      for (const replica of shard.replicas) used.add(replica);
    }
    const unused = this.nodes.filter((node) => !used.has(node));
    for (const { name } of unused) this.#nodes.delete(name);
    this.#known = this.#nodes.size;
    return unused;
  }

  /**
   * Record a MOVED: the slot belongs to the node now. If the node is a replica of the slot's shard, it becomes
   * the primary of the whole shard.
   *
   * @param slot - Slot, 0 to 16383; another number changes nothing.
   * @param node - A node that {@link node} returned; one that was forgotten since then changes nothing.
   */
  patch(slot: number, node: N): PatchEffect {
    const isForgotten = this.#nodes.get(node.name) !== node;
    if (isForgotten || this.#owners[slot] === undefined) return "none";
    this.#version += 1;
    // Also when nothing changes: a view that is older than this MOVED must not undo it.
    this.#patches.set(slot, { node, version: this.#version });
    return this.#change(slot, node);
  }

  #change(slot: number, node: N): PatchEffect {
    const number = this.#owners[slot] ?? NONE;
    const shard = this.#shards[number];
    if (shard?.primary === node) return "none";
    this.generation++;
    if (shard?.replicas.includes(node)) {
      shard.replicas = [...shard.replicas.filter((other) => other !== node), shard.primary];
      shard.primary = node;
      this.#primaries[number] = node;
      return "promotion";
    }
    const other = this.#primaries.indexOf(node);
    const isKnown = other >= 0;
    // Before the number of a new shard is chosen: that of a shard without slots can be used again.
    this.#release(number);
    this.#owners[slot] = isKnown ? other : this.#addShard(node, []);
    this.#resize(this.#owners[slot] ?? NONE, 1);
    this.#uncovered -= 1;
    return isKnown ? "slot" : "new-node";
  }

  /** Take a slot from a shard. A shard without slots is removed. */
  #release(number: number): void {
    if (number === NONE) return;
    this.#uncovered += 1;
    this.#resize(number, -1);
    if (this.#shards[number]?.size !== 0) return;
    this.#shards[number] = undefined;
    this.#primaries[number] = undefined;
    this.#gaps.push(number);
  }

  #resize(number: number, change: number): void {
    const shard = this.#shards[number];
    if (shard !== undefined) shard.size += change;
  }

  #addShard(primary: N, replicas: readonly N[]): number {
    const number = this.#gaps.pop() ?? this.#shards.length;
    this.#shards[number] = { primary, replicas, size: 0, turn: firstTurn() };
    this.#primaries[number] = primary;
    return number;
  }
}
