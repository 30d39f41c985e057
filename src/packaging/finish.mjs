/**
 * Finishes the build in `dist`: what bundlers need to drop unused parts, and nothing that is stored twice.
 * Running it again changes nothing.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const DIST = fileURLToPath(new URL("../../dist/", import.meta.url));
const ENTRIES = ["index", "testing"];
const PURE = "/* @__PURE__ */ ";

const read = (name) => readFileSync(DIST + name, "utf8");
const write = (name, text) => writeFileSync(DIST + name, text);

/**
 * Mark what a module computes on import as pure, so that bundlers drop the unused part of it. True for all
 * of it: on import this library only creates values.
 *
 * @param {ts.SourceFile} tree
 * @returns {[at: number, text: string][]} Text to insert.
 */
function pureMarks(tree) {
  const marks = [];
  const declarations = tree.statements
    .filter(ts.isVariableStatement)
    .flatMap(({ declarationList }) => [...declarationList.declarations]);
  for (const { name, initializer } of declarations) {
    if (initializer === undefined) continue;
    const inner = calls(initializer).map((call) => [call.getStart(), PURE]);
    if (!computes(initializer)) marks.push(...inner);
    else marks.push(...wrapped(name.text, initializer));
  }
  return marks;
}

/** In a function that is called once: bundlers do not know what operators and properties do. */
function wrapped(name, initializer) {
  // A class takes its name from the variable.
  const [before, after] = ts.isClassExpression(initializer)
    ? [`{ var ${name} = `, `; return ${name}; }`]
    : ["(", ")"];
  return [
    [initializer.getStart(), `${PURE}(() => ${before}`],
    [initializer.end, `${after})()`],
  ];
}

/** Return the parts of a node that run on import. */
function partsOf(node) {
  const parts = [];
  if (ts.isFunctionLike(node)) return node.name === undefined ? parts : [node.name];
  // The initial value of an instance field runs per instance.
  if (ts.isPropertyDeclaration(node) && !ts.getModifiers(node)?.some(isStatic)) return [node.name];
  ts.forEachChild(node, (part) => {
    parts.push(part);
  });
  return parts;
}

const isStatic = ({ kind }) => kind === ts.SyntaxKind.StaticKeyword;
const isCall = (node) => ts.isCallExpression(node) || ts.isNewExpression(node);

function calls(node) {
  return [...(isCall(node) ? [node] : []), ...partsOf(node).flatMap(calls)];
}

function computes(node) {
  const isComputation =
    ts.isPropertyAccessExpression(node) ||
    // A key of a class: bundlers do not know that it is a symbol.
    ts.isComputedPropertyName(node) ||
    ts.isElementAccessExpression(node) ||
    ts.isBinaryExpression(node) ||
    ts.isTemplateExpression(node) ||
    ts.isSpreadElement(node) ||
    ts.isSpreadAssignment(node);
  if (isComputation) return true;
  const callee = isCall(node) ? node.expression : undefined;
  return partsOf(node).some((part) => part !== callee && computes(part));
}

/**
 * Find the lines that contain only comments of documentation; they are in the declarations.
 *
 * @param {ts.SourceFile} tree
 * @returns {Set<number>} Numbers of lines, from 0.
 */
function commentLines(tree) {
  const lines = new Set();
  const visit = (node) => {
    for (const { pos, end } of node.jsDoc ?? []) {
      const last = tree.getLineAndCharacterOfPosition(end).line;
      for (let n = tree.getLineAndCharacterOfPosition(pos).line; n <= last; n++) lines.add(n);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return lines;
}

/** Keep the first position of each line: a stack trace needs the line of the source. */
function withLinesOnly(mappings, removed) {
  const previous = [0, 0, 0];
  const written = [0, 0, 0];
  const kept = [];
  mappings.split(";").forEach((line, number) => {
    const segments = line === "" ? [] : line.split(",").map(decode);
    let first = "";
    for (const [column, ...source] of segments) {
      source.slice(0, 3).forEach((delta, i) => {
        previous[i] += delta;
      });
      if (first !== "" || source.length === 0 || removed.has(number)) continue;
      first = encode([column, ...previous.map((value, i) => value - written[i])]);
      previous.forEach((value, i) => {
        written[i] = value;
      });
    }
    if (!removed.has(number)) kept.push(first);
  });
  return kept.join(";");
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Decode the base64 VLQ numbers of one segment. */
function decode(segment) {
  const numbers = [];
  let value = 0;
  let shift = 0;
  for (const letter of segment) {
    const digit = DIGITS.indexOf(letter);
    value += (digit & 31) << shift;
    shift += 5;
    if (digit & 32) continue;
    numbers.push(value & 1 ? -(value >> 1) : value >> 1);
    value = 0;
    shift = 0;
  }
  return numbers;
}

function encode(numbers) {
  return numbers.map(encodeNumber).join("");
}

function encodeNumber(number) {
  let rest = number < 0 ? (-number << 1) | 1 : number << 1;
  let text = "";
  do {
    const digit = rest & 31;
    rest >>= 5;
    text += DIGITS[rest === 0 ? digit : digit | 32];
  } while (rest !== 0);
  return text;
}

/** The bundler's helpers for exports fail when a program extends `Object.prototype`. */
function withOwnNames(text) {
  return text
    .replace(/(?<=for \(var name )in (\w+)/, "of Object.keys($1)")
    .replace(/(?<=__defProp\((?:\w+|\{\}), [^{}\n]*)\{(?= (?:get|value):)/g, "{ __proto__: null,");
}

function finishCode(name) {
  const text = withOwnNames(read(name));
  const tree = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS);
  const removed = commentLines(tree);
  let marked = text;
  // Bundlers keep a CommonJS file as a whole.
  const marks = name.endsWith(".cjs") || text.includes(`${PURE}(() => `) ? [] : pureMarks(tree);
  for (const [at, mark] of marks.sort(([a], [b]) => b - a)) {
    marked = marked.slice(0, at) + mark + marked.slice(at);
  }
  const { sourcesContent: _, ...map } = JSON.parse(read(`${name}.map`));
  const mappings = withLinesOnly(map.mappings, removed);
  write(
    name,
    marked
      .split("\n")
      .filter((_line, number) => !removed.has(number))
      .join("\n"),
  );
  write(`${name}.map`, JSON.stringify({ ...map, names: [], mappings }));
}

for (const entry of ENTRIES) {
  finishCode(`${entry}.js`);
  finishCode(`${entry}.cjs`);
  // ES modules can import the types of CommonJS; the reverse is an error of the compiler.
  if (existsSync(`${DIST}${entry}.d.cts`)) {
    write(`${entry}.d.ts`, `export * from "./${entry}.cjs";\n`);
  }
}
