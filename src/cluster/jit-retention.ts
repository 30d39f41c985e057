/**
 * Keeps one unused object of each class that only pipelines and transactions of a cluster create alive as long
 * as the client; see `client/jit-retention.ts`.
 */
import { CommandInfo } from "../commands/core/info.js";
import { NO_SLOT } from "../commands/core/key-route.js";
import type { CallSettings } from "../execution/call-settings.js";
import type { BatchEntry } from "../pipeline/batch-request.js";
import { ClusterBatchSender, NO_LOADS } from "./cluster-batch.js";
import { ClusterPipeline } from "./cluster-pipeline.js";
import { ClusterTransaction } from "./cluster-transaction.js";
import { PartRequest } from "./part-request.js";
import type { ClusterRouter } from "./router.js";

/**
 * Create the objects to retain. None of them is ever sent.
 *
 * @returns The objects; the client must keep a reference.
 */
export function retainClusterShapes(router: ClusterRouter, call: CallSettings): readonly unknown[] {
  const sender = new ClusterBatchSender(router, false);
  sender.add(new CommandInfo(""), []);
  const commands = sender.take();
  const loads = NO_LOADS;
  const entries: BatchEntry[] = [];
  const pipeline = new ClusterPipeline({ router, call, loads, entries, commands });
  const slot = NO_SLOT;
  const flags = { asking: false, admitted: false, attempts: 0 };
  const shape = { traits: call, slot, wire: undefined, loads: [], ...flags };
  return [
    sender,
    commands,
    pipeline,
    new PartRequest(pipeline, [], shape),
    new ClusterTransaction({ entries, wire: [] }, { router, call, loads, traits: call, slot }),
  ];
}
