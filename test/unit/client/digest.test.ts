import { describe, expect, test } from "vitest";
import { DataError, Redis } from "../../../src/index.js";

describe("digestLocal", () => {
  const redis = new Redis();
  const latin = new Redis({ encoding: "latin1" });

  test.each([
    ["", "2d06800538d394c2"],
    // The value shown on redis.io; the others are the C library's hashes of the bytes that would be stored.
    ["Hello world", "b6acb9d84a38ff74"],
    [Buffer.from("Hello world"), "b6acb9d84a38ff74"],
    ["é€😀", "ea65941adddf7470"],
    [42, "1217cb28c0ef2191"],
    [-0.5, "f84bb0a44d2e67d6"],
    [9007199254740993n, "f28e589174572a41"],
    ["\r\n", "d0ab5d7d75a0c5b4"],
    ["$5\r\nvalue\r\n", "27c7433ea63ab86e"],
    [new Uint8Array([0, 255, 13, 10]), "7b29427801f4d236"],
  ])("returns the XXH3 digest of %o", (value, digest) => {
    expect(redis.digestLocal(value)).toBe(digest);
  });

  test("accepts text and bytes of any size", () => {
    expect(redis.digestLocal("x".repeat(1_000_000))).toBe("ef02eeb2d3625399");
    expect(redis.digestLocal(Buffer.alloc(1_000_000, "x"))).toBe("ef02eeb2d3625399");
    expect(redis.digestLocal("é".repeat(20_000))).toBe("9e7b5f737115b439");
  });

  test("uses the client's encoding", () => {
    expect(latin.digestLocal("é")).toBe("48a895eb05a3c780");
    expect(() => latin.digestLocal("€")).toThrow(DataError);
  });

  test.each([[null], [undefined], [{}], [["a"]], [true]])("rejects %o", (value) => {
    expect(() => Reflect.apply(redis.digestLocal, redis, [value])).toThrow(
      /^DIGEST: argument "value" must be a string, Buffer, Uint8Array, number or bigint/,
    );
  });

  test("rejects a lone surrogate", () => {
    expect(() => redis.digestLocal("\ud800")).toThrow(DataError);
  });
});
