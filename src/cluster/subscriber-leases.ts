/**
 * Provides connections for the channels and patterns of one subscriber: to a random primary, to another one when
 * that fails, or always to the node that the user chose.
 */
import { closedError } from "../connection/errors.js";
import { RedisClusterException, type RedisError } from "../errors.js";
import type { Settings } from "../options/types.js";
import type { Lease, LeaseProvider } from "../pool/lease.js";
import { shuffled } from "../util/shuffled.js";
import { startTimer, type Timer } from "../util/timers.js";
import type { NodePool } from "./node-pool.js";
import type { ClusterRouter } from "./router.js";
import type { NodeChoice } from "./targeted-request.js";

/** ms without a connection after which another node is tried as well. */
const HEDGE = 500;

/** Leases connections for channels and patterns. */
export class SubscriberLeases implements LeaseProvider {
  readonly address = undefined;
  readonly #router: ClusterRouter;
  readonly #node: NodeChoice | undefined;

  /** @param node - Returns the node to use; default: any primary. */
  constructor(router: ClusterRouter, node?: NodeChoice) {
    this.#router = router;
    this.#node = node;
  }

  get settings(): Settings {
    return this.#router.settings;
  }

  async lease(): Promise<Lease> {
    const { table, closed } = this.#router;
    if (closed) throw closedError();
    if (table.empty) await this.#router.nextView();
    for (;;) {
      const candidates = this.#candidates();
      try {
        const lease = await firstLease(candidates);
        if (!this.#router.closed) return lease;
        lease.release();
        throw closedError();
      } catch (error) {
        // A closed pool belongs to a node that has left the cluster meanwhile.
        const hasLeft = candidates.some(({ pool }) => pool.closed);
        if (this.#router.closed || !hasLeft || this.#node !== undefined) throw error;
      }
    }
  }

  #candidates(): NodePool[] {
    const chosen = this.#node?.();
    if (chosen !== undefined) return [chosen];
    const primaries = shuffled(this.#router.table.primaries);
    return primaries.sort((a, b) => Number(a.suspect) - Number(b.suspect));
  }
}

/** Try one node after the other; a slow one does not hold up the next. Late connections are returned. */
function firstLease(candidates: readonly NodePool[]): Promise<Lease> {
  return new Promise((resolve, reject) => {
    const queue = [...candidates];
    let open = 0;
    let isDone = false;
    let timer: Timer | undefined;
    const onLease = (lease: Lease): void => {
      timer?.cancel();
      if (isDone) lease.release();
      else resolve(lease);
      isDone = true;
    };
    const tryNext = (error?: RedisError): void => {
      timer?.cancel();
      const node = isDone ? undefined : queue.shift();
      if (node === undefined) {
        if (open === 0) reject(error);
        return;
      }
      open += 1;
      if (queue.length !== 0) timer = startTimer(HEDGE, tryNext);
      node.pool.lease().then(onLease, (failure: RedisError) => {
        open -= 1;
        tryNext(failure);
      });
    };
    tryNext(new RedisClusterException("The cluster has no primaries", { outcome: "not-sent" }));
  });
}
