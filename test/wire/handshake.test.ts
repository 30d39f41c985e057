/** The handshake on the wire: its bytes in order, in one batch, and no user command before its end. */
import { describe, expect, it } from "vitest";
import type { RedisOptions } from "../../src/index.js";
import { mockServer, type Peer } from "../support/mock-server.js";
import { encodeCommand } from "../support/resp.js";
import { errorOf, kindOfFailure } from "../support/settle.js";
import {
  clientOf,
  NO_HANDSHAKE,
  NO_PASSWORD,
  waitEventLoopTurns,
  watchEveryTest,
} from "../support/wire-clients.js";

watchEveryTest();

const LIB = { libName: "lib", libVersion: "1.2" };
const SETINFO = [
  ["CLIENT", "SETINFO", "LIB-NAME", "lib"],
  ["CLIENT", "SETINFO", "LIB-VER", "1.2"],
];
const HELLO_REPLY = "%1\r\n+proto\r\n:3\r\n";

const CASES: readonly (readonly [string, RedisOptions, string[][]])[] = [
  ["nothing", NO_HANDSHAKE, []],
  ["user and password", { username: "u", password: "p w" }, [["AUTH", "u", "p w"]]],
  ["password alone", { password: "pw" }, [["AUTH", "pw"]]],
  ["user alone", { username: "u" }, [["AUTH", "u", ""]]],
  ["client name", { clientName: "me" }, [["CLIENT", "SETNAME", "me"]]],
  ["library", LIB, SETINFO],
  ["database", { db: 5 }, [["SELECT", "5"]]],
  [
    "everything",
    { username: "u", password: "pw", clientName: "me", db: 1, ...LIB },
    [["AUTH", "u", "pw"], ["CLIENT", "SETNAME", "me"], ...SETINFO, ["SELECT", "1"]],
  ],
  ["RESP3", { protocol: 3 }, [["HELLO", "3"]]],
  ["RESP3, password", { protocol: 3, password: "pw" }, [["HELLO", "3", "AUTH", "default", "pw"]]],
  [
    "RESP3, everything",
    { protocol: 3, username: "u", password: "pw", clientName: "me", db: 1, ...LIB },
    [["HELLO", "3", "AUTH", "u", "pw"], ["CLIENT", "SETNAME", "me"], ...SETINFO, ["SELECT", "1"]],
  ],
];

const replyTo = (command: string[]) => (command[0] === "HELLO" ? HELLO_REPLY : "+OK\r\n");
const wireOf = (commands: readonly string[][]) => Buffer.concat(commands.map(encodeCommand));

describe("bytes of the handshake", () => {
  it.each(CASES)("%s", async (_what, options, commands) => {
    const seen: Buffer[] = [];
    await using mock = await mockServer(async (peer) => {
      await peer.expect(...commands);
      // The batch has arrived before any reply; now the replies follow one by one, the last one held back.
      seen.push(peer.bytes);
      for (const command of commands.slice(0, -1)) peer.send(replyTo(command));
      await waitEventLoopTurns();
      seen.push(peer.bytes);
      for (const command of commands.slice(-1)) peer.send(replyTo(command));
      await peer.expect(["GET", "k"]);
      peer.send("$1\r\nv\r\n");
      await peer.expectClose();
    });
    await using redis = clientOf(mock, options);
    expect(await redis.get("k")).toBe("v");
    await redis.close();
    await mock.done();
    if (commands.length === 0) return;
    expect(seen).toEqual([wireOf(commands), wireOf(commands)]);
    expect(mock.peers[0]?.bytes).toEqual(
      Buffer.concat([wireOf(commands), encodeCommand(["GET", "k"])]),
    );
  });

  it("contain the library name by default", async () => {
    await using mock = await mockServer(async (peer) => {
      const seen = await peer.handshake();
      expect(seen).toEqual([
        ["CLIENT", "SETINFO", "LIB-NAME", "rediswire"],
        ["CLIENT", "SETINFO", "LIB-VER", expect.stringMatching(/^\d+\.\d+\.\d+/)],
      ]);
      await peer.expect(["PING"]);
      peer.send("+PONG\r\n");
      await peer.expectClose();
    });
    await using redis = clientOf(mock, { libName: undefined, libVersion: undefined });
    await redis.connect();
    await redis.close();
    await mock.done();
  });

  it("may be answered in pieces of any size", async () => {
    await using mock = await mockServer(async (peer) => {
      await peer.expect(["HELLO", "3"], ["SELECT", "2"]);
      await peer.trickle(`${HELLO_REPLY}+OK\r\n`);
      await peer.expect(["GET", "k"]);
      await peer.trickle("_\r\n");
      await peer.expectClose();
    });
    await using redis = clientOf(mock, { protocol: 3, db: 2 });
    expect(await redis.get("k")).toBeNull();
    await redis.close();
    await mock.done();
  });
});

describe("handshake with old servers", () => {
  const options = { protocol: 3, password: "pw", db: 1 } as const;

  it.each([
    ["knows no HELLO", "-ERR unknown command `HELLO`, with args beginning with: `3`, `AUTH`, \r\n"],
    ["does not support RESP3", "-NOPROTO unsupported protocol version\r\n"],
  ])("%s: falls back to RESP2 on the same connection", async (_what, refusal) => {
    await using mock = await mockServer(async (peer) => {
      await peer.expect(["HELLO", "3", "AUTH", "default", "pw"], ["SELECT", "1"]);
      peer.send(refusal, "-NOAUTH Authentication required.\r\n");
      await peer.expect(["AUTH", "pw"], ["SELECT", "1"]);
      await waitEventLoopTurns();
      expect(peer.unread).toEqual([]);
      peer.send("+OK\r\n+OK\r\n");
      await peer.expect(["GET", "k"]);
      peer.send("$-1\r\n");
      await peer.expectClose();
    });
    await using redis = clientOf(mock, options);
    expect(await redis.get("k")).toBeNull();
    await redis.close();
    await mock.done();
    expect(mock.connections).toBe(1);
  });

  it("repeats AUTH with the password alone when the server accepts one argument only", async () => {
    await using mock = await mockServer(async (peer) => {
      await peer.expect(["AUTH", "u", "pw"], ["SELECT", "1"]);
      peer.send("-ERR wrong number of arguments for 'auth' command\r\n", "-NOAUTH no\r\n");
      await peer.expect(["AUTH", "pw"], ["SELECT", "1"]);
      peer.send("+OK\r\n+OK\r\n");
      await peer.expect(["GET", "k"]);
      peer.send("$1\r\nv\r\n");
      await peer.expectClose();
    });
    await using redis = clientOf(mock, { username: "u", password: "pw", db: 1 });
    expect(await redis.get("k")).toBe("v");
    await redis.close();
    await mock.done();
  });

  it("ignores a server without CLIENT SETINFO", async () => {
    const replies = { "CLIENT SETINFO": "-ERR Unknown subcommand\r\n" };
    await using mock = await mockServer(answerGet, { handshake: { replies } });
    await using redis = clientOf(mock, LIB);
    expect(await redis.get("k")).toBe("v");
  });
});

async function answerGet(peer: Peer): Promise<void> {
  for await (const [name] of peer.commands()) peer.send(name === "GET" ? "$1\r\nv\r\n" : "+OK\r\n");
}

describe("rejected handshakes", () => {
  it.each<[string, RedisOptions, string, string, string]>([
    [
      "AUTH",
      { password: "pw" },
      "-WRONGPASS invalid pair\r\n",
      "AuthenticationError not-sent",
      "WRONGPASS invalid pair",
    ],
    [
      "AUTH",
      { password: "pw" },
      "+NO\r\n",
      "AuthenticationError not-sent",
      "Invalid Username or Password",
    ],
    [
      "HELLO",
      { protocol: 3, password: "pw" },
      "-WRONGPASS invalid pair\r\n",
      "AuthenticationError not-sent",
      "WRONGPASS invalid pair",
    ],
    [
      "AUTH",
      { password: "pw" },
      `-${NO_PASSWORD}\r\n`,
      "AuthenticationError not-sent",
      NO_PASSWORD,
    ],
    [
      "HELLO",
      { protocol: 3, password: "pw" },
      `-${NO_PASSWORD}\r\n`,
      "AuthenticationError not-sent",
      NO_PASSWORD,
    ],
    [
      "SELECT",
      { db: 99 },
      "-ERR DB index is out of range\r\n",
      "ResponseError not-sent",
      "ERR DB index is out of range",
    ],
    [
      "CLIENT SETNAME",
      { clientName: "x" },
      "-ERR no names here\r\n",
      "ResponseError not-sent",
      "ERR no names here",
    ],
  ])(
    "%s fails permanently: one attempt, the error for every caller",
    async (name, options, reply, kind, message) => {
      await using mock = await mockServer(
        async (peer) => {
          await peer.handshake({ replies: { [name]: reply } });
          await peer.expectClose();
        },
        { handshake: false },
      );
      await using redis = clientOf(mock, options);
      const errors = await Promise.all([errorOf(redis.get("a")), errorOf(redis.set("b", "c"))]);
      expect(errors.map((error) => `${error.name} ${error.outcome}`)).toEqual([kind, kind]);
      expect(errors.map((error) => error.message)).toEqual([message, message]);
      expect(errors.map((error) => error.command)).toEqual(["GET", "SET"]);
      expect(errors[0]).not.toBe(errors[1]);
      expect(errors[0]?.cause).toBe(errors[1]?.cause);
      expect(mock.connections).toBe(1);
      expect(mock.received.flat()).not.toContain("GET");
    },
  );

  it("name the rejected step", async () => {
    const replies = { SELECT: "-ERR DB index is out of range\r\n" };
    await using mock = await mockServer((peer) => peer.stall(), { handshake: { replies } });
    await using redis = clientOf(mock, { password: "pw", clientName: "me", db: 99 });
    const error = await errorOf(redis.get("a"));
    expect(error.cause).toMatchObject({ command: "SELECT", server: `127.0.0.1:${mock.port}` });
  });

  it("are retried while the server loads its data", async () => {
    let attempts = 0;
    await using mock = await mockServer(async (peer) => {
      const loading = ++attempts < 3;
      await peer.expect(["SELECT", "1"]);
      peer.send(loading ? "-LOADING Redis is loading\r\n" : "+OK\r\n");
      await answerGet(peer);
    });
    await using redis = clientOf(mock, { db: 1 });
    expect(await redis.get("k")).toBe("v");
    expect(mock.connections).toBe(3);
  });

  it("report a server at maxclients", async () => {
    await using mock = await mockServer((peer) => {
      peer.send("-ERR max number of clients reached\r\n");
      peer.close();
    });
    await using redis = clientOf(mock, LIB);
    const error = await errorOf(redis.get("k"));
    expect([error.name, error.outcome, error.message]).toEqual([
      "ConnectionError",
      "not-sent",
      "ERR max number of clients reached",
    ]);
    expect(mock.connections).toBe(3);
  });
});

describe("a handshake without a reply", () => {
  it.each<[string, RedisOptions]>([
    ["RESP2", { password: "pw" }],
    ["RESP3", { protocol: 3 }],
  ])("%s: ends at the connect deadline", async (_what, options) => {
    await using mock = await mockServer((peer) => peer.stall());
    await using redis = clientOf(mock, { ...options, socketConnectTimeout: 60, socketTimeout: 0 });
    const start = performance.now();
    expect(await kindOfFailure(redis.get("k"))).toBe("TimeoutError not-sent");
    // Three attempts of 60 ms each, with pauses of 1 ms.
    expect(performance.now() - start).toBeGreaterThanOrEqual(178);
    expect(mock.connections).toBe(3);
    expect(mock.received.flat()).not.toContain("GET");
  });

  it("ends at the reply deadline when that is shorter", async () => {
    await using mock = await mockServer((peer) => peer.stall());
    await using redis = clientOf(mock, { password: "pw", socketTimeout: 60 });
    const start = performance.now();
    expect(await kindOfFailure(redis.get("k"))).toBe("TimeoutError not-sent");
    expect(performance.now() - start).toBeLessThan(900);
  });
});

describe("a server in protected mode", () => {
  it.each<[string, RedisOptions]>([
    ["with the handshake of every client", {}],
    ["asked for RESP3", { protocol: 3 }],
    ["given a password", { password: "pw" }],
  ])("is reported and not retried: %s", async (_, options) => {
    await using mock = await mockServer(async (peer) => {
      await peer.next();
      peer.send("-DENIED Redis is running in protected mode\r\n");
      peer.socket.end();
    });
    await using redis = clientOf(mock, { ...LIB, ...options });
    const error = await errorOf(redis.get("a"));
    expect(error).toMatchObject({ code: "DENIED", command: "GET", outcome: "not-sent" });
    expect(error.message).toContain("protected mode");
    expect(mock.connections).toBe(1);
  });
});
