/** One client with a cache in its own process; runs only while the runner requests it. */
import assert from "node:assert/strict";
import { Measurement } from "../measure.js";
import type { CacheSetup, WorkerAnswer, WorkerRequest } from "../messages.js";
import { serveRequests } from "../serve.js";
import { cacheClientNamed } from "./clients.js";
import { CACHE_SCENARIOS } from "./scenarios.js";

const setup = JSON.parse(process.argv[2] ?? "") as CacheSetup;
const { open, isCached } = cacheClientNamed(setup.client);
const client = await open(setup.target);
const measurements = new Map<number, Measurement>();

async function perform(request: WorkerRequest): Promise<WorkerAnswer> {
  const measurement = measurements.get(request.scenario);
  if (request.action === "measure" && measurement !== undefined) {
    return { kind: "sample", sample: await measurement.measure(request.duration) };
  }
  const scenario = CACHE_SCENARIOS[request.scenario];
  if (scenario === undefined) throw new Error(`no scenario ${request.scenario}`);
  const step = scenario.step(client);
  await scenario.check(step);
  const hits = client.hits();
  await scenario.check(step);
  assert.equal(client.hits() - hits, isCached ? scenario.keys : 0, "hits");
  const fresh = new Measurement(scenario, step, [setup.serverPid]);
  await fresh.warm(request.duration);
  measurements.set(request.scenario, fresh);
  return { kind: "ready" };
}

serveRequests(perform);
