/** Tests of the texts of error replies in messages: length, control characters, secrets. */
import { describe, expect, it } from "vitest";
import {
  errorFromBytes,
  MAX_ERROR_TEXT,
  mayContain,
  printable,
} from "../../../src/protocol/error-text.js";
import { reads } from "../../support/parser-under-test.js";
import { parse } from "../../support/resp-parse.js";

function messageOf(text: string): string {
  const bytes = Buffer.from(`--${text}--`);
  return errorFromBytes(bytes, 2, bytes.length - 2).message;
}

describe("errorFromBytes", () => {
  it("keeps a text of up to 4096 bytes whole, code included", () => {
    const texts = [
      "ERR no",
      "WRONGTYPE Operation against a key",
      "ÄÖ 😀",
      `ERR ${"x".repeat(4092)}`,
    ];
    expect(texts.map(messageOf)).toEqual(texts);
  });

  it("replaces the end of a longer text by its size", () => {
    const message = messageOf(`WRONGTYPE ${"x".repeat(100_000)}`);
    expect(message).toBe(`WRONGTYPE ${"x".repeat(MAX_ERROR_TEXT - 10)}… (100010 bytes)`);
  });

  it("limits a text that becomes longer because of its control characters", () => {
    const message = messageOf(`ERR ${"\x1b".repeat(4000)}`);
    expect(message).toBe(`ERR ${"\\x1b".repeat(1023)}… (4004 bytes)`);
  });

  it("escapes control characters and marks that change the direction of text", () => {
    const error = errorFromBytes(
      Buffer.from("ERR \x1b[31m\x00\n\r\t\x7f\u0085\u2028\u202e\u2066"),
      0,
      28,
    );
    expect(error.message).toBe("ERR \\x1b[31m\\x00\\n\\r\\t\\x7f\\x85\\u2028\\u202e\\u2066");
  });

  it.each(
    [
      ["-", `-ERR ${"a".repeat(500_000)}\r\n`],
      ["!", `!500004\r\nERR ${"a".repeat(500_000)}\r\n`],
    ].filter(([, wire]) => reads(wire ?? "")),
  )("limits the message of the error reply %s", (_, wire) => {
    const [kind, value] = parse([Buffer.from(wire)]).at(-1) ?? [];
    expect(kind).toBe("error");
    expect(JSON.stringify(value).length).toBeLessThan(5000);
  });
});

describe("printable", () => {
  it("returns text without control characters unchanged", () => {
    expect(printable("größer 😀 \u200d ok")).toBe("größer 😀 \u200d ok");
  });
});

describe("mayContain", () => {
  it("finds a secret that was escaped, or whose end may have been cut", () => {
    expect(mayContain("ERR invalid password pass\\tword", "pass\tword")).toBe(true);
    expect(mayContain("ERR pass", "pass")).toBe(true);
    expect(mayContain("ERR no", "pass")).toBe(false);
    expect(mayContain(messageOf(`ERR ${"x".repeat(4090)}password`), "password")).toBe(true);
  });
});
