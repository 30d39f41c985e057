/** The client of a cluster on a real one: construction, commands, views, dedicated clients and closing. */
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from "vitest";
import { keySlot } from "../../src/commands/core/key-slot.js";
import {
  type AnyRedis,
  ClusterCrossSlotError,
  ClusterNode,
  CrossSlotTransactionError,
  DataError,
  type DedicatedRedisCluster,
  Lock,
  MovedError,
  Redis,
  RedisCluster,
  RedisClusterException,
} from "../../src/index.js";
import type { TestCluster } from "../../src/testing/index.js";
import { startCluster } from "../support/cluster.js";
import { sharedServer, uniquePrefix } from "../support/server.js";

let servers: TestCluster;
let cluster: RedisCluster;

beforeAll(async () => {
  servers = await startCluster({ primaries: 3 });
  cluster = new RedisCluster({ startupNodes: servers.addresses });
});

afterAll(async () => {
  await cluster.close();
  await servers.stop();
});

/** Keys that are served by different nodes. */
function keysOnAllNodes(prefix: string): string[] {
  const thirds = new Map<number, string>();
  for (let i = 0; thirds.size < 3; i++) {
    const key = `${prefix}${i}`;
    const third = Math.floor(keySlot(key, "utf8") / 5462);
    if (!thirds.has(third)) thirds.set(third, key);
  }
  return [...thirds.values()];
}

describe("new RedisCluster()", () => {
  it("takes a host and a port, a URL, an options object, or startup nodes of every form", async () => {
    const [[host, port]] = servers.addresses as [[string, number]];
    const url = `redis://${host}:${port}`;
    const key = uniquePrefix();
    const clients = [
      new RedisCluster(host, port),
      new RedisCluster(url),
      new RedisCluster(new URL(url)),
      new RedisCluster(`${host}:${port}`),
      new RedisCluster({ host, port }),
      RedisCluster.fromUrl(url),
      new RedisCluster({ startupNodes: [new ClusterNode(host, port)] }),
      new RedisCluster({ startupNodes: [url, { host, port }, { url }, [host, port]] }),
    ];
    for (const client of clients) {
      expect(await client.incr(key)).toBe(clients.indexOf(client) + 1);
      await client.close();
    }
  });

  it("connects to nothing before the first command", async () => {
    await using client = new RedisCluster("127.0.0.1", 1, { socketConnectTimeout: 100 });
    expect(String(client)).toBe("RedisCluster<nodes=0>");
  });

  it("refuses arguments beyond the options", () => {
    const Cluster = RedisCluster as unknown as new (...args: unknown[]) => RedisCluster;
    expect(() => new Cluster("localhost", 1, {}, () => {})).toThrow(DataError);
  });

  it("shows its nodes but no secret when it is inspected", async () => {
    const startupNodes = servers.addresses;
    await using client = new RedisCluster({ startupNodes, username: "default" });
    await client.connect();
    expect(String(client)).toBe("RedisCluster<nodes=3>");
    for (const [, port] of startupNodes) expect(inspect(client)).toContain(`:${port}`);
    await using secret = new RedisCluster({ startupNodes, password: "secret" });
    expect(inspect(secret, { depth: 9, showHidden: true })).not.toContain("secret");
  });
});

describe("RedisCluster", () => {
  it("executes commands at the nodes of their keys", async () => {
    const keys = keysOnAllNodes(uniquePrefix());
    for (const key of keys) expect(await cluster.set(key, key)).toBe(true);
    expect(await Promise.all(keys.map((key) => cluster.get(key)))).toEqual(keys);
    expectTypeOf(cluster.get("k")).toEqualTypeOf<Promise<string | null>>();
  });

  it("splits DEL, UNLINK, EXISTS and TOUCH by slot and adds the counts", async () => {
    const keys = keysOnAllNodes(uniquePrefix());
    for (const key of keys) await cluster.set(key, "1");
    const [first = ""] = keys;
    expect(await cluster.exists(keys, first, uniquePrefix())).toBe(4);
    expect(await cluster.touch(...keys)).toBe(3);
    expect(await cluster.executeCommand("exists", ...keys)).toBe(3);
    expect(await cluster.unlink(first, uniquePrefix())).toBe(1);
    expect(await cluster.del(keys)).toBe(2);
    expect(await cluster.exists(keys)).toBe(0);
  });

  it("refuses an argument that cannot be a key before any part of the command is sent", async () => {
    const [first, second] = keysOnAllNodes(uniquePrefix()) as [string, string];
    await cluster.set(first, "1");
    const bad = [first, second, null] as unknown as string[];
    await expect(cluster.del(bad)).rejects.toThrow(/^DEL: argument "keys\[2\]" must be/);
    await expect(cluster.mgetNonatomic(bad)).rejects.toThrow(/^MGET: argument "keys\[2\]"/);
    expect(await cluster.get(first)).toBe("1");
  });

  it("calls the response callback of a split command with the whole reply", async () => {
    const view = cluster.with({});
    view.setResponseCallback("DEL", (reply) => `deleted ${reply}`);
    expect(await view.del(keysOnAllNodes(uniquePrefix()))).toBe("deleted 0");
  });

  it("sets and returns values of keys in any slots with msetNonatomic and mgetNonatomic", async () => {
    const keys = keysOnAllNodes(uniquePrefix());
    const [a = "", b = "", c = ""] = keys;
    expect(await cluster.msetNonatomic({ [a]: "1", [b]: 2, [c]: Buffer.from("3") })).toBe(true);
    expect(await cluster.mgetNonatomic(keys, uniquePrefix(), a)).toEqual([
      "1",
      "2",
      "3",
      null,
      "1",
    ]);
    expect(await cluster.mgetNonatomic([])).toEqual([]);
    const bytes = cluster.with({ decodeResponses: false });
    expect(await bytes.mgetNonatomic(b, a)).toEqual([Buffer.from("2"), Buffer.from("1")]);
    expectTypeOf(bytes.mgetNonatomic(a)).toEqualTypeOf<Promise<(Buffer | null)[]>>();
    await expect(cluster.msetNonatomic({})).rejects.toThrow(DataError);
  });

  it("refuses a command with keys in different slots before it is sent", async () => {
    const keys = keysOnAllNodes(uniquePrefix());
    const error: unknown = await cluster.mget(keys).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ClusterCrossSlotError);
    expect(error).toMatchObject({ command: "MGET", outcome: "not-sent" });
  });

  it("refuses SCAN, whose cursor is valid at one node, and names scanIter", async () => {
    for (const result of await Promise.allSettled([
      cluster.scan(),
      cluster.executeCommand("SCAN", 0),
    ]))
      expect(result).toMatchObject({
        status: "rejected",
        reason: { code: "ECLUSTER", message: expect.stringContaining("use scanIter()") },
      });
  });

  it("returns Buffers and bigints when its options or a view require them", async () => {
    const key = uniquePrefix();
    const startupNodes = servers.addresses;
    await using client = new RedisCluster({ startupNodes, decodeResponses: false });
    await client.set(key, "1");
    expect(await client.get(key)).toEqual(Buffer.from("1"));
    expectTypeOf(client.get(key)).toEqualTypeOf<Promise<Buffer | null>>();
    const view = client.with({ decodeResponses: true, integers: "bigint" });
    expect(await view.incr(key)).toBe(2n);
    expectTypeOf(view).toEqualTypeOf<RedisCluster<string, bigint>>();
    await view.close();
    expect(await client.get(key)).toEqual(Buffer.from("2"));
  });

  it("runs blocking commands without delaying others of the same slot", async () => {
    const key = uniquePrefix();
    const popped = cluster.blpop([key], 5);
    await cluster.set(`{${key}}other`, "1");
    await cluster.rpush(key, "value");
    expect(await popped).toEqual([key, "value"]);
  });

  it("calls response callbacks of its class and its own", async () => {
    class Counting extends RedisCluster {
      static override RESPONSE_CALLBACKS = { get: () => "of the class" };
    }
    await using client = new Counting({ startupNodes: servers.addresses });
    const key = uniquePrefix();
    expect(await client.get(key)).toBe("of the class");
    client.setResponseCallback("GET", () => "own");
    expect(await client.get(key)).toBe("own");
  });

  it("runs a script on every node, which it is loaded into where it is missing", async () => {
    const prefix = uniquePrefix();
    const script = cluster.registerScript<string>(`return KEYS[1] .. ARGV[1] --${prefix}`);
    for (const key of keysOnAllNodes(prefix))
      expect(await script({ keys: [key], args: ["!"] })).toBe(`${key}!`);
  });

  it("sends a pipeline to all nodes of its keys and returns the values in their order", async () => {
    const keys = keysOnAllNodes(uniquePrefix());
    const pipeline = cluster.pipeline();
    for (const key of [...keys, ...keys]) pipeline.incr(key);
    expect(await pipeline.exec()).toEqual([1, 1, 1, 2, 2, 2]);
    const typed = cluster.pipeline().get("k").incr("n");
    expectTypeOf(typed.exec()).toEqualTypeOf<Promise<[string | null, number]>>();
  });

  it("runs a transaction on the keys of one slot", async () => {
    const key = uniquePrefix();
    const values = await cluster.transaction(async (tx) => {
      const before = Number(await tx.get(key));
      return tx
        .multi()
        .set(key, before + 1)
        .get(key);
    }, key);
    expect(values).toEqual([true, "1"]);
    const other = cluster.pipeline({ transaction: true }).get("{a}1");
    expect(() => other.get("{b}1")).toThrow(CrossSlotTransactionError);
  });

  it("acquires and releases locks", async () => {
    for (const name of keysOnAllNodes(uniquePrefix())) {
      await using lock = cluster.lock(name, { timeout: 5000, blocking: false });
      expect(await lock.acquire()).toBe(true);
      expect(await new Lock(cluster, name, { blocking: false }).acquire()).toBe(false);
    }
  });

  it("rejects commands after close() and leaves no connection", async () => {
    const client = new RedisCluster({ startupNodes: servers.addresses });
    const pending = keysOnAllNodes(uniquePrefix()).map((key) => client.incr(key));
    await client.connect();
    await client.close();
    expect(await Promise.all(pending)).toEqual([1, 1, 1]);
    await expect(client.get("k")).rejects.toMatchObject({ code: "ECLOSED", outcome: "not-sent" });
  });

  it("rejects commands that are under way when disconnect() is called", async () => {
    const client = new RedisCluster({ startupNodes: servers.addresses });
    await client.connect();
    const popped = client.blpop([uniquePrefix()], 0);
    client.disconnect();
    await expect(popped).rejects.toMatchObject({ code: "ECONNCLOSED" });
    await client.close();
  });
});

describe("RedisCluster.connect()", () => {
  it("rejects when no startup node can be reached, with an error per node as the cause", async () => {
    const startupNodes = [["127.0.0.1", 1]] as const;
    await using client = new RedisCluster({ startupNodes, socketTimeout: 300 });
    const error: unknown = await client.connect().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "TimeoutError", outcome: "not-sent" });
    const { cause } = error as { readonly cause: RedisClusterException };
    expect(cause).toBeInstanceOf(RedisClusterException);
    expect(cause.message).toContain("127.0.0.1:1");
    expect(cause.causes).toMatchObject([{ code: "ECONNREFUSED" }]);
  });

  it("rejects at once when the startup node is not in cluster mode", async () => {
    const { url } = await sharedServer();
    await using client = new RedisCluster(url);
    await expect(client.connect()).rejects.toThrow("use new Redis()");
  });
});

describe("RedisCluster.client()", () => {
  it("runs commands that concern one node or a connection at the node of the key", async () => {
    const [key] = keysOnAllNodes(uniquePrefix()) as [string];
    await cluster.set(key, "1");
    await using client = cluster.client(key);
    expectTypeOf(client).toEqualTypeOf<DedicatedRedisCluster>();
    expect(await client.get(key)).toBe("1");
    expect(await client.clientSetname("of-one-node")).toBe(true);
    expect(await client.clientGetname()).toBe("of-one-node");
    expect(await client.dbsize()).toBeGreaterThan(0);
    const owner = await servers.ownerOf(keySlot(key, "utf8"));
    await using direct = new Redis(owner.host, owner.port);
    expect(await client.clusterMyid()).toBe(await direct.clusterMyid());
    expect(await client.pipeline().get(key).ping().exec()).toEqual(["1", true]);
  });

  it("rejects commands for keys of other nodes with a MovedError", async () => {
    const [first, second] = keysOnAllNodes(uniquePrefix()) as [string, string];
    await using client = cluster.client(first);
    await expect(client.get(second)).rejects.toBeInstanceOf(MovedError);
  });

  it("refuses what cannot be a key", () => {
    const clientOf = cluster.client.bind(cluster) as (key?: unknown) => unknown;
    for (const key of [undefined, null, {}, Number.NaN])
      expect(() => clientOf(key)).toThrow(/^client: argument "key" must be/);
  });
});

describe("AnyRedis", () => {
  it("is the type of clients of one server and of a cluster", async () => {
    const key = uniquePrefix();
    const add = async (redis: AnyRedis): Promise<number> =>
      await redis.with({ timeout: 5000 }).incr(key);
    expect(await add(cluster)).toBe(1);
    const owner = await servers.ownerOf(keySlot(key, "utf8"));
    await using direct = new Redis(owner.host, owner.port);
    expect(await add(direct)).toBe(2);
    expectTypeOf<RedisCluster<Buffer, bigint>>().toExtend<AnyRedis<Buffer, bigint>>();
    expectTypeOf<Redis<Buffer>>().toExtend<AnyRedis<Buffer>>();
  });
});
