/**
 * One client process: a single client in its own JavaScript engine, so that no client pays for the garbage
 * of another or for code optimised for other types. Runs only while the runner requests it.
 */
import type { Adapter } from "./clients/adapter.js";
import { clientNamed } from "./clients/index.js";
import { Floor } from "./floor.js";
import type { Transport, WorkerSetup } from "./messages.js";
import { serveScenarios } from "./scenario-worker.js";
import { SCENARIOS } from "./scenarios.js";

const setup = JSON.parse(process.argv[2] ?? "") as WorkerSetup;
const clients = new Map<Transport, Promise<Adapter>>();
await connected("tcp");
const reader = await Floor.connect(setup.targets.tcp);

function connected(transport: Transport): Promise<Adapter> {
  const client = clients.get(transport) ?? clientNamed(setup.client).open(setup.targets[transport]);
  clients.set(transport, client);
  return client;
}

serveScenarios(SCENARIOS, [setup.serverPid], async (scenario) => {
  const step = scenario.step(await connected(scenario.transport ?? "tcp"));
  await scenario.check(step, reader);
  return step;
});
