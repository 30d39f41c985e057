/** A server that does not read: the client stops writing, queues commands, and continues later. */
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { BlockingConnectionPool, Redis } from "../../src/index.js";
import { bulk, mockServer, type Peer } from "../support/mock-server.js";
import { errorOf, kindOf } from "../support/settle.js";
import { until } from "../support/until.js";
import {
  clientOf,
  NO_HANDSHAKE,
  SHORT_DEADLINES,
  watchEveryTest,
} from "../support/wire-clients.js";

watchEveryTest();

const MEGABYTE = 1024 * 1024;
/** Upper bound in bytes of what the client's socket and the kernel buffer together. */
const HELD = 40 * MEGABYTE;

/** Stops reading immediately, and resumes on request. */
async function pausedEcho(peer: Peer): Promise<void> {
  await peer.expect(["GET", "first"]);
  peer.send(bulk("first"));
  peer.pauseReading();
  for await (const [name, key = ""] of peer.commands()) {
    peer.send(name === "GET" ? bulk(key) : "+OK\r\n");
  }
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
const waiting = (thing: object) => Number(/waiting=(\d+)/.exec(inspect(thing))?.[1]);

describe("a server that stops reading", () => {
  it("receives no more than the buffers hold; the rest waits, and follows in order", async () => {
    await using mock = await mockServer(pausedEcho);
    await using redis = clientOf(mock, { socketTimeout: 8000 });
    await redis.get("first");
    const value = Buffer.alloc(MEGABYTE, 1);
    const count = 50;
    const all: Promise<unknown>[] = [];
    for (let i = 0; i < count; i++) {
      all.push(redis.set(`k${i}`, value));
      await nextTurn();
    }
    const behind = redis.get("behind");
    const held = waiting(redis.connectionPool);
    expect((count - held) * MEGABYTE).toBeLessThan(HELD);
    expect(held).toBeGreaterThan(10);
    expect(mock.connections).toBe(1);
    mock.peers[0]?.resumeReading();
    expect(await Promise.all(all)).toEqual(new Array(count).fill(true));
    expect(await behind).toBe("behind");
    expect(waiting(redis.connectionPool)).toBe(0);
    const keys = mock.received.slice(1).map(([, key]) => key);
    expect(keys).toEqual([...Array.from({ length: count }, (_, i) => `k${i}`), "behind"]);
  });

  it("makes written commands reject with outcome unknown and waiting ones with not-sent when it never resumes", async () => {
    await using mock = await mockServer([pausedEcho, (peer) => peer.stall()]);
    await using redis = clientOf(mock, { socketTimeout: 400, retry: undefined });
    await redis.get("first");
    const value = Buffer.alloc(MEGABYTE, 1);
    const all: Promise<string>[] = [];
    for (let i = 0; i < 60; i++) {
      all.push(errorOf(redis.set(`k${i}`, value)).then(kindOf));
      await nextTurn();
    }
    const held = waiting(redis.connectionPool);
    expect(held).toBeGreaterThan(0);
    const kinds = await Promise.all(all);
    expect(kinds.slice(0, 60 - held)).toEqual(new Array(60 - held).fill("TimeoutError unknown"));
    expect(new Set(kinds.slice(60 - held))).not.toContain("ConnectionError unknown");
    for (const kind of kinds) expect(kind).toMatch(/^TimeoutError (unknown|not-sent)$/);
  });

  it("maxPendingCommands bounds the memory of rejected commands", async () => {
    await using mock = await mockServer(pausedEcho);
    await using redis = clientOf(mock, { socketTimeout: 5000, maxPendingCommands: 20 });
    await redis.get("first");
    const value = Buffer.alloc(MEGABYTE, 1);
    let refused = 0;
    const all: Promise<unknown>[] = [];
    for (let i = 0; i < 120; i++) {
      all.push(
        redis.set(`k${i}`, value).catch((error: unknown) => {
          expect(kindOf(error as Error)).toBe("MaxPendingCommandsError not-sent");
          refused++;
        }),
      );
      await nextTurn();
    }
    expect(waiting(redis.connectionPool)).toBeLessThanOrEqual(20);
    mock.peers[0]?.resumeReading();
    await Promise.all(all);
    expect(refused).toBeGreaterThanOrEqual(20);
    expect(mock.received).toHaveLength(121 - refused);
  });

  it("waiting commands are sent once over the new connection when the connection is lost", async () => {
    await using mock = await mockServer([
      pausedEcho,
      async (peer) => {
        for await (const _ of peer.commands()) peer.send("+OK\r\n");
      },
    ]);
    await using redis = clientOf(mock, { socketTimeout: 5000 });
    await redis.get("first");
    const value = Buffer.alloc(MEGABYTE, 1);
    const all: Promise<unknown>[] = [];
    for (let i = 0; i < 60; i++) {
      all.push(redis.set(`k${i}`, value).catch((error: unknown) => kindOf(error as Error)));
      await nextTurn();
    }
    const held = waiting(redis.connectionPool);
    expect(held).toBeGreaterThan(0);
    await mock.peers[0]?.reset();
    const results = await Promise.all(all);
    const lost = new Array(60 - held).fill("ConnectionError unknown");
    expect(results).toEqual([...lost, ...new Array(held).fill(true)]);
    const keys = mock.peers[1]?.received.map(([, key]) => key);
    expect(keys).toEqual(Array.from({ length: held }, (_, i) => `k${60 - held + i}`));
  });
});

describe("maxPendingCommands", () => {
  const outcomes = (all: readonly Promise<unknown>[]) =>
    Promise.all(all.map((one) => errorOf(one).then(kindOf)));

  it.each(["before its connection is there", "on its connection"])(
    "applies to client(): %s",
    async (when) => {
      await using mock = await mockServer(async (peer) => {
        for await (const [name] of peer.commands()) if (name === "PING") peer.send("+PONG\r\n");
      });
      await using redis = clientOf(mock, { maxPendingCommands: 5, socketTimeout: 0 });
      const session = redis.client();
      if (when === "on its connection") await session.ping();
      const all = outcomes(Array.from({ length: 8 }, () => session.get("a")));
      await until(() => mock.received.filter(([name]) => name === "GET").length === 5);
      redis.disconnect();
      expect((await all).filter((kind) => kind === "MaxPendingCommandsError not-sent").length).toBe(
        3,
      );
    },
  );

  it("applies to blocking commands that wait for a connection", async () => {
    await using mock = await mockServer((peer) => peer.stall());
    const pool = { maxConnections: 1, timeout: 0 };
    const connectionPool = new BlockingConnectionPool({
      ...SHORT_DEADLINES,
      ...NO_HANDSHAKE,
      ...pool,
      port: mock.port,
      maxPendingCommands: 5,
    });
    await using redis = new Redis({ connectionPool });
    const first = errorOf(redis.blpop("a", 0));
    await until(() => mock.received.length === 1);
    const all = outcomes(Array.from({ length: 8 }, () => redis.blpop("a", 0)));
    await connectionPool.close();
    expect((await all).filter((kind) => kind === "MaxPendingCommandsError not-sent").length).toBe(
      3,
    );
    await first;
  });
});

describe("a reply of many megabytes", () => {
  it("is reassembled from pieces of any size", async () => {
    const text = "0123456789abcdef".repeat(MEGABYTE / 2);
    await using mock = await mockServer(async (peer) => {
      for await (const [,] of peer.commands()) peer.send(bulk(text));
    });
    await using redis = clientOf(mock, { socketTimeout: 8000 });
    const [a, b] = await Promise.all([
      redis.get("a"),
      redis.with({ decodeResponses: false }).get("b"),
    ]);
    expect(a === text).toBe(true);
    expect(b?.equals(Buffer.from(text))).toBe(true);
    await until(() => waiting(redis.connectionPool) === 0);
  });
});
