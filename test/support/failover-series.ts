/**
 * Owns a series of fail-overs under load, and the count of what they leave behind: promises that never
 * settle, connections on any server, handles and listeners in this process.
 */
import { inspect } from "node:util";
import { Sentinel } from "../../src/index.js";
import { watchLeaks } from "./leaks.js";
import { type Sentinels, startSentinels } from "./sentinels.js";
import type { RunningServer } from "./server.js";
import { until } from "./until.js";
import { type Fates, missingOn, WriteLoad } from "./write-load.js";

/** What a series did. */
export interface SeriesReport extends Fates {
  readonly lost: readonly string[];
  /** What was there while the load went on: after the first fail-over, and after the last. */
  readonly counts: readonly Counts[];
  /** Warnings of Node, such as of too many listeners. */
  readonly warnings: readonly Error[];
}

/** What a fail-over might leave more of. */
export interface Counts {
  /** Connections on each Sentinel, and on the other servers together. */
  readonly connections: readonly number[];
  /** Sockets in this process, also those that keep nothing alive. */
  readonly sockets: number;
  /** What the pool of the master's client holds. */
  readonly leased: string;
  /** Listeners on the process itself. */
  readonly listeners: number;
}

const NAME = "series";

async function connectionsOn(servers: Sentinels): Promise<number[]> {
  const all = [...servers.sentinels, servers.master, ...servers.replicas];
  const ours = async (server: RunningServer): Promise<number> =>
    (await server.clients()).filter(({ name }) => name === NAME).length;
  const counts = await Promise.all(all.map((one) => ours(one).catch(() => -1)));
  // Which server is the master changes; how many connections there are in all must not.
  return [
    ...counts.slice(0, servers.sentinels.length),
    sum(counts.slice(servers.sentinels.length)),
  ];
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

/** Both replicas have what the master has: only then may one of them take its place. */
async function inStep(servers: Sentinels): Promise<boolean> {
  const master = await servers.currentMaster();
  const info = await master.command("INFO", "replication").catch(() => "");
  return (String(info).match(/state=online/g) ?? []).length === servers.replicas.length;
}

/**
 * Fail over again and again while a client writes, another has subscribed and a third reads replicas.
 *
 * @param count - How many fail-overs.
 * @param rate - Writes per second.
 * @throws Error when something stays open afterwards, or a promise does not settle.
 */
export async function failOverSeries(count: number, rate: number): Promise<SeriesReport> {
  await using servers = await startSentinels();
  // So that a former master becomes a replica within a second or two.
  for (const one of servers.sentinels) {
    await one.command("SENTINEL", "DEBUG", "PUBLISH-PERIOD", 300, "INFO-PERIOD", 300);
  }
  const leaks = watchLeaks("/src/");
  const options = { clientName: NAME, sentinelOptions: { clientName: NAME } };
  const sentinel = new Sentinel(servers.addresses, options);
  const master = sentinel.masterFor(servers.name);
  const replica = sentinel.replicaFor(servers.name);
  const pubsub = master.pubsub({ ignoreSubscribeMessages: true });
  await pubsub.subscribe("news");
  const load = new WriteLoad(master, rate);
  const reading = { on: true, settled: 0 };
  const reader = readOn(() => replica.get("load:1"), reading);
  const counts: Counts[] = [];
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  process.on("warning", onWarning);
  for (let i = 0; i < count; i++) {
    await until(() => inStep(servers), { timeout: 60_000, message: "the replicas lag behind" });
    await load.progress(rate / 5);
    const now = await servers.failover();
    await load.progress(rate / 5);
    await until(async () => String(await now.command("PUBSUB", "NUMSUB", "news")) === "news,1", {
      timeout: 20_000,
      message: "the subscriber did not follow",
    });
    if (i !== 0 && i !== count - 1) continue;
    await until(() => inStep(servers), { timeout: 60_000, message: "the replicas lag behind" });
    await load.progress(rate / 5);
    counts.push({
      connections: await connectionsOn(servers),
      sockets: leaks.open().filter((one) => one.includes("TCPWRAP")).length,
      leased: /leased=\d+/.exec(inspect(master))?.[0] ?? "",
      listeners: sum(process.eventNames().map((name) => process.listenerCount(name))),
    });
  }
  const fates = await load.stop();
  reading.on = false;
  await reader;
  const lost = await missingOn(await servers.currentMaster(), fates.acknowledged);
  await pubsub.close();
  await Promise.all([master.close(), replica.close()]);
  await sentinel.close();
  await leaks.assertNone();
  process.off("warning", onWarning);
  return { ...fates, lost, counts, warnings };
}

/** Reads may fail while a replica changes its role, but each must settle. */
async function readOn(
  read: () => Promise<unknown>,
  state: { on: boolean; settled: number },
): Promise<void> {
  while (state.on) {
    await read().catch(() => undefined);
    state.settled++;
  }
}
