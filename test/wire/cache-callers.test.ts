/** The client-side cache: how many callers may wait for one read, how old it may be, and reads without callers. */
import { describe, expect, it } from "vitest";
import { bulk, mockServer } from "../support/mock-server.js";
import { cacheServer, cachingClient, invalidation } from "../support/scripted-cache.js";
import { errorOf } from "../support/settle.js";
import { deferred, until } from "../support/until.js";
import { watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

describe("callers of one read of the client-side cache", () => {
  it("send a read of their own when all earlier ones were aborted", async () => {
    const answered = deferred();
    await using mock = await cacheServer(async (peer) => {
      await peer.expect(["GET", "k"], ["GET", "k"]);
      peer.send(bulk("1"), bulk("2"));
      await answered.promise;
      await peer.stall();
    });
    await using redis = cachingClient(mock);
    const abort = new AbortController();
    const first = errorOf(redis.with({ signal: abort.signal }).get("k"));
    await until(() => mock.received.some(([name]) => name === "GET"));
    abort.abort();
    expect(await first).toMatchObject({ code: "ABORT_ERR", outcome: "unknown" });
    expect([await redis.get("k"), await redis.get("k")]).toEqual(["2", "2"]);
    answered.resolve();
  });

  it("are at most maxPendingCommands", async () => {
    const answered = deferred();
    await using mock = await cacheServer(async (peer) => {
      await peer.expect(["GET", "k"]);
      await answered.promise;
      for (let i = 0; i < 3; i++) peer.send(bulk("v"));
      await peer.stall();
    });
    await using redis = cachingClient(mock, { maxPendingCommands: 3 });
    // The second and third are pending for three callers, although the first read serves three.
    const calls = Array.from({ length: 7 }, () => redis.get("k").catch((error) => error.code));
    await until(() => mock.received.some(([name]) => name === "GET"));
    answered.resolve();
    const outcomes = await Promise.all(calls);
    expect(outcomes.slice(0, 5)).toEqual(["v", "v", "v", "v", "v"]);
    expect(outcomes.slice(5)).toEqual(["EPENDING", "EPENDING"]);
  });

  it("do not wait for a read that is older than their ttl", async () => {
    const answered = deferred();
    await using mock = await cacheServer(async (peer) => {
      await peer.expect(["GET", "k"]);
      await peer.expect(["GET", "k"]);
      await answered.promise;
      peer.send(bulk("old"), bulk("new"));
      await peer.stall();
    });
    await using redis = cachingClient(mock);
    const first = redis.get("k");
    await until(() => mock.received.some(([name]) => name === "GET"));
    const end = performance.now() + 5;
    await until(() => performance.now() > end);
    const second = redis.with({ cache: { ttl: 1 } }).get("k");
    answered.resolve();
    expect([await first, await second]).toEqual(["old", "new"]);
  });
});

describe("pushes of invalidations", () => {
  const push = invalidation(["k", "other"]);

  it.each(Array.from({ length: push.length - 1 }, (_, i) => i + 1))(
    "are complete when they are split after byte %i",
    async (at) => {
      const sent = deferred();
      await using mock = await cacheServer(async (peer) => {
        await peer.expect(["GET", "k"]);
        peer.send(bulk("old"));
        await peer.expect(["PING"]);
        peer.send(push.slice(0, at));
        await sent.promise;
        peer.send(`${push.slice(at)}+PONG\r\n`);
        await peer.expect(["GET", "k"]);
        peer.send(bulk("new"));
        await peer.stall();
      });
      await using redis = cachingClient(mock);
      await redis.get("k");
      const pong = redis.ping();
      await until(() => mock.received.some(([name]) => name === "PING"));
      // Half a push changes nothing.
      expect(await redis.get("k")).toBe("old");
      sent.resolve();
      await pong;
      expect(await redis.get("k")).toBe("new");
      expect(redis.cache?.stats().invalidations).toBe(2);
    },
  );
});

describe("servers without what the client-side cache needs", () => {
  const hello = (version: string) =>
    `%3\r\n${bulk("server")}${bulk("redis")}${bulk("version")}${bulk(version)}${bulk("proto")}:3\r\n`;

  it.each(["6.0.16", "6.2.14"])("refuse the option cache: Redis %s", async (version) => {
    await using mock = await mockServer((peer) => peer.stall(), {
      handshake: { replies: { HELLO: hello(version), "CLIENT TRACKING": "+OK\r\n" } },
    });
    await using redis = cachingClient(mock);
    const error = await errorOf(redis.get("k"));
    expect(error.code).toBe("ETRACKING");
    expect(error.message).toContain(`the server is ${version}`);
    expect(mock.received.some(([name]) => name === "GET")).toBe(false);
  });

  it.each(["7.0.0", "8.6.3", "255.255.255"])(
    "accept the option cache: version %s",
    async (version) => {
      await using mock = await mockServer(
        async (peer) => {
          await peer.expect(["GET", "k"]);
          peer.send(bulk("v"));
          await peer.stall();
        },
        { handshake: { replies: { HELLO: hello(version), "CLIENT TRACKING": "+OK\r\n" } } },
      );
      await using redis = cachingClient(mock);
      expect(await redis.get("k")).toBe("v");
    },
  );

  it("refuse the option cache: a server without RESP3", async () => {
    await using mock = await mockServer((peer) => peer.stall(), {
      handshake: {
        hello: "unknown",
        replies: { "CLIENT TRACKING": "-ERR Unknown subcommand or wrong number of arguments\r\n" },
      },
    });
    await using redis = cachingClient(mock);
    const error = await errorOf(redis.get("k"));
    expect([error.code, error.message]).toEqual([
      "ETRACKING",
      expect.stringContaining("the server has no RESP3"),
    ]);
  });

  it("refuse the option cache: a server without CLIENT TRACKING", async () => {
    await using mock = await mockServer((peer) => peer.stall(), {
      handshake: {
        replies: { "CLIENT TRACKING": "-ERR unknown subcommand 'TRACKING'. Try CLIENT HELP.\r\n" },
      },
    });
    await using redis = cachingClient(mock);
    const error = await errorOf(redis.get("k"));
    expect([error.code, error.message]).toEqual([
      "ETRACKING",
      expect.stringContaining("CLIENT TRACKING was refused"),
    ]);
  });
});
