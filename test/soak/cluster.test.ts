/**
 * A cluster under random faults: three primaries and three replicas, thirty minutes. `REDISWIRE_SOAK_CLUSTER_MS`
 * sets another duration, `TEST_SEED` repeats the faults, `REDISWIRE_NUMBERS=1` prints each round.
 */
import { expect, test } from "vitest";
import { soakCluster } from "../support/cluster-soak.js";
import { testSeed } from "../support/random.js";

const MINUTE = 60_000;
const DURATION = Number(process.env.REDISWIRE_SOAK_CLUSTER_MS ?? 30 * MINUTE);

test("a cluster client settles every call, with possible values only, and nothing grows, under random faults", {
  timeout: DURATION + 10 * MINUTE,
}, async ({ signal, onTestFinished }) => {
  const seed = testSeed();
  const running = soakCluster({ seed, duration: DURATION, round: 8_000, signal });
  // After the time limit too, the next test must not begin before all servers have ended.
  onTestFinished(() =>
    running.then(
      () => undefined,
      () => undefined,
    ),
  );
  const report = await running;
  const { usage, violations, ...totals } = report;
  console.log(JSON.stringify({ seed, ...totals, first: usage[0], last: usage.at(-1) }));
  expect(violations, `seed ${seed}`).toEqual([]);
  expect(report.acked).toBeGreaterThan(DURATION / 20);
});
