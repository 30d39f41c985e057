import { inspect } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { Redis } from "../../src/index.js";
import { errorOf, kindOf } from "../faults/settle.js";
import { sharedServer, uniquePrefix } from "../support/server.js";
import { until } from "../support/until.js";

const server = await sharedServer();
const redis = new Redis(server.url);

afterEach(() => redis.disconnect());

/** Wait until so many connections are blocked in the server. */
function blocked(count: number): Promise<unknown> {
  return until(async () => {
    const clients = await server.clients();
    return clients.filter((client) => client.flags?.includes("b")).length === count;
  });
}

describe("a blocking command that is given up", () => {
  it.each([
    ["aborted", "AbortError"],
    ["out of its own time", "TimeoutError"],
  ])("%s, leaves no trace: what comes later is not swallowed", async (how, name) => {
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
