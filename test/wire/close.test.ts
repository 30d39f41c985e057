/** `close()` is graceful and always settles; `disconnect()` is immediate, and the client can connect again. */
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { ConnectionPool, Redis, Retry } from "../../src/index.js";
import { ConstantBackoff } from "../../src/options/backoff.js";
import { bulk, mockServer, type Peer } from "../support/mock-server.js";
import { freePort } from "../support/ports.js";
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

/** Wait for a promise to settle within the time limit of a test. */
async function settled(promise: Promise<unknown>, within = 3000): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), within);
  });
  const done = promise.then(
    () => true,
    () => true,
  );
  return Promise.race([done, late]).finally(() => clearTimeout(timer));
}

describe("close()", () => {
  it("lets pending commands finish, and rejects new ones immediately", async () => {
    const answer = deferred();
    await using mock = await mockServer(async (peer) => {
      await peer.expect(["GET", "a"], ["SET", "b", "1"]);
      await answer.promise;
      peer.send(bulk("A"), "+OK\r\n");
      await peer.expectClose();
    });
    const redis = clientOf(mock, { socketTimeout: 2000 });
    const under = [redis.get("a"), redis.set("b", "1")];
    await until(() => mock.received.length >= 2);
    const closed = redis.close();
    const failures = [redis.get("c"), redis.blpop("list", 0), redis.pipeline().get("d").exec()];
    const refused = await Promise.all(failures.map((failure) => errorOf(failure)));
    for (const error of refused) {
      expect(kindOf(error)).toBe("ConnectionError not-sent");
      expect(error).toMatchObject({ code: "ECLOSED", message: "The client is closed" });
    }
    expect(refused.map(({ command }) => command)).toEqual(["GET", "BLPOP", "PIPELINE"]);
    answer.resolve();
    expect(await Promise.all(under)).toEqual(["A", true]);
    await closed;
    await mock.done();
    expect(inspect(redis.connectionPool)).toContain("shared=0 leased=0 idle=0 waiting=0");
  });

  it("waits for commands that wait for a connection", async () => {
    const handshake = deferred();
    await using mock = await mockServer(async (peer) => {
      await peer.expect(["AUTH", "pw"]);
      await handshake.promise;
      peer.send("+OK\r\n");
      await echo(peer);
    });
    const redis = clientOf(mock, { password: "pw", socketTimeout: 2000 });
    const get = redis.get("a");
    await until(() => mock.received.length >= 1);
    const closed = redis.close();
    expect(kindOf(await errorOf(redis.get("b")))).toBe("ConnectionError not-sent");
    handshake.resolve();
    expect(await get).toBe("a");
    await closed;
    await mock.peers[0]?.closed;
  });

  it("abandons a connection attempt that no command waits for", async () => {
    await using mock = await mockServer(async (peer) => {
      await peer.expect(["AUTH", "pw"]);
      await peer.expectClose();
    });
    const redis = clientOf(mock, {
      password: "pw",
      socketConnectTimeout: 60_000,
      socketTimeout: 0,
    });
    const controller = new AbortController();
    const aborted = errorOf(redis.with({ signal: controller.signal }).get("a"));
    await until(() => mock.received.length >= 1);
    controller.abort();
    await aborted;
    await redis.close();
    await mock.done();
  });

  it.each([
    ["refused", "ConnectionError not-sent"],
    ["endless", "TimeoutError not-sent"],
  ])("settles with all commands when the server is down: %s", async (how, kind) => {
    const retries = how === "refused" ? 1 : -1;
    const retry = new Retry(new ConstantBackoff(10), retries);
    const target = { host: "127.0.0.1", port: await freePort() };
    const redis = clientOf(target, { retry, socketTimeout: 100 });
    const get = errorOf(redis.get("a"));
    expect(await settled(redis.close())).toBe(true);
    expect(kindOf(await get)).toBe(kind);
  });

  it("settles by the deadline of pending commands when the server is frozen", async () => {
    await using mock = await mockServer((peer) => peer.stall());
    const redis = clientOf(mock, { socketTimeout: 100 });
    const get = errorOf(redis.get("a"));
    await until(() => mock.received.length >= 1);
    await redis.close();
    expect(kindOf(await get)).toBe("TimeoutError unknown");
  });

  it("prevents retries", async () => {
    await using mock = await mockServer((peer) => peer.stall());
    const redis = clientOf(mock, { socketTimeout: 60, retryOnTimeout: true });
    const get = errorOf(redis.get("a"));
    await until(() => mock.received.length >= 1);
    await redis.close();
    expect(kindOf(await get)).toBe("TimeoutError unknown");
    expect(mock.received).toHaveLength(1);
  });

  it("ends blocking commands immediately", async () => {
    await using mock = await mockServer(echo);
    const redis = clientOf(mock);
    await redis.get("a");
    const popped = errorOf(redis.blpop("list", 0));
    await until(() => mock.connections >= 2);
    await waitEventLoopTurns();
    await redis.close();
    const error = await popped;
    expect(kindOf(error)).toBe("ConnectionError unknown");
    expect(error.message).toBe("The client is closed");
  });

  it("ends a client() with a blocking command behind others", async () => {
    await using mock = await mockServer(async (peer) => {
      await peer.expect(["GET", "a"], ["BLPOP", "list", "0"]);
      await peer.expectClose();
    });
    const redis = clientOf(mock, { socketTimeout: 0 });
    const session = redis.client();
    const failures = [errorOf(session.get("a")), errorOf(session.blpop("list", 0))];
    await until(() => mock.received.length >= 2);
    expect(await settled(redis.close())).toBe(true);
    expect((await Promise.all(failures)).map(kindOf)).toEqual(
      new Array(2).fill("ConnectionError unknown"),
    );
  });

  it("ends idle client() connections, and busy ones accept no more commands", async () => {
    const answer = deferred();
    await using mock = await mockServer(async (peer) => {
      const [, key = ""] = await peer.next();
      if (key === "busy") await answer.promise;
      peer.send(bulk(key));
      await peer.expectClose();
    });
    const redis = clientOf(mock, { socketTimeout: 2000 });
    const [idle, busy] = [redis.client(), redis.client()];
    expect(await idle.get("idle")).toBe("idle");
    const under = busy.get("busy");
    await until(() => mock.received.length >= 2);
    const closed = redis.close();
    const refused = await Promise.all([errorOf(idle.get("x")), errorOf(busy.get("y"))]);
    for (const error of refused) expect(error.message).toBe("The client is closed");
    answer.resolve();
    expect(await under).toBe("busy");
    expect(await settled(closed)).toBe(true);
    expect(mock.received).toHaveLength(2);
  });

  it("may be called twice, at the same time and later", async () => {
    await using mock = await mockServer(echo);
    const redis = clientOf(mock);
    await redis.get("a");
    await Promise.all([redis.close(), redis.close()]);
    await redis.close();
    expect(redis.connectionPool.closed).toBe(true);
  });

  it("prevents connecting when it is called before the first command", async () => {
    await using mock = await mockServer([]);
    const redis = clientOf(mock);
    await redis.close();
    expect(kindOf(await errorOf(redis.get("a")))).toBe("ConnectionError not-sent");
    expect(kindOf(await errorOf(redis.client().get("a")))).toBe("ConnectionError not-sent");
    expect(kindOf(await errorOf(redis.connect()))).toBe("ConnectionError not-sent");
    await waitEventLoopTurns();
    expect(mock.connections).toBe(0);
  });

  it("followed by disconnect() ends immediately", async () => {
    await using mock = await mockServer((peer) => peer.stall());
    const redis = clientOf(mock, { socketTimeout: 0 });
    const get = errorOf(redis.get("a"));
    await until(() => mock.received.length >= 1);
    const closed = redis.close();
    redis.disconnect();
    expect(await settled(closed)).toBe(true);
    expect(kindOf(await get)).toBe("ConnectionError unknown");
    expect(kindOf(await errorOf(redis.get("b")))).toBe("ConnectionError not-sent");
  });

  it("closes nothing when called on a view, or on a client over a shared pool", async () => {
    await using mock = await mockServer(echo);
    const pool = new ConnectionPool({
      host: mock.host,
      port: mock.port,
      ...SHORT_DEADLINES,
      ...NO_HANDSHAKE,
    });
    const redis = new Redis({ connectionPool: pool });
    await redis.with({ timeout: 500 }).close();
    await redis.close();
    expect(await redis.get("a")).toBe("a");
    await pool.close();
    await mock.peers[0]?.closed;
  });

  it("is called at the end of an await using block", async () => {
    await using mock = await mockServer(echo);
    let last: Promise<unknown>;
    {
      await using redis = clientOf(mock);
      last = redis.get("unawaited");
    }
    expect(await last).toBe("unawaited");
    await mock.peers[0]?.closed;
  });
});

describe("disconnect()", () => {
  it("rejects pending commands immediately, and the client can be used again", async () => {
    await using mock = await mockServer([(peer) => peer.stall(), (peer) => peer.stall(), echo]);
    await using redis = clientOf(mock, { socketTimeout: 0 });
    const failures = [errorOf(redis.get("a")), errorOf(redis.blpop("list", 0))];
    await until(() => mock.received.length >= 2);
    redis.disconnect();
    expect(inspect(redis.connectionPool)).toContain("shared=0 leased=0 idle=0 waiting=0");
    const errors = await Promise.all(failures);
    expect(errors.map(kindOf)).toEqual(new Array(2).fill("ConnectionError unknown"));
    expect(errors[0]?.message).toBe("The connection was closed by disconnect()");
    expect(await redis.get("b")).toBe("b");
    expect(mock.connections).toBe(3);
  });

  it("rejects commands that wait for a connection, with outcome not-sent", async () => {
    await using mock = await mockServer((peer) => peer.stall());
    await using redis = clientOf(mock, { password: "pw" });
    const failures = [redis.get("a"), redis.blpop("list", 0), redis.client().get("c")];
    const errors = Promise.all(failures.map((failure) => errorOf(failure)));
    await until(() => mock.connections > 0);
    redis.disconnect();
    expect((await errors).map(kindOf)).toEqual(new Array(3).fill("ConnectionError not-sent"));
    await waitEventLoopTurns();
    for (const peer of mock.peers) await peer.closed;
  });

  it("prevents commands of the same turn from being sent, now and later", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock, { retryOnError: [Error] });
    await redis.get("a");
    const same = errorOf(redis.get("b"));
    redis.disconnect();
    await same;
    await waitEventLoopTurns();
    expect(mock.connections).toBe(1);
  });

  it("has no effect without a connection", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock);
    redis.disconnect();
    redis.disconnect();
    expect(await redis.get("a")).toBe("a");
  });

  it("leaves nothing behind at the moment a connection becomes ready", async () => {
    await using mock = await mockServer(async (peer) => {
      await peer.handshake();
      await echo(peer);
    });
    for (let turn = 0; turn < 12; turn++) {
      await using redis = clientOf(mock, { password: "pw", clientName: "x" });
      const got = redis.get("a").catch((error: unknown) => kindOf(error as Error));
      const before = mock.connections;
      await until(() => mock.connections > before, { interval: 0 });
      // Each time after a different number of microtasks and turns of the handshake.
      await waitEventLoopTurns(turn >> 1);
      if (turn % 2 === 1) await undefined;
      redis.disconnect();
      expect(["a", "ConnectionError not-sent", "ConnectionError unknown"]).toContain(await got);
      expect(await redis.get("b")).toBe("b");
    }
  });
});

describe("connect()", () => {
  it("connects before the first command", async () => {
    await using mock = await mockServer(async (peer) => {
      await peer.expect(["PING"]);
      peer.send("+PONG\r\n");
      await echo(peer);
    });
    await using redis = clientOf(mock);
    expect(await redis.connect()).toBeUndefined();
    expect(await redis.get("a")).toBe("a");
    expect(mock.connections).toBe(1);
  });

  it("resolves for a user without permission for PING", async () => {
    await using mock = await mockServer(async (peer) => {
      await peer.expect(["PING"]);
      peer.send("-NOPERM this user has no permissions to run the 'ping' command\r\n");
      await peer.stall();
    });
    await using redis = clientOf(mock);
    expect(await redis.connect()).toBeUndefined();
  });

  it.each([
    ["SELECT", { db: 99 }, "-ERR DB index is out of range\r\n", "ResponseError not-sent"],
    ["AUTH", { password: "pw" }, "-WRONGPASS no\r\n", "AuthenticationError not-sent"],
    ["AUTH", { password: "pw" }, "-NOPERM no\r\n", "NoPermissionError not-sent"],
  ])("rejects when the server rejects %s", async (name, options, reply, kind) => {
    const replies = { [name]: reply };
    await using mock = await mockServer((peer) => peer.stall(), { handshake: { replies } });
    await using redis = clientOf(mock, options);
    expect(kindOf(await errorOf(redis.connect()))).toBe(kind);
  });

  it("rejects when no server listens, or a password is required", async () => {
    const target = { host: "127.0.0.1", port: await freePort() };
    await using redis = clientOf(target);
    expect(kindOf(await errorOf(redis.connect()))).toBe("ConnectionError not-sent");
    await using mock = await mockServer(async (peer) => {
      await peer.expect(["PING"]);
      peer.send("-NOAUTH Authentication required.\r\n");
      await peer.stall();
    });
    await using other = clientOf(mock);
    expect(kindOf(await errorOf(other.connect()))).toBe("AuthenticationError");
  });
});
