/** Subscribing: the commands sent, when promises settle, and which call rejects when the server refuses. */
import { describe, expect, it, vi } from "vitest";
import { DataError, PubSubError } from "../../src/index.js";
import { errorOf, kindOf } from "../support/settle.js";
import { deferred, until } from "../support/until.js";
import { clientOf, waitEventLoopTurns, watchEveryTest } from "../support/wire-clients.js";
import {
  commandsAfterHandshake,
  confirmSubscriptions,
  describePubSubReplies,
  mockWithHandshake,
  summarize,
} from "../support/wire-pubsub.js";

watchEveryTest();

describePubSubReplies("subscribe()", (replies) => {
  const { protocol } = replies;

  it("subscribe() resolves when the server has confirmed every name", async () => {
    const [confirmed, rest] = [deferred(), deferred()];
    await using mock = await mockWithHandshake(async (peer) => {
      await peer.expect(["SUBSCRIBE", "a", "b"]);
      await confirmed.promise;
      peer.send(replies.confirm(["subscribe", "a", 1]));
      await rest.promise;
      peer.send(replies.confirm(["subscribe", "b", 2]));
      await peer.stall();
    });
    await using redis = clientOf(mock, { protocol });
    const pubsub = redis.pubsub();
    let settled = false;
    const subscribed = pubsub.subscribe("a", "b").then(() => {
      settled = true;
    });
    expect(pubsub.subscribed).toBe(true);
    confirmed.resolve();
    expect(summarize(await readOne(pubsub))).toBe("subscribe a 1");
    await waitEventLoopTurns();
    expect([settled, pubsub.channels]).toEqual([false, ["a"]]);
    rest.resolve();
    await subscribed;
    expect(pubsub.channels).toEqual(["a", "b"]);
  });

  it("commands of one turn are sent in one write, and each gets its own confirmation", async () => {
    await using mock = await mockWithHandshake(async (peer) => {
      await peer.expect(
        ["SUBSCRIBE", "a"],
        ["PSUBSCRIBE", "p*"],
        ["SSUBSCRIBE", "s"],
        ["UNSUBSCRIBE", "a"],
      );
      peer.send(replies.confirm(["subscribe", "a", 1]), replies.message("a", "1"));
      peer.send(replies.confirm(["psubscribe", "p*", 2]), replies.pmessage("p*", "px", "2"));
      peer.send(replies.confirm(["ssubscribe", "s", 1]), replies.smessage("s", "3"));
      peer.send(replies.confirm(["unsubscribe", "a", 1]));
      await peer.stall();
    });
    await using redis = clientOf(mock, { protocol });
    const pubsub = redis.pubsub();
    const seen: string[] = [];
    const note = (message: Parameters<typeof summarize>[0]) => seen.push(summarize(message));
    await Promise.all([
      pubsub.subscribe({ a: note }),
      pubsub.psubscribe({ "p*": note }),
      pubsub.ssubscribe({ s: note }),
      pubsub.unsubscribe("a"),
    ]);
    expect(seen).toEqual(["message a 1", "pmessage px 2", "smessage s 3"]);
    expect([pubsub.channels, pubsub.patterns, pubsub.shardChannels]).toEqual([[], ["p*"], ["s"]]);
  });

  it("subscribe() rejects when the server refuses, and subscribes to nothing", async () => {
    await using mock = await mockWithHandshake(async (peer) => {
      await peer.expect(["SUBSCRIBE", "a"], ["SUBSCRIBE", "b", "c"], ["SUBSCRIBE", "d"]);
      peer.send(replies.confirm(["subscribe", "a", 1]));
      peer.send("-NOPERM User default has no permissions to access the channels\r\n");
      peer.send(replies.confirm(["subscribe", "d", 2]));
      await peer.stall();
    });
    await using redis = clientOf(mock, { protocol });
    const pubsub = redis.pubsub();
    const calls = [pubsub.subscribe("a"), pubsub.subscribe("b", "c"), pubsub.subscribe("d")];
    const error = await errorOf(calls[1] ?? Promise.resolve());
    await Promise.all([calls[0], calls[2]]);
    expect(error).toMatchObject({
      name: "NoPermissionError",
      command: "SUBSCRIBE",
      server: `127.0.0.1:${mock.port}`,
    });
    expect(pubsub.channels).toEqual(["a", "d"]);
  });

  it("a new handler is used from its confirmation on", async () => {
    await using mock = await mockWithHandshake(async (peer) => {
      await peer.expect(["SUBSCRIBE", "a"]);
      peer.send(replies.confirm(["subscribe", "a", 1]));
      await peer.expect(["SUBSCRIBE", "a"]);
      peer.send(
        replies.message("a", "old"),
        replies.confirm(["subscribe", "a", 1]),
        replies.message("a", "new"),
      );
      await peer.expect(["SUBSCRIBE", "a"]);
      peer.send(replies.confirm(["subscribe", "a", 1]), replies.message("a", "read"));
      await peer.stall();
    });
    await using redis = clientOf(mock, { protocol });
    const pubsub = redis.pubsub({ ignoreSubscribeMessages: true });
    const [first, second] = [vi.fn(), vi.fn()];
    await pubsub.subscribe({ a: first });
    await pubsub.subscribe({ a: second });
    await until(() => second.mock.calls.length === 1);
    expect(first.mock.calls.map(([message]) => summarize(message))).toEqual(["message a old"]);
    expect(second.mock.calls.map(([message]) => summarize(message))).toEqual(["message a new"]);
    await pubsub.subscribe("a");
    expect(summarize(await readOne(pubsub))).toBe("message a read");
  });

  it("names may be any bytes", async () => {
    const name = Buffer.from([0xff, 0x00, 0x0d, 0x0a, 0xfe]);
    await using mock = await mockWithHandshake(async (peer) => {
      expect(await peer.nextBuffers()).toEqual([Buffer.from("SUBSCRIBE"), name]);
      const head = `${protocol === 3 ? ">" : "*"}3\r\n$9\r\nsubscribe\r\n$5\r\n`;
      peer.send(head, name, "\r\n:1\r\n", head.replace("9\r\nsubscribe", "7\r\nmessage"), name);
      peer.send("\r\n$2\r\n", Buffer.from([0xc0, 0x80]), "\r\n");
      await peer.stall();
    });
    await using redis = clientOf(mock, { protocol, decodeResponses: false });
    const pubsub = redis.pubsub();
    const seen: unknown[] = [];
    const subscribed = pubsub.subscribe(new Map([[name, (message) => seen.push(message)]]));
    await subscribed;
    await until(() => seen.length === 1);
    expect(seen).toEqual([
      { type: "message", pattern: null, channel: name, data: Buffer.from([0xc0, 0x80]) },
    ]);
    expect(pubsub.channels).toEqual([name]);
  });

  it("replies in pieces of one byte are parsed", async () => {
    await using mock = await mockWithHandshake(async (peer) => {
      await peer.expect(["SUBSCRIBE", "a"]);
      await peer.trickle(
        replies.confirm(["subscribe", "a", 1]) +
          replies.message("a", "x") +
          replies.message("a", "y"),
      );
      await peer.stall();
    });
    await using redis = clientOf(mock, { protocol });
    const pubsub = redis.pubsub();
    await pubsub.subscribe("a");
    const seen = [await readOne(pubsub), await readOne(pubsub), await readOne(pubsub)];
    expect(seen.map(summarize)).toEqual(["subscribe a 1", "message a x", "message a y"]);
  });
});

describe("invalid PubSub calls", () => {
  it.each([
    ["no channel", () => [], "SUBSCRIBE: at least one channel is required"],
    ["an empty list", () => [[]], "SUBSCRIBE: at least one channel is required"],
    ["undefined", () => [undefined], /"channels\[0\]"/],
    ["a handler that is none", () => [{ a: 5 }], /handler must be a function/],
  ])("reject without I/O: %s", async (_, args, message) => {
    await using mock = await mockWithHandshake();
    await using redis = clientOf(mock);
    const pubsub = redis.pubsub();
    const error = await errorOf(pubsub.subscribe(...(args() as never[])));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toMatch(message);
    expect(pubsub.subscribed).toBe(false);
    await waitEventLoopTurns();
    expect(mock.connections).toBe(0);
  });

  it("return immediately when there is nothing to read, unsubscribe or wait for", async () => {
    await using mock = await mockWithHandshake();
    await using redis = clientOf(mock);
    const pubsub = redis.pubsub();
    const error = await errorOf(pubsub.getMessage({ timeout: null }));
    expect(error).toBeInstanceOf(PubSubError);
    expect(error.message).toBe(
      "pubsub connection not set: did you forget to call subscribe() or psubscribe()?",
    );
    await pubsub.unsubscribe();
    await pubsub.punsubscribe("p");
    for await (const message of pubsub) throw new Error(`read ${summarize(message)}`);
    await waitEventLoopTurns();
    expect(mock.connections).toBe(0);
  });
});

describePubSubReplies("unsubscribe()", (replies) => {
  const { protocol } = replies;

  it("unsubscribe() sends the given names, all names without arguments, and nothing for an empty list", async () => {
    await using mock = await mockWithHandshake((peer) => confirmSubscriptions(peer, replies));
    await using redis = clientOf(mock, { protocol });
    const pubsub = redis.pubsub();
    await pubsub.subscribe("a", "b", "c");
    await pubsub.psubscribe("p");
    await pubsub.unsubscribe([]);
    await pubsub.unsubscribe("b", ["x"]);
    const late = pubsub.subscribe("late");
    await pubsub.unsubscribe();
    await late;
    expect(pubsub.subscribed).toBe(true);
    await pubsub.punsubscribe();
    expect(pubsub.subscribed).toBe(false);
    expect(commandsAfterHandshake(mock)).toEqual([
      ["SUBSCRIBE", "a", "b", "c"],
      ["PSUBSCRIBE", "p"],
      ["UNSUBSCRIBE", "b", "x"],
      ["SUBSCRIBE", "late"],
      ["UNSUBSCRIBE", "a", "c", "late"],
      ["PUNSUBSCRIBE", "p"],
    ]);
  });

  it("a handler is called until unsubscribe() settles, and not afterwards", async () => {
    const sent = deferred();
    await using mock = await mockWithHandshake(async (peer) => {
      await peer.expect(["SUBSCRIBE", "a"]);
      peer.send(replies.confirm(["subscribe", "a", 1]));
      await peer.expect(["UNSUBSCRIBE", "a"]);
      peer.send(replies.message("a", "late"), replies.confirm(["unsubscribe", "a", 0]));
      sent.resolve();
      await peer.stall();
    });
    await using redis = clientOf(mock, { protocol });
    const pubsub = redis.pubsub();
    const handler = vi.fn();
    await pubsub.subscribe({ a: handler });
    await pubsub.unsubscribe("a");
    expect(handler).toHaveBeenCalledTimes(1);
  });

  it("loops over messages end after the last received message is read", async () => {
    await using mock = await mockWithHandshake((peer) => confirmSubscriptions(peer, replies));
    await using redis = clientOf(mock, { protocol });
    const pubsub = redis.pubsub();
    await pubsub.subscribe("a");
    const seen: string[] = [];
    const reading = (async () => {
      for await (const message of pubsub) seen.push(summarize(message));
    })();
    await pubsub.unsubscribe();
    await reading;
    expect(seen).toEqual(["subscribe a 1", "unsubscribe a 0"]);
    expect(await pubsub.getMessage({ timeout: null })).toBeNull();
  });
});

describePubSubReplies("ping()", (replies) => {
  const { protocol } = replies;

  it("ping() also delivers its reply as a message, which is never hidden", async () => {
    await using mock = await mockWithHandshake((peer) => confirmSubscriptions(peer, replies));
    await using redis = clientOf(mock, { protocol });
    const pubsub = redis.pubsub({ ignoreSubscribeMessages: true });
    await pubsub.subscribe("a");
    await Promise.all([pubsub.ping("one"), pubsub.ping()]);
    const seen = [await readOne(pubsub), await readOne(pubsub)];
    expect(seen).toEqual([
      { type: "pong", pattern: null, channel: null, data: "one" },
      { type: "pong", pattern: null, channel: null, data: "" },
    ]);
    expect(commandsAfterHandshake(mock).slice(1)).toEqual([
      ["PING", "one"],
      ["PING", ""],
    ]);
  });

  it("ping() works before the first subscription, where the server replies with a plain PONG", async () => {
    await using mock = await mockWithHandshake(async (peer) => {
      await peer.expect(["PING", "x"]);
      peer.send("$1\r\nx\r\n");
      await peer.expect(["PING", "y"]);
      peer.send("-NOPERM this user has no permissions to run the 'ping' command\r\n");
      await peer.stall();
    });
    await using redis = clientOf(mock, { protocol });
    const pubsub = redis.pubsub();
    await pubsub.ping("x");
    expect(summarize(await readOne(pubsub))).toBe("pong  x");
    expect((await errorOf(pubsub.ping("y"))).name).toBe("NoPermissionError");
    await pubsub.close();
  });
});

describe("close()", () => {
  it("rejects pending calls, and the subscriber can be used again", async () => {
    await using mock = await mockWithHandshake(
      async (peer) => {
        await peer.expect(["SUBSCRIBE", "a"]);
        await peer.expectClose();
      },
      async (peer) => {
        await peer.expect(["SUBSCRIBE", "b"]);
        peer.send("*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:1\r\n");
        await peer.expectClose();
      },
    );
    await using redis = clientOf(mock);
    const pubsub = redis.pubsub();
    const subscribed = errorOf(pubsub.subscribe("a"));
    const reading = pubsub.getMessage({ timeout: null });
    await until(() => mock.received.length === 1);
    await pubsub.close();
    const error = await subscribed;
    expect([kindOf(error), error.code]).toEqual(["ConnectionError unknown", "ECLOSED"]);
    expect(await reading).toBeNull();
    expect((await errorOf(pubsub.getMessage())).name).toBe("PubSubError");
    await pubsub.subscribe("b");
    expect(pubsub.channels).toEqual(["b"]);
    await pubsub.reset();
    expect(pubsub.subscribed).toBe(false);
    await mock.done();
  });

  it("ends a loop, also when called from inside", async () => {
    await using mock = await mockWithHandshake(async (peer) => {
      await peer.expect(["SUBSCRIBE", "a"]);
      const message = "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n1\r\n";
      peer.send("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n", message, message, message);
      await peer.expectClose();
    });
    await using redis = clientOf(mock);
    const pubsub = redis.pubsub({ ignoreSubscribeMessages: true });
    const handler = vi.fn(() => pubsub.close());
    await pubsub.subscribe({ a: handler });
    for await (const message of pubsub) throw new Error(`read ${summarize(message)}`);
    await mock.done();
    expect(handler).toHaveBeenCalledTimes(1);
  });
});

/** Return the next message. */
async function readOne(pubsub: {
  getMessage(options: object): Promise<Parameters<typeof summarize>[0] | null>;
}) {
  const message = await pubsub.getMessage({ timeout: 2000 });
  if (message === null) throw new Error("no message came");
  return message;
}
