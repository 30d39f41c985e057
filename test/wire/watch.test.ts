/** WATCH on the wire: the commands sent, the state left on the connection, and faults other than a kill. */
import { afterEach, describe, expect, it } from "vitest";
import { RedisError, TimeoutError, WatchError } from "../../src/index.js";
import { bulk, mockServer } from "../support/mock-server.js";
import type { Peer } from "../support/peer.js";
import { expectLeasesReturned } from "../support/returned-leases.js";
import { errorOf } from "../support/settle.js";
import { clientOf, watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();
expectLeasesReturned();

let redis: ReturnType<typeof clientOf>;
afterEach(() => redis.close());

async function serve(script: (peer: Peer) => Promise<void>) {
  const mock = await mockServer(script, { handshake: true });
  redis = clientOf(mock);
  return mock;
}

async function watching(peer: Peer, ...keys: string[]): Promise<void> {
  await peer.expect(["WATCH", ...keys]);
  peer.send("+OK\r\n");
}

describe("a watched pipeline", () => {
  it("sends reads immediately, then the transaction in one write, and no UNWATCH after EXEC", async () => {
    await using mock = await serve(async (peer) => {
      await watching(peer, "a", "b");
      await peer.expect(["GET", "a"]);
      peer.send(bulk("1"));
      await peer.expect(["MULTI"], ["SET", "a", "2"], ["EXEC"]);
      peer.send("+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
      await watching(peer, "c");
      await peer.expect(["UNWATCH"]);
      peer.send("+OK\r\n");
      await peer.expectClose();
    });
    const watched = await redis.pipeline().watch("a", "b");
    expect(await watched.get("a")).toBe("1");
    expect(await watched.multi().set("a", 2).exec()).toEqual([true]);
    await watched.reset();
    // On the same connection, which was clean.
    await (await redis.pipeline().watch("c")).reset();
    redis.disconnect();
    await mock.done();
  });

  it("sends no UNWATCH without watched keys", async () => {
    await using mock = await serve(async (peer) => {
      await watching(peer, "a");
      await peer.expect(["UNWATCH"]);
      peer.send("+OK\r\n");
      await peer.expectClose();
    });
    const watched = await redis.pipeline().watch("a");
    expect(await watched.unwatch()).toBe(true);
    expect(await watched.unwatch()).toBe(true);
    await watched.reset();
    await (await redis.pipeline().watch()).reset();
    redis.disconnect();
    await mock.done();
  });

  it.each([true, false])(
    "sends MULTI and EXEC after multi() (transaction: %s)",
    async (transaction) => {
      await using mock = await serve(async (peer) => {
        await watching(peer, "a");
        await peer.expect(["MULTI"], ["INCR", "a"], ["EXEC"]);
        peer.send("+OK\r\n+QUEUED\r\n*1\r\n:7\r\n");
        await peer.expectClose();
      });
      const watched = await redis.pipeline({ transaction }).watch("a");
      expect(await watched.multi().incr("a").exec()).toEqual([7]);
      redis.disconnect();
      await mock.done();
    },
  );

  it("sends an empty transaction in exec() without multi(), and nothing with transaction: false", async () => {
    await using mock = await serve(async (peer) => {
      await watching(peer, "a");
      await peer.expect(["MULTI"], ["EXEC"]);
      peer.send("+OK\r\n*0\r\n");
      await watching(peer, "a");
      await peer.expect(["UNWATCH"]);
      peer.send("+OK\r\n");
      await peer.expectClose();
    });
    expect(await (await redis.pipeline().watch("a")).exec()).toEqual([]);
    expect(await (await redis.pipeline({ transaction: false }).watch("a")).exec()).toEqual([]);
    redis.disconnect();
    await mock.done();
  });

  it("rejects with the error of the server when WATCH is refused", async () => {
    await using mock = await serve(async (peer) => {
      await peer.expect(["WATCH", "a"]);
      peer.send("-NOPERM no watching for you\r\n");
      await peer.closed;
    });
    const error = await errorOf(redis.pipeline().watch("a"));
    expect(error).toMatchObject({ name: "NoPermissionError", command: "WATCH" });
    redis.disconnect();
    await mock.done();
  });
});

describe("a watch whose connection is lost", () => {
  it("is not continued on another connection after disconnect() of the pool", async () => {
    await using mock = await serve(async (peer) => {
      await watching(peer, "a");
      await peer.expectClose();
    });
    const watched = await redis.pipeline().watch("a");
    redis.disconnect();
    const error = await errorOf(watched.multi().set("a", "ours").exec());
    expect(error).toBeInstanceOf(WatchError);
    expect(error.outcome).toBe("not-sent");
    expect(mock.connections).toBe(1);
    await mock.done();
  });

  it("rejects with WatchError after a read timed out", async () => {
    await using mock = await serve(async (peer) => {
      await watching(peer, "a");
      await peer.expect(["GET", "a"]);
      await peer.expectClose();
    });
    const quick = clientOf(mock, { socketTimeout: 200 });
    const watched = await quick.pipeline().watch("a");
    const error = await errorOf(watched.get("a"));
    expect(error).toBeInstanceOf(WatchError);
    expect(error.cause).toBeInstanceOf(TimeoutError);
    expect(await errorOf(watched.multi().set("a", "ours").exec())).toBeInstanceOf(WatchError);
    expect(mock.connections).toBe(1);
    await quick.close();
    await mock.done();
  });

  it("rejects with the connection error when no key was watched yet", async () => {
    await using mock = await serve(async (peer) => {
      await peer.expect(["WATCH", "a"]);
      await peer.reset();
    });
    const error = await errorOf(redis.pipeline().watch("a"));
    expect(error).toMatchObject({ name: "ConnectionError", command: "WATCH" });
    await mock.done();
  });

  it("rejects with the connection error after unwatch()", async () => {
    await using mock = await serve(async (peer) => {
      await watching(peer, "a");
      await peer.expect(["UNWATCH"]);
      peer.send("+OK\r\n");
      await peer.expect(["MULTI"], ["INCR", "a"], ["EXEC"]);
      await peer.reset();
    });
    const watched = await redis.pipeline().watch("a");
    await watched.unwatch();
    const error = await errorOf(watched.multi().incr("a").exec());
    expect(error).toMatchObject({ name: "ConnectionError", outcome: "unknown" });
    await mock.done();
  });

  it("rejects with outcome unknown when lost during EXEC", async () => {
    await using mock = await serve(async (peer) => {
      await watching(peer, "a");
      await peer.expect(["MULTI"], ["SET", "a", "ours"], ["EXEC"]);
      peer.send("+OK\r\n+QUEUED\r\n*1\r\n");
      await peer.reset();
    });
    const watched = await redis.pipeline().watch("a");
    const error = await errorOf(watched.multi().set("a", "ours").exec());
    expect(error).toBeInstanceOf(WatchError);
    expect(error).toMatchObject({ code: "EWATCH", outcome: "unknown" });
    expect(error.cause).toMatchObject({ name: "ConnectionError" });
    await mock.done();
  });
});

describe("a finished watch", () => {
  const ended = expect.objectContaining({ code: "ECLOSED", outcome: "not-sent" });

  it("rejects further commands with a clear error", async () => {
    await using mock = await serve(async (peer) => {
      await watching(peer, "a");
      await peer.expect(["MULTI"], ["SET", "a", "1"], ["EXEC"]);
      peer.send("+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
      await peer.expectClose();
    });
    const watched = await redis.pipeline().watch("a");
    expect(watched.closed).toBe(false);
    const transaction = watched.multi().set("a", 1);
    expect(await transaction.exec()).toEqual([true]);
    expect(watched.closed).toBe(true);
    expect(await errorOf(watched.get("a"))).toEqual(ended);
    expect(await errorOf(watched.watch("a"))).toEqual(ended);
    expect(await errorOf(watched.exec())).toEqual(ended);
    expect(await errorOf(watched.unwatch())).toEqual(ended);
    expect(await errorOf(watched.mget([]))).toEqual(ended);
    expect(() => watched.multi()).toThrow(RedisError);
    const again = await errorOf(transaction.set("a", 2).exec());
    expect(again).toEqual(ended);
    expect(again).not.toBeInstanceOf(WatchError);
    redis.disconnect();
    await mock.done();
  });

  it("ends with the call of reset()", async () => {
    await using mock = await serve(async (peer) => {
      await watching(peer, "a");
      await peer.expect(["UNWATCH"]);
      peer.send("+OK\r\n");
      await peer.expectClose();
    });
    const watched = await redis.pipeline().watch("a");
    const transaction = watched.multi().set("a", 1);
    const reset = watched.reset();
    expect(watched.closed).toBe(true);
    expect(await errorOf(transaction.exec())).toEqual(ended);
    await reset;
    redis.disconnect();
    await mock.done();
  });

  it("ends with the call of exec(), also for a second call", async () => {
    await using mock = await serve(async (peer) => {
      await watching(peer, "a");
      await peer.expect(["MULTI"], ["SET", "a", "1"], ["EXEC"]);
      peer.send("+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
      await peer.expectClose();
    });
    const watched = await redis.pipeline().watch("a");
    const transaction = watched.multi().set("a", 1);
    const [first, second] = [transaction.exec(), errorOf(transaction.exec())];
    expect(await second).toEqual(ended);
    expect(await first).toEqual([true]);
    redis.disconnect();
    await mock.done();
  });
});

describe("the guard of a transaction", () => {
  it("is not removed by unwatch() after multi()", async () => {
    await using mock = await serve(async (peer) => {
      await watching(peer, "a");
      await peer.expect(["MULTI"], ["SET", "a", "1"], ["EXEC"]);
      peer.send("+OK\r\n+QUEUED\r\n*-1\r\n");
      await peer.expectClose();
    });
    const watched = await redis.pipeline().watch("a");
    const transaction = watched.multi().set("a", 1);
    const refused = await errorOf(watched.unwatch());
    expect(refused.message).toBe(
      "Cannot issue an UNWATCH after a MULTI; use reset() to end the watch",
    );
    expect(await errorOf(watched.mget([]))).toMatchObject({ code: "EMULTI", command: "MGET" });
    expect(await errorOf(transaction.exec())).toBeInstanceOf(WatchError);
    redis.disconnect();
    await mock.done();
  });

  it("is reported as lost also by a command that needs no server", async () => {
    await using mock = await serve(async (peer) => {
      await watching(peer, "a");
      await peer.expectClose();
    });
    const watched = await redis.pipeline().watch("a");
    expect(await watched.mget([])).toEqual([]);
    redis.disconnect();
    const error = await errorOf(watched.mget([]));
    expect(error).toBeInstanceOf(WatchError);
    expect(error).toMatchObject({ outcome: "not-sent", command: "MGET" });
    await mock.done();
  });

  it("remains when the server rejects a command with LOADING", async () => {
    await using mock = await serve(async (peer) => {
      await watching(peer, "a");
      await peer.expect(["GET", "a"]);
      peer.send("-LOADING Redis is loading the dataset in memory\r\n");
      await peer.expect(["MULTI"], ["SET", "a", "1"], ["EXEC"]);
      peer.send("+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
      await peer.expectClose();
    });
    const watched = await redis.pipeline().watch("a");
    const error = await errorOf(watched.get("a"));
    expect(error.name).toBe("BusyLoadingError");
    expect(await watched.multi().set("a", 1).exec()).toEqual([true]);
    redis.disconnect();
    await mock.done();
  });
});
