/** Nodes of a cluster that die, freeze or come back: what rejects with which outcome, and what goes on elsewhere. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { RedisClusterOptions } from "../../src/cluster/options.js";
import { keySlot } from "../../src/commands/core/key-slot.js";
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

/** Continue with a client that has other options, and connections to all primaries. */
async function restart(options: RedisClusterOptions): Promise<void> {
  await commands[Symbol.asyncDispose]();
  commands = commandsOf(cluster, options);
  for (const node of cluster.nodes.slice(0, 3)) await commands.run("GET", cluster.keyOf(node));
}

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
    let killed: Promise<void> | undefined;
    // The pause after TRYAGAIN ends when the node is dead.
    a.answer("INCR", ({ peer }) => {
      peer.send(REPLIES.tryagain);
      killed = a.kill();
      return LOSE;
    });
    const replies = [commands.run("INCR", key)];
    await until(() => gates.count, { message: "the slot is not closed" });
    await killed;
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
    await restart({ socketTimeout: 200 });
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
    await waitEventLoopTurns();
    for (let i = 0; i < 5; i++) await commands.run("PUBLISH", "channel", "2");
    const counts = cluster.nodes.map((node) => node.received("PUBLISH").length);
    expect(counts.filter((count) => count === 5)).toHaveLength(1);
  });
});

describe("many commands to a node that is dead", () => {
  it("keep their order with later ones while they are sent to the promoted replica", async () => {
    await a.kill();
    const replies = Array.from({ length: 1_000 }, (_, i) => commands.run("RPUSH", key, String(i)));
    await waitEventLoopTurns();
    cluster.promote(replicaOfA);
    const isComplete = () => cluster.executedOf("RPUSH").length >= 1_000;
    while (!isComplete()) {
      replies.push(commands.run("RPUSH", key, String(replies.length)));
      await waitEventLoopTurns();
    }
    await Promise.all(replies);
    const values = cluster.executedOf("RPUSH").map(({ words }) => Number(words[2]));
    expect(values).toEqual(replies.map((_, i) => i));
  });
});

describe("a retry policy that gives up after one attempt, with a node that is dead", () => {
  const giveUp = { retry: 1 };

  /** Wait until the node has been found dead, and the next view too has shown it as the primary. */
  async function stillDead(): Promise<void> {
    const before = everywhere("CLUSTER SLOTS").length;
    await until(() => everywhere("CLUSTER SLOTS").length >= before + 2, { message: "no refresh" });
  }

  it("lets commands wait for the promotion of its replica, in order", async () => {
    await restart(giveUp);
    await a.kill();
    const replies = ["1", "2", "3"].map((value) => commands.run("RPUSH", key, value));
    await stillDead();
    cluster.promote(replicaOfA);
    expect(await Promise.all(replies)).toEqual([1, 2, 3]);
    expect(cluster.executedOf("RPUSH").map(({ words }) => words[2])).toEqual(["1", "2", "3"]);
  });

  it("lets a blocking command wait for the promotion of its replica", async () => {
    await restart(giveUp);
    cluster.data.set(key, ["item"]);
    await a.kill();
    const reply = commands.run("BLPOP", key, 5);
    await stillDead();
    cluster.promote(replicaOfA);
    expect(await reply).toEqual([key, "item"]);
  });

  it("lets a lease wait for the promotion of its replica", async () => {
    await restart(giveUp);
    await a.kill();
    const reply = commands.router.lease([key]);
    await stillDead();
    cluster.promote(replicaOfA);
    const lease = await reply;
    expect(lease.connection.server).toBe(replicaOfA.name);
    lease.release();
  });

  it("rejects commands with outcome not-sent after clusterErrorRetryAttempts views without another node", async () => {
    await restart({ ...giveUp, clusterErrorRetryAttempts: 2 });
    await a.kill();
    const error = await errorOf(commands.run("INCR", key));
    expect(error).toMatchObject({ code: "ECONNREFUSED", outcome: "not-sent" });
    const lease = await errorOf(commands.router.lease([key]));
    expect(lease).toMatchObject({ code: "ECONNREFUSED", outcome: "not-sent" });
  });

  it("rejects commands at once when clusterErrorRetryAttempts is 0", async () => {
    await restart({ ...giveUp, clusterErrorRetryAttempts: 0 });
    await a.kill();
    const reply = errorOf(commands.run("INCR", key));
    expect(await reply).toMatchObject({ code: "ECONNREFUSED", outcome: "not-sent" });
  });
});

describe("commands to a node that is frozen", () => {
  it("reject with outcome unknown at their deadline, and lead to a new view", async () => {
    // New connections wait for the replies of their handshake.
    await restart({ libName: "rediswire", socketTimeout: 300 });
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

describe("a frozen node whose replica was promoted", () => {
  /** Wait until the client sends the key to the promoted replica. */
  async function isLeft(): Promise<void> {
    const slot = keySlot(key, "utf8");
    const isMoved = () => commands.router.nodeAt(slot)?.name === replicaOfA.name;
    await until(isMoved, { timeout: 2_000, message: "the client keeps to the frozen node" });
  }

  it("does not keep its slots closed until the last command on its connection times out", async () => {
    await restart({ libName: "rediswire", socketTimeout: 1_000 });
    a.freeze();
    const first = kindOfFailure(commands.run("INCR", key));
    await sleep(600);
    const second = kindOfFailure(commands.run("INCR", key));
    cluster.promote(replicaOfA);
    expect(await first).toBe("TimeoutError unknown");
    expect(await commands.run("INCR", key)).toBe(1);
    // Before its own timeout.
    expect(await second).toBe("ConnectionError unknown");
    a.thaw();
  });

  it("is left when a timeout per call passes, long before the reply timeout", async () => {
    await restart({ libName: "rediswire", socketTimeout: 3_500 });
    a.freeze();
    cluster.promote(replicaOfA);
    const late = kindOfFailure(commands.runWith({ timeout: 300 }, "INCR", key));
    expect(await late).toBe("TimeoutError unknown");
    await isLeft();
    expect(await commands.run("INCR", key)).toBe(1);
    a.thaw();
  });

  it("is left when a signal aborts a call", async () => {
    await restart({ libName: "rediswire", socketTimeout: 3_500 });
    a.freeze();
    cluster.promote(replicaOfA);
    const signal = AbortSignal.timeout(300);
    expect(await kindOfFailure(commands.runWith({ signal }, "INCR", key))).toBe(
      "AbortError unknown",
    );
    await isLeft();
    expect(await commands.run("INCR", key)).toBe(1);
    a.thaw();
  });

  it.each(["command", "lease", "blocking command"] as const)(
    "is left when it is promoted after the first timeout, long before the timeout of connecting (%s)",
    async (what) => {
      await restart({ libName: "rediswire", socketTimeout: 300, socketConnectTimeout: 5_000 });
      const adopt = vi.spyOn(commands.router, "adopt");
      a.freeze();
      expect(await kindOfFailure(commands.run("INCR", key))).toBe("TimeoutError unknown");
      // The view of that moment, and no command waits for another one.
      await until(() => adopt.mock.calls.length === 1);
      await waitEventLoopTurns();
      cluster.promote(replicaOfA);
      const next = {
        command: () => commands.runWith({ timeout: 3_000 }, "INCR", key),
        // Its own time is over before the node has answered the handshake.
        lease: () => errorOf(commands.router.lease([key])),
        "blocking command": () => commands.runWith({ timeout: 3_000 }, "BLPOP", key, 1),
      }[what]();
      await isLeft();
      await next;
      a.thaw();
    },
  );

  it("leads to few CLUSTER SLOTS calls, however many calls have a tiny timeout", async () => {
    await restart({ libName: "rediswire", socketTimeout: 3_500 });
    a.freeze();
    const before = everywhere("CLUSTER SLOTS").length;
    const end = performance.now() + 800;
    const calls: Promise<string>[] = [];
    while (performance.now() < end) {
      calls.push(kindOfFailure(commands.runWith({ timeout: 2 }, "INCR", key)));
      await calls.at(-1);
    }
    expect(new Set(await Promise.all(calls))).toEqual(new Set(["TimeoutError unknown"]));
    const count = everywhere("CLUSTER SLOTS").length - before;
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThan(4);
    a.thaw();
  });
});

describe("a node that is slow", () => {
  it("does not lead to CLUSTER SLOTS calls when a tiny timeout passes", async () => {
    const slow = a.hold("INCR");
    const before = everywhere("CLUSTER SLOTS").length;
    for (let i = 0; i < 10; i++) await errorOf(commands.runWith({ timeout: 2 }, "INCR", key));
    slow.release();
    await commands.run("GET", key);
    expect(everywhere("CLUSTER SLOTS")).toHaveLength(before);
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
