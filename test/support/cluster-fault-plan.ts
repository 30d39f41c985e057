/**
 * The random faults of a cluster as plans: endless sequences that depend on nothing but their seed. Nodes, shards and
 * tags are indexes, so that the course of the faults does not change what is drawn. Pure.
 */
import type { Random } from "./random.js";

/** ms; longest fault of a connection, and of a frozen node. The client gives a silent node up after 2 s. */
const LONGEST_FAULT = 3_000;
/** ms; longest of most faults. */
const LONGEST_PAUSE = 400;
/** ms; a stall that is longer ends with the connections: the client may have given them up, and used others. */
const LONGEST_HELD = 1_000;

/** What happens to the nodes. */
export type NodeFaultKind = "move" | "failover" | "restart" | "kill" | "freeze";
/** What happens between the client and a node. */
export type ConnectionFaultKind =
  | "reset"
  | "fin"
  | "cut"
  | "stall"
  | "delay"
  | "partition"
  | "refuse";

/** Planned changes, which lose nothing. */
export const CHANGES: readonly NodeFaultKind[] = ["move", "failover", "restart"];
/** Faults that can lose writes that a primary has acknowledged. */
export const LOSSES: readonly NodeFaultKind[] = ["kill", "freeze"];
const CONNECTION_FAULTS: readonly ConnectionFaultKind[] = [
  "reset",
  "fin",
  "cut",
  "stall",
  "delay",
  "partition",
  "refuse",
];

/** One fault of a node. */
export interface NodeFault {
  readonly kind: NodeFaultKind;
  /** Integer, 0 or more: shard, node or tag, modulo their number. */
  readonly index: number;
  /** Number of shards by which a slot moves on: 1 or 2. */
  readonly step: number;
  /** ms: how long a slot is between two nodes, or a node is frozen. */
  readonly duration: number;
  /** ms until the next fault. */
  readonly rest: number;
}

/** One fault of the connections to some nodes. */
export interface ConnectionFault {
  readonly kind: ConnectionFaultKind;
  /** Indexes of the nodes. */
  readonly nodes: readonly number[];
  /** What is stalled. */
  readonly direction: "up" | "down";
  /** Whether the connections end with the fault. */
  readonly cuts: boolean;
  /** Bytes until a connection is cut. */
  readonly bytes: number;
  /** ms by which replies are delayed. */
  readonly delay: number;
  /** ms. */
  readonly duration: number;
  /** ms until the next fault. */
  readonly rest: number;
}

/**
 * Plan the faults of nodes, one after the other.
 *
 * @param random - Used by nothing else.
 * @param kinds - The kinds to choose from.
 */
export function* nodeFaults(
  random: Random,
  kinds: readonly NodeFaultKind[],
): Generator<NodeFault, never> {
  for (;;) {
    const kind = random.pick(kinds);
    yield {
      kind,
      index: random.int(0, 2 ** 20),
      step: random.int(1, 2),
      duration: random.int(10, kind === "freeze" ? LONGEST_FAULT : LONGEST_PAUSE),
      rest: random.int(1, LONGEST_PAUSE),
    };
  }
}

/**
 * Plan the faults of connections, one after the other.
 *
 * @param random - Used by nothing else.
 * @param nodes - Number of nodes.
 */
export function* connectionFaults(
  random: Random,
  nodes: number,
): Generator<ConnectionFault, never> {
  const all = Array.from({ length: nodes }, (_, i) => i);
  for (;;) {
    const kind = random.pick(CONNECTION_FAULTS);
    const one = random.int(0, nodes - 1);
    // A partition separates the client from several nodes.
    const several = all.filter(() => random.chance(0.5));
    const duration = random.int(1, random.chance(0.1) ? LONGEST_FAULT : LONGEST_PAUSE);
    yield {
      kind,
      nodes: random.chance(0.2) && several.length !== 0 ? several : [one],
      direction: random.chance(0.5) ? "up" : "down",
      cuts: kind === "partition" || duration > LONGEST_HELD,
      bytes: random.int(0, 5_000),
      delay: random.int(1, 40),
      duration,
      rest: random.int(1, 2 * LONGEST_PAUSE),
    };
  }
}
