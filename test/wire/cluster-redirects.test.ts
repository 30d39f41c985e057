/** Redirects and refusals of the nodes of a cluster: where a command is sent again, how often, and after which pause. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keySlot } from "../../src/commands/core/key-slot.js";
import { ClusterCrossSlotError, ClusterError } from "../../src/errors.js";
import { commandsOf, type RoutedCommands } from "../support/cluster-router.js";
import {
  ask,
  moved,
  REPLIES,
  type ScriptedCluster,
  type ScriptedNode,
  scriptedCluster,
} from "../support/scripted-cluster.js";
import { errorOf } from "../support/settle.js";
import { watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

let cluster: ScriptedCluster;
let a: ScriptedNode;
let b: ScriptedNode;
let commands: RoutedCommands;
/** A key of node a. */
let key: string;
let slot: number;

beforeEach(async () => {
  cluster = await scriptedCluster(3);
  [a, b] = cluster.nodes as [ScriptedNode, ScriptedNode];
  key = cluster.keyOf(a);
  slot = keySlot(key, "utf8");
  commands = commandsOf(cluster);
});
afterEach(async () => {
  await commands[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

/** The nodes that executed a command, in order. */
const executors = (name: string): ScriptedNode[] =>
  cluster.executedOf(name).map(({ node }) => node);

describe("a command answered with MOVED", () => {
  it("is executed once, by the node of the redirect", async () => {
    await commands.router.connect();
    cluster.move(key, b);
    expect(await commands.run("INCR", key)).toBe(1);
    expect(executors("INCR")).toEqual([b]);
  });

  it("changes the map, so that the next command goes to the new node at once", async () => {
    await commands.router.connect();
    cluster.move(key, b);
    await commands.run("INCR", key);
    await commands.run("INCR", key);
    expect([a.received("INCR").length, b.received("INCR").length]).toEqual([1, 2]);
  });

  it("leads to a node that no view contains", async () => {
    await commands.router.connect();
    const added = await cluster.add();
    const stale = cluster.slots();
    for (const node of cluster.nodes) node.view = stale;
    cluster.move(key, added);
    expect(await commands.run("INCR", key)).toBe(1);
    expect(executors("INCR")).toEqual([added]);
  });

  it("rejects with ClusterError after 16 redirects, with the last one as cause", async () => {
    await commands.router.connect();
    a.always("INCR", moved(slot, b));
    b.always("INCR", moved(slot, a));
    const error = await errorOf(commands.run("INCR", key));
    expect(error).toBeInstanceOf(ClusterError);
    expect(error).toMatchObject({
      message: "TTL exhausted.",
      command: "INCR",
      outcome: "not-sent",
    });
    expect(error.cause).toMatchObject({ code: "MOVED" });
    expect(a.received("INCR").length + b.received("INCR").length).toBeLessThanOrEqual(16 + 1 + 4);
    expect(executors("INCR")).toEqual([]);
  });

  it("is sent over a new connection when the node redirects to itself, and not in a tight loop", async () => {
    await commands.run("GET", key);
    a.answer("INCR", moved(slot, a));
    expect(await commands.run("INCR", key)).toBe(1);
    const users = a.peers.filter((peer) => peer.received.some(([name]) => name === "INCR"));
    expect(users).toHaveLength(2);
  });

  it("rejects after the limit of waits when the node always redirects to itself", async () => {
    await using limited = commandsOf(cluster, { clusterErrorRetryAttempts: 2 });
    await limited.router.connect();
    a.always("INCR", moved(slot, a));
    const error = await errorOf(limited.run("INCR", key));
    expect(error).toBeInstanceOf(ClusterError);
    expect(a.received("INCR")).toHaveLength(3);
  });

  it.each(["MOVED", "MOVED 1", "MOVED x 127.0.0.1:1", "MOVED 1 127.0.0.1:x", "MOVED 99999 h:1"])(
    "waits and is sent again after the malformed redirect %j",
    async (text) => {
      await commands.router.connect();
      a.answer("INCR", `-${text}\r\n`);
      expect(await commands.run("INCR", key)).toBe(1);
      expect(executors("INCR")).toEqual([a]);
    },
  );
});

describe("a command answered with ASK", () => {
  it("is executed by the importing node, directly behind ASKING on the same connection", async () => {
    await commands.router.connect();
    cluster.migrate(key, b);
    const others = Array.from({ length: 20 }, (_, i) => cluster.keyOf(b, i));
    const replies = [
      ...others.slice(0, 10).map((other) => commands.run("INCR", other)),
      commands.run("INCR", key),
      ...others.slice(10).map((other) => commands.run("INCR", other)),
    ];
    expect(await Promise.all(replies)).toEqual(replies.map(() => 1));
    expect(cluster.executedOf("INCR").filter(({ words }) => words[1] === key)).toHaveLength(1);
    for (const { received } of b.peers) {
      for (const [at, [name]] of received.entries())
        if (name === "ASKING") expect(received[at + 1]).toEqual(["INCR", key]);
    }
    expect(b.received("ASKING")).toHaveLength(1);
  });

  it("is behind ASKING although commands wait for the first connection to the importing node", async () => {
    await commands.router.connect();
    cluster.migrate(key, b);
    const first = b.hold("GET");
    const get = commands.run("GET", cluster.keyOf(b));
    await first.received;
    const replies = [1, 2, 3].map(() => commands.run("INCR", key));
    await b.arrival("INCR", 3);
    first.release();
    expect(await Promise.all(replies)).toEqual([1, 2, 3]);
    await get;
  });

  it("leaves the map as it is: the next command goes to the old node first", async () => {
    await commands.router.connect();
    cluster.migrate(key, b);
    await commands.run("INCR", key);
    await commands.run("INCR", key);
    expect([a.received("INCR").length, b.received("ASKING").length]).toEqual([2, 2]);
  });

  it("leads to a node that no view contains", async () => {
    await commands.router.connect();
    const added = await cluster.add();
    cluster.migrate(key, added);
    expect(await commands.run("INCR", key)).toBe(1);
    expect(executors("INCR")).toEqual([added]);
  });

  it("waits for the importing node when that one answers TRYAGAIN", async () => {
    await commands.router.connect();
    cluster.migrate(key, b);
    b.answer("MGET", REPLIES.tryagain, REPLIES.tryagain);
    expect(await commands.run("MGET", key, key)).toEqual([null, null]);
    expect([a.received("MGET").length, b.received("MGET").length]).toEqual([3, 3]);
  });

  it("follows a later MOVED, and sends later commands to the node of that MOVED", async () => {
    await commands.router.connect();
    a.answer("INCR", ask(slot, b));
    b.answer("INCR", moved(slot, cluster.nodes[2] as ScriptedNode));
    cluster.move(key, cluster.nodes[2] as ScriptedNode);
    expect(await commands.run("INCR", key)).toBe(1);
    expect(await commands.run("INCR", key)).toBe(2);
    expect([a.received("INCR").length, b.received("INCR").length]).toEqual([1, 1]);
  });

  it("ends after 16 redirects when ASK and MOVED send it back and forth", async () => {
    await commands.router.connect();
    a.always("INCR", ask(slot, b));
    b.always("INCR", moved(slot, a));
    const error = await errorOf(commands.run("INCR", key));
    expect(error).toMatchObject({ name: "ClusterError", message: "TTL exhausted." });
    expect(executors("INCR")).toEqual([]);
  });

  it("rejects with the error of the command itself when ASKING is refused too", async () => {
    await commands.router.connect();
    cluster.migrate(key, b);
    b.answer("ASKING", "-NOPERM this user has no permissions to run the 'asking' command\r\n");
    b.answer("INCR", "-ERR refused\r\n");
    expect(await errorOf(commands.run("INCR", key))).toMatchObject({ message: "ERR refused" });
  });
});

describe("a command that the cluster cannot serve for a moment", () => {
  it.each([
    ["TRYAGAIN", REPLIES.tryagain],
    ["CLUSTERDOWN", REPLIES.down],
    ["CLUSTERDOWN for an unserved slot", "-CLUSTERDOWN Hash slot not served\r\n"],
    ["MASTERDOWN", REPLIES.masterDown],
    ["LOADING", REPLIES.loading],
    ["READONLY", REPLIES.readonly],
    ["UNBLOCKED by a change of roles", REPLIES.unblocked],
  ])("waits and is executed once after %s", async (_, reply) => {
    await commands.router.connect();
    a.answer("INCR", reply, reply);
    expect(await commands.run("INCR", key)).toBe(1);
    expect(a.received("INCR")).toHaveLength(3);
    expect(executors("INCR")).toEqual([a]);
  });

  it.each([
    ["CLUSTERDOWN", REPLIES.down],
    ["MASTERDOWN", REPLIES.masterDown],
    ["LOADING", REPLIES.loading],
    ["READONLY", REPLIES.readonly],
    ["UNBLOCKED by a change of roles", REPLIES.unblocked],
  ])("is sent by a new view of the slots after %s", async (_, reply) => {
    await commands.router.connect();
    a.always("INCR", reply);
    cluster.move(key, b);
    expect(await commands.run("INCR", key)).toBe(1);
    expect(executors("INCR")).toEqual([b]);
  });

  it("rejects with the error of the node after clusterErrorRetryAttempts waits", async () => {
    await using limited = commandsOf(cluster, { clusterErrorRetryAttempts: 1 });
    await limited.router.connect();
    a.always("INCR", REPLIES.down);
    const error = await errorOf(limited.run("INCR", key));
    expect(error).toMatchObject({
      code: "CLUSTERDOWN",
      message: "CLUSTERDOWN The cluster is down",
    });
    expect(a.received("INCR")).toHaveLength(2);
  });

  it("rejects commands of all slots with CLUSTERDOWN when a shard is dead, though views list all slots", async () => {
    await using limited = commandsOf(cluster, { clusterErrorRetryAttempts: 1 });
    await limited.router.connect();
    for (const node of cluster.nodes) node.always("GET", REPLIES.down);
    const keys = cluster.nodes.map((node) => cluster.keyOf(node));
    const errors = await Promise.all(keys.map((other) => errorOf(limited.run("GET", other))));
    expect(errors.map(({ code }) => code)).toEqual(keys.map(() => "CLUSTERDOWN"));
    const views = cluster.nodes.flatMap((node) => node.received("CLUSTER SLOTS"));
    expect(views.length).toBeLessThanOrEqual(4);
  });

  it("rejects with UNBLOCKED when CLIENT UNBLOCK released it", async () => {
    await commands.router.connect();
    a.answer("BLPOP", "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n");
    const error = await errorOf(commands.run("BLPOP", key, 5));
    expect(error.code).toBe("UNBLOCKED");
    expect(a.received("BLPOP")).toHaveLength(1);
  });
});

describe("a blocking command", () => {
  it("blocks at the new node when a change of roles releases it", async () => {
    await commands.router.connect();
    const blocked = a.hold("BLPOP", REPLIES.unblocked);
    const reply = commands.run("BLPOP", key, 5);
    await blocked.received;
    cluster.move(key, b);
    cluster.data.set(key, ["item"]);
    blocked.release();
    expect(await reply).toEqual([key, "item"]);
    expect(executors("BLPOP")).toEqual([b]);
  });

  it("blocks at the new node when its slot moves", async () => {
    await commands.router.connect();
    cluster.move(key, b);
    cluster.data.set(key, ["item"]);
    expect(await commands.run("BLPOP", key, 5)).toEqual([key, "item"]);
    expect(executors("BLPOP")).toEqual([b]);
  });

  it("is sent behind ASKING to the importing node, on a connection alone", async () => {
    await commands.router.connect();
    await commands.run("GET", cluster.keyOf(b));
    cluster.migrate(key, b);
    cluster.data.set(key, ["item"]);
    expect(await commands.run("BLPOP", key, 5)).toEqual([key, "item"]);
    const [shared, alone] = b.peers;
    expect(shared?.received.flat()).not.toContain("BLPOP");
    expect(alone?.received).toEqual([["ASKING"], ["BLPOP", key, "5"]]);
  });

  it("does not hold up the other commands of its slot while it is redirected", async () => {
    await commands.router.connect();
    cluster.migrate(key, b);
    const blocked = b.hold("BLPOP");
    const reply = commands.run("BLPOP", key, 5);
    await blocked.received;
    expect(await commands.run("INCR", `{${key}}`)).toBe(1);
    blocked.release();
    expect(await reply).toBeNull();
  });
});

describe("a command with keys of one node in different slots", () => {
  it("is refused before anything is sent, with the method to use", async () => {
    await commands.router.connect();
    const error = await errorOf(commands.run("MGET", key, cluster.keyOf(a, 1)));
    expect(error).toBeInstanceOf(ClusterCrossSlotError);
    expect(error.message).toContain("mgetNonatomic");
    expect(a.received("MGET")).toEqual([]);
  });

  it("is refused for WATCH by lease()", async () => {
    await commands.router.connect();
    const lease = commands.router.lease([key, cluster.keyOf(a, 1)]);
    expect(await errorOf(lease)).toMatchObject({ name: "ClusterCrossSlotError" });
  });
});

describe("EVAL on a cluster", () => {
  it("is executed anywhere without keys, and its error is delivered", async () => {
    await commands.router.connect();
    const text = "-ERR Script attempted to access a non local key in a cluster node\r\n";
    for (const node of cluster.nodes) node.always("EVAL", text);
    const error = await errorOf(commands.run("EVAL", "return redis.call('GET', 'x')", 0));
    expect(error.message).toContain("non local key");
    expect(cluster.nodes.flatMap((node) => node.received("EVAL"))).toHaveLength(1);
  });

  it("is not executed again after an error whose text is the script's own", async () => {
    await commands.router.connect();
    a.always("EVAL", "-TRYAGAIN later\r\n");
    const error = await errorOf(commands.run("EVAL", "return redis.error_reply('x')", 1, key));
    expect(error.message).toBe("TRYAGAIN later");
    expect(a.received("EVAL")).toHaveLength(1);
  });
});
