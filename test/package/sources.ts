/**
 * The source text as the rules need it: every file parsed once, with resolved imports. Nothing of the
 * library is loaded or run here.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import ts from "typescript";
import { ROOT } from "./paths.js";

/** One import or re-export. */
export interface Import {
  /** Importing file, from the root: `src/client/redis.ts`. */
  readonly from: string;
  readonly line: number;
  /** Imported file, from the root, or the specifier itself for a package: `node:net`. */
  readonly to: string;
  /** Whether the import exists only for types. */
  readonly typeOnly: boolean;
}

/** One source file. */
export interface Source {
  /** From the root, with `/`: `src/client/redis.ts`. */
  readonly path: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
  readonly imports: readonly Import[];
}

/** Return the line of a position, counted from 1. */
export function lineOf(tree: ts.SourceFile, position: number): number {
  return tree.getLineAndCharacterOfPosition(position).line + 1;
}

/**
 * Parse a file.
 *
 * @param path - From the root.
 * @param text - Its content.
 */
export function parseSource(path: string, text: string): Source {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true);
  return { path, text, tree, imports: importsOf(tree) };
}

/**
 * Parse all TypeScript files of a folder.
 *
 * @param folder - From the root: `src`.
 * @param skip - Folders to leave out, from the root.
 */
export function readSources(folder: string, skip: readonly string[] = []): Source[] {
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" });
  return names
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
    .filter((path) => path.endsWith(".ts") && !path.includes("/node_modules/"))
    .filter((path) => !skip.some((left) => path.startsWith(`${left}/`)))
    .sort()
    .map((path) => parseSource(path, readFileSync(join(ROOT, path), "utf8")));
}

function importsOf(tree: ts.SourceFile): Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Node, typeOnly: boolean): void => {
    const to = ts.isStringLiteralLike(specifier) ? targetOf(tree.fileName, specifier.text) : "?";
    found.push({ from: tree.fileName, line: lineOf(tree, specifier.getStart()), to, typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypeImport(node.importClause));
    if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
      add(node.moduleSpecifier, node.isTypeOnly || onlyTypes(node.exportClause));
    }
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node.argument.literal, true);
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      for (const argument of node.arguments.slice(0, 1)) add(argument, false);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

function isTypeImport(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  return clause.name === undefined && onlyTypes(clause.namedBindings);
}

function onlyTypes(names: ts.Node | undefined): boolean {
  if (names === undefined || !(ts.isNamedImports(names) || ts.isNamedExports(names))) return false;
  return names.elements.every((element) => element.isTypeOnly);
}

function targetOf(from: string, specifier: string): string {
  if (!specifier.startsWith(".")) return specifier;
  const path = normalize(join(dirname(from), specifier)).replaceAll("\\", "/");
  return path.replace(/\.js$/, ".ts");
}
