import { getEventListeners } from "node:events";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { Redis } from "../../src/index.js";
import { startProxy } from "../support/fault-proxy.js";
import { describeProtocols } from "../support/protocols.js";
import { sharedServer, uniquePrefix } from "../support/server.js";
import { errorOf, kindOf, settle } from "../support/settle.js";

const server = await sharedServer();
const redis = new Redis(server.url);
let key: string;

beforeEach(() => {
  key = uniquePrefix();
});

afterAll(() => redis.close());

describe("with({ signal }) in many views", () => {
  it("adds one listener to the signal, and removes it when all calls have settled", async () => {
    await using proxy = await startProxy(server);
    await using client = new Redis(proxy.url);
    await client.connect();
    proxy.down.stall();
    const controller = new AbortController();
    const { signal } = controller;
    const listeners = () => getEventListeners(signal, "abort").length;
    const views = Array.from({ length: 20 }, () => client.with({ signal }));
    const gets = views.map((view) => errorOf(view.get(key)));
    expect(listeners()).toBe(1);
    controller.abort();
    const kinds = (await Promise.all(gets)).map(kindOf);
    expect(new Set(kinds)).toEqual(new Set(["AbortError unknown"]));
    expect(listeners()).toBe(0);
    proxy.down.resume();
  });
});

describeProtocols("with()", (protocol) => {
  const client = new Redis({ port: server.port, protocol });
  afterAll(() => client.close());

  it("changes the decoding of replies for the view only", async () => {
    const bytes = client.with({ decodeResponses: false });
    await client.set(key, "väl");
    await client.rpush(`${key}l`, "a", "b");
    expect(await bytes.get(key)).toEqual(Buffer.from("väl"));
    expect(await bytes.lrange(`${key}l`, 0, -1)).toEqual([Buffer.from("a"), Buffer.from("b")]);
    expect(await bytes.pipeline().get(key).exec()).toEqual([Buffer.from("väl")]);
    expect(await bytes.with({ decodeResponses: true }).get(key)).toBe("väl");
    expect(await client.get(key)).toBe("väl");
    const both = Array.from({ length: 100 }, (_, i) => (i % 2 ? bytes : client).get(key));
    for (const [i, value] of (await Promise.all(both)).entries()) {
      expect(typeof value).toBe(i % 2 ? "object" : "string");
    }
  });

  it("changes the integer type", async () => {
    const exact = client.with({ integers: "bigint" });
    expect(await exact.incr(key)).toBe(1n);
    expect(await exact.with({ integers: "number" }).incr(key)).toBe(2);
    expect(await client.incr(key)).toBe(3);
  });

  it("uses the connections of its client", async () => {
    const views = Array.from({ length: 50 }, (_, i) => client.with({ timeout: 1000 + i }));
    await Promise.all([client.get(key), ...views.map((view) => view.get(key))]);
    const mine = (await server.clients()).filter(({ resp }) => resp === `${protocol}`);
    expect(mine.length).toBeLessThanOrEqual(2);
    expect(client.with({ timeout: 5 }).connectionPool).toBe(client.connectionPool);
  });

  it("accumulates: a view of a view keeps unchanged settings", async () => {
    await client.set(key, "text");
    const view = client.with({ decodeResponses: false }).with({ timeout: 100 });
    expect(await view.get(key)).toEqual(Buffer.from("text"));
    expect((await errorOf(view.blpop(`${key}none`, 0))).message).toContain("100 ms");
  });

  it("does not close its client when the view is closed", async () => {
    const view = client.with({ timeout: 1000 });
    await view.close();
    expect(await client.get(key)).toBe(null);
    expect(await view.get(key)).toBe(null);
  });

  it("rejects calls at their timeout, connecting included", async () => {
    await using proxy = await startProxy(server);
    proxy.blackhole();
    const lost = new Redis(proxy.url, { protocol });
    const ending = await settle(lost.with({ timeout: 60 }).get(key));
    expect(ending).toMatchObject({ ok: false, error: { name: "TimeoutError" } });
    expect(ending.ms).toBeGreaterThan(55);
    expect(ending.ms).toBeLessThan(2000);
    lost.disconnect();
  });

  it("rejects calls immediately when the signal is already aborted, without I/O", async () => {
    await using proxy = await startProxy(server);
    const away = new Redis(proxy.url, { protocol });
    const reason = new Error("not wanted");
    const view = away.with({ signal: AbortSignal.abort(reason) });
    const calls = [view.get(key), view.blpop(key, 0), view.pipeline().get(key).exec()];
    for (const error of await Promise.all(calls.map((call) => errorOf(call)))) {
      expect(kindOf(error)).toBe("AbortError not-sent");
      expect(error.cause).toBe(reason);
    }
    expect(proxy.totalConnections).toBe(0);
  });

  it("removes aborted commands that wait for a connection, and never sends them", async () => {
    await using proxy = await startProxy(server);
    proxy.down.stall();
    await using slow = new Redis(proxy.url, { protocol });
    const controller = new AbortController();
    const incr = errorOf(slow.with({ signal: controller.signal }).incr(key));
    const other = slow.incr(`${key}other`);
    controller.abort();
    expect(kindOf(await incr)).toBe("AbortError not-sent");
    proxy.down.resume();
    expect(await other).toBe(1);
    expect(await server.command("EXISTS", key)).toBe(0);
  });
});
