/**
 * One node of a cluster, as the router uses it: its address and its connection pool, which is created at the
 * first use. It connects to one address for ever, and passes error replies and failures on to its owner.
 */
import type { AddressSource, RedirectedRequest } from "../connection/address-source.js";
import type { Connection } from "../connection/connection.js";
import { closedError } from "../connection/errors.js";
import type { Request } from "../connection/request.js";
import { ConnectionError, type RedisError } from "../errors.js";
import type { Address } from "../options/address.js";
import type { ConnectionStatus } from "../pool/observed-pool.js";
import type { PoolOptions } from "../pool/options.js";
import { ConnectionPool } from "../pool/pool.js";
import { startImmediate } from "../util/timers.js";
import { createFence } from "./fence.js";
import { ReadRoute } from "./read-route.js";
import { type ReplicaOwner, ReplicaPool } from "./replica-pool.js";
import { type NodeAddress, nodeName } from "./view.js";

/** ms without a byte, although a reply is due, after which other nodes are preferred. */
const SILENCE = 250;

/** The router, as its nodes use it. */
export interface NodeOwner extends ReplicaOwner {
  /** See {@link AddressSource.redirect}. */
  redirect(node: NodePool, redirected: RedirectedRequest, mayTake: boolean): boolean;
  /** Connecting failed, a connection was lost, or a reply timed out. */
  onNodeFailed(node: NodePool, error: RedisError): void;
  /** Connecting has failed as often as the retry policy allows. */
  onNodeUnreachable(node: NodePool, error: RedisError): void;
}

/** Reads at a primary, over the connections of all other commands. */
class PrimaryRoute extends ReadRoute {
  readonly #node: NodePool;

  constructor(node: NodePool, limit: number) {
    super(node, limit);
    this.#node = node;
  }

  protected override send(request: Request): void {
    this.#node.pool.execute(request);
  }

  protected override get writable(): boolean {
    return this.#node.writable;
  }
}

/** A node and its connections. */
export class NodePool implements AddressSource {
  /** `host:port`. */
  readonly name: string;
  readonly address: NodeAddress;
  readonly #owner: NodeOwner;
  readonly #options: PoolOptions;
  #pool: ConnectionPool | undefined = undefined;
  #suspect = false;
  #asPrimary: ReadRoute | undefined = undefined;
  #asReplica: ReplicaPool | undefined = undefined;
  /** See {@link RoutedNode.zone}. */
  zone: string | undefined = undefined;
  #losses = 0;

  constructor(address: NodeAddress, owner: NodeOwner, options: PoolOptions) {
    this.address = address;
    this.name = nodeName(address);
    this.#owner = owner;
    this.#options = options;
  }

  get limitsWaits(): true {
    return true;
  }

  get description(): string {
    return this.name;
  }

  /** The connections. */
  get pool(): ConnectionPool {
    if (this.#pool !== undefined) return this.#pool;
    this.#pool = new ConnectionPool({ ...this.#options, addressSource: this });
    this.#pool.shareEvents(this.#owner.events);
    return this.#pool;
  }

  /** Reads by a strategy, while the node is a primary. */
  get asPrimary(): ReadRoute {
    this.#asPrimary ??= new PrimaryRoute(this, this.#owner.settings.socketTimeout);
    return this.#asPrimary;
  }

  /** Reads by a strategy, while the node is a replica. */
  get asReplica(): ReplicaPool {
    this.#asReplica ??= new ReplicaPool(this, this.#owner, this.#options);
    return this.#asReplica;
  }

  /** Whether the last thing that happened to a connection was a failure. */
  get suspect(): boolean {
    return this.#suspect;
  }

  /** Whether a reply is due on a connection that has been silent for some time. */
  get silent(): boolean {
    return this.#pool !== undefined && this.#silentConnections.length !== 0;
  }

  /** How often a connection was lost or could not be made, or a reply timed out. */
  get losses(): number {
    return this.#losses;
  }

  /** Number of requests that wait for a connection. */
  get waiting(): number {
    return this.#pool?.waiting ?? 0;
  }

  /** The state of its pool. */
  get status(): ConnectionStatus {
    return this.#pool?.status ?? "idle";
  }

  /** Whether there is a connection for ordinary requests. */
  get connected(): boolean {
    return this.#pool?.connections.leastLoadedShared() !== undefined;
  }

  /** Whether an ordinary request sent now is written in this turn. */
  get writable(): boolean {
    return this.waiting === 0 && this.connected;
  }

  async resolve(): Promise<Address> {
    await this.#owner.dials.take();
    return { kind: "tcp", ...this.address };
  }

  async verify(): Promise<void> {
    this.#suspect = false;
  }

  report(_address: Address, error: RedisError): void {
    this.connectionFailed(error);
  }

  connectionFailed(error: RedisError): void {
    this.#suspect = true;
    this.#asPrimary?.fail();
    this.#losses += 1;
    this.#owner.onNodeFailed(this, error);
  }

  attemptsExhausted(error: RedisError): void {
    this.#owner.onNodeUnreachable(this, error);
  }

  redirect(redirected: RedirectedRequest, mayTake: boolean): boolean {
    return this.#owner.redirect(this, redirected, mayTake);
  }

  /** Close the connections when their pending replies have arrived. */
  async close(): Promise<void> {
    this.endProbes();
    await Promise.all([this.#pool?.close(), this.#asReplica?.close()]);
  }

  /** End blocking commands, whose replies may never come: the node has left the cluster. */
  endBlocked(): void {
    this.#pool?.connections.drain(({ blocked }) => blocked, this.#leftError, true);
  }

  /** Close as {@link close} does, while the client stays open: the node has left the cluster. */
  async retire(): Promise<void> {
    this.endProbes();
    await Promise.all([this.#pool?.retire(this.#leftError), this.#asReplica?.close()]);
  }

  get #leftError(): ConnectionError {
    const { name: server } = this;
    return new ConnectionError("The node has left the cluster", { code: "EFAILOVER", server });
  }

  /** Close the connections immediately. */
  disconnect(): void {
    this.#pool?.disconnect();
    this.#asReplica?.disconnect();
  }

  /** End the commands that find out whether reads may go to the node. */
  endProbes(): void {
    for (const route of [this.#asPrimary, this.#asReplica]) route?.endProbes(closedError());
  }

  /** End the silent connections: the node has lost its slots, and their replies would be redirects at best. */
  abandonSilent(): void {
    // When the process was blocked, replies may be there that have not been read.
    if (this.silent) startImmediate(() => this.#abandonSilent());
  }

  #abandonSilent(): void {
    const { name: server } = this;
    const message = "The node does not respond, and another node serves its slots";
    const error = new ConnectionError(message, { code: "EFAILOVER", server });
    for (const connection of this.#silentConnections) connection.destroy(error);
  }

  get #silentConnections(): Connection[] {
    const { socketTimeout } = this.#owner.settings;
    const limit = socketTimeout === 0 ? SILENCE : Math.min(SILENCE, socketTimeout);
    return this.busyConnections.filter(({ silence }) => silence >= limit);
  }

  /** Whether ordinary requests wait for a connection or for replies. */
  get busy(): boolean {
    return this.#pools.some(({ waiting, connections }) => waiting + connections.busy.length !== 0);
  }

  /**
   * Wait until everything that was sent before has been answered or has failed.
   *
   * @param limit - ms; longest wait for a connection, and for a reply.
   */
  async answered(limit: number): Promise<void> {
    const passed = (send: (request: Request) => void): Promise<void> =>
      new Promise((resolve) => send(createFence(limit, resolve)));
    const fences = this.#pools.flatMap((pool) => {
      const pending = pool.connections.busy.map((connection) =>
        passed((request) => connection.send(request)),
      );
      // In the queue of the requests that wait, behind them.
      if (pool.waiting !== 0) pending.push(passed((request) => pool.execute(request)));
      return pending;
    });
    await Promise.all(fences);
  }

  get #pools(): ConnectionPool[] {
    return [this.#pool, this.#asReplica?.pool].filter((pool) => pool !== undefined);
  }

  /** The connections on which ordinary requests await replies; reads at replicas have no order. */
  get busyConnections(): Connection[] {
    return this.#pool?.connections.busy ?? [];
  }
}
