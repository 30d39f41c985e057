/** Lets the requests of a cluster client finish before it closes its connections. */
import { MAX_REDIRECTS } from "./fate.js";
import type { NodePool } from "./node-pool.js";

/** Waits until all requests have been answered or have failed. */
export class Draining {
  readonly #waiting: { readonly size: number };
  readonly #nodes: () => readonly NodePool[];
  #onIdle: (() => void) | undefined = undefined;

  /**
   * @param waiting - Requests without a node.
   * @param nodes - Returns all nodes that have connections.
   */
  constructor(waiting: { readonly size: number }, nodes: () => readonly NodePool[]) {
    this.#waiting = waiting;
    this.#nodes = nodes;
  }

  /** Whether requests wait, those aside that ask a node for the slots. */
  isNeeded(asks: (node: NodePool) => boolean): boolean {
    if (this.#waiting.size !== 0) return true;
    return this.#nodes().some((node) => {
      const own = asks(node) ? 1 : 0;
      return node.busyConnections.length !== 0 || node.waiting > own;
    });
  }

  /**
   * Wait for all requests.
   *
   * @param limit - ms; longest wait for a connection, and for a reply.
   */
  async finish(limit: number): Promise<void> {
    // A redirect may lead to another one, and a node must not be closed before all have been followed.
    for (let round = 0; round <= MAX_REDIRECTS; round++) {
      if (this.#waiting.size !== 0) await this.#idle();
      const busy = this.#nodes().filter((node) => node.busy);
      if (busy.length === 0 && this.#waiting.size === 0) break;
      await Promise.all(busy.map((node) => node.answered(limit)));
    }
  }

  /** A request no longer waits for a node. */
  onReleased(): void {
    if (this.#waiting.size !== 0) return;
    const onIdle = this.#onIdle;
    this.#onIdle = undefined;
    onIdle?.();
  }

  #idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }
}
