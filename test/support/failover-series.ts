/**
 * A series of failovers under load. It counts pending promises, connections on each server, and handles and
 * listeners in this process.
 */
import { inspect } from "node:util";
import { Sentinel } from "../../src/index.js";
import { watchLeaks } from "./leaks.js";
import { type Sentinels, startSentinels } from "./sentinels.js";
import type { RunningServer } from "./server.js";
import { until } from "./until.js";
import { missingOn, WriteLoad, type WriteResults } from "./write-load.js";

/** Results of a series. */
export interface SeriesReport extends WriteResults {
  readonly lost: readonly string[];
  /** Counts under load, after the first and after the last failover. */
  readonly counts: readonly Counts[];
  /** Warnings of Node, such as too many listeners. */
  readonly warnings: readonly Error[];
}

/** Counts that must not grow with failovers. */
export interface Counts {
  /** Connections on each Sentinel, and on all other servers together. */
  readonly connections: readonly number[];
  /** Sockets in this process, including unreferenced ones. */
  readonly sockets: number;
  /** Content of the pool of the master's client. */
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
  // The master changes; the total number of connections must not.
  return [
    ...counts.slice(0, servers.sentinels.length),
    sum(counts.slice(servers.sentinels.length)),
  ];
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

/** Whether both replicas are in sync with the master; only then can a replica be promoted. */
async function replicasInSync(servers: Sentinels): Promise<boolean> {
  const master = await servers.currentMaster();
  const info = await master.command("INFO", "replication").catch(() => "");
  return (String(info).match(/state=online/g) ?? []).length === servers.replicas.length;
}

/**
 * Fail over repeatedly while one client writes, one is subscribed and one reads from replicas.
 *
 * @param count - Number of failovers.
 * @param rate - Writes per second.
 * @throws Error when a resource stays open, or a promise does not settle.
 */
export async function failOverSeries(count: number, rate: number): Promise<SeriesReport> {
  await using servers = await startSentinels();
  // A former master then becomes a replica within two seconds.
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
    await until(() => replicasInSync(servers), {
      timeout: 60_000,
      message: "the replicas lag behind",
    });
    await load.progress(rate / 5);
    const now = await servers.failover();
    await load.progress(rate / 5);
    await until(async () => String(await now.command("PUBSUB", "NUMSUB", "news")) === "news,1", {
      timeout: 20_000,
      message: "the subscriber did not move to the new master",
    });
    if (i !== 0 && i !== count - 1) continue;
    await until(() => replicasInSync(servers), {
      timeout: 60_000,
      message: "the replicas lag behind",
    });
    await load.progress(rate / 5);
    counts.push({
      connections: await connectionsOn(servers),
      sockets: leaks.open().filter((one) => one.includes("TCPWRAP")).length,
      leased: /leased=\d+/.exec(inspect(master))?.[0] ?? "",
      listeners: sum(process.eventNames().map((name) => process.listenerCount(name))),
    });
  }
  const results = await load.stop();
  reading.on = false;
  await reader;
  const lost = await missingOn(await servers.currentMaster(), results.acknowledged);
  await pubsub.close();
  await Promise.all([master.close(), replica.close()]);
  await sentinel.close();
  await leaks.assertNone();
  process.off("warning", onWarning);
  return { ...results, lost, counts, warnings };
}

/** Read from replicas. A read may fail while a replica changes its role, but each must settle. */
async function readOn(
  read: () => Promise<unknown>,
  state: { on: boolean; settled: number },
): Promise<void> {
  while (state.on) {
    await read().catch(() => undefined);
    state.settled++;
  }
}
