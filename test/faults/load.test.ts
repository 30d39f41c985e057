/** Load beyond every limit, and endless repetition: pending commands are bounded, memory stays constant. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, describe, expect, it } from "vitest";
import {
  BlockingConnectionPool,
  ConstantBackoff,
  MaxPendingCommandsError,
  Redis,
  Retry,
} from "../../src/index.js";
import { startProxy } from "../support/fault-proxy.js";
import { watchLeaks } from "../support/leaks.js";
import { startServer } from "../support/server.js";
import { until } from "../support/until.js";

const LONG = process.env.REDISWIRE_SOAK !== undefined;
const COMMANDS = LONG ? 1_000_000 : 60_000;
const MAX_PENDING = LONG ? 250_000 : 20_000;
const POPS = LONG ? 5000 : 1000;
const CONNECTIONS = 50;
const RECONNECTS = LONG ? 10_000 : 400;
/** Bytes per reconnect that count as a leak. */
const LEAK = 500;
const MB = 1024 * 1024;
const TIME = { timeout: LONG ? 600_000 : 60_000 };

const server = await startServer();
const leaks = watchLeaks("/src/");

afterAll(async () => {
  await leaks.assertNone();
  await server.stop();
});

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Return the bytes in use after garbage collection. */
async function heap(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await new Promise(setImmediate);
    collect();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const sockets = (): number =>
  process.getActiveResourcesInfo().filter((name) => name.startsWith("TCP")).length;

describe("commands that are not awaited", () => {
  it("reject with MaxPendingCommandsError beyond maxPendingCommands", TIME, async () => {
    await using proxy = await startProxy(server);
    const redis = new Redis(proxy.url, { maxPendingCommands: MAX_PENDING, socketTimeout: 0 });
    await redis.connect();
    const before = await heap();
    proxy.down.stall();
    const counts = { done: 0, refused: 0 };
    const errors = new Set<string>();
    const last = Promise.all(
      Array.from({ length: COMMANDS }, (_, i) =>
        redis.set("key", i).then(
          () => counts.done++,
          (error: MaxPendingCommandsError) => {
            counts.refused++;
            errors.add(
              `${error instanceof MaxPendingCommandsError} ${error.outcome} ${error.message}`,
            );
          },
        ),
      ),
    );
    const text = `true not-sent More than maxPendingCommands (${MAX_PENDING}) commands are outstanding`;
    await until(() => counts.refused === COMMANDS - MAX_PENDING, { timeout: 120_000 });
    expect([...errors]).toEqual([text]);
    expect((await heap()) - before).toBeLessThan(COMMANDS * 100 + MAX_PENDING * 1500 + 20 * MB);
    expect(counts.done).toBe(0);
    proxy.down.resume();
    await last;
    expect(counts.done).toBe(MAX_PENDING);
    expect(Number(await redis.get("key"))).toBe(MAX_PENDING - 1);
    await redis.close();
  });

  it("wait while the socket is stalled, and stay within maxPendingCommands", TIME, async () => {
    await using proxy = await startProxy(server);
    const limit = 2000;
    const redis = new Redis(proxy.url, { maxPendingCommands: limit, socketTimeout: 0 });
    await redis.connect();
    proxy.up.stall();
    const value = "x".repeat(16_384);
    let refused = 0;
    const all = Array.from({ length: 3 * limit }, async () => {
      // One per turn, so that the socket has reported backpressure before the next one.
      await redis.set("large", value).catch((error: unknown) => {
        if (!(error instanceof MaxPendingCommandsError)) throw error;
        refused++;
      });
    });
    await until(() => refused > 0);
    // Some are written; no more than the limit are waiting.
    expect(refused).toBeGreaterThanOrEqual(limit);
    proxy.up.resume();
    await Promise.all(all);
    expect(await redis.strlen("large")).toBe(value.length);
    await redis.close();
  });
});

describe("blocking commands", () => {
  it(
    `${POPS} BLPOPs share ${CONNECTIONS} connections of a BlockingConnectionPool`,
    TIME,
    async () => {
      const pool = new BlockingConnectionPool({
        url: server.url,
        maxConnections: CONNECTIONS,
        timeout: 0,
      });
      const redis = new Redis({ connectionPool: pool });
      const pops = Array.from({ length: POPS }, (_, i) => redis.blpop(`list${i}`, 0));
      await until(
        async () =>
          (await server.clients()).filter(({ cmd }) => cmd === "blpop").length === CONNECTIONS,
      );
      for (let i = 0; i < POPS; i++) void server.command("RPUSH", `list${i}`, `element ${i}`);
      const popped = await Promise.all(pops);
      expect(popped).toEqual(Array.from({ length: POPS }, (_, i) => [`list${i}`, `element ${i}`]));
      expect((await server.clients()).length).toBeLessThanOrEqual(CONNECTIONS);
      await pool.close();
    },
  );
});

describe("repeated connection losses", () => {
  it(`leave heap and handles unchanged after ${RECONNECTS} losses`, TIME, async () => {
    const retry = new Retry(new ConstantBackoff(1), 10);
    const redis = new Redis(server.url, { retry });
    const begin = sockets();
    const loseOne = async (i: number): Promise<void> => {
      await redis.get("key");
      const settled = Promise.allSettled([
        redis.incr("lost"),
        redis.pipeline().incr("lost").exec(),
        redis.get("key"),
      ]);
      if (i % 2 === 0) redis.disconnect();
      else await server.command("CLIENT", "KILL", "TYPE", "normal");
      await settled;
    };
    for (let i = 0; i < RECONNECTS / 4; i++) await loseOne(i);
    const before = await heap();
    for (let i = 0; i < RECONNECTS; i++) await loseOne(i);
    expect((await heap()) - before).toBeLessThan(RECONNECTS * LEAK + 2 * MB);
    expect(await redis.get("nothing")).toBe(null);
    expect(sockets()).toBeLessThanOrEqual(begin + 1);
    const { total_connections_received: total = "0" } = (await redis.info(
      "stats",
    )) as unknown as Record<string, string>;
    expect(Number(total)).toBeGreaterThan(RECONNECTS);
    await redis.close();
  });
});
