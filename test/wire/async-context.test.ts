/**
 * Async contexts: a function that a caller passes runs in the caller's context, and what all callers share
 * runs in none.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { tracingChannel } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { type Backoff, Connection, KeyspaceEvents, Retry } from "../../src/index.js";
import { mockServer } from "../support/mock-server.js";
import { errorOf } from "../support/settle.js";
import { deferred, until } from "../support/until.js";
import { clientOf, echo, watchEveryTest } from "../support/wire-clients.js";
import { describePubSubReplies } from "../support/wire-pubsub.js";

watchEveryTest();

const storage = new AsyncLocalStorage<string>();

/** Record the contexts in which functions are called. */
function recorder() {
  const seen: (string | undefined)[] = [];
  return { seen, record: () => void seen.push(storage.getStore()) };
}

describePubSubReplies("async context of a subscriber", (replies) => {
  const { protocol } = replies;

  it("is that of the subscribe() call for each handler, also after a reconnect", async () => {
    const published = deferred<void>();
    await using mock = await mockServer(
      [
        async (peer) => {
          await peer.expect(["SUBSCRIBE", "a"], ["SUBSCRIBE", "b"]);
          peer.send(replies.confirm(["subscribe", "a", 1], ["subscribe", "b", 2]));
          await published.promise;
          peer.send(replies.message("a", "1"), replies.message("b", "1"));
          peer.socket.end();
        },
        async (peer) => {
          await peer.expect(["SUBSCRIBE", "a", "b"]);
          peer.send(replies.confirm(["subscribe", "a", 1], ["subscribe", "b", 2]));
          peer.send(replies.message("a", "2"), replies.message("b", "2"));
          await peer.stall();
        },
      ],
      { handshake: true },
    );
    await using redis = clientOf(mock, { protocol });
    const reconnected = recorder();
    await using pubsub = storage.run("owner", () =>
      redis.pubsub({ onReconnect: reconnected.record }),
    );
    const seen: string[] = [];
    const handler = (name: string) => () => void seen.push(`${name}: ${storage.getStore()}`);
    await Promise.all([
      storage.run("A", () => pubsub.subscribe({ a: handler("a") })),
      storage.run("B", () => pubsub.subscribe({ b: handler("b") })),
    ]);
    published.resolve();
    await until(() => seen.length === 4);
    expect(seen).toEqual(["a: A", "b: B", "a: A", "b: B"]);
    expect(reconnected.seen).toEqual(["owner"]);
  });

  it("is that of pubsub(), run() and the keyspace subscription for their callbacks", async () => {
    await using mock = await mockServer(
      async (peer) => {
        await peer.next();
        peer.send(replies.confirm(["subscribe", "__keyevent@0__:set", 1]));
        peer.send(replies.message("__keyevent@0__:set", "k"));
        await peer.stall();
      },
      { handshake: true },
    );
    await using redis = clientOf(mock, { protocol });
    const events = recorder();
    const errors = recorder();
    await using keyspace = storage.run("owner", () => new KeyspaceEvents(redis));
    storage.run("runner", () => keyspace.pubsub.run({ onError: errors.record }));
    const handler = () => {
      events.record();
      throw new Error("handler failed");
    };
    await storage.run("subscriber", () => keyspace.subscribeEvents({ set: handler }));
    await until(() => errors.seen.length === 1);
    expect([events.seen, errors.seen]).toEqual([["subscriber"], ["runner"]]);
  });
});

describe("async context of a response callback", () => {
  it("is that of the call, for a command and inside a pipeline", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock);
    redis.setResponseCallback("GET", () => storage.getStore());
    const get = () => redis.get("k");
    expect(
      await Promise.all([
        storage.run("A", get),
        storage.run("B", get),
        storage.run("C", () => redis.pipeline({ transaction: false }).get("k").exec()),
      ]),
    ).toEqual(["A", "B", ["C"]]);
  });
});

describe("async context of the first caller", () => {
  it("does not reach credential providers, connections, backoffs and traces of connecting", async () => {
    await using mock = await mockServer([(peer) => void peer.socket.destroy(), echo], {
      handshake: { replies: { AUTH: "+OK\r\n" } },
    });
    const { seen, record } = recorder();
    class RecordingConnection extends Connection {
      protected override openSocket(): Promise<Socket> {
        record();
        return super.openSocket();
      }
    }
    class RecordingBackoff implements Backoff {
      compute(): number {
        record();
        return 1;
      }
      reset(): void {}
      clone(): Backoff {
        return this;
      }
    }
    const channel = tracingChannel("rediswire:connect");
    channel.start.subscribe(record);
    await using redis = clientOf(mock, {
      connectionClass: RecordingConnection,
      credentialProvider: async () => {
        record();
        return { password: "secret" };
      },
      retry: new Retry(new RecordingBackoff(), 3),
    });
    expect(await storage.run("request", () => redis.get("k"))).toBe("k");
    channel.start.unsubscribe(record);
    expect(seen.length).toBeGreaterThan(5);
    expect(new Set(seen)).toEqual(new Set([undefined]));
  });

  it("does not reach what ends a connection at a deadline", async () => {
    await using mock = await mockServer(async (peer) => {
      await peer.stall();
    });
    const { seen, record } = recorder();
    class RecordingConnection extends Connection {
      override destroy(error: Parameters<Connection["destroy"]>[0]): void {
        record();
        super.destroy(error);
      }
    }
    await using redis = clientOf(mock, {
      connectionClass: RecordingConnection,
      socketTimeout: 50,
    });
    await storage.run("request", () => errorOf(redis.get("k")));
    // The deadline belongs to the connection, not to the caller whose command set its timer.
    expect(seen).toEqual([undefined]);
  });
});
