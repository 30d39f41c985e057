/** A port that was free when it was chosen may be bound by another process before the server starts. */
import { createServer } from "node:net";
import { expect, it, vi } from "vitest";
import { startLocalServer } from "../../../src/testing/local-server.js";
import { freePort, listen, listenOn } from "../../../src/testing/ports.js";
import { serverCommand } from "../../support/other-servers.js";
import { until } from "../../support/until.js";

vi.mock(import("../../../src/testing/ports.js"), async (importOriginal) => {
  const original = await importOriginal();
  return { ...original, freePort: vi.fn(original.freePort) };
});

it("a node of a cluster is started on other ports when its bus port is taken", async () => {
  const other = createServer();
  const taken = await listen(other);
  const chosen = [await freePort(), taken];
  for (const port of chosen) vi.mocked(freePort).mockResolvedValueOnce(port);
  try {
    const program = await serverCommand("redis7");
    await using server = await startLocalServer({ program, cluster: true });
    expect(String(await server.command("CLUSTER", "INFO"))).toContain("cluster_known_nodes:1");
    expect(server.port).not.toBe(chosen[0]);
  } finally {
    other.close();
  }
});

it("a node restarts on its ports when another process has released them", async () => {
  const program = await serverCommand("redis7");
  await using server = await startLocalServer({ program, cluster: true });
  const [, bus] = vi.mocked(freePort).mock.results.slice(-2);
  server.kill("SIGKILL");
  await server.exited;
  const other = createServer();
  await listenOn(other, { host: "127.0.0.1", port: Number(await bus?.value) });
  const restarted = server.restart();
  await until(() => server.portTaken, { timeout: 10_000 });
  other.close();
  await restarted;
  expect(String(await server.command("PING"))).toBe("PONG");
});
