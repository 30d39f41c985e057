/**
 * Nodes that leave the cluster while something waits for them: it is routed again if it was not written, and
 * otherwise rejects as a lost connection. The client is open, and no error says otherwise.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ConnectionError, type RedisError } from "../../src/errors.js";
import { clientOf } from "../support/cluster-router.js";
import { bulk } from "../support/resp.js";
import {
  REPLIES,
  type ScriptedCluster,
  type ScriptedNode,
  scriptedCluster,
} from "../support/scripted-cluster.js";
import { errorOf } from "../support/settle.js";
import { until } from "../support/until.js";
import { watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

let cluster: ScriptedCluster;
let client: ReturnType<typeof clientOf>;
let a: ScriptedNode;
let b: ScriptedNode;
/** The node that leaves. */
let gone: ScriptedNode;
/** A key of that node. */
let key: string;

beforeEach(async () => {
  cluster = await scriptedCluster(3);
  [a, b, gone] = cluster.nodes as [ScriptedNode, ScriptedNode, ScriptedNode];
  key = cluster.keyOf(gone);
  // New connections wait for the replies of their handshake.
  client = clientOf(cluster, { libName: "rediswire" });
  for (const node of cluster.nodes) await client.get(cluster.keyOf(node));
});
afterEach(async () => {
  gone.thaw();
  await client.close();
  await cluster[Symbol.asyncDispose]();
});

/** Give the slots of the node to another one, and wait until the client has the new view. */
async function leave(): Promise<void> {
  for (const [slot, owner] of cluster.owners.entries()) if (owner === gone) cluster.give(b, slot);
  a.answer("INCR", REPLIES.down);
  await client.incr(cluster.keyOf(a));
  const hasLeft = () => client.router.table.nodes.every(({ name }) => name !== gone.name);
  await until(hasLeft, { message: "the node has not left" });
}

/** What a caller learns from an error. */
const summary = ({ name, code, outcome, message }: RedisError) => ({
  name,
  code,
  outcome,
  message,
});

const LOST = {
  name: "ConnectionError",
  code: "EFAILOVER",
  outcome: "unknown",
  message: "The node has left the cluster",
};

describe("a blocking command at a node that leaves the cluster", () => {
  it("rejects with outcome unknown when it was written", async () => {
    const held = gone.hold("BLPOP");
    const failure = errorOf(client.blpop(key, 0));
    await held.received;
    await leave();
    expect(summary(await failure)).toEqual(LOST);
    expect(b.received("BLPOP")).toEqual([]);
  });

  it("is sent to the next node when the caller allows it to be sent twice", async () => {
    const held = gone.hold("BLPOP");
    const reply = client.with({ retryOnError: [ConnectionError] }).blpop(key, 0);
    await held.received;
    b.answer("BLPOP", `*2\r\n${bulk(key)}${bulk("value")}`);
    await leave();
    expect(await reply).toEqual([key, "value"]);
  });

  it("is routed again when it was not written", async () => {
    gone.freeze();
    b.answer("BLPOP", `*2\r\n${bulk(key)}${bulk("value")}`);
    const reply = client.blpop(key, 0);
    await until(() => gone.open === 2, { message: "no second connection" });
    await leave();
    expect(await reply).toEqual([key, "value"]);
    expect(gone.received("BLPOP")).toEqual([]);
  });
});

describe("client(key) whose node leaves the cluster", () => {
  it("rejects a blocking command with outcome unknown, and goes on at the next node", async () => {
    await using node = client.client(key);
    const held = gone.hold("BLPOP");
    const failure = errorOf(node.blpop(key, 0));
    await held.received;
    await leave();
    expect(summary(await failure)).toEqual(LOST);
    expect(await node.incr(key)).toBe(1);
    expect(b.received("INCR")).toHaveLength(1);
  });

  it("rejects one command because the state of its connection is lost, and goes on at the next node", async () => {
    await using node = client.client(key);
    await node.get(key);
    await leave();
    expect(summary(await errorOf(node.incr(key)))).toEqual({
      name: "ConnectionError",
      code: "ECONNCLOSED",
      outcome: "not-sent",
      message: "The connection of this client() was lost, together with its state",
    });
    expect(await node.incr(key)).toBe(1);
    expect(b.received("INCR")).toHaveLength(1);
  });

  it("gets its first connection from the next node when that of the old one was not ready", async () => {
    gone.freeze();
    await using node = client.client(key);
    const reply = node.incr(key);
    await until(() => gone.open === 2, { message: "no second connection" });
    await leave();
    expect(await reply).toBe(1);
  });
});

describe("a pipeline at a silent node that leaves the cluster", () => {
  it("has its error at the commands that the node has not answered", async () => {
    const held = gone.hold("INCR");
    const commands = client.pipeline().get(key).incr(key).get(cluster.keyOf(a));
    const values = commands.exec({ raiseOnError: false });
    await held.received;
    await until(() => client.router.table.all.some(({ silent }) => silent), { interval: 10 });
    await leave();
    const [first, error, last] = await values;
    expect([first, last]).toEqual([null, null]);
    expect(error).toMatchObject({ name: "ConnectionError", code: "EFAILOVER", outcome: "unknown" });
  });
});

describe("a watch at a node that leaves the cluster", () => {
  it("ends with a WatchError", async () => {
    await using watch = await client.pipeline().watch(key);
    await leave();
    const error = await errorOf(watch.multi().incr(key).exec());
    expect(error).toMatchObject({ name: "WatchError", outcome: "not-sent" });
    expect(error.message).not.toContain("closed");
  });
});

const CONFIRMATION = `*3\r\n${bulk("subscribe")}${bulk("news")}:1\r\n`;

describe("a subscriber whose node leaves the cluster", () => {
  beforeEach(() => {
    for (const node of cluster.nodes) node.always("SUBSCRIBE", CONFIRMATION);
  });

  it("subscribes at another node, and reports why", async () => {
    const errors: RedisError[] = [];
    await using subscriber = client.pubsub({ onReconnect: ({ error }) => errors.push(error) });
    await subscriber.subscribe("news");
    const place = (): ScriptedNode | undefined =>
      cluster.nodes.find((node) => node.received("SUBSCRIBE").length !== 0);
    gone = place() as ScriptedNode;
    [a, b] = cluster.nodes.filter((node) => node !== gone) as [ScriptedNode, ScriptedNode];
    await leave();
    await until(() => errors.length === 1, { message: "no reconnection" });
    expect(errors.map(({ message }) => message)).toEqual(["The node has left the cluster"]);
    expect(a.received("SUBSCRIBE").length + b.received("SUBSCRIBE").length).toBe(1);
  });
});

describe("a monitor whose node leaves the cluster", () => {
  it("rejects with outcome unknown", async () => {
    gone.answer("MONITOR", "+OK\r\n");
    const { host, port } = gone;
    await using monitor = client.getRedisConnection([host, port]).monitor();
    const failure = errorOf(monitor.nextCommand());
    await gone.arrival("MONITOR");
    await leave();
    expect(summary(await failure)).toEqual(LOST);
  });
});

describe("a replica that leaves the cluster", () => {
  it("has no connections for reads any more, and reads go to the nodes that are left", async () => {
    const replica = await cluster.add();
    cluster.replicas.set(a, [replica]);
    await using reader = clientOf(cluster, { loadBalancingStrategy: "random_replica" });
    const own = cluster.keyOf(a);
    await reader.connect();
    await until(
      async () => {
        await reader.get(own);
        return replica.received("GET").length !== 0;
      },
      { message: "the replica has executed no read" },
    );
    expect(replica.received("READONLY")).toHaveLength(1);
    cluster.replicas.delete(a);
    a.answer("INCR", REPLIES.down);
    await reader.incr(own);
    await until(() => replica.open === 0, { message: "a connection to the replica is open" });
    expect(await reader.get(own)).toBe("1");
    expect(replica.open).toBe(0);
  });
});
