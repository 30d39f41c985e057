/** A short soak of a cluster with a fixed seed; test/soak has the long one. */
import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { soakCluster } from "../support/cluster-soak.js";
import { watchLeaks } from "../support/leaks.js";

/** The first round begins with a move and a failover, the second one with the crash of a primary. */
const SEED = 32;

/** Number of children of this process. */
function countChildren(): number {
  const parents = execFileSync("ps", ["-A", "-o", "ppid="], { encoding: "utf8" });
  return parents.split("\n").filter((parent) => Number(parent) === process.pid).length;
}

it("a cluster client settles every call, with possible values only, under the faults of one seed", {
  timeout: 90_000,
}, async ({ signal, onTestFinished }) => {
  const running = soakCluster({ seed: SEED, duration: 0, round: 2_500, signal });
  onTestFinished(() =>
    running.then(
      () => undefined,
      () => undefined,
    ),
  );
  const { violations, rounds, faults, done, messages } = await running;
  expect(violations).toEqual([]);
  expect(rounds).toBe(2);
  expect(faults).toMatchObject({ move: expect.any(Number), kill: expect.any(Number) });
  expect(Object.entries(done).filter(([, count]) => count === 0)).toEqual([]);
  expect(messages.received).toBeGreaterThan(100);
});

it("a soak that is ended leaves no server, socket or timer behind", async () => {
  const leaks = watchLeaks();
  const before = countChildren();
  const controller = new AbortController();
  const running = soakCluster({
    seed: SEED,
    duration: 0,
    round: 60_000,
    signal: controller.signal,
    onFaults: () => controller.abort(new Error("ended")),
  });
  await expect(running).rejects.toThrow(`seed ${SEED}: Error: round 1: Error: ended`);
  await leaks.assertNone();
  expect(countChildren()).toBe(before);
}, 60_000);
