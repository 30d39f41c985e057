/** Tests of the queue of received items: readers, timeouts, droppable items and iteration. */
import { describe, expect, it, vi } from "vitest";
import { ResponseError } from "../../../src/errors.js";
import { AsyncQueue, iterate } from "../../../src/util/async-queue.js";

const FOREVER = Number.POSITIVE_INFINITY;

function setUp({ live = true } = {}) {
  const source = { live };
  const onTaken = vi.fn();
  const queue = new AsyncQueue<string>({
    live: () => source.live,
    onTaken,
    isDroppable: (item) => item.startsWith("minor"),
  });
  const take = (timeout = FOREVER, reader: object = {}) => queue.take({ timeout, reader });
  return { queue, source, onTaken, take };
}

/** Check whether a promise is still pending after all microtasks. */
async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol("pending");
  await new Promise(setImmediate);
  return (await Promise.race([promise, pending])) === pending;
}

describe("AsyncQueue.take", () => {
  it("returns items in arrival order and calls onTaken for each", async () => {
    const { queue, onTaken, take } = setUp();
    queue.push("a");
    queue.push("b");
    expect(queue.size).toBe(2);
    expect(await take()).toBe("a");
    expect(await take()).toBe("b");
    expect(onTaken).toHaveBeenCalledTimes(2);
    expect(queue.empty).toBe(true);
  });

  it("serves waiting readers in order", async () => {
    const { queue, take } = setUp();
    const waiting = [take(), take(), take()];
    for (const item of ["a", "b", "c"]) queue.push(item);
    expect(await Promise.all(waiting)).toEqual(["a", "b", "c"]);
    expect(queue.empty).toBe(true);
  });

  it("returns undefined after its timeout and keeps a later item for the next reader", async () => {
    const { queue, take } = setUp();
    expect(await take(1)).toBeUndefined();
    queue.push("late");
    expect(await take(1)).toBe("late");
  });

  it("waits for one read of the sockets with timeout 0", async () => {
    const { queue, take } = setUp();
    const taken = take(0);
    setImmediate(() => queue.push("just in time"));
    expect(await taken).toBe("just in time");
    expect(await take(0)).toBeUndefined();
  });

  it("returns undefined immediately when no more items can arrive", async () => {
    const { queue, take } = setUp({ live: false });
    expect(await take()).toBeUndefined();
    queue.push("left over");
    expect(await take()).toBe("left over");
  });

  it("throws a queued error to one reader only and continues with the next item", async () => {
    const { queue, take } = setUp();
    const waiting = take();
    queue.push(new ResponseError("first"));
    await expect(waiting).rejects.toThrow("first");
    queue.push(new ResponseError("second"));
    queue.push("a");
    await expect(take()).rejects.toThrow("second");
    expect(await take()).toBe("a");
  });

  it("discards items that match the reader's skips() and returns the next one", async () => {
    const { queue, onTaken } = setUp();
    const skips = (item: string) => item === "x";
    const options = { timeout: FOREVER, reader: {}, skips };
    queue.push("x");
    queue.push("a");
    expect(await queue.take(options)).toBe("a");
    expect(onTaken).toHaveBeenCalledTimes(2);
    const waiting = queue.take(options);
    queue.push("x");
    expect(await isPending(waiting)).toBe(true);
    queue.push("b");
    expect(await waiting).toBe("b");
    expect(queue.empty).toBe(true);
  });

  it("returns undefined to the readers passed to release(), and to all readers after end()", async () => {
    const { queue, take } = setUp();
    const [mine, other] = [{}, {}];
    const waiting = [take(FOREVER, mine), take(FOREVER, other), take(FOREVER, mine)];
    queue.release(mine);
    expect(await Promise.all([waiting[0], waiting[2]])).toEqual([undefined, undefined]);
    expect(await isPending(waiting[1] ?? Promise.resolve())).toBe(true);
    queue.end();
    expect(await waiting[1]).toBeUndefined();
    queue.push("kept");
    expect(queue.size).toBe(1);
  });
});

describe("AsyncQueue with droppable items", () => {
  it("does not count unread droppable items in size and drops the oldest ones", async () => {
    const { queue, take } = setUp();
    for (let i = 0; i < 100; i++) queue.push(`item ${i}`);
    for (let i = 0; i < 100_000; i++) queue.push(`minor ${i}`);
    queue.push("last");
    expect(queue.size).toBe(101);
    const items: (string | undefined)[] = [];
    while (!queue.empty) items.push(await take(0));
    const minor = items.filter((item) => item?.startsWith("minor"));
    expect(minor.length).toBeLessThanOrEqual(1000);
    expect(minor.length).toBeGreaterThanOrEqual(500);
    expect(minor.at(-1)).toBe("minor 99999");
    expect(items.filter((item) => item?.startsWith("item"))).toEqual(
      Array.from({ length: 100 }, (_, i) => `item ${i}`),
    );
    expect(items.at(-1)).toBe("last");
    expect(queue.size).toBe(0);
  });

  it("counts items correctly when errors and droppable items are mixed", async () => {
    const { queue, take } = setUp();
    queue.push(new ResponseError("e"));
    queue.push("minor");
    expect(queue.size).toBe(0);
    await expect(take()).rejects.toThrow("e");
    expect(await take()).toBe("minor");
    queue.push("a");
    expect(queue.size).toBe(1);
    queue.clear();
    expect([queue.size, queue.empty]).toEqual([0, true]);
  });
});

describe("iterate()", () => {
  it("ends when no more items can arrive", async () => {
    const { queue, source } = setUp();
    queue.push("a");
    const seen: string[] = [];
    for await (const item of iterate(queue)) {
      seen.push(item);
      source.live = false;
    }
    expect(seen).toEqual(["a"]);
  });

  it("leaves unread items in the queue after a break", async () => {
    const { queue, take } = setUp();
    queue.push("a");
    queue.push("b");
    for await (const item of iterate(queue)) {
      expect(item).toBe("a");
      break;
    }
    expect(await take()).toBe("b");
  });

  it("ends immediately on return(), even during a pending next()", async () => {
    const { queue } = setUp();
    const iterator = iterate(queue);
    const next = iterator.next();
    const end = { done: true, value: undefined };
    expect(await iterator.return?.()).toEqual(end);
    expect(await next).toEqual(end);
    queue.push("a");
    expect(await iterator.next()).toEqual(end);
    expect(queue.size).toBe(1);
  });
});
