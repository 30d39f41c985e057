import { describe, expect, expectTypeOf, test } from "vitest";
import { Redis, ResponseError } from "../../../src/index.js";
import { b, describeTextAndBytes } from "../../support/command-clients.js";
import { whenBlocked } from "../../support/data-types.js";
import { sharedServer } from "../../support/server.js";
import { errorOf } from "../../support/settle.js";

const server = await sharedServer();

/** Return an object without prototype, as replies have it. */
const fields = <V>(record: Record<string, V>): Record<string, V> =>
  Object.assign(Object.create(null), record);

describeTextAndBytes("stream entries", server, ({ text, bytes, both }) => {
  test("XADD, XLEN, XRANGE and XREVRANGE add and read entries in order", async () => {
    expect(await text.xadd("s", { a: "1", b: "é" }, { id: "1-1" })).toBe("1-1");
    expect(await bytes.xadd("s", [["a", 2]], { id: "2-0" })).toEqual(b("2-0"));
    expect(await text.xrange("s")).toStrictEqual([
      ["1-1", fields({ a: "1", b: "é" })],
      ["2-0", fields({ a: "2" })],
    ]);
    expect(await bytes.xrange("s")).toStrictEqual([
      [b("1-1"), fields({ a: b("1"), b: Buffer.from("é") })],
      [b("2-0"), fields({ a: b("2") })],
    ]);
    expect(await text.xrevrange("s")).toStrictEqual([
      ["2-0", fields({ a: "2" })],
      ["1-1", fields({ a: "1", b: "é" })],
    ]);
    expect(await bytes.xrevrange("s", "(2-0", "-", { count: 1 })).toStrictEqual([
      [b("1-1"), fields({ a: b("1"), b: Buffer.from("é") })],
    ]);
    expect(await text.xrange("s", "(1-1", 9, { count: 5 })).toHaveLength(1);
    for (const redis of both) {
      expect(await redis.xlen("s")).toBe(2);
      expect(await redis.xrange("none")).toEqual([]);
      expect(await redis.xlen("none")).toBe(0);
    }
  });

  test("XADD returns the ID, or null with noMkStream and a missing stream", async () => {
    expect(await text.xadd("s", { f: "v" })).toMatch(/^\d{13}-\d+$/);
    expect(await text.xadd("none", { f: "v" }, { noMkStream: true })).toBeNull();
    expect(await bytes.xadd("none", { f: "v" }, { noMkStream: true })).toBeNull();
    expect(await text.exists("none")).toBe(0);
    expect(await text.xadd("t", { f: "v" }, { id: "7-*" })).toBe("7-0");
    expect(await errorOf(text.xadd("t", { f: "v" }, { id: "7-0" }))).toBeInstanceOf(ResponseError);
  });

  test("XADD accepts any field names, repeated ones and bytes too", async () => {
    const names = ["__proto__", "constructor", "1", "toString"];
    await text.xadd("s", new Map(names.map((name) => [name, `${name}!`])), { id: "1-0" });
    const [entry] = await text.xrange("s");
    expect(Object.getPrototypeOf(entry?.[1])).toBeNull();
    expect(Object.entries(entry?.[1] ?? {}).sort()).toEqual(
      names.map((name) => [name, `${name}!`]).sort(),
    );
    await text.xadd(
      "s",
      [
        ["f", "1"],
        ["f", "2"],
        [b("\xff"), b("\xfe\x00")],
      ],
      { id: "2-0" },
    );
    expect(await bytes.xrange("s", 2, 2, { pairs: true })).toEqual([
      [
        b("2-0"),
        [
          [b("f"), b("1")],
          [b("f"), b("2")],
          [b("\xff"), b("\xfe\x00")],
        ],
      ],
    ]);
    expect(await errorOf(bytes.xrange("s", 2, 2))).toMatchObject({ name: "DecodeError" });
    expect(await errorOf(text.xrange("s", 2, 2))).toMatchObject({ name: "DecodeError" });
    expect(await text.xrevrange("s", 1, 1, { pairs: true })).toEqual([
      ["1-0", names.map((name) => [name, `${name}!`])],
    ]);
    expectTypeOf(await text.xrange("s", 1, 1, { pairs: true })).toEqualTypeOf<
      [string, [string, string][]][]
    >();
  });

  test("XDEL and XTRIM delete entries", async () => {
    for (const redis of both) {
      await redis.delete("s");
      for (let n = 1; n <= 9; n++) await redis.xadd("s", { n }, { id: `${n}-0` });
      expect(await redis.xdel("s", "1-0", ["2-0", "99-0"])).toBe(2);
      expect(await redis.xtrim("s", { maxLen: 6, approximate: false })).toBe(1);
      expect(await redis.xtrim("s", { minId: "6-0", approximate: false })).toBe(2);
      // Approximate trimming removes whole nodes of the radix tree; these entries are in one node.
      expect(await redis.xtrim("s", { maxLen: 1 })).toBe(0);
      expect(await redis.xtrim("s", { minId: 8, limit: 100 })).toBe(0);
      expect(await redis.xlen("s")).toBe(4);
      await redis.xadd("s", { n: 10 }, { id: "10-0", maxLen: 2, approximate: false });
      expect(await redis.xlen("s")).toBe(2);
      await redis.xadd("s", { n: 11 }, { id: "11-0", minId: "11-0", approximate: false });
      await redis.xadd("s", { n: 12 }, { id: "12-0", maxLen: 1, limit: 10 });
      expect(await redis.xlen("s")).toBe(2);
      expect(await redis.xsetid("s", "20-0")).toBe(true);
      expect(await redis.xsetid("s", "21-5", { entriesAdded: 50, maxDeletedId: "3-0" })).toBe(true);
      expect(await redis.xinfoStream("s")).toMatchObject({ "entries-added": 50 });
      expect(await errorOf(redis.xsetid("s", "1-0"))).toBeInstanceOf(ResponseError);
    }
  });
});

describeTextAndBytes("XREAD", server, ({ text, bytes, both }) => {
  test("returns new entries by stream", async () => {
    const key = b("\xff:s");
    await text.xadd("s", { f: "1" }, { id: "1-0" });
    await text.xadd("s", { f: "2" }, { id: "2-0" });
    await text.xadd(key, { f: b("\xff") }, { id: "3-0" });
    expect(await text.xread({ s: 0, none: 0 }, { count: 1 })).toStrictEqual([
      ["s", [["1-0", fields({ f: "1" })]]],
    ]);
    expect(
      await bytes.xread([
        ["s", "1-0"],
        [key, 0],
      ]),
    ).toStrictEqual([
      [b("s"), [[b("2-0"), fields({ f: b("2") })]]],
      [key, [[b("3-0"), fields({ f: b("\xff") })]]],
    ]);
    expect(await text.xread(new Map([["s", "1-0"]]), { pairs: true })).toStrictEqual([
      ["s", [["2-0", [["f", "2"]]]]],
    ]);
    for (const redis of both) {
      expect(await redis.xread({ s: "$" })).toEqual([]);
      expect(await redis.xread({ s: 9, none: 0 })).toEqual([]);
      expect(await redis.xread({ s: "$" }, { block: 1 })).toEqual([]);
    }
  });

  test("waits on a separate connection, and only with block", async () => {
    for (const redis of both) {
      const waiting = redis.xread({ news: "$" }, { block: 0 });
      await whenBlocked(server, 1);
      const id = await text.xadd("news", { f: "v" });
      expect(await waiting).toEqual([
        [expect.anything(), [[expect.anything(), expect.anything()]]],
      ]);
      expect(await text.xread({ news: 0 })).toEqual([["news", expect.arrayContaining([])]]);
      await text.xdel("news", id);
    }
  });

  test("runs in a pipeline", async () => {
    const values = await text
      .pipeline()
      .xadd("s", { f: "v" }, { id: "1-0" })
      .xread({ s: 0 }, { block: 100 })
      .xread({ s: "$" }, { block: 100 })
      .xlen("s")
      .exec();
    expect(values).toEqual(["1-0", [["s", [["1-0", fields({ f: "v" })]]]], [], 1]);
  });
});

describeTextAndBytes("consumer groups", server, ({ text, bytes, both }) => {
  test("XGROUP creates, moves and deletes groups and consumers", async () => {
    for (const redis of both) {
      await redis.delete("s");
      expect(await redis.xgroupCreate("s", "g", undefined, { mkStream: true })).toBe(true);
      expect(await errorOf(redis.xgroupCreate("s", "g"))).toMatchObject({ code: "BUSYGROUP" });
      expect(await errorOf(redis.xgroupCreate("none", "g"))).toBeInstanceOf(ResponseError);
      expect(await redis.xgroupCreate("s", "h", 0, { entriesRead: 0 })).toBe(true);
      expect(await redis.xgroupCreateconsumer("s", "g", "c")).toBe(1);
      expect(await redis.xgroupCreateconsumer("s", "g", "c")).toBe(0);
      await redis.xadd("s", { f: "v" }, { id: "1-0" });
      await redis.xreadgroup("g", "c", { s: ">" });
      expect(await redis.xgroupDelconsumer("s", "g", "c")).toBe(1);
      expect(await redis.xgroupDelconsumer("s", "g", "c")).toBe(0);
      expect(await redis.xgroupSetid("s", "g", 0)).toBe(true);
      expect(await redis.xgroupSetid("s", "g", "$", { entriesRead: 1 })).toBe(true);
      expect(await redis.xgroupDestroy("s", "g")).toBe(true);
      expect(await redis.xgroupDestroy("s", "g")).toBe(false);
      expect(await redis.xgroupHelp()).toContainEqual(expect.stringMatching(/^XGROUP /));
      expect(await redis.xinfoHelp()).toContainEqual(expect.stringMatching(/^XINFO /));
    }
  });

  test("XREADGROUP delivers each entry once, and XACK removes it from the pending entries", async () => {
    await text.xgroupCreate("s", "g", 0, { mkStream: true });
    await text.xadd("s", { f: "1" }, { id: "1-0" });
    await text.xadd("s", { f: "2" }, { id: "2-0" });
    await text.xadd("s", { f: "3" }, { id: "3-0" });
    expect(await text.xreadgroup("g", "a", { s: ">" }, { count: 1 })).toStrictEqual([
      ["s", [["1-0", fields({ f: "1" })]]],
    ]);
    expect(await bytes.xreadgroup("g", "b", { s: ">" }, { count: 1, pairs: true })).toStrictEqual([
      [b("s"), [[b("2-0"), [[b("f"), b("2")]]]]],
    ]);
    expect(await text.xreadgroup("g", "a", { s: ">" }, { noAck: true })).toStrictEqual([
      ["s", [["3-0", fields({ f: "3" })]]],
    ]);
    for (const redis of both) {
      expect(await redis.xreadgroup("g", "a", { s: ">" })).toEqual([]);
      expect(await redis.xreadgroup("g", "a", { s: ">" }, { block: 1 })).toEqual([]);
    }
    expect(await text.xreadgroup("g", "a", { s: 0 })).toStrictEqual([
      ["s", [["1-0", fields({ f: "1" })]]],
    ]);
    expect(await text.xack("s", "g", "1-0", ["99-0"])).toBe(1);
    expect(await bytes.xack("s", "g", b("2-0"))).toBe(1);
    // The history of the consumer: the reply contains a stream even when it has no entries.
    expect(await bytes.xreadgroup("g", "a", { s: 0 })).toEqual([[b("s"), []]]);
  });

  test("XREADGROUP returns deleted pending entries as null", async () => {
    await text.xgroupCreate("s", "g", 0, { mkStream: true });
    await text.xadd("s", { f: "1" }, { id: "1-0" });
    await text.xreadgroup("g", "a", { s: ">" });
    await text.xdel("s", "1-0");
    expect(await text.xreadgroup("g", "a", { s: 0 })).toStrictEqual([["s", [["1-0", fields({})]]]]);
    expect(await text.xreadgroup("g", "a", { s: 0 }, { pairs: true })).toEqual([
      ["s", [["1-0", []]]],
    ]);
    expect(await text.xclaim("s", "g", "b", 0, "1-0")).toEqual([]);
  });

  test("XREADGROUP waits for new entries with block", async () => {
    await text.xgroupCreate("s", "g", "$", { mkStream: true });
    for (const redis of both) {
      const waiting = redis.xreadgroup("g", "a", { s: ">" }, { block: 0 });
      await whenBlocked(server, 1);
      await text.xadd("s", { f: "v" });
      expect(await waiting).toHaveLength(1);
    }
    await whenBlocked(server, 0);
  });
});

describeTextAndBytes("pending entries of a consumer group", server, ({ text, bytes, both }) => {
  /** Three entries, two with consumer a, one with b. */
  async function deliver(): Promise<void> {
    await text.xgroupCreate("s", "g", 0, { mkStream: true });
    for (const n of [1, 2, 3]) await text.xadd("s", { n }, { id: `${n}-0` });
    await text.xreadgroup("g", "a", { s: ">" }, { count: 2 });
    await text.xreadgroup("g", "b", { s: ">" });
  }

  test("XPENDING summarises pending entries", async () => {
    await deliver();
    expect(await text.xpending("s", "g")).toEqual({
      pending: 3,
      min: "1-0",
      max: "3-0",
      consumers: [
        { name: "a", pending: 2 },
        { name: "b", pending: 1 },
      ],
    });
    await text.xgroupCreate("s", "empty");
    for (const redis of both) {
      expect(await redis.xpending("s", "empty")).toEqual({
        pending: 0,
        min: null,
        max: null,
        consumers: [],
      });
    }
    expect((await bytes.xpending("s", "g")).consumers[0]).toEqual({ name: b("a"), pending: 2 });
    expect(await errorOf(text.xpending("s", "none"))).toMatchObject({ code: "NOGROUP" });
  });

  test("XPENDING with a range lists pending entries", async () => {
    await deliver();
    expect(await text.xpendingRange("s", "g", { count: 10 })).toEqual(
      [
        ["1-0", "a"],
        ["2-0", "a"],
        ["3-0", "b"],
      ].map(([messageId, consumer]) => ({
        messageId,
        consumer,
        timeSinceDelivered: expect.any(Number),
        timesDelivered: 1,
      })),
    );
    const range = { min: "(1-0", max: 9, count: 5, consumerName: "a", idle: 0 };
    expect(await bytes.xpendingRange("s", "g", range)).toEqual([
      {
        messageId: b("2-0"),
        consumer: b("a"),
        timeSinceDelivered: expect.any(Number),
        timesDelivered: 1,
      },
    ]);
    for (const redis of both) {
      expect(await redis.xpendingRange("s", "g", { count: 9, idle: 1e9 })).toEqual([]);
    }
  });

  test("XCLAIM claims pending entries", async () => {
    await deliver();
    expect(await text.xclaim("s", "g", "b", 0, ["1-0", "99-0"])).toStrictEqual([
      ["1-0", fields({ n: "1" })],
    ]);
    expect(await bytes.xclaim("s", "g", "b", 0, "1-0", { pairs: true })).toStrictEqual([
      [b("1-0"), [[b("n"), b("1")]]],
    ]);
    expect(await text.xclaim("s", "g", "b", 0, ["2-0"], { justId: true })).toEqual(["2-0"]);
    expect(await bytes.xclaim("s", "g", "b", 0, ["2-0"], { justId: true })).toEqual([b("2-0")]);
    for (const redis of both) {
      expect(await redis.xclaim("s", "g", "a", 1e9, "1-0")).toEqual([]);
      const time = new Date(Date.now() - 5_000_000);
      await redis.xclaim("s", "g", "c", 0, "3-0", { time, retryCount: 7, justId: true });
      const [entry] = await redis.xpendingRange("s", "g", { count: 1, consumerName: "c" });
      expect(entry?.timesDelivered).toBe(7);
      expect(entry?.timeSinceDelivered).toBeGreaterThanOrEqual(5_000_000);
      await redis.xack("s", "g", "3-0");
      const forced = { idle: 1000, force: true, lastId: "3-0", justId: true } as const;
      expect(await redis.xclaim("s", "g", "c", 0, "3-0", forced)).toHaveLength(1);
    }
    expectTypeOf(await text.xclaim("s", "g", "b", 1e9, "1", { justId: true })).toEqualTypeOf<
      string[]
    >();
  });

  test("XAUTOCLAIM claims pending entries in batches, with a cursor", async () => {
    await deliver();
    await text.xdel("s", "3-0");
    expect(await text.xautoclaim("s", "g", "c", 0, { count: 1 })).toStrictEqual([
      "2-0",
      [["1-0", fields({ n: "1" })]],
      [],
    ]);
    expect(await bytes.xautoclaim("s", "g", "c", 0, { startId: "2-0", pairs: true })).toStrictEqual(
      ["0-0", [[b("2-0"), [[b("n"), b("2")]]]], [b("3-0")]],
    );
    expect(await text.xautoclaim("s", "g", "c", 0, { justId: true })).toEqual([
      "0-0",
      ["1-0", "2-0"],
      [],
    ]);
    expect(await bytes.xautoclaim("s", "g", "c", 1e9)).toEqual(["0-0", [], []]);
  });
});

describeTextAndBytes("XINFO", server, ({ text, bytes, both }) => {
  async function build(): Promise<void> {
    await text.xgroupCreate("s", "g", 0, { mkStream: true });
    await text.xadd("s", { f: "1" }, { id: "1-0" });
    await text.xadd("s", { f: "2" }, { id: "2-0" });
    await text.xreadgroup("g", "c", { s: ">" }, { count: 1 });
  }

  test("XINFO STREAM summarises a stream", async () => {
    await build();
    const expected = {
      length: 2,
      "radix-tree-keys": 1,
      "radix-tree-nodes": 2,
      "entries-added": 2,
      groups: 1,
    };
    expect(await text.xinfoStream("s")).toMatchObject({
      ...expected,
      "last-generated-id": "2-0",
      "max-deleted-entry-id": "0-0",
      "recorded-first-entry-id": "1-0",
      "first-entry": ["1-0", { f: "1" }],
      "last-entry": ["2-0", { f: "2" }],
    });
    expect(await bytes.xinfoStream("s")).toMatchObject({
      ...expected,
      "last-generated-id": b("2-0"),
      "first-entry": [b("1-0"), { f: b("1") }],
    });
    await text.xtrim("s", { maxLen: 0, approximate: false });
    for (const redis of both) {
      expect(await redis.xinfoStream("s")).toMatchObject({
        "first-entry": null,
        "last-entry": null,
      });
      expect(await errorOf(redis.xinfoStream("none"))).toBeInstanceOf(ResponseError);
    }
  });

  test("XINFO STREAM with full returns all details", async () => {
    const before = Date.now();
    await build();
    const full = await text.xinfoStream("s", { full: true });
    expect(full).toMatchObject({
      length: 2,
      entries: [
        ["1-0", { f: "1" }],
        ["2-0", { f: "2" }],
      ],
      groups: [
        {
          name: "g",
          "last-delivered-id": "1-0",
          "entries-read": 1,
          lag: 1,
          "pel-count": 1,
          pending: [{ messageId: "1-0", consumer: "c", timesDelivered: 1 }],
          consumers: [
            { name: "c", "pel-count": 1, pending: [{ messageId: "1-0", timesDelivered: 1 }] },
          ],
        },
      ],
    });
    const [group] = full.groups;
    const [consumer] = group?.consumers ?? [];
    const times = [
      group?.pending[0]?.timeDelivered,
      consumer?.["seen-time"],
      consumer?.pending[0]?.timeDelivered,
    ];
    for (const time of times) {
      expect(time).toBeInstanceOf(Date);
      expect(Math.abs(Number(time) - before)).toBeLessThan(60_000);
    }
    const least = await bytes.xinfoStream("s", { full: true, count: 1 });
    expect(least.entries).toEqual([[b("1-0"), { f: b("1") }]]);
    expect(least.groups[0]?.name).toEqual(b("g"));
  });

  test("XINFO GROUPS and CONSUMERS describe groups and consumers", async () => {
    await build();
    expect(await text.xinfoGroups("s")).toEqual([
      fields({
        name: "g",
        consumers: 1,
        pending: 1,
        "last-delivered-id": "1-0",
        "entries-read": 1,
        lag: 1,
      }),
    ]);
    expect(await bytes.xinfoGroups("s")).toMatchObject([
      { name: b("g"), "last-delivered-id": b("1-0") },
    ]);
    expect(await text.xinfoConsumers("s", "g")).toMatchObject([
      { name: "c", pending: 1, idle: expect.any(Number) },
    ]);
    expect(await bytes.xinfoConsumers("s", "g")).toMatchObject([{ name: b("c"), pending: 1 }]);
    for (const redis of both) {
      expect(await redis.xinfoConsumers("s", "g").then((all) => all.length)).toBe(1);
      expect(await errorOf(redis.xinfoConsumers("s", "none"))).toMatchObject({ code: "NOGROUP" });
    }
  });
});

describe("XREAD with BLOCK through executeCommand", () => {
  test("delays no other command", async () => {
    await using redis = new Redis(server.url);
    const waiting = redis.executeCommand("XREAD", "BLOCK", "0", "STREAMS", "wait", "$");
    await whenBlocked(server, 1);
    expect(await redis.set("other", "at once")).toBe(true);
    await redis.xadd("wait", { f: "v" }, { id: "1-0" });
    expect(await waiting).toEqual([["wait", [["1-0", { f: "v" }]]]]);
  });
});
