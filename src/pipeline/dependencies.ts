/** What a pipeline is created with. Types only. */
import type { ExecutionContext } from "../execution/execute.js";
import type { LeaseProvider } from "../pool/lease.js";
import type { BatchSender, BatchSenders } from "./batch-sender.js";
import type { WatchSession } from "./watch-session.js";

/** The objects a pipeline works with. */
export interface PipelineDependencies extends ExecutionContext {
  readonly senders: BatchSenders;
  /** The sender of the watched pipeline, which has checked the watched keys; default: a new one. */
  readonly sender?: BatchSender;
  /** Provides the connection for WATCH; absent for the transaction of a watched pipeline. */
  readonly leaseProvider?: LeaseProvider;
  /** The WATCH that `exec` ends. */
  readonly session?: WatchSession;
}
