/** The order of commands on one slot of a cluster, issued without awaiting, while the slot moves. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keySlot } from "../../src/commands/core/key-slot.js";
import type { Connection } from "../../src/connection/connection.js";
import { clientOf, commandsOf, type RoutedCommands } from "../support/cluster-router.js";
import {
  LOSE,
  REPLIES,
  type ScriptedCluster,
  type ScriptedNode,
  scriptedCluster,
} from "../support/scripted-cluster.js";
import { errorOf, kindOfFailure } from "../support/settle.js";
import { until } from "../support/until.js";
import {
  passHealthCheckInterval,
  waitEventLoopTurns,
  watchEveryTest,
} from "../support/wire-clients.js";

watchEveryTest();

let cluster: ScriptedCluster;
let a: ScriptedNode;
let b: ScriptedNode;
let c: ScriptedNode;
let replicaOfA: ScriptedNode;
let commands: RoutedCommands;
/** A key of node a. */
let key: string;

beforeEach(async () => {
  cluster = await scriptedCluster(3, { replicas: 3 });
  [a, b, c, replicaOfA] = cluster.nodes as [ScriptedNode, ScriptedNode, ScriptedNode, ScriptedNode];
  key = cluster.keyOf(a);
  commands = commandsOf(cluster);
  for (const node of [a, b, c]) await commands.run("GET", cluster.keyOf(node));
});
afterEach(async () => {
  await commands[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

const push = (...numbers: readonly number[]): Promise<unknown>[] =>
  numbers.map((number) => commands.run("RPUSH", key, number));

/** Wait until the slot of a command is closed. */
const closed = (): Promise<unknown> =>
  until(() => commands.router.gates.count, { message: "no slot was closed" });

describe("commands on one slot, issued without awaiting", () => {
  it("are executed in order when MOVED for an old command arrives after a new one was issued", async () => {
    a.answer("RPUSH", undefined);
    const second = a.hold("RPUSH");
    cluster.move(key, b);
    const replies = push(1, 2);
    await replies[0];
    // The map is patched by the first MOVED, and the second one is still to come.
    replies.push(...push(3));
    await waitEventLoopTurns();
    expect(cluster.data.get(key)).toEqual(["1"]);
    second.release();
    await Promise.all(replies);
    expect(cluster.data.get(key)).toEqual(["1", "2", "3"]);
  });

  it("are executed in order when ASK for an old command arrives after a new one was issued", async () => {
    a.answer("RPUSH", undefined);
    const second = a.hold("RPUSH");
    cluster.migrate(key, b);
    const replies = push(1, 2);
    await replies[0];
    cluster.move(key, b);
    replies.push(...push(3));
    second.release();
    await Promise.all(replies);
    expect(cluster.data.get(key)).toEqual(["1", "2", "3"]);
  });

  it("are executed in order when the slot moves twice", async () => {
    a.answer("RPUSH", undefined);
    const second = a.hold("RPUSH");
    cluster.move(key, b);
    const atB = b.hold("RPUSH");
    const replies = push(1, 2);
    await atB.received;
    cluster.move(key, c);
    atB.release();
    await replies[0];
    replies.push(...push(3));
    second.release();
    await Promise.all(replies);
    expect(cluster.data.get(key)).toEqual(["1", "2", "3"]);
    expect(cluster.executedOf("RPUSH").map(({ node }) => node)).toEqual([c, c, c]);
  });

  it("are executed in order when the slot moves on before the first one arrives at the second node", async () => {
    a.answer("RPUSH", undefined);
    const second = a.hold("RPUSH");
    cluster.move(key, b);
    const atB = b.hold("RPUSH");
    const replies = push(1, 2);
    await atB.received;
    cluster.move(key, c);
    // The old node redirects to the third one at once.
    second.release();
    const slot = keySlot(key, "utf8");
    await until(() => commands.router.table.primary(slot)?.name === c.name, {
      message: "the map was not changed",
    });
    replies.push(...push(3));
    await waitEventLoopTurns();
    expect(cluster.data.get(key)).toBeUndefined();
    atB.release();
    await Promise.all(replies);
    expect(cluster.data.get(key)).toEqual(["1", "2", "3"]);
  });

  it("are executed in order when a replica of their shard was promoted", async () => {
    const other = cluster.keyOf(a, 1);
    const held = a.hold("RPUSH");
    cluster.promote(replicaOfA);
    // Another slot of the shard learns of the promotion first.
    const first = commands.run("INCR", other);
    const replies = push(1);
    await first;
    replies.push(...push(2));
    await waitEventLoopTurns();
    expect(cluster.data.get(key)).toBeUndefined();
    held.release();
    await Promise.all(replies);
    expect(cluster.data.get(key)).toEqual(["1", "2"]);
    expect(a.received("INCR")).toHaveLength(1);
  });

  it("are executed in order when a new view moves the slot while one is unanswered", async () => {
    await using eager = commandsOf(cluster, { reinitializeSteps: 1 });
    const other = cluster.keyOf(a, 1);
    await eager.run("GET", key);
    const held = a.hold("RPUSH");
    cluster.move(other, b);
    cluster.move(key, b);
    const first = eager.run("INCR", other);
    const replies = [eager.run("RPUSH", key, 1)];
    await first;
    // The second one is that of the refresh.
    const views = () => cluster.nodes.flatMap((node) => node.received("CLUSTER SLOTS")).length;
    const before = views();
    await until(() => before > 2 || views() > before, { message: "no refresh" });
    await waitEventLoopTurns();
    replies.push(eager.run("RPUSH", key, 2));
    await waitEventLoopTurns();
    expect(cluster.data.get(key)).toBeUndefined();
    held.release();
    await Promise.all(replies);
    expect(cluster.data.get(key)).toEqual(["1", "2"]);
  });

  it.each([
    ["TRYAGAIN", REPLIES.tryagain],
    ["CLUSTERDOWN", REPLIES.down],
    ["LOADING", REPLIES.loading],
    ["READONLY", REPLIES.readonly],
  ])("wait behind one that waits after %s", async (_, reply) => {
    a.answer("RPUSH", reply, reply);
    const replies = push(1);
    await closed();
    replies.push(...push(2, 3));
    await Promise.all(replies);
    expect(cluster.data.get(key)).toEqual(["1", "2", "3"]);
  });

  it("are executed in order by the new node when the old one has died before they were written", async () => {
    await a.kill();
    const replies = push(1, 2, 3);
    await waitEventLoopTurns();
    cluster.promote(replicaOfA);
    replies.push(...push(4));
    await Promise.all(replies);
    expect(cluster.data.get(key)).toEqual(["1", "2", "3", "4"]);
  });

  it("are executed in order when an aborted command is the first to be redirected", async () => {
    a.answer("RPUSH", undefined);
    const second = a.hold("RPUSH");
    cluster.move(key, b);
    const controller = new AbortController();
    const aborted = commands.runWith({ signal: controller.signal }, "RPUSH", key, 0);
    const replies = push(1);
    await second.received;
    controller.abort();
    await errorOf(aborted);
    await until(() => commands.router.table.primary(keySlot(key, "utf8"))?.name === b.name, {
      message: "the map was not changed",
    });
    replies.push(...push(2));
    await waitEventLoopTurns();
    second.release();
    await Promise.all(replies);
    expect(cluster.data.get(key)).toEqual(["1", "2"]);
  });

  it("are executed in order when a blocking command is the first to be redirected", async () => {
    const first = a.hold("RPUSH");
    const replies = push(1);
    await first.received;
    cluster.move(key, b);
    const other = `{${key}}`;
    cluster.data.set(other, ["item"]);
    expect(await commands.run("BLPOP", other, 1)).toEqual([other, "item"]);
    replies.push(...push(2));
    await waitEventLoopTurns();
    expect(cluster.data.get(key)).toBeUndefined();
    first.release();
    await Promise.all(replies);
    expect(cluster.data.get(key)).toEqual(["1", "2"]);
  });

  it("go on when the connection with the redirects is lost, in order and without the lost one", async () => {
    a.answer("RPUSH", undefined);
    const second = a.hold("RPUSH");
    cluster.move(key, b);
    const replies = push(1, 2);
    await replies[0];
    const third = push(3);
    const lost = kindOfFailure(replies[1] as Promise<unknown>);
    for (const { socket } of a.peers) socket.resetAndDestroy();
    second.release();
    expect(await lost).toBe("ConnectionError unknown");
    await Promise.all(third);
    expect(cluster.data.get(key)).toEqual(["1", "3"]);
  });
});

describe("a pipeline on several slots of a node", () => {
  it("is executed in order when its connection is lost before it was written, one slot is closed and another moved", async () => {
    await using client = clientOf(cluster, { healthCheckInterval: 1 });
    const { gates, table } = client.router;
    const other = cluster.keyOf(a, 1);
    const [slot, otherSlot] = [keySlot(key, "utf8"), keySlot(other, "utf8")];
    await Promise.all([a, b].map((node) => client.get(cluster.keyOf(node))));
    const replies: Promise<unknown>[] = [client.rpush(key, "1")];
    await Promise.all(replies);
    // The pipeline waits for the health check of its connection.
    const check = a.hold("PING", LOSE);
    await passHealthCheckInterval();
    replies.push(client.pipeline().rpush(key, "2").rpush(other, "1").exec());
    await check.received;
    // As after a view that took the slot from node b.
    const fence = b.hold("PING");
    const [connection] = table.find(b.name)?.pool.connections.shared ?? [];
    gates.fence(slot, connection as Connection);
    await fence.received;
    cluster.promote(replicaOfA);
    const first = replicaOfA.hold("RPUSH");
    await a.kill();
    const hasMoved = (): boolean => table.primary(otherSlot)?.name === replicaOfA.name;
    await until(hasMoved, { message: "no new view" });
    await first.received;
    replies.push(client.rpush(other, "2"), client.rpush(key, "3"));
    await waitEventLoopTurns();
    first.release();
    fence.release();
    await Promise.all(replies);
    expect(cluster.data.get(key)).toEqual(["1", "2", "3"]);
    expect(cluster.data.get(other)).toEqual(["1", "2"]);
  });
});

describe("commands on other slots", () => {
  it("do not wait while a slot is closed", async () => {
    a.answer("RPUSH", undefined);
    const second = a.hold("RPUSH");
    cluster.move(key, b);
    const replies = push(1, 2);
    await replies[0];
    replies.push(...push(3));
    expect(await commands.run("INCR", cluster.keyOf(b, 1))).toBe(1);
    expect(await commands.run("INCR", cluster.keyOf(c))).toBe(1);
    expect(cluster.data.get(key)).toEqual(["1"]);
    second.release();
    await Promise.all(replies);
  });
});

describe("commands held while their slot moves", () => {
  /** Close the slot of the key until the release. */
  async function closeSlot(): Promise<{ release(): void; replies: Promise<unknown>[] }> {
    a.answer("RPUSH", undefined);
    const second = a.hold("RPUSH");
    cluster.move(key, b);
    const replies = push(1, 2);
    await replies[0];
    return { release: () => second.release(), replies };
  }

  it("count as pending: more than maxPendingCommands are rejected with not-sent", async () => {
    await commands[Symbol.asyncDispose]();
    commands = commandsOf(cluster, { maxPendingCommands: 3 });
    await commands.run("GET", key);
    const { release, replies } = await closeSlot();
    replies.push(...push(3, 4, 5));
    const [refused] = push(6);
    expect(await errorOf(refused as Promise<unknown>)).toMatchObject({ outcome: "not-sent" });
    release();
    await Promise.all(replies);
    expect(cluster.data.get(key)).toEqual(["1", "2", "3", "4", "5"]);
  });

  it("are rejected with not-sent when their time has passed, and are never executed", async () => {
    const { release, replies } = await closeSlot();
    const late = commands.runWith({ timeout: 50 }, "RPUSH", key, 3);
    expect(await kindOfFailure(late)).toBe("TimeoutError not-sent");
    release();
    await Promise.all([...replies, ...push(4)]);
    expect(cluster.data.get(key)).toEqual(["1", "2", "4"]);
  });

  it("are rejected when they are aborted, and are never executed", async () => {
    const { release, replies } = await closeSlot();
    const controller = new AbortController();
    const aborted = commands.runWith({ signal: controller.signal }, "RPUSH", key, 3);
    const failure = errorOf(aborted);
    controller.abort();
    expect(await failure).toMatchObject({ name: "AbortError", outcome: "not-sent" });
    release();
    await Promise.all([...replies, ...push(4)]);
    expect(cluster.data.get(key)).toEqual(["1", "2", "4"]);
  });

  it("are refused with invalid arguments at once, and nothing of them is sent", async () => {
    const { release, replies } = await closeSlot();
    const invalid = commands.run("RPUSH", key, undefined as unknown as string);
    expect(await errorOf(invalid)).toMatchObject({ name: "DataError" });
    release();
    await Promise.all(replies);
    expect(cluster.data.get(key)).toEqual(["1", "2"]);
  });

  it("follow their redirects and are executed before close() resolves", async () => {
    const { release, replies } = await closeSlot();
    replies.push(...push(3));
    const closing = commands.router.close();
    release();
    await Promise.all(replies);
    await closing;
    expect(cluster.data.get(key)).toEqual(["1", "2", "3"]);
  });

  it("are rejected with not-sent by disconnect()", async () => {
    const { replies } = await closeSlot();
    const held = push(3).map(kindOfFailure);
    const written = kindOfFailure(replies[1] as Promise<unknown>);
    commands.router.disconnect();
    expect(await Promise.all(held)).toEqual(["ConnectionError not-sent"]);
    expect(await written).toBe("ConnectionError unknown");
  });
});
