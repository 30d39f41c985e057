/** The option `idleTimeout`: which connections of a pool are closed after a time without use, and which are not. */
import { describe, expect, it } from "vitest";
import { BlockingConnectionPool, ConnectionPool, Redis, Sentinel } from "../../src/index.js";
import { startChild } from "../support/child-process.js";
import { watchLeaks } from "../support/leaks.js";
import { bulk, type MockServer, mockServer, type Peer } from "../support/mock-server.js";
import { until } from "../support/until.js";
import {
  clientOf,
  NO_HANDSHAKE,
  SHORT_DEADLINES,
  watchEveryTest,
} from "../support/wire-clients.js";

watchEveryTest();

/** ms; longer than the tests need between two commands that reuse a connection. */
const IDLE = 100;

async function answer(peer: Peer): Promise<void> {
  for await (const [name, key = ""] of peer.commands()) {
    peer.send(name === "BLPOP" ? "*-1\r\n" : name === "GET" ? bulk(key) : "+OK\r\n");
  }
}

const isOpen = ({ socket }: Peer): boolean => !socket.readableEnded && !socket.destroyed;
const openPeers = (mock: MockServer): number => mock.peers.filter(isOpen).length;
const burst = (redis: Redis, size: number) =>
  Promise.all(Array.from({ length: size }, () => redis.blpop("none", 1)));

describe("idleTimeout", () => {
  it("closes the connections of a burst of blocking commands, and keeps the shared one", async () => {
    await using mock = await mockServer(answer);
    await using redis = clientOf(mock, { idleTimeout: IDLE });
    await redis.get("a");
    await burst(redis, 10);
    expect(openPeers(mock)).toBe(11);
    await until(() => openPeers(mock) === 1);
    expect(mock.peers[0] && isOpen(mock.peers[0])).toBe(true);
    expect(await redis.get("b")).toBe("b");
    expect(await redis.blpop("none", 1)).toBeNull();
    expect(mock.connections).toBe(12);
  });

  it("closes the connection that has been idle longest, while another one is in use", async () => {
    await using mock = await mockServer(answer);
    await using redis = clientOf(mock, { idleTimeout: IDLE });
    await burst(redis, 2);
    const begun = performance.now();
    while (performance.now() - begun < 2 * IDLE) await redis.blpop("none", 1);
    await until(() => openPeers(mock) === 1);
    expect(mock.connections).toBe(2);
  });

  it("keeps a leased connection open, and closes it after it is released", async () => {
    await using mock = await mockServer(answer);
    await using redis = clientOf(mock, { idleTimeout: IDLE });
    const client = redis.client();
    await client.get("a");
    await burst(redis, 1);
    await until(() => openPeers(mock) === 1);
    expect(await client.get("b")).toBe("b");
    await client.close();
    await until(() => openPeers(mock) === 0);
  });

  it.each([0, null])("never closes an idle connection when it is %s", async (idleTimeout) => {
    await using mock = await mockServer(answer);
    await using kept = clientOf(mock, { idleTimeout });
    await burst(kept, 3);
    await using other = clientOf(mock, { idleTimeout: 20 });
    await burst(other, 3);
    await until(() => openPeers(mock) === 3);
    await burst(kept, 3);
    expect(mock.connections).toBe(6);
  });

  it("makes room in a BlockingConnectionPool for connections on demand", async () => {
    await using mock = await mockServer(answer);
    const { host, port } = mock;
    const options = { host, port, ...SHORT_DEADLINES, ...NO_HANDSHAKE, idleTimeout: IDLE };
    const pool = new BlockingConnectionPool({ ...options, maxConnections: 3 });
    const redis = new Redis({ connectionPool: pool });
    await burst(redis, 6);
    expect(mock.connections).toBe(3);
    await until(() => openPeers(mock) === 0);
    await burst(redis, 6);
    expect(mock.connections).toBe(6);
    await pool.close();
  });

  it("uses one timer for all connections, and none after close()", async () => {
    await using mock = await mockServer(answer);
    const watch = watchLeaks("/src/pool/idle-list.ts");
    const redis = clientOf(mock);
    await burst(redis, 10);
    expect(watch.open().filter((resource) => resource.startsWith("Timeout"))).toHaveLength(1);
    await redis.close();
    await watch.assertNone();
  });

  it("does not keep the process alive", async () => {
    await using mock = await mockServer(answer, { handshake: true });
    const program = `
      const redis = new rediswire.Redis(args);
      await Promise.all([redis.blpop("none", 1), redis.blpop("none", 1)]);
      console.log("idle");`;
    const child = await startChild(program, { host: mock.host, port: mock.port });
    expect(await child.ended()).toMatchObject({ code: 0, output: expect.stringContaining("idle") });
  });

  it("is 60 seconds by default, and a setting of every kind of pool", () => {
    const settings = new ConnectionPool().settings;
    expect(settings.idleTimeout).toBe(60_000);
    expect(new Redis({ idleTimeout: 5 }).connectionPool.settings.idleTimeout).toBe(5);
    const sentinel = new Sentinel([["localhost", 1]], { idleTimeout: 7 });
    for (const client of [sentinel.masterFor("m"), sentinel.replicaFor("m")]) {
      expect(client.connectionPool.settings.idleTimeout).toBe(7);
    }
  });
});
