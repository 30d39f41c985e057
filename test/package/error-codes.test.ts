/**
 * The tables of docs/errors.md list exactly the error classes and codes of the source: nothing is
 * missing, nothing is left over. Own codes are collected from the syntax tree of src.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { ROOT } from "./paths.js";
import { lineOf, parseSource, readSources, type Source } from "./sources.js";

const sources = readSources("src", [
  "src/testing",
  "src/commands/generated",
  "src/commands/generator",
  "src/commands/table",
]);
const page = readFileSync(join(ROOT, "docs/errors.md"), "utf8");
const sourceOf = (name: string): Source => sources.find(({ path }) => path === name) as Source;
const errorsSource = sourceOf("src/errors.ts");
const repliesSource = sourceOf("src/protocol/error-reply.ts");

/** Names of declarations and properties that hold an error code: `code`, `CODE`, `UNKNOWN_NAME_CODE`. */
const NAMED_CODE = /^code$|(?:^|_)CODE$/;
const CODE = /^[A-Z][A-Z0-9_]+$/;

/** The string literals that a node can evaluate to, without those in calls and nested objects. */
function literalsIn(node: ts.Node): string[] {
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isCallExpression(node) || ts.isObjectLiteralExpression(node)) return [];
  const found: string[] = [];
  ts.forEachChild(node, (child) => {
    found.push(...literalsIn(child));
  });
  return found;
}

/** The initializer of a property, variable, parameter or class member that holds an error code. */
function codeInitializer(node: ts.Node): ts.Expression | undefined {
  const holds =
    ts.isPropertyAssignment(node) ||
    ts.isVariableDeclaration(node) ||
    ts.isParameter(node) ||
    ts.isPropertyDeclaration(node);
  if (!holds || !ts.isIdentifier(node.name)) return undefined;
  return NAMED_CODE.test(node.name.text) ? node.initializer : undefined;
}

function visitAll(source: Source, visit: (node: ts.Node) => void): void {
  const walk = (node: ts.Node): void => {
    visit(node);
    ts.forEachChild(node, walk);
  };
  walk(source.tree);
}

/** Every error code that a source sets. */
function codesOf(source: Source): string[] {
  const found: string[] = [];
  visitAll(source, (node) => {
    const initializer = codeInitializer(node);
    if (initializer !== undefined) found.push(...literalsIn(initializer));
  });
  return found.filter((text) => CODE.test(text));
}

/** Direct `new RedisError(…)` without a code; the base class has no meaningful default. */
function withoutCode(source: Source): string[] {
  const found: string[] = [];
  visitAll(source, (node) => {
    if (!ts.isNewExpression(node) || node.expression.getText() !== "RedisError") return;
    if (/\bcode\b|\bdetails\b/.test(node.arguments?.[1]?.getText() ?? "")) return;
    found.push(`${source.path}:${lineOf(source.tree, node.getStart())}`);
  });
  return found;
}

/** Text in backticks in one column of the tables of a section. */
function column(heading: string, index: number): string[] {
  const [, section = ""] = page.split(`\n## ${heading}\n`);
  const [body = ""] = section.split("\n## ");
  const cells = [...body.matchAll(/^\|(.*)\|$/gm)].map(([, row = ""]) => row.split(" | ")[index]);
  return cells.flatMap((cell = "") => [...cell.matchAll(/`(\w+)`/g)].map(([, text = ""]) => text));
}

/** The keys of the table from server codes to classes, and the code without a class. */
const serverCodes = [
  ...[...repliesSource.text.matchAll(/^ {2}\["([A-Z]+)", \w+\],$/gm)].map(([, code = ""]) => code),
  "ERR",
].sort();

const collected = [...new Set(sources.flatMap(codesOf))].sort();

/** Class and default code, inherited where a class has none of its own. */
function classDefaults(): [name: string, code: string][] {
  const defaults = new Map<string, string>();
  visitAll(errorsSource, (node) => {
    if (!ts.isClassDeclaration(node) || node.name === undefined) return;
    const own = codesOf(parseSource("class.ts", node.getText()))[0];
    const parent = node.heritageClauses?.[0]?.types[0]?.expression.getText() ?? "";
    defaults.set(node.name.text, own ?? defaults.get(parent) ?? "");
  });
  return [...defaults];
}

describe("docs/errors.md", () => {
  test("lists every own error code of the source, and no other", () => {
    const own = collected.filter((code) => !serverCodes.includes(code));
    expect(own.length).toBeGreaterThan(20);
    expect(column("Codes of the library", 0)).toEqual(own);
  });

  test("lists every server code that has a class, and no other", () => {
    expect(serverCodes).toContain("NOSCRIPT");
    expect(column("Codes of the server", 0).sort()).toEqual(serverCodes);
  });

  test("lists every error class with its default code, and no other", () => {
    const names = column("Classes", 0);
    const codes = column("Classes", 3);
    const listed = names.map((name, i) => [name, codes[i]]);
    expect(listed.sort()).toEqual(classDefaults().sort());
  });

  test("names only existing classes for a code", () => {
    const classes = new Set(classDefaults().map(([name]) => name));
    const named = [...column("Codes of the library", 1), ...column("Codes of the server", 1)];
    expect(named.filter((name) => name !== "causes" && !classes.has(name))).toEqual([]);
  });
});

describe("error codes in src", () => {
  test("are set explicitly in every direct new RedisError", () => {
    expect(sources.flatMap(withoutCode)).toEqual([]);
  });

  test("are found in properties, defaults, constants and class members by this test", () => {
    const text = `
      const details = { code: "EONE", command: "GET" } as const;
      const code = reason ?? "ETWO";
      const NO_NAME_CODE = "ETHREE";
      function fail(message: string, code = "EFOUR"): void {}
      class A { static readonly CODE: string = "EFIVE"; }
      fail("x", { code: given ?? "ESIX" });
      const other = "ENONE";
      const encode = { code: text("ENONE") };
    `;
    const found = codesOf(parseSource("src/example.ts", text));
    expect(found).toEqual(["EONE", "ETWO", "ETHREE", "EFOUR", "EFIVE", "ESIX"]);
  });

  test("are reported as missing in a direct new RedisError without one", () => {
    const text = 'new RedisError("a");\nnew RedisError("b", { code: "E" });\nnew DataError("c");';
    expect(withoutCode(parseSource("src/example.ts", text))).toEqual(["src/example.ts:1"]);
  });
});
