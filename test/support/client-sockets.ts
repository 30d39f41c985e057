/** The sockets that clients of this process have open, by the port of their server. */
import { subscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";

/** Ports are recorded when a socket connects: a socket that was reset has none, before its owner is notified. */
const ports = new Map<Socket, number | undefined>();

subscribe("net.client.socket", (message) => {
  const { socket } = message as { readonly socket: Socket };
  socket.once("connect", () => ports.set(socket, socket.remotePort));
  socket.once("close", () => ports.delete(socket));
});

/** Return whether a client of this process has a connection to a local port, as far as it knows. */
export function isConnectedTo(port: number): boolean {
  return [...ports.values()].includes(port);
}
