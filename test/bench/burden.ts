/** Starts the processes that measure what a client costs the rest of its process (burden-child.ts). */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Burden, BurdenSetup } from "./messages.js";
import { BURDEN_CHILD } from "./paths.js";
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
export async function measureBurdens(
  clients: readonly string[],
  rounds: number,
  around: RunEnvironment,
): Promise<Record<string, Burden>> {
  around.say("pending commands and large replies");
  const seen = new Map(clients.map((client): [string, Burden[]] => [client, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [client, burdens] of seen) burdens.push(await burdenOf(client, around));
  }
  const medians = [...seen].map(([client, burdens]): [string, Burden] => {
    const bytes = median(burdens.map((burden) => burden.bytes));
    return [client, { bytes, delay: median(burdens.map((burden) => burden.delay)) }];
  });
  return Object.fromEntries(medians);
}

async function burdenOf(client: string, around: RunEnvironment): Promise<Burden> {
  const { targets, serverPid, cores } = around;
  const setup: BurdenSetup = { client, target: targets.tcp, serverPid };
  const node = [...onCore(cores?.client), process.execPath, "--expose-gc"];
  const [program = "", ...args] = [...node, BURDEN_CHILD, JSON.stringify(setup)];
  const { stdout } = await run(program, args);
  return JSON.parse(stdout) as Burden;
}
