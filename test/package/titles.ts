/**
 * Collects the titles of tests and of their blocks from the source text, without running anything.
 */
import ts from "typescript";
import { lineOf, type Source } from "./sources.js";

/** The title of a test or of a `describe` block. */
export interface Title {
  /** `path:line`, for messages. */
  readonly place: string;
  /** Titles of the file's blocks around it, outermost first, then its own. */
  readonly path: readonly string[];
  readonly text: string;
}

const DECLARES = /^(?:it|test|describe\w*)$/;

/** The name a call declares a test or block under: `it(…)`, `test.each(…)(…)`, `describe.each(…)(…)`. */
function declarerOf(call: ts.CallExpression): string | undefined {
  let callee: ts.Expression = call.expression;
  // `test.each(rows)("title", body)`: the title is an argument of the outer call.
  if (ts.isCallExpression(callee)) callee = callee.expression;
  else if (ts.isTaggedTemplateExpression(callee)) callee = callee.tag;
  if (ts.isPropertyAccessExpression(callee)) callee = callee.expression;
  return ts.isIdentifier(callee) && DECLARES.test(callee.text) ? callee.text : undefined;
}

/** The text of a literal title; placeholders of a template become `…`. */
function titleText(node: ts.Node | undefined): string | undefined {
  if (node === undefined) return undefined;
  if (ts.isStringLiteralLike(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return undefined;
  return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join("");
}

/** Find the titles of a test file. */
export function titlesIn({ path, tree }: Source): Title[] {
  const found: Title[] = [];
  const visit = (node: ts.Node, blocks: readonly string[]): void => {
    const isCall = ts.isCallExpression(node) && declarerOf(node) !== undefined;
    const text = isCall ? titleText(node.arguments[0]) : undefined;
    const inner = text === undefined ? blocks : [...blocks, text];
    if (text !== undefined) {
      found.push({ place: `${path}:${lineOf(tree, node.getStart())}`, path: inner, text });
    }
    ts.forEachChild(node, (child) => visit(child, inner));
  };
  visit(tree, []);
  return found;
}

const FIRST_WORD = /^[A-Za-z']+/;

const PREPOSITIONS_AND_CONJUNCTIONS = new Set(
  (
    "about above across after against along among around as at before behind below beneath beside between " +
    "beyond by concerning despite down during except for from in inside into like near of off on onto out " +
    "outside over past per regarding since than through throughout till to toward towards under underneath " +
    "until up upon via with within without " +
    "and but or nor not also so yet then if unless when whenever while although though because whether"
  ).split(" "),
);

/** Find titles that begin with a preposition or conjunction, and so cannot be understood alone. */
export function dependentTitles(titles: readonly Title[]): string[] {
  return titles
    .filter(({ text }) => {
      const [word = ""] = FIRST_WORD.exec(text) ?? [];
      // Names of commands and methods are words too: `IN`, `with()`.
      if (text[word.length] === "(") return false;
      return word !== word.toUpperCase() && PREPOSITIONS_AND_CONJUNCTIONS.has(word.toLowerCase());
    })
    .map(({ place, text }) => `${place} ${text}`);
}

/** Find titles that occur twice in the same block of a file. */
export function repeatedTitles(titles: readonly Title[]): string[] {
  const seen = new Map<string, string>();
  return titles.flatMap(({ place, path, text }) => {
    const key = `${place.slice(0, place.lastIndexOf(":"))}\n${path.join("\n")}`;
    const first = seen.get(key);
    seen.set(key, first ?? place);
    return first === undefined ? [] : [`${place} repeats ${first}: ${text}`];
  });
}
