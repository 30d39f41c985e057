import { describe, expect, test } from "vitest";
import * as decode from "../../../../src/commands/core/decode.js";
import type { DecodeContext } from "../../../../src/commands/core/info.js";
import { DecodeError, ResponseError } from "../../../../src/errors.js";
import { MapReply, type Reply, SetReply } from "../../../../src/protocol/reply.js";
import { Random, testSeed } from "../../../support/random.js";

const fatal = new TextDecoder("utf-8", { fatal: true });
function strictText(bytes: Buffer): string {
  try {
    return fatal.decode(bytes);
  } catch {
    throw new DecodeError("not UTF-8", { code: "EENCODING" });
  }
}
const text: DecodeContext = { bytes: false, text: strictText };
const bytes: DecodeContext = { bytes: true, text: strictText };
const b = (value: string) => Buffer.from(value);

/** Shapes that no decoder foresees: all must come back as they are, none may throw. */
const STRANGE: Reply[] = ["QUEUED", new ResponseError("nested"), b("odd")];

describe("words and booleans", () => {
  test("OK becomes true, everything else stays", () => {
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
  ])("toBoolean(%s) is %s", (reply, value) => {
    expect(decode.toBoolean(reply)).toBe(value);
  });
});

describe("doubles", () => {
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
  ])("%s as text and as bytes", (written, value) => {
    expect(decode.toDouble(written)).toBe(value);
    expect(decode.toDouble(b(written))).toBe(value);
  });

  test("decimals of every length and with the point anywhere are what Number makes of them", () => {
    const random = new Random(testSeed());
    for (let i = 0; i < 20_000; i++) {
      const digits = Array.from({ length: random.int(1, 20) }, () => random.int(0, 9)).join("");
      const point = random.int(1, digits.length);
      const fraction = random.chance(0.8) ? `.${digits.slice(point)}` : "";
      const written = `${random.chance(0.3) ? "-" : ""}${digits.slice(0, point)}${fraction}`;
      expect(decode.parseDouble(written), `seed ${random.seed}: ${written}`).toBe(Number(written));
    }
  });

  test("RESP3 doubles, integers and null pass", () => {
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
  ])("%j is no number", (written) => {
    expect(decode.parseDouble(written)).toBe(undefined);
    expect(decode.toDouble(written)).toBe(written);
  });

  test("each of several", () => {
    expect(decode.toDoubles(["1.5", null, "inf"])).toEqual([1.5, null, Infinity]);
    expect(decode.toDoubles([1.5, null, Infinity])).toEqual([1.5, null, Infinity]);
  });
});

describe("sets", () => {
  test("RESP2 arrays, RESP3 sets and null", () => {
    expect(decode.toSet(["a", "b"])).toEqual(new Set(["a", "b"]));
    expect(decode.toSet(new SetReply(["a", "b"]))).toEqual(new Set(["a", "b"]));
    expect(decode.toSet([])).toEqual(new Set());
    expect(decode.toSet(null)).toEqual(new Set());
  });

  test("as arrays", () => {
    expect(decode.toArray(["a"])).toEqual(["a"]);
    expect(decode.toArray(new SetReply(["a"]))).toEqual(["a"]);
    expect(decode.toArray(null)).toBe(null);
  });
});

describe("records", () => {
  const flat: Reply = ["a", "1", "b", "2"];

  test("RESP2 flat, RESP3 map and nested pairs give the same object", () => {
    const want = { a: "1", b: "2" };
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
      expect({ ...(record as object) }).toEqual(want);
      expect(Object.getPrototypeOf(record)).toBe(null);
    }
  });

  test("missing is empty", () => {
    expect(Object.keys(decode.toRecord([], text) as object)).toEqual([]);
    expect(Object.keys(decode.toRecord(null, text) as object)).toEqual([]);
  });

  test("inherited names are names like any other", () => {
    const record = decode.toRecord(["__proto__", "p", "constructor", "c"], text) as Record<
      string,
      string
    >;
    expect(Object.keys(record)).toEqual(["__proto__", "constructor"]);
    expect(Object.entries(record)[0]).toEqual(["__proto__", "p"]);
  });

  test("with bytes the names are text and the values bytes", () => {
    const record = decode.toRecord([b("ключ"), b("v")], bytes) as Record<string, Buffer>;
    expect(record.ключ).toEqual(b("v"));
  });

  test("a name that is no text is an error that says what to use", () => {
    const read = () => decode.toRecord([Buffer.from([0xff]), b("v")], bytes);
    expect(read).toThrow(DecodeError);
    expect(read).toThrow(/use hkeys\(\) or hscanIter\(\) for field names as bytes/);
  });
});

describe("pairs and scores", () => {
  test("pairs from flat, map and nested", () => {
    const want = [
      ["a", "1"],
      ["b", "2"],
    ];
    expect(decode.toPairs(["a", "1", "b", "2"])).toEqual(want);
    expect(decode.toPairs(new MapReply(["a", "1", "b", "2"]))).toEqual(want);
    expect(decode.toPairs(want)).toEqual(want);
    expect(decode.toPairs([])).toEqual([]);
  });

  test("scores from text and from doubles", () => {
    const want = [
      ["a", 1.5],
      ["b", -Infinity],
    ];
    expect(decode.toScorePairs(["a", "1.5", "b", "-inf"])).toEqual(want);
    expect(
      decode.toScorePairs([
        ["a", 1.5],
        ["b", -Infinity],
      ]),
    ).toEqual(want);
    expect(decode.toScorePairs([b("a"), b("1.5")])).toEqual([[b("a"), 1.5]]);
    expect(decode.toScorePairs(["a", 2])).toEqual([["a", 2]]);
    expect(decode.toScorePairs([])).toEqual([]);
  });

  test("a cast gets the number whatever the protocol", () => {
    const cast = decode.toCastPairs((score) => `<${score}>`);
    expect(cast(["a", "1.50"], text)).toEqual([["a", "<1.5>"]]);
    expect(cast([["a", 1.5]], text)).toEqual([["a", "<1.5>"]]);
  });

  test("blocking pops keep the key", () => {
    expect(decode.toKeyedScore(["k", "m", "1"])).toEqual(["k", "m", 1]);
    expect(decode.toKeyedScore(["k", "m", 1])).toEqual(["k", "m", 1]);
    expect(decode.toKeyedScore(null)).toBe(null);
    expect(decode.toKeyedScores(["k", [["m", "1"]]])).toEqual(["k", [["m", 1]]]);
    expect(decode.toKeyedScores(["k", [["m", 1]]])).toEqual(["k", [["m", 1]]]);
    expect(decode.toKeyedScores(null)).toBe(null);
  });
});

describe("scans", () => {
  test("the cursor is text, also with bytes and beyond 2^53", () => {
    expect(decode.toScan(["18446744073709551615", ["a"]])).toEqual(["18446744073709551615", ["a"]]);
    expect(decode.toScan([b("7"), [b("a")]])).toEqual(["7", [b("a")]]);
    expect(decode.toScan([0, []])).toEqual(["0", []]);
  });

  test("of hashes and sorted sets", () => {
    expect(decode.toScanRecord(["0", ["f", "v"]], text)).toEqual(["0", { f: "v" }]);
    expect(decode.toScanPairs([b("0"), [b("f"), b("v")]])).toEqual(["0", [[b("f"), b("v")]]]);
    expect(decode.toScanScores(["0", ["m", "1.5"]])).toEqual(["0", [["m", 1.5]]]);
    expect(decode.toScanCast((score) => score * 2)(["0", ["m", "1.5"]], text)).toEqual([
      "0",
      [["m", 3]],
    ]);
  });
});

describe("others", () => {
  test("groups drop an incomplete tail", () => {
    expect(decode.toGroups(2)(["a", null, "b", "2", "c"], text)).toEqual([
      ["a", null],
      ["b", "2"],
    ]);
    expect(decode.toGroups(2)([], text)).toEqual([]);
  });

  test("LCS from flat and from a map", () => {
    const matches: Reply = [[[4, 7], [5, 8], 4]];
    const want = { matches: [[[4, 7], [5, 8], 4]], len: 4 };
    expect(decode.toLcsResult(["matches", matches, "len", 4])).toEqual(want);
    expect(decode.toLcsResult(new MapReply(["matches", matches, "len", 4]))).toEqual(want);
    expect(decode.toLcsResult([b("matches"), matches, b("len"), 4])).toEqual(want);
  });
});

describe("what nobody foresaw", () => {
  const all = Object.entries({
    ...decode,
    toCastPairs: decode.toCastPairs((score) => score),
    toScanCast: decode.toScanCast((score) => score),
    toGroups: decode.toGroups(2),
  }).filter(([name]) => name.startsWith("to") || name === "okToTrue");

  test.each(all)("%s gives it back", (name, decoder) => {
    for (const reply of STRANGE) {
      const value = (decoder as (reply: Reply, context: DecodeContext) => unknown)(reply, text);
      expect(value).toEqual(name === "toWord" && Buffer.isBuffer(reply) ? "odd" : reply);
    }
  });

  test.each(all)("%s does not throw on odd aggregates", (_name, decoder) => {
    const odd: Reply[] = [
      [[]],
      [null],
      [["a"]],
      ["0", null],
      ["0", "x"],
      [1, 2, 3],
      [new MapReply([])],
    ];
    for (const reply of odd) {
      expect(() =>
        (decoder as (reply: Reply, context: DecodeContext) => unknown)(reply, text),
      ).not.toThrow();
    }
  });
});
