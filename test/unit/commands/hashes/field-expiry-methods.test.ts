import { describe, expect, test } from "vitest";
import { toRankScore, toScan, toScanPairs } from "../../../../src/commands/core/decode.js";
import { RecordingClient, rejectionMessage, wire } from "../../../support/recording-client.js";

const client = new RecordingClient();

describe("hash field expiry methods", () => {
  test("HEXPIRE, HTTL, HPERSIST and HGETDEL accept one field, several or a Set, and send their number", () => {
    expect(wire(client.hexpire("k", 10, "f"))).toBe("HEXPIRE k 10 FIELDS 1 f");
    expect(wire(client.hexpire("k", 10, ["f", 2, "g"]))).toBe("HEXPIRE k 10 FIELDS 3 f 2 g");
    expect(wire(client.hexpire("k", 10, new Set(["f", "g"])))).toBe("HEXPIRE k 10 FIELDS 2 f g");
    expect(wire(client.httl("k", "f", ["g", "h"], new Set(["i"])))).toBe("HTTL k FIELDS 4 f g h i");
    expect(wire(client.hpttl("k", "f"))).toBe("HPTTL k FIELDS 1 f");
    expect(wire(client.hexpiretime("k", "f"))).toBe("HEXPIRETIME k FIELDS 1 f");
    expect(wire(client.hpexpiretime("k", "f"))).toBe("HPEXPIRETIME k FIELDS 1 f");
    expect(wire(client.hpersist("k", ["f"]))).toBe("HPERSIST k FIELDS 1 f");
    expect(wire(client.hgetdel("k", "f", "g"))).toBe("HGETDEL k FIELDS 2 f g");
  });

  test("HPEXPIRE, HEXPIREAT and HPEXPIREAT send the condition before the fields", () => {
    expect(wire(client.hpexpire("k", 10, "f", { gt: true }))).toBe("HPEXPIRE k 10 GT FIELDS 1 f");
    const when = new Date(1_700_000_000_999);
    expect(wire(client.hexpireat("k", when, "f", { nx: true }))).toBe(
      "HEXPIREAT k 1700000000 NX FIELDS 1 f",
    );
    expect(wire(client.hpexpireat("k", when, "f", { lt: true }))).toBe(
      "HPEXPIREAT k 1700000000999 LT FIELDS 1 f",
    );
  });

  test("HGETEX and HSETEX send expiry options", () => {
    expect(wire(client.hgetex("k", "f"))).toBe("HGETEX k FIELDS 1 f");
    expect(wire(client.hgetex("k", ["f", "g"], { persist: true }))).toBe(
      "HGETEX k PERSIST FIELDS 2 f g",
    );
    expect(wire(client.hsetex("k", { f: 1, g: "x" }, { fnx: true, px: 5 }))).toBe(
      "HSETEX k FNX PX 5 FIELDS 2 f 1 g x",
    );
    expect(wire(client.hsetex("k", new Map([["f", 1]]), { fxx: true, keepTtl: true }))).toBe(
      "HSETEX k FXX KEEPTTL FIELDS 1 f 1",
    );
  });

  test("HEXPIRE, HTTL, HGETEX and HSETEX reject invalid arguments", () => {
    const missing = undefined as never;
    expect(rejectionMessage(client.hexpire("k", 1.5, "f"))).toMatch(
      /^HEXPIRE: argument "time" must be an integer/,
    );
    expect(rejectionMessage(client.hexpire("k", 1, []))).toBe(
      'HEXPIRE: argument "fields" must not be empty',
    );
    expect(rejectionMessage(client.httl("k"))).toBe('HTTL: argument "fields" must not be empty');
    expect(rejectionMessage(client.httl("k", []))).toBe(
      'HTTL: argument "fields" must not be empty',
    );
    expect(rejectionMessage(client.hexpire("k", 1, ["f", missing], { nx: true }))).toMatch(
      /each of argument "fields" must be/,
    );
    expect(rejectionMessage(client.hexpire("k", 1, missing))).toMatch(
      /each of argument "fields" must be .* got undefined/,
    );
    expect(rejectionMessage(client.hexpire("k", 1, "f", { nx: true, gt: true } as never))).toBe(
      'HEXPIRE: options "nx" and "gt" are mutually exclusive',
    );
    expect(rejectionMessage(client.hgetex("k", "f", { ex: 1, persist: true } as never))).toBe(
      'HGETEX: options "ex" and "persist" are mutually exclusive',
    );
    expect(rejectionMessage(client.hsetex("k", {}))).toBe(
      'HSETEX: argument "mapping" must not be empty',
    );
    expect(rejectionMessage(client.hsetex("k", { f: missing }))).toMatch(
      /each value of argument "mapping" must be/,
    );
    expect(rejectionMessage(client.hsetex("k", { f: 1 }, { fnx: true, fxx: true } as never))).toBe(
      'HSETEX: options "fnx" and "fxx" are mutually exclusive',
    );
    expect(rejectionMessage(client.hsetex("k", { f: 1 }, { ex: 1, keepTtl: true } as never))).toBe(
      'HSETEX: options "ex" and "keepTtl" are mutually exclusive',
    );
  });
});

describe("newer options of HSCAN, ZSCAN, ZRANK and ZREVRANK", () => {
  test("HSCAN with noValues returns field names only", () => {
    const call = client.hscan("k", "0", { noValues: true, match: "a*" });
    expect(wire(call)).toBe("HSCAN k 0 MATCH a* NOVALUES");
    expect(call).toHaveProperty("decode", toScan);
    expect(client.hscan("k", "0", { pairs: true })).toHaveProperty("decode", toScanPairs);
    expect(rejectionMessage(client.hscan("k", "0", { noValues: true, pairs: true } as never))).toBe(
      'HSCAN: options "noValues" and "pairs" are mutually exclusive',
    );
    expect(rejectionMessage(client.hscan("k", "0", { pairs: "yes" } as never))).toMatch(
      /"pairs" must be a boolean/,
    );
  });

  test("ZSCAN with noScores returns members only", () => {
    const call = client.zscan("k", "0", { noScores: true });
    expect(wire(call)).toBe("ZSCAN k 0 NOSCORES");
    expect(call).toHaveProperty("decode", toScan);
    expect(
      rejectionMessage(client.zscan("k", "0", { noScores: true, scoreCastFunc: String } as never)),
    ).toBe('ZSCAN: options "noScores" and "scoreCastFunc" are mutually exclusive');
  });

  test("ZREVRANK with withScore decodes rank and score", () => {
    expect(wire(client.zrank("k", "m"))).toBe("ZRANK k m");
    expect(client.zrank("k", "m", {})).not.toHaveProperty("decode");
    const call = client.zrevrank("k", "m", { withScore: true });
    expect(wire(call)).toBe("ZREVRANK k m WITHSCORE");
    expect(call).toHaveProperty("decode", toRankScore);
  });

  test("toRankScore returns the same value under both protocols", () => {
    expect(toRankScore([3, Buffer.from("1.5")])).toEqual([3, 1.5]);
    expect(toRankScore([3, "inf"])).toEqual([3, Infinity]);
    expect(toRankScore([3, 1.5])).toEqual([3, 1.5]);
    expect(toRankScore(null)).toBeNull();
    expect(toRankScore(3)).toBe(3);
  });
});
