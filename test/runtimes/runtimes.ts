/**
 * Other runtimes: their programs, installed by npm into a cache folder next to the other servers. Nothing on
 * the machine is changed.
 */
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { withLock } from "../support/install.js";

const run = promisify(execFile);
const NODE = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;

/** The packages that hold the programs. */
const PACKAGES: Readonly<Record<string, string>> = {
  node20: `npm:${NODE}@20`,
  node22: `npm:${NODE}@22`,
  node24: `npm:${NODE}@24`,
  "node-newest": `npm:${NODE}@latest`,
  bun: "latest",
  deno: "latest",
};

/** A program that runs JavaScript. */
export interface Runtime {
  readonly name: string;
  /** The program and its arguments before the file to run. */
  readonly command: readonly [string, ...string[]];
}

/** The folder that npm installs them into. */
export const FOLDER = join(homedir(), ".cache", "rediswire-runtimes");

const node = (name: string): Runtime => ({
  name,
  command: [join(FOLDER, "node_modules", name, "bin", "node")],
});
const bin = (name: string): string => join(FOLDER, "node_modules", ".bin", name);

/** The runtimes the package is tested in. */
export const RUNTIMES: readonly Runtime[] = [
  node("node20"),
  node("node22"),
  node("node24"),
  node("node-newest"),
  { name: "bun", command: [bin("bun")] },
  { name: "deno", command: [bin("deno"), "run", "--allow-all", "--node-modules-dir=manual"] },
];

/** Install or update the programs. */
export async function installRuntimes(): Promise<void> {
  await withLock(async () => {
    await mkdir(FOLDER, { recursive: true });
    const manifest = { private: true, dependencies: PACKAGES };
    await writeFile(join(FOLDER, "package.json"), JSON.stringify(manifest, undefined, 2));
    const args = ["install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"];
    await run("npm", args, { cwd: FOLDER, maxBuffer: 64 * 1024 * 1024 });
  });
}
