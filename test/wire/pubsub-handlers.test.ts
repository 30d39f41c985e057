/** Handlers and readers: which messages they get, how they affect each other, and when the socket is paused. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { DecodeError, type PubSubMessage } from "../../src/index.js";
import { errorOf } from "../support/settle.js";
import { deferred, until } from "../support/until.js";
import { clientOf, waitEventLoopTurns, watchEveryTest } from "../support/wire-clients.js";
import {
  commandsAfterHandshake,
  confirmSubscriptions,
  confirmThenSend,
  describePubSubReplies,
  mockWithHandshake,
  summarize,
} from "../support/wire-pubsub.js";

watchEveryTest();

describePubSubReplies("PubSub handler", (replies) => {
  const { protocol } = replies;
  const three = ["1", "2", "3"].map((data) => replies.message("a", data));

  it("does not affect other messages of the same chunk when it throws", async () => {
    await using mock = await mockWithHandshake(confirmThenSend(replies, ["a"], ...three));
    await using redis = clientOf(mock, { protocol });
    const onError = vi.fn();
    const pubsub = redis.pubsub({ onError });
    const seen: string[] = [];
    const failure = new Error("mine");
    await pubsub.subscribe({
      a: ({ data }) => {
        seen.push(data);
        if (data === "1") throw failure;
      },
    });
    await until(() => seen.length === 3);
    expect(seen).toEqual(["1", "2", "3"]);
    expect(onError.mock.calls).toEqual([
      [failure, expect.objectContaining({ type: "message", data: "1" })],
    ]);
    await pubsub.close();
  });

  it("may be async: it is not awaited, and its rejection goes to onError", async () => {
    await using mock = await mockWithHandshake(confirmThenSend(replies, ["a"], ...three));
    await using redis = clientOf(mock, { protocol });
    const onError = vi.fn();
    const pubsub = redis.pubsub({ onError });
    const begun: string[] = [];
    const finish = deferred();
    await pubsub.subscribe({
      a: async ({ data }) => {
        begun.push(data);
        await finish.promise;
        if (data === "2") throw new Error("late");
      },
    });
    await until(() => begun.length === 3);
    expect(onError).not.toHaveBeenCalled();
    finish.resolve();
    await until(() => onError.mock.calls.length === 1);
    expect(onError.mock.calls[0]).toMatchObject([{ message: "late" }, { data: "2" }]);
    await pubsub.close();
  });

  it("is found by channel or by pattern, and both are called when both match", async () => {
    await using mock = await mockWithHandshake(async (peer) => {
      await peer.expect(["SUBSCRIBE", "ab"], ["PSUBSCRIBE", "a*", "ab"]);
      peer.send(
        replies.confirm(["subscribe", "ab", 1], ["psubscribe", "a*", 2], ["psubscribe", "ab", 3]),
      );
      peer.send(
        replies.message("ab", "x"),
        replies.pmessage("a*", "ab", "x"),
        replies.pmessage("ab", "ab", "x"),
      );
      await peer.stall();
    });
    await using redis = clientOf(mock, { protocol });
    const pubsub = redis.pubsub();
    const seen: unknown[] = [];
    const note = (who: string) => (message: PubSubMessage) => seen.push([who, message]);
    const patterns = pubsub.subscribe({ ab: note("channel") });
    await pubsub.psubscribe({ "a*": note("glob"), ab: note("name") });
    await patterns;
    await until(() => seen.length === 3);
    const rest = { channel: "ab", data: "x" };
    expect(seen).toEqual([
      ["channel", { type: "message", pattern: null, ...rest }],
      ["glob", { type: "pmessage", pattern: "a*", ...rest }],
      ["name", { type: "pmessage", pattern: "ab", ...rest }],
    ]);
    await pubsub.close();
  });

  it("leaves confirmations to readers, and its messages reach no reader", async () => {
    await using mock = await mockWithHandshake(
      confirmThenSend(replies, ["a", "b"], ...three, replies.message("b", "4")),
    );
    await using redis = clientOf(mock, { protocol });
    const pubsub = redis.pubsub();
    await pubsub.subscribe({ a: () => {}, b: null });
    const seen: string[] = [];
    for await (const message of pubsub) {
      seen.push(summarize(message));
      if (message.type === "message") break;
    }
    expect(seen).toEqual(["subscribe a 1", "subscribe b 2", "message b 4"]);
    await pubsub.close();
  });

  it("can subscribe, unsubscribe itself, and ping", async () => {
    await using mock = await mockWithHandshake((peer) => {
      const served = confirmSubscriptions(peer, replies);
      void until(() => commandsAfterHandshake(mock).length === 1).then(() => peer.send(...three));
      return served;
    });
    await using redis = clientOf(mock, { protocol });
    const pubsub = redis.pubsub();
    const done = deferred();
    await pubsub.subscribe({
      a: async ({ data }) => {
        if (data !== "1") return;
        await Promise.all([pubsub.subscribe("b"), pubsub.ping("x"), pubsub.unsubscribe("a")]);
        done.resolve();
      },
    });
    await done.promise;
    expect(pubsub.channels).toEqual(["b"]);
    await pubsub.close();
  });

  it("does not receive messages with invalid UTF-8; onError gets the error, and later messages arrive", async () => {
    const broken = replies.message("a", "??");
    const bytes = Buffer.from(broken);
    bytes.fill(0xff, broken.length - 4, broken.length - 2);
    await using mock = await mockWithHandshake(confirmThenSend(replies, ["a"], bytes, ...three));
    await using redis = clientOf(mock, { protocol });
    const onError = vi.fn();
    const pubsub = redis.pubsub({ onError });
    const seen: string[] = [];
    await pubsub.subscribe({ a: ({ data }) => seen.push(data) });
    await until(() => seen.length === 3);
    expect(onError).toHaveBeenCalledTimes(1);
    expect(onError.mock.calls[0]?.[0]).toBeInstanceOf(DecodeError);
    expect(mock.connections).toBe(1);
    await pubsub.close();
  });

  it("pauses the socket when too many of its calls are unfinished", async () => {
    const total = 2000;
    await using mock = await mockWithHandshake(async (peer) => {
      await peer.expect(["SUBSCRIBE", "a"]);
      peer.send(replies.confirm(["subscribe", "a", 1]));
      for (let i = 0; i < total; i++) {
        peer.send(replies.message("a", "x".repeat(10_000)));
        if (peer.socket.writableNeedDrain)
          await new Promise((resolve) => peer.socket.once("drain", resolve));
      }
      await peer.stall();
    });
    await using redis = clientOf(mock, { protocol });
    const pubsub = redis.pubsub({ highWaterMark: 10 });
    const waiting: (() => void)[] = [];
    let most = 0;
    await pubsub.subscribe({
      a: () => {
        const { promise, resolve } = deferred();
        waiting.push(() => resolve());
        most = Math.max(most, waiting.length);
        return promise;
      },
    });
    let seen = 0;
    while (seen < total) {
      await until(() => waiting.length !== 0);
      await waitEventLoopTurns(3);
      seen += waiting.length;
      for (const finish of waiting.splice(0)) finish();
    }
    // One read may exceed the high-water mark; without a pause all messages would be read.
    expect(most).toBeLessThan(10 + 3 * (262_144 / 10_000));
    await pubsub.close();
  });
});

describePubSubReplies("PubSub reader", (replies) => {
  const { protocol } = replies;
  const messages = Array.from({ length: 10 }, (_, i) => replies.message("a", String(i)));

  it("pauses the socket when it does not read, while subscriptions are still confirmed", async () => {
    await using mock = await mockWithHandshake(confirmThenSend(replies, ["a"], ...messages));
    await using redis = clientOf(mock, { protocol });
    const pubsub = redis.pubsub({ highWaterMark: 2, ignoreSubscribeMessages: true });
    await pubsub.subscribe("a");
    await waitEventLoopTurns();
    await pubsub.subscribe("b");
    await pubsub.ping("through");
    await pubsub.unsubscribe("b");
    const seen: string[] = [];
    for await (const message of pubsub) {
      seen.push(summarize(message));
      if (seen.length === 11) break;
    }
    expect(seen).toEqual([...messages.map((_, i) => `message a ${i}`), "pong  through"]);
    await pubsub.close();
  });

  it("waits only for its timeout, and only for requested messages", async () => {
    const go = deferred();
    await using mock = await mockWithHandshake(async (peer) => {
      await peer.expect(["SUBSCRIBE", "a"]);
      peer.send(replies.confirm(["subscribe", "a", 1]));
      await go.promise;
      peer.send(replies.message("a", "late"));
      await peer.stall();
    });
    await using redis = clientOf(mock, { protocol });
    const pubsub = redis.pubsub();
    await pubsub.subscribe("a");
    const started = performance.now();
    const quick = { timeout: 30, ignoreSubscribeMessages: true };
    expect(await pubsub.getMessage(quick)).toBeNull();
    expect(performance.now() - started).toBeGreaterThanOrEqual(29);
    expect(await pubsub.getMessage()).toBeNull();
    const waiting = pubsub.getMessage({ timeout: null });
    go.resolve();
    expect(summarize((await waiting) as PubSubMessage)).toBe("message a late");
    await pubsub.close();
  });

  it("can be aborted before and while it waits, and loses no message", async () => {
    const go = deferred();
    await using mock = await mockWithHandshake(async (peer) => {
      await peer.expect(["SUBSCRIBE", "a"]);
      peer.send(replies.confirm(["subscribe", "a", 1]));
      await go.promise;
      peer.send(replies.message("a", "kept"));
      await peer.stall();
    });
    await using redis = clientOf(mock, { protocol });
    const pubsub = redis.pubsub({ ignoreSubscribeMessages: true });
    await pubsub.subscribe("a");
    const controller = new AbortController();
    const { signal } = controller;
    const waiting = errorOf(pubsub.getMessage({ timeout: null, signal }));
    controller.abort(new Error("enough"));
    expect(await waiting).toMatchObject({ name: "AbortError", cause: { message: "enough" } });
    expect((await errorOf(pubsub.getMessage({ signal }))).name).toBe("AbortError");
    go.resolve();
    expect((await pubsub.getMessage({ timeout: 1000 }))?.data).toBe("kept");
    await pubsub.close();
  });

  it("may be one of several; each message goes to one of them, in order", async () => {
    await using mock = await mockWithHandshake(confirmThenSend(replies, ["a"], ...messages));
    await using redis = clientOf(mock, { protocol });
    const pubsub = redis.pubsub({ ignoreSubscribeMessages: true });
    const subscribed = pubsub.subscribe("a");
    const waiting = messages.map(() => pubsub.getMessage({ timeout: null }));
    await subscribed;
    const seen = await Promise.all(waiting);
    expect(seen.map((message) => message?.data)).toEqual(messages.map((_, i) => String(i)));
    await pubsub.close();
  });

  it("finds the remaining messages and the subscription after it left its loop", async () => {
    await using mock = await mockWithHandshake(confirmThenSend(replies, ["a"], ...messages));
    await using redis = clientOf(mock, { protocol });
    const pubsub = redis.pubsub({ ignoreSubscribeMessages: true });
    await pubsub.subscribe("a");
    for await (const { data } of pubsub) if (data === "4") break;
    expect((await pubsub.getMessage({ timeout: 1000 }))?.data).toBe("5");
    for await (const { data } of pubsub.listen()) if (data === "9") break;
    expect(pubsub.channels).toEqual(["a"]);
    await pubsub.close();
  });
});

describe("PubSub errors without onError", () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => void warnings.push(warning);
  afterEach(() => void process.off("warning", note));

  it("cause one process warning when they belong to no call", async () => {
    process.on("warning", note);
    const message = (data: Buffer) =>
      Buffer.concat([
        Buffer.from("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n"),
        data,
        Buffer.from("\r\n"),
      ]);
    const broken = message(Buffer.from([0xff]));
    await using mock = await mockWithHandshake(async (peer) => {
      await peer.expect(["SUBSCRIBE", "a"]);
      peer.send(
        "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n",
        broken,
        broken,
        message(Buffer.from("x")),
      );
      await peer.stall();
    });
    await using redis = clientOf(mock);
    const pubsub = redis.pubsub();
    const handler = vi.fn();
    await pubsub.subscribe({ a: handler });
    await until(() => handler.mock.calls.length === 1 && warnings.length !== 0);
    await waitEventLoopTurns();
    expect(warnings.map(({ name }) => name)).toEqual(["DecodeError"]);
    // Later readers get each of the errors.
    expect((await pubsub.getMessage())?.type).toBe("subscribe");
    expect(await errorOf(pubsub.getMessage())).toBeInstanceOf(DecodeError);
    expect(await errorOf(pubsub.getMessage())).toBeInstanceOf(DecodeError);
    expect(await pubsub.getMessage()).toBeNull();
    await pubsub.close();
  });
});
