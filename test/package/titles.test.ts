/** Checks that the titles of all tests can be understood alone. */
import { describe, expect, test } from "vitest";
import { parseSource, readSources } from "./sources.js";
import { dependentTitles, repeatedTitles, titlesIn } from "./titles.js";

const titles = readSources("test", ["test/bench"])
  .filter(({ path }) => path.endsWith(".test.ts"))
  .flatMap(titlesIn);

describe("test titles", () => {
  test("are found in every project", () => {
    expect(titles.length).toBeGreaterThan(2000);
  });

  test("do not begin with a preposition or a conjunction", () => {
    expect(dependentTitles(titles)).toEqual([]);
  });

  test("occur once per block", () => {
    expect(repeatedTitles(titles)).toEqual([]);
  });
});

describe("the title rules", () => {
  const bad = parseSource(
    "test/unit/bad.test.ts",
    [
      'describe("of lists", () => {',
      '  it("returns null", () => {});',
      '  it("returns null", () => {});',
      "  it.each([1])(`when $n is given`, () => {});",
      "  test(`IN range`, () => {});",
      "});",
      'describe("sets", () => { it("returns null", () => {}); });',
    ].join("\n"),
  );

  test("report titles that begin with a preposition or a conjunction", () => {
    expect(dependentTitles(titlesIn(bad))).toEqual([
      "test/unit/bad.test.ts:1 of lists",
      "test/unit/bad.test.ts:4 when $n is given",
    ]);
  });

  test("report a title that occurs twice in one block", () => {
    expect(repeatedTitles(titlesIn(bad))).toEqual([
      "test/unit/bad.test.ts:3 repeats test/unit/bad.test.ts:2: returns null",
    ]);
  });
});
