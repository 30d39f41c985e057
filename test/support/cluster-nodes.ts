/** Servers that run as nodes of a cluster, for the tests of the CLUSTER commands. */
import { freePort } from "./ports.js";
import { type RunningServer, startServer } from "./server.js";

/** A node and its port on the cluster bus. */
export interface Node {
  readonly server: RunningServer;
  readonly busPort: number;
}

/**
 * Start a node without other nodes.
 *
 * @param config - Additional lines of the configuration.
 */
export async function startNode(config: Readonly<Record<string, string>> = {}): Promise<Node> {
  // The default port of the bus is 10000 higher, which may be out of range.
  const busPort = await freePort();
  const server = await startServer({
    config: {
      "cluster-enabled": "yes",
      "cluster-config-file": "nodes.conf",
      "cluster-port": String(busPort),
      // Time that a node waits after a failed state before it serves again.
      "cluster-node-timeout": "1000",
      ...config,
    },
  });
  return { server, busPort };
}
