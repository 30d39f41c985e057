/** Tests of how work is spread over turns of the event loop. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { TurnLimit } from "../../../src/util/turn-limit.js";

/** Start pieces of work; return a function that returns how many have started. */
function start(limit: TurnLimit, count: number): () => number {
  let started = 0;
  for (let i = 0; i < count; i++) {
    void limit.run(async () => {
      started += 1;
    });
  }
  return () => started;
}

describe("TurnLimit", () => {
  it("starts as many pieces at once as the limit allows, and the others in the next turns, in order", async () => {
    const limit = new TurnLimit(3);
    const order: number[] = [];
    const done = Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        limit.run(async () => {
          order.push(i);
          return i;
        }),
      ),
    );
    const counts = [order.length];
    while (order.length < 8) {
      await nextTurn();
      counts.push(order.length);
    }
    expect(counts).toEqual([3, 6, 8]);
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(await done).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it("starts no more than the limit when pieces are added in the same turn, and has places in a later turn", async () => {
    const limit = new TurnLimit(2);
    const [first, second] = [start(limit, 2), start(limit, 1)];
    expect([first(), second()]).toEqual([2, 0]);
    await nextTurn();
    expect([first(), second()]).toEqual([2, 1]);
    await nextTurn();
    await nextTurn();
    expect(start(limit, 3)()).toBe(2);
  });

  it("rejects with what the work throws, and goes on", async () => {
    const limit = new TurnLimit(1);
    const failed = limit.run(() => Promise.reject(new Error("first")));
    const next = limit.run(async () => "second");
    await expect(failed).rejects.toThrow("first");
    expect(await next).toBe("second");
  });
});
