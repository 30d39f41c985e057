/**
 * A planned failover behind one address that moves, as managed services do it: the old master becomes a replica and
 * keeps its connections. Real servers behind a proxy, which stands for the name.
 */
import { describe, expect, test } from "vitest";
import { Redis } from "../../src/index.js";
import { type FaultProxy, startProxy } from "../support/fault-proxy.js";
import { type RunningServer, startServer } from "../support/server.js";
import { settle } from "../support/settle.js";
import { until } from "../support/until.js";

/** Number of callers, each with a counter. */
const CALLERS = 16;
/** Commands that each caller issues without awaiting the replies. */
const BURST = 5;

interface Deployment extends AsyncDisposable {
  readonly name: FaultProxy;
  /** Promote the replica, move the name, and demote the master, which has acknowledged no write meanwhile. */
  failOver(): Promise<void>;
  /** The server that the name leads to. */
  readonly master: RunningServer;
}

async function deploy(): Promise<Deployment> {
  let master = await startServer();
  let replica = await startServer({ replicaOf: master });
  const name = await startProxy(master);
  const replicationOf = async (server: RunningServer): Promise<string> =>
    String(await server.command("INFO", "replication"));
  const isInSync = async (primary: RunningServer, copy: RunningServer): Promise<boolean> => {
    const offset = /master_repl_offset:(\d+)/.exec(await replicationOf(primary))?.[1];
    const state = await replicationOf(copy);
    return state.includes("link_status:up") && state.includes(`slave_repl_offset:${offset}\r`);
  };
  return {
    name,
    get master() {
      return master;
    },
    async failOver() {
      const [old, next] = [master, replica];
      await old.command("CLIENT", "PAUSE", 10_000, "WRITE");
      await until(() => isInSync(old, next));
      await next.command("REPLICAOF", "NO", "ONE");
      name.redirect(next);
      await old.command("REPLICAOF", next.host, next.port);
      await old.command("CLIENT", "UNPAUSE");
      [master, replica] = [next, old];
    },
    async [Symbol.asyncDispose]() {
      await name[Symbol.asyncDispose]();
      await Promise.all([master.stop(), replica.stop()]);
    },
  };
}

/** Increment counters until stopped; every value must be the next one, so that no INCR is lost, double or late. */
class Counters {
  readonly #redis: Redis;
  readonly #increment: (key: string) => Promise<number>;
  readonly failures: unknown[] = [];
  total = 0;
  #running = true;
  readonly #done: Promise<unknown>;

  constructor(redis: Redis, increment: (key: string) => Promise<number>) {
    this.#redis = redis;
    this.#increment = increment;
    const keys = Array.from({ length: CALLERS }, (_, index) => `counter:${index}`);
    this.#done = Promise.all(keys.map((key) => this.#run(key)));
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#done;
  }

  async progress(count: number): Promise<void> {
    const goal = this.total + count;
    await until(() => this.total >= goal || this.failures.length > 0, { timeout: 20_000 });
  }

  async #run(key: string): Promise<void> {
    let last = 0;
    while (this.#running) {
      const burst = Array.from({ length: BURST }, () => settle(this.#increment(key)));
      void this.#redis.get(key).catch((error: unknown) => this.failures.push(error));
      for (const result of await Promise.all(burst)) {
        this.total++;
        last++;
        if (!result.ok) this.failures.push(result.error);
        else if (result.value !== last) this.failures.push(`${key}: ${result.value}, not ${last}`);
      }
    }
  }
}

describe("a failover behind one name", () => {
  test.each<[string, (redis: Redis) => (key: string) => Promise<number>]>([
    ["INCR", (redis) => (key) => redis.incr(key)],
    [
      "pipelines",
      (redis) => async (key) => {
        const values = await redis.pipeline({ transaction: false }).get("x").incr(key).exec();
        return values[1];
      },
    ],
    ["transactions", (redis) => async (key) => (await redis.pipeline().incr(key).exec())[0]],
  ])("fails no command, executes none twice, and keeps the order: %s", async (_, incrementOf) => {
    await using deployment = await deploy();
    await using redis = new Redis("127.0.0.1", deployment.name.port);
    const counters = new Counters(redis, incrementOf(redis));
    for (let round = 0; round < 3; round++) {
      await counters.progress(500);
      await deployment.failOver();
      await counters.progress(500);
    }
    await counters.stop();
    expect(counters.failures).toEqual([]);
    expect(deployment.name.totalConnections).toBe(4);
    let sum = 0;
    for (let index = 0; index < CALLERS; index++)
      sum += Number(await deployment.master.command("GET", `counter:${index}`));
    expect(sum).toBe(counters.total);
  });

  test("rejects the writes with retryReadonly: false", async () => {
    await using deployment = await deploy();
    await using redis = new Redis("127.0.0.1", deployment.name.port, { retryReadonly: false });
    await redis.incr("a");
    await deployment.failOver();
    expect(await settle(redis.incr("a"))).toMatchObject({ error: { code: "READONLY" } });
    expect(await redis.incr("a")).toBe(2);
  });
});

describe("a server that is not available yet, with retryLoading", () => {
  test("serves every command when it has loaded its data", async () => {
    await using server = await startServer();
    await server.command("CONFIG", "SET", "rdbcompression", "no");
    await server.command("DEBUG", "POPULATE", 1000, "key", 1100);
    await server.command("CONFIG", "SET", "loading-process-events-interval-bytes", 1024);
    await server.command("CONFIG", "SET", "key-load-delay", 500);
    await using impatient = new Redis("127.0.0.1", server.port);
    await using redis = new Redis("127.0.0.1", server.port, { retryLoading: true });
    await redis.set("counter", 0);
    const reloaded = server.command("DEBUG", "RELOAD");
    await until(async () => !(await settle(impatient.get("x"))).ok);
    const calls = Array.from({ length: 100 }, () => redis.incr("counter"));
    expect(await Promise.all(calls)).toEqual(calls.map((_, index) => index + 1));
    await reloaded;
  });

  test("serves reads when a replica without its master has been promoted", async () => {
    const master = await startServer();
    const config = { "replica-serve-stale-data": "no" };
    await using server = await startServer({ replicaOf: master, config });
    await using redis = new Redis("127.0.0.1", server.port, { retryLoading: true });
    await redis.get("a");
    await master.stop();
    await until(async () =>
      String(await server.command("INFO", "replication")).includes("link_status:down"),
    );
    const read = redis.get("a");
    await until(async () => (await refusedPings(server)) > 0);
    await server.command("REPLICAOF", "NO", "ONE");
    expect(await read).toBeNull();
  });
});

/** Return how many PINGs a server has refused. */
async function refusedPings(server: RunningServer): Promise<number> {
  const stats = String(await server.command("INFO", "commandstats"));
  return Number(/cmdstat_ping:.*?rejected_calls=(\d+)/.exec(stats)?.[1] ?? 0);
}
