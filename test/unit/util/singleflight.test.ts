/** Sharing of pending executions by key. */
import { describe, expect, it, vi } from "vitest";
import { Singleflight } from "../../../src/util/singleflight.js";
import { deferred } from "../../support/until.js";

describe("Singleflight", () => {
  it("runs the work once for concurrent calls with the same key, and passes it the key", async () => {
    const flights = new Singleflight<string, string>();
    const pending = deferred<string>();
    const work = vi.fn((_: string) => pending.promise);
    const calls = [flights.run("a", work), flights.run("a", work)];
    expect(work.mock.calls).toEqual([["a"]]);
    pending.resolve("value");
    expect(await Promise.all(calls)).toEqual(["value", "value"]);
  });

  it("runs the work separately for each key", async () => {
    const flights = new Singleflight<string, string>();
    const work = async (key: string) => `value of ${key}`;
    const values = await Promise.all([flights.run("a", work), flights.run("b", work)]);
    expect(values).toEqual(["value of a", "value of b"]);
  });

  it("rejects all concurrent calls with the same error", async () => {
    const flights = new Singleflight<string, string>();
    const error = new Error("failed");
    const work = vi.fn(() => Promise.reject(error));
    const results = await Promise.allSettled([flights.run("a", work), flights.run("a", work)]);
    expect(results.map((result) => result.status === "rejected" && result.reason)).toEqual([
      error,
      error,
    ]);
    expect(work).toHaveBeenCalledTimes(1);
  });

  it("keeps no result: a call after the end starts the work again, also after a failure", async () => {
    const flights = new Singleflight<string, number>();
    let runs = 0;
    const work = async () => {
      if (++runs === 1) throw new Error("failed");
      return runs;
    };
    await expect(flights.run("a", work)).rejects.toThrow("failed");
    expect(await flights.run("a", work)).toBe(2);
    expect(await flights.run("a", work)).toBe(3);
  });
});
