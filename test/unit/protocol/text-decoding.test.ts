/** Tests of decoding text: every encoding and policy, compared with the decoders of Node and WHATWG. */
import { constants } from "node:buffer";
import { afterEach, describe, expect, it, vi } from "vitest";
import { textDecoder, undecodableMessage } from "../../../src/protocol/text-decoder.js";
import { Random, testSeed } from "../../support/random.js";
import { parse } from "../../support/resp-parse.js";

const seed = testSeed();
type Policy = "strict" | "replace" | "ignore";

/** Decode bytes inside a larger buffer; the surrounding bytes must have no effect. */
function decode(bytes: Buffer, encoding: BufferEncoding, errors: Policy): string | undefined {
  const around = Buffer.concat([Buffer.of(0xe2, 0x82), bytes, Buffer.of(0x80, 0xac)]);
  return textDecoder(encoding, errors)(around, 2, 2 + bytes.length);
}

/** Invalid UTF-8, and its text when the invalid bytes are replaced. */
const BAD_UTF8: readonly (readonly [hex: string, replaced: string])[] = [
  ["ff", "\uFFFD"],
  ["80", "\uFFFD"],
  ["61ff62", "a\uFFFDb"],
  ["c3", "\uFFFD"],
  ["c328", "\uFFFD("],
  ["e282", "\uFFFD"],
  ["e28261", "\uFFFDa"],
  ["f09f9880f09f98", "\u{1F600}\uFFFD"],
  ["eda080", "\uFFFD\uFFFD\uFFFD"], // a lone surrogate
  ["c080", "\uFFFD\uFFFD"], // overlong
  ["f4908080", "\uFFFD\uFFFD\uFFFD\uFFFD"], // beyond U+10FFFF
  ["e282efbfbd61", "\uFFFD\uFFFDa"],
  ["efbfbdff", "\uFFFD\uFFFD"],
];

describe("textDecoder with utf8", () => {
  it.each(BAD_UTF8)("%s is rejected, replaced or dropped", (hex, replaced) => {
    const bad = Buffer.from(hex, "hex");
    for (const length of [0, 30, 3000]) {
      const before = "x".repeat(length);
      const bytes = Buffer.concat([Buffer.from(before), bad]);
      expect(decode(bytes, "utf8", "strict")).toBeUndefined();
      expect(decode(bytes, "utf8", "replace")).toBe(before + replaced);
    }
  });

  it('"ignore" drops invalid bytes and keeps each U+FFFD of the data', () => {
    const bad = (hex: string) => decode(Buffer.from(hex, "hex"), "utf8", "ignore");
    expect(bad("61ff62")).toBe("ab");
    expect(bad("efbfbdff61efbfbd")).toBe("\uFFFDa\uFFFD");
    expect(bad("e282efbfbd61")).toBe("\uFFFDa");
    const long = Buffer.concat([Buffer.from("é".repeat(2000)), Buffer.from("ffefbfbd", "hex")]);
    expect(decode(long, "utf8", "ignore")).toBe(`${"é".repeat(2000)}\uFFFD`);
  });

  it.each(["strict", "replace", "ignore"] as const)("decodes valid text exactly: %s", (policy) => {
    for (const unit of ["a", "é", "漢", "😀", "\uFFFD", "\uFEFF", "a\0"]) {
      for (const length of [0, 1, 2, 7, 24, 25, 100, 2047, 2048, 2049, 5000]) {
        const text = unit.repeat(length);
        expect(decode(Buffer.from(text), "utf8", policy)).toBe(text);
        expect(decode(Buffer.from(`x${text}`), "utf-8", policy)).toBe(`x${text}`);
      }
    }
  });

  it(`decodes random bytes like TextDecoder (TEST_SEED=${seed})`, () => {
    const random = new Random(seed);
    for (let round = 0; round < 3000; round++) {
      const bytes = random.chance(0.5)
        ? random.bytes(random.int(0, 30))
        : Buffer.concat([Buffer.alloc(random.int(0, 2100), "é"), random.bytes(random.int(0, 3))]);
      const note = `seed ${seed}: ${bytes.toString("hex")}`;
      const replaced = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
      const valid = Buffer.from(replaced).equals(bytes);
      expect(decode(bytes, "utf8", "replace"), note).toBe(replaced);
      expect(decode(bytes, "utf8", "strict"), note).toBe(valid ? replaced : undefined);
      if (valid) expect(decode(bytes, "utf8", "ignore"), note).toBe(replaced);
    }
  });
});

describe("textDecoder with other encodings", () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

  it.each(["latin1", "binary", "hex", "base64", "base64url"] as const)(
    "%s accepts every byte",
    (name) => {
      expect(decode(bytes, name, "strict")).toBe(bytes.toString(name));
    },
  );

  it("ascii accepts 128 byte values", () => {
    const low = bytes.subarray(0, 128).toString("latin1");
    expect(decode(bytes.subarray(0, 128), "ascii", "strict")).toBe(low);
    expect(decode(bytes, "ascii", "strict")).toBeUndefined();
    expect(decode(bytes, "ascii", "replace")).toBe(low + "\uFFFD".repeat(128));
    expect(decode(bytes, "ascii", "ignore")).toBe(low);
  });

  it("accepts encoding names in capitals", () => {
    const name = "UTF-8" as BufferEncoding;
    expect(decode(Buffer.of(0xff), name, "strict")).toBeUndefined();
  });
});

describe("text decoding in the parser", () => {
  const bulk = (body: Buffer) =>
    Buffer.concat([Buffer.from(`$${body.length}\r\n`), body, Buffer.from("\r\n")]);

  it("decodes statuses as ASCII under an encoding that does not extend ASCII", () => {
    const wire = Buffer.concat([Buffer.from("+PONG\r\n"), bulk(Buffer.from("é", "utf16le"))]);
    expect(parse([wire], [0], { encoding: "utf16le" })).toEqual([
      ["reply", "PONG"],
      ["reply", "é"],
    ]);
  });

  it("decodes statuses in an encoding that extends ASCII", () => {
    const wire = Buffer.from("+\xe9t\xe9\r\n", "latin1");
    expect(parse([wire], [0], { encoding: "latin1" })).toEqual([["reply", "été"]]);
  });

  it("decodes long sequences of short strings in the parser's encoding", () => {
    const items = Array.from({ length: 100 }, () => bulk(Buffer.from("ab")));
    const wire = Buffer.concat([Buffer.from("*100\r\n"), ...items]);
    for (const encoding of ["utf16le", "hex", "latin1", "base64"] as const) {
      const text = Buffer.from("ab").toString(encoding);
      expect(parse([wire], [0], { encoding })).toEqual([["reply", Array(100).fill(text)]]);
    }
  });

  it("finds one invalid byte in a long sequence of short strings", () => {
    const items = Array.from({ length: 100 }, () => bulk(Buffer.from("some words")));
    items[60] = bulk(Buffer.from("some\xffwords", "latin1"));
    const wire = Buffer.concat([Buffer.from("*100\r\n"), ...items]);
    expect(parse([wire])).toEqual([["decode-error", "DecodeError"]]);
    const texts = Array<string>(100).fill("some words").with(60, "some\uFFFDwords");
    expect(parse([wire], [0], { encodingErrors: "replace" })).toEqual([["reply", texts]]);
  });

  it.each(["replace", "ignore"] as const)(
    "encodingErrors %s applies to every string",
    (encodingErrors) => {
      const bad = bulk(Buffer.from([0x61, 0xff]));
      const wire = Buffer.concat([
        bad,
        Buffer.from("+a\xff\r\n", "latin1"),
        Buffer.from("*1\r\n"),
        bad,
      ]);
      const text = encodingErrors === "replace" ? "a\uFFFD" : "a";
      expect(parse([wire], [0], { encodingErrors })).toEqual([
        ["reply", text],
        ["reply", text],
        ["reply", [text]],
      ]);
    },
  );
});

describe("text longer than the maximum string length", () => {
  const giant = Buffer.alloc(constants.MAX_STRING_LENGTH + 1);

  it.each(["utf8", "latin1"] as const)(
    "textDecoder returns undefined in %s instead of throwing",
    (encoding) => {
      expect(textDecoder(encoding, "strict")(giant, 0, giant.length)).toBeUndefined();
    },
  );

  it("notText() reports the length in the message", () => {
    expect(undecodableMessage(giant.length, "utf8")).toMatch(
      /or too long for a string.*decodeResponses: false/,
    );
    expect(undecodableMessage(5, "utf8")).not.toContain("too long");
  });
});

describe("textDecoder without ICU", () => {
  afterEach(() => {
    vi.doUnmock("node:buffer");
    vi.resetModules();
  });

  it("decodes long text without transcode()", async () => {
    vi.resetModules();
    vi.doMock("node:buffer", async (original) => ({
      ...(await original<typeof import("node:buffer")>()),
      transcode: undefined,
    }));
    const fresh = await import("../../../src/protocol/text-decoder.js");
    const bytes = Buffer.from("é".repeat(5000));
    const read = fresh.textDecoder("utf8", "strict");
    expect(fresh.textDecoder).not.toBe(textDecoder);
    expect(read(bytes, 0, bytes.length)).toBe("é".repeat(5000));
    expect(read(bytes, 0, bytes.length - 1)).toBeUndefined();
  });
});
