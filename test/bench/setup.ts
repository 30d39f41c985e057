/** Preparation of a run: the build, the peers, two cores and a server. */
import { execFile, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ensureRedis } from "../support/install.js";
import { type RunningServer, startServer } from "../support/server.js";
import { CLIENTS, peerPackages } from "./clients/index.js";
import type { BenchOptions } from "./options.js";
import { BENCH, ROOT } from "./paths.js";

const run = promisify(execFile);

/** The core reserved for each side; undefined when they cannot be separated. */
export interface Cores {
  readonly client: number;
  readonly server: number;
}

/** Build rediswire and install the peers, as far as the chosen clients need it. */
export async function prepare(options: BenchOptions, say: (line: string) => void): Promise<void> {
  const kinds = options.clients.map((name) => CLIENTS[name]?.kind);
  if (options.build && kinds.includes("ours")) {
    say("building rediswire");
    await run("npm", ["run", "build", "--silent"], { cwd: ROOT });
  }
  const missing = peerPackages().filter((name) => !existsSync(join(BENCH, "node_modules", name)));
  if (kinds.includes("peer") && missing.length > 0) {
    say(`installing ${missing.join(", ")} into test/bench`);
    await run("npm", ["ci", "--no-audit", "--no-fund", "--silent"], { cwd: BENCH });
  }
}

/** Choose the two cores. */
export function chooseCores(wanted: boolean): Cores | undefined {
  if (!wanted || availableParallelism() < 2) return undefined;
  if (spawnSync("taskset", ["--version"]).error !== undefined) return undefined;
  const [client, server] = allowedCores();
  return client === undefined || server === undefined ? undefined : { client, server };
}

/** The leading words of a command that runs a program on one core. */
export function onCore(core: number | undefined): string[] {
  return core === undefined ? [] : ["taskset", "-c", String(core)];
}

/** Start the private server on its core. */
export async function startBenchServer(cores: Cores | undefined): Promise<RunningServer> {
  const binary = [...onCore(cores?.server), await ensureRedis()];
  return startServer({ binary, tls: true, unixSocket: true });
}

/** The version that the server reports. */
export async function serverVersion(server: RunningServer): Promise<string> {
  const info = String(await server.command("INFO", "server"));
  const field = (name: string) => new RegExp(`^${name}:(.*?)\r?$`, "m").exec(info)?.[1];
  const valkey = field("valkey_version");
  return valkey === undefined ? `Redis ${field("redis_version")}` : `Valkey ${valkey}`;
}

/** The cores this process may use, from a list such as `0-2,5`. */
function allowedCores(): number[] {
  const status = readFileSync("/proc/self/status", "latin1");
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? "";
  return list.split(",").flatMap((range) => {
    const [from = 0, to = from] = range.split("-").map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}
