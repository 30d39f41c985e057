/**
 * A soak of a cluster client: rounds of load, activities and subscribers under random faults. Each round ends without
 * faults: every façade succeeds again, then nothing may fail, and the log is compared with the data. Between rounds
 * memory, sockets and timers are counted.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { RedisCluster } from "../../src/index.js";
import { ClusterActivities, STILL } from "./cluster-activities.js";
import { countLost, violations } from "./cluster-checker.js";
import { LOSSES } from "./cluster-fault-plan.js";
import { type FaultCounts, FaultDriver } from "./cluster-faults.js";
import { ClusterLoad, reportNumbers } from "./cluster-load.js";
import { ClusterSubscriber, type MessageCounts } from "./cluster-subscriber.js";
import { IDLE_MS, measureUsage, type Usage } from "./cluster-usage.js";
import { watchLeaks } from "./leaks.js";
import { ProxiedCluster } from "./proxied-cluster.js";
import { Random } from "./random.js";
import { until } from "./until.js";

const NAME = "soak";
/** Commands per second: six servers and the proxies share two cores with the client. */
const RATE = 300;
const TAGS = 24;
// Limits are about three times what 27 minutes with 160 crashes and freezes have shown, on two busy cores.
/** Acknowledged writes that one crash or freeze of a primary may lose; measured at most 398 in a round with three. */
const MAY_LOSE = 1_000;
/** Longest time from issue to settlement in ms; measured 5,600, a little more than `socketTimeout`. */
const LONGEST_COMMAND = 15_000;
/** Times that every façade must succeed after the faults of a round. */
const SUCCESSES = 3;
/** Longest time in ms until then; measured 6,100. */
const RECOVERY_MS = 20_000;
/** ms without faults, in which nothing may fail. */
const CALM_MS = 1_000;

/** Options of a soak. */
export interface SoakOptions {
  readonly seed: number;
  /** ms; rounds are added until it has passed, at least two: one without and one with losses. */
  readonly duration: number;
  /** ms of faults in one round. */
  readonly round: number;
  /** Ends the soak, which then rejects: that of a test whose time has passed. */
  readonly signal: AbortSignal;
  /** Called when the faults of a round have begun. */
  readonly onFaults?: () => void;
}

/** Totals of a soak. */
export interface SoakReport {
  rounds: number;
  operations: number;
  acked: number;
  /** Acknowledged writes that were lost with a primary, and what followed from that in activities. */
  readonly lost: { writes: number; others: number };
  /** ms; longest command, longest step of an activity, longest time until all façades have succeeded again. */
  readonly longest: { command: number; step: number; recovery: number };
  readonly faults: FaultCounts;
  /** Successes by façade. */
  readonly done: Record<string, number>;
  /** Rejections by façade, code and outcome. */
  readonly errors: Record<string, number>;
  readonly messages: MessageCounts;
  readonly usage: Usage[];
  /** What cannot be, by round. The soak goes on: other rounds may show more. */
  readonly violations: string[];
}

interface Parts {
  readonly cluster: ProxiedCluster;
  readonly client: RedisCluster;
  readonly publisher: RedisCluster;
  readonly random: Random;
  readonly report: SoakReport;
  readonly options: SoakOptions;
}

/**
 * Run a soak.
 *
 * @returns Totals, with the violations that were found.
 * @throws Error with the seed, when a façade does not recover, a promise stays pending, or something stays open.
 * Nothing is left running then.
 */
export async function soakCluster(options: SoakOptions): Promise<SoakReport> {
  reportNumbers("soak", { seed: options.seed });
  try {
    return await soak(options);
  } catch (error) {
    throw new Error(`soak with seed ${options.seed}: ${error}`, { cause: error });
  }
}

async function soak(options: SoakOptions): Promise<SoakReport> {
  await using cluster = await ProxiedCluster.start();
  const leaks = watchLeaks("/src/");
  const client = new RedisCluster({
    ...cluster.clientOptions,
    clientName: NAME,
    idleTimeout: IDLE_MS,
  }) as RedisCluster;
  const publisher = new RedisCluster({ startupNodes: cluster.servers.addresses }) as RedisCluster;
  const report = emptyReport();
  const random = new Random(options.seed);
  const parts: Parts = { cluster, client, publisher, random, report, options };
  try {
    const start = performance.now();
    while (performance.now() - start < options.duration || report.rounds < 2) {
      await runRound(parts);
      const usage = await measureUsage(cluster, NAME, leaks);
      report.usage.push(usage);
      const seconds = Math.round((performance.now() - start) / 1000);
      reportNumbers("soak", { seconds, ...report, usage, violations: report.violations.length });
    }
    await Promise.all([client.close(), publisher.close()]);
    await leaks.assertNone();
    return report;
  } finally {
    client.disconnect();
    publisher.disconnect();
    leaks.stop();
  }
}

function emptyReport(): SoakReport {
  return {
    rounds: 0,
    operations: 0,
    acked: 0,
    lost: { writes: 0, others: 0 },
    longest: { command: 0, step: 0, recovery: 0 },
    faults: {},
    done: {},
    errors: {},
    messages: {
      published: 0,
      received: 0,
      missing: 0,
      gaps: 0,
      overtaken: 0,
      repeated: 0,
      events: 0,
      repeatedEvents: 0,
    },
    usage: [],
    violations: [],
  };
}

/** Wait; reject with the reason of the signal when the soak is ended meanwhile. */
async function pause(ms: number, { signal }: SoakOptions): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}

/** What runs during a round. */
interface Round {
  readonly prefix: string;
  readonly load: ClusterLoad;
  readonly activities: ClusterActivities;
  readonly subscriber: ClusterSubscriber;
  readonly driver: FaultDriver;
}

/** Run all façades under faults, then check what they did. */
async function runRound(parts: Parts): Promise<void> {
  const { cluster, client, publisher, report, options } = parts;
  const number = ++report.rounds;
  const isLossy = number % 2 === 0;
  const random = parts.random.derive(`round ${number}`);
  const prefix = `round:${number}:`;
  const tags = Array.from({ length: TAGS }, (_, i) => `{${prefix}${i}}`);
  await client.flushall();
  await Promise.all(Array.from({ length: STILL }, (_, i) => client.set(`still:${i}`, i)));
  await using subscriber = new ClusterSubscriber(client, publisher, prefix);
  await subscriber.start();
  await using activities = new ClusterActivities(client, {
    random: random.derive("activities"),
    prefix,
    isLossy,
  });
  await using load = new ClusterLoad(client, tags, RATE);
  await using driver = new FaultDriver(cluster, { random: random.derive("faults"), tags, isLossy });
  const round: Round = { prefix, load, activities, subscriber, driver };
  try {
    options.onFaults?.();
    await Promise.race([pause(options.round, options), driver.failed]);
    await driver.stop();
    await recover(parts, round);
    await calm(parts, round);
    await check(parts, round);
  } catch (error) {
    // Settles everything, so that all parts can be stopped.
    client.disconnect();
    throw new Error(`round ${number}: ${error}\n${driver.history.join("\n")}`, { cause: error });
  }
}

/** Wait until every façade has succeeded again. */
async function recover({ report, options }: Parts, round: Round): Promise<void> {
  const { load, activities, subscriber } = round;
  const progress = (): Record<string, number> => ({
    ...load.done,
    ...activities.done,
    ...subscriber.progress,
  });
  const start = performance.now();
  const before = progress();
  const behind = (): string[] =>
    Object.entries(progress())
      .filter(([name, count]) => count < (before[name] ?? 0) + SUCCESSES)
      .map(([name]) => name);
  const hasRecovered = (): boolean => {
    options.signal.throwIfAborted();
    return behind().length === 0;
  };
  const message = () => `after the faults do not succeed: ${behind()}`;
  await until(hasRecovered, { timeout: RECOVERY_MS, message });
  const { longest } = report;
  longest.recovery = Math.round(Math.max(longest.recovery, performance.now() - start));
}

/** Go on without faults, stop, and add to the violations what has failed meanwhile. */
async function calm({ options }: Parts, { load, activities, subscriber }: Round): Promise<void> {
  const start = performance.now();
  activities.calmSince = start;
  subscriber.beginCalm();
  await pause(CALM_MS, options);
  await Promise.all([load.stop(), activities.stop(), subscriber.stop()]);
  for (const { operation, error } of load.rejections)
    if (operation.start >= start)
      activities.violations.push(`${operation.op} failed without a fault: ${error}`);
}

async function check(parts: Parts, round: Round): Promise<void> {
  const { load, activities, subscriber, driver } = round;
  const losses = LOSSES.reduce((sum, name) => sum + (driver.counts[name] ?? 0), 0);
  const limits = { within: LONGEST_COMMAND, mayLose: losses * MAY_LOSE };
  const messages = subscriber.check();
  const data = { ...(await load.data()), ...(await countersOf(parts.client, activities)) };
  const log = [...load.log, ...activities.log];
  const found = [
    ...violations(log, data, limits),
    ...activities.violations,
    ...messages.violations,
  ];
  if (activities.losses.length > limits.mayLose) found.push(...activities.losses);
  addUp(parts.report, round, messages.counts);
  parts.report.lost.writes += countLost(log, data);
  parts.report.lost.others += activities.losses.length;
  if (found.length === 0) return;
  const shown = found
    .slice(0, 20)
    .flatMap((one) => [one, ...surroundings(one, load, driver.start)]);
  const text = [`round ${parts.report.rounds}: ${found.length} violations`, ...shown].join("\n");
  process.stderr.write(`soak: ${text}\n${driver.history.join("\n")}\n`);
  parts.report.violations.push(text);
}

/** The operations around one that arrived too late, with times in ms since the begin of the faults. */
function surroundings(violation: string, { log }: ClusterLoad, start: number): string[] {
  const [, key, late, early] = /^(\S+): (\d+) comes after (\d+)/.exec(violation) ?? [];
  const time = (at: number): number => Math.round(at - start);
  return log
    .filter((one) => one.key === key && one.n >= Number(late) && one.n <= Number(early))
    .map((one) => `  ${one.op} ${one.n} ${one.outcome} ${time(one.start)} to ${time(one.end)}`);
}

async function countersOf(client: RedisCluster, { counters }: ClusterActivities) {
  const values = await Promise.all(
    counters.map(async (key) => [key, Number(await client.get(key))]),
  );
  return Object.fromEntries(values) as Record<string, number>;
}

function addUp(report: SoakReport, round: Round, messages: MessageCounts): void {
  const { load, activities, driver } = round;
  const { operations, acked, max } = load.summary();
  report.operations += operations;
  report.acked += acked;
  const { longest } = report;
  longest.command = Math.round(Math.max(longest.command, max));
  longest.step = Math.round(Math.max(longest.step, activities.longest));
  addTo(report.faults, driver.counts);
  addTo(report.done, load.done);
  addTo(report.done, activities.done);
  addTo(report.errors, activities.errors);
  for (const { error } of load.rejections)
    addTo(report.errors, { [`load ${Object(error).code} ${Object(error).outcome}`]: 1 });
  addTo(report.messages as unknown as Record<string, number>, { ...messages });
}

function addTo(sums: Record<string, number>, counts: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count;
}
