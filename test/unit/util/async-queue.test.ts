/** What has arrived and is not read yet. */
import { describe, expect, it, vi } from "vitest";
import { ResponseError } from "../../../src/errors.js";
import { AsyncQueue, iterate } from "../../../src/util/async-queue.js";

const FOREVER = Number.POSITIVE_INFINITY;

function setUp({ live = true } = {}) {
  const source = { live };
  const onTaken = vi.fn();
  const inbox = new AsyncQueue<string>({
    live: () => source.live,
    onTaken,
    isDroppable: (item) => item.startsWith("minor"),
  });
  const take = (timeout = FOREVER, reader: object = {}) => inbox.take({ timeout, reader });
  return { inbox, source, onTaken, take };
}

/** Whether a promise is settled after every microtask. */
async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol("pending");
  await new Promise(setImmediate);
  return (await Promise.race([promise, pending])) === pending;
}

describe("taking", () => {
  it("gives what came first, and tells that it was taken", async () => {
    const { inbox, onTaken, take } = setUp();
    inbox.push("a");
    inbox.push("b");
    expect(inbox.size).toBe(2);
    expect(await take()).toBe("a");
    expect(await take()).toBe("b");
    expect(onTaken).toHaveBeenCalledTimes(2);
    expect(inbox.empty).toBe(true);
  });

  it("serves those who wait in their order", async () => {
    const { inbox, take } = setUp();
    const waiting = [take(), take(), take()];
    for (const item of ["a", "b", "c"]) inbox.push(item);
    expect(await Promise.all(waiting)).toEqual(["a", "b", "c"]);
    expect(inbox.empty).toBe(true);
  });

  it("gives nothing when the time is up, and keeps what comes later", async () => {
    const { inbox, take } = setUp();
    expect(await take(1)).toBeUndefined();
    inbox.push("late");
    expect(await take(1)).toBe("late");
  });

  it("lets the sockets be read once when it is not to wait", async () => {
    const { inbox, take } = setUp();
    const taken = take(0);
    setImmediate(() => inbox.push("just in time"));
    expect(await taken).toBe("just in time");
    expect(await take(0)).toBeUndefined();
  });

  it("does not wait for what cannot come", async () => {
    const { inbox, take } = setUp({ live: false });
    expect(await take()).toBeUndefined();
    inbox.push("left over");
    expect(await take()).toBe("left over");
  });

  it("throws an error at one reader only, and goes on", async () => {
    const { inbox, take } = setUp();
    const waiting = take();
    inbox.push(new ResponseError("first"));
    await expect(waiting).rejects.toThrow("first");
    inbox.push(new ResponseError("second"));
    inbox.push("a");
    await expect(take()).rejects.toThrow("second");
    expect(await take()).toBe("a");
  });

  it("passes over what a reader does not want to see", async () => {
    const { inbox, onTaken } = setUp();
    const skips = (item: string) => item === "x";
    const options = { timeout: FOREVER, reader: {}, skips };
    inbox.push("x");
    inbox.push("a");
    expect(await inbox.take(options)).toBe("a");
    expect(onTaken).toHaveBeenCalledTimes(2);
    const waiting = inbox.take(options);
    inbox.push("x");
    expect(await isPending(waiting)).toBe(true);
    inbox.push("b");
    expect(await waiting).toBe("b");
    expect(inbox.empty).toBe(true);
  });

  it("ends for one reader, or for all", async () => {
    const { inbox, take } = setUp();
    const [mine, other] = [{}, {}];
    const waiting = [take(FOREVER, mine), take(FOREVER, other), take(FOREVER, mine)];
    inbox.release(mine);
    expect(await Promise.all([waiting[0], waiting[2]])).toEqual([undefined, undefined]);
    expect(await isPending(waiting[1] ?? Promise.resolve())).toBe(true);
    inbox.end();
    expect(await waiting[1]).toBeUndefined();
    inbox.push("kept");
    expect(inbox.size).toBe(1);
  });
});

describe("minor items", () => {
  it("do not count, and are dropped when nobody reads them, the oldest first", async () => {
    const { inbox, take } = setUp();
    for (let i = 0; i < 100; i++) inbox.push(`item ${i}`);
    for (let i = 0; i < 100_000; i++) inbox.push(`minor ${i}`);
    inbox.push("last");
    expect(inbox.size).toBe(101);
    const items: (string | undefined)[] = [];
    while (!inbox.empty) items.push(await take(0));
    const minor = items.filter((item) => item?.startsWith("minor"));
    expect(minor.length).toBeLessThanOrEqual(1000);
    expect(minor.length).toBeGreaterThanOrEqual(500);
    expect(minor.at(-1)).toBe("minor 99999");
    expect(items.filter((item) => item?.startsWith("item"))).toEqual(
      Array.from({ length: 100 }, (_, i) => `item ${i}`),
    );
    expect(items.at(-1)).toBe("last");
    expect(inbox.size).toBe(0);
  });

  it("are counted right when errors are among them", async () => {
    const { inbox, take } = setUp();
    inbox.push(new ResponseError("e"));
    inbox.push("minor");
    expect(inbox.size).toBe(0);
    await expect(take()).rejects.toThrow("e");
    expect(await take()).toBe("minor");
    inbox.push("a");
    expect(inbox.size).toBe(1);
    inbox.clear();
    expect([inbox.size, inbox.empty]).toEqual([0, true]);
  });
});

describe("iterating", () => {
  it("ends when nothing can come any more", async () => {
    const { inbox, source } = setUp();
    inbox.push("a");
    const seen: string[] = [];
    for await (const item of iterate(inbox)) {
      seen.push(item);
      source.live = false;
    }
    expect(seen).toEqual(["a"]);
  });

  it("leaves what it has not read", async () => {
    const { inbox, take } = setUp();
    inbox.push("a");
    inbox.push("b");
    for await (const item of iterate(inbox)) {
      expect(item).toBe("a");
      break;
    }
    expect(await take()).toBe("b");
  });

  it("is left at once, also while it waits", async () => {
    const { inbox } = setUp();
    const iterator = iterate(inbox);
    const next = iterator.next();
    const end = { done: true, value: undefined };
    expect(await iterator.return?.()).toEqual(end);
    expect(await next).toEqual(end);
    inbox.push("a");
    expect(await iterator.next()).toEqual(end);
    expect(inbox.size).toBe(1);
  });
});
