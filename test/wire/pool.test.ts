/** Pools on the wire: limits, waiting, reuse, and dirty connections that are checked in. */
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import type { Request } from "../../src/connection/request.js";
import {
  BlockingConnectionPool,
  type BlockingPoolOptions,
  ConnectionPool,
  type PoolOptions,
  Redis,
} from "../../src/index.js";
import { bulk, type MockServer, mockServer, type Peer } from "../support/mock-server.js";
import { errorOf, kindOf } from "../support/settle.js";
import { deferred, until } from "../support/until.js";
import {
  clientOf,
  NO_HANDSHAKE,
  SHORT_DEADLINES,
  waitEventLoopTurns,
  watchEveryTest,
} from "../support/wire-clients.js";

watchEveryTest();

async function echo(peer: Peer): Promise<void> {
  for await (const [name, key = ""] of peer.commands()) {
    if (name === "BLPOP") continue;
    peer.send(name === "GET" ? bulk(key) : "+OK\r\n");
  }
}

const target = ({ host, port }: MockServer) => ({
  host,
  port,
  ...SHORT_DEADLINES,
  ...NO_HANDSHAKE,
});
const poolOf = (mock: MockServer, options: PoolOptions = {}) =>
  new ConnectionPool({ ...target(mock), ...options });
const blockingPoolOf = (mock: MockServer, options: BlockingPoolOptions = {}) =>
  new BlockingConnectionPool({ ...target(mock), ...options });
const counts = (pool: ConnectionPool) => inspect(pool).replace(/^.*> /, "");

describe("maxConnections", () => {
  it("rejects requests beyond the limit immediately, and no others", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock, { maxConnections: 2, socketTimeout: 2000 });
    expect(await redis.get("a")).toBe("a");
    const blocked = errorOf(redis.blpop("list", 0));
    await until(() => mock.connections >= 2);
    const get = redis.get("busy");
    const refused = await errorOf(redis.blpop("other", 0));
    expect(refused).toMatchObject({
      name: "MaxConnectionsError",
      message: "Too many connections",
      code: "EPOOL",
      command: "BLPOP",
      outcome: "not-sent",
    });
    expect(await get).toBe("busy");
    redis.disconnect();
    await blocked;
    expect(mock.connections).toBe(2);
  });

  it("maxConnections: 1 serves ordinary and blocking commands in turn over the same connection", async () => {
    await using mock = await mockServer(async (peer) => {
      for await (const [name, key = ""] of peer.commands()) {
        peer.send(name === "BLPOP" ? "*-1\r\n" : bulk(key));
      }
    });
    await using redis = clientOf(mock, { maxConnections: 1 });
    for (const key of ["a", "b", "c"]) {
      expect(await redis.get(key)).toBe(key);
      expect(await redis.blpop("list", 1)).toBeNull();
    }
    expect(mock.connections).toBe(1);
  });

  it("maxConnections: 1 rejects ordinary commands while the connection is leased, and serves them afterwards", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock, { maxConnections: 1 });
    const session = redis.client();
    await session.get("a");
    expect(kindOf(await errorOf(redis.get("b")))).toBe("MaxConnectionsError not-sent");
    await session.close();
    expect(await redis.get("c")).toBe("c");
    expect(mock.connections).toBe(1);
  });

  it("maxConnections: 1 makes commands wait for the place of a draining connection", async () => {
    await using mock = await mockServer([(peer) => peer.stall(), echo]);
    await using redis = clientOf(mock, { maxConnections: 1, socketTimeout: 150 });
    const first = errorOf(redis.get("a"));
    await until(() => mock.received.length >= 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const second = errorOf(redis.get("b"));
    expect(kindOf(await first)).toBe("TimeoutError unknown");
    expect(inspect(redis.connectionPool)).toContain("shared=0");
    expect(await redis.get("c")).toBe("c");
    expect(kindOf(await second)).toBe("TimeoutError unknown");
    expect(mock.connections).toBe(2);
  });

  it("counts connections that are being made", async () => {
    await using mock = await mockServer(echo);
    const pool = poolOf(mock, { maxConnections: 2 });
    const leases = await Promise.allSettled([pool.lease(), pool.lease(), pool.lease()]);
    expect(leases.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
    await until(() => mock.connections >= 2);
    await pool.close();
  });
});

describe("maxPendingCommands", () => {
  it("rejects one command too many, while connecting and when written", async () => {
    const answer = deferred();
    await using mock = await mockServer(async (peer) => {
      await peer.expect(["GET", "0"], ["GET", "1"], ["GET", "2"]);
      await answer.promise;
      peer.send(bulk("v").repeat(3));
      await echo(peer);
    });
    await using redis = clientOf(mock, { maxPendingCommands: 3, socketTimeout: 2000 });
    const kept = ["0", "1", "2"].map((key) => redis.get(key));
    const early = await errorOf(redis.get("3"));
    await until(() => mock.received.length >= 3);
    const late = await errorOf(redis.set("4", "x"));
    for (const error of [early, late]) {
      expect(error).toMatchObject({
        name: "MaxPendingCommandsError",
        code: "EPENDING",
        outcome: "not-sent",
        message: "More than maxPendingCommands (3) commands are outstanding",
      });
    }
    expect([early.command, late.command]).toEqual(["GET", "SET"]);
    answer.resolve();
    expect(await Promise.all(kept)).toEqual(["v", "v", "v"]);
    expect(await redis.get("5")).toBe("5");
    expect(mock.received).toHaveLength(4);
  });

  it("counts every command of a pipeline", async () => {
    const answer = deferred();
    await using mock = await mockServer(async (peer) => {
      await peer.expect(["GET", "a"]);
      peer.send(bulk("a"));
      await peer.expect(["MULTI"], ["INCR", "n"], ["EXEC"]);
      await answer.promise;
      peer.send("+OK\r\n+QUEUED\r\n*1\r\n:1\r\n");
      await peer.stall();
    });
    await using redis = clientOf(mock, { maxPendingCommands: 3 });
    await redis.get("a");
    const exec = redis.pipeline().incr("n").exec();
    expect(kindOf(await errorOf(redis.get("b")))).toBe("MaxPendingCommandsError not-sent");
    answer.resolve();
    expect(await exec).toEqual([1]);
  });
});

describe("leases", () => {
  it("are reused last in, first out", async () => {
    await using mock = await mockServer(echo);
    const pool = poolOf(mock);
    const [a, b, c] = await Promise.all([pool.lease(), pool.lease(), pool.lease()]);
    expect(counts(pool)).toBe("shared=0 leased=3 idle=0 waiting=0");
    for (const lease of [b, c, a]) lease.release();
    expect(counts(pool)).toBe("shared=0 leased=0 idle=3 waiting=0");
    const again = [await pool.lease(), await pool.lease(), await pool.lease()];
    // Compared by identity: two idle connections look alike.
    const released = [b, c, a].map((lease) => lease.connection);
    expect(again.map((lease) => released.indexOf(lease.connection))).toEqual([2, 1, 0]);
    await until(() => mock.connections >= 3);
    await pool.close();
  });

  it("may be released twice, and after their connection is lost, without effect", async () => {
    await using mock = await mockServer(echo);
    const pool = poolOf(mock);
    const lease = await pool.lease();
    lease.release();
    const other = await pool.lease();
    expect(other.connection).toBe(lease.connection);
    lease.release();
    lease.discard();
    expect([lease.alive, other.alive]).toEqual([false, true]);
    expect(counts(pool)).toBe("shared=0 leased=1 idle=0 waiting=0");
    await mock.peers[0]?.reset();
    await until(() => !other.alive);
    other.release();
    expect(counts(pool)).toBe("shared=0 leased=0 idle=0 waiting=0");
    await pool.close();
  });

  it("reject requests after their end", async () => {
    await using mock = await mockServer(echo);
    const pool = poolOf(mock);
    const lease = await pool.lease();
    lease.release();
    const failed: unknown[] = [];
    lease.send({ name: "X", fail: (error: unknown) => failed.push(error) } as unknown as Request);
    expect(failed).toEqual([
      expect.objectContaining({
        message: "The lease was released",
        command: "X",
        outcome: "not-sent",
      }),
    ]);
    await pool.close();
  });

  it("are closed, not reused, when the session state was changed", async () => {
    await using mock = await mockServer(echo);
    const pool = poolOf(mock);
    const lease = await pool.lease();
    lease.connection.watchStarted();
    lease.release();
    await mock.peers[0]?.closed;
    const next = await pool.lease();
    expect(next.connection).not.toBe(lease.connection);
    await pool.close();
  });

  it("are closed, not reused, when a blocking command is unanswered", async () => {
    await using mock = await mockServer(async (peer) => {
      await peer.expect(["BLPOP", "a", "0"]);
      await peer.expectClose();
    });
    const pool = poolOf(mock);
    const redis = new Redis({ connectionPool: pool });
    const session = redis.client();
    const failed = errorOf(session.blpop("a", 0));
    await until(() => mock.received.length >= 1);
    await session.close();
    expect(kindOf(await failed)).toBe("ConnectionError unknown");
    await mock.done();
    expect(counts(pool)).toBe("shared=0 leased=0 idle=0 waiting=0");
    await pool.close();
  });

  it("close their connection when they are discarded", async () => {
    await using mock = await mockServer(async (peer) => {
      await peer.expectClose();
    });
    const pool = poolOf(mock);
    (await pool.lease()).discard();
    await mock.done();
    await pool.close();
  });

  it("are notified once of the loss of their connection", async () => {
    await using mock = await mockServer(echo);
    const pool = poolOf(mock);
    const lease = await pool.lease();
    const losses: unknown[] = [];
    lease.onLost = (error, reported) => losses.push([error.name, reported]);
    await mock.peers[0]?.reset();
    await until(() => losses.length > 0);
    pool.disconnect();
    await waitEventLoopTurns();
    expect(losses).toEqual([["ConnectionError", false]]);
    await pool.close();
  });

  it("take idle connections first, and shared ones only at the limit", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock);
    await using session = redis.client();
    await session.get("a");
    await session.close();
    expect(await redis.get("b")).toBe("b");
    expect(mock.connections).toBe(1);
    await using other = redis.client();
    await other.get("c");
    expect(mock.connections).toBe(2);
  });
});

describe("arguments whose memory is transferred while they wait for a connection", () => {
  it("are rejected, and affect no other command", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock);
    await using session = redis.client();
    const key = () => Uint8Array.from(Buffer.from("gone"));
    const keys = [key(), key(), key()] as const;
    const failures = [redis.get(keys[0]), redis.blpop(keys[1], 0), session.get(keys[2])];
    const errors = Promise.all(failures.map((failure) => errorOf(failure)));
    const kept = Promise.all([redis.get("a"), session.get("b")]);
    for (const { buffer } of keys) structuredClone(buffer, { transfer: [buffer] });
    expect((await errors).map(kindOf)).toEqual(new Array(3).fill("DataError"));
    expect(await kept).toEqual(["a", "b"]);
    expect(inspect(redis.connectionPool)).toContain("shared=1 leased=1 idle=1 waiting=0");
    expect(mock.received.map(([, arg]) => arg).sort()).toEqual(["a", "b"]);
  });
});

describe("inspect strings of connections and pools", () => {
  it("show state and numbers of connections", async () => {
    await using mock = await mockServer(echo);
    const pool = poolOf(mock, { clientName: "me", db: 0 });
    const where = `host=127.0.0.1,port=${mock.port},db=0,client_name=me`;
    expect(inspect(pool)).toBe(
      `ConnectionPool<Connection<${where}>> shared=0 leased=0 idle=0 waiting=0`,
    );
    const lease = await pool.lease();
    expect(inspect(lease.connection)).toBe(`Connection<${where}> ready pending=0`);
    expect(String(lease.connection)).toBe(`Connection<${where}>`);
    lease.discard();
    expect(inspect(lease.connection)).toBe(`Connection<${where}> closed pending=0`);
    await pool.close();
  });
});

describe("a blocking command cancelled while it waits for a connection takes none", () => {
  const MANY = 5000;

  it("leaves the queue immediately, and the next one gets the connection", async () => {
    await using mock = await mockServer(echo);
    const pool = blockingPoolOf(mock, { maxConnections: 1, timeout: 60_000 });
    await using redis = new Redis({ connectionPool: pool });
    await using session = redis.client();
    await session.get("a");
    const controller = new AbortController();
    const view = redis.with({ signal: controller.signal });
    const cancelled = Array.from({ length: MANY }, () => errorOf(view.blpop("list", 0)));
    expect(counts(pool)).toBe(`shared=0 leased=1 idle=0 waiting=${MANY}`);
    controller.abort();
    expect(counts(pool)).toBe("shared=0 leased=1 idle=0 waiting=0");
    await session.close();
    expect(await redis.get("b")).toBe("b");
    expect(new Set((await Promise.all(cancelled)).map(kindOf))).toEqual(
      new Set(["AbortError not-sent"]),
    );
    await pool.close();
  });

  it("causes no connection attempt", async () => {
    await using mock = await mockServer(echo);
    const pool = poolOf(mock);
    await using redis = new Redis({ connectionPool: pool });
    await redis.get("a");
    const controller = new AbortController();
    const view = redis.with({ signal: controller.signal });
    const cancelled = Array.from({ length: 200 }, () => errorOf(view.blpop("list", 0)));
    controller.abort();
    await Promise.all(cancelled);
    await until(() => counts(pool) === "shared=1 leased=0 idle=1 waiting=0");
    await waitEventLoopTurns();
    expect(counts(pool)).toBe("shared=1 leased=0 idle=1 waiting=0");
    await pool.close();
  });
});

describe("BlockingConnectionPool", () => {
  it("makes callers wait for a returned connection, first come first served", async () => {
    await using mock = await mockServer(echo);
    const pool = blockingPoolOf(mock, { maxConnections: 2 });
    const [a, b] = await Promise.all([pool.lease(), pool.lease()]);
    const order: string[] = [];
    const waitAs = async (name: string) => {
      const lease = await pool.lease();
      order.push(name);
      return lease;
    };
    const third = waitAs("third");
    const fourth = waitAs("fourth");
    await waitEventLoopTurns();
    expect(counts(pool)).toBe("shared=0 leased=2 idle=0 waiting=2");
    b.release();
    expect((await third).connection).toBe(b.connection);
    a.release();
    expect((await fourth).connection).toBe(a.connection);
    expect(order).toEqual(["third", "fourth"]);
    await until(() => mock.connections >= 2);
    await pool.close();
  });

  it("connects again for a waiting caller when a connection is closed", async () => {
    await using mock = await mockServer(echo);
    const pool = blockingPoolOf(mock, { maxConnections: 1 });
    const lease = await pool.lease();
    const waiting = pool.lease();
    lease.discard();
    expect((await waiting).alive).toBe(true);
    expect(mock.connections).toBe(2);
    await pool.close();
  });

  it("rejects callers that waited longer than timeout", async () => {
    await using mock = await mockServer(echo);
    const pool = blockingPoolOf(mock, { maxConnections: 1, timeout: 60 });
    const redis = new Redis({ connectionPool: pool });
    const lease = await pool.lease();
    const start = performance.now();
    const [leased, blocking] = await Promise.all([
      errorOf(pool.lease()),
      errorOf(redis.blpop("list", 0)),
    ]);
    expect(performance.now() - start).toBeGreaterThanOrEqual(59.5);
    for (const error of [leased, blocking]) {
      expect(error).toMatchObject({
        name: "ConnectionError",
        message: "No connection available.",
        code: "EPOOL",
        outcome: "not-sent",
      });
    }
    expect(blocking.command).toBe("BLPOP");
    lease.release();
    expect((await pool.lease()).alive).toBe(true);
    await pool.close();
  });

  it("makes ordinary commands wait too, within socketTimeout", async () => {
    await using mock = await mockServer(echo);
    const pool = blockingPoolOf(mock, { maxConnections: 1, socketTimeout: 80 });
    const redis = new Redis({ connectionPool: pool });
    const lease = await pool.lease();
    expect(kindOf(await errorOf(redis.get("a")))).toBe("TimeoutError not-sent");
    const waiting = redis.get("b");
    lease.release();
    expect(await waiting).toBe("b");
    await pool.close();
  });

  it("has 50 connections and a timeout of 20 s by default, and rejects invalid timeouts", () => {
    const pool = new BlockingConnectionPool();
    expect(pool.settings.maxConnections).toBe(50);
    for (const timeout of [-1, Number.NaN, "5"]) {
      expect(() => new BlockingConnectionPool({ timeout: timeout as number })).toThrow(
        'option "timeout" must be a number of milliseconds, at least 0, got ',
      );
    }
  });
});

describe("a pool shared by clients", () => {
  it("is not closed with them, only by its owner", async () => {
    await using mock = await mockServer(echo);
    const pool = poolOf(mock);
    const one = new Redis({ connectionPool: pool });
    const two = new Redis({ connectionPool: pool, decodeResponses: false });
    expect(await one.get("a")).toBe("a");
    expect(await two.get("b")).toEqual(Buffer.from("b"));
    await one.close();
    expect(await two.get("c")).toEqual(Buffer.from("c"));
    expect(mock.connections).toBe(1);
    await pool.close();
    expect(kindOf(await errorOf(two.get("d")))).toBe("ConnectionError not-sent");
  });
});
