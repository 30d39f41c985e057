/**
 * Shard channels of a scripted cluster while several things happen at once: calls during moves and losses, moves
 * that follow each other, and calls from within the user's functions. Each loss has one gap, every call settles,
 * and no connection is left.
 */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { keySlot } from "../../src/commands/core/key-slot.js";
import type { Gap, PubSub } from "../../src/index.js";
import { RedisCluster } from "../../src/index.js";
import { clusterClient } from "../support/cluster-router.js";
import {
  moved,
  type ScriptedCluster,
  type ScriptedNode,
  scriptedCluster,
} from "../support/scripted-cluster.js";
import { ScriptedPubSub } from "../support/scripted-pubsub.js";
import { errorOf } from "../support/settle.js";
import { until } from "../support/until.js";
import { waitEventLoopTurns, watchEveryTest } from "../support/wire-clients.js";
import { describePubSubReplies } from "../support/wire-pubsub.js";

watchEveryTest();

describePubSubReplies("shard channels during changes of the cluster", (replies) => {
  const { protocol } = replies;
  let cluster: ScriptedCluster;
  let server: ScriptedPubSub;
  let client: ReturnType<typeof clusterClient>;
  let a: ScriptedNode;
  let b: ScriptedNode;
  let c: ScriptedNode;
  /** Channels of one slot of node a, and of another one. */
  let onA: string;
  let alsoOnA: string;
  let otherSlotOnA: string;
  let onB: string;
  /** What subscribers received: data of messages, and `gap` with the channel. */
  const seen: string[] = [];
  const data = (): string[] => seen.filter((line) => !line.startsWith("gap"));
  const gaps = (): string[] => seen.filter((line) => line.startsWith("gap"));

  beforeEach(async () => {
    seen.length = 0;
    cluster = await scriptedCluster(3);
    [a, b, c] = cluster.nodes as [ScriptedNode, ScriptedNode, ScriptedNode];
    server = new ScriptedPubSub(cluster, replies);
    client = clusterClient([a, b, c], { protocol, socketTimeout: 2000 });
    onA = `{${cluster.keyOf(a)}}`;
    alsoOnA = `${onA}:2`;
    otherSlotOnA = `{${cluster.keyOf(a, 1)}}`;
    onB = `{${cluster.keyOf(b)}}`;
  });
  afterEach(async () => {
    client.disconnect();
    await client.close();
    await cluster[Symbol.asyncDispose]();
  });

  function subscriber(onGap?: (gap: Gap<string>) => void): PubSub {
    const options = {
      onGap: (gap: Gap<string> | Gap<Buffer>) => {
        seen.push(`gap ${gap.channel}`);
        onGap?.(gap as Gap<string>);
      },
      // Others than those of the test would be a fault.
      onError: (error: unknown) => seen.push(`error ${error}`),
    };
    return client.pubsub(options);
  }

  const handled = (...channels: string[]) =>
    Object.fromEntries(
      channels.map((name) => [
        name,
        (message: { readonly data: string }) => void seen.push(message.data),
      ]),
    );

  const placed = (node: ScriptedNode, channel: string) =>
    until(() => server.subscribers(node, "ssubscribe", channel).length === 1, {
      message: `${channel} is not at ${node.name}`,
    });

  /** Number of open connections, without those of the queries for the view. */
  const connections = (): number =>
    cluster.nodes
      .flatMap(({ peers }) => peers)
      .filter(({ socket }) => !socket.destroyed)
      .filter(({ received }) => !received.some(([name]) => name === "CLUSTER")).length;

  /** Let the client read the view. */
  async function refresh(): Promise<void> {
    client.router.refresh();
    await client.router.nextView();
  }

  it("ends a subscription at once when its slot moves to a frozen primary while SUNSUBSCRIBE is in flight", async () => {
    const pubsub = subscriber();
    await pubsub.ssubscribe(handled(onA, otherSlotOnA));
    // All nodes have a connection for the queries for the view.
    await Promise.all([onA, onB, cluster.keyOf(c)].map((key) => client.get(key)));
    const held = server.hold(a, "SUNSUBSCRIBE");
    const ended = pubsub.sunsubscribe(onA);
    await held.received;
    c.freeze();
    const { length } = c.peers;
    cluster.move(onA, c);
    await refresh();
    await ended;
    expect(pubsub.shardChannels).toEqual([otherSlotOnA]);
    await waitEventLoopTurns();
    expect(c.peers).toHaveLength(length);
    held.release();
    await pubsub.close();
    client.disconnect();
    c.thaw();
  });

  it("follows two moves in quick succession with one gap, and accepts nothing from the node between", async () => {
    const pubsub = subscriber();
    await pubsub.ssubscribe(handled(onA, otherSlotOnA, onB));
    const held = b.hold("SSUBSCRIBE", "");
    server.moveAway(onA, b);
    await held.received;
    cluster.move(onA, c);
    await refresh();
    await placed(c, onA);
    // The confirmation of the node between comes late, and a message with it.
    const [peer] = server.subscribers(b, "ssubscribe", onB);
    held.release();
    peer?.send(replies.confirm(["ssubscribe", onA, 2]));
    peer?.send(replies.smessage(onA, "stray"));
    server.publish(c, "ssubscribe", onA, "1");
    await until(() => data().includes("1"));
    await waitEventLoopTurns();
    expect(seen).toEqual([`gap ${onA}`, "1"]);
    await pubsub.close();
  });

  it("subscribes at the first primary again when the slot returns before the second has confirmed", async () => {
    const pubsub = subscriber();
    await pubsub.ssubscribe(handled(onA, otherSlotOnA));
    const held = b.hold("SSUBSCRIBE", () => moved(keySlot(onA, "utf8"), a));
    server.moveAway(onA, b);
    await held.received;
    cluster.move(onA, a);
    held.release();
    await placed(a, onA);
    server.publish(a, "ssubscribe", onA, "1");
    await until(() => data().length === 1);
    expect(seen).toEqual([`gap ${onA}`, "1"]);
    await pubsub.close();
  });

  it("subscribes again at the next primary when the node leaves while SSUBSCRIBE is in flight", async () => {
    const pubsub = subscriber();
    await pubsub.ssubscribe(handled(onB));
    const held = server.hold(a, "SSUBSCRIBE");
    const calls = [pubsub.ssubscribe(handled(onA)), pubsub.ssubscribe(handled(otherSlotOnA))];
    await held.received;
    for (const [slot, owner] of cluster.owners.entries()) if (owner === a) cluster.give(c, slot);
    await refresh();
    await Promise.all(calls);
    server.publish(c, "ssubscribe", onA, "1");
    await until(() => data().length === 1);
    expect(seen).toEqual(["1"]);
    held.release();
    await pubsub.close();
  });

  it("adds a channel while its slot moves: both channels are at the new primary, and one has a gap", async () => {
    const pubsub = subscriber();
    await pubsub.ssubscribe(handled(onA));
    const held = server.hold(b, "SSUBSCRIBE");
    server.moveAway(onA, b);
    await held.received;
    const added = pubsub.ssubscribe(handled(alsoOnA));
    held.release();
    await added;
    for (const channel of [onA, alsoOnA]) server.publish(b, "ssubscribe", channel, channel);
    await until(() => data().length === 2);
    expect(seen).toEqual([`gap ${onA}`, onA, alsoOnA]);
    await pubsub.close();
  });

  it("ends a channel while its slot moves, and keeps the other one of the slot", async () => {
    const pubsub = subscriber();
    await pubsub.ssubscribe(handled(onA, alsoOnA));
    const held = server.hold(b, "SSUBSCRIBE");
    server.moveAway(onA, b);
    await held.received;
    const ended = pubsub.sunsubscribe(onA);
    held.release();
    await ended;
    expect(server.subscribers(b, "ssubscribe", onA)).toEqual([]);
    server.publish(b, "ssubscribe", alsoOnA, "1");
    await until(() => data().length === 1);
    expect(pubsub.shardChannels).toEqual([alsoOnA]);
    expect(gaps().sort()).toEqual([`gap ${onA}`, `gap ${alsoOnA}`].sort());
    await pubsub.close();
  });

  it("ends a subscription when the connection is lost while SUNSUBSCRIBE is in flight", async () => {
    const pubsub = subscriber();
    await pubsub.ssubscribe(handled(onA, otherSlotOnA));
    const held = server.hold(a, "SUNSUBSCRIBE");
    const ended = pubsub.sunsubscribe(onA);
    await held.received;
    const [peer] = server.subscribers(a, "ssubscribe", onA);
    await peer?.reset();
    await ended;
    await placed(a, otherSlotOnA);
    expect(server.subscribers(a, "ssubscribe", onA)).toEqual([]);
    expect(pubsub.shardChannels).toEqual([otherSlotOnA]);
    held.release();
    await pubsub.close();
  });

  it("has one gap while its slot has no owner, and is restored when it has one", async () => {
    const pubsub = subscriber();
    await pubsub.ssubscribe(handled(onA));
    const slot = keySlot(onA, "utf8");
    server.moveAway(onA, undefined);
    await until(() => gaps().length === 1);
    const refused = errorOf(pubsub.ssubscribe(handled(alsoOnA)));
    expect(await refused).toMatchObject({ command: "SSUBSCRIBE" });
    cluster.give(b, slot);
    await placed(b, onA);
    server.publish(b, "ssubscribe", onA, "1");
    await until(() => data().length === 1);
    expect(seen).toEqual([`gap ${onA}`, "1"]);
    expect(pubsub.shardChannels).toEqual([onA]);
    await pubsub.close();
  });

  it("rejects a channel whose slot has no owner, and keeps those of other slots", async () => {
    const pubsub = subscriber();
    cluster.give(undefined, keySlot(onA, "utf8"));
    await using lenient = new RedisCluster(b.host, b.port, {
      protocol,
      socketTimeout: 500,
      requireFullCoverage: false,
    });
    const other = lenient.pubsub();
    await other.ssubscribe(onB);
    expect(await errorOf(other.ssubscribe(onA))).toMatchObject({ command: "SSUBSCRIBE" });
    expect(other.shardChannels).toEqual([onB]);
    await other.close();
    await pubsub.close();
  });

  it.each(["view", "server", "loss"] as const)(
    "leaves no connection when onGap closes the subscriber (%s)",
    async (cause) => {
      const closed = vi.fn();
      const pubsub = subscriber(() => pubsub.close().then(closed));
      await pubsub.ssubscribe(handled(onA, alsoOnA, otherSlotOnA));
      const [peer] = server.subscribers(a, "ssubscribe", onA);
      if (cause === "view") cluster.move(onA, c);
      if (cause === "view") await refresh();
      if (cause === "server") server.moveAway(onA, c);
      if (cause === "loss") await peer?.reset();
      await until(() => closed.mock.calls.length > 0);
      await waitEventLoopTurns();
      expect(pubsub.subscribed).toBe(false);
      expect(connections()).toBe(0);
      // It can be used again.
      await pubsub.ssubscribe(handled(onB));
      expect(pubsub.shardChannels).toEqual([onB]);
      await pubsub.close();
    },
  );

  it("does not restore a channel that onGap unsubscribes", async () => {
    const pubsub = subscriber(({ channel }) => {
      if (channel === onA) void pubsub.sunsubscribe(onA);
    });
    await pubsub.ssubscribe(handled(onA, alsoOnA));
    server.moveAway(onA, b);
    await placed(b, alsoOnA);
    await until(() => pubsub.shardChannels.length === 1);
    await until(() => server.subscribers(b, "ssubscribe", onA).length === 0);
    expect(pubsub.shardChannels).toEqual([alsoOnA]);
    await pubsub.close();
  });

  it("restores a channel that onGap subscribes again once", async () => {
    const again: Promise<void>[] = [];
    const pubsub = subscriber(({ channel }) => {
      again.push(pubsub.ssubscribe(handled(channel ?? "")));
    });
    await pubsub.ssubscribe(handled(onA));
    server.moveAway(onA, b);
    await until(() => again.length === 1);
    await Promise.all(again);
    server.publish(b, "ssubscribe", onA, "1");
    await until(() => data().length === 1);
    expect(seen).toEqual([`gap ${onA}`, "1"]);
    await pubsub.close();
  });

  it("ends at once when the client is closed while a primary cannot be reached", async () => {
    const pubsub = subscriber();
    await pubsub.ssubscribe(handled(onA));
    await a.kill();
    await until(() => gaps().length === 1);
    await until(() => !pubsub.connected);
    await client.close();
    await until(() => !pubsub.subscribed, { timeout: 500, message: "still subscribed" });
  });

  it("ends at once when the client is closed while a slot waits for its new primary", async () => {
    const pubsub = subscriber();
    await pubsub.ssubscribe(handled(onA));
    server.moveAway(onA, undefined);
    await until(() => gaps().length === 1);
    await client.close();
    await until(() => !pubsub.subscribed, { timeout: 500, message: "still subscribed" });
  });

  it("restores the channels of two primaries that are lost at the same time, with one gap each", async () => {
    const pubsub = subscriber();
    await pubsub.ssubscribe(handled(onA, onB));
    const noperm = "-NOPERM No permissions to access a channel\r\n";
    const refusedAtB = vi.fn(() => noperm);
    b.answer("SSUBSCRIBE", refusedAtB);
    const peers = [
      ...server.subscribers(a, "ssubscribe", onA),
      ...server.subscribers(b, "ssubscribe", onB),
    ];
    await Promise.all(peers.map((peer) => peer.reset()));
    await placed(a, onA);
    await until(() => refusedAtB.mock.calls.length === 1);
    server.publish(a, "ssubscribe", onA, "1");
    await until(() => data().includes("1"));
    // The refusal at one primary is reported, and ends that channel only.
    expect(gaps().sort()).toEqual([`gap ${onA}`, `gap ${onB}`].sort());
    expect(seen.filter((line) => line.includes("NOPERM"))).toHaveLength(1);
    expect(pubsub.shardChannels).toEqual([onA]);
    await pubsub.close();
  });
});
