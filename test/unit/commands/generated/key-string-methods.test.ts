import { describe, expect, test } from "vitest";
import { okToTrue, toExactDouble, toLcsResult } from "../../../../src/commands/core/decode.js";
import { DataError } from "../../../../src/errors.js";
import { callLoosely, RecordingClient, rejectionMessage, wire } from "../../../support/recording-client.js";

const client = new RecordingClient();
const call = (method: string, ...args: unknown[]) => callLoosely(client, method, args);

describe("string command methods", () => {
  test("GET, SET, GETRANGE, SETEX and others send their arguments", () => {
    expect(wire(client.get("k"))).toBe("GET k");
    expect(wire(client.set("k", Buffer.from("v")))).toBe("SET k v");
    expect(wire(client.append("k", 5n))).toBe("APPEND k 5");
    expect(wire(client.getrange("k", 0, -1))).toBe("GETRANGE k 0 -1");
    expect(wire(client.substr("k", 1))).toBe("SUBSTR k 1 -1");
    expect(wire(client.setrange("k", 3, "v"))).toBe("SETRANGE k 3 v");
    expect(wire(client.setex("k", 10, "v"))).toBe("SETEX k 10 v");
    expect(wire(client.psetex("k", 10n, "v"))).toBe("PSETEX k 10 v");
  });

  test("SET sends its options", () => {
    expect(wire(client.set("k", "v", {}))).toBe("SET k v");
    expect(wire(client.set("k", "v", { ex: 5, nx: true, get: true }))).toBe("SET k v EX 5 NX GET");
    expect(wire(client.set("k", "v", { px: 5, xx: true }))).toBe("SET k v PX 5 XX");
    expect(wire(client.set("k", "v", { keepTtl: true, nx: false }))).toBe("SET k v KEEPTTL");
    const at = new Date(1_700_000_000_999);
    expect(wire(client.set("k", "v", { exat: at }))).toBe("SET k v EXAT 1700000000");
    expect(wire(client.set("k", "v", { pxat: at }))).toBe("SET k v PXAT 1700000000999");
  });

  test("SET changes its decoder only with the option get", () => {
    expect(client.set("k", "v", { ex: 5 })).not.toHaveProperty("decode");
    expect(client.set("k", "v", { get: true })).toHaveProperty("decode", null);
    expect(client.set("k", "v")).toHaveProperty("info.decode", okToTrue);
  });

  test("GETEX sends PERSIST and expiry options", () => {
    expect(wire(client.getex("k"))).toBe("GETEX k");
    expect(wire(client.getex("k", { persist: true }))).toBe("GETEX k PERSIST");
    expect(wire(client.getex("k", { px: 7 }))).toBe("GETEX k PX 7");
  });

  test("INCR and DECR become INCRBY and DECRBY with an amount", () => {
    expect(wire(client.incr("k"))).toBe("INCR k");
    expect(wire(client.incr("k", -2))).toBe("INCRBY k -2");
    expect(wire(client.decr("k"))).toBe("DECR k");
    expect(wire(client.decr("k", 2n ** 60n))).toBe("DECRBY k 1152921504606846976");
    expect(wire(client.incrby("k"))).toBe("INCRBY k 1");
    expect(wire(client.incrbyfloat("k"))).toBe("INCRBYFLOAT k 1");
    expect(wire(client.incrbyfloat("k", 0.1))).toBe("INCRBYFLOAT k 0.1");
    expect(client.incrbyfloat("k")).toHaveProperty("info.decode", toExactDouble);
  });

  test("MGET accepts arguments, arrays, sets or a mixture", () => {
    expect(wire(client.mget("a", "b"))).toBe("MGET a b");
    expect(wire(client.mget(["a", "b"], "c", new Set(["d"])))).toBe("MGET a b c d");
    expect(client.mget([])).toEqual({ answer: [] });
    expect(client.mget()).toEqual({ answer: [] });
    expect(wire(client.mget(Buffer.from("ab")))).toBe("MGET ab");
  });

  test("MSET and MSETNX accept objects, Maps or entries", () => {
    expect(wire(client.mset({ a: 1, b: "2" }))).toBe("MSET a 1 b 2");
    expect(wire(client.mset(new Map([[Buffer.from("a"), 1]])))).toBe("MSET a 1");
    expect(wire(client.msetnx([["a", 1]]))).toBe("MSETNX a 1");
    expect(wire(client.mset(Object.assign(Object.create(null), { a: 1 })))).toBe("MSET a 1");
  });

  test("LCS chooses its decoder by options", () => {
    const all = { idx: true, minMatchLen: 4, withMatchLen: true } as const;
    expect(wire(client.lcs("a", "b", all))).toBe("LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN");
    expect(client.lcs("a", "b", all)).toHaveProperty("decode", toLcsResult);
    expect(wire(client.lcs("a", "b", { len: true }))).toBe("LCS a b LEN");
    expect(client.lcs("a", "b", { len: true })).not.toHaveProperty("decode");
  });
});

describe("string and key command methods with invalid arguments", () => {
  test.each([
    [
      "set",
      ["k", "v", { ex: 1.5 }],
      'SET: option "ex" must be an integer number of seconds, got 1.5',
    ],
    [
      "set",
      ["k", "v", { ex: "5.0" }],
      'SET: option "ex" must be an integer number of seconds, got a string',
    ],
    [
      "set",
      ["k", "v", { ex: null }],
      'SET: option "ex" must be an integer number of seconds, got null',
    ],
    ["set", ["k", "v", { ex: 5, px: 5 }], 'SET: options "ex" and "px" are mutually exclusive'],
    ["set", ["k", "v", { nx: true, xx: true }], 'SET: options "nx" and "xx" are mutually exclusive'],
    ["set", ["k", "v", { get: 1 }], 'SET: option "get" must be a boolean, got a number'],
    [
      "set",
      ["k", "v", { ttl: 1 }],
      'SET: unknown option "ttl"; known options are ex, px, exat, pxat, keepTtl, nx, xx, ifEq, ifNe, ifDeq, ifDne, get',
    ],
    ["set", ["k", "v", "EX"], 'SET: argument "options" must be an object, got a string'],
    ["set", ["k", "v", null], 'SET: argument "options" must be an object, got null'],
    ["set", ["k", "v", { exat: new Date(Number.NaN) }], 'SET: option "exat" must be a valid Date'],
    [
      "setex",
      ["k", undefined, "v"],
      'SETEX: argument "time" must be an integer number of seconds, got undefined',
    ],
    [
      "incrby",
      ["k", 2 ** 53],
      'INCRBY: argument "amount" must be an integer (a bigint beyond 2^53), got 9007199254740992',
    ],
    ["incrbyfloat", ["k", Number.NaN], 'INCRBYFLOAT: argument "amount" must be a finite number, got NaN'],
    ["incrbyfloat", ["k", Infinity], 'INCRBYFLOAT: argument "amount" must be a finite number, got Infinity'],
    ["setrange", ["k", -1, "v"], 'SETRANGE: argument "offset" must not be negative, got -1'],
    ["mset", [{}], 'MSET: argument "mapping" must not be empty'],
    ["mset", ["secret"], 'MSET: argument "mapping" must be an object, a Map or entries, got a string'],
    ["mset", [["a", "b"]], 'MSET: argument "mapping" must hold [key, value] entries, got a string'],
    ["del", [], 'DEL: argument "keys" must not be empty'],
    ["del", [[]], 'DEL: argument "keys" must not be empty'],
  ])("%s rejects %j", (method, args, message) => {
    const refused = call(method, ...args);
    expect(rejectionMessage(refused)).toBe(message);
    expect(refused).toHaveProperty("error", expect.any(DataError));
    expect(refused).toHaveProperty("error.code", "EINVAL");
    expect(refused).toHaveProperty("error.command", message.split(":")[0]);
  });
});

describe("key command methods", () => {
  test("DEL, KEYS, OBJECT and WAIT send their arguments", () => {
    expect(wire(client.del("a", ["b"]))).toBe("DEL a b");
    expect(wire(client.delete("a"))).toBe("DEL a");
    expect(wire(client.keys())).toBe("KEYS *");
    expect(wire(client.objectEncoding("k"))).toBe("OBJECT ENCODING k");
    expect(wire(client.object("idletime", "k"))).toBe("OBJECT IDLETIME k");
    expect(wire(client.wait(1, 500))).toBe("WAIT 1 500");
  });

  test("EXPIRE commands accept Dates and conditions", () => {
    expect(wire(client.expire("k", 5, { gt: true, xx: true }))).toBe("EXPIRE k 5 XX GT");
    expect(wire(client.expireat("k", new Date(5999)))).toBe("EXPIREAT k 5");
    expect(wire(client.pexpireat("k", new Date(5999)))).toBe("PEXPIREAT k 5999");
    expect(rejectionMessage(call("expire", "k", 5, { gt: true, lt: true }))).toBe(
      'EXPIRE: options "gt" and "lt" are mutually exclusive',
    );
    expect(rejectionMessage(call("expire", "k", 5, { lt: true, nx: true }))).toBe(
      'EXPIRE: options "lt" and "nx" are mutually exclusive',
    );
  });

  test("SCAN sends its options", () => {
    expect(wire(client.scan())).toBe("SCAN 0");
    expect(wire(client.scan("7", { match: "a*", count: 10, type: "hash" }))).toBe(
      "SCAN 7 MATCH a* COUNT 10 TYPE hash",
    );
    expect(rejectionMessage(call("scan", "0", { match: {} }))).toBe(
      'SCAN: option "match" must be a string, Buffer, Uint8Array, number or bigint, got an object',
    );
  });

  test("SORT and SORT_RO send their options", () => {
    const options = {
      by: "w_*",
      start: 0,
      num: 2,
      get: ["#", "o_*"],
      groups: true,
      desc: true,
    } as const;
    expect(wire(client.sort("k", options))).toBe("SORT k BY w_* LIMIT 0 2 DESC GET # GET o_*");
    expect(wire(client.sort("k", { alpha: true, store: "d" }))).toBe("SORT k ALPHA STORE d");
    expect(wire(client.sortRo("k", { get: "#" }))).toBe("SORT_RO k GET #");
    expect(rejectionMessage(call("sort", "k", { start: 0 }))).toBe(
      'SORT: options "start" and "num" must be given together',
    );
    expect(rejectionMessage(call("sort", "k", { get: "#", groups: true }))).toBe(
      'SORT: option "groups" needs option "get" to be an array of at least two patterns',
    );
  });

  test("COPY, RESTORE and MIGRATE send their options", () => {
    expect(wire(client.copy("a", "b", { destinationDb: 0, replace: true }))).toBe(
      "COPY a b DB 0 REPLACE",
    );
    const bytes = Buffer.from([0, 255]);
    expect(wire(client.restore("k", 0, bytes, { replace: true, absTtl: true, idleTime: 3 }))).toBe(
      "RESTORE k 0 \x00\xff REPLACE ABSTTL IDLETIME 3",
    );
    expect(wire(client.restore("k", new Date(1_700_000_000_005), "v", { absTtl: true }))).toBe(
      "RESTORE k 1700000000005 v ABSTTL",
    );
    expect(wire(client.migrate("h", 6379, ["a", "b"], 0, 100, { copy: true, auth: "p" }))).toBe(
      "MIGRATE h 6379  0 100 COPY AUTH p KEYS a b",
    );
    expect(wire(client.migrate("h", 6379, "a", 0, 100, { auth: "p", username: "u" }))).toBe(
      "MIGRATE h 6379  0 100 AUTH2 u p KEYS a",
    );
    expect(rejectionMessage(call("migrate", "h", 6379, [], 0, 100))).toBe(
      'MIGRATE: argument "keys" must not be empty',
    );
  });
});
