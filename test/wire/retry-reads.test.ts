/** The option retryReads: commands that only read are sent again. */
import { describe, expect, it } from "vitest";
import { type ClientOptions, type Redis, Redis as RedisClass } from "../../src/index.js";
import { mockServer, type Peer, type Script } from "../support/mock-server.js";
import { errorOf, kindOf } from "../support/settle.js";
import { clientOf, echo, watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

const RETRY: ClientOptions = { retryReads: true };

/** Read some commands, then reset. */
const loseAfter =
  (count: number): Script =>
  async (peer: Peer) => {
    for (let n = 0; n < count; n++) await peer.next();
    await peer.reset();
  };

describe("retryReads", () => {
  it("sends a read again after a lost connection", async () => {
    await using mock = await mockServer([loseAfter(1), echo]);
    await using redis = clientOf(mock, RETRY);
    expect(await redis.get("a")).toBe("a");
    expect(mock.received).toEqual([
      ["GET", "a"],
      ["GET", "a"],
    ]);
  });

  it("sends a read again after a reply timeout", async () => {
    await using mock = await mockServer([(peer) => peer.stall(), echo]);
    await using redis = clientOf(mock, { ...RETRY, socketTimeout: 60 });
    expect(await redis.get("a")).toBe("a");
  });

  it("is off by default, and can be set for single calls and in a URL", async () => {
    await using mock = await mockServer([loseAfter(1), loseAfter(1), echo, loseAfter(1), echo]);
    await using redis = clientOf(mock);
    expect(kindOf(await errorOf(redis.get("a")))).toBe("ConnectionError unknown");
    expect(await redis.with({ retryReads: true }).get("b")).toBe("b");
    const url = `redis://${mock.host}:${mock.port}?retry_reads=true`;
    await using other = new RedisClass(url, { libName: null, libVersion: null });
    expect(await other.get("c")).toBe("c");
  });

  it("can be switched off for single calls", async () => {
    await using mock = await mockServer([loseAfter(1)]);
    await using redis = clientOf(mock, RETRY);
    const call = redis.with({ retryReads: false }).get("a");
    expect(kindOf(await errorOf(call))).toBe("ConnectionError unknown");
  });

  it.each<[string, (redis: Redis) => Promise<unknown>, string]>([
    ["a write", (redis) => redis.set("a", "1"), "ConnectionError unknown"],
    [
      "a command that is not in the table",
      (redis) => redis.executeCommand("FOO"),
      "ConnectionError unknown",
    ],
    [
      "a blocking read",
      (redis) => redis.xread({ a: "0" }, { block: 0 }),
      "ConnectionError unknown",
    ],
    ["a read on a client()", (redis) => redis.client().get("a"), "ConnectionError unknown"],
    [
      "a pipeline with a write",
      (redis) => redis.pipeline({ transaction: false }).get("a").set("b", "1").exec(),
      "ConnectionError unknown",
    ],
  ])("does not send %s again", async (_, call, kind) => {
    await using mock = await mockServer([loseAfter(1)]);
    await using redis = clientOf(mock, RETRY);
    expect(kindOf(await errorOf(call(redis)))).toBe(kind);
    expect(mock.connections).toBe(1);
  });

  it("sends a pipeline of reads again, as a transaction too", async () => {
    await using mock = await mockServer([
      loseAfter(2),
      echo,
      loseAfter(3),
      async (peer) => {
        await peer.expect(["MULTI"], ["GET", "a"], ["EXEC"]);
        peer.send("+OK\r\n+QUEUED\r\n*1\r\n$1\r\na\r\n");
        await peer.stall();
      },
    ]);
    await using redis = clientOf(mock, RETRY);
    expect(await redis.pipeline({ transaction: false }).get("a").get("b").exec()).toEqual([
      "a",
      "b",
    ]);
    redis.disconnect();
    expect(await redis.pipeline().get("a").exec()).toEqual(["a"]);
  });

  it("does not send a read again after an error reply", async () => {
    await using mock = await mockServer(async (peer) => {
      for await (const _ of peer.commands()) peer.send("-LOADING Redis is loading\r\n");
    });
    await using redis = clientOf(mock, RETRY);
    expect(kindOf(await errorOf(redis.get("a")))).toBe("BusyLoadingError");
    expect(mock.received).toHaveLength(1);
  });

  it("sends a read again at most as often as retry states", async () => {
    await using mock = await mockServer(loseAfter(1));
    await using redis = clientOf(mock, { ...RETRY, retry: 3 });
    expect(kindOf(await errorOf(redis.get("a")))).toBe("ConnectionError unknown");
    expect(mock.received).toHaveLength(3);
  });

  it("keeps reads and writes in their order", async () => {
    await using mock = await mockServer([loseAfter(3), echo]);
    await using redis = clientOf(mock, RETRY);
    const calls = [redis.get("a"), errorOf(redis.set("b", "1")), redis.get("c")];
    const [a, lost, c] = await Promise.all(calls);
    expect([a, kindOf(lost as never), c]).toEqual(["a", "ConnectionError unknown", "c"]);
    expect(mock.peers[1]?.received).toEqual([
      ["GET", "a"],
      ["GET", "c"],
    ]);
  });
});
