/** Measures scenarios in a client process, each prepared once. */
import { Measurement } from "./measure.js";
import type { WorkerAnswer, WorkerRequest } from "./messages.js";
import type { Scenario, Step } from "./scenarios.js";
import { serveRequests } from "./serve.js";

/**
 * Answer the requests of the runner until it disconnects.
 *
 * @param scenarios - The scenarios, in the order of their numbers in requests.
 * @param serverPids - Processes of the servers.
 * @param prepare - Returns the step of a scenario, and throws unless the client performs it correctly.
 */
export function serveScenarios<S extends Pick<Scenario, "callers" | "commands">>(
  scenarios: readonly S[],
  serverPids: readonly number[],
  prepare: (scenario: S) => Promise<Step>,
): void {
  const measurements = new Map<number, Measurement>();
  const perform = async (request: WorkerRequest): Promise<WorkerAnswer> => {
    const measurement = measurements.get(request.scenario);
    if (request.action === "measure" && measurement !== undefined) {
      return { kind: "sample", sample: await measurement.measure(request.duration) };
    }
    const scenario = scenarios[request.scenario];
    if (scenario === undefined) throw new Error(`no scenario ${request.scenario}`);
    const fresh = new Measurement(scenario, await prepare(scenario), serverPids);
    await fresh.warm(request.duration);
    measurements.set(request.scenario, fresh);
    return { kind: "ready" };
  };
  serveRequests(perform);
}
