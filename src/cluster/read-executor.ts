/**
 * Executes the commands of a client whose reads go to nodes that a strategy chooses. Everything else, and a read
 * for which the strategy returns the primary, goes the way of all commands. There is no order between reads at
 * replicas and other commands.
 */
import { NO_SLOT } from "../commands/core/key-route.js";
import type { Request } from "../connection/request.js";
import type { RedisError } from "../errors.js";
import type { Executor } from "../execution/executor.js";
import type { ReadChoice } from "./read-strategy.js";
import type { ClusterRouter } from "./router.js";

/** The executor of one strategy. */
export class ReadExecutor implements Executor {
  readonly address = undefined;
  readonly #router: ClusterRouter;
  readonly #choose: ReadChoice;
  readonly #encoding: BufferEncoding;

  constructor(router: ClusterRouter, choose: ReadChoice) {
    this.#router = router;
    this.#choose = choose;
    this.#encoding = router.settings.encoding;
  }

  execute(request: Request): void {
    const router = this.#router;
    if (!request.readOnly || router.closed) return router.execute(request);
    let slot: number;
    try {
      slot = request.slot(this.#encoding);
    } catch (error) {
      return request.fail(error as RedisError);
    }
    const shard = slot === NO_SLOT ? undefined : router.table.shard(slot);
    if (shard === undefined) return router.execute(request);
    router.readRefresh.onRead();
    const replica = this.#choose(shard);
    if (replica !== undefined) replica.execute(request);
    // As the router does, without computing the slot again.
    else if (router.gates.count === 0) shard.primary.pool.execute(request);
    else router.execute(request);
  }

  executeExclusively(request: Request): void {
    this.#router.executeExclusively(request);
  }

  close(): Promise<void> {
    return this.#router.close();
  }
}
