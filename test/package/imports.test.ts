/**
 * Owns the rules of the house that a machine can hold: who may import whom, and the shape of files
 * and functions. An exception stands in a list below with its reason; an entry that is no longer
 * needed fails as well, so the lists only shrink.
 */
import { describe, expect, test } from "vitest";
import * as rules from "./rules.js";
import { parseSource, readSources } from "./sources.js";

const NEVER_SHIPPED = /^src\/commands\/(?:spec\/|generate\/|generate\.ts)/;
const all = readSources("src");
const shipped = all.filter(({ path }) => !NEVER_SHIPPED.test(path));
const handwritten = all.filter(({ path }) => !/^src\/commands\/(?:generated|spec)\//.test(path));

const OPTION_MODULES = "src/(?:options|option-types|retry|backoff)\\.ts";
const COMMANDS = "src/commands/[^/]+\\.ts";
/** The first that matches a file is its rule. */
const IMPORT_RULES: readonly rules.ImportRule[] = [
  { from: /^src\/errors\.ts$/, to: /^$/ },
  {
    from: /^src\/protocol\//,
    to: /^(?:src\/protocol\/|src\/errors\.ts$|node:buffer$|node:util\/types$)/,
  },
  {
    from: /^src\/commands\/generated\//,
    to: new RegExp(`^(?:${COMMANDS}$|src/commands/generated/)`),
  },
  {
    from: new RegExp(`^${COMMANDS}$`),
    to: new RegExp(`^(?:src/protocol/|src/errors\\.ts$|${COMMANDS}$)`),
  },
  {
    from: /^src\/connection\//,
    to: new RegExp(`^(?:src/connection/|src/protocol/|src/errors\\.ts$|${OPTION_MODULES}$|node:)`),
  },
  {
    from: /^src\/(?:script|library|code-call|preload|lock[a-z-]*|sentinel-[a-z]+)\.ts$/,
    to: /^(?!src\/(?:redis|index)\.ts$)/,
  },
  // Neither side may lean on the other: what tests the client may not share a bug with it.
  { from: /^src\/testing\//, to: /^(?:src\/testing\/|node:)/ },
  { from: /^src\/index\.ts$/, to: /^src\/(?!testing\/)/ },
  { from: /^src\/[^/]+\.ts$/, to: /^(?:src\/(?!index\.ts$|testing\/)|node:)/ },
];

/** `file what` by reason; lines are left out, for they move. */
type Exceptions = Readonly<Record<string, string>>;

const IMPORTS_ALLOWED: Exceptions = {
  "src/commands/scan-iter.ts imports src/commands/generated/options.ts":
    "types only: the iterators take the options of the commands they repeat",
};
const ONE_WRITER = "one writer per state: what is left in it all changes the same few fields";
const FILES_ALLOWED: Exceptions = {
  "src/connection/connection.ts": ONE_WRITER,
  "src/connection/pool.ts": ONE_WRITER,
};
const FUNCTIONS_ALLOWED: Exceptions = {};
const NESTING_ALLOWED: Exceptions = {};

/** Compare with the exceptions, line numbers and counts aside. */
function expectOnly(violations: readonly string[], exceptions: Exceptions): void {
  const bare = (text: string): string =>
    text.replace(/:\d+ /, " ").replace(/ (?:has|nests) .*/, "");
  const unforeseen = violations.filter((text) => exceptions[bare(text)] === undefined);
  const present = new Set(violations.map(bare));
  const needless = Object.keys(exceptions).filter((name) => !present.has(name));
  expect({ unforeseen, needless }).toEqual({ unforeseen: [], needless: [] });
}

describe("imports", () => {
  test("each part imports only what it may", () => {
    expectOnly(rules.forbiddenImports(shipped, IMPORT_RULES), IMPORTS_ALLOWED);
  });

  test("every import names a file there is, or a module of Node", () => {
    const paths = new Set(all.map(({ path }) => path));
    const strangers = all
      .flatMap(({ imports }) => imports)
      .filter(({ to }) => !paths.has(to) && !/^node:[a-z_/]+$/.test(to));
    expect(strangers).toEqual([]);
  });

  test("sockets are opened by the connection alone", () => {
    const sockets = /^node:(?:net|tls|http2?|https|dgram|dns)(?:\/|$)/;
    expect(rules.valueImports(shipped, sockets, /^src\/(?:connection|testing)\//)).toEqual([]);
  });

  test("nothing imports itself, on whatever detour", () => {
    expect(rules.importCycles(all)).toEqual([]);
  });

  test("the table and the generator are not shipped", () => {
    const reached = rules.reachable(all, "src/index.ts");
    expect([...reached].filter((path) => NEVER_SHIPPED.test(path))).toEqual([]);
    expect(reached).toContain("src/commands/generated/commands.ts");
  });

  test("every shipped file is reached from a public face", () => {
    const faces = ["src/index.ts", "src/testing/index.ts"];
    const reached = new Set(faces.flatMap((face) => [...rules.reachable(all, face)]));
    expect(shipped.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([]);
  });
});

describe("shape", () => {
  test("files have at most 400 lines", () => {
    expectOnly(rules.longFiles(handwritten, 400), FILES_ALLOWED);
  });

  test("functions have at most 40 lines", () => {
    const found = handwritten.flatMap((source) => rules.longFunctions(source, 40));
    expectOnly(found, FUNCTIONS_ALLOWED);
  });

  test("statements nest at most 3 deep", () => {
    const found = handwritten.flatMap((source) => rules.deepFunctions(source, 3));
    expectOnly(found, NESTING_ALLOWED);
  });

  test("no any, no enum, no default export, nothing silenced", () => {
    expect(all.flatMap(rules.forbiddenSyntax)).toEqual([]);
  });

  test("every file says at its head what it owns", () => {
    expect(all.flatMap(rules.headless)).toEqual([]);
  });
});

describe("the rules themselves", () => {
  const bad = parseSource(
    "src/protocol/bad.ts",
    [
      'import type { Socket } from "node:net";',
      'import { connect } from "node:net";',
      'export * from "./worse.js";',
      "export default function walk(a: any) {",
      "  for (const b of a) { if (b) { try { while (b) b(); } finally {} } else if (a) a(); }",
      "  // @ts-ignore",
      "  return a!;",
      "}",
    ].join("\n"),
  );
  const worse = parseSource(
    "src/protocol/worse.ts",
    'export type B = import("./bad.js").B;\nexport const lazy = () => import("../redis.js");\n',
  );

  test("see imports of every kind", () => {
    expect(rules.forbiddenImports([bad, worse], IMPORT_RULES)).toEqual([
      "src/protocol/bad.ts:1 imports node:net",
      "src/protocol/bad.ts:2 imports node:net",
      "src/protocol/worse.ts:2 imports src/redis.ts",
    ]);
    expect(rules.valueImports([bad], /^node:net$/, /^$/)).toEqual([
      "src/protocol/bad.ts:2 imports node:net",
    ]);
    expect(rules.importCycles([bad, worse])).toEqual([
      "src/protocol/bad.ts -> src/protocol/worse.ts -> src/protocol/bad.ts",
    ]);
  });

  test("see what is too long, too deep, or forbidden", () => {
    expect(rules.longFiles([bad], 7)).toEqual(["src/protocol/bad.ts:1 has 8 lines"]);
    expect(rules.longFunctions(bad, 4)).toEqual(["src/protocol/bad.ts:4 walk has 5 lines"]);
    expect(rules.deepFunctions(bad, 3)).toEqual(["src/protocol/bad.ts:4 walk nests 4 deep"]);
    expect(rules.forbiddenSyntax(bad)).toEqual([
      "src/protocol/bad.ts:4 exports a default",
      "src/protocol/bad.ts:4 says any",
      "src/protocol/bad.ts:7 asserts with !",
      "src/protocol/bad.ts:6 silences the compiler or the linter",
    ]);
    expect(rules.headless(bad)).toEqual(["src/protocol/bad.ts:1 has no comment at its head"]);
  });
});
