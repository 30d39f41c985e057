/**
 * Owns the list of Sentinels: those the user named, in the order of who answered last, and those the
 * others told of. Their events are heard as long as somebody listens, and go to all who do.
 */
import { SENTINEL_MYID, SENTINEL_SENTINELS } from "../commands/generated/infos-sentinel.js";
import type { SentinelState } from "../commands/sentinel/types.js";
import { TimeoutError } from "../errors.js";
import type { RedisOptions } from "../options/types.js";
import { type SentinelListener, SentinelNode } from "./node.js";
import { askAll, type SentinelAnswer } from "./queries.js";

/** Host and port of a Sentinel. */
export type SentinelAddress = readonly [host: string, port: number];

/** All Sentinels of one deployment. */
export class SentinelNodes implements SentinelListener {
  readonly #options: RedisOptions;
  readonly #listeners = new Set<SentinelListener>();
  #nodes: SentinelNode[];
  #learning = false;
  #closed = false;

  /** @param options - Of the connections to each. */
  constructor(seeds: readonly SentinelAddress[], options: RedisOptions) {
    this.#options = options;
    this.#nodes = seeds.map(([host, port]) => this.#make(host, port, true));
  }

  /** Every Sentinel known, the one that answered best first. */
  get all(): readonly SentinelNode[] {
    return this.#nodes;
  }

  /** Ask all at once; see {@link askAll}. The one whose answer counted comes first from then on. */
  async ask<V>(
    ask: (node: SentinelNode) => Promise<V>,
    isGood: (value: V) => boolean,
  ): Promise<SentinelAnswer<SentinelNode, V>> {
    const answer = await askAll(this.#nodes, ask, isGood);
    const index = this.#nodes.indexOf(answer.from);
    if (index > 0) this.#nodes.unshift(...this.#nodes.splice(index, 1));
    return answer;
  }

  /** Ask the others before one that could not be reached. */
  postpone(node: SentinelNode): void {
    const index = this.#nodes.indexOf(node);
    if (index >= 0) this.#nodes.push(...this.#nodes.splice(index, 1));
  }

  /** Bring events to a listener, beginning with the first. */
  listen(listener: SentinelListener): void {
    this.#listeners.add(listener);
    for (const node of this.#nodes) node.listen(this);
  }

  /** Bring no more events; with the last listener the connections end. */
  ignore(listener: SentinelListener): void {
    if (!this.#listeners.delete(listener) || this.#listeners.size !== 0) return;
    for (const node of this.#nodes) node.rest();
  }

  /** Find out from the Sentinels of a master which others there are. Never rejects. */
  async learn(name: string): Promise<void> {
    if (this.#learning || this.#closed) return;
    this.#learning = true;
    const silent = new Set<SentinelNode>();
    const ask = async (node: SentinelNode): Promise<SentinelState[]> => {
      const others = await this.#othersOf(node, name);
      if (others === undefined) silent.add(node);
      return others ?? [];
    };
    const others = (await Promise.all(this.#nodes.map(ask))).flat();
    this.#learning = false;
    if (!this.#closed && others.length !== 0) this.#update(others, silent);
  }

  /** Close all connections for good. */
  async close(): Promise<void> {
    this.#closed = true;
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

  #make(host: string, port: number, isSeed: boolean): SentinelNode {
    return new SentinelNode({ ...this.#options, host, port }, isSeed);
  }

  async #othersOf(node: SentinelNode, name: string): Promise<SentinelState[] | undefined> {
    try {
      const others = await node.run(SENTINEL_SENTINELS, [name]);
      node.id ??= String(await node.run(SENTINEL_MYID, []));
      return others as SentinelState[];
    } catch (error) {
      // One that stands still tells no events either, and nothing else would show it.
      if (error instanceof TimeoutError) node.disconnect();
      return undefined;
    }
  }

  /** One that answers stays, whoever tells of it: none tells of itself, and the others may be gone. */
  #update(others: readonly SentinelState[], silent: ReadonlySet<SentinelNode>): void {
    const ids = new Set(others.map(({ runid }) => runid));
    const places = new Set(others.map(({ ip, port }) => `${ip}:${port}`));
    const isListed = ({ id, name }: SentinelNode): boolean =>
      places.has(name) || (id !== undefined && ids.has(id));
    const isGone = (node: SentinelNode): boolean =>
      silent.has(node) && !node.isSeed && !isListed(node);
    for (const node of this.#nodes.filter(isGone)) void node.close();
    this.#nodes = this.#nodes.filter((node) => !isGone(node));
    for (const { ip, port, runid } of others) this.#add(ip, port, runid);
  }

  #add(host: string, port: number, id: string): void {
    const isKnown = this.#nodes.some((one) => one.id === id || one.name === `${host}:${port}`);
    if (isKnown) return;
    const node = this.#make(host, port, false);
    node.id = id;
    this.#nodes.push(node);
    if (this.#listeners.size !== 0) node.listen(this);
  }
}
