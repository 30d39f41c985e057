/**
 * TCP ports of test servers, chosen below the ephemeral range of the kernel. A port that is closed for a
 * moment (restart, refuse) is then not taken by an outgoing connection or a `listen(0)`, and a client that
 * connects to a closed port never connects to itself.
 */
import { randomInt } from "node:crypto";
import { createServer, type Server } from "node:net";

/** Where to listen. */
export interface Place {
  /** Default: {@link LOOPBACK}. */
  readonly host?: string;
  /** Ports to choose from: the first, and the one after the last; default those of servers that run as processes. */
  readonly ports?: readonly [first: number, end: number];
}

/** Linux uses ports from 32,768 for outgoing connections. */
const SERVER_PORTS = [20_000, 32_000] as const;
const ATTEMPTS = 50;

/** Ports that {@link freePort} returned last: a server binds its ports only after others were chosen. */
const chosen = new Set<number>();
/** Most ports that are avoided, a small part of all. */
const AVOIDED = 2_000;

/** Address on which test servers listen. */
export const LOOPBACK = "127.0.0.1";

/**
 * Listen on a free port.
 *
 * @param server - A server that is not listening.
 * @returns The port.
 * @throws Error when no free port is found.
 */
export async function listen(
  server: Server,
  { host = LOOPBACK, ports = SERVER_PORTS }: Place = {},
): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const port = randomInt(...ports);
    try {
      await listenOn(server, { host, port });
      return port;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

/**
 * Listen on an address.
 *
 * @param server - A server that is not listening.
 * @param address - A host and port, or the path of a unix socket.
 * @throws Error when the address is in use.
 */
export function listenOn(
  server: Server,
  address: { host: string; port: number } | { path: string },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(address, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/**
 * Find a free port, which this process was not given recently. Another process may bind it before it is used; retry
 * then.
 *
 * @returns The port.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    if (chosen.has(port)) continue;
    const [oldest] = chosen;
    if (chosen.size === AVOIDED && oldest !== undefined) chosen.delete(oldest);
    chosen.add(port);
    return port;
  }
}
