/** Decides which nodes are asked for the slots, and in which order. Pure, apart from chance. */
import { shuffled } from "../util/shuffled.js";

/** A node, as far as the decision is concerned. */
export interface Candidate {
  /** Whether the last thing that happened to a connection was a failure. */
  readonly suspect: boolean;
  /** Whether a reply is overdue. */
  readonly silent: boolean;
  /** Whether there is a connection. */
  readonly connected: boolean;
}

/**
 * Rank the nodes to ask for the slots: connected nodes in random order, so that clients spread over them, then the
 * others, then the seeds, then nodes that failed.
 *
 * @param nodes - The nodes that may be asked; empty when only the seeds may.
 * @param seeds - The nodes given by the user, which are asked in their order.
 */
export function rankCandidates<N extends Candidate>(nodes: readonly N[], seeds: readonly N[]): N[] {
  const all = shuffled(nodes);
  const sound = all.filter((node) => !node.suspect && !node.silent);
  const ranked = [
    ...sound.filter(({ connected }) => connected),
    ...sound.filter(({ connected }) => !connected),
    ...seeds,
    ...all,
  ];
  return [...new Set(ranked)];
}
