/** Failures to connect that waiting cannot mend: they reject at once, and attempts are paced. */
import { describe, expect, it, vi } from "vitest";
import {
  AuthenticationError,
  type ClientOptions,
  ConnectionPool,
  Redis,
  Retry,
} from "../../src/index.js";
import { ConstantBackoff } from "../../src/options/backoff.js";
import { mockServer, type Peer } from "../support/mock-server.js";
import { errorOf, kindOf, settle } from "../support/settle.js";
import { until } from "../support/until.js";
import {
  clientOf,
  echo,
  NO_PASSWORD,
  waitEventLoopTurns,
  watchEveryTest,
} from "../support/wire-clients.js";

watchEveryTest();

const WRONGPASS = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";

/** Answers AUTH by comparing the password; everything else with OK. */
function guarded(isRight: (password: string) => boolean) {
  return async (peer: Peer): Promise<void> => {
    for await (const [name, first = ""] of peer.commands())
      peer.send(name === "AUTH" && !isRight(first) ? WRONGPASS : "+OK\r\n");
  };
}

const refuseAll = guarded(() => false);

/** A client without an own `retry`: the default is under test. */
const clientWith = (target: { host: string; port: number }, options: ClientOptions = {}) =>
  clientOf(target, { retry: undefined, ...options });

describe("refused credentials", () => {
  it("reject a command at once, before its deadline", async () => {
    await using mock = await mockServer(refuseAll);
    await using redis = clientWith(mock, { password: "wrong" });
    const ending = await settle(redis.get("a"), 1000);
    expect(ending).toMatchObject({
      ok: false,
      error: {
        name: "AuthenticationError",
        code: "WRONGPASS",
        command: "GET",
        outcome: "not-sent",
      },
    });
    expect(mock.connections).toBe(1);
  });

  it("reject every waiting command with outcome not-sent, and the next ones reach the server once its password is set", async () => {
    let hasPassword = false;
    await using mock = await mockServer(async (peer) => {
      for await (const [name] of peer.commands())
        peer.send(name === "AUTH" && !hasPassword ? `-${NO_PASSWORD}\r\n` : "+OK\r\n");
    });
    await using redis = clientWith(mock, { password: "secret" });
    const calls = [redis.set("a", "1"), redis.pipeline().set("b", "1").exec(), redis.blpop("c", 0)];
    for (const error of await Promise.all(calls.map((call) => errorOf(call)))) {
      expect(kindOf(error)).toBe("AuthenticationError not-sent");
      expect(error.message).toContain(NO_PASSWORD);
    }
    expect(new Set(mock.received.map(([name]) => name))).toEqual(new Set(["AUTH"]));
    hasPassword = true;
    await until(() => redis.set("a", "1").catch(() => false));
  });

  it("let timers run while a caller repeats rejected calls without a pause", async () => {
    await using mock = await mockServer(refuseAll);
    await using redis = clientWith(mock, { password: "wrong" });
    await errorOf(redis.get("a"));
    const repeat: readonly (() => Promise<unknown>)[] = [
      () => redis.get("a"),
      () => redis.blpop("a", 0),
      () => redis.connectionPool.lease(),
      () => redis.scriptKill(),
    ];
    for (const call of repeat) {
      let elapsed = false;
      setImmediate(() => {
        elapsed = true;
      });
      let calls = 0;
      while (!elapsed && calls++ < 10_000) await errorOf(call());
      expect(calls).toBeLessThan(10);
    }
  });

  it("reject commands of the following pause without connecting, each with its own error", async () => {
    await using mock = await mockServer(refuseAll);
    await using redis = clientWith(mock, { password: "wrong" });
    const first = await errorOf(redis.get("a"));
    const calls = [
      redis.set("b", "1"),
      redis.blpop("c", 0),
      redis.pipeline().get("d").exec(),
      redis.client().get("e"),
      redis.pipeline().watch("f"),
      redis.pubsub().subscribe("g"),
      redis.connect(),
      redis.connectionPool.lease(),
    ];
    const errors = await Promise.all(calls.map((call) => errorOf(call)));
    expect(errors.map(kindOf)).toEqual(calls.map(() => "AuthenticationError not-sent"));
    expect(new Set([first, ...errors]).size).toBe(calls.length + 1);
    const origin = (error: unknown): unknown =>
      error instanceof Error && error.cause !== undefined ? origin(error.cause) : error;
    expect(errors.every((error) => origin(error) === first.cause)).toBe(true);
    expect(errors[0]?.command).toBe("SET");
    expect(mock.connections).toBe(1);
  });

  it("make few connections, with growing pauses, however many commands are issued", async () => {
    const times: number[] = [];
    await using mock = await mockServer((peer) => {
      times.push(performance.now());
      return refuseAll(peer);
    });
    await using redis = clientWith(mock, { password: "wrong" });
    let commands = 0;
    await until(
      async () => {
        commands++;
        expect(kindOf(await errorOf(redis.get("a")))).toBe("AuthenticationError not-sent");
        return mock.connections === 4;
      },
      { interval: 1 },
    );
    const pauses = times.slice(1).map((time, i) => time - (times[i] ?? 0));
    // At least half of 150, 300 and 600 ms.
    expect(pauses.map((pause, i) => pause >= 74 * 2 ** i)).toEqual([true, true, true]);
    expect(commands).toBeGreaterThan(20);
  });

  it("make one connection at a time after a pause, however many calls need one of their own", async () => {
    await using mock = await mockServer(refuseAll);
    await using redis = clientWith(mock, { password: "wrong" });
    expect(kindOf(await errorOf(redis.get("a")))).toBe("AuthenticationError not-sent");
    for (let connections = 2; connections <= 3; connections++) {
      await until(async () => {
        await Promise.all(Array.from({ length: 20 }, () => errorOf(redis.blpop("a", 0))));
        return mock.connections > connections - 1;
      });
      expect(mock.connections).toBe(connections);
    }
  });

  it("are tried again after the pause, and a success ends the pauses", async () => {
    const passwords = ["old", "new"];
    const provider = vi.fn(() => ({ password: passwords[0] ?? "" }));
    await using mock = await mockServer(guarded((password) => password === "new"));
    await using redis = clientWith(mock, { credentialProvider: provider });
    await errorOf(redis.get("a"));
    passwords.shift();
    await until(() => redis.set("a", "1").catch(() => false));
    expect(provider).toHaveBeenCalledTimes(2);
    expect(mock.connections).toBe(2);
    passwords.unshift("old");
    redis.disconnect();
    await errorOf(redis.get("a"));
    passwords.shift();
    const start = performance.now();
    await until(() => redis.set("a", "1").catch(() => false));
    expect(performance.now() - start).toBeLessThan(300);
  });

  it("are tried again at once after disconnect()", async () => {
    let password = "old";
    await using mock = await mockServer(guarded((given) => given === "new"));
    await using redis = clientWith(mock, { credentialProvider: () => ({ password }) });
    await errorOf(redis.set("a", "1"));
    password = "new";
    redis.disconnect();
    expect(await redis.set("a", "1")).toBe(true);
  });

  it("are retried until the deadline by a Retry that lists AuthenticationError", async () => {
    let refusals = 0;
    await using mock = await mockServer(guarded(() => ++refusals > 3));
    const retry = new Retry(new ConstantBackoff(1), -1, [AuthenticationError]);
    await using redis = clientWith(mock, { password: "late", retry });
    expect(await redis.set("a", "1")).toBe(true);
    expect(mock.connections).toBe(4);
  });

  it("reject only what needs a new connection while the shared one works", async () => {
    let isRight = true;
    await using mock = await mockServer(async (peer) => {
      for await (const [name] of peer.commands())
        peer.send(name === "AUTH" && !isRight ? WRONGPASS : "+OK\r\n");
    });
    await using redis = clientWith(mock, { password: "changed", sharedConnections: 2 });
    await redis.set("a", "1");
    await until(() => mock.connections === 2);
    await waitEventLoopTurns();
    isRight = false;
    expect(kindOf(await errorOf(redis.blpop("list", 0)))).toBe("AuthenticationError not-sent");
    expect(await redis.set("a", "2")).toBe(true);
    expect(kindOf(await errorOf(redis.blpop("list", 0)))).toBe("AuthenticationError not-sent");
    expect(mock.connections).toBe(3);
  });

  it("do not delay close()", async () => {
    await using mock = await mockServer(refuseAll);
    const redis = clientWith(mock, { password: "wrong" });
    await errorOf(redis.get("a"));
    await redis.close();
    expect(kindOf(await errorOf(redis.get("a")))).toBe("ConnectionError not-sent");
  });
});

describe("a refused step of the handshake", () => {
  it.each<[string, ClientOptions, string, string]>([
    ["SELECT", { db: 99 }, "-ERR DB index is out of range\r\n", "ResponseError not-sent"],
    ["CLIENT SETNAME", { clientName: "me" }, "-NOPERM no\r\n", "NoPermissionError not-sent"],
    ["a reply that is not RESP", { db: 1 }, "HTTP/1.1 400 Bad\r\n", "ConnectionError not-sent"],
  ])("%s rejects at once and is paced", async (_, options, reply, kind) => {
    await using mock = await mockServer(async (peer) => {
      for await (const __ of peer.commands()) peer.send(reply);
    });
    await using redis = clientWith(mock, options);
    for (let n = 0; n < 5; n++) expect(kindOf(await errorOf(redis.get("a"), 1000))).toBe(kind);
    expect(mock.connections).toBe(1);
  });

  it("is waited for when the reason is a running script (BUSY)", async () => {
    await using mock = await mockServer(async (peer) => {
      for await (const [name] of peer.commands())
        peer.send(name === "SELECT" && peer.index < 2 ? "-BUSY Redis is busy\r\n" : "+OK\r\n");
    });
    await using redis = clientWith(mock, { db: 1 });
    expect(await redis.set("a", "1")).toBe(true);
    expect(mock.connections).toBe(3);
  });
});

describe("a command that waits for a connection", () => {
  it("rejects at its deadline with the reason of the last failed attempt", async () => {
    await using mock = await mockServer((peer) => peer.reset());
    await using redis = clientWith(mock, { db: 1, socketTimeout: 100 });
    const error = await errorOf(redis.get("a"));
    expect(kindOf(error)).toBe("TimeoutError not-sent");
    expect(error.message).toMatch(/^Timeout waiting for a connection; the last attempt failed: ./);
    expect(error).toMatchObject({ command: "GET", cause: { name: "ConnectionError" } });
    expect(mock.connections).toBeGreaterThan(1);
  });

  it("keeps waiting while the server loads its data set", async () => {
    await using mock = await mockServer(async (peer) => {
      for await (const _ of peer.commands())
        peer.send(peer.index < 3 ? "-LOADING Redis is loading the dataset\r\n" : "+OK\r\n");
    });
    await using redis = clientWith(mock, { db: 1 });
    expect(await redis.set("a", "1")).toBe(true);
  });

  it("is served by one attempt at a time after a failure, with all others that wait", async () => {
    let open = 0;
    let most = 0;
    let isDown = true;
    await using mock = await mockServer(async (peer) => {
      most = Math.max(most, ++open);
      await peer.next();
      if (isDown) {
        await waitEventLoopTurns();
        open--;
        return peer.reset();
      }
      peer.send("+OK\r\n");
      return echo(peer);
    });
    await using redis = clientWith(mock, { db: 1 });
    const first = redis.get("a");
    await until(() => mock.connections >= 2);
    const sessions = Array.from({ length: 5 }, () => redis.client());
    const gets = sessions.map((session, i) => session.get(`${i}`));
    await until(() => mock.connections >= 5);
    expect(most).toBe(1);
    isDown = false;
    expect(await Promise.all([first, ...gets])).toEqual(["a", "0", "1", "2", "3", "4"]);
    await Promise.all(sessions.map((session) => session.close()));
  });

  it("waits without end with socketTimeout: 0", async () => {
    let isDown = true;
    await using mock = await mockServer(async (peer) => {
      if (isDown) return peer.reset();
      return echo(peer);
    });
    await using redis = clientWith(mock, { db: 1, socketTimeout: 0 });
    const pending = redis.get("a");
    await until(() => mock.connections >= 8);
    isDown = false;
    expect(await pending).toBe("a");
  });
});

describe("retry as a number or a function", () => {
  const resetAll = (peer: Peer) => peer.reset();

  it.each([1, 3])("%d makes as many attempts", async (count) => {
    await using mock = await mockServer(resetAll);
    await using redis = clientWith(mock, { db: 1, retry: count });
    expect(kindOf(await errorOf(redis.get("a")))).toBe("ConnectionError not-sent");
    expect(mock.connections).toBe(count);
  });

  it("a function decides after each failed attempt", async () => {
    await using mock = await mockServer(resetAll);
    const retry = vi.fn((attempt: number) => (attempt < 4 ? 1 : undefined));
    await using redis = clientWith(mock, { db: 1, retry });
    expect(kindOf(await errorOf(redis.connect()))).toBe("ConnectionError not-sent");
    expect(retry.mock.calls.map(([attempt]) => attempt)).toEqual([1, 2, 3, 4]);
    expect(mock.connections).toBe(4);
  });

  it("a function is not called for refused credentials", async () => {
    await using mock = await mockServer(refuseAll);
    const retry = vi.fn(() => 1);
    await using redis = clientWith(mock, { password: "wrong", retry });
    expect(kindOf(await errorOf(redis.get("a")))).toBe("AuthenticationError not-sent");
    expect(retry).not.toHaveBeenCalled();
  });

  it.each<[string, () => unknown, RegExp]>([
    ["returns NaN", () => Number.NaN, /^option "retry" must be .*, got NaN$/],
    ["returns a promise", () => Promise.reject(new Error("x")), /, got a promise$/],
    [
      "throws",
      () => {
        throw new Error("mistake");
      },
      /^option "retry" failed: mistake$/,
    ],
  ])("a function that %s rejects the command with a DataError", async (_, retry, message) => {
    await using mock = await mockServer(resetAll);
    await using redis = clientWith(mock, { db: 1, retry: retry as () => number });
    const error = await errorOf(redis.get("a"), 1000);
    expect(kindOf(error)).toBe("DataError not-sent");
    expect(error.message).toMatch(message);
    expect(mock.connections).toBe(1);
  });

  it("limits how often a subscriber reconnects", async () => {
    await using mock = await mockServer(async (peer) => {
      if (peer.index > 0) return peer.reset();
      await peer.handshake({ count: 1 });
      await peer.expect(["SUBSCRIBE", "a"]);
      peer.send("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n");
      await peer.reset();
    });
    await using redis = clientWith(mock, { db: 1, retry: 1 });
    const onError = vi.fn();
    const retry = vi.fn((attempt: number) => (attempt < 3 ? 1 : undefined));
    const pubsub = redis.pubsub({ onError, retry });
    await pubsub.subscribe("a");
    await until(() => onError.mock.calls.length === 1);
    expect(retry.mock.calls.map(([attempt]) => attempt)).toEqual([1, 2, 3]);
    expect(pubsub.subscribed).toBe(false);
  });
});

describe("a pool with an AddressSource", () => {
  it("waits for an address until the deadline of a command", async () => {
    await using mock = await mockServer(echo);
    let asked = 0;
    const addressSource = {
      description: "somewhere",
      async resolve() {
        if (++asked < 8) throw new Error("no address yet");
        return { kind: "tcp", host: mock.host, port: mock.port } as const;
      },
    };
    const pool = new ConnectionPool({ addressSource, libName: null, libVersion: null });
    await using redis = new Redis({ connectionPool: pool });
    expect(await redis.get("a")).toBe("a");
    await pool.close();
  });
});
