/**
 * One client process: a single client in its own JavaScript engine, so that no client pays for the garbage
 * of another or for code optimised for other types. Runs only while the runner requests it.
 */
import type { Adapter } from "./clients/adapter.js";
import { clientNamed } from "./clients/index.js";
import { Floor } from "./floor.js";
import { Measurement } from "./measure.js";
import type { Transport, WorkerAnswer, WorkerRequest, WorkerSetup } from "./messages.js";
import { SCENARIOS } from "./scenarios.js";
import { serveRequests } from "./serve.js";

const setup = JSON.parse(process.argv[2] ?? "") as WorkerSetup;
const clients = new Map<Transport, Promise<Adapter>>();
await connected("tcp");
const reader = await Floor.connect(setup.targets.tcp);
const measurements = new Map<number, Measurement>();

function connected(transport: Transport): Promise<Adapter> {
  const client = clients.get(transport) ?? clientNamed(setup.client).open(setup.targets[transport]);
  clients.set(transport, client);
  return client;
}

async function perform(request: WorkerRequest): Promise<WorkerAnswer> {
  const measurement = measurements.get(request.scenario);
  if (request.action === "measure" && measurement !== undefined) {
    return { kind: "sample", sample: await measurement.measure(request.duration) };
  }
  const scenario = SCENARIOS[request.scenario];
  if (scenario === undefined) throw new Error(`no scenario ${request.scenario}`);
  const step = scenario.step(await connected(scenario.transport ?? "tcp"));
  await scenario.check(step, reader);
  const fresh = new Measurement(scenario, step, [setup.serverPid]);
  await fresh.warm(request.duration);
  measurements.set(request.scenario, fresh);
  return { kind: "ready" };
}

serveRequests(perform);
