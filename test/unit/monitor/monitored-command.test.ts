/** Tests of parsing MONITOR lines as the server writes them. */
import { describe, expect, it } from "vitest";
import { InvalidResponse } from "../../../src/errors.js";
import { parseMonitorLine } from "../../../src/monitor/monitored-command.js";
import { JsParser } from "../../../src/protocol/js-parser.js";
import { LONG_LINES, type Reply, TEXT } from "../../../src/protocol/reply.js";
import { Random, testSeed } from "../../support/random.js";

const HEAD = "1339518083.107412 [0 127.0.0.1:60866] ";

/** Quote bytes by the rules of the server's sdscatrepr, independent of the parser under test. */
function quoted(bytes: Buffer): string {
  const named = new Map([
    [0x5c, "\\\\"],
    [0x22, '\\"'],
    [0x0a, "\\n"],
    [0x0d, "\\r"],
    [0x09, "\\t"],
    [0x07, "\\a"],
    [0x08, "\\b"],
  ]);
  const texts = Array.from(bytes, (byte) => {
    const printable = byte >= 0x20 && byte < 0x7f;
    const hex = `\\x${byte.toString(16).padStart(2, "0")}`;
    return named.get(byte) ?? (printable ? String.fromCharCode(byte) : hex);
  });
  return `"${texts.join("")}"`;
}

describe("time and client of a MONITOR line", () => {
  it.each([
    ["0 127.0.0.1:60866", 0, "127.0.0.1", "60866", "tcp"],
    ["15 [::1]:6379", 15, "[::1]", "6379", "tcp"],
    ["2 [fe80::1%eth0]:1", 2, "[fe80::1%eth0]", "1", "tcp"],
    ["0 lua", 0, "lua", "", "lua"],
    ["9 unix:/run/redis.sock", 9, "unix", "/run/redis.sock", "unix"],
    ["0 unix:/odd] name:1", 0, "unix", "/odd] name:1", "unix"],
    ["0 ?:0", 0, "?", "0", "tcp"],
  ])("parses [%s]", (client, db, clientAddress, clientPort, clientType) => {
    expect(parseMonitorLine(`1339518083.107412 [${client}] "ping"`)).toEqual({
      time: 1339518083.107412,
      db,
      clientAddress,
      clientPort,
      clientType,
      command: "ping",
      args: [Buffer.from("ping")],
    });
  });
});

describe("command of a MONITOR line", () => {
  it.each([
    ['"keys" "*"', "keys *", ["keys", "*"]],
    ['"set" "a b" ""', "set a b ", ["set", "a b", ""]],
    ['"set" "" ""', "set  ", ["set", "", ""]],
    ['"get" "a] \\"b"', 'get a] "b', ["get", 'a] "b']],
    [
      '"get" "] \\"x\\" [0 1.2.3.4:5] \\""',
      'get ] "x" [0 1.2.3.4:5] "',
      ["get", '] "x" [0 1.2.3.4:5] "'],
    ],
    ['"get" "ends in \\\\" "next"', "get ends in \\\\ next", ["get", "ends in \\", "next"]],
    ['"get" "\\\\\\""', 'get \\\\"', ["get", '\\"']],
    ['"get" "\\n\\r\\t\\a\\b"', "get \\n\\r\\t\\a\\b", ["get", "\n\r\t\x07\b"]],
    ['"get" "foo\\x92"', "get foo\\x92", ["get", Buffer.from("foo\x92", "latin1")]],
    ['"get" "\\xe2\\x82\\xac"', "get \\xe2\\x82\\xac", ["get", "€"]],
  ])("parses %s", (line, command, args) => {
    const read = parseMonitorLine(HEAD + line);
    expect(read.command).toBe(command);
    expect(read.args).toEqual(args.map((arg) => Buffer.from(arg)));
  });

  it("restores arguments with any bytes", () => {
    const seed = testSeed();
    const random = new Random(seed);
    for (let round = 0; round < 2000; round++) {
      const args = Array.from({ length: random.int(1, 6) }, () => {
        // Mostly special characters, so that runs of them are frequent.
        const byte = () =>
          random.chance(0.7) ? random.pick([0x5c, 0x22, 0x5d, 0x20]) : random.int(0, 255);
        return Buffer.from(Array.from({ length: random.int(0, 12) }, byte));
      });
      const line = HEAD + args.map(quoted).join(" ");
      expect(parseMonitorLine(line).args, `seed ${seed}: ${line}`).toEqual(args);
    }
  });

  it("takes linear time and no stack for a line of 4 MB", () => {
    const size = 4 * 1024 * 1024;
    for (const piece of ["a", "\\\\", '\\"', "\\x00"]) {
      const line = `${HEAD}"set" "${piece.repeat(size / piece.length)}"`;
      const started = performance.now();
      expect(parseMonitorLine(line).args[1]).toHaveLength(size / piece.length);
      expect(performance.now() - started).toBeLessThan(5000);
    }
  });
});

describe("invalid MONITOR lines", () => {
  it.each([
    "",
    "OK",
    "1339518083.107412",
    `${HEAD}`,
    `${HEAD}keys`,
    `${HEAD}"keys`,
    `${HEAD}"keys\\"`,
    `${HEAD}"a""b"`,
    `${HEAD}"a"  "b"`,
    `${HEAD}"a" b`,
    '1339518083 [0 1.2.3.4:5] "a"',
    '1339518083.1 [x 1.2.3.4:5] "a"',
    '1339518083.1 0 1.2.3.4:5 "a"',
  ])("throws InvalidResponse for %s", (line) => {
    expect(() => parseMonitorLine(line)).toThrow(InvalidResponse);
  });
});

describe("parser with LONG_LINES", () => {
  const MB = 1024 * 1024;

  function parse(bytes: Buffer, mode: number, maxBulkLength: number): Reply[] {
    const replies: Reply[] = [];
    const handler = {
      nextMode: () => mode,
      nextPushMode: () => mode,
      onReply: (value: Reply) => void replies.push(value),
      onErrorReply: (error: Reply) => void replies.push(error),
      onDecodeError: (error: Reply) => void replies.push(error),
      onPush: (items: Reply[]) => void replies.push(items),
    };
    const limits = { maxDepth: 8, maxElements: 8, maxBulkLength };
    const parser = new JsParser(handler, { encoding: "utf8", encodingErrors: "strict", ...limits });
    for (let from = 0; from < bytes.length; from += 65_536)
      parser.feed(bytes.subarray(from, from + 65_536));
    return replies;
  }

  const long = Buffer.from(`+${"x".repeat(3 * MB)}\r\n`);

  it("accepts simple strings up to maxBulkLength", () => {
    expect(parse(long, TEXT | LONG_LINES, 4 * MB)).toEqual(["x".repeat(3 * MB)]);
    expect(() => parse(long, TEXT | LONG_LINES, 2 * MB)).toThrow("too long");
  });

  it("rejects long simple strings without LONG_LINES", () => {
    expect(() => parse(long, TEXT, 4 * MB)).toThrow("too long");
  });
});
