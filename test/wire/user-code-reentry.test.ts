/**
 * Code of the user that calls the client again from inside of a call: every promise settles, replies reach their own
 * callers, nothing is executed twice, and nothing is left open.
 */
import { describe, expect, it } from "vitest";
import { type ClientOptions, ConnectionError, type Redis, ResponseError } from "../../src/index.js";
import { bulk, bulks, mockServer, type Peer } from "../support/mock-server.js";
import { freePort } from "../support/ports.js";
import { errorOf, type Settled, settle, settleAll } from "../support/settle.js";
import { expectNothingUnhandled } from "../support/unhandled.js";
import { deferred } from "../support/until.js";
import { clientOf, watchEveryTest } from "../support/wire-clients.js";

expectNothingUnhandled();
watchEveryTest();

/** Reply to GET with its key, inside of MULTI too; GET bad fails. */
async function answer(peer: Peer): Promise<void> {
  let queued: string[] | undefined;
  for await (const [name, key = ""] of peer.commands()) {
    if (name === "MULTI") queued = [];
    if (name === "GET" && queued !== undefined) {
      queued.push(key);
      peer.send("+QUEUED\r\n");
    } else if (name === "EXEC") {
      peer.send(bulks(queued ?? []));
      queued = undefined;
    } else if (name === "GET") peer.send(key === "bad" ? "-ERR refused\r\n" : bulk(key));
    else peer.send("+OK\r\n");
  }
}

/** Calls of the client; what they return is not awaited by the code that calls. */
const CALLS: readonly (readonly [string, (redis: Redis) => unknown])[] = [
  ["disconnect()", (redis) => redis.disconnect()],
  ["close()", (redis) => redis.close()],
  ["get()", (redis) => redis.get("x").catch(() => {})],
];

const outcomeOf = (ending: Settled<unknown>): unknown =>
  ending.ok ? ending.value : ending.error.name;

/** Call the client in the first response callback of GET. */
function callOnce(redis: Redis, call: (redis: Redis) => unknown): void {
  let isFirst = true;
  redis.setResponseCallback("GET", (reply) => {
    if (isFirst) void call(redis);
    isFirst = false;
    return reply;
  });
}

describe.each(CALLS)("a response callback that calls %s", (name, call) => {
  const options = { retryOnError: [ConnectionError], retry: 1 } satisfies ClientOptions;

  it("keeps the value of its command; the others settle", async () => {
    await using mock = await mockServer(answer);
    const redis = clientOf(mock, { retry: 1 });
    callOnce(redis, call);
    const all = await settleAll(["a", "b", "c"].map((key) => redis.get(key)));
    const lost = name === "disconnect()";
    expect(all.map(outcomeOf)).toEqual(
      lost ? ["a", "ConnectionError", "ConnectionError"] : ["a", "b", "c"],
    );
    await redis.close();
  });

  it.each([false, true])(
    "keeps the values of its pipeline, which is sent once (transaction: %s)",
    async (transaction) => {
      await using mock = await mockServer(answer);
      const redis = clientOf(mock, options);
      callOnce(redis, call);
      const values = await redis.pipeline({ transaction }).get("a").get("b").exec();
      expect(values).toEqual(["a", "b"]);
      await redis.close();
      expect(mock.received.filter(([command, key]) => command === "GET" && key !== "x")).toEqual([
        ["GET", "a"],
        ["GET", "b"],
      ]);
    },
  );
});

describe("a response callback", () => {
  it("that aborts its own call keeps the values of its pipeline", async () => {
    await using mock = await mockServer(answer);
    const redis = clientOf(mock);
    const abort = new AbortController();
    const view = redis.with({ signal: abort.signal });
    view.setResponseCallback("GET", (reply) => {
      abort.abort();
      return reply;
    });
    expect(await view.pipeline().get("a").get("b").exec()).toEqual(["a", "b"]);
    await redis.close();
  });

  it("may throw a frozen error, which its caller gets", async () => {
    await using mock = await mockServer(answer);
    await using redis = clientOf(mock);
    const error = Object.freeze(new ConnectionError("mine"));
    redis.setResponseCallback("GET", () => {
      throw error;
    });
    expect(await errorOf(redis.get("a"))).toBe(error);
    const failed = await errorOf(redis.pipeline().get("a").exec());
    expect(failed.cause).toMatchObject({ cause: error });
  });
});

describe("a retry function", () => {
  it.each(CALLS)("that calls %s lets every command settle, and no timer", async (_, call) => {
    const port = await freePort();
    let isFirst = true;
    const redis: Redis = clientOf(
      { host: "127.0.0.1", port },
      {
        socketTimeout: 100,
        retry: () => {
          if (isFirst) void call(redis);
          isFirst = false;
          return 600_000;
        },
      },
    );
    const all = await settleAll([redis.get("a"), redis.get("b")]);
    expect(all.map(({ ok }) => ok)).toEqual([false, false]);
    redis.disconnect();
  });

  it("that calls disconnect() leaves no pause behind", async () => {
    const port = await freePort();
    const redis: Redis = clientOf(
      { host: "127.0.0.1", port },
      {
        retry: () => {
          redis.disconnect();
          return 600_000;
        },
      },
    );
    expect((await errorOf(redis.get("a"))).message).toContain("closed by disconnect()");
    // The check of the file finds a timer that is still running.
  });

  it("that throws for a resend rejects its command with the error", async () => {
    await using mock = await mockServer(answer);
    const failure = new Error("mine");
    const retry = (): never => {
      throw failure;
    };
    await using redis = clientOf(mock, { retryOnError: [ResponseError], retry });
    expect(await errorOf(redis.get("bad"))).toMatchObject({
      message: 'option "retry" failed: mine',
      command: "GET",
      cause: failure,
    });
    expect(await redis.get("a")).toBe("a");
  });
});

describe("a credentialProvider", () => {
  it.each(CALLS)("that waits for %s lets every command settle", async (_, call) => {
    await using mock = await mockServer(answer);
    let isFirst = true;
    const redis: Redis = clientOf(mock, {
      socketTimeout: 100,
      credentialProvider: async () => {
        if (isFirst) await call(redis);
        isFirst = false;
        return { password: "x" };
      },
    });
    const all = await settleAll([redis.get("a"), redis.get("b")]);
    expect(all.map(({ ok }) => ok)).toEqual([false, false]);
    await redis.close();
  });
});

describe("a listener of pushes", () => {
  it.each<[string, (redis: Redis, client: { close(): unknown }) => unknown]>([
    ["disconnect() of the pool", (redis) => redis.disconnect()],
    ["close() of its client", (_, client) => client.close()],
  ])("that calls %s lets the pending command settle", async (_, call) => {
    await using mock = await mockServer(
      async (peer) => {
        await peer.expect(["GET", "a"]);
        const push = ">2\r\n$4\r\nmine\r\n$1\r\n1\r\n";
        peer.send(push + push + bulk("a") + push);
        await peer.stall();
      },
      { handshake: true },
    );
    const redis = clientOf(mock, { protocol: 3 });
    const client = redis.client();
    const called = deferred();
    const listener = (): void => {
      void call(redis, client);
      called.resolve();
    };
    client.onPush("mine", listener);
    const ending = await settle(client.get("a"));
    await called.promise;
    expect(["a", "ConnectionError"]).toContain(outcomeOf(ending));
    await client.close();
    await redis.close();
  });
});
