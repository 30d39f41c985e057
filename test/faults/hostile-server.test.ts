/** A server that sends without end, or announces huge values: the command settles within its deadline. */
import { describe, expect, it } from "vitest";
import { Redis } from "../../src/index.js";
import { mockServer, type Peer } from "../support/mock-server.js";
import { describeProtocols } from "../support/protocols.js";
import { errorOf, kindOf, SHORT_DEADLINES } from "../support/settle.js";

const MB = 1024 * 1024;
/** Bytes per write: large, so that the flood costs the server little. */
const PIECE = 64 * 1024;

/** Send a head, then the same body until the client closes. */
async function flood(peer: Peer, head: string, body: string): Promise<void> {
  await peer.next();
  peer.send(head);
  const piece = body.repeat(Math.ceil(PIECE / body.length));
  while (!peer.socket.destroyed) {
    peer.send(piece);
    if (peer.socket.writableNeedDrain) {
      await Promise.race([
        new Promise((resolve) => peer.socket.once("drain", resolve)),
        peer.closed,
      ]);
    } else await new Promise(setImmediate);
  }
}

const FLOODS: [string, { head: string; body: string; kind: RegExp }][] = [
  ["an endless status", { head: "+", body: "a", kind: /^InvalidResponse unknown$/ }],
  ["an endless error", { head: "-ERR ", body: "a", kind: /^InvalidResponse unknown$/ }],
  ["an endless integer", { head: ":", body: "1", kind: /^InvalidResponse unknown$/ }],
  [
    "a string longer than maxBulkLength",
    { head: "$600000000\r\n", body: "a", kind: /^InvalidResponse/ },
  ],
  ["a string length with a hundred digits", { head: "$", body: "9", kind: /^InvalidResponse/ }],
  [
    "a list longer than maxElements",
    { head: "*99999999\r\n", body: ":1\r\n", kind: /^InvalidResponse/ },
  ],
  ["lists in lists", { head: "", body: "*1\r\n", kind: /^InvalidResponse unknown$/ }],
  ["maps in maps", { head: "", body: "%1\r\n+k\r\n", kind: /^InvalidResponse unknown$/ }],
  ["attributes without a reply", { head: "", body: "|1\r\n+a\r\n+b\r\n", kind: /Timeout|Invalid/ }],
  [
    "pushes without a reply",
    { head: "", body: ">2\r\n+a\r\n+b\r\n", kind: /^TimeoutError unknown$/ },
  ],
  ["an endless list", { head: "*1000000\r\n", body: "*0\r\n", kind: /Timeout|Invalid/ }],
  [
    "an HTTP reply",
    { head: "", body: "HTTP/1.1 400 Bad Request\r\n", kind: /^InvalidResponse unknown$/ },
  ],
  ["zeros", { head: "", body: "\0", kind: /^InvalidResponse unknown$/ }],
];

describeProtocols("a server that floods", (protocol) => {
  it.each(FLOODS)(
    "makes the command reject within its deadline and without using much memory: %s",
    async (_, { head, body, kind }) => {
      await using mock = await mockServer((peer) => flood(peer, head, body), { handshake: true });
      const before = process.memoryUsage().rss;
      const redis = new Redis(mock.url, { ...SHORT_DEADLINES, protocol, maxElements: 500_000 });
      const error = await errorOf(redis.get("key"));
      expect(kindOf(error)).toMatch(kind);
      expect(error.message.length).toBeLessThan(200);
      expect(process.memoryUsage().rss - before).toBeLessThan(400 * MB);
      redis.disconnect();
    },
  );

  it("cannot pass further replies to the command after the first", async () => {
    await using mock = await mockServer((peer) => flood(peer, "$2\r\nok\r\n", "+OK\r\n"), {
      handshake: true,
    });
    const redis = new Redis(mock.url, { ...SHORT_DEADLINES, protocol });
    expect(await redis.get("key")).toBe("ok");
    redis.disconnect();
    await mock.peers[0]?.closed;
  });

  it("cannot complete the handshake with replies sent before any command", async () => {
    await using mock = await mockServer(async (peer) => {
      while (!peer.socket.destroyed) {
        peer.send("+OK\r\n".repeat(1000));
        await new Promise(setImmediate);
      }
    });
    const redis = new Redis(mock.url, { ...SHORT_DEADLINES, protocol, password: "secret" });
    const error = await errorOf(redis.get("key"));
    expect(kindOf(error)).toMatch(
      /^(ConnectionError|InvalidResponse|TimeoutError) (not-sent|unknown)$/,
    );
    expect(mock.received.flat()).not.toContain("key");
    redis.disconnect();
  });
});

describe("a server that sends one element at a time", () => {
  it.each([
    ["a string", "$1000000\r\n", "a"],
    ["a list", "*1000000\r\n", ":1\r\n"],
    ["a status", "+", "a"],
  ])(
    "cannot delay a command beyond the total limit of with({ timeout }): %s",
    async (_, head, drop) => {
      await using mock = await mockServer(
        async (peer) => {
          await peer.next();
          peer.send(head);
          while (!peer.socket.destroyed) {
            peer.send(drop);
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
        },
        { handshake: true },
      );
      const redis = new Redis(mock.url, SHORT_DEADLINES);
      const limited = redis.with({ timeout: 2 * SHORT_DEADLINES.socketTimeout });
      expect(kindOf(await errorOf(limited.get("key")))).toBe("TimeoutError unknown");
      redis.disconnect();
    },
  );
});
