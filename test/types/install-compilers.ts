/**
 * The compilers that the declarations must work with: installed by npm into a cache folder, so that neither the
 * package nor its development depends on them.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { withLock } from "../support/install.js";

const run = promisify(execFile);
const HERE = fileURLToPath(new URL("./compilers/", import.meta.url));
const FILES = ["package.json", "package-lock.json"];
const CACHE = join(homedir(), ".cache", "rediswire-compilers");

/** An installed compiler. */
export interface Compiler {
  readonly version: string;
  /** Run it in a folder with a `tsconfig.json`; return what it prints, which is empty without errors. */
  compile(dir: string): Promise<string>;
}

/**
 * Install the compilers, unless they are installed already.
 *
 * @returns A function that finds a compiler by its name in `package.json`.
 */
export async function installCompilers(): Promise<(name: string) => Promise<Compiler>> {
  const texts = await Promise.all(FILES.map((name) => readFile(join(HERE, name), "utf8")));
  const version = createHash("sha256").update(texts.join("")).digest("hex").slice(0, 12);
  const dir = join(CACHE, version);
  await withLock(() => install(dir));
  return async (name) => {
    const home = join(dir, "node_modules", name);
    const { version } = JSON.parse(await readFile(join(home, "package.json"), "utf8"));
    return { version, compile: (project) => compile(join(home, "bin/tsc"), project) };
  };
}

/** Installs beside the folder and renames, so that an interrupted installation is not taken for a whole one. */
async function install(dir: string): Promise<void> {
  const isInstalled = await readFile(join(dir, "package.json")).then(
    () => true,
    () => false,
  );
  if (isInstalled) return;
  const unfinished = `${dir}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  for (const name of FILES) await copyFile(join(HERE, name), join(unfinished, name));
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  await run("npm", args, { cwd: unfinished });
  await rename(unfinished, dir);
}

async function compile(tsc: string, dir: string): Promise<string> {
  const result = run(process.execPath, [tsc, "-p", dir], { maxBuffer: 64 * 1024 * 1024 });
  // The exit code is not 0 when there are errors.
  const { stdout } = await result.catch((failed: { readonly stdout: string }) => failed);
  return stdout.trim();
}
