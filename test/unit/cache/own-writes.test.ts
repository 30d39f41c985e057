/** Which keys own commands may change, and reads during own writes. Every keyless command of the table is decided on. */
import { describe, expect, it } from "vitest";
import { KeyText } from "../../../src/cache/key-text.js";
import { PendingWrites } from "../../../src/cache/pending-writes.js";
import { ruleOf } from "../../../src/cache/rules.js";
import { touchedKeys } from "../../../src/cache/touched-keys.js";
import type { Arg } from "../../../src/commands/core/info.js";
import { NO_KEYS, READONLY } from "../../../src/commands/core/info.js";
import { COMMANDS } from "../../../src/commands/generated/registry.js";
import { resolveCommand } from "../../../src/execution/resolve-command.js";

const text = new KeyText({ encoding: "utf8", encodingErrors: "strict" });
const touched = (...calls: readonly (readonly [string, ...Arg[]])[]) =>
  touchedKeys(
    calls.map(([name, ...args]) => resolveCommand(name, args, new Map())),
    text,
  );

describe("touchedKeys", () => {
  it.each<[readonly [string, ...Arg[]], readonly string[] | "all"]>([
    [["GET", "a"], []],
    [["SET", "a", "1"], ["a"]],
    [["SET", Buffer.from([0xff]), "1"], ["\u00ff"]],
    [["SET", "\u00e9", "1"], ["\u00c3\u00a9"]],
    [["SET", 17, "1"], ["17"]],
    [
      ["MSET", "a", "1", "b", "2"],
      ["a", "b"],
    ],
    [
      ["RENAME", "a", "b"],
      ["a", "b"],
    ],
    [
      ["ZUNIONSTORE", "d", 2, "a", "b"],
      ["d", "a", "b"],
    ],
    [
      ["SORT", "a", "STORE", "d"],
      ["a", "d"],
    ],
    [
      ["BLPOP", "a", "b", 1],
      ["a", "b"],
    ],
    [
      ["EVAL", "return 1", 2, "a", "b", "arg"],
      ["a", "b"],
    ],
    [["EVAL", "return 1", 0], "all"],
    [["FCALL", "f", 0, "a"], "all"],
    [["EVAL_RO", "return 1", 0], []],
    [["XGROUP CREATE", "s", "g", "$"], ["s"]],
    [["XGROUP", "CREATE", "s", "g", "$"], ["s"]],
    [["FLUSHALL"], "all"],
    [["ACL", "SETUSER", "u"], "all"],
    [["CLIENT", "GETNAME"], []],
    [["CONFIG GET", "save"], []],
    [["PUBLISH", "a", "m"], []],
    [["NOSUCHCOMMAND", "a"], "all"],
    [["JSON.SET", "a", "$", "1"], "all"],
  ])("returns for %j the keys %j", (command, expected) => {
    expect(touched(command)).toEqual(expected);
  });

  it("joins the keys of several commands, and returns all when one has unknown keys", () => {
    expect(touched(["SET", "a", "1"], ["GET", "b"], ["DEL", "c", "d"])).toEqual(["a", "c", "d"]);
    expect(touched(["SET", "a", "1"], ["FLUSHDB"])).toBe("all");
    expect(touched()).toEqual([]);
  });

  it("empties the cache after these commands of the table without keys, and no others", () => {
    const keyless = [...COMMANDS.values()].filter(
      ({ flags, route }) => route === NO_KEYS && (flags & READONLY) === 0,
    );
    const emptying = keyless.filter((info) => touchedKeys([{ info, args: [] }], text) === "all");
    expect(emptying.map(({ name }) => name).sort()).toMatchInlineSnapshot(`
      [
        "ACL DELUSER",
        "ACL LOAD",
        "ACL SETUSER",
        "AUTH",
        "CLUSTER ADDSLOTS",
        "CLUSTER ADDSLOTSRANGE",
        "CLUSTER DELSLOTS",
        "CLUSTER DELSLOTSRANGE",
        "CLUSTER FAILOVER",
        "CLUSTER FLUSHSLOTS",
        "CLUSTER REPLICATE",
        "CLUSTER RESET",
        "CLUSTER SETSLOT",
        "FAILOVER",
        "FLUSHALL",
        "FLUSHDB",
        "HELLO",
        "PSYNC",
        "REPLCONF",
        "REPLICAOF",
        "RESET",
        "SELECT",
        "SLAVEOF",
        "SWAPDB",
        "SYNC",
      ]
    `);
  });
});

describe("PendingWrites", () => {
  it("affects reads of its keys until each of its writes has ended", () => {
    const writes = new PendingWrites();
    writes.begin(["a", "b"]);
    writes.begin(["a"]);
    writes.end(["a", "b"]);
    expect([writes.affect(["a"]), writes.affect(["b"]), writes.affect(["b", "a"])]).toEqual([
      true,
      false,
      true,
    ]);
    writes.end(["a"]);
    expect(writes.affect(["a", "b"])).toBe(false);
    writes.begin("all");
    expect(writes.affect(["c"])).toBe(true);
    writes.end("all");
    expect(writes.affect(["c"])).toBe(false);
  });
});

describe("ruleOf", () => {
  it("keeps the replies of these commands", () => {
    const kept = [...COMMANDS.values()].filter((info) => ruleOf(info)?.changing === false);
    expect(
      kept
        .map(({ name }) => name)
        .sort()
        .join(" "),
    ).toMatchInlineSnapshot(
      `"ARCOUNT ARGET ARGETRANGE ARGREP ARLASTITEMS ARLEN ARMGET ARNEXT AROP ARSCAN BITCOUNT BITFIELD_RO BITPOS DIGEST EXISTS GEODIST GEOHASH GEOPOS GEORADIUSBYMEMBER_RO GEORADIUS_RO GEOSEARCH GET GETBIT GETRANGE HEXISTS HGET HGETALL HKEYS HLEN HMGET HSTRLEN HVALS LCS LINDEX LLEN LPOS LRANGE MGET PFCOUNT SCARD SDIFF SDIFFCARD SINTER SINTERCARD SISMEMBER SMEMBERS SMISMEMBER SORT_RO STRLEN SUBSTR SUNION SUNIONCARD TYPE VCARD VDIM VEMB VGETATTR VISMEMBER XLEN XRANGE XREVRANGE ZCARD ZCOUNT ZDIFF ZINTER ZINTERCARD ZLEXCOUNT ZMSCORE ZRANGE ZRANGEBYLEX ZRANGEBYSCORE ZRANK ZREVRANGE ZREVRANGEBYLEX ZREVRANGEBYSCORE ZREVRANK ZSCORE ZUNION"`,
    );
  });

  it("has a rule for no command that writes, blocks, or has no keys", () => {
    for (const name of ["SET", "BLPOP", "PING", "SCAN", "DBSIZE", "RANDOMKEY", "GETEX", "FCALL"])
      expect(ruleOf(COMMANDS.get(name) as never)).toBeNull();
  });
});
