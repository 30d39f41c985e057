/** How a cluster client finds out which node serves which slot: whom it asks, how often, and what it does with a view. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keySlot } from "../../src/commands/core/key-slot.js";
import { RedisClusterException } from "../../src/errors.js";
import { commandsOf, type RoutedCommands, routedCommands } from "../support/cluster-router.js";
import {
  REPLIES,
  range,
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
let c: ScriptedNode;
let commands: RoutedCommands;

beforeEach(async () => {
  cluster = await scriptedCluster(3);
  [a, b, c] = cluster.nodes as [ScriptedNode, ScriptedNode, ScriptedNode];
  commands = commandsOf(cluster);
});
afterEach(async () => {
  await commands[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

/** Number of views that nodes were asked for. */
const views = (...nodes: readonly ScriptedNode[]): number =>
  (nodes.length === 0 ? cluster.nodes : nodes).flatMap((node) => node.received("CLUSTER SLOTS"))
    .length;

/** Wait for one more view than there were before, and for its adoption. */
async function refreshed(before: number): Promise<void> {
  await until(() => views() > before, { message: "no refresh" });
  await waitEventLoopTurns();
}

/** Connect to all primaries. */
async function connectAll(): Promise<void> {
  for (const node of [a, b, c]) await commands.run("GET", cluster.keyOf(node));
}

describe("the first view of a cluster", () => {
  it("is fetched once for all commands that wait for it", async () => {
    const keys = Array.from({ length: 300 }, (_, i) => `key:${i}`);
    await Promise.all(keys.map((key) => commands.run("INCR", key)));
    expect(views()).toBe(1);
    expect(cluster.executed).toHaveLength(300);
  });

  it("is asked of the next startup node while the first does not answer", async () => {
    a.freeze();
    await using other = routedCommands([a, b].map(({ host, port }) => ({ host, port })));
    expect(await other.run("INCR", cluster.keyOf(b))).toBe(1);
    a.thaw();
  });

  it("is asked of the next startup node when the first is down", async () => {
    await a.kill();
    await using other = routedCommands([a, b].map(({ host, port }) => ({ host, port })));
    expect(await other.run("INCR", cluster.keyOf(b))).toBe(1);
  });

  it("names the mistake when the server is no node of a cluster", async () => {
    a.view = REPLIES.noCluster;
    const error = await errorOf(commands.run("GET", "key"));
    expect(error).toBeInstanceOf(RedisClusterException);
    expect(error.message).toContain("cluster support is disabled");
    expect(error.message).toContain("use new Redis()");
    expect(error.outcome).toBe("not-sent");
  });

  it("fails with what each startup node answered", async () => {
    a.view = REPLIES.noCluster;
    b.view = "-NOPERM no permissions\r\n";
    c.view = "*1\r\n:5\r\n";
    await using other = routedCommands([a, b, c].map(({ host, port }) => ({ host, port })));
    const { message } = await errorOf(other.router.connect());
    for (const { name } of [a, b, c]) expect(message).toContain(`${name}: `);
    expect(message).toContain("NOPERM");
    expect(message).toContain("malformed");
  });

  it("is not used when two ranges overlap: the next node is asked", async () => {
    a.view = `*2\r\n${range(0, 16_383, [b])}${range(7, 7, [c])}`;
    await using other = routedCommands([a, b].map(({ host, port }) => ({ host, port })));
    expect(await other.run("INCR", cluster.keyOf(a))).toBe(1);
    expect(views(b)).toBe(1);
  });
});

describe("a view with slots that no node serves", () => {
  it("makes connect() and the first command fail, with the option that allows it", async () => {
    cluster.give(undefined, 100, 200);
    const error = await errorOf(commands.run("INCR", cluster.keyOf(a)));
    expect(error).toMatchObject({ name: "RedisClusterException", outcome: "not-sent" });
    expect(error.message).toContain("slot 100 has no node");
    expect(error.message).toContain("requireFullCoverage");
    const again = await errorOf(commands.router.connect());
    expect(again.message).toContain("slot 100 has no node");
    expect(cluster.executed).toEqual([]);
  });

  it("is replaced by that of a node with all slots", async () => {
    const full = cluster.slots();
    cluster.give(undefined, 100, 200);
    b.view = full;
    await using other = routedCommands([a, b].map(({ host, port }) => ({ host, port })));
    expect(await other.run("INCR", cluster.keyOf(a))).toBe(1);
  });

  it("serves the other slots with requireFullCoverage: false, and rejects those with SlotNotCoveredError", async () => {
    await using partial = commandsOf(cluster, { requireFullCoverage: false });
    const key = cluster.keyOf(a);
    const missing = keySlot(key, "utf8");
    cluster.give(undefined, missing);
    expect(await partial.run("INCR", cluster.keyOf(b))).toBe(1);
    const error = await errorOf(partial.run("INCR", key));
    expect(error).toMatchObject({ name: "SlotNotCoveredError", outcome: "not-sent" });
    expect(views()).toBeLessThan(6);
  });

  it("does not stop the other slots when the hole appears later", async () => {
    await connectAll();
    cluster.give(undefined, keySlot(cluster.keyOf(a), "utf8"));
    const moving = cluster.keyOf(b, 1);
    cluster.move(moving, await cluster.add());
    const before = views();
    await commands.run("INCR", moving);
    await refreshed(before);
    expect(await commands.run("INCR", cluster.keyOf(c))).toBe(1);
  });

  it("serves a command that waits as soon as a node serves its slot", async () => {
    await using partial = commandsOf(cluster, { requireFullCoverage: false });
    const key = cluster.keyOf(a);
    cluster.give(undefined, keySlot(key, "utf8"));
    await partial.run("INCR", cluster.keyOf(b));
    const reply = partial.run("INCR", key);
    await waitEventLoopTurns();
    cluster.move(key, c);
    expect(await reply).toBe(1);
  });
});

describe("a command that waits after CLUSTERDOWN", () => {
  it("is executed, with those behind it, when the slot had no node for a while", async () => {
    await using partial = commandsOf(cluster, { requireFullCoverage: false });
    const key = cluster.keyOf(a);
    const slot = keySlot(key, "utf8");
    await partial.run("GET", key);
    cluster.give(undefined, slot);
    const replies = [partial.run("INCR", key)];
    const { gates, table } = partial.router;
    await until(() => gates.isWaiting(slot), { message: "the slot is not closed" });
    replies.push(partial.run("INCR", key));
    const isUnrouted = (): boolean => table.primary(slot) === undefined && !gates.isWaiting(slot);
    await until(isUnrouted, { message: "the command is not sent again" });
    cluster.move(key, c);
    expect(await Promise.all(replies)).toEqual([1, 2]);
  });
});

describe("MOVED redirects to known nodes", () => {
  /** Follow so many MOVEDs; return the number of views that were asked for meanwhile. */
  async function follow(count: number, other: RoutedCommands): Promise<number> {
    await other.router.connect();
    const before = views();
    for (let i = 0; i < count; i++) {
      const key = cluster.keyOf(a);
      cluster.move(key, b);
      await other.run("INCR", key);
    }
    await waitEventLoopTurns();
    return views() - before;
  }

  it("lead to a new view after reinitializeSteps of them", async () => {
    await using other = commandsOf(cluster, { reinitializeSteps: 3 });
    expect(await follow(2, other)).toBe(0);
    const before = views();
    const key = cluster.keyOf(a);
    cluster.move(key, b);
    await other.run("INCR", key);
    await refreshed(before);
    expect(views() - before).toBe(1);
  });

  it("lead to at most one new view per second while many slots move", async () => {
    await using other = commandsOf(cluster, { reinitializeSteps: 3 });
    const start = performance.now();
    let count = 0;
    while (performance.now() - start < 400) count += await follow(10, other);
    const seconds = (performance.now() - start) / 1000;
    expect(count).toBeGreaterThanOrEqual(1);
    expect(count).toBeLessThanOrEqual(1 + seconds);
  });

  it("never lead to a new view with reinitializeSteps: 0", async () => {
    await using other = commandsOf(cluster, { reinitializeSteps: 0 });
    expect(await follow(12, other)).toBe(0);
  });
});

describe("a refresh of the slots", () => {
  it("is one for many commands that are redirected to a new node at once", async () => {
    await connectAll();
    const added = await cluster.add();
    const before = views();
    const keys = Array.from({ length: 50 }, (_, i) => cluster.keyOf(a, i));
    for (const key of keys) cluster.move(key, added);
    await Promise.all(keys.map((key) => commands.run("INCR", key)));
    await refreshed(before);
    expect(views() - before).toBeLessThanOrEqual(2);
  });

  it("does not undo a MOVED that arrived since it began", async () => {
    await connectAll();
    const [first, second] = [cluster.keyOf(a), cluster.keyOf(a, 1)];
    const old = cluster.slots();
    const added = await cluster.add();
    const answers = cluster.nodes.map((node) => node.hold("CLUSTER SLOTS", old));
    cluster.move(first, added);
    await commands.run("INCR", first);
    await Promise.race(answers.map(({ received }) => received));
    cluster.move(second, b);
    // Node a answers nothing behind a view that it withholds: a blocking command has its own connection.
    cluster.data.set(second, ["item"]);
    expect(await commands.run("BLPOP", second, 1)).toEqual([second, "item"]);
    for (const { release } of answers) release();
    await waitEventLoopTurns();
    const before = a.received("INCR").length;
    await commands.run("INCR", second);
    expect(a.received("INCR").length).toBe(before);
  });

  it("opens no connection while there are connected nodes", async () => {
    for (const node of [a, b]) await commands.run("GET", cluster.keyOf(node));
    for (let i = 0; i < 8; i++) {
      const before = views();
      b.answer("INCR", REPLIES.down);
      await commands.run("INCR", cluster.keyOf(b));
      await refreshed(before);
    }
    expect(cluster.nodes.map((node) => node.peers.length)).toEqual([1, 1, 0]);
  });

  it("keeps the connections of the other nodes when a timeout led to it", async () => {
    await commands[Symbol.asyncDispose]();
    commands = commandsOf(cluster, { socketTimeout: 200 });
    await connectAll();
    const connections = (): number[] => cluster.nodes.map(({ peers }) => peers.length);
    const [before, [first = 0, ...others]] = [views(), connections()];
    const slow = a.hold("GET");
    expect(await kindOfFailure(commands.run("GET", cluster.keyOf(a)))).toBe("TimeoutError unknown");
    await refreshed(before);
    await connectAll();
    expect(connections()).toEqual([first + 1, ...others]);
    slow.release();
  });

  it("asks another node than the last one", async () => {
    await connectAll();
    const asked: ScriptedNode[] = [];
    for (const node of cluster.nodes) {
      node.view = () => {
        asked.push(node);
        return undefined;
      };
    }
    for (let i = 0; i < 6; i++) {
      const before = views();
      a.answer("INCR", REPLIES.down);
      await commands.run("INCR", cluster.keyOf(a));
      await refreshed(before);
    }
    const repeated = asked.filter((node, i) => node === asked[i - 1]);
    expect(repeated).toEqual([]);
    expect(new Set(asked).size).toBeGreaterThan(1);
  });

  it("closes connections to nodes that left, after their pending replies", async () => {
    await connectAll();
    const key = cluster.keyOf(c);
    const held = c.hold("INCR", ":7\r\n");
    const pending = commands.run("INCR", key);
    await held.received;
    for (const [slot, owner] of cluster.owners.entries()) if (owner === c) cluster.give(b, slot);
    const before = views();
    a.answer("INCR", REPLIES.down);
    await commands.run("INCR", cluster.keyOf(a));
    await refreshed(before);
    expect(c.open).toBe(1);
    held.release();
    expect(await pending).toBe(7);
    await until(() => c.open === 0, { message: "the connection stays open" });
    expect(await commands.run("INCR", key)).toBe(1);
  });
});

describe("a cluster that is down", () => {
  it.each([
    ["CLUSTERDOWN", REPLIES.down],
    ["READONLY", REPLIES.readonly],
  ])("is asked with growing pauses while commands are answered with %s", async (_, reply) => {
    await using other = commandsOf(cluster, { clusterErrorRetryAttempts: 0 });
    await other.router.connect();
    for (const node of cluster.nodes) node.always("INCR", reply);
    const before = views();
    const start = performance.now();
    while (performance.now() - start < 1_200) await errorOf(other.run("INCR", cluster.keyOf(a)));
    const elapsed = performance.now() - start;
    expect(views() - before).toBeGreaterThan(2);
    // From 250 to 500 ms after the first four.
    expect(views() - before).toBeLessThanOrEqual(4 + elapsed / 250);
  });

  it("is not asked again and again while no command waits", async () => {
    await connectAll();
    await Promise.all([b.kill(), c.kill()]);
    a.view = "-ERR busy\r\n";
    await until(() => views(a) > 1, { message: "no refresh" });
    /** Longer than several pauses between two refreshes. */
    const blocked = async (): Promise<number> => {
      const hold = a.hold("BLPOP");
      await errorOf(commands.runWith({ timeout: 300 }, "BLPOP", cluster.keyOf(a), 5));
      hold.release();
      return views(a);
    };
    const before = await blocked();
    expect(await blocked()).toBe(before);
  });
});

describe("the nodes that are asked for a new view", () => {
  /** Move the key of node a to b, and ask for a view; return who was asked since. */
  async function askedAfterTrouble(other: RoutedCommands): Promise<ScriptedNode[]> {
    for (const node of [a, b, c]) await other.run("GET", cluster.keyOf(node));
    const counts = cluster.nodes.map((node) => views(node));
    for (let i = 0; i < 4; i++) {
      const before = views();
      b.answer("INCR", REPLIES.down);
      await other.run("INCR", cluster.keyOf(b));
      await refreshed(before);
    }
    return cluster.nodes.filter((node, i) => views(node) > (counts[i] ?? 0));
  }

  it("are those that were found", async () => {
    expect((await askedAfterTrouble(commands)).length).toBeGreaterThan(1);
  });

  it("are the startup nodes alone with dynamicStartupNodes: false", async () => {
    await using fixed = commandsOf(cluster, { dynamicStartupNodes: false });
    expect(await askedAfterTrouble(fixed)).toEqual([a]);
  });
});

describe("a command without keys", () => {
  it("goes to one primary for as long as that serves", async () => {
    for (const node of cluster.nodes) node.always("PUBLISH", ":0\r\n");
    for (let i = 0; i < 10; i++) await commands.run("PUBLISH", "channel", "message");
    const counts = cluster.nodes.map((node) => node.received("PUBLISH").length);
    expect(counts.filter((count) => count === 10)).toHaveLength(1);
  });
});
