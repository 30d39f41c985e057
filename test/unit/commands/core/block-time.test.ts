import { expect, test } from "vitest";
import {
  fifthSeconds,
  firstSeconds,
  lastMilliseconds,
  lastSeconds,
} from "../../../../src/commands/core/block-time.js";

test("block time functions read the timeout from numbers, text and bytes", () => {
  for (const given of [1.5, "1.5", Buffer.from("1.5")]) {
    expect(lastSeconds(["k", given])).toBe(1500);
    expect(firstSeconds([given, 1, "k"])).toBe(1500);
    expect(fifthSeconds(["a", "b", "LEFT", "RIGHT", given, "COUNT", 2, "OBO"])).toBe(1500);
  }
  expect(lastSeconds(["k", 2n])).toBe(2000);
  expect(lastMilliseconds([1, "700"])).toBe(700);
});

test("block time functions round up to whole milliseconds", () => {
  expect(lastSeconds(["k", 0.0001])).toBe(1);
});

test("block time functions return 0 for a timeout that is no valid limit", () => {
  for (const given of [0, "0", -1, "soon", Number.NaN, "inf", Infinity]) {
    expect(lastSeconds(["k", given])).toBe(0);
  }
  expect(lastSeconds([])).toBe(0);
});
