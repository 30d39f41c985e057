/** The client-side cache between a read and its reply: what is kept, and who gets it. */
import { afterEach, describe, expect, it } from "vitest";
import { ConnectionError, ResponseError, TimeoutError } from "../../src/index.js";
import { bulk, mockServer } from "../support/mock-server.js";
import { cacheServer, cachingClient, invalidation } from "../support/scripted-cache.js";
import { errorOf } from "../support/settle.js";
import { deferred, until } from "../support/until.js";
import { watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

const OK = "+OK\r\n";

/** Stops a script until the test continues it. */
const gates: { resolve(): void }[] = [];
function gate() {
  const one = deferred();
  gates.push(one);
  return one;
}
afterEach(() => {
  for (const one of gates.splice(0)) one.resolve();
});

describe("a read under way", () => {
  it("is not kept when its key was reported as changed meanwhile", async () => {
    const changed = gate();
    await using mock = await cacheServer([
      async (peer) => {
        await peer.expect(["GET", "k"]);
        peer.send(invalidation(["k"]));
        await changed.promise;
        peer.send(bulk("old"));
        await peer.expect(["GET", "k"]);
        peer.send(bulk("new"));
        await peer.stall();
      },
    ]);
    await using redis = cachingClient(mock);
    const first = redis.get("k");
    await until(() => redis.cache?.stats().invalidations === 1);
    changed.resolve();
    expect(await first).toBe("old");
    expect(await redis.get("k")).toBe("new");
    expect(redis.cache?.stats()).toMatchObject({ hits: 0, misses: 2, entries: 1 });
  });

  it("has no later callers when its key was reported as changed meanwhile", async () => {
    await using mock = await cacheServer([
      async (peer) => {
        await peer.expect(["GET", "k"]);
        peer.send(invalidation(["k"]));
        await peer.expect(["GET", "k"]);
        peer.send(bulk("old"), bulk("new"));
        await peer.stall();
      },
    ]);
    await using redis = cachingClient(mock);
    const first = redis.get("k");
    await until(() => redis.cache?.stats().invalidations === 1);
    const second = redis.get("k");
    expect([await first, await second]).toEqual(["old", "new"]);
    expect(redis.cache?.stats().shared).toBe(0);
  });

  it("is not kept when all keys were reported as changed meanwhile", async () => {
    const changed = gate();
    await using mock = await cacheServer([
      async (peer) => {
        await peer.expect(["GET", "k"]);
        peer.send(invalidation(null));
        await changed.promise;
        peer.send(bulk("old"));
        await peer.stall();
      },
    ]);
    await using redis = cachingClient(mock);
    const first = redis.get("k");
    await until(() => redis.cache?.stats().flushes === 1);
    changed.resolve();
    expect(await first).toBe("old");
    expect(redis.cache?.stats().entries).toBe(0);
  });

  it("is not kept when clear() was called meanwhile", async () => {
    const cleared = gate();
    await using mock = await cacheServer([
      async (peer) => {
        await peer.expect(["GET", "k"]);
        await cleared.promise;
        peer.send(bulk("old"));
        await peer.stall();
      },
    ]);
    await using redis = cachingClient(mock);
    const first = redis.get("k");
    redis.cache?.clear();
    cleared.resolve();
    expect(await first).toBe("old");
    expect(redis.cache?.stats().entries).toBe(0);
  });

  it("is not kept when an own write of its key was called meanwhile", async () => {
    await using mock = await cacheServer([
      async (peer) => {
        await peer.expect(["GET", "k"], ["SET", "k", "new"]);
        peer.send(bulk("old"), OK);
        await peer.expect(["GET", "k"]);
        peer.send(bulk("new"));
        await peer.stall();
      },
    ]);
    await using redis = cachingClient(mock);
    const first = redis.get("k");
    await redis.set("k", "new");
    expect(await first).toBe("old");
    expect(await redis.get("k")).toBe("new");
  });

  it("is not kept when it was called during an own write on another connection, although that was answered first", async () => {
    const written = gate();
    await using mock = await cacheServer([
      async (peer) => {
        await peer.expect(["GET", "other"]);
        peer.send(bulk("1"));
        await peer.expect(["GET", "k"]);
        await written.promise;
        peer.send(bulk("old"));
        await peer.expect(["GET", "k"]);
        peer.send(bulk("new"));
        await peer.stall();
      },
      async (peer) => {
        await peer.expect(["SET", "k", "new"]);
        await written.promise;
        peer.send(OK);
        await peer.stall();
      },
    ]);
    await using redis = cachingClient(mock);
    await using session = redis.client();
    await redis.get("other");
    const write = session.set("k", "new");
    const read = redis.get("k");
    await until(() => mock.received.filter(([name]) => name === "GET").length === 2);
    await until(() => mock.received.some(([name]) => name === "SET"));
    written.resolve();
    await write;
    // Executed before the write, so that the server reports the change only behind this reply.
    const later = redis.get("k");
    expect([await read, await later]).toEqual(["old", "new"]);
  });
});

describe("callers of one read", () => {
  it("get the reply when another one is aborted", async () => {
    const answered = gate();
    await using mock = await cacheServer([
      async (peer) => {
        await peer.expect(["GET", "k"]);
        await answered.promise;
        peer.send(bulk("v"));
        await peer.stall();
      },
    ]);
    await using redis = cachingClient(mock);
    const abort = new AbortController();
    const leader = errorOf(redis.with({ signal: abort.signal }).get("k"));
    const late = errorOf(redis.with({ timeout: 1 }).get("k"));
    const third = redis.get("k");
    await mock.connection();
    await until(() => mock.received.some(([name]) => name === "GET"));
    abort.abort();
    expect(await leader).toMatchObject({ code: "ABORT_ERR", command: "GET" });
    expect(await late).toBeInstanceOf(TimeoutError);
    answered.resolve();
    expect(await third).toBe("v");
    expect(redis.cache?.stats()).toMatchObject({ shared: 2, misses: 1, entries: 1 });
  });

  it("get their reply when all others were aborted before a connection existed", async () => {
    await using mock = await cacheServer([
      async (peer) => {
        await peer.expect(["GET", "k"]);
        peer.send(bulk("v"));
        await peer.stall();
      },
    ]);
    await using redis = cachingClient(mock);
    const abort = new AbortController();
    const first = errorOf(redis.with({ signal: abort.signal }).get("k"));
    const second = redis.get("k");
    abort.abort();
    expect((await first).code).toBe("ABORT_ERR");
    expect(await second).toBe("v");
  });

  it("are not sent when all were aborted before a connection existed", async () => {
    await using mock = await cacheServer([
      async (peer) => {
        await peer.expect(["GET", "other"]);
        peer.send(bulk("v"));
        await peer.stall();
      },
    ]);
    await using redis = cachingClient(mock);
    const abort = new AbortController();
    const view = redis.with({ signal: abort.signal });
    const errors = [errorOf(view.get("k")), errorOf(view.get("k"))];
    abort.abort();
    expect((await Promise.all(errors)).map(({ code }) => code)).toEqual(["ABORT_ERR", "ABORT_ERR"]);
    expect(await redis.get("other")).toBe("v");
    expect(mock.received.filter(([name]) => name === "GET")).toEqual([["GET", "other"]]);
  });

  it("get errors of their own with their own stacks, and the next call asks again", async () => {
    await using mock = await cacheServer([
      async (peer) => {
        await peer.expect(["GET", "k"]);
        peer.send("-WRONGTYPE Operation against a key holding the wrong kind of value\r\n");
        await peer.expect(["GET", "k"]);
        peer.send(bulk("v"));
        await peer.stall();
      },
    ]);
    await using redis = cachingClient(mock);
    async function firstCaller() {
      await redis.get("k");
    }
    async function secondCaller() {
      await redis.get("k");
    }
    const [one, two] = await Promise.all([errorOf(firstCaller()), errorOf(secondCaller())]);
    expect(one).toBeInstanceOf(ResponseError);
    expect(two).toBeInstanceOf(ResponseError);
    expect(one).not.toBe(two);
    expect([one.code, one.command, one.message]).toEqual([two.code, two.command, two.message]);
    expect(one.stack).toContain("firstCaller");
    expect(two.stack).toContain("secondCaller");
    expect(await redis.get("k")).toBe("v");
  });

  it("all get the error of a lost connection, and with retryReads the reply of the next one", async () => {
    await using mock = await cacheServer([
      async (peer) => {
        await peer.expect(["GET", "k"]);
        await peer.reset();
      },
      async (peer) => {
        await peer.expect(["GET", "k"]);
        await peer.reset();
      },
      async (peer) => {
        await peer.expect(["GET", "k"]);
        peer.send(bulk("v"));
        await peer.stall();
      },
    ]);
    await using redis = cachingClient(mock);
    const errors = await Promise.all([errorOf(redis.get("k")), errorOf(redis.get("k"))]);
    for (const error of errors) {
      expect(error).toBeInstanceOf(ConnectionError);
      expect(error.outcome).toBe("unknown");
    }
    expect(errors[0]).not.toBe(errors[1]);
    const retrying = redis.with({ retryReads: true });
    expect(await Promise.all([retrying.get("k"), retrying.get("k")])).toEqual(["v", "v"]);
    expect(redis.cache?.stats().entries).toBe(1);
  });
});

describe("a reply that was kept", () => {
  it("is not used after its connection is lost, not even before another one exists", async () => {
    await using mock = await cacheServer([
      async (peer) => {
        await peer.expect(["GET", "k"]);
        peer.send(bulk("old"));
        await peer.expect(["PING"]);
        await peer.reset();
      },
      async (peer) => {
        await peer.expect(["GET", "k"]);
        peer.send(bulk("new"));
        await peer.stall();
      },
    ]);
    await using redis = cachingClient(mock);
    await redis.get("k");
    await errorOf(redis.ping());
    expect(redis.cache?.stats()).toMatchObject({ entries: 0, flushes: 1 });
    expect(await redis.get("k")).toBe("new");
  });

  it("is removed by an invalidation that arrives byte by byte", async () => {
    await using mock = await cacheServer([
      async (peer) => {
        await peer.expect(["GET", "k"]);
        peer.send(bulk("old"));
        await peer.expect(["PING"]);
        await peer.trickle(`${invalidation(["k"])}+PONG\r\n`);
        await peer.expect(["GET", "k"]);
        await peer.trickle(bulk("new"));
        await peer.stall();
      },
    ]);
    await using redis = cachingClient(mock);
    expect(await redis.get("k")).toBe("old");
    await redis.ping();
    expect(await redis.get("k")).toBe("new");
  });

  it("is not used from the call of an own write, although the reports of the server are late", async () => {
    await using mock = await cacheServer([
      async (peer) => {
        await peer.expect(["GET", "k"]);
        peer.send(bulk("old"));
        await peer.expect(["SET", "k", "new"]);
        await peer.trickle(OK);
        await peer.expect(["GET", "k"]);
        await peer.trickle(`${invalidation(["k"])}${bulk("new")}`);
        await peer.stall();
      },
    ]);
    await using redis = cachingClient(mock);
    expect(await redis.get("k")).toBe("old");
    await redis.set("k", "new");
    expect(await redis.get("k")).toBe("new");
  });

  it("is not used on a connection that has been silent for too long", async () => {
    const silent = gate();
    await using mock = await cacheServer([
      async (peer) => {
        await peer.expect(["GET", "k"]);
        peer.send(bulk("old"));
        await peer.expect(["PING"]);
        await silent.promise;
        await peer.reset();
      },
      async (peer) => {
        await peer.expect(["GET", "k"]);
        peer.send(bulk("new"));
        await peer.stall();
      },
    ]);
    await using redis = cachingClient(mock, { healthCheckInterval: 100 });
    expect(await redis.get("k")).toBe("old");
    // Hits cause a PING after 100 ms of silence; without an answer the reply is not used from 200 ms on.
    const late = deferred<string | null>();
    await until(() => {
      const before = redis.cache?.stats().misses;
      const value = redis.get("k");
      if (redis.cache?.stats().misses !== before) value.then(late.resolve, late.reject);
      return redis.cache?.stats().misses !== before;
    });
    silent.resolve();
    expect(await late.promise).toBe("new");
  });

  it("is not kept on a connection on which the server has refused CLIENT TRACKING", async () => {
    await using mock = await mockServer([
      async (peer) => {
        await peer.handshake({ count: 3, replies: { "CLIENT TRACKING": OK } });
        await peer.expect(["CLIENT", "TRACKING", "ON"]);
        peer.send("-NOPERM this user has no permissions to run the 'client|tracking' command\r\n");
        for (let i = 0; i < 2; i++) {
          await peer.expect(["GET", "k"]);
          peer.send(bulk("v"));
        }
        await peer.stall();
      },
    ]);
    await using redis = cachingClient(mock);
    expect([await redis.get("k"), await redis.get("k")]).toEqual(["v", "v"]);
    expect(redis.cache?.stats()).toMatchObject({ hits: 0, entries: 0 });
  });
});
