/**
 * The connections over which one node executes reads as a replica. Each one sends READONLY in its handshake. A read
 * that the replica does not answer goes to the primary, which changes nothing: reads may be executed twice.
 */
import type { AddressSource, Probe, RedirectedRequest } from "../connection/address-source.js";
import { closedError } from "../connection/errors.js";
import { InternalRequest, internalCommand } from "../connection/internal-request.js";
import type { Request } from "../connection/request.js";
import { MovedError, RedisError } from "../errors.js";
import type { Address } from "../options/address.js";
import type { Settings } from "../options/types.js";
import type { ConnectionEvents } from "../pool/connection-events.js";
import type { PoolOptions } from "../pool/options.js";
import { ConnectionPool } from "../pool/pool.js";
import { runSoon, startTimer, type Timer } from "../util/timers.js";
import type { TurnLimit } from "../util/turn-limit.js";
import { ForwardedRequest } from "./forwarded-request.js";
import { ReadRoute, type RoutedNode } from "./read-route.js";
import type { NodeAddress } from "./view.js";

const READONLY = internalCommand("READONLY");

/** ms; a read that waits longer for a connection goes to the primary. */
const LONGEST_WAIT = 250;
/** ms; a replica that has answered nothing for so long, although reads are pending, is passed over. */
const STALL = 1000;
/** With more pending reads than this, only each 16th choice looks whether the replica answers. */
const FEW = 8;

/** Error replies after which a read goes to the primary; with `true`, later ones too for a while. */
const CODES: ReadonlyMap<string, boolean> = new Map([
  ["MOVED", false],
  ["ASK", false],
  ["TRYAGAIN", false],
  ["CLUSTERDOWN", true],
  ["MASTERDOWN", true],
  ["LOADING", true],
]);

/** The router, as the connections to replicas use it. */
export interface ReplicaOwner {
  readonly settings: Settings;
  /** The listeners of the client, for the connections of all nodes. */
  readonly events: ConnectionEvents;
  /** Limits how many connections are opened in one turn of the event loop. */
  readonly dials: TurnLimit;
  /** Send a request to the primary of its slot. */
  resume(request: Request): void;
  readonly redirects: {
    /** Whether a MOVED of this node names the node that the map has for the slot. */
    isKnown(moved: MovedError, from: NodeAddress): boolean;
    /** Find out again which node serves which slot. */
    requestRefresh(): void;
  };
}

/** The node of a replica pool. */
export interface ReplicaNode extends RoutedNode {
  readonly address: NodeAddress;
}

/** Reads at one replica. */
export class ReplicaPool extends ReadRoute implements AddressSource {
  readonly #node: ReplicaNode;
  readonly #owner: ReplicaOwner;
  readonly #pool: ConnectionPool;
  #timer: Timer | undefined = undefined;
  #isDisconnecting = false;
  #checks = 0;

  constructor(node: ReplicaNode, owner: ReplicaOwner, options: PoolOptions) {
    super(node, owner.settings.socketTimeout);
    this.#node = node;
    this.#owner = owner;
    this.#pool = new ConnectionPool({ ...options, addressSource: this });
    this.#pool.shareEvents(owner.events);
  }

  /** The connections. */
  get pool(): ConnectionPool {
    return this.#pool;
  }

  /** Execute a read. */
  execute(request: Request): void {
    this.#pool.execute(request);
    if (this.#pool.waiting !== 0) this.#limitWait();
  }

  override get usable(): boolean {
    if (!super.usable) return false;
    const [connection] = this.#pool.connections.shared;
    if (connection === undefined || connection.pending === 0) return true;
    if (connection.pending > FEW && (++this.#checks & 15) !== 0) return true;
    return connection.silence < STALL;
  }

  protected override send(request: Request): void {
    this.#pool.execute(request);
  }

  protected override get writable(): boolean {
    return this.#pool.waiting === 0 && this.#pool.connections.leastLoadedShared() !== undefined;
  }

  /** Let waiting reads go to the primary, and close the connections when their replies have arrived. */
  async close(): Promise<void> {
    this.endProbes(closedError());
    this.#handOver();
    this.#timer?.cancel();
    await this.#pool.close();
  }

  /** Close the connections immediately. */
  disconnect(): void {
    this.#isDisconnecting = true;
    this.#pool.disconnect();
    this.#isDisconnecting = false;
  }

  // -- called by the pool ----------------------------------------------------------------------

  get description(): string {
    return this.#node.name;
  }

  async resolve(): Promise<Address> {
    await this.#owner.dials.take();
    return { kind: "tcp", ...this.#node.address };
  }

  async verify({ ask }: Probe): Promise<void> {
    const reply = await ask(READONLY);
    if (reply instanceof RedisError) throw reply;
  }

  report(_address: Address, error: RedisError): void {
    this.connectionFailed(error);
  }

  connectionFailed(error: RedisError): void {
    if (this.#isDisconnecting) return;
    if (!this.failed) this.#owner.redirects.requestRefresh();
    this.fail();
    this.#leave(error);
  }

  reclaim(requests: readonly Request[]): readonly Request[] {
    if (this.#isDisconnecting) return requests;
    const isOwn = (request: Request): boolean =>
      request.settled || request instanceof InternalRequest;
    const reads = requests.filter((request) => !isOwn(request));
    runSoon(() => this.#resume(reads));
    return requests.filter(isOwn);
  }

  redirect({ request, error }: RedirectedRequest, mayTake: boolean): boolean {
    if (!mayTake || error.outcome !== undefined || request instanceof InternalRequest) return false;
    const isDown = CODES.get(error.code);
    if (isDown === undefined) return false;
    // With a MOVED to the node that the map has, this node is no replica of the shard.
    const isMisplaced =
      error instanceof MovedError && this.#owner.redirects.isKnown(error, this.#node.address);
    if (isMisplaced) this.#owner.redirects.requestRefresh();
    if (isMisplaced || isDown) this.fail();
    this.#owner.resume(new ForwardedRequest(request, {}));
    return true;
  }

  // -- fallback --------------------------------------------------------------------------------

  /** Send reads to the primary that wait longer than they should. */
  #limitWait(): void {
    // The queue of the pool keeps the process alive while reads wait.
    this.#timer ??= startTimer(LONGEST_WAIT, () => this.#onWaitElapsed(), false);
  }

  #onWaitElapsed(): void {
    this.#timer = undefined;
    if (this.#pool.waiting === 0) return;
    // A large write may be in progress.
    if (this.#pool.connections.sinceProgress() < LONGEST_WAIT) return this.#limitWait();
    this.fail();
    this.#handOver();
  }

  /** Leave no request in the queue, or the pool would go on connecting. */
  #leave(error: RedisError): void {
    // A source must not call its pool from here.
    runSoon(() => {
      this.endProbes(error);
      this.#handOver();
    });
  }

  #handOver(): void {
    this.#resume(this.#pool.withdraw((request) => !(request instanceof InternalRequest)));
  }

  #resume(reads: readonly Request[]): void {
    for (const read of reads) if (!read.settled) this.#owner.resume(new ForwardedRequest(read, {}));
  }
}
