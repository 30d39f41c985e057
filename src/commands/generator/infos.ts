/** Generates the `CommandInfo` constants (`infos-*.ts`) and their registry (`registry.ts`). Pure. */
import {
  ALWAYS_BYTES,
  ALWAYS_TEXT,
  BLOCKING,
  CLOSES,
  ENDS,
  INT64,
  type KeyPositions,
  MANY_NODES,
  OWN_WRITES,
  PRIMARY_ONLY,
  READONLY,
  SESSION,
  SPLIT,
  URGENT,
} from "../core/info.js";
import type { CommandSpec, Entry, Param } from "../table/dsl.js";
import { type ExportIndex, Imports } from "./imports.js";
import { constantName, fileHead, methodName } from "./text.js";

const FLAGS = {
  READONLY,
  BLOCKING,
  SESSION,
  ALWAYS_TEXT,
  ALWAYS_BYTES,
  INT64,
  CLOSES,
  ENDS,
  OWN_WRITES,
  URGENT,
  SPLIT,
  MANY_NODES,
  PRIMARY_ONLY,
};

/** Whether an entry has a method, that is, is not a refused command. */
export function hasMethod(entry: Entry): entry is CommandSpec {
  return "args" in entry;
}

/** The wire order of an entry: as given, or the parameters, then the options. */
export function wireOrder(spec: CommandSpec): NonNullable<CommandSpec["wire"]> {
  if (spec.wire !== undefined) return spec.wire;
  return [...spec.args.map((arg) => arg.name), ...(spec.options === undefined ? [] : ["options"])];
}

function paramOf(spec: CommandSpec, name: string): Param | undefined {
  return spec.args.find((arg) => arg.name === name);
}

/** Names of the arguments by wire position, for messages of the encoder. */
function positionNames(spec: CommandSpec): string[] {
  const names: string[] = [];
  for (const item of wireOrder(spec)) {
    if (typeof item !== "string") names.push(...item.names);
    else if (item.startsWith('"')) names.push(item.slice(1, -1));
    else if (item !== "options") {
      const kind = paramOf(spec, item)?.kind;
      if (kind?.check === "counted") names.push("numkeys");
      const pairs = kind?.check === "pairs" ? "{}" : "";
      names.push(kind?.repeats === true ? `${item}${pairs}...` : item);
    }
  }
  const repeated = names.findIndex((name) => name.endsWith("..."));
  return repeated < 0 ? names : names.slice(0, repeated + 1);
}

/** Key positions, as in `COMMAND INFO`. */
export function keyPositions(spec: CommandSpec): KeyPositions {
  if (spec.keys !== undefined) return spec.keys;
  const wire = wireOrder(spec);
  let at = spec.name.split(" ").length;
  let [first, last, step]: [number, number, number] = [0, 0, 0];
  for (const [i, item] of wire.entries()) {
    const kind = typeof item === "string" ? paramOf(spec, item)?.kind : undefined;
    if (kind?.keys !== undefined) {
      first ||= at;
      step = kind.keys;
      if (kind.repeats === true) return [first, i - wire.length, step];
      last = at;
    } else if (first > 0) {
      break;
    }
    if (kind?.repeats === true || typeof item !== "string" || item === "options") break;
    at++;
  }
  return [first, last, step];
}

function flagNames(flags: number, imports: Imports): string {
  return Object.entries(FLAGS)
    .filter(([, bit]) => (flags & bit) !== 0)
    .map(([name]) => imports.value(name, "../core/info.js"))
    .join(" | ");
}

function members(entry: Entry, imports: Imports): string[] {
  const parts: string[] = [];
  if (hasMethod(entry)) {
    const names = positionNames(entry);
    if (names.length > 0) parts.push(`params: [${names.map((n) => `"${n}"`).join(", ")}]`);
  }
  if (entry.flags !== undefined && entry.flags !== 0) {
    parts.push(`flags: ${flagNames(entry.flags, imports)}`);
  }
  if (hasMethod(entry)) {
    const keys = keyPositions(entry);
    if (keys[0] !== 0) parts.push(`keys: [${keys.join(", ")}]`);
    if (entry.findKeys !== undefined) parts.push(`findKeys: ${imports.exported(entry.findKeys)}`);
    if (entry.reply.decode !== null) parts.push(`decode: ${imports.exported(entry.reply.decode)}`);
    if (entry.blockTime !== undefined)
      parts.push(`blockTime: ${imports.exported(entry.blockTime)}`);
  }
  if (entry.instead !== undefined) parts.push(`instead: ${JSON.stringify(entry.instead)}`);
  return parts;
}

function declaration(entry: Entry, imports: Imports): string {
  const parts = members(entry, imports);
  const name = constantName(entry.name);
  if (parts.length === 0) return `export const ${name} = new CommandInfo("${entry.name}");\n`;
  const flat = `export const ${name} = new CommandInfo("${entry.name}", { ${parts.join(", ")} });\n`;
  if (flat.length <= 101) return flat;
  const lines = parts.map((part) => `  ${part},\n`).join("");
  return `export const ${name} = new CommandInfo("${entry.name}", {\n${lines}});\n`;
}

/** The first entry of each wire name; other methods with that name share its constant. */
function uniqueEntries(entries: readonly Entry[]): Entry[] {
  const seen = new Set<string>();
  return entries.filter((entry) => !seen.has(entry.name) && seen.add(entry.name));
}

/** The text of one theme's `infos-*.ts`. */
export function infosFile(entries: readonly Entry[], exports: ExportIndex): string {
  const imports = new Imports(exports);
  const unique = uniqueEntries(entries);
  const body = unique.map((entry) => declaration(entry, imports));
  // A theme without entries uses only the type.
  if (unique.length > 0) imports.value("CommandInfo", "../core/info.js");
  else imports.type("CommandInfo", "../core/info.js");
  const head = fileHead("The constant properties of each command.");
  const names = unique.map((entry) => `  ${constantName(entry.name)},\n`).join("");
  const list = `/** All constants, for the registry. */\nexport const infos: readonly CommandInfo[] = [\n${names}];\n`;
  return `${head}${imports}\n${body.join("")}\n${list}`;
}

/** The text of `registry.ts`. */
export function registryFile(themes: readonly string[]): string {
  const name = (theme: string) => methodName(theme);
  const imports = themes.map(
    (theme) => `import { infos as ${name(theme)} } from "./infos-${theme}.js";\n`,
  );
  const head = fileHead("Looks up commands by wire name.");
  const all = themes.map((theme) => `...${name(theme)}`).join(", ");
  return `${head}import type { CommandInfo } from "../core/info.js";
${imports.join("")}
const all = [${all}];

/** Every known command by upper-case wire name, refused commands included. */
export const COMMANDS: ReadonlyMap<string, CommandInfo> = new Map(
  all.map((info) => [info.name, info]),
);
`;
}
