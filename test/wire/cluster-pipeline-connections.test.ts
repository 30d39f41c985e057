/**
 * The connections that pipelines of several nodes use: when one node fails, those of the others stay usable, and a
 * connection on which replies are due is never leased again.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { clientOf } from "../support/cluster-router.js";
import { bulk } from "../support/resp.js";
import {
  LOSE,
  type ScriptedCluster,
  type ScriptedNode,
  scriptedCluster,
} from "../support/scripted-cluster.js";
import { errorOf } from "../support/settle.js";
import { until } from "../support/until.js";
import { watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

let cluster: ScriptedCluster;
let a: ScriptedNode;
let b: ScriptedNode;
let client: ReturnType<typeof clientOf>;
/** A key of each node. */
let keyA: string;
let keyB: string;

const popped = (key: string): string => `*2\r\n${bulk(key)}${bulk("value")}`;

beforeEach(async () => {
  cluster = await scriptedCluster(2);
  [a, b] = cluster.nodes as [ScriptedNode, ScriptedNode];
  [keyA, keyB] = [cluster.keyOf(a), cluster.keyOf(b)];
  // A node without connections: all that is written to it needs a new one.
  client = clientOf(cluster, { socketTimeout: 300, maxConnections: 2 });
  await client.get(keyA);
});
afterEach(async () => {
  await client.close();
  await cluster[Symbol.asyncDispose]();
});

/** Both commands of both nodes, the latter over leased connections. */
const popBoth = () => client.pipeline().blpop(keyA, 1).blpop(keyB, 1);

describe("a pipeline of which one node cannot be connected to", () => {
  it("rejects with outcome not-sent for that node, and later pipelines use the connection of the other", async () => {
    await b.kill();
    const pipeline = client.pipeline().incr(keyA).incr(keyB);
    const [first, second] = await pipeline.exec({ raiseOnError: false });
    expect(first).toBe(1);
    expect(second).toMatchObject({ outcome: "not-sent" });
    expect(await client.pipeline().incr(keyA).exec()).toEqual([2]);
    expect(a.peers).toHaveLength(1);
  });

  it("returns the leased connection of the other node, and later pipelines lease it again", async () => {
    await b.kill();
    a.always("BLPOP", popped(keyA));
    // More often than a node may have connections.
    for (let i = 0; i < 3; i++) {
      const [first, second] = await popBoth().exec({ raiseOnError: false });
      expect(first).toEqual([keyA, "value"]);
      expect(second).toMatchObject({ outcome: "not-sent" });
    }
    expect(a.peers).toHaveLength(2);
    await b.start();
    b.always("BLPOP", popped(keyB));
    expect(await popBoth().exec()).toEqual([
      [keyA, "value"],
      [keyB, "value"],
    ]);
  });
});

describe("a pipeline of which one node fails while replies are due", () => {
  it("is followed by pipelines that get their own values", async () => {
    await client.get(keyB);
    const held = a.hold("INCR", bulk("late"));
    b.answer("INCR", LOSE);
    const failed = errorOf(client.pipeline().incr(keyA).incr(keyB).exec());
    await held.received;
    const next = client.pipeline().get(keyA).exec();
    held.release();
    expect(await failed).toMatchObject({ outcome: "unknown" });
    expect(await next).toEqual([null]);
    expect(await client.pipeline().get(keyA).get(keyB).exec()).toEqual([null, null]);
    expect(a.peers).toHaveLength(1);
  });

  it("closes a leased connection whose reply is due when it is cancelled, and later pipelines lease another", async () => {
    b.always("BLPOP", popped(keyB));
    const held = a.hold("BLPOP", popped("late"));
    const controller = new AbortController();
    const { signal } = controller;
    const cancelled = client.with({ signal }).pipeline().blpop(keyA, 1).blpop(keyB, 1).exec();
    const failure = errorOf(cancelled);
    await held.received;
    controller.abort();
    expect(await failure).toMatchObject({ name: "AbortError", outcome: "unknown" });
    a.always("BLPOP", popped(keyA));
    expect(await popBoth().exec()).toEqual([
      [keyA, "value"],
      [keyB, "value"],
    ]);
    held.release();
    await until(() => a.open === 2, { message: "the connection with the late reply is open" });
    expect(a.peers).toHaveLength(3);
  });
});
