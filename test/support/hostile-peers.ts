/**
 * Clients in a process of their own against lying servers, nodes of clusters and Sentinels, and what that process
 * reports at its end. A crash, a promise that never settles, and the use of memory, files and the event loop can be
 * observed from outside only.
 */
import { startChild } from "./child-process.js";
import { lyingServer } from "./lying-server.js";
import type { Random } from "./random.js";

/** What the client process measured. */
export interface HostileReport {
  /** Calls that resolved. */
  readonly resolved: number;
  /** Calls that rejected with an error of the library. */
  readonly rejected: number;
  /** Other errors, as text. */
  readonly foreign: readonly string[];
  /** Calls that were pending two seconds after the end. */
  readonly pending: readonly string[];
  /** ms of CPU time, the longest block of the event loop. */
  readonly block: number;
  /** MB above the memory at the start. */
  readonly memory: number;
  /** The most open files at any time. */
  readonly files: number;
  /** How many times slower than an idle machine this one is now; at least 1. */
  readonly slowness: number;
}

/** Body of the client program; \`args\` holds \`ports\` and \`duration\`. */
const PROGRAM = `
import { readdirSync } from "node:fs";
const { Redis, RedisCluster, Sentinel, RedisError, Retry, NoBackoff } = rediswire;
const { ports, duration } = args;

// A fixed piece of work takes 40 ms of CPU time on the idle machine that the limits were chosen on.
const calibrate = () => {
  const start = process.cpuUsage();
  let text = "";
  for (let i = 0; i < 600_000; i++) text = String(i) + text.slice(0, 20);
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000 / 40;
};
const slowness = Math.max(1, calibrate(), calibrate());

const report = { resolved: 0, rejected: 0, foreign: [], pending: [], block: 0, memory: 0, files: 0, slowness };
const base = process.memoryUsage().rss;
let last = performance.now();
let cpu = process.cpuUsage();
const watch = setInterval(() => {
  const now = performance.now();
  const used = process.cpuUsage(cpu);
  // A process that does not get a processor is not blocked by its own work.
  const block = Math.min(now - last - 10, (used.user + used.system) / 1000);
  report.block = Math.max(report.block, block);
  last = now;
  cpu = process.cpuUsage();
}, 10);
const sample = setInterval(() => {
  report.memory = Math.max(report.memory, (process.memoryUsage().rss - base) / 1e6);
  report.files = Math.max(report.files, readdirSync("/proc/self/fd").length);
}, 50);

const pending = new Map();
const track = (name, promise) => {
  const key = Symbol(name);
  pending.set(key, name);
  const done = () => pending.delete(key);
  return promise.then(
    () => { done(); report.resolved++; },
    (error) => {
      done();
      if (error instanceof RedisError) report.rejected++;
      else if (report.foreign.length < 5) report.foreign.push(name + ": " + String(error?.stack ?? error));
      if (error instanceof RedisError && error.message.length > 6000) report.foreign.push(name + ": a message of " + error.message.length);
    },
  );
};

const limits = { socketTimeout: 300, socketConnectTimeout: 300, maxBulkLength: 1e6, maxElements: 1e5 };
const at = (i) => ports[i % ports.length];
const sentinel = new Sentinel(ports.slice(0, 2).map((port) => ["127.0.0.1", port]), limits);
const clients = [
  sentinel.masterFor("mymaster"),
  sentinel.replicaFor("mymaster"),
  new Redis("127.0.0.1", at(2), limits),
  new Redis("127.0.0.1", at(0), { ...limits, protocol: 3 }),
];
const CALLS = {
  get: (redis) => redis.get("a"),
  mget: (redis) => redis.mget("a", "b"),
  hgetall: (redis) => redis.hgetall("h"),
  info: (redis) => redis.info(),
  xrange: (redis) => redis.xrange("s", "-", "+"),
  zrange: (redis) => redis.zrange("z", 0, -1, { withScores: true }),
  masters: (redis) => redis.sentinelMasters(),
  role: (redis) => redis.role(),
  clientList: (redis) => redis.clientList(),
  slowlog: (redis) => redis.slowlogGet(),
  transaction: (redis) => redis.pipeline().get("a").incr("b").exec(),
  batch: (redis) => redis.pipeline({ transaction: false }).get("a").llen("b").exec(),
  blocking: (redis) => redis.blpop("l", 0.05),
  dedicated: async (redis) => { const own = redis.client(); try { return await own.get("a"); } finally { await own.close(); } },
};
const clusters = [
  new RedisCluster("127.0.0.1", at(0), { ...limits, startupNodes: ports.map((port) => ["127.0.0.1", port]) }),
  new RedisCluster("127.0.0.1", at(1), { ...limits, requireFullCoverage: false, loadBalancingStrategy: "round_robin" }),
];
let counter = 0;
const CLUSTER_CALLS = {
  get: (cluster) => cluster.get("k" + counter++),
  incr: (cluster) => cluster.incr("k" + counter++),
  mget: (cluster) => cluster.mgetNonatomic(...Array.from({ length: 50 }, () => "k" + counter++)),
  dbsize: (cluster) => cluster.dbsize(),
  batch: (cluster) => cluster.pipeline({ transaction: false }).get("k" + counter++).incr("k" + counter++).exec(),
  transaction: (cluster) => cluster.pipeline({ transaction: true }).get("{t}a").incr("{t}b").exec(),
  blocking: (cluster) => cluster.blpop("k" + counter++, 0.05),
  pinged: (cluster) => cluster.with({ targetNodes: "all" }).ping(),
  scanned: async (cluster) => { for await (const _ of cluster.scanIter()) break; },
  sharded: async (cluster) => {
    const pubsub = cluster.pubsub({ onError: () => {} });
    try { await pubsub.ssubscribe({ ["c" + counter++]: () => {} }); } finally { await pubsub.close(); }
  },
  dedicated: async (cluster) => { const own = cluster.client("k" + counter++); try { return await own.get("k"); } finally { await own.close(); } },
};
const subscriptions = clients.map((redis) => redis.pubsub({ onError: () => {} }));
const monitors = clients.map((redis) => redis.monitor());
const end = performance.now() + duration;
const run = async (redis, offset, calls = CALLS) => {
  const names = Object.keys(calls);
  for (let i = offset; performance.now() < end; i++) {
    const name = names[i % names.length];
    await track(name, calls[name](redis));
    await new Promise(setImmediate);
  }
};
const subscribe = async (pubsub) => {
  while (performance.now() < end) {
    await track("subscribe", pubsub.subscribe({ news: () => {} }));
    await track("unsubscribe", pubsub.unsubscribe());
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};
const discover = async () => {
  while (performance.now() < end) {
    await track("discoverMaster", sentinel.discoverMaster("mymaster"));
    await track("discoverReplicas", sentinel.discoverReplicas("mymaster"));
    await track("sentinelMasters", sentinel.sentinelMasters());
  }
};
const watchCommands = async (monitor) => {
  while (performance.now() < end) {
    await Promise.race([track("monitor", monitor.nextCommand()), new Promise((resolve) => setTimeout(resolve, 100))]);
    await monitor.close();
  }
};
await Promise.all([
  ...clients.flatMap((redis) => [0, 3, 7].map((offset) => run(redis, offset))),
  ...clusters.flatMap((cluster) => [0, 3, 7].map((offset) => run(cluster, offset, CLUSTER_CALLS))),
  ...subscriptions.map(subscribe),
  ...monitors.map(watchCommands),
  discover(),
]);
for (const pubsub of subscriptions) track("close of a subscriber", pubsub.close());
for (const redis of clients) redis.disconnect();
for (const redis of [...clients, ...clusters]) track("close of a client", redis.close());
track("close of the Sentinel", sentinel.close());
for (let i = 0; i < 100 && pending.size !== 0; i++) await new Promise((resolve) => setTimeout(resolve, 20));
report.pending.push(...pending.values());
clearInterval(watch);
clearInterval(sample);
console.log("REPORT " + JSON.stringify(report));
process.exit(0);
`;

/**
 * Run one client process against three liars.
 *
 * @param duration - ms of commands.
 * @returns What it reports, and how it ended.
 */
export async function runHostilePeers(dice: Random, duration: number) {
  const servers: Awaited<ReturnType<typeof lyingServer>>[] = [];
  const ports = (): number[] => servers.map(({ port }) => port);
  try {
    for (let i = 0; i < 3; i++) servers.push(await lyingServer(dice, ports));
    const child = await startChild(PROGRAM, { ports: ports(), duration });
    const { code, output } = await child.ended();
    const json = /^REPORT (.*)$/m.exec(output)?.[1];
    return {
      code,
      output,
      report: json === undefined ? undefined : (JSON.parse(json) as HostileReport),
    };
  } finally {
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
  }
}
