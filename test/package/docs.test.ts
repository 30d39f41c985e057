/**
 * Checks the documentation: every code block in README.md and docs/*.md compiles under the strictest
 * settings and does what its comments promise. How to write a block:
 *
 * - The fence names `ts`, `js` or `sh`; or `text`, `json` or `mermaid` for blocks that are only read. No other
 *   language, and never none.
 * - Each ts or js block is a separate module: top-level `await`, imports from "rediswire" and from
 *   Node. No variable survives a block, and the server is empty at the start of each. A js block with
 *   `require(` is CommonJS; `await` works there too.
 * - `redis` is predefined (`new Redis()`) unless the block declares it.
 * - `statement; // → value` promises the value of the expression, of the first variable's initializer
 *   or of the return: as `util.inspect` prints it on one line; "double" quotes are equivalent to
 *   'single' ones, `[Object: null prototype]` may be left out, and `…` stands for anything. The
 *   comment may also be alone on the next line. Every promise must be reached; when it is reached several
 *   times, it lists the values joined by `, `. After `console.log(x)` it may also be the bare text.
 * - `// prints: text`, on a line of its own, promises a line of the console. A block that has one
 *   must have all of them, in order.
 * - An expected error is caught in the block: `.catch((error) => error.message); // → '…'`.
 * - Ports 6379, 6380 (also for rediss://, to localhost) and 26379 (Sentinel, master "mymaster") lead to
 *   private servers on any host; any unix socket path leads to the first one. User `app` with password
 *   `secret` exists. Connections to other ports are not changed.
 * - A sh block runs in bash, in the repository, and must succeed; every npm script it names must exist.
 * - `no-run (why)` after the language, only where running is impossible. The block is still checked by the
 *   compiler or by `bash -n`.
 * - A table whose second column is headed "rediswire", on a page of `ROW_PAGES`, runs row by row: see doc-rows.ts.
 * - A block has a time limit of 8 s. Clients may be left open.
 */
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureBuilt } from "./built.js";
import { type CompilerError, compile, readable } from "./compiler.js";
import { type Block, blocksOf, programOf } from "./doc-blocks.js";
import { rowsOf } from "./doc-rows.js";
import { type Sandbox, startSandbox } from "./doc-sandbox.js";
import { ROOT } from "./paths.js";

const execute = promisify(execFile);

const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const guides = readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" });
const pages = ["README.md", ...guides.map((name) => `docs/${name}`)].filter((path) =>
  path.endsWith(".md"),
);
const blocks = pages.flatMap((page) => blocksOf(page, read(page)));
/** Pages whose tables run. */
const ROW_PAGES = ["docs/migrating.md", "docs/migrating-cluster.md"];
const rows = ROW_PAGES.flatMap((page) => rowsOf(page, read(page)));
const coded = [...blocks.filter(({ language }) => language !== "sh"), ...rows];

/** A virtual page for wrong blocks. */
const PAGE = { page: "page.md", name: "page.md:4", line: 4, language: "ts", noRun: undefined };

/** File name of a block; inside the package, so that the package name resolves to `dist`. */
const fileOf = (block: Block): string =>
  `${ROOT}${block.name.replaceAll(/\W+/g, "-")}.${programOf(block).extension}`;

describe("documentation pages", () => {
  test("exist and contain code", () => {
    expect(pages.length).toBeGreaterThan(5);
    expect(
      blocks.filter(({ page, language }) => page === "README.md" && language === "ts"),
    ).not.toEqual([]);
    expect(rows.length).toBeGreaterThan(100);
  });

  test.each(pages)("have valid links and anchors: %s", (page) => {
    const links = [...read(page).matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)].map(
      ([, to = ""]) => to,
    );
    expect(links.filter((link) => !isValidLink(page, link))).toEqual([]);
  });
});

test("README examples close the clients they create", () => {
  const created =
    /(await using|const) (\w+) = (?:new (?:Redis|Sentinel)\(|\w+\.(?:masterFor|replicaFor)\()/g;
  const examples = blocks.filter(({ page, noRun }) => page === "README.md" && noRun === undefined);
  const open = examples.flatMap(({ name, code }) =>
    [...code.matchAll(created)]
      .filter(([, how, variable]) => how === "const" && !isClosed(code, variable ?? ""))
      .map(([line]) => `${name}: ${line}`),
  );
  expect(open).toEqual([]);
});

/** Whether the client is closed, itself or with its pool. */
function isClosed(code: string, variable: string): boolean {
  const pool = new RegExp(`${variable} = new Redis\\(\\{ connectionPool: (\\w+)`).exec(code)?.[1];
  return code.includes(`await ${pool ?? variable}.close();`);
}

function isValidLink(page: string, link: string): boolean {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? page : join(dirname(page), path);
  if (!existsSync(join(ROOT, target))) return false;
  if (anchor === undefined) return true;
  const headings = [...read(target).matchAll(/^#+ (.*)$/gm)].map(([, text = ""]) => text);
  return headings.some((text) => anchorOf(text) === anchor);
}

/** Anchors as GitHub creates them. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(/\s/g, "-");
}

describe("code blocks compile", () => {
  const wrong: Block = { ...PAGE, code: "const n: number = await redis.get('k');\nn;" };
  let compileErrors: CompilerError[];

  beforeAll(async () => {
    await ensureBuilt();
    const texts = new Map<string, string>();
    for (const block of [...coded, wrong]) {
      texts.set(fileOf(block), programOf(block).text);
    }
    const options: ts.CompilerOptions = {
      allowJs: true,
      checkJs: true,
      noPropertyAccessFromIndexSignature: false,
      noEmit: true,
    };
    ({ compileErrors } = compile([...texts.keys()], options, texts));
  }, 240_000);

  /** Line numbers are those of the page. */
  const errorsOf = (block: Block): string[] =>
    compileErrors
      .filter(({ file }) => file === fileOf(block))
      .map((found) => readable({ ...found, file: block.page, line: found.line + block.line - 1 }));

  test.each(coded)("$name", (block) => {
    expect(errorsOf(block), block.code).toEqual([]);
  });

  test("a wrong type in a block is reported", () => {
    expect(errorsOf(wrong)).toEqual([expect.stringMatching(/^page\.md:4 TS2322: Type 'string/)]);
  });

  test("the compiler reports nothing outside of the pages", () => {
    const files = [...coded, wrong].map(fileOf);
    expect(compileErrors.filter(({ file }) => !files.includes(file)).map(readable)).toEqual([]);
  });
});

describe("code blocks run", () => {
  const runnable = coded.filter(({ noRun }) => noRun === undefined);
  let sandbox: Sandbox;

  beforeAll(async () => {
    await ensureBuilt();
    sandbox = await startSandbox({
      sentinel: runnable.some(({ code }) => /Sentinel|26379/.test(code)),
      cluster: runnable.some(({ code }) => /RedisCluster/.test(code)),
    });
  }, 240_000);
  afterAll(() => sandbox[Symbol.asyncDispose]());

  test.each(runnable)("$name", async (block) => {
    expect(await sandbox.run(block)).toEqual([]);
  });

  test.each([
    ["a wrong value", 'await redis.incr("n"); // → 2', "page.md:4 promises 2, got 1"],
    [
      "a promise that is not reached",
      "if (process.argv.length === 0) 1; // → 1",
      "page.md:4 was never reached",
    ],
    ["a repeated value", "for (const n of [1, 2]) n; // → 1", "page.md:4 promises 1, got 1, 2"],
    ["another line printed", "console.log(1);\n// prints: 2", 'page.md:4 printed ["1"]'],
    ["an error", "await redis.get(null);", /DataError: .*page\.md:4/s],
    [
      "an unhandled rejection",
      'Promise.reject(new Error("lost")); await redis.get("n");',
      /Error: lost/,
    ],
    ["a wait without end", "await new Promise(() => {});", "'still running after 300 ms'"],
  ])("%s is reported", async (_, code, expected) => {
    const found = await sandbox.run({ ...PAGE, code }, 300);
    expect(found).toEqual([
      typeof expected === "string" ? expected : expect.stringMatching(expected),
    ]);
  });

  test("the documented ports and socket paths lead to private servers", async () => {
    const code = `import { Redis } from "rediswire";
      const urls = ["redis://a.invalid", "redis://app:secret@localhost:6380", "rediss://localhost",
        "rediss://localhost:6380/", "unix:///run/redis.sock"];
      for (const url of urls) await new Redis(url).executeCommand("INCR", "n"); // → 1, 2, 3, 4, 5`;
    expect(await sandbox.run({ ...PAGE, code })).toEqual([]);
  });
});

describe("shell blocks run", () => {
  const scripts = (JSON.parse(read("package.json")) as { readonly scripts: object }).scripts;

  test.each(blocks.filter(({ language }) => language === "sh"))(
    "$name",
    async ({ code, noRun }) => {
      const flags = noRun === undefined ? ["-euc"] : ["-nc"];
      await execute("bash", [...flags, code], { cwd: ROOT });
      const named = [...code.matchAll(/\bnpm (?:run (\S+)|(test|start))\b/g)];
      const missing = named
        .map(([, run, known]) => run ?? known ?? "")
        .filter((name) => !(name in scripts));
      expect(missing).toEqual([]);
    },
  );
});
