/**
 * Converts the tables of a Markdown page whose second column is headed "rediswire" into code blocks, one a
 * row: the setup of the page, the code of the second column, and the value that the third column states. Pure.
 */
import { type Block, blocksOf } from "./doc-blocks.js";

/** What a second column that does not run begins with. */
const PROSE = /^(not (needed|supported)|always on)\b/;

/**
 * Extract the rows of a page.
 *
 * - The first block of the page is the setup of every row.
 * - The code spans of the second column are statements.
 * - A code span at the beginning of the third column is the value of the last statement, in the notation of
 *   `// →` comments.
 *
 * @param page - Its path from the root.
 * @param text - Its Markdown.
 * @returns Blocks that are named after the line of their row; empty when no table has such a column.
 * @throws Error for a row without code that does not begin with "not needed", "not supported" or "always on".
 */
export function rowsOf(page: string, text: string): Block[] {
  const rows = tableRows(text);
  if (rows.length === 0) return [];
  const [setup] = blocksOf(page, text);
  if (setup === undefined) throw new Error(`${page}: the page has no block to set up its rows`);
  return rows.flatMap(({ line, cells }) => {
    const code = programOfRow(`${page}:${line}`, cells);
    return code === undefined ? [] : [rowBlock(page, setup.code, line, code)];
  });
}

interface Row {
  /** From 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

function tableRows(text: string): Row[] {
  const rows: Row[] = [];
  let runs = false;
  for (const [at, content] of text.split("\n").entries()) {
    const cells = cellsOf(content);
    if (cells === undefined) runs = false;
    else if (cells[1] === "rediswire") runs = true;
    else if (runs && !/^-+$/.test(cells[1] ?? "")) rows.push({ line: at + 1, cells });
  }
  return rows;
}

function cellsOf(line: string): string[] | undefined {
  if (!line.startsWith("| ") || !line.endsWith(" |")) return undefined;
  const cells = line.slice(1, -1).split(/(?<!\\)\|/);
  return cells.map((cell) => cell.trim().replaceAll("\\|", "|"));
}

function programOfRow(where: string, cells: readonly string[]): string | undefined {
  const [, target = "", result = ""] = cells;
  if (PROSE.test(target)) return undefined;
  const spans = [...target.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code.trim());
  if (spans.length === 0) {
    throw new Error(`${where}: expected code, or "not needed", "not supported" or "always on"`);
  }
  const value = /^`([^`]+)`/.exec(result)?.[1];
  const code = spans.map((span) => (span.endsWith("}") ? span : `${span};`)).join(" ");
  return value === undefined ? code : `${code} // → ${value}`;
}

/** The row keeps its line: the setup is counted backwards from it. */
function rowBlock(page: string, setup: string, line: number, code: string): Block {
  const block = { page, language: "ts", code: `${setup}\n${code}`, noRun: undefined };
  return { ...block, name: `${page}:${line}`, line: line - setup.split("\n").length };
}
