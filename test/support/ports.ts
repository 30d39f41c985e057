/**
 * Choice of TCP ports in tests: real servers get those of src/testing, scripted servers and proxies others. The nodes of
 * a cluster connect to a killed node again and again: they must not reach a scripted server that has got its port.
 */
import type { Server } from "node:net";
import { listen as listenIn, type PortRange } from "../../src/testing/ports.js";

export { freePort, LOOPBACK, listenOn } from "../../src/testing/ports.js";

/** Below those of real servers. */
const SCRIPTED_PORTS: PortRange = [10_000, 20_000];

/** Listen on a free port that no real server uses; returns the port. */
export function listen(server: Server): Promise<number> {
  return listenIn(server, SCRIPTED_PORTS);
}
