/** Transitions of the state of one master, with a fake clock. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Address } from "../../../src/options/address.js";
import { MasterState } from "../../../src/sentinel/master-state.js";

vi.mock("../../../src/util/timers.js", async (original) => {
  const { fakeableTimers } = await import("../../support/fakeable-timers.js");
  return fakeableTimers(original);
});

const addressOf = (host: string, port: number): Address => ({ kind: "tcp", host, port });
const A = addressOf("10.0.0.1", 6379);
const B = addressOf("10.0.0.2", 6379);
const C = addressOf("10.0.0.3", 6379);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A state whose master is A, in epoch 7, found by a query. */
function knownMaster(): MasterState {
  const state = new MasterState();
  state.accept({ address: A, epoch: 7 });
  return state;
}

describe("MasterState", () => {
  it("accepts the first report without a change, and queries again for the next connection", () => {
    const state = new MasterState();
    expect(state.mayBeMaster(B)).toBe(true);
    expect(state.accept({ address: A, epoch: 7 })).toBeUndefined();
    expect([state.mayBeMaster(A), state.mayBeMaster(B)]).toEqual([true, false]);
    expect(state.currentAddress()).toBeUndefined();
  });

  it("returns a change for a report of another master, which is trusted for 5 seconds", () => {
    const state = knownMaster();
    const report = { address: B, epoch: 8 };
    expect(state.isStale(report)).toBe(false);
    expect(state.accept(report)).toEqual({ type: "master-changed", master: B });
    vi.advanceTimersByTime(4999);
    expect(state.currentAddress()).toEqual(B);
    vi.advanceTimersByTime(1);
    expect(state.currentAddress()).toBeUndefined();
  });

  it("treats a report of another master as stale by epoch, unless the present one is suspect", () => {
    const state = knownMaster();
    state.accept({ address: B, epoch: 8 });
    expect(state.isStale({ address: A, epoch: 8 })).toBe(true);
    expect(state.isStale({ address: C, epoch: 9 })).toBe(false);
    vi.advanceTimersByTime(5000);
    expect(state.isStale({ address: A, epoch: 8 })).toBe(false);
    expect(state.isStale({ address: A, epoch: 7 })).toBe(true);
    state.markSuspect(B);
    expect(state.isStale({ address: A, epoch: 7 })).toBe(false);
  });

  it("treats every report of another master as stale for 5 seconds after an event", () => {
    const state = knownMaster();
    state.changeMaster(B);
    expect(state.isStale({ address: A, epoch: 99 })).toBe(true);
    expect(state.isStale({ address: B, epoch: 8 })).toBe(false);
    state.accept({ address: B, epoch: 8 });
    expect(state.isStale({ address: C, epoch: 9 })).toBe(false);
  });

  it("accepts lower epochs again after the Sentinels were reset", () => {
    const state = knownMaster();
    state.accept({ address: B, epoch: 8 });
    state.resetEpoch();
    expect(state.isStale({ address: A, epoch: 0 })).toBe(false);
  });

  it("returns a selected replica as the current address for 3 seconds, and reports it once", () => {
    const state = knownMaster();
    expect(state.startFailover(B)).toEqual({ type: "failover-started", next: B });
    expect(state.startFailover(B)).toBeUndefined();
    expect([state.isPromoting(B), state.isPromoting(A)]).toEqual([true, false]);
    expect(state.currentAddress()).toEqual(B);
    vi.advanceTimersByTime(3000);
    expect(state.isPromoting(B)).toBe(false);
    expect(state.currentAddress()).toBeUndefined();
    expect(state.abortFailover()).toBeUndefined();
  });

  it("returns a change for an aborted failover, once", () => {
    const state = knownMaster();
    state.startFailover(B);
    expect(state.abortFailover()).toEqual({ type: "failover-aborted", next: B });
    expect(state.abortFailover()).toBeUndefined();
    expect(state.currentAddress()).toBeUndefined();
  });

  it("makes a selected replica the master when it reports that role itself", () => {
    const state = knownMaster();
    expect(state.markConfirmed(A)).toBeUndefined();
    state.startFailover(B);
    expect(state.markConfirmed(A)).toBeUndefined();
    expect(state.markConfirmed(B)).toEqual({ type: "master-changed", master: B });
    expect(state.isPromoting(B)).toBe(false);
    expect(state.currentAddress()).toEqual(B);
  });

  it("does not return a suspect master without a query, until it is confirmed", () => {
    const state = knownMaster();
    state.changeMaster(B);
    state.markSuspect(B);
    expect([state.isSuspect(B), state.currentAddress()]).toEqual([true, undefined]);
    state.markConfirmed(B);
    expect([state.isSuspect(B), state.currentAddress()]).toEqual([false, B]);
  });
});
