/**
 * CLIENT KILL of a watching connection in every phase: the watching caller gets a WatchError, no other caller
 * gets an error, and the pool is unchanged.
 */
import { inspect } from "node:util";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { Redis, WatchError, type WatchedPipeline } from "../../src/index.js";
import { describeProtocols } from "../support/protocols.js";
import { expectLeasesReturned } from "../support/returned-leases.js";
import { startServer } from "../support/server.js";
import { errorOf } from "../support/settle.js";
import { deferred, until } from "../support/until.js";

expectLeasesReturned();

const server = await startServer();
afterAll(() => server.stop());

const KEY = "OUR-SEQUENCE-KEY";

describeProtocols("CLIENT KILL of the watching connection", (protocol) => {
  let redis: Redis;
  /** Other callers on the same client, during all kills. */
  let others: { readonly done: Promise<number>; stop(): void };

  beforeEach(async () => {
    await server.command("FLUSHALL");
    redis = new Redis(server.host, server.port, { protocol });
    others = callRepeatedly(redis);
  });
  afterEach(async () => {
    others.stop();
    expect(await others.done).toBeGreaterThan(0);
    expect(inspect(redis.connectionPool)).toMatch(/ shared=1 leased=0 idle=[01] waiting=0$/);
    await redis.close();
    expect(await server.clients()).toEqual([]);
  });

  async function kill(watched: WatchedPipeline): Promise<void> {
    await killNumber(await watched.clientId());
  }

  async function killNumber(id: number): Promise<void> {
    await server.command("CLIENT", "KILL", "ID", id);
    await until(async () => (await server.clients()).every((client) => client.id !== `${id}`));
  }

  /** Kill when the server has received MULTI to EXEC, which it holds back from the SET on. */
  async function killDuringExec(exec: () => Promise<unknown>, id: number): Promise<Error> {
    await server.command("CLIENT", "PAUSE", 60_000, "WRITE");
    try {
      const error = errorOf(exec());
      await until(async () => {
        const clients = await server.clients();
        return clients.some((client) => client.id === `${id}` && client.cmd === "set");
      });
      await server.command("CLIENT", "KILL", "ID", id);
      return await error;
    } finally {
      await server.command("CLIENT", "UNPAUSE");
    }
  }

  /** The next call of the watching caller after the loss, by phase. */
  const PHASES: Record<string, (watched: WatchedPipeline) => Promise<unknown>> = {
    "after WATCH, before a read": async (watched) => {
      await kill(watched);
      return watched.get(KEY);
    },
    "after WATCH, before watching more": async (watched) => {
      await kill(watched);
      return watched.watch("more");
    },
    "after WATCH, before unwatch()": async (watched) => {
      await kill(watched);
      return watched.unwatch();
    },
    "after a read, before an empty transaction": async (watched) => {
      await watched.get(KEY);
      await kill(watched);
      return watched.exec();
    },
    "after a read, before multi()": async (watched) => {
      await watched.get(KEY);
      await kill(watched);
      return watched.multi().set(KEY, "ours").exec();
    },
    "while commands are buffered": async (watched) => {
      const id = await watched.clientId();
      const transaction = watched.multi().set(KEY, "ours");
      await killNumber(id);
      return transaction.get(KEY).exec();
    },
    "while commands are buffered, errors staying in their places": async (watched) => {
      const id = await watched.clientId();
      const transaction = watched.multi().set(KEY, "ours");
      await killNumber(id);
      return transaction.exec({ raiseOnError: false });
    },
  };

  it.each(Object.keys(PHASES))("rejects with WatchError: %s", async (phase) => {
    const watched = await redis.pipeline().watch(KEY);
    const error = await errorOf(PHASES[phase]?.(watched) ?? Promise.reject(phase));
    expect(error).toBeInstanceOf(WatchError);
    expect(error).toMatchObject({ code: "EWATCH", outcome: "not-sent" });
    expect(error.message).toBe("A ConnectionError occurred on while watching one or more keys");
    await watched.reset();
    expect(inspect(redis.connectionPool)).toMatch(/ leased=0 idle=0 waiting=0$/);
    expect(await server.command("GET", KEY)).toBeNull();
  });

  it("rejects with WatchError and outcome unknown during EXEC", async () => {
    const watched = await redis.pipeline().watch(KEY);
    const id = await watched.clientId();
    const error = await killDuringExec(() => watched.multi().set(KEY, "ours").exec(), id);
    expect(error).toBeInstanceOf(WatchError);
    expect(error).toMatchObject({ code: "EWATCH", outcome: "unknown" });
    expect(inspect(redis.connectionPool)).toMatch(/ leased=0 idle=0 waiting=0$/);
  });

  describe("a function of transaction()", () => {
    it("runs the function again, which then succeeds", async () => {
      const ids: number[] = [];
      const values = await redis.transaction(async (watched) => {
        ids.push(await watched.clientId());
        const old = Number((await watched.get(KEY)) ?? 0);
        if (ids.length === 1) await kill(watched);
        return watched.multi().set(KEY, old + 1);
      }, KEY);
      expect(values).toEqual([true]);
      expect(new Set(ids).size).toBe(2);
      expect(await server.command("GET", KEY)).toBe("1");
    });

    it("is not repeated when EXEC may have been executed", async () => {
      let runs = 0;
      let id = 0;
      const ready = deferred<void>();
      const go = deferred<void>();
      const transaction = redis.transaction(async (watched) => {
        runs++;
        id = await watched.clientId();
        ready.resolve();
        await go.promise;
        return watched.multi().set(KEY, "ours");
      }, KEY);
      await ready.promise;
      const exec = () => {
        go.resolve();
        return transaction;
      };
      expect(await killDuringExec(exec, id)).toMatchObject({ code: "EWATCH", outcome: "unknown" });
      expect(runs).toBe(1);
    });
  });
});

/** Repeat calls until stopped; rejects with the first error of any call. */
function callRepeatedly(redis: Redis) {
  let stopped = false;
  const call = async (): Promise<number> => {
    let calls = 0;
    for (; !stopped; calls++) await Promise.all([redis.incr("others"), redis.get("others")]);
    return calls;
  };
  const done = call();
  done.catch(() => {});
  const stop = (): void => {
    stopped = true;
  };
  return { done, stop };
}
