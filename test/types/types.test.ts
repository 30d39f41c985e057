/**
 * Checks the public types: the programs in fixtures/ compile, and each call in misuse.ts is rejected with
 * the error its comment names.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type CompilerError, compile, ownOptions, readable } from "../package/compiler.js";
import { expectedErrors, undirected } from "./expected-errors.js";

const FIXTURES = fileURLToPath(new URL("./fixtures/", import.meta.url));
const names = readdirSync(FIXTURES).filter((name) => name.endsWith(".ts"));
const texts = new Map(
  names.map((name) => [FIXTURES + name, undirected(readFileSync(FIXTURES + name, "utf8"))]),
);
const { compileErrors } = compile([...texts.keys()], ownOptions(), texts);
const of = (name: string): CompilerError[] =>
  compileErrors.filter(({ file }) => file === FIXTURES + name);

test("src compiles without errors, so that the errors below belong to the fixtures", () => {
  expect(compileErrors.filter(({ file }) => !texts.has(file)).map(readable)).toEqual([]);
});

test.each(names.filter((name) => name !== "misuse.ts"))(
  "the type assertions of %s hold",
  (name) => {
    expect(of(name).map(readable)).toEqual([]);
  },
);

describe("misuse of the API", () => {
  const text = readFileSync(`${FIXTURES}misuse.ts`, "utf8");
  const expected = expectedErrors(text);
  const found = of("misuse.ts");

  test("has recorded cases", () => {
    expect(expected.length).toBeGreaterThan(30);
  });

  test.each(expected)("does not compile: $call", ({ line, code, words }) => {
    const [compileError] = found.filter((one) => one.line === line);
    expect(compileError?.code).toBe(code);
    expect(compileError?.text.replaceAll(/\s+/g, " ")).toContain(words);
  });

  test("produces no error beyond the recorded ones", () => {
    const lines = new Set(expected.map(({ line }) => line));
    expect(found.filter(({ line }) => !lines.has(line)).map(readable)).toEqual([]);
  });
});
