/**
 * Collects the generator's input from the folders of `src/commands`: the exports of every hand-written
 * module, and the texts of the modules whose types generated code may use. A new group or file is found
 * without being listed.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Path of `src/commands`, with a trailing slash. */
export const COMMANDS = fileURLToPath(new URL("../../src/commands/", import.meta.url));

/** Folders that generated code does not import from. */
const NOT_IMPORTED: ReadonlySet<string> = new Set(["generated", "generator", "table"]);

/** Modules whose types generated code may use: `core/types`, `streams/types`. */
const TYPE_MODULE = /^(?:core\/(?:command-surface|info)|[a-z-]+\/types)$/;

const folders = readdirSync(COMMANDS, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !NOT_IMPORTED.has(entry.name))
  .map(({ name }) => name);

/** Folders with a table. */
export const GROUP_FOLDERS: readonly string[] = folders.filter((folder) =>
  readdirSync(COMMANDS + folder).includes("table.ts"),
);

const paths = folders
  .flatMap((folder) => readdirSync(COMMANDS + folder).map((file) => `${folder}/${file}`))
  .filter((path) => path.endsWith(".ts") && !path.endsWith("/table.ts"))
  .map((path) => path.replace(/\.ts$/, ""))
  .sort();

/** Exports of the hand-written modules, by path inside `src/commands`: `streams/args`. */
export async function readModules(): Promise<Readonly<Record<string, object>>> {
  const imported = paths.map(
    async (path) => [path, await import(`${COMMANDS}${path}.ts`)] as const,
  );
  return Object.fromEntries(await Promise.all(imported));
}

/** Texts of the modules with types, by import path as seen from `generated/`. */
export function readTypeModules(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    paths
      .filter((path) => TYPE_MODULE.test(path))
      .map((path) => [`../${path}.js`, readFileSync(`${COMMANDS}${path}.ts`, "utf8")]),
  );
}
