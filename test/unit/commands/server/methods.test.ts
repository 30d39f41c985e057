import { describe, expect, test } from "vitest";
import { untilShutdown } from "../../../../src/commands/core/block-time.js";
import { toPairs } from "../../../../src/commands/core/decode.js";
import { COMMANDS } from "../../../../src/commands/generated/registry.js";
import {
  callLoosely,
  RecordingClient,
  rejectionMessage,
  wire,
} from "../../../support/recording-client.js";

const client = new RecordingClient();
const rejection = (method: string, ...args: unknown[]) =>
  rejectionMessage(callLoosely(client, method, args));

describe("server command methods", () => {
  test("INFO, CONFIG GET, COMMAND INFO and others accept names as arguments, arrays, sets or none", () => {
    expect(wire(client.info())).toBe("INFO");
    expect(wire(client.info([]))).toBe("INFO");
    expect(wire(client.info("server", ["memory", "cpu"]))).toBe("INFO server memory cpu");
    expect(wire(client.configGet())).toBe("CONFIG GET *");
    expect(wire(client.configGet(new Set(["max*", "save"])))).toBe("CONFIG GET max* save");
    expect(wire(client.latencyReset())).toBe("LATENCY RESET");
    expect(wire(client.latencyReset("command", "fork"))).toBe("LATENCY RESET command fork");
    expect(wire(client.latencyHistogram(["get"]))).toBe("LATENCY HISTOGRAM get");
    expect(wire(client.commandInfo("get", "set"))).toBe("COMMAND INFO get set");
    expect(wire(client.commandDocs(["get"]))).toBe("COMMAND DOCS get");
    expect(wire(client.moduleLoad("/m.so", "a", 1))).toBe("MODULE LOAD /m.so a 1");
    expect(wire(client.lolwut())).toBe("LOLWUT");
    expect(wire(client.lolwut(5, 10, 20n))).toBe("LOLWUT VERSION 5 10 20");
    expect(wire(client.pubsubNumsub(["a"], "b"))).toBe("PUBSUB NUMSUB a b");
    expect(wire(client.pubsubShardnumsub())).toBe("PUBSUB SHARDNUMSUB");
  });

  test("CONFIG SET accepts one setting or several", () => {
    expect(wire(client.configSet("maxmemory", 0))).toBe("CONFIG SET maxmemory 0");
    expect(wire(client.configSet({ maxmemory: 0, save: "" }))).toBe("CONFIG SET maxmemory 0 save ");
    expect(wire(client.configSet(new Map([["hz", 20n]])))).toBe("CONFIG SET hz 20");
  });

  test("BGSAVE sends SCHEDULE unless schedule is false", () => {
    expect(wire(client.bgsave())).toBe("BGSAVE SCHEDULE");
    expect(wire(client.bgsave({ schedule: true }))).toBe("BGSAVE SCHEDULE");
    expect(wire(client.bgsave({ schedule: false }))).toBe("BGSAVE");
  });

  test("SHUTDOWN sends its options", () => {
    expect(wire(client.shutdown())).toBe("SHUTDOWN");
    expect(wire(client.shutdown({ save: true, now: true, force: true }))).toBe(
      "SHUTDOWN SAVE NOW FORCE",
    );
    expect(wire(client.shutdown({ noSave: true, force: true }))).toBe("SHUTDOWN NOSAVE FORCE");
    expect(wire(client.shutdown({ abort: true }))).toBe("SHUTDOWN ABORT");
  });

  test("SHUTDOWN has no reply timeout, except with ABORT", () => {
    const { args } = client.shutdown({ abort: true }) as unknown as { args: [] };
    expect(untilShutdown(args)).toBe(undefined);
    expect(untilShutdown(["abort"])).toBe(undefined);
    expect(untilShutdown([])).toBe(0);
    expect(untilShutdown(["NOSAVE", "NOW"])).toBe(0);
    expect(COMMANDS.get("SHUTDOWN")?.blockTime).toBe(untilShutdown);
  });

  test("REPLICAOF, SLAVEOF and FAILOVER send their arguments", () => {
    expect(wire(client.replicaof("10.0.0.1", 6379))).toBe("REPLICAOF 10.0.0.1 6379");
    expect(wire(client.replicaof())).toBe("REPLICAOF NO ONE");
    expect(wire(client.replicaof("NO", "ONE"))).toBe("REPLICAOF NO ONE");
    expect(wire(client.slaveof("h", 1n))).toBe("SLAVEOF h 1");
    expect(wire(client.slaveof())).toBe("SLAVEOF NO ONE");
    expect(wire(client.failover())).toBe("FAILOVER");
    expect(wire(client.failover({ to: ["h", 1], force: true, timeout: 500 }))).toBe(
      "FAILOVER TO h 1 FORCE TIMEOUT 500",
    );
  });

  test("COMMAND LIST sends one filter", () => {
    expect(wire(client.commandList({ module: "json" }))).toBe("COMMAND LIST FILTERBY MODULE json");
    expect(wire(client.commandList({ category: "read" }))).toBe(
      "COMMAND LIST FILTERBY ACLCAT read",
    );
    expect(wire(client.commandList({ pattern: "x*" }))).toBe("COMMAND LIST FILTERBY PATTERN x*");
    expect(wire(client.commandGetkeys("MSET", "a", 1))).toBe("COMMAND GETKEYS MSET a 1");
  });

  test("MODULE LOADEX sends CONFIG before each setting", () => {
    expect(
      wire(client.moduleLoadex("/m.so", { args: ["x", "y"], config: { "m.a": 1, "m.b": "2" } })),
    ).toBe("MODULE LOADEX /m.so CONFIG m.a 1 CONFIG m.b 2 ARGS x y");
  });

  test("FLUSHALL, FLUSHDB, MEMORY USAGE, SLOWLOG GET and others send their arguments", () => {
    expect(wire(client.flushall({ asynchronous: true }))).toBe("FLUSHALL ASYNC");
    expect(wire(client.flushdb({ synchronous: true }))).toBe("FLUSHDB SYNC");
    expect(wire(client.flushdb({ asynchronous: false }))).toBe("FLUSHDB");
    expect(wire(client.memoryUsage("k", { samples: 0 }))).toBe("MEMORY USAGE k SAMPLES 0");
    expect(wire(client.slowlogGet(-1))).toBe("SLOWLOG GET -1");
    expect(wire(client.swapdb(0, 1n))).toBe("SWAPDB 0 1");
    expect(wire(client.publish("c", Buffer.from("m")))).toBe("PUBLISH c m");
    expect(client.pubsubNumsub("a")).toHaveProperty("info.decode", toPairs);
  });

  test("MEMORY USAGE, SPUBLISH and PUBLISH have the correct key positions", () => {
    expect(COMMANDS.get("MEMORY USAGE")?.keys).toEqual([2, 2, 1]);
    expect(COMMANDS.get("SPUBLISH")?.keys).toEqual([1, 1, 1]);
    expect(COMMANDS.get("PUBLISH")?.keys).toEqual([0, 0, 0]);
  });
});

describe("server command methods with invalid arguments", () => {
  test.each<[string, unknown[], string]>([
    [
      "configSet",
      ["maxmemory"],
      'CONFIG SET: argument "value" must be a string, Buffer, Uint8Array, number or bigint, got undefined',
    ],
    [
      "configSet",
      [{ a: 1 }, 2],
      'CONFIG SET: argument "name" must be a name when argument "value" is given',
    ],
    ["configSet", [{}], 'CONFIG SET: argument "name" must not be empty'],
    [
      "shutdown",
      [{ save: true, noSave: true }],
      'SHUTDOWN: options "save" and "noSave" are mutually exclusive',
    ],
    [
      "shutdown",
      [{ abort: true, now: true }],
      'SHUTDOWN: options "abort" and "now" are mutually exclusive',
    ],
    ["bgsave", [{ schedule: 1 }], 'BGSAVE: option "schedule" must be a boolean, got a number'],
    ["replicaof", ["host"], 'REPLICAOF: arguments "host" and "port" must be given together'],
    ["replicaof", [undefined, 1], 'REPLICAOF: arguments "host" and "port" must be given together'],
    ["failover", [{ to: "h:1" }], 'FAILOVER: option "to" must be a [host, port] array'],
    [
      "failover",
      [{ to: ["h", "1.0"] }],
      'FAILOVER: the port of option "to" must be an integer, got a string',
    ],
    [
      "flushall",
      [{ asynchronous: 1 }],
      'FLUSHALL: option "asynchronous" must be a boolean, got a number',
    ],
    [
      "flushdb",
      [{ asynchronous: true, synchronous: true }],
      'FLUSHDB: options "asynchronous" and "synchronous" are mutually exclusive',
    ],
    [
      "commandList",
      [{ module: "a", pattern: "b" }],
      'COMMAND LIST: options "module" and "pattern" are mutually exclusive',
    ],
    ["commandGetkeys", ["GET"], 'COMMAND GETKEYS: argument "commandArgs" must not be empty'],
    [
      "moduleLoadex",
      ["/m.so", { config: "a" }],
      'MODULE LOADEX: option "config" must be an object, a Map or entries, got a string',
    ],
    [
      "memoryUsage",
      ["k", { samples: -1 }],
      'MEMORY USAGE: option "samples" must not be negative, got -1',
    ],
    ["swapdb", [0, "1.0"], 'SWAPDB: argument "second" must be an integer, got a string'],
  ])("%s rejects %j", (method, args, message) => {
    expect(rejection(method, ...args)).toBe(message);
  });
});
