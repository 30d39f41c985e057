/**
 * The list of Sentinels: those given by the user and those the others report, the one that answered last
 * first. The nodes are subscribed to as long as there are listeners, and every event goes to all of them.
 */
import { SENTINEL_MYID, SENTINEL_SENTINELS } from "../commands/generated/infos-sentinel.js";
import { TimeoutError } from "../errors.js";
import { type Address, formatAddress, reportedAddress } from "../options/address.js";
import type { RedisOptions } from "../options/types.js";
import { type SentinelListener, SentinelNode } from "./node.js";
import { askAll, type SentinelAnswer } from "./queries.js";
import { firstStates, MAX_LEARNT_SENTINELS, reportedId, reportedStates } from "./reports.js";

/** Host and port of a Sentinel. */
export type SentinelAddress = readonly [host: string, port: number];

/** A Sentinel that another one reports. */
interface ReportedSentinel {
  readonly address: Address & { readonly kind: "tcp" };
  readonly id: string | undefined;
}

const decodeSentinels = firstStates(MAX_LEARNT_SENTINELS);

/** Return the usable entries of a reply to SENTINEL SENTINELS. */
function reportedSentinels(reply: unknown): ReportedSentinel[] {
  return (reportedStates(reply) ?? []).flatMap(({ ip, port, runid }) => {
    const address = reportedAddress(ip, port);
    return address?.kind === "tcp" ? [{ address, id: reportedId(runid) }] : [];
  });
}

/** All Sentinels of one deployment. */
export class SentinelNodes implements SentinelListener {
  readonly #options: RedisOptions;
  readonly #listeners = new Set<SentinelListener>();
  #nodes: SentinelNode[];
  #isRefreshing = false;
  #isClosed = false;

  /** @param options - Options of the connections to each Sentinel. */
  constructor(seeds: readonly SentinelAddress[], options: RedisOptions) {
    this.#options = options;
    this.#nodes = seeds.map(([host, port]) => this.#createNode(host, port, true));
  }

  /** Every known Sentinel, in the order of preference. */
  get all(): readonly SentinelNode[] {
    return this.#nodes;
  }

  /** Query all Sentinels in parallel; see {@link askAll}. The node whose answer counted moves to the front. */
  async ask<V>(
    ask: (node: SentinelNode) => Promise<V>,
    isGood: (value: V) => boolean,
  ): Promise<SentinelAnswer<SentinelNode, V>> {
    const answer = await askAll(this.#nodes, ask, isGood);
    const index = this.#nodes.indexOf(answer.from);
    if (index > 0) this.#nodes.unshift(...this.#nodes.splice(index, 1));
    return answer;
  }

  /** Move a node that could not be reached to the end. */
  postpone(node: SentinelNode): void {
    const index = this.#nodes.indexOf(node);
    if (index >= 0) this.#nodes.push(...this.#nodes.splice(index, 1));
  }

  /** Pass events to a listener from now on. The first one starts the subscriptions. */
  addListener(listener: SentinelListener): void {
    this.#listeners.add(listener);
    for (const node of this.#nodes) node.subscribe(this);
  }

  /** Stop passing events to a listener. The last one ends the subscriptions and the connections. */
  removeListener(listener: SentinelListener): void {
    if (!this.#listeners.delete(listener) || this.#listeners.size !== 0) return;
    for (const node of this.#nodes) node.unsubscribe();
  }

  /** Update the list with the Sentinels that the nodes report for a master. Never rejects. */
  async refresh(name: string): Promise<void> {
    if (this.#isRefreshing || this.#isClosed) return;
    this.#isRefreshing = true;
    const silent = new Set<SentinelNode>();
    const ask = async (node: SentinelNode): Promise<ReportedSentinel[]> => {
      const others = await this.#othersOf(node, name);
      if (others === undefined) silent.add(node);
      return others ?? [];
    };
    try {
      const others = (await Promise.all(this.#nodes.map(ask))).flat();
      if (!this.#isClosed && others.length !== 0) this.#update(others, silent);
    } finally {
      this.#isRefreshing = false;
    }
  }

  /** Close all connections for good. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#listeners.clear();
    await Promise.all(this.#nodes.map((node) => node.close()));
  }

  /** @internal */
  onEvent(event: string, words: readonly string[]): void {
    for (const listener of [...this.#listeners]) listener.onEvent(event, words);
  }

  /** @internal */
  onSubscribed(): void {
    for (const listener of [...this.#listeners]) listener.onSubscribed();
  }

  #createNode(host: string, port: number, isSeed: boolean): SentinelNode {
    return new SentinelNode({ ...this.#options, host, port }, isSeed);
  }

  async #othersOf(node: SentinelNode, name: string): Promise<ReportedSentinel[] | undefined> {
    try {
      const others = await node.run(SENTINEL_SENTINELS, [name], decodeSentinels);
      node.id ??= reportedId(await node.run(SENTINEL_MYID, []));
      return reportedSentinels(others);
    } catch (error) {
      // A frozen Sentinel publishes no events either, and nothing else would reveal it.
      if (error instanceof TimeoutError) node.disconnect();
      return undefined;
    }
  }

  /** A node that answers stays even if no other reports it: none lists itself, and the others may be down. */
  #update(others: readonly ReportedSentinel[], silent: ReadonlySet<SentinelNode>): void {
    const ids = new Set(others.map(({ id }) => id));
    const names = new Set(others.map(({ address }) => formatAddress(address)));
    const isListed = ({ id, name }: SentinelNode): boolean =>
      names.has(name) || (id !== undefined && ids.has(id));
    const isGone = (node: SentinelNode): boolean =>
      silent.has(node) && !node.isSeed && !isListed(node);
    for (const node of this.#nodes.filter(isGone)) node.close().catch(() => undefined);
    this.#nodes = this.#nodes.filter((node) => !isGone(node));
    this.#learn(others);
  }

  /** Add the Sentinels that are not known yet, up to the limit: their number must not depend on others. */
  #learn(others: readonly ReportedSentinel[]): void {
    const known = new Set(this.#nodes.flatMap(({ id, name }) => [name, id]));
    let room = MAX_LEARNT_SENTINELS - this.#nodes.filter(({ isSeed }) => !isSeed).length;
    for (const { address, id } of others) {
      const name = formatAddress(address);
      if (room <= 0) return;
      if (known.has(name) || (id !== undefined && known.has(id))) continue;
      const node = this.#createNode(address.host, address.port, false);
      node.id = id;
      this.#nodes.push(node);
      known.add(name).add(id);
      room--;
      if (this.#listeners.size !== 0) node.subscribe(this);
    }
  }
}
