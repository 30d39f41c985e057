/** Tests of the timer shared by many deadlines: when it fires, when it does not, and that no timer is left running. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DeadlineTimer, limitWait } from "../../../src/util/deadline-timer.js";

vi.mock("../../../src/util/timers.js", async (original) => {
  const { fakeableTimers } = await import("../../support/fakeable-timers.js");
  return fakeableTimers(original);
});

const NEVER = Number.POSITIVE_INFINITY;

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setImmediate", "clearImmediate", "performance"],
  });
});

afterEach(() => {
  vi.useRealTimers();
});

/** A DeadlineTimer over a list of deadlines; its callback returns the earliest remaining one. */
function setUp(keepAlive = false) {
  const deadlines: number[] = [];
  const checks: number[] = [];
  const expired: number[] = [];
  const deadlineTimer = new DeadlineTimer(
    (now) => {
      checks.push(Math.round(now - start));
      for (const deadline of [...deadlines]) {
        if (deadline > now) continue;
        expired.push(deadline - start);
        deadlines.splice(deadlines.indexOf(deadline), 1);
      }
      return Math.min(NEVER, ...deadlines);
    },
    { keepAlive, patient: false },
  );
  const start = performance.now();
  const watch = (delay: number) => {
    const now = performance.now();
    deadlines.push(now + delay);
    deadlineTimer.watch(now + delay, now);
  };
  return { deadlineTimer, watch, checks, expired, deadlines };
}

const advance = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

describe("DeadlineTimer", () => {
  it("fires at the deadline, not before", async () => {
    const { watch, expired } = setUp();
    watch(100);
    await advance(99);
    expect(expired).toEqual([]);
    await advance(2);
    expect(expired).toEqual([100]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("fires for the earliest deadline, independent of the order of watch() calls", async () => {
    const { watch, expired } = setUp();
    watch(300);
    watch(100);
    watch(200);
    await advance(101);
    expect(expired).toEqual([100]);
    await advance(100);
    expect(expired).toEqual([100, 200]);
    await advance(100);
    expect(expired).toEqual([100, 200, 300]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("uses one timer for any number of deadlines", () => {
    const { watch } = setUp();
    for (let delay = 1000; delay < 2000; delay++) watch(delay);
    expect(vi.getTimerCount()).toBe(1);
    watch(500);
    expect(vi.getTimerCount()).toBe(1);
  });

  it("keeps its timer when a later deadline is added", () => {
    const { watch } = setUp();
    const set = vi.spyOn(globalThis, "setTimeout");
    watch(100);
    for (let i = 0; i < 50; i++) watch(100 + i);
    expect(set).toHaveBeenCalledTimes(1);
    watch(50);
    expect(set).toHaveBeenCalledTimes(2);
  });

  it("checks once for a removed deadline and then fires for the next one", async () => {
    const { watch, checks, expired, deadlines } = setUp();
    watch(100);
    watch(250);
    deadlines.shift();
    await advance(120);
    expect([checks.length, expired]).toEqual([1, []]);
    await advance(140);
    expect(expired).toEqual([250]);
  });

  it("can be reused after it fired and after stop()", async () => {
    const { deadlineTimer, watch, expired } = setUp();
    watch(10);
    await advance(15);
    watch(10);
    await advance(15);
    deadlineTimer.stop();
    watch(10);
    await advance(15);
    expect(expired).toHaveLength(3);
  });

  it("never fires after stop()", async () => {
    const { deadlineTimer, watch, checks } = setUp();
    watch(10);
    deadlineTimer.stop();
    expect(vi.getTimerCount()).toBe(0);
    await advance(100);
    expect(checks).toEqual([]);
  });

  it("forgets its deadlines on stop(), so that a later deadline fires", async () => {
    const { deadlineTimer, watch, deadlines, expired } = setUp();
    watch(10);
    deadlineTimer.stop();
    deadlines.length = 0;
    watch(500);
    await advance(502);
    expect(expired).toEqual([500]);
  });

  it("reads the sockets before it checks the deadlines, and does not fire when stopped in that turn", () => {
    const { deadlineTimer, watch, checks } = setUp();
    watch(10);
    vi.advanceTimersToNextTimer();
    expect([performance.now() >= 10, checks]).toEqual([true, []]);
    deadlineTimer.stop();
    vi.advanceTimersByTime(100);
    expect([checks, vi.getTimerCount()]).toEqual([[], 0]);
  });

  it("does not fire again after its callback called stop()", async () => {
    let checks = 0;
    const deadlineTimer: DeadlineTimer = new DeadlineTimer(
      () => {
        checks++;
        deadlineTimer.stop();
        return NEVER;
      },
      { keepAlive: false, patient: false },
    );
    deadlineTimer.watch(performance.now() + 10, performance.now());
    await advance(100);
    expect([checks, vi.getTimerCount()]).toEqual([1, 0]);
  });

  it("fires soon for a deadline that has already passed", async () => {
    const { watch, expired } = setUp();
    watch(-5);
    await advance(2);
    expect(expired).toEqual([-5]);
  });

  it("supports deadlines beyond the 32-bit limit of Node's timers", async () => {
    const { watch, checks, expired } = setUp();
    const days = 30 * 24 * 3600 * 1000;
    const set = vi.spyOn(globalThis, "setTimeout");
    watch(days);
    expect(set.mock.calls[0]?.[1]).toBe(2 ** 31 - 1);
    await advance(2 ** 31);
    expect([checks, expired]).toEqual([[], []]);
    await advance(days - 2 ** 31 + 1);
    expect(expired).toEqual([days]);
  });

  it("rounds the delay up, so that it never fires early", () => {
    const set = vi.spyOn(globalThis, "setTimeout");
    const deadlineTimer = new DeadlineTimer(() => NEVER, { keepAlive: false, patient: false });
    deadlineTimer.watch(1000.2, 0.9);
    expect(set.mock.calls[0]?.[1]).toBe(1000);
  });

  it.each([
    [true, true],
    [false, false],
  ])("keeps the process alive only when keepAlive is true: %s", (keepAlive, expected) => {
    vi.useRealTimers();
    const set = vi.spyOn(globalThis, "setTimeout");
    const deadlineTimer = new DeadlineTimer(() => NEVER, { keepAlive, patient: false });
    deadlineTimer.watch(performance.now() + 60_000, performance.now());
    const timer = set.mock.results[0]?.value as NodeJS.Timeout;
    expect(timer.hasRef()).toBe(expected);
    deadlineTimer.stop();
  });
});

describe("limitWait", () => {
  it("calls the function once, at the limit", async () => {
    const onTimeout = vi.fn();
    limitWait(100, onTimeout);
    await advance(99);
    expect(onTimeout).not.toHaveBeenCalled();
    await advance(1000);
    expect(onTimeout).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("leaves no timer behind when the wait has ended", async () => {
    const onTimeout = vi.fn();
    const stop = limitWait(100, onTimeout);
    await advance(60);
    stop();
    expect(vi.getTimerCount()).toBe(0);
    await advance(1000);
    expect(onTimeout).not.toHaveBeenCalled();
  });

  it("fires few timers in a long wait", async () => {
    const set = vi.spyOn(globalThis, "setTimeout");
    limitWait(60_000, () => {});
    await advance(60_000);
    expect(set.mock.calls.length).toBeLessThan(40);
  });
});
