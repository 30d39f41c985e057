/**
 * Progress of a connection: time in which a reply arrives, or a request is being written, does not count
 * towards `socketTimeout`; silence does.
 */
import { createServer, type Server, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { TimeoutError } from "../../src/index.js";
import { bulk, mockServer, type Peer } from "../support/mock-server.js";
import { LOOPBACK, listen } from "../support/ports.js";
import { errorOf } from "../support/settle.js";
import { deferred } from "../support/until.js";
import { clientOf, NO_HANDSHAKE, watchEveryTest } from "../support/wire-clients.js";
import { describePubSubReplies } from "../support/wire-pubsub.js";

watchEveryTest();

const TIMEOUT = 300;
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Send pieces with a pause before each that is shorter than the timeout; all take longer than it. */
async function sendSlowly(peer: Peer, pieces: readonly string[]): Promise<void> {
  for (const piece of pieces) {
    await pause((1.6 * TIMEOUT) / pieces.length);
    peer.send(piece);
  }
}

const split = (text: string, count: number): string[] => {
  const size = Math.ceil(text.length / count);
  return Array.from({ length: count }, (_, i) => text.slice(i * size, (i + 1) * size));
};

describe("socketTimeout while a reply arrives", () => {
  it("does not end a command whose reply arrives in pieces, nor the command behind it", async () => {
    const value = "x".repeat(1000);
    await using mock = await mockServer(async (peer) => {
      await peer.expect(["GET", "a"], ["GET", "b"]);
      await sendSlowly(peer, split(bulk(value), 8));
      await pause(TIMEOUT / 2);
      peer.send(bulk("b"));
    });
    await using redis = clientOf(mock, { socketTimeout: TIMEOUT });
    expect(await Promise.all([redis.get("a"), redis.get("b")])).toEqual([value, "b"]);
  });

  it("does not end a pipeline whose replies arrive one by one", async () => {
    await using mock = await mockServer(async (peer) => {
      await peer.expect(...Array.from({ length: 8 }, (_, i) => ["GET", `k${i}`]));
      await sendSlowly(
        peer,
        Array.from({ length: 8 }, (_, i) => bulk(`${i}`)),
      );
    });
    await using redis = clientOf(mock, { socketTimeout: TIMEOUT });
    const pipeline = redis.pipeline({ transaction: false });
    for (let i = 0; i < 8; i++) pipeline.get(`k${i}`);
    expect(await pipeline.exec()).toEqual(Array.from({ length: 8 }, (_, i) => `${i}`));
  });

  it("ends a command when the rest of its reply does not arrive", async () => {
    await using mock = await mockServer(async (peer) => {
      await peer.expect(["GET", "a"]);
      await sendSlowly(peer, ["$10\r\n", "a", "b"]);
      await peer.stall();
    });
    await using redis = clientOf(mock, { socketTimeout: TIMEOUT });
    const start = performance.now();
    expect(await errorOf(redis.get("a"))).toBeInstanceOf(TimeoutError);
    const elapsed = performance.now() - start;
    expect(elapsed).toBeGreaterThan(2.4 * TIMEOUT);
    expect(elapsed).toBeLessThan(5 * TIMEOUT);
  });

  it.each([
    ["attributes", ["|1\r\n+a\r\n", "+b\r\n"]],
    ["whole pushes", [">2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n"]],
    ["pieces of a push", [">2\r\n+invalid", "ate\r\n*1\r\n$1\r", "\nk\r\n"]],
  ])("ends a command when no part of its reply arrives, only %s", async (_, pieces) => {
    await using mock = await mockServer(
      async (peer) => {
        await peer.expect(["GET", "a"]);
        for (let i = 0; i < 60 && peer.socket.writable; i++) {
          await pause(TIMEOUT / 10);
          peer.send(pieces[i % pieces.length] ?? "");
        }
      },
      { handshake: true },
    );
    await using redis = clientOf(mock, { socketTimeout: TIMEOUT, protocol: 3 });
    const start = performance.now();
    expect(await errorOf(redis.get("a"))).toBeInstanceOf(TimeoutError);
    expect(performance.now() - start).toBeLessThan(3 * TIMEOUT);
  });
});

/** What a reading server does after each chunk, and when it has everything. */
interface Reader {
  /** Bytes after which it replies. */
  readonly total: number;
  /** ms to pause after every 500 KB; `"forever"` to read no more. */
  readonly pause: number | "forever";
  /** Sent after `total` bytes. */
  readonly reply: string;
}

/** A server that counts bytes and does not parse them. */
async function byteReader({ total, pause: length, reply }: Reader) {
  const sockets = new Set<Socket>();
  const begun = deferred<void>();
  const server: Server = createServer((socket) => {
    let received = 0;
    let unpaused = 0;
    sockets.add(socket.on("error", () => {}));
    socket.on("data", (chunk) => {
      begun.resolve();
      received += chunk.length;
      unpaused += chunk.length;
      if (received >= total && received - chunk.length < total) socket.write(reply);
      if (unpaused < 500_000 || length === 0) return;
      unpaused = 0;
      socket.pause();
      if (length !== "forever") setTimeout(() => socket.resume(), length).unref();
    });
  });
  const port = await listen(server);
  return {
    host: LOOPBACK,
    port,
    /** Resolves when the first bytes have arrived. */
    begun: begun.promise,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const SIZE = 16_000_000;
const large = Buffer.alloc(SIZE);

describe("socketTimeout while a request is being written", () => {
  it("does not end a command that a slow reader takes in pieces, nor one that waits behind it", async () => {
    const replies = "+OK\r\n+OK\r\n";
    await using server = await byteReader({ total: SIZE, pause: 25, reply: replies });
    await using redis = clientOf(server, { ...NO_HANDSHAKE, socketTimeout: TIMEOUT });
    const start = performance.now();
    const first = redis.set("a", large);
    await new Promise((resolve) => setImmediate(resolve));
    // The socket's buffer is full: this one waits for its turn to be written.
    const second = redis.set("b", "");
    expect(await Promise.all([first, second])).toEqual([true, true]);
    expect(performance.now() - start).toBeGreaterThan(2 * TIMEOUT);
  });

  it("ends a command when the reader has stopped", async () => {
    await using server = await byteReader({ total: SIZE, pause: "forever", reply: "" });
    await using redis = clientOf(server, { ...NO_HANDSHAKE, socketTimeout: TIMEOUT });
    const start = performance.now();
    expect(await errorOf(redis.set("a", large))).toBeInstanceOf(TimeoutError);
    expect(performance.now() - start).toBeLessThan(4 * TIMEOUT);
  });

  it("ends a command when the server has read it and does not reply", async () => {
    await using server = await byteReader({ total: SIZE, pause: 0, reply: "" });
    await using redis = clientOf(server, { ...NO_HANDSHAKE, socketTimeout: TIMEOUT });
    const start = performance.now();
    expect(await errorOf(redis.set("a", large))).toBeInstanceOf(TimeoutError);
    expect(performance.now() - start).toBeLessThan(5 * TIMEOUT);
  });

  it("ends a written command although later ones are still being written", async () => {
    await using server = await byteReader({ total: 64 * SIZE, pause: 10, reply: "" });
    await using redis = clientOf(server, { ...NO_HANDSHAKE, socketTimeout: TIMEOUT });
    const waiting = errorOf(redis.get("a"));
    await server.begun;
    const start = performance.now();
    const writing = errorOf(redis.set("b", Buffer.alloc(4 * SIZE)));
    expect(await waiting).toBeInstanceOf(TimeoutError);
    expect(performance.now() - start).toBeLessThan(3 * TIMEOUT);
    redis.disconnect();
    await writing;
  });
});

describePubSubReplies("socketTimeout of a subscriber", (replies) => {
  const channels = Array.from({ length: 8 }, (_, i) => `c${i}`);
  const confirmations = channels.map((name, i) => replies.confirm(["subscribe", name, i + 1]));
  const options = { socketTimeout: TIMEOUT, protocol: replies.protocol };

  it("does not end SUBSCRIBE while its confirmations arrive one by one", async () => {
    await using mock = await mockServer(
      async (peer) => {
        await peer.expect(["SUBSCRIBE", ...channels]);
        await sendSlowly(peer, confirmations);
        await peer.stall();
      },
      { handshake: true },
    );
    await using redis = clientOf(mock, options);
    await using pubsub = redis.pubsub();
    await pubsub.subscribe(channels);
    expect(mock.peers.length).toBe(1);
  });

  it("ends SUBSCRIBE when only messages arrive", async () => {
    await using mock = await mockServer(
      [
        async (peer) => {
          await peer.expect(["SUBSCRIBE", "a"], ["SUBSCRIBE", "b"]);
          peer.send(replies.confirm(["subscribe", "a", 1]));
          for (let i = 0; i < 60 && peer.socket.writable; i++) {
            await pause(TIMEOUT / 10);
            peer.send(replies.message("a", "x"));
          }
        },
        async (peer) => {
          peer.send(replies.confirm(["subscribe", "a", 1]));
          await peer.stall();
        },
      ],
      { handshake: true },
    );
    await using redis = clientOf(mock, options);
    await using pubsub = redis.pubsub();
    const subscribed = pubsub.subscribe("a");
    const start = performance.now();
    const refused = errorOf(pubsub.subscribe("b"));
    await subscribed;
    expect(await refused).toBeInstanceOf(TimeoutError);
    expect(performance.now() - start).toBeLessThan(4 * TIMEOUT);
  });
});
