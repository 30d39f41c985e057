/** Checks the conversion of Markdown into programs, by the conventions in docs.test.ts. */
import { describe, expect, test } from "vitest";
import { agrees, blocksOf, programOf } from "./doc-blocks.js";

const page = (...lines: string[]): string => lines.join("\n");
const blockOf = (code: string, language = "ts") => ({
  ...{ name: "p.md:3", page: "p.md", line: 3, language, code },
  noRun: undefined,
});
const promisesOf = (code: string) =>
  programOf(blockOf(code)).promises.map(({ id, expected }) => `${id} ${expected}`);

describe("code blocks of a page", () => {
  test("are found with page, line, language and no-run reason", () => {
    const text = page(
      "# P",
      "```ts",
      "a;",
      "",
      "b;",
      "```",
      "````js no-run (no net)",
      "```",
      "````",
    );
    expect(blocksOf("p.md", text)).toEqual([
      { name: "p.md:3", page: "p.md", line: 3, language: "ts", code: "a;\n\nb;", noRun: undefined },
      { name: "p.md:8", page: "p.md", line: 8, language: "js", code: "```", noRun: "no net" },
    ]);
  });

  test("exclude languages that are only read", () => {
    expect(blocksOf("p.md", page("```text", "a", "```", "```json", "{}", "```"))).toEqual([]);
  });

  test.each([
    [page("```", "a", "```"), "p.md:1: ```: expected ts"],
    [page("", "```typescript", "a", "```"), "p.md:2: ```typescript: expected ts"],
    [page("```ts no-run", "a", "```"), "p.md:1: no-run wants its reason"],
    [page("```ts", "a"), "p.md:1: the block has no end"],
  ])("are rejected when they follow no convention: %j", (text, message) => {
    expect(() => blocksOf("p.md", text)).toThrow(message);
  });
});

describe("promised values in comments", () => {
  test("belong to the statement before them, on the same line or the line above", () => {
    const code = page(
      "await a\n  .b(); // → 1",
      "const [c] = await d(); // → [ 2 ]",
      "e();",
      "// → 3",
      "function f() {",
      "  return g; // → 4",
      "}",
    );
    expect(promisesOf(code)).toEqual(["p.md:4 1", "p.md:5 [ 2 ]", "p.md:7 3", "p.md:9 4"]);
  });

  test.each(["// → 1\na();", "a();\n\n// → 1", "console.log(1, 2); // → 1", "if (a) { } // → 1"])(
    "are rejected when they belong to no statement: %j",
    (code) => {
      expect(() => programOf(blockOf(code))).toThrow("p.md:3: 1 arrows, but 0 statements");
    },
  );

  test("are separate lines for console output", () => {
    const code = page('console.log("a");', "// prints: a", "  // prints: b", "x(); // prints: c");
    expect(programOf(blockOf(code)).prints).toEqual(["a", "b"]);
  });
});

describe("programs made of code blocks", () => {
  test("have a predefined client unless the block declares one", () => {
    const given = (code: string): boolean => programOf(blockOf(code)).text.startsWith("import");
    expect(given("await redis.get('a');")).toBe(true);
    expect(given("const redis = 1; redis;")).toBe(false);
    expect(given("await using redis = f();")).toBe(false);
    expect(given("const { redis } = f();")).toBe(false);
    expect(given("const g = (redis: string) => redis; g(redis);")).toBe(true);
    expect(given("1;")).toBe(false);
  });

  test("keep the line numbers of the page", () => {
    expect(programOf(blockOf("redis;\n2;\n")).text.split("\n")).toHaveLength(3);
  });

  test("are CommonJS when the block uses require", () => {
    const program = programOf(blockOf('const a = require("a"); await redis.get("b");', "js"));
    expect(program.extension).toBe("cjs");
    expect(program.script).toContain('require("rediswire")');
    expect(programOf(blockOf("1;", "js")).extension).toBe("mjs");
  });
});

describe("comparison of a value with a promised value", () => {
  test.each([
    ["'bar'", '"bar"'],
    ["'bar'", "'bar'"],
    ["[ 'a', 1 ]", '["a", 1]'.replace("[", "[ ").replace("]", " ]")],
    ["[Object: null prototype] { a: '1' }", '{ a: "1" }'],
    ["{ a: [Object: null prototype] {} }", "{ a: {} }"],
    ["[ 1700000000, 12 ]", "[ …, … ]"],
    [`'it says "a"'`, `'it says "a"'`],
    ['"it\'s"', '"it\'s"'],
  ])("accepts %s for %s", (printed, expected) => {
    expect(agrees(printed, { id: "", expected, logged: false })).toBe(true);
  });

  test.each([
    ["'bar'", "bar"],
    ["'1'", "1"],
    ["[ 1, 2 ]", "[ 1 ]"],
    ["12", "1"],
    ["null", "…l…x"],
    ["'a.b'", "'axb'"],
  ])("rejects %s for %s", (printed, expected) => {
    expect(agrees(printed, { id: "", expected, logged: false })).toBe(false);
  });

  test("accepts bare text for logged strings", () => {
    expect(agrees("'bar'", { id: "", expected: "bar", logged: true })).toBe(true);
    expect(agrees("'bar'", { id: "", expected: '"bar"', logged: true })).toBe(true);
    expect(agrees("'bar'", { id: "", expected: "baz", logged: true })).toBe(false);
  });
});
