/**
 * Provides connections to the node of one key, for a `client(key)`. Each lease finds the node again, because the
 * slot of the key may have moved.
 */
import { CommandInfo, type Key } from "../commands/core/info.js";
import { requestError } from "../connection/errors.js";
import type { Request } from "../connection/request.js";
import type { RedisError } from "../errors.js";
import type { Settings } from "../options/types.js";
import type { Lease, LeaseProvider } from "../pool/lease.js";
import type { ClusterRouter } from "./router.js";

/** For the message about an argument that cannot be a key. */
const CLIENT = new CommandInfo("client", { params: ["key"] });

/** Leases connections to the node of a key. */
export class NodeLeases implements LeaseProvider {
  readonly address = undefined;
  readonly #router: ClusterRouter;
  readonly #keys: readonly Key[];

  /** @throws DataError when `key` cannot be a key. */
  constructor(router: ClusterRouter, key: Key) {
    router.encoder.check(CLIENT, [key]);
    this.#router = router;
    this.#keys = [key];
  }

  get settings(): Settings {
    return this.#router.settings;
  }

  lease(): Promise<Lease> {
    return this.#router.lease(this.#keys);
  }

  executeUrgently(request: Request): void {
    this.#router.nodeOf(this.#keys).then(
      ({ pool }) => pool.executeUrgently(request),
      (error: RedisError) => request.fail(requestError(request, error, "not-sent")),
    );
  }
}
