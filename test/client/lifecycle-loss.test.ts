/** Servers that stop, restart or kill a connection, under load. */
import { inspect } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { ConstantBackoff, Redis, Retry } from "../../src/index.js";
import { startProxy } from "../support/fault-proxy.js";
import { watchLeaks } from "../support/leaks.js";
import { describeProtocols } from "../support/protocols.js";
import { type RunningServer, startServer } from "../support/server.js";
import { errorOf, kindOf, type Settled, settle, settleAll } from "../support/settle.js";
import { until } from "../support/until.js";

const manyRetries = new Retry(new ConstantBackoff(20), 1000);

/** Repeats calls until it is stopped, and records the result of each. */
function load(redis: Redis, callers: number) {
  const results: Settled<unknown>[] = [];
  let stopped = false;
  const caller = async (i: number): Promise<void> => {
    for (let n = 0; !stopped; n++) {
      const key = `${i}:${n % 10}`;
      const call = n % 3 === 0 ? redis.pipeline().set(key, n).get(key).exec() : redis.set(key, n);
      results.push(await settle<unknown>(call));
    }
  };
  const all = Promise.all(Array.from({ length: callers }, (_, i) => caller(i)));
  return {
    endings: results,
    stop: async () => {
      stopped = true;
      await all;
    },
  };
}

function kinds(endings: readonly Settled<unknown>[]): Set<string> {
  return new Set(endings.map((ending) => (ending.ok ? "ok" : kindOf(ending.error))));
}

async function killAll(server: RunningServer): Promise<void> {
  await server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
}

describeProtocols("a server restart under load", (protocol) => {
  it("rejects commands in flight with outcome unknown, and serves all later ones", async () => {
    await using server = await startServer();
    await using redis = new Redis({ port: server.port, protocol, retry: manyRetries });
    const work = load(redis, 50);
    for (let round = 0; round < 2; round++) {
      await until(() => work.endings.length > (round + 1) * 500);
      await server.restart();
    }
    const before = work.endings.length;
    await until(() => work.endings.length > before + 500);
    await work.stop();
    expect([...kinds(work.endings)].sort()).toEqual(["ConnectionError unknown", "ok"]);
    expect(kinds(work.endings.slice(-50))).toEqual(new Set(["ok"]));
    expect(inspect(redis)).toMatch(/ shared=1 leased=0 idle=0 waiting=0>$/);
    expect(await server.clients()).toHaveLength(1);
  });
});

describe("a killed or frozen server", () => {
  it("every promise settles in time, close() too, when the server never returns", async () => {
    await using server = await startServer();
    const deadlines = { socketTimeout: 500, socketConnectTimeout: 500 };
    const retry = new Retry(new ConstantBackoff(50), 3);
    const redis = new Redis({ port: server.port, ...deadlines, retry });
    await redis.connect();
    const blocked = settle(redis.blpop("none", 0));
    const session = redis.client();
    await session.get("key");
    const flying = settleAll(Array.from({ length: 1000 }, () => redis.incr("key")));
    server.kill("SIGKILL");
    await server.exited;
    const late = settleAll(Array.from({ length: 1000 }, () => redis.incr("key")));
    expect(kinds([await blocked])).toEqual(new Set(["ConnectionError unknown"]));
    for (const kind of kinds(await flying))
      expect(["ok", "ConnectionError unknown"]).toContain(kind);
    for (const kind of kinds(await late))
      expect(kind).toMatch(/^ConnectionError (unknown|not-sent)$/);
    expect(kindOf(await errorOf(session.get("key")))).toBe("ConnectionError not-sent");
    expect((await settle(redis.close())).ok).toBe(true);
  });

  it("every promise settles by its deadline when the server is frozen (SIGSTOP)", async () => {
    await using server = await startServer();
    const redis = new Redis({ port: server.port, socketTimeout: 300, blockingGrace: 200 });
    await redis.connect();
    server.pause();
    const calls = [redis.get("key"), redis.blpop("none", 0.1), redis.client().get("key")];
    const endings = await settleAll<unknown>(calls);
    expect(kinds(endings)).toEqual(new Set(["TimeoutError unknown", "TimeoutError not-sent"]));
    server.resume();
    expect(await redis.with({ timeout: 5000 }).get("key")).toBe(null);
    await redis.close();
  });
});

describe("CLIENT KILL", () => {
  it("loses no reply the server has sent on the shared connection", async () => {
    await using server = await startServer();
    await using proxy = await startProxy(server);
    await using redis = new Redis(proxy.url);
    await redis.connect();
    proxy.down.stall();
    const sent = proxy.received.up;
    const flying = settleAll(Array.from({ length: 100 }, () => redis.incr("counter")));
    await proxy.whenReceived("up", sent + 1);
    await until(async () => Number(await server.command("GET", "counter")) === 100);
    await killAll(server);
    proxy.down.resume();
    const endings = await flying;
    // The server replied before it closed the connection: these replies are delivered.
    expect(kinds(endings)).toEqual(new Set(["ok"]));
    await until(() => inspect(redis).includes(" shared=0 "));
    expect(await redis.incr("counter")).toBe(101);
  });

  it("rejects commands in flight on the shared connection, and the next command reconnects", async () => {
    await using server = await startServer();
    await using redis = new Redis({ port: server.port });
    await redis.connect();
    await server.command("CLIENT", "PAUSE", 10_000, "WRITE");
    const flying = settleAll(Array.from({ length: 100 }, () => redis.incr("counter")));
    await until(async () => (await server.clients()).some(({ flags }) => flags === "b"));
    await killAll(server);
    expect(kinds(await flying)).toEqual(new Set(["ConnectionError unknown"]));
    await server.command("CLIENT", "UNPAUSE");
    expect(await redis.incr("counter")).toBe(1);
  });

  it("loses no more than the commands in flight under load", async () => {
    await using server = await startServer();
    await using redis = new Redis({ port: server.port, retry: manyRetries });
    const work = load(redis, 20);
    for (let round = 1; round <= 20; round++) {
      await until(() => work.endings.length > round * 100);
      await killAll(server);
    }
    await work.stop();
    for (const kind of kinds(work.endings))
      expect(["ok", "ConnectionError unknown"]).toContain(kind);
    const lost = work.endings.filter((ending) => !ending.ok).length;
    expect(lost).toBeLessThanOrEqual(20 * 20);
    expect(kinds([await settle(redis.get("key"))])).toEqual(new Set(["ok"]));
  });

  it("leaves neither memory nor handles behind after 1,000 kills", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const used = async (): Promise<number> => {
      // The memory of sockets is released a few turns after they are closed.
      for (let turn = 0; turn < 5; turn++) {
        await new Promise(setImmediate);
        collect();
      }
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    await using server = await startServer();
    const leaks = watchLeaks("/src/");
    const redis = new Redis({ port: server.port, retry: manyRetries });
    const reconnect = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i++) {
        await redis.get("key");
        const [{ id = "" } = {}] = await server.clients();
        await server.command("CLIENT", "KILL", "ID", id);
        await until(() => inspect(redis).includes("shared=0"), { interval: 0 });
      }
    };
    await reconnect(200);
    const before = await used();
    await reconnect(800);
    await redis.get("key");
    expect(await server.clients()).toHaveLength(1);
    expect((await used()) - before).toBeLessThan(4 * 1024 * 1024);
    await redis.close();
    await leaks.assertNone();
  });
});
