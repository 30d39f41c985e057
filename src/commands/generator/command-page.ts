/** Generates docs/commands.md, the list of all commands and methods. Pure. */
import type { CommandSpec, Entry, RefusedSpec } from "../table/dsl.js";
import { hasMethod } from "./infos.js";
import { isInternal, nameOf } from "./methods.js";

/** A group of commands, as in the Redis documentation. */
export interface CommandGroup {
  readonly title: string;
  readonly entries: readonly Entry[];
}

const HEAD = `# Commands

All commands and their methods. Generated from the command table by \`npm run generate\`; do not edit.

- **Since** is the first version of Redis with the command, or of Valkey where that is stated.
- **Reply** is the type of the method's value. \`T\` is \`string\`, or \`Buffer\` with
  \`decodeResponses: false\`. \`I\` is \`number\`, or \`bigint\` with \`integers: "bigint"\`. \`S\` is the
  return type of \`scoreCastFunc\`. Where the reply depends on the arguments, all types are listed; the
  signatures of the method show when each applies.
- A method in parentheses is an alias of the one before it: its name in redis-py.
- Use \`executeCommand\` for commands that are not listed here.
`;

/** Escape the bars in a table cell. */
const cell = (text: string): string => text.replaceAll("|", "\\|");

const code = (text: string): string => `\`${cell(text)}\``;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |\n`).join("");

function methodCell(spec: CommandSpec): string {
  const aliases = (spec.aliases ?? [])
    .filter((alias) => !isInternal(spec, alias))
    .map((alias) => ` (${code(alias)})`);
  const deprecated = spec.deprecated === undefined ? "" : ", deprecated";
  return `${code(nameOf(spec))}${aliases.join("")}${deprecated}`;
}

/** The last signature of a set of overloads has the union of the other reply types. */
const UNION_SIGNATURE = /^As the other signatures/;

function replyCell(spec: CommandSpec): string {
  const signatures = (spec.signatures ?? [spec.reply]).filter(
    (signature) => !("returns" in signature && UNION_SIGNATURE.test(signature.returns)),
  );
  const types = [...signatures, ...(spec.cases ?? []).map(({ reply }) => reply)];
  return [...new Set(types.map(({ type }) => code(type)))].join(" or ");
}

function groupText({ title, entries }: CommandGroup): string {
  const rows = entries
    .filter(hasMethod)
    .filter((spec) => !isInternal(spec, nameOf(spec)))
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

These commands change the mode of a connection. Only the listed APIs send them; \`executeCommand\`
refuses them.

${table(["Command", "Use"], rows)}`;
}

/**
 * Generate the page.
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
