/**
 * Failures of the nodes of a cluster under load: primaries that crash or freeze, and nodes that all have new
 * addresses. Every command settles, with the outcome that the data confirms; other nodes are not affected.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { keySlot } from "../../src/commands/core/key-slot.js";
import { Redis, RedisCluster } from "../../src/index.js";
import type { TestCluster, TestClusterNode } from "../../src/testing/index.js";
import { startCluster } from "../support/cluster.js";
import { ClusterLoad, reportNumbers } from "../support/cluster-load.js";
import { startProxy } from "../support/fault-proxy.js";
import { settleAll } from "../support/settle.js";
import { until } from "../support/until.js";

const SOCKET_TIMEOUT = 2_000;
/** Limit of the time from a promotion to the first write, in ms. An idle machine needs less than 800. */
const RECOVERY_MS = 3_000;
/** ms of load before a failure, which the latencies are compared with. */
const BASELINE_MS = 1_000;
/** ms; pauses of a busy machine. A command that waits for a fail-over takes more than 1,000 ms. */
const PAUSE_MS = 500;
/** Writes that a primary may acknowledge before it has sent them to its replica. */
const MAY_LOSE = 200;

/** Clients of one process during a fail-over; `REDISWIRE_CLUSTER_CLIENTS=200` for the release notes. */
const CLIENTS = Number(process.env.REDISWIRE_CLUSTER_CLIENTS ?? 50);
/** CLUSTER SLOTS calls: with pauses of 50 to 500 ms over a fail-over of about three seconds. */
const CALLS_PER_CLIENT = 16;

const TAGS = Array.from({ length: 30 }, (_, i) => `{failure:${i}}`);

const slotOf = (tag: string): number => keySlot(tag, "utf8");

/** A cluster whose shards do not depend on each other. */
function startShards(): Promise<TestCluster> {
  const config = { "cluster-require-full-coverage": "no" };
  return startCluster({ primaries: 3, replicas: 3, config });
}

/** Divide tags into those of a node and others. */
async function divideTags(servers: TestCluster, node: TestClusterNode) {
  const own: string[] = [];
  const others: string[] = [];
  for (const tag of TAGS) {
    const isOwn = (await servers.ownerOf(slotOf(tag))) === node;
    (isOwn ? own : others).push(tag);
  }
  return { own, others };
}

/** Wait until one of the replicas is a primary; return the time. */
async function promotionTime(replicas: readonly TestClusterNode[]): Promise<number> {
  const clients = replicas.map(({ host, port }) => new Redis(host, port));
  try {
    const isPromoted = async (): Promise<boolean> => {
      const roles = await Promise.all(clients.map((client) => client.role()));
      return roles.some(({ role }) => role === "master");
    };
    await until(isPromoted, { timeout: 20_000, message: "no replica was promoted" });
    return performance.now();
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
}

interface Failure {
  readonly load: ClusterLoad;
  readonly own: readonly string[];
  readonly others: readonly string[];
  /** Times in ms of `performance.now()`. */
  readonly failed: number;
  readonly promoted: number;
  readonly recovered: number;
}

/** Put load on all shards, let one primary fail, and wait until its shard serves writes again. */
async function failUnderLoad(
  servers: TestCluster,
  client: RedisCluster,
  fail: (node: TestClusterNode) => void,
): Promise<Failure> {
  const node = await servers.ownerOf(slotOf(TAGS[0] ?? ""));
  const { own, others } = await divideTags(servers, node);
  await Promise.all(TAGS.map((tag) => client.get(tag)));
  const load = new ClusterLoad(client, TAGS);
  await sleep(BASELINE_MS);
  const failed = performance.now();
  fail(node);
  const promoted = await promotionTime(servers.replicas);
  const isBack = () =>
    load.select({ tags: own, from: failed }).find(({ outcome }) => outcome === "acked");
  await until(isBack, { timeout: 20_000, message: "no write was acknowledged" });
  const recovered = performance.now();
  await sleep(BASELINE_MS);
  await load.stop();
  return { load, own, others, failed, promoted, recovered };
}

/** Numbers of a failure, for the report and for assertions. */
function numbersOf({ load, own, others, failed, promoted, recovered }: Failure) {
  const outcomes: Record<string, number> = {};
  for (const { operation, error } of load.rejections) {
    const kind = `${error.name} ${operation.outcome}`;
    outcomes[kind] = (outcomes[kind] ?? 0) + 1;
  }
  return {
    promotion: Math.round(promoted - failed),
    recovery: Math.round(recovered - promoted),
    outcomes,
    longest: load.summary().max,
    own: load.summary({ tags: own, from: failed }),
    othersBefore: load.summary({ tags: others, to: failed, isAlone: true }),
    othersAfter: load.summary({ tags: others, from: failed, to: recovered, isAlone: true }),
  };
}

/** Messages of the commands that were rejected although their shard did not fail. */
function rejectedElsewhere({ load, others }: Failure): string[] {
  return load.rejections
    .filter(({ operation }) => others.some((tag) => operation.key.startsWith(tag)))
    .map(({ error }) => error.message);
}

async function resetStatistics(nodes: readonly TestClusterNode[]): Promise<void> {
  for (const { host, port } of nodes) {
    await using redis = new Redis(host, port);
    await redis.configResetstat();
  }
}

/** Return the number of CLUSTER SLOTS calls and of connections of this client name at a node. */
async function usageOf({ host, port }: TestClusterNode, name: string) {
  await using redis = new Redis(host, port);
  const stats = await redis.info("commandstats");
  const { calls = 0 } = Object(stats["cmdstat_cluster|slots"]) as { calls?: number };
  const connections = await redis.clientList();
  return { calls, connections: connections.filter((one) => one.name === name).length };
}

/** Increment keys in turn until stopped; failed commands are counted. */
class SmallLoad {
  readonly acked = new Set<string>();
  failed = 0;
  readonly #client: RedisCluster;
  readonly #timer: NodeJS.Timeout;
  #next = Math.floor(Math.random() * TAGS.length);

  constructor(client: RedisCluster, interval: number) {
    this.#client = client;
    this.#timer = setInterval(() => this.#send(), interval);
  }

  #send(): void {
    const tag = TAGS[this.#next++ % TAGS.length] ?? "";
    this.#client.incr(`${tag}:crowd`).then(
      () => this.acked.add(tag),
      () => this.failed++,
    );
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#client.close();
  }
}

describe("RedisCluster", () => {
  const options = ({ addresses }: TestCluster) => ({
    startupNodes: addresses,
    socketTimeout: SOCKET_TIMEOUT,
  });

  it("settles every command with its outcome when a primary is killed, and writes go on", async () => {
    await using servers = await startShards();
    await using client = new RedisCluster(options(servers));
    const failure = await failUnderLoad(servers, client, (node) => node.kill("SIGKILL"));
    const numbers = numbersOf(failure);
    const { load } = failure;
    const found = await load.violations({ mayLose: MAY_LOSE });
    reportNumbers("SIGKILL", { ...numbers, violations: found });
    expect(found).toEqual([]);
    expect(rejectedElsewhere(failure)).toEqual([]);
    expect(load.rejections.filter(({ operation }) => operation.outcome === "refused")).toEqual([]);
    expect(numbers.recovery).toBeLessThan(RECOVERY_MS);
    expect(numbers.othersAfter.p99).toBeLessThan(numbers.othersBefore.p99 + PAUSE_MS);
  }, 60_000);

  it("settles every command with its outcome when a primary freezes, and writes go on", async () => {
    await using servers = await startShards();
    await using client = new RedisCluster(options(servers));
    let frozen: TestClusterNode | undefined;
    const failure = await failUnderLoad(servers, client, (node) => {
      frozen = node;
      node.pause();
    });
    frozen?.resume();
    const numbers = numbersOf(failure);
    const { load } = failure;
    const found = await load.violations({ mayLose: MAY_LOSE });
    reportNumbers("SIGSTOP", { ...numbers, violations: found });
    expect(found).toEqual([]);
    expect(rejectedElsewhere(failure)).toEqual([]);
    expect(load.rejections.filter(({ operation }) => operation.outcome === "refused")).toEqual([]);
    expect(numbers.recovery).toBeLessThan(SOCKET_TIMEOUT + RECOVERY_MS);
    expect(numbers.othersAfter.p99).toBeLessThan(numbers.othersBefore.p99 + PAUSE_MS);
  }, 60_000);

  it("finds the nodes by the name of its startup node when all of them are restarted at new addresses", async () => {
    await using servers = await startCluster({ primaries: 3, replicas: 3 });
    const before = servers.nodes.map(({ port }) => port);
    await using seed = await startProxy(servers.nodes[0] as TestClusterNode);
    await using client = new RedisCluster("localhost", seed.port);
    const keys = TAGS.map((tag) => `${tag}:address`);
    const increments = () => keys.map((key) => client.incr(key));
    expect(await Promise.all(increments())).toEqual(keys.map(() => 1));
    const moving = servers.relocate();
    const meanwhile = settleAll(increments(), 20_000);
    await moving;
    seed.redirect(servers.nodes[4] as TestClusterNode);
    const start = performance.now();
    const replies = await settleAll(increments(), 10_000);
    const ms = Math.round(performance.now() - start);
    const early = (await meanwhile).filter(({ ok }) => ok).length;
    reportNumbers("new addresses", { ms, early });
    // The nodes are empty; what was issued while they were down is executed at most once.
    const values = replies.map((reply) => (reply.ok ? Number(reply.value) : reply.error));
    expect(values.filter((value) => value !== 1 && value !== 2)).toEqual([]);
    expect(servers.nodes.filter(({ port }) => before.includes(port))).toEqual([]);
    expect(String(client)).toBe("RedisCluster<nodes=6>");
  }, 60_000);

  it("asks for the slots a few times per client when many clients lose a primary", async () => {
    await using servers = await startShards();
    const name = "crowd";
    const crowd = Array.from({ length: CLIENTS }, () => {
      const client = new RedisCluster({ ...options(servers), clientName: name });
      return new SmallLoad(client, CLIENTS);
    });
    const node = await servers.ownerOf(slotOf(TAGS[0] ?? ""));
    const { own } = await divideTags(servers, node);
    const others = servers.nodes.filter((other) => other !== node);
    const areServed = () => crowd.every(({ acked }) => TAGS.every((tag) => acked.has(tag)));
    await until(areServed, { timeout: 30_000, message: "not every client reached all shards" });
    await resetStatistics(servers.nodes);
    const failed = performance.now();
    node.kill("SIGKILL");
    const promoted = await promotionTime(servers.replicas);
    for (const { acked } of crowd) acked.clear();
    const areBack = () => crowd.every(({ acked }) => own.some((tag) => acked.has(tag)));
    await until(areBack, { timeout: 30_000, message: "a client does not recover" });
    const recovered = performance.now();
    const usage = await Promise.all(others.map((other) => usageOf(other, name)));
    await Promise.all(crowd.map((load) => load.stop()));
    const calls = usage.map((one) => one.calls);
    const connections = usage.map((one) => one.connections);
    const total = calls.reduce((sum, count) => sum + count, 0);
    const times = { promotion: promoted - failed, recovery: recovered - promoted };
    const failures = crowd.reduce((sum, one) => sum + one.failed, 0);
    reportNumbers("crowd", { clients: CLIENTS, ...times, calls, connections, failures });
    expect(total).toBeLessThanOrEqual(CLIENTS * CALLS_PER_CLIENT);
    expect(Math.max(...calls)).toBeLessThan(total * 0.6);
    for (const count of connections) expect(count).toBeLessThanOrEqual(CLIENTS);
  }, 60_000);
});
