/** The guarantees of docs/reliability.md, 1 to 4; 5 to 7 are in never-shared.test.ts, 8 in secrets.test.ts. */
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  ConnectionError,
  ConstantBackoff,
  DecodeError,
  Redis,
  type RedisError,
  Retry,
} from "../../src/index.js";
import { type FaultProxy, startProxy } from "../support/fault-proxy.js";
import { bulk, mockServer } from "../support/mock-server.js";
import { sharedServer, uniquePrefix } from "../support/server.js";
import {
  DEFAULT_DEADLINES,
  errorOf,
  kindOf,
  SHORT_DEADLINES,
  settle,
  settleAll,
} from "../support/settle.js";
import { until } from "../support/until.js";

const server = await sharedServer();
let proxy: FaultProxy;
let redis: Redis;
/** Client with short deadlines, for tests in which deadlines pass. */
let quickRedis: Redis;

beforeEach(async () => {
  proxy = await startProxy(server);
  redis = new Redis(proxy.url, DEFAULT_DEADLINES);
  quickRedis = new Redis(proxy.url, SHORT_DEADLINES);
});

afterEach(async () => {
  redis.disconnect();
  quickRedis.disconnect();
  await proxy[Symbol.asyncDispose]();
});

describe("1. every promise settles", () => {
  const FAULTS: Record<string, () => void> = {
    refused: () => {
      proxy.refuse();
      proxy.cutAll("rst");
    },
    reset: () => {
      proxy.down.cutAfter(0, { times: 1000 });
    },
    stalled: () => proxy.down.stall(),
    "discarding all bytes": () => proxy.blackhole(),
  };

  /** Start a call of every kind. Resolves when all have settled, rejects when one has not in time. */
  function everything(): Promise<unknown> {
    const session = quickRedis.client();
    return settleAll<unknown>([
      quickRedis.get("key"),
      quickRedis.incr("never:1"),
      quickRedis.blpop("never:none", 0.1),
      quickRedis.pipeline().get("key").set("key", "1").exec(),
      quickRedis.pipeline({ transaction: false }).get("key").get("key").exec(),
      session.get("key"),
      session.pipeline().get("key").exec(),
      quickRedis.with({ timeout: 50 }).get("key"),
      quickRedis.with({ signal: AbortSignal.timeout(50) }).blpop("never:none", 0.1),
      quickRedis.connect(),
    ]);
  }

  it.each(Object.keys(FAULTS))(
    "settles when the connection is %s before anything is sent",
    async (name) => {
      FAULTS[name]?.();
      await everything();
    },
  );

  it.each(Object.keys(FAULTS))(
    "settles when the connection is %s with calls of every kind in flight",
    async (name) => {
      await quickRedis.connect();
      proxy.down.stall();
      const before = proxy.received.up;
      const all = everything();
      await proxy.whenReceived("up", before + 1);
      FAULTS[name]?.();
      await everything();
      await all;
    },
  );

  it.each(Object.keys(FAULTS))(
    "settles close() and every call when the connection is %s",
    async (name) => {
      await quickRedis.connect();
      proxy.down.stall();
      const all = everything();
      FAULTS[name]?.();
      const closed = settle(quickRedis.close());
      await everything();
      expect((await closed).ok).toBe(true);
      await all;
      expect(inspect(quickRedis)).toMatch(/ shared=0 leased=0 idle=0 waiting=0>$/);
    },
  );

  it("settles at the deadline when connecting is retried without limit", async () => {
    proxy.refuse();
    const retry = new Retry(new ConstantBackoff(10), -1);
    quickRedis = new Redis(proxy.url, { ...SHORT_DEADLINES, retry });
    await everything();
  });

  it("settles when close() is called in the same turn as the commands", async () => {
    const all = everything();
    await settle(quickRedis.close());
    await all;
  });

  it("settles when disconnect() is called in the same turn as the commands", async () => {
    await quickRedis.connect();
    const all = everything();
    quickRedis.disconnect();
    await all;
  });
});

describe("2. every reply reaches its own caller", () => {
  const COUNT = 1000;
  let prefix: string;

  beforeEach(async () => {
    prefix = uniquePrefix();
    const pairs = Array.from({ length: COUNT }, (_, i) => [prefix + i, `value ${i}`]).flat();
    await server.command("MSET", ...pairs);
  });

  /** Read every key by its own command; each reply must be the value of that key. */
  async function readAll(client: Redis = redis): Promise<RedisError[]> {
    const gets = Array.from({ length: COUNT }, (_, i) => client.get(prefix + i));
    return check(await settleAll(gets));
  }

  function check(endings: Awaited<ReturnType<typeof settleAll<string | null>>>): RedisError[] {
    const errors: RedisError[] = [];
    for (const [i, ending] of endings.entries()) {
      if (ending.ok) expect(ending.value).toBe(`value ${i}`);
      else errors.push(ending.error);
    }
    return errors;
  }

  it.each([1, 500, 4321, 10_000])(
    "delivers only own replies when the connection is cut after %i bytes",
    async (bytes) => {
      await redis.connect();
      proxy.down.cutAfter(bytes);
      const errors = await readAll();
      expect(errors.length).toBeGreaterThan(0);
      expect(new Set(errors.map(kindOf))).toEqual(new Set(["ConnectionError unknown"]));
      expect(await readAll()).toEqual([]);
    },
  );

  it("delivers only own replies when half of the callers abort", async () => {
    await redis.connect();
    proxy.down.stall();
    const controller = new AbortController();
    const abortable = redis.with({ signal: controller.signal });
    const gets = Array.from({ length: COUNT }, (_, i) =>
      (i % 2 ? abortable : redis).get(prefix + i),
    );
    await proxy.whenReceived("up", COUNT * 20);
    controller.abort();
    const aborted = await Promise.all(gets.filter((_, i) => i % 2).map((get) => errorOf(get)));
    expect(new Set(aborted.map(kindOf))).toEqual(new Set(["AbortError unknown"]));
    proxy.down.resume();
    expect(check(await settleAll(gets))).toHaveLength(COUNT / 2);
    expect(await readAll()).toEqual([]);
    expect(proxy.totalConnections).toBe(1);
  });

  it("delivers the other replies when some commands on the connection time out", async () => {
    await quickRedis.connect();
    proxy.down.stall();
    const early = Array.from({ length: COUNT + 1 }, () => errorOf(quickRedis.get(`${prefix}none`)));
    const patient = quickRedis.with({ timeout: 5000 });
    const gets = Array.from({ length: COUNT }, (_, i) => patient.get(prefix + i));
    for (const error of await Promise.all(early))
      expect(kindOf(error)).toBe("TimeoutError unknown");
    const fresh = readAll(quickRedis.with({ timeout: 5000 }));
    await until(() => proxy.totalConnections === 2);
    proxy.down.resume();
    expect(check(await settleAll(gets))).toEqual([]);
    expect(await fresh).toEqual([]);
  });

  it("rejects only the command whose response callback throws", async () => {
    redis.setResponseCallback("STRLEN", () => {
      throw new RangeError("the callback's own");
    });
    const mixed = Array.from({ length: COUNT }, async (_, i) => {
      if (i % 3 === 0) await expect(redis.strlen(prefix + i)).rejects.toThrow(RangeError);
      else expect(await redis.get(prefix + i)).toBe(`value ${i}`);
    });
    await Promise.all(mixed);
    expect(proxy.totalConnections).toBe(1);
  });

  it("delivers only own replies when a callback issues commands, disconnects or throws undefined", async () => {
    const inner: Promise<unknown>[] = [];
    redis.setResponseCallback("STRLEN", (reply) => {
      inner.push(settle(redis.get(`${prefix}7`)));
      if (reply === 9) redis.disconnect();
      return reply;
    });
    const endings = settleAll<unknown>(
      Array.from({ length: COUNT }, (_, i) =>
        i % 2 ? redis.get(prefix + i) : redis.strlen(prefix + i),
      ),
    );
    for (const [i, ending] of (await endings).entries()) {
      if (!ending.ok) expect(kindOf(ending.error)).toMatch(/^ConnectionError (unknown|not-sent)$/);
      else expect(ending.value).toBe(i % 2 ? `value ${i}` : `value ${i}`.length);
    }
    await Promise.all(inner);
    expect(await readAll()).toEqual([]);
  });

  it("delivers only own replies when the server sends one reply too many", async () => {
    await using mock = await mockServer(
      [
        async (peer) => {
          await peer.expect(["GET", "a"]);
          peer.send(bulk("A"), bulk("stray"));
          await peer.closed;
        },
        async (peer) => {
          await peer.expect(["GET", "b"]);
          peer.send(bulk("B"));
          await peer.closed;
        },
      ],
      { handshake: true },
    );
    const client = new Redis(mock.url, DEFAULT_DEADLINES);
    expect(await client.get("a")).toBe("A");
    expect(await client.get("b")).toBe("B");
    client.disconnect();
  });
});

describe("3. the client executes no command twice", () => {
  let counter: string;
  const count = async () => Number(await server.command("GET", counter));

  beforeEach(() => {
    counter = uniquePrefix();
  });

  /** Let INCR reach the server, and lose its reply with the connection. */
  async function loseReplies(): Promise<void> {
    await until(async () => (await count()) === 1);
    proxy.cutAll("rst");
    proxy.down.resume();
  }

  it("does not repeat a command after a connection loss; its outcome is unknown", async () => {
    await redis.connect();
    proxy.down.stall();
    const incr = errorOf(redis.incr(counter));
    await loseReplies();
    expect(kindOf(await incr)).toBe("ConnectionError unknown");
    await redis.get(counter);
    expect(await count()).toBe(1);
  });

  it("does not repeat a command after a timeout", async () => {
    await quickRedis.connect();
    proxy.down.stall();
    const incr = errorOf(quickRedis.incr(counter));
    expect(kindOf(await incr)).toBe("TimeoutError unknown");
    proxy.down.resume();
    await quickRedis.get(counter);
    expect(await count()).toBe(1);
  });

  it("repeats a command after a timeout when the caller allows it", async () => {
    await redis.connect();
    proxy.down.stall();
    const incr = redis.with({ retryOnError: [ConnectionError] }).incr(counter);
    await loseReplies();
    expect(await incr).toBe(2);
    await quickRedis.connect();
    proxy.down.stall();
    const late = quickRedis.with({ retryOnTimeout: true }).incr(counter);
    await until(() => proxy.totalConnections === 4);
    expect(await count()).toBe(3);
    proxy.down.resume();
    expect(await late).toBe(4);
  });

  it.each<[string, (client: Redis) => Promise<unknown>]>([
    ["a command", (client) => client.incr(counter)],
    ["a pipeline", (client) => client.pipeline({ transaction: false }).incr(counter).exec()],
    ["a transaction", (client) => client.pipeline().incr(counter).exec()],
  ])(
    "%s that was written once has outcome unknown although its retry was not sent",
    async (_, call) => {
      await redis.connect();
      proxy.down.stall();
      const incr = errorOf(call(redis.with({ retryOnError: [ConnectionError] })));
      await until(async () => (await count()) === 1);
      proxy.refuse();
      proxy.cutAll("rst");
      expect(kindOf(await incr)).toBe("ConnectionError unknown");
      expect(await count()).toBe(1);
    },
  );

  it("changes no data with commands whose outcome is not-sent", async () => {
    proxy.refuse();
    const errors = await Promise.all([
      errorOf(redis.incr(counter)),
      errorOf(redis.pipeline().incr(counter).exec()),
      errorOf(redis.client().incr(counter)),
    ]);
    expect(errors.map(kindOf)).toEqual(new Array(3).fill("ConnectionError not-sent"));
    await proxy.accept();
    await redis.get(counter);
    expect(await count()).toBe(0);
  });

  it.each([0, 1, 27, 28, 1000, 2345, 5599])(
    "reports outcomes that fit the counter when the connection is cut after %i bytes",
    async (bytes) => {
      await redis.connect();
      proxy.up.cutAfter(bytes);
      const endings = await settleAll(Array.from({ length: 200 }, () => redis.incr(counter)));
      const done = endings.filter((ending) => ending.ok).length;
      const unknown = endings.filter((ending) => !ending.ok && ending.error.outcome === "unknown");
      await redis.get(counter);
      expect(await count()).toBeGreaterThanOrEqual(done);
      expect(await count()).toBeLessThanOrEqual(done + unknown.length);
    },
  );
});

describe("4. no value is changed silently", () => {
  it.each([
    ["undefined", undefined],
    ["null", null],
    ["a boolean", true],
    ["an object", { a: 1 }],
    ["a null-prototype object", Object.create(null)],
    ["an array in an array", [["a"]]],
    ["a date", new Date(0)],
    ["a symbol", Symbol("s")],
    ["a function", () => "x"],
    ["a Map", new Map([["a", 1]])],
    ["a lone surrogate", "\ud800"],
  ])("rejects %s as an argument before anything is sent", async (_, bad) => {
    const value = bad as string;
    const calls = [
      () => redis.set("key", value),
      () => redis.get(value),
      () => redis.rpush("key", "a", value),
      () => redis.blpop(value, 0),
      () => redis.executeCommand("SET", "key", value, "KEEPTTL"),
      async () => redis.pipeline().set("key", value).exec(),
      () => redis.client().set("key", value),
    ];
    for (const call of calls) {
      const error = await errorOf(call());
      expect(kindOf(error)).toBe("DataError");
    }
    expect(proxy.totalConnections).toBe(0);
  });

  it("does not affect other commands on the connection when an argument is rejected", async () => {
    await redis.connect();
    const bad = errorOf(redis.set("key", undefined as unknown as string));
    expect(await Promise.all([redis.set("key", "1"), redis.get("key")])).toEqual([true, "1"]);
    expect(kindOf(await bad)).toBe("DataError");
  });

  it("rejects only the command whose reply is not valid UTF-8", async () => {
    const bytes = Buffer.from([0x66, 0xff, 0x6f]);
    await server.command("SET", "bytes", bytes);
    await server.command("SET", "text", "fo\ufffdo");
    const [text, bad, more] = await settleAll([
      redis.get("text"),
      redis.get("bytes"),
      redis.get("text"),
    ]);
    expect(bad?.ok === false && bad.error).toBeInstanceOf(DecodeError);
    expect([text, more]).toMatchObject([{ value: "fo\ufffdo" }, { value: "fo\ufffdo" }]);
    expect(await redis.with({ decodeResponses: false }).get("bytes")).toEqual(bytes);
    expect(proxy.totalConnections).toBe(1);
  });

  it("returns integers beyond 2^53 as exact bigints, or rejects with the exact digits", async () => {
    await server.command("SET", "big", "9007199254740993");
    const error = await errorOf(redis.incr("big"));
    expect(error).toBeInstanceOf(DecodeError);
    expect(error.message).toContain("9007199254740994");
    expect(await redis.with({ integers: "bigint" }).incr("big")).toBe(9007199254740995n);
    expect(await redis.incrby("big", -4n)).toBe(Number.MAX_SAFE_INTEGER);
  });
});
