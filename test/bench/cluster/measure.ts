/** Measures the cluster clients on a private cluster of three primaries, in interleaved rounds. */
import { LocalCluster } from "../../../src/testing/cluster.js";
import { clusterTestSettings } from "../../../src/testing/start-options.js";
import { ensureRedis } from "../../support/install.js";
import { ClientProcess } from "../client-process.js";
import type { BenchOptions } from "../options.js";
import { CLUSTER_CHILD } from "../paths.js";
import { playRounds, type Row, type RunEnvironment, warmAll } from "../rates.js";
import { onCore } from "../setup.js";
import { CLUSTER_CLIENTS } from "./clients.js";
import { seedCluster } from "./data.js";
import { CLUSTER_SCENARIOS } from "./scenarios.js";

/** Pipelines over several nodes are compiled later than what the other parts measure. */
const WARM_UPS = 3;

/**
 * Measure the cluster clients of the chosen clients.
 *
 * @param options - Which clients, and how long.
 * @param around - The cores, and the progress log.
 * @returns A row per scenario.
 * @throws Error when a client fails or returns a wrong reply.
 */
export async function measureCluster(
  options: BenchOptions,
  { cores, say }: RunEnvironment,
): Promise<Row[]> {
  const program = [...onCore(cores?.server), await ensureRedis()];
  const settings = clusterTestSettings({ config: { save: "" } });
  await using cluster = await LocalCluster.start(settings, { program, certificates: undefined });
  const ports = cluster.primaries.map(({ port }) => port);
  await seedCluster(ports);
  // Servers on cores of their own may be busy together for more than the time that passes.
  const serverPids = cores === undefined ? [] : cluster.primaries.map(({ pid }) => pid);
  const clients = options.clients.filter((client) => CLUSTER_CLIENTS[client] !== undefined);
  const processes: ClientProcess[] = [];
  try {
    for (const client of clients) {
      const setup = { client, ports, serverPids };
      processes.push(await ClientProcess.start(CLUSTER_CHILD, setup, cores?.client));
    }
    const chosen = [...CLUSTER_SCENARIOS.keys()];
    const warmUp = options.warmUp * WARM_UPS;
    const round = { ...options, warmUp, clients, chosen, scenarios: CLUSTER_SCENARIOS };
    const log = (line: string): void => say(`cluster, ${line}`);
    return await playRounds(round, log, await warmAll(round, log, processes));
  } finally {
    await Promise.all(processes.map((process) => process.stop()));
  }
}
