/**
 * Owns the way from the command table to the TypeScript of `generated/`. A pure function from spec to
 * text: it reads no file, asks no server and prints nothing. Never shipped.
 */

import type { CommandSpec, Entry } from "../table/dsl.js";
import { FunctionHomes, Imports, type Modules } from "./imports.js";
import { hasMethod, infosFile, registryFile } from "./infos.js";
import { methodText } from "./methods.js";
import { optionTypes, rulesText } from "./options.js";
import { constantName, fileHead } from "./text.js";

/** A generated class: some groups of commands under one roof. */
export interface Theme {
  /** Part of the file names. */
  readonly file: string;
  readonly className: string;
  /** What the class holds, for its doc comment. */
  readonly title: string;
  readonly entries: readonly Entry[];
}

/** Everything the generator works from. */
export interface GeneratorInput {
  readonly themes: readonly Theme[];
  /** Every hand-written module whose functions the table refers to. */
  readonly modules: Modules;
  /** Texts of the modules with shared types, by their import path as seen from `generated/`. */
  readonly typeModules: Readonly<Record<string, string>>;
}

/** Which module exports which type. */
function typeHomes(modules: GeneratorInput["typeModules"]): ReadonlyMap<string, string> {
  const homes = new Map<string, string>();
  for (const [path, text] of Object.entries(modules)) {
    for (const [, name] of text.matchAll(/^export (?:type|interface) (\w+)/gm)) {
      if (name !== undefined) homes.set(name, path);
    }
  }
  return homes;
}

/** Import every type of `homes` that `text` mentions outside comments. */
function importTypes(text: string, homes: ReadonlyMap<string, string>, imports: Imports): void {
  const code = text.replace(/\/\*\*[\s\S]*?\*\//g, "");
  for (const [name, path] of homes) {
    if (new RegExp(`\\b${name}\\b`).test(code)) imports.type(name, path);
  }
}

/** Constant words of all themes, by the name of their constant. */
class Tokens {
  readonly #words = new Map<string, string>();

  note(text: string): string {
    const name = text.includes(" ") ? `${constantName(text)}_CHOICE` : constantName(text);
    const before = this.#words.get(name);
    if (before !== undefined && before !== text) throw new Error(`${name}: "${before}", "${text}"`);
    this.#words.set(name, text);
    return `T.${name}`;
  }

  toFile(): string {
    const lines = [...this.#words]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, text]) =>
        text.includes(" ")
          ? `export const ${name} = new Choice(${JSON.stringify(text.split(" ")).slice(1, -1).replaceAll(",", ", ")});\n`
          : `export const ${name} = token(${JSON.stringify(text)});\n`,
      );
    const head = fileHead("Owns the constant words of commands, encoded once.");
    return `${head}import { token } from "../core/args.js";\nimport { Choice } from "../core/choice.js";\n\n${lines.join("")}`;
  }
}

function uniqueRules(specs: readonly CommandSpec[]): string {
  return [
    ...new Set(specs.flatMap((spec) => (spec.options ? [rulesText(spec.options)] : []))),
  ].join("");
}

interface ClassInput {
  readonly theme: Theme;
  readonly parent: Theme | undefined;
  readonly functions: FunctionHomes;
  readonly types: ReadonlyMap<string, string>;
  readonly tokens: Tokens;
}

function classFile({ theme, parent, functions, types, tokens }: ClassInput): string {
  const specs = theme.entries.filter(hasMethod);
  const imports = new Imports(functions);
  const context = {
    fn: (fn: unknown) => imports.fn(fn),
    info: (name: string) => imports.value(name, `./infos-${theme.file}.js`),
    helper: (name: string) => imports.value(name, "../core/args.js"),
    token: (text: string) => tokens.note(text),
  };
  const methods = specs.map((spec) => methodText(spec, context)).join("\n");
  const rules = uniqueRules(specs);
  const base = parent?.className ?? "CommandSender";
  imports.value(base, parent === undefined ? "../core/command-surface.js" : `./${parent.file}.js`);
  if (rules !== "") imports.type("OptionRules", "../core/args.js");
  imports.type("CommandSurface", "../core/command-surface.js");
  importTypes(methods, types, imports);
  const words = methods.includes("T.") ? 'import * as T from "./tokens.js";\n' : "";
  return `${fileHead(`Owns ${theme.title}.`)}${imports}${words}
${rules}${rules === "" ? "" : "\n"}/** ${theme.title.charAt(0).toUpperCase()}${theme.title.slice(1)}; one link of the chain that ends in Commands. */
export abstract class ${theme.className}<H extends CommandSurface> extends ${base}<H> {
${methods}}
`;
}

function optionsFile(
  themes: readonly Theme[],
  functions: FunctionHomes,
  types: ReadonlyMap<string, string>,
): string {
  const specs = themes.flatMap((theme) => theme.entries.filter(hasMethod));
  const body = optionTypes(specs).join("\n");
  const imports = new Imports(functions);
  importTypes(body, types, imports);
  return `${fileHead("Owns the types of the option objects.")}${imports}\n${body}`;
}

function commandsFile(last: Theme): string {
  return `${fileHead("Owns the end of the chain: every command method there is.")}
/** Every command, as methods of a host that carries them out. */
export { ${last.className} as Commands } from "./${last.file}.js";
`;
}

/** The types that users may name; those of the command surface and of `info.ts` are exported by hand. */
function typesFile(modules: GeneratorInput["typeModules"]): string {
  const exported = Object.keys(modules)
    .filter((path) => path.endsWith("/types.js"))
    .sort()
    .map((path) => `export type * from "${path}";\n`);
  const head = fileHead("Every named type of arguments and replies, group by group.");
  return `${head}${exported.join("")}export type * from "./options.js";\n`;
}

/**
 * Make the generated files.
 *
 * @returns File names inside `generated/` with their texts.
 */
export function generate({ themes, modules, typeModules }: GeneratorInput) {
  const functions = new FunctionHomes(modules);
  const shared = typeHomes(typeModules);
  const tokens = new Tokens();
  const files = new Map<string, string>();
  const options = optionsFile(themes, functions, shared);
  const types = new Map([...shared, ...typeHomes({ "./options.js": options })]);
  for (const [i, theme] of themes.entries()) {
    files.set(`infos-${theme.file}.ts`, infosFile(theme.entries, functions));
    const parent = themes[i - 1];
    files.set(`${theme.file}.ts`, classFile({ theme, parent, functions, types, tokens }));
  }
  const last = themes.at(-1);
  if (last === undefined) throw new Error("no themes");
  files.set("options.ts", options);
  files.set("tokens.ts", tokens.toFile());
  files.set("registry.ts", registryFile(themes.map((theme) => theme.file)));
  files.set("commands.ts", commandsFile(last));
  files.set("types.ts", typesFile(typeModules));
  return files;
}
