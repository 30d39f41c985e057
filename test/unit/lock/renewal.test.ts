/** When a lock is renewed, and when its keeper gives it up; with a clock that stands still. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LockNotOwnedError, TimeoutError } from "../../../src/errors.js";
import { LockRenewal } from "../../../src/lock/renewal.js";
import { deferred } from "../../support/until.js";

const TIMEOUT = 300;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A lock of {@link TIMEOUT} ms whose renewals go as told; those not told of succeed. */
function keep(outer?: AbortSignal, ...renewals: (() => unknown)[]) {
  const renewed: number[] = [];
  const begun = performance.now();
  const lock = { validUntil: (begun + TIMEOUT) as number | undefined };
  const keeper = new LockRenewal({
    interval: TIMEOUT / 3,
    validUntil: () => lock.validUntil,
    renew: async () => {
      const sent = performance.now();
      renewed.push(sent - begun);
      await renewals.shift()?.();
      lock.validUntil = sent + TIMEOUT;
    },
    signal: outer,
  });
  return { keeper, lock, renewed };
}

const fails = () => {
  throw new TimeoutError("late");
};

describe("a keeper", () => {
  it("renews at every third of the time", async () => {
    const { keeper, renewed } = keep();
    await vi.advanceTimersByTimeAsync(1000);
    expect(renewed).toEqual([100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]);
    expect(keeper.signal.aborted).toBe(false);
    keeper.stop();
  });

  it("leaves no timer behind", async () => {
    const { keeper, renewed } = keep();
    await vi.advanceTimersByTimeAsync(150);
    keeper.stop();
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(1000);
    expect(renewed).toEqual([100]);
  });

  it("tries again soon when there was no answer, and goes on as before after one", async () => {
    const { keeper, renewed } = keep(undefined, fails, fails);
    await vi.advanceTimersByTimeAsync(300);
    expect(renewed).toEqual([100, 120, 140, 240]);
    expect(keeper.signal.aborted).toBe(false);
    keeper.stop();
  });

  it("gives up when the time that was confirmed is over, whatever went wrong being the cause", async () => {
    const { keeper } = keep(undefined, ...Array.from({ length: 50 }, () => fails));
    await vi.advanceTimersByTimeAsync(TIMEOUT - 1);
    expect(keeper.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(keeper.signal.aborted).toBe(true);
    expect(keeper.signal.reason).toBe(keeper.lost);
    expect(keeper.lost).toBeInstanceOf(LockNotOwnedError);
    expect(keeper.lost?.cause).toBeInstanceOf(TimeoutError);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("gives up in time although a renewal hangs, and does not come back when it succeeds", async () => {
    const hanging = deferred<void>();
    const { keeper, renewed } = keep(undefined, () => hanging.promise);
    await vi.advanceTimersByTimeAsync(TIMEOUT);
    expect(keeper.signal.aborted).toBe(true);
    hanging.resolve();
    await vi.advanceTimersByTimeAsync(TIMEOUT);
    expect(renewed).toEqual([100]);
    expect(keeper.lost).toBeInstanceOf(LockNotOwnedError);
  });

  it("counts the time from the sending of a renewal, not from its answer", async () => {
    const slow = deferred<void>();
    const { keeper, renewed } = keep(
      undefined,
      () => slow.promise,
      ...Array.from({ length: 50 }, () => fails),
    );
    await vi.advanceTimersByTimeAsync(190);
    slow.resolve();
    await vi.advanceTimersByTimeAsync(209);
    expect(renewed.slice(0, 2)).toEqual([100, 200]);
    expect(keeper.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(keeper.signal.aborted).toBe(true);
  });

  it("gives up at once when the server says that the lock is not ours", async () => {
    const gone = new LockNotOwnedError("gone");
    const { keeper } = keep(undefined, () => {
      throw gone;
    });
    await vi.advanceTimersByTimeAsync(100);
    expect(keeper.lost?.cause).toBe(gone);
    expect(keeper.signal.aborted).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("notices at the end that time has passed while the process stood still", async () => {
    const { keeper } = keep();
    vi.setSystemTime(Date.now() + TIMEOUT);
    const now = performance.now();
    vi.spyOn(performance, "now").mockReturnValue(now + TIMEOUT);
    keeper.stop();
    expect(keeper.lost).toBeInstanceOf(LockNotOwnedError);
  });

  it("stops keeping a lock that was given back", async () => {
    const { keeper, lock, renewed } = keep();
    await vi.advanceTimersByTimeAsync(50);
    lock.validUntil = undefined;
    await vi.advanceTimersByTimeAsync(1000);
    expect(renewed).toEqual([]);
    expect(keeper.signal.aborted).toBe(false);
    keeper.stop();
    expect(keeper.lost).toBeUndefined();
  });

  it("does not call it lost when a renewal comes too late for a lock that was given back", async () => {
    const hanging = deferred<void>();
    const { keeper, lock } = keep(undefined, async () => {
      await hanging.promise;
      throw new LockNotOwnedError("released");
    });
    await vi.advanceTimersByTimeAsync(100);
    lock.validUntil = undefined;
    keeper.stop();
    hanging.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(keeper.lost).toBeUndefined();
    expect(keeper.signal.aborted).toBe(false);
  });

  it("passes on somebody else's reason to stop, and keeps the lock until the work has ended", async () => {
    const outer = new AbortController();
    const { keeper, renewed } = keep(outer.signal);
    outer.abort("enough");
    expect(keeper.signal.reason).toBe("enough");
    await vi.advanceTimersByTimeAsync(250);
    expect(renewed).toEqual([100, 200]);
    expect(keeper.lost).toBeUndefined();
    keeper.stop();
  });

  it("knows of a reason to stop that was there before", () => {
    const { keeper } = keep(AbortSignal.abort("before"));
    expect(keeper.signal.reason).toBe("before");
    keeper.stop();
  });

  it("has nothing to renew for a lock without end", async () => {
    const renew = vi.fn();
    const validUntil = () => Number.POSITIVE_INFINITY;
    const keeper = new LockRenewal({ interval: 0, validUntil, renew, signal: undefined });
    expect(vi.getTimerCount()).toBe(0);
    keeper.stop();
    expect(keeper.lost).toBeUndefined();
  });
});
