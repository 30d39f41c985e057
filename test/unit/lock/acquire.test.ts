/** Tests of the pauses between attempts to acquire a lock, with fake timers. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Acquisition } from "../../../src/lock/acquire.js";
import { acquireSettings, type LockOptions, lockSettings } from "../../../src/lock/options.js";

vi.mock("../../../src/util/timers.js", async (original) => {
  const { fakeableTimers } = await import("../../support/fakeable-timers.js");
  return fakeableTimers(original);
});

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const unexpected = () => Promise.reject(new Error("unexpected command"));

/** Start waiting for a lock that is free from the moment `freeAt` (ms) on. */
function contend(options: LockOptions, freeAt: number) {
  const start = performance.now();
  const attempts: number[] = [];
  const client = {
    async set() {
      attempts.push(performance.now() - start);
      return performance.now() - start >= freeAt ? true : null;
    },
    get: async () => Buffer.from("another holder"),
    evalsha: unexpected,
    evalshaRo: unexpected,
    eval: unexpected,
    evalRo: unexpected,
    scriptLoad: unexpected,
  };
  const settings = acquireSettings(lockSettings(options), "acquire", []);
  const token = Buffer.from("token");
  const wanted = { name: "lock", token, settings, client, cleanupClient: client };
  return { attempts, held: new Acquisition(wanted).run() };
}

it.each([
  [0, 75],
  [0.5, 100],
  [1, 125],
])(
  "waits between attempts with jitter: Math.random() %f turns a sleep of 100 ms into %i ms",
  async (random, pause) => {
    vi.spyOn(Math, "random").mockReturnValue(random);
    const { attempts, held } = contend({ sleep: 100 }, 250);
    await vi.advanceTimersByTimeAsync(1000);
    expect(attempts.map(Math.round)).toEqual(
      Array.from({ length: Math.ceil(250 / pause) + 1 }, (_, i) => i * pause),
    );
    expect((await held)?.validUntil).toBe(Number.POSITIVE_INFINITY);
  },
);

it("stops before an attempt that would start after blockingTimeout", async () => {
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  const { attempts, held } = contend({ sleep: 100, blockingTimeout: 250 }, 10_000);
  await vi.advanceTimersByTimeAsync(200);
  expect(await held).toBeUndefined();
  expect(attempts).toEqual([0, 100, 200]);
  expect(vi.getTimerCount()).toBe(0);
});

it("counts the timeout of a lock from the sending of the SET command", async () => {
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  const { held } = contend({ sleep: 100, timeout: 500 }, 100);
  const start = performance.now();
  await vi.advanceTimersByTimeAsync(100);
  expect((await held)?.validUntil).toBe(start + 100 + 500);
});
