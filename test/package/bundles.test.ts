/**
 * Checks what bundlers make of the package: no warnings, programs that run in every format, and no more
 * code than a program uses.
 */
import { execFile } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { type BuildOptions, build } from "esbuild";
import { rollup } from "rollup";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningServer, sharedServer } from "../support/server.js";
import { type Installed, installPackage } from "./built.js";

const run = promisify(execFile);

let installed: Installed;
let server: RunningServer;
beforeAll(async () => {
  [installed, server] = await Promise.all([installPackage(), sharedServer()]);
}, 180_000);
afterAll(() => installed[Symbol.asyncDispose]());

const PROGRAM = `import { DataError, Redis } from "rediswire";
const redis = new Redis(process.env.REDIS_URL);
const run = async () => {
  const values = await redis.pipeline().set("bundle", "1").incr("bundle").exec();
  const refused = await redis.set("bundle", null).catch((error) => error instanceof DataError);
  const native = (() => {
    try { new Redis({ parser: "hiredis" }).close(); } catch (error) { return error.code; }
  })();
  await redis.close();
  console.log(JSON.stringify([values, refused, native]));
};
run();`;

async function bundled(program: string, name: string, options: BuildOptions = {}): Promise<string> {
  const entry = await installed.write(`${name}/entry.mjs`, program);
  const outfile = join(installed.dir, name, `bundle.${options.format === "cjs" ? "cjs" : "mjs"}`);
  const { warnings } = await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    minify: true,
    logLevel: "silent",
    ...options,
  });
  expect(warnings.map(({ text }) => text)).toEqual([]);
  return outfile;
}

/** Run a program outside of the folder in which the package is installed. */
async function output(file: string): Promise<unknown> {
  const { PATH } = process.env;
  const env = { PATH, REDIS_URL: server.url };
  const { stdout, stderr } = await run(process.execPath, [file], {
    cwd: "/",
    env,
    timeout: 20_000,
  });
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

describe("a bundle by esbuild", () => {
  test.each([
    ["esm", true],
    ["esm", false],
    ["cjs", true],
    ["cjs", false],
  ] as const)(
    "is made without warnings and runs (format %s, minified: %s)",
    async (format, minify) => {
      const file = await bundled(PROGRAM, `run-${format}-${minify}`, { format, minify });
      expect(await output(file)).toEqual([[true, 2], true, "EHIREDIS"]);
    },
  );

  test("is made without warnings of the linked package, outside of node_modules", async () => {
    const options: BuildOptions = { format: "cjs", alias: { rediswire: process.cwd() } };
    const file = await bundled(PROGRAM, "linked", options);
    expect(await output(file)).toEqual([[true, 2], true, "EHIREDIS"]);
  });

  test("runs when the program requires the package", async () => {
    const program = PROGRAM.replace(/^import (.*) from ("rediswire")/, "const $1 = require($2)");
    const file = await bundled(program, "required", { format: "cjs" });
    expect(await output(file)).toEqual([[true, 2], true, "EHIREDIS"]);
  });
});

describe("a bundle contains only what is used", () => {
  const LIMITS = [
    ["DataError", 1000],
    ["ReadOnlyError", 1000],
    ["ExponentialBackoff", 2200],
    ["Retry", 7500],
    ["JsParser", 20_000],
    ["HiredisParser", 20_000],
    ["ConnectionPool", 108_000],
  ] as const;

  test.each(LIMITS)("%s takes less than %i bytes (esbuild)", async (name, limit) => {
    const program = `import { ${name} } from "rediswire"; console.log(JSON.stringify(${name}.name));`;
    const file = await bundled(program, `only-${name}`);
    expect(statSync(file).size).toBeLessThan(limit);
    expect(await output(await bundled(program, `named-${name}`, { keepNames: true }))).toBe(name);
  });

  test.each(LIMITS)(
    "%s takes less than 2 * %i bytes, not minified (rollup)",
    async (name, limit) => {
      const entry = await installed.write(
        `rollup-${name}.mjs`,
        `export { ${name} } from "./node_modules/rediswire/dist/index.js";`,
      );
      const external = [...builtinModules, ...builtinModules.map((id) => `node:${id}`)];
      const bundle = await rollup({
        input: entry,
        external,
        onwarn: ({ message }) => expect.fail(message),
      });
      const { output: chunks } = await bundle.generate({ format: "esm" });
      await bundle.close();
      expect(chunks[0].code.length).toBeLessThan(2 * limit);
    },
  );

  test("rediswire/testing contains nothing of the main entry point", async () => {
    const program =
      'import { startServer } from "rediswire/testing"; console.log(startServer.name);';
    const file = await bundled(program, "testing", { minify: false });
    const text = readFileSync(file, "utf8");
    expect(text).not.toMatch(/class RedisError|CommandInfo/);
    expect(text.length).toBeLessThan(40_000);
  });
});
