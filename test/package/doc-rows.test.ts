/** Checks the conversion of table rows into programs. */
import { describe, expect, test } from "vitest";
import { programOf } from "./doc-blocks.js";
import { rowsOf } from "./doc-rows.js";

const SETUP = ["# P", "```ts", "const redis = f();", "const n = 1;", "```"];
const page = (...lines: string[]): string => [...SETUP, ...lines].join("\n");
const table = (...rows: string[]): string =>
  page("| ioredis | rediswire | result |", "| --- | --- | --- |", ...rows);
const codeOf = (text: string) => rowsOf("p.md", text).map(({ code }) => code.split("\n").at(-1));

describe('rows of a table with a column "rediswire"', () => {
  test("run the setup of the page, the code of the second column, and promise the third", () => {
    const [row] = rowsOf(
      "p.md",
      table('| `a("x")` | `b()`, `await c(n)` | `1`; a note with `code` |'),
    );
    expect(row?.code).toBe("const redis = f();\nconst n = 1;\nb(); await c(n); // → 1");
    expect(row?.name).toBe("p.md:8");
    const { promises } = programOf(
      row ?? { ...{ name: "", page: "", line: 0 }, ...{ language: "ts", code: "", noRun: "" } },
    );
    expect(promises).toEqual([{ id: "p.md:8", expected: "1", logged: false }]);
  });

  test.each([
    ["a result that begins with text promises no value", "| `a` | `b()` | like `c` |", "b();"],
    ["an escaped bar is a bar", "| `a` | `b(1 \\| 2)` | `'x\\|y'` |", "b(1 | 2); // → 'x|y'"],
    [
      "a block needs no semicolon",
      "| `a` | `for (const x of y) { x; }` | |",
      "for (const x of y) { x; }",
    ],
  ])("%s", (_, row, code) => {
    expect(codeOf(table(row))).toEqual([code]);
  });

  test.each(["not needed: x", "not supported", "always on"])("run nothing for %j", (text) => {
    expect(codeOf(table(`| \`a\` | ${text} | |`))).toEqual([]);
  });

  test("are rejected without code and without a known reason", () => {
    expect(() => codeOf(table("| `a` | the same | |"))).toThrow("p.md:8: expected code");
  });

  test("are rejected on a page without a setup", () => {
    const text = "| a | rediswire |\n| --- | --- |\n| `b` | `c()` |";
    expect(() => rowsOf("p.md", text)).toThrow("p.md: the page has no block");
  });

  test("exclude other tables", () => {
    expect(codeOf(page("| a | b |", "| --- | --- |", "| `c` | `d` |"))).toEqual([]);
  });
});
