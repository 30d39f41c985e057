import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type DedicatedRedis, Redis } from "../../src/index.js";
import { bulk, mockServer } from "../support/mock-server.js";
import { describeProtocols } from "../support/protocols.js";
import { sharedServer, uniquePrefix } from "../support/server.js";
import { DEFAULT_DEADLINES, errorOf, kindOf } from "../support/settle.js";
import { until } from "../support/until.js";

const server = await sharedServer();
const redis = new Redis(server.url, DEFAULT_DEADLINES);

afterEach(() => redis.disconnect());

describe("client() with health checks and closing", () => {
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
    await using client = new Redis(mock.url, { ...DEFAULT_DEADLINES, healthCheckInterval: 50 });
    await using session = client.client();
    expect(await session.get("a")).toBe("A");
    const idleSince = performance.now();
    await until(() => performance.now() - idleSince > 60);
    expect(await Promise.all([session.set("b", "1"), session.get("b")])).toEqual([true, "1"]);
  });

  it("runs commands issued before close() on its connection, which is not reused", async () => {
    const session = redis.client();
    await session.get("key");
    const key = uniquePrefix();
    const all = [session.executeCommand("SELECT", 3), session.set(key, "in database 3")];
    await session.close();
    expect(await Promise.all(all)).toEqual([true, true]);
    await redis.set("key", "in database 0");
    expect(await server.command("GET", "key")).toBe("in database 0");
    expect(await redis.get(key)).toBeNull();
    expect(await server.command("INFO", "keyspace")).toContain("db3:keys=1");
  });

  it("rejects invalid arguments without connecting", async () => {
    const session = redis.client();
    const refused = await errorOf(session.set("key", undefined as unknown as string));
    expect(kindOf(refused)).toBe("DataError");
    expect(await server.clients()).toEqual([]);
  });
});

describeProtocols("client()", (protocol) => {
  const options = { ...DEFAULT_DEADLINES, port: server.port, protocol };
  let client: Redis;
  let key: string;

  beforeEach(() => {
    key = uniquePrefix();
    client = new Redis(options);
  });

  afterEach(() => client.close());

  async function connections(): Promise<string[]> {
    const clients = await server.clients();
    return clients.map(({ db, flags }) => `${db} ${flags}`).sort();
  }

  it("selects a database for itself only", async () => {
    await using session = client.client();
    await using other = client.client();
    expect(await session.select(7)).toBe(true);
    await session.set(key, "in 7");
    await client.set(key, "in 0");
    expect([await session.get(key), await client.get(key), await other.get(key)]).toEqual([
      "in 7",
      "in 0",
      "in 0",
    ]);
    await session.del(key);
  });

  it("keeps the order of calls made before it is connected", async () => {
    await using session = client.client();
    const calls = [session.select(7), session.set(key, "in 7"), session.get(key), session.del(key)];
    expect(await Promise.all<unknown>(calls)).toEqual([true, true, "in 7", 1]);
    expect(await client.exists(key)).toBe(0);
  });

  it("returns an unchanged connection to the pool", async () => {
    for (let i = 0; i < 5; i++) {
      await using session = client.client();
      await session.set(key, i);
      await session.pipeline().get(key).exec();
    }
    expect(inspect(client)).toMatch(/ shared=0 leased=0 idle=1 waiting=0>$/);
    expect(await connections()).toEqual(["0 N"]);
  });

  it.each<[string, (session: DedicatedRedis) => Promise<unknown>]>([
    ["SELECT", (session) => session.select(3)],
    ["SELECT of the same database", (session) => session.select(0)],
    ["SELECT by name", (session) => session.executeCommand("select", 3)],
    ["SELECT in a pipeline", (session) => session.pipeline().select(3).exec()],
    ["CLIENT TRACKING", (session) => session.clientTracking()],
    ["CLIENT NO-EVICT", (session) => session.clientNoEvict("ON")],
    ["READONLY", (session) => session.readonly().catch(() => undefined)],
    ["AUTH", (session) => session.executeCommand("AUTH", "default", "any")],
  ])("closes its connection after %s", async (_, change) => {
    const session = client.client();
    await change(session);
    expect(await connections()).toHaveLength(1);
    await session.close();
    await until(async () => (await connections()).length === 0);
    expect(inspect(client)).toMatch(/ shared=0 leased=0 idle=0 waiting=0>$/);
  });

  it("closes its connection when a reply is outstanding", async () => {
    const session = client.client();
    await session.get(key);
    const pop = errorOf(session.blpop(key, 0));
    await until(async () => (await connections()).includes("0 b"));
    await session.close();
    expect(kindOf(await pop)).toBe("ConnectionError unknown");
    await until(async () => (await connections()).length === 0);
  });

  it("rejects commands after close(), which may be called twice", async () => {
    const session = client.client();
    await session.get(key);
    await session.close();
    await session.close();
    expect(kindOf(await errorOf(session.get(key)))).toBe("ConnectionError not-sent");
    const unused = client.client();
    await unused.close();
    expect(kindOf(await errorOf(unused.get(key)))).toBe("ConnectionError not-sent");
  });

  it("reports a connection lost while idle to one command, and restores the database", async () => {
    await using session = client.client();
    await session.select(7);
    await server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    await until(() => inspect(client).includes(" leased=0 "));
    const error = await errorOf(session.set(key, "x"));
    expect(kindOf(error)).toBe("ConnectionError not-sent");
    expect(error.message).toContain("client() was lost");
    await session.set(key, "in 7");
    expect(await connections()).toEqual(["7 N"]);
    expect(await client.exists(key)).toBe(0);
    await session.del(key);
  });

  it("runs blocking commands, pipelines and iterators on its one connection", async () => {
    await using session = client.client();
    await session.select(7);
    await session.rpush(key, "a", "b");
    expect(await session.blpop(key, 1)).toEqual([key, "a"]);
    expect(await session.pipeline().lrange(key, 0, -1).del(key).exec()).toEqual([["b"], 1]);
    await session.set(key, "1");
    const found: string[] = [];
    for await (const name of session.scanIter({ match: key })) found.push(name);
    expect(found).toEqual([key]);
    await session.del(key);
    expect(await connections()).toEqual(["7 N"]);
  });

  it("shares its connection with its views, and a view's close() closes it", async () => {
    const session = client.client();
    const view = session.with({ decodeResponses: false });
    await session.select(7);
    await view.set(key, "x");
    expect(await view.get(key)).toEqual(Buffer.from("x"));
    await view.del(key);
    expect(await connections()).toEqual(["7 N"]);
    await view.close();
    expect(kindOf(await errorOf(session.get(key)))).toBe("ConnectionError not-sent");
  });

  it("client() of a client() uses a separate connection", async () => {
    await using session = client.client();
    await using second = session.client();
    await session.select(7);
    await second.get(key);
    expect(await connections()).toEqual(["0 N", "7 N"]);
  });

  it("rejects SUBSCRIBE, MONITOR and other commands that change the mode of the connection", async () => {
    await using session = client.client();
    for (const name of ["SUBSCRIBE", "MONITOR", "MULTI", "WATCH", "PSYNC", "CLIENT REPLY"]) {
      expect(kindOf(await errorOf(session.executeCommand(name, "x")))).toMatch(/^DataError/);
    }
    expect(await connections()).toEqual([]);
  });
});
