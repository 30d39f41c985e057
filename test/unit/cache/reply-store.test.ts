/** The bounded store of the client-side cache, and its index by key. */
import { inspect } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { KeyIndex } from "../../../src/cache/key-index.js";
import { ReplyStore } from "../../../src/cache/reply-store.js";
import { ResponseError } from "../../../src/errors.js";
import { MapReply, type Reply, SetReply } from "../../../src/protocol/reply.js";

const LARGE = { maxEntries: 100, maxBytes: 1_000_000 };
const call = (id: string, ...keys: string[]) => ({ id, keys });
const received = (reply: Reply, lane = "lane") => ({ reply, lane, since: 0 });

/** Change everything that can be changed in a reply. */
function spoil(reply: Reply): void {
  if (Buffer.isBuffer(reply)) reply.fill(0);
  const items = reply instanceof MapReply || reply instanceof SetReply ? reply.items : reply;
  if (!Array.isArray(items)) return;
  for (const item of items) spoil(item);
  items.push("spoilt");
}

describe("KeyIndex", () => {
  it("finds items by call and by key, and forgets keys without items", () => {
    const index = new KeyIndex<ReturnType<typeof call>>();
    const [get, len, mget] = [call("GET", "a"), call("STRLEN", "a"), call("MGET", "b", "a", "b")];
    for (const item of [get, len, mget]) index.add(item);
    expect(index.size).toBe(2);
    expect(index.find(call("STRLEN", "a"))).toBe(len);
    expect(index.find(call("STRLEN", "b"))).toBeUndefined();
    expect(index.of("a")).toEqual([get, len, mget]);
    expect(index.of("b")).toEqual([mget]);
    for (const item of [len, mget, get]) index.remove(item);
    expect(index.size).toBe(0);
    expect(index.of("a")).toEqual([]);
  });

  it("does not remove an item that has replaced another one", () => {
    const index = new KeyIndex<ReturnType<typeof call>>();
    const [first, second] = [call("GET", "a"), call("GET", "a")];
    index.add(first);
    index.remove(first);
    index.add(second);
    index.remove(first);
    expect(index.find(first)).toBe(second);
  });
});

describe("ReplyStore", () => {
  it("removes the reply that was used least recently when there are too many", () => {
    const store = new ReplyStore<string>({ ...LARGE, maxEntries: 2 });
    for (const key of ["a", "b"]) store.add(call("GET", key), received(key));
    const kept = store.find(call("GET", "a"));
    if (kept !== undefined) store.touch(kept);
    store.add(call("GET", "c"), received("c"));
    expect(["a", "b", "c"].map((key) => store.find(call("GET", key))?.reply)).toEqual([
      "a",
      undefined,
      "c",
    ]);
    expect([store.entries, store.evictions]).toEqual([2, 1]);
  });

  it("counts the bytes of replies and keys, and returns to 0", () => {
    const store = new ReplyStore<string>(LARGE);
    const replies: Reply[] = [
      "text",
      "\u20ac",
      Buffer.alloc(1000),
      1,
      1n,
      null,
      ["a", ["b"]],
      new MapReply(["f", "v"]),
    ];
    for (const [i, reply] of replies.entries()) store.add(call("GET", `key${i}`), received(reply));
    expect(store.entries).toBe(replies.length);
    expect(store.bytes).toBeGreaterThan(1000 + 200 * replies.length);
    for (let i = 0; i < replies.length; i++) store.removeKey(`key${i}`);
    expect([store.entries, store.bytes]).toEqual([0, 0]);
  });

  it("keeps no reply above a sixteenth of the bytes, and none with an error in it", () => {
    const store = new ReplyStore<string>({ ...LARGE, maxBytes: 16_000 });
    expect(store.add(call("GET", "a"), received("x".repeat(1000)))).toBe(false);
    expect(store.add(call("GET", "b"), received(["v", new ResponseError("ERR")]))).toBe(false);
    expect(store.add(call("GET", "c"), received("x".repeat(500)))).toBe(true);
    expect(store.entries).toBe(1);
  });

  it("drops a former reply of a call when the next one is too large", () => {
    const store = new ReplyStore<string>({ ...LARGE, maxBytes: 16_000 });
    store.add(call("GET", "a"), received("small"));
    store.add(call("GET", "a"), received("x".repeat(1000)));
    expect([store.entries, store.bytes]).toEqual([0, 0]);
  });

  it("removes what came by one connection only", () => {
    const store = new ReplyStore<string>(LARGE);
    for (const [key, lane] of [
      ["a", "1"],
      ["b", "2"],
      ["c", "1"],
    ] as const)
      store.add(call("GET", key), received(key, lane));
    store.removeLane("1");
    expect(["a", "b", "c"].filter((key) => store.find(call("GET", key)) !== undefined)).toEqual([
      "b",
    ]);
  });

  it("keeps no memory alive but that of its replies and keys", () => {
    setFlagsFromString("--expose-gc");
    const collect: () => void = runInNewContext("gc");
    const used = (): number => {
      collect();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    const store = new ReplyStore<string>({ maxEntries: 10_000, maxBytes: 1e9 });
    const before = used();
    for (let i = 0; i < 500; i++) {
      // The first part of a block of 8 KB, and of a text of 100 KB.
      const block = Buffer.allocUnsafeSlow(8192);
      const text = Buffer.alloc(100_000, String(i)).toString("latin1");
      const key = text.slice(0, 20) + i;
      store.add(call("GET", text.slice(100, 130) + i), received(block.subarray(0, 100)));
      store.add(call(text.slice(200, 230), key, "other"), received([block.subarray(100, 200)]));
      store.add(call("GET", `k${i}`), received(text.slice(300, 340)));
    }
    expect(used() - before).toBeLessThan(3_000_000);
    expect(store.entries).toBe(1500);
  });

  it("returns collections, Buffers and maps that can be changed, at any depth", () => {
    const store = new ReplyStore<string>(LARGE);
    const replies: Reply[] = [
      Buffer.from("b"),
      ["a", ["b", Buffer.from("c")]],
      ["a", 1],
      new MapReply(["f", "v"]),
      new MapReply(["f", Buffer.from("v")]),
      new SetReply(["m"]),
      new SetReply([["m"]]),
    ];
    const expected = structuredClone(replies.map((reply) => inspect(reply, { depth: 9 })));
    for (const [i, reply] of replies.entries()) store.add(call("GET", `k${i}`), received(reply));
    const kept = () => replies.map((_, i) => store.find(call("GET", `k${i}`))?.reply as Reply);
    for (const all of [replies, kept(), kept()]) for (const reply of all) spoil(reply);
    expect(kept().map((reply) => inspect(reply, { depth: 9 }))).toEqual(expected);
  });

  it("stays linked through every order of removals", () => {
    const store = new ReplyStore<string>({ ...LARGE, maxEntries: 3 });
    for (const key of ["a", "b", "c"]) store.add(call("GET", key), received(key));
    store.removeKey("b");
    store.removeKey("a");
    for (const key of ["d", "e", "f"]) store.add(call("GET", key), received(key));
    expect(
      ["c", "d", "e", "f"].filter((key) => store.find(call("GET", key)) !== undefined),
    ).toEqual(["d", "e", "f"]);
    store.clear();
    store.add(call("GET", "g"), received("g"));
    expect(store.entries).toBe(1);
  });
});
