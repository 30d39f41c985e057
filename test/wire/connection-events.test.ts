/** The state of clients and pools, their figures, and the events of their connections. */
import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, expect, it } from "vitest";
import {
  type ConnectionEventMap,
  type ConnectionEventName,
  type ConnectionListener,
  DataError,
  Retry,
} from "../../src/index.js";
import { ConstantBackoff } from "../../src/options/backoff.js";
import { clientOf as clusterOf } from "../support/cluster-router.js";
import { mockServer, type Peer } from "../support/mock-server.js";
import { freePort } from "../support/ports.js";
import { scriptedCluster } from "../support/scripted-cluster.js";
import { errorOf } from "../support/settle.js";
import { recordUnhandled } from "../support/unhandled.js";
import { until } from "../support/until.js";
import { clientOf, echo, watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

const PAUSE = 20;
const PATIENT = { retry: new Retry(new ConstantBackoff(PAUSE), 1000) };

/** Answer nothing. */
async function silence(peer: Peer): Promise<void> {
  for await (const _ of peer.commands());
}

interface Observed {
  on<E extends ConnectionEventName>(event: E, listener: ConnectionListener<E>): unknown;
}

/** Record the events of a client, with their names. */
function record(client: Observed) {
  const events: [ConnectionEventName, ConnectionEventMap[ConnectionEventName]][] = [];
  for (const name of ["connected", "lost", "reconnecting"] as const)
    client.on(name, (event) => void events.push([name, event]));
  return { events, names: () => events.map(([name]) => name) };
}

describe("status", () => {
  it("is idle before the first command, ready after it, and closed after close()", async () => {
    await using mock = await mockServer(echo);
    const redis = clientOf(mock);
    expect(redis.status).toBe("idle");
    await redis.get("k");
    expect([redis.status, redis.connectionPool.status]).toEqual(["ready", "ready"]);
    await redis.close();
    expect([redis.status, redis.connectionPool.status]).toEqual(["closed", "closed"]);
  });

  it("is connecting during the first attempt, and idle again after disconnect()", async () => {
    await using mock = await mockServer(silence);
    await using redis = clientOf(mock, { libName: "lib" });
    const error = errorOf(redis.get("k"));
    expect(redis.status).toBe("connecting");
    redis.disconnect();
    await error;
    expect(redis.status).toBe("idle");
  });

  it("is reconnecting while a server that was lost is dialled, and ready when it is back", async () => {
    const port = await freePort();
    const first = await mockServer(echo, { port });
    await using redis = clientOf(first, PATIENT);
    await redis.get("k");
    await first[Symbol.asyncDispose]();
    await until(() => redis.status === "idle");
    const value = redis.get("k");
    await until(() => redis.status === "reconnecting");
    await using _second = await mockServer(echo, { port });
    expect(await value).toBe("k");
    expect(redis.status).toBe("ready");
  });

  it("is reconnecting after a refused first attempt", async () => {
    await using redis = clientOf({ host: "127.0.0.1", port: await freePort() }, PATIENT);
    const error = errorOf(redis.get("k"));
    await until(() => redis.status === "reconnecting");
    redis.disconnect();
    await error;
  });

  it("is that of a cluster: idle, ready with a connection to one node, and closed", async () => {
    await using servers = await scriptedCluster(3);
    const cluster = clusterOf(servers);
    expect(cluster.status).toBe("idle");
    await cluster.set("k", "v");
    expect(cluster.status).toBe("ready");
    await cluster.close();
    expect(cluster.status).toBe("closed");
  });
});

describe("stats()", () => {
  it("counts connections by use", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock);
    await redis.get("k");
    const dedicated = redis.client();
    await dedicated.get("k");
    expect(redis.connectionPool.stats()).toEqual({
      shared: 1,
      checkedOut: 1,
      idle: 0,
      waiting: 0,
      pendingCommands: 0,
      bytesBuffered: 0,
      reconnects: 0,
    });
    await dedicated.close();
    expect(redis.connectionPool.stats()).toMatchObject({ shared: 1, checkedOut: 0, idle: 1 });
  });

  it("counts commands that await replies, those that wait, and bytes that were not sent", async () => {
    await using mock = await mockServer(silence);
    await using redis = clientOf(mock);
    const errors = [errorOf(redis.get("a")), errorOf(redis.get("b"))];
    expect(redis.connectionPool.stats()).toMatchObject({ waiting: 2, pendingCommands: 0 });
    await until(() => redis.connectionPool.stats().pendingCommands === 2);
    errors.push(errorOf(redis.set("c", Buffer.alloc(50_000))));
    const { pendingCommands, bytesBuffered } = redis.connectionPool.stats();
    expect(pendingCommands).toBe(3);
    expect(bytesBuffered).toBeGreaterThan(50_000);
    expect(bytesBuffered).toBeLessThan(50_100);
    redis.disconnect();
    await Promise.all(errors);
  });

  it("counts connections that replaced lost ones", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock);
    for (let losses = 0; losses < 3; losses++) {
      await redis.get("k");
      expect(redis.connectionPool.stats().reconnects).toBe(losses);
      await mock.peers.at(-1)?.reset();
      await until(() => redis.connectionPool.stats().shared === 0);
    }
  });

  it("refuses an argument", async () => {
    await using mock = await mockServer([]);
    await using redis = clientOf(mock);
    const stats = redis.connectionPool.stats.bind(redis.connectionPool) as (x: number) => unknown;
    expect(() => stats(1)).toThrow(DataError);
  });
});

describe("events of connections", () => {
  it("report a connection, its loss, the attempts that follow, and the new connection", async () => {
    const port = await freePort();
    const address = `127.0.0.1:${port}`;
    const first = await mockServer(echo, { port });
    await using redis = clientOf(first, PATIENT);
    const { events, names } = record(redis);
    await redis.get("k");
    await until(() => events.length === 1);
    expect(events[0]).toEqual(["connected", { address, reconnected: false }]);
    await first[Symbol.asyncDispose]();
    await until(() => events.length === 2);
    expect(events[1]).toMatchObject(["lost", { address, error: { name: "ConnectionError" } }]);
    const value = redis.get("k");
    await until(() => events.length >= 4);
    expect(events[2]).toMatchObject(["reconnecting", { attempt: 1, delay: 0 }]);
    expect(events[3]).toMatchObject([
      "reconnecting",
      { attempt: 2, delay: PAUSE, error: { code: "ECONNREFUSED" } },
    ]);
    await using _second = await mockServer(echo, { port });
    await value;
    await until(() => names().at(-1) === "connected");
    expect(events.at(-1)).toEqual(["connected", { address, reconnected: true }]);
  });

  it("report nothing for a connection that close() or disconnect() ends", async () => {
    await using mock = await mockServer(echo);
    const redis = clientOf(mock);
    const { names } = record(redis);
    await redis.get("k");
    redis.disconnect();
    await redis.get("k");
    await redis.close();
    expect(names()).toEqual(["connected", "connected"]);
  });

  it("report a silent server once, although its connection is closed afterwards", async () => {
    await using mock = await mockServer(silence);
    await using redis = clientOf(mock, { socketTimeout: 50 });
    const { events, names } = record(redis);
    expect(await errorOf(redis.get("k"))).toMatchObject({ name: "TimeoutError" });
    await until(() => redis.connectionPool.stats().shared === 0);
    await until(() => names().includes("lost"));
    expect(names()).toEqual(["connected", "lost"]);
    expect(events[1]).toMatchObject(["lost", { error: { name: "TimeoutError" } }]);
  });

  it("come from the connections of all nodes of a cluster", async () => {
    await using servers = await scriptedCluster(2);
    await using cluster = clusterOf(servers);
    const { events } = record(cluster);
    await cluster.with({ targetNodes: "primaries" }).ping();
    const addresses = (): unknown[] =>
      events.map(([, event]) => (event as { address: string }).address);
    await until(() => servers.nodes.every(({ name }) => addresses().includes(name)));
  });

  it("do not reach a listener that was removed, and reach one that was added twice once", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock);
    const seen: string[] = [];
    const first = (): void => void seen.push("first");
    const second = (): void => void seen.push("second");
    redis.on("connected", first).on("connected", second).on("connected", second);
    redis.off("connected", first).off("lost", first);
    await redis.get("k");
    await until(() => seen.length !== 0);
    expect(seen).toEqual(["second"]);
  });

  it("run listeners in the context of on(), and those of a pool as those of its client", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock);
    const context = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    context.run("caller", () => {
      redis.connectionPool.on("connected", () => void seen.push(context.getStore()));
    });
    await context.run("command", () => redis.get("k"));
    await until(() => seen.length !== 0);
    expect(seen).toEqual(["caller"]);
  });

  it("pass an error of a listener to no command and to no other listener", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock);
    const fault = new Error("from a listener");
    let calls = 0;
    redis.on("connected", () => {
      throw fault;
    });
    redis.on("connected", async () => {
      calls++;
      throw fault;
    });
    const unhandled = await recordUnhandled(async () => {
      expect(await redis.get("k")).toBe("k");
      await until(() => calls === 1);
    });
    expect(unhandled).toEqual([fault, fault]);
  });

  it.each([
    ["error", () => undefined, 'argument "event"'],
    ["connected", undefined, 'argument "listener"'],
  ])("refuse %j with listener %s", async (name, listener, message) => {
    await using mock = await mockServer([]);
    await using redis = clientOf(mock);
    const { connectionPool: pool } = redis;
    for (const target of [redis, pool]) {
      expect(() => target.on(name as "lost", listener as never)).toThrow(message);
      expect(() => target.off(name as "lost", listener as never)).toThrow(message);
    }
  });

  it("are published on a channel, with attributes", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock);
    const seen: Record<string, unknown>[] = [];
    const listen = (event: unknown): void => {
      const { attributes } = event as { attributes: Record<string, unknown> };
      if (attributes["server.port"] === mock.port || attributes["server.port"] === undefined)
        seen.push(attributes);
    };
    subscribe("rediswire:connection", listen);
    try {
      await redis.get("k");
      await mock.peers[0]?.reset();
      await until(() => seen.length === 2);
      await redis.get("k");
    } finally {
      unsubscribe("rediswire:connection", listen);
    }
    expect(seen.map((attributes) => attributes["rediswire.change"])).toEqual([
      "connected",
      "lost",
      "reconnecting",
      "connected",
    ]);
    expect(seen[1]).toMatchObject({ "error.type": "ECONNRESET", "server.address": "127.0.0.1" });
    expect(seen[2]).toMatchObject({ "rediswire.attempt": 1, "rediswire.delay": 0 });
    expect(seen[3]).toMatchObject({ "rediswire.reconnected": 1 });
  });
});
