/** Measures the client-side caches, in interleaved rounds, and the memory of their entries. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ClientProcess } from "../client-process.js";
import type { CacheSetup } from "../messages.js";
import type { BenchOptions } from "../options.js";
import { CACHE_CHILD, CACHE_MEMORY_CHILD } from "../paths.js";
import { playRounds, type Row, type RunEnvironment, warmAll } from "../rates.js";
import { onCore } from "../setup.js";
import { CACHE_CLIENTS } from "./clients.js";
import { seedCache } from "./data.js";
import { CACHE_SCENARIOS } from "./scenarios.js";

const run = promisify(execFile);

/** Results of the cache part. */
export interface CacheResults {
  readonly rows: readonly Row[];
  /** Bytes of memory per entry of 100 bytes, by client. */
  readonly memory: Readonly<Record<string, number>>;
}

/**
 * Measure the caches of the chosen clients.
 *
 * @param options - Which clients, and how long.
 * @param around - The server, the cores, and the progress log.
 * @throws Error when a client fails, returns a wrong reply, or does not answer from memory.
 */
export async function measureCache(
  options: BenchOptions,
  { targets, serverPid, cores, say }: RunEnvironment,
): Promise<CacheResults> {
  const log = (line: string): void => say(`cache, ${line}`);
  await seedCache(targets.tcp);
  const clients = options.clients.filter((client) => CACHE_CLIENTS[client] !== undefined);
  const setupOf = (client: string): CacheSetup => ({ client, target: targets.tcp, serverPid });
  const processes: ClientProcess[] = [];
  try {
    for (const client of clients) {
      processes.push(await ClientProcess.start(CACHE_CHILD, setupOf(client), cores?.client));
    }
    const chosen = [...CACHE_SCENARIOS.keys()];
    const round = { ...options, clients, chosen, scenarios: CACHE_SCENARIOS };
    const rows = await playRounds(round, log, await warmAll(round, log, processes));
    log("memory per entry");
    const memory: Record<string, number> = {};
    for (const client of clients) {
      if (CACHE_CLIENTS[client]?.isCached !== true) continue;
      memory[client] = await memoryOf(setupOf(client), cores?.client);
    }
    return { rows, memory };
  } finally {
    await Promise.all(processes.map((process) => process.stop()));
  }
}

async function memoryOf(setup: CacheSetup, core: number | undefined): Promise<number> {
  const node = [...onCore(core), process.execPath, "--expose-gc"];
  const [program = "", ...args] = [...node, CACHE_MEMORY_CHILD, JSON.stringify(setup)];
  const { stdout } = await run(program, args);
  return JSON.parse(stdout) as number;
}
