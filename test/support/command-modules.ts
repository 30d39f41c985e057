/**
 * Collects the input of the generator from the folders of `src/commands`: the exports of every
 * hand-written module, and the text of every module with types that generated code may mention. A new
 * group or module file is found here without being listed anywhere.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Folder of the command modules, with a trailing slash. */
export const COMMANDS = fileURLToPath(new URL("../../src/commands/", import.meta.url));

/** Folders without functions or types that generated code imports. */
const TOOLS: ReadonlySet<string> = new Set(["generated", "generator", "table"]);

/** Modules whose types generated code may mention: `core/types`, `streams/types`. */
const HAS_TYPES = /^(?:core\/(?:command-surface|info)|[a-z-]+\/types)$/;

const folders = readdirSync(COMMANDS, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !TOOLS.has(entry.name))
  .map(({ name }) => name);

/** Folders that hold a table: the command groups. */
export const GROUP_FOLDERS: readonly string[] = folders.filter((folder) =>
  readdirSync(COMMANDS + folder).includes("table.ts"),
);

const paths = folders
  .flatMap((folder) => readdirSync(COMMANDS + folder).map((file) => `${folder}/${file}`))
  .filter((path) => path.endsWith(".ts") && !path.endsWith("/table.ts"))
  .map((path) => path.replace(/\.ts$/, ""))
  .sort();

/** Exports of the hand-written modules by path inside `src/commands`: `streams/args`. */
export async function readModules(): Promise<Readonly<Record<string, object>>> {
  const imported = paths.map(
    async (path) => [path, await import(`${COMMANDS}${path}.ts`)] as const,
  );
  return Object.fromEntries(await Promise.all(imported));
}

/** Texts of the modules with types, by their import path as seen from `generated/`. */
export function readTypeModules(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    paths
      .filter((path) => HAS_TYPES.test(path))
      .map((path) => [`../${path}.js`, readFileSync(`${COMMANDS}${path}.ts`, "utf8")]),
  );
}
