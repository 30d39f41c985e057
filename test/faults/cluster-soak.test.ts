/** A short soak of a cluster with a fixed seed; test/soak has the long one. */
import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { soakCluster } from "../support/cluster-soak.js";
import { watchLeaks } from "../support/leaks.js";
import { until } from "../support/until.js";

/** The first round begins with a move and a failover, the second one with the crash of a primary. */
const SEED = 32;

/** Children of this process: servers, and the shells that guard them. */
function children(): string[] {
  const processes = execFileSync("ps", ["-A", "-o", "ppid=,comm="], { encoding: "utf8" });
  const own = new RegExp(`^ *${process.pid} (?!ps$)`);
  return processes.split("\n").filter((line) => own.test(line));
}

/** Wait for the end of processes that were killed. */
async function untilNoChildren(): Promise<void> {
  const message = () => `still running: ${children()}`;
  await until(() => children().length === 0, { interval: 50, message });
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
  await untilNoChildren();
  const leaks = watchLeaks();
  let started = 0;
  const controller = new AbortController();
  const running = soakCluster({
    seed: SEED,
    duration: 0,
    round: 60_000,
    signal: controller.signal,
    onFaults: () => {
      started = children().length;
      controller.abort(new Error("ended"));
    },
  });
  await expect(running).rejects.toThrow(`seed ${SEED}: Error: round 1: Error: ended`);
  await leaks.assertNone();
  expect(started).toBeGreaterThanOrEqual(6);
  await untilNoChildren();
}, 60_000);
