/** Nodes of a cluster that die, freeze or come back: what rejects with which outcome, and what goes on elsewhere. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ConnectionError } from "../../src/errors.js";
import { commandsOf, type RoutedCommands } from "../support/cluster-router.js";
import {
  LOSE,
  REPLIES,
  type ScriptedCluster,
  type ScriptedNode,
  scriptedCluster,
} from "../support/scripted-cluster.js";
import { errorOf, kindOfFailure } from "../support/settle.js";
import { until } from "../support/until.js";
import { waitEventLoopTurns, watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

let cluster: ScriptedCluster;
let a: ScriptedNode;
let b: ScriptedNode;
let replicaOfA: ScriptedNode;
let commands: RoutedCommands;
/** A key of node a. */
let key: string;

beforeEach(async () => {
  cluster = await scriptedCluster(3, { replicas: 3 });
  [a, b, , replicaOfA] = cluster.nodes as [ScriptedNode, ScriptedNode, ScriptedNode, ScriptedNode];
  key = cluster.keyOf(a);
  commands = commandsOf(cluster);
  for (const node of cluster.nodes.slice(0, 3)) await commands.run("GET", cluster.keyOf(node));
});
afterEach(async () => {
  await commands[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

const everywhere = (name: string): string[][] =>
  cluster.nodes.flatMap((node) => node.received(name));

describe("a command whose connection is lost before the reply", () => {
  it("rejects with outcome unknown, and is not sent again", async () => {
    a.answer("INCR", LOSE);
    expect(await kindOfFailure(commands.run("INCR", key))).toBe("ConnectionError unknown");
    expect(await commands.run("INCR", key)).toBe(1);
    expect(everywhere("INCR")).toHaveLength(2);
  });

  it("rejects with outcome unknown also behind ASKING, and is not sent again", async () => {
    cluster.migrate(key, b);
    b.answer("INCR", LOSE);
    expect(await kindOfFailure(commands.run("INCR", key))).toBe("ConnectionError unknown");
    expect(b.received("INCR")).toHaveLength(1);
  });

  it("is sent again, to the node that has the slot by then, when the caller asked for it", async () => {
    a.answer("INCR", () => {
      cluster.promote(replicaOfA);
      // As a process that is killed.
      void a.kill();
      return LOSE;
    });
    const options = { retryOnError: [ConnectionError] };
    expect(await commands.runWith(options, "INCR", key)).toBe(1);
    expect(cluster.executedOf("INCR").map(({ node }) => node)).toEqual([replicaOfA]);
  });

  it("leads to a new view of the slots", async () => {
    const before = everywhere("CLUSTER SLOTS").length;
    cluster.promote(replicaOfA);
    a.answer("INCR", LOSE);
    await errorOf(commands.run("INCR", key));
    await until(() => everywhere("CLUSTER SLOTS").length > before, { message: "no refresh" });
    expect(await commands.run("INCR", key)).toBe(1);
    expect(a.received("INCR")).toHaveLength(1);
  });
});

describe("commands to a node that is dead", () => {
  it("wait for the promotion of its replica, without a redirect", async () => {
    await a.kill();
    const reply = commands.run("INCR", key);
    await waitEventLoopTurns();
    cluster.promote(replicaOfA);
    expect(await reply).toBe(1);
    expect(cluster.executedOf("INCR").map(({ node }) => node)).toEqual([replicaOfA]);
  });

  it("go to the promoted replica also when they waited after TRYAGAIN and were sent to the dead node again", async () => {
    const { gates, table } = commands.router;
    a.answer("INCR", REPLIES.tryagain);
    const replies = [commands.run("INCR", key)];
    await until(() => gates.count, { message: "the slot is not closed" });
    await a.kill();
    replies.push(commands.run("INCR", key));
    await until(() => table.nodes.some(({ name, waiting }) => name === a.name && waiting === 1), {
      message: "the command is not sent again",
    });
    cluster.promote(replicaOfA);
    expect(await Promise.all(replies)).toEqual([1, 2]);
  });

  it("wait although the other nodes redirect to the dead one for a while", async () => {
    cluster.move(key, b);
    await commands.run("INCR", key);
    // The map of node b is the old one: it redirects to the dead node.
    cluster.move(key, a);
    await a.kill();
    const reply = commands.run("INCR", key);
    await b.arrival("INCR", 2);
    cluster.promote(replicaOfA);
    expect(await reply).toBe(2);
  });

  it("do not delay commands to the other nodes", async () => {
    await a.kill();
    const waiting = commands.run("INCR", key);
    expect(await commands.run("INCR", cluster.keyOf(b))).toBe(1);
    cluster.promote(replicaOfA);
    await waiting;
  });

  it("reject with outcome not-sent when their time has passed, with the cause", async () => {
    await commands[Symbol.asyncDispose]();
    commands = commandsOf(cluster, { socketTimeout: 200 });
    await commands.run("GET", key);
    await a.kill();
    const error = await errorOf(commands.run("INCR", key));
    expect(error).toMatchObject({ name: "TimeoutError", outcome: "not-sent" });
    expect(error.cause).toMatchObject({ code: "ECONNREFUSED" });
  });

  it("go to another node without a key, and stay there", async () => {
    for (const node of cluster.nodes) node.always("PUBLISH", ":0\r\n");
    await commands.run("PUBLISH", "channel", "1");
    const first = cluster.nodes.find((node) => node.received("PUBLISH").length !== 0);
    await first?.kill();
    for (let i = 0; i < 5; i++) await commands.run("PUBLISH", "channel", "2");
    const counts = cluster.nodes.map((node) => node.received("PUBLISH").length);
    expect(counts.filter((count) => count === 5)).toHaveLength(1);
  });
});

describe("commands to a node that is frozen", () => {
  it("reject with outcome unknown at their deadline, and lead to a new view", async () => {
    // New connections wait for the replies of their handshake.
    await commands[Symbol.asyncDispose]();
    commands = commandsOf(cluster, { libName: "rediswire", socketTimeout: 300 });
    await commands.run("GET", key);
    a.freeze();
    cluster.promote(replicaOfA);
    const late = commands.run("INCR", key);
    expect(await kindOfFailure(late)).toBe("TimeoutError unknown");
    expect(await commands.run("INCR", key)).toBe(1);
    expect(cluster.executedOf("INCR").map(({ node }) => node)).toEqual([replicaOfA]);
    a.thaw();
  });

  it("do not delay commands to the other nodes", async () => {
    a.freeze();
    const late = kindOfFailure(commands.runWith({ timeout: 200 }, "INCR", key));
    expect(await commands.run("INCR", cluster.keyOf(b))).toBe(1);
    expect(await late).toBe("TimeoutError unknown");
    a.thaw();
  });
});

describe("a cluster whose nodes come back", () => {
  it("serves commands again after all nodes were down, without a new client", async () => {
    await Promise.all(cluster.nodes.map((node) => node.kill()));
    const reply = commands.run("INCR", key);
    await waitEventLoopTurns();
    await Promise.all(cluster.nodes.map((node) => node.start()));
    expect(await reply).toBe(1);
  });

  it("is found by its startup node when all other nodes have new addresses", async () => {
    const added = await cluster.add();
    await Promise.all(cluster.nodes.slice(0, -1).map((node) => node.kill()));
    cluster.replicas.clear();
    cluster.give(added, 0, 16_383);
    // The startup node is a replica of the new node.
    cluster.replicas.set(added, [a]);
    await a.start();
    expect(await commands.run("INCR", key)).toBe(1);
    expect(await commands.run("INCR", "other")).toBe(1);
    expect(cluster.executedOf("INCR").map(({ node }) => node)).toEqual([added, added]);
  });
});
