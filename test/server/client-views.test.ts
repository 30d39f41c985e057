import { getEventListeners } from "node:events";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { Redis } from "../../src/index.js";
import { errorOf, kindOf } from "../faults/settle.js";
import { startProxy } from "../support/fault-proxy.js";
import { sharedServer, uniquePrefix } from "../support/server.js";

const server = await sharedServer();
const redis = new Redis(server.url);
let key: string;

beforeEach(() => {
  key = uniquePrefix();
});

afterAll(() => redis.close());

describe("with()", () => {
  it("many views under one signal listen to it once, and stop when all is done", async () => {
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
