/** Channels, patterns and keyspace notifications of a scripted cluster: at which nodes they are subscribed. */
import { afterEach, beforeEach, expect, it } from "vitest";
import {
  ClusterNode,
  type ClusterPubSubOptions,
  DataError,
  type Gap,
  KeyspaceEvents,
  type PubSub,
  RedisCluster,
  RedisClusterException,
} from "../../src/index.js";
import {
  type ScriptedCluster,
  type ScriptedNode,
  scriptedCluster,
} from "../support/scripted-cluster.js";
import { ScriptedPubSub } from "../support/scripted-pubsub.js";
import { errorOf } from "../support/settle.js";
import { until } from "../support/until.js";
import { watchEveryTest } from "../support/wire-clients.js";
import { describePubSubReplies } from "../support/wire-pubsub.js";

watchEveryTest();

let cluster: ScriptedCluster;
let server: ScriptedPubSub;
let client: RedisCluster;

describePubSubReplies("PubSub on a cluster", (replies) => {
  beforeEach(async () => {
    cluster = await scriptedCluster(3, { replicas: 3 });
    server = new ScriptedPubSub(cluster, replies);
    const startupNodes = cluster.nodes.map(({ host, port }): [string, number] => [host, port]);
    client = new RedisCluster({ startupNodes, protocol: replies.protocol, socketTimeout: 2000 });
  });
  afterEach(async () => {
    client.disconnect();
    await client.close();
    await cluster[Symbol.asyncDispose]();
  });

  /** Nodes with a subscription to a channel or pattern. */
  const nodesOf = (name: string, kind: "subscribe" | "psubscribe" = "subscribe"): ScriptedNode[] =>
    cluster.nodes.filter((node) => server.subscribers(node, kind, name).length !== 0);

  const isPrimary = (node: ScriptedNode | undefined): boolean =>
    node !== undefined && cluster.owners.includes(node);

  /** Create a subscriber; returns the names of its gaps as well. */
  function withGaps(options: ClusterPubSubOptions = {}): { pubsub: PubSub; gaps: string[] } {
    const gaps: string[] = [];
    const onGap = ({ channel, pattern }: Gap<string> | Gap<Buffer>): void => {
      gaps.push(`${channel} ${pattern}`);
    };
    return { pubsub: client.pubsub({ ignoreSubscribeMessages: true, onGap, ...options }), gaps };
  }

  it("subscribes channels and patterns at one primary", async () => {
    await using pubsub = client.pubsub();
    await Promise.all([pubsub.subscribe("a"), pubsub.subscribe("b"), pubsub.psubscribe("p*")]);
    const [node, ...others] = nodesOf("a");
    expect(others).toEqual([]);
    expect(isPrimary(node)).toBe(true);
    expect([nodesOf("b"), nodesOf("p*", "psubscribe")]).toEqual([[node], [node]]);
    expect(pubsub.channels).toEqual(["a", "b"]);
  });

  it("subscribes at another primary when the node is lost, with a gap for each channel and pattern", async () => {
    const { pubsub, gaps } = withGaps();
    await pubsub.subscribe("a");
    await pubsub.psubscribe("p*");
    const [first] = nodesOf("a");
    await first?.kill();
    await until(() => nodesOf("p*", "psubscribe").length === 1);
    const [second] = nodesOf("a");
    expect(second).not.toBe(first);
    expect(isPrimary(second)).toBe(true);
    expect(gaps).toEqual(["a null", "null p*"]);
    expect(server.publish(second as ScriptedNode, "subscribe", "a", "1")).toBe(1);
    expect((await pubsub.getMessage({ timeout: 1000 }))?.data).toBe("1");
    await pubsub.close();
  });

  it("subscribes at another node when the node leaves the cluster", async () => {
    const { pubsub, gaps } = withGaps();
    await pubsub.subscribe("a");
    const [first] = nodesOf("a") as [ScriptedNode];
    const other = cluster.nodes.find((node) => isPrimary(node) && node !== first) as ScriptedNode;
    const key = cluster.keyOf(first);
    for (const [slot, owner] of cluster.owners.entries())
      if (owner === first) cluster.give(other, slot);
    cluster.replicas.delete(first);
    for (let i = 0; i < 5; i++) await client.get(`{${key}}:${i}`);
    await client.mgetNonatomic(Array.from({ length: 40 }, (_, i) => `k${i}`));
    await until(() => nodesOf("a").some((node) => node !== first), { timeout: 3000 });
    expect(gaps).toEqual(["a null"]);
    expect(pubsub.channels).toEqual(["a"]);
    await pubsub.close();
  });

  it("subscribes at the node that option node names, also at a replica", async () => {
    const replica = cluster.nodes[4] as ScriptedNode;
    for (const node of [
      new ClusterNode(replica.host, replica.port),
      [replica.host, replica.port] as const,
    ]) {
      await using pubsub = client.pubsub({ node });
      await pubsub.subscribe("a");
      expect(nodesOf("a")).toEqual([replica]);
    }
  });

  it("refuses a node that the cluster does not have", async () => {
    const node = new ClusterNode("localhost", 1);
    const early = client.pubsub({ node });
    expect(await errorOf(early.subscribe("a"))).toBeInstanceOf(RedisClusterException);
    expect(() => client.pubsub({ node })).toThrow(DataError);
    expect(() => client.pubsub({ node: "replicas" as "primaries" })).toThrow(
      'option "node" must be',
    );
    expect(early.subscribed).toBe(false);
  });

  it("refuses an unknown option and lists all that it has", () => {
    expect(() => client.pubsub({ host: "localhost" } as object)).toThrow(
      new DataError(
        'unknown option "host"; known options are node, ignoreSubscribeMessages, gapEvents, onGap, highWaterMark, onError, onReconnect, retry',
      ),
    );
  });

  it("subscribes at every primary with node primaries, and at one that joins, with a gap", async () => {
    const { pubsub, gaps } = withGaps({ node: "primaries" });
    await pubsub.subscribe("a");
    expect(nodesOf("a")).toEqual(cluster.nodes.slice(0, 3));
    expect(pubsub.connected).toBe(true);
    const joined = await cluster.add();
    server.attach(joined);
    const key = cluster.keyOf(cluster.nodes[0] as ScriptedNode);
    cluster.move(key, joined);
    await client.get(key);
    await until(() => nodesOf("a").includes(joined));
    expect(gaps).toEqual(["null null"]);
    for (const node of nodesOf("a")) server.publish(node, "subscribe", "a", node.name);
    const senders = new Set<unknown>();
    while (senders.size < 4) senders.add((await pubsub.getMessage({ timeout: 1000 }))?.data);
    await pubsub.unsubscribe("a");
    expect(nodesOf("a")).toEqual([]);
    expect(pubsub.subscribed).toBe(false);
    await pubsub.close();
  });

  it("receives keyspace events of all primaries, and follows a fail-over without a duplicate", async () => {
    const gaps: unknown[] = [];
    await using events = new KeyspaceEvents(client, { onGap: (gap) => gaps.push(gap.channel) });
    await events.subscribeEvents("set");
    const channel = "__keyevent@0__:set";
    const [a, b, c, replica] = cluster.nodes as [
      ScriptedNode,
      ScriptedNode,
      ScriptedNode,
      ScriptedNode,
    ];
    expect(nodesOf(channel)).toEqual([a, b, c]);
    for (const node of [a, b, c]) server.publish(node, "subscribe", channel, `key of ${node.name}`);
    const keys = new Set<unknown>();
    while (keys.size < 3) keys.add((await events.getEvent({ timeout: 1000 }))?.key);
    const key = cluster.keyOf(a);
    cluster.promote(replica);
    await client.get(key);
    await until(() => nodesOf(channel).includes(replica));
    // The demoted primary has the same event, by replication.
    await until(() => !nodesOf(channel).includes(a));
    for (const node of cluster.nodes) server.publish(node, "subscribe", channel, "once");
    const later: unknown[] = [];
    for (let event = await events.getEvent({ timeout: 200 }); event !== null; ) {
      later.push(event.key);
      event = await events.getEvent({ timeout: 50 });
    }
    expect(later).toEqual(["once", "once", "once"]);
    expect(gaps).toEqual([null]);
  });

  it("rejects a subscription at every primary when one refuses it, and undoes the others", async () => {
    const { pubsub } = withGaps({ node: "primaries" });
    const [, b] = cluster.nodes as [ScriptedNode, ScriptedNode];
    b.answer("SUBSCRIBE", "-NOPERM No permissions to access a channel\r\n");
    expect(await errorOf(pubsub.subscribe("a"))).toMatchObject({ code: "NOPERM", server: b.name });
    await until(() => nodesOf("a").length === 0);
    expect([pubsub.channels, pubsub.subscribed]).toEqual([[], false]);
    await pubsub.close();
  });

  it("rejects when no node of the cluster can be reached", async () => {
    const [{ host, port }] = cluster.nodes as [ScriptedNode];
    await Promise.all(cluster.nodes.map((node) => node.kill()));
    await using lonely = new RedisCluster(host, port, { socketTimeout: 300 });
    for (const pubsub of [lonely.pubsub(), lonely.pubsub({ node: "primaries" })]) {
      const calls = [pubsub.subscribe("a"), pubsub.ssubscribe("a")].slice(0, 2);
      const errors = await Promise.all(calls.map((call) => errorOf(call)));
      for (const error of errors) expect(error).toMatchObject({ outcome: "not-sent" });
      expect(pubsub.subscribed).toBe(false);
    }
  });

  it("publishes SPUBLISH to the node of the channel's slot", async () => {
    for (const node of cluster.nodes.slice(0, 3)) {
      const channel = cluster.keyOf(node);
      node.answer("SPUBLISH", ":1\r\n");
      expect(await client.spublish(channel, "data")).toBe(1);
      expect(node.received("SPUBLISH")).toEqual([["SPUBLISH", channel, "data"]]);
    }
  });
});
