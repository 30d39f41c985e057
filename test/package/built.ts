/**
 * Builds what users install: `dist`, and the tarball unpacked as an installed package. Tests that use it
 * work from a fresh clone and never use an old build.
 */
import { execFile } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { DIST, ROOT } from "./paths.js";

const run = promisify(execFile);

/** The files of a complete build. */
export const BUILT = ["index", "testing"].flatMap((entry) =>
  ["cjs", "cjs.map", "d.cts", "d.ts", "js", "js.map"].map((ending) => `${entry}.${ending}`),
);

/** Other types that a program in Node needs. */
const TYPE_PACKAGES = ["@types/node", "undici-types"];

/** Build, unless `dist` is complete and newer than all its inputs. */
export async function ensureBuilt(): Promise<void> {
  const sources = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" });
  const inputs = ["package.json", "tsconfig.json", ...sources.map((name) => join("src", name))];
  const newest = Math.max(...inputs.map((name) => changedAt(join(ROOT, name))));
  const oldest = Math.min(...BUILT.map((name) => changedAt(join(DIST, name))));
  if (oldest < newest) await run("npm", ["run", "build", "--silent"], { cwd: ROOT });
}

function changedAt(path: string): number {
  return existsSync(path) ? statSync(path).mtimeMs : Number.NEGATIVE_INFINITY;
}

/** What `npm pack --json` reports. */
export interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

/** A folder in which `rediswire` is installed from its real tarball. */
export interface Installed extends AsyncDisposable {
  /** The folder above `node_modules`. */
  readonly dir: string;
  readonly packed: Packed;
  /** Write a file of a program, folders included. */
  write(path: string, text: string): Promise<string>;
}

/**
 * Build, pack and unpack.
 *
 * @returns The folder; use `await using`, or dispose of it.
 */
export async function installPackage(): Promise<Installed> {
  await ensureBuilt();
  const dir = await mkdtemp(join(tmpdir(), "rediswire-installed-"));
  const write = async (path: string, text: string): Promise<string> => {
    const file = join(dir, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    return file;
  };
  const packed = await pack(dir);
  return {
    dir,
    packed,
    write,
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
}

async function pack(dir: string): Promise<Packed> {
  const modules = join(dir, "node_modules");
  await mkdir(join(modules, "@types"), { recursive: true });
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", dir];
  const { stdout } = await run("npm", args, { cwd: ROOT });
  const [packed] = JSON.parse(stdout) as Packed[];
  if (packed === undefined) throw new Error(`npm pack printed:\n${stdout}`);
  await run("tar", ["xzf", join(dir, packed.filename), "-C", dir]);
  await rename(join(dir, "package"), join(modules, "rediswire"));
  for (const name of TYPE_PACKAGES) {
    await symlink(join(ROOT, "node_modules", name), join(modules, name));
  }
  return packed;
}
