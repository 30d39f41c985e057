/**
 * Extracts code from Markdown and prepares it to run: which blocks exist, which values their comments
 * promise, and how promises become calls. The conventions are in docs.test.ts. Pure.
 */
import ts from "typescript";

/** A fenced block. */
export interface Block {
  /** `docs/errors.md:12`, the line of its first line of code. */
  readonly name: string;
  readonly page: string;
  /** From 1. */
  readonly line: number;
  readonly language: string;
  readonly code: string;
  /** Why it cannot run; `undefined` when it runs. */
  readonly noRun: string | undefined;
}

/** Languages whose blocks are only read. */
const PROSE = new Set(["text", "json", "mermaid"]);
const CODE = new Set(["ts", "js", "sh"]);

/**
 * Extract the blocks of a page.
 *
 * @param page - Its path from the root.
 * @param text - Its Markdown.
 * @throws Error for a block without a known language, or with `no-run` and no reason.
 */
export function blocksOf(page: string, text: string): Block[] {
  const lines = text.split("\n");
  const blocks: Block[] = [];
  for (let i = 0; i < lines.length; i++) {
    const [, fence, info = ""] = /^(```+)(.*)$/.exec(lines[i] ?? "") ?? [];
    if (fence === undefined) continue;
    const end = lines.indexOf(fence, i + 1);
    if (end < 0) throw new Error(`${page}:${i + 1}: the block has no end`);
    const line = i + 2;
    const facts = { name: `${page}:${line}`, page, line, code: lines.slice(i + 1, end).join("\n") };
    blocks.push({ ...facts, ...readInfo(`${page}:${i + 1}`, info) });
    i = end;
  }
  return blocks.filter(({ language }) => CODE.has(language));
}

function readInfo(where: string, info: string) {
  const [, language = "", mark, reason] = /^(\w+)(?: (no-run)(?: \((.+)\))?)?$/.exec(info) ?? [];
  if (!CODE.has(language) && !PROSE.has(language)) {
    throw new Error(
      `${where}: \`\`\`${info}: expected ts, js, sh, text or json, or "no-run (why)"`,
    );
  }
  if (mark !== undefined && reason === undefined) {
    throw new Error(`${where}: no-run wants its reason in parentheses`);
  }
  return { language, noRun: reason };
}

/** A block as a module. */
export interface Program {
  /** Extension by kind of module. */
  readonly extension: "mts" | "mjs" | "cjs";
  /** Source for the compiler, with the lines of the block. */
  readonly text: string;
  /** JavaScript for Node, which reports the values that the comments promise. */
  readonly script: string;
  /** Promises of `// →` comments, by the name of the call that reports the value. */
  readonly promises: readonly Promised[];
  /** Promises of `// prints:` comments, in order. */
  readonly prints: readonly string[];
}

/** A value that a comment promises. */
export interface Promised {
  readonly id: string;
  readonly expected: string;
  /** Whether text may be written without quotes. */
  readonly logged: boolean;
}

/** Name of the global function that records a value and returns it. */
export const REPORT = "reportToDocsTest";

/**
 * Convert a block into a program.
 *
 * @throws Error for a promise that belongs to no statement.
 */
export function programOf(block: Block): Program {
  const isCommon = block.language === "js" && /\brequire\(/.test(block.code);
  const extension = block.language === "ts" ? "mts" : isCommon ? "cjs" : "mjs";
  const tree = ts.createSourceFile("block.ts", block.code, ts.ScriptTarget.ESNext, true);
  const { promises, code } = instrument(block, tree);
  const before = declaresRedis(tree) ? "" : prelude(isCommon);
  // CommonJS has no top-level await: the code runs in a function that the runner awaits.
  const whole = (text: string): string =>
    isCommon ? `module.exports = (async () => {${before}${text}\n})();` : before + text;
  const prints = [...block.code.matchAll(/^\s*\/\/ prints: (.*)$/gm)].map(([, text = ""]) => text);
  const script = transpile(whole(code), block.name, isCommon);
  return { extension, text: whole(block.code), script, promises, prints };
}

function prelude(isCommon: boolean): string {
  const [bring, from, end] = isCommon ? ["const", "= require(", ")"] : ["import", "from ", ""];
  const name = isCommon ? "Redis: DocsRedis" : "Redis as DocsRedis";
  return `${bring} { ${name} } ${from}"rediswire"${end}; const redis = new DocsRedis(); `;
}

function transpile(text: string, name: string, isCommon: boolean): string {
  const module = isCommon ? ts.ModuleKind.CommonJS : ts.ModuleKind.ESNext;
  // ES2022, because Node 20 does not support `using`. The source map names the page in stacks.
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module, inlineSourceMap: true };
  return ts.transpileModule(text, { compilerOptions, fileName: `${name}.mts` }).outputText;
}

function declaresRedis(tree: ts.SourceFile): boolean {
  let declared = false;
  let used = false;
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && node.text === "redis") {
      used = true;
      const { parent } = node;
      if (
        (ts.isVariableDeclaration(parent) || ts.isBindingElement(parent)) &&
        parent.name === node
      ) {
        declared = true;
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return declared || !used;
}

interface Insertion {
  readonly at: number;
  readonly text: string;
}

function instrument({ name, page, line, code }: Block, tree: ts.SourceFile) {
  const promises: Promised[] = [];
  const insertions: Insertion[] = [];
  const attached = new Set<number>();
  const visit = (node: ts.Node): void => {
    const comment = ts.isStatement(node) ? promiseAfter(code, node) : undefined;
    const value = comment === undefined ? undefined : subjectOf(node);
    if (comment !== undefined && value !== undefined && !attached.has(comment.at)) {
      attached.add(comment.at);
      const at = line + tree.getLineAndCharacterOfPosition(comment.at).line;
      const id = `${page}:${at}`;
      promises.push({ id, expected: comment.expected, logged: isLog(node) });
      insertions.push({ at: value.getStart(), text: `${REPORT}(${JSON.stringify(id)}, (` });
      insertions.push({ at: value.getEnd(), text: "))" });
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  const written = [...code.matchAll(/\/\/ →/g)].length;
  if (written !== promises.length) {
    throw new Error(`${name}: ${written} arrows, but ${promises.length} statements they belong to`);
  }
  return { promises, code: insert(code, insertions) };
}

/** The comment behind a statement, on its last line or alone on the next. */
function promiseAfter(code: string, statement: ts.Node) {
  const rest = code.slice(statement.getEnd());
  const [all, lead = "", expected] = /^([ \t]*(?:\n[ \t]*)?)\/\/ → (.*)/.exec(rest) ?? [];
  if (all === undefined || expected === undefined) return undefined;
  return { at: statement.getEnd() + lead.length, expected };
}

/** The expression whose value a statement is about. */
function subjectOf(statement: ts.Node): ts.Expression | undefined {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations[0]?.initializer;
  }
  if (ts.isReturnStatement(statement)) return statement.expression;
  if (!ts.isExpressionStatement(statement)) return undefined;
  const { expression } = statement;
  if (!isLog(statement) || !ts.isCallExpression(expression)) return expression;
  return expression.arguments.length === 1 ? expression.arguments[0] : undefined;
}

function isLog(statement: ts.Node): boolean {
  return statement.getText().startsWith("console.log(");
}

function insert(code: string, insertions: readonly Insertion[]): string {
  const sorted = insertions.toSorted((a, b) => b.at - a.at);
  return sorted.reduce(
    (text, { at, text: piece }) => text.slice(0, at) + piece + text.slice(at),
    code,
  );
}

/** Normalise a printed value and its promise. */
export function normalized(printed: string): string {
  return printed
    .replaceAll(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g, unifyQuotes)
    .replaceAll("[Object: null prototype] ", "")
    .replaceAll(/\s+/g, " ")
    .trim();
}

function unifyQuotes(literal: string): string {
  if (!literal.startsWith('"') || literal.includes("'")) return literal;
  return `'${literal.slice(1, -1).replaceAll('\\"', '"')}'`;
}

/** Whether a printed value equals the promise; `…` in a promise matches anything. */
export function agrees(printed: string, { expected, logged }: Promised): boolean {
  const parts = normalized(expected).split("…").map(escaped);
  const pattern = new RegExp(`^${parts.join(".*")}$`, "s");
  const bare = logged && /^'.*'$/s.test(printed) ? printed.slice(1, -1) : printed;
  return pattern.test(normalized(printed)) || pattern.test(normalized(bare));
}

function escaped(text: string): string {
  return text.replaceAll(/[$()*+.?[\\\]^{|}]/g, "\\$&");
}
