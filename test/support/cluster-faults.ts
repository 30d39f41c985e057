/**
 * Random faults of a real cluster, in the order of a seed: slots that move, replicas that are promoted, nodes that
 * crash and freeze, and connections between the client and nodes that are cut, delayed or lead nowhere. Every fault
 * ends before the next one of its kind begins, and the cluster is whole again when a series has ended.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { keySlot } from "../../src/commands/core/key-slot.js";
import type { LocalCluster } from "../../src/testing/cluster.js";
import { startCluster } from "./cluster.js";
import { type FaultProxy, startProxy } from "./fault-proxy.js";
import type { Random } from "./random.js";
import { until } from "./until.js";

type Node = LocalCluster["nodes"][number];

/** Longest time in ms until the nodes have agreed again after a fault. */
const RECOVERY_MS = 30_000;
/** ms; longest fault of a connection. The client gives a frozen node up after 2 s. */
const LONGEST_FAULT = 3_000;
const LONGEST_PAUSE = 400;

/** A cluster that the client reaches through proxies, and the nodes through direct connections. */
export class ProxiedCluster implements AsyncDisposable {
  readonly servers: LocalCluster;
  readonly #proxies: ReadonlyMap<number, FaultProxy>;

  private constructor(servers: LocalCluster, proxies: ReadonlyMap<number, FaultProxy>) {
    this.servers = servers;
    this.#proxies = proxies;
  }

  /** Start three primaries and three replicas with a proxy each. */
  static async start(): Promise<ProxiedCluster> {
    const config = {
      "cluster-require-full-coverage": "no",
      "notify-keyspace-events": "KEA",
    };
    const servers = await startCluster({ primaries: 3, replicas: 3, config });
    const proxies = new Map<number, FaultProxy>();
    for (const { host, port } of servers.nodes) proxies.set(port, await startProxy({ host, port }));
    return new ProxiedCluster(servers, proxies);
  }

  get proxies(): FaultProxy[] {
    return [...this.#proxies.values()];
  }

  /** Options of a client all of whose connections lead through the proxies. */
  get clientOptions() {
    const remap = (port: number): number => this.#proxies.get(port)?.port ?? port;
    return {
      startupNodes: this.servers.nodes.map(({ host, port }) => ({ host, port: remap(port) })),
      addressRemap: ([host, port]: readonly [string, number]): [string, number] => [
        host,
        remap(port),
      ],
    };
  }

  /** Number of connections to nodes with a name. */
  async connections(name: string): Promise<number> {
    const lists = await Promise.all(this.servers.nodes.map((node) => node.clients()));
    return lists.flat().filter((client) => client.name === name).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.proxies.map((proxy) => proxy[Symbol.asyncDispose]()));
    await this.servers.stop();
  }
}

/** Number of faults by name. */
export type FaultCounts = Record<string, number>;

/** Faults that can lose writes that a primary has acknowledged. */
export const LOSSY: readonly string[] = ["kill", "freeze"];

type NodeFault = () => Promise<void>;

/** Causes faults until it is stopped. */
export class FaultDriver {
  readonly counts: FaultCounts = {};
  /** What happened, with times in ms, for the message of a failure. */
  readonly history: string[] = [];
  readonly #cluster: ProxiedCluster;
  readonly #random: Random;
  readonly #tags: readonly string[];
  readonly #start = performance.now();
  readonly #end: Promise<unknown>;
  #isStopped = false;

  /**
   * @param cluster - Not changed by others meanwhile.
   * @param random - The seed of the faults.
   * @param options - Hash tags whose slots move, and whether nodes crash and freeze.
   */
  constructor(
    cluster: ProxiedCluster,
    random: Random,
    { tags, isLossy }: { readonly tags: readonly string[]; readonly isLossy: boolean },
  ) {
    this.#cluster = cluster;
    this.#random = random;
    this.#tags = tags;
    const changes: Record<string, NodeFault> = {
      move: () => this.#move(),
      failover: () => this.#failover(),
    };
    const losses: Record<string, NodeFault> = {
      kill: () => this.#kill(),
      freeze: () => this.#freeze(),
    };
    const faults = Object.entries(isLossy ? { ...changes, ...losses } : changes);
    // Each sequence has its own numbers: the time that faults take does not change their order.
    this.#end = Promise.all([this.#runNodes(faults), this.#runProxies()]);
    this.#end.catch(() => undefined);
  }

  /**
   * End the current faults.
   *
   * @throws Error when the cluster does not recover from one.
   */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#end;
    await untilWhole(this.#cluster.servers);
  }

  async #runNodes(faults: readonly (readonly [string, NodeFault])[]): Promise<void> {
    const random = this.#random;
    while (!this.#isStopped) {
      const [name, cause] = random.pick(faults);
      this.#note(name);
      await cause();
      this.#note(`${name} ended`, 0);
      await sleep(random.int(1, LONGEST_PAUSE));
    }
  }

  async #runProxies(): Promise<void> {
    const random = new (this.#random.constructor as typeof Random)(this.#random.int(1, 2 ** 30));
    const { proxies } = this.#cluster;
    while (!this.#isStopped) {
      const [name, cause] = random.pick(CONNECTION_FAULTS);
      // A partition separates the client from several nodes.
      const some = random.chance(0.2)
        ? proxies.filter(() => random.chance(0.5))
        : [random.pick(proxies)];
      this.#note(name);
      const ends = some.map((proxy) => cause(proxy, random));
      await sleep(random.int(1, random.chance(0.1) ? LONGEST_FAULT : LONGEST_PAUSE));
      await Promise.all(ends.map((end) => end?.()));
      await sleep(random.int(1, 2 * LONGEST_PAUSE));
    }
  }

  #note(name: string, count = 1): void {
    if (count !== 0) this.counts[name] = (this.counts[name] ?? 0) + count;
    this.history.push(`${Math.round(performance.now() - this.#start)} ${name}`);
  }

  async #move(): Promise<void> {
    const { servers } = this.#cluster;
    const slot = keySlot(this.#random.pick(this.#tags), "utf8");
    const owner = await servers.ownerOf(slot);
    const others = (await ownersOf(servers)).filter((node) => node !== owner);
    await servers.beginMove(slot, this.#random.pick(others));
    await sleep(this.#random.int(0, LONGEST_PAUSE));
    await servers.finishMove(slot);
  }

  async #failover(): Promise<void> {
    const { servers } = this.#cluster;
    await servers.failover(this.#random.pick(await ownersOf(servers)));
    await untilWhole(servers);
  }

  async #kill(): Promise<void> {
    const { servers } = this.#cluster;
    const node = this.#random.pick(servers.nodes);
    const slots = await slotsOf(node);
    node.kill("SIGKILL");
    await node.exited;
    // Empty, it would be followed by its replica, which has the data.
    const [slot] = slots;
    if (slot !== undefined) await untilLeft(servers, slot, node);
    await node.restart();
    await untilWhole(servers);
  }

  async #freeze(): Promise<void> {
    const { servers } = this.#cluster;
    const node = this.#random.pick(servers.nodes);
    node.pause();
    // Up to three times the silence after which a replica is promoted.
    await sleep(this.#random.int(10, LONGEST_FAULT));
    node.resume();
    await untilWhole(servers);
  }
}

type ConnectionFault = (
  proxy: FaultProxy,
  random: Random,
) => undefined | (() => void | Promise<void>);

/** Faults between the client and a node. One that lasts returns a function that ends it. */
const CONNECTION_FAULTS: readonly (readonly [string, ConnectionFault])[] = [
  ["reset", (proxy) => void proxy.cutAll("rst")],
  ["fin", (proxy) => void proxy.cutAll("fin")],
  ["cut", (proxy, random) => void proxy.down.cutAfter(random.int(0, 5000))],
  [
    "stall",
    (proxy, random) => {
      const direction = random.chance(0.5) ? proxy.up : proxy.down;
      direction.stall();
      return () => direction.resume();
    },
  ],
  [
    "delay",
    (proxy, random) => {
      proxy.down.delay(random.int(1, 40));
      return () => proxy.down.delay(0);
    },
  ],
  [
    "partition",
    (proxy) => {
      proxy.blackhole();
      return () => {
        proxy.blackhole(false);
        proxy.cutAll("rst");
      };
    },
  ],
  [
    "refuse",
    (proxy) => {
      proxy.refuse();
      proxy.cutAll("rst");
      return () => proxy.accept();
    },
  ],
];

/** The nodes that own slots. */
async function ownersOf(servers: LocalCluster): Promise<Node[]> {
  const roles = await Promise.all(servers.nodes.map((node) => node.command("ROLE")));
  return servers.nodes.filter((_, i) => Object(roles[i])[0] === "master");
}

/** One slot of a node, if it is a primary. */
async function slotsOf(node: Node): Promise<number[]> {
  const ranges = (await node.command("CLUSTER", "SLOTS")) as [number, number, [string, number]][];
  const own = ranges.filter(([, , [, port]]) => port === node.port);
  return own.map(([from]) => from);
}

async function untilLeft(servers: LocalCluster, slot: number, node: Node): Promise<void> {
  const hasLeft = async (): Promise<boolean> => (await servers.ownerOf(slot)) !== node;
  await until(hasLeft, { timeout: RECOVERY_MS, message: "no replica was promoted" });
}

/** Wait until every shard has a replica with a link, and all nodes agree. */
async function untilWhole(servers: LocalCluster): Promise<void> {
  const isWhole = async (): Promise<boolean> => {
    const roles = await Promise.all(servers.nodes.map((node) => node.command("ROLE")));
    const linked = roles.filter(
      (role) => Object(role)[0] === "slave" && Object(role)[3] === "connected",
    );
    if (linked.length !== servers.replicas.length) return false;
    const views = await Promise.all(servers.nodes.map(viewText));
    return (
      new Set(views).size === 1 && (views[0] as string).split(",").length === servers.nodes.length
    );
  };
  const message = "the cluster does not recover";
  await until(isWhole, { timeout: RECOVERY_MS, interval: 50, message });
}

/** What a node reports about its cluster: for each node its role, when it can be reached. */
async function viewText(node: Node): Promise<string> {
  const lines = String(await node.command("CLUSTER", "NODES"))
    .trim()
    .split("\n");
  const nodes = lines.map((line) => {
    const [id, , flags = "", primary, , , , link, ...slots] = line.split(" ");
    const isUsable = !flags.includes("fail") && (flags.includes("myself") || link === "connected");
    const role = flags.includes("master")
      ? `master ${slots.filter((slot) => !slot.startsWith("[")).join(" ")}`
      : primary;
    return isUsable ? [`${id} ${role}`] : [];
  });
  return nodes.flat().sort().join(",");
}
