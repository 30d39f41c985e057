/**
 * Reads what nodes report about the cluster: the reply of CLUSTER SLOTS, and the target of a redirect. Pure and
 * linear; any reply gives a view or an error that names the mistake. A node is not trusted to be well-behaved.
 */
import { itemsOf, toWord } from "../commands/core/decode.js";
import { type AskError, RedisClusterException, RedisError } from "../errors.js";
import { formatAddress, reportedAddress } from "../options/address.js";
import type { Reply } from "../protocol/reply.js";
import { kindOf } from "../util/validate.js";

/** Most nodes of a view: far more than clusters have, and what a client can still handle without a long pause. */
const MAX_NODES = 4096;
/** Most replicas of a range that are used: with strategies that compare them, there are connections to all. */
const MAX_REPLICAS = 100;
/** Most entries of nodes, the same ones of other ranges included. */
const MAX_ENTRIES = 8 * 16_384;

/** Number of slots of a cluster. */
export const SLOTS = 16_384;

/** Address of a node. */
export interface NodeAddress {
  /** Host name or IP address, IPv6 without brackets. */
  readonly host: string;
  /** Port, 1 to 65535. */
  readonly port: number;
}

/** A range of slots and its nodes. */
export interface ViewRange {
  /** First slot. */
  readonly from: number;
  /** Last slot, inclusive. */
  readonly to: number;
  readonly primary: NodeAddress;
  readonly replicas: readonly NodeAddress[];
}

/** Who serves which slots, in the opinion of one node. The ranges do not overlap. */
export interface ClusterView {
  readonly ranges: readonly ViewRange[];
  /** Availability zones, of the nodes that report one. */
  readonly zones?: ReadonlyMap<NodeAddress, string>;
}

/** Return the first slot without a node; `undefined` when there is none. */
function firstUncovered({ ranges }: ClusterView): number | undefined {
  const covered = new Uint8Array(SLOTS);
  for (const { from, to } of ranges) covered.fill(1, from, to + 1);
  const slot = covered.indexOf(0);
  return slot < 0 ? undefined : slot;
}

/** Translates an address that the nodes announce to one that the client can reach. */
export type AddressRemap = (
  address: readonly [host: string, port: number],
) => readonly [host: string, port: number];

/** Format the name of a node: `host:port`, IPv6 in brackets. */
export function nodeName({ host, port }: NodeAddress): string {
  return formatAddress({ kind: "tcp", host, port });
}

const DISABLED = /^ERR This instance has cluster support disabled/;
const COMMAND = "CLUSTER SLOTS";

function unusable(asked: NodeAddress, problem: string, cause?: unknown): RedisClusterException {
  const details = { command: COMMAND, server: nodeName(asked), cause };
  return new RedisClusterException(`${details.server}: ${problem}`, details);
}

/** Create the error for a node that answers CLUSTER SLOTS with an error. */
export function refusedView(error: RedisError, asked: NodeAddress): RedisClusterException {
  const problem = DISABLED.test(error.message)
    ? "the server is not a node of a cluster (cluster support is disabled); use new Redis()"
    : `${COMMAND} failed: ${error.message}`;
  return unusable(asked, problem, error);
}

/** Apply the rules for a missing host or port, and the remap. `undefined`: the address cannot be used. */
function reachable(
  host: unknown,
  port: unknown,
  asked: NodeAddress,
  remap: AddressRemap | undefined,
): NodeAddress | undefined {
  // Without a host, the node is reached as the node that was asked. TLS-only nodes may report port 0.
  const address = reportedAddress(
    host === null || host === "" ? asked.host : host,
    Number(port) === 0 ? asked.port : Number(port),
  );
  if (address?.kind !== "tcp") return undefined;
  if (remap === undefined) return { host: address.host, port: address.port };
  const [newHost, newPort] = remap([address.host, address.port]);
  return { host: newHost, port: newPort };
}

/** Return the value of a key in a map or in a flat list of keys and values. */
function lookUp(metadata: Reply, key: string): Reply {
  const items = itemsOf(metadata) ?? [];
  const at = items.findIndex((item, index) => index % 2 === 0 && toWord(item) === key);
  return at < 0 ? null : toWord(items[at + 1] ?? null);
}

/** Reads one reply. */
class ViewReader {
  readonly #asked: NodeAddress;
  readonly #remap: AddressRemap | undefined;
  readonly #taken = new Uint8Array(SLOTS);
  /** Number of entries of nodes. */
  #entries = 0;
  /** The last slot that is taken. */
  #last = -1;
  /** A primary may have thousands of ranges: its address is checked once. */
  readonly #known = new Map<string, NodeAddress>();
  readonly #zones = new Map<NodeAddress, string>();

  constructor(asked: NodeAddress, remap: AddressRemap | undefined) {
    this.#asked = asked;
    this.#remap = remap;
  }

  read(reply: Reply): ClusterView {
    if (reply instanceof RedisError) throw refusedView(reply, this.#asked);
    if (!Array.isArray(reply)) throw this.#malformed("it", "an array of ranges", reply);
    const ranges: ViewRange[] = [];
    for (const [index, item] of reply.entries()) {
      const range = this.#range(item, `range ${index + 1}`);
      if (range !== undefined) ranges.push(range);
    }
    return this.#zones.size === 0 ? { ranges } : { ranges, zones: this.#zones };
  }

  /** Return a range; `undefined` when the address of its primary is unknown. */
  #range(item: Reply, name: string): ViewRange | undefined {
    if (!Array.isArray(item) || item.length < 3) {
      throw this.#malformed(name, "two slots and at least one node", item);
    }
    const [first = null, last = null] = item;
    const from = this.#slot(first, name);
    const to = this.#slot(last, name);
    if (from > to) throw this.#refuse(`${name} begins behind its end`);
    this.#take(from, to);
    this.#entries += item.length - 2;
    if (this.#entries > MAX_ENTRIES) throw this.#refuse(`it has more than ${MAX_ENTRIES} nodes`);
    const nodes = item.slice(2, 3 + MAX_REPLICAS);
    const [primary, ...others] = nodes.map((node) => this.#node(node, name));
    if (primary === undefined) return undefined;
    // A replica without a known address is of no use. Addresses are shared, so they are compared as objects.
    const known = others.filter((node) => node !== undefined && node !== primary);
    const replicas = known as NodeAddress[];
    return { from, to, primary, replicas: replicas.length < 2 ? replicas : [...new Set(replicas)] };
  }

  #take(from: number, to: number): void {
    // Servers list the slots in order.
    if (from <= this.#last) {
      const twice = this.#taken.subarray(from, to + 1).indexOf(1);
      if (twice >= 0) throw this.#refuse(`slot ${from + twice} is in two ranges`);
    }
    this.#taken.fill(1, from, to + 1);
    this.#last = Math.max(this.#last, to);
  }

  #slot(value: Reply, name: string): number {
    const slot = typeof value === "bigint" ? Number(value) : value;
    if (typeof slot === "number" && Number.isInteger(slot) && slot >= 0 && slot < SLOTS)
      return slot;
    throw this.#malformed(`a slot of ${name}`, "an integer from 0 to 16383", value);
  }

  /** Return the address of a node; `undefined` when it is unknown. */
  #node(node: Reply, name: string): NodeAddress | undefined {
    if (!Array.isArray(node) || node.length < 2) {
      throw this.#malformed(`a node of ${name}`, "a host and a port", node);
    }
    const [endpoint = null, port = null, , metadata = null] = node;
    let host = toWord(endpoint);
    if (host === "?") {
      host = lookUp(metadata, "ip");
      // "?" is a host name that is not set: without an IP address, the node cannot be reached.
      if (host === null || host === "" || host === "?") return undefined;
    }
    if (typeof port !== "number" && typeof port !== "bigint") {
      throw this.#malformed(`the port of a node of ${name}`, "an integer", port);
    }
    const key = `${host} ${port}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size === MAX_NODES) throw this.#refuse(`it names more than ${MAX_NODES} nodes`);
    const address = reachable(host, port, this.#asked, this.#remap);
    if (address === undefined) {
      throw this.#refuse(`the address of a node of ${name} is not a host and a port`);
    }
    this.#known.set(key, address);
    const zone = lookUp(metadata, "availability-zone");
    if (typeof zone === "string" && zone !== "") this.#zones.set(address, zone);
    return address;
  }

  #malformed(what: string, expected: string, value: Reply): RedisClusterException {
    return this.#refuse(`${what} must be ${expected}, got ${kindOf(value)}`);
  }

  #refuse(problem: string): RedisClusterException {
    return unusable(this.#asked, `the reply of ${COMMAND} is malformed: ${problem}`);
  }
}

/**
 * Read the reply of CLUSTER SLOTS, of RESP2 or RESP3.
 *
 * @param reply - The reply as it was parsed, strings as text or bytes.
 * @param asked - The address of the node that replied: nodes without a host are reached there.
 * @param remap - The option `addressRemap`, checked.
 * @throws {@link RedisClusterException} when the reply is an error, malformed, or has a slot twice. What `remap`
 * throws is thrown as it is.
 * @remarks A primary whose address is unknown leaves its slots uncovered.
 */
export function readView(reply: Reply, asked: NodeAddress, remap?: AddressRemap): ClusterView {
  return new ViewReader(asked, remap).read(reply);
}

/**
 * Return the target of a MOVED or ASK.
 *
 * @param error - The redirect.
 * @param from - Address of the node that replied.
 * @param remap - The option `addressRemap`, checked.
 * @returns `undefined` when the text is malformed or names no host.
 */
export function redirectTarget(
  { slotId, host, port }: AskError,
  from: NodeAddress,
  remap?: AddressRemap,
): NodeAddress | undefined {
  return slotId < 0 ? undefined : reachable(host, port, from, remap);
}

/**
 * Check that every slot has a node.
 *
 * @param name - Name of the node that sent the view.
 * @throws RedisClusterException for a slot without a node.
 */
export function assertCovered(view: ClusterView, name: string): void {
  const slot = firstUncovered(view);
  if (slot === undefined) return;
  const message = `${name}: slot ${slot} has no node; set option "requireFullCoverage" to false to use the other slots`;
  throw new RedisClusterException(message, { server: name });
}
