/** Owns servers that run as nodes of a cluster, for the tests of the CLUSTER commands. */
import { freePort } from "./ports.js";
import { type RunningServer, startServer } from "./server.js";

/** A node, and the port of its side of the cluster's bus. */
export interface Node {
  readonly server: RunningServer;
  readonly busPort: number;
}

/**
 * Start a node that knows no other.
 *
 * @param config - More lines for its configuration.
 */
export async function startNode(config: Readonly<Record<string, string>> = {}): Promise<Node> {
  // By default the bus takes the port 10000 higher, which may not exist.
  const busPort = await freePort();
  const server = await startServer({
    config: {
      "cluster-enabled": "yes",
      "cluster-config-file": "nodes.conf",
      "cluster-port": String(busPort),
      // A node that was in a bad state waits as long before it serves again.
      "cluster-node-timeout": "1000",
      ...config,
    },
  });
  return { server, busPort };
}
