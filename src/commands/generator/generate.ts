/**
 * Generates the TypeScript of `generated/` from the command table. A pure function from entries to
 * text: no files, no server, no output. Not shipped.
 *
 * Each entry becomes a `CommandInfo` constant (`infos.ts`), a method of its theme's class (`methods.ts`:
 * signatures from `signatures.ts`, doc comment from `docs.ts`, statements from `body.ts`), and the type
 * and rules of its options (`options.ts`).
 */
import type { CommandSpec, Entry } from "../table/dsl.js";
import { ExportIndex, Imports, type Modules } from "./imports.js";
import { hasMethod, infosFile, registryFile } from "./infos.js";
import { isInternal, methodText, nameOf } from "./methods.js";
import { optionTypes, rulesText } from "./options.js";
import { constantName, fileHead } from "./text.js";

/** A generated class, which holds the commands of one or more groups. */
export interface Theme {
  /** Name of the class's file, without extension. */
  readonly file: string;
  readonly className: string;
  /** What the class holds, for its doc comment. */
  readonly title: string;
  readonly entries: readonly Entry[];
}

/** The input of the generator. */
export interface GeneratorInput {
  readonly themes: readonly Theme[];
  /** The hand-written modules that export the functions of the table. */
  readonly modules: Modules;
  /** Texts of the modules that export types, by import path as seen from `generated/`. */
  readonly typeModules: Readonly<Record<string, string>>;
}

/** Import path of each exported type, by the type's name. */
function typePaths(modules: GeneratorInput["typeModules"]): ReadonlyMap<string, string> {
  const paths = new Map<string, string>();
  for (const [path, text] of Object.entries(modules)) {
    for (const [, name] of text.matchAll(/^export (?:type|interface) (\w+)/gm)) {
      if (name !== undefined) paths.set(name, path);
    }
  }
  return paths;
}

/** Import every known type that `text` uses outside comments. */
function importTypes(text: string, paths: ReadonlyMap<string, string>, imports: Imports): void {
  const code = text.replace(/\/\*\*[\s\S]*?\*\//g, "");
  for (const [name, path] of paths) {
    if (new RegExp(`\\b${name}\\b`).test(code)) imports.type(name, path);
  }
}

/** Collects the keywords of all themes, by the name of their constant. */
class Tokens {
  readonly #texts = new Map<string, string>();

  /** Add a keyword, or several separated by spaces for a choice; return the expression for it. */
  add(text: string): string {
    const name = text.includes(" ") ? `${constantName(text)}_CHOICE` : constantName(text);
    const before = this.#texts.get(name);
    if (before !== undefined && before !== text) throw new Error(`${name}: "${before}", "${text}"`);
    this.#texts.set(name, text);
    return `T.${name}`;
  }

  /** The text of `tokens.ts`. */
  toFile(): string {
    const lines = [...this.#texts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, text]) =>
        text.includes(" ")
          ? `export const ${name} = new Choice(${JSON.stringify(text.split(" ")).slice(1, -1).replaceAll(",", ", ")});\n`
          : `export const ${name} = token(${JSON.stringify(text)});\n`,
      );
    const head = fileHead("The keywords of commands, each encoded once.");
    return `${head}import { token } from "../core/args.js";\nimport { Choice } from "../core/choice.js";\n\n${lines.join("")}`;
  }
}

/** The rules of all options objects; those shared between commands once. */
function uniqueRules(specs: readonly CommandSpec[]): string {
  return [
    ...new Set(specs.flatMap((spec) => (spec.options ? [rulesText(spec.options)] : []))),
  ].join("");
}

interface ClassInput {
  readonly theme: Theme;
  readonly parent: Theme | undefined;
  readonly exports: ExportIndex;
  readonly types: ReadonlyMap<string, string>;
  readonly tokens: Tokens;
}

function classFile({ theme, parent, exports, types, tokens }: ClassInput): string {
  const specs = theme.entries.filter(hasMethod);
  const imports = new Imports(exports);
  const context = {
    exported: (value: unknown) => imports.exported(value),
    info: (name: string) => imports.value(name, `./infos-${theme.file}.js`),
    core: (name: string, file: string) => imports.value(name, `../core/${file}.js`),
    token: (text: string) => tokens.add(text),
  };
  const methods = specs.map((spec) => methodText(spec, context)).join("\n");
  const rules = uniqueRules(specs);
  const base = parent?.className ?? "CommandSender";
  imports.value(base, parent === undefined ? "../core/command-surface.js" : `./${parent.file}.js`);
  if (rules !== "") imports.type("OptionRules", "../core/args.js");
  imports.type("CommandSurface", "../core/command-surface.js");
  importTypes(methods, types, imports);
  const tokenImport = methods.includes("T.") ? 'import * as T from "./tokens.js";\n' : "";
  const title = `${theme.title.charAt(0).toUpperCase()}${theme.title.slice(1)}`;
  return `${fileHead(`${title}, as methods.`)}${imports}${tokenImport}
${rules}${rules === "" ? "" : "\n"}/** ${title}. Part of the inheritance chain of Commands. */
export abstract class ${theme.className}<H extends CommandSurface> extends ${base}<H> {
${methods}}
`;
}

function optionsFile(
  themes: readonly Theme[],
  exports: ExportIndex,
  types: ReadonlyMap<string, string>,
): string {
  const specs = themes.flatMap((theme) => theme.entries.filter(hasMethod));
  const body = optionTypes(specs).join("\n");
  const imports = new Imports(exports);
  importTypes(body, types, imports);
  return `${fileHead("The types of options objects.")}${imports}\n${body}`;
}

function commandsFile(themes: readonly Theme[]): string {
  const last = themes.at(-1);
  const shared = themes.at(-2) ?? last;
  if (last === undefined || shared === undefined) throw new Error("no themes");
  const names = last.entries
    .filter(hasMethod)
    .flatMap((spec) =>
      [nameOf(spec), ...(spec.aliases ?? [])].filter((name) => !isInternal(spec, name)),
    )
    .map((name) => `\n  | "${name}"`);
  return `${fileHead("The last classes of the inheritance chain: all command methods.")}
/** All commands as methods. */
export { ${last.className} as Commands } from "./${last.file}.js";
/** The commands that a shared connection accepts. */
export { ${shared.className} as SharedCommands } from "./${shared.file}.js";
/** Names of the methods in Commands that SharedCommands lacks. */
export type DedicatedMethod =${names.join("")};
`;
}

/** The public types of arguments and replies. `index.ts` exports those of `info.ts` by name. */
function typesFile(modules: GeneratorInput["typeModules"]): string {
  const exported = Object.keys(modules)
    .filter((path) => path.endsWith("/types.js"))
    .sort()
    .map((path) => `export type * from "${path}";\n`);
  const head = fileHead("All named types of arguments and replies, by group.");
  return `${head}${exported.join("")}export type * from "./options.js";\n`;
}

/**
 * Generate the files.
 *
 * @returns Text by file name inside `generated/`.
 */
export function generate({ themes, modules, typeModules }: GeneratorInput) {
  const exports = new ExportIndex(modules);
  const shared = typePaths(typeModules);
  const tokens = new Tokens();
  const files = new Map<string, string>();
  const options = optionsFile(themes, exports, shared);
  const types = new Map([...shared, ...typePaths({ "./options.js": options })]);
  for (const [i, theme] of themes.entries()) {
    files.set(`infos-${theme.file}.ts`, infosFile(theme.entries, exports));
    const parent = themes[i - 1];
    files.set(`${theme.file}.ts`, classFile({ theme, parent, exports, types, tokens }));
  }
  files.set("options.ts", options);
  files.set("tokens.ts", tokens.toFile());
  files.set("registry.ts", registryFile(themes.map((theme) => theme.file)));
  files.set("commands.ts", commandsFile(themes));
  files.set("types.ts", typesFile(typeModules));
  return files;
}
