/**
 * Chooses the node that executes a read, among the primary and the replicas of a shard. Pure, except for the
 * turn of the shard. A node that cannot be used at present is passed over; the primary is the last resort.
 */
import {
  type Check,
  invalidOption,
  isPlainObject,
  kindOf,
  nonEmptyText,
  oneOf,
  onlyKnown,
} from "../util/validate.js";

const NAMES = [
  "primary",
  "round_robin",
  "round_robin_replicas",
  "random",
  "random_replica",
  "lowest-latency",
] as const;

/**
 * Which node executes commands that only read: the primary, all nodes of the shard in turn or at random, its
 * replicas in turn or at random, the node with the shortest round trips, or a node in an availability zone.
 */
export type LoadBalancingStrategy =
  | (typeof NAMES)[number]
  | {
      /** Zone whose nodes are preferred, replicas first; without one there, any replica. */
      readonly availabilityZone: string;
    };

/** A node as a strategy uses it. */
export interface ReadCandidate {
  /** Whether reads may go there: it has not failed. */
  readonly usable: boolean;
  /** ms; time of a round trip, `Infinity` until it is known. */
  readonly latency: number;
  /** Availability zone; empty while it is not known, and for a node without one. */
  readonly zone: string;
}

/** A node in both of its roles. */
export interface ReadableNode<C extends ReadCandidate> {
  readonly asPrimary: ReadCandidate;
  readonly asReplica: C;
}

/** The nodes of a shard. */
export interface ReadShard<N> {
  readonly primary: N;
  readonly replicas: readonly N[];
  /** Number of choices so far. */
  turn: number;
}

/** Returns the replica for a read; `undefined` for the primary. */
export type ReadChoice = <C extends ReadCandidate>(
  shard: ReadShard<ReadableNode<C>>,
) => C | undefined;

const strategyName = oneOf(...NAMES);

/** Check the option `loadBalancingStrategy`. */
export const loadBalancingStrategy: Check<LoadBalancingStrategy> = (name, value) => {
  if (typeof value === "string") return strategyName(name, value);
  if (!isPlainObject(value)) {
    throw invalidOption(name, "the name of a strategy or { availabilityZone }", kindOf(value));
  }
  const { availabilityZone } = onlyKnown(value, ["availabilityZone"]);
  return { availabilityZone: nonEmptyText("availabilityZone", availabilityZone) };
};

/** Return the next usable replica, from `start` on. */
function replicaFrom<C extends ReadCandidate>(
  { replicas }: ReadShard<ReadableNode<C>>,
  start: number,
): C | undefined {
  for (let i = 0; i < replicas.length; i++) {
    const candidate = replicas[(start + i) % replicas.length]?.asReplica;
    if (candidate?.usable === true) return candidate;
  }
  return undefined;
}

/** Return the next usable node, from `start` on; 0 is the primary. */
function nodeFrom<C extends ReadCandidate>(
  { primary, replicas }: ReadShard<ReadableNode<C>>,
  start: number,
): C | undefined {
  const count = replicas.length + 1;
  for (let i = 0; i < count; i++) {
    const at = (start + i) % count;
    const candidate = at === 0 ? primary.asPrimary : replicas[at - 1]?.asReplica;
    if (candidate?.usable === true) return at === 0 ? undefined : (candidate as C);
  }
  return undefined;
}

/** The next number of a shard; it stays a small integer. */
function nextTurn(shard: { turn: number }): number {
  shard.turn = (shard.turn + 1) & 0x3fff_ffff;
  return shard.turn;
}

function randomBelow(limit: number): number {
  return Math.floor(Math.random() * limit);
}

const roundRobin: ReadChoice = (shard) => nodeFrom(shard, nextTurn(shard));
const roundRobinReplicas: ReadChoice = (shard) => replicaFrom(shard, nextTurn(shard));
const randomNode: ReadChoice = (shard) => nodeFrom(shard, randomBelow(shard.replicas.length + 1));
const randomReplica: ReadChoice = (shard) => replicaFrom(shard, randomBelow(shard.replicas.length));

/** Nodes that have not been measured are used only while none has. */
function lowestLatency<C extends ReadCandidate>(shard: ReadShard<ReadableNode<C>>): C | undefined {
  const { primary, replicas } = shard;
  let best: C | undefined;
  let shortest = primary.asPrimary.usable ? primary.asPrimary.latency : Number.POSITIVE_INFINITY;
  let isMeasured = shortest !== Number.POSITIVE_INFINITY;
  for (const { asReplica } of replicas) {
    if (!asReplica.usable) continue;
    const { latency } = asReplica;
    if (latency >= shortest) continue;
    best = asReplica;
    shortest = latency;
    isMeasured = true;
  }
  return isMeasured ? best : nodeFrom(shard, nextTurn(shard));
}

/** Replicas in the zone, then a primary there, then other replicas. */
function inZone(zone: string): ReadChoice {
  return <C extends ReadCandidate>(shard: ReadShard<ReadableNode<C>>): C | undefined => {
    const { primary, replicas } = shard;
    const start = nextTurn(shard);
    let other: C | undefined;
    for (let i = 0; i < replicas.length; i++) {
      const candidate = replicas[(start + i) % replicas.length]?.asReplica;
      if (candidate?.usable !== true) continue;
      if (candidate.zone === zone) return candidate;
      other ??= candidate;
    }
    if (other === undefined) return undefined;
    const { asPrimary } = primary;
    return asPrimary.usable && asPrimary.zone === zone ? undefined : other;
  };
}

/** Return the choice of a strategy; `undefined` for the primary. */
export function choiceOf(strategy: LoadBalancingStrategy | undefined): ReadChoice | undefined {
  if (typeof strategy === "object") return inZone(strategy.availabilityZone);
  switch (strategy) {
    case "round_robin":
      return roundRobin;
    case "round_robin_replicas":
      return roundRobinReplicas;
    case "random":
      return randomNode;
    case "random_replica":
      return randomReplica;
    case "lowest-latency":
      return lowestLatency;
    default:
      return undefined;
  }
}
