/** Channels, patterns and keyspace notifications of a real cluster. Shard channels have a file of their own. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { keySlot } from "../../src/commands/core/key-slot.js";
import { type KeyEvent, KeyspaceEvents, Redis, RedisCluster } from "../../src/index.js";
import { startCluster } from "../../src/testing/index.js";
import { until } from "../support/until.js";

const servers = await startCluster({
  primaries: 3,
  replicas: 3,
  config: { "notify-keyspace-events": "KEA" },
});
afterAll(() => servers.stop());

const CHANNELS = Array.from({ length: 12 }, (_, index) => `numbers:${index}`);

describe("channels and keyspace notifications on a cluster", () => {
  it("receive each message of PUBLISH once, whichever node it is published at", async () => {
    await using cluster = new RedisCluster(servers.url);
    await using pubsub = cluster.pubsub({ ignoreSubscribeMessages: true });
    await pubsub.subscribe("news");
    await pubsub.psubscribe("n?ws");
    const nodes = servers.nodes.map(({ url }) => new Redis(url));
    try {
      for (const [index, node] of nodes.entries()) await node.publish("news", `${index}`);
      const received = new Map<string, number>();
      while ([...received.values()].reduce((sum, count) => sum + count, 0) < 2 * nodes.length) {
        const data = String((await pubsub.getMessage({ timeout: 2000 }))?.data);
        received.set(data, (received.get(data) ?? 0) + 1);
      }
      expect([...received].sort()).toEqual(nodes.map((_, index) => [`${index}`, 2]));
      expect(await pubsub.getMessage({ timeout: 20 })).toBeNull();
    } finally {
      await Promise.all(nodes.map((node) => node.close()));
    }
  });

  it("receive the events of the keys of all primaries, also after a fail-over", async () => {
    await using cluster = new RedisCluster(servers.url);
    const gaps: unknown[] = [];
    await using events = new KeyspaceEvents(cluster, { onGap: (gap) => gaps.push(gap) });
    const seen: string[] = [];
    await events.subscribeEvents({ set: (event: KeyEvent) => seen.push(event.key) });
    for (const channel of CHANNELS) await cluster.set(channel, "1");
    await until(() => seen.length === CHANNELS.length);
    expect([...seen].sort()).toEqual([...CHANNELS].sort());
    const [first = ""] = CHANNELS;
    await servers.failover(await servers.ownerOf(keySlot(first, "utf8")));
    // MOVED refreshes the view; without commands a timer does.
    await cluster.set(first, "2");
    await until(() => gaps.length !== 0);
    await sleep(100);
    seen.length = 0;
    for (const channel of CHANNELS) await cluster.set(channel, "3");
    await until(() => seen.length >= CHANNELS.length);
    await sleep(50);
    expect([...seen].sort()).toEqual([...CHANNELS].sort());
  });
});
