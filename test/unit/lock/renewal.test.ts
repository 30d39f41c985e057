/** Tests of when a lock is renewed, and when it is reported as lost, with fake timers. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LockNotOwnedError, TimeoutError } from "../../../src/errors.js";
import { LockRenewal } from "../../../src/lock/renewal.js";
import { deferred } from "../../support/until.js";

vi.mock("../../../src/util/timers.js", async (original) => {
  const { fakeableTimers } = await import("../../support/fakeable-timers.js");
  return fakeableTimers(original);
});

const TIMEOUT = 300;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A lock of {@link TIMEOUT} ms. The renewals run the given functions in turn; further ones succeed. */
function startRenewal(outer?: AbortSignal, ...renewals: (() => unknown)[]) {
  const renewedAt: number[] = [];
  const start = performance.now();
  const lock = { validUntil: (start + TIMEOUT) as number | undefined };
  const renewal = new LockRenewal({
    interval: TIMEOUT / 3,
    validUntil: () => lock.validUntil,
    renew: async () => {
      const sent = performance.now();
      renewedAt.push(sent - start);
      await renewals.shift()?.();
      lock.validUntil = sent + TIMEOUT;
    },
    signal: outer,
  });
  return { renewal, lock, renewedAt };
}

const fails = () => {
  throw new TimeoutError("late");
};

describe("LockRenewal", () => {
  it("renews the lock after each third of its timeout", async () => {
    const { renewal, renewedAt } = startRenewal();
    await vi.advanceTimersByTimeAsync(1000);
    expect(renewedAt).toEqual([100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]);
    expect(renewal.signal.aborted).toBe(false);
    renewal.stop();
  });

  it("stop() leaves no timer running", async () => {
    const { renewal, renewedAt } = startRenewal();
    await vi.advanceTimersByTimeAsync(150);
    renewal.stop();
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(1000);
    expect(renewedAt).toEqual([100]);
  });

  it("retries a failed renewal early and returns to the normal interval after a success", async () => {
    const { renewal, renewedAt } = startRenewal(undefined, fails, fails);
    await vi.advanceTimersByTimeAsync(300);
    expect(renewedAt).toEqual([100, 120, 140, 240]);
    expect(renewal.signal.aborted).toBe(false);
    renewal.stop();
  });

  it("aborts with LockNotOwnedError when the confirmed validity ends, with the last failure as the cause", async () => {
    const { renewal } = startRenewal(undefined, ...Array.from({ length: 50 }, () => fails));
    await vi.advanceTimersByTimeAsync(TIMEOUT - 1);
    expect(renewal.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(renewal.signal.aborted).toBe(true);
    expect(renewal.signal.reason).toBe(renewal.lost);
    expect(renewal.lost).toBeInstanceOf(LockNotOwnedError);
    expect(renewal.lost?.cause).toBeInstanceOf(TimeoutError);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("aborts at the end of the validity while a renewal is pending, and stays aborted when it succeeds", async () => {
    const hanging = deferred<void>();
    const { renewal, renewedAt } = startRenewal(undefined, () => hanging.promise);
    await vi.advanceTimersByTimeAsync(TIMEOUT);
    expect(renewal.signal.aborted).toBe(true);
    hanging.resolve();
    await vi.advanceTimersByTimeAsync(TIMEOUT);
    expect(renewedAt).toEqual([100]);
    expect(renewal.lost).toBeInstanceOf(LockNotOwnedError);
  });

  it("reads the sockets before it aborts at the end of the validity: the event loop may have been blocked", async () => {
    const unread = deferred<void>();
    const { renewal } = startRenewal(undefined, () => unread.promise);
    vi.advanceTimersByTime(TIMEOUT);
    unread.resolve();
    await nextTurn();
    expect(renewal.signal.aborted).toBe(false);
    await renewal.stop();
    expect(renewal.lost).toBeUndefined();
  });

  it("reads the sockets before stop() checks the validity: the work may have blocked the event loop", async () => {
    const unread = deferred<void>();
    const { renewal } = startRenewal(undefined, () => unread.promise);
    await vi.advanceTimersByTimeAsync(TIMEOUT / 3);
    const now = performance.now();
    const clock = vi.spyOn(performance, "now").mockReturnValue(now + TIMEOUT - 50);
    const stopped = renewal.stop();
    unread.resolve();
    await stopped;
    clock.mockRestore();
    expect(renewal.lost).toBeUndefined();
  });

  it("counts the validity from the sending of a renewal, not from its reply", async () => {
    const slow = deferred<void>();
    const { renewal, renewedAt } = startRenewal(
      undefined,
      () => slow.promise,
      ...Array.from({ length: 50 }, () => fails),
    );
    await vi.advanceTimersByTimeAsync(190);
    slow.resolve();
    await vi.advanceTimersByTimeAsync(209);
    expect(renewedAt.slice(0, 2)).toEqual([100, 200]);
    expect(renewal.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(renewal.signal.aborted).toBe(true);
  });

  it("aborts immediately when a renewal fails with LockNotOwnedError", async () => {
    const gone = new LockNotOwnedError("gone");
    const { renewal } = startRenewal(undefined, () => {
      throw gone;
    });
    await vi.advanceTimersByTimeAsync(100);
    expect(renewal.lost?.cause).toBe(gone);
    expect(renewal.signal.aborted).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("reports the lock as lost on stop() when its validity ended while the process was suspended", async () => {
    const { renewal } = startRenewal();
    vi.setSystemTime(Date.now() + TIMEOUT);
    const now = performance.now();
    vi.spyOn(performance, "now").mockReturnValue(now + TIMEOUT);
    renewal.stop();
    expect(renewal.lost).toBeInstanceOf(LockNotOwnedError);
  });

  it("stops renewing a lock that was released", async () => {
    const { renewal, lock, renewedAt } = startRenewal();
    await vi.advanceTimersByTimeAsync(50);
    lock.validUntil = undefined;
    await vi.advanceTimersByTimeAsync(1000);
    expect(renewedAt).toEqual([]);
    expect(renewal.signal.aborted).toBe(false);
    renewal.stop();
    expect(renewal.lost).toBeUndefined();
  });

  it("does not report a released lock as lost when a late renewal fails", async () => {
    const hanging = deferred<void>();
    const { renewal, lock } = startRenewal(undefined, async () => {
      await hanging.promise;
      throw new LockNotOwnedError("released");
    });
    await vi.advanceTimersByTimeAsync(100);
    lock.validUntil = undefined;
    renewal.stop();
    hanging.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(renewal.lost).toBeUndefined();
    expect(renewal.signal.aborted).toBe(false);
  });

  it("passes on the abort of an outer signal and renews until stop()", async () => {
    const outer = new AbortController();
    const { renewal, renewedAt } = startRenewal(outer.signal);
    outer.abort("enough");
    expect(renewal.signal.reason).toBe("enough");
    await vi.advanceTimersByTimeAsync(250);
    expect(renewedAt).toEqual([100, 200]);
    expect(renewal.lost).toBeUndefined();
    renewal.stop();
  });

  it("is aborted from the start when the outer signal is already aborted", () => {
    const { renewal } = startRenewal(AbortSignal.abort("before"));
    expect(renewal.signal.reason).toBe("before");
    renewal.stop();
  });

  it("starts no timer for a lock without timeout", async () => {
    const renew = vi.fn();
    const validUntil = () => Number.POSITIVE_INFINITY;
    const renewal = new LockRenewal({ interval: 0, validUntil, renew, signal: undefined });
    expect(vi.getTimerCount()).toBe(0);
    renewal.stop();
    expect(renewal.lost).toBeUndefined();
  });
});
