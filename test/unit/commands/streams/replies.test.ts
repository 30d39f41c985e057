import { describe, expect, test } from "vitest";
import type { DecodeContext } from "../../../../src/commands/core/info.js";
import {
  toAutoclaim,
  toAutoclaimIds,
  toAutoclaimPairs,
  toPending,
  toStreamEntries,
  toStreamEntryPairs,
  toStreams,
  toStreamsPairs,
  toXinfoStream,
} from "../../../../src/commands/streams/replies.js";
import { MapReply, type Reply } from "../../../../src/protocol/reply.js";
import { bytesContext as bytes } from "../../../support/strict-text.js";

const text: DecodeContext = { bytes: false, text: String };
const b = (from: string) => Buffer.from(from, "latin1");
const fields = (...pairs: [string, unknown][]) =>
  Object.assign(Object.create(null), Object.fromEntries(pairs));

const ONE: Reply = ["1-0", ["f", "v", "g", "w"]];
const ONE_DECODED = ["1-0", fields(["f", "v"], ["g", "w"])];

/** Replies of unexpected shape, which decoders must return without an error. */
const UNEXPECTED: Reply[] = [null, "text", 7, true, [], [1, 2, 3], new MapReply([]), [[]]];

describe("stream entries", () => {
  test("are decoded to [id, fields]", () => {
    expect(toStreamEntries([ONE, ["2-0", ["f", ""]]], text)).toStrictEqual([
      ONE_DECODED,
      ["2-0", fields(["f", ""])],
    ]);
    expect(toStreamEntries([], text)).toEqual([]);
  });

  test("have fields without prototype, whatever their names", () => {
    const reply: Reply = [
      ["1-0", ["__proto__", "p", "constructor", "c", "1", "n", "f", "a", "f", "b"]],
    ];
    const [[, record] = []] = toStreamEntries(reply, text) as [string, object][];
    expect(Object.getPrototypeOf(record)).toBeNull();
    expect(Object.entries(record ?? {})).toEqual([
      ["1", "n"],
      ["__proto__", "p"],
      ["constructor", "c"],
      ["f", "b"],
    ]);
    expect(toStreamEntryPairs(reply, text)).toEqual([
      [
        "1-0",
        [
          ["__proto__", "p"],
          ["constructor", "c"],
          ["1", "n"],
          ["f", "a"],
          ["f", "b"],
        ],
      ],
    ]);
  });

  test("have no fields, or are omitted, when they were deleted", () => {
    expect(toStreamEntries([["1-0", null], null, ONE], text)).toStrictEqual([
      ["1-0", fields()],
      ONE_DECODED,
    ]);
    expect(toStreamEntryPairs([["1-0", null], null], text)).toStrictEqual([["1-0", []]]);
  });

  test("keep field names as bytes only with the option pairs", () => {
    const reply: Reply = [[b("1-0"), [b("\xff"), b("v")]]];
    expect(() => toStreamEntries(reply, bytes)).toThrow(
      'cannot become an object key; use the option "pairs" for field names as bytes',
    );
    expect(toStreamEntryPairs(reply, bytes)).toEqual([[b("1-0"), [[b("\xff"), b("v")]]]]);
    expect(toStreamEntries([[b("1-0"), [b("f"), b("\xff")]]], bytes)).toEqual([
      [b("1-0"), fields(["f", b("\xff")])],
    ]);
  });

  test("keep elements added by newer servers", () => {
    expect(toStreamEntries([["1-0", ["f", "v"], 5, 2]], text)).toEqual([
      ["1-0", fields(["f", "v"]), 5, 2],
    ]);
  });
});

describe("XREAD reply", () => {
  test("is the same from RESP2 arrays and a RESP3 map", () => {
    const expected = [
      ["s", [ONE_DECODED]],
      ["t", []],
    ];
    expect(
      toStreams(
        [
          ["s", [ONE]],
          ["t", []],
        ],
        text,
      ),
    ).toStrictEqual(expected);
    expect(toStreams(new MapReply(["s", [ONE], "t", []]), text)).toStrictEqual(expected);
  });

  test("is an empty array when there are no entries", () => {
    expect(toStreams(null, text)).toEqual([]);
    expect(toStreamsPairs(null, text)).toEqual([]);
    expect(toStreams(new MapReply([]), text)).toEqual([]);
  });

  test("has field pairs with the option pairs", () => {
    const expected = [
      [
        "s",
        [
          [
            "1-0",
            [
              ["f", "v"],
              ["g", "w"],
            ],
          ],
        ],
      ],
    ];
    expect(toStreamsPairs([["s", [ONE]]], text)).toEqual(expected);
    expect(toStreamsPairs(new MapReply(["s", [ONE]]), text)).toEqual(expected);
  });
});

describe("XAUTOCLAIM reply", () => {
  test("contains the cursor as text, the entries and the deleted IDs", () => {
    expect(toAutoclaim([b("5-0"), [ONE, null], ["3-0"]], text)).toStrictEqual([
      "5-0",
      [ONE_DECODED],
      ["3-0"],
    ]);
    expect(toAutoclaimPairs(["0-0", [["1-0", ["f", "v"]]], []], text)).toEqual([
      "0-0",
      [["1-0", [["f", "v"]]]],
      [],
    ]);
    expect(toAutoclaimIds(["0-0", ["1-0", "2-0"], ["3-0"]], text)).toEqual([
      "0-0",
      ["1-0", "2-0"],
      ["3-0"],
    ]);
  });

  test("has no deleted IDs from Redis 6.2", () => {
    expect(toAutoclaim(["0-0", []], text)).toEqual(["0-0", [], []]);
  });
});

describe("XPENDING reply", () => {
  test("is decoded to a summary", () => {
    expect(
      toPending([
        3,
        "1-0",
        "3-0",
        [
          ["a", "2"],
          [b("b"), b("1")],
        ],
      ]),
    ).toEqual({
      pending: 3,
      min: "1-0",
      max: "3-0",
      consumers: [
        { name: "a", pending: 2 },
        { name: b("b"), pending: 1 },
      ],
    });
    expect(toPending([0, null, null, null])).toEqual({
      pending: 0,
      min: null,
      max: null,
      consumers: [],
    });
  });

  test("is decoded to a list of messages", () => {
    expect(toPending([["1-0", "a", 500, 2]])).toEqual([
      { messageId: "1-0", consumer: "a", timeSinceDelivered: 500, timesDelivered: 2 },
    ]);
    expect(toPending([])).toEqual([]);
  });
});

describe("XINFO STREAM reply", () => {
  const short = (wrap: (items: Reply[]) => Reply) =>
    wrap(["length", 1, "groups", 2, "first-entry", ONE, "last-entry", null]);

  test.each([
    ["RESP2", (items: Reply[]) => items],
    ["RESP3", (items: Reply[]) => new MapReply(items)],
  ])("short form is decoded from %s", (_, wrap) => {
    expect(toXinfoStream(short(wrap), text)).toStrictEqual(
      fields(["length", 1], ["groups", 2], ["first-entry", ONE_DECODED], ["last-entry", null]),
    );
  });

  test.each([
    ["RESP2", (items: Reply[]) => items],
    ["RESP3", (items: Reply[]) => new MapReply(items)],
  ])("full form is decoded from %s", (_, wrap: (items: Reply[]) => Reply) => {
    const consumer = wrap([
      "name",
      "c",
      "seen-time",
      1000,
      "active-time",
      -1,
      "pel-count",
      1,
      "pending",
      [["1-0", 2000, 3]],
    ]);
    const group = wrap(["name", "g", "pending", [["1-0", "c", 2000, 3]], "consumers", [consumer]]);
    const reply = wrap(["length", 1, "entries", [ONE], "groups", [group]]);
    const delivered = { timeDelivered: new Date(2000), timesDelivered: 3 };
    expect(toXinfoStream(reply, text)).toStrictEqual(
      fields(
        ["length", 1],
        ["entries", [ONE_DECODED]],
        [
          "groups",
          [
            fields(
              ["name", "g"],
              ["pending", [{ messageId: "1-0", consumer: "c", ...delivered }]],
              [
                "consumers",
                [
                  fields(
                    ["name", "c"],
                    ["seen-time", new Date(1000)],
                    ["active-time", null],
                    ["pel-count", 1],
                    ["pending", [{ messageId: "1-0", ...delivered }]],
                  ),
                ],
              ],
            ),
          ],
        ],
      ),
    );
  });

  test("names are text even when values are bytes", () => {
    expect(toXinfoStream([b("last-generated-id"), b("1-0")], bytes)).toEqual(
      fields(["last-generated-id", b("1-0")]),
    );
  });
});

test.each([
  ["toStreamEntries", toStreamEntries],
  ["toStreamEntryPairs", toStreamEntryPairs],
  ["toStreams", toStreams],
  ["toStreamsPairs", toStreamsPairs],
  ["toAutoclaim", toAutoclaim],
  ["toAutoclaimPairs", toAutoclaimPairs],
  ["toAutoclaimIds", toAutoclaimIds],
  ["toPending", toPending],
  ["toXinfoStream", toXinfoStream],
])("%s does not throw for unexpected replies", (_, decode) => {
  for (const reply of UNEXPECTED) expect(() => decode(reply, text)).not.toThrow();
  expect(decode("text", text)).toBe("text");
  expect(decode(7, text)).toBe(7);
});
