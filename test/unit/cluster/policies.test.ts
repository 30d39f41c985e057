/** Which nodes commands without keys concern, and how the replies of these nodes are merged. */
import { describe, expect, it } from "vitest";
import { mergeReplies, policyOf } from "../../../src/cluster/policies.js";
import { CommandInfo, MANY_NODES } from "../../../src/commands/core/info.js";
import { COMMANDS } from "../../../src/commands/generated/registry.js";

const named = (name: string): CommandInfo => COMMANDS.get(name) ?? new CommandInfo(name);

describe("policyOf", () => {
  it("has a policy for every command that concerns several nodes, but SCAN and WAIT", () => {
    const several = [...COMMANDS.values()].filter(({ flags }) => (flags & MANY_NODES) !== 0);
    const without = several.filter((info) => policyOf(info, []) === undefined);
    expect(several.length).toBeGreaterThan(20);
    expect(without.map(({ name }) => name).sort()).toEqual(["SCAN", "WAIT", "WAITAOF"]);
  });

  it("has no policy for other commands", () => {
    const others = [...COMMANDS.values()].filter(({ flags }) => (flags & MANY_NODES) === 0);
    expect(others.filter((info) => policyOf(info, []) !== undefined)).toEqual([]);
  });

  it("finds the policy of a subcommand among the arguments, in any case, as text or bytes", () => {
    const script = new CommandInfo("SCRIPT");
    const flush = { nodes: "all", merge: "first" };
    expect(policyOf(script, ["flush"])).toEqual(flush);
    expect(policyOf(script, [Buffer.from("FLUSH"), "ASYNC"])).toEqual(flush);
    expect(policyOf(script, ["debug"])).toBeUndefined();
    expect(policyOf(script, [1])).toBeUndefined();
  });

  it("executes FLUSHALL on the primaries and CONFIG SET on all nodes", () => {
    expect(policyOf(named("FLUSHALL"), [])).toEqual({ nodes: "primaries", merge: "first" });
    expect(policyOf(named("CONFIG SET"), [])).toEqual({ nodes: "all", merge: "first" });
  });
});

describe("mergeReplies", () => {
  it("adds counts", () => {
    expect(mergeReplies("sum", [1, 2, 3], [])).toBe(6);
  });

  it("returns the largest count", () => {
    expect(mergeReplies("max", [1, 0, 2], [])).toBe(2);
  });

  it("returns 1 where all nodes have 1", () => {
    const flags = [
      [1, 1, 0],
      [1, 0, 1],
    ];
    expect(mergeReplies("and", flags, [])).toEqual([1, 0, 0]);
    expect(mergeReplies("and", [[1, 1]], [])).toEqual([1, 1]);
    expect(mergeReplies("and", [[1, 1], [1]], [])).toEqual([1, 0]);
  });

  it("joins lists", () => {
    expect(mergeReplies("join", [["a"], [], ["b", "c"]], [])).toEqual(["a", "b", "c"]);
  });

  it("joins slow logs with the latest entry first, and no more entries than one node returns", () => {
    const logs = [
      [
        [7, 30],
        [6, 10],
      ],
      [
        [4, 40],
        [3, 20],
      ],
    ];
    const times = (args: readonly (string | number | Buffer)[]) =>
      (mergeReplies("slowlog", logs, args) as number[][]).map(([, time]) => time);
    expect(times([])).toEqual([40, 30, 20, 10]);
    expect(times([2])).toEqual([40, 30]);
    expect(times([Buffer.from("1")])).toEqual([40]);
    expect(times([-1])).toHaveLength(4);
    expect(times(["GET"])).toHaveLength(4);
  });

  it("returns the first reply that is not null", () => {
    expect(mergeReplies("sample", [null, "key"], [])).toBe("key");
    expect(mergeReplies("sample", [null], [])).toBeNull();
  });

  it("returns the first reply when all nodes have succeeded", () => {
    expect(mergeReplies("first", ["OK", "OK"], [])).toBe("OK");
    expect(mergeReplies("any", ["OK"], [])).toBe("OK");
  });
});
