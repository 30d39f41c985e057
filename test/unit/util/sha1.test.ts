import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { sha1 } from "../../../src/util/sha1.js";

const expected = (bytes: Uint8Array): string => createHash("sha1").update(bytes).digest("hex");

describe("sha1", () => {
  it.each([
    ["", "da39a3ee5e6b4b0d3255bfef95601890afd80709"],
    ["return 1", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"],
  ])("returns the published digest of %j", (text, hash) => {
    expect(sha1(Buffer.from(text))).toBe(hash);
  });

  it("agrees with node:crypto at every length around block boundaries", () => {
    for (let length = 0; length <= 260; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 131 + length * 17) & 255);
      expect(sha1(bytes), `length ${length}`).toBe(expected(bytes));
    }
  });

  it("agrees with node:crypto for a long script with every byte value", () => {
    const bytes = Uint8Array.from({ length: 100_003 }, (_, i) => (i * i + (i >> 8)) & 255);
    expect(sha1(bytes)).toBe(expected(bytes));
  });

  it("hashes only the bytes of a view", () => {
    const view = Buffer.from("xxreturn 1yy").subarray(2, 10);
    expect(sha1(view)).toBe(expected(Buffer.from("return 1")));
  });
});
