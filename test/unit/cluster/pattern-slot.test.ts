import { describe, expect, it } from "vitest";
import { patternSlot } from "../../../src/cluster/pattern-slot.js";
import { keySlot } from "../../../src/commands/core/key-slot.js";

const slotOf = (pattern: string | number | Buffer): number | undefined =>
  patternSlot(pattern, "utf8");

describe("patternSlot", () => {
  it.each([
    ["a pattern with a hash tag", "{user1}*", "{user1}"],
    ["text before the hash tag", "a:{user1}:*", "{user1}"],
    ["a name without special characters", "name", "name"],
    ["an escaped special character before the tag", "\\*{a}?", "{a}"],
    ["an escaped brace", "x\\{a}*", "{a}"],
    ["a brace within the tag", "{{a}}*", "{{a}"],
    ["a name with escapes", "a\\*b", "a*b"],
    ["an escaped special character in the tag", "{a\\?b}*", "{a?b}"],
    ["a tag outside of ASCII", "{ä}*", "{ä}"],
    ["a name with an escaped closing brace", "{a\\}b", "{a}b"],
  ])("returns the slot of the keys for %s", (_, pattern, key) => {
    expect(slotOf(pattern)).toBe(keySlot(key, "utf8"));
  });

  it.each([
    ["a pattern without a tag", "user*"],
    ["a star before the tag", "*{a}"],
    ["a question mark before the tag, which may match a brace", "?{a}*"],
    ["a set before the tag", "[{]{a}*"],
    ["a star within the tag", "{a*}"],
    ["a set within the tag", "{[ab]}x"],
    ["an empty tag, which is no tag", "{}{a}*"],
    ["a tag without an end", "{a*"],
    ["an escaped closing brace with a star behind it", "{a\\}b*"],
  ])("returns undefined for %s", (_, pattern) => {
    expect(slotOf(pattern)).toBeUndefined();
  });

  it("takes bytes and numbers", () => {
    expect(slotOf(Buffer.from([0x7b, 0xff, 0x7d, 0x2a]))).toBe(
      keySlot(Buffer.from([0xff]), "utf8"),
    );
    expect(slotOf(12)).toBe(keySlot("12", "utf8"));
  });
});
