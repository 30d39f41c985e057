/**
 * Programs outside of the repository that import the built package, to measure what it costs them: in a
 * separate folder, run by real processes.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { ensureBuilt } from "./built.js";
import { ROOT } from "./paths.js";

const run = promisify(execFile);
const TSC = join(ROOT, "node_modules/typescript/bin/tsc");
const PACKAGES = ["@types/node", "undici-types"];

/** A folder with the package in its `node_modules`. */
export interface Linked extends AsyncDisposable {
  /** The folder above `node_modules`. */
  readonly dir: string;
  write(path: string, text: string): Promise<string>;
}

/** Build if necessary, and create such a folder. */
export async function linkPackage(): Promise<Linked> {
  await ensureBuilt();
  const dir = await mkdtemp(join(tmpdir(), "rediswire-linked-"));
  await mkdir(join(dir, "node_modules/@types"), { recursive: true });
  await symlink(ROOT, join(dir, "node_modules/rediswire"));
  for (const name of PACKAGES) {
    await symlink(join(ROOT, "node_modules", name), join(dir, "node_modules", name));
  }
  return {
    dir,
    write: async (path, text) => {
      const file = join(dir, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
      return file;
    },
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
}

/** Run a script that prints one line several times, each time in a new process. */
export async function linesOf(script: string, rounds: number): Promise<string[]> {
  const lines: string[] = [];
  // One extra round: the first one fills the file cache of the system.
  for (let round = 0; round <= rounds; round++) {
    const { stdout } = await run(process.execPath, [script]);
    if (round > 0) lines.push(stdout.trim());
  }
  return lines;
}

/** What `tsc --extendedDiagnostics` reports. */
export interface TypeCost {
  /** Seconds. */
  readonly checkTime: number;
  readonly types: number;
  readonly instantiations: number;
}

const CONFIG = {
  target: "ES2022",
  lib: ["ES2022", "ESNext.Disposable"],
  module: "NodeNext",
  types: ["node"],
  strict: true,
  noEmit: true,
};

/**
 * Compile a program several times with `tsc`.
 *
 * @returns The medians.
 * @throws Error with the compiler's output when it does not compile.
 */
export async function typeCost(
  linked: Linked,
  text: string,
  { rounds, skipLibCheck }: { readonly rounds: number; readonly skipLibCheck: boolean },
): Promise<TypeCost> {
  const compilerOptions = { ...CONFIG, skipLibCheck };
  await linked.write("program/index.mts", text);
  const config = JSON.stringify({ compilerOptions, files: ["index.mts"] });
  const project = await linked.write("program/tsconfig.json", config);
  const costs: TypeCost[] = [];
  for (let round = 0; round < rounds; round++) costs.push(await diagnose(project));
  const middle = (name: keyof TypeCost): number => median(costs.map((cost) => cost[name]));
  return {
    checkTime: middle("checkTime"),
    types: middle("types"),
    instantiations: middle("instantiations"),
  };
}

async function diagnose(project: string): Promise<TypeCost> {
  const args = [TSC, "-p", project, "--extendedDiagnostics"];
  const { stdout } = await run(process.execPath, args).catch((error: { stdout?: string }) => {
    throw new Error(`the program does not compile:\n${error.stdout}`);
  });
  const fact = (name: string): number => {
    const [, number] = new RegExp(`^${name}:\\s+([\\d.]+)`, "m").exec(stdout) ?? [];
    if (number === undefined) throw new Error(`tsc did not print ${name}:\n${stdout}`);
    return Number(number);
  };
  return {
    checkTime: fact("Check time"),
    types: fact("Types"),
    instantiations: fact("Instantiations"),
  };
}

/** The median; the lower one of the two middle values when their number is even. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
}
