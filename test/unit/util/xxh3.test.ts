import { describe, expect, test } from "vitest";
import { xxh3 } from "../../../src/util/xxh3.js";

/** Bytes that differ by position; the expected hashes below were computed with the C library. */
function bytes(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (i * 7 + (i >> 8) * 13 + 3) & 255));
}

describe("xxh3", () => {
  test.each([
    [0, "2d06800538d394c2"],
    [1, "13e608bc156defed"],
    [2, "1c9074b93943b86c"],
    [3, "a9088dda485b481c"],
    [4, "6d9253b16c8b1ed3"],
    [5, "998620e10e3a4b37"],
    [7, "8e8291ad89127e2e"],
    [8, "60539db630471163"],
    [9, "feff668361d723a8"],
    [12, "6829454be0cc3199"],
    [16, "b8c859b0f030b585"],
    [17, "714a04408e79b80f"],
    [31, "ed41ac283d0674b3"],
    [32, "19ff4ee1d6ba1a55"],
    [33, "3e44983ad21679c8"],
    [64, "287eb1fa9e4be2c1"],
    [128, "67425a03650261bf"],
    [129, "c664bf3311c6abc4"],
    [144, "606a17fa700bb932"],
    [192, "78ba6e57be15802f"],
    [240, "64556dc6b462a6cf"],
    [241, "8beadd3a8874fe17"],
    [256, "3c38817f6d79c0da"],
    [320, "5aa7d59cabc69ad9"],
    [1023, "b568482526f399bf"],
    [1024, "a6f1a01606138456"],
    [1025, "ecd2bad8e8ceb864"],
    [1088, "c7d84b42188f514f"],
    [2047, "879aad2c48d23e47"],
    [2048, "d9591a7a867bbf03"],
    [2049, "45189093da197612"],
    [5000, "242c1cf3b0a36594"],
    [65537, "722589a516dd4d1b"],
  ])("returns the digest of the reference implementation for %i bytes", (length, hash) => {
    expect(xxh3(bytes(length))).toBe(hash);
  });

  test("returns the digests of the reference implementation for every length up to 3000 bytes", () => {
    const all = Array.from({ length: 3000 }, (_, length) => xxh3(bytes(length)));
    expect(xxh3(Buffer.from(all.join(""), "hex"))).toBe("f2a6c4f4c260cc8e");
  });

  test("hashes a view of a larger buffer and pads the digest with leading zeros", () => {
    expect(xxh3(Buffer.from("say Hello world!").subarray(4, 15))).toBe("b6acb9d84a38ff74");
    expect(xxh3(Buffer.from("v96"))).toBe("0007055606887c9d");
  });
});
