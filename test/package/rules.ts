/**
 * Owns the rules of the house as functions from sources to violations, each told as `file:line what`.
 * Which exceptions are made, and why, is for the tests to say.
 */
import ts from "typescript";
import { type Import, lineOf, type Source } from "./sources.js";

/** What one part of the library may import. */
export interface ImportRule {
  /** The files it is about. */
  readonly from: RegExp;
  /** What they may import, Node's modules included. */
  readonly to: RegExp;
}

const tell = ({ from, line, to }: Import): string => `${from}:${line} imports ${to}`;

/** Find imports that the rule of their file does not allow. */
export function forbiddenImports(sources: readonly Source[], rules: readonly ImportRule[]) {
  return sources.flatMap(({ path, imports }) => {
    const rule = rules.find(({ from }) => from.test(path));
    if (rule === undefined) return [`${path}:1 belongs to no part that has an import rule`];
    return imports.filter(({ to }) => !rule.to.test(to)).map(tell);
  });
}

/** Find imports of some modules that exist at run time, outside the files that may have them. */
export function valueImports(sources: readonly Source[], to: RegExp, allowed: RegExp): string[] {
  return sources
    .filter(({ path }) => !allowed.test(path))
    .flatMap(({ imports }) => imports.filter((one) => !one.typeOnly && to.test(one.to)))
    .map(tell);
}

/** Find files that import each other in a ring; type imports count. */
export function importCycles(sources: readonly Source[]): string[] {
  const graph = new Map(sources.map(({ path, imports }) => [path, imports.map(({ to }) => to)]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const walk = (path: string, road: readonly string[]): void => {
    const start = road.indexOf(path);
    if (start >= 0) cycles.push([...road.slice(start), path].join(" -> "));
    if (start >= 0 || done.has(path)) return;
    for (const next of graph.get(path) ?? []) walk(next, [...road, path]);
    done.add(path);
  };
  for (const path of graph.keys()) walk(path, []);
  return cycles;
}

/** Give every file that is reached from one, itself included. */
export function reachable(sources: readonly Source[], start: string): Set<string> {
  const graph = new Map(sources.map((source) => [source.path, source.imports]));
  const seen = new Set<string>();
  const walk = (path: string): void => {
    if (seen.has(path) || !graph.has(path)) return;
    seen.add(path);
    for (const { to } of graph.get(path) ?? []) walk(to);
  };
  walk(start);
  return seen;
}

/** Find files with too many lines. */
export function longFiles(sources: readonly Source[], limit: number): string[] {
  return sources.flatMap(({ path, text }) => {
    const lines = text.trimEnd().split("\n").length;
    return lines > limit ? [`${path}:1 has ${lines} lines`] : [];
  });
}

/** Find files that do not begin with a comment. */
export function headless({ path, text }: Source): string[] {
  return /^(?:#!.*\n)?(?:\/\/.*\n)*\/\*\*/.test(text)
    ? []
    : [`${path}:1 has no comment at its head`];
}

/** Find functions with too many lines, their doc comments not counted. */
export function longFunctions({ path, tree }: Source, limit: number): string[] {
  return functionsIn(tree).flatMap((fn) => {
    const first = lineOf(tree, fn.getStart());
    const lines = lineOf(tree, fn.getEnd()) - first + 1;
    return lines > limit ? [`${path}:${first} ${nameOf(fn)} has ${lines} lines`] : [];
  });
}

/** Find functions whose statements nest too deeply; each function counts for itself. */
export function deepFunctions({ path, tree }: Source, limit: number): string[] {
  return functionsIn(tree).flatMap((fn) => {
    const depth = fn.body === undefined ? 0 : nesting(fn.body);
    const line = lineOf(tree, fn.getStart());
    return depth > limit ? [`${path}:${line} ${nameOf(fn)} nests ${depth} deep`] : [];
  });
}

/** Find `any`, `enum`, default exports, non-null assertions and comments that silence the compiler. */
export function forbiddenSyntax({ path, text, tree }: Source): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const what = forbidden(node);
    if (what !== undefined) found.push(`${path}:${lineOf(tree, node.getStart())} ${what}`);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  for (const { index } of text.matchAll(/@ts-(?:ignore|nocheck|expect-error)|biome-ignore lint/g)) {
    found.push(`${path}:${lineOf(tree, index)} silences the compiler or the linter`);
  }
  return found;
}

function forbidden(node: ts.Node): string | undefined {
  if (node.kind === ts.SyntaxKind.AnyKeyword) return "says any";
  if (node.kind === ts.SyntaxKind.DefaultKeyword && ts.canHaveModifiers(node.parent)) {
    return "exports a default";
  }
  if (ts.isExportAssignment(node)) return "exports a default";
  if (ts.isEnumDeclaration(node)) return "declares an enum";
  if (ts.isNonNullExpression(node)) return "asserts with !";
  return undefined;
}

type FunctionNode = ts.FunctionLikeDeclaration & { readonly body?: ts.Node };

function functionsIn(tree: ts.SourceFile): FunctionNode[] {
  const found: FunctionNode[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && "body" in node && node.body !== undefined) {
      found.push(node as FunctionNode);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

function nameOf(fn: FunctionNode): string {
  const named = fn.name ?? (ts.isVariableDeclaration(fn.parent) ? fn.parent.name : undefined);
  if (ts.isConstructorDeclaration(fn)) return "constructor";
  return named === undefined ? "a function" : named.getText();
}

function isBranching(node: ts.Node): boolean {
  return (
    ts.isIterationStatement(node, false) ||
    ts.isSwitchStatement(node) ||
    ts.isTryStatement(node) ||
    // `else if` goes on at the depth of its `if`.
    (ts.isIfStatement(node) &&
      !(ts.isIfStatement(node.parent) && node.parent.elseStatement === node))
  );
}

function nesting(node: ts.Node): number {
  let deepest = 0;
  ts.forEachChild(node, (child) => {
    if (ts.isFunctionLike(child)) return;
    deepest = Math.max(deepest, nesting(child) + (isBranching(child) ? 1 : 0));
  });
  return deepest;
}
