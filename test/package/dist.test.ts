/**
 * Checks that the package, as npm installs it, works for every way of importing it: ESM and CommonJS, plain
 * and through the compiler under every module resolution.
 */
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureHiredis } from "../support/install.js";
import { type RunningServer, sharedServer } from "../support/server.js";
import { BUILT, type Installed, installPackage } from "./built.js";
import { compile, RESOLUTIONS, readable } from "./compiler.js";
import { ROOT } from "./paths.js";

const run = promisify(execFile);

let installed: Installed;
let server: RunningServer;

beforeAll(async () => {
  [installed, server] = await Promise.all([installPackage(), sharedServer()]);
}, 180_000);
afterAll(() => installed[Symbol.asyncDispose]());

/** Run a program to its end; it must not hang, fail or print to stderr. */
async function node(file: string, ...flags: string[]): Promise<string> {
  const env = { PATH: process.env.PATH, REDIS_URL: server.url, NODE_NO_WARNINGS: "0" };
  const { stdout, stderr } = await run(process.execPath, [...flags, file], {
    env,
    timeout: 20_000,
  });
  expect(stderr).toBe("");
  return stdout.trim();
}

const installedFile = (name: string): string =>
  readFileSync(join(installed.dir, "node_modules/rediswire", name), "utf8");

describe("the tarball", () => {
  test("contains everything the package needs and nothing else", () => {
    const paths = installed.packed.files.map(({ path }) => path);
    const dist = BUILT.map((name) => `dist/${name}`);
    const native = ["src/hiredis/build.mjs", "src/hiredis/hiredis-parser.c"];
    const docs = readdirSync(join(ROOT, "docs")).filter((name) => name.endsWith(".md"));
    const guides = docs.map((name) => `docs/${name}`);
    const all = ["LICENSE", "README.md", ...dist, ...guides, ...native, "package.json"];
    expect(paths.sort()).toEqual(all.sort());
  });

  test("is smaller than 0.8 MB, and installed smaller than 3.4 MB", () => {
    expect(installed.packed.size).toBeLessThan(800_000);
    expect(installed.packed.unpackedSize).toBeLessThan(3_400_000);
  });

  test("contains the target of every relative link in its Markdown files", () => {
    const pages = installed.packed.files.filter(({ path }) => path.endsWith(".md"));
    const links = pages.flatMap(({ path }) =>
      [...installedFile(path).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)].map(
        ([, to = ""]) => `${path}: ${join(dirname(path), to)}`,
      ),
    );
    expect(links.length).toBeGreaterThan(50);
    const packed = new Set(installed.packed.files.map(({ path }) => path));
    expect(links.filter((link) => !packed.has(link.split(": ")[1] ?? ""))).toEqual([]);
  });

  test.each(["index.js", "index.cjs"])("%s has a source map without the sources", (name) => {
    const map = JSON.parse(installedFile(`dist/${name}.map`)) as {
      readonly sources: string[];
      readonly sourcesContent?: string[];
    };
    expect(map.sources).toContain("../src/client/redis.ts");
    expect(
      map.sources.filter((source) => /\/table\.ts|commands\/(?:table|generator)\//.test(source)),
    ).toEqual([]);
    expect(map.sources.filter((source) => !existsSync(join(ROOT, "dist", source)))).toEqual([]);
    expect(map.sourcesContent).toBeUndefined();
    expect(installedFile(`dist/${name}`)).toMatch(
      new RegExp(`//# sourceMappingURL=${name}.map\\s*$`),
    );
  });

  test("has one copy of the declarations", () => {
    expect(installedFile("dist/index.d.ts")).toBe('export * from "./index.cjs";\n');
    expect(installedFile("dist/testing.d.ts")).toBe('export * from "./testing.cjs";\n');
  });

  test.each([
    ["mjs", 'import { Redis } from "rediswire";'],
    ["cjs", 'const { Redis } = require("rediswire");'],
  ])("maps the stack of an error to lines of the source (%s)", async (ending, line1) => {
    const file = await installed.write(
      `stack.${ending}`,
      `${line1}\n` +
        "try { new Redis({ hosst: 1 }); } catch (error) { console.log(error.stack); }\n",
    );
    const stack = await node(file, "--enable-source-maps");
    const frames = [...stack.matchAll(/at (?:new )?(\S+) .*\/(src\/\S+\.ts):(\d+)/g)];
    const lines = frames.map(([, name, path = "", line]) => {
      const text = readFileSync(join(ROOT, path), "utf8").split("\n")[Number(line) - 1] ?? "";
      return `${name}: ${text.trim()}`;
    });
    expect(lines.slice(0, 3)).toEqual([
      expect.stringMatching(/^unknownOption: .*new DataError/),
      expect.stringMatching(/^unknownClientOption: .*unknownOption\(/),
      expect.stringMatching(/^normalizeOptions: .*unknownClientOption\(/),
    ]);
    expect(stack).toContain(`${file}:2`);
  });
});

/** Uses values and types, and prints them. */
const PROGRAM = `
const redis = new Redis(process.env["REDIS_URL"] ?? "");
const key: Key = "dist:" + name;
const [ok, text]: [true | null, string | null] = await redis.pipeline().set(key, "v").get(key).exec();
const bytes: Buffer | null = await redis.with({ decodeResponses: false }).get(key);
const error: unknown = await redis.incr(key).catch((reason: unknown) => reason);
console.log(JSON.stringify([ok, text, Buffer.isBuffer(bytes), error instanceof ResponseError]));
await redis.close();
`;
const OUTPUT = '[true,"v",true,true]';

test("rediswire-build-hiredis builds the native parser where every build of the package finds it", async () => {
  await ensureHiredis();
  const { bin } = JSON.parse(installedFile("package.json")) as { bin: Record<string, string> };
  const program = `const redis = new Redis({ url: process.env.REDIS_URL, parser: "hiredis" });
    redis.ping().then((pong) => console.log(pong)).finally(() => redis.close());`;
  const esm = await installed.write("native.mjs", `import { Redis } from "rediswire";\n${program}`);
  const cjs = await installed.write(
    "native.cjs",
    `const { Redis } = require("rediswire");\n${program}`,
  );
  await expect(node(esm)).rejects.toThrow(/build it with npx rediswire-build-hiredis/);
  const build = join(installed.dir, "node_modules/rediswire", bin["rediswire-build-hiredis"] ?? "");
  expect(await node(build)).toMatch(/rediswire.build.hiredis\.node: hiredis \d/);
  expect([await node(esm), await node(cjs)]).toEqual(["true", "true"]);
});

describe("use of the package from JavaScript", () => {
  const body = PROGRAM.replaceAll(/: (?:Key|\[true[^=]*|Buffer[^=]*|unknown)(?=[ )])/g, "");

  test("ESM import works", async () => {
    const text = `import { Redis, ResponseError } from "rediswire";\nconst name = "mjs";\n${body}`;
    expect(await node(await installed.write("plain.mjs", text))).toBe(OUTPUT);
  });

  test("CommonJS require works", async () => {
    const text =
      'const { Redis, ResponseError } = require("rediswire");\nconst name = "cjs";\n' +
      `(async () => {${body}})();\n`;
    expect(await node(await installed.write("plain.cjs", text))).toBe(OUTPUT);
  });

  test("ESM and CommonJS export the same names, and each class has its public name", async () => {
    const file = await installed.write(
      "names.mjs",
      `import * as esm from "rediswire";
      import { createRequire } from "node:module";
      const require = createRequire(import.meta.url);
      const cjs = require("rediswire");
      const misnamed = Object.entries(esm)
        .filter(([name, value]) => typeof value === "function" && value.name !== name)
        .map(([name, value]) => name + ": " + value.name);
      const { name } = require("rediswire/package.json");
      console.log(JSON.stringify([Object.keys(esm).sort(), Object.keys(cjs).sort(), misnamed, name]));`,
    );
    const [esm, cjs, misnamed, name] = JSON.parse(await node(file)) as [
      string[],
      string[],
      string[],
      string,
    ];
    expect(cjs).toEqual(esm);
    expect(esm).toContain("Redis");
    expect(misnamed).toEqual(["SlaveNotFoundError: ReplicaNotFoundError", "StrictRedis: Redis"]);
    expect(name).toBe("rediswire");
  });

  test.each([
    ["mjs", 'import { startServer } from "rediswire/testing";'],
    ["cjs", 'const { startServer } = require("rediswire/testing");'],
  ])("rediswire/testing starts a server (%s)", async (ending, line) => {
    const file = await installed.write(
      `testing.${ending}`,
      `${line}\nstartServer().then(async (server) => {
        console.log(server.url);
        await server.stop();
      });`,
    );
    expect(await node(file)).toMatch(/^redis:\/\/127\.0\.0\.1:\d+$/);
  });

  describe("a program that extends Object.prototype and Array.prototype", () => {
    const helpers = `
      Object.assign(Object.prototype, {
        extend() {}, keys() {}, each: 1, appName: "x", host: "unused.invalid", path: "/nowhere",
        password: "leaked", tls: true, db: 7, decodeResponses: false, ex: 0, count() {}, get: () => 1,
        timeout: 1, raiseOnError: 1, transaction: 1, lockClass: 1, code: "ELEAKED",
      });
      Object.assign(Array.prototype, { last() {}, take: 1 });`;
    // Node cannot load its own modules with these.
    const earlyHelpers = helpers.replace('path: "/nowhere",', "").replace("get: () => 1,", "");
    const use = `
      const redis = new Redis(process.env.REDIS_URL);
      await redis.set("dist:o", "v", { px: 60_000 });
      await redis.del("dist:h");
      await redis.hset("dist:h", { a: 1 });
      const error = await redis.incr("dist:o").catch((reason) => reason.code);
      const { db } = await redis.clientInfo();
      const seen = [];
      const subscriber = redis.pubsub();
      await subscriber.subscribe({ "dist:c": (message) => seen.push(message.data) });
      await redis.publish("dist:c", "m");
      await subscriber.ping();
      await subscriber.close();
      console.log(JSON.stringify([
        await redis.hgetall("dist:h"), await redis.pipeline().get("dist:o").exec(), error, String(db),
        await redis.scan("0", { match: "dist:none" }).then(([, keys]) => keys), seen,
        await redis.with({ integers: "number" }).get("dist:o"),
      ]));
      await redis.close();`;
    const output = '[{"a":"1"},["v"],"ERR","0",[],["m"],"v"]';

    test.each([
      [
        "before an ESM import",
        "mjs",
        `${earlyHelpers}\nconst { Redis } = await import("rediswire");`,
      ],
      ["after an ESM import", "mjs", `const { Redis } = await import("rediswire");\n${helpers}`],
      [
        "before a CommonJS require",
        "cjs",
        `${earlyHelpers}\nconst { Redis } = require("rediswire");`,
      ],
      ["after a CommonJS require", "cjs", `const { Redis } = require("rediswire");\n${helpers}`],
    ])("can use the package, with helpers added %s", async (title, ending, head) => {
      const file = await installed.write(
        `${title.replaceAll(" ", "-")}.${ending}`,
        ending === "mjs" ? head + use : `(async () => {${head}${use}})();`,
      );
      expect(await node(file)).toBe(output);
    });
  });

  test("paths outside the listed entry points cannot be imported", async () => {
    const file = await installed.write(
      "deep.mjs",
      'await import("rediswire/dist/index.js").catch((error) => console.log(error.code));',
    );
    expect(await node(file)).toBe("ERR_PACKAGE_PATH_NOT_EXPORTED");
  });
});

const IMPORT = 'import { type Key, Redis, ResponseError } from "rediswire";\n';
const AS_ESM = (name: string): string => `${IMPORT}const name = "${name}";\n${PROGRAM}`;
const AS_CJS = (name: string): string =>
  `${IMPORT}const name = "${name}";\n(async () => {${PROGRAM}})();\n`;

describe("use of the package from TypeScript", () => {
  test.each([
    ["nodenext", "module", "index.ts", AS_ESM, ["index.d.cts", "index.d.ts"]],
    ["nodenext", "commonjs", "index.ts", AS_CJS, ["index.d.cts"]],
    ["nodenext", "module", "index.cts", AS_CJS, ["index.d.cts"]],
    ["nodenext", "commonjs", "index.mts", AS_ESM, ["index.d.cts", "index.d.ts"]],
    ["node16", "module", "index.ts", AS_ESM, ["index.d.cts", "index.d.ts"]],
    ["node16", "commonjs", "index.ts", AS_CJS, ["index.d.cts"]],
    ["bundler", "module", "index.ts", AS_ESM, ["index.d.cts", "index.d.ts"]],
  ] as const)(
    "compiles with %s, type %s, %s",
    async (resolution, type, file, program, declarations) => {
      const folder = `${resolution}-${type}-${file}`;
      await installed.write(`${folder}/package.json`, JSON.stringify({ type }));
      const path = await installed.write(`${folder}/${file}`, program(folder));
      const outDir = join(installed.dir, folder, "out");
      const compiled = compile([path], { ...RESOLUTIONS[resolution], outDir });
      expect(compiled.compileErrors.map(readable)).toEqual([]);
      const ours = compiled.program.getSourceFiles().map(({ fileName }) => fileName);
      expect(ours.filter((name) => name.includes("/rediswire/"))).toEqual(
        declarations.map((name) => join(installed.dir, "node_modules/rediswire/dist", name)),
      );
      compiled.program.emit();
      expect(await node(join(outDir, file.replace("ts", "js")))).toBe(OUTPUT);
    },
  );

  test("the programs of test/types compile against the shipped declarations", async () => {
    const folder = join(ROOT, "test/types/fixtures");
    await installed.write("types/package.json", JSON.stringify({ type: "module" }));
    const files = readdirSync(folder).map((name) => {
      const text = readFileSync(join(folder, name), "utf8");
      return installed.write(
        `types/${name}`,
        text.replaceAll("../../../src/index.js", "rediswire"),
      );
    });
    const { compileErrors } = compile(await Promise.all(files), { noEmit: true });
    expect(compileErrors.map(readable)).toEqual([]);
  });

  test("import = require compiles", async () => {
    await installed.write("equals/package.json", JSON.stringify({ type: "commonjs" }));
    const text =
      'import rediswire = require("rediswire");\n' +
      "export const redis: rediswire.Redis<Buffer> = new rediswire.Redis({ decodeResponses: false });\n";
    const { compileErrors } = compile([await installed.write("equals/index.ts", text)]);
    expect(compileErrors.map(readable)).toEqual([]);
  });

  test("the shipped declarations have no errors of their own", async () => {
    const text = 'export { Redis } from "rediswire";\n';
    const path = await installed.write("full/index.mts", text);
    const { compileErrors } = compile([path], { skipLibCheck: false, noEmit: true });
    expect(compileErrors.map(readable)).toEqual([]);
  });

  test("compiles under the loosest compiler settings", async () => {
    const path = await installed.write("loose/index.mts", AS_ESM("loose"));
    const target = ts.ScriptTarget.ES2020;
    const loose = {
      strict: false,
      exactOptionalPropertyTypes: false,
      noUncheckedIndexedAccess: false,
    };
    const { compileErrors } = compile([path], {
      ...loose,
      target,
      lib: ["lib.es2020.d.ts"],
      noEmit: true,
    });
    expect(compileErrors.map(readable)).toEqual([]);
  });
});
