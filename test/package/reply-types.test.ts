/**
 * Checks the doc comments of reply types: every field that a program can reach from the result of a method
 * has one. Reads the sources, so that nothing has to be built.
 */
import ts from "typescript";
import { beforeAll, describe, expect, test } from "vitest";
import { compilerHost, ownOptions } from "./compiler.js";
import { ROOT } from "./paths.js";

/** The type-level function from replies to results: its fields exist only as types. */
const HOST = "src/commands/core/command-surface.ts";

const CLASSES = [
  ...["Redis", "Pipeline", "WatchedPipeline", "PubSub", "PubSubWorker", "Monitor", "Lock"],
  ...["Sentinel", "Library", "BitFieldOperation", "Retry"],
];

let checker: ts.TypeChecker;
const exported = new Map<string, ts.Symbol>();

beforeAll(() => {
  const index = `${ROOT}src/index.ts`;
  const options = { ...ownOptions(), noEmit: true };
  const program = ts.createProgram([index], options, compilerHost(options));
  checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(index) as ts.SourceFile);
  for (const symbol of checker.getExportsOfModule(module as ts.Symbol)) {
    exported.set(symbol.name, realOf(symbol));
  }
}, 60_000);

/** The symbol behind an import. */
function realOf(symbol: ts.Symbol): ts.Symbol {
  return (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol);
}

const isOurs = (node: ts.Node): boolean => node.getSourceFile().fileName.startsWith(`${ROOT}src/`);

/** The fields of all object types that the nodes refer to, directly or through others, in `src`. */
function fieldsFrom(roots: readonly ts.Node[]): ts.Symbol[] {
  const found = new Set<ts.Symbol>();
  const seen = new Set<ts.Node>();
  const visit = (node: ts.Node): void => {
    if (ts.isTypeReferenceNode(node)) follow(checker.getSymbolAtLocation(node.typeName));
    if (ts.isExpressionWithTypeArguments(node)) {
      follow(checker.getSymbolAtLocation(node.expression));
    }
    const field = ts.isPropertySignature(node) && checker.getSymbolAtLocation(node.name);
    if (field) found.add(field);
    ts.forEachChild(node, visit);
  };
  const follow = (symbol: ts.Symbol | undefined): void => {
    for (const node of (symbol && realOf(symbol).declarations) ?? []) {
      const isShape = ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node);
      if (!isShape || !isOurs(node) || seen.has(node)) continue;
      seen.add(node);
      visit(node);
    }
  };
  roots.forEach(visit);
  return [...found];
}

function membersOf(name: string): ts.Symbol[] {
  const symbol = exported.get(name);
  if (symbol === undefined) throw new Error(`${name} is not exported`);
  return checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol));
}

/** The declared return types of the generated methods. */
function resultNodes(): ts.Node[] {
  return membersOf("Redis")
    .flatMap(({ declarations }) => declarations ?? [])
    .filter((node) => node.getSourceFile().fileName.includes("/commands/generated/"))
    .flatMap((node) => (ts.isMethodDeclaration(node) && node.type ? [node.type] : []));
}

const isUndocumented = (symbol: ts.Symbol): boolean =>
  ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim() === "";

function placeOf(symbol: ts.Symbol): string {
  const [node] = symbol.declarations ?? [];
  if (node === undefined) return symbol.name;
  const source = node.getSourceFile();
  const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
  return `${source.fileName.slice(ROOT.length)}:${line} ${symbol.name}`;
}

describe("doc comments of fields", () => {
  test("exist for every field in the replies of commands", () => {
    const results = resultNodes();
    expect(results.length).toBeGreaterThan(300);
    const fields = fieldsFrom(results).filter((field) => !placeOf(field).startsWith(HOST));
    expect(fields.length).toBeGreaterThan(250);
    expect(fields.filter(isUndocumented).map(placeOf)).toEqual([]);
  });

  test.each(["PubSubMessage", "Reconnection", "MonitoredCommand", "KeyEvent", "Settings"])(
    "exist for every field of %s",
    (name) => {
      const fields = fieldsFrom(exported.get(name)?.declarations ?? []);
      expect(fields.length).toBeGreaterThan(2);
      expect(fields.filter(isUndocumented).map(placeOf)).toEqual([]);
    },
  );
});

describe("types in the members of a public class are exported", () => {
  /** Type-level functions: no value of these types exists. */
  const FUNCTIONS = new Set(["Reply"]);

  const named = (nodes: readonly ts.Node[]): ts.Symbol[] => {
    const found = new Set<ts.Symbol>();
    const visit = (node: ts.Node): void => {
      const symbol = ts.isTypeReferenceNode(node) && checker.getSymbolAtLocation(node.typeName);
      if (symbol) found.add(realOf(symbol));
      ts.forEachChild(node, visit);
    };
    nodes.forEach(visit);
    return [...found];
  };

  /** The declared parameter and return types of a member. */
  const typesOf = (node: ts.Declaration): ts.Node[] => {
    if (!(ts.isMethodDeclaration(node) || ts.isGetAccessor(node))) return [];
    const hidden = ts.ModifierFlags.Protected | ts.ModifierFlags.Private;
    if ((ts.getCombinedModifierFlags(node) & hidden) !== 0) return [];
    const isInternal = ts.getJSDocTags(node).some(({ tagName }) => tagName.text === "internal");
    if (!isOurs(node) || ts.isPrivateIdentifier(node.name) || isInternal) return [];
    return [node.type, ...node.parameters.map(({ type }) => type)].flatMap((type) => type ?? []);
  };

  test.each(CLASSES)("%s", (name) => {
    const nodes = membersOf(name).flatMap(({ declarations = [] }) => declarations.flatMap(typesOf));
    expect(nodes.length).toBeGreaterThan(0);
    const known = new Set(exported.values());
    const missing = named(nodes)
      .filter(({ declarations = [] }) =>
        declarations.some((node) => isOurs(node) && !ts.isTypeParameterDeclaration(node)),
      )
      .filter((symbol) => !known.has(symbol) && !FUNCTIONS.has(symbol.name));
    expect(missing.map(placeOf)).toEqual([]);
  });
});
