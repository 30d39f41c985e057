/**
 * Checks the built declarations with the oldest TypeScript that README promises and with the newest, without
 * `skipLibCheck`: the type assertions of fixtures/ hold, so no type has become `any`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Linked, linkPackage } from "../package/linked.js";
import { ROOT } from "../package/paths.js";
import { type Compiler, installCompilers } from "./install-compilers.js";

const FIXTURES = fileURLToPath(new URL("./fixtures/", import.meta.url));
const names = readdirSync(FIXTURES).filter((name) => name.endsWith(".ts"));

const OPTIONS = {
  target: "es2022",
  lib: ["es2022", "esnext.disposable"],
  module: "nodenext",
  types: ["node"],
  strict: true,
  exactOptionalPropertyTypes: true,
  noEmit: true,
};

/** A CommonJS program: its declarations are another file. */
const COMMON_JS = `import { Redis } from "rediswire";
export const value: Promise<string | null> = new Redis().get("k");
`;

let linked: Linked;
let compilerOf: Awaited<ReturnType<typeof installCompilers>>;

beforeAll(async () => {
  [linked, compilerOf] = await Promise.all([linkPackage(), installCompilers()]);
}, 120_000);
afterAll(() => linked[Symbol.asyncDispose]());

interface Program {
  /** Name of its folder. */
  readonly folder: string;
  /** Texts by file name. */
  readonly files: Readonly<Record<string, string>>;
  readonly skipLibCheck: boolean;
}

async function compile(compiler: Compiler, { folder, files, skipLibCheck }: Program) {
  const all = {
    ...files,
    "package.json": '{ "type": "module" }',
    "tsconfig.json": JSON.stringify({ compilerOptions: { ...OPTIONS, skipLibCheck } }),
  };
  for (const [name, text] of Object.entries(all)) await linked.write(`${folder}/${name}`, text);
  return compiler.compile(join(linked.dir, folder));
}

describe.each(["typescript-floor", "typescript-newest"])("the declarations under %s", (name) => {
  test("compile without skipLibCheck, and keep all types and errors", async () => {
    const fixtures = names.map((file): [string, string] => {
      const text = readFileSync(FIXTURES + file, "utf8");
      return [file, text.replaceAll("../../../src/index.js", "rediswire")];
    });
    const files = { ...Object.fromEntries(fixtures), "common.cts": COMMON_JS };
    const compiler = await compilerOf(name);
    const folder = `${name}-fixtures`;
    const printed = await compile(compiler, { folder, files, skipLibCheck: false });
    expect(printed, `TypeScript ${compiler.version}`).toBe("");
  });

  test("keep the type of messages under skipLibCheck", async () => {
    const wrong = `import { Redis } from "rediswire";
for await (const message of new Redis().pubsub()) message.nonsense;
`;
    const files = { "wrong.ts": wrong };
    const folder = `${name}-wrong`;
    const printed = await compile(await compilerOf(name), { folder, files, skipLibCheck: true });
    expect(printed).toContain("Property 'nonsense' does not exist");
  });
});

test("README states the oldest TypeScript that is tested", async () => {
  const { version } = await compilerOf("typescript-floor");
  const [floor] = /^\d+\.\d+/.exec(version) ?? [];
  const readme = readFileSync(`${ROOT}README.md`, "utf8");
  expect(readme).toContain(`TypeScript ${floor} or later`);
});
