/** Tests of every form of reply, received whole, byte by byte, and split at every offset; modes, pushes, attributes. */
import { describe, expect, it } from "vitest";
import { BIGINT, BYTES, type Reply } from "../../../src/protocol/reply.js";
import { isNative, ParserUnderTest, reads, readsResp3 } from "../../support/parser-under-test.js";
import { bytewise, cuts, feedAll, OPTIONS, parse, Recorder } from "../../support/resp-parse.js";

const number = (value: number | string) => ({ number: String(value) });
const hex = (text: string) => ({ bytes: Buffer.from(text).toString("hex") });
const error = (message: string, name = "ResponseError") => ({ error: name, message });

/** Input, and its reply read as text. */
const REPLIES: readonly (readonly [wire: string, value: unknown])[] = [
  ["+OK\r\n", "OK"],
  ["+\r\n", ""],
  ["+QUEUED\r\n", "QUEUED"],
  [`+${"long status ".repeat(20)}\r\n`, "long status ".repeat(20)],
  ["+é\r\n", "é"],
  [":0\r\n", number(0)],
  [":-0\r\n", number(0)],
  [":+12\r\n", number(12)],
  [":-2\r\n", number(-2)],
  [":007\r\n", number(7)],
  [":999999999999999\r\n", number(999999999999999)],
  [":9007199254740991\r\n", number(9007199254740991)],
  [":-9007199254740991\r\n", number(-9007199254740991)],
  ["$-1\r\n", null],
  ["$0\r\n\r\n", ""],
  ["$5\r\nhello\r\n", "hello"],
  ["$05\r\nhello\r\n", "hello"],
  ["$4\r\na\r\nb\r\n", "a\r\nb"],
  ["$3\r\n\uFFFD\r\n", "\uFFFD"],
  ["$6\r\n\uFEFFbom\r\n", "\uFEFFbom"],
  [`$24\r\n${"x".repeat(24)}\r\n`, "x".repeat(24)],
  [`$25\r\n${"x".repeat(25)}\r\n`, "x".repeat(25)],
  [`$300\r\n${"é".repeat(150)}\r\n`, "é".repeat(150)],
  ["*-1\r\n", null],
  ["*0\r\n", []],
  ["*3\r\n$1\r\na\r\n$-1\r\n:7\r\n", ["a", null, number(7)]],
  ["*2\r\n*1\r\n$1\r\na\r\n*0\r\n", [["a"], []]],
  ["*2\r\n-WRONGTYPE no\r\n$1\r\na\r\n", [error("WRONGTYPE no"), "a"]],
  ["_\r\n", null],
  ["#t\r\n", true],
  ["#f\r\n", false],
  [",1.5\r\n", number(1.5)],
  [",-0\r\n", number("-0")],
  [",10\r\n", number(10)],
  [",10.\r\n", number(10)],
  [",+2.5\r\n", number(2.5)],
  [",0.1\r\n", number(0.1)],
  [",-3.7e-5\r\n", number(-3.7e-5)],
  [",1E400\r\n", number("Infinity")],
  [",123456789.123456789\r\n", number("123456789.12345679")],
  [",inf\r\n", number("Infinity")],
  [",-inf\r\n", number("-Infinity")],
  [",nan\r\n", number("NaN")],
  [",-nan\r\n", number("NaN")],
  ["(12345678901234567890123\r\n", { bigint: "12345678901234567890123" }],
  ["(-5\r\n", { bigint: "-5" }],
  ["=8\r\ntxt:text\r\n", "text"],
  ["=4\r\nmkd:\r\n", ""],
  ["%0\r\n", { map: [] }],
  ["%2\r\n+a\r\n:1\r\n$1\r\nb\r\n*0\r\n", { map: ["a", number(1), "b", []] }],
  ["~2\r\n+a\r\n+a\r\n", { set: ["a", "a"] }],
  ["~0\r\n", { set: [] }],
  ["*2\r\n!5\r\nERR x\r\n_\r\n", [error("ERR x"), null]],
  ["|1\r\n+ttl\r\n:5\r\n+OK\r\n", "OK"],
  ["|0\r\n|1\r\n+a\r\n*0\r\n$1\r\nx\r\n", "x"],
  ["*2\r\n|1\r\n+a\r\n+b\r\n:1\r\n|0\r\n:2\r\n", [number(1), number(2)]],
  ["*1\r\n|1\r\n|1\r\n+a\r\n+b\r\n+k\r\n%1\r\n+a\r\n*2\r\n+x\r\n+y\r\n+last\r\n", ["last"]],
];

const READ = REPLIES.filter(([wire]) => reads(wire));

describe("parser with one reply", () => {
  it.each(READ)(
    "parses %j, received whole, byte by byte, or split at any offset",
    (wire, value) => {
      const whole = Buffer.from(wire);
      const events = [["reply", value]];
      expect(parse([whole])).toEqual(events);
      expect(parse(bytewise(whole))).toEqual(events);
      for (const pieces of cuts(whole)) expect(parse(pieces)).toEqual(events);
    },
  );

  it("parses all replies from one chunk, split at any offset, each in its mode", () => {
    const whole = Buffer.from(READ.map(([wire]) => wire).join(""));
    const text = READ.map(([, value]) => ["reply", value]);
    const bytes = READ.flatMap(([wire]) => parse([Buffer.from(wire)], [BYTES | BIGINT]));
    const mixed = text.map((event, index) => (index % 2 === 0 ? event : bytes[index]));
    expect(parse([whole])).toEqual(text);
    for (const pieces of cuts(whole)) {
      expect(parse(pieces, [0, BYTES | BIGINT])).toEqual(mixed);
    }
  });
});

describe("reply modes of the parser", () => {
  const bytes = (wire: string) => parse([Buffer.from(wire)], [BYTES]);

  it("BYTES returns bulk and verbatim strings as bytes, and statuses as text", () => {
    const b = readsResp3 ? "=5\r\ntxt:b\r\n" : "$1\r\nb\r\n";
    const wire = `*5\r\n$1\r\na\r\n${b}+OK\r\n$-1\r\n$0\r\n\r\n`;
    expect(bytes(wire)).toEqual([["reply", [hex("a"), hex("b"), "OK", null, hex("")]]]);
  });

  it.each([1, 32, 33, 64, 65, 5000, 70_000, 5_000_000])(
    "BYTES returns %i bytes in separate memory",
    (n) => {
      const body = Buffer.alloc(n, "abcdefg");
      const whole = Buffer.concat([Buffer.from(`$${n}\r\n`), body, Buffer.from("\r\n")]);
      for (const pieces of [[whole], [whole.subarray(0, 10), whole.subarray(10)]]) {
        let value: Reply = null;
        const parser = new ParserUnderTest(
          Object.assign(new Recorder(BYTES), { onReply: (reply: Reply) => (value = reply) }),
          OPTIONS,
        );
        feedAll(parser, pieces);
        feedAll(
          parser,
          [Buffer.from("$3\r\n"), Buffer.from("zzz\r"), Buffer.from("\n")].slice(0, 2),
        );
        expect(body.equals(value as unknown as Buffer)).toBe(true);
      }
    },
  );

  it("BIGINT returns integers of any size exactly", () => {
    const last = readsResp3 ? ",1.5\r\n" : ":9007199254740993\r\n";
    const wire = Buffer.from(`*3\r\n:1\r\n:-9223372036854775808\r\n${last}`);
    const third = readsResp3 ? number(1.5) : { bigint: "9007199254740993" };
    const value = [{ bigint: "1" }, { bigint: "-9223372036854775808" }, third];
    expect(parse([wire], [BIGINT])).toEqual([["reply", value]]);
  });

  it("calls nextMode() once per reply, at its first byte", () => {
    const recorder = new Recorder();
    const parser = new ParserUnderTest(recorder, OPTIONS);
    const calls = [];
    for (const piece of ["*", "2\r\n", "+a\r\n", ":", "1\r\n", "$", "1\r\nx", "\r\n-E\r\n"]) {
      parser.feed(Buffer.from(piece));
      calls.push(recorder.modeCalls);
    }
    expect(calls).toEqual([1, 1, 1, 1, 1, 2, 2, 3]);
  });

  if (!isNative) {
    it("does not call nextMode() for attributes or pushes, however they are split", () => {
      const whole = Buffer.from(
        "|1\r\n+a\r\n:1\r\n+OK\r\n>1\r\n+p\r\n|0\r\n>1\r\n+q\r\n|0\r\n:5\r\n",
      );
      const events = [
        ["reply", "OK"],
        ["push", ["p"]],
        ["push", ["q"]],
        ["reply", { bigint: "5" }],
      ];
      for (const pieces of [[whole], bytewise(whole), ...cuts(whole)]) {
        expect(parse(pieces, [0, BIGINT])).toEqual(events);
      }
    });
  }

  if (readsResp3) {
    it("parses a push in the mode of nextPushMode()", () => {
      const recorder = Object.assign(new Recorder(BYTES), { nextPushMode: () => BYTES | BIGINT });
      const parser = new ParserUnderTest(recorder, OPTIONS);
      feedAll(parser, [Buffer.from(">2\r\n$1\r\na\r\n:1\r\n"), Buffer.from(":1\r\n")]);
      expect(recorder.events).toEqual([
        ["push", [hex("a"), { bigint: "1" }]],
        ["reply", number(1)],
      ]);
    });
  }
});

describe("parser with error replies", () => {
  const errors: (readonly [wire: string, value: object])[] = [
    ["-ERR unknown command\r\n", error("ERR unknown command")],
    ["-LOADING wait\r\n", error("LOADING wait", "BusyLoadingError")],
    ["!13\r\nNOPERM denied\r\n", error("NOPERM denied", "NoPermissionError")],
    ["!5\r\na\r\nbc\r\n", error("a\\r\\nbc")],
  ];
  it.each(errors.filter(([wire]) => reads(wire)))("converts %j to an error", (wire, value) => {
    const whole = Buffer.from(wire);
    for (const pieces of [[whole], bytewise(whole)]) {
      expect(parse(pieces)).toEqual([["error", value]]);
    }
  });

  it("replaces invalid UTF-8 in the text of an error", () => {
    const wire = Buffer.concat([Buffer.from("-ERR "), Buffer.of(0xff), Buffer.from("!\r\n")]);
    expect(parse([wire])).toEqual([["error", error("ERR \uFFFD!")]]);
  });
});

if (readsResp3) {
  describe("parser with pushes", () => {
    it("reports pushes between replies in order", () => {
      const wire = Buffer.from(":1\r\n>2\r\n+message\r\n$2\r\nhi\r\n:2\r\n>0\r\n");
      const events = [
        ["reply", number(1)],
        ["push", ["message", "hi"]],
        ["reply", number(2)],
        ["push", []],
      ];
      for (const pieces of [[wire], bytewise(wire)]) expect(parse(pieces)).toEqual(events);
    });

    it("puts an error in place of a value that cannot be represented, and loses no reply", () => {
      const bad = Buffer.concat([Buffer.from("$1\r\n"), Buffer.of(0xff), Buffer.from("\r\n")]);
      const wire = [Buffer.from(">3\r\n"), bad, Buffer.from(":9007199254740992\r\n+x\r\n+OK\r\n")];
      expect(parse(wire)).toEqual([
        ["push", [{ undecodable: true }, { undecodable: true }, "x"]],
        ["reply", "OK"],
      ]);
    });
  });
}

describe("Parser.midReply", () => {
  it.each(
    [
      ["+OK\r\n", "+OK\r"],
      ["$3\r\nabc\r\n", "$3\r\nabc\r"],
      ["*1\r\n$1\r\na\r\n", "*1\r\n"],
      ["|1\r\n+a\r\n+b\r\n+OK\r\n", "|1\r\n+a\r\n+b\r\n"],
      ["|0\r\n+OK\r\n", "|0\r\n"],
      ["|0\r\n>0\r\n", "|0\r\n"],
      [":1\r\n", ":"],
    ].filter(([wire]) => reads(wire as string)),
  )("is true from the first byte of %j to its last", (wire, part) => {
    const parser = new ParserUnderTest(new Recorder(), OPTIONS);
    expect(parser.midReply).toBe(false);
    parser.feed(Buffer.from(part));
    expect(parser.midReply).toBe(true);
    parser.feed(Buffer.from(wire.slice(part.length)));
    expect(parser.midReply).toBe(false);
    parser.feed(Buffer.alloc(0));
    expect(parser.midReply).toBe(false);
  });
});

describe("parser with values that cannot be represented", () => {
  const invalid = Buffer.concat([
    Buffer.from("$2\r\n"),
    Buffer.of(0xc3, 0x28),
    Buffer.from("\r\n"),
  ]);

  function decodeErrors(wire: Buffer, modes: number[] = [0]): [string[], unknown] {
    const messages: string[] = [];
    const recorder = Object.assign(new Recorder(...modes), {
      onDecodeError: (decodeError: Error) => messages.push(decodeError.message),
    });
    feedAll(new ParserUnderTest(recorder, OPTIONS), [wire]);
    return [messages, recorder.events];
  }

  it("reports one DecodeError per reply and continues with the next reply", () => {
    const array = Buffer.concat([Buffer.from("*3\r\n"), invalid, Buffer.from("+x\r\n"), invalid]);
    const wire = Buffer.concat([array, Buffer.from(":1\r\n"), invalid, Buffer.from("$1\r\na\r\n")]);
    const events = [
      ["decode-error", "DecodeError"],
      ["reply", number(1)],
      ["decode-error", "DecodeError"],
      ["reply", "a"],
    ];
    for (const pieces of [[wire], bytewise(wire), ...cuts(wire)]) {
      expect(parse(pieces)).toEqual(events);
    }
  });

  it("reports the encoding and the remedy in the error message", () => {
    const [[message], events] = decodeErrors(invalid);
    expect(message).toMatch(/2 bytes.*utf8.*decodeResponses: false/);
    expect(events).toEqual([]);
  });

  it("reports the first such value of a reply", () => {
    const large = Buffer.from(":9007199254740992\r\n");
    const [messages] = decodeErrors(Buffer.concat([Buffer.from("*2\r\n"), invalid, large]));
    expect(messages).toEqual([expect.stringContaining("2 bytes")]);
  });

  it.each(["9007199254740992", "-9007199254740992", "9223372036854775807"])(
    "reports the exact digits of %s",
    (digits) => {
      const [[message]] = decodeErrors(Buffer.from(`*1\r\n:${digits}\r\n`));
      expect(message).toContain(` ${digits} `);
      expect(message).toContain('integers: "bigint"');
    },
  );

  it("reports a status that is not valid text, in every mode", () => {
    const wire = Buffer.concat([Buffer.from("+"), Buffer.of(0xff), Buffer.from("\r\n")]);
    for (const mode of [0, BYTES]) expect(decodeErrors(wire, [mode])[0]).toHaveLength(1);
  });

  if (!isNative) {
    it("ignores such a value in an attribute", () => {
      const line = Buffer.concat([Buffer.from("+"), Buffer.of(0xff), Buffer.from("\r\n")]);
      const wire = Buffer.concat([Buffer.from("|2\r\n"), invalid, line, line, invalid]);
      const whole = Buffer.concat([wire, Buffer.from("$1\r\na\r\n")]);
      for (const pieces of [[whole], bytewise(whole)]) {
        expect(parse(pieces)).toEqual([["reply", "a"]]);
      }
    });
  }
});
