/** Tests of the exact bytes of encoded arguments: every type, the size limits, and rejected values. */
import { describe, expect, it } from "vitest";
import { internalCommand } from "../../../src/connection/internal-request.js";
import { DataError } from "../../../src/errors.js";
import {
  type Chunk,
  Encoder,
  type EncoderOptions,
  formatNumber,
  type WireArg,
} from "../../../src/protocol/encoder.js";
import { Token } from "../../../src/protocol/token.js";
import { encodeCommand } from "../../support/resp.js";

const UTF8: EncoderOptions = { encoding: "utf8", encodingErrors: "strict" };
const command = internalCommand("CMD");

function bytesOf(chunks: readonly Chunk[]): Buffer {
  return Buffer.concat(
    chunks.map((chunk) => (typeof chunk === "string" ? Buffer.from(chunk, "latin1") : chunk)),
  );
}

function encode(args: readonly unknown[], options: Partial<EncoderOptions> = {}): Buffer {
  const encoder = new Encoder({ ...UTF8, ...options });
  encoder.command(command, args as WireArg[]);
  return bytesOf(encoder.take());
}

/** The bytes of a command whose only argument is encoded as `bytes`. */
function wire(...args: readonly (string | Buffer)[]): Buffer {
  return encodeCommand(["CMD", ...args]);
}

describe("Encoder with one argument", () => {
  it.each<[string, unknown, string | Buffer]>([
    ["ASCII text", "hello", "hello"],
    ["empty text", "", ""],
    ["text with line ends", "a\r\nb\0c", "a\r\nb\0c"],
    ["Latin text", "héllo", "héllo"],
    ["Greek text", "γειά", "γειά"],
    ["text beyond the BMP", "😀", "😀"],
    ["text of U+FFFD itself", "\uFFFD", "\uFFFD"],
    ["a number", 42, "42"],
    ["a negative number", -7, "-7"],
    ["a bigint beyond 2^64", 2n ** 70n, "1180591620717411303424"],
    ["a negative bigint", -5n, "-5"],
    ["a Buffer", Buffer.from([0, 255, 13, 10]), Buffer.from([0, 255, 13, 10])],
    ["an empty Buffer", Buffer.alloc(0), ""],
    ["a Uint8Array", Uint8Array.of(1, 2, 250), Buffer.from([1, 2, 250])],
    ["a token", new Token("WITHSCORES"), "WITHSCORES"],
  ])("encodes %s", (_what, arg, expected) => {
    expect(encode([arg])).toEqual(wire(expected));
  });

  it.each([63, 64, 65, 255, 256, 4095, 4096, 8191, 8192, 8193, 300_000])(
    "encodes ASCII text, Greek text and bytes of length %d",
    (length) => {
      const ascii = "x".repeat(length);
      const greek = "γ".repeat(length);
      const bytes = Buffer.alloc(length, 0xe9);
      expect(encode([ascii]).equals(wire(ascii))).toBe(true);
      expect(encode([greek]).equals(wire(greek))).toBe(true);
      expect(encode([bytes]).equals(wire(bytes))).toBe(true);
      expect(encode([ascii, greek, bytes, 1]).equals(wire(ascii, greek, bytes, "1"))).toBe(true);
    },
  );

  it.each([10, 5000])("encodes a view of %d bytes in the middle of a larger buffer", (length) => {
    const memory = new Uint8Array(length + 200).fill(7);
    memory.fill(9, 100, 100 + length);
    const expected = wire(Buffer.alloc(length, 9));
    expect(encode([memory.subarray(100, 100 + length)]).equals(expected)).toBe(true);
    expect(encode([Buffer.from(memory.buffer, 100, length)]).equals(expected)).toBe(true);
  });
});

describe("Encoder with numbers", () => {
  it.each([
    [0, "0"],
    [-0, "-0"],
    [1.0, "1"],
    [0.1, "0.1"],
    [1e21, "1e+21"],
    [1e-7, "1e-7"],
    [123456789012345680000, "123456789012345680000"],
    [Number.MAX_SAFE_INTEGER, "9007199254740991"],
    [5e-324, "5e-324"],
    [1.7976931348623157e308, "1.7976931348623157e+308"],
    [Number.POSITIVE_INFINITY, "Infinity"],
    [Number.NEGATIVE_INFINITY, "-Infinity"],
  ])("encodes %d as %s", (value, text) => {
    expect(formatNumber(value)).toBe(text);
    expect(encode([value])).toEqual(wire(text));
    expect(Number(formatNumber(value))).toBe(value);
  });
});

describe("Encoder.command", () => {
  it("encodes commands of several words, and commands without arguments", () => {
    const encoder = new Encoder(UTF8);
    encoder.command(internalCommand("CLIENT SETNAME"), ["x"]);
    encoder.command(internalCommand("PING"), []);
    const expected = [encodeCommand(["CLIENT", "SETNAME", "x"]), encodeCommand(["PING"])];
    expect(bytesOf(encoder.take())).toEqual(Buffer.concat(expected));
  });

  it("joins small commands into one chunk", () => {
    const encoder = new Encoder(UTF8);
    for (let i = 0; i < 100; i++) encoder.command(command, ["key", Buffer.from("v"), i]);
    expect(encoder.take()).toHaveLength(1);
  });

  it("is empty before the first command and after take()", () => {
    const encoder = new Encoder(UTF8);
    expect(encoder.empty).toBe(true);
    expect(encoder.take()).toEqual([]);
    encoder.command(command, ["x"]);
    expect(encoder.empty).toBe(false);
    encoder.take();
    expect([encoder.empty, encoder.take()]).toEqual([true, []]);
  });

  it("is not empty when it contains only a large Buffer", () => {
    const encoder = new Encoder(UTF8);
    encoder.command(command, [Buffer.alloc(10_000)]);
    expect(encoder.empty).toBe(false);
  });

  it("keeps the order of small and large arguments over many commands", () => {
    const encoder = new Encoder(UTF8);
    const commands = Array.from({ length: 20 }, (_, i) => [
      `key${i}`,
      Buffer.alloc(i % 3 === 0 ? 5000 : 5, 65 + i),
      "γ".repeat(i % 4 === 0 ? 9000 : 9),
      `${i}`,
    ]);
    for (const args of commands) encoder.command(command, args);
    const expected = Buffer.concat(commands.map((args) => wire(...args)));
    expect(bytesOf(encoder.take()).equals(expected)).toBe(true);
  });
});

describe("Encoder with large arguments", () => {
  it("does not copy a large Buffer", () => {
    const encoder = new Encoder(UTF8);
    const bytes = Buffer.alloc(4096, 1);
    const array = new Uint8Array(100_000);
    encoder.command(command, ["a", bytes, array, "b"]);
    const chunks = encoder.take();
    expect(chunks.filter((chunk) => typeof chunk !== "string")).toHaveLength(2);
    const memory = chunks.flatMap((chunk) => (typeof chunk === "string" ? [] : [chunk.buffer]));
    expect(memory).toEqual([bytes.buffer, array.buffer]);
    expect(memory[0] === bytes.buffer && memory[1] === array.buffer).toBe(true);
  });

  it("copies small Buffers, so that the caller may reuse them immediately", () => {
    const encoder = new Encoder(UTF8);
    const bytes = Buffer.from("before");
    encoder.command(command, [bytes]);
    bytes.fill(0);
    expect(bytesOf(encoder.take())).toEqual(wire("before"));
  });

  it("returns large ASCII text as a separate chunk, and converts other large text to bytes", () => {
    const encoder = new Encoder(UTF8);
    const ascii = "x".repeat(1_000_000);
    const other = "é".repeat(500_000);
    encoder.command(command, [ascii, other]);
    const pieces = encoder.take();
    expect(pieces).toContain(ascii);
    const bytes = pieces.filter((chunk) => typeof chunk !== "string");
    expect(bytes.map((chunk) => chunk.length)).toEqual([1_000_000]);
  });

  it("splits text into chunks of about 256 KB, between commands and inside one command", () => {
    const value = "v".repeat(1000);
    const many = new Encoder(UTF8);
    for (let i = 0; i < 1000; i++) many.command(command, [value]);
    const one = new Encoder(UTF8);
    one.command(command, new Array(1000).fill(value));
    for (const chunks of [many.take(), one.take()]) {
      const lengths = chunks.map((chunk) => chunk.length);
      expect(lengths.length).toBeGreaterThanOrEqual(4);
      expect(Math.max(...lengths)).toBeLessThan(262_144 + 2000);
    }
  });

  it("encodes a command whose text is longer than the maximum string length", () => {
    const encoder = new Encoder(UTF8);
    const value = "v".repeat(8000);
    const count = 70_000;
    encoder.command(command, new Array(count).fill(value));
    encoder.command(command, ["next"]);
    let length = 0;
    for (const chunk of encoder.take()) length += chunk.length;
    const oneArgument = "$8000\r\n".length + 8000 + 2;
    const head = `*${count + 1}\r\n$3\r\nCMD\r\n`.length;
    expect(length).toBe(head + count * oneArgument + wire("next").length);
  });
});

it("Encoder.add splits output before a chunk reaches the maximum string length", () => {
  const other = new Encoder(UTF8);
  other.command(command, ["x".repeat(8000)]);
  const piece = other.take();
  const encoder = new Encoder(UTF8);
  for (let i = 0; i < 200; i++) encoder.add(piece);
  const chunks = encoder.take();
  expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThan(300_000);
  const all = Buffer.concat(Array.from({ length: 200 }, () => wire("x".repeat(8000))));
  expect(bytesOf(chunks).equals(all)).toBe(true);
});

describe("Encoder with invalid arguments", () => {
  /** Bytes whose memory was transferred. */
  function transferred(): Uint8Array {
    const bytes = new Uint8Array(16).subarray(4);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    return bytes;
  }

  class Account {
    readonly id = 5;
  }

  const fail = (): never => {
    throw new Error("the argument's getter was called");
  };
  const THROWING: ProxyHandler<object> = { get: fail, getPrototypeOf: fail, has: fail };

  function revoked(): unknown {
    const { proxy, revoke } = Proxy.revocable([], {});
    revoke();
    return proxy;
  }

  it.each<[string, unknown, string]>([
    ["undefined", undefined, "undefined"],
    ["null", null, "null"],
    ["true", true, "a boolean"],
    ["an array", ["secret"], "an array"],
    ["an object", { secret: 1 }, "an object"],
    ["an object without prototype", Object.create(null), "an object"],
    ["a date", new Date(0), "a Date"],
    ["a Map", new Map([["secret", 1]]), "a Map"],
    ["an instance of a user class", new Account(), "an Account"],
    ["a symbol", Symbol("secret"), "a symbol"],
    ["a function", () => "secret", "a function"],
    ["an ArrayBuffer", new ArrayBuffer(4), "an ArrayBuffer"],
    ["a Uint16Array", new Uint16Array(4), "a Uint16Array"],
    ["transferred memory", transferred(), "a Uint8Array whose memory was transferred"],
    ["a String object", Object("secret"), "a String"],
    [
      "an object with the prototype of Uint8Array",
      Object.create(Uint8Array.prototype),
      "a Uint8Array",
    ],
    ["a Proxy of bytes", new Proxy(Buffer.from("secret"), {}), "a Proxy"],
    ["a Proxy of an object", new Proxy({ secret: 1 }, THROWING), "a Proxy"],
    ["a revoked Proxy", revoked(), "a Proxy"],
  ])("rejects %s", (_what, arg, shown) => {
    const message = `CMD: argument 2 must be a string, Buffer, Uint8Array, number or bigint, got ${shown}`;
    const encoder = new Encoder(UTF8);
    const wanted = expect.objectContaining({ name: "DataError", code: "EINVAL", command: "CMD" });
    for (const call of ["command", "check"] as const) {
      const run = () => encoder[call](command, ["ok", arg as WireArg]);
      expect(run).toThrow(DataError);
      expect(run).toThrow(wanted);
      expect(run).toThrow(message);
    }
    expect(encoder.empty).toBe(true);
  });

  it("uses the argument name of the command in the error", () => {
    const named = { ...command, argumentName: (index: number) => `values[${index}]` };
    const encoder = new Encoder(UTF8);
    expect(() => encoder.command(named, ["a", undefined as unknown as string])).toThrow(
      'CMD: argument "values[1]" must be',
    );
  });

  it("never shows the argument value in the error", () => {
    const encoder = new Encoder({ encoding: "latin1", encodingErrors: "strict" });
    for (const arg of [["s3cret"], { s3cret: "s3cret" }, "s3cret €", Symbol("s3cret")]) {
      let message = "";
      try {
        encoder.command(command, [arg as WireArg]);
      } catch (error) {
        message = String((error as Error).stack);
      }
      expect(message).toContain("DataError");
      expect(message).not.toContain("s3cret");
    }
  });

  const BAD = Symbol("bad") as unknown as string;
  it.each<[string, WireArg[]]>([
    ["the only argument", [BAD]],
    ["after small arguments", ["a", 1, Buffer.from("b"), BAD]],
    ["with transferred memory", ["a", Buffer.alloc(5000), transferred()]],
    ["after a large Buffer", ["a", Buffer.alloc(5000), BAD]],
    ["after large text", ["γ".repeat(10_000), Buffer.alloc(5000), "tail", BAD]],
    ["after more text than one chunk holds", [...new Array(600).fill("v".repeat(1000)), BAD]],
  ])("writes no part of a command with an invalid argument: %s", (_what, args) => {
    const big = Buffer.alloc(6000, 2);
    for (const before of [[], ["kept"], ["kept", big], ["kept", big, "more"]]) {
      const encoder = new Encoder(UTF8);
      if (before.length > 0) encoder.command(command, before);
      expect(() => encoder.command(command, args)).toThrow(DataError);
      encoder.command(command, ["after"]);
      const expected = before.length > 0 ? [wire(...before), wire("after")] : [wire("after")];
      expect(bytesOf(encoder.take()).equals(Buffer.concat(expected))).toBe(true);
    }
  });

  it.each([20, 5000])(
    "writes the memory of %d bytes, whatever properties the object has",
    (size) => {
      class Liar extends Buffer {}
      const methods = ["toString", "latin1Slice", "subarray", "slice", "valueOf", "toJSON"];
      const properties = ["byteLength", "length", "buffer", "byteOffset"];
      const bytes = [Buffer.alloc(size, "x"), new Uint8Array(size).fill(120)].flatMap((real) => {
        const throwing = Buffer.from(real.buffer, real.byteOffset, size).subarray();
        const lying = new Uint8Array(real);
        for (const name of [...methods, ...properties]) {
          Object.defineProperty(throwing, name, { get: fail });
        }
        for (const name of properties) Object.defineProperty(lying, name, { value: 1 });
        return [throwing, lying, Object.setPrototypeOf(new Uint8Array(real), Liar.prototype)];
      });
      const expected = "x".repeat(size);
      for (const argument of bytes) {
        expect(encode(["a", argument, "b"])).toEqual(wire("a", expected, "b"));
      }
    },
  );

  it("writes views of shared memory", () => {
    const shared = new Uint8Array(new SharedArrayBuffer(10_000)).fill(120);
    for (const size of [3, 5000]) {
      expect(encode([shared.subarray(1, size + 1)])).toEqual(wire("x".repeat(size)));
    }
  });

  it("rejects NaN, and writes no part of its command", () => {
    const encoder = new Encoder(UTF8);
    expect(() => encoder.command(command, ["a", Number.NaN])).toThrow(/, got NaN$/);
    expect(() => encoder.check(command, [Number.NaN])).toThrow(/, got NaN$/);
    encoder.command(command, ["after"]);
    expect(bytesOf(encoder.take())).toEqual(wire("after"));
  });

  it("copies bytes whose length can still change", () => {
    // Resizable buffers are newer than the lib setting of the compiler.
    const memory = Reflect.construct(ArrayBuffer, [8000, { maxByteLength: 9000 }]);
    const bytes = new Uint8Array(memory).fill(7);
    const encoder = new Encoder(UTF8);
    encoder.command(command, [bytes]);
    memory.resize(9000);
    expect(bytes.length).toBe(9000);
    expect(bytesOf(encoder.take()).equals(wire(Buffer.alloc(8000, 7)))).toBe(true);
  });

  it("check() writes nothing for valid arguments", () => {
    const encoder = new Encoder(UTF8);
    encoder.check(command, ["a", "γ".repeat(10_000), Buffer.alloc(5000), 1, 2n, new Token("EX")]);
    expect(encoder.empty).toBe(true);
  });
});
