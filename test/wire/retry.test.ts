/** Resending commands that may have been executed: only when the caller allows it, in order, with the correct outcome. */
import { describe, expect, it } from "vitest";
import {
  BusyLoadingError,
  ConnectionError,
  type Redis,
  type RedisOptions,
  Retry,
} from "../../src/index.js";
import { ConstantBackoff } from "../../src/options/backoff.js";
import { bulk, mockServer, type Script } from "../support/mock-server.js";
import { errorOf, kindOf } from "../support/settle.js";
import { until } from "../support/until.js";
import { clientOf, echo, waitEventLoopTurns, watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

const retry = (count: number) => new Retry(new ConstantBackoff(1), count);
const RETRY_ON_ERROR: RedisOptions = { retryOnError: [ConnectionError], retry: retry(2) };
const RETRY_ON_TIMEOUT: RedisOptions = { retryOnTimeout: true, retry: retry(2) };

/** Read a number of commands, then close the connection. */
const closeAfter =
  (count: number): Script =>
  async (peer) => {
    for (let i = 0; i < count; i++) await peer.next();
    await peer.reset();
  };

/** As {@link closeAfter}, after a RESP3 handshake. */
const handshakeThenCloseAfter =
  (count: number): Script =>
  async (peer) => {
    await peer.handshake({ count: 1 });
    await closeAfter(count)(peer);
  };

const rejectHandshake: Script = async (peer) => {
  await peer.handshake({ count: 1, replies: { HELLO: "-WRONGPASS no longer\r\n" } });
  await peer.stall();
};

/** Read and never reply. */
const silent: Script = (peer) => peer.stall();

describe("default retry behaviour", () => {
  it.each<[string, Script, string]>([
    ["the connection is lost", closeAfter(1), "ConnectionError unknown"],
    ["the reply is late", silent, "TimeoutError unknown"],
  ])("sends a command once: %s", async (_what, script, kind) => {
    await using mock = await mockServer([script, echo]);
    await using redis = clientOf(mock, { retry: retry(5) });
    expect(kindOf(await errorOf(redis.get("a")))).toBe(kind);
    expect(await redis.get("b")).toBe("b");
    expect(mock.received).toEqual([
      ["GET", "a"],
      ["GET", "b"],
    ]);
  });
});

describe("a retry policy whose backoff throws in reset()", () => {
  it("keeps the connection: commands use it, and close() closes it", async () => {
    const reset = (): void => {
      if (isBroken) throw new Error("no reset");
    };
    let isBroken = false;
    const backoff = { compute: () => 1, reset, clone: () => backoff };
    await using mock = await mockServer([echo]);
    await using redis = clientOf(mock, { retry: new Retry(backoff, 2) });
    isBroken = true;
    expect(await redis.get("a")).toBe("a");
    expect(await redis.get("b")).toBe("b");
    expect(mock.connections).toBe(1);
    await redis.close();
    await mock.done();
  });
});

describe("retryOnError", () => {
  it("resends lost commands in order and before later ones", async () => {
    await using mock = await mockServer([closeAfter(4), echo]);
    await using redis = clientOf(mock, RETRY_ON_ERROR);
    const keys = ["a", "b", "c", "d"];
    const values = Promise.all(keys.map((key) => redis.get(key)));
    await until(() => mock.received.length >= 4);
    const later = redis.get("later");
    expect(await values).toEqual(keys);
    expect(await later).toBe("later");
    expect(mock.peers[1]?.received.map(([, key]) => key)).toEqual([...keys, "later"]);
  });

  it("resends written commands before those not yet written", async () => {
    const read: string[] = [];
    await using mock = await mockServer([
      async (peer) => {
        read.push((await peer.next()).join(" "));
        peer.send(bulk("a"));
        read.push((await peer.next()).join(" "));
        await peer.reset();
      },
      echo,
    ]);
    await using redis = clientOf(mock, RETRY_ON_ERROR);
    expect(await redis.get("a")).toBe("a");
    const written = redis.get("written");
    await until(() => read.length >= 2);
    const values = await Promise.all([written, ...["x", "y"].map((key) => redis.get(key))]);
    expect(values).toEqual(["written", "x", "y"]);
    const again = mock.peers[1]?.received.map(([, key]) => key);
    expect(again).toEqual(["written", "x", "y"]);
  });

  it.each([
    [0, 1],
    [1, 1],
    [3, 3],
  ])("a policy of %d retries resends %d more times, then rejects", async (count, more) => {
    const scripts = new Array<Script>(more + 1).fill(closeAfter(1));
    await using mock = await mockServer([...scripts, echo]);
    await using redis = clientOf(mock, { retryOnError: [ConnectionError], retry: retry(count) });
    expect(kindOf(await errorOf(redis.get("a")))).toBe("ConnectionError unknown");
    expect(mock.received).toEqual(new Array(more + 1).fill(["GET", "a"]));
    expect(await redis.get("b")).toBe("b");
  });

  it("counts per command", async () => {
    await using mock = await mockServer([closeAfter(1), closeAfter(1), echo]);
    await using redis = clientOf(mock, { retryOnError: [ConnectionError], retry: retry(1) });
    const lost = errorOf(redis.get("a"));
    await until(() => mock.connections >= 2 && mock.received.length >= 2);
    expect(kindOf(await lost)).toBe("ConnectionError unknown");
    expect(await redis.get("b")).toBe("b");
  });

  it("applies to the listed error classes, error replies included", async () => {
    await using mock = await mockServer(async (peer) => {
      await peer.expect(["SET", "a", "1"], ["GET", "b"]);
      peer.send("-LOADING not yet\r\n", bulk("b"));
      await peer.expect(["SET", "a", "1"]);
      peer.send("-LOADING not yet\r\n");
      await peer.expect(["SET", "a", "1"]);
      peer.send("+OK\r\n");
      await peer.expect(["GET", "c"]);
      peer.send("-ERR refused\r\n");
      await peer.expect(["GET", "d"]);
      await peer.reset();
    });
    await using redis = clientOf(mock, { retryOnError: [BusyLoadingError], retry: retry(2) });
    expect(await Promise.all([redis.set("a", 1), redis.get("b")])).toEqual([true, "b"]);
    expect(kindOf(await errorOf(redis.get("c")))).toBe("ResponseError");
    expect(kindOf(await errorOf(redis.get("d")))).toBe("ConnectionError unknown");
    expect(mock.received).toHaveLength(6);
  });

  it("rejects with the error reply when it persists, after the allowed attempts", async () => {
    await using mock = await mockServer(async (peer) => {
      for await (const _ of peer.commands()) peer.send("-LOADING not yet\r\n");
    });
    await using redis = clientOf(mock, { retryOnError: [BusyLoadingError], retry: retry(3) });
    expect(kindOf(await errorOf(redis.set("a", 1)))).toBe("BusyLoadingError");
    expect(mock.received).toHaveLength(4);
  });

  it.each<[string, (redis: Redis) => Promise<unknown>]>([
    ["close()", (redis) => redis.close()],
    ["disconnect()", async (redis) => redis.disconnect()],
  ])("does not prevent a command from settling at %s", async (_, end) => {
    await using mock = await mockServer(async (peer) => {
      for await (const _command of peer.commands()) peer.send("-LOADING not yet\r\n");
    });
    const slow = new Retry(new ConstantBackoff(60_000), 3);
    await using redis = clientOf(mock, { retryOnError: [BusyLoadingError], retry: slow });
    const single = errorOf(redis.set("a", 1));
    const blocking = errorOf(redis.blpop("list", 0));
    const controller = new AbortController();
    const aborted = errorOf(redis.with({ signal: controller.signal }).set("b", 1));
    await until(() => mock.received.length === 3);
    await waitEventLoopTurns();
    controller.abort();
    await end(redis);
    expect(kindOf(await aborted)).toBe("AbortError unknown");
    expect([kindOf(await single), kindOf(await blocking)]).toEqual([
      "BusyLoadingError",
      "BusyLoadingError",
    ]);
  });

  it("applies to single calls with with()", async () => {
    await using mock = await mockServer([closeAfter(2), echo]);
    await using redis = clientOf(mock, { retry: retry(2) });
    const plain = errorOf(redis.get("plain"));
    const again = redis.with({ retryOnError: [ConnectionError] }).get("again");
    expect(kindOf(await plain)).toBe("ConnectionError unknown");
    expect(await again).toBe("again");
    expect(mock.peers[1]?.received).toEqual([["GET", "again"]]);
  });

  it("applies to whole pipelines", async () => {
    await using mock = await mockServer([
      closeAfter(3),
      async (peer) => {
        await peer.expect(["MULTI"], ["INCR", "n"], ["EXEC"]);
        peer.send("+OK\r\n+QUEUED\r\n*1\r\n:7\r\n");
        await peer.expect(["INCR", "m"], ["GET", "k"]);
        peer.send(`:1\r\n${bulk("v")}`);
        await peer.stall();
      },
    ]);
    await using redis = clientOf(mock, RETRY_ON_ERROR);
    expect(await redis.pipeline().incr("n").exec()).toEqual([7]);
    const plain = redis.pipeline({ transaction: false }).incr("m").get("k");
    expect(await plain.exec()).toEqual([1, "v"]);
  });

  it("does not apply to client(), whose session state is lost", async () => {
    await using mock = await mockServer([closeAfter(1), echo]);
    await using redis = clientOf(mock, RETRY_ON_ERROR);
    await using session = redis.client();
    expect(kindOf(await errorOf(session.set("a", "in the old state")))).toBe(
      "ConnectionError unknown",
    );
    expect(await session.get("b")).toBe("b");
    expect(mock.received).toEqual([
      ["SET", "a", "in the old state"],
      ["GET", "b"],
    ]);
  });

  it("rejects with outcome unknown when the retry was never sent", async () => {
    await using mock = await mockServer([handshakeThenCloseAfter(2), rejectHandshake]);
    await using redis = clientOf(mock, { ...RETRY_ON_ERROR, protocol: 3 });
    const command = errorOf(redis.incr("n"));
    const pipeline = errorOf(redis.pipeline({ transaction: false }).incr("m").exec());
    expect(kindOf(await command)).toBe("AuthenticationError unknown");
    expect(kindOf(await pipeline)).toBe("AuthenticationError unknown");
  });
});

describe("retryOnTimeout", () => {
  it("resends timed-out commands over a new connection in order", async () => {
    await using mock = await mockServer([silent, echo]);
    await using redis = clientOf(mock, { ...RETRY_ON_TIMEOUT, socketTimeout: 60 });
    const keys = ["a", "b", "c"];
    expect(await Promise.all(keys.map((key) => redis.get(key)))).toEqual(keys);
    expect(mock.peers[1]?.received.map(([, key]) => key)).toEqual(keys);
  });

  it("does not apply to a lost connection", async () => {
    await using mock = await mockServer([closeAfter(1), echo]);
    await using redis = clientOf(mock, RETRY_ON_TIMEOUT);
    expect(kindOf(await errorOf(redis.get("a")))).toBe("ConnectionError unknown");
    await waitEventLoopTurns();
    expect(mock.received).toHaveLength(1);
  });

  it("gives up after the attempts that the policy allows", async () => {
    await using mock = await mockServer([silent, silent, silent]);
    await using redis = clientOf(mock, { ...RETRY_ON_TIMEOUT, socketTimeout: 40 });
    const start = performance.now();
    expect(kindOf(await errorOf(redis.get("a")))).toBe("TimeoutError unknown");
    expect(performance.now() - start).toBeGreaterThanOrEqual(119);
    expect(mock.received).toEqual(new Array(3).fill(["GET", "a"]));
  });

  it("never gives the late reply of the first attempt to the second", async () => {
    await using mock = await mockServer([
      async (peer) => {
        await peer.expect(["GET", "a"]);
        await mock.connection(1);
        peer.send(bulk("late"));
        await peer.stall();
      },
      async (peer) => {
        await peer.expect(["GET", "a"]);
        await waitEventLoopTurns();
        peer.send(bulk("in time"));
        await peer.stall();
      },
    ]);
    await using redis = clientOf(mock, { ...RETRY_ON_TIMEOUT, socketTimeout: 60 });
    expect(await redis.get("a")).toBe("in time");
  });
});

describe("waiting for a retry", () => {
  it("rejects with outcome unknown when ended by a signal or by disconnect()", async () => {
    // The second connection never completes its handshake: the commands wait for it.
    await using mock = await mockServer([handshakeThenCloseAfter(2), silent]);
    await using redis = clientOf(mock, { ...RETRY_ON_ERROR, protocol: 3, socketTimeout: 3000 });
    const controller = new AbortController();
    const first = errorOf(redis.with({ signal: controller.signal }).incr("n"));
    const second = errorOf(redis.incr("m"));
    await mock.connection(1);
    await waitEventLoopTurns();
    controller.abort();
    expect(kindOf(await first)).toBe("AbortError unknown");
    redis.disconnect();
    expect(kindOf(await second)).toBe("ConnectionError unknown");
  });
});
