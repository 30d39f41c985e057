/**
 * A cluster of scripted servers, for what a real cluster does rarely or never. Its nodes answer by one map of slots
 * and share one set of data; a test changes the map, and replaces or withholds the answers of single nodes.
 * Replies are in order on each connection: an answer that is withheld delays all later ones.
 */
import { READONLY } from "../../src/commands/core/info.js";
import { commandSlot } from "../../src/commands/core/key-route.js";
import { keySlot } from "../../src/commands/core/key-slot.js";
import { COMMANDS } from "../../src/commands/generated/registry.js";
import { isConnectedTo } from "./client-sockets.js";
import { type MockOptions, type MockServer, mockServer, type Peer } from "./mock-server.js";
import { LOOPBACK } from "./ports.js";
import { bulk } from "./resp.js";
import { NodeData, OWN_CONNECTION } from "./scripted-node-data.js";
import { type Deferred, deferred, until } from "./until.js";

const SLOTS = 16_384;

/** A command that a node has received. */
export interface NodeCommand {
  /** Name and arguments; the name in upper case. */
  readonly words: readonly string[];
  readonly peer: Peer;
  /** Whether ASKING was directly before it, or before its MULTI, on the same connection. */
  readonly asking: boolean;
}

/** Ends the connection in place of an answer. */
export const LOSE: unique symbol = Symbol("lose the connection");

/** Bytes of a reply, the end of the connection, or `undefined` for the usual answer. */
export type Answer = string | typeof LOSE | undefined;

/** An answer, or a function that returns it. */
export type ScriptedAnswer = Answer | ((command: NodeCommand) => Answer | Promise<Answer>);

/** How a node is named in CLUSTER SLOTS. */
export interface Endpoint {
  /** `null` is the null bulk string. */
  readonly host: string | null;
  readonly port: number;
  /** Names and values. */
  readonly metadata?: readonly string[];
}

/** An answer that a node withholds. */
export interface Hold {
  /** Resolves when the node has received the command. */
  readonly received: Promise<void>;
  /** Let the node answer. */
  release(): void;
}

/** Options of a scripted cluster. */
export interface ScriptedClusterOptions extends Pick<MockOptions, "host" | "tls" | "handshake"> {
  /** Number of replicas, which are distributed to the primaries in turn. */
  readonly replicas?: number;
}

/** Return the bytes of a MOVED. */
export function moved(slot: number, to: string | { readonly name: string }): string {
  return `-MOVED ${slot} ${typeof to === "string" ? to : to.name}\r\n`;
}

/** Return the bytes of an ASK. */
export function ask(slot: number, to: string | { readonly name: string }): string {
  return `-ASK ${slot} ${typeof to === "string" ? to : to.name}\r\n`;
}

/** Bytes of error replies, as servers send them. */
export const REPLIES = {
  tryagain: "-TRYAGAIN Multiple keys request during rehashing of slot\r\n",
  down: "-CLUSTERDOWN The cluster is down\r\n",
  masterDown:
    "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n",
  loading: "-LOADING Redis is loading the dataset in memory\r\n",
  readonly: "-READONLY You can't write against a read only replica.\r\n",
  unblocked:
    "-UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)\r\n",
  noCluster: "-ERR This instance has cluster support disabled\r\n",
} as const;

/** One node. */
export class ScriptedNode {
  readonly host: string;
  /** Bytes of the answer to CLUSTER SLOTS in place of the map, and whether a node can be reached. */
  view: ScriptedAnswer = undefined;
  readonly #cluster: ScriptedCluster;
  readonly #options: MockOptions;
  /** Answers that are used once each, by command. */
  readonly #next = new Map<string, ScriptedAnswer[]>();
  readonly #always = new Map<string, ScriptedAnswer>();
  readonly #holds = new Set<() => void>();
  #frozen: Deferred<void> | undefined;
  #mock: MockServer | undefined;
  #port = 0;

  constructor(cluster: ScriptedCluster, options: MockOptions) {
    this.#cluster = cluster;
    this.#options = options;
    this.host = options.host ?? LOOPBACK;
  }

  get port(): number {
    return this.#port;
  }

  /** `host:port`. */
  get name(): string {
    return `${this.host}:${this.#port}`;
  }

  /** The connections since the last start, closed ones included. */
  get peers(): readonly Peer[] {
    return this.#mock?.peers ?? [];
  }

  /** Number of connections that are open. */
  get open(): number {
    return this.peers.filter(({ socket }) => !socket.destroyed).length;
  }

  /** Start, after {@link kill} on the same port. */
  async start(): Promise<void> {
    const port = this.#port === 0 ? {} : { port: this.#port };
    this.#mock = await mockServer((peer) => this.#serve(peer), { ...this.#options, ...port });
    this.#port = this.#mock.port;
  }

  /** Reset all connections, and refuse new ones; wait until the clients of this process have noticed. */
  async kill(): Promise<void> {
    this.#endHolds();
    // First: a client that has lost its connection connects again at once.
    this.#mock?.refuse();
    const open = this.peers.filter(({ socket }) => !socket.destroyed);
    await Promise.all(open.map((peer) => peer.reset()));
    await this.#mock?.[Symbol.asyncDispose]();
    await until(() => !isConnectedTo(this.#port), {
      message: "a client has not noticed the reset",
    });
  }

  /** Answer nothing until {@link thaw}; connections are accepted. */
  freeze(): void {
    this.#frozen ??= deferred();
  }

  thaw(): void {
    this.#frozen?.resolve();
    this.#frozen = undefined;
  }

  /** Give these answers, one for each of the next commands of that name. */
  answer(name: string, ...answers: readonly ScriptedAnswer[]): void {
    this.#next.set(name, [...(this.#next.get(name) ?? []), ...answers]);
  }

  /** Give this answer to all commands of that name, unless {@link answer} has one. */
  always(name: string, answer: ScriptedAnswer): void {
    this.#always.set(name, answer);
  }

  /**
   * Withhold the answer to the next command of that name; later commands on its connection wait behind it.
   *
   * @param answer - Given after the release.
   */
  hold(name: string, answer?: ScriptedAnswer): Hold {
    const received = deferred();
    const released = deferred();
    this.#holds.add(released.resolve);
    this.answer(name, async (command) => {
      received.resolve();
      await released.promise;
      return typeof answer === "function" ? answer(command) : answer;
    });
    return { received: received.promise, release: () => released.resolve() };
  }

  /** The received commands of that name, connection by connection; without a name, all but internal ones. */
  received(name?: string): string[][] {
    const all = this.peers.flatMap((peer) => peer.received);
    if (name !== undefined) return all.filter((words) => nameOf(words) === name);
    return all.filter((words) => !INTERNAL.has(nameOf(words)));
  }

  /** Wait until the node has received so many commands of that name. */
  async arrival(name: string, count = 1): Promise<void> {
    const message = (): string => `${this.received(name).length} of ${count} ${name} came`;
    await until(() => this.received(name).length >= count, { message });
  }

  async #serve(peer: Peer): Promise<void> {
    const data = new NodeData(this.#cluster.data, (words) => {
      this.#cluster.executed.push({ node: this, words });
    });
    if (this.#frozen !== undefined) {
      // The handshake as well.
      peer.pauseReading();
      await this.#frozen.promise;
      peer.resumeReading();
    }
    for await (const received of peer.commands()) {
      await this.#frozen?.promise;
      const name = nameOf(received);
      const asking = data.isAsking(name);
      const command: NodeCommand = { words: [name, ...argsOf(received)], peer, asking };
      const scripted = await this.#scripted(command);
      // A refused EXEC ends its transaction.
      if (name === "EXEC" && scripted !== undefined) data.execute("DISCARD", []);
      if (scripted === LOSE) await peer.reset();
      else peer.send(scripted ?? this.#usual(command, data));
    }
  }

  async #scripted(command: NodeCommand): Promise<Answer> {
    const name = command.words[0] ?? "";
    const next = this.#next.get(name);
    const usual = name === "CLUSTER SLOTS" ? this.view : this.#always.get(name);
    const answer = next?.length ? next.shift() : usual;
    return typeof answer === "function" ? await answer(command) : answer;
  }

  #usual({ words, asking }: NodeCommand, data: NodeData): string {
    const [name = "", ...args] = words;
    if (name === "CLUSTER SLOTS") return this.#cluster.slots();
    if (OWN_CONNECTION.has(name)) return data.execute(name, args);
    const slot = slotOf(name, args);
    const isReplica = data.isReadOnly && this.#isReplicaOf(slot) && isRead(name);
    const refusal = slot < 0 || isReplica ? undefined : this.#refusal(slot, asking);
    if (refusal !== undefined) return data.refuse(refusal);
    return data.execute(name, args);
  }

  #isReplicaOf(slot: number): boolean {
    const owner = this.#cluster.owners[slot];
    return owner !== undefined && this.#cluster.replicas.get(owner)?.includes(this) === true;
  }

  /** Return the redirect for a slot that the node does not serve. */
  #refusal(slot: number, asking: boolean): string | undefined {
    const owner = this.#cluster.owners[slot];
    const target = this.#cluster.migrating.get(slot);
    if (target === this && asking) return undefined;
    if (owner === undefined) return "-CLUSTERDOWN Hash slot not served\r\n";
    if (owner !== this) return moved(slot, owner);
    return target === undefined ? undefined : ask(slot, target);
  }

  #endHolds(): void {
    for (const release of this.#holds) release();
    this.#holds.clear();
    this.thaw();
  }
}

/** A command that a node has executed. */
export interface Executed {
  readonly node: ScriptedNode;
  readonly words: readonly string[];
}

/** A cluster that the test controls. */
export class ScriptedCluster implements AsyncDisposable {
  /** Primaries, then replicas. */
  readonly nodes: ScriptedNode[] = [];
  /** The node of each slot; `undefined` when no node serves it. */
  readonly owners: (ScriptedNode | undefined)[] = new Array(SLOTS);
  /** Slots whose keys all are at the importing node. */
  readonly migrating = new Map<number, ScriptedNode>();
  readonly replicas = new Map<ScriptedNode, ScriptedNode[]>();
  /** What the nodes have executed, in order. */
  readonly executed: Executed[] = [];
  readonly data = new Map<string, string[]>();
  /** How nodes are named in CLUSTER SLOTS. */
  endpoint: (node: ScriptedNode) => Endpoint = ({ host, port }) => ({ host, port });
  readonly #options: MockOptions;

  constructor(options: MockOptions) {
    this.#options = options;
  }

  /** Start one more node, without slots. */
  async add(): Promise<ScriptedNode> {
    const node = new ScriptedNode(this, this.#options);
    await node.start();
    this.nodes.push(node);
    return node;
  }

  /** Give slots to a node, both inclusive. */
  give(node: ScriptedNode | undefined, from: number, to = from): void {
    this.owners.fill(node, from, to + 1);
    for (let slot = from; slot <= to; slot++) this.migrating.delete(slot);
  }

  /** Give the slot of a key to a node. */
  move(key: string, node: ScriptedNode): void {
    this.give(node, keySlot(key, "utf8"));
  }

  /** Let the slot of a key be on its way to a node: its owner answers ASK. */
  migrate(key: string, to: ScriptedNode): void {
    this.migrating.set(keySlot(key, "utf8"), to);
  }

  /** Let a replica and its primary change roles. */
  promote(replica: ScriptedNode): void {
    for (const [primary, replicas] of this.replicas) {
      if (!replicas.includes(replica)) continue;
      for (const [slot, owner] of this.owners.entries())
        if (owner === primary) this.owners[slot] = replica;
      this.replicas.delete(primary);
      this.replicas.set(replica, [primary, ...replicas.filter((other) => other !== replica)]);
    }
  }

  /** Return a key whose slot the node serves; another one for each index. */
  keyOf(node: ScriptedNode, index = 0): string {
    for (let i = 0, found = 0; ; i++) {
      const key = `key:${i}`;
      if (this.owners[keySlot(key, "utf8")] === node && found++ === index) return key;
    }
  }

  /** The answer to CLUSTER SLOTS. */
  slots(endpoint = this.endpoint): string {
    const ranges: string[] = [];
    let from = 0;
    for (let slot = 1; slot <= SLOTS; slot++) {
      const owner = this.owners[from];
      if (slot < SLOTS && this.owners[slot] === owner) continue;
      if (owner !== undefined) {
        const nodes = [owner, ...(this.replicas.get(owner) ?? [])];
        ranges.push(range(from, slot - 1, nodes.map(endpoint)));
      }
      from = slot;
    }
    return `*${ranges.length}\r\n${ranges.join("")}`;
  }

  /** Executed commands of that name. */
  executedOf(name: string): readonly Executed[] {
    return this.executed.filter(({ words }) => words[0] === name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
  }
}

/**
 * Start a scripted cluster. The slots are divided evenly.
 *
 * @param primaries - Number of primaries.
 * @param options - Replicas, and options of the mock servers.
 */
export async function scriptedCluster(
  primaries = 3,
  { replicas = 0, ...options }: ScriptedClusterOptions = {},
): Promise<ScriptedCluster> {
  const cluster = new ScriptedCluster({ handshake: true, ...options });
  for (let i = 0; i < primaries; i++) {
    const from = Math.ceil((i * SLOTS) / primaries);
    cluster.give(await cluster.add(), from, Math.ceil(((i + 1) * SLOTS) / primaries) - 1);
  }
  for (let i = 0; i < replicas; i++) {
    const primary = cluster.nodes[i % primaries] as ScriptedNode;
    const others = cluster.replicas.get(primary) ?? [];
    cluster.replicas.set(primary, [...others, await cluster.add()]);
  }
  return cluster;
}

/** Return one range of CLUSTER SLOTS. */
export function range(from: number, to: number, endpoints: readonly Endpoint[]): string {
  const nodes = endpoints.map(({ host, port, metadata = [] }) => {
    const name = host === null ? "$-1\r\n" : bulk(host);
    const id = bulk("0".repeat(40));
    return `*4\r\n${name}:${port}\r\n${id}*${metadata.length}\r\n${metadata.map(bulk).join("")}`;
  });
  return `*${2 + nodes.length}\r\n:${from}\r\n:${to}\r\n${nodes.join("")}`;
}

/** Commands of the client itself. */
const INTERNAL: ReadonlySet<string> = new Set([
  "HELLO",
  "AUTH",
  "SELECT",
  "CLIENT SETNAME",
  "CLIENT SETINFO",
  "CLUSTER SLOTS",
  "PING",
  "READONLY",
]);
const TWO_WORDS: ReadonlySet<string> = new Set(["CLIENT", "CLUSTER"]);

function wordCount([first = ""]: readonly string[]): number {
  return TWO_WORDS.has(first.toUpperCase()) ? 2 : 1;
}

function nameOf(words: readonly string[]): string {
  return words.slice(0, wordCount(words)).join(" ").toUpperCase();
}

function argsOf(words: readonly string[]): string[] {
  return words.slice(wordCount(words));
}

function isRead(name: string): boolean {
  return ((COMMANDS.get(name)?.flags ?? 0) & READONLY) !== 0;
}

function slotOf(name: string, args: readonly string[]): number {
  const info = COMMANDS.get(name);
  return info === undefined ? -1 : commandSlot(info, args, "utf8");
}
