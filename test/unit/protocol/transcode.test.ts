/** Tests of converting replies of EXEC, read as bytes and bigints, to the mode of each command. */
import { describe, expect, it } from "vitest";
import { DecodeError, ResponseError } from "../../../src/errors.js";
import {
  BIGINT,
  BYTES,
  MapReply,
  type Reply,
  SetReply,
  TEXT,
} from "../../../src/protocol/reply.js";
import { transcode } from "../../../src/protocol/transcode.js";

const text = (bytes: Buffer): string => bytes.toString("utf8");
const bytes = Buffer.from("é");

describe("transcode", () => {
  it("converts bytes to text at any depth", () => {
    const reply: Reply = [bytes, [bytes, null], new MapReply([bytes, 1]), new SetReply([bytes])];
    expect(transcode(reply, TEXT, text)).toEqual([
      "é",
      ["é", null],
      new MapReply(["é", 1]),
      new SetReply(["é"]),
    ]);
  });

  it("keeps bytes in BYTES mode", () => {
    expect(transcode(bytes, BYTES, text)).toBe(bytes);
    expect(transcode([bytes], BYTES, text)).toEqual([bytes]);
  });

  it("converts bigints to numbers, except in BIGINT mode", () => {
    expect(transcode([5n, [-7n]], TEXT, text)).toEqual([5, [-7]]);
    expect(transcode([5n, [-7n]], BYTES, text)).toEqual([5, [-7]]);
    expect(transcode([5n, bytes], BIGINT, text)).toEqual([5n, "é"]);
    expect(transcode([5n, bytes], BIGINT | BYTES, text)).toEqual([5n, bytes]);
  });

  it("throws DecodeError for integers that are not safe", () => {
    const safe = BigInt(Number.MAX_SAFE_INTEGER);
    expect(transcode(safe, TEXT, text)).toBe(Number.MAX_SAFE_INTEGER);
    expect(transcode(-safe, TEXT, text)).toBe(Number.MIN_SAFE_INTEGER);
    for (const unsafe of [safe + 1n, -safe - 1n, 2n ** 63n]) {
      const rebuild = () => transcode([unsafe], TEXT, text);
      expect(rebuild).toThrow(DecodeError);
      expect(rebuild).toThrow(expect.objectContaining({ code: "EDECODE" }));
      expect(rebuild).toThrow(String(unsafe));
    }
  });

  it("returns other values unchanged", () => {
    const error = new ResponseError("x");
    const reply: Reply = ["status", 1.5, true, null, error];
    expect(transcode(reply, TEXT, text)).toEqual(reply);
    expect(transcode(error, TEXT, text)).toBe(error);
  });

  it("throws the error of the text decoder", () => {
    const strict = (): string => {
      throw new DecodeError("not text");
    };
    expect(() => transcode([[bytes]], TEXT, strict)).toThrow("not text");
    expect(transcode([[bytes]], BYTES, strict)).toEqual([[bytes]]);
  });

  it("does not modify the given reply", () => {
    const inner: Reply[] = [bytes];
    const reply: Reply[] = [inner, new MapReply(inner)];
    transcode(reply, TEXT, text);
    expect(reply).toEqual([[bytes], new MapReply([bytes])]);
  });
});
