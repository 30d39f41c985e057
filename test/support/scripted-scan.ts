/**
 * SCAN and CLUSTER NODES on a scripted cluster: each node has the keys of its slots, and of slots whose keys it
 * receives. A cursor is valid at the node that returned it, until that node is restarted.
 */
import { keySlot } from "../../src/commands/core/key-slot.js";
import { bulk, bulks } from "./resp.js";
import type { ScriptedCluster, ScriptedNode } from "./scripted-cluster.js";

const BATCH = 10;

/** Keys of a scripted cluster, and how its nodes return them. */
export class ScriptedKeys {
  readonly #cluster: ScriptedCluster;
  readonly #epochs = new Map<ScriptedNode, number>();
  /** Keys that a slot's owner has sent to the importing node. */
  readonly #sent = new Set<string>();

  constructor(cluster: ScriptedCluster) {
    this.#cluster = cluster;
    for (const node of cluster.nodes) this.serve(node);
  }

  /** Let a node answer. */
  serve(node: ScriptedNode): void {
    node.always(
      "CLUSTERSCAN",
      "-ERR unknown command 'CLUSTERSCAN', with args beginning with: '0' \r\n",
    );
    node.always("CLUSTER NODES", () => bulk(this.#report(node)));
    node.always("SCAN", ({ words }) => this.#scan(node, words));
  }

  /** Create keys; returns them in the order of their names. */
  create(count: number, name = (i: number): string => `key:${i}`): string[] {
    const keys = Array.from({ length: count }, (_, i) => name(i));
    for (const key of keys) this.#cluster.data.set(key, ["1"]);
    return keys.sort();
  }

  /** Move the slot of a key with its keys. */
  move(key: string, to: ScriptedNode): void {
    this.#cluster.move(key, to);
    this.bump(to);
  }

  /** Let a node take over slots: its epoch becomes the greatest. */
  bump(node: ScriptedNode): void {
    this.#epochs.set(node, Math.max(0, ...this.#epochs.values()) + 1);
  }

  /** Send a key of a slot that is on its way to another node. */
  send(key: string): void {
    this.#sent.add(key);
  }

  #holderOf(key: string): ScriptedNode | undefined {
    const slot = keySlot(key, "utf8");
    const owner = this.#cluster.owners[slot];
    return this.#sent.has(key) ? (this.#cluster.migrating.get(slot) ?? owner) : owner;
  }

  #scan(node: ScriptedNode, [, cursor = "0", ...options]: readonly string[]): string {
    const count = Number(options[options.indexOf("COUNT") + 1] ?? BATCH);
    const size = options.includes("COUNT") ? count : BATCH;
    // The order of all keys, so that keys which come and go do not change the place of others.
    const all = [...this.#cluster.data.keys()].sort();
    const from = Number(cursor);
    const keys = all.slice(from, from + size).filter((key) => this.#holderOf(key) === node);
    const next = from + size >= all.length ? 0 : from + size;
    return `*2\r\n${bulk(String(next))}${bulks(keys)}`;
  }

  #report(self: ScriptedNode): string {
    const nodes = new Set([...this.#cluster.nodes, self]);
    return [...nodes].map((node) => this.#line(node, node === self)).join("");
  }

  #line(node: ScriptedNode, isSelf: boolean): string {
    const flags = isSelf ? "myself,master" : "master";
    const epoch = this.#epochs.get(node) ?? 0;
    const words = [idOf(node), `${node.name}@1${node.port}`, flags, "- 0 0", epoch, "connected"];
    const moves = isSelf ? this.#migrations(node) : [];
    return `${[...words, ...this.#ranges(node), ...moves].join(" ")}\n`;
  }

  #ranges(node: ScriptedNode): string[] {
    const ranges: string[] = [];
    const { owners } = this.#cluster;
    for (let slot = 0; slot < owners.length; slot++) {
      const from = slot;
      while (slot < owners.length && owners[slot] === node) slot++;
      if (slot > from) ranges.push(slot === from + 1 ? `${from}` : `${from}-${slot - 1}`);
    }
    return ranges;
  }

  #migrations(node: ScriptedNode): string[] {
    return [...this.#cluster.migrating].flatMap(([slot, to]) => {
      const owner = this.#cluster.owners[slot];
      if (to === node && owner !== undefined) return [`[${slot}-<-${idOf(owner)}]`];
      return owner === node ? [`[${slot}->-${idOf(to)}]`] : [];
    });
  }
}

function idOf({ port }: ScriptedNode): string {
  return String(port).padStart(40, "0");
}
