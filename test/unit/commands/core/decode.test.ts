import { describe, expect, test } from "vitest";
import * as decode from "../../../../src/commands/core/decode.js";
import type { DecodeContext } from "../../../../src/commands/core/info.js";
import { DecodeError, ResponseError } from "../../../../src/errors.js";
import { MapReply, type Reply, SetReply } from "../../../../src/protocol/reply.js";
import { Random, testSeed } from "../../../support/random.js";
import { bytesContext as bytes, textContext as text } from "../../../support/strict-text.js";

const b = (value: string) => Buffer.from(value);

/** Replies that no decoder expects: they must be returned unchanged, without an error. */
const UNEXPECTED: Reply[] = ["QUEUED", new ResponseError("nested"), b("unexpected")];

describe("okToTrue and toBoolean", () => {
  test("okToTrue converts OK to true and keeps other replies", () => {
    expect(decode.okToTrue("OK")).toBe(true);
    expect(decode.okToTrue(null)).toBe(null);
    expect(decode.okToTrue("NOKEY")).toBe("NOKEY");
  });

  test.each<[Reply, unknown]>([
    [1, true],
    [0, false],
    [1n, true],
    [0n, false],
    [true, true],
    [false, false],
    ["OK", true],
    [null, false],
    ["QUEUED", "QUEUED"],
  ])("toBoolean(%s) returns %s", (reply, value) => {
    expect(decode.toBoolean(reply)).toBe(value);
  });
});

describe("toDouble and parseDouble", () => {
  test.each<[string, number]>([
    ["1", 1],
    ["-0.5", -0.5],
    ["0.30000000000000004", 0.1 + 0.2],
    ["1.7976931348623157e+308", Number.MAX_VALUE],
    ["5e-324", Number.MIN_VALUE],
    ["1e+18", 1e18],
    ["inf", Infinity],
    ["+inf", Infinity],
    ["-inf", -Infinity],
    ["Infinity", Infinity],
    ["nan", Number.NaN],
    ["-nan", Number.NaN],
  ])("toDouble parses %s as text and as bytes", (text, value) => {
    expect(decode.toDouble(text)).toBe(value);
    expect(decode.toDouble(b(text))).toBe(value);
  });

  test("parseDouble agrees with Number for decimals of every length", () => {
    const random = new Random(testSeed());
    for (let i = 0; i < 20_000; i++) {
      const digits = Array.from({ length: random.int(1, 20) }, () => random.int(0, 9)).join("");
      const point = random.int(1, digits.length);
      const fraction = random.chance(0.8) ? `.${digits.slice(point)}` : "";
      const text = `${random.chance(0.3) ? "-" : ""}${digits.slice(0, point)}${fraction}`;
      expect(decode.parseDouble(text), `seed ${random.seed}: ${text}`).toBe(Number(text));
    }
  });

  test("toDouble keeps RESP3 doubles and null, and converts integers", () => {
    expect(decode.toDouble(1.5)).toBe(1.5);
    expect(decode.toDouble(Infinity)).toBe(Infinity);
    expect(decode.toDouble(3n)).toBe(3);
    expect(decode.toDouble(null)).toBe(null);
  });

  test.each([
    "",
    " ",
    "0x10",
    "1e",
    "1 ",
    "1,5",
    "true",
    ".",
    "-",
    "--1",
    "1-",
    "1.2.3",
    "1:",
    "1/",
  ])("toDouble keeps %j, which is not a number", (text) => {
    expect(decode.parseDouble(text)).toBe(undefined);
    expect(decode.toDouble(text)).toBe(text);
  });

  test("toDoubles converts each element", () => {
    expect(decode.toDoubles(["1.5", null, "inf"])).toEqual([1.5, null, Infinity]);
    expect(decode.toDoubles([1.5, null, Infinity])).toEqual([1.5, null, Infinity]);
  });
});

describe("toSet and toArray", () => {
  test("toSet converts RESP2 arrays, RESP3 sets and null", () => {
    expect(decode.toSet(["a", "b"])).toEqual(new Set(["a", "b"]));
    expect(decode.toSet(new SetReply(["a", "b"]))).toEqual(new Set(["a", "b"]));
    expect(decode.toSet([])).toEqual(new Set());
    expect(decode.toSet(null)).toEqual(new Set());
  });

  test("toArray converts RESP2 arrays and RESP3 sets, and keeps null", () => {
    expect(decode.toArray(["a"])).toEqual(["a"]);
    expect(decode.toArray(new SetReply(["a"]))).toEqual(["a"]);
    expect(decode.toArray(null)).toBe(null);
  });
});

describe("toRecord", () => {
  const flat: Reply = ["a", "1", "b", "2"];

  test("returns the same object for a flat RESP2 array, a RESP3 map and nested pairs", () => {
    const expected = { a: "1", b: "2" };
    const shapes: Reply[] = [
      flat,
      new MapReply(["a", "1", "b", "2"]),
      [
        ["a", "1"],
        ["b", "2"],
      ],
    ];
    for (const shape of shapes) {
      const record = decode.toRecord(shape, text);
      expect({ ...(record as object) }).toEqual(expected);
      expect(Object.getPrototypeOf(record)).toBe(null);
    }
  });

  test("returns an empty object for an empty or null reply", () => {
    expect(Object.keys(decode.toRecord([], text) as object)).toEqual([]);
    expect(Object.keys(decode.toRecord(null, text) as object)).toEqual([]);
  });

  test("keeps fields named like properties of Object.prototype", () => {
    const record = decode.toRecord(["__proto__", "p", "constructor", "c"], text) as Record<
      string,
      string
    >;
    expect(Object.keys(record)).toEqual(["__proto__", "constructor"]);
    expect(Object.entries(record)[0]).toEqual(["__proto__", "p"]);
  });

  test("returns text names and Buffer values with decodeResponses: false", () => {
    const record = decode.toRecord([b("ключ"), b("v")], bytes) as Record<string, Buffer>;
    expect(record.ключ).toEqual(b("v"));
  });

  test("throws DecodeError with the alternatives for a name that is not valid text", () => {
    const read = () => decode.toRecord([Buffer.from([0xff]), b("v")], bytes);
    expect(read).toThrow(DecodeError);
    expect(read).toThrow(/use hkeys\(\) or hscanIter\(\) for field names as bytes/);
  });
});

describe("pair and score decoders", () => {
  test("toPairs converts flat arrays, maps and nested pairs", () => {
    const expected = [
      ["a", "1"],
      ["b", "2"],
    ];
    expect(decode.toPairs(["a", "1", "b", "2"])).toEqual(expected);
    expect(decode.toPairs(new MapReply(["a", "1", "b", "2"]))).toEqual(expected);
    expect(decode.toPairs(expected)).toEqual(expected);
    expect(decode.toPairs([])).toEqual([]);
  });

  test("toScorePairs converts scores from text and doubles", () => {
    const expected = [
      ["a", 1.5],
      ["b", -Infinity],
    ];
    expect(decode.toScorePairs(["a", "1.5", "b", "-inf"])).toEqual(expected);
    expect(
      decode.toScorePairs([
        ["a", 1.5],
        ["b", -Infinity],
      ]),
    ).toEqual(expected);
    expect(decode.toScorePairs([b("a"), b("1.5")])).toEqual([[b("a"), 1.5]]);
    expect(decode.toScorePairs(["a", 2])).toEqual([["a", 2]]);
    expect(decode.toScorePairs([])).toEqual([]);
  });

  test("toCastPairs passes numbers to scoreCastFunc under both protocols", () => {
    const cast = decode.toCastPairs((score) => `<${score}>`);
    expect(cast(["a", "1.50"], text)).toEqual([["a", "<1.5>"]]);
    expect(cast([["a", 1.5]], text)).toEqual([["a", "<1.5>"]]);
  });

  test("toKeyedScore and toKeyedScores keep the key of blocking pops", () => {
    expect(decode.toKeyedScore(["k", "m", "1"])).toEqual(["k", "m", 1]);
    expect(decode.toKeyedScore(["k", "m", 1])).toEqual(["k", "m", 1]);
    expect(decode.toKeyedScore(null)).toBe(null);
    expect(decode.toKeyedScores(["k", [["m", "1"]]])).toEqual(["k", [["m", 1]]]);
    expect(decode.toKeyedScores(["k", [["m", 1]]])).toEqual(["k", [["m", 1]]]);
    expect(decode.toKeyedScores(null)).toBe(null);
  });
});

describe("scan decoders", () => {
  test("return the cursor as text, also with bytes and beyond 2^53", () => {
    expect(decode.toScan(["18446744073709551615", ["a"]])).toEqual(["18446744073709551615", ["a"]]);
    expect(decode.toScan([b("7"), [b("a")]])).toEqual(["7", [b("a")]]);
    expect(decode.toScan([0, []])).toEqual(["0", []]);
  });

  test("convert the items of HSCAN and ZSCAN", () => {
    expect(decode.toScanRecord(["0", ["f", "v"]], text)).toEqual(["0", { f: "v" }]);
    expect(decode.toScanPairs([b("0"), [b("f"), b("v")]])).toEqual(["0", [[b("f"), b("v")]]]);
    expect(decode.toScanScores(["0", ["m", "1.5"]])).toEqual(["0", [["m", 1.5]]]);
    expect(decode.toScanCast((score) => score * 2)(["0", ["m", "1.5"]], text)).toEqual([
      "0",
      [["m", 3]],
    ]);
  });
});

describe("toGroups and toLcsResult", () => {
  test("toGroups drops an incomplete group", () => {
    expect(decode.toGroups(2)(["a", null, "b", "2", "c"], text)).toEqual([
      ["a", null],
      ["b", "2"],
    ]);
    expect(decode.toGroups(2)([], text)).toEqual([]);
  });

  test("toLcsResult converts flat arrays and maps", () => {
    const matches: Reply = [[[4, 7], [5, 8], 4]];
    const expected = { matches: [[[4, 7], [5, 8], 4]], len: 4 };
    expect(decode.toLcsResult(["matches", matches, "len", 4])).toEqual(expected);
    expect(decode.toLcsResult(new MapReply(["matches", matches, "len", 4]))).toEqual(expected);
    expect(decode.toLcsResult([b("matches"), matches, b("len"), 4])).toEqual(expected);
  });
});

describe("decoders with unexpected replies", () => {
  const all = Object.entries({
    ...decode,
    toCastPairs: decode.toCastPairs((score) => score),
    toRankCast: decode.toRankCast((score) => score),
    toScanCast: decode.toScanCast((score) => score),
    toGroups: decode.toGroups(2),
  }).filter(([name]) => name.startsWith("to") || name === "okToTrue");

  test.each(all)("%s returns an unexpected reply unchanged", (name, decoder) => {
    for (const reply of UNEXPECTED) {
      const value = (decoder as (reply: Reply, context: DecodeContext) => unknown)(reply, text);
      expect(value).toEqual(name === "toWord" && Buffer.isBuffer(reply) ? "unexpected" : reply);
    }
  });

  test.each(all)("%s does not throw for unexpected arrays", (_name, decoder) => {
    const arrays: Reply[] = [
      [[]],
      [null],
      [["a"]],
      ["0", null],
      ["0", "x"],
      [1, 2, 3],
      [new MapReply([])],
    ];
    for (const reply of arrays) {
      expect(() =>
        (decoder as (reply: Reply, context: DecodeContext) => unknown)(reply, text),
      ).not.toThrow();
    }
  });
});
