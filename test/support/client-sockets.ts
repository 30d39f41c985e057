/** The sockets that clients of this process have open, by the port of their server. */
import { subscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";

const sockets = new Set<Socket>();

subscribe("net.client.socket", (message) => {
  const { socket } = message as { readonly socket: Socket };
  sockets.add(socket);
  socket.once("close", () => sockets.delete(socket));
});

/** Return whether a client of this process has a connection to a local port, as far as it knows. */
export function isConnectedTo(port: number): boolean {
  return [...sockets].some(({ remotePort }) => remotePort === port);
}
