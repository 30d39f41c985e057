/** Tests of the limit of bytes per reply on connections to Sentinels. */
import { describe, expect, it, vi } from "vitest";
import { InvalidResponse } from "../../../src/errors.js";
import { JsParser } from "../../../src/protocol/js-parser.js";
import { boundedParser } from "../../../src/sentinel/bounded-parser.js";

const LIMIT = 1000;
const OPTIONS = {
  encoding: "utf8",
  encodingErrors: "strict",
  maxDepth: 128,
  maxBulkLength: 1_000_000,
  maxElements: 1_000_000,
} as const;

function setUp() {
  const handler = {
    nextMode: () => 0,
    nextPushMode: () => 0,
    onReply: vi.fn(),
    onErrorReply: vi.fn(),
    onDecodeError: vi.fn(),
    onPush: vi.fn(),
  };
  const parser = new (boundedParser(JsParser, LIMIT))(handler, OPTIONS);
  return { handler, feed: (text: string) => parser.feed(Buffer.from(text)), parser };
}

describe("boundedParser", () => {
  it("throws InvalidResponse when one reply continues beyond the limit", () => {
    const { feed, handler } = setUp();
    feed("*1000\r\n");
    const flood = (): void => {
      for (let i = 0; i < 1000; i++) feed(":1\r\n");
    };
    expect(flood).toThrow(new InvalidResponse("Protocol Error: a reply is longer than 1000 bytes"));
    expect(handler.onReply).not.toHaveBeenCalled();
  });

  it("throws for attributes without end, which complete no reply", () => {
    const { feed } = setUp();
    const flood = (): void => {
      for (let i = 0; i < 1000; i++) feed("|1\r\n+a\r\n:1\r\n");
    };
    expect(flood).toThrow(InvalidResponse);
  });

  it("counts each reply for itself, wherever the chunks end", () => {
    const { feed, handler, parser } = setUp();
    const half = `+${"a".repeat(300)}`;
    feed(half);
    for (let i = 0; i < 100; i++) feed(`\r\n${half}`);
    expect(handler.onReply).toHaveBeenCalledTimes(100);
    expect(parser.midReply).toBe(true);
  });

  it("passes on every kind of reply, and the capabilities of its class", () => {
    const { feed, handler, parser } = setUp();
    feed("+OK\r\n-ERR no\r\n>1\r\n+message\r\n");
    feed("$1\r\n");
    parser.feed(Buffer.from([255, 13, 10]));
    expect(handler.onReply).toHaveBeenCalledWith("OK");
    expect(handler.onErrorReply).toHaveBeenCalledTimes(1);
    expect(handler.onPush).toHaveBeenCalledWith(["message"]);
    expect(handler.onDecodeError).toHaveBeenCalledTimes(1);
    class Resp2Only extends JsParser {
      static readonly resp3 = false;
    }
    expect(boundedParser(Resp2Only, LIMIT).resp3).toBe(false);
    expect(boundedParser(JsParser, LIMIT).resp3).toBeUndefined();
  });
});
