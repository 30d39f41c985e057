/**
 * Programs that use the library in a separate process. The sources are bundled once per worker, and every
 * program is killed at its time limit, whatever it waits for.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "tsup";
import { afterAll } from "vitest";
import { until } from "./until.js";

/** A running program. */
export interface Child {
  readonly pid: number;
  /** Everything printed so far. */
  readonly output: () => string;
  /** Wait until the program has printed a text. */
  prints(text: string): Promise<void>;
  /** Wait for the exit; return the exit code or the signal, and the output. */
  ended(): Promise<{ readonly code: number | NodeJS.Signals; readonly output: string }>;
}

const LIFETIME_MS = 25_000;
const ENTRY = fileURLToPath(new URL("../../src/index.ts", import.meta.url));

let bundle: Promise<string> | undefined;

async function makeBundle(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "rediswire-child-"));
  await build({
    entry: { rediswire: ENTRY },
    outDir: dir,
    config: false,
    format: ["esm"],
    outExtension: () => ({ js: ".mjs" }),
    target: "node20",
    silent: true,
    dts: false,
    clean: false,
  });
  return dir;
}

afterAll(async () => {
  if (bundle !== undefined) await rm(await bundle, { recursive: true, force: true });
});

/**
 * Start a program.
 *
 * @param source - Body of an ES module; `rediswire` (all exports) and `args` are in scope.
 * @param args - JSON-able value for `args`.
 * @returns The running program; it is killed after 25 s.
 */
export async function startChild(source: string, args: unknown): Promise<Child> {
  bundle ??= makeBundle();
  const dir = await bundle;
  const library = pathToFileURL(join(dir, "rediswire.mjs")).href;
  const file = join(dir, `${Math.random().toString(36).slice(2)}.mjs`);
  const head = `import * as rediswire from ${JSON.stringify(library)};\n`;
  await writeFile(file, `${head}const args = ${JSON.stringify(args)};\n${source}`);
  const child = spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "pipe"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), LIFETIME_MS);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const end = once(child, "close").then(([code, signal]) => {
    clearTimeout(timer);
    return { code: (code ?? signal) as number | NodeJS.Signals, output };
  });
  return {
    pid: child.pid ?? 0,
    output: () => output,
    prints: async (text) => {
      const message = () => `the program never printed ${text}:\n${output}`;
      await until(() => output.includes(text), { timeout: LIFETIME_MS, message });
    },
    ended: () => end,
  };
}
