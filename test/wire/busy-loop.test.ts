/**
 * A busy event loop is not a timeout: while it is blocked no I/O happens, so that time does not count towards
 * the limit of a wait for I/O.
 */
import { describe, expect, it } from "vitest";
import { BlockingConnectionPool, Redis } from "../../src/index.js";
import { mockServer } from "../support/mock-server.js";
import { clientOf, echo, NO_HANDSHAKE, watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

const TIMEOUT = 200;

/** Keep the event loop busy. */
function block(milliseconds = 3 * TIMEOUT): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe("a blocked event loop does not end", () => {
  it.each([
    ["a command", (redis: Redis) => redis.get("k"), "k"],
    ["connect()", (redis: Redis) => redis.connect(), undefined],
    ["a pipeline", (redis: Redis) => redis.pipeline({ transaction: false }).get("k").exec(), ["k"]],
    [
      "a command with a total limit",
      (redis: Redis) => redis.with({ timeout: TIMEOUT }).get("k"),
      "k",
    ],
    ["a command on a connection alone", (redis: Redis) => redis.client().get("k"), "k"],
  ] as const)("%s that waits for a connection", async (_, call, value) => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock, {
      socketTimeout: TIMEOUT,
      socketConnectTimeout: TIMEOUT,
    });
    const started = call(redis);
    block();
    // The dial takes several turns, and each of them may be long.
    for (let turn = 0; turn < 3; turn++) {
      await nextTurn();
      block(TIMEOUT / 2);
    }
    expect(await started).toEqual(value);
  });

  it("the wait for a connection of a full pool", async () => {
    await using mock = await mockServer(echo);
    const { host, port } = mock;
    const connectionPool = new BlockingConnectionPool({
      ...NO_HANDSHAKE,
      host,
      port,
      maxConnections: 1,
      timeout: TIMEOUT,
    });
    await using redis = new Redis({ connectionPool });
    const holder = redis.client();
    await holder.get("a");
    const waiting = redis.client();
    const got = waiting.get("b");
    await nextTurn();
    block();
    await holder.close();
    expect(await got).toBe("b");
    await waiting.close();
    await connectionPool.close();
  });

  it("getMessage() before messages that have arrived are read", async () => {
    await using mock = await mockServer(
      async (peer) => {
        await peer.expect(["SUBSCRIBE", "a"]);
        peer.send("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n");
        await peer.expect(["PING", "go"]);
        peer.send("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n");
        block();
        await peer.stall();
      },
      { handshake: true },
    );
    await using redis = clientOf(mock, {});
    await using pubsub = redis.pubsub({ ignoreSubscribeMessages: true });
    await pubsub.subscribe("a");
    const message = pubsub.getMessage({ timeout: TIMEOUT });
    void pubsub.ping("go").catch(() => {});
    expect(await message).toMatchObject({ data: "hi" });
  });

  it("the start of a monitor", async () => {
    await using mock = await mockServer(
      async (peer) => {
        await peer.expect(["MONITOR"]);
        peer.send("+OK\r\n");
        block();
        await peer.stall();
      },
      { handshake: true },
    );
    await using redis = clientOf(mock, { socketTimeout: TIMEOUT });
    await using monitor = redis.monitor();
    await monitor.start();
  });

  it("the wait for a lock that becomes free meanwhile", async () => {
    let attempts = 0;
    await using mock = await mockServer(async (peer) => {
      for await (const [name] of peer.commands()) {
        if (name !== "SET") peer.send(":1\r\n");
        else if (++attempts > 1) peer.send("+OK\r\n");
        else {
          peer.send("$-1\r\n");
          block();
        }
      }
    });
    await using redis = clientOf(mock);
    const lock = redis.lock("l", { timeout: 60_000, blockingTimeout: TIMEOUT, sleep: 10 });
    expect(await lock.acquire()).toBe(true);
    await lock.release();
  });
});

describe("a silent server still ends", () => {
  it("a command with a total limit, at that limit", async () => {
    await using mock = await mockServer((peer) => peer.stall());
    await using redis = clientOf(mock);
    const start = performance.now();
    await expect(redis.with({ timeout: TIMEOUT }).get("k")).rejects.toThrow("longer than");
    const elapsed = performance.now() - start;
    redis.disconnect();
    expect(elapsed).toBeGreaterThanOrEqual(TIMEOUT - 1);
    expect(elapsed).toBeLessThan(3 * TIMEOUT);
  });

  it("a dial whose handshake is not answered", async () => {
    await using mock = await mockServer((peer) => peer.stall());
    await using redis = clientOf(mock, {
      clientName: "n",
      socketTimeout: 3 * TIMEOUT,
      socketConnectTimeout: TIMEOUT,
      retry: 1,
    });
    await expect(redis.get("k")).rejects.toThrow("Timeout connecting to server");
  });
});
