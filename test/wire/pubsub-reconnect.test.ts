/** Lost connections: the commands sent on the next connection, and the results of pending calls. */
import { expect, it, vi } from "vitest";
import {
  ConnectionError,
  ConstantBackoff,
  type Gap,
  type PubSubMessage,
  type Reconnection,
  Retry,
} from "../../src/index.js";
import { mockServer, type Peer, type Script } from "../support/mock-server.js";
import { errorOf, kindOf } from "../support/settle.js";
import { deferred, until } from "../support/until.js";
import { clientOf, watchEveryTest } from "../support/wire-clients.js";
import {
  confirmSubscriptions,
  confirmThenSend,
  describePubSubReplies,
  mockWithHandshake,
  RETRY_IMMEDIATELY,
  summarize,
} from "../support/wire-pubsub.js";

watchEveryTest();

describePubSubReplies("PubSub reconnect", (replies) => {
  const { protocol } = replies;

  it("restores exactly the previous subscriptions with their handlers", async () => {
    const cut = deferred();
    await using mock = await mockWithHandshake(
      async (peer) => {
        const served = confirmSubscriptions(peer, replies);
        await cut.promise;
        peer.close();
        await served;
      },
      async (peer) => {
        await peer.expect(["SUBSCRIBE", "a", "b"], ["PSUBSCRIBE", "p*"], ["SSUBSCRIBE", "s"]);
        peer.send(replies.confirm(["subscribe", "a", 1], ["subscribe", "b", 2]));
        peer.send(replies.confirm(["psubscribe", "p*", 3], ["ssubscribe", "s", 1]));
        peer.send(
          replies.message("a", "1"),
          replies.pmessage("p*", "px", "2"),
          replies.smessage("s", "3"),
        );
        await peer.stall();
      },
    );
    await using redis = clientOf(mock, { protocol });
    const onReconnect = vi.fn();
    const pubsub = redis.pubsub({ retry: RETRY_IMMEDIATELY, onReconnect });
    const seen: string[] = [];
    const note = (message: PubSubMessage) => seen.push(summarize(message));
    await pubsub.subscribe({ a: note }, "b", "gone");
    await pubsub.psubscribe({ "p*": note });
    await pubsub.ssubscribe({ s: note });
    await pubsub.unsubscribe("gone");
    cut.resolve();
    await until(() => seen.length === 3);
    expect(seen).toEqual(["message a 1", "pmessage px 2", "smessage s 3"]);
    expect(onReconnect).toHaveBeenCalledTimes(1);
    expect(onReconnect.mock.calls[0]?.[0]).toEqual({
      error: expect.any(ConnectionError),
      attempts: 1,
      downtime: expect.any(Number),
    });
    await pubsub.close();
    await mock.done();
  });

  it("does not restore a channel whose unsubscribing was not confirmed", async () => {
    await using mock = await mockWithHandshake(
      async (peer) => {
        await peer.expect(["SUBSCRIBE", "a", "b"]);
        peer.send(replies.confirm(["subscribe", "a", 1], ["subscribe", "b", 2]));
        await peer.expect(["UNSUBSCRIBE", "b"]);
        await peer.reset();
      },
      async (peer) => {
        await peer.expect(["SUBSCRIBE", "a"]);
        peer.send(replies.confirm(["subscribe", "a", 1]));
        await peer.stall();
      },
    );
    await using redis = clientOf(mock, { protocol });
    const onReconnect = vi.fn();
    const pubsub = redis.pubsub({ retry: RETRY_IMMEDIATELY, onReconnect });
    await pubsub.subscribe("a", "b");
    await pubsub.unsubscribe("b");
    await until(() => onReconnect.mock.calls.length === 1);
    expect(pubsub.channels).toEqual(["a"]);
  });

  it("repeats unconfirmed subscriptions after the confirmed ones", async () => {
    await using mock = await mockWithHandshake(
      async (peer) => {
        await peer.expect(["SUBSCRIBE", "a"]);
        peer.send(replies.confirm(["subscribe", "a", 1]));
        await peer.expect(["SUBSCRIBE", "b", "c"]);
        peer.send(replies.confirm(["subscribe", "b", 2]));
        await peer.reset();
      },
      async (peer) => {
        await peer.expect(["SUBSCRIBE", "a", "b"], ["SUBSCRIBE", "c"]);
        peer.send(replies.confirm(["subscribe", "a", 1], ["subscribe", "b", 2]));
        peer.send(replies.confirm(["subscribe", "c", 3]));
        await peer.stall();
      },
    );
    await using redis = clientOf(mock, { protocol });
    const pubsub = redis.pubsub({ retry: RETRY_IMMEDIATELY });
    await pubsub.subscribe("a");
    await pubsub.subscribe("b", "c");
    expect(pubsub.channels).toEqual(["a", "b", "c"]);
    await pubsub.close();
    await mock.done();
  });

  it.each([
    [["sub x", "unsub x"], ["a"]],
    [["unsub a", "sub a"], ["a"]],
    [["unsub a", "sub x", "unsub x"], []],
    [
      ["sub x", "unsub x", "sub x"],
      ["a", "x"],
    ],
    [["unsub a", "sub a", "unsub a"], []],
    [["unsub", "sub y"], ["y"]],
  ])("reaches the result of %j, although nothing of it was confirmed", async (steps, channels) => {
    await using mock = await mockWithHandshake(
      async (peer) => {
        await peer.expect(["SUBSCRIBE", "a"]);
        peer.send(replies.confirm(["subscribe", "a", 1]));
        for (let i = 0; i < steps.length; i++) await peer.next();
        await peer.reset();
      },
      (peer) => confirmSubscriptions(peer, replies),
    );
    await using redis = clientOf(mock, { protocol });
    const pubsub = redis.pubsub({ retry: RETRY_IMMEDIATELY });
    await pubsub.subscribe("a");
    await Promise.all(
      steps.map((step) => {
        const [action, ...names] = step.split(" ");
        return action === "sub" ? pubsub.subscribe(...names) : pubsub.unsubscribe(...names);
      }),
    );
    await pubsub.ping();
    expect(pubsub.channels).toEqual(channels);
    expect(pubsub.subscribed).toBe(channels.length !== 0);
  });

  it("reports the gap once among the messages with gapEvents", async () => {
    await using mock = await mockWithHandshake(
      async (peer) => {
        await peer.expect(["SUBSCRIBE", "a"]);
        peer.send(replies.confirm(["subscribe", "a", 1]), replies.message("a", "1"));
        await peer.reset();
      },
      // Lost again before all subscriptions are restored: still the same gap.
      async (peer) => {
        await peer.expect(["SUBSCRIBE", "a"]);
        await peer.reset();
      },
      async (peer) => {
        await peer.expect(["SUBSCRIBE", "a"]);
        peer.send(replies.confirm(["subscribe", "a", 1]), replies.message("a", "2"));
        await peer.expect(["UNSUBSCRIBE", "a"]);
        peer.send(replies.confirm(["unsubscribe", "a", 0]));
        await peer.stall();
      },
    );
    await using redis = clientOf(mock, { protocol });
    const onReconnect = vi.fn();
    const pubsub = redis.pubsub({ retry: RETRY_IMMEDIATELY, gapEvents: true, onReconnect });
    await pubsub.subscribe("a");
    const seen: string[] = [];
    for await (const message of pubsub) {
      seen.push(summarize(message));
      if (message.data === "2") void pubsub.unsubscribe();
      if (message.type === "gap") expect(message.data).toBeInstanceOf(ConnectionError);
    }
    expect(seen).toEqual([
      "subscribe a 1",
      "message a 1",
      "gap  ConnectionError",
      "subscribe a 1",
      "message a 2",
      "unsubscribe a 0",
    ]);
    expect(onReconnect.mock.calls).toMatchObject([[{ attempts: 2 }]]);
  });

  it("passes the gap to onGap before later messages reach their handlers", async () => {
    await using mock = await mockWithHandshake(
      async (peer) => {
        await peer.expect(["SUBSCRIBE", "a"]);
        peer.send(replies.confirm(["subscribe", "a", 1]), replies.message("a", "1"));
        await peer.reset();
      },
      confirmThenSend(replies, ["a"], replies.message("a", "2")),
    );
    await using redis = clientOf(mock, { protocol });
    const seen: string[] = [];
    const onGap = (gap: Gap<string> | Gap<Buffer>): void => {
      seen.push(summarize(gap as Gap));
    };
    await using pubsub = redis.pubsub({ retry: RETRY_IMMEDIATELY, onGap });
    await pubsub.subscribe({ a: (message) => seen.push(summarize(message)) });
    await until(() => seen.length === 3);
    expect(seen).toEqual(["message a 1", "gap  ConnectionError", "message a 2"]);
  });

  it("sends commands of bounded size", async () => {
    const names = Array.from({ length: 2500 }, (_, i) => `c${i}`);
    const sizes: number[] = [];
    await using mock = await mockWithHandshake(
      async (peer) => {
        await peer.next();
        peer.send(...names.map((name, i) => replies.confirm(["subscribe", name, i + 1])));
        await peer.expect(["PING", "now"]);
        await peer.reset();
      },
      async (peer) => {
        let count = 0;
        for await (const [, ...args] of peer.commands()) {
          sizes.push(args.length);
          peer.send(...args.map((name) => replies.confirm(["subscribe", name, ++count])));
        }
      },
    );
    await using redis = clientOf(mock, { protocol });
    const onReconnect = vi.fn();
    const pubsub = redis.pubsub({ retry: RETRY_IMMEDIATELY, onReconnect });
    await pubsub.subscribe(names);
    expect(kindOf(await errorOf(pubsub.ping("now")))).toBe("ConnectionError unknown");
    await until(() => onReconnect.mock.calls.length === 1);
    expect(sizes).toEqual([1000, 1000, 500]);
    expect(pubsub.channels).toEqual(names);
  });

  it("drops subscriptions that the server now rejects, and reports them", async () => {
    const refused = "-NOPERM no permissions to access one of the channels\r\n";
    await using mock = await mockWithHandshake(
      async (peer) => {
        await peer.expect(["SUBSCRIBE", "a", "b", "c"]);
        const names = ["a", "b", "c"];
        peer.send(...names.map((name, i) => replies.confirm(["subscribe", name, i + 1])));
        await peer.expect(["PING", ""]);
        await peer.reset();
      },
      async (peer) => {
        await peer.expect(["SUBSCRIBE", "a", "b", "c"]);
        peer.send(refused);
        await peer.expect(["SUBSCRIBE", "a"], ["SUBSCRIBE", "b"], ["SUBSCRIBE", "c"]);
        peer.send(
          replies.confirm(["subscribe", "a", 1]),
          refused,
          replies.confirm(["subscribe", "c", 2]),
        );
        peer.send(replies.message("c", "on"));
        await peer.stall();
      },
    );
    await using redis = clientOf(mock, { protocol });
    const [onError, onReconnect, handler] = [vi.fn(), vi.fn(), vi.fn()];
    const pubsub = redis.pubsub({ retry: RETRY_IMMEDIATELY, onError, onReconnect });
    await pubsub.subscribe({ a: handler, b: handler, c: handler });
    await errorOf(pubsub.ping());
    await until(() => handler.mock.calls.length === 1);
    expect(onError).toHaveBeenCalledTimes(1);
    expect(onError.mock.calls[0]?.[0]).toMatchObject({
      name: "NoPermissionError",
      command: "SUBSCRIBE",
    });
    expect(onReconnect).toHaveBeenCalledTimes(1);
    expect(pubsub.channels).toEqual(["a", "c"]);
  });

  it("replaces a connection after a protocol error", async () => {
    const nonsense = [
      "X",
      "+surprise\r\n",
      ":1\r\n",
      "-ERR unexpected\r\n",
      replies.confirm(["subscribe", "other", 7]),
      replies.confirm(["sunsubscribe", "a", 0]),
      replies.pong("unexpected"),
      ...(protocol === 2 ? ["*1\r\n$5\r\nother\r\n", "*0\r\n"] : ["%1\r\n:1\r\n:2\r\n"]),
    ];
    const scripts = nonsense.map(
      (bytes) => async (peer: Parameters<typeof confirmSubscriptions>[0]) => {
        await peer.expect(["SUBSCRIBE", "a"]);
        peer.send(replies.confirm(["subscribe", "a", 1]), replies.message("a", "good"), bytes);
        peer.send(replies.message("a", "never"));
        await peer.stall();
      },
    );
    await using mock = await mockWithHandshake(...scripts, (peer) =>
      confirmSubscriptions(peer, replies),
    );
    await using redis = clientOf(mock, { protocol });
    const reconnections: string[] = [];
    const pubsub = redis.pubsub({
      retry: RETRY_IMMEDIATELY,
      onReconnect: ({ error }: Reconnection) => void reconnections.push(error.message),
    });
    const seen: string[] = [];
    await pubsub.subscribe({ a: ({ data }) => seen.push(data) });
    await until(() => reconnections.length === nonsense.length);
    expect(seen).toEqual(nonsense.map(() => "good"));
    expect(new Set(reconnections)).toEqual(new Set(["The server sent an invalid reply"]));
    await pubsub.ping();
    expect(pubsub.channels).toEqual(["a"]);
  });

  it("retries without limit by default, whatever the server rejects meanwhile", async () => {
    const refusal = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
    const broken = "-ERR internal error\r\n";
    const greeted = (script: Script) => async (peer: Peer) => {
      await peer.handshake({ count: 1 });
      await script(peer);
    };
    const refused = (reply: string) => (peer: Peer) =>
      peer.handshake({ replies: { AUTH: reply, HELLO: reply } }).then(() => undefined);
    await using mock = await mockServer([
      greeted(async (peer) => {
        await peer.expect(["SUBSCRIBE", "a"]);
        peer.send(replies.confirm(["subscribe", "a", 1]));
        await peer.reset();
      }),
      refused(refusal),
      refused(broken),
      greeted(async (peer) => {
        await peer.expect(["SUBSCRIBE", "a"]);
        peer.send("-NOAUTH Authentication required.\r\n");
        await peer.expectClose();
      }),
      greeted((peer) => confirmSubscriptions(peer, replies)),
    ]);
    const retry = new Retry(new ConstantBackoff(1), 0);
    await using redis = clientOf(mock, { protocol, password: "secret", retry });
    const onError = vi.fn();
    const onReconnect = vi.fn();
    const pubsub = redis.pubsub({ onError, onReconnect });
    await pubsub.subscribe("a");
    await until(() => onReconnect.mock.calls.length === 1);
    expect(mock.connections).toBe(5);
    // An attempt during the pause after a refusal opens no connection.
    expect(onReconnect.mock.calls[0]?.[0].attempts).toBeGreaterThanOrEqual(4);
    expect(onError).not.toHaveBeenCalled();
    expect(pubsub.channels).toEqual(["a"]);
  });

  it("gives up on errors that the retry policy does not support", async () => {
    const reply = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
    const lose = async (peer: Peer): Promise<void> => {
      await peer.handshake({ count: 1 });
      await peer.expect(["SUBSCRIBE", "a"]);
      peer.send(replies.confirm(["subscribe", "a", 1]));
      await peer.reset();
    };
    await using mock = await mockServer([
      lose,
      async (peer) => void (await peer.handshake({ replies: { AUTH: reply, HELLO: reply } })),
      lose,
      async (peer) => {
        await peer.handshake({ count: 1 });
        await peer.expect(["SUBSCRIBE", "a"]);
        peer.send("-NOAUTH Authentication required.\r\n");
        await peer.expectClose();
      },
    ]);
    for (const _ of ["refused while connecting", "refused afterwards"]) {
      await using redis = clientOf(mock, { protocol, password: "secret" });
      const onError = vi.fn();
      const pubsub = redis.pubsub({ onError, retry: RETRY_IMMEDIATELY });
      await pubsub.subscribe("a");
      await until(() => onError.mock.calls.length === 1);
      expect(onError.mock.lastCall?.[0]).toMatchObject({ name: "AuthenticationError" });
      expect(pubsub.subscribed).toBe(false);
    }
    await mock.done();
  });
});
