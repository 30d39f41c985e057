/**
 * Counts the failures of an iteration over the keys, and waits for the next view after each. An iteration goes on
 * after failures that end with a failover, a restart or a newer view, while it makes progress.
 */
import { isPermanent } from "../connection/errors.js";
import {
  ClusterDownError,
  ConnectionError,
  MaxConnectionsError,
  MaxPendingCommandsError,
  RedisClusterException,
  RedisError,
  SlotNotCoveredError,
  TimeoutError,
} from "../errors.js";
import type { NodePool } from "./node-pool.js";
import type { ClusterRouter } from "./router.js";

/** Errors of a walk that is worth repeating. */
const interruptions = new WeakSet<RedisError>();

function interruption(message: string, server: string): RedisClusterException {
  const error = new RedisClusterException(message, { server, command: "SCAN" });
  interruptions.add(error);
  return error;
}

/** Create the error for a node that has left the cluster. */
export function leftCluster({ name }: NodePool): RedisClusterException {
  return interruption(`${name} has left the cluster`, name);
}

/** Create the error for a node whose connection was lost during its walk. */
export function lostServer({ name }: NodePool): RedisClusterException {
  return interruption(`${name}: the connection was lost during the iteration`, name);
}

/** Create the error for slots whose node the client does not find. */
export function nodeNotFound(): SlotNotCoveredError {
  const message =
    "Slots have no node, or moved during the iteration more often than it was repeated";
  return new SlotNotCoveredError(message, { command: "SCAN" });
}

function isPassing(error: RedisError): boolean {
  if (error instanceof MaxConnectionsError || error instanceof MaxPendingCommandsError)
    return false;
  if (error instanceof SlotNotCoveredError || error instanceof ClusterDownError) return true;
  if (interruptions.has(error)) return true;
  const isTransport = error instanceof ConnectionError || error instanceof TimeoutError;
  return isTransport && !isPermanent(error);
}

/** The failures since the last progress. */
export class ScanFailures {
  readonly #router: ClusterRouter;
  #count = 0;

  constructor(router: ClusterRouter) {
    this.#router = router;
  }

  /** Progress was made. */
  reset(): void {
    this.#count = 0;
  }

  /** Count a walk that was in vain. */
  count(): void {
    this.#count += 1;
    if (this.#count > this.#router.options.clusterErrorRetryAttempts) throw nodeNotFound();
  }

  /**
   * Count a failure, and wait for the next view.
   *
   * @throws The failure when it is final, or the last of too many; the reason why there is no next view.
   */
  async add(error: unknown): Promise<void> {
    const router = this.#router;
    if (!(error instanceof RedisError) || router.closed || !isPassing(error)) throw error;
    this.#count += 1;
    if (this.#count > router.options.clusterErrorRetryAttempts) throw error;
    router.refresh();
    await router.nextView();
  }
}
