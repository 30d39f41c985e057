import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DataError, Redis, RedisError, WatchError, type WatchedPipeline } from "../../src/index.js";
import { describeProtocols } from "../support/protocols.js";
import { expectLeasesReturned } from "../support/returned-leases.js";
import { sharedServer } from "../support/server.js";

expectLeasesReturned();

const server = await sharedServer();
const KEY = "OUR-SEQUENCE-KEY";

describeProtocols("WATCH", (protocol) => {
  let redis: Redis;
  beforeEach(async () => {
    redis = new Redis(server.host, server.port, { protocol });
    await redis.flushall();
  });
  afterEach(async () => {
    await redis.close();
  });

  it("runs commands immediately until multi(), then buffers them", async () => {
    await redis.set(KEY, 1);
    const watched = await redis.pipeline().watch(KEY);
    const current = Number(await watched.get(KEY));
    const values = await watched
      .multi()
      .set(KEY, current + 1)
      .get(KEY)
      .exec();
    expect(values).toEqual([true, "2"]);
  });

  it("rejects with WatchError when a watched key was changed, and runs nothing", async () => {
    const watched = await redis.pipeline().watch(KEY);
    await redis.set(KEY, "theirs");
    const attempt = watched.multi().set(KEY, "ours").exec();
    await expect(attempt).rejects.toThrow(WatchError);
    expect(await redis.get(KEY)).toBe("theirs");
  });

  it("rejects with WatchError also when nothing was buffered", async () => {
    const calm = await redis.pipeline().watch(KEY);
    expect(await calm.exec()).toEqual([]);
    const disturbed = await redis.pipeline().watch(KEY);
    await redis.set(KEY, 1);
    await expect(disturbed.exec()).rejects.toThrow("Watched variable changed.");
  });

  it.each<[string, (keys: readonly [string, string, string]) => Promise<WatchedPipeline>]>([
    ["pipeline.watch() in an array", (keys) => redis.pipeline().watch(keys)],
    ["pipeline.watch() in a Set", (keys) => redis.pipeline().watch(new Set(keys))],
    ["pipeline.watch() mixed", ([a, b, c]) => redis.pipeline().watch([a], b, [c])],
    [
      "watched.watch() in an array",
      async ([a, b, c]) => {
        const watched = await redis.pipeline().watch(a);
        await watched.watch([b, c]);
        return watched;
      },
    ],
  ])("watches several keys passed to %s", async (_how, watch) => {
    const keys = ["watched-a", "watched-b", "watched-c"] as const;
    for (const key of keys) {
      const watched = await watch(keys);
      await redis.set(key, "theirs");
      await expect(watched.multi().set(KEY, "ours").exec()).rejects.toThrow(WatchError);
    }
    expect(await redis.get(KEY)).toBeNull();
  });

  it("watches several keys passed to transaction() in an array, with options after it", async () => {
    const keys = ["watched-a", "watched-b"];
    const other = (key: string) => async (watched: WatchedPipeline) => {
      await redis.set(key, "theirs");
      return watched.multi().set(KEY, "ours");
    };
    for (const key of keys) {
      const attempt = redis.transaction(other(key), keys, { maxAttempts: 1 });
      await expect(attempt).rejects.toThrow(WatchError);
      await expect(
        redis.transaction(other(key), new Set(keys), { maxAttempts: 1 }),
      ).rejects.toThrow(WatchError);
    }
    const values: [true] = await redis.transaction(
      async (watched) => watched.multi().set(KEY, "ours"),
      keys,
    );
    expect(values).toEqual([true]);
  });

  it("refuses a list inside a list of keys, and a list after the options", async () => {
    const nested = [["a"]] as unknown as string[];
    await expect(redis.pipeline().watch(nested)).rejects.toThrow(DataError);
    const work = async (watched: WatchedPipeline) => watched.multi().get("a");
    const options = { maxAttempts: 1 } as unknown as string;
    await expect(redis.transaction(work, options, ["a"])).rejects.toThrow(DataError);
  });

  it("forgets the keys after unwatch()", async () => {
    const watched = await redis.pipeline().watch(KEY);
    expect(await watched.unwatch()).toBe(true);
    await redis.set(KEY, "theirs");
    expect(await watched.multi().set(KEY, "ours").exec()).toEqual([true]);
  });

  it("returns an unchanged connection to the pool", async () => {
    const clientId = async () => {
      await using watched = await redis.pipeline().watch(KEY);
      return watched.clientId();
    };
    const [first, second] = [await clientId(), await clientId()];
    expect(second).toBe(first);
    expect(inspect(redis.connectionPool)).toContain("leased=0 idle=1");
  });

  it("rejects calls in the wrong order", async () => {
    const early = redis.pipeline().set("a", 1).watch(KEY);
    await expect(early).rejects.toThrow(RedisError);
    await expect(early).rejects.toMatchObject({ code: "EMULTI" });
    await using watched = await redis.pipeline().watch(KEY);
    watched.multi();
    expect(() => watched.multi()).toThrow(
      expect.objectContaining({ message: "Cannot issue nested calls to MULTI", code: "EMULTI" }),
    );
    const afterMulti = { message: "Cannot issue a WATCH after a MULTI", code: "EMULTI" };
    await expect(watched.watch("x")).rejects.toMatchObject(afterMulti);
    await expect(watched.transaction?.watch("x")).rejects.toMatchObject(afterMulti);
    await expect(watched.unwatch()).rejects.toMatchObject({ code: "EMULTI" });
    const get = watched.get(KEY);
    await expect(get).rejects.toThrow(
      "GET was called after multi(); call it on the pipeline that multi() returned",
    );
    await expect(get).rejects.toMatchObject({ code: "EMULTI" });
  });

  it("checks its keys before anything is sent", async () => {
    const missing: unknown = undefined;
    const attempt = redis.pipeline().watch("ok", missing as string);
    await expect(attempt).rejects.toThrow('WATCH: argument "keys[1]" must be a string');
    expect(inspect(redis.connectionPool)).toContain("leased=0 idle=0");
  });

  it("runs no command when the server refuses to queue one", async () => {
    const watched = await redis.pipeline().watch(KEY);
    const transaction = watched.multi().set(KEY, "ours").executeCommand("GET");
    const failure = transaction.exec({ raiseOnError: false });
    await expect(failure).rejects.toThrow(
      /^Command # 2 \(GET\) of pipeline caused error: ERR wrong/,
    );
    expect(await redis.get(KEY)).toBeNull();
  });

  it("keeps errors and locally resolved values in their places", async () => {
    await redis.set(KEY, "text");
    const watched = await redis.pipeline().watch(KEY);
    const values = await watched
      .multi()
      .mget([])
      .incr(KEY)
      .eval("return {1, redis.error_reply('MINE in a list')}", 0)
      .mget([])
      .get(KEY)
      .exec({ raiseOnError: false });
    expect(values).toEqual([
      [],
      expect.objectContaining({ name: "ResponseError", command: "INCR" }),
      [1, expect.objectContaining({ name: "ResponseError", code: "MINE" })],
      [],
      "text",
    ]);
  });

  describe("transaction()", () => {
    it("returns the value of the function with valueFromCallable", async () => {
      const value = await redis.transaction(
        async (tx) => {
          tx.multi().set(KEY, 1);
          return "mine";
        },
        KEY,
        { valueFromCallable: true },
      );
      expect(value).toBe("mine");
      expect(await redis.get(KEY)).toBe("1");
    });

    it("stops after maxAttempts, and when aborted", async () => {
      let attempts = 0;
      const disturb = async () => {
        attempts++;
        await redis.incr(KEY);
      };
      await expect(redis.transaction(disturb, KEY, { maxAttempts: 3 })).rejects.toThrow(WatchError);
      expect(attempts).toBe(3);
      const controller = new AbortController();
      const abort = async () => {
        await redis.incr(KEY);
        controller.abort(new Error("enough"));
      };
      const { signal } = controller;
      await expect(redis.transaction(abort, KEY, { signal })).rejects.toThrow("aborted");
    });

    it("rejects with the error of the function, and returns the connection to the pool", async () => {
      const fail = async () => {
        throw new Error("mine");
      };
      await expect(redis.transaction(fail, KEY)).rejects.toThrow("mine");
    });

    it("runs a function once when it executes the transaction itself", async () => {
      let runs = 0;
      const work = async (watched: WatchedPipeline) => {
        runs++;
        await watched.multi().incr(KEY).exec();
      };
      expect(await redis.transaction(work, KEY)).toEqual([]);
      expect([runs, await redis.get(KEY)]).toEqual([1, "1"]);
    });

    it("rejects a pipeline that does not belong to the watch, or was executed", async () => {
      const foreign = () => redis.pipeline().incr(KEY);
      await expect(redis.transaction(foreign, KEY)).rejects.toMatchObject({ code: "EMULTI" });
      expect(await redis.exists(KEY)).toBe(0);
      const executed = async (watched: WatchedPipeline) => {
        const pipeline = watched.multi().incr(KEY);
        await pipeline.exec();
        return pipeline;
      };
      await expect(redis.transaction(executed, KEY)).rejects.toMatchObject({ code: "EMULTI" });
      expect(await redis.get(KEY)).toBe("1");
    });

    it("returns an empty list when the function never called multi()", async () => {
      const values = await redis.transaction(async (watched) => {
        expect(await watched.get(KEY)).toBeNull();
        expect(await watched.incr("other")).toBe(1);
      }, KEY);
      expect(values).toEqual([]);
    });

    it("returns an empty list when the function buffered nothing; keys may be a list", async () => {
      const keys: string[] = [KEY, "other"];
      const unlessThere = async (watched: WatchedPipeline) => {
        if ((await watched.get(KEY)) !== null) return;
        return watched.multi().set(KEY, "first");
      };
      expect(await redis.transaction(unlessThere, ...keys)).toEqual([true]);
      expect(await redis.transaction(unlessThere, ...keys)).toEqual([]);
    });

    it("runs without keys", async () => {
      const values = await redis.transaction((watched) => watched.multi().incr(KEY).get(KEY));
      expect(values).toEqual([1, "1"]);
    });

    it("waits watchDelay between attempts", async () => {
      const begun: number[] = [];
      const work = async (watched: WatchedPipeline) => {
        begun.push(performance.now());
        if (begun.length < 3) await redis.incr(KEY);
        return watched.multi().get(KEY);
      };
      expect(await redis.transaction(work, KEY, { watchDelay: 60 })).toEqual(["2"]);
      const [first = 0, second = 0, third = 0] = begun;
      // A timer may come a millisecond early.
      expect(Math.min(second - first, third - second)).toBeGreaterThanOrEqual(59);
    });

    it("rejects with the error of a command, which is not repeated", async () => {
      await redis.set(KEY, "text");
      let runs = 0;
      const work = (watched: WatchedPipeline) => {
        runs++;
        return watched.multi().set("other", 1).incr(KEY);
      };
      const failure = redis.transaction(work, KEY);
      await expect(failure).rejects.toThrow("Command # 2 (INCR) of pipeline caused error: ");
      expect([runs, await redis.get("other")]).toEqual([1, "1"]);
    });

    it("rejects invalid options by name", async () => {
      const work = async () => {};
      const bad = redis.transaction(work, KEY, { maxAttempts: 0 });
      await expect(bad).rejects.toThrow(
        'option "maxAttempts" must be an integer of at least 1, got 0',
      );
      const noSignal = { signal: {} as AbortSignal };
      await expect(redis.transaction(work, KEY, noSignal)).rejects.toThrow(
        'option "signal" must be an AbortSignal, got an object',
      );
      const unknown = { maxAttempt: 1 } as object;
      await expect(redis.transaction(work, KEY, unknown)).rejects.toThrow(
        'unknown option "maxAttempt"; did you mean "maxAttempts"?',
      );
    });

    it("creates no pipeline unless the function calls multi()", async () => {
      class NoPipelines extends Redis {
        override pipeline(): never {
          throw new Error("a pipeline was created");
        }
      }
      await using client = new NoPipelines(server.host, server.port, { protocol });
      await redis.set(KEY, "value");
      let value: string | null = null;
      const work = async (watched: WatchedPipeline) => {
        value = await watched.get(KEY);
      };
      expect(await client.transaction(work, KEY)).toEqual([]);
      expect(value).toBe("value");
    });
  });
});

// Tens of thousands of attempts: one run is enough, and a busy machine is slow.
describe("the client-side INCR of redis-py's README, 50 flows of 20 increments", {
  timeout: 150_000,
}, () => {
  let redis: Redis;
  beforeEach(async () => {
    redis = new Redis(server.host, server.port);
    await redis.flushall();
  });
  afterEach(async () => {
    await redis.close();
  });

  it("counts to exactly 1,000 with watch() and multi()", async () => {
    const increment = async (): Promise<void> => {
      for (;;) {
        await using watched = await redis.pipeline().watch(KEY);
        const current = Number((await watched.get(KEY)) ?? 0);
        try {
          await watched
            .multi()
            .set(KEY, current + 1)
            .exec();
          return;
        } catch (error) {
          if (!(error instanceof WatchError)) throw error;
        }
      }
    };
    const flow = async (): Promise<void> => {
      for (let i = 0; i < 20; i++) await increment();
    };
    await Promise.all(Array.from({ length: 50 }, flow));
    expect(await redis.get(KEY)).toBe("1000");
  });

  it("counts to exactly 1,000 with transaction()", async () => {
    const flow = async (): Promise<void> => {
      for (let i = 0; i < 20; i++) {
        const [stored] = await redis.transaction(async (tx) => {
          const current = Number((await tx.get(KEY)) ?? 0);
          return tx.multi().set(KEY, current + 1);
        }, KEY);
        expect(stored).toBe(true);
      }
    };
    await Promise.all(Array.from({ length: 50 }, flow));
    expect(await redis.get(KEY)).toBe("1000");
  });
});
