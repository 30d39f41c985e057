/** A server that is killed and restarted while commands keep coming. */
import { setTimeout as pause } from "node:timers/promises";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { type ClientOptions, Redis } from "../../src/index.js";
import { startProxy } from "../support/fault-proxy.js";
import { startServer } from "../support/server.js";
import { settleAll } from "../support/settle.js";
import { until } from "../support/until.js";

/** ms between two commands during the outage. */
const INTERVAL = 2;
const COMMANDS = 150;
const LIST = "outage";

/** Kill the server, issue commands, restart it, issue as many; return what was pushed and the dials. */
async function runOutage(options: ClientOptions) {
  await using server = await startServer();
  await using proxy = await startProxy(server);
  await using redis = new Redis(proxy.url, options);
  await redis.connect();
  const before = proxy.totalConnections;
  server.kill("SIGKILL");
  await until(() => inspect(redis.connectionPool).includes("shared=0"));
  const calls: Promise<unknown>[] = [];
  for (let n = 0; n < COMMANDS; n++) {
    calls.push(redis.rpush(LIST, `${n}`));
    await pause(INTERVAL);
  }
  await server.restart();
  for (let n = 0; n < COMMANDS; n++) calls.push(redis.rpush(LIST, `${COMMANDS + n}`));
  const endings = await settleAll(calls);
  const errors = endings.flatMap((ending) => (ending.ok ? [] : [ending.error]));
  const pushed = await redis.lrange(LIST, 0, -1);
  return { errors, pushed, dials: proxy.totalConnections - before };
}

const ALL = Array.from({ length: 2 * COMMANDS }, (_, n) => `${n}`);

describe("an outage that is shorter than the deadline of a command", () => {
  it("rejects no command that is issued during it, and executes all in their order", async () => {
    const { errors, pushed } = await runOutage({});
    expect(errors).toEqual([]);
    expect(pushed).toEqual(ALL);
  });

  it("opens one connection per pause of the retry policy, however many commands wait", async () => {
    let pauses = 0;
    const retry = (): number => {
      pauses++;
      return 20;
    };
    const { errors, pushed, dials } = await runOutage({ retry });
    expect(errors).toEqual([]);
    expect(pushed).toEqual(ALL);
    // One connection follows each pause, and the first one comes before all pauses.
    expect(dials).toBe(pauses + 1);
    expect(pauses).toBeGreaterThan(2);
  });
});
