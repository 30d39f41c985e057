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
import { DecodeError } from "../../../../src/errors.js";
import { MapReply, type Reply } from "../../../../src/protocol/reply.js";

const text: DecodeContext = { bytes: false, text: String };
const strict = new TextDecoder("utf-8", { fatal: true });
const bytes: DecodeContext = {
  bytes: true,
  text: (from) => {
    try {
      return strict.decode(from);
    } catch {
      throw new DecodeError("not text", { code: "EDECODE" });
    }
  },
};
const b = (from: string) => Buffer.from(from, "latin1");
const fields = (...pairs: [string, unknown][]) =>
  Object.assign(Object.create(null), Object.fromEntries(pairs));

const ONE: Reply = ["1-0", ["f", "v", "g", "w"]];
const ONE_DECODED = ["1-0", fields(["f", "v"], ["g", "w"])];

/** Shapes no decoder may stumble over. */
const STRANGE: Reply[] = [null, "text", 7, true, [], [1, 2, 3], new MapReply([]), [[]]];

describe("entries", () => {
  test("become [id, fields]", () => {
    expect(toStreamEntries([ONE, ["2-0", ["f", ""]]], text)).toStrictEqual([
      ONE_DECODED,
      ["2-0", fields(["f", ""])],
    ]);
    expect(toStreamEntries([], text)).toEqual([]);
  });

  test("have fields that inherit nothing, whatever their names", () => {
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

  test("that were deleted have no fields, or are left out", () => {
    expect(toStreamEntries([["1-0", null], null, ONE], text)).toStrictEqual([
      ["1-0", fields()],
      ONE_DECODED,
    ]);
    expect(toStreamEntryPairs([["1-0", null], null], text)).toStrictEqual([["1-0", []]]);
  });

  test("may have bytes as names only in pairs", () => {
    const reply: Reply = [[b("1-0"), [b("\xff"), b("v")]]];
    expect(() => toStreamEntries(reply, bytes)).toThrow(
      'cannot become an object key; use the option "pairs" for field names as bytes',
    );
    expect(toStreamEntryPairs(reply, bytes)).toEqual([[b("1-0"), [[b("\xff"), b("v")]]]]);
    expect(toStreamEntries([[b("1-0"), [b("f"), b("\xff")]]], bytes)).toEqual([
      [b("1-0"), fields(["f", b("\xff")])],
    ]);
  });

  test("keep what newer servers add to them", () => {
    expect(toStreamEntries([["1-0", ["f", "v"], 5, 2]], text)).toEqual([
      ["1-0", fields(["f", "v"]), 5, 2],
    ]);
  });
});

describe("XREAD", () => {
  test("is the same from arrays and from a map", () => {
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

  test("with nothing is an empty array", () => {
    expect(toStreams(null, text)).toEqual([]);
    expect(toStreamsPairs(null, text)).toEqual([]);
    expect(toStreams(new MapReply([]), text)).toEqual([]);
  });

  test("in pairs", () => {
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

describe("XAUTOCLAIM", () => {
  test("keeps the cursor, as text, and what was deleted", () => {
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

  test("of Redis 6.2 has deleted nothing", () => {
    expect(toAutoclaim(["0-0", []], text)).toEqual(["0-0", [], []]);
  });
});

describe("XPENDING", () => {
  test("sums up", () => {
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

  test("lists", () => {
    expect(toPending([["1-0", "a", 500, 2]])).toEqual([
      { messageId: "1-0", consumer: "a", timeSinceDelivered: 500, timesDelivered: 2 },
    ]);
    expect(toPending([])).toEqual([]);
  });
});

describe("XINFO STREAM", () => {
  const short = (wrap: (items: Reply[]) => Reply) =>
    wrap(["length", 1, "groups", 2, "first-entry", ONE, "last-entry", null]);

  test.each([
    ["RESP2", (items: Reply[]) => items],
    ["RESP3", (items: Reply[]) => new MapReply(items)],
  ])("in short, %s", (_, wrap) => {
    expect(toXinfoStream(short(wrap), text)).toStrictEqual(
      fields(["length", 1], ["groups", 2], ["first-entry", ONE_DECODED], ["last-entry", null]),
    );
  });

  test.each([
    ["RESP2", (items: Reply[]) => items],
    ["RESP3", (items: Reply[]) => new MapReply(items)],
  ])("in full, %s", (_, wrap: (items: Reply[]) => Reply) => {
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

  test("names are text also where values are bytes", () => {
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
])("%s bears shapes nobody foresaw", (_, decode) => {
  for (const reply of STRANGE) expect(() => decode(reply, text)).not.toThrow();
  expect(decode("text", text)).toBe("text");
  expect(decode(7, text)).toBe(7);
});
