/**
 * Iterates over the keys of all nodes of a cluster, one batch at a time. Every key that exists during the whole
 * iteration is returned, also while slots move and nodes fail; a key may be returned twice for that. Its only
 * state is which slots are covered, so a loop may be left early.
 */
import { toScan } from "../commands/core/decode.js";
import { CommandInfo, READONLY } from "../commands/core/info.js";
import { SCAN } from "../commands/generated/infos-data.js";
import { CLUSTER_NODES } from "../commands/generated/infos-server.js";
import type { ScanOptions } from "../commands/generated/options.js";
import { InvalidResponse, NoPermissionError, ResponseError } from "../errors.js";
import type { CallSettings } from "../execution/call-settings.js";
import { decoderFor } from "../execution/command-request.js";
import { execute } from "../execution/execute.js";
import type { Executor } from "../execution/executor.js";
import { realTime } from "../util/timers.js";
import { NodeExecutor } from "./node-executor.js";
import type { NodePool } from "./node-pool.js";
import type { ClusterRouter } from "./router.js";
import { checkedScan, type ScanCall } from "./scan-call.js";
import { type NodeReport, NodeWalk, readReport, ScanCoverage } from "./scan-coverage.js";
import { leftCluster, lostServer, nodeNotFound, ScanFailures } from "./scan-failures.js";
import { nodeName } from "./view.js";

/** What an iteration needs of its client. */
export interface ScanContext {
  readonly router: ClusterRouter;
  readonly call: CallSettings;
}

type Batch<T> = readonly [cursor: string, keys: readonly T[]];

const START = "0";
/** ms of SCANs after which a node reports its slots. */
const PART = 1000;
/** ms that are added to a part that was as short as one batch. */
const GROWTH = 10;

/** SCAN over a cluster (Valkey 9.1): the hash tag of the cursor is in the slot where it continues. */
const CLUSTERSCAN = new CommandInfo("CLUSTERSCAN", {
  params: ["cursor"],
  flags: READONLY,
  keys: [1, 1, 1],
  decode: toScan,
});
/** Clients whose servers lack CLUSTERSCAN, or refuse it to the user. */
const lackClusterScan = new WeakSet<ClusterRouter>();

/** One iteration. */
class ClusterScan<T> {
  readonly #router: ClusterRouter;
  readonly #call: CallSettings;
  readonly #scan: ScanCall;
  readonly #failures: ScanFailures;

  constructor({ router, call }: ScanContext, scan: ScanCall) {
    this.#router = router;
    this.#call = call;
    this.#scan = scan;
    this.#failures = new ScanFailures(router);
  }

  async *keys(): AsyncGenerator<T, void, undefined> {
    const router = this.#router;
    await router.chosen(() => router.table.primaries[0]);
    // CLUSTERSCAN fails at a slot that no node serves.
    if (router.table.covered && !lackClusterScan.has(router)) {
      if (yield* this.#byServer()) return;
    }
    yield* this.#byNode();
  }

  // -- CLUSTERSCAN ---------------------------------------------------------------------------

  /** Returns whether the servers have the command; otherwise the iteration must begin again. */
  async *#byServer(): AsyncGenerator<T, boolean, undefined> {
    let cursor = START;
    for (;;) {
      let batch: Batch<T>;
      try {
        batch = await this.#batch(this.#router, CLUSTERSCAN, cursor);
      } catch (error) {
        if (!isMissingCommand(error)) {
          // A cursor is valid at every node: it names the slot.
          await this.#failures.add(error);
          continue;
        }
        lackClusterScan.add(this.#router);
        return false;
      }
      this.#failures.reset();
      yield* batch[1];
      cursor = batch[0];
      if (cursor === START) return true;
    }
  }

  // -- SCAN ----------------------------------------------------------------------------------

  async *#byNode(): AsyncGenerator<T, void, undefined> {
    const coverage = new ScanCoverage(this.#scan.slot);
    while (coverage.open !== 0) {
      const { open } = coverage;
      const node = this.#nodeToWalk(coverage);
      // No node serves the open slots, so they have no keys that the client could reach.
      if (node === undefined && !this.#router.options.requireFullCoverage) return;
      try {
        if (node === undefined) throw nodeNotFound();
        yield* this.#walk(node, coverage);
        if (coverage.open < open) this.#failures.reset();
        else this.#failures.count();
      } catch (error) {
        await this.#failures.add(error);
      }
    }
  }

  #nodeToWalk(coverage: ScanCoverage): NodePool | undefined {
    const { table } = this.#router;
    // Directly after the owner: until then the slot may reach the receiver, go back, and leave again, with its keys.
    const address = coverage.receiver();
    if (address !== undefined) return table.node(address);
    const slot = coverage.slotToWalk((open) => table.primary(open) !== undefined);
    return slot === undefined ? undefined : table.primary(slot);
  }

  /** Walk over one node. */
  async *#walk(node: NodePool, coverage: ScanCoverage): AsyncGenerator<T, void, undefined> {
    const { table } = this.#router;
    const executor = new NodeExecutor(this.#router, () => {
      if (table.find(node.name) === node) return node;
      throw leftCluster(node);
    });
    const { losses } = node;
    const check = (): void => {
      // A server that was restarted does not know the cursors from before.
      if (node.losses !== losses) throw lostServer(node);
    };
    const first = await this.#report(executor);
    // The client's view of the node is old.
    if (!coverage.isUseful(first)) throw nodeNotFound();
    const walk = new NodeWalk(first);
    let cursor = START;
    let time = PART;
    for (;;) {
      const start = cursor;
      cursor = yield* this.#part(executor, { start, time, check });
      const isSteady = walk.add(await this.#report(executor));
      check();
      if (isSteady && cursor === START) break;
      time = isSteady ? Math.min(PART, 2 * time + GROWTH) : 0;
      if (!isSteady) cursor = start;
    }
    coverage.add(walk);
  }

  /** Send SCANs for a time, one at least. Returns the next cursor. */
  async *#part(
    executor: Executor,
    { start, time, check }: { start: string; time: number; check(): void },
  ): AsyncGenerator<T, string, undefined> {
    const end = realTime() + time;
    let cursor = start;
    do {
      check();
      const [next, keys] = await this.#batch(executor, SCAN, cursor);
      yield* keys;
      cursor = next;
    } while (cursor !== START && realTime() < end);
    return cursor;
  }

  async #report(executor: Executor): Promise<NodeReport> {
    const command = { info: CLUSTER_NODES, args: [], decode: CLUSTER_NODES.decode };
    const reply = await execute({ executor, call: this.#call }, command);
    const report = readReport(
      reply,
      (address) => this.#router.table.find(nodeName(address)) !== undefined,
    );
    if (report !== undefined) return report;
    throw new InvalidResponse("Protocol Error: CLUSTER NODES does not contain the node itself");
  }

  async #batch(executor: Executor, info: CommandInfo, cursor: string): Promise<Batch<T>> {
    const call = this.#call;
    const decode = decoderFor(info, undefined, call);
    const args = [cursor, ...this.#scan.options];
    const reply = await execute({ executor, call }, { info, args, decode });
    if (Array.isArray(reply) && typeof reply[0] === "string" && Array.isArray(reply[1]))
      return reply as unknown as Batch<T>;
    // Without a cursor the iteration would restart and never end.
    throw new InvalidResponse("Protocol Error: a SCAN reply is not a cursor and an array");
  }
}

function isMissingCommand(error: unknown): boolean {
  if (error instanceof NoPermissionError) return true;
  return error instanceof ResponseError && /^ERR unknown command/i.test(error.message);
}

/**
 * Iterate over the keys of all nodes.
 *
 * @param options - Pattern, type and batch size, as for `scan`.
 * @returns Every key that exists during the whole iteration; a key may occur twice.
 */
export async function* clusterScanIter<T>(
  context: ScanContext,
  options: ScanOptions | undefined,
): AsyncGenerator<T, void, undefined> {
  const { encoder, settings } = context.router;
  const scan = checkedScan(encoder, settings.encoding, options);
  yield* new ClusterScan<T>(context, scan).keys();
}
