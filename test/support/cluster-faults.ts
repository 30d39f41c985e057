/**
 * Causes the planned faults of a real cluster: slots that move, replicas that are promoted, nodes that restart, crash
 * and freeze, and connections between the client and nodes that are cut, delayed or lead nowhere. Every fault ends
 * before the next one of its sequence begins.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { keySlot } from "../../src/commands/core/key-slot.js";
import {
  CHANGES,
  type ConnectionFault,
  type ConnectionFaultKind,
  connectionFaults,
  LOSSES,
  type NodeFault,
  type NodeFaultKind,
  nodeFaults,
} from "./cluster-fault-plan.js";
import type { FaultProxy } from "./fault-proxy.js";
import type { Node, ProxiedCluster } from "./proxied-cluster.js";
import type { Random } from "./random.js";

/** Number of faults by name. */
export type FaultCounts = Record<string, number>;

/** A slot of each shard that never moves. */
const SHARDS = [0, 8_191, 16_383];

/** Options of a driver. */
export interface FaultOptions {
  /** Of the faults alone. */
  readonly random: Random;
  /** Hash tags whose slots move. */
  readonly tags: readonly string[];
  /** Whether nodes crash and freeze. */
  readonly isLossy: boolean;
}

/** Causes faults from its construction until it is stopped; `await using` stops it when a test fails. */
export class FaultDriver implements AsyncDisposable {
  readonly counts: FaultCounts = {};
  /** What happened, with times in ms, for the message of a failure. */
  readonly history: string[] = [];
  /** Moment of `performance.now()`. */
  readonly start = performance.now();
  readonly #cluster: ProxiedCluster;
  readonly #tags: readonly string[];
  readonly #end: Promise<unknown>;
  #isStopped = false;

  /** @param cluster - Whole, and not changed by others meanwhile. */
  constructor(cluster: ProxiedCluster, { random, tags, isLossy }: FaultOptions) {
    this.#cluster = cluster;
    this.#tags = tags;
    const kinds = isLossy ? [...CHANGES, ...LOSSES] : CHANGES;
    const { length } = cluster.proxies;
    this.#end = Promise.all([
      this.#runNodes(nodeFaults(random.derive("nodes"), kinds)),
      this.#runConnections(connectionFaults(random.derive("connections"), length)),
    ]);
    this.#end.catch(() => undefined);
  }

  /** Whether a fault has not ended as it should. */
  get failed(): Promise<never> {
    return this.#end.then(() => new Promise<never>(() => undefined));
  }

  /**
   * End the current faults, and wait until the cluster is whole.
   *
   * @throws Error when the cluster does not recover.
   */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#end;
    await this.#cluster.untilWhole();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    await this.#end.catch(() => undefined);
  }

  async #runNodes(plan: Generator<NodeFault, never>): Promise<void> {
    while (!this.#isStopped) {
      const fault = plan.next().value;
      this.#count(fault.kind);
      this.#note(`${fault.kind} ${fault.index}`);
      await this.#causes[fault.kind](fault);
      this.#note(`${fault.kind} ended`);
      await sleep(fault.rest);
    }
  }

  async #runConnections(plan: Generator<ConnectionFault, never>): Promise<void> {
    const { proxies } = this.#cluster;
    while (!this.#isStopped) {
      const fault = plan.next().value;
      const { kind, nodes, duration, rest } = fault;
      this.#count(nodes.length === 1 ? kind : `${kind} of several`);
      this.#note(`${kind} ${nodes} for ${duration} ms`);
      const chosen = nodes.map((node) => proxies[node] as FaultProxy);
      const ends = chosen.map((proxy) => CONNECTION_FAULTS[kind](proxy, fault));
      await sleep(duration);
      await Promise.all(ends.map((end) => end?.()));
      await sleep(rest);
    }
  }

  #count(name: string): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }

  #note(text: string): void {
    this.history.push(`${Math.round(performance.now() - this.start)} ${text}`);
  }

  readonly #causes: Readonly<Record<NodeFaultKind, (fault: NodeFault) => Promise<void>>> = {
    move: (fault) => this.#move(fault),
    failover: (fault) => this.#failover(fault),
    restart: (fault) => this.#restart(fault),
    kill: (fault) => this.#kill(fault),
    freeze: (fault) => this.#freeze(fault),
  };

  /** The primaries, in the order of {@link SHARDS}. */
  #primaries(): Promise<Node[]> {
    return Promise.all(SHARDS.map((slot) => this.#cluster.servers.ownerOf(slot)));
  }

  async #move({ index, step, duration }: NodeFault): Promise<void> {
    const { servers } = this.#cluster;
    const slot = keySlot(this.#tags[index % this.#tags.length] ?? "", "utf8");
    const primaries = await this.#primaries();
    const from = primaries.indexOf(await servers.ownerOf(slot));
    const to = primaries[(from + step) % primaries.length] as Node;
    await servers.beginMove(slot, to);
    await sleep(duration);
    await servers.finishMove(slot);
  }

  /** Promote the replica of a shard; return the former primary. */
  async #failover({ index }: NodeFault): Promise<void> {
    const primaries = await this.#primaries();
    await this.#cluster.servers.failover(primaries[index % primaries.length] as Node);
    await this.#cluster.untilWhole();
  }

  /** As an upgrade does it: the node becomes a replica, and restarts. */
  async #restart(fault: NodeFault): Promise<void> {
    const primaries = await this.#primaries();
    const node = primaries[fault.index % primaries.length] as Node;
    await this.#failover(fault);
    await node.restart();
    await this.#cluster.untilWhole();
  }

  async #kill({ index }: NodeFault): Promise<void> {
    const { servers } = this.#cluster;
    const node = servers.nodes[index % servers.nodes.length] as Node;
    const slot = SHARDS[(await this.#primaries()).indexOf(node)];
    node.kill("SIGKILL");
    await node.exited;
    // A primary that returns empty before the promotion would empty its replica.
    if (slot !== undefined) await this.#cluster.untilPromoted(node, slot);
    await node.restart();
    await this.#cluster.untilWhole();
  }

  async #freeze({ index, duration }: NodeFault): Promise<void> {
    const { nodes } = this.#cluster.servers;
    const node = nodes[index % nodes.length] as Node;
    node.pause();
    await sleep(duration);
    node.resume();
    await this.#cluster.untilWhole();
  }
}

/** Causes a fault; one that lasts returns a function that ends it. */
type Cause = (proxy: FaultProxy, fault: ConnectionFault) => undefined | (() => unknown);

const CONNECTION_FAULTS: Readonly<Record<ConnectionFaultKind, Cause>> = {
  reset: (proxy) => void proxy.cutAll("rst"),
  fin: (proxy) => void proxy.cutAll("fin"),
  cut: (proxy, { bytes }) => {
    proxy.down.cutAfter(bytes);
    return () => proxy.down.clear();
  },
  stall: (proxy, { direction, cuts }) => {
    proxy[direction].stall();
    return () => {
      if (cuts) proxy.cutAll("rst");
      proxy[direction].resume();
    };
  },
  delay: (proxy, { delay }) => {
    proxy.down.delay(delay);
    return () => proxy.down.delay(0);
  },
  partition: (proxy) => {
    proxy.blackhole();
    return () => {
      proxy.blackhole(false);
      proxy.cutAll("rst");
    };
  },
  refuse: (proxy) => {
    proxy.refuse();
    proxy.cutAll("rst");
    return () => proxy.accept();
  },
};
