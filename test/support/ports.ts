/**
 * Choice of TCP ports in tests: real servers get those of src/testing, scripted servers and proxies others. The nodes of
 * a cluster connect to a killed node again and again: they must not reach a scripted server that has got its port.
 */
import type { Server } from "node:net";
import { LOOPBACK, listen as listenAt } from "../../src/testing/ports.js";

export { freePort, LOOPBACK, listenOn } from "../../src/testing/ports.js";

/** Below those of real servers. */
const SCRIPTED_PORTS = [10_000, 20_000] as const;

/**
 * Address of this process on the loopback interface, for tests that use a large part of all ports: those of another
 * process are free here.
 */
export const OWN_LOOPBACK = `127.${1 + ((process.pid >> 14) & 127)}.${(process.pid >> 7) & 127}.${1 + (process.pid & 127)}`;

/** Listen on a free port that no real server uses; returns the port. */
export function listen(server: Server, host = LOOPBACK): Promise<number> {
  return listenAt(server, { host, ports: SCRIPTED_PORTS });
}
