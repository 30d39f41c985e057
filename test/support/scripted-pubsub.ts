/** Publish/subscribe of a scripted cluster: which connection has which subscriptions, and what nodes push unasked. */
import { keySlot } from "../../src/commands/core/key-slot.js";
import type { Peer } from "./mock-server.js";
import {
  type Hold,
  moved,
  type NodeCommand,
  type ScriptedCluster,
  type ScriptedNode,
} from "./scripted-cluster.js";
import type { PubSubReplies } from "./wire-pubsub.js";

const slotOf = (channel: string): number => keySlot(channel, "utf8");
const KINDS = ["subscribe", "psubscribe", "ssubscribe"] as const;

type Kind = (typeof KINDS)[number];
type Names = Record<Kind, Set<string>>;

/** The subscriptions at all nodes. */
export class ScriptedPubSub {
  readonly #cluster: ScriptedCluster;
  readonly #replies: PubSubReplies;
  readonly #names = new Map<Peer, Names>();

  constructor(cluster: ScriptedCluster, replies: PubSubReplies) {
    this.#cluster = cluster;
    this.#replies = replies;
    for (const node of cluster.nodes) this.attach(node);
  }

  /** Let a node serve subscribers. */
  attach(node: ScriptedNode): void {
    for (const kind of KINDS) {
      const end = kind.replace("subscribe", "unsubscribe");
      node.always(kind.toUpperCase(), (command) => this.#answer(node, command, kind));
      node.always(end.toUpperCase(), (command) => this.#answer(node, command, kind));
    }
    node.always("PING", ({ words: [, data = ""], peer }) =>
      this.#isSubscriber(peer) ? this.#replies.pong(data) : `$${data.length}\r\n${data}\r\n`,
    );
  }

  /** Connections of a node with subscriptions of a kind to a name. */
  subscribers(node: ScriptedNode, kind: Kind, name: string): Peer[] {
    return node.peers.filter(
      (peer) => !peer.socket.destroyed && this.#names.get(peer)?.[kind].has(name) === true,
    );
  }

  /** Send a message to the subscribers of a node; returns their number. */
  publish(node: ScriptedNode, kind: "subscribe" | "ssubscribe", name: string, data: string) {
    const peers = this.subscribers(node, kind, name);
    const { message, smessage } = this.#replies;
    for (const peer of peers)
      peer.send(kind === "subscribe" ? message(name, data) : smessage(name, data));
    return peers.length;
  }

  /** Give the slot of a channel to a node, or to none; the old owner ends its subscriptions unasked. */
  moveAway(channel: string, to: ScriptedNode | undefined): void {
    const slot = slotOf(channel);
    const from = this.#cluster.owners[slot];
    this.#cluster.give(to, slot);
    for (const peer of from?.peers ?? []) this.#expel(peer, slot);
  }

  /** Withhold the answer to the next SSUBSCRIBE or SUNSUBSCRIBE of a node, which it then gives as usual. */
  hold(node: ScriptedNode, command: "SSUBSCRIBE" | "SUNSUBSCRIBE"): Hold {
    return node.hold(command, (received) => this.#answer(node, received, "ssubscribe"));
  }

  #expel(peer: Peer, slot: number): void {
    const names = this.#names.get(peer)?.ssubscribe ?? new Set();
    for (const name of [...names]) {
      if (slotOf(name) !== slot) continue;
      names.delete(name);
      if (!peer.socket.destroyed)
        peer.send(this.#replies.confirm(["sunsubscribe", name, names.size]));
    }
  }

  #isSubscriber(peer: Peer): boolean {
    const names = this.#names.get(peer);
    return names !== undefined && KINDS.some((kind) => names[kind].size !== 0);
  }

  #answer(node: ScriptedNode, { words, peer }: NodeCommand, kind: Kind): string {
    const [command = "", ...names] = words;
    if (kind === "ssubscribe") {
      const [slot = 0, ...others] = new Set(names.map(slotOf));
      if (others.length !== 0) return "-CROSSSLOT Keys in request don't hash to the same slot\r\n";
      const owner = this.#cluster.owners[slot];
      if (owner === undefined) return "-CLUSTERDOWN Hash slot not served\r\n";
      if (owner !== node) return moved(slot, owner);
    }
    const known = this.#names.get(peer) ?? {
      subscribe: new Set(),
      psubscribe: new Set(),
      ssubscribe: new Set(),
    };
    this.#names.set(peer, known);
    const type = command.toLowerCase();
    const set = known[kind];
    return names
      .map((name) => {
        if (type === kind) set.add(name);
        else set.delete(name);
        return this.#replies.confirm([type, name, set.size]);
      })
      .join("");
  }
}
