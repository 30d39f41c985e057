/** Shard channels of a scripted cluster: where they are subscribed, and how they follow their slots. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { keySlot } from "../../src/commands/core/key-slot.js";
import {
  type ClusterPubSubOptions,
  ConnectionError,
  type PubSub,
  type PubSubMessage,
  RedisCluster,
} from "../../src/index.js";
import {
  moved,
  REPLIES,
  type ScriptedCluster,
  type ScriptedNode,
  scriptedCluster,
} from "../support/scripted-cluster.js";
import { ScriptedPubSub } from "../support/scripted-pubsub.js";
import { errorOf } from "../support/settle.js";
import { until } from "../support/until.js";
import { waitEventLoopTurns, watchEveryTest } from "../support/wire-clients.js";
import { describePubSubReplies, summarize } from "../support/wire-pubsub.js";

watchEveryTest();

describePubSubReplies("sharded PubSub on a cluster", (replies) => {
  const { protocol } = replies;
  let cluster: ScriptedCluster;
  let server: ScriptedPubSub;
  let client: RedisCluster;
  let a: ScriptedNode;
  let b: ScriptedNode;
  let c: ScriptedNode;
  /** Names of channels whose slots belong to node a, two of one slot, and to node b. */
  let onA: string;
  let alsoOnA: string;
  let otherSlotOnA: string;
  let onB: string;
  const seen: string[] = [];

  beforeEach(async () => {
    seen.length = 0;
    cluster = await scriptedCluster(3, { replicas: 1 });
    [a, b, c] = cluster.nodes as [ScriptedNode, ScriptedNode, ScriptedNode];
    server = new ScriptedPubSub(cluster, replies);
    const startupNodes = [a, b, c].map(({ host, port }): [string, number] => [host, port]);
    client = new RedisCluster({ startupNodes, protocol, socketTimeout: 2000 });
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

  /** Create a subscriber whose messages are recorded in {@link seen}. */
  function subscriber(options: ClusterPubSubOptions = {}): PubSub {
    const pubsub: PubSub = client.pubsub({
      gapEvents: true,
      ignoreSubscribeMessages: true,
      ...options,
    });
    const read = async (): Promise<void> => {
      for await (const message of pubsub)
        if (message.type !== "pong") seen.push(summarize(message as PubSubMessage));
    };
    // Before the first subscription there is nothing to read.
    const reading = pubsub.ping();
    void reading.then(read);
    return pubsub;
  }

  /** Channels that are named in the commands of a node, command by command. */
  const subscribed = (node: ScriptedNode): string[][] =>
    node.received("SSUBSCRIBE").map(([, ...names]) => names);

  /** Wait until a node has a subscription. */
  const placed = (node: ScriptedNode, channel: string) =>
    until(() => server.subscribers(node, "ssubscribe", channel).length === 1, {
      message: `${channel} is not at ${node.name}`,
    });

  it("subscribes each slot by one command over one connection per primary", async () => {
    await using pubsub = client.pubsub();
    await pubsub.ssubscribe(onA, alsoOnA, otherSlotOnA, onB);
    expect(subscribed(a)).toEqual([[onA, alsoOnA], [otherSlotOnA]]);
    expect(subscribed(b)).toEqual([[onB]]);
    const [first] = server.subscribers(a, "ssubscribe", onA);
    expect(server.subscribers(a, "ssubscribe", otherSlotOnA)).toEqual([first]);
    expect(pubsub.shardChannels.sort()).toEqual([onA, alsoOnA, otherSlotOnA, onB].sort());
    expect(subscribed(c)).toEqual([]);
    expect(pubsub.connected).toBe(true);
  });

  it("delivers messages of all shards to their handlers", async () => {
    await using pubsub = client.pubsub();
    await pubsub.ssubscribe({
      [onA]: (message) => seen.push(summarize(message)),
      [onB]: (message) => seen.push(summarize(message)),
    });
    server.publish(a, "ssubscribe", onA, "1");
    server.publish(b, "ssubscribe", onB, "2");
    await until(() => seen.length === 2);
    expect(seen.sort()).toEqual([`smessage ${onA} 1`, `smessage ${onB} 2`].sort());
  });

  it("closes the connection to a primary whose last channel is unsubscribed", async () => {
    await using pubsub = client.pubsub();
    await pubsub.ssubscribe(onA, onB);
    const before = a.open;
    await pubsub.sunsubscribe(onA);
    await until(() => a.open === before - 1);
    expect(server.publish(b, "ssubscribe", onB, "1")).toBe(1);
    expect(pubsub.shardChannels).toEqual([onB]);
    expect(pubsub.subscribed).toBe(true);
    await pubsub.sunsubscribe();
    expect(pubsub.subscribed).toBe(false);
  });

  it("follows a slot whose server ends the subscriptions unasked, with a gap for its channels only", async () => {
    const pubsub = subscriber();
    await pubsub.ssubscribe(onA, alsoOnA, otherSlotOnA, onB);
    server.publish(a, "ssubscribe", onA, "1");
    server.moveAway(onA, c);
    await placed(c, alsoOnA);
    server.publish(c, "ssubscribe", onA, "2");
    server.publish(a, "ssubscribe", otherSlotOnA, "3");
    await until(() => seen.length === 5);
    expect(seen).toEqual([
      `smessage ${onA} 1`,
      `gap ${onA} ConnectionError`,
      `gap ${alsoOnA} ConnectionError`,
      expect.stringMatching("smessage"),
      expect.stringMatching("smessage"),
    ]);
    expect(subscribed(c)).toEqual([[onA, alsoOnA]]);
    expect(server.publish(a, "ssubscribe", onA, "none")).toBe(0);
    await pubsub.close();
  });

  it("reports the interruption by onReconnect when all channels are restored", async () => {
    const onReconnect = vi.fn();
    const pubsub = subscriber({ onReconnect });
    await pubsub.ssubscribe(onA);
    server.moveAway(onA, c);
    await until(() => onReconnect.mock.calls.length === 1);
    const [reconnection] = onReconnect.mock.calls[0] as [{ error: unknown; downtime: number }];
    expect(reconnection.error).toBeInstanceOf(ConnectionError);
    expect(reconnection).toMatchObject({ error: { code: "EFAILOVER" } });
    await pubsub.close();
  });

  it("follows MOVED when its view is old", async () => {
    await client.connect();
    const channel = onA;
    server.moveAway(channel, b);
    await using pubsub = client.pubsub();
    await pubsub.ssubscribe(channel);
    expect(subscribed(a)).toEqual([[channel]]);
    expect(subscribed(b)).toEqual([[channel]]);
    expect(server.publish(b, "ssubscribe", channel, "1")).toBe(1);
  });

  it.each(["down", "tryagain", "loading"] as const)(
    "repeats SSUBSCRIBE after a pause when the node answers %s",
    async (reply) => {
      await using pubsub = client.pubsub();
      a.answer("SSUBSCRIBE", REPLIES[reply], REPLIES[reply]);
      await pubsub.ssubscribe(onA);
      expect(subscribed(a)).toEqual([[onA], [onA], [onA]]);
      expect(server.publish(a, "ssubscribe", onA, "1")).toBe(1);
    },
  );

  it("rejects SSUBSCRIBE with the last error when the node is down for longer than socketTimeout", async () => {
    await using impatient = new RedisCluster(a.host, a.port, { protocol, socketTimeout: 300 });
    const pubsub = impatient.pubsub();
    a.always("SSUBSCRIBE", REPLIES.down);
    expect(await errorOf(pubsub.ssubscribe(onA))).toMatchObject({ code: "CLUSTERDOWN" });
    expect(pubsub.subscribed).toBe(false);
  });

  it("undoes the other slots when one is refused", async () => {
    await using pubsub = client.pubsub();
    const handler = vi.fn();
    await pubsub.ssubscribe({ [alsoOnA]: handler });
    b.answer("SSUBSCRIBE", "-NOPERM No permissions to access a channel\r\n");
    const error = await errorOf(pubsub.ssubscribe(onA, alsoOnA, onB));
    expect(error).toMatchObject({ code: "NOPERM", command: "SSUBSCRIBE", server: b.name });
    expect(pubsub.shardChannels).toEqual([alsoOnA]);
    await until(() => server.subscribers(a, "ssubscribe", onA).length === 0);
    // The handler of the channel that was subscribed before is kept.
    server.publish(a, "ssubscribe", alsoOnA, "1");
    await until(() => handler.mock.calls.length === 1);
  });

  it("moves the channels of a lost primary to the promoted replica, and those of other shards have no gap", async () => {
    const pubsub = subscriber();
    await pubsub.ssubscribe(onA, otherSlotOnA, onB);
    const replica = cluster.nodes[3] as ScriptedNode;
    cluster.promote(replica);
    await a.kill();
    await placed(replica, onA);
    await placed(replica, otherSlotOnA);
    server.publish(replica, "ssubscribe", onA, "1");
    server.publish(b, "ssubscribe", onB, "2");
    await until(() => seen.length === 4);
    expect(seen.filter((line) => line.startsWith("gap"))).toEqual([
      `gap ${onA} ConnectionError`,
      `gap ${otherSlotOnA} ConnectionError`,
    ]);
    expect(seen).toContain(`smessage ${onA} 1`);
    expect(seen).toContain(`smessage ${onB} 2`);
    await pubsub.close();
  });

  it("goes on with other shards, and restores the channels, while and after a primary cannot be reached", async () => {
    const pubsub = subscriber();
    await pubsub.ssubscribe(onA, onB);
    await a.kill();
    await until(() => seen.includes(`gap ${onA} ConnectionError`));
    server.publish(b, "ssubscribe", onB, "1");
    await until(() => seen.includes(`smessage ${onB} 1`));
    expect(pubsub.connected).toBe(false);
    await a.start();
    await placed(a, onA);
    server.publish(a, "ssubscribe", onA, "2");
    await until(() => seen.includes(`smessage ${onA} 2`));
    expect(seen.filter((line) => line.startsWith("gap"))).toHaveLength(1);
    await pubsub.close();
  });

  it("leaves a primary without sunsubscribe when the view names another one, and drops its later messages", async () => {
    const pubsub = subscriber();
    await pubsub.ssubscribe(onA, otherSlotOnA);
    const [old] = server.subscribers(a, "ssubscribe", onA);
    cluster.move(onA, c);
    // The old owner still delivers: it does not know that the slot has moved.
    a.always("SUNSUBSCRIBE", "");
    await client.get(onA);
    await placed(c, onA);
    old?.send(replies.smessage(onA, "late"));
    server.publish(c, "ssubscribe", onA, "1");
    server.publish(a, "ssubscribe", otherSlotOnA, "2");
    await until(() => seen.includes(`smessage ${otherSlotOnA} 2`));
    await until(() => seen.includes(`smessage ${onA} 1`));
    await waitEventLoopTurns();
    expect(seen.filter((line) => line.includes("late"))).toEqual([]);
    expect(seen.filter((line) => line.startsWith("gap"))).toEqual([`gap ${onA} ConnectionError`]);
    expect(a.received("SUNSUBSCRIBE")).toEqual([["SUNSUBSCRIBE", onA]]);
    await pubsub.close();
  });

  it("ends a subscription whose slot leaves while SUNSUBSCRIBE is on its way", async () => {
    await using pubsub = client.pubsub({ ignoreSubscribeMessages: true });
    await pubsub.ssubscribe(onA, otherSlotOnA);
    const slot = keySlot(onA, "utf8");
    const held = a.hold("SUNSUBSCRIBE", () => moved(slot, b));
    const ended = pubsub.sunsubscribe(onA);
    const other = pubsub.ssubscribe(`${otherSlotOnA}:2`);
    await held.received;
    // The push comes first, then MOVED as the reply of SUNSUBSCRIBE.
    server.moveAway(onA, b);
    held.release();
    await Promise.all([ended, other]);
    expect(pubsub.shardChannels.sort()).toEqual([otherSlotOnA, `${otherSlotOnA}:2`].sort());
    await waitEventLoopTurns();
    // The connection is kept: its replies are not in doubt.
    expect(subscribed(a)).toEqual([[onA], [otherSlotOnA], [`${otherSlotOnA}:2`]]);
    expect(subscribed(b)).toEqual([]);
  });

  it("ends subscriptions also when the user may not send PING", async () => {
    await using pubsub = client.pubsub();
    await pubsub.ssubscribe(onA, otherSlotOnA);
    a.always("PING", "-NOPERM User default has no permissions to run the 'ping' command\r\n");
    await pubsub.sunsubscribe(onA);
    await pubsub.ssubscribe(alsoOnA);
    expect(subscribed(a)).toEqual([[onA], [otherSlotOnA], [alsoOnA]]);
    expect(server.subscribers(a, "ssubscribe", onA)).toEqual([]);
  });

  it("rejects a call that waits for the first view when the client is closed", async () => {
    for (const node of cluster.nodes) node.freeze();
    const pending = errorOf(client.pubsub().ssubscribe(onA));
    const classic = errorOf(client.pubsub().subscribe("news"));
    await client.close();
    expect(await pending).toMatchObject({ code: "ECLOSED" });
    expect(await classic).toMatchObject({ code: "ECLOSED" });
    for (const node of cluster.nodes) node.thaw();
  });

  it("keeps the order of calls for a slot that moves between them", async () => {
    await using pubsub = client.pubsub();
    await pubsub.ssubscribe(otherSlotOnA);
    cluster.move(onA, b);
    const calls = [pubsub.ssubscribe(onA), pubsub.sunsubscribe(onA), pubsub.ssubscribe(alsoOnA)];
    await Promise.all(calls);
    expect(pubsub.shardChannels.sort()).toEqual([otherSlotOnA, alsoOnA].sort());
    expect(server.subscribers(b, "ssubscribe", onA)).toHaveLength(0);
    expect(server.subscribers(b, "ssubscribe", alsoOnA)).toHaveLength(1);
  });

  it("restores the other channels of a slot when the server refuses one of them", async () => {
    const onError = vi.fn();
    const pubsub = subscriber({ onError });
    await pubsub.ssubscribe(onA, alsoOnA);
    const noperm = "-NOPERM No permissions to access a channel\r\n";
    c.answer("SSUBSCRIBE", noperm, noperm);
    server.moveAway(onA, c);
    await placed(c, alsoOnA);
    expect(subscribed(c)).toEqual([[onA, alsoOnA], [onA], [alsoOnA]]);
    expect(onError.mock.calls).toMatchObject([[{ code: "NOPERM" }, undefined]]);
    expect(pubsub.shardChannels).toEqual([alsoOnA]);
    await pubsub.close();
  });

  it("pauses all connections while too many messages are unread", async () => {
    await using pubsub = client.pubsub({ highWaterMark: 2, ignoreSubscribeMessages: true });
    await pubsub.ssubscribe(onA, onB);
    await pubsub.subscribe("news");
    for (let i = 0; i < 2; i++) server.publish(a, "ssubscribe", onA, `${i}`);
    await waitEventLoopTurns();
    const large = "x".repeat(100_000);
    const [peer] = server.subscribers(b, "ssubscribe", onB);
    for (let i = 0; i < 200; i++) peer?.send(replies.smessage(onB, large));
    await waitEventLoopTurns();
    expect(peer?.socket.writableLength).toBeGreaterThan(0);
    const read: string[] = [];
    for await (const message of pubsub) {
      read.push(String(message.channel));
      if (read.length === 202) break;
    }
    expect(read.filter((channel) => channel === onB)).toHaveLength(200);
  });

  it("pings over all connections and delivers one pong", async () => {
    await using pubsub = client.pubsub({ ignoreSubscribeMessages: true });
    await pubsub.ssubscribe(onA, onB);
    await pubsub.ping("hello");
    for (const node of [a, b])
      expect(node.received("PING").filter(([, data]) => data === "hello")).toHaveLength(1);
    expect(await pubsub.getMessage({ timeout: 100 })).toMatchObject({
      type: "pong",
      data: "hello",
    });
    expect(await pubsub.getMessage()).toBeNull();
  });

  it("rejects pending calls when it is closed", async () => {
    const pubsub = client.pubsub();
    const held = a.hold("SSUBSCRIBE");
    const pending = errorOf(pubsub.ssubscribe(onA, onB));
    await held.received;
    await pubsub.close();
    expect(await pending).toMatchObject({ code: "ECLOSED", command: "SSUBSCRIBE" });
    held.release();
    expect(pubsub.shardChannels).toEqual([]);
    await pubsub.ssubscribe(onB);
    expect(pubsub.shardChannels).toEqual([onB]);
    await pubsub.close();
  });

  it("ends with its client", async () => {
    const pubsub = client.pubsub();
    await pubsub.ssubscribe(onA);
    await pubsub.subscribe("news");
    const worker = client.pubsub().run();
    await client.close();
    await until(() => !pubsub.subscribed);
    expect(pubsub.connected).toBe(false);
    expect(await errorOf(pubsub.ssubscribe(onA))).toMatchObject({ code: "ECLOSED" });
    await worker.stop();
  });
});
