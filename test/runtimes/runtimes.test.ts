/**
 * Checks that the package, installed by npm into an empty project, works in every supported runtime.
 */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Installed, installPackage } from "../package/built.js";
import { startServer } from "../support/server.js";
import { installRuntimes, RUNTIMES } from "./runtimes.js";

const run = promisify(execFile);
const SMOKE = readFileSync(new URL("smoke.mjs", import.meta.url), "utf8");
const CHECKS = [...SMOKE.matchAll(/^ {2}"?([^"\n]+?)"?: async \(/gm)].map(([, name]) => name);

let installed: Installed;
let program: string;

beforeAll(async () => {
  await installRuntimes();
  installed = await installPackage();
  await installed.write("package.json", '{ "private": true, "type": "module" }');
  program = await installed.write("smoke.mjs", SMOKE);
}, 300_000);
afterAll(() => installed[Symbol.asyncDispose]());

describe.each(RUNTIMES)("$name", ({ command }) => {
  test("runs the smoke program to its end", async () => {
    await using server = await startServer({ tls: true, unixSocket: true });
    const env = {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      REDIS_URL: server.url,
      REDIS_UNIX_URL: server.unixUrl,
      REDIS_TLS_URL: server.tlsUrl,
      REDIS_CA: server.certs?.ca,
    };
    const [runtime, ...args] = command;
    const options = { cwd: installed.dir, env, timeout: 60_000 };
    const { stdout } = await run(runtime, [...args, program], options);
    expect(stdout.trim().split("\n")).toEqual([...CHECKS.map((name) => `ok ${name}`), "done"]);
  });
});
