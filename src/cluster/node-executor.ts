/**
 * Executes requests at the node that a choice returns, as a client of that server alone: without redirects, and
 * without changes to the map. The router keeps owning the connections.
 */
import { closedError, requestError } from "../connection/errors.js";
import type { Request } from "../connection/request.js";
import type { RedisError } from "../errors.js";
import type { Executor } from "../execution/executor.js";
import type { Address } from "../options/address.js";
import type { Settings } from "../options/types.js";
import type { Lease, LeaseProvider } from "../pool/lease.js";
import type { ConnectionPool } from "../pool/pool.js";
import type { ClusterRouter } from "./router.js";
import { type NodeChoice, TargetedRequest } from "./targeted-request.js";

/** The executor and the leases of one node. */
export class NodeExecutor implements Executor, LeaseProvider {
  readonly address: Address | undefined;
  readonly #router: ClusterRouter;
  readonly #choose: NodeChoice;

  /**
   * @param choose - Called for every request and lease, and again when its node leaves before it was written.
   * @param address - Address of the node, when it is always the same.
   */
  constructor(router: ClusterRouter, choose: NodeChoice, address?: Address) {
    this.#router = router;
    this.#choose = choose;
    this.address = address;
  }

  get settings(): Settings {
    return this.#router.settings;
  }

  execute(request: Request): void {
    if (this.#router.closed) request.fail(closedError(request.name));
    else this.#router.send(new TargetedRequest(request, this.#choose));
  }

  executeExclusively(request: Request): void {
    if (request.blocking) return this.execute(request);
    this.#withNode(request, (pool, targeted) => pool.executeExclusively(targeted));
  }

  executeUrgently(request: Request): void {
    this.#withNode(request, (pool, targeted) => pool.executeUrgently(targeted));
  }

  lease(): Promise<Lease> {
    return this.#router.leaseAt(this.#choose);
  }

  /** The router owns the connections. */
  async close(): Promise<void> {}

  #withNode(
    request: Request,
    send: (pool: ConnectionPool, targeted: TargetedRequest) => void,
  ): void {
    this.#router.chosen(this.#choose).then(
      ({ pool }) => {
        if (!request.settled) send(pool, new TargetedRequest(request, this.#choose));
      },
      (error: RedisError) => request.fail(requestError(request, error, "not-sent")),
    );
  }
}
