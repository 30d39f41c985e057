/** Starts the processes that measure cold starts (cold-child.ts). */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { GET_KEYS } from "./data.js";
import type { ColdSetup, ColdStart } from "./messages.js";
import { COLD_CHILD } from "./paths.js";
import type { RunEnvironment } from "./rates.js";
import { onCore } from "./setup.js";
import { median } from "./statistics.js";

const run = promisify(execFile);

/**
 * Start a process per client and round, in turns.
 *
 * @param clients - Their names.
 * @param rounds - How many processes each gets.
 * @param around - The seeded server.
 * @returns The medians of each client.
 */
export async function measureColdStarts(
  clients: readonly string[],
  rounds: number,
  around: RunEnvironment,
): Promise<Record<string, ColdStart>> {
  around.say("cold starts");
  const seen = new Map(clients.map((client): [string, ColdStart[]] => [client, []]));
  // One extra round that is not counted: the first one fills the file cache of the system.
  for (let round = 0; round <= rounds; round++) {
    for (const [client, starts] of seen) {
      const start = await coldStart(client, around);
      if (round > 0) starts.push(start);
    }
  }
  const medians = [...seen].map(([client, starts]): [string, ColdStart] => {
    const load = median(starts.map((start) => start.load));
    return [client, { load, firstReply: median(starts.map((start) => start.firstReply)) }];
  });
  return Object.fromEntries(medians);
}

async function coldStart(client: string, around: RunEnvironment): Promise<ColdStart> {
  const node = [...onCore(around.cores?.client), process.execPath];
  const setup: ColdSetup = { client, port: around.port, key: GET_KEYS[0] ?? "" };
  const [program = "", ...args] = [...node, COLD_CHILD, JSON.stringify(setup)];
  const { stdout } = await run(program, args);
  return JSON.parse(stdout) as ColdStart;
}
