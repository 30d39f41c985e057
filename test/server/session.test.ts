import { afterEach, describe, expect, it } from "vitest";
import { Redis } from "../../src/index.js";
import { errorOf, kindOf, STEADY } from "../faults/settle.js";
import { bulk, mockServer } from "../support/mock-server.js";
import { sharedServer, uniquePrefix } from "../support/server.js";
import { until } from "../support/until.js";

const server = await sharedServer();
const redis = new Redis(server.url, STEADY);

afterEach(() => redis.disconnect());

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
    await using client = new Redis(mock.url, { ...STEADY, healthCheckInterval: 1 });
    await using session = client.client();
    expect(await session.get("a")).toBe("A");
    const idleSince = performance.now();
    await until(() => performance.now() - idleSince > 3);
    expect(await Promise.all([session.set("b", "1"), session.get("b")])).toEqual([true, "1"]);
  });

  it("takes nothing that was not written to other connections when it is closed", async () => {
    const session = redis.client();
    await session.get("key");
    const select = errorOf(session.executeCommand("SELECT", 3));
    const set = errorOf(session.set(uniquePrefix(), "in database 3"));
    await session.close();
    expect(kindOf(await select)).toBe("ConnectionError not-sent");
    expect(kindOf(await set)).toBe("ConnectionError not-sent");
    await redis.set("key", "in database 0");
    expect(await server.command("GET", "key")).toBe("in database 0");
    expect(await server.command("INFO", "keyspace")).not.toContain("db3");
  });

  it("refuses bad arguments without connecting", async () => {
    const session = redis.client();
    const refused = await errorOf(session.set("key", undefined as unknown as string));
    expect(kindOf(refused)).toBe("DataError");
    expect(await server.clients()).toEqual([]);
  });
});
