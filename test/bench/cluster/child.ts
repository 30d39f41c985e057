/** One cluster client in its own process; runs only while the runner requests it. */
import type { ClusterSetup } from "../messages.js";
import { serveScenarios } from "../scenario-worker.js";
import { CLUSTER_CLIENTS } from "./clients.js";
import { CLUSTER_SCENARIOS } from "./scenarios.js";

const setup = JSON.parse(process.argv[2] ?? "") as ClusterSetup;
const client = await CLUSTER_CLIENTS[setup.client]?.open(setup.ports);
if (client === undefined) throw new Error(`no cluster client ${setup.client}`);
const opened = client;

serveScenarios(CLUSTER_SCENARIOS, setup.serverPids, async (scenario) => {
  const step = scenario.step(opened);
  await scenario.check(step);
  return step;
});
