import { describe, expect, test } from "vitest";
import { plainReply } from "../../../../src/commands/core/decode.js";
import { INT64, READONLY, SESSION } from "../../../../src/commands/core/info.js";
import { toFunctionList, toFunctionStats } from "../../../../src/commands/scripting/replies.js";
import { ResponseError } from "../../../../src/errors.js";
import { MapReply, type Reply, SetReply } from "../../../../src/protocol/reply.js";
import {
  callLoosely,
  RecordingClient,
  rejectionMessage,
  wire,
} from "../../../support/recording-client.js";

const client = new RecordingClient();
const call = (method: string, ...args: unknown[]) => callLoosely(client, method, args);
const context = { bytes: false, text: String };
const b = (text: string) => Buffer.from(text);

describe("scripting command methods", () => {
  test("EVAL, EVALSHA and FCALL send keys and arguments", () => {
    expect(wire(client.eval("return 1", 0))).toBe("EVAL return 1 0");
    expect(wire(client.eval("s", 1, "k", ["a", 2], new Set([b("c")])))).toBe("EVAL s 1 k a 2 c");
    expect(wire(client.evalsha("abc", 2n, ["k1", "k2"]))).toBe("EVALSHA abc 2 k1 k2");
    expect(wire(client.evalRo("s", 0, "a"))).toBe("EVAL_RO s 0 a");
    expect(wire(client.evalshaRo("abc", 1, "k"))).toBe("EVALSHA_RO abc 1 k");
    expect(wire(client.fcall("f", 1, "k", "a"))).toBe("FCALL f 1 k a");
    expect(wire(client.fcallRo("f", 0))).toBe("FCALL_RO f 0");
  });

  test("EVAL_RO, EVALSHA_RO and FCALL_RO are read-only, and all read 64-bit integers", () => {
    expect(client.eval("s", 0)).toHaveProperty("info.flags", INT64);
    expect(client.fcall("f", 0)).toHaveProperty("info.flags", INT64);
    for (const readonly of [
      client.evalRo("s", 0),
      client.evalshaRo("s", 0),
      client.fcallRo("f", 0),
    ]) {
      expect(readonly).toHaveProperty("info.flags", INT64 | READONLY);
    }
  });

  test("SCRIPT and FUNCTION commands send their arguments", () => {
    expect(wire(client.scriptLoad("return 1"))).toBe("SCRIPT LOAD return 1");
    expect(wire(client.scriptExists("a", ["b"]))).toBe("SCRIPT EXISTS a b");
    expect(wire(client.scriptFlush())).toBe("SCRIPT FLUSH");
    expect(wire(client.scriptFlush("async"))).toBe("SCRIPT FLUSH ASYNC");
    expect(wire(client.scriptKill())).toBe("SCRIPT KILL");
    expect(wire(client.scriptHelp())).toBe("SCRIPT HELP");
    expect(wire(client.scriptShow("abc"))).toBe("SCRIPT SHOW abc");
    expect(wire(client.scriptDebug("sync"))).toBe("SCRIPT DEBUG SYNC");
    expect(client.scriptDebug("NO")).toHaveProperty("info.flags", SESSION);
    expect(wire(client.functionLoad("#!lua name=l"))).toBe("FUNCTION LOAD #!lua name=l");
    expect(wire(client.functionLoad("code", { replace: true }))).toBe("FUNCTION LOAD REPLACE code");
    expect(wire(client.functionList())).toBe("FUNCTION LIST");
    expect(wire(client.functionList({ library: "m*", withCode: true }))).toBe(
      "FUNCTION LIST LIBRARYNAME m* WITHCODE",
    );
    expect(wire(client.functionDelete("l"))).toBe("FUNCTION DELETE l");
    expect(wire(client.functionDump())).toBe("FUNCTION DUMP");
    expect(wire(client.functionRestore(b("x")))).toBe("FUNCTION RESTORE x");
    expect(wire(client.functionRestore("x", { policy: "replace" }))).toBe(
      "FUNCTION RESTORE x REPLACE",
    );
    expect(wire(client.functionFlush())).toBe("FUNCTION FLUSH");
    expect(wire(client.functionFlush({ mode: "SYNC" }))).toBe("FUNCTION FLUSH SYNC");
    expect(wire(client.functionKill())).toBe("FUNCTION KILL");
    expect(wire(client.functionStats())).toBe("FUNCTION STATS");
    expect(wire(client.functionHelp())).toBe("FUNCTION HELP");
  });

  test.each([
    ["eval", ["s"], 'EVAL: argument "numKeys" must be an integer, got undefined'],
    ["eval", ["s", "k"], 'EVAL: argument "numKeys" must be an integer, got a string'],
    ["eval", ["s", -1], 'EVAL: argument "numKeys" must not be negative, got -1'],
    [
      "eval",
      ["s", 2, "k"],
      'EVAL: argument "numKeys" must not exceed the number of arguments after it, 1, got 2',
    ],
    [
      "fcall",
      ["f", 1, []],
      'FCALL: argument "numKeys" must not exceed the number of arguments after it, 0, got 1',
    ],
    ["scriptExists", [], 'SCRIPT EXISTS: argument "shas" must not be empty'],
    [
      "scriptFlush",
      ["NOW"],
      'SCRIPT FLUSH: argument "mode" must be one of "ASYNC", "SYNC", got another string',
    ],
    [
      "scriptDebug",
      [true],
      'SCRIPT DEBUG: argument "mode" must be one of "YES", "SYNC", "NO", got a boolean',
    ],
    [
      "functionFlush",
      [{ mode: "NOW" }],
      'FUNCTION FLUSH: option "mode" must be one of "ASYNC", "SYNC", got another string',
    ],
    [
      "functionFlush",
      ["SYNC"],
      'FUNCTION FLUSH: argument "options" must be an object, got a string',
    ],
    [
      "functionRestore",
      ["x", { policy: "MERGE" }],
      'FUNCTION RESTORE: option "policy" must be one of "APPEND", "FLUSH", "REPLACE", got another string',
    ],
    [
      "functionLoad",
      ["x", { replace: 1 }],
      'FUNCTION LOAD: option "replace" must be a boolean, got a number',
    ],
  ])("%s rejects %j", (method, args, message) => {
    expect(rejectionMessage(call(method, ...args))).toBe(message);
  });
});

describe("plainReply", () => {
  test("converts maps and sets to Map and Set at any depth", () => {
    const reply: Reply = [
      1,
      new MapReply(["a", new SetReply([1, "x"]), b("k"), [new MapReply([])]]),
      true,
      1.5,
      null,
    ];
    expect(plainReply(reply)).toEqual([
      1,
      new Map<unknown, unknown>([
        ["a", new Set([1, "x"])],
        [b("k"), [new Map()]],
      ]),
      true,
      1.5,
      null,
    ]);
  });

  test("keeps errors and simple values", () => {
    const error = new ResponseError("MY problem", { code: "MY" });
    const reply: Reply = [1, [error]];
    expect(plainReply(reply)).toEqual([1, [error]]);
    for (const plain of ["text", 7, 7n, null, false, b("x"), error]) {
      expect(plainReply(plain)).toBe(plain);
    }
  });
});

describe("FUNCTION LIST and FUNCTION STATS replies", () => {
  const details = ["name", "f", "description", null, "flags", ["no-writes"]];

  test.each<[string, Reply]>([
    [
      "RESP2",
      [["library_name", b("l"), "engine", "LUA", "functions", [details], "library_code", b("c")]],
    ],
    [
      "RESP3",
      [
        new MapReply([
          "library_name",
          "l",
          "engine",
          "LUA",
          "functions",
          [
            new MapReply([
              b("name"),
              b("f"),
              "description",
              null,
              "flags",
              new SetReply([b("no-writes")]),
            ]),
          ],
          "library_code",
          b("c"),
        ]),
      ],
    ],
  ])("FUNCTION LIST is decoded from %s", (_, reply) => {
    expect(toFunctionList(reply, context)).toEqual([
      {
        library_name: "l",
        engine: "LUA",
        functions: [{ name: "f", description: null, flags: ["no-writes"] }],
        library_code: b("c"),
      },
    ]);
  });

  const counts: Reply[] = ["libraries_count", 1, "functions_count", 2];
  const running: Reply[] = ["name", b("f"), "command", [b("FCALL"), b("f")], "duration_ms", 5];

  test.each<[string, Reply]>([
    ["RESP2", ["running_script", running, "engines", ["LUA", counts]]],
    [
      "RESP3",
      new MapReply([
        "running_script",
        new MapReply(running),
        "engines",
        new MapReply(["LUA", new MapReply(counts)]),
      ]),
    ],
  ])("FUNCTION STATS is decoded from %s", (_, reply) => {
    expect(toFunctionStats(reply, context)).toEqual({
      running_script: { name: "f", command: [b("FCALL"), b("f")], duration_ms: 5 },
      engines: { LUA: { libraries_count: 1, functions_count: 2 } },
    });
  });

  test("FUNCTION STATS is decoded when no script is running", () => {
    const stats = toFunctionStats(["running_script", null, "engines", []], context);
    expect(stats).toEqual({ running_script: null, engines: {} });
  });

  test.each<[Reply]>([[null], ["text"], [7], [[]], [[1, [2]]], [new SetReply([1])]])(
    "decoders do not throw for the unexpected reply %j",
    (reply) => {
      expect(() => [toFunctionList(reply, context), toFunctionStats(reply, context)]).not.toThrow();
    },
  );
});
