/** Lost connections: what is asked for on the next one, what becomes of what was under way. */
import { describe, expect, it, vi } from "vitest";
import { type Backoff, ConstantBackoff } from "../../src/backoff.js";
import {
  ConnectionError,
  type PubSub,
  type PubSubMessage,
  type Reconnection,
  Retry,
} from "../../src/index.js";
import { startProxy } from "../support/fault-proxy.js";
import { mockServer } from "../support/mock-server.js";
import { freePort } from "../support/ports.js";
import { deferred, until } from "../support/until.js";
import { AT_ONCE, asked, brief, describeSpeech, mockSubscribed, serve } from "./pubsub-support.js";
import { clientOf, errorOf, kindOf, settleDown, watchEveryTest } from "./support.js";

watchEveryTest();

/** Read until a loop over the messages ends. */
async function readAll(pubsub: AsyncIterable<PubSubMessage>): Promise<string[]> {
  const seen: string[] = [];
  for await (const message of pubsub) seen.push(brief(message));
  return seen;
}

describeSpeech("after a lost connection", (say) => {
  const { protocol } = say;

  it("asks for exactly what there was, and calls the handlers there were", async () => {
    const cut = deferred();
    await using mock = await mockSubscribed(
      async (peer) => {
        const served = serve(peer, say);
        await cut.promise;
        peer.close();
        await served;
      },
      async (peer) => {
        await peer.expect(["SUBSCRIBE", "a", "b"], ["PSUBSCRIBE", "p*"], ["SSUBSCRIBE", "s"]);
        peer.send(say.confirm(["subscribe", "a", 1], ["subscribe", "b", 2]));
        peer.send(say.confirm(["psubscribe", "p*", 3], ["ssubscribe", "s", 1]));
        peer.send(say.message("a", "1"), say.pmessage("p*", "px", "2"), say.smessage("s", "3"));
        await peer.stall();
      },
    );
    await using redis = clientOf(mock, { protocol });
    const onReconnect = vi.fn();
    const pubsub = redis.pubsub({ retry: AT_ONCE, onReconnect });
    const seen: string[] = [];
    const note = (message: PubSubMessage) => seen.push(brief(message));
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

  it("honours an end that was not confirmed: it has ended, and is not asked for again", async () => {
    await using mock = await mockSubscribed(
      async (peer) => {
        await peer.expect(["SUBSCRIBE", "a", "b"]);
        peer.send(say.confirm(["subscribe", "a", 1], ["subscribe", "b", 2]));
        await peer.expect(["UNSUBSCRIBE", "b"]);
        await peer.reset();
      },
      async (peer) => {
        await peer.expect(["SUBSCRIBE", "a"]);
        peer.send(say.confirm(["subscribe", "a", 1]));
        await peer.stall();
      },
    );
    await using redis = clientOf(mock, { protocol });
    const onReconnect = vi.fn();
    const pubsub = redis.pubsub({ retry: AT_ONCE, onReconnect });
    await pubsub.subscribe("a", "b");
    await pubsub.unsubscribe("b");
    await until(() => onReconnect.mock.calls.length === 1);
    expect(pubsub.channels).toEqual(["a"]);
  });

  it("asks anew for what was not confirmed, behind what there was", async () => {
    await using mock = await mockSubscribed(
      async (peer) => {
        await peer.expect(["SUBSCRIBE", "a"]);
        peer.send(say.confirm(["subscribe", "a", 1]));
        await peer.expect(["SUBSCRIBE", "b", "c"]);
        peer.send(say.confirm(["subscribe", "b", 2]));
        await peer.reset();
      },
      async (peer) => {
        await peer.expect(["SUBSCRIBE", "a", "b"], ["SUBSCRIBE", "c"]);
        peer.send(say.confirm(["subscribe", "a", 1], ["subscribe", "b", 2]));
        peer.send(say.confirm(["subscribe", "c", 3]));
        await peer.stall();
      },
    );
    await using redis = clientOf(mock, { protocol });
    const pubsub = redis.pubsub({ retry: AT_ONCE });
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
  ])("comes to what %j leads to, although nothing of it was answered", async (steps, channels) => {
    await using mock = await mockSubscribed(
      async (peer) => {
        await peer.expect(["SUBSCRIBE", "a"]);
        peer.send(say.confirm(["subscribe", "a", 1]));
        for (let i = 0; i < steps.length; i++) await peer.next();
        await peer.reset();
      },
      (peer) => serve(peer, say),
    );
    await using redis = clientOf(mock, { protocol });
    const pubsub = redis.pubsub({ retry: AT_ONCE });
    await pubsub.subscribe("a");
    await Promise.all(
      steps.map((step) => {
        const [verb, ...names] = step.split(" ");
        return verb === "sub" ? pubsub.subscribe(...names) : pubsub.unsubscribe(...names);
      }),
    );
    await pubsub.ping();
    expect(pubsub.channels).toEqual(channels);
    expect(pubsub.subscribed).toBe(channels.length !== 0);
  });

  it("shows the gap among the messages, once, when that is wanted", async () => {
    await using mock = await mockSubscribed(
      async (peer) => {
        await peer.expect(["SUBSCRIBE", "a"]);
        peer.send(say.confirm(["subscribe", "a", 1]), say.message("a", "1"));
        await peer.reset();
      },
      // Lost again before all is as it was: still the same gap.
      async (peer) => {
        await peer.expect(["SUBSCRIBE", "a"]);
        await peer.reset();
      },
      async (peer) => {
        await peer.expect(["SUBSCRIBE", "a"]);
        peer.send(say.confirm(["subscribe", "a", 1]), say.message("a", "2"));
        await peer.expect(["UNSUBSCRIBE", "a"]);
        peer.send(say.confirm(["unsubscribe", "a", 0]));
        await peer.stall();
      },
    );
    await using redis = clientOf(mock, { protocol });
    const onReconnect = vi.fn();
    const pubsub = redis.pubsub({ retry: AT_ONCE, gapEvents: true, onReconnect });
    await pubsub.subscribe("a");
    const seen: string[] = [];
    for await (const message of pubsub) {
      seen.push(brief(message));
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

  it("asks in commands of bounded size", async () => {
    const names = Array.from({ length: 2500 }, (_, i) => `c${i}`);
    const sizes: number[] = [];
    await using mock = await mockSubscribed(
      async (peer) => {
        await peer.next();
        peer.send(...names.map((name, i) => say.confirm(["subscribe", name, i + 1])));
        await peer.expect(["PING", "now"]);
        await peer.reset();
      },
      async (peer) => {
        let count = 0;
        for await (const [, ...args] of peer.commands()) {
          sizes.push(args.length);
          peer.send(...args.map((name) => say.confirm(["subscribe", name, ++count])));
        }
      },
    );
    await using redis = clientOf(mock, { protocol });
    const onReconnect = vi.fn();
    const pubsub = redis.pubsub({ retry: AT_ONCE, onReconnect });
    await pubsub.subscribe(names);
    expect(kindOf(await errorOf(pubsub.ping("now")))).toBe("ConnectionError unknown");
    await until(() => onReconnect.mock.calls.length === 1);
    expect(sizes).toEqual([1000, 1000, 500]);
    expect(pubsub.channels).toEqual(names);
  });

  it("goes on without what the server refuses by then, and says so", async () => {
    const refused = "-NOPERM no permissions to access one of the channels\r\n";
    await using mock = await mockSubscribed(
      async (peer) => {
        await peer.expect(["SUBSCRIBE", "a", "b", "c"]);
        const names = ["a", "b", "c"];
        peer.send(...names.map((name, i) => say.confirm(["subscribe", name, i + 1])));
        await peer.expect(["PING", ""]);
        await peer.reset();
      },
      async (peer) => {
        await peer.expect(["SUBSCRIBE", "a", "b", "c"]);
        peer.send(refused);
        await peer.expect(["SUBSCRIBE", "a"], ["SUBSCRIBE", "b"], ["SUBSCRIBE", "c"]);
        peer.send(say.confirm(["subscribe", "a", 1]), refused, say.confirm(["subscribe", "c", 2]));
        peer.send(say.message("c", "on"));
        await peer.stall();
      },
    );
    await using redis = clientOf(mock, { protocol });
    const [onError, onReconnect, handler] = [vi.fn(), vi.fn(), vi.fn()];
    const pubsub = redis.pubsub({ retry: AT_ONCE, onError, onReconnect });
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

  it("replaces a connection whose stream makes no sense", async () => {
    const nonsense = [
      "X",
      "+surprise\r\n",
      ":1\r\n",
      "-ERR nobody asked\r\n",
      say.confirm(["subscribe", "other", 7]),
      say.confirm(["sunsubscribe", "a", 0]),
      say.pong("nobody asked"),
      ...(protocol === 2 ? ["*1\r\n$5\r\nother\r\n", "*0\r\n"] : ["%1\r\n:1\r\n:2\r\n"]),
    ];
    const scripts = nonsense.map((bytes) => async (peer: Parameters<typeof serve>[0]) => {
      await peer.expect(["SUBSCRIBE", "a"]);
      peer.send(say.confirm(["subscribe", "a", 1]), say.message("a", "good"), bytes);
      peer.send(say.message("a", "never"));
      await peer.stall();
    });
    await using mock = await mockSubscribed(...scripts, (peer) => serve(peer, say));
    await using redis = clientOf(mock, { protocol });
    const reconnections: string[] = [];
    const pubsub = redis.pubsub({
      retry: AT_ONCE,
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
});

describe("while there is no connection", () => {
  const RESP2 = { confirmA: "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n" };

  /** Subscribed to `a` through a proxy that has then refused everybody. */
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

  it("ends a subscription at once", () =>
    cutOff(async (pubsub, proxy) => {
      const { totalConnections } = proxy;
      const reading = readAll(pubsub);
      await pubsub.unsubscribe("a");
      expect(pubsub.subscribed).toBe(false);
      expect(await reading).toEqual(["subscribe a 1"]);
      await proxy.accept();
      await settleDown(50);
      expect(proxy.totalConnections).toBe(totalConnections);
    }));

  it("refuses new ones with the error of connecting, and keeps the old", () =>
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

  it("is a subscriber no more when its client is closed", async () => {
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

  it("is one again after disconnect(), which is no end", async () => {
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
    expect(asked(mock)).toEqual([
      ["SUBSCRIBE", "a"],
      ["SUBSCRIBE", "a"],
    ]);
    await pubsub.close();
  });
});

describe("a server that is down", () => {
  const down = async () => ({ host: "127.0.0.1", port: await freePort() });

  it("is the error of subscribe() itself, which leaves no trace", async () => {
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

describe("coming back", () => {
  /** Confirms one subscription and hangs up, again and again. */
  function fickle() {
    return mockServer(async (peer) => {
      await peer.expect(["SUBSCRIBE", "a"]);
      await peer.reset();
    });
  }

  it("is paced by the policy", async () => {
    const failures: number[] = [];
    const backoff: Backoff = {
      compute(count) {
        failures.push(count);
        return 1;
      },
      reset() {},
      clone: () => backoff,
    };
    const hangsUp = deferred();
    await using mock = await mockServer(async (peer) => {
      await peer.expect(["SUBSCRIBE", "a"]);
      if (peer.index === 0) peer.send("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n");
      await hangsUp.promise;
      await peer.reset();
    });
    await using redis = clientOf(mock);
    const pubsub = redis.pubsub({ retry: new Retry(backoff, -1) });
    await pubsub.subscribe("a");
    hangsUp.resolve();
    await until(() => failures.length === 5);
    // The first connection was good but short-lived; the others never came so far.
    expect(failures.slice(0, 5)).toEqual([1, 2, 3, 4, 5]);
    await pubsub.close();
  });

  it("ends when the policy says so: who reads is told, and nothing is subscribed to any more", async () => {
    await using mock = await mockSubscribed(async (peer) => {
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

  it("is tried on after each failure, within the deadline of a subscription under way", async () => {
    await using mock = await fickle();
    await using redis = clientOf(mock, { socketTimeout: 60 });
    const pubsub = redis.pubsub({ retry: AT_ONCE });
    const error = await errorOf(pubsub.subscribe("a"));
    expect(kindOf(error)).toBe("ConnectionError unknown");
    expect(mock.connections).toBeGreaterThan(1);
    expect(pubsub.subscribed).toBe(false);
  });
});
