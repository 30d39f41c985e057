/**
 * Pipelines and transactions on a real cluster that changes: each command is executed once, in the order in which
 * the client issued the commands of its slot.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keySlot } from "../../src/commands/core/key-slot.js";
import { RedisError } from "../../src/errors.js";
import type { TestCluster } from "../../src/testing/index.js";
import { startCluster } from "../support/cluster.js";
import { type FinalData, type Operation, violations } from "../support/cluster-checker.js";
import { clusterClient } from "../support/cluster-router.js";
import { settleAll } from "../support/settle.js";
import { until } from "../support/until.js";

type Client = ReturnType<typeof clusterClient>;
type Pending = { -readonly [K in keyof Operation]: Operation[K] };

const slotOf = (key: string): number => keySlot(key, "utf8");

/** Runs pipelines and transactions on some keys, without waiting for one another, and logs every command. */
class BatchLoad {
  readonly log: Pending[] = [];
  readonly rejections: string[] = [];
  readonly #client: Client;
  readonly #tags: readonly string[];
  readonly #settled: Promise<void>[] = [];
  #next = 0;
  #isStopped = false;
  readonly #end: Promise<void>;

  constructor(client: Client, tags: readonly string[]) {
    this.#client = client;
    this.#tags = tags;
    this.#end = this.#run();
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      this.#pipeline();
      for (const tag of this.#tags) this.#transaction(tag);
      this.#pipeline();
      await sleep(10);
    }
  }

  #pipeline(): void {
    const pipeline = this.#client.pipeline();
    const logged: Pending[] = [];
    for (const tag of this.#tags) {
      logged.push(this.#log("incr", `${tag}:counter`), this.#log("rpush", `${tag}:list`));
      pipeline.incr(`${tag}:counter`).rpush(`${tag}:list`, logged.at(-1)?.n ?? 0);
    }
    this.#settle(pipeline.exec({ raiseOnError: false }), logged);
  }

  #transaction(tag: string): void {
    const logged = [this.#log("incr", `${tag}:counter`), this.#log("rpush", `${tag}:list`)];
    const transaction = this.#client.pipeline({ transaction: true });
    transaction.incr(`${tag}:counter`).rpush(`${tag}:list`, logged[1]?.n ?? 0);
    this.#settle(transaction.exec(), logged);
  }

  #log(op: "incr" | "rpush", key: string): Pending {
    const now = performance.now();
    const entry: Pending = { op, key, n: ++this.#next, outcome: "pending", start: now, end: now };
    this.log.push(entry);
    return entry;
  }

  #settle(values: Promise<readonly unknown[]>, logged: readonly Pending[]): void {
    const end = (value: unknown, entry: Pending): void => {
      entry.end = performance.now();
      if (value instanceof Error) {
        entry.outcome = value instanceof RedisError ? (value.outcome ?? "refused") : "refused";
        this.rejections.push(`${entry.op}: ${value.message}`);
      } else {
        entry.outcome = "acked";
        if (entry.op === "incr") entry.n = Number(value);
      }
    };
    const settled = values.then(
      (results) => {
        for (const [i, entry] of logged.entries()) end(results[i], entry);
      },
      (error: unknown) => {
        for (const entry of logged) end(error, entry);
      },
    );
    this.#settled.push(settled);
  }

  /** Stop, and return the violations found in the data. */
  async stop(): Promise<string[]> {
    this.#isStopped = true;
    await this.#end;
    await Promise.all(this.#settled);
    const data: Record<string, FinalData[string]> = {};
    for (const tag of this.#tags) {
      data[`${tag}:counter`] = Number(await this.#client.get(`${tag}:counter`));
      const list = await this.#client.lrange(`${tag}:list`, 0, -1);
      data[`${tag}:list`] = list.map(Number);
    }
    return violations(this.log, data);
  }
}

describe("pipelines and transactions on a cluster that changes", () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster({ primaries: 3, replicas: 3 });
  }, 60_000);
  afterAll(() => cluster.stop());

  const create = (): Client =>
    clusterClient(cluster.addresses.map(([host, port]) => ({ host, port })));

  it("are executed once and in order while slots move by hand, without a rejection", async () => {
    await using client = create();
    const tags = Array.from({ length: 12 }, (_, i) => `{moving:${i}}`);
    const load = new BatchLoad(client, tags);
    const { primaries } = cluster;
    for (let move = 0; move < 60; move++) {
      const slot = slotOf(tags[move % tags.length] ?? "");
      const owner = await cluster.ownerOf(slot);
      const next = primaries[(primaries.indexOf(owner) + 1) % primaries.length] ?? owner;
      await cluster.moveSlot(slot, next);
    }
    expect(await load.stop()).toEqual([]);
    expect(load.rejections).toEqual([]);
    expect(load.log.length).toBeGreaterThan(1000);
  }, 60_000);

  it("are executed once and in order while a slot is half moved", async () => {
    await using client = create();
    const tag = "{half}";
    const slot = slotOf(tag);
    await client.pipeline().set(`${tag}:a`, "1").set(`${tag}:b`, "2").exec();
    const owner = await cluster.ownerOf(slot);
    const next = cluster.primaries.find((node) => node !== owner) ?? owner;
    await cluster.beginMove(slot, next);
    // New keys are created at the destination, those that exist are still at the source.
    const load = new BatchLoad(client, [tag]);
    const values = client
      .pipeline()
      .get(`${tag}:a`)
      .mget(`${tag}:a`, `${tag}:new`)
      .set(`${tag}:new`, "3")
      .exec();
    await until(() => load.log.length > 60, { message: "no commands were sent" });
    await cluster.finishMove(slot);
    expect(await load.stop()).toEqual([]);
    expect(load.rejections).toEqual([]);
    expect((await values)[0]).toBe("1");
    expect(await client.get(`${tag}:new`)).toBe("3");
  }, 60_000);

  it("count to exactly 200 with transaction() while the slot moves", async () => {
    await using client = create();
    const key = "{watched}:counter";
    const increment = async (): Promise<void> => {
      for (let i = 0; i < 50; i++) {
        await client.transaction(async (watch) => {
          const value = Number(await watch.get(key));
          return watch.multi().set(key, value + 1);
        }, key);
      }
    };
    const increments = settleAll(Array.from({ length: 4 }, increment), 50_000);
    let isSettled = false;
    void increments.then(() => {
      isSettled = true;
    });
    while (!isSettled) {
      const owner = await cluster.ownerOf(slotOf(key));
      const next = cluster.primaries.find((node) => node !== owner) ?? owner;
      await cluster.moveSlot(slotOf(key), next);
      // On a busy machine every attempt would meet a move.
      const before = Number(await client.get(key));
      await until(async () => isSettled || Number(await client.get(key)) > before);
    }
    expect((await increments).filter(({ ok }) => !ok)).toEqual([]);
    expect(await client.get(key)).toBe("200");
  }, 60_000);

  it("are executed once and in order while a replica is promoted, without a rejection", async () => {
    await using client = create();
    const tags = Array.from({ length: 20 }, (_, i) => `{promoted:${i}}`);
    const load = new BatchLoad(client, tags);
    await until(() => load.log.length > 200, { message: "no commands were sent" });
    const primary = await cluster.ownerOf(slotOf(tags[0] ?? ""));
    expect(await cluster.failover(primary)).not.toBe(primary);
    expect(await load.stop()).toEqual([]);
    expect(load.rejections).toEqual([]);
  }, 60_000);

  it("run their scripts and functions on every node, also on nodes that do not have them", async () => {
    await using client = create();
    const add = client.registerScript<number>("return redis.call('INCRBY', KEYS[1], ARGV[1])");
    const library = client.registerLibrary(
      "#!lua name=cluster_pipeline\nredis.register_function('put', function(keys, args) return redis.call('SET', keys[1], args[1]) end)",
    );
    const put = library.function<string>("put");
    const keys = Array.from({ length: 9 }, (_, i) => `script:${i}`);
    const pipeline = client.pipeline();
    for (const key of keys) {
      put({ keys: [key], args: [40], client: pipeline });
      add({ keys: [key], args: [2], client: pipeline });
      pipeline.get(key);
    }
    const values = (await pipeline.exec()) as unknown[];
    expect(values).toEqual(
      keys.flatMap(() => [true, 42, "42"]).map((v) => (v === true ? "OK" : v)),
    );
    const transaction = client.pipeline({ transaction: true });
    const other = client.registerScript<number>(
      "return redis.call('INCRBY', KEYS[1], ARGV[1] * 2)",
    );
    other({ keys: ["script:0"], args: [1], client: transaction });
    expect(await transaction.exec()).toEqual([44]);
  });
});
