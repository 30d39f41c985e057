/** Tests of when a client that reads from replicas asks for another view. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ReadRefresh } from "../../../src/cluster/read-refresh.js";

vi.mock("../../../src/util/timers.js", async (original) => {
  const { fakeableTimers } = await import("../../support/fakeable-timers.js");
  return fakeableTimers(original);
});

const nodes = (...names: string[]) => names.map((name) => ({ name }));

describe("ReadRefresh", () => {
  let refresh: ReturnType<typeof vi.fn<() => void>>;
  let reads: ReadRefresh;

  beforeEach(() => {
    vi.useFakeTimers();
    refresh = vi.fn<() => void>();
    reads = new ReadRefresh(refresh);
    reads.adopted(nodes("a", "b", "c"));
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Read every 100 ms; return the moments (s, since the beginning) of the refreshes. */
  function readFor(seconds: number, view?: ReturnType<typeof nodes>): number[] {
    const moments: number[] = [];
    refresh.mockImplementation(() => {
      moments.push(performance.now() / 1000 - start);
      if (view !== undefined) reads.adopted(view);
    });
    const start = performance.now() / 1000;
    for (let i = 0; i < seconds * 10; i++) {
      vi.advanceTimersByTime(100);
      reads.onRead();
    }
    return moments;
  }

  it("asks about once per minute while no node is missing", () => {
    const moments = readFor(300, nodes("a", "b", "c"));
    expect(moments.length).toBeGreaterThanOrEqual(3);
    expect(moments.length).toBeLessThanOrEqual(6);
  });

  it("asks after about a second when a node is missing, then after growing pauses of up to 30 s", () => {
    reads.adopted(nodes("a", "b"));
    const [first = 0, second = 0, ...others] = readFor(300, nodes("a", "b"));
    expect(first).toBeGreaterThan(0.7);
    expect(first).toBeLessThan(1.4);
    expect(second - first).toBeGreaterThan(1.4);
    expect(others.length).toBeGreaterThan(8);
    expect(others.length).toBeLessThan(17);
    const last = others.slice(-4);
    for (const [i, moment] of last.slice(1).entries())
      expect(moment - (last[i] ?? 0)).toBeGreaterThan(22);
  });

  it("asks again after a second when one more node is missing", () => {
    reads.adopted(nodes("a", "b"));
    readFor(120, nodes("a", "b"));
    reads.adopted(nodes("a"));
    expect(readFor(1.5)).toHaveLength(1);
  });

  it("asks about once per minute again when the node has returned", () => {
    reads.adopted(nodes("a", "b"));
    readFor(5, nodes("a", "b"));
    reads.adopted(nodes("a", "b", "c"));
    expect(readFor(40)).toEqual([]);
  });

  it("asks about once per minute again when a node is missing for ten minutes", () => {
    reads.adopted(nodes("a", "b"));
    readFor(660, nodes("a", "b"));
    expect(readFor(120, nodes("a", "b")).length).toBeLessThan(4);
  });

  it("asks once per pause when the refresh brings no view", () => {
    reads.adopted(nodes("a", "b"));
    expect(readFor(2.4).length).toBeLessThanOrEqual(2);
  });

  it("asks nothing without reads, and before the first view", () => {
    vi.advanceTimersByTime(3_600_000);
    expect(refresh).not.toHaveBeenCalled();
    const early = new ReadRefresh(refresh);
    for (let i = 0; i < 1000; i++) early.onRead();
    expect(refresh).not.toHaveBeenCalled();
  });
});
