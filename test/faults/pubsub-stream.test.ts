/** The stream of a subscriber: a handler that throws does not affect it, and one invalid byte ends it. */
import { expect, it, vi } from "vitest";
import { ConnectionError, type Reconnection, Redis, Retry } from "../../src/index.js";
import { ConstantBackoff } from "../../src/options/backoff.js";
import { startProxy } from "../support/fault-proxy.js";
import { describeProtocols } from "../support/protocols.js";
import { sharedServer } from "../support/server.js";
import { until } from "../support/until.js";

const server = await sharedServer();
const RETRY_IMMEDIATELY = new Retry(new ConstantBackoff(1), -1);
const THREE = ["first", "second", "third"];

/** Publish three messages in one transaction, so that they arrive in one packet. */
function publishThree(redis: Redis, channel: string) {
  const transaction = redis.pipeline({ transaction: true });
  for (const data of THREE) transaction.publish(channel, data);
  return transaction.exec();
}

describeProtocols("a failing handler", (protocol) => {
  it.each([
    [
      "throws",
      (error: Error) => () => {
        throw error;
      },
    ],
    ["rejects", (error: Error) => () => Promise.reject(error)],
  ])("still receives the other two messages when it %s on the first", async (_, failing) => {
    await using redis = new Redis(server.url, { protocol });
    const [onError, onReconnect, other] = [vi.fn(), vi.fn(), vi.fn()];
    await using pubsub = redis.pubsub({ onError, onReconnect });
    const error = new Error("mine");
    const fail = failing(error);
    const seen: string[] = [];
    await pubsub.subscribe({
      throwing: ({ data }) => {
        seen.push(data);
        return data === "first" ? fail() : undefined;
      },
    });
    await pubsub.psubscribe({ "throw*": other });
    await publishThree(redis, "throwing");
    await until(() => other.mock.calls.length === 3 && onError.mock.calls.length === 1);
    expect(seen).toEqual(THREE);
    expect(onError.mock.calls).toEqual([[error, expect.objectContaining({ data: "first" })]]);
    expect(onReconnect).not.toHaveBeenCalled();
  });
});

describeProtocols("one garbage byte", (protocol) => {
  it("destroys the connection at any position, and the subscriber reconnects", async () => {
    await using publisher = new Redis(server.url);
    await using proxy = await startProxy(server);
    await using redis = new Redis(proxy.url, { protocol });
    const reconnections: Reconnection[] = [];
    await using pubsub = redis.pubsub({
      retry: RETRY_IMMEDIATELY,
      onReconnect: (reconnection) => reconnections.push(reconnection),
    });
    const seen: string[] = [];
    await pubsub.subscribe({ garbage: ({ data }) => seen.push(data) });
    const before = proxy.forwarded.down;
    await publishThree(publisher, "garbage");
    await until(() => seen.length === 3);
    const size = proxy.forwarded.down - before;
    expect(size).toBeGreaterThan(100);
    for (let offset = 0; offset < size; offset++) {
      seen.length = 0;
      proxy.down.insert(offset, "X");
      await publishThree(publisher, "garbage");
      // After a wrong length the parser waits for more bytes; later messages reveal the error.
      while (reconnections.length === offset) await publishThree(publisher, "garbage");
      const { error } = reconnections[offset] as Reconnection;
      expect(error, `at ${offset}`).toBeInstanceOf(ConnectionError);
      expect([error.code, error.message]).toEqual(["EPROTO", "The server sent an invalid reply"]);
      const whole = Math.floor(offset / (size / 3));
      expect(seen.slice(0, whole), `at ${offset}`).toEqual(THREE.slice(0, whole));
      expect(new Set([...seen, ...THREE]), `at ${offset}`).toEqual(new Set(THREE));
      seen.length = 0;
      await publisher.publish("garbage", "after");
      await until(() => seen.at(-1) === "after");
    }
    expect(await server.command("PUBSUB", "NUMSUB", "garbage")).toEqual(["garbage", 1]);
  });
});
