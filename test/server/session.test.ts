import { describe, expect, it } from "vitest";
import { Redis } from "../../src/index.js";
import { FAST } from "../faults/settle.js";
import { bulk, mockServer } from "../support/mock-server.js";
import { until } from "../support/until.js";

describe("client()", () => {
  it("keeps the order of its commands through a health check", async () => {
    await using mock = await mockServer(
      async (peer) => {
        await peer.expect(["GET", "a"]);
        peer.send(bulk("A"));
        await peer.expect(["PING"]);
        peer.send("+PONG\r\n");
        await peer.expect(["SET", "b", "1"], ["GET", "b"]);
        peer.send("+OK\r\n", bulk("1"));
        await peer.closed;
      },
      { handshake: true },
    );
    await using client = new Redis(mock.url, { ...FAST, healthCheckInterval: 1 });
    await using session = client.client();
    expect(await session.get("a")).toBe("A");
    const idleSince = performance.now();
    await until(() => performance.now() - idleSince > 3);
    expect(await Promise.all([session.set("b", "1"), session.get("b")])).toEqual([true, "1"]);
  });
});
