/** A short chaos run with a new seed each time; test/soak has a long one. `TEST_SEED` repeats a run. */
import { afterAll, it } from "vitest";
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

it.each([2, 3] as const)(
  "chaos run returns no impossible value (RESP%i)",
  async (protocol) => {
    const seed = testSeed();
    const least = { ok: 21, unknown: 6 };
    await chaos(server, { seed, protocol, duration: 2500, least });
  },
  60_000,
);
