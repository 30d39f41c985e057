/** SCRIPT KILL and other commands that get a connection of their own. */
import { describe, expect, it } from "vitest";
import { type ClientOptions, ConnectionPool, Redis } from "../../src/index.js";
import { mockServer, type Peer } from "../support/mock-server.js";
import { errorOf, kindOf } from "../support/settle.js";
import { until } from "../support/until.js";
import { clientOf, echo, watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

/** Replies to PING, and to nothing else. */
async function silent(peer: Peer): Promise<void> {
  await peer.expect(["PING"]);
  peer.send("+PONG\r\n");
  await peer.stall();
}

/** Answers OK, but refuses everything except AUTH, HELLO and SCRIPT KILL as a busy server does. */
async function busy(peer: Peer): Promise<void> {
  for await (const [name] of peer.commands())
    peer.send(["AUTH", "SCRIPT"].includes(name ?? "") ? "+OK\r\n" : "-BUSY Redis is busy\r\n");
}

describe("SCRIPT KILL", () => {
  it.each<[string, ClientOptions, string[][]]>([
    ["no options", {}, [["PING"], ["SCRIPT", "KILL"]]],
    [
      "db, names and RESP3",
      { db: 3, clientName: "c", libName: "l", libVersion: "1", protocol: 3 },
      [
        ["CLIENT", "SETINFO", "LIB-NAME", "l"],
        ["CLIENT", "SETINFO", "LIB-VER", "1"],
        ["SCRIPT", "KILL"],
      ],
    ],
    [
      "credentials",
      { username: "u", password: "p", db: 3 },
      [
        ["AUTH", "u", "p"],
        ["SCRIPT", "KILL"],
      ],
    ],
  ])("sends only what a busy server accepts: %s", async (_, options, expected) => {
    await using mock = await mockServer(busy);
    await using redis = clientOf(mock, options);
    expect(await redis.scriptKill()).toBe(true);
    expect(mock.received).toEqual(expected);
    await mock.peers[0]?.closed;
  });

  it("uses a new connection for each call, and never one for another command", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock, { maxConnections: 1 });
    await redis.get("a");
    await Promise.all([redis.scriptKill(), redis.scriptKill()]);
    await redis.get("b");
    expect(mock.peers.map(({ received }) => received)).toEqual([
      [
        ["GET", "a"],
        ["GET", "b"],
      ],
      [["PING"], ["SCRIPT", "KILL"]],
      [["PING"], ["SCRIPT", "KILL"]],
    ]);
  });

  it("rejects with the error reply of the server", async () => {
    await using mock = await mockServer(async (peer) => {
      for await (const _ of peer.commands()) peer.send("-NOTBUSY No scripts in execution.\r\n");
    });
    await using redis = clientOf(mock);
    expect(await errorOf(redis.scriptKill())).toMatchObject({
      code: "NOTBUSY",
      command: "SCRIPT KILL",
    });
  });

  it("rejects when its reply does not arrive, its connection is lost, or none can be opened", async () => {
    await using mock = await mockServer([
      silent,
      async (peer) => {
        await peer.expect(["PING"]);
        peer.send("-BUSY Redis is busy\r\n");
        await peer.expect(["SCRIPT", "KILL"]);
        await peer.reset();
      },
      (peer) => peer.reset(),
    ]);
    await using redis = clientOf(mock, { socketTimeout: 60, retry: 1 });
    expect(kindOf(await errorOf(redis.scriptKill()))).toBe("TimeoutError unknown");
    expect(kindOf(await errorOf(redis.scriptKill()))).toBe("ConnectionError unknown");
    expect(kindOf(await errorOf(redis.scriptKill()))).toBe("ConnectionError not-sent");
  });

  it("waits for a connection until its deadline, and rejects at once for refused credentials", async () => {
    await using mock = await mockServer(async (peer) => {
      for await (const [name] of peer.commands())
        peer.send(name === "AUTH" ? "-WRONGPASS no\r\n" : "+OK\r\n");
    });
    await using refused = clientOf(mock, { password: "p", retry: undefined });
    for (const _ of [1, 2])
      expect(kindOf(await errorOf(refused.scriptKill()))).toBe("AuthenticationError not-sent");
    expect(mock.connections).toBe(1);
    await using down = await mockServer((peer) => peer.reset());
    await using redis = clientOf(down, { password: "p", retry: undefined, socketTimeout: 80 });
    expect(kindOf(await errorOf(redis.scriptKill()))).toBe("TimeoutError not-sent");
    expect(down.connections).toBeGreaterThan(1);
  });

  it.each<[string, (redis: Redis) => void, string]>([
    ["disconnect()", (redis) => redis.disconnect(), "ConnectionError unknown"],
    ["a signal", () => {}, "AbortError unknown"],
  ])("ends with %s", async (_, end, kind) => {
    await using mock = await mockServer(silent);
    await using redis = clientOf(mock);
    const controller = new AbortController();
    const failed = errorOf(redis.with({ signal: controller.signal }).scriptKill());
    await until(() => mock.connections === 1);
    const peer = await mock.connection();
    await until(() => peer.received.length === 2);
    end(redis);
    controller.abort();
    expect(kindOf(await failed)).toBe(kind);
  });

  it("is awaited by close(), after which it rejects", async () => {
    await using mock = await mockServer(echo);
    const redis = clientOf(mock);
    const killed = redis.scriptKill();
    await redis.close();
    expect(await killed).toBe(true);
    expect((await errorOf(redis.scriptKill())).code).toBe("ECLOSED");
    expect((await errorOf(redis.client().scriptKill())).code).toBe("ECLOSED");
  });

  it("goes to the server of the shared connection, whichever address comes next", async () => {
    await using first = await mockServer(echo);
    await using second = await mockServer(echo);
    const servers = [first, second];
    const resolve = async () => {
      const { host, port } = servers.shift() ?? second;
      return { kind: "tcp", host, port } as const;
    };
    const pool = new ConnectionPool({
      addressSource: { description: "x", resolve },
      libName: null,
      libVersion: null,
    });
    const redis = new Redis({ connectionPool: pool });
    await redis.get("a");
    await redis.scriptKill();
    expect(first.received).toEqual([["GET", "a"], ["PING"], ["SCRIPT", "KILL"]]);
    await pool.close();
  });
});

describe("quit()", () => {
  const calls: [string, (redis: Redis) => Promise<unknown>][] = [
    ["quit()", (redis) => redis.quit()],
    ['executeCommand("QUIT")', (redis) => redis.executeCommand("quit")],
  ];

  it.each(calls)(
    "%s closes the client: pending commands finish, later ones reject",
    async (_, quit) => {
      await using mock = await mockServer(echo);
      const redis = clientOf(mock);
      await redis.get("a");
      const pending = redis.get("b");
      expect(await quit(redis)).toBe(true);
      expect(await pending).toBe("b");
      expect(await errorOf(redis.get("c"))).toMatchObject({ code: "ECLOSED", outcome: "not-sent" });
      expect(await quit(redis)).toBe(true);
      expect(mock.received).toEqual([
        ["GET", "a"],
        ["GET", "b"],
      ]);
      expect(mock.connections).toBe(1);
    },
  );

  it.each(calls)("%s of a client() ends only that client", async (_, quit) => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock);
    const session = redis.client();
    await session.get("a");
    expect(await quit(session)).toBe(true);
    expect((await errorOf(session.get("b"))).code).toBe("ECLOSED");
    expect(await redis.get("c")).toBe("c");
  });

  it.each(calls)("%s of a view, as its close(), leaves the client open", async (_, quit) => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock);
    const view = redis.with({ timeout: 1000 });
    expect(await quit(view)).toBe(true);
    expect(await view.get("a")).toBe("a");
    const sharing = new Redis({ connectionPool: redis.connectionPool });
    expect(await quit(sharing)).toBe(true);
    expect(await redis.get("b")).toBe("b");
  });
});
