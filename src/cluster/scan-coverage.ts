/**
 * Which slots an iteration over all keys has covered. A node has covered a slot when it served the slot during its
 * whole SCAN. Keys of a slot on its way to another node may be at either one: that node is walked afterwards.
 * Pure; it decides by what nodes report about themselves (CLUSTER NODES), because every other view may be old.
 */
import type { ClusterNodeDetail } from "../commands/cluster/types.js";
import { type NodeAddress, SLOTS } from "./view.js";

/** A node that receives the keys of a slot. */
interface Receiver {
  readonly nodeId: string;
  readonly address: NodeAddress;
}

/** The node receives the keys of a slot from its owner. */
interface Import {
  readonly owner: string;
}

/** The node serves the slot, receives its keys, or serves it while its keys leave for another node. */
type Role = "serving" | Import | Receiver;

/** A node's report about itself. */
export interface NodeReport {
  readonly nodeId: string;
  /** Config epoch: it grows whenever the node takes over a slot that had left it. */
  readonly epoch: number;
  /** Config epochs by identifier, as this node has them. */
  readonly epochs: ReadonlyMap<string, number>;
  /** Role of the node, by slot. */
  readonly roles: readonly (Role | undefined)[];
}

/** A migration whose owner was walked: only what it has sent to the receiver may be left. */
interface Migration {
  readonly owner: string;
  /** Config epoch of the owner at the end of its walk. */
  readonly epoch: number;
  readonly receiver: Receiver;
}

/** Where keys may be that the iteration has not returned. */
type Rest = "anywhere" | "nowhere" | Migration;

/** Return the address of a node under which the client has it, if it has it. */
function addressOf(
  { host, hostname = host, port }: ClusterNodeDetail,
  isKnown: (address: NodeAddress) => boolean,
): NodeAddress {
  const named = { host: hostname, port };
  return isKnown(named) ? named : { host, port };
}

/**
 * Read what a node reports about itself.
 *
 * @param nodes - The decoded reply of CLUSTER NODES.
 * @param isKnown - Whether the client has a node of that address.
 * @returns `undefined` when the reply has another form.
 */
export function readReport(
  nodes: unknown,
  isKnown: (address: NodeAddress) => boolean,
): NodeReport | undefined {
  if (!Array.isArray(nodes)) return undefined;
  const details: readonly ClusterNodeDetail[] = nodes;
  const own = details.find(({ flags }) => flags.includes("myself"));
  if (own === undefined) return undefined;
  const roles = new Array<Role | undefined>(SLOTS).fill(undefined);
  for (const [from, to] of own.slots) roles.fill("serving", from, to + 1);
  for (const { slot, nodeId, state } of own.migrations) {
    if (state === "importing") roles[slot] ??= { owner: nodeId };
    const target = details.find((node) => node.nodeId === nodeId);
    if (roles[slot] === "serving" && target !== undefined)
      roles[slot] = { nodeId, address: addressOf(target, isKnown) };
  }
  const epochs = new Map(details.map(({ nodeId, epoch }) => [nodeId, epoch]));
  return { nodeId: own.nodeId, epoch: own.epoch, epochs, roles };
}

function isImport(role: Role): role is Import {
  return role !== "serving" && Object.hasOwn(role, "owner");
}

/** Return the identifier of the other node of a migration. */
function otherNode(role: Import | Receiver): string {
  return isImport(role) ? role.owner : role.nodeId;
}

/** Return the role of a node during two reports and between them; `undefined` when it did not have all keys. */
function joined(
  before: Role | undefined,
  after: Role | undefined,
  isSteady: boolean,
): Role | undefined {
  if (before === undefined || after === undefined) return undefined;
  if (before === "serving") return isImport(after) ? undefined : after;
  // A node that takes over a slot keeps the keys that it has received.
  if (after === "serving") return before;
  // The migration may have ended, and another one in the same direction begun.
  if (!isSteady) return undefined;
  return isImport(before) === isImport(after) && otherNode(before) === otherNode(after)
    ? before
    : undefined;
}

/** One walk over a node, from its first cursor to its last. */
export class NodeWalk {
  #last: NodeReport;
  readonly #roles: (Role | undefined)[];

  constructor(first: NodeReport) {
    this.#last = first;
    this.#roles = [...first.roles];
  }

  /** The role of the node since the beginning of the walk. */
  role(slot: number): Role | undefined {
    return this.#roles[slot];
  }

  /**
   * Add a report.
   *
   * @returns Whether the node has gained no slots since the report before: otherwise a slot may have left and come
   * back, and the part since then must be repeated.
   */
  add(report: NodeReport): boolean {
    const { epoch, nodeId } = this.#last;
    const isSteady = report.epoch === epoch && report.nodeId === nodeId;
    const roles = this.#roles;
    for (const [slot, after] of report.roles.entries()) {
      const before = roles[slot];
      if (before !== after) roles[slot] = joined(before, after, isSteady);
    }
    this.#last = report;
    return isSteady;
  }

  /** The last report. */
  get last(): NodeReport {
    return this.#last;
  }
}

/** The slots of one iteration. */
export class ScanCoverage {
  /** By slot. */
  readonly #rest: Rest[];
  #open: number;

  /** @param only - The slot of all wanted keys, if that is known. */
  constructor(only?: number) {
    this.#rest = new Array<Rest>(SLOTS).fill(only === undefined ? "anywhere" : "nowhere");
    this.#open = only === undefined ? SLOTS : 1;
    if (only !== undefined) this.#rest[only] = "anywhere";
  }

  /** Number of slots that are not covered. */
  get open(): number {
    return this.#open;
  }

  /** Return the first open slot that `isServed` accepts; `undefined` when there is none. */
  slotToWalk(isServed: (slot: number) => boolean): number | undefined {
    const slot = this.#rest.findIndex((rest, at) => rest === "anywhere" && isServed(at));
    return slot < 0 ? undefined : slot;
  }

  /** Return the address of a node that receives the rest of the keys of a slot. */
  receiver(): NodeAddress | undefined {
    return this.#rest.find((rest) => typeof rest === "object")?.receiver.address;
  }

  /** Return whether a walk that begins with this report may change something. */
  isUseful(report: NodeReport): boolean {
    return report.roles.some((role, slot) => this.#after(slot, role, report) !== this.#rest[slot]);
  }

  /** Record a walk that has reached its end. */
  add(walk: NodeWalk): void {
    for (let slot = 0; slot < SLOTS; slot++) {
      const before = this.#rest[slot];
      const after = this.#after(slot, walk.role(slot), walk.last);
      this.#rest[slot] = after;
      if (before !== "nowhere" && after === "nowhere") this.#open -= 1;
    }
  }

  /** Return where keys of a slot may be after a walk over a node that had this role. */
  #after(slot: number, role: Role | undefined, { nodeId, epoch, epochs }: NodeReport): Rest {
    const rest = this.#rest[slot] ?? "nowhere";
    if (rest === "nowhere" || role === "serving") return "nowhere";
    // The walk over the owner has found what has not left for this receiver.
    if (role !== undefined && !isImport(role)) {
      const migration = { owner: nodeId, epoch, receiver: role };
      return isSame(rest, migration) ? rest : migration;
    }
    if (rest === "anywhere" || rest.receiver.nodeId !== nodeId) return rest;
    // Without a role the migration was cancelled, or the slot has left that node as well. When the slot has gone back,
    // to this owner or to another one, a later migration may not have brought everything again.
    const isSameMigration = role?.owner === rest.owner && epochs.get(rest.owner) === rest.epoch;
    return isSameMigration ? "nowhere" : "anywhere";
  }
}

function isSame(rest: Rest, { owner, epoch, receiver }: Migration): boolean {
  return (
    typeof rest === "object" &&
    rest.owner === owner &&
    rest.epoch === epoch &&
    rest.receiver.nodeId === receiver.nodeId
  );
}
