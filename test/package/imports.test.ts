/**
 * Checks the rules of the code: imports between rooms, and the size and syntax of files and functions.
 * Exceptions are listed below with their reason; an exception that is no longer needed fails as well, so
 * the lists only shrink.
 */
import { describe, expect, test } from "vitest";
import * as rules from "./rules.js";
import { parseSource, readSources } from "./sources.js";

const NEVER_SHIPPED = /^src\/commands\/(?:groups\.ts|table\/|generator\/|[a-z-]+\/table\.ts)/;
const everything = readSources("src");
// Neither side may depend on the other: what tests the client must not share a bug with it.
const all = everything.filter(({ path }) => !path.startsWith("src/testing/"));
const testing = everything.filter(({ path }) => path.startsWith("src/testing/"));
const shipped = everything.filter(({ path }) => !NEVER_SHIPPED.test(path));
const handwritten = everything.filter(
  ({ path }) => !/^src\/commands\/(?:generated\/|[a-z-]+\/table\.ts)/.test(path),
);

/** The one import rule: a file imports its own room or one that ranks below it. */
const RANKS: rules.Ranks = [
  ["errors"],
  ["util"],
  ["protocol"],
  ["options"],
  ["commands"],
  ["diagnostics"],
  ["connection"],
  ["pool"],
  ["execution"],
  ["pipeline", "pubsub", "monitor"],
  ["scripting"],
  ["lock"],
  ["cache"],
  ["client"],
  ["sentinel", "cluster"],
  ["index"],
];

/** Reasons by `file what`, without line numbers, because those change. */
type Exceptions = Readonly<Record<string, string>>;

const FILES_ALLOWED: Exceptions = {};
const FUNCTIONS_ALLOWED: Exceptions = {};
const NESTING_ALLOWED: Exceptions = {};
const ENVIRONMENTAL_ALLOWED: Exceptions = {
  "src/util/own.ts uses for…in": "finds out whether a program extends Object.prototype",
  "src/commands/core/args.ts uses in": "an iterable may inherit its Symbol.iterator",
};

/** Compare with the exceptions, ignoring line numbers and counts. */
function expectOnly(violations: readonly string[], exceptions: Exceptions): void {
  const bare = (text: string): string =>
    text.replace(/:\d+ /, " ").replace(/ (?:has|nests) .*/, "");
  const unexpected = violations.filter((text) => exceptions[bare(text)] === undefined);
  const present = new Set(violations.map(bare));
  const unneeded = Object.keys(exceptions).filter((name) => !present.has(name));
  expect({ unexpected, unneeded }).toEqual({ unexpected: [], unneeded: [] });
}

describe("imports in src", () => {
  test("lead from a room to lower rooms only, type imports included", () => {
    expect(rules.rankViolations(all, RANKS)).toEqual([]);
  });

  test("do not connect src/testing with the library in either direction", () => {
    const outside = testing.flatMap(({ imports }) =>
      imports.filter(({ to }) => to.startsWith("src/") && !to.startsWith("src/testing/")),
    );
    expect(outside).toEqual([]);
    expect(
      all.flatMap(({ imports }) => imports).filter(({ to }) => /^src\/testing\//.test(to)),
    ).toEqual([]);
  });

  test("name an existing file or a module of Node", () => {
    const paths = new Set(everything.map(({ path }) => path));
    const unresolved = everything
      .flatMap(({ imports }) => imports)
      .filter(({ to }) => !paths.has(to) && !/^node:[a-z_/]+$/.test(to));
    expect(unresolved).toEqual([]);
  });

  test("load node:net, node:tls and other socket modules in src/connection only", () => {
    const sockets = /^node:(?:net|tls|http2?|https|dgram|dns)(?:\/|$)/;
    expect(rules.valueImports(all, sockets, /^src\/connection\//)).toEqual([]);
  });

  test("load no Node module with I/O in errors.ts, protocol and commands", () => {
    const pure = /^src\/(?:errors\.ts|protocol\/(?!hiredis\/)|commands\/)/;
    const allowed = (path: string, to: string) =>
      !pure.test(path) || /^node:(?:buffer|util\/types)$/.test(to);
    expect(rules.nodeImports(all, allowed)).toEqual([]);
  });

  test("form no cycle between files", () => {
    expect(rules.importCycles(everything)).toEqual([]);
  });

  test("form no cycle between folders, type imports included", () => {
    expect(rules.folderCycles(everything)).toEqual([]);
  });

  test("never lead from the public entry point to the command tables or the generator", () => {
    const reached = rules.reachable(everything, "src/index.ts");
    expect([...reached].filter((path) => NEVER_SHIPPED.test(path))).toEqual([]);
    expect(reached).toContain("src/commands/generated/commands.ts");
  });

  test("lead from a public entry point to every shipped file", () => {
    const entries = ["src/index.ts", "src/testing/index.ts"];
    const reached = new Set(entries.flatMap((entry) => [...rules.reachable(everything, entry)]));
    const paths = shipped.map(({ path }) => path);
    expect(paths.filter((path) => !reached.has(path))).toEqual([]);
  });
});

describe("size and syntax of source files", () => {
  test("every file has at most 400 lines", () => {
    expectOnly(rules.filesTooLong(handwritten, 400), FILES_ALLOWED);
  });

  test("every function has at most 40 lines", () => {
    const found = handwritten.flatMap((source) => rules.longFunctions(source, 40));
    expectOnly(found, FUNCTIONS_ALLOWED);
  });

  test("statements nest at most 3 levels deep", () => {
    const found = handwritten.flatMap((source) => rules.deepFunctions(source, 3));
    expectOnly(found, NESTING_ALLOWED);
  });

  test("there is no any, enum, default export, non-null assertion or silenced check", () => {
    expect(everything.flatMap(rules.forbiddenSyntax)).toEqual([]);
  });

  test("public methods reach private members through this[SELF], which works behind a Proxy", () => {
    expect(handwritten.flatMap(rules.privateAccessThroughThis)).toEqual([]);
  });

  test("no check depends on the realm of an object or on Object.prototype", () => {
    expectOnly(shipped.flatMap(rules.environmentalSyntax), ENVIRONMENTAL_ALLOWED);
  });

  test("every file begins with a comment about its responsibility", () => {
    expect(everything.flatMap(rules.filesWithoutComment)).toEqual([]);
  });
});

describe("the checks of source files", () => {
  const bad = parseSource(
    "src/protocol/bad.ts",
    [
      'import type { Socket } from "node:net";',
      'import { connect } from "node:net";',
      'export * from "../execution/worse.js";',
      "export default function walk(a: any) {",
      "  for (const b of a) { if (b) { try { while (b) b(); } finally {} } else if (a) a(); }",
      "  // @ts-ignore",
      "  return a!;",
      "}",
    ].join("\n"),
  );
  const worse = parseSource(
    "src/execution/worse.ts",
    'export type B = import("../protocol/bad.js").B;\nexport const lazy = () => import("../util/deque.js");\n',
  );

  test("report imports that lead upwards, form cycles, or open sockets", () => {
    expect(rules.rankViolations([bad, worse], RANKS)).toEqual([
      "src/protocol/bad.ts:3 imports src/execution/worse.ts",
    ]);
    expect(rules.valueImports([bad], /^node:net$/, /^$/)).toEqual([
      "src/protocol/bad.ts:2 imports node:net",
    ]);
    expect(rules.importCycles([bad, worse])).toEqual([
      "src/protocol/bad.ts -> src/execution/worse.ts -> src/protocol/bad.ts",
    ]);
    expect(rules.folderCycles([bad, worse])).toEqual([
      "src/protocol -> src/execution -> src/protocol",
    ]);
  });

  test("report siblings of one rank, and rooms without a rank", () => {
    const sibling = parseSource(
      "src/pubsub/a.ts",
      'import type { M } from "../monitor/monitor.js";',
    );
    const unranked = parseSource("src/attic/b.ts", "");
    expect(rules.rankViolations([sibling, unranked], RANKS)).toEqual([
      "src/pubsub/a.ts:1 imports src/monitor/monitor.ts",
      "src/attic/b.ts:1 belongs to no ranked room",
    ]);
  });

  test("report files and functions that are too long or too deep, and forbidden syntax", () => {
    expect(rules.filesTooLong([bad], 7)).toEqual(["src/protocol/bad.ts:1 has 8 lines"]);
    expect(rules.longFunctions(bad, 4)).toEqual(["src/protocol/bad.ts:4 walk has 5 lines"]);
    expect(rules.deepFunctions(bad, 3)).toEqual(["src/protocol/bad.ts:4 walk nests 4 deep"]);
    expect(rules.forbiddenSyntax(bad)).toEqual([
      "src/protocol/bad.ts:4 exports a default",
      "src/protocol/bad.ts:4 says any",
      "src/protocol/bad.ts:7 asserts with !",
      "src/protocol/bad.ts:6 silences the compiler or the linter",
    ]);
    const realm = parseSource(
      "src/util/realm.ts",
      "for (const a in b) a instanceof Date;\nb instanceof Own;\n'c' in b;\n#d in b;\n" +
        "Object.defineProperty(b, 'e', { value: 1 });\n",
    );
    expect(rules.environmentalSyntax(realm)).toEqual([
      "src/util/realm.ts:1 uses for…in",
      "src/util/realm.ts:1 uses instanceof Date",
      "src/util/realm.ts:3 uses in",
      "src/util/realm.ts:5 defines a property with a descriptor that inherits",
    ]);
    expect(rules.filesWithoutComment(bad)).toEqual([
      "src/protocol/bad.ts:1 has no comment at its head",
    ]);
  });

  test("report public methods that reach private members through this, and no other member", () => {
    const wrapped = parseSource(
      "src/client/c.ts",
      [
        "class C {",
        "  declare readonly [SELF]: this;",
        "  readonly #a = 1;",
        "  readonly b = this.#a;",
        "  constructor() { this.#c(); }",
        "  get d() { return () => this.#a; }",
        "  e() { return this[SELF].#c(); }",
        "  /** @internal */ f() { return this.#a; }",
        "  #c() { return this.#a; }",
        "}",
        "class Internal { #a = 1; b() { return this.#a; } }",
      ].join("\n"),
    );
    expect(rules.privateAccessThroughThis(wrapped)).toEqual(["src/client/c.ts:6 uses this.#a"]);
  });
});
