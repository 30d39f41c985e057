/** run(): only handlers receive messages. */
import { expect, it, vi } from "vitest";
import {
  ConnectionError,
  ConstantBackoff,
  DataError,
  PubSubError,
  Retry,
} from "../../src/index.js";
import { startProxy } from "../support/fault-proxy.js";
import type { Peer } from "../support/mock-server.js";
import { errorOf } from "../support/settle.js";
import { until } from "../support/until.js";
import { clientOf, watchEveryTest } from "../support/wire-clients.js";
import {
  confirmSubscriptions,
  confirmThenSend,
  describePubSubReplies,
  mockWithHandshake,
  RETRY_IMMEDIATELY,
} from "../support/wire-pubsub.js";

watchEveryTest();

describePubSubReplies("PubSub run()", (replies) => {
  const { protocol } = replies;

  it("rejects subscriptions without a handler, by name", async () => {
    await using mock = await mockWithHandshake((peer) => confirmSubscriptions(peer, replies));
    await using redis = clientOf(mock, { protocol });
    const pubsub = redis.pubsub();
    await pubsub.subscribe({ a: () => {} }, "b");
    expect(() => pubsub.run()).toThrow(PubSubError);
    expect(() => pubsub.run()).toThrow("Channel: 'b' has no handler registered");
    await pubsub.unsubscribe("b");
    const late = pubsub.psubscribe("p*");
    expect(() => pubsub.run()).toThrow("Pattern: 'p*' has no handler registered");
    await late;
    await pubsub.punsubscribe();
    for (const bad of [0.001, null, true, () => {}, { onerror() {} }, { onError: 1 }]) {
      expect(() => pubsub.run(bad as never)).toThrow(DataError);
    }
    const worker = pubsub.run();
    expect((await errorOf(pubsub.subscribe("c"))).message).toBe(
      "Channel: 'c' has no handler registered",
    );
    await pubsub.subscribe({ c: () => {} });
    expect((await errorOf(pubsub.getMessage())).name).toBe("PubSubError");
    expect(() => pubsub.listen()).toThrow(PubSubError);
    expect(() => pubsub.run()).toThrow(PubSubError);
    await worker.stop();
    expect(worker.running).toBe(false);
    expect(pubsub.subscribed).toBe(false);
    await worker.finished;
    await worker.stop();
  });

  it("passes errors with subscriber and worker to onError, and goes on", async () => {
    const data = ["1", "2", "3"].map((one) => replies.message("a", one));
    await using mock = await mockWithHandshake(confirmThenSend(replies, ["a"], ...data));
    await using redis = clientOf(mock, { protocol });
    const own = vi.fn();
    const pubsub = redis.pubsub({ onError: own, retry: RETRY_IMMEDIATELY });
    const seen: string[] = [];
    const subscribed = pubsub.subscribe({
      a: ({ data: one }) => {
        seen.push(one);
        throw new Error(one);
      },
    });
    const onError = vi.fn();
    const worker = pubsub.run({ onError });
    await subscribed;
    await until(() => seen.length === 3);
    expect(onError.mock.calls.map(([error, ...rest]) => [error.message, ...rest])).toEqual(
      seen.map((one) => [one, pubsub, worker]),
    );
    await worker.stop();
    expect(own).not.toHaveBeenCalled();
  });

  it("can be stopped by its error listener, or by close()", async () => {
    await using mock = await mockWithHandshake(
      confirmThenSend(replies, ["a"], replies.message("a", "1"), replies.message("a", "2")),
      (peer) => confirmSubscriptions(peer, replies),
    );
    await using redis = clientOf(mock, { protocol });
    const pubsub = redis.pubsub();
    const handler = vi.fn(() => {
      throw new Error("no");
    });
    const subscribed = pubsub.subscribe({ a: handler });
    const worker = pubsub.run({ onError: (_error, _pubsub, self) => void self.stop() });
    await subscribed;
    await worker.finished;
    expect(handler).toHaveBeenCalledTimes(1);
    await pubsub.subscribe({ a: handler });
    const again = pubsub.run();
    await pubsub.close();
    await again.finished;
    expect(again.running).toBe(false);
  });

  it("ends when the client is closed", async () => {
    await using mock = await mockWithHandshake((peer) => confirmSubscriptions(peer, replies));
    const redis = clientOf(mock, { protocol });
    const pubsub = redis.pubsub();
    await pubsub.subscribe({ a: () => {} });
    const worker = pubsub.run();
    await redis.close();
    await until(() => !worker.running);
    await worker.finished;
    // run() has ended, so readers are allowed again.
    expect(await pubsub.getMessage()).toBeNull();
    expect(() => pubsub.run()).not.toThrow();
    await pubsub.close();
  });

  it("ends when its subscriptions are given up, and reports that to onError", async () => {
    const script = (peer: Peer): Promise<void> => confirmSubscriptions(peer, replies);
    await using mock = await mockWithHandshake(script, script);
    await using proxy = await startProxy({ host: mock.host, port: mock.port });
    const retry = new Retry(new ConstantBackoff(1), 0);
    await using redis = clientOf(proxy, { protocol, retry });
    const pubsub = redis.pubsub({ retry });
    await pubsub.subscribe({ a: () => {} });
    const onError = vi.fn();
    const worker = pubsub.run({ onError });
    proxy.refuse();
    proxy.cutAll("rst");
    await worker.finished;
    expect(worker.running).toBe(false);
    expect(onError.mock.calls).toEqual([[expect.any(ConnectionError), pubsub, worker]]);
    expect(pubsub.subscribed).toBe(false);
    await proxy.accept();
    await pubsub.subscribe("a");
    await pubsub.close();
  });

  it("goes on without subscriptions after they were unsubscribed on purpose", async () => {
    await using mock = await mockWithHandshake((peer) => confirmSubscriptions(peer, replies));
    await using redis = clientOf(mock, { protocol });
    await using pubsub = redis.pubsub();
    await pubsub.subscribe({ a: () => {} });
    const worker = pubsub.run();
    await pubsub.unsubscribe();
    await pubsub.subscribe({ b: () => {} });
    await pubsub.unsubscribe();
    expect(worker.running).toBe(true);
  });
});
