/** A cluster client and a cluster of 1,000 primaries and as many replicas: to which nodes it connects. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keySlot } from "../../src/commands/core/key-slot.js";
import { commandsOf, type RoutedCommands } from "../support/cluster-router.js";
import {
  type ScriptedCluster,
  type ScriptedNode,
  scriptedCluster,
} from "../support/scripted-cluster.js";

const SHARDS = 1_000;

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
});
