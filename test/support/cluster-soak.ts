/**
 * A soak of a cluster client: rounds of load, activities and subscribers under random faults. After each round the
 * faults end, the log is compared with the data, and memory, sockets and timers are counted.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect } from "vitest";
import { RedisCluster } from "../../src/index.js";
import { ClusterActivities, STILL } from "./cluster-activities.js";
import { violations } from "./cluster-checker.js";
import { type FaultCounts, FaultDriver, LOSSY, ProxiedCluster } from "./cluster-faults.js";
import { ClusterLoad, reportNumbers } from "./cluster-load.js";
import { ClusterSubscriber, directClient, type MessageCounts } from "./cluster-subscriber.js";
import { type LeakWatch, watchLeaks } from "./leaks.js";
import { Random } from "./random.js";
import { until } from "./until.js";

const NAME = "soak";
/** Commands per second: six servers and the proxies share two cores with the client. */
const RATE = 300;
const TAGS = 24;
/** Acknowledged writes that one crash or freeze of a primary may lose. */
const MAY_LOSE = 300;
/** Longest time from issue to settlement in ms: 5 s for a reply, after waits and redirects of the same length. */
const LONGEST_COMMAND = 30_000;
/** ms in which idle leased connections are closed. */
const IDLE_MS = 500;
const SETTLE_MS = 30_000;

/** Options of a soak. */
export interface SoakOptions {
  readonly seed: number;
  /** ms. */
  readonly duration: number;
  /** ms; length of a round. */
  readonly round: number;
  /** ms after which memory, sockets and timers must not grow. */
  readonly warmUp: number;
  /** Most growth of the heap in bytes. */
  readonly growth: number;
}

/** What is open after a round. */
export interface Usage {
  /** Bytes. */
  readonly heap: number;
  /** Connections of the client at the nodes. */
  readonly connections: number;
  /** Sockets of the client, including unreferenced ones. */
  readonly sockets: number;
  /** Timers of the client, including unreferenced ones. */
  readonly timers: number;
  /** Resources of the process that keep it alive. */
  readonly resources: number;
}

/** Totals of a soak. */
export interface SoakReport {
  rounds: number;
  operations: number;
  acked: number;
  lost: number;
  readonly faults: FaultCounts;
  readonly done: Record<string, number>;
  readonly errors: Record<string, number>;
  readonly messages: MessageCounts;
  readonly usage: Usage[];
}

interface Parts {
  readonly cluster: ProxiedCluster;
  readonly client: RedisCluster;
  readonly publisher: RedisCluster;
  readonly random: Random;
  readonly report: SoakReport;
}

/**
 * Run a soak.
 *
 * @throws Error with the seed, when a value is impossible, a promise stays pending, or something grows.
 */
export async function soakCluster(options: SoakOptions): Promise<SoakReport> {
  try {
    return await soak(options);
  } catch (error) {
    throw new Error(`soak with seed ${options.seed}: ${error}`, { cause: error });
  }
}

async function soak({ seed, duration, round, warmUp, growth }: SoakOptions): Promise<SoakReport> {
  setFlagsFromString("--expose-gc");
  await using cluster = await ProxiedCluster.start();
  const leaks = watchLeaks("/src/");
  const client = new RedisCluster({
    ...cluster.clientOptions,
    clientName: NAME,
    idleTimeout: IDLE_MS,
  }) as RedisCluster;
  const publisher = directClient(RedisCluster, cluster);
  const report: SoakReport = {
    rounds: 0,
    operations: 0,
    acked: 0,
    lost: 0,
    faults: {},
    done: {},
    errors: {},
    messages: { published: 0, received: 0, missing: 0, gaps: 0, events: 0 },
    usage: [],
  };
  const parts: Parts = { cluster, client, publisher, random: new Random(seed), report };
  const start = performance.now();
  let base: Usage | undefined;
  while (performance.now() - start < duration || report.usage.length < 2) {
    await runRound(parts, round);
    report.usage.push(await usageOf(parts, leaks));
    if (performance.now() - start >= warmUp) base ??= report.usage.at(-1);
    reportNumbers("soak", {
      seconds: Math.round((performance.now() - start) / 1000),
      ...report,
      usage: report.usage.at(-1),
    });
  }
  expectFlat(report.usage, base ?? (report.usage[0] as Usage), growth);
  await Promise.all([client.close(), publisher.close()]);
  await leaks.assertNone();
  return report;
}

/** Run all façades under faults, then check what they did. */
async function runRound({ cluster, client, publisher, random, report }: Parts, ms: number) {
  const number = ++report.rounds;
  const isLossy = number % 2 === 0;
  const prefix = `round:${number}:`;
  const tags = Array.from({ length: TAGS }, (_, i) => `{${prefix}${i}}`);
  await client.flushall();
  await Promise.all(Array.from({ length: STILL }, (_, i) => client.set(`still:${i}`, i)));
  const subscriber = new ClusterSubscriber(client, publisher, prefix);
  await subscriber.start();
  const activities = new ClusterActivities(client, random, { prefix, isLossy });
  const load = new ClusterLoad(client, tags, RATE);
  const driver = new FaultDriver(cluster, random, { tags, isLossy });
  const end = performance.now() + ms;
  await until(() => performance.now() >= end, { timeout: ms + 1000, interval: 50 });
  await driver.stop();
  const settled = Promise.all([load.stop(), activities.stop(), subscriber.stop()]).then(() => true);
  let isSettled = false;
  settled.then(
    () => (isSettled = true),
    () => (isSettled = true),
  );
  await until(() => isSettled, { timeout: 2 * SETTLE_MS, message: "a promise is pending" });
  await settled;
  const losses = LOSSY.reduce((sum, name) => sum + (driver.counts[name] ?? 0), 0);
  const check = { within: LONGEST_COMMAND, mayLose: losses * MAY_LOSE };
  const found = await load.violations(check);
  found.push(...violations(activities.log, await countersOf(client, activities), check));
  found.push(...activities.violations, ...subscriber.violations);
  if (activities.losses.length > losses * MAY_LOSE) found.push(...activities.losses);
  addUp(report, { load, activities, subscriber, driver });
  if (found.length === 0) return;
  const shown = found.slice(0, 10).join("\n");
  throw new Error(
    `round ${number}: ${found.length} violations:\n${shown}\n${driver.history.join("\n")}`,
  );
}

async function countersOf(client: RedisCluster, { counters }: ClusterActivities) {
  const values = await Promise.all(
    counters.map(async (key) => [key, Number(await client.get(key))]),
  );
  return Object.fromEntries(values) as Record<string, number>;
}

interface Round {
  readonly load: ClusterLoad;
  readonly activities: ClusterActivities;
  readonly subscriber: ClusterSubscriber;
  readonly driver: FaultDriver;
}

function addUp(report: SoakReport, { load, activities, subscriber, driver }: Round): void {
  const { operations, acked } = load.summary();
  report.operations += operations;
  report.acked += acked;
  report.lost += activities.losses.length;
  addTo(report.faults, driver.counts);
  addTo(report.done, activities.done);
  addTo(report.errors, activities.errors);
  for (const { error } of load.rejections)
    addTo(report.errors, { [`load ${Object(error).code} ${Object(error).outcome}`]: 1 });
  addTo(report.messages as unknown as Record<string, number>, { ...subscriber.counts });
}

function addTo(sums: Record<string, number>, counts: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count;
}

/** Count what is open when nothing is in progress. */
async function usageOf({ cluster, client }: Parts, leaks: LeakWatch): Promise<Usage> {
  for (const proxy of cluster.proxies) proxy.forgetClosed();
  const open = (kind: string): number => leaks.open().filter((one) => one.startsWith(kind)).length;
  let connections = await cluster.connections(NAME);
  // Leased connections are closed when they have been idle for some time.
  let since = performance.now();
  await until(
    async () => {
      const now = await cluster.connections(NAME);
      if (now !== connections) since = performance.now();
      connections = now;
      return performance.now() - since > 3 * IDLE_MS;
    },
    { timeout: SETTLE_MS, interval: 100, message: "the number of connections changes" },
  );
  await client.ping();
  const collect = runInNewContext("gc") as () => void;
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return {
    heap: process.memoryUsage().heapUsed,
    connections,
    sockets: open("TCPWRAP"),
    timers: open("Timeout"),
    resources: process.getActiveResourcesInfo().length,
  };
}

/** Which nodes have connections depends on the last round: to each one for commands, one for reads. */
const NODES = 6;

function expectFlat(usage: readonly Usage[], base: Usage, growth: number): void {
  const last = usage.at(-1) as Usage;
  const message = JSON.stringify(usage);
  expect(last.heap - base.heap, message).toBeLessThan(growth);
  for (const kind of ["connections", "sockets", "timers"] as const)
    expect(last[kind], `${kind} ${message}`).toBeLessThanOrEqual(base[kind] + NODES);
  // The proxies have two sockets per connection.
  expect(last.resources, message).toBeLessThanOrEqual(base.resources + 3 * NODES);
}
