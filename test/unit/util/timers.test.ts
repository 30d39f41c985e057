/** Tests of the timers of the library: delays that Node refuses, a blocked event loop, fake timers. */
import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { DeadlineTimer, limitWait } from "../../../src/util/deadline-timer.js";
import {
  createTimers,
  loopTime,
  nextTick,
  realTime,
  runSoon,
  startImmediate,
  startInterval,
  startTimer,
  tickOf,
} from "../../../src/util/timers.js";

const MAX_DELAY = 2 ** 31 - 1;

afterEach(() => {
  vi.useRealTimers();
});

/** Keep the event loop busy. */
function block(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

/** The functions of the module over fake functions of Node. */
function fakeTimers() {
  const delays: number[] = [];
  let time = 0;
  let pending: (() => void) | undefined;
  const handle = { unref: () => handle } as unknown as NodeJS.Timeout;
  const timers = createTimers({
    setTimeout: (callback, delay) => {
      delays.push(delay);
      pending = callback;
      return handle;
    },
    clearTimeout: () => {
      pending = undefined;
    },
    setImmediate,
    clearImmediate,
    now: () => time,
  });
  const fireAt = (moment: number): void => {
    time = moment;
    const callback = pending;
    pending = undefined;
    callback?.();
  };
  return { timers, delays, fireAt, isPending: () => pending !== undefined };
}

describe("startTimer", () => {
  it.each([
    [0, 0],
    [-1, 0],
    [Number.NEGATIVE_INFINITY, 0],
    [Number.NaN, 0],
    [0.2, 1],
    [1e12, MAX_DELAY],
    [Number.POSITIVE_INFINITY, MAX_DELAY],
  ])("passes Node a delay it accepts, for a delay of %s ms", (delay, expected) => {
    const { timers, delays } = fakeTimers();
    timers.startTimer(delay, () => {});
    expect(delays).toEqual([expected]);
  });

  it("ends a delay beyond 2^31-1 ms at its time, not before", () => {
    const { timers, delays, fireAt } = fakeTimers();
    const callback = vi.fn();
    timers.startTimer(MAX_DELAY + 1000, callback);
    fireAt(MAX_DELAY);
    expect([callback.mock.calls.length, delays]).toEqual([0, [MAX_DELAY, 1000]]);
    fireAt(MAX_DELAY + 1000);
    expect(callback).toHaveBeenCalledTimes(1);
  });

  it("never ends a delay of Infinity", () => {
    const { timers, delays, fireAt, isPending } = fakeTimers();
    const callback = vi.fn();
    timers.startTimer(Number.POSITIVE_INFINITY, callback);
    for (let i = 1; i <= 10; i++) fireAt(i * MAX_DELAY);
    expect([callback.mock.calls.length, isPending()]).toEqual([0, true]);
    expect(new Set(delays)).toEqual(new Set([MAX_DELAY]));
  });

  it("does not call the function after cancel()", async () => {
    const callback = vi.fn();
    startTimer(1, callback).cancel();
    startImmediate(callback).cancel();
    await wait(5);
    expect(callback).not.toHaveBeenCalled();
  });
});

describe("startInterval", () => {
  it("calls the function repeatedly until it is cancelled, also from inside the function", async () => {
    let calls = 0;
    await new Promise<void>((resolve) => {
      const interval = startInterval(1, () => {
        if (++calls < 3) return;
        interval.cancel();
        resolve();
      });
    });
    await wait(5);
    expect(calls).toBe(3);
  });
});

describe("loopTime", () => {
  it("advances like the clock while timers fire in time", async () => {
    const before = realTime() - loopTime();
    await new Promise<void>((resolve) => startTimer(10, resolve));
    expect(realTime() - loopTime() - before).toBeLessThan(10);
  });

  it("excludes the time by which a blocked event loop delayed a timer", () => {
    const { timers, fireAt } = fakeTimers();
    timers.startTimer(100, () => {});
    fireAt(1000);
    expect(timers.loopTime()).toBe(100);
  });

  it("excludes a blocked period once when it delayed several timers", async () => {
    const before = loopTime();
    const fired = Array.from(
      { length: 5 },
      (_, i) => new Promise<void>((resolve) => startTimer(10 + i, resolve)),
    );
    block(200);
    await Promise.all(fired);
    expect(loopTime() - before).toBeLessThan(60);
    expect(loopTime() - before).toBeGreaterThan(5);
  });
});

describe("limitWait", () => {
  it("does not count time in which the event loop was blocked", async () => {
    let isOver = false;
    const stop = limitWait(100, () => {
      isOver = true;
    });
    block(500);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(isOver).toBe(false);
    stop();
  });

  it("ends a wait although every turn of the event loop is longer than the limit", async () => {
    let turns = 0;
    let isOver = false;
    limitWait(40, () => {
      isOver = true;
    });
    while (!isOver) {
      block(50);
      turns++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(turns).toBeGreaterThan(2);
    expect(turns).toBeLessThan(20);
  });
});

describe("DeadlineTimer", () => {
  it("does not count a deadline that passes after the sockets were read, while another callback blocks the loop", async () => {
    const checks: number[] = [];
    const start = realTime();
    await new Promise<void>((resolve) => {
      const onDue = (now: number): number => {
        checks.push(now - start);
        if (checks.length === 1) return start + 150;
        resolve();
        return Number.POSITIVE_INFINITY;
      };
      const timer = new DeadlineTimer(onDue, { keepAlive: true, patient: false });
      // Fires in the same turn as the deadline timer, before it.
      setTimeout(() => setImmediate(() => block(200)), 1);
      timer.watch(start + 20, start);
      block(40);
    });
    expect(checks[0]).toBeLessThan(150);
    expect(checks[1]).toBeGreaterThan(150);
  });
});

describe("fake timers", () => {
  it("do not stop timers, ticks and promise jobs of the library", async () => {
    const { nextTick: realNextTick } = process;
    vi.useFakeTimers();
    process.nextTick = () => {};
    try {
      await Promise.all([
        new Promise<void>((resolve) => startTimer(1, resolve)),
        new Promise<void>((resolve) => startImmediate(resolve)),
        new Promise<void>((resolve) => nextTick(resolve)),
        new Promise<void>((resolve) => runSoon(resolve)),
      ]);
    } finally {
      process.nextTick = realNextTick;
    }
  });

  it("do not stop the clock of the library", async () => {
    vi.useFakeTimers();
    const before = realTime();
    await new Promise<void>((resolve) => startTimer(5, resolve));
    expect(realTime() - before).toBeGreaterThanOrEqual(4);
  });

  it("do not stop ticks when they were installed before the library was loaded", async () => {
    // The library of fake timers in Jest and Vitest marks what it replaces with its clock.
    const fake = Object.assign(() => {}, { clock: {} });
    const order: string[] = [];
    await new Promise<void>((resolve) => {
      tickOf(fake)(() => resolve(void order.push("later")));
      order.push("now");
    });
    expect(order).toEqual(["now", "later"]);
  });
});

describe("async context of the caller", () => {
  it("does not reach the callbacks of timers that a caller starts", async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    await storage.run("request", async () => {
      const report = (resolve: () => void) => () => {
        seen.push(storage.getStore());
        resolve();
      };
      await Promise.all([
        new Promise<void>((resolve) => startTimer(1, report(resolve))),
        new Promise<void>((resolve) => startImmediate(report(resolve))),
        new Promise<void>((resolve) => runSoon(report(resolve))),
      ]);
    });
    expect(seen).toEqual([undefined, undefined, undefined]);
  });
});
