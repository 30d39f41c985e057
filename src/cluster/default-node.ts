/** The node for requests without keys: one of the primaries by chance, for as long as it serves. */
import type { NodePool } from "./node-pool.js";

/** Chooses the node for requests without keys, and keeps the choice. */
export class DefaultNode {
  readonly #primaries: () => readonly NodePool[];
  #node: NodePool | undefined = undefined;

  /** @param primaries - Returns the primaries of the present view. */
  constructor(primaries: () => readonly NodePool[]) {
    this.#primaries = primaries;
  }

  /** Return the node; another one is chosen when it has failed. `undefined` when none is known. */
  get(): NodePool | undefined {
    const present = this.#node;
    if (present !== undefined && !present.suspect && !present.pool.closed) return present;
    const nodes = this.#primaries();
    const usable = nodes.filter((node) => !node.suspect && !node.silent);
    const among = usable.length === 0 ? nodes : usable;
    this.#node = among[Math.floor(Math.random() * among.length)];
    return this.#node;
  }

  /** Use a node until it fails or leaves. */
  set(node: NodePool | undefined): void {
    this.#node = node;
  }

  /** Choose again if these nodes, which are silent, contain the present one. */
  leave(nodes: readonly NodePool[]): void {
    if (nodes.some((node) => node === this.#node)) this.#node = undefined;
  }
}
