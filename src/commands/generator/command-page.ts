/** Owns the text of docs/commands.md: every command with its method, printed from the spec. Pure. */
import type { CommandSpec, Entry, RefusedSpec } from "../table/dsl.js";
import { hasMethod } from "./infos.js";
import { nameOf } from "./methods.js";

/** Commands that belong together, as Redis groups them. */
export interface CommandGroup {
  readonly title: string;
  readonly entries: readonly Entry[];
}

const HEAD = `# Commands

Every command with its method. Made from the command table by \`npm run generate\`: do not edit.

- **Since** is the version of Redis that brought the command, or of Valkey where that is said.
- **Reply** is what the method promises; in it \`T\` is \`string\`, or \`Buffer\` with
  \`decodeResponses: false\`, \`I\` is \`number\`, or \`bigint\` with \`integers: "bigint"\`, \`S\` is what the
  given \`scoreCastFunc\` makes of a score. Where the reply depends on the call, all forms are listed;
  the method's signatures tell which one comes when.
- A method in parentheses is another name of the one before it, known from redis-py.
- Anything a server knows and this table does not can be sent with \`executeCommand\`.
`;

/** A cell of a table: its bars must not end it. */
const cell = (text: string): string => text.replaceAll("|", "\\|");

const code = (text: string): string => `\`${cell(text)}\``;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |\n`).join("");

function methodCell(spec: CommandSpec): string {
  const aliases = (spec.aliases ?? []).map((alias) => ` (${code(alias)})`);
  const deprecated = spec.deprecated === undefined ? "" : ", deprecated";
  return `${code(nameOf(spec))}${aliases.join("")}${deprecated}`;
}

/** Signatures that take options nobody can know beforehand promise the union of the others. */
const SUMMARY = /^As the other signatures say/;

function replyCell(spec: CommandSpec): string {
  const signatures = (spec.signatures ?? [spec.reply]).filter(
    (signature) => !("returns" in signature && SUMMARY.test(signature.returns)),
  );
  const types = [...signatures, ...(spec.cases ?? []).map(({ reply }) => reply)];
  return [...new Set(types.map(({ type }) => code(type)))].join(" or ");
}

function groupText({ title, entries }: CommandGroup): string {
  const rows = entries
    .filter(hasMethod)
    .map((spec) => [code(spec.name), methodCell(spec), cell(spec.since), replyCell(spec)]);
  if (rows.length === 0) return "";
  return `\n## ${title}\n\n${table(["Command", "Method", "Since", "Reply"], rows)}`;
}

function refusedText(refused: readonly RefusedSpec[]): string {
  const rows = refused.map(({ name, instead }) => [
    code(name),
    cell(instead.replace(/redis\.\w+\(\)/g, "`$&`")),
  ]);
  return `
## Commands without a method

They change what a connection is for, so only the parts of the library that own a connection send
them; \`executeCommand\` refuses them.

${table(["Command", "Use"], rows)}`;
}

/**
 * Make the table of commands.
 *
 * @param groups - The groups in the order of the page.
 * @returns The page as Markdown.
 */
export function commandTable(groups: readonly CommandGroup[]): string {
  const refused = groups.flatMap(({ entries }) =>
    entries.flatMap((entry) => (hasMethod(entry) ? [] : [entry])),
  );
  return `${HEAD}${groups.map(groupText).join("")}${refusedText(refused)}`;
}
