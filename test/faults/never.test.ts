/** The points of the design's list of what must never happen, one `describe` each; 8 is in secrets.test.ts. */
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
import { errorOf, FAST, kindOf, STEADY, settle, settleAll } from "../support/settle.js";
import { until } from "../support/until.js";

const server = await sharedServer();
let proxy: FaultProxy;
let redis: Redis;
/** For tests in which deadlines pass. */
let hasty: Redis;

beforeEach(async () => {
  proxy = await startProxy(server);
  redis = new Redis(proxy.url, STEADY);
  hasty = new Redis(proxy.url, FAST);
});

afterEach(async () => {
  redis.disconnect();
  hasty.disconnect();
  await proxy[Symbol.asyncDispose]();
});

describe("1. a promise that never settles", () => {
  const FAULTS: Record<string, () => void> = {
    refused: () => {
      proxy.refuse();
      proxy.cutAll("rst");
    },
    reset: () => {
      proxy.down.cutAfter(0, { times: 1000 });
    },
    stalled: () => proxy.down.stall(),
    swallowed: () => proxy.blackhole(),
  };

  /** Every kind of call at once; resolves when all have settled, throws when one has not. */
  function everything(): Promise<unknown> {
    const session = hasty.client();
    return settleAll<unknown>([
      hasty.get("key"),
      hasty.incr("never:1"),
      hasty.blpop("never:none", 0.1),
      hasty.pipeline().get("key").set("key", "1").exec(),
      hasty.pipeline({ transaction: false }).get("key").get("key").exec(),
      session.get("key"),
      session.pipeline().get("key").exec(),
      hasty.with({ timeout: 50 }).get("key"),
      hasty.with({ signal: AbortSignal.timeout(50) }).blpop("never:none", 0.1),
      hasty.connect(),
    ]);
  }

  it.each(Object.keys(FAULTS))(
    "not when the server is %s before anything is sent",
    async (name) => {
      FAULTS[name]?.();
      await everything();
    },
  );

  it.each(Object.keys(FAULTS))("not when it is %s with everything in flight", async (name) => {
    await hasty.connect();
    proxy.down.stall();
    const before = proxy.arrived.up;
    const all = everything();
    await proxy.whenBytes("up", before + 1);
    FAULTS[name]?.();
    await everything();
    await all;
  });

  it.each(Object.keys(FAULTS))("nor close(), when it is %s", async (name) => {
    await hasty.connect();
    proxy.down.stall();
    const all = everything();
    FAULTS[name]?.();
    const closed = settle(hasty.close());
    await everything();
    expect((await closed).ok).toBe(true);
    await all;
    expect(inspect(hasty)).toMatch(/ shared=0 leased=0 idle=0 waiting=0>$/);
  });

  it("not when connecting is retried for ever", async () => {
    proxy.refuse();
    const retry = new Retry(new ConstantBackoff(10), -1);
    hasty = new Redis(proxy.url, { ...FAST, retry });
    await everything();
  });

  it("not when close() comes in the turn of the commands", async () => {
    const all = everything();
    await settle(hasty.close());
    await all;
  });

  it("not when disconnect() comes in the turn of the commands", async () => {
    await hasty.connect();
    const all = everything();
    hasty.disconnect();
    await all;
  });
});

describe("2. a reply that reaches the wrong caller", () => {
  const COUNT = 1000;
  let prefix: string;

  beforeEach(async () => {
    prefix = uniquePrefix();
    const pairs = Array.from({ length: COUNT }, (_, i) => [prefix + i, `value ${i}`]).flat();
    await server.command("MSET", ...pairs);
  });

  /** Every key by a command of its own; what comes must be its own value. */
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
    "not when the connection is cut after %i bytes",
    async (bytes) => {
      await redis.connect();
      proxy.down.cutAfter(bytes);
      const errors = await readAll();
      expect(errors.length).toBeGreaterThan(0);
      expect(new Set(errors.map(kindOf))).toEqual(new Set(["ConnectionError unknown"]));
      expect(await readAll()).toEqual([]);
    },
  );

  it("not when half of the callers give up", async () => {
    await redis.connect();
    proxy.down.stall();
    const controller = new AbortController();
    const fickle = redis.with({ signal: controller.signal });
    const gets = Array.from({ length: COUNT }, (_, i) => (i % 2 ? fickle : redis).get(prefix + i));
    await proxy.whenBytes("up", COUNT * 20);
    controller.abort();
    const aborted = await Promise.all(gets.filter((_, i) => i % 2).map((get) => errorOf(get)));
    expect(new Set(aborted.map(kindOf))).toEqual(new Set(["AbortError unknown"]));
    proxy.down.resume();
    expect(check(await settleAll(gets))).toHaveLength(COUNT / 2);
    expect(await readAll()).toEqual([]);
    expect(proxy.totalConnections).toBe(1);
  });

  it("not when some are too late: the others on the connection still get theirs", async () => {
    await hasty.connect();
    proxy.down.stall();
    const early = Array.from({ length: COUNT + 1 }, () => errorOf(hasty.get(`${prefix}none`)));
    const patient = hasty.with({ timeout: 5000 });
    const gets = Array.from({ length: COUNT }, (_, i) => patient.get(prefix + i));
    for (const error of await Promise.all(early))
      expect(kindOf(error)).toBe("TimeoutError unknown");
    const fresh = readAll(hasty.with({ timeout: 5000 }));
    await until(() => proxy.totalConnections === 2);
    proxy.down.resume();
    expect(check(await settleAll(gets))).toEqual([]);
    expect(await fresh).toEqual([]);
  });

  it("not when response callbacks throw, and only their owners hear of it", async () => {
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

  it("not when a callback issues commands, closes sockets or throws nothing at all", async () => {
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

  it("not when the server says one reply too many", async () => {
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
    const client = new Redis(mock.url, STEADY);
    expect(await client.get("a")).toBe("A");
    expect(await client.get("b")).toBe("B");
    client.disconnect();
  });
});

describe("3. a command executed twice by the client's own doing", () => {
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

  it("not after a lost connection: the outcome is unknown, and nothing is sent again", async () => {
    await redis.connect();
    proxy.down.stall();
    const incr = errorOf(redis.incr(counter));
    await loseReplies();
    expect(kindOf(await incr)).toBe("ConnectionError unknown");
    await redis.get(counter);
    expect(await count()).toBe(1);
  });

  it("not after a timeout", async () => {
    await hasty.connect();
    proxy.down.stall();
    const incr = errorOf(hasty.incr(counter));
    expect(kindOf(await incr)).toBe("TimeoutError unknown");
    proxy.down.resume();
    await hasty.get(counter);
    expect(await count()).toBe(1);
  });

  it("but it is written again where the caller asks for it", async () => {
    await redis.connect();
    proxy.down.stall();
    const incr = redis.with({ retryOnError: [ConnectionError] }).incr(counter);
    await loseReplies();
    expect(await incr).toBe(2);
    await hasty.connect();
    proxy.down.stall();
    const late = hasty.with({ retryOnTimeout: true }).incr(counter);
    await until(() => proxy.totalConnections === 4);
    expect(await count()).toBe(3);
    proxy.down.resume();
    expect(await late).toBe(4);
  });

  it.each<[string, (client: Redis) => Promise<unknown>]>([
    ["a command", (client) => client.incr(counter)],
    ["a pipeline", (client) => client.pipeline({ transaction: false }).incr(counter).exec()],
    ["a transaction", (client) => client.pipeline().incr(counter).exec()],
  ])("%s tried once and then never again is of unknown outcome all the same", async (_, call) => {
    await redis.connect();
    proxy.down.stall();
    const incr = errorOf(call(redis.with({ retryOnError: [ConnectionError] })));
    await until(async () => (await count()) === 1);
    proxy.refuse();
    proxy.cutAll("rst");
    expect(kindOf(await incr)).toBe("ConnectionError unknown");
    expect(await count()).toBe(1);
  });

  it("what is reported as not sent has moved nothing", async () => {
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
    "cut after %i bytes, the count agrees with what was said",
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

describe("4. silent corruption", () => {
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
  ])("%s is refused before anything is sent", async (_, bad) => {
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

  it("nor does a bad argument hurt its neighbours on the connection", async () => {
    await redis.connect();
    const bad = errorOf(redis.set("key", undefined as unknown as string));
    expect(await Promise.all([redis.set("key", "1"), redis.get("key")])).toEqual([true, "1"]);
    expect(kindOf(await bad)).toBe("DataError");
  });

  it("bytes that are no text are an error of that one reply", async () => {
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

  it("integers beyond 2^53 are exact or an error with the exact digits", async () => {
    await server.command("SET", "big", "9007199254740993");
    const error = await errorOf(redis.incr("big"));
    expect(error).toBeInstanceOf(DecodeError);
    expect(error.message).toContain("9007199254740994");
    expect(await redis.with({ integers: "bigint" }).incr("big")).toBe(9007199254740995n);
    expect(await redis.incrby("big", -4n)).toBe(Number.MAX_SAFE_INTEGER);
  });
});
