/** Waiting for several promises. */
import { describe, expect, it } from "vitest";
import { settleAll } from "../../../src/util/settle-all.js";
import { deferred } from "../../support/until.js";

describe("settleAll", () => {
  it("returns the values in the order of the promises", async () => {
    const slow = deferred<string>();
    const all = settleAll([slow.promise, Promise.resolve("b")]);
    slow.resolve("a");
    expect(await all).toEqual(["a", "b"]);
    expect(await settleAll([])).toEqual([]);
  });

  it("rejects only after every promise has settled, with the first error in their order", async () => {
    const slow = deferred<string>();
    const pending = deferred<string>();
    let isSettled = false;
    const all = settleAll([slow.promise, Promise.reject(new Error("second")), pending.promise]);
    all.catch(() => {
      isSettled = true;
    });
    slow.reject(new Error("first"));
    await new Promise(setImmediate);
    expect(isSettled).toBe(false);
    pending.resolve("value");
    await expect(all).rejects.toThrow("first");
  });
});
