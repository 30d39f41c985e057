/**
 * Checks that `src/commands/generated` and `docs/commands.md` are what the generator produces from the
 * tables. Run with `-u` (`npm run generate`) it rewrites the files instead.
 */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { commandTable } from "../../src/commands/generator/command-page.js";
import { generate } from "../../src/commands/generator/generate.js";
import { GROUPS, THEMES } from "../../src/commands/groups.js";
import type { Entry } from "../../src/commands/table/dsl.js";
import {
  COMMANDS,
  GROUP_FOLDERS,
  readModules,
  readTypeModules,
} from "../support/command-modules.js";

const modules = await readModules();
const files = generate({ themes: THEMES, modules, typeModules: readTypeModules() });

describe("src/commands/generated", () => {
  test.each([...files])("%s equals the output of the generator", async (name, text) => {
    await expect(text).toMatchFileSnapshot(`${COMMANDS}generated/${name}`);
  });

  test("contains no other files", () => {
    const otherFiles = readdirSync(`${COMMANDS}generated`).filter((name) => !files.has(name));
    expect(otherFiles).toEqual([]);
  });
});

describe("docs/commands.md", () => {
  const page = fileURLToPath(new URL("../../docs/commands.md", import.meta.url));

  test("equals the output of the generator", async () => {
    await expect(commandTable(GROUPS)).toMatchFileSnapshot(page);
  });

  test("lists every command of every group folder, and the generated classes hold the same", async () => {
    const exports = await Promise.all(
      GROUP_FOLDERS.map((folder) => import(`${COMMANDS}${folder}/table.ts`)),
    );
    const names = (entries: readonly { readonly name: string }[]) =>
      [...new Set(entries.map(({ name }) => name))].sort();
    const inFolders = names(exports.flatMap((table) => Object.values(table).flat() as Entry[]));
    expect(names(GROUPS.flatMap(({ entries }) => entries))).toEqual(inFolders);
    expect(names(THEMES.flatMap(({ entries }) => entries))).toEqual(inFolders);
  });
});
