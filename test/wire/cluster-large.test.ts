/** A cluster client and a cluster of 1,000 primaries and as many replicas: sockets, and a restart of all primaries. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keySlot } from "../../src/commands/core/key-slot.js";
import { commandsOf, type RoutedCommands } from "../support/cluster-router.js";
import {
  type ScriptedCluster,
  type ScriptedNode,
  scriptedCluster,
} from "../support/scripted-cluster.js";
import { until } from "../support/until.js";

const SHARDS = 1_000;
/** Primaries that restart at the same time. */
const RACK = 200;
/** ms; least pause between two refreshes. */
const LEAST_PAUSE = 50;

let cluster: ScriptedCluster;
/** A key of each shard. */
let keys: string[];

beforeAll(async () => {
  cluster = await scriptedCluster(SHARDS, { replicas: SHARDS });
  keys = keysOfShards();
});
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
const views = (): number => cluster.nodes.flatMap((node) => node.received("CLUSTER SLOTS")).length;

async function refresh({ router }: RoutedCommands): Promise<void> {
  router.refresh();
  await router.nextView();
}

describe("a client of 1,000 primaries and 1,000 replicas", () => {
  it("connects only to the nodes that it sends commands, and asks these for the slots", async () => {
    await using commands = commandsOf(cluster);
    await Promise.all(keys.slice(0, 20).map((key) => commands.run("GET", key)));
    expect(commands.router.table.nodes).toHaveLength(2 * SHARDS);
    for (let round = 0; round < 3; round++) await refresh(commands);
    expect(nodesWithSockets()).toBe(20);
  });

  it("follows a restart of all primaries, whose replicas take over, with few refreshes and without errors", async () => {
    await using commands = commandsOf(cluster);
    const { table } = commands.router;
    await Promise.all(keys.map((key) => commands.run("INCR", key)));
    const [before, start] = [views(), performance.now()];
    for (let first = 0; first < SHARDS; first += RACK) {
      const old = cluster.nodes.slice(first, first + RACK);
      await Promise.all(old.map((node) => node.kill()));
      await until(() => old.every(({ name }) => table.find(name)?.connected !== true));
      const replies = keys.slice(first, first + RACK).map((key) => commands.run("INCR", key));
      // The other shards do not wait for the rack: its replicas take over after their replies.
      const others = [...keys.slice(0, first), ...keys.slice(first + RACK)];
      await Promise.all(
        others.filter((_, i) => i % 9 === 0).map((key) => commands.run("GET", key)),
      );
      for (const node of old) cluster.promote(cluster.replicas.get(node)?.[0] as ScriptedNode);
      expect(await Promise.all(replies)).toEqual(old.map(() => 2));
      await Promise.all(old.map((node) => node.start()));
    }
    expect(views() - before).toBeLessThan(3 + (performance.now() - start) / LEAST_PAUSE);
    await refresh(commands);
    expect(table.nodes).toHaveLength(2 * SHARDS);
    expect(table.primaries.map(({ name }) => name).sort()).toEqual(
      cluster.nodes
        .slice(SHARDS)
        .map(({ name }) => name)
        .sort(),
    );
    const restarted = cluster.nodes.slice(0, SHARDS).filter(({ open }) => open !== 0);
    expect(restarted.length).toBeLessThan(10);
  });
});
