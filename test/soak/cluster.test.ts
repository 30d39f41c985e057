/**
 * A cluster under random faults: three primaries and three replicas, thirty minutes. `REDISWIRE_SOAK_CLUSTER_MS`
 * sets another duration, `TEST_SEED` repeats the order of the faults, `REDISWIRE_NUMBERS=1` prints each round.
 */
import { expect, test } from "vitest";
import { soakCluster } from "../support/cluster-soak.js";
import { testSeed } from "../support/random.js";

const MINUTE = 60_000;
const DURATION = Number(process.env.REDISWIRE_SOAK_CLUSTER_MS ?? 30 * MINUTE);

test("a cluster client settles every call, with possible values only, and nothing grows, under random faults", {
  timeout: DURATION + 10 * MINUTE,
}, async () => {
  const report = await soakCluster({
    seed: testSeed(),
    duration: DURATION,
    round: 20_000,
    warmUp: MINUTE,
    growth: 6_000_000,
  });
  const { usage, ...totals } = report;
  console.log(JSON.stringify({ ...totals, first: usage[0], last: usage.at(-1) }));
  expect(report.acked).toBeGreaterThan(DURATION / 20);
});
