/** Long chaos runs: a minute under each protocol, and ten seeds of a few seconds. */
import { afterAll, describe, it } from "vitest";
import { chaos } from "../support/chaos.js";
import { watchLeaks } from "../support/leaks.js";
import { Random, testSeed } from "../support/random.js";
import { startServer } from "../support/server.js";

const MINUTE = 60_000;
const server = await startServer();
const leaks = watchLeaks("/src/");

afterAll(async () => {
  await leaks.assertNone();
  await server.stop();
});

describe("long chaos runs", () => {
  it.each([2, 3] as const)(
    "return no impossible value in one minute (RESP%i)",
    async (protocol) => {
      const seed = testSeed();
      const least = { ok: 1000, unknown: 501 };
      await chaos(server, { seed, protocol, duration: MINUTE, least });
    },
  );

  const random = new Random(testSeed());
  const seeds = Array.from(
    { length: 10 },
    (_, i) => [random.int(1, 2 ** 30), i % 2 ? 2 : 3] as const,
  );

  it.each(seeds)("return no impossible value with seed %i (RESP%i)", async (seed, protocol) => {
    await chaos(server, { seed, protocol, duration: MINUTE / 10, least: { ok: 100, unknown: 21 } });
  });
});
