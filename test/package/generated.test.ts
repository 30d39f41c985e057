/**
 * Owns the proof that `src/commands/generated` and `docs/commands.md` are what the generator makes of
 * the spec. Run with `-u` (`npm run generate`) it rewrites the files instead.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { commandTable } from "../../src/commands/generate/command-table.js";
import { generate } from "../../src/commands/generate.js";
import { GROUPS, THEMES } from "../../src/commands/spec/index.js";

const commands = fileURLToPath(new URL("../../src/commands/", import.meta.url));

const sources = readdirSync(commands).filter((name) => /^(?:host|info|types.*)\.ts$/.test(name));
const typeModules = Object.fromEntries(
  sources.map((name) => [
    `../${name.replace(/\.ts$/, ".js")}`,
    readFileSync(`${commands}${name}`, "utf8"),
  ]),
);

const files = generate({ themes: THEMES, typeModules });

describe("generated files", () => {
  test.each([...files])("%s is what the spec says", async (name, text) => {
    await expect(text).toMatchFileSnapshot(`${commands}generated/${name}`);
  });

  test("nothing else is kept among them", () => {
    const strangers = readdirSync(`${commands}generated`).filter((name) => !files.has(name));
    expect(strangers).toEqual([]);
  });
});

describe("docs/commands.md", () => {
  const page = fileURLToPath(new URL("../../docs/commands.md", import.meta.url));

  test("is what the spec says", async () => {
    await expect(commandTable(GROUPS)).toMatchFileSnapshot(page);
  });

  test("is made of the same entries as the classes", () => {
    const entries = (parts: readonly { readonly entries: readonly { name: string }[] }[]) =>
      parts.flatMap((part) => part.entries.map(({ name }) => name)).sort();
    expect(entries(GROUPS)).toEqual(entries(THEMES));
  });
});
