/** One cluster client in its own process; runs only while the runner requests it. */
import { Measurement } from "../measure.js";
import type { ClusterSetup, WorkerAnswer, WorkerRequest } from "../messages.js";
import { serveRequests } from "../serve.js";
import { CLUSTER_CLIENTS } from "./clients.js";
import { CLUSTER_SCENARIOS } from "./scenarios.js";

const setup = JSON.parse(process.argv[2] ?? "") as ClusterSetup;
const client = await CLUSTER_CLIENTS[setup.client]?.open(setup.ports);
if (client === undefined) throw new Error(`no cluster client ${setup.client}`);
const opened = client;
const measurements = new Map<number, Measurement>();

async function perform(request: WorkerRequest): Promise<WorkerAnswer> {
  const measurement = measurements.get(request.scenario);
  if (request.action === "measure" && measurement !== undefined) {
    return { kind: "sample", sample: await measurement.measure(request.duration) };
  }
  const scenario = CLUSTER_SCENARIOS[request.scenario];
  if (scenario === undefined) throw new Error(`no scenario ${request.scenario}`);
  const step = scenario.step(opened);
  await scenario.check(step);
  const fresh = new Measurement(scenario, step, setup.serverPids);
  await fresh.warm(request.duration);
  measurements.set(request.scenario, fresh);
  return { kind: "ready" };
}

serveRequests(perform);
