/** The cluster of the demo: six nodes, a slot that moves, and two fail-overs while a counter counts. */
import { setTimeout as sleep } from "node:timers/promises";
import { RedisCluster } from "../../src/index.js";
import { startCluster, type TestCluster } from "../../src/testing/index.js";
import { Counter, type CounterFigures } from "./counter.js";
import { printHeading, show, showError } from "./output.js";

const KEYS = 3000;
const COUNTER = "visits";
/** Time of counting before and after a change. */
const UNDISTURBED_MS = 300;

/** Show a cluster: its keys, and its changes under load. */
export async function clusterTour(): Promise<void> {
  printHeading("A cluster: three primaries and three replicas");
  console.log("Starting six private nodes ...");
  await using servers = await startCluster({ primaries: 3, replicas: 3 });
  await using cluster = new RedisCluster(servers.url);
  console.log(`const cluster = new RedisCluster("${servers.url}")`);
  await spreadKeys(cluster);
  const slot = cluster.keyslot(COUNTER);
  await underLoad(cluster, `slot ${slot} moves to another primary`, () => move(servers, slot));
  await underLoad(cluster, "its primary hands over to the replica", async () => {
    await servers.failover(await servers.ownerOf(slot));
  });
  await underLoad(cluster, "its primary is killed (SIGKILL)", async () => {
    (await servers.ownerOf(slot)).kill("SIGKILL");
    await cluster.with({ retryReads: true }).get(COUNTER); // waits for the replica that takes over
  });
}

async function spreadKeys(cluster: RedisCluster): Promise<void> {
  const users = new Map(Array.from({ length: KEYS }, (_, i) => [`user:${i}`, i]));
  await show(`cluster.msetNonatomic(${KEYS} users)`, cluster.msetNonatomic(users));
  await show("cluster.dbsize()", cluster.dbsize());
  await show(
    'cluster.with({ targetNodes: "primaries" }).dbsize()',
    cluster.with({ targetNodes: "primaries" }).dbsize(),
  );
  await show(
    'cluster.mgetNonatomic("user:1", "user:2", "user:3")',
    cluster.mgetNonatomic("user:1", "user:2", "user:3"),
  );
  await showError('cluster.mget("user:1", "user:2")', () => cluster.mget("user:1", "user:2"));
}

/** Print the figures of a counter that counts during a change. */
async function underLoad(
  cluster: RedisCluster,
  title: string,
  change: () => Promise<void>,
): Promise<void> {
  await cluster.del(COUNTER);
  printHeading(`cluster.incr("${COUNTER}") by 10 callers while ${title}`);
  const counter = new Counter(cluster, COUNTER);
  let figures: CounterFigures;
  try {
    await sleep(UNDISTURBED_MS);
    await change();
    await sleep(UNDISTURBED_MS);
  } finally {
    figures = await counter.finish();
  }
  const { counted, acknowledged, unknown, lost, surplus, longestPause } = figures;
  console.log(`   counted ${counted}, acknowledged ${acknowledged}, outcome unknown ${unknown}`);
  console.log(`   lost ${lost}, executed twice ${surplus}, longest pause ${longestPause} ms`);
}

async function move(servers: TestCluster, slot: number): Promise<void> {
  const owner = await servers.ownerOf(slot);
  const other = servers.primaries.find((node) => node !== owner);
  if (other !== undefined) await servers.moveSlot(slot, other);
}
