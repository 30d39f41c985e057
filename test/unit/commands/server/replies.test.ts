import { describe, expect, test } from "vitest";
import * as connection from "../../../../src/commands/connection/replies.js";
import * as core from "../../../../src/commands/core/decode.js";
import type { DecodeContext } from "../../../../src/commands/core/info.js";
import * as decode from "../../../../src/commands/server/replies.js";
import { MapReply, type Reply } from "../../../../src/protocol/reply.js";
import { bytesContext as context } from "../../../support/strict-text.js";

const b = (value: string) => Buffer.from(value);
/** Convert objects without prototype to plain objects, for comparison. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe("INFO reply", () => {
  const info = (text: string) => plain(decode.toInfo(text));

  test.each<[string, unknown]>([
    ["redis_version:7.0.15", { redis_version: "7.0.15" }],
    ["redis_git_sha1:00000000", { redis_git_sha1: "00000000" }],
    ["master_replid2:0000000000", { master_replid2: "0000000000" }],
    ["executable:/srv/a=1,b/redis-server", { executable: "/srv/a=1,b/redis-server" }],
    ["config_file:", { config_file: "" }],
    ["a:1e5", { a: "1e5" }],
    ["a:0.00%", { a: "0.00%" }],
    ["a:1.19", { a: 1.19 }],
    ["a:-1", { a: -1 }],
    ["a:1.5e3", { a: 1500 }],
    ["a:0x10", { a: "0x10" }],
    ["a:99999999999999999999", { a: "99999999999999999999" }],
    ["master_host:::1", { master_host: "::1" }],
    ["cmdstat_host:80:calls=1,usec=2", { "cmdstat_host:80": { calls: 1, usec: 2 } }],
    ["db0:keys=2,expires=0,avg_ttl=1.5", { db0: { keys: 2, expires: 0, avg_ttl: 1.5 } }],
    ["a:b=c=d,e", { a: { "b=c": "d", e: true } }],
    ["a:x,2,", { a: ["x", 2] }],
    ["errorstat_ERR:count=8", { errorstat_ERR: { count: 8 } }],
    ["no colon here", { __raw__: ["no colon here"] }],
  ])("decodes %s", (line, value) => {
    expect(info(`# Section\r\n${line}\r\n\r\n`)).toEqual(value);
  });

  test("collects modules in an array", () => {
    const text = "module:name=a,ver=1\r\nmodule:name=b,ver=2\r\n";
    expect(info(text)).toEqual({
      modules: [
        { name: "a", ver: 1 },
        { name: "b", ver: 2 },
      ],
    });
  });

  test("keeps names like __proto__", () => {
    const value = decode.toInfo("__proto__:1") as Record<string, unknown>;
    expect(Object.keys(value)).toEqual(["__proto__"]);
  });
});

describe("CLIENT LIST and CLIENT INFO replies", () => {
  test("keep equals signs and spaces in values", () => {
    const lines = "id=3 addr=/tmp/my socket:0 name=a=b user=default\nid=4 name=12\n";
    expect(plain(connection.toClientList(lines))).toEqual([
      { id: 3, addr: "/tmp/my socket:0", name: "a=b", user: "default" },
      { id: 4, name: "12" },
    ]);
    expect(connection.toClientList("")).toEqual([]);
  });

  test("convert numeric fields to numbers, and omit absent fields", () => {
    expect(plain(connection.toClientInfo("id=3 name= qbuf-free=20 flags=N resp=2\n"))).toEqual({
      id: 3,
      name: "",
      "qbuf-free": 20,
      flags: "N",
      resp: 2,
    });
  });

  test("keep a number that is too large as text", () => {
    expect(plain(connection.toClientInfo("id=9007199254740993"))).toEqual({
      id: "9007199254740993",
    });
  });
});

describe("SLOWLOG GET reply", () => {
  const expected = {
    id: 7,
    startTime: new Date(1_700_000_000_000),
    duration: 12,
    command: "SET k \\xff",
    args: [b("SET"), b("k"), Buffer.from([0xff])],
  };

  test("joins the arguments and escapes invalid text", () => {
    const args = [b("SET"), b("k"), Buffer.from([0xff])];
    const reply: Reply = [[7, 1_700_000_000, 12, args, b("127.0.0.1:1"), b("имя")]];
    expect(decode.toSlowlog(reply, context)).toEqual([
      { ...expected, clientAddress: "127.0.0.1:1", clientName: "имя" },
    ]);
    expect(decode.toSlowlog([[7, 1_700_000_000, 12, args]], context)).toEqual([expected]);
  });

  test("decodes the complexity field of Redis Enterprise", () => {
    const reply: Reply = [[1, 2, 3, b("N:10"), [b("KEYS"), b("*")], b("a"), b("")]];
    expect(decode.toSlowlog(reply, context)).toMatchObject([
      { complexity: "N:10", command: "KEYS *", clientAddress: "a", clientName: "" },
    ]);
  });
});

describe("LASTSAVE and TIME replies", () => {
  test("LASTSAVE is decoded to a Date or null", () => {
    expect(decode.toDate(1_700_000_000)).toEqual(new Date(1_700_000_000_000));
    expect(decode.toDate(0)).toBe(null);
  });

  test("TIME is decoded to two numbers", () => {
    expect(decode.toTime(["1700000000", "123456"])).toEqual([1_700_000_000, 123_456]);
    expect(decode.toTime([b("1700000000"), b("1")])).toEqual([1_700_000_000, 1]);
  });
});

describe("PING, MEMORY STATS, DEBUG OBJECT and list replies", () => {
  test("PING returns true for PONG, and the message otherwise", () => {
    expect(connection.toPong("PONG")).toBe(true);
    expect(connection.toPong(["pong", ""])).toBe(true);
    expect(connection.toPong("hello")).toBe("hello");
  });

  test("MEMORY STATS is decoded to the same object under both protocols", () => {
    const expected = {
      "peak.allocated": 5,
      "dataset.percentage": 12.5,
      "db.0": { "overhead.hashtable.main": 72 },
    };
    const flat: Reply = [
      "peak.allocated",
      5,
      "dataset.percentage",
      "12.5",
      "db.0",
      ["overhead.hashtable.main", 72],
    ];
    const map = new MapReply([
      "peak.allocated",
      5,
      "dataset.percentage",
      12.5,
      "db.0",
      new MapReply(["overhead.hashtable.main", 72]),
    ]);
    expect(plain(decode.toMemoryStats(flat, context))).toEqual(expected);
    expect(plain(decode.toMemoryStats(map, context))).toEqual(expected);
  });

  test("toRecords and toBooleans decode each element", () => {
    expect(plain(core.toRecords([["name", "a"], new MapReply(["name", "b"])], context))).toEqual([
      { name: "a" },
      { name: "b" },
    ]);
    expect(core.toBooleans([1, 0])).toEqual([true, false]);
  });

  test("DEBUG OBJECT is decoded", () => {
    const text =
      "Value at:0x7f refcount:1 encoding:int serializedlength:2 lru:3 lru_seconds_idle:4";
    expect(plain(decode.toDebugObject(text))).toEqual({
      type: "Value",
      at: "0x7f",
      refcount: 1,
      encoding: "int",
      serializedlength: 2,
      lru: 3,
      lru_seconds_idle: 4,
    });
  });

  test.each(Object.entries(decode))("%s returns an unexpected reply unchanged", (name, decoder) => {
    const reply =
      name === "toPong"
        ? 5
        : ["toInfo", "toClientList", "toClientInfo", "toDebugObject"].includes(name)
          ? 5
          : "QUEUED";
    expect((decoder as (reply: Reply, context: DecodeContext) => unknown)(reply, context)).toBe(
      reply,
    );
  });
});
