/** AbortSignal: which calls a signal ends, which it does not affect, and when its listeners are removed. */
import { getEventListeners } from "node:events";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { bulk, mockServer, type Peer } from "../support/mock-server.js";
import { errorOf, kindOf } from "../support/settle.js";
import { deferred, until } from "../support/until.js";
import { clientOf, echo, waitEventLoopTurns, watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

const listeners = (signal: AbortSignal) => getEventListeners(signal, "abort").length;
const counted = (mock: { received: string[][] }) => mock.received.map((words) => words.join(" "));

describe("AbortSignal of a view", () => {
  it("prevents sending and connecting when it is already aborted", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock);
    const reason = new Error("not today");
    const view = redis.with({ signal: AbortSignal.abort(reason) });
    const failures = [view.get("a"), view.blpop("list", 0), view.pipeline().get("b").exec()];
    const errors = await Promise.all(failures.map((failure) => errorOf(failure)));
    expect(errors.map(kindOf)).toEqual(new Array(3).fill("AbortError not-sent"));
    expect(errors.map(({ cause }) => cause)).toEqual(new Array(3).fill(reason));
    expect(errors.map(({ command }) => command)).toEqual(["GET", "BLPOP", "PIPELINE"]);
    expect(errors[0]).toMatchObject({ message: "The command was aborted", code: "ABORT_ERR" });
    await waitEventLoopTurns();
    expect(mock.connections).toBe(0);
  });

  it("aborts a command that waits for the connection, which never reaches the server", async () => {
    const handshake = deferred();
    await using mock = await mockServer(async (peer) => {
      await peer.expect(["AUTH", "pw"]);
      await handshake.promise;
      peer.send("+OK\r\n");
      await echo(peer);
    });
    await using redis = clientOf(mock, { password: "pw" });
    const controller = new AbortController();
    const view = redis.with({ signal: controller.signal });
    const [aborted, alsoAborted] = [errorOf(view.get("a")), errorOf(view.get("b"))];
    const kept = redis.get("c");
    await until(() => mock.received.length >= 1);
    controller.abort();
    expect((await Promise.all([aborted, alsoAborted])).map(kindOf)).toEqual(
      new Array(2).fill("AbortError not-sent"),
    );
    handshake.resolve();
    expect(await kept).toBe("c");
    expect(counted(mock)).toEqual(["AUTH pw", "GET c"]);
  });

  it("abort in the turn of the call rejects with outcome unknown, because the command was written", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock);
    await redis.get("first");
    const controller = new AbortController();
    const aborted = errorOf(redis.with({ signal: controller.signal }).get("a"));
    controller.abort();
    expect(kindOf(await aborted)).toBe("AbortError unknown");
    expect(await redis.get("b")).toBe("b");
  });

  it("abort while the reply is outstanding discards the reply, and other commands get theirs", async () => {
    const answer = deferred();
    await using mock = await mockServer(async (peer) => {
      await peer.expect(["GET", "a"], ["GET", "b"], ["HGETALL", "h"], ["GET", "c"]);
      await answer.promise;
      peer.send(bulk("A"), bulk("B"), "*2\r\n", bulk("f"), bulk("v"), bulk("C"));
      await echo(peer);
    });
    await using redis = clientOf(mock);
    const controller = new AbortController();
    const view = redis.with({ signal: controller.signal });
    const a = redis.get("a");
    const [b, h] = [errorOf(view.get("b")), errorOf(view.hgetall("h"))];
    const c = redis.get("c");
    await until(() => mock.received.length >= 4);
    controller.abort("enough");
    expect((await Promise.all([b, h])).map(kindOf)).toEqual(
      new Array(2).fill("AbortError unknown"),
    );
    answer.resolve();
    expect(await Promise.all([a, c])).toEqual(["A", "C"]);
    expect(await redis.get("d")).toBe("d");
    expect(mock.connections).toBe(1);
  });

  it("abort between two pieces of the reply discards the rest", async () => {
    const controller = new AbortController();
    await using mock = await mockServer(async (peer) => {
      await peer.expect(["GET", "a"], ["GET", "b"]);
      peer.send("$10\r\n01234");
      await waitEventLoopTurns();
      controller.abort();
      peer.send("56789\r\n", bulk("B"));
      await peer.stall();
    });
    await using redis = clientOf(mock);
    const a = errorOf(redis.with({ signal: controller.signal }).get("a"));
    const b = redis.get("b");
    expect(kindOf(await a)).toBe("AbortError unknown");
    expect(await b).toBe("B");
  });

  it.each([true, false])(
    "abort rejects a pipeline as a whole (transaction: %s)",
    async (transaction) => {
      const answer = deferred();
      await using mock = await mockServer(async (peer) => {
        const count = transaction ? 4 : 2;
        for (let i = 0; i < count; i++) await peer.next();
        await answer.promise;
        peer.send(transaction ? "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n:2\r\n" : ":1\r\n:2\r\n");
        await echo(peer);
      });
      await using redis = clientOf(mock);
      const controller = new AbortController();
      const view = redis.with({ signal: controller.signal });
      const failed = errorOf(view.pipeline({ transaction }).incr("a").incr("b").exec());
      await until(() => mock.received.length >= 2);
      controller.abort();
      expect(kindOf(await failed)).toBe("AbortError unknown");
      answer.resolve();
      expect(await redis.get("k")).toBe("k");
    },
  );

  it("abort of a waiting blocking command closes its connection, so that no element is popped for it", async () => {
    await using mock = await mockServer(async (peer) => {
      if (peer.index === 0) return echo(peer);
      await peer.expect(["BLPOP", "list", "0"]);
      await peer.expectClose();
    });
    await using redis = clientOf(mock);
    await redis.get("first");
    const controller = new AbortController();
    const popped = errorOf(redis.with({ signal: controller.signal }).blpop("list", 0));
    await until(() => mock.received.length >= 2);
    controller.abort();
    expect(kindOf(await popped)).toBe("AbortError unknown");
    await mock.peers[1]?.closed;
    expect(inspect(redis.connectionPool)).toContain("shared=1 leased=0 idle=0 waiting=0");
    expect(await redis.get("next")).toBe("next");
  });

  it("abort of a blocking command that waits for its connection takes no connection", async () => {
    const greet = deferred();
    await using mock = await mockServer(async (peer) => {
      await peer.expect(["AUTH", "pw"]);
      await greet.promise;
      peer.send("+OK\r\n");
      await echo(peer);
    });
    await using redis = clientOf(mock, { password: "pw" });
    const controller = new AbortController();
    const popped = errorOf(redis.with({ signal: controller.signal }).blpop("list", 0));
    await until(() => mock.received.length >= 1);
    controller.abort();
    expect(kindOf(await popped)).toBe("AbortError not-sent");
    greet.resolve();
    await until(() => inspect(redis.connectionPool).includes("idle=1"));
    await waitEventLoopTurns();
    expect(counted(mock)).toEqual(["AUTH pw"]);
  });

  it("abort after the reply has no effect", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock);
    const controller = new AbortController();
    const view = redis.with({ signal: controller.signal });
    expect(await view.get("a")).toBe("a");
    controller.abort();
    expect(kindOf(await errorOf(view.get("b")))).toBe("AbortError not-sent");
    expect(await redis.get("c")).toBe("c");
  });

  it("signals of AbortSignal.timeout() and AbortSignal.any() work like any other", async () => {
    await using mock = await mockServer(async (peer) => {
      await peer.expect(["GET", "first"]);
      peer.send(bulk("v"));
      await peer.stall();
    });
    await using redis = clientOf(mock, { socketTimeout: 3000 });
    // The client is connected by then, however busy the machine is.
    await redis.get("first");
    const signal = AbortSignal.any([AbortSignal.timeout(30), new AbortController().signal]);
    const error = await errorOf(redis.with({ signal }).get("a"));
    expect(kindOf(error)).toBe("AbortError unknown");
    expect((error.cause as Error).name).toBe("TimeoutError");
    redis.disconnect();
  });
});

describe("abort listeners of a signal", () => {
  it("exist once per view while commands are pending, and are removed afterwards", async () => {
    const answer = deferred();
    await using mock = await mockServer(async (peer) => {
      for (let i = 0; i < 100; i++) await peer.next();
      await answer.promise;
      peer.send(bulk("v").repeat(100));
      await peer.stall();
    });
    await using redis = clientOf(mock);
    const { signal } = new AbortController();
    const view = redis.with({ signal });
    expect(listeners(signal)).toBe(0);
    const all = Array.from({ length: 100 }, (_, i) => view.get(`k${i}`));
    expect(listeners(signal)).toBe(1);
    answer.resolve();
    await Promise.all(all);
    expect(listeners(signal)).toBe(0);
  });

  it.each<[string, (peer: Peer) => Promise<void>]>([
    ["fail", async (peer) => peer.send("-ERR no\r\n")],
    ["are lost", async (peer) => peer.reset()],
    ["are late", async () => {}],
  ])("are removed after commands that %s", async (_what, act) => {
    await using mock = await mockServer(async (peer) => {
      await peer.next();
      await act(peer);
      await peer.stall();
    });
    await using redis = clientOf(mock, { socketTimeout: 60 });
    const { signal } = new AbortController();
    await errorOf(redis.with({ signal }).get("a"));
    expect(listeners(signal)).toBe(0);
  });

  it("are removed after an abort, a rejected argument, or a closed client", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock);
    const controller = new AbortController();
    const { signal } = controller;
    const view = redis.with({ signal });
    await errorOf(view.set("a", null as unknown as string));
    expect(listeners(signal)).toBe(0);
    const aborted = errorOf(view.get("a"));
    expect(listeners(signal)).toBe(1);
    controller.abort();
    await aborted;
    expect(listeners(signal)).toBe(0);
    const other = new AbortController();
    await redis.close();
    await errorOf(redis.with({ signal: other.signal }).get("a"));
    expect(listeners(other.signal)).toBe(0);
  });

  it("do not accumulate on a signal used for many views one after the other", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock);
    const { signal } = new AbortController();
    for (let i = 0; i < 50; i++) await redis.with({ signal }).get("k");
    expect(listeners(signal)).toBe(0);
  });
});
