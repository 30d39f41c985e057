/** Tests of text in encodings other than UTF-8, and of text that an encoding cannot represent. */
import { describe, expect, it } from "vitest";
import { internalCommand } from "../../../src/connection/internal-request.js";
import { Encoder, type EncoderOptions, type WireArg } from "../../../src/protocol/encoder.js";
import { Token } from "../../../src/protocol/token.js";
import { encodeCommand } from "../../support/resp.js";

const command = internalCommand("CONFIG SET");
const LONE = "a\ud800b";

type Errors = EncoderOptions["encodingErrors"];

function encode(encoding: BufferEncoding, encodingErrors: Errors, ...args: WireArg[]): Buffer {
  const encoder = new Encoder({ encoding, encodingErrors });
  encoder.check(command, args);
  encoder.command(command, args);
  const chunks = encoder.take();
  return Buffer.concat(
    chunks.map((chunk) => (typeof chunk === "string" ? Buffer.from(chunk, "latin1") : chunk)),
  );
}

const wire = (...args: (string | Buffer)[]) => encodeCommand(["CONFIG", "SET", ...args]);
const utf16 = (text: string) => Buffer.from(text, "utf16le");
const latin1 = (text: string) => Buffer.from(text, "latin1");

describe("Encoder with utf16le", () => {
  it("encodes text arguments, and no other types", () => {
    const args = ["ключ", new Token("EX"), 60, 7n, Buffer.from("raw"), "a"];
    const expected = wire(utf16("ключ"), "EX", "60", "7", "raw", utf16("a"));
    expect(encode("utf16le", "strict", ...args)).toEqual(expected);
  });

  it("encodes large text", () => {
    const text = "ж".repeat(20_000);
    expect(encode("utf16le", "strict", text).equals(wire(utf16(text)))).toBe(true);
  });

  it("rejects, replaces or drops lone surrogates", () => {
    expect(() => encode("utf16le", "strict", LONE)).toThrow("must be text that its encoding can");
    expect(encode("utf16le", "replace", LONE)).toEqual(wire(utf16("a?b")));
    expect(encode("utf16le", "ignore", LONE)).toEqual(wire(utf16("ab")));
  });
});

describe("Encoder with latin1", () => {
  it("encodes every character of latin1", () => {
    const text = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i));
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    expect(encode("latin1", "strict", text)).toEqual(wire(bytes));
    const long = text.repeat(50);
    expect(encode("latin1", "strict", long).equals(wire(latin1(long)))).toBe(true);
  });

  it("rejects, replaces or drops other characters", () => {
    expect(() => encode("latin1", "strict", "5 €")).toThrow("argument 1 must be text");
    expect(encode("latin1", "replace", "5 € é")).toEqual(wire(latin1("5 ? é")));
    expect(encode("latin1", "ignore", "5 € é")).toEqual(wire(latin1("5  é")));
    expect(encode("latin1", "replace", "😀")).toEqual(wire("?"));
  });
});

describe("Encoder with ascii", () => {
  it("encodes ASCII", () => {
    expect(encode("ascii", "strict", "abc~\x7f")).toEqual(wire("abc~\x7f"));
  });

  it("rejects, replaces or drops other characters instead of clearing their high bit", () => {
    expect(() => encode("ascii", "strict", "é")).toThrow("must be text");
    expect(encode("ascii", "replace", "né€😀")).toEqual(wire("n???"));
    expect(encode("ascii", "ignore", "né€")).toEqual(wire("n"));
  });
});

describe("Encoder with utf8", () => {
  it.each([
    ["short", "", ""],
    ["at the start", "", " and a long tail ".repeat(10)],
    ["at the end", "x".repeat(100), ""],
    ["in large text", "γ".repeat(9000), "γ"],
    ["in large ASCII text", "x".repeat(9000), ""],
  ])("rejects, replaces or drops lone surrogates: %s", (_where, before, after) => {
    const text = `${before}\udc00${after}`;
    expect(() => encode("utf8", "strict", text)).toThrow("must be text that its encoding can");
    expect(encode("utf8", "replace", text).equals(wire(`${before}?${after}`))).toBe(true);
    expect(encode("utf8", "ignore", text).equals(wire(`${before}${after}`))).toBe(true);
  });

  it.each<Errors>(["replace", "ignore"])(
    "keeps valid text unchanged under encodingErrors %s",
    (errors) => {
      const text = "a é γ 😀 \uFFFD";
      expect(encode("utf8", errors, text)).toEqual(wire(text));
    },
  );

  it("writes no part of a command with invalid text in any argument", () => {
    const encoder = new Encoder({ encoding: "utf8", encodingErrors: "strict" });
    expect(() => encoder.command(command, ["ok", Buffer.alloc(9000), LONE])).toThrow(
      "CONFIG SET: argument 3 must be text",
    );
    expect(encoder.empty).toBe(true);
  });
});
