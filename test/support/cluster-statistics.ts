/** What the nodes of a real cluster have counted for a client: CLUSTER SLOTS calls and error replies, by node. */
import { vi } from "vitest";
import type { LocalCluster } from "../../src/testing/cluster.js";

type Node = LocalCluster["nodes"][number];

/** Counts from its start on. It ends with the test, which restores what is replaced here. */
export class ClusterStatistics {
  readonly #nodes: readonly Node[];
  /** Calls of the test support itself, which the nodes count as well. */
  readonly #ownCalls: (() => number)[];
  readonly #begin = performance.now();

  private constructor(nodes: readonly Node[]) {
    this.#nodes = nodes;
    this.#ownCalls = nodes.map((node) => {
      const { mock } = vi.spyOn(node, "command");
      return () => mock.calls.filter((args) => args.join(" ") === "CLUSTER SLOTS").length;
    });
  }

  /** Set the counters of nodes to 0. */
  static async start(nodes: readonly Node[]): Promise<ClusterStatistics> {
    await Promise.all(nodes.map((node) => node.command("CONFIG", "RESETSTAT")));
    return new ClusterStatistics(nodes);
  }

  /** Return how often the client has asked each node for CLUSTER SLOTS, and how often per second in all. */
  async slotsCalls(): Promise<{ perNode: number[]; perSecond: number }> {
    const seconds = (performance.now() - this.#begin) / 1000;
    const own = this.#ownCalls.map((count) => count());
    const calls = await this.#counts("commandstats", "cmdstat_cluster|slots:calls=");
    const perNode = calls.map((count, i) => count - (own[i] ?? 0));
    const sum = perNode.reduce((total, count) => total + count, 0);
    return { perNode, perSecond: Math.round((100 * sum) / seconds) / 100 };
  }

  /**
   * Return how often all nodes have replied with an error.
   *
   * @param code - First word of the error: `"MOVED"`.
   */
  async errors(code: string): Promise<number> {
    const counts = await this.#counts("errorstats", `errorstat_${code}:count=`);
    return counts.reduce((total, count) => total + count, 0);
  }

  async #counts(section: string, start: string): Promise<number[]> {
    const texts = await Promise.all(this.#nodes.map((node) => node.command("INFO", section)));
    return texts.map((text) => Number.parseInt(String(text).split(start)[1] ?? "0", 10));
  }
}
