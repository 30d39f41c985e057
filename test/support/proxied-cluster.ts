/** A real cluster that a client reaches through one proxy per node, and the nodes each other directly. */
import type { LocalCluster } from "../../src/testing/cluster.js";
import { startCluster } from "./cluster.js";
import { type FaultProxy, startProxy } from "./fault-proxy.js";
import { until } from "./until.js";

/** A node of the cluster. */
export type Node = LocalCluster["nodes"][number];

/** ms until the nodes agree again after a fault. */
const RECOVERY_MS = 30_000;

/** Three primaries and three replicas with a proxy each. */
export class ProxiedCluster implements AsyncDisposable {
  readonly servers: LocalCluster;
  readonly proxies: readonly FaultProxy[];

  private constructor(servers: LocalCluster, proxies: readonly FaultProxy[]) {
    this.servers = servers;
    this.proxies = proxies;
  }

  /** Start the nodes and the proxies. */
  static async start(): Promise<ProxiedCluster> {
    const config = {
      "cluster-require-full-coverage": "no",
      "notify-keyspace-events": "KEA",
    };
    const servers = await startCluster({ primaries: 3, replicas: 3, config });
    const proxies = servers.nodes.map(({ host, port }) => startProxy({ host, port }));
    return new ProxiedCluster(servers, await Promise.all(proxies));
  }

  /** Options of a client all of whose connections lead through the proxies. */
  get clientOptions() {
    const ports = new Map(
      this.servers.nodes.map(({ port }, i) => [port, this.proxies[i]?.port ?? port]),
    );
    return {
      startupNodes: this.proxies.map(({ host, port }): [string, number] => [host, port]),
      addressRemap: ([host, port]: readonly [string, number]): [string, number] => [
        host,
        ports.get(port) ?? port,
      ],
    };
  }

  /** Number of connections to nodes with a name. */
  async connections(name: string): Promise<number> {
    const lists = await Promise.all(this.servers.nodes.map((node) => node.clients()));
    return lists.flat().filter((client) => client.name === name).length;
  }

  /** Wait until every shard has a replica with a link, and all nodes agree. */
  async untilWhole(): Promise<void> {
    const { nodes, replicas } = this.servers;
    const isWhole = async (): Promise<boolean> => {
      const roles = await Promise.all(nodes.map((node) => node.command("ROLE")));
      const linked = roles.filter(
        (role) => Object(role)[0] === "slave" && Object(role)[3] === "connected",
      );
      if (linked.length !== replicas.length) return false;
      const views = await Promise.all(nodes.map(viewText));
      return new Set(views).size === 1 && views[0]?.split(",").length === nodes.length;
    };
    const message = "the cluster does not recover";
    await until(isWhole, { timeout: RECOVERY_MS, interval: 50, message });
  }

  /** Wait until another node owns the slots of a primary. */
  async untilPromoted(former: Node, slot: number): Promise<void> {
    const hasLeft = async (): Promise<boolean> => (await this.servers.ownerOf(slot)) !== former;
    await until(hasLeft, { timeout: RECOVERY_MS, message: "no replica was promoted" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.proxies.map((proxy) => proxy[Symbol.asyncDispose]()));
    await this.servers.stop();
  }
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
