/**
 * Owns the choice of TCP ports of test servers. Ports are taken below the kernel's ephemeral range, so that
 * a port given up for a moment (restart, refuse) is taken neither by an outgoing connection nor by
 * anybody's `listen(0)`, and a client calling a closed port can never meet itself.
 */
import { randomInt } from "node:crypto";
import { createServer, type Server } from "node:net";

const LOWEST = 10_000;
const HIGHEST = 30_000;
const ATTEMPTS = 50;

/** Where everything listens. */
export const LOOPBACK = "127.0.0.1";

/**
 * Listen on a free port of the loopback address.
 *
 * @param server - A server that does not listen yet.
 * @returns The port.
 * @throws Error when no port can be had.
 */
export async function listen(server: Server): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const port = randomInt(LOWEST, HIGHEST);
    try {
      await listenOn(server, { host: LOOPBACK, port });
      return port;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

/**
 * Listen on exactly this address.
 *
 * @param server - A server that does not listen yet.
 * @param address - A port of a host, or the path of a unix socket.
 * @throws Error when the address is taken.
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
 * Find a port nobody listens on. Somebody may take it before it is used: retry then.
 *
 * @returns The port.
 */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
