import { inspect } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { Redis } from "../../src/index.js";
import { startProxy } from "../support/fault-proxy.js";
import { sharedServer, uniquePrefix } from "../support/server.js";
import { errorOf, kindOf } from "../support/settle.js";
import { until } from "../support/until.js";

const server = await sharedServer();
const redis = new Redis(server.url);

afterEach(() => redis.disconnect());

/** Wait until the given number of connections is blocked in the server. */
function blocked(count: number): Promise<unknown> {
  return until(async () => {
    const clients = await server.clients();
    return clients.filter((client) => client.flags?.includes("b")).length === count;
  });
}

describe("a cancelled blocking command", () => {
  it.each([
    ["aborted", "AbortError"],
    ["timed out", "TimeoutError"],
  ])("%s, does not consume elements that are pushed later", async (how, name) => {
    const key = uniquePrefix();
    const controller = new AbortController();
    const options = how === "aborted" ? { signal: controller.signal } : { timeout: 100 };
    const pop = errorOf(redis.with(options).blpop(key, 0));
    await blocked(1);
    controller.abort();
    expect(kindOf(await pop)).toBe(`${name} unknown`);
    await blocked(0);
    await redis.rpush(key, "element");
    expect(await redis.lrange(key, 0, -1)).toEqual(["element"]);
    expect(inspect(redis.connectionPool)).toMatch(/ shared=1 leased=0 idle=0 waiting=0$/);
  });
});

describe("a blocking command", () => {
  it("never runs on a shared connection, not even when its connection is lost before it is written", async () => {
    await using proxy = await startProxy(server);
    await using client = new Redis(proxy.url, { healthCheckInterval: 50 });
    const key = uniquePrefix();
    await server.command("RPUSH", key, "first");
    await client.blpop(key, 0);
    const idleSince = performance.now();
    await until(() => performance.now() - idleSince > 60);
    proxy.down.stall();
    const sent = proxy.received.up;
    const pop = client.blpop(key, 0);
    await proxy.whenReceived("up", sent + 1);
    proxy.cutAll();
    proxy.down.resume();
    await blocked(1);
    await client.set(key + 1, "not delayed");
    await server.command("RPUSH", key, "second");
    expect(await pop).toEqual([key, "second"]);
  });
});
