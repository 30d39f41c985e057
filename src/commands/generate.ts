/**
 * Owns the way from the command table to the TypeScript of `generated/`. A pure function from spec to
 * text: it reads no file, asks no server and prints nothing. Never shipped.
 */
import { Imports } from "./generate/functions.js";
import { hasMethod, infosFile, registryFile } from "./generate/infos.js";
import { methodText } from "./generate/methods.js";
import { optionTypes, rulesText } from "./generate/options.js";
import { constantName, fileHead } from "./generate/text.js";
import type { CommandSpec, Entry } from "./spec/dsl.js";

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
    return `${head}import { token } from "../args.js";\nimport { Choice } from "../choice.js";\n\n${lines.join("")}`;
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
  readonly homes: ReadonlyMap<string, string>;
  readonly tokens: Tokens;
}

function classFile({ theme, parent, homes, tokens }: ClassInput): string {
  const specs = theme.entries.filter(hasMethod);
  const imports = new Imports();
  const context = {
    fn: (fn: unknown) => imports.fn(fn),
    info: (name: string) => imports.value(name, `./infos-${theme.file}.js`),
    helper: (name: string) => imports.value(name, "../args.js"),
    token: (text: string) => tokens.note(text),
  };
  const methods = specs.map((spec) => methodText(spec, context)).join("\n");
  const rules = uniqueRules(specs);
  const base = parent?.className ?? "CommandHost";
  imports.value(base, parent === undefined ? "../host.js" : `./${parent.file}.js`);
  if (rules !== "") imports.type("OptionRules", "../args.js");
  imports.type("Host", "../host.js");
  importTypes(methods, homes, imports);
  const words = methods.includes("T.") ? 'import * as T from "./tokens.js";\n' : "";
  return `${fileHead(`Owns ${theme.title}.`)}${imports}${words}
${rules}${rules === "" ? "" : "\n"}/** ${theme.title.charAt(0).toUpperCase()}${theme.title.slice(1)}; one link of the chain that ends in Commands. */
export abstract class ${theme.className}<H extends Host> extends ${base}<H> {
${methods}}
`;
}

function optionsFile(themes: readonly Theme[], homes: ReadonlyMap<string, string>): string {
  const specs = themes.flatMap((theme) => theme.entries.filter(hasMethod));
  const body = optionTypes(specs).join("\n");
  const imports = new Imports();
  importTypes(body, homes, imports);
  return `${fileHead("Owns the types of the option objects.")}${imports}\n${body}`;
}

function commandsFile(last: Theme): string {
  return `${fileHead("Owns the end of the chain: every command method there is.")}
/** Every command, as methods of a host that carries them out. */
export { ${last.className} as Commands } from "./${last.file}.js";
`;
}

/**
 * Make the generated files.
 *
 * @returns File names inside `generated/` with their texts.
 */
export function generate({ themes, typeModules }: GeneratorInput): ReadonlyMap<string, string> {
  const homes = typeHomes(typeModules);
  const tokens = new Tokens();
  const files = new Map<string, string>();
  const options = optionsFile(themes, homes);
  const all = new Map([...homes, ...typeHomes({ "./options.js": options })]);
  for (const [i, theme] of themes.entries()) {
    files.set(`infos-${theme.file}.ts`, infosFile(theme.entries));
    files.set(`${theme.file}.ts`, classFile({ theme, parent: themes[i - 1], homes: all, tokens }));
  }
  const last = themes.at(-1);
  if (last === undefined) throw new Error("no themes");
  files.set("options.ts", options);
  files.set("tokens.ts", tokens.toFile());
  files.set("registry.ts", registryFile(themes.map((theme) => theme.file)));
  files.set("commands.ts", commandsFile(last));
  return files;
}
