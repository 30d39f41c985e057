/** The loop of a client process: one request at a time, one answer for each. */
import { Unsupported } from "./clients/adapter.js";
import type { WorkerAnswer, WorkerRequest } from "./messages.js";

/**
 * Answer the requests of the runner until it disconnects.
 *
 * @param perform - Executes one request; what it throws is reported to the runner.
 */
export function serveRequests(perform: (request: WorkerRequest) => Promise<WorkerAnswer>): void {
  process.on("message", (request: WorkerRequest) => {
    perform(request).catch(failed).then(answer);
  });
  process.once("disconnect", () => process.exit());
  answer({ kind: "ready" });
}

function answer(message: WorkerAnswer): void {
  process.send?.(message);
}

function failed(error: unknown): WorkerAnswer {
  if (error instanceof Unsupported) return { kind: "unable" };
  return { kind: "failed", reason: error instanceof Error ? (error.stack ?? "") : String(error) };
}
