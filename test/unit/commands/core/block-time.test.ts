import { expect, test } from "vitest";
import {
  fifthSeconds,
  firstSeconds,
  lastMilliseconds,
  lastSeconds,
} from "../../../../src/commands/core/block-time.js";

test("the time is found whatever type it was given in", () => {
  for (const given of [1.5, "1.5", Buffer.from("1.5")]) {
    expect(lastSeconds(["k", given])).toBe(1500);
    expect(firstSeconds([given, 1, "k"])).toBe(1500);
    expect(fifthSeconds(["a", "b", "LEFT", "RIGHT", given, "COUNT", 2, "OBO"])).toBe(1500);
  }
  expect(lastSeconds(["k", 2n])).toBe(2000);
  expect(lastMilliseconds([1, "700"])).toBe(700);
});

test("a part of a millisecond still is one", () => {
  expect(lastSeconds(["k", 0.0001])).toBe(1);
});

test("what is no usable limit counts as none", () => {
  for (const given of [0, "0", -1, "soon", Number.NaN, "inf", Infinity]) {
    expect(lastSeconds(["k", given])).toBe(0);
  }
  expect(lastSeconds([])).toBe(0);
});
