/**
 * The order of commands on one slot of a cluster while its keys are on two nodes: a node that has only some of the
 * keys of a command refuses it with TRYAGAIN, and would execute the commands behind it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RedisCluster } from "../../src/cluster/cluster.js";
import { clientOf } from "../support/cluster-router.js";
import {
  REPLIES,
  type ScriptedCluster,
  type ScriptedNode,
  scriptedCluster,
} from "../support/scripted-cluster.js";
import { waitEventLoopTurns, watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

/** ms; more than the pause after TRYAGAIN. */
const PAUSE = 100;
/** ms; less than a command may wait for a connection. */
const OUTAGE = 1_000;

let cluster: ScriptedCluster;
let a: ScriptedNode;
let b: ScriptedNode;
let c: ScriptedNode;
let client: RedisCluster;
/** A key of node a, and another one in its slot. */
let key: string;
let other: string;

beforeEach(async () => {
  cluster = await scriptedCluster(3);
  [a, b, c] = cluster.nodes as [ScriptedNode, ScriptedNode, ScriptedNode];
  key = cluster.keyOf(a);
  other = `{${key}}`;
  client = clientOf(cluster);
  for (const node of [a, b, c]) await client.get(cluster.keyOf(node));
});
afterEach(async () => {
  await client.close();
  await cluster[Symbol.asyncDispose]();
});

const push = (...numbers: readonly number[]): Promise<unknown>[] =>
  numbers.map((number) => client.rpush(key, number));
const transaction = (number: number): Promise<unknown> =>
  client.pipeline({ transaction: true }).rpush(key, number).rpush(other, number).exec();
const list = (): string[] | undefined => cluster.data.get(key);
/** Names of the commands that were executed. */
const executed = (): string[] =>
  cluster.executed.map(({ words }) => words[0] ?? "").filter((name) => name !== "GET");

describe("commands behind one that the importing node refuses with TRYAGAIN", () => {
  it("are executed after a transaction", async () => {
    cluster.migrate(key, b);
    b.answer("EXEC", REPLIES.tryagain);
    await Promise.all([transaction(1), ...push(2), transaction(3), ...push(4)]);
    expect(list()).toEqual(["1", "2", "3", "4"]);
    expect(cluster.data.get(other)).toEqual(["1", "3"]);
  });

  it("are executed after a transaction that is refused several times", async () => {
    cluster.migrate(key, b);
    b.answer("EXEC", REPLIES.tryagain, REPLIES.tryagain);
    const replies = [...push(1), transaction(2), ...push(3)];
    await waitEventLoopTurns();
    replies.push(...push(4), transaction(5), ...push(6));
    await Promise.all(replies);
    expect(list()).toEqual(["1", "2", "3", "4", "5", "6"]);
  });

  it("are executed after it when the slot is assigned meanwhile", async () => {
    cluster.migrate(key, b);
    b.answer("EXEC", REPLIES.tryagain);
    const replies = [transaction(1), ...push(2)];
    await b.arrival("EXEC");
    cluster.move(key, b);
    await Promise.all([...replies, ...push(3)]);
    expect(list()).toEqual(["1", "2", "3"]);
  });

  it("are executed after a command with several keys", async () => {
    cluster.migrate(key, b);
    b.answer("MGET", REPLIES.tryagain);
    const values = client.mget([key, other]);
    await Promise.all(push(1));
    expect(await values).toEqual([null, null]);
    expect(executed()).toEqual(["MGET", "RPUSH"]);
  });

  it("are executed after it in the same pipeline and in later ones", async () => {
    cluster.migrate(key, b);
    b.answer("MGET", undefined, REPLIES.tryagain);
    const first = client.pipeline().rpush(key, 1).mget([key, other]).rpush(key, 2).mget([key]);
    const second = client.pipeline().mget([key, other]).rpush(key, 3);
    const replies = await Promise.all([first.exec(), second.exec(), ...push(4)]);
    expect(replies).toEqual([[1, ["1", null], 2, ["12"]], [["12", null], 3], 4]);
    expect(list()).toEqual(["1", "2", "3", "4"]);
  });

  it("are executed after it when the slot moves on to a third node", async () => {
    cluster.migrate(key, b);
    const first = b.hold("RPUSH");
    const replies = [...push(1), transaction(2), ...push(3)];
    await Promise.all([first.received, b.arrival("ASKING", 2)]);
    cluster.move(key, c);
    replies.push(...push(4), transaction(5), ...push(6));
    first.release();
    await Promise.all(replies);
    expect(list()).toEqual(["1", "2", "3", "4", "5", "6"]);
    expect(new Set(cluster.executedOf("RPUSH").map(({ node }) => node))).toEqual(new Set([c]));
  });

  it("are executed when it is aborted", async () => {
    cluster.migrate(key, b);
    const held = b.hold("EXEC", REPLIES.tryagain);
    const controller = new AbortController();
    const aborted = client
      .with({ signal: controller.signal })
      .pipeline({ transaction: true })
      .rpush(key, 1)
      .rpush(other, 1)
      .exec();
    const replies = push(2, 3);
    await held.received;
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ name: "AbortError" });
    held.release();
    await Promise.all(replies);
    expect(list()).toEqual(["2", "3"]);
  });

  it("are executed when it has been refused as often as clusterErrorRetryAttempts allows", async () => {
    await client.close();
    client = clientOf(cluster, { clusterErrorRetryAttempts: 1 });
    await client.get(key);
    cluster.migrate(key, b);
    b.answer("EXEC", REPLIES.tryagain, REPLIES.tryagain);
    const refused = transaction(1);
    const replies = push(2);
    await expect(refused).rejects.toMatchObject({ code: "TRYAGAIN" });
    await Promise.all(replies);
    expect(list()).toEqual(["2"]);
  });
});

describe("commands behind one that the owner refuses with TRYAGAIN", () => {
  it("are executed after it when they were refused as well, and it is refused again", async () => {
    // The last one is for the second attempt of the first transaction.
    for (let i = 0; i < 4; i++) a.answer("EXEC", REPLIES.tryagain);
    await Promise.all([transaction(1), transaction(2), transaction(3)]);
    expect(list()).toEqual(["1", "2", "3"]);
  });

  it("are executed after it when they were held while their slot was closed", async () => {
    const fence = a.hold("PING");
    cluster.migrate(key, b);
    const replies = push(1);
    await Promise.all([fence.received, ...replies]);
    replies.push(...push(2), transaction(3), ...push(4), transaction(5), ...push(6));
    cluster.migrating.clear();
    a.answer("EXEC", REPLIES.tryagain, undefined, REPLIES.tryagain);
    fence.release();
    await Promise.all(replies);
    expect(list()).toEqual(["1", "2", "3", "4", "5", "6"]);
  });
});

describe("commands that wait for a connection to the importing node", () => {
  it("use up no redirects while there is none, and are executed in order then", async () => {
    await b.kill();
    cluster.migrate(key, b);
    const replies = push(1, 2, 3);
    await a.arrival("RPUSH", 3);
    // Rejected by the limit of redirects if each round trip to the owner used one.
    await sleep(OUTAGE);
    replies.push(...push(4), transaction(5), ...push(6));
    await b.start();
    await Promise.all(replies);
    expect(list()).toEqual(["1", "2", "3", "4", "5", "6"]);
  });

  it("go to the node that gets the slot meanwhile, in order", async () => {
    await b.kill();
    cluster.migrate(key, b);
    const replies = [...push(1), transaction(2), ...push(3)];
    await a.arrival("RPUSH", 4);
    await waitEventLoopTurns();
    cluster.move(key, c);
    await Promise.all([...replies, ...push(4)]);
    expect(list()).toEqual(["1", "2", "3", "4"]);
    expect(new Set(cluster.executedOf("RPUSH").map(({ node }) => node))).toEqual(new Set([c]));
  });
});

describe("a command that waits for its next attempt", () => {
  it("is sent again when the ones behind it have been answered, which follow it to the new node", async () => {
    a.answer("EXEC", REPLIES.tryagain);
    a.answer("RPUSH", undefined, undefined);
    const behind = a.hold("RPUSH");
    const replies = [transaction(1), ...push(2)];
    await behind.received;
    cluster.move(key, b);
    // Nothing shows that the pause has passed.
    await sleep(PAUSE);
    replies.push(...push(3));
    behind.release();
    await Promise.all(replies);
    expect(list()).toEqual(["1", "2", "3"]);
  });
});
