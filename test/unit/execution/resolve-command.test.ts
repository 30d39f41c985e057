/** Tests of how the words given to `executeCommand` are resolved to a command, in any spelling. */
import { describe, expect, it, vi } from "vitest";
import { plainReply } from "../../../src/commands/core/decode.js";
import {
  ALWAYS_BYTES,
  BLOCKING,
  CommandInfo,
  INT64,
  READONLY,
  SESSION,
} from "../../../src/commands/core/info.js";
import { DataError } from "../../../src/errors.js";
import { resolveCommand as resolve } from "../../../src/execution/resolve-command.js";
import { MapReply, SetReply } from "../../../src/protocol/reply.js";

const table = vi.hoisted(() => new Map<string, unknown>());
vi.mock("../../../src/commands/generated/registry.js", () => ({ COMMANDS: table }));

function known(name: string, init: ConstructorParameters<typeof CommandInfo>[1] = {}): CommandInfo {
  const info = new CommandInfo(name, init);
  table.set(name, info);
  return info;
}

const GET = known("GET", { flags: READONLY, params: ["key"] });
const SELECT = known("SELECT", { flags: SESSION, instead: "redis.client()" });
const CONFIG_GET = known("CONFIG GET", { decode: () => "decoded" });
const OBJECT = known("OBJECT");
const OBJECT_ENCODING = known("OBJECT ENCODING", { flags: READONLY, decode: () => "decoded" });
const BLPOP = known("BLPOP", { flags: BLOCKING, blockTime: () => 7 });
known("CLIENT REPLY", { flags: SESSION, instead: "nothing", keys: [0, 0, 0] });
const WAIT_FOR = known("WAIT FOR", { flags: BLOCKING, blockTime: () => 9, keys: [2, 3, 1] });

const FUNCTION_DUMP = known("FUNCTION DUMP", { flags: ALWAYS_BYTES });
known("ACL GETUSER", { flags: READONLY | ALWAYS_BYTES, decode: () => "decoded" });

const resolveCommand = (name: unknown, given: readonly unknown[], callbacks: string[] = []) =>
  resolve(name, given, new Set(callbacks));

const CONTEXT = { bytes: false, text: String };

const wireOf = ({ info, args }: ReturnType<typeof resolveCommand>) =>
  `${info.header(args.length)} ${args.join(" ")}`.trim();

describe("resolveCommand with known commands", () => {
  it.each<[string, unknown[], CommandInfo, unknown[]]>([
    ["GET", ["k"], GET, ["k"]],
    ["get", ["k"], GET, ["k"]],
    ["  Get ", ["k"], GET, ["k"]],
    ["GET some.Key", [], GET, ["some.Key"]],
    ["config get", ["x*"], CONFIG_GET, ["x*"]],
    ["CONFIG\tGET", [], CONFIG_GET, []],
    ["Config Get MaxMemory", ["b"], CONFIG_GET, ["MaxMemory", "b"]],
    ["OBJECT", [], OBJECT, []],
    ["OBJECT", ["NONSENSE", "k"], OBJECT, ["NONSENSE", "k"]],
    ["OBJECT ENCODING", ["k"], OBJECT_ENCODING, ["k"]],
    ["BLPOP", ["a", 0], BLPOP, ["a", 0]],
    ["SELECT 3", [], SELECT, ["3"]],
  ])("resolves %j %j", (name, given, info, args) => {
    const resolved = resolveCommand(name, given);
    expect(resolved.info).toBe(info);
    expect(resolved.args).toEqual(args);
    expect(resolved.options).toBeUndefined();
  });
});

describe("resolveCommand with a subcommand given as an argument", () => {
  it.each([
    ["OBJECT", "encoding"],
    ["object", "ENCODING"],
  ])("%s %s has the undecoded reply", (name, sub) => {
    const resolved = resolveCommand(name, [sub, "k"]);
    expect(resolved.info.decode).toBe(plainReply);
    expect(resolved.info.flags).toBe(READONLY);
    expect(resolved.info.name).toBe("OBJECT");
    expect(resolved.args).toEqual([sub, "k"]);
  });

  it.each<[string, unknown]>([
    ["client", "reply"],
    ["CLIENT", "REPLY"],
    ["CLIENT", Buffer.from("Reply")],
    ["CLIENT", Uint8Array.from(Buffer.from("reply"))],
  ])("%s %s is recognized as a session command", (name, sub) => {
    const { info } = resolveCommand(name, [sub, "OFF"]);
    expect([info.flags, info.instead]).toEqual([SESSION, "nothing"]);
  });

  it("keeps the flags, keys and block time of the subcommand", () => {
    const { info } = resolveCommand("WAIT", ["for", "x"]);
    expect([info.flags, info.keys]).toEqual([BLOCKING, WAIT_FOR.keys]);
    expect(info.blockTime?.([])).toBe(9);
  });
});

describe("resolveCommand with commands that are always read as bytes", () => {
  it("keeps ALWAYS_BYTES for a command without decoder", () => {
    expect(resolveCommand("FUNCTION", ["DUMP"]).info.flags).toBe(ALWAYS_BYTES);
    expect(resolveCommand("FUNCTION DUMP", []).info).toBe(FUNCTION_DUMP);
  });

  it("drops ALWAYS_BYTES where only the decoder needs it", () => {
    expect(resolveCommand("ACL", ["GETUSER", "u"]).info.flags).toBe(READONLY);
    expect(resolveCommand("ACL GETUSER", ["u"]).info.flags).toBe(READONLY | ALWAYS_BYTES);
  });
});

describe("resolveCommand reply decoders", () => {
  it("uses plainReply for a command without decoder", () => {
    expect(resolveCommand("GET", ["k"]).decode).toBe(plainReply);
  });

  it("applies plainReply to the parts that the decoder leaves unchanged", () => {
    known("PARTLY", { decode: (reply) => (Array.isArray(reply) ? ["seen", ...reply] : reply) });
    const { decode } = resolveCommand("PARTLY", []);
    expect(decode(new SetReply(["a"]), CONTEXT)).toEqual(new Set(["a"]));
    expect(decode([new MapReply(["a", 1])], CONTEXT)).toEqual(["seen", new Map([["a", 1]])]);
    expect(resolveCommand("CONFIG GET", []).decode(null, CONTEXT)).toBe("decoded");
  });
});

describe("resolveCommand with unknown commands", () => {
  it("sends the words as given and reports the name in capitals", () => {
    const resolved = resolveCommand("ft.search my-Index", ["@x:Y", 5]);
    expect(wireOf(resolved)).toBe("*4\r\n$9\r\nft.search\r\n$8\r\nmy-Index\r\n @x:Y 5");
    expect(resolved.info.name).toBe("FT.SEARCH MY-INDEX");
    expect(resolved.info.argumentName(1)).toBeUndefined();
  });

  it("does not match a known command by the first argument", () => {
    const { info } = resolveCommand("FOO CLIENT", ["REPLY"]);
    expect([info.flags, info.instead]).toEqual([INT64, undefined]);
  });

  it("uses plainReply with 64-bit integers, and takes the first argument as the key", () => {
    const { info } = resolveCommand("FT.SEARCH", ["x"]);
    expect([info.flags, info.decode]).toEqual([INT64, plainReply]);
    expect([info.keys, info.route]).toEqual([[1, 1, 1], 0]);
  });
});

describe("resolveCommand with options for the response callback", () => {
  it.each([
    [["k", { a: 1 }], ["k"], { a: 1 }],
    [[{}], [], {}],
    [["k", Object.create(null)], ["k"], {}],
  ])("separates the options from %j", (given, args, options) => {
    const resolved = resolveCommand("get", given, ["GET"]);
    expect(resolved.args).toEqual(args);
    expect(resolved.options).toEqual(options);
  });

  it.each([
    ["GET", ["SET"]],
    ["OBJECT", ["OBJECT ENCODING"]],
    ["FT.SEARCH x", ["FT.SEARCH"]],
  ])("leaves the object among the arguments of %s without a callback", (name, callbacks) => {
    const given = ["k", { a: 1 }];
    const resolved = resolveCommand(name, given, callbacks);
    expect(resolved.args).toEqual(given);
    expect(resolved.options).toBeUndefined();
  });

  it.each([
    [[new Date()]],
    [[new Map()]],
    [[Buffer.from("x")]],
    [[{ a: 1 }, "k"]],
    [[null]],
    [[[]]],
  ])("leaves other values than a trailing plain object among the arguments: %j", (given) => {
    const resolved = resolveCommand("GET", given, ["GET"]);
    expect(resolved.args).toEqual(given);
    expect(resolved.options).toBeUndefined();
  });
});

describe("resolveCommand with invalid names", () => {
  it.each([
    [""],
    ["   "],
    [undefined],
    [null],
    [5],
    [Buffer.from("GET")],
    ["GÉT"],
    ["A\0B"],
    [["GET"]],
  ])("rejects %j", (name) => {
    expect(() => resolveCommand(name, [])).toThrow(DataError);
    expect(() => resolveCommand(name, [])).toThrow('"name" must be a command name');
  });
});
