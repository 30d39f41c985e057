/** Publish/subscribe with real servers: the behaviour of redis-py, under both protocols. */
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ConnectionPool, MaxConnectionsError, type PubSubMessage, Redis } from "../../src/index.js";
import { describeProtocols } from "../support/protocols.js";
import { sharedServer, startServer } from "../support/server.js";
import { errorOf } from "../support/settle.js";
import { until } from "../support/until.js";

const server = await sharedServer();

afterEach(async () => {
  await until(async () => (await server.clients()).length === 0);
});

/** Read messages until none arrives for a while. */
async function readSome<M>(
  pubsub: { getMessage(options: object): Promise<M | null> },
  count: number,
) {
  const messages: M[] = [];
  while (messages.length < count) {
    const message = await pubsub.getMessage({ timeout: 2000 });
    if (message === null) throw new Error(`only ${messages.length} of ${count} messages came`);
    messages.push(message);
  }
  expect(await pubsub.getMessage({ timeout: 0 })).toBeNull();
  return messages;
}

const confirmation = (type: string, channel: string | Buffer, data: number) => ({
  type,
  pattern: null,
  channel,
  data,
});

describeProtocols("PubSub", (protocol) => {
  const connect = () => new Redis(server.url, { protocol });

  it("confirms subscribing and unsubscribing channels and patterns, with the remaining count", async () => {
    await using redis = connect();
    await using pubsub = redis.pubsub();
    expect(pubsub.subscribed).toBe(false);
    await pubsub.subscribe("foo", ["bar", "uni\u1234code"]);
    await pubsub.psubscribe("f*");
    await pubsub.unsubscribe("bar");
    await pubsub.unsubscribe();
    await pubsub.punsubscribe("f*");
    expect(pubsub.subscribed).toBe(false);
    expect(await readSome(pubsub, 8)).toEqual([
      confirmation("subscribe", "foo", 1),
      confirmation("subscribe", "bar", 2),
      confirmation("subscribe", "uni\u1234code", 3),
      confirmation("psubscribe", "f*", 4),
      confirmation("unsubscribe", "bar", 3),
      confirmation("unsubscribe", "foo", 2),
      confirmation("unsubscribe", "uni\u1234code", 1),
      confirmation("punsubscribe", "f*", 0),
    ]);
  });

  it("stays subscribed when it subscribes again before the confirmation of unsubscribing is read", async () => {
    await using redis = connect();
    await using pubsub = redis.pubsub();
    await pubsub.subscribe("foo");
    await Promise.all([pubsub.unsubscribe("foo"), pubsub.subscribe("foo")]);
    expect((await readSome(pubsub, 3)).map(({ type, data }) => [type, data])).toEqual([
      ["subscribe", 1],
      ["unsubscribe", 0],
      ["subscribe", 1],
    ]);
    expect([pubsub.subscribed, pubsub.channels]).toEqual([true, ["foo"]]);
  });

  it("accepts names as arguments, in arrays and in Sets, to subscribe and to unsubscribe", async () => {
    await using redis = connect();
    await using pubsub = redis.pubsub();
    const both = ["a", "b"];
    for (const names of [["a", "b"], [both], [new Set(both)], [["a"], "b"]]) {
      await pubsub.subscribe(...names);
      await pubsub.psubscribe(...names);
      await pubsub.ssubscribe(...names);
      expect([pubsub.channels, pubsub.patterns, pubsub.shardChannels]).toEqual([both, both, both]);
      await pubsub.unsubscribe(...names);
      await pubsub.punsubscribe(...names);
      await pubsub.sunsubscribe(...names);
      expect(pubsub.subscribed).toBe(false);
    }
  });

  it("delivers a message by channel and by pattern", async () => {
    await using redis = connect();
    await using pubsub = redis.pubsub({ ignoreSubscribeMessages: true });
    await pubsub.subscribe("foo");
    await pubsub.psubscribe("f*", "*o");
    expect(await redis.publish("foo", "test")).toBe(3);
    const messages = await readSome(pubsub, 3);
    const byType = messages.toSorted((a, b) => String(a.pattern).localeCompare(String(b.pattern)));
    const rest = { channel: "foo", data: "test" };
    expect(byType).toEqual([
      { type: "pmessage", pattern: "*o", ...rest },
      { type: "pmessage", pattern: "f*", ...rest },
      { type: "message", pattern: null, ...rest },
    ]);
  });

  it("delivers bytes under decodeResponses: false", async () => {
    await using redis = new Redis(server.url, { protocol, decodeResponses: false });
    await using pubsub = redis.pubsub();
    const name = Buffer.from([0xff, 0x00, 0x2a, 0x0d, 0x0a]);
    const data = Buffer.from([0xc0, 0x80, 0x00]);
    await pubsub.subscribe(name);
    await pubsub.psubscribe(Buffer.from([0xff, 0x2a]));
    expect(await redis.publish(name, data)).toBe(2);
    expect(await readSome(pubsub, 4)).toEqual([
      confirmation("subscribe", name, 1),
      confirmation("psubscribe", Buffer.from([0xff, 0x2a]), 2),
      { type: "message", pattern: null, channel: name, data },
      { type: "pmessage", pattern: Buffer.from([0xff, 0x2a]), channel: name, data },
    ]);
    await using viewed = connect().with({ decodeResponses: false }).pubsub();
    await viewed.subscribe("v");
    expect((await viewed.getMessage({ timeout: 2000 }))?.channel).toEqual(Buffer.from("v"));
  });

  it("uses the encoding of the client", async () => {
    await using redis = new Redis(server.url, { protocol, encoding: "latin1" });
    await using pubsub = redis.pubsub({ ignoreSubscribeMessages: true });
    const seen: PubSubMessage[] = [];
    await pubsub.subscribe({ café: (message) => seen.push(message) });
    await redis.publish("café", "né");
    await until(() => seen.length === 1);
    expect(seen).toEqual([{ type: "message", pattern: null, channel: "café", data: "né" }]);
    await using raw = connect();
    const channels = await raw.with({ decodeResponses: false }).pubsubChannels();
    expect(channels).toEqual([Buffer.from("café", "latin1")]);
    await pubsub.close();
    await redis.close();
    expect(pubsub.channels).toEqual([]);
  });

  it("supports shard channels", async () => {
    await using redis = connect();
    await using pubsub = redis.pubsub();
    const seen: PubSubMessage[] = [];
    await pubsub.ssubscribe("read", { handled: (message) => seen.push(message) });
    expect(await redis.spublish("handled", "1")).toBe(1);
    expect(await redis.spublish("read", "2")).toBe(1);
    expect(await redis.pubsubShardnumsub("read")).toEqual([["read", 1]]);
    expect(await readSome(pubsub, 3)).toEqual([
      confirmation("ssubscribe", "read", 1),
      confirmation("ssubscribe", "handled", 2),
      { type: "smessage", pattern: null, channel: "read", data: "2" },
    ]);
    expect(seen).toEqual([{ type: "smessage", pattern: null, channel: "handled", data: "1" }]);
    await pubsub.sunsubscribe();
    expect(pubsub.subscribed).toBe(false);
  });

  it("calls handlers without reading, and ends with the last subscription", async () => {
    await using redis = connect();
    await using pubsub = redis.pubsub();
    const seen: string[] = [];
    await pubsub.subscribe({ "my-channel": ({ data }) => seen.push(data) });
    for (let i = 0; i < 100; i++) void redis.publish("my-channel", String(i));
    await until(() => seen.length === 100);
    expect(seen).toEqual(Array.from({ length: 100 }, (_, i) => String(i)));
    await pubsub.unsubscribe();
    for await (const { type } of pubsub) expect(type).toMatch(/subscribe$/);
    expect(await redis.publish("my-channel", "more")).toBe(0);
  });

  it("ping() is answered with and without a subscription", async () => {
    await using redis = connect();
    await using pubsub = redis.pubsub({ ignoreSubscribeMessages: true });
    await pubsub.ping("before");
    await pubsub.subscribe("foo");
    await pubsub.ping("during");
    await pubsub.unsubscribe();
    await pubsub.ping("after");
    await pubsub.ping();
    expect((await readSome(pubsub, 4)).map(({ type, data }) => [type, data])).toEqual(
      ["before", "during", "after", ""].map((data) => ["pong", data]),
    );
  });

  it("resubscribes after its connection is killed, also when it was idle", async () => {
    await using redis = connect();
    const onReconnect = vi.fn();
    await using pubsub = redis.pubsub({ onReconnect });
    const seen: string[] = [];
    await pubsub.subscribe({ foo: ({ data }) => seen.push(data) });
    await pubsub.psubscribe("p*");
    await server.command("CLIENT", "KILL", "TYPE", "pubsub");
    await until(() => onReconnect.mock.calls.length === 1);
    expect(await redis.publish("foo", "again")).toBe(1);
    await until(() => seen.length === 1);
    expect(seen).toEqual(["again"]);
    expect(await redis.pubsubNumpat()).toBe(1);
  });

  it("delivers large and empty messages", async () => {
    await using redis = connect();
    await using pubsub = redis.pubsub({ ignoreSubscribeMessages: true });
    await pubsub.subscribe("foo");
    const large = "é".repeat(2_000_000);
    await redis.publish("foo", "");
    await redis.publish("foo", large);
    await redis.publish("foo", "last");
    const data = (await readSome(pubsub, 3)).map((message) => message.data);
    expect(data[0]).toBe("");
    expect(data[1] === large).toBe(true);
    expect(data[2]).toBe("last");
  });

  it("works over TLS and unix sockets", async () => {
    await using other = await startServer({ tls: true, unixSocket: true });
    const { tlsUrl = "", unixUrl = "", certs } = other;
    for (const redis of [
      new Redis(tlsUrl, { protocol, tls: { ca: readFileSync(certs?.ca ?? "") } }),
      new Redis(unixUrl, { protocol }),
    ]) {
      await using client = redis;
      await using pubsub = client.pubsub({ ignoreSubscribeMessages: true });
      await pubsub.subscribe("foo");
      await client.publish("foo", "x");
      expect((await pubsub.getMessage({ timeout: 2000 }))?.data).toBe("x");
    }
  });
});

describe("ACL rules for channels", () => {
  it("reject a subscription with NOPERM", async () => {
    await using other = await startServer({ acl: ["limited on >pw ~* resetchannels &open +@all"] });
    await using redis = new Redis(other.url, { username: "limited", password: "pw" });
    await using pubsub = redis.pubsub();
    await pubsub.subscribe("open");
    const error = await errorOf(pubsub.subscribe("open", "closed"));
    expect([error.name, error.code, error.command]).toEqual([
      "NoPermissionError",
      "NOPERM",
      "SUBSCRIBE",
    ]);
    expect(pubsub.channels).toEqual(["open"]);
  });

  it("remove a subscription with an error when they change, and keep the others", async () => {
    await using other = await startServer({ acl: ["limited on >pw ~* resetchannels &a &b +@all"] });
    await using redis = new Redis(other.url, { username: "limited", password: "pw" });
    const [onError, onReconnect] = [vi.fn(), vi.fn()];
    await using pubsub = redis.pubsub({ onError, onReconnect });
    await pubsub.subscribe({ a: () => {}, b: () => {} });
    await other.command("ACL", "SETUSER", "limited", "resetchannels", "&a");
    await until(() => onReconnect.mock.calls.length === 1);
    expect(onError.mock.calls.map(([error]) => error.name)).toEqual(["NoPermissionError"]);
    expect(pubsub.channels).toEqual(["a"]);
    expect(await other.command("PUBSUB", "NUMSUB", "a", "b")).toEqual(["a", 1, "b", 0]);
  });
});

describe("PubSub and the pool", () => {
  it("a subscriber leases one connection at first use, and closes it at the end", async () => {
    const pool = new ConnectionPool({ url: server.url, maxConnections: 1 });
    await using redis = new Redis({ connectionPool: pool });
    const [first, second] = [redis.pubsub(), redis.pubsub()];
    expect(await server.clients()).toHaveLength(0);
    await first.subscribe("a");
    expect(await errorOf(second.subscribe("b"))).toBeInstanceOf(MaxConnectionsError);
    await first.unsubscribe();
    expect(await errorOf(second.subscribe("b"))).toBeInstanceOf(MaxConnectionsError);
    await first.close();
    await second.subscribe("b");
    expect(await server.command("PUBSUB", "CHANNELS")).toEqual(["b"]);
    await second.close();
    await pool.close();
  });

  it("settings of the pool apply to subscribers", async () => {
    await using redis = new Redis(server.url, { clientName: "named", db: 3 });
    await using pubsub = redis.pubsub();
    await pubsub.subscribe("a");
    const clients = await server.clients();
    expect(clients).toMatchObject([{ name: "named", db: "3", sub: "1" }]);
  });
});
