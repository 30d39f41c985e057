/** A short chaos run with a new seed each time; test/soak has a long one. `TEST_SEED` repeats a run. */
import { afterAll, expect, it } from "vitest";
import { chaos } from "../support/chaos.js";
import { watchLeaks } from "../support/leaks.js";
import { testSeed } from "../support/random.js";
import { startServer } from "../support/server.js";

const server = await startServer();
const leaks = watchLeaks("/src/");

afterAll(async () => {
  await leaks.assertNone();
  await server.stop();
});

it.each([2, 3] as const)("chaos run returns no impossible value (RESP%i)", async (protocol) => {
  const seed = testSeed();
  const tally = await chaos(server, { seed, protocol, duration: 2500 });
  // Both flows and faults were active.
  expect(tally.ok, `seed ${seed}`).toBeGreaterThan(20);
  expect(tally.unknown, `seed ${seed}`).toBeGreaterThan(5);
});
