/**
 * Surplus arguments: every public method refuses an argument beyond those it takes, such as a callback, before any
 * I/O. The methods are found by reflection, so that a new one is covered.
 */
import { describe, expect, it } from "vitest";
import { CommandSender } from "../../src/commands/core/command-surface.js";
import { hasMethod } from "../../src/commands/generator/infos.js";
import { nameOf } from "../../src/commands/generator/methods.js";
import { THEMES } from "../../src/commands/groups.js";
import { DataError } from "../../src/errors.js";
import { Redis } from "../../src/index.js";
import { surplusText } from "../../src/util/validate.js";
import { argumentOf, callsOf } from "../support/canonical-calls.js";
import { mockServer } from "../support/mock-server.js";
import { membersOf, publicClasses } from "../support/public-objects.js";
import { callLoosely, RecordingClient } from "../support/recording-client.js";

const callback = (): void => {};
const GENERATED = generatedMethods();
const SPECS = THEMES.flatMap(({ entries }) => entries.filter(hasMethod));
const METHODS = SPECS.flatMap((spec) =>
  [nameOf(spec), ...(spec.aliases ?? [])].map((name) => ({ name, spec })),
);
const isVariadic = ({ args }: (typeof SPECS)[number]) => args.some((arg) => arg.rest === true);

/** The command methods by name, without those that a class overrides. */
function generatedMethods(): ReadonlyMap<PropertyKey, unknown> {
  const members = membersOf(new RecordingClient());
  return new Map(members.map((key) => [key, Reflect.get(RecordingClient.prototype, key)]));
}

const BACKOFFS = [
  ...["NoBackoff", "ConstantBackoff", "ExponentialBackoff"],
  ...["FullJitterBackoff", "EqualJitterBackoff", "DecorrelatedJitterBackoff"],
];
const COMPUTES = "it only computes: a surplus argument, of `map` for example, does no harm";

/** Methods that may be called with more arguments, with the reason. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  "ConnectionPool.execute": "on the hot path; its argument is created by the library only",
  "ConnectionPool.executeExclusively": "its argument is created by the library only",
  "ConnectionPool.executeUrgently": "its argument is created by the library only",
  "Pipeline.preload": "internal",
  "PubSubWorker.end": "internal",
  "RedisCluster.executeCommand":
    "the encoder checks its arguments, which a closed cluster does not reach",
  ...Object.fromEntries(
    ["isSupported", "allows", "delay", "reset", "clone"].map((name) => [`Retry.${name}`, COMPUTES]),
  ),
  ...Object.fromEntries(
    ["compute", "reset", "clone"].flatMap((name) =>
      BACKOFFS.map((backoff) => [`${backoff}.${name}`, COMPUTES]),
    ),
  ),
};

/** Valid arguments of hand-written methods that take some, all optional ones included. */
const VALID: Readonly<Record<string, readonly unknown[]>> = {
  "Redis.with": [{}],
  "RedisCluster.getNode": ["127.0.0.1", 7000],
  "RedisCluster.monitor": [["127.0.0.1", 7000]],
  "RedisCluster.getRandomPrimaryOrAllNodes": ["GET"],
  "RedisCluster.getNodeFromKey": ["k", {}],
  "RedisCluster.getNodesFromSlot": ["GET", "k"],
  "RedisCluster.keyslot": ["k"],
  "RedisCluster.determineSlot": ["GET", "k"],
  "RedisCluster.setDefaultNode": [["127.0.0.1", 7000]],
  "RedisCluster.replaceDefaultNode": [["127.0.0.1", 7000]],
  "RedisCluster.getRedisConnection": [["127.0.0.1", 7000]],
  "Redis.onPush": ["invalidate", null],
  "Redis.executeCommand": ["GET", "k"],
  "Redis.pubsub": [{}],
  "Redis.pipeline": [{}],
  "Redis.transaction": [callback, "k"],
  "Redis.lock": ["name", {}],
  "Redis.setResponseCallback": ["GET", callback],
  "Redis.scanIter": [{}],
  "Redis.hscanIter": ["k", {}],
  "Redis.sscanIter": ["k", {}],
  "Redis.zscanIter": ["k", {}],
  "Redis.digestLocal": ["v"],
  "Redis.registerScript": ["return 1", {}],
  "Redis.registerLibrary": ["#!lua name=lib\n"],
  "Pipeline.exec": [{}],
  "Pipeline.execute": [{}],
  "Pipeline.executeCommand": ["GET", "k"],
  "Pipeline.watch": ["k"],
  "WatchedPipeline.executeCommand": ["GET", "k"],
  "WatchedPipeline.watch": ["k"],
  "PubSub.subscribe": ["ch"],
  "PubSub.psubscribe": ["ch"],
  "PubSub.ssubscribe": ["ch"],
  "PubSub.unsubscribe": ["ch"],
  "PubSub.punsubscribe": ["ch"],
  "PubSub.sunsubscribe": ["ch"],
  "PubSub.ping": ["message"],
  "PubSub.getMessage": [{}],
  "PubSub.run": [{}],
  "Redis.on": ["lost", callback],
  "Redis.off": ["lost", callback],
  "ConnectionPool.on": ["lost", callback],
  "ConnectionPool.off": ["lost", callback],
  "BlockingConnectionPool.on": ["lost", callback],
  "BlockingConnectionPool.off": ["lost", callback],
  "Lock.acquire": [{}],
  "Lock.hold": [{}],
  "Lock.using": [callback, {}],
  "Lock.tryUsing": [callback, {}],
  "Lock.extend": [1000, {}],
  "Library.function": ["name", {}],
  "Library.load": [{}],
  "KeyspaceEvents.subscribeKeys": ["k"],
  "KeyspaceEvents.subscribeEvents": ["set"],
  "KeyspaceEvents.unsubscribeKeys": ["k"],
  "KeyspaceEvents.unsubscribeEvents": ["set"],
  "KeyspaceEvents.getEvent": [{}],
  "Sentinel.discoverMaster": ["mymaster"],
  "Sentinel.discoverReplicas": ["mymaster"],
  "Sentinel.discoverSlaves": ["mymaster"],
  "Sentinel.masterFor": ["mymaster", {}],
  "Sentinel.replicaFor": ["mymaster", {}],
  "Sentinel.slaveFor": ["mymaster", {}],
  "Retry.callWithRetry": [callback, callback, {}],
};
async function errorOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return undefined;
}

const REFUSED = /^[^:]*: .*; (?:callbacks are not supported, use .+|use \{ channel: handler \})$/;

/** The members of {@link CommandSender} that only the library calls. */
const SENDER = new Set(["run", "reject", "resolve", "send", "refuse"]);

/** Call the hand-written methods of an object, each with valid arguments and a callback; return the names of those called and of those that
 * do not refuse it. */
async function callAll(name: string, create: () => object) {
  const called: string[] = [];
  const accepted: string[] = [];
  for (const key of membersOf(create())) {
    const object = create();
    if (typeof key === "symbol" || key === "toString") continue;
    if (object instanceof CommandSender && SENDER.has(key)) continue;
    const method: unknown = Reflect.get(object, key);
    if (typeof method !== "function" || method === GENERATED.get(key)) continue;
    const id = `${name}.${key}`;
    called.push(id);
    const shared = id.replace("BlockingConnectionPool", "ConnectionPool");
    if (shared in EXCEPTIONS) continue;
    const error = await errorOf(() =>
      Reflect.apply(method, object, [
        ...(VALID[id] ?? VALID[id.replace("RedisCluster", "Redis")] ?? []),
        callback,
      ]),
    );
    const isRefused = error instanceof DataError && REFUSED.test(error.message);
    if (!isRefused) accepted.push(`${id}: ${error}`);
  }
  return { called, accepted };
}

describe("methods with surplus arguments", () => {
  it("refuse a callback after valid arguments, in every public class", async () => {
    await using mock = await mockServer(
      [
        async (peer) => {
          await peer.expect(["WATCH", "k"]);
          peer.send("+OK\r\n");
          await peer.expect(["UNWATCH"]);
          peer.send("+OK\r\n");
        },
      ],
      { handshake: true },
    );
    await using redis = new Redis(mock.url);
    const watched = await redis.pipeline().watch("k");
    const classes = publicClasses(watched).map(({ name, create }) => {
      // A closed client refuses an unchecked argument only because it is closed.
      if (name === "Pipeline") return { name, create: () => redis.pipeline() };
      return { name, create: name === "Redis" ? () => redis : create };
    });
    const results = [];
    for (const { name, create } of classes) results.push(await callAll(name, create));
    expect(results.flatMap(({ accepted }) => accepted)).toEqual([]);
    const called = results.flatMap((result) => result.called);
    const stale = [...Object.keys(EXCEPTIONS), ...Object.keys(VALID)].filter(
      (id) => !called.includes(id),
    );
    expect(stale).toEqual([]);
    await watched.reset();
  });
});

describe("commands with surplus arguments", () => {
  const client = new RecordingClient();
  const fixed = METHODS.filter(({ spec }) => !isVariadic(spec) && spec.builder === undefined);

  it.each(fixed)(
    "$name refuses a callback and an object, and accepts undefined",
    ({ name, spec }) => {
      const most = spec.args.length + (spec.options === undefined ? 0 : 1);
      const args = [...(callsOf(spec).at(-1) ?? [])];
      while (args.length < most) args.push(undefined);
      const messageOf = (...surplus: unknown[]) => {
        const result = callLoosely(client, name, [...args, ...surplus]);
        return "error" in result ? result.error.message : undefined;
      };
      const takes =
        most === 0 ? "no arguments" : `at most ${most} argument${most === 1 ? "" : "s"}`;
      const start = `${spec.name}: takes ${takes}, got a`;
      const got = `as argument ${most + 1}`;
      expect(messageOf(callback)).toBe(
        `${start} function ${got}; callbacks are not supported, use the returned promise`,
      );
      expect(messageOf({})).toBe(`${start} object ${got}`.replace("a object", "an object"));
      expect(messageOf(undefined)).toBe(messageOf());
    },
  );

  const shared = METHODS.filter(({ name }) => name in Redis.prototype);
  it.each(shared)(
    "$name with a callback as its last argument fails before any I/O",
    async ({ name, spec }) => {
      await using mock = await mockServer([]);
      await using redis = new Redis(mock.url, { retry: 1 });
      const args = spec.args.map((arg) => argumentOf(spec, arg));
      const options = spec.options === undefined || isVariadic(spec) ? [] : [undefined];
      const call = (object: object) =>
        errorOf(async () => {
          const result = Reflect.apply(Reflect.get(object, name) as () => unknown, object, [
            ...args,
            ...options,
            callback,
          ]);
          return spec.builder === undefined ? result : (result as { execute(): unknown }).execute();
        });
      for (const object of [redis, redis.pipeline()])
        expect(await call(object)).toBeInstanceOf(DataError);
      expect(mock.connections).toBe(0);
    },
  );
});

describe("bitfield() with surplus arguments", () => {
  it.each([
    ["overflow", "SAT"],
    ["get", "u8", 0],
    ["set", "u8", 0, 1],
    ["incrby", "u8", 0, 1, "SAT"],
    ["reset"],
    ["execute"],
  ])("rejects when %s receives a callback", async (method, ...args) => {
    await using mock = await mockServer([]);
    await using redis = new Redis(mock.url, { retry: 1 });
    const builder = redis.bitfield("k") as unknown as Record<
      string,
      (...all: unknown[]) => unknown
    >;
    const error = await errorOf(async () => {
      const result = builder[method]?.(...args, callback);
      return method === "execute" ? result : builder["execute"]?.();
    });
    expect(error).toMatchObject({
      code: "EINVAL",
      message: `BITFIELD: ${method}() ${surplusText(args.length, [...args, callback])}`,
    });
    expect(mock.connections).toBe(0);
  });
});

describe("a client", () => {
  it("writes nothing when callbacks are passed", async () => {
    await using mock = await mockServer(() => {});
    const redis = new Redis(mock.url) as unknown as Record<string, (...args: unknown[]) => unknown>;
    for (const [name, ...args] of [
      ["client"],
      ["monitor"],
      ["connect"],
      ["pubsub", {}],
      ["pipeline", {}],
      ["onPush", "invalidate", null],
      ["close"],
    ]) {
      const error = await errorOf(() => redis[name as string]?.(...args, callback));
      expect(error).toMatchObject({ code: "EINVAL" });
    }
    expect(mock.connections).toBe(0);
  });

  it("is not created by fromUrl with a callback as or after the options", async () => {
    const fromUrl = Redis.fromUrl as (...args: unknown[]) => unknown;
    for (const args of [[callback], [{}, callback]]) {
      const error = await errorOf(() => fromUrl.call(Redis, "redis://127.0.0.1", ...args));
      expect(error).toMatchObject({
        name: "DataError",
        message: expect.stringContaining("callbacks are not supported, use promises"),
      });
    }
  });

  it("refers to handlers by channel when its subscriber gets a function after the channel", async () => {
    await using mock = await mockServer(() => {});
    const pubsub = new Redis(mock.url).pubsub() as unknown as Record<
      string,
      (...args: unknown[]) => unknown
    >;
    for (const name of ["subscribe", "psubscribe", "ssubscribe"]) {
      const error = await errorOf(() => pubsub[name]?.("channel", callback));
      expect(error).toMatchObject({
        name: "DataError",
        message: expect.stringMatching(/got a function; use \{ channel: handler \}$/),
      });
    }
    const error = await errorOf(() => pubsub["unsubscribe"]?.("channel", callback));
    expect(error).toMatchObject({
      message: expect.stringMatching(/got a function; callbacks are not supported/),
    });
    expect(mock.connections).toBe(0);
  });
});
