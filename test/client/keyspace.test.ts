/** Keyspace notifications with a real server: keys and events, plain names and patterns, text and bytes. */
import { afterAll, afterEach, beforeEach, expect, it, vi } from "vitest";
import { DataError, type KeyEvent, KeyspaceEvents, Redis } from "../../src/index.js";
import { describeProtocols } from "../support/protocols.js";
import { startServer } from "../support/server.js";
import { errorOf } from "../support/settle.js";
import { until } from "../support/until.js";

const server = await startServer({ config: { "notify-keyspace-events": "KEA" } });

afterAll(() => server.stop());
beforeEach(() => server.command("FLUSHALL"));
afterEach(async () => {
  await until(async () => (await server.clients()).length === 0);
});

/** Return the next events; fail when more arrive. */
async function take<T extends string | Buffer>(events: KeyspaceEvents<T>, count: number) {
  const taken: (KeyEvent<T> | null)[] = [];
  while (taken.length < count) taken.push(await events.getEvent({ timeout: 2000 }));
  expect(await events.getEvent()).toBeNull();
  return taken;
}

describeProtocols("keyspace notifications", (protocol) => {
  const connect = () => new Redis(server.url, { protocol });

  it("report keys by name and by pattern, and nothing else", async () => {
    await using redis = connect();
    await using events = new KeyspaceEvents(redis);
    await events.subscribeKeys("plain", "user:*");
    await redis.set("plain", "1");
    await redis.set("other", "1");
    await redis.hset("user:1", "name", "a");
    await redis.expire("user:1", 100);
    await redis.delete("plain");
    const key = { source: "key", db: 0 };
    expect(await take(events, 4)).toEqual([
      { ...key, key: "plain", event: "set" },
      { ...key, key: "user:1", event: "hset" },
      { ...key, key: "user:1", event: "expire" },
      { ...key, key: "plain", event: "del" },
    ]);
    await events.unsubscribeKeys("plain");
    await redis.set("plain", "2");
    await redis.del("user:1");
    expect((await take(events, 1)).map((event) => event?.event)).toEqual(["del"]);
  });

  it("accept names as arguments, in arrays and in Sets", async () => {
    await using redis = connect();
    await using events = new KeyspaceEvents(redis);
    const both = ["a", "b*"];
    for (const names of [["a", "b*"], [both], [new Set(both)]]) {
      await events.subscribeKeys(...names);
      await events.subscribeEvents(...names);
      expect(events.pubsub.channels).toEqual(["__keyspace@0__:a", "__keyevent@0__:a"]);
      expect(events.pubsub.patterns).toEqual(["__keyspace@0__:b*", "__keyevent@0__:b*"]);
      const [first = [], ...others] = names;
      await events.unsubscribeKeys(first, ...others);
      await events.unsubscribeEvents(first, ...others);
      expect(events.pubsub.subscribed).toBe(false);
    }
  });

  it("report events, also to handlers, and expired keys", async () => {
    await using redis = connect();
    const expired: KeyEvent[] = [];
    await using events = new KeyspaceEvents(redis);
    await events.subscribeEvents({ expired: (event) => expired.push(event) }, "l*");
    await redis.set("short", "1", { px: 1 });
    await redis.rpush("list", "a", "b");
    await redis.lpush("list", "c");
    await until(async () => (await redis.exists("short")) === 0 && expired.length === 1);
    expect(expired).toEqual([{ source: "event", db: 0, key: "short", event: "expired" }]);
    expect(await take(events, 1)).toEqual([
      { source: "event", db: 0, key: "list", event: "lpush" },
    ]);
    await events.unsubscribeEvents("expired", "l*");
    expect(events.pubsub.subscribed).toBe(false);
  });

  it("report the client's database, or all databases", async () => {
    await using third = new Redis(server.url, { protocol, db: 3 });
    await using first = connect();
    await using own = new KeyspaceEvents(third);
    await using all = new KeyspaceEvents(third, { db: "*" });
    await using one = new KeyspaceEvents(third, { db: 0 });
    for (const events of [own, all, one]) await events.subscribeKeys("k");
    await first.set("k", "1");
    await third.set("k", "1");
    expect((await take(own, 1)).map((event) => event?.db)).toEqual([3]);
    expect((await take(all, 2)).map((event) => event?.db)).toEqual([0, 3]);
    expect((await take(one, 1)).map((event) => event?.db)).toEqual([0]);
  });

  it("return keys as bytes for clients with decodeResponses: false", async () => {
    await using redis = new Redis(server.url, { protocol, decodeResponses: false });
    await using events = new KeyspaceEvents(redis);
    const key = Buffer.from([0xff, 0x00, 0x3a, 0xfe]);
    await events.subscribeKeys(key);
    await events.subscribeEvents("del");
    await redis.set(key, "1");
    await redis.del(key);
    expect(await take(events, 3)).toEqual([
      { source: "key", db: 0, key, event: "set" },
      { source: "key", db: 0, key, event: "del" },
      { source: "event", db: 0, key, event: "del" },
    ]);
  });

  it("can be iterated, until the last subscription ends", async () => {
    await using redis = connect();
    await using events = new KeyspaceEvents(redis);
    await events.subscribeKeys("a", "b");
    await redis.set("a", "1");
    await redis.set("b", "1");
    const seen: string[] = [];
    for await (const { key, event } of events) {
      seen.push(`${event} ${key}`);
      if (key === "b") await events.unsubscribeKeys(["a", "b"]);
    }
    expect(seen).toEqual(["set a", "set b"]);
  });

  it("are restored after a lost connection", async () => {
    await using redis = connect();
    const onReconnect = vi.fn();
    await using events = new KeyspaceEvents(redis, { onReconnect });
    await events.subscribeKeys("a*", "b");
    await server.command("CLIENT", "KILL", "TYPE", "pubsub");
    await until(() => onReconnect.mock.calls.length === 1);
    await redis.mset({ a1: "1", b: "1" });
    expect((await take(events, 2)).map((event) => event?.key)).toEqual(["a1", "b"]);
  });

  it("reject empty names", async () => {
    await using redis = connect();
    await using events = new KeyspaceEvents(redis);
    expect(await errorOf(events.subscribeKeys())).toBeInstanceOf(DataError);
    expect(await errorOf(events.subscribeKeys(null as never))).toBeInstanceOf(DataError);
    expect(await server.clients()).toEqual([]);
  });

  it("getEvent() waits through messages of other channels", async () => {
    await using redis = connect();
    await using events = new KeyspaceEvents(redis);
    await events.pubsub.subscribe("other");
    await events.subscribeKeys("k");
    await redis.publish("other", "1");
    await redis.publish("other", "2");
    await redis.set("k", "1");
    const event = { source: "key", db: 0, key: "k", event: "set" };
    expect(await events.getEvent({ timeout: 2000 })).toEqual(event);
    await redis.publish("other", "3");
    const waiting = events.getEvent({ timeout: null });
    await redis.del("k");
    expect(await waiting).toEqual({ ...event, event: "del" });
    const begun = performance.now();
    await redis.publish("other", "4");
    expect(await events.getEvent({ timeout: 100 })).toBeNull();
    expect(performance.now() - begun).toBeGreaterThan(99);
    const signal = AbortSignal.abort();
    expect((await errorOf(events.getEvent({ timeout: null, signal }))).name).toBe("AbortError");
  });
});
