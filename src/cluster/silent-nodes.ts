/**
 * Reacts to calls that ended by their own timeout or signal: a node that owes replies and is silent may have
 * failed, which nothing else shows before the reply timeout. However short the timeouts are, the slots are
 * refreshed only now and then.
 */
import { nextTick, realTime } from "../util/timers.js";
import type { NodePool } from "./node-pool.js";
import type { NodeTable } from "./node-table.js";

/** ms between two refreshes because of calls without a reply: a user may give them any timeout. */
const GAP = 500;

/** The router, as this module uses it. */
export interface SilentNodesHost {
  readonly table: NodeTable;
  /** Refresh the slots, and send requests without keys to other nodes. */
  onNodesSilent(nodes: readonly NodePool[]): void;
}

/** Nodes that do not reply. */
export class SilentNodes {
  readonly #host: SilentNodesHost;
  /** Moment of `realTime()` before which silent nodes are not reported again. */
  #earliest = 0;
  /** Whether a check is due in this turn: with thousands of nodes, one per call would block the process. */
  #isDue = false;

  constructor(host: SilentNodesHost) {
    this.#host = host;
  }

  /** Calls have ended without a reply. */
  check(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    nextTick(() => this.#check());
  }

  #check(): void {
    this.#isDue = false;
    const { table } = this.#host;
    const serving: NodePool[] = [];
    for (const node of table.all) {
      if (!node.silent) continue;
      if (table.isPrimary(node)) serving.push(node);
      else node.abandonSilent();
    }
    const now = realTime();
    if (serving.length === 0 || now < this.#earliest) return;
    this.#earliest = now + GAP;
    this.#host.onNodesSilent(serving);
  }
}
