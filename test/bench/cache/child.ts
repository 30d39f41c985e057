/** One client with a cache in its own process; runs only while the runner requests it. */
import assert from "node:assert/strict";
import type { CacheSetup } from "../messages.js";
import { serveScenarios } from "../scenario-worker.js";
import { cacheClientNamed } from "./clients.js";
import { CACHE_SCENARIOS } from "./scenarios.js";

const setup = JSON.parse(process.argv[2] ?? "") as CacheSetup;
const { open, isCached } = cacheClientNamed(setup.client);
const client = await open(setup.target);

serveScenarios(CACHE_SCENARIOS, [setup.serverPid], async (scenario) => {
  const step = scenario.step(client);
  await scenario.check(step);
  const hits = client.hits();
  await scenario.check(step);
  assert.equal(client.hits() - hits, isCached ? scenario.keys : 0, "hits");
  return step;
});
