/**
 * Public objects behind a Proxy or as a prototype, as tracing and dependency injection wrap them: each public
 * method of each exported class does the same as on the object itself.
 */
import { inspect } from "node:util";
import { afterAll, describe, expect, it, test } from "vitest";
import {
  BlockingConnectionPool,
  ConnectionError,
  ConnectionPool,
  ConstantBackoff,
  KeyspaceEvents,
  Lock,
  Redis,
  Retry,
  Sentinel,
} from "../../src/index.js";
import { mockSentinel } from "../support/mock-sentinel.js";
import { membersOf, missingClasses, publicClasses } from "../support/public-objects.js";
import { startServer, uniquePrefix } from "../support/server.js";
import { WRAPPERS } from "../support/wrappers.js";

const server = await startServer({ config: { "notify-keyspace-events": "KEA" } });
const redis = new Redis(server.url);
const ended = await redis.pipeline().watch(uniquePrefix());
await ended.reset();
const classes = publicClasses(ended);
afterAll(async () => {
  await redis.close();
  await server.stop();
});

/** Public properties that objects own; everything else is behind methods and accessors. */
const PUBLIC_PROPERTIES: Readonly<Record<string, readonly string[]>> = {
  AskError: ["code", "host", "name", "port", "slotId"],
  BlockingConnectionPool: ["settings"],
  ClusterDownError: ["code", "name"],
  ClusterError: ["code", "name"],
  ClusterNode: ["host", "name", "port", "serverType"],
  ConnectionPool: ["settings"],
  ConstantBackoff: ["backoff"],
  CrossSlotTransactionError: ["code", "name"],
  DecorrelatedJitterBackoff: ["base", "cap"],
  EqualJitterBackoff: ["base", "cap"],
  ExponentialBackoff: ["base", "cap"],
  FullJitterBackoff: ["base", "cap"],
  KeyspaceEvents: ["pubsub"],
  Library: ["name"],
  Lock: ["name"],
  MasterDownError: ["code", "name"],
  MasterNotFoundError: ["code", "name"],
  MovedError: ["code", "host", "name", "port", "slotId"],
  NoBackoff: ["backoff"],
  PubSubWorker: ["finished"],
  RedisClusterException: ["code", "name"],
  ReplicaNotFoundError: ["code", "name"],
  Retry: ["retries"],
  SlotNotCoveredError: ["code", "name"],
};

/** Describe a value so that the results of two calls can be compared. */
async function described(value: unknown, receiver: object): Promise<unknown> {
  if (value === receiver) return "the object itself";
  if (typeof value !== "object" || value === null) return value;
  const { next } = value as Partial<AsyncIterator<unknown>>;
  if (next !== undefined) return ["iterator", await outcome(() => next.call(value), receiver)];
  return [value.constructor?.name, inspect(value, { depth: 1 })];
}

/** Describe how a call ends. */
async function outcome(call: () => unknown, receiver: object): Promise<unknown> {
  try {
    const value = call();
    return [typeof value, await described(await value, receiver)];
  } catch (error) {
    const { name, message } = Object(error) as Partial<Error>;
    return ["error", name, message];
  }
}

/** Use one member of an object: call the method without arguments, or read the accessor. */
function use(object: object, key: string | symbol): Promise<unknown> {
  return outcome(() => {
    const member: unknown = Reflect.get(object, key, object);
    return typeof member === "function" ? member.call(object) : member;
  }, object);
}

describe("public objects", () => {
  test("include every exported class that has methods", () => {
    expect(missingClasses()).toEqual([]);
  });

  describe.each(WRAPPERS)("wrapped by %s", (_name, wrap) => {
    it.each(classes)("methods of $name do the same as on the object", async ({ create }) => {
      const members = membersOf(create());
      expect(members.length).toBeGreaterThan(0);
      for (const key of members) {
        const [plain, wrapped] = [create(), wrap(create())];
        const expected = await use(plain, key);
        expect([key, await use(wrapped, key)]).toEqual([key, expected]);
      }
    });

    it.each(classes)("$name is an instance of its class and prints as the object", ({ create }) => {
      const object = create();
      const wrapped = wrap(object);
      expect(wrapped).toBeInstanceOf(object.constructor);
      expect(String(wrapped)).toBe(String(object));
    });
  });

  it.each(classes)("$name shows no internal property", ({ name, create }) => {
    const object = create();
    const shown = PUBLIC_PROPERTIES[name] ?? [];
    const enumerable = Reflect.ownKeys(object).filter((key) =>
      Object.prototype.propertyIsEnumerable.call(object, key),
    );
    expect(enumerable.map(String).sort()).toEqual(shown);
    const text = inspect(object, { customInspect: false, depth: 0 });
    expect(text).not.toMatch(/Symbol|#|Circular/);
    if (shown.length === 0) expect(text).toBe(`${name} {}`);
  });
});

describe.each(WRAPPERS)("a client behind %s", (_name, wrap) => {
  it("executes commands, pipelines and transactions, and is closed as the client itself", async () => {
    const owner = new Redis(server.url);
    const wrapped = wrap(owner);
    const key = uniquePrefix();
    expect(await wrapped.set(key, "v")).toBe(true);
    expect(await wrap(wrapped.pipeline()).get(key).executeCommand("GET", key).exec()).toEqual([
      "v",
      "v",
    ]);
    const watched = await wrap(wrapped.pipeline()).watch(key);
    expect(await wrap(watched).get(key)).toBe("v");
    expect(await wrap(wrap(watched).multi()).get(key).exec()).toEqual(["v"]);
    expect(await wrapped.transaction((pipe) => pipe.multi().get(key), key)).toEqual(["v"]);
    await wrapped.close();
    await expect(owner.get(key)).rejects.toMatchObject({ code: "ECLOSED" });
  });

  it("creates views, dedicated clients and iterators that can be wrapped too", async () => {
    const wrapped = wrap(redis);
    const key = uniquePrefix();
    await wrapped.sadd(key, "a");
    expect(await wrap(wrapped.with({ decodeResponses: false })).sscan(key)).toEqual([
      "0",
      [Buffer.from("a")],
    ]);
    const members: string[] = [];
    for await (const member of wrapped.sscanIter(key)) members.push(member);
    expect(members).toEqual(["a"]);
    await using client = wrap(wrapped.client());
    expect(await client.select(1)).toBe(true);
    expect(await client.exists(key)).toBe(0);
  });

  it("changes the state of the client", async () => {
    await using owner = new Redis(server.url);
    wrap(owner).setResponseCallback("PING", () => "changed");
    expect(await owner.ping()).toBe("changed");
    const pipeline = owner.pipeline();
    expect(wrap(pipeline).ping().ping()).toHaveLength(2);
    expect(pipeline).toHaveLength(2);
  });

  it("can belong to a subclass with its own methods", async () => {
    class Store extends Redis {
      read(key: string): Promise<string | null> {
        return this.get(key);
      }
    }
    await using store = wrap(new Store(server.url));
    expect(await store.read(uniquePrefix())).toBeNull();
    expect(store.with({ timeout: 1000 })).toBeInstanceOf(Store);
    expect(String(store)).toMatch(/^Store<ConnectionPool<Connection</);
  });

  it("runs scripts, libraries and locks", async () => {
    const wrapped = wrap(redis);
    const key = uniquePrefix();
    const script = redis.registerScript("return ARGV[1]");
    expect(await script({ args: ["x"], client: wrapped })).toBe("x");
    expect(await wrapped.registerScript("return ARGV[1]")({ args: ["y"] })).toBe("y");
    const code = "#!lua name=wrapped\nredis.register_function('seven', function() return 7 end)";
    const library = wrap(wrapped.registerLibrary(code));
    expect(await library.function("seven")()).toBe(7);
    expect(await library.load({ replace: true, client: wrapped })).toBe("wrapped");
    class MyLock extends Lock {}
    const lock = wrapped.lock(key, { timeout: 10_000, lockClass: MyLock });
    await using held = await wrap(lock).hold();
    expect(held).toBeInstanceOf(MyLock);
    expect(await lock.owned()).toBe(true);
    expect(await wrap(lock).extend(1000)).toBe(true);
    await wrap(lock).release();
    expect(await wrap(lock).using(async (_signal, same) => same.owned())).toBe(true);
  });

  it("provides messages, keyspace events and monitored commands", async () => {
    const wrapped = wrap(redis);
    const channel = uniquePrefix();
    await using pubsub = wrap(wrapped.pubsub({ ignoreSubscribeMessages: true }));
    await pubsub.subscribe(channel);
    await wrapped.publish(channel, "hello");
    for await (const { data } of pubsub) {
      expect(data).toBe("hello");
      break;
    }
    await using events = wrap(new KeyspaceEvents(wrapped));
    await events.subscribeKeys(channel);
    await wrapped.set(channel, "1");
    for await (const { event } of events) {
      expect(event).toBe("set");
      break;
    }
    await using monitor = wrap(wrapped.monitor());
    await monitor.start();
    await wrapped.get(channel);
    for await (const { command } of monitor) {
      expect(command).toContain(channel);
      break;
    }
  });

  it("runs a worker, which stops as the worker itself", async () => {
    const worker = redis.pubsub().run();
    expect(wrap(worker).running).toBe(true);
    await wrap(worker).stop();
    expect(worker.running).toBe(false);
  });
});

describe.each(WRAPPERS)("an option behind %s", (_name, wrap) => {
  it.each([
    ["connectionPool", () => new ConnectionPool({ url: server.url })],
    ["connectionPool that blocks", () => new BlockingConnectionPool({ url: server.url })],
  ])("%s serves commands, leases and blocking commands", async (_option, create) => {
    const pool = wrap(create());
    const key = uniquePrefix();
    const client = new Redis({ connectionPool: pool });
    expect(await client.rpush(key, "a")).toBe(1);
    expect(await client.blpop(key, 1)).toEqual([key, "a"]);
    await using leased = client.client();
    expect(await leased.clientId()).toBeTypeOf("number");
    await pool.close();
    expect(pool.closed).toBe(true);
  });

  it("retry with its backoff decides on attempts", async () => {
    const retry = wrap(new Retry(wrap(new ConstantBackoff(1)), 2));
    let attempts = 0;
    const attempt = async (): Promise<number> => {
      if (++attempts < 3) throw new ConnectionError("thrown by the test");
      return attempts;
    };
    expect(await retry.callWithRetry(attempt)).toBe(3);
    await using client = new Redis(server.url, { retry });
    expect(await client.ping()).toBe(true);
  });
});

describe.each(WRAPPERS)("a Sentinel behind %s", (_name, wrap) => {
  it("discovers the master and creates clients of it", async () => {
    await using mock = await mockSentinel({ name: "mymaster", master: server.port });
    await using sentinel = wrap(new Sentinel([mock.address]));
    expect(await sentinel.discoverMaster("mymaster")).toEqual(["127.0.0.1", server.port]);
    await using master = wrap(sentinel.masterFor("mymaster"));
    expect(await master.ping()).toBe(true);
  });
});
