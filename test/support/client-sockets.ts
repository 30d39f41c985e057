/** The sockets that clients of this process have open, by the port of their server. */
import { subscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";

/**
 * Ports are recorded as early as possible: a socket that was reset has none, before its owner is notified, and one that
 * is still connecting is perhaps accepted by its server.
 */
const ports = new Map<Socket, number | undefined>();

subscribe("net.client.socket", (message) => {
  const { socket } = message as { readonly socket: Socket };
  // Since Node 20.12; without it, sockets that are still connecting are missed.
  socket.on("connectionAttempt", (_address: string, port: number) => ports.set(socket, port));
  socket.once("connect", () => ports.set(socket, socket.remotePort));
  socket.once("close", () => ports.delete(socket));
});

/** Return whether a client of this process is connected or connecting to a local port, as far as it knows. */
export function isConnectedTo(port: number): boolean {
  return [...ports.values()].includes(port);
}
