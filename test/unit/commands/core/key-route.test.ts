/** The keys and the slot of a call. test/conformance compares the keys of all commands with a server. */
import { describe, expect, it } from "vitest";
import { token } from "../../../../src/commands/core/args.js";
import type { Arg, CommandInfo } from "../../../../src/commands/core/info.js";
import {
  commandKeys,
  commandSlot,
  hasSeveralKeys,
  NO_SLOT,
} from "../../../../src/commands/core/key-route.js";
import { keySlot } from "../../../../src/commands/core/key-slot.js";
import { COMMANDS } from "../../../../src/commands/generated/registry.js";
import { ClusterCrossSlotError, RedisClusterException } from "../../../../src/errors.js";
import { resolveCommand } from "../../../../src/execution/resolve-command.js";

function infoOf(name: string): CommandInfo {
  const info = COMMANDS.get(name);
  if (info === undefined) throw new Error(`no command ${name}`);
  return info;
}

const keysOf = (name: string, ...args: Arg[]) => commandKeys(infoOf(name), args);
const slotOf = (name: string, ...args: Arg[]) => commandSlot(infoOf(name), args, "utf8");

function refusal(name: string, ...args: Arg[]): unknown {
  try {
    return slotOf(name, ...args);
  } catch (error) {
    return error;
  }
}

/** The slot of a call of executeCommand. */
function looseSlot(name: string, ...args: Arg[]): number {
  const { info, args: resolved } = resolveCommand(name, args, new Map());
  return commandSlot(info, resolved, "utf8");
}

const FOO = keySlot("foo", "utf8");

describe("commandKeys", () => {
  it.each<[string, Arg[], Arg[]]>([
    ["GET", ["k"], ["k"]],
    ["PING", ["k"], []],
    ["MEMORY USAGE", ["k", "SAMPLES", 3], ["k"]],
    ["OBJECT", ["ENCODING", "k"], ["k"]],
    ["MSET", ["a", 1, "b", 2], ["a", "b"]],
    ["BLPOP", ["a", "b", 3], ["a", "b"]],
    ["BITOP", ["AND", "d", "a", "b"], ["d", "a", "b"]],
    ["LMOVE", ["a", "b", "LEFT", "LEFT"], ["a", "b"]],
    ["EVAL", ["code", Buffer.from("1"), "a", "b"], ["a"]],
    ["EVAL", ["code", 0, "a"], []],
    ["EVAL", ["code", "x", "a"], []],
    ["MSETEX", ["2", "a", 1, "b", 2, "EX", 1], ["a", "b"]],
    ["ZUNIONSTORE", ["d", 2, "a", "b", "WEIGHTS", 1, 2], ["d", "a", "b"]],
    ["XREAD", ["COUNT", 1, token("STREAMS"), "a", "b", "0", "0"], ["a", "b"]],
    ["XREADGROUP", ["group", "streams", "streams", "NOACK", "streams", "a", ">"], ["a"]],
    ["XREAD", ["COUNT", 1], []],
    ["MIGRATE", ["h", 1, "a", 0, 1, "KEYS", "b"], ["a"]],
    ["MIGRATE", ["h", 1, "", 0, 1, "AUTH", "KEYS", "keys", "a", "b"], ["a", "b"]],
    ["MIGRATE", ["h", 1, Buffer.alloc(0), 0, 1, "AUTH2", "KEYS", "KEYS", "KEYS", "a"], ["a"]],
    ["SORT", ["a", "BY", "STORE", "GET", "STORE", "LIMIT", 0, 1, "store", "d"], ["a", "d"]],
    ["SORT", ["a", "STORE", "x", "STORE", "y"], ["a", "y"]],
    ["SORT_RO", ["a", "BY", "w_*"], ["a"]],
    ["GEORADIUS", ["a", 1, 2, 3, "m", "STOREDIST", "d"], ["a", "d"]],
    ["GEORADIUSBYMEMBER", ["a", "STORE", 3, "m", "STORE", "d"], ["a", "d"]],
  ])("finds the keys of %s %j", (name, args, keys) => {
    expect(keysOf(name, ...args)).toEqual(keys);
  });

  it("reads a number of keys that is a bigint", () => {
    expect(keysOf("ZUNION", 1n, "a", "b")).toEqual(["a"]);
  });

  it("passes over arguments that cannot be keys", () => {
    const args = [undefined, null, {}] as unknown as Arg[];
    expect(keysOf("DEL", ...args)).toEqual([]);
    expect(slotOf("GET", ...args)).toBe(NO_SLOT);
    expect(slotOf("GET")).toBe(NO_SLOT);
  });
});

describe("hasSeveralKeys", () => {
  it.each<[string, Arg[], boolean]>([
    ["GET", ["k"], false],
    ["PING", [], false],
    ["MGET", ["a"], false],
    ["MGET", ["a", "b"], true],
    ["MSET", ["a", 1], false],
    ["LMOVE", ["a", "b", "LEFT", "LEFT"], true],
    ["EVAL", ["code", 0, "a"], false],
    ["EVAL", ["code", 1, "a", "b"], false],
    ["EVAL", ["code", 2, "a", "b"], true],
  ])("looks at the keys of %s %j", (name, args, several) => {
    expect(hasSeveralKeys(infoOf(name), args)).toBe(several);
  });
});

describe("commandSlot", () => {
  it("returns the slot of the only key, or of all keys", () => {
    expect(slotOf("GET", "foo")).toBe(FOO);
    expect(slotOf("DEL", "{foo}1", "{foo}2")).toBe(FOO);
    expect(slotOf("EVAL", "code", 2, "{foo}1", "{foo}2", "bar")).toBe(FOO);
  });

  it("returns NO_SLOT without keys", () => {
    expect(slotOf("PING")).toBe(NO_SLOT);
    expect(slotOf("EVAL", "code", 0, "foo")).toBe(NO_SLOT);
  });

  it.each([
    [
      "MGET",
      "MGET has keys in different slots; use mgetNonatomic, or give the keys one hash tag, such as {user1}",
    ],
    [
      "DEL",
      "DEL has keys in different slots; use one DEL per slot, or give the keys one hash tag, such as {user1}",
    ],
    ["SINTER", "SINTER has keys in different slots; give the keys one hash tag, such as {user1}"],
  ])("refuses %s with keys in different slots and names what to use instead", (name, message) => {
    const error = refusal(name, "secret1", "secret2");
    expect(error).toBeInstanceOf(ClusterCrossSlotError);
    expect(error).toMatchObject({ message, code: "CROSSSLOT", command: name, outcome: "not-sent" });
  });

  it.each(["DBSIZE", "KEYS", "SCRIPT KILL", "FUNCTION LOAD"])(
    "refuses %s, which concerns several nodes",
    (name) => {
      const message = `${name} is not possible on a cluster: it concerns several nodes; call it outside of pipelines, or on with({ targetNodes: node }) for one node`;
      const error = refusal(name, "1", "secret");
      expect(error).toBeInstanceOf(RedisClusterException);
      expect(error).toMatchObject({
        message,
        code: "ECLUSTER",
        command: name,
        outcome: "not-sent",
      });
    },
  );

  it.each([
    ["REPLICAOF", "use clusterReplicate"],
    ["SLAVEOF", "use clusterReplicate"],
    ["SWAPDB", "no databases to swap"],
    ["SCAN", "its cursor is valid at one node; use scanIter()"],
    ["SHUTDOWN", "it stops one node; call it on a client(key)"],
    ["WAIT", "it counts the writes of its own connection; use client(key)"],
    ["WAITAOF", "it counts the writes of its own connection; use client(key)"],
  ])("refuses %s, which concerns one node, and names the reason", (name, reason) => {
    expect(refusal(name)).toMatchObject({
      message: expect.stringContaining(reason),
      code: "ECLUSTER",
      command: name,
      outcome: "not-sent",
    });
  });

  it("names msetNonatomic for MSET", () => {
    expect(refusal("MSET", "a", 1, "b", 2)).toMatchObject({
      message: expect.stringContaining("use msetNonatomic"),
    });
  });
});

describe("the slot of a call of executeCommand", () => {
  it.each<[string, Arg[]]>([
    ["get", ["foo"]],
    ["memory usage", ["foo"]],
    ["MEMORY", ["usage", "foo"]],
    ["MEMORY", [Buffer.from("USAGE"), "foo"]],
    ["memory usage foo", []],
    ["OBJECT", ["freq", "foo"]],
    ["DEBUG", ["OBJECT", "foo"]],
    ["XGROUP", ["CREATE", "foo", "g", "$"]],
    ["eval", ["code", "1", "foo", "bar"]],
    ["EVAL code 1", ["foo", "bar"]],
    ["FUTURE", ["foo", "bar"]],
    ["FUTURE SUB", ["foo", "bar"]],
    ["FUTURE SUB THIRD", ["foo"]],
  ])("is that of foo for %s %j", (name, args) => {
    expect(looseSlot(name, ...args)).toBe(FOO);
  });

  it("refuses a command for several nodes in every spelling", () => {
    for (const words of [["script", "LOAD", "code"], ["SCRIPT LOAD", "code"], ["Script load code"]])
      expect(() => looseSlot(...(words as [string, ...string[]])), words.join()).toThrow(
        /^SCRIPT( LOAD)? is not possible on a cluster/,
      );
  });

  it("is none for a command without keys in every spelling", () => {
    expect(looseSlot("CONFIG", "GET", "foo")).toBe(NO_SLOT);
    expect(looseSlot("CONFIG GET", "foo")).toBe(NO_SLOT);
    expect(looseSlot("FUTURE")).toBe(NO_SLOT);
  });
});
