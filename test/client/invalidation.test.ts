/** Invalidations of CLIENT TRACKING on real servers, redirected to a subscriber. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { type ChannelMessage, parseInvalidation, Redis } from "../../src/index.js";
import { describeProtocols } from "../support/protocols.js";
import { sharedServer } from "../support/server.js";
import { until } from "../support/until.js";

const CHANNEL = "__redis__:invalidate";
const server = await sharedServer();

afterEach(async () => {
  await until(async () => (await server.clients()).length === 0);
});

const invalidation = <T>(data: T[] | null, channel: string | Buffer = CHANNEL) => ({
  type: "message",
  pattern: null,
  channel,
  data,
});

describeProtocols("invalidations redirected to a subscriber", (protocol) => {
  /** Return a client whose reads are tracked, with redirection to the only subscriber of the server. */
  async function tracking(redis: Redis<string | Buffer>) {
    const { id } = (await redis.clientList()).filter(({ sub }) => sub > 0)[0] ?? {};
    const client = redis.client();
    await client.executeCommand("CLIENT", "TRACKING", "ON", "REDIRECT", String(id));
    return client;
  }

  it("arrive as messages with an array of keys; null after FLUSHALL", async () => {
    await using redis = new Redis(server.url, { protocol });
    await using pubsub = redis.pubsub({ ignoreSubscribeMessages: true });
    await pubsub.subscribe(CHANNEL);
    await using client = await tracking(redis);
    await client.get("k\u00e9");
    await redis.set("k\u00e9", "new");
    const changed = await pubsub.getMessage({ timeout: 2000 });
    expect(changed).toEqual(invalidation(["k\u00e9"]));
    expect(changed && parseInvalidation(changed)).toEqual({ keys: ["k\u00e9"] });
    await redis.flushall();
    const flushed = await pubsub.getMessage({ timeout: 2000 });
    expect(flushed).toEqual(invalidation(null));
    expect(flushed && parseInvalidation(flushed)).toEqual({ keys: null });
    await redis.publish(CHANNEL, "text");
    const published = await pubsub.getMessage({ timeout: 2000 });
    expect(published && parseInvalidation(published)).toBeNull();
  });

  it("have keys and channel as Buffers under decodeResponses: false", async () => {
    await using redis = new Redis(server.url, { protocol, decodeResponses: false });
    await using pubsub = redis.pubsub({ ignoreSubscribeMessages: true });
    await pubsub.subscribe(CHANNEL);
    await using client = await tracking(redis);
    const key = Buffer.from([0xff, 0x00]);
    await client.get(key);
    await redis.set(key, "new");
    const message = await pubsub.getMessage({ timeout: 2000 });
    expect(message).toEqual(invalidation([key], Buffer.from(CHANNEL)));
  });

  it("go to a handler; a key that is not valid text goes to onError as DecodeError", async () => {
    const onError = vi.fn();
    await using redis = new Redis(server.url, { protocol });
    await using pubsub = redis.pubsub({ onError });
    const handler = vi.fn((message: ChannelMessage) => parseInvalidation(message)?.keys);
    await pubsub.subscribe({ [CHANNEL]: handler });
    await using client = await tracking(redis);
    await client.get("k");
    await redis.set("k", "new");
    await until(() => handler.mock.calls.length === 1);
    expect(handler).toHaveBeenCalledWith(invalidation(["k"]));
    expect(handler).toHaveReturnedWith(["k"]);
    const invalid = Buffer.from([0xff]);
    await client.get(invalid);
    await redis.set(invalid, "new");
    await until(() => onError.mock.calls.length === 1);
    expect(onError.mock.calls[0]?.[0]).toMatchObject({ name: "DecodeError" });
    expect(handler).toHaveBeenCalledTimes(1);
  });

  it("are dropped while their channel is not subscribed to", async () => {
    await using redis = new Redis(server.url, { protocol });
    await using pubsub = redis.pubsub({ ignoreSubscribeMessages: true });
    await pubsub.subscribe("other", CHANNEL);
    await using client = await tracking(redis);
    await pubsub.unsubscribe(CHANNEL);
    await client.get("k");
    await redis.set("k", "new");
    await redis.publish("other", "last");
    expect(await pubsub.getMessage({ timeout: 2000 })).toMatchObject({ data: "last" });
  });
});

describe("onPush() of a client()", () => {
  /** Close the connections of a client and wait for the loss. */
  async function kill(id: number): Promise<void> {
    await server.command("CLIENT", "KILL", "ID", String(id));
    await until(async () => (await server.clients()).every((client) => client.id !== String(id)));
  }

  it("receives the invalidations of its tracking while no command is pending", async () => {
    await using redis = new Redis(server.url, { protocol: 3 });
    await using client = redis.client();
    const invalidated: (string[] | null)[] = [];
    client.onPush("invalidate", (keys) => invalidated.push(keys));
    await client.clientTracking();
    await client.mget("a", "b");
    await redis.mset({ a: 1, b: 2 });
    await redis.flushall();
    await until(() => invalidated.at(-1) === null);
    expect(invalidated).toEqual([["a"], ["b"], null]);
  });

  it("stays on the next connection after a loss, and ends with null", async () => {
    await using redis = new Redis(server.url, { protocol: 3, decodeResponses: false });
    await using client = redis.client();
    const invalidated: (Buffer[] | null)[] = [];
    client.onPush("invalidate", (keys) => invalidated.push(keys));
    await kill(await client.clientId());
    await expect(client.ping()).rejects.toMatchObject({ code: "ECONNCLOSED" });
    await client.clientTracking();
    await client.get("a");
    await redis.set("a", 1);
    await until(() => invalidated.length === 1);
    expect(invalidated).toEqual([[Buffer.from("a")]]);
    client.onPush("invalidate", null);
    await client.get("a");
    await redis.set("a", 2);
    await client.ping();
    expect(invalidated).toHaveLength(1);
  });

  it("receives that the target of a redirection is gone", async () => {
    await using redis = new Redis(server.url, { protocol: 3 });
    await using client = redis.client();
    await using target = redis.client();
    const id = await target.clientId();
    const broken: unknown[] = [];
    client.onPush("tracking-redir-broken", (target) => broken.push(target));
    await client.clientTracking({ clientId: id });
    await client.get("a");
    await kill(id);
    await redis.set("a", 1);
    await until(() => broken.length === 1);
    expect(broken).toEqual([id]);
  });

  it("leaves no listener on a connection that goes back to the pool", async () => {
    await using redis = new Redis(server.url, { protocol: 3 });
    const listener = vi.fn();
    const first = redis.client();
    first.onPush("invalidate", listener);
    first.onPush("message", listener);
    const id = await first.clientId();
    await first.close();
    await using pubsub = redis.pubsub({ ignoreSubscribeMessages: true });
    await pubsub.subscribe("channel");
    expect((await server.clients()).find(({ sub }) => sub === "1")?.id).toBe(String(id));
    await redis.publish("channel", "data");
    expect(await pubsub.getMessage({ timeout: 2000 })).toMatchObject({ data: "data" });
    expect(listener).not.toHaveBeenCalled();
  });

  it("is refused on a shared client", async () => {
    await using redis = new Redis(server.url, { protocol: 3 });
    expect(() => redis.onPush("invalidate", () => {})).toThrow("use redis.client()");
  });
});
