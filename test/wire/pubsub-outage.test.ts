/** No connection, temporarily or permanently: which calls work meanwhile, and when the client reconnects. */
import { describe, expect, it, vi } from "vitest";
import { type PubSub, type PubSubMessage, Retry } from "../../src/index.js";
import { type Backoff, ConstantBackoff } from "../../src/options/backoff.js";
import { startProxy } from "../support/fault-proxy.js";
import { mockServer } from "../support/mock-server.js";
import { freePort } from "../support/ports.js";
import { errorOf, kindOf } from "../support/settle.js";
import { deferred, until } from "../support/until.js";
import { clientOf, waitEventLoopTurns, watchEveryTest } from "../support/wire-clients.js";
import {
  commandsAfterHandshake,
  mockWithHandshake,
  RETRY_IMMEDIATELY,
  summarize,
} from "../support/wire-pubsub.js";

watchEveryTest();

/** Read until a loop over the messages ends. */
async function readAll(pubsub: AsyncIterable<PubSubMessage>): Promise<string[]> {
  const seen: string[] = [];
  for await (const message of pubsub) seen.push(summarize(message));
  return seen;
}

describe("PubSub without a connection", () => {
  const RESP2 = { confirmA: "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n" };

  /** Subscribe to `a` through a proxy that then refuses all connections. */
  async function cutOff(
    run: (pubsub: PubSub, proxy: Awaited<ReturnType<typeof startProxy>>) => Promise<void>,
  ) {
    await using mock = await mockServer(async (peer) => {
      for await (const [command = "", ...names] of peer.commands()) {
        const word = command.toLowerCase();
        for (const name of names) {
          peer.send(`*3\r\n$${word.length}\r\n${word}\r\n$${name.length}\r\n${name}\r\n:1\r\n`);
        }
      }
    });
    await using proxy = await startProxy({ host: mock.host, port: mock.port });
    await using redis = clientOf(proxy, { retry: new Retry(new ConstantBackoff(1), 0) });
    const pubsub = redis.pubsub({ retry: new Retry(new ConstantBackoff(5), -1) });
    await pubsub.subscribe("a");
    proxy.refuse();
    proxy.cutAll("rst");
    await until(() => !pubsub.connected);
    await run(pubsub, proxy);
  }

  it("unsubscribes immediately", () =>
    cutOff(async (pubsub, proxy) => {
      const { totalConnections } = proxy;
      const reading = readAll(pubsub);
      await pubsub.unsubscribe("a");
      expect(pubsub.subscribed).toBe(false);
      expect(await reading).toEqual(["subscribe a 1"]);
      await proxy.accept();
      await waitEventLoopTurns(50);
      expect(proxy.totalConnections).toBe(totalConnections);
    }));

  it("rejects new subscriptions with the connection error, and keeps the old ones", () =>
    cutOff(async (pubsub, proxy) => {
      const error = await errorOf(pubsub.subscribe("b"));
      expect([kindOf(error), error.code]).toEqual(["ConnectionError not-sent", "ECONNREFUSED"]);
      expect(error.command).toBe("SUBSCRIBE");
      await proxy.accept();
      await until(() => pubsub.connected);
      await pubsub.subscribe("c");
      expect(pubsub.channels).toEqual(["a", "c"]);
    }));

  it("can be closed", () =>
    cutOff(async (pubsub) => {
      const reading = readAll(pubsub);
      await pubsub.close();
      expect(await reading).toEqual(["subscribe a 1"]);
      expect(pubsub.subscribed).toBe(false);
    }));

  it("ends when its client is closed", async () => {
    await using mock = await mockServer(async (peer) => {
      await peer.expect(["SUBSCRIBE", "a"]);
      peer.send(RESP2.confirmA);
      await peer.stall();
    });
    const redis = clientOf(mock);
    const onError = vi.fn();
    const pubsub = redis.pubsub({ onError });
    await pubsub.subscribe("a");
    const reading = readAll(pubsub);
    const late = errorOf(pubsub.subscribe("late"));
    await redis.close();
    expect(await reading).toEqual(["subscribe a 1"]);
    expect((await late).code).toBe("ECLOSED");
    expect((await errorOf(pubsub.subscribe("b"))).code).toBe("ECLOSED");
    expect(onError).not.toHaveBeenCalled();
    expect(mock.connections).toBe(1);
  });

  it("can subscribe again after disconnect()", async () => {
    await using mock = await mockServer(async (peer) => {
      await peer.expect(["SUBSCRIBE", "a"]);
      peer.send(RESP2.confirmA);
      await peer.stall();
    });
    await using redis = clientOf(mock);
    const onReconnect = vi.fn();
    const pubsub = redis.pubsub({ onReconnect });
    await pubsub.subscribe("a");
    redis.disconnect();
    await until(() => onReconnect.mock.calls.length === 1);
    expect(commandsAfterHandshake(mock)).toEqual([
      ["SUBSCRIBE", "a"],
      ["SUBSCRIBE", "a"],
    ]);
    await pubsub.close();
  });
});

describe("PubSub with a server that is down", () => {
  const down = async () => ({ host: "127.0.0.1", port: await freePort() });

  it("rejects subscribe() and leaves no subscription", async () => {
    await using redis = clientOf(await down());
    const pubsub = redis.pubsub();
    const [first, second] = [errorOf(pubsub.subscribe("a")), errorOf(pubsub.psubscribe("p"))];
    const gone = pubsub.subscribe("b");
    const ended = pubsub.unsubscribe("b");
    const reading = readAll(pubsub);
    expect([kindOf(await first), kindOf(await second)]).toEqual(
      new Array(2).fill("ConnectionError not-sent"),
    );
    expect(await first).not.toBe(await second);
    await errorOf(gone);
    await ended;
    expect(await reading).toEqual([]);
    expect(pubsub.subscribed).toBe(false);
  });
});

describe("PubSub reconnect", () => {
  /** Confirm one subscription and close the connection, repeatedly. */
  function closingServer() {
    return mockServer(async (peer) => {
      await peer.expect(["SUBSCRIBE", "a"]);
      await peer.reset();
    });
  }

  it("waits for the delay that backoff.compute() returns", async () => {
    const failures: number[] = [];
    const backoff: Backoff = {
      compute(count) {
        failures.push(count);
        return 1;
      },
      reset() {},
      clone: () => backoff,
    };
    const closing = deferred();
    await using mock = await mockServer(async (peer) => {
      // The last connection may be closed before anything was sent on it.
      for await (const _ of peer.commands()) {
        if (peer.index === 0) peer.send("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n");
        await closing.promise;
        await peer.reset();
      }
    });
    await using redis = clientOf(mock);
    const pubsub = redis.pubsub({ retry: new Retry(backoff, -1) });
    await pubsub.subscribe("a");
    closing.resolve();
    await until(() => failures.length >= 5);
    // The first connection was established, then lost; the others failed before that.
    expect(failures.slice(0, 5)).toEqual([1, 2, 3, 4, 5]);
    await pubsub.close();
  });

  it("ends when the retry policy ends: readers get the error, and nothing stays subscribed", async () => {
    await using mock = await mockWithHandshake(async (peer) => {
      await peer.expect(["SUBSCRIBE", "a"]);
      peer.send("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n");
      await peer.expect(["PING", ""]);
      await peer.reset();
    });
    await using proxy = await startProxy({ host: mock.host, port: mock.port });
    await using redis = clientOf(proxy, { retry: new Retry(new ConstantBackoff(1), 0) });
    const pubsub = redis.pubsub({
      ignoreSubscribeMessages: true,
      retry: new Retry(new ConstantBackoff(1), 2),
    });
    await pubsub.subscribe("a");
    proxy.refuse();
    const reading = errorOf(readAll(pubsub));
    await errorOf(pubsub.ping());
    expect(await reading).toMatchObject({ name: "ConnectionError", code: "ECONNREFUSED" });
    expect(pubsub.subscribed).toBe(false);
    expect(await readAll(pubsub)).toEqual([]);
  });

  it("is tried again after each failure, within the deadline of a pending subscription", async () => {
    await using mock = await closingServer();
    await using redis = clientOf(mock, { socketTimeout: 60 });
    const pubsub = redis.pubsub({ retry: RETRY_IMMEDIATELY });
    const error = await errorOf(pubsub.subscribe("a"));
    expect(kindOf(error)).toBe("ConnectionError unknown");
    expect(mock.connections).toBeGreaterThan(1);
    expect(pubsub.subscribed).toBe(false);
  });
});
