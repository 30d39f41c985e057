/**
 * The rules of the code as functions from sources to violations, each printed as `file:line what`. The
 * tests decide on exceptions.
 */
import ts from "typescript";
import { type Import, lineOf, type Source } from "./sources.js";

/** The rooms of `src`, lowest first; rooms of one rank must not import each other. */
export type Ranks = readonly (readonly string[])[];

const describeImport = ({ from, line, to }: Import): string => `${from}:${line} imports ${to}`;

/** The room of a file: the folder directly under `src`, or the name of a file there. */
export function roomOf(path: string): string {
  return path.split("/")[1]?.replace(/\.ts$/, "") ?? "";
}

/**
 * Find imports of a room that does not rank below the importing room, type imports included. Imports
 * inside a room are not checked here.
 */
export function rankViolations(sources: readonly Source[], ranks: Ranks): string[] {
  const rankOf = (room: string): number => ranks.findIndex((rooms) => rooms.includes(room));
  return sources.flatMap(({ path, imports }) => {
    const room = roomOf(path);
    if (rankOf(room) < 0) return [`${path}:1 belongs to no ranked room`];
    return imports
      .filter(({ to }) => to.startsWith("src/") && roomOf(to) !== room)
      .filter(({ to }) => rankOf(roomOf(to)) < 0 || rankOf(roomOf(to)) >= rankOf(room))
      .map(describeImport);
  });
}

/** Find imports of Node modules by files that may not have them. */
export function nodeImports(
  sources: readonly Source[],
  allowed: (path: string, to: string) => boolean,
) {
  return sources.flatMap(({ path, imports }) =>
    imports.filter(({ to }) => !to.startsWith("src/") && !allowed(path, to)).map(describeImport),
  );
}

/** The folder of a file; a file directly under `src` counts as a folder of its own. */
export function folderOf(path: string): string {
  const folder = path.slice(0, path.lastIndexOf("/"));
  return folder === "src" ? path : folder;
}

/** The imports between folders, as a map from folder to imported folders. */
export function folderGraph(sources: readonly Source[]): ReadonlyMap<string, ReadonlySet<string>> {
  const graph = new Map<string, Set<string>>();
  for (const { path, imports } of sources) {
    const from = folderOf(path);
    const targets = graph.get(from) ?? new Set();
    graph.set(from, targets);
    for (const { to } of imports) {
      if (to.startsWith("src/") && folderOf(to) !== from) targets.add(folderOf(to));
    }
  }
  return graph;
}

/** Find value imports of the given modules outside of the files that are allowed to have them. */
export function valueImports(sources: readonly Source[], to: RegExp, allowed: RegExp): string[] {
  return sources
    .filter(({ path }) => !allowed.test(path))
    .flatMap(({ imports }) => imports.filter((one) => !one.typeOnly && to.test(one.to)))
    .map(describeImport);
}

/** Find files that import each other in a cycle; type imports count. */
export function importCycles(sources: readonly Source[]): string[] {
  return cyclesIn(new Map(sources.map(({ path, imports }) => [path, imports.map(({ to }) => to)])));
}

/** Find folders that import each other in a cycle; type imports count. */
export function folderCycles(sources: readonly Source[]): string[] {
  return cyclesIn(folderGraph(sources));
}

function cyclesIn(graph: ReadonlyMap<string, Iterable<string>>): string[] {
  const done = new Set<string>();
  const cycles: string[] = [];
  const walk = (node: string, path: readonly string[]): void => {
    const start = path.indexOf(node);
    if (start >= 0) cycles.push([...path.slice(start), node].join(" -> "));
    if (start >= 0 || done.has(node)) return;
    for (const next of graph.get(node) ?? []) walk(next, [...path, node]);
    done.add(node);
  };
  for (const node of graph.keys()) walk(node, []);
  return cycles;
}

/** Return every file that is reachable from one, itself included. */
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
export function filesTooLong(sources: readonly Source[], limit: number): string[] {
  return sources.flatMap(({ path, text }) => {
    const lines = text.trimEnd().split("\n").length;
    return lines > limit ? [`${path}:1 has ${lines} lines`] : [];
  });
}

/** Find files that do not begin with a comment. */
export function filesWithoutComment({ path, text }: Source): string[] {
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

/** Find functions whose statements nest too deeply; nested functions are counted separately. */
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

function isPublic(member: ts.ClassElement): boolean {
  const { name } = member;
  const hidden =
    name === undefined || ts.isPrivateIdentifier(name) || ts.isPropertyDeclaration(member);
  return !hidden && ts.getJSDocTags(member).every(({ tagName }) => tagName.text !== "internal");
}

/** Find public methods that reach private members through `this` in classes that use `this[SELF]`. */
export function privateAccessThroughThis({ path, tree }: Source): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const isPrivateName = ts.isPropertyAccessExpression(node) && ts.isPrivateIdentifier(node.name);
    if (isPrivateName && node.expression.kind === ts.SyntaxKind.ThisKeyword) {
      found.push(`${path}:${lineOf(tree, node.getStart())} uses ${node.getText()}`);
    }
    ts.forEachChild(node, visit);
  };
  for (const statement of tree.statements) {
    if (!ts.isClassDeclaration(statement) || !statement.getText().includes("[SELF]")) continue;
    statement.members.filter(isPublic).forEach(visit);
  }
  return found;
}

/**
 * Find checks that depend on the realm or on `Object.prototype`: `instanceof` of a built-in class, which fails
 * for objects of a vm context (Jest), `for…in`, `in` except for private fields, and property descriptors that are
 * object literals, which see inherited names.
 */
export function environmentalSyntax({ path, tree }: Source): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const what = environmental(node);
    if (what !== undefined) found.push(`${path}:${lineOf(tree, node.getStart())} ${what}`);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

function environmental(node: ts.Node): string | undefined {
  if (ts.isForInStatement(node)) return "uses for…in";
  if (ts.isCallExpression(node) && /^Object\.definePropert/.test(node.expression.getText())) {
    const descriptor = node.arguments.at(-1);
    const inherits = descriptor !== undefined && ts.isObjectLiteralExpression(descriptor);
    return inherits ? "defines a property with a descriptor that inherits" : undefined;
  }
  if (!ts.isBinaryExpression(node)) return undefined;
  const { left, operatorToken, right } = node;
  if (operatorToken.kind === ts.SyntaxKind.InKeyword && !ts.isPrivateIdentifier(left)) {
    return "uses in";
  }
  const isInstanceof = operatorToken.kind === ts.SyntaxKind.InstanceOfKeyword;
  return isInstanceof && Object.hasOwn(globalThis, right.getText())
    ? `uses instanceof ${right.getText()}`
    : undefined;
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
    // `else if` does not add a level.
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

/** The imports between rooms, as a map from room to imported rooms. */
export function roomGraph(sources: readonly Source[]): ReadonlyMap<string, ReadonlySet<string>> {
  const graph = new Map<string, Set<string>>();
  for (const { path, imports } of sources) {
    const from = roomOf(path);
    const targets = graph.get(from) ?? new Set();
    graph.set(from, targets);
    for (const { to } of imports) {
      if (to.startsWith("src/") && roomOf(to) !== from) targets.add(roomOf(to));
    }
  }
  return graph;
}

/** Leave out the arrows of a graph without cycles that follow from its other arrows. */
export function reduced(graph: ReadonlyMap<string, ReadonlySet<string>>) {
  const reaches = (from: string, to: string): boolean =>
    from === to || [...(graph.get(from) ?? [])].some((next) => reaches(next, to));
  const isImplied = (from: string, to: string): boolean =>
    [...(graph.get(from) ?? [])].some((next) => next !== to && reaches(next, to));
  return new Map(
    [...graph].map(([from, targets]) => [
      from,
      new Set([...targets].filter((to) => !isImplied(from, to))),
    ]),
  );
}

/** Print a graph as a Mermaid flowchart. */
export function mermaid(graph: ReadonlyMap<string, ReadonlySet<string>>): string {
  const arrows = [...graph].flatMap(([from, targets]) =>
    [...targets].map((to) => `  ${from} --> ${to}\n`),
  );
  return `flowchart TD\n${arrows.sort().join("")}`;
}
