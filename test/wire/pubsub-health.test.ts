/** Subscribers with a silent peer: deadlines of replies, and the health check. */
import { expect, it, vi } from "vitest";
import { TimeoutError } from "../../src/index.js";
import { mockServer } from "../support/mock-server.js";
import { errorOf } from "../support/settle.js";
import { deferred, until } from "../support/until.js";
import { clientOf, waitEventLoopTurns, watchEveryTest } from "../support/wire-clients.js";
import {
  commandsAfterHandshake,
  confirmSubscriptions,
  describePubSubReplies,
  mockWithHandshake,
  RETRY_IMMEDIATELY,
} from "../support/wire-pubsub.js";

watchEveryTest();

const INTERVAL = 40;
const DEADLINE = 60;
/** Longer than needed, for a busy machine. */
const LATE = 1000;

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describePubSubReplies("PubSub health check and deadlines", (replies) => {
  const { protocol } = replies;
  const options = { protocol, socketTimeout: DEADLINE };

  it("rejects when a confirmation does not arrive in time", async () => {
    await using mock = await mockServer((peer) => peer.stall(), { handshake: true });
    await using redis = clientOf(mock, options);
    const pubsub = redis.pubsub({ retry: RETRY_IMMEDIATELY });
    const started = performance.now();
    const errors = await Promise.all([
      errorOf(pubsub.subscribe("a")),
      errorOf(pubsub.psubscribe("b")),
      errorOf(pubsub.ping()),
    ]);
    expect(performance.now() - started).toBeLessThan(LATE);
    expect(errors.map(({ command }) => command)).toEqual(["SUBSCRIBE", "PSUBSCRIBE", "PING"]);
    for (const error of errors) expect(error.outcome).toBe("unknown");
    expect(errors[0]).toBeInstanceOf(TimeoutError);
    expect(pubsub.subscribed).toBe(false);
  });

  it("detects a dead peer within healthCheckInterval and the deadline", async () => {
    const silent = deferred();
    await using mock = await mockWithHandshake(
      async (peer) => {
        await peer.expect(["SUBSCRIBE", "a"]);
        peer.send(replies.confirm(["subscribe", "a", 1]));
        silent.resolve();
        await peer.expect(["PING", "rediswire"]);
        await peer.stall();
      },
      (peer) => confirmSubscriptions(peer, replies),
    );
    await using redis = clientOf(mock, { ...options, healthCheckInterval: INTERVAL });
    const onReconnect = vi.fn();
    const pubsub = redis.pubsub({ onReconnect });
    await pubsub.subscribe("a");
    await silent.promise;
    const started = performance.now();
    await until(() => onReconnect.mock.calls.length === 1);
    expect(performance.now() - started).toBeLessThan(INTERVAL + DEADLINE + LATE);
    expect(onReconnect.mock.calls[0]?.[0].error).toBeInstanceOf(TimeoutError);
    expect(pubsub.channels).toEqual(["a"]);
    await pubsub.close();
  });

  it("sends PING while idle, and hides the replies", async () => {
    await using mock = await mockWithHandshake((peer) => confirmSubscriptions(peer, replies));
    await using redis = clientOf(mock, { protocol, healthCheckInterval: 5 });
    const pubsub = redis.pubsub();
    await pubsub.subscribe("a");
    await until(() => commandsAfterHandshake(mock).length >= 5);
    expect(commandsAfterHandshake(mock).slice(1, 5)).toEqual(
      new Array(4).fill(["PING", "rediswire"]),
    );
    expect((await pubsub.getMessage())?.type).toBe("subscribe");
    expect(await pubsub.getMessage()).toBeNull();
    expect(mock.connections).toBe(1);
    await pubsub.close();
  });

  it("sends no PING without subscriptions, or with healthCheckInterval: 0", async () => {
    await using mock = await mockWithHandshake((peer) => confirmSubscriptions(peer, replies));
    await using redis = clientOf(mock, { protocol, healthCheckInterval: 20 });
    const pubsub = redis.pubsub();
    await pubsub.subscribe("a");
    await pubsub.unsubscribe();
    await pause(70);
    expect(commandsAfterHandshake(mock)).toEqual([
      ["SUBSCRIBE", "a"],
      ["UNSUBSCRIBE", "a"],
    ]);
    await pubsub.close();
  });

  it("parses the reply to PING also when the last subscription has ended", async () => {
    await using mock = await mockWithHandshake(async (peer) => {
      await peer.expect(["SUBSCRIBE", "a"]);
      peer.send(replies.confirm(["subscribe", "a", 1]));
      await peer.expect(["PING", "rediswire"], ["UNSUBSCRIBE", "a"], ["PING", "after"]);
      peer.send(
        replies.pong("rediswire"),
        replies.confirm(["unsubscribe", "a", 0]),
        "$5\r\nafter\r\n",
      );
      await peer.stall();
    });
    await using redis = clientOf(mock, { protocol, healthCheckInterval: 20 });
    const pubsub = redis.pubsub();
    await pubsub.subscribe("a");
    await until(() => commandsAfterHandshake(mock).length === 2);
    await Promise.all([pubsub.unsubscribe(), pubsub.ping("after")]);
    await pubsub.close();
  });

  it("accepts a user without permission for PING", async () => {
    await using mock = await mockWithHandshake(async (peer) => {
      await peer.expect(["SUBSCRIBE", "a"]);
      peer.send(replies.confirm(["subscribe", "a", 1]));
      for await (const _ of peer.commands()) peer.send("-NOPERM no permissions to run PING\r\n");
    });
    await using redis = clientOf(mock, { ...options, healthCheckInterval: 10 });
    const onError = vi.fn();
    const pubsub = redis.pubsub({ onError });
    await pubsub.subscribe("a");
    await until(() => commandsAfterHandshake(mock).length === 4);
    expect([mock.connections, onError.mock.calls.length]).toEqual([1, 0]);
    await pubsub.close();
  });

  it("counts messages as a sign of life while the reply is behind them", async () => {
    const pinged = deferred();
    await using mock = await mockWithHandshake(async (peer) => {
      await peer.expect(["SUBSCRIBE", "a"]);
      peer.send(replies.confirm(["subscribe", "a", 1]));
      await peer.expect(["PING", "rediswire"]);
      pinged.resolve();
      for (let i = 0; i < 12; i++) {
        peer.send(replies.message("a", String(i)));
        await pause(DEADLINE / 3);
      }
      peer.send(replies.pong("rediswire"));
      await peer.stall();
    });
    await using redis = clientOf(mock, { ...options, healthCheckInterval: INTERVAL });
    const pubsub = redis.pubsub();
    const seen: string[] = [];
    await pubsub.subscribe({ a: ({ data }) => seen.push(data) });
    await pinged.promise;
    await until(() => seen.length === 12);
    expect(mock.connections).toBe(1);
    await pubsub.close();
  });

  it("neither sends PING nor gives up while the reader is too slow", async () => {
    await using mock = await mockWithHandshake(async (peer) => {
      await peer.expect(["SUBSCRIBE", "a"]);
      peer.send(
        replies.confirm(["subscribe", "a", 1]),
        replies.message("a", "1"),
        replies.message("a", "2"),
      );
      await peer.expect(["PING", "rediswire"]);
      peer.send(replies.pong("rediswire"));
      await peer.stall();
    });
    await using redis = clientOf(mock, { ...options, healthCheckInterval: 30 });
    const pubsub = redis.pubsub({ highWaterMark: 2, ignoreSubscribeMessages: true });
    await pubsub.subscribe("a");
    await pause(30 * 4 + DEADLINE);
    expect(commandsAfterHandshake(mock)).toEqual([["SUBSCRIBE", "a"]]);
    expect((await pubsub.getMessage())?.data).toBe("1");
    await until(() => commandsAfterHandshake(mock).length > 1);
    await waitEventLoopTurns();
    expect(mock.connections).toBe(1);
    await pubsub.close();
  });
});
