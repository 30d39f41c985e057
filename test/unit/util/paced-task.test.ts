/** Tests of PacedTask: how often requested work runs. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PacedTask } from "../../../src/util/paced-task.js";
import { deferred } from "../../support/until.js";

vi.mock("../../../src/util/timers.js", async (original) => {
  const { fakeableTimers } = await import("../../support/fakeable-timers.js");
  return fakeableTimers(original);
});

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const request = (task: PacedTask, times: number): void => {
  for (let i = 0; i < times; i++) task.request();
};

describe("PacedTask", () => {
  it("runs at once, and once more after the interval for any number of further requests", async () => {
    const work = vi.fn(async () => {});
    const task = new PacedTask(work, 100);
    request(task, 50_000);
    expect(work).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBeLessThanOrEqual(1);
    await vi.advanceTimersByTimeAsync(99);
    expect(work).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(work).toHaveBeenCalledTimes(2);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("never runs concurrently, and runs again for a request made while it runs", async () => {
    const first = deferred<void>();
    const work = vi.fn(() => (work.mock.calls.length === 1 ? first.promise : Promise.resolve()));
    const task = new PacedTask(work, 100);
    request(task, 3);
    await vi.advanceTimersByTimeAsync(5000);
    expect(work).toHaveBeenCalledTimes(1);
    first.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(work).toHaveBeenCalledTimes(2);
  });

  it("runs again after work that rejects or throws nothing back to the requester", async () => {
    const work = vi.fn(async () => {
      throw new Error("failed");
    });
    const task = new PacedTask(work, 100);
    task.request();
    await vi.advanceTimersByTimeAsync(200);
    task.request();
    await vi.advanceTimersByTimeAsync(200);
    expect(work).toHaveBeenCalledTimes(2);
  });

  it("drops the pending request on cancel()", async () => {
    const work = vi.fn(async () => {});
    const task = new PacedTask(work, 100);
    task.request();
    await vi.advanceTimersByTimeAsync(1);
    task.request();
    task.cancel();
    await vi.advanceTimersByTimeAsync(1000);
    expect(work).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});
