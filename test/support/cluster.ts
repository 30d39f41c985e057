/** Real clusters of the tests: those of src/testing, with the server program of the run. */
import { LocalCluster } from "../../src/testing/cluster.js";
import { startCluster as start } from "../../src/testing/index.js";
import type { StartClusterOptions } from "../../src/testing/start-options.js";
import { type ServerName, selectedServer, serverCommand } from "./other-servers.js";

/** Options of a cluster. */
export interface ClusterOptions extends Omit<StartClusterOptions, "server" | "version"> {
  /** Name of the server; default the one that the run selects. */
  readonly server?: ServerName;
}

/**
 * Start a cluster.
 *
 * @param options - Differences from three primaries without replicas.
 * @returns The cluster, whose nodes also execute commands; use `await using` or call `stop()`.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<LocalCluster> {
  const { server: name = selectedServer(), ...rest } = options;
  const cluster = await start({ ...rest, server: await serverCommand(name) });
  if (!(cluster instanceof LocalCluster)) throw new Error("the cluster is not a local one");
  return cluster;
}
