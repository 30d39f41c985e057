/** keySlot: vectors, hash tags, encodings. test/commands/cluster/key-slot.test.ts compares it with a server. */
import { describe, expect, it } from "vitest";
import type { Key } from "../../../../src/commands/core/info.js";
import { keySlot } from "../../../../src/commands/core/key-slot.js";

const slot = (key: Key, encoding: BufferEncoding = "utf8") => keySlot(key, encoding);

describe("keySlot", () => {
  it("returns CRC16 (XMODEM) modulo 16384", () => {
    expect(slot("123456789")).toBe(0x31c3);
    expect(slot("foo")).toBe(12182);
    expect(slot("")).toBe(0);
  });

  it.each([
    ["{user1}:name", "user1"],
    ["a{user1}b", "user1"],
    ["{user1}{user2}", "user1"],
    ["a{{b}}", "{b"],
    ["a{é}b", "é"],
    ["é{b}", "b"],
    ["{b}é", "b"],
  ])("hashes only the hash tag of %s", (key, tag) => {
    expect(slot(key)).toBe(slot(Buffer.from(tag).toString("latin1"), "latin1"));
    expect(slot(Buffer.from(key))).toBe(slot(tag));
  });

  it.each(["a{}{b}", "a{b", "a}b", "}a{"])(
    "hashes the whole of %s, which has no hash tag",
    (key) => {
      const whole = referenceSlot(Buffer.from(key));
      expect([slot(key), slot(Buffer.from(key))]).toEqual([whole, whole]);
    },
  );

  it("hashes text in the encoding of the client", () => {
    expect(slot("é", "utf8")).toBe(referenceSlot(Buffer.from([0xc3, 0xa9])));
    expect(slot("é", "latin1")).toBe(referenceSlot(Buffer.from([0xe9])));
  });

  it.each([
    [7, "7"],
    [-0, "-0"],
    [1.5e21, "1.5e+21"],
    [Infinity, "Infinity"],
    [12345678901234567890n, "12345678901234567890"],
  ])("hashes the number %d as it is sent", (key, sent) => {
    expect(slot(key)).toBe(slot(sent));
  });

  it("hashes bytes of a view, not what the view reports of itself", () => {
    const bytes = new Uint8Array(Buffer.from("xfoox")).subarray(1, 4);
    Object.defineProperty(bytes, "length", { value: 1 });
    expect(slot(bytes)).toBe(slot("foo"));
  });
});

/** CRC16 bit by bit. */
function referenceSlot(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let i = 0; i < 8; i++) crc = ((crc << 1) ^ ((crc & 0x8000) === 0 ? 0 : 0x1021)) & 0xffff;
  }
  return crc % 16384;
}
