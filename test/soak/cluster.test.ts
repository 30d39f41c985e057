/**
 * A cluster under random faults: three primaries and three replicas, thirty minutes. `REDISWIRE_SOAK_CLUSTER_MS`
 * sets another duration, `TEST_SEED` repeats the faults, `REDISWIRE_NUMBERS=1` prints each round.
 */
import { expect, test } from "vitest";
import { soakCluster } from "../support/cluster-soak.js";
import { growthOf } from "../support/cluster-usage.js";
import { testSeed } from "../support/random.js";

/** Bytes. */
const HEAP_GROWTH = 2_000_000;
/** Which nodes have connections depends on the last faults: one for commands, and one for reads at replicas. */
const NODES = 6;
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
  const growth = growthOf(usage);
  console.log(JSON.stringify({ seed, ...totals, first: usage[0], last: usage.at(-1), growth }));
  expect(violations, `seed ${seed}`).toEqual([]);
  expect(report.acked).toBeGreaterThan(DURATION / 20);
  for (const { connections, sockets } of usage) {
    expect(connections).toBeLessThanOrEqual(2 * NODES);
    // Those of the publisher are among them.
    expect(sockets).toBeLessThanOrEqual(3 * NODES);
  }
  if (growth === undefined) return;
  expect(growth.heap).toBeLessThan(HEAP_GROWTH);
  expect(growth.connections).toBeLessThan(NODES);
  expect(growth.sockets).toBeLessThan(NODES);
  expect(growth.timers).toBeLessThan(NODES);
  // A connection has two more sockets in its proxy.
  expect(growth.resources).toBeLessThan(3 * NODES);
});
