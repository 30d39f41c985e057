/** Tests of invalid RESP and of the limits: time and memory are proportional to the number of bytes. */
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, it, vi } from "vitest";
import { InvalidResponse } from "../../../src/errors.js";
import type { ParserOptions } from "../../../src/protocol/parser.js";
import { BYTES, LONG_LINES, type Reply } from "../../../src/protocol/reply.js";
import { isNative, ParserUnderTest, reads, readsResp3 } from "../../support/parser-under-test.js";
import { bytewise, cuts, OPTIONS, parse, Recorder } from "../../support/resp-parse.js";

const MB = 1024 * 1024;

/** Bytes outside of Node's buffer pool. */
const unpooled = (text: string) => Buffer.alloc(text.length, text);

/** Input, and the message of its error. */
const MALFORMED: readonly (readonly [wire: string, message: string])[] = [
  ["HTTP/1.1", 'unknown reply type "H"'],
  ["\r\n", "unknown reply type 0x0d"],
  ["\x80", "unknown reply type 0xc2"],
  ["+OK\n", 'a line after "+" does not end in CR LF'],
  ["+a\nb\r\n", 'a line after "+" does not end in CR LF'],
  ["+a\rb\r\n", 'a line after "+" does not end in CR LF'],
  ["+a\r\r\n", 'a line after "+" does not end in CR LF'],
  ["+\n", 'a line after "+" does not end in CR LF'],
  [":1\n", 'a line after ":" does not end in CR LF'],
  ...[":", ":-", ":+", ":1x", ": 1", ":1.0", ":--1", ":0x10", ":1 "].map(
    (line) => [`${line}\r\n`, 'malformed line after ":"'] as const,
  ),
  ...["$", "$-", "$-2", "$-0", "$-01", "$+1", "$1x", "$ 1", "$1.0", "$-10"].map(
    (line) => [`${line}\r\n`, 'malformed line after "$"'] as const,
  ),
  ...["*", "*-2", "*-0", "*x"].map((line) => [`${line}\r\n`, 'malformed line after "*"'] as const),
  ...["%", "~", "|", ">", "=", "!"].map(
    (type) => [`${type}-1\r\n`, `malformed line after "${type}"`] as const,
  ),
  ["_x\r\n", 'malformed line after "_"'],
  ["#\r\n", 'malformed line after "#"'],
  ["#true\r\n", 'malformed line after "#"'],
  ["#x\r\n", 'malformed line after "#"'],
  ...[",", ",-", ",.", ",.5", ",1.2.3", ",1e", ",0x1", ",Infinity", ",+inf", ",1 "].map(
    (line) => [`${line}\r\n`, 'malformed line after ","'] as const,
  ),
  ["(1.5\r\n", 'malformed line after "("'],
  ["(\r\n", 'malformed line after "("'],
  ["$2\r\nabc\r\n", 'the bytes of a "$" do not end in CR LF'],
  ["$2\r\nab\rc", 'the bytes of a "$" do not end in CR LF'],
  ["*1\r\n$2\r\nab\n\n", 'the bytes of a "$" do not end in CR LF'],
  ["=3\r\ntxt\r\n", 'a "=" does not begin with its format'],
  ["=1\r\nx\r\n:5\r\n", 'a "=" does not begin with its format'],
  ["=5\r\ntxt;a\r\n", 'a "=" does not begin with its format'],
  ["*1\r\n>1\r\n", "a push is inside a reply"],
  ["|1\r\n>0\r\n", "a push is inside a reply"],
  [">1\r\n>0\r\n", "a push is inside a reply"],
  ...["$", "*", "%", "~", ">", "|", "="].map(
    (type) =>
      [`${type}?\r\n`, `streamed strings and aggregates are not supported ("${type}")`] as const,
  ),
  [";4\r\n", 'streamed strings and aggregates are not supported (";")'],
  [".\r\n", 'streamed strings and aggregates are not supported (".")'],
];

describe("parser with bytes that are not RESP", () => {
  it.each(MALFORMED.filter(([wire]) => reads(wire) || !isNative))(
    "throws InvalidResponse for %j",
    (wire, message) => {
      const whole = Buffer.from(`:1\r\n${wire}`);
      const events = [
        ["reply", { number: "1" }],
        ["thrown", "InvalidResponse", `Protocol Error: ${message}`],
      ];
      for (const pieces of [[whole], bytewise(whole), ...cuts(whole)]) {
        expect(parse(pieces)).toEqual(events);
      }
    },
  );

  it("rejects any further input after InvalidResponse", () => {
    const recorder = new Recorder();
    const parser = new ParserUnderTest(recorder, OPTIONS);
    expect(() => parser.feed(Buffer.from("?"))).toThrow(InvalidResponse);
    expect(() => parser.feed(Buffer.from("+OK\r\n"))).toThrow(InvalidResponse);
    expect(recorder.events).toEqual([]);
  });

  it("never shows received bytes in the error message", () => {
    for (const wire of [
      "$6\r\nsecretXX",
      ":secret\r\n",
      "+secret\n",
      "=6\r\nsecret\r\n",
      ",secret\r\n",
    ]) {
      expect(JSON.stringify(parse([Buffer.from(wire)]))).not.toContain("secret");
    }
  });
});

describe("parser limits", () => {
  const thrown = (message: string) => ["thrown", "InvalidResponse", `Protocol Error: ${message}`];
  function ends(wire: string, options: Partial<ParserOptions> = {}) {
    const whole = Buffer.from(wire);
    const all = [[whole], bytewise(whole)].map((pieces) => parse(pieces, [0], options).at(-1));
    expect(all[1]).toEqual(all[0]);
    return all[0];
  }

  it("maxDepth limits the nesting, including attributes", () => {
    const options = { maxDepth: 3 };
    const deep = thrown("aggregates are nested more than 3 deep");
    expect(ends("*1\r\n*1\r\n*1\r\n:1\r\n", options)).toEqual(["reply", [[[{ number: "1" }]]]]);
    if (readsResp3) {
      expect(ends("*1\r\n%1\r\n:1\r\n~1\r\n:1\r\n", options)).toEqual([
        "reply",
        [{ map: [{ number: "1" }, { set: [{ number: "1" }] }] }],
      ]);
    }
    const below = ["*1\r\n*1\r\n*1\r\n*1\r\n", "*1\r\n*1\r\n*1\r\n*0\r\n"];
    for (const wire of [...below, "|1\r\n*1\r\n|1\r\n*1\r\n"].filter(reads)) {
      expect(ends(wire, options)).toEqual(deep);
    }
  });

  it("maxBulkLength limits the length of a bulk string", () => {
    const options = { maxBulkLength: 3 };
    const long = thrown("a bulk string is longer than 3 bytes");
    expect(ends("$3\r\nabc\r\n", options)).toEqual(["reply", "abc"]);
    expect(ends("$4\r\nabcd\r\n", options)).toEqual(long);
    expect(ends("*1\r\n$4\r\nabcd\r\n", options)).toEqual(long);
    expect(ends("$9223372036854775807\r\n", options)).toEqual(long);
    if (!isNative) expect(ends("!99999999999999999999\r\n", options)).toEqual(long);
  });

  it("maxElements limits the elements of an aggregate, counting map entries twice", () => {
    const options = { maxElements: 2 };
    const large = thrown("an aggregate has more than 2 elements");
    const inner = readsResp3 ? "%1" : "*2";
    expect(ends(`*2\r\n:1\r\n${inner}\r\n:1\r\n:1\r\n`, options)).toHaveLength(2);
    for (const header of ["*3", "~3", ">3", "%2", "|2", "*99999999999999999999"].filter(reads)) {
      expect(ends(`${header}\r\n`, options)).toEqual(large);
    }
  });

  const WORDS = [
    ["+", MB],
    ["-", MB],
  ] as const;
  const NUMBERS = [
    [":", 25],
    ["$", 25],
    ["*", 25],
    ["%", 25],
    ["~", 25],
    [">", 25],
    ["|", 25],
    ["=", 25],
    ["!", 25],
    [",", MB / 64],
    ["(", MB / 64],
  ] as const;
  // hiredis rejects a number of so many digits as soon as it has received the end of the line.
  it.each(isNative ? WORDS : [...WORDS, ...NUMBERS])(
    "rejects a line after %s that never ends",
    (type, limit) => {
      const long = [thrown(`a line after "${type}" is too long`)];
      const line = Buffer.alloc(limit + 1, "0");
      line.write(type);
      const ends = [Buffer.alloc(0), Buffer.from("\r\n"), Buffer.from("1\r\na\r\n")];
      for (const whole of ends.flatMap((end) => [
        Buffer.concat([line, end]),
        Buffer.concat([Buffer.from("*1\r\n"), line, end]),
      ])) {
        const pieces = Array.from({ length: Math.ceil(whole.length / 1000) }, (_, index) =>
          whole.subarray(index * 1000, index * 1000 + 1000),
        );
        expect(parse([whole])).toEqual(long);
        expect(parse(pieces)).toEqual(long);
      }
    },
  );

  it("accepts a line of exactly the maximum length", () => {
    const text = "x".repeat(MB - 2);
    expect(parse([Buffer.from(`+${text}\r\n`)])).toEqual([["reply", text]]);
    if (isNative) return;
    const zeros = "0".repeat(25 - 3);
    expect(parse([Buffer.from(`$${zeros}1\r\na\r\n`)])).toEqual([["reply", "a"]]);
    expect(parse([Buffer.from(`*1\r\n:${zeros}1\r\n`)])).toEqual([["reply", [{ number: "1" }]]]);
    const digits = "9".repeat(MB / 64 - 2);
    expect(parse([Buffer.from(`(${digits}\r\n`)])).toEqual([["reply", { bigint: digits }]]);
  });

  it("accepts a status of the length of a bulk string in MONITOR's mode, but no longer number", () => {
    const options = { maxBulkLength: 4 * MB };
    const line = "x".repeat(3 * MB);
    expect(parse([Buffer.from(`+${line}\r\n`)], [LONG_LINES], options)).toEqual([["reply", line]]);
    for (const type of [":", "$", "*", ",", "(", "-"].filter((one) => reads(`${one}1\r\n`))) {
      const wire = Buffer.from(`${type}${"9".repeat(3 * MB)}\r\n`);
      const [, name, message] = parse([wire], [LONG_LINES], options).at(-1) ?? [];
      expect(name).toBe("InvalidResponse");
      expect(String(message).length).toBeLessThan(100);
    }
  });
});

describe("memory of the parser", () => {
  afterEach(() => vi.restoreAllMocks());

  /** Bytes allocated by the functions of Buffer while the parser consumes the chunks. */
  function allocated(pieces: readonly Buffer[], mode = 0): number {
    let bytes = 0;
    for (const name of ["alloc", "allocUnsafe", "allocUnsafeSlow"] as const) {
      const original = Buffer[name];
      vi.spyOn(Buffer, name).mockImplementation((size: number) => {
        bytes += size;
        return original(size);
      });
    }
    const parser = new ParserUnderTest(new Recorder(mode), OPTIONS);
    for (const piece of pieces) parser.feed(piece);
    vi.restoreAllMocks();
    return bytes;
  }

  it("is not allocated from an announced length alone", () => {
    const before = process.memoryUsage();
    const all = ["*1000000000\r\n", "%1000000000\r\n", "*1000000000\r\n$500000000\r\n"];
    const headers = all.filter(reads);
    for (const header of headers) expect(allocated([Buffer.from(header)])).toBe(0);
    expect(allocated([Buffer.from("$500000000\r\n")])).toBe(0);
    expect(allocated([Buffer.from("$500000000\r\nabc")])).toBeLessThanOrEqual(4 * MB);
    const after = process.memoryUsage();
    expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(
      20 * MB,
    );
  });

  it.each([0, BYTES])("is allocated about once for 64 MB, in mode %i", (mode) => {
    const chunk = Buffer.alloc(MB / 16, "x");
    const pieces = [
      Buffer.from(`$${64 * MB}\r\n`),
      ...Array(1024).fill(chunk),
      Buffer.from("\r\n"),
    ];
    expect(allocated(pieces, mode)).toBeLessThan(70 * MB);
  });

  it("does not keep chunks and finished values alive", async () => {
    setFlagsFromString("--expose-gc");
    const collect: () => void = runInNewContext("gc");
    const refs: WeakRef<object>[] = [];
    const handler = Object.assign(new Recorder(BYTES), {
      onReply: (value: Reply) => {
        refs.push(new WeakRef(value as object));
        if (Buffer.isBuffer(value)) refs.push(new WeakRef(value.buffer));
      },
    });
    const parser = new ParserUnderTest(handler, OPTIONS);
    const feed = (chunk: Buffer) => {
      refs.push(new WeakRef(chunk), new WeakRef(chunk.buffer));
      parser.feed(chunk);
    };
    feed(unpooled(`$${2 * MB}\r\n`));
    feed(Buffer.alloc(2 * MB));
    feed(unpooled("\r\n"));
    feed(unpooled("*2\r\n*1\r\n:1\r\n*0\r\n"));
    expect(refs).toHaveLength(4 * 2 + 3);
    await setImmediate();
    collect();
    expect(refs.filter((ref) => ref.deref() !== undefined)).toEqual([]);
    expect(parser.midReply).toBe(false);
  });

  it("reuses a buffer only when no returned value refers to it", () => {
    const values: Reply[] = [];
    const onReply = (value: Reply) => values.push(value);
    const parser = new ParserUnderTest(
      Object.assign(new Recorder(0, BYTES, 0), { onReply }),
      OPTIONS,
    );
    for (const [letter, length] of [
      ["a", 500_000],
      ["b", 100_000],
      ["c", 500_000],
    ] as const) {
      const bulk = Buffer.from(`$${length}\r\n${letter.repeat(length)}\r\n`);
      for (const piece of [bulk.subarray(0, 5000), bulk.subarray(5000)]) parser.feed(piece);
    }
    expect(values[0]).toBe("a".repeat(500_000));
    expect(Buffer.alloc(100_000, "b").equals(values[1] as Buffer)).toBe(true);
    expect(values[2]).toBe("c".repeat(500_000));
  });
});

describe("CPU time of the parser", () => {
  /** CPU microseconds to parse an array of this many elements, in chunks of 16 bytes. */
  function cost(elements: number): number {
    const wire = Buffer.from(`*${elements}\r\n${"$5\r\nhello\r\n".repeat(elements)}`);
    let length = 0;
    const handler = Object.assign(new Recorder(), {
      onReply: (value: Reply) => {
        length = (value as Reply[]).length;
      },
    });
    const parser = new ParserUnderTest(handler, OPTIONS);
    const start = process.cpuUsage();
    for (let from = 0; from < wire.length; from += 16) parser.feed(wire.subarray(from, from + 16));
    const { user, system } = process.cpuUsage(start);
    expect(length).toBe(elements);
    return user + system;
  }

  it("is linear in the bytes of a million elements in chunks of 16 bytes", () => {
    cost(50_000);
    const quarter = Math.min(cost(250_000), cost(250_000));
    expect(cost(1_000_000) / quarter).toBeLessThan(4 * 3);
  }, 60_000);

  it("is linear in the bytes of a line or bulk string received byte by byte", () => {
    function bytes(wire: Buffer): number {
      const parser = new ParserUnderTest(new Recorder(), OPTIONS);
      const start = process.cpuUsage();
      for (let at = 0; at < wire.length; at++) parser.feed(wire.subarray(at, at + 1));
      const { user, system } = process.cpuUsage(start);
      expect(parser.midReply).toBe(false);
      return user + system;
    }
    const status = (n: number) => Buffer.from(`+${"x".repeat(n)}\r\n`);
    const bulk = (n: number) => Buffer.from(`$${n}\r\n${"x".repeat(n)}\r\n`);
    for (const wire of [status, bulk]) {
      bytes(wire(50_000));
      const quarter = Math.min(bytes(wire(200_000)), bytes(wire(200_000)));
      expect(bytes(wire(800_000)) / quarter).toBeLessThan(4 * 3);
    }
  }, 60_000);
});
