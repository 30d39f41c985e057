/** Health checks: when a PING is sent first, the effect of its reply, and that no command is lost by it. */
import { describe, expect, it } from "vitest";
import type { RedisOptions } from "../../src/index.js";
import { bulk, mockServer, type Peer } from "../support/mock-server.js";
import { errorOf, kindOf } from "../support/settle.js";
import { deferred } from "../support/until.js";
import { clientOf, waitEventLoopTurns, watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

/** ms; longer than the periods in which a busy machine runs other processes. */
const INTERVAL = 150;
const options: RedisOptions = { healthCheckInterval: INTERVAL };

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const idle = () => pause(INTERVAL + 5);

async function echo(peer: Peer): Promise<void> {
  for await (const [name, key = ""] of peer.commands()) {
    peer.send(name === "PING" ? "+PONG\r\n" : name === "BLPOP" ? "*-1\r\n" : bulk(key));
  }
}

const counted = (mock: { received: string[][] }) => mock.received.map((words) => words.join(" "));

describe("health check of a connection that was idle longer than healthCheckInterval", () => {
  it("sends PING first, and commands wait for the reply in order", async () => {
    let early: string[][] = [];
    await using mock = await mockServer([
      async (peer) => {
        await peer.expect(["GET", "a"]);
        peer.send(bulk("a"));
        await peer.expect(["PING"]);
        await waitEventLoopTurns();
        early = peer.unread;
        peer.send("+PONG\r\n");
        await peer.expect(["GET", "b"], ["GET", "c"], ["GET", "d"]);
        peer.send(bulk("b"), bulk("c"), bulk("d"));
        await peer.stall();
      },
    ]);
    await using redis = clientOf(mock, options);
    await redis.get("a");
    await idle();
    const values = await Promise.all(["b", "c", "d"].map((key) => redis.get(key)));
    expect(values).toEqual(["b", "c", "d"]);
    expect(early).toEqual([]);
  });

  it("passes for a user without permission for PING", async () => {
    await using mock = await mockServer([
      async (peer) => {
        for await (const [name, key = ""] of peer.commands()) {
          peer.send(name === "PING" ? "-NOPERM no permissions to run 'ping'\r\n" : bulk(key));
        }
      },
    ]);
    await using redis = clientOf(mock, options);
    await redis.get("a");
    await idle();
    expect(await redis.get("b")).toBe("b");
    expect(counted(mock)).toEqual(["GET a", "PING", "GET b"]);
  });

  it.each(["client", "pool"])(
    "does not prevent close() from ending blocking commands: %s",
    async (whose) => {
      const asked = deferred();
      await using mock = await mockServer(async (peer) => {
        for await (const [name] of peer.commands()) {
          if (name === "PING") asked.resolve();
          else peer.send("*-1\r\n");
        }
      });
      const redis = clientOf(mock, options);
      const one = whose === "client" ? redis.client() : redis;
      await one.blpop("a", 0.01);
      await idle();
      const blocked = errorOf(one.blpop("b", 0));
      await asked.promise;
      await redis.close();
      expect(kindOf(await blocked)).toBe("ConnectionError not-sent");
      expect(counted(mock)).toEqual(["BLPOP a 0.01", "PING"]);
    },
  );

  it("is not sent with healthCheckInterval: 0, nor before the first command", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock, { healthCheckInterval: 0 });
    await redis.get("a");
    await idle();
    await redis.get("b");
    expect(counted(mock)).toEqual(["GET a", "GET b"]);
  });

  it("is sent once before a pipeline", async () => {
    await using mock = await mockServer([
      async (peer) => {
        await peer.expect(["GET", "a"]);
        peer.send(bulk("a"));
        await peer.expect(["PING"]);
        peer.send("+PONG\r\n");
        await peer.expect(["MULTI"], ["INCR", "n"], ["EXEC"]);
        peer.send("+OK\r\n+QUEUED\r\n*1\r\n:1\r\n");
        await peer.stall();
      },
    ]);
    await using redis = clientOf(mock, options);
    await redis.get("a");
    await idle();
    expect(await redis.pipeline().incr("n").exec()).toEqual([1]);
  });

  it("is sent before blocking commands and on client() connections", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock, options);
    await redis.blpop("list", 1);
    await idle();
    await redis.blpop("list", 1);
    await idle();
    await using session = redis.client();
    expect(await session.get("k")).toBe("k");
    await idle();
    expect(await session.get("l")).toBe("l");
    expect(counted(mock)).toEqual([
      "BLPOP list 1",
      "PING",
      "BLPOP list 1",
      "PING",
      "GET k",
      "PING",
      "GET l",
    ]);
    expect(mock.connections).toBe(1);
  });

  it("is not sent for commands with invalid arguments", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock, options);
    await redis.get("a");
    await idle();
    expect(kindOf(await errorOf(redis.set("b", undefined as unknown as string)))).toBe("DataError");
    await waitEventLoopTurns();
    expect(counted(mock)).toEqual(["GET a"]);
  });
});

describe("a connection used within healthCheckInterval", () => {
  it("is not checked: every reply counts, error replies included", async () => {
    await using mock = await mockServer(async (peer) => {
      for await (const _ of peer.commands()) peer.send("-ERR no\r\n");
    });
    await using redis = clientOf(mock, { healthCheckInterval: 1000 });
    for (let i = 0; i < 6; i++) {
      await errorOf(redis.get("k"));
      await pause(200);
    }
    await errorOf(redis.get("k"));
    expect(counted(mock)).toEqual(new Array(7).fill("GET k"));
  });

  it("is not checked while replies are outstanding", async () => {
    await using mock = await mockServer([
      async (peer) => {
        await peer.expect(["GET", "a"]);
        await pause(INTERVAL + 30);
        await peer.expect(["GET", "b"]);
        peer.send(bulk("a"), bulk("b"));
        await peer.stall();
      },
    ]);
    await using redis = clientOf(mock, { healthCheckInterval: INTERVAL, socketTimeout: 2000 });
    const a = redis.get("a");
    await pause(INTERVAL + 10);
    expect(await Promise.all([a, redis.get("b")])).toEqual(["a", "b"]);
  });
});

describe("a failed health check", () => {
  it.each<[string, (peer: Peer) => void | Promise<void>]>([
    ["answered wrongly", (peer) => peer.send("+PANG\r\n")],
    ["answered with an error", (peer) => peer.send("-ERR no\r\n")],
    ["answered with garbage", (peer) => peer.send("%$&!\r\n")],
    ["not answered", () => {}],
    ["hung up on", (peer) => peer.reset()],
  ])("%s: moves the commands to a new connection, where they run once", async (_what, fail) => {
    await using mock = await mockServer([
      async (peer) => {
        await peer.expect(["INCR", "a"]);
        peer.send(":1\r\n");
        await peer.expect(["PING"]);
        await fail(peer);
        await peer.expectClose();
      },
      echo,
    ]);
    await using redis = clientOf(mock, { ...options, socketTimeout: 100 });
    await redis.incr("a");
    await idle();
    expect(await redis.get("b")).toBe("b");
    expect(counted(mock)).toEqual(["INCR a", "PING", "GET b"]);
  });

  it("does not change the order of waiting commands", async () => {
    await using mock = await mockServer([
      async (peer) => {
        await peer.expect(["GET", "a"]);
        peer.send(bulk("a"));
        await peer.expect(["PING"]);
        await peer.reset();
      },
      echo,
    ]);
    await using redis = clientOf(mock, options);
    await redis.get("a");
    await idle();
    const keys = ["b", "c", "d"];
    expect(await Promise.all(keys.map((key) => redis.get(key)))).toEqual(keys);
    expect(counted(mock)).toEqual(["GET a", "PING", "GET b", "GET c", "GET d"]);
  });

  it("does not give an unexpected extra reply to the waiting command", async () => {
    await using mock = await mockServer([
      async (peer) => {
        await peer.expect(["GET", "a"]);
        peer.send(bulk("a"));
        await peer.expect(["PING"]);
        peer.send("+PONG\r\n", bulk("stray"));
        await peer.expectClose();
      },
      echo,
    ]);
    await using redis = clientOf(mock, options);
    await redis.get("a");
    await idle();
    expect(await redis.get("b")).toBe("b");
    expect(counted(mock)).toEqual(["GET a", "PING", "GET b"]);
  });

  it("counts as the loss of the connection of a client()", async () => {
    await using mock = await mockServer([
      async (peer) => {
        await peer.expect(["GET", "a"]);
        peer.send(bulk("a"));
        await peer.expect(["PING"]);
        await peer.reset();
      },
      echo,
    ]);
    await using redis = clientOf(mock, options);
    await using session = redis.client();
    await session.get("a");
    await idle();
    expect(kindOf(await errorOf(session.get("b")))).toBe("ConnectionError not-sent");
    expect(await session.get("c")).toBe("c");
    expect(counted(mock)).toEqual(["GET a", "PING", "GET c"]);
  });
});

describe("a command cancelled while it waits for a health check", () => {
  it("is never sent", async () => {
    await using mock = await mockServer([
      async (peer) => {
        await peer.expect(["GET", "a"]);
        peer.send(bulk("a"));
        await peer.expect(["PING"]);
        await waitEventLoopTurns();
        peer.send("+PONG\r\n");
        await echo(peer);
      },
    ]);
    await using redis = clientOf(mock, options);
    await redis.get("a");
    await idle();
    const controller = new AbortController();
    const aborted = errorOf(redis.with({ signal: controller.signal }).get("b"));
    const kept = redis.get("c");
    controller.abort();
    expect(kindOf(await aborted)).toBe("AbortError not-sent");
    expect(await kept).toBe("c");
    expect(counted(mock)).toEqual(["GET a", "PING", "GET c"]);
  });

  it("is rejected when the memory of its argument is transferred, and affects no other command", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock, options);
    await redis.get("a");
    await idle();
    const bytes = Uint8Array.from(Buffer.from("b"));
    const gone = errorOf(redis.get(bytes));
    const kept = redis.get("c");
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    expect(kindOf(await gone)).toBe("DataError");
    expect(await kept).toBe("c");
    expect(await redis.get("d")).toBe("d");
    expect(counted(mock)).toEqual(["GET a", "PING", "GET c", "GET d"]);
  });

  it("is not sent elsewhere after disconnect(), nor is the PING", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock, options);
    await redis.get("a");
    await idle();
    const failed = errorOf(redis.get("b"));
    redis.disconnect();
    expect(kindOf(await failed)).toBe("ConnectionError not-sent");
    await waitEventLoopTurns();
    expect(mock.connections).toBe(1);
    expect(await redis.get("c")).toBe("c");
    expect(counted(mock)).toEqual(["GET a", "GET c"]);
  });
});
