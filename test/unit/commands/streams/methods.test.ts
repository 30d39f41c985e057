import { describe, expect, test } from "vitest";
import { blockOption, groupBlockOption } from "../../../../src/commands/core/block-time.js";
import type { CommandInfo } from "../../../../src/commands/core/info.js";
import {
  toAutoclaim,
  toAutoclaimIds,
  toAutoclaimPairs,
  toStreamEntries,
  toStreamEntryPairs,
  toStreams,
  toStreamsPairs,
} from "../../../../src/commands/streams/replies.js";
import {
  callLoosely,
  RecordingClient,
  rejectionMessage,
  wire,
} from "../../../support/recording-client.js";

const client = new RecordingClient();
const call = (method: string, ...args: unknown[]) => callLoosely(client, method, args);

describe("stream command methods", () => {
  test("XADD sends options, ID and fields", () => {
    expect(wire(client.xadd("s", { a: 1, b: Buffer.from("x") }))).toBe("XADD s * a 1 b x");
    expect(wire(client.xadd("s", new Map([["f", "v"]]), { id: "5-*" }))).toBe("XADD s 5-* f v");
    expect(
      wire(
        client.xadd(
          "s",
          [
            ["f", "v"],
            ["f", "w"],
          ],
          { id: 5n, noMkStream: true },
        ),
      ),
    ).toBe("XADD s NOMKSTREAM 5 f v f w");
    expect(wire(client.xadd("s", { f: "v" }, { maxLen: 1000 }))).toBe("XADD s MAXLEN ~ 1000 * f v");
    expect(wire(client.xadd("s", { f: "v" }, { maxLen: 0, approximate: false }))).toBe(
      "XADD s MAXLEN 0 * f v",
    );
    expect(
      wire(client.xadd("s", { f: "v" }, { minId: "7-1", approximate: true, limit: 10, id: "9-0" })),
    ).toBe("XADD s MINID ~ 7-1 LIMIT 10 9-0 f v");
    expect(wire(client.xadd("s", { f: "v" }, { refPolicy: "acked", maxLen: 5 }))).toBe(
      "XADD s ACKED MAXLEN ~ 5 * f v",
    );
    expect(wire(client.xadd("s", { f: "v" }, { idmpAuto: "p" }))).toBe("XADD s IDMPAUTO p * f v");
    expect(wire(client.xadd("s", { f: "v" }, { idmp: ["p", "i"], id: "*", maxLen: 5 }))).toBe(
      "XADD s IDMP p i MAXLEN ~ 5 * f v",
    );
  });

  test("XTRIM sends its options", () => {
    expect(wire(client.xtrim("s", { maxLen: 5 }))).toBe("XTRIM s MAXLEN ~ 5");
    expect(wire(client.xtrim("s", { minId: 5, approximate: false }))).toBe("XTRIM s MINID 5");
    expect(wire(client.xtrim("s", { maxLen: 5, limit: 0, refPolicy: "DELREF" }))).toBe(
      "XTRIM s MAXLEN ~ 5 LIMIT 0 DELREF",
    );
  });

  test("XLEN, XRANGE, XDEL, XSETID and others send their arguments", () => {
    expect(wire(client.xlen("s"))).toBe("XLEN s");
    expect(wire(client.xrange("s"))).toBe("XRANGE s - +");
    expect(wire(client.xrange("s", "(1-0", 9, { count: 3 }))).toBe("XRANGE s (1-0 9 COUNT 3");
    expect(wire(client.xrevrange("s"))).toBe("XREVRANGE s + -");
    expect(wire(client.xrevrange("s", "+", "1", { count: 1, pairs: true }))).toBe(
      "XREVRANGE s + 1 COUNT 1",
    );
    expect(wire(client.xdel("s", "1-0", ["2-0"]))).toBe("XDEL s 1-0 2-0");
    expect(wire(client.xdelex("s", ["1-0", "2-0"], { refPolicy: "DELREF" }))).toBe(
      "XDELEX s DELREF IDS 2 1-0 2-0",
    );
    expect(wire(client.xsetid("s", "9-9"))).toBe("XSETID s 9-9");
    expect(wire(client.xsetid("s", "9-9", { entriesAdded: 100, maxDeletedId: "8-0" }))).toBe(
      "XSETID s 9-9 ENTRIESADDED 100 MAXDELETEDID 8-0",
    );
    expect(wire(client.xcfgset("s", { idmpDuration: 5, idmpMaxsize: 10 }))).toBe(
      "XCFGSET s IDMP-DURATION 5 IDMP-MAXSIZE 10",
    );
  });

  test("XREAD and XREADGROUP send keys before IDs", () => {
    expect(wire(client.xread({ a: "0", b: "$" }))).toBe("XREAD STREAMS a b 0 $");
    expect(wire(client.xread([[Buffer.from("k"), 0]], { count: 2, block: 0 }))).toBe(
      "XREAD COUNT 2 BLOCK 0 STREAMS k 0",
    );
    expect(wire(client.xreadgroup("g", "c", { s: ">" }))).toBe("XREADGROUP GROUP g c STREAMS s >");
    expect(
      wire(client.xreadgroup("g", "c", new Map([["s", "0"]]), { count: 1, block: 5, noAck: true })),
    ).toBe("XREADGROUP GROUP g c COUNT 1 BLOCK 5 NOACK STREAMS s 0");
  });

  test("XGROUP and XINFO send their arguments", () => {
    expect(wire(client.xgroupCreate("s", "g"))).toBe("XGROUP CREATE s g $");
    expect(wire(client.xgroupCreate("s", "g", 0, { mkStream: true, entriesRead: 7 }))).toBe(
      "XGROUP CREATE s g 0 MKSTREAM ENTRIESREAD 7",
    );
    expect(wire(client.xgroupCreateconsumer("s", "g", "c"))).toBe("XGROUP CREATECONSUMER s g c");
    expect(wire(client.xgroupDelconsumer("s", "g", "c"))).toBe("XGROUP DELCONSUMER s g c");
    expect(wire(client.xgroupDestroy("s", "g"))).toBe("XGROUP DESTROY s g");
    expect(wire(client.xgroupSetid("s", "g", "$"))).toBe("XGROUP SETID s g $");
    expect(wire(client.xgroupSetid("s", "g", 1, { entriesRead: 1 }))).toBe(
      "XGROUP SETID s g 1 ENTRIESREAD 1",
    );
    expect(wire(client.xgroupHelp())).toBe("XGROUP HELP");
    expect(wire(client.xinfoHelp())).toBe("XINFO HELP");
    expect(wire(client.xinfoStream("s"))).toBe("XINFO STREAM s");
    expect(wire(client.xinfoStream("s", { full: true, count: 0 }))).toBe(
      "XINFO STREAM s FULL COUNT 0",
    );
    expect(wire(client.xinfoGroups("s"))).toBe("XINFO GROUPS s");
    expect(wire(client.xinfoConsumers("s", "g"))).toBe("XINFO CONSUMERS s g");
    expect(client.xinfoGroups("s")).toHaveProperty("info.keys", [2, 2, 1]);
  });

  test("XACK, XPENDING, XCLAIM and XAUTOCLAIM send their arguments", () => {
    expect(wire(client.xack("s", "g", "1-0", ["2-0"]))).toBe("XACK s g 1-0 2-0");
    expect(wire(client.xackdel("s", "g", "1-0"))).toBe("XACKDEL s g IDS 1 1-0");
    expect(
      wire(client.xnack("s", "g", "fail", ["1-0", "2-0"], { retryCount: 3, force: true })),
    ).toBe("XNACK s g FAIL IDS 2 1-0 2-0 RETRYCOUNT 3 FORCE");
    expect(wire(client.xpending("s", "g"))).toBe("XPENDING s g");
    expect(wire(client.xpendingRange("s", "g", { count: 5 }))).toBe("XPENDING s g - + 5");
    const range = { idle: 9, min: "(1", max: "5", count: 1, consumerName: "c" };
    expect(wire(client.xpendingRange("s", "g", range))).toBe("XPENDING s g IDLE 9 (1 5 1 c");
    expect(wire(client.xclaim("s", "g", "c", 0, "1-0"))).toBe("XCLAIM s g c 0 1-0");
    expect(
      wire(
        client.xclaim("s", "g", "c", 60_000, ["1-0", "2-0"], {
          idle: 5,
          retryCount: 2,
          force: true,
          justId: true,
          lastId: "2-0",
        }),
      ),
    ).toBe("XCLAIM s g c 60000 1-0 2-0 IDLE 5 RETRYCOUNT 2 FORCE JUSTID LASTID 2-0");
    expect(wire(client.xclaim("s", "g", "c", 0, "1-0", { time: new Date(1234) }))).toBe(
      "XCLAIM s g c 0 1-0 TIME 1234",
    );
    expect(wire(client.xautoclaim("s", "g", "c", 5))).toBe("XAUTOCLAIM s g c 5 0-0");
    expect(wire(client.xautoclaim("s", "g", "c", 5, { startId: 7, count: 1, justId: true }))).toBe(
      "XAUTOCLAIM s g c 5 7 COUNT 1 JUSTID",
    );
  });

  test("XRANGE, XREAD, XCLAIM and XAUTOCLAIM choose their decoder by justId and pairs", () => {
    expect(client.xrange("s")).toHaveProperty("info.decode", toStreamEntries);
    expect(client.xrange("s", "-", "+", { pairs: false })).not.toHaveProperty("decode");
    expect(client.xrange("s", "-", "+", { pairs: true })).toHaveProperty(
      "decode",
      toStreamEntryPairs,
    );
    expect(client.xread({ s: 0 })).toHaveProperty("info.decode", toStreams);
    expect(client.xread({ s: 0 }, { pairs: true })).toHaveProperty("decode", toStreamsPairs);
    expect(client.xclaim("s", "g", "c", 0, "1", { justId: true })).toHaveProperty("decode", null);
    expect(client.xclaim("s", "g", "c", 0, "1", { pairs: true })).toHaveProperty(
      "decode",
      toStreamEntryPairs,
    );
    expect(client.xautoclaim("s", "g", "c", 0)).toHaveProperty("info.decode", toAutoclaim);
    expect(client.xautoclaim("s", "g", "c", 0, { justId: true })).toHaveProperty(
      "decode",
      toAutoclaimIds,
    );
    expect(client.xautoclaim("s", "g", "c", 0, { pairs: true })).toHaveProperty(
      "decode",
      toAutoclaimPairs,
    );
  });

  test.each([
    ["xadd", ["s", {}], 'XADD: argument "fields" must not be empty'],
    ["xadd", ["s", new Map()], 'XADD: argument "fields" must not be empty'],
    [
      "xadd",
      ["s", "f"],
      'XADD: argument "fields" must be an object, a Map or entries, got a string',
    ],
    [
      "xadd",
      ["s", ["f", "v"]],
      'XADD: argument "fields" must hold [key, value] entries, got a string',
    ],
    [
      "xadd",
      ["s", { f: null }],
      'XADD: each value of argument "fields" must be a string, Buffer, Uint8Array, number or bigint, got null',
    ],
    [
      "xadd",
      ["s", [[undefined, 1]]],
      'XADD: each field of argument "fields" must be a string, Buffer, Uint8Array, number or bigint, got undefined',
    ],
    [
      "xadd",
      ["s", { f: 1 }, { maxLen: 1, minId: 1 }],
      'XADD: options "maxLen" and "minId" are mutually exclusive',
    ],
    [
      "xadd",
      ["s", { f: 1 }, { limit: 1 }],
      'XADD: option "limit" needs option "maxLen" or "minId"',
    ],
    [
      "xadd",
      ["s", { f: 1 }, { maxLen: 1, approximate: false, limit: 1 }],
      'XADD: option "limit" needs option "approximate"',
    ],
    ["xadd", ["s", { f: 1 }, { maxLen: -1 }], 'XADD: option "maxLen" must not be negative, got -1'],
    [
      "xadd",
      ["s", { f: 1 }, { maxLen: 1, approximate: "~" }],
      'XADD: option "approximate" must be a boolean, got a string',
    ],
    [
      "xadd",
      ["s", { f: 1 }, { maxlen: 1 }],
      'XADD: unknown option "maxlen"; known options are id, noMkStream, maxLen, minId, approximate, limit, refPolicy, idmpAuto, idmp',
    ],
    [
      "xadd",
      ["s", { f: 1 }, { id: null }],
      'XADD: option "id" must be a string, Buffer, Uint8Array, number or bigint, got null',
    ],
    [
      "xadd",
      ["s", { f: 1 }, { idmp: ["p", "i"], idmpAuto: "p" }],
      'XADD: options "idmp" and "idmpAuto" are mutually exclusive',
    ],
    [
      "xadd",
      ["s", { f: 1 }, { idmpAuto: "p", id: "1-1" }],
      'XADD: options "idmp" and "idmpAuto" need option "id" to be "*"',
    ],
    ["xadd", ["s", { f: 1 }, { idmp: "p" }], 'XADD: option "idmp" must be a [producer, id] pair'],
    ["xtrim", ["s"], 'XTRIM: argument "options" must be an object, got undefined'],
    ["xtrim", ["s", {}], 'XTRIM: one of the options "maxLen", "minId" must be given'],
    [
      "xtrim",
      ["s", { maxLen: 1, minId: "1" }],
      'XTRIM: options "maxLen" and "minId" are mutually exclusive',
    ],
    ["xtrim", ["s", { maxLen: "1.0" }], 'XTRIM: option "maxLen" must be an integer, got a string'],
    [
      "xrange",
      ["s", "-", "+", { count: 1.5 }],
      'XRANGE: option "count" must be an integer, got 1.5',
    ],
    [
      "xrange",
      ["s", "-", "+", { pairs: 1 }],
      'XRANGE: option "pairs" must be a boolean, got a number',
    ],
    ["xdel", ["s"], 'XDEL: argument "ids" must not be empty'],
    ["xdelex", ["s", []], 'XDELEX: argument "ids" must not be empty'],
    ["xack", ["s", "g", []], 'XACK: argument "ids" must not be empty'],
    ["xackdel", ["s", "g", new Set()], 'XACKDEL: argument "ids" must not be empty'],
    [
      "xackdel",
      ["s", "g", "1", { refPolicy: "NONE" }],
      'XACKDEL: option "refPolicy" must be one of "KEEPREF", "DELREF", "ACKED", got another string',
    ],
    [
      "xnack",
      ["s", "g", "LOUD", "1"],
      'XNACK: argument "mode" must be one of "SILENT", "FAIL", "FATAL", got another string',
    ],
    ["xread", [{}], 'XREAD: argument "streams" must not be empty'],
    ["xread", ["s"], 'XREAD: argument "streams" must be an object, a Map or entries, got a string'],
    [
      "xread",
      [{ s: undefined }],
      'XREAD: each ID of argument "streams" must be a string, Buffer, Uint8Array, number or bigint, got undefined',
    ],
    [
      "xread",
      [[[null, "0"]]],
      'XREAD: each key of argument "streams" must be a string, Buffer, Uint8Array, number or bigint, got null',
    ],
    ["xread", [{ s: 0 }, { block: -1 }], 'XREAD: option "block" must not be negative, got -1'],
    ["xread", [{ s: 0 }, { block: 0.5 }], 'XREAD: option "block" must be an integer, got 0.5'],
    ["xreadgroup", ["g", "c", []], 'XREADGROUP: argument "streams" must not be empty'],
    [
      "xreadgroup",
      ["g", "c", { s: ">" }, { noAck: "yes" }],
      'XREADGROUP: option "noAck" must be a boolean, got a string',
    ],
    ["xclaim", ["s", "g", "c", 0, []], 'XCLAIM: argument "messageIds" must not be empty'],
    [
      "xclaim",
      ["s", "g", "c", -1, "1"],
      'XCLAIM: argument "minIdleTime" must not be negative, got -1',
    ],
    [
      "xclaim",
      ["s", "g", "c", 0, "1", { idle: 1, time: 1 }],
      'XCLAIM: options "idle" and "time" are mutually exclusive',
    ],
    [
      "xclaim",
      ["s", "g", "c", 0, "1", { justId: true, pairs: true }],
      'XCLAIM: options "justId" and "pairs" are mutually exclusive',
    ],
    [
      "xautoclaim",
      ["s", "g", "c", "1.0"],
      'XAUTOCLAIM: argument "minIdleTime" must be an integer, got a string',
    ],
    [
      "xautoclaim",
      ["s", "g", "c", 1, { count: -1 }],
      'XAUTOCLAIM: option "count" must not be negative, got -1',
    ],
    ["xpendingRange", ["s", "g"], 'XPENDING: argument "options" must be an object, got undefined'],
    [
      "xpendingRange",
      ["s", "g", { min: "-" }],
      'XPENDING: option "count" must be an integer, got undefined',
    ],
    ["xinfoStream", ["s", { count: 1 }], 'XINFO STREAM: option "count" needs option "full"'],
    [
      "xcfgset",
      ["s", {}],
      'XCFGSET: one of the options "idmpDuration", "idmpMaxsize" must be given',
    ],
    ["xcfgset", ["s"], 'XCFGSET: one of the options "idmpDuration", "idmpMaxsize" must be given'],
    [
      "xgroupCreate",
      ["s", "g", "$", { entriesRead: -1 }],
      'XGROUP CREATE: option "entriesRead" must not be negative, got -1',
    ],
  ])("%s rejects %j", (method, args, message) => {
    expect(rejectionMessage(call(method, ...args))).toBe(message);
  });
});

describe("block time of XREAD and XREADGROUP", () => {
  const timeOf = (recorded: object) =>
    "info" in recorded && "args" in recorded
      ? (recorded.info as CommandInfo).blockTime?.(
          recorded.args as Parameters<typeof blockOption>[0],
        )
      : "refused";

  test("is defined only with BLOCK", () => {
    expect(timeOf(client.xread({ s: "0" }))).toBeUndefined();
    expect(timeOf(client.xread({ s: "0" }, { count: 5 }))).toBeUndefined();
    expect(timeOf(client.xread({ s: "0" }, { block: 250 }))).toBe(250);
    expect(timeOf(client.xread({ s: "0" }, { count: 5, block: 0 }))).toBe(0);
    expect(timeOf(client.xreadgroup("g", "c", { s: ">" }, { noAck: true }))).toBeUndefined();
    expect(timeOf(client.xreadgroup("g", "c", { s: ">" }, { noAck: true, block: 7n }))).toBe(14);
  });

  test("does not mistake group names and keys for options", () => {
    expect(timeOf(client.xread({ BLOCK: "5" }))).toBeUndefined();
    expect(timeOf(client.xreadgroup("BLOCK", "5", { s: ">" }))).toBeUndefined();
    expect(timeOf(client.xreadgroup("STREAMS", "STREAMS", { s: ">" }, { block: 9 }))).toBe(18);
  });

  test.each([
    [["block", "100", "streams", "s", "0"], 100],
    [[Buffer.from("Block"), Buffer.from("100"), "STREAMS", "s", "0"], 100],
    [["COUNT", 1, "BLOCK", 1.5, "STREAMS", "s", "0"], 2],
    [["BLOCK", "soon", "STREAMS", "s", "0"], 0],
    [["MAXCOUNT", "BLOCK", "STREAMS", "s", "0"], undefined],
    [["STREAMS", "BLOCK", "5"], undefined],
    [["BLOCK"], 0],
    [[], undefined],
  ])("%j blocks for %s ms", (args, time) => {
    expect(blockOption(args)).toBe(time);
  });

  test("is twice the option for XREADGROUP, because some servers wait twice", () => {
    expect(groupBlockOption(["GROUP", "g", "c", "BLOCK", 100, "STREAMS", "s", ">"])).toBe(200);
    expect(groupBlockOption(["GROUP", "g", "c", "BLOCK", 0, "STREAMS", "s", ">"])).toBe(0);
    expect(groupBlockOption(["GROUP", "g", "c", "STREAMS", "s", ">"])).toBeUndefined();
  });
});
