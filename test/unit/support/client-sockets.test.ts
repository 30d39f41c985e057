/** Ports of tests: those of scripted and of real servers, and to which ones this process is connected. */
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { expect, it } from "vitest";
import { isConnectedTo } from "../../support/client-sockets.js";
import { freePort, listen } from "../../support/ports.js";

it("isConnectedTo() is true from the attempt to connect until the socket is closed", async () => {
  const server = createServer().unref();
  const port = await listen(server);
  const socket = connect(port, "127.0.0.1");
  const connected = once(socket, "connect");
  await once(socket, "connectionAttempt");
  expect([socket.connecting, isConnectedTo(port)]).toEqual([true, true]);
  await connected;
  expect(isConnectedTo(port)).toBe(true);
  socket.destroy();
  server.close();
  await once(socket, "close");
  expect(isConnectedTo(port)).toBe(false);
});

it("isConnectedTo() is false after a refused attempt", async () => {
  const port = await freePort();
  const socket = connect(port, "127.0.0.1").on("error", () => undefined);
  await new Promise((resolve) => socket.once("close", resolve));
  expect(isConnectedTo(port)).toBe(false);
});

it("listen() returns ports that freePort() does not", async () => {
  const servers = Array.from({ length: 20 }, () => createServer().unref());
  const scripted = await Promise.all(servers.map((server) => listen(server)));
  const real = await Promise.all(servers.map(() => freePort()));
  for (const server of servers) server.close();
  expect(Math.max(...scripted)).toBeLessThan(Math.min(...real));
});
