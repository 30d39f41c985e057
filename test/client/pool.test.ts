import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BlockingConnectionPool, Connection, ConnectionPool, Redis } from "../../src/index.js";
import { startProxy } from "../support/fault-proxy.js";
import { describeProtocols } from "../support/protocols.js";
import { sharedServer, uniquePrefix } from "../support/server.js";
import { errorOf, kindOf } from "../support/settle.js";
import { until } from "../support/until.js";

const server = await sharedServer();
const { port, unixPath = "" } = server;
const pools: ConnectionPool[] = [];
let key: string;

function opened<P extends ConnectionPool>(pool: P): P {
  pools.push(pool);
  return pool;
}

function counts(pool: ConnectionPool): string {
  return inspect(pool).replace(/^.*> /, "");
}

beforeEach(() => {
  key = uniquePrefix();
});

afterEach(async () => {
  for (const pool of pools.splice(0)) pool.disconnect();
  await until(async () => (await server.clients()).length === 0);
});

describe("printed form of clients and pools", () => {
  const HERE = `host=127.0.0.1,port=${port}`;

  it.each<[string, () => Redis, string]>([
    [
      "at first",
      () => new Redis("127.0.0.1", port),
      `Redis<ConnectionPool<Connection<${HERE},db=0>>>`,
    ],
    [
      "with a database and a name",
      () => new Redis("127.0.0.1", port, { db: 2, clientName: "me" }),
      `Redis<ConnectionPool<Connection<${HERE},db=2,client_name=me>>>`,
    ],
    [
      "on a unix socket",
      () => new Redis({ unixSocketPath: unixPath, db: 1 }),
      `Redis<ConnectionPool<Connection<path=${unixPath},db=1>>>`,
    ],
    [
      "over a pool that waits",
      () => new Redis({ connectionPool: new BlockingConnectionPool({ port, db: 4 }) }),
      `Redis<BlockingConnectionPool<Connection<host=localhost,port=${port},db=4>>>`,
    ],
  ])("%s", (_, make, text) => {
    const redis = make();
    expect(String(redis)).toBe(text);
    expect(`${redis.connectionPool}`).toBe(text.slice(text.indexOf("<") + 1, -1));
    expect(inspect(redis)).toBe(`${text.slice(0, -1)} shared=0 leased=0 idle=0 waiting=0>`);
  });

  it("shows the names of subclasses", () => {
    class Cache extends Redis {}
    class Wire extends Connection {}
    class Pool extends ConnectionPool {}
    const connectionPool = new Pool({ host: "127.0.0.1", port, connectionClass: Wire });
    expect(String(new Cache({ connectionPool }))).toBe(`Cache<Pool<Wire<${HERE},db=0>>>`);
  });

  it("shows the numbers of connections by role", async () => {
    const pool = opened(new ConnectionPool({ port }));
    const redis = new Redis({ connectionPool: pool });
    const session = redis.client();
    const get = redis.get(key);
    expect(counts(pool)).toBe("shared=0 leased=0 idle=0 waiting=1");
    await get;
    expect(counts(pool)).toBe("shared=1 leased=0 idle=0 waiting=0");
    await session.get(key);
    const pop = redis.blpop(key, 0);
    await until(() => counts(pool) === "shared=1 leased=2 idle=0 waiting=0");
    await redis.rpush(key, "x");
    await pop;
    expect(counts(pool)).toBe("shared=1 leased=1 idle=1 waiting=0");
    await session.close();
    expect(counts(pool)).toBe("shared=1 leased=0 idle=2 waiting=0");
    pool.disconnect();
    expect(counts(pool)).toBe("shared=0 leased=0 idle=0 waiting=0");
  });

  it("shows the state and pending replies of a connection", async () => {
    const pool = opened(new ConnectionPool({ host: "127.0.0.1", port }));
    const { connection } = await pool.lease();
    expect(inspect(connection)).toBe(`Connection<${HERE},db=0> ready pending=0`);
    pool.disconnect();
    expect(inspect(connection)).toBe(`Connection<${HERE},db=0> closed pending=0`);
  });
});

describeProtocols("shared connections", (protocol) => {
  it("are as many as sharedConnections, and all are used", async () => {
    const pool = opened(new ConnectionPool({ port, protocol, sharedConnections: 4 }));
    const redis = new Redis({ connectionPool: pool });
    await redis.connect();
    const names = await until(async () => {
      await redis.get(key);
      return counts(pool).startsWith("shared=4") && used();
    });
    const sets = Array.from({ length: 400 }, (_, i) => redis.set(key + i, i));
    await Promise.all(sets);
    expect([...(await used())].filter((id) => names.has(id))).toHaveLength(4);
    const gets = await Promise.all(sets.map((_, i) => redis.get(key + i)));
    expect(gets).toEqual(sets.map((_, i) => `${i}`));
    const last = (await server.clients()).map(({ cmd }) => cmd);
    expect(last).toEqual(["get", "get", "get", "get"]);
  });

  it("are replaced when some are lost", async () => {
    const pool = opened(new ConnectionPool({ port, protocol, sharedConnections: 3 }));
    const redis = new Redis({ connectionPool: pool });
    const all = () => counts(pool) === "shared=3 leased=0 idle=0 waiting=0";
    await until(async () => (await redis.get(key)) === null && all());
    const [first] = await used();
    await server.command("CLIENT", "KILL", "ID", first ?? "");
    await until(() => !all());
    await until(async () => (await redis.get(key)) === null && all());
    expect(await used()).not.toContain(first);
  });
});

async function used(): Promise<Set<string>> {
  return new Set((await server.clients()).map(({ id = "" }) => id));
}

describe("leased connections", () => {
  it("are reused, the last returned first", async () => {
    const pool = opened(new ConnectionPool({ port }));
    const leases = await Promise.all([pool.lease(), pool.lease(), pool.lease()]);
    for (const lease of leases) lease.release();
    const again = await pool.lease();
    expect(again.connection).toBe(leases[2]?.connection);
    expect((await pool.lease()).connection).toBe(leases[1]?.connection);
    expect(await used()).toHaveLength(3);
  });

  it("belong to one holder at a time, also after a double release", async () => {
    const pool = opened(new ConnectionPool({ port }));
    const lease = await pool.lease();
    lease.release();
    lease.release();
    lease.discard();
    const [first, second] = await Promise.all([pool.lease(), pool.lease()]);
    expect(first?.connection).not.toBe(second?.connection);
    expect(first?.connection.state).toBe("ready");
  });

  it("are closed when the holder discards them", async () => {
    const pool = opened(new ConnectionPool({ port }));
    const lease = await pool.lease();
    lease.discard();
    expect(lease.connection.state).toBe("closed");
    expect(counts(pool)).toBe("shared=0 leased=0 idle=0 waiting=0");
  });

  it("serve many blocking commands at a time, and few are opened for sequential ones", async () => {
    const pool = opened(new ConnectionPool({ port }));
    const redis = new Redis({ connectionPool: pool });
    for (let i = 0; i < 3; i++) await redis.blpop(key, 0.001);
    expect(counts(pool)).toBe("shared=0 leased=0 idle=1 waiting=0");
    const pops = Array.from({ length: 50 }, (_, i) => redis.blpop(key + i, 0));
    await until(() => counts(pool) === "shared=0 leased=50 idle=0 waiting=0");
    const pushes = pops.map((_, i) => redis.rpush(key + i, i));
    expect(await Promise.all(pops)).toEqual(pushes.map((_, i) => [key + i, `${i}`]));
    expect(new Set(await Promise.all(pushes))).toEqual(new Set([1]));
    expect(counts(pool)).toBe("shared=1 leased=0 idle=50 waiting=0");
  });

  it("closed by the server while idle are replaced without an error", async () => {
    const pool = opened(new ConnectionPool({ port }));
    const redis = new Redis({ connectionPool: pool });
    const session = redis.client();
    await Promise.all([redis.get(key), session.get(key)]);
    await session.close();
    for (const id of await used()) await server.command("CLIENT", "KILL", "ID", id);
    await until(() => counts(pool) === "shared=0 leased=0 idle=0 waiting=0");
    expect(await Promise.all([redis.get(key), redis.client().get(key)])).toEqual([null, null]);
  });
});

describe("ConnectionPool", () => {
  it("serves several clients, each with its own settings", async () => {
    const pool = opened(new ConnectionPool({ port, decodeResponses: false }));
    const bytes = new Redis({ connectionPool: pool });
    const text = new Redis({ connectionPool: pool, decodeResponses: true });
    await bytes.set(key, "value");
    expect(await Promise.all([bytes.get(key), text.get(key)])).toEqual([
      Buffer.from("value"),
      "value",
    ]);
    expect(await used()).toHaveLength(1);
  });

  it("creates connections of connectionClass", async () => {
    const opens: string[] = [];
    class Counted extends Connection {
      override async open(): Promise<void> {
        await super.open();
        opens.push(this.server);
      }
    }
    const connectionPool = opened(new ConnectionPool({ port, connectionClass: Counted }));
    const redis = new Redis({ connectionPool });
    await redis.get(key);
    expect(opens).toEqual([`localhost:${port}`]);
    const own = new Redis({ port, connectionClass: Counted });
    await own.get(key);
    await own.close();
    expect(opens).toHaveLength(2);
  });

  it("rejects commands beyond maxPendingCommands, and serves the others", async () => {
    await using proxy = await startProxy(server);
    const pool = opened(new ConnectionPool({ port: proxy.port, maxPendingCommands: 10 }));
    const redis = new Redis({ connectionPool: pool });
    const waiting = Array.from({ length: 10 }, () => redis.incr(key));
    const error = await errorOf(redis.incr(key));
    expect(kindOf(error)).toBe("MaxPendingCommandsError not-sent");
    expect(error.message).toContain("10");
    await Promise.all(waiting);
    proxy.down.stall();
    const written = Array.from({ length: 10 }, () => redis.incr(key));
    expect(kindOf(await errorOf(redis.incr(key)))).toBe("MaxPendingCommandsError not-sent");
    proxy.down.resume();
    await Promise.all(written);
    expect(await redis.get(key)).toBe("20");
  });
});
