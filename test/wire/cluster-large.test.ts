/**
 * A cluster client and a cluster of 1,000 primaries and as many replicas: to which nodes it connects, and that
 * neither connecting to all of them nor closing the connections holds up the event loop.
 */
import { tracingChannel } from "node:diagnostics_channel";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { keySlot } from "../../src/commands/core/key-slot.js";
import type { RedisError } from "../../src/errors.js";
import { clientOf, commandsOf, type RoutedCommands } from "../support/cluster-router.js";
import { OWN_LOOPBACK } from "../support/ports.js";
import {
  type ScriptedCluster,
  type ScriptedNode,
  scriptedCluster,
} from "../support/scripted-cluster.js";
import { until } from "../support/until.js";

const SHARDS = 1_000;
/** Number of primaries that restart at the same time. */
const WAVE = 100;
/** Views that a restart of ten waves may need: that of the new owners, and some that were too early. */
const MOST_VIEWS = 40;
/** Commands of 3,000 that may be rejected. */
const MOST_LOST = 30;
/** Twice the limit per turn: work may start at the end of one turn and at the beginning of the next. */
const MOST = 64;

let cluster: ScriptedCluster;
/** A key of each shard. */
let keys: string[];

beforeAll(async () => {
  cluster = await scriptedCluster(SHARDS, { replicas: SHARDS, host: OWN_LOOPBACK });
  keys = keysOfShards();
});
afterEach(() => until(() => openSockets() === 0, { message: "connections are left" }));
afterAll(() => cluster[Symbol.asyncDispose]());

function keysOfShards(): string[] {
  const found = new Map<ScriptedNode, string>();
  for (let i = 0; found.size < SHARDS; i++) {
    const key = `key:${i}`;
    const owner = cluster.owners[keySlot(key, "utf8")] as ScriptedNode;
    if (!found.has(owner)) found.set(owner, key);
  }
  return cluster.nodes.slice(0, SHARDS).map((node) => found.get(node) as string);
}

const nodesWithSockets = (): number => cluster.nodes.filter(({ open }) => open !== 0).length;

const openSockets = (): number => cluster.nodes.reduce((sum, { open }) => sum + open, 0);
const replicaOf = (node: ScriptedNode): ScriptedNode =>
  cluster.replicas.get(node)?.[0] as ScriptedNode;
const outcomeOf = (result: PromiseSettledResult<unknown>): unknown =>
  result.status === "rejected" ? (result.reason as RedisError).outcome : undefined;

async function refresh({ router }: RoutedCommands): Promise<void> {
  router.refresh();
  await router.nextView();
}

/** Count the connections that are being opened in this process, from now on. */
function countConnects() {
  const channel = tracingChannel("rediswire:connect");
  const counter = { count: 0, stop: () => channel.start.unsubscribe(onStart) };
  const onStart = (): void => {
    counter.count += 1;
  };
  channel.start.subscribe(onStart);
  return counter;
}

/** Return by how much a number increases in each turn of the event loop, until a promise has settled. */
async function increases(done: Promise<unknown>, read: () => number): Promise<number[]> {
  let isDone = false;
  const end = done.finally(() => {
    isDone = true;
  });
  const found: number[] = [];
  for (let before = read(); !isDone; ) {
    await nextTurn();
    const now = read();
    found.push(now - before);
    before = now;
  }
  await end;
  return found;
}

describe("a client of 1,000 primaries and 1,000 replicas", () => {
  it("connects only to the nodes that it sends commands, and asks these for the slots", async () => {
    await using commands = commandsOf(cluster);
    await Promise.all(keys.slice(0, 20).map((key) => commands.run("GET", key)));
    expect(commands.router.table.nodes).toHaveLength(2 * SHARDS);
    for (let round = 0; round < 3; round++) await refresh(commands);
    expect(nodesWithSockets()).toBe(20);
  });

  it("opens few connections in one turn of the event loop, and closes few", async () => {
    for (const node of cluster.nodes) node.always("DBSIZE", ":1\r\n");
    const client = clientOf(cluster, { socketConnectTimeout: 30_000, socketTimeout: 30_000 });
    await client.connect();
    const opened = countConnects();
    const perTurn = await increases(client.dbsize(), () => opened.count);
    opened.stop();
    expect(opened.count).toBeGreaterThan(0.9 * SHARDS);
    expect(Math.max(...perTurn)).toBeLessThanOrEqual(MOST);
    const { all } = client.router.table;
    const unconnected = (): number => all.filter(({ connected }) => !connected).length;
    expect(unconnected()).toBe(SHARDS);
    const closed = await increases(client.close(), unconnected);
    expect(unconnected()).toBe(2 * SHARDS);
    expect(Math.max(...closed)).toBeLessThanOrEqual(MOST);
  });

  it("follows a rolling restart of all primaries, and executes no command twice", async () => {
    await using commands = commandsOf(cluster);
    const increment = (some: readonly string[]) =>
      Promise.allSettled(some.map((key) => commands.run("INCR", key)));
    const views = vi.spyOn(cluster, "slots");
    const results = await increment(keys);
    const primaries = cluster.nodes.slice(0, SHARDS);
    for (let from = 0; from < SHARDS; from += WAVE) {
      const wave = primaries.slice(from, from + WAVE);
      await Promise.all(wave.map((node) => node.kill()));
      for (const node of wave) cluster.promote(replicaOf(node));
      results.push(...(await increment(keys.slice(from, from + WAVE))));
      await Promise.all(wave.map((node) => node.start()));
    }
    await refresh(commands);
    results.push(...(await increment(keys)));
    const lost = results.filter(({ status }) => status === "rejected");
    // The reset of a connection may arrive after the command was written.
    expect(lost.filter((result) => outcomeOf(result) !== "unknown")).toEqual([]);
    expect(lost.length).toBeLessThan(MOST_LOST);
    const executed = cluster.executedOf("INCR").length;
    expect(executed).toBeGreaterThanOrEqual(results.length - lost.length);
    expect(executed).toBeLessThanOrEqual(results.length);
    // One connection to each of the new primaries, none to the nodes that have restarted.
    expect([nodesWithSockets(), openSockets()]).toEqual([SHARDS, SHARDS]);
    expect(commands.router.table.nodes).toHaveLength(2 * SHARDS);
    expect(views.mock.calls.length).toBeLessThan(MOST_VIEWS);
  }, 30_000);
});
