/** One timer for many deadlines: when it rings, when it does not, and that it never stays behind. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DeadlineTimer } from "../../../src/util/deadline-timer.js";

const NEVER = Number.POSITIVE_INFINITY;

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setImmediate", "clearImmediate", "performance"],
  });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Deadlines in a list; the dog is told the earliest one left, as its owners do. */
function kennel(keepAlive = false) {
  const deadlines: number[] = [];
  const rung: number[] = [];
  const expired: number[] = [];
  const dog = new DeadlineTimer((now) => {
    rung.push(Math.round(now - start));
    for (const deadline of [...deadlines]) {
      if (deadline > now) continue;
      expired.push(deadline - start);
      deadlines.splice(deadlines.indexOf(deadline), 1);
    }
    return Math.min(NEVER, ...deadlines);
  }, keepAlive);
  const start = performance.now();
  const watch = (delay: number) => {
    const now = performance.now();
    deadlines.push(now + delay);
    dog.watch(now + delay, now);
  };
  return { dog, watch, rung, expired, deadlines };
}

const advance = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

describe("Watchdog", () => {
  it("rings at the deadline, not before", async () => {
    const { watch, expired } = kennel();
    watch(100);
    await advance(99);
    expect(expired).toEqual([]);
    await advance(2);
    expect(expired).toEqual([100]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("rings for the earliest deadline, whatever the order they came in", async () => {
    const { watch, expired } = kennel();
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

  it("needs one timer for any number of deadlines", () => {
    const { watch } = kennel();
    for (let delay = 1000; delay < 2000; delay++) watch(delay);
    expect(vi.getTimerCount()).toBe(1);
    watch(500);
    expect(vi.getTimerCount()).toBe(1);
  });

  it("does not move its timer for deadlines that are later", () => {
    const { watch } = kennel();
    const set = vi.spyOn(globalThis, "setTimeout");
    watch(100);
    for (let i = 0; i < 50; i++) watch(100 + i);
    expect(set).toHaveBeenCalledTimes(1);
    watch(50);
    expect(set).toHaveBeenCalledTimes(2);
  });

  it("looks once for a deadline that is gone, and goes on to the next", async () => {
    const { watch, rung, expired, deadlines } = kennel();
    watch(100);
    watch(250);
    deadlines.shift();
    await advance(120);
    expect([rung.length, expired]).toEqual([1, []]);
    await advance(140);
    expect(expired).toEqual([250]);
  });

  it("can be used again after it has rung and after it was stopped", async () => {
    const { dog, watch, expired } = kennel();
    watch(10);
    await advance(15);
    watch(10);
    await advance(15);
    dog.stop();
    watch(10);
    await advance(15);
    expect(expired).toHaveLength(3);
  });

  it("never rings after stop()", async () => {
    const { dog, watch, rung } = kennel();
    watch(10);
    dog.stop();
    expect(vi.getTimerCount()).toBe(0);
    await advance(100);
    expect(rung).toEqual([]);
  });

  it("forgets the deadline it was stopped with, so that a later one counts", async () => {
    const { dog, watch, deadlines, expired } = kennel();
    watch(10);
    dog.stop();
    deadlines.length = 0;
    watch(500);
    await advance(502);
    expect(expired).toEqual([500]);
  });

  it("lets the sockets be read before it looks: stopped in that turn, it stays quiet", () => {
    const { dog, watch, rung } = kennel();
    watch(10);
    vi.advanceTimersToNextTimer();
    expect([performance.now() >= 10, rung]).toEqual([true, []]);
    dog.stop();
    vi.advanceTimersByTime(100);
    expect([rung, vi.getTimerCount()]).toEqual([[], 0]);
  });

  it("stopped by its own callback stays quiet", async () => {
    let rings = 0;
    const dog: DeadlineTimer = new DeadlineTimer(() => {
      rings++;
      dog.stop();
      return NEVER;
    }, false);
    dog.watch(performance.now() + 10, performance.now());
    await advance(100);
    expect([rings, vi.getTimerCount()]).toEqual([1, 0]);
  });

  it("rings soon for a deadline that has passed already", async () => {
    const { watch, expired } = kennel();
    watch(-5);
    await advance(2);
    expect(expired).toEqual([-5]);
  });

  it("bears deadlines beyond the 32 bits of Node's timers", async () => {
    const { watch, rung, expired } = kennel();
    const days = 30 * 24 * 3600 * 1000;
    const set = vi.spyOn(globalThis, "setTimeout");
    watch(days);
    expect(set.mock.calls[0]?.[1]).toBe(2 ** 31 - 1);
    await advance(2 ** 31);
    expect([rung.length, expired]).toEqual([1, []]);
    await advance(days - 2 ** 31 + 1);
    expect(expired).toEqual([days]);
  });

  it("never waits less than what is left, so that it does not ring early", () => {
    const set = vi.spyOn(globalThis, "setTimeout");
    const dog = new DeadlineTimer(() => NEVER, false);
    dog.watch(1000.2, 0.9);
    expect(set.mock.calls[0]?.[1]).toBe(1000);
  });

  it.each([
    [true, true],
    [false, false],
  ])("keeps the process alive only when told to: %s", (keepAlive, expected) => {
    vi.useRealTimers();
    const set = vi.spyOn(globalThis, "setTimeout");
    const dog = new DeadlineTimer(() => NEVER, keepAlive);
    dog.watch(performance.now() + 60_000, performance.now());
    const timer = set.mock.results[0]?.value as NodeJS.Timeout;
    expect(timer.hasRef()).toBe(expected);
    dog.stop();
  });
});
