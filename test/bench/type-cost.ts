/** Measures what the types of a package cost a program of one line that uses it. */
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { BENCH, ROOT } from "./paths.js";
import { median } from "./statistics.js";

const run = promisify(execFile);
const TSC = join(ROOT, "node_modules", "typescript", "bin", "tsc");
const KB_PER_MB = 1024;

/** What `tsc --extendedDiagnostics` reports for a program of one line. */
export interface TypeCost {
  /** s; the packages' declarations are checked only as far as the line needs them. */
  readonly checkTime: number;
  readonly types: number;
  /** MB. */
  readonly memory: number;
  /** s; without `skipLibCheck`, so that all declarations are checked. */
  readonly fullCheckTime: number;
  readonly fullTypes: number;
}

type Diagnostics = Readonly<Record<"checkTime" | "types" | "memory", number>>;

/** The programs; the first shows what Node's own types cost. */
const PROGRAMS: Readonly<Record<string, string>> = {
  "no client": 'import { connect } from "node:net";\nexport const value = connect(6379).bytesRead;',
  rediswire:
    'import { Redis } from "../../../../../dist/index.js";\nexport const value = await new Redis().get("a");',
  ioredis: 'import { Redis } from "ioredis";\nexport const value = await new Redis().get("a");',
  "node-redis":
    'import { createClient } from "redis";\nexport const value = await createClient().get("a");',
  glide:
    'import { GlideClient } from "@valkey/valkey-glide";\n' +
    'export const value = await (await GlideClient.createClient({ addresses: [] })).get("a");',
};

const CONFIG = {
  compilerOptions: {
    target: "ES2022",
    lib: ["ES2023", "ESNext.Disposable"],
    module: "NodeNext",
    moduleResolution: "NodeNext",
    types: ["node"],
    strict: true,
    noEmit: true,
  },
  files: ["index.ts"],
};

/**
 * Compile each chosen client's line a few times, and once with all declarations checked.
 *
 * @param clients - Names as on the command line; those without a program are passed over.
 * @param rounds - How often each is compiled.
 * @param say - Receives progress messages.
 * @returns The medians by client, and those of a program without any.
 */
export async function measureTypeCosts(
  clients: readonly string[],
  rounds: number,
  say: (line: string) => void,
): Promise<Record<string, TypeCost>> {
  say("cost of the types");
  const costs: [string, TypeCost][] = [];
  for (const [client, text] of Object.entries(PROGRAMS)) {
    if (client === "no client" || clients.includes(client)) {
      costs.push([client, await typeCost(client, text, rounds)]);
    }
  }
  return Object.fromEntries(costs);
}

async function typeCost(client: string, text: string, rounds: number): Promise<TypeCost> {
  const dir = join(BENCH, ".build", "types", client.replace(" ", "-"));
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, "package.json"), JSON.stringify({ type: "module" }));
  await writeFile(join(dir, "tsconfig.json"), JSON.stringify(CONFIG));
  await writeFile(join(dir, "index.ts"), `${text}\n`);
  const lazy: Diagnostics[] = [];
  for (let round = 0; round < rounds; round++) lazy.push(await compile(dir, true));
  // Takes seconds, and the number of types is constant: once is enough.
  const full = await compile(dir, false);
  return {
    checkTime: median(lazy.map((cost) => cost.checkTime)),
    types: median(lazy.map((cost) => cost.types)),
    memory: median(lazy.map((cost) => cost.memory)),
    fullCheckTime: full.checkTime,
    fullTypes: full.types,
  };
}

async function compile(dir: string, skipLibCheck: boolean): Promise<Diagnostics> {
  const args = [TSC, "-p", dir, "--extendedDiagnostics", "--skipLibCheck", String(skipLibCheck)];
  const { stdout } = await run(process.execPath, args).catch((error: { stdout?: string }) => {
    throw new Error(`the program in ${dir} does not compile:\n${error.stdout}`);
  });
  const number = (name: string): number => {
    const found = new RegExp(`^${name}:\\s+([\\d.]+)`, "m").exec(stdout)?.[1];
    if (found === undefined) throw new Error(`tsc did not print ${name}:\n${stdout}`);
    return Number(found);
  };
  return {
    checkTime: number("Check time"),
    types: number("Types"),
    memory: number("Memory used") / KB_PER_MB,
  };
}
