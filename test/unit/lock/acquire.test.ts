/** How long is waited between the attempts to take a lock; with a clock that stands still. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Acquisition } from "../../../src/lock/acquire.js";
import { acquireSettings, type LockOptions, lockSettings } from "../../../src/lock/options.js";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const nothingElse = () => Promise.reject(new Error("nothing else is sent"));

/** Start waiting for a lock that is free from the moment `freeAt` (ms) on. */
function contend(options: LockOptions, freeAt: number) {
  const begun = performance.now();
  const tries: number[] = [];
  const client = {
    async set() {
      tries.push(performance.now() - begun);
      return performance.now() - begun >= freeAt ? true : null;
    },
    evalsha: nothingElse,
    evalshaRo: nothingElse,
    scriptLoad: nothingElse,
  };
  const settings = acquireSettings(lockSettings(options), {});
  const token = Buffer.from("token");
  const wanted = { name: "lock", token, settings, client, cleaner: client };
  return { tries, held: new Acquisition(wanted).run() };
}

it.each([
  [0, 75],
  [0.5, 100],
  [1, 125],
])("at random %f the pause of 100 ms lasts %i ms", async (random, pause) => {
  vi.spyOn(Math, "random").mockReturnValue(random);
  const { tries, held } = contend({ sleep: 100 }, 250);
  await vi.advanceTimersByTimeAsync(1000);
  expect(tries.map(Math.round)).toEqual(
    Array.from({ length: Math.ceil(250 / pause) + 1 }, (_, i) => i * pause),
  );
  expect((await held)?.validUntil).toBe(Number.POSITIVE_INFINITY);
});

it("ends before a try that would come after blockingTimeout", async () => {
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  const { tries, held } = contend({ sleep: 100, blockingTimeout: 250 }, 10_000);
  await vi.advanceTimersByTimeAsync(200);
  expect(await held).toBeUndefined();
  expect(tries).toEqual([0, 100, 200]);
  expect(vi.getTimerCount()).toBe(0);
});

it("counts the time of a lock from the sending of the command", async () => {
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  const { held } = contend({ sleep: 100, timeout: 500 }, 100);
  const begun = performance.now();
  await vi.advanceTimersByTimeAsync(100);
  expect((await held)?.validUntil).toBe(begun + 100 + 500);
});
