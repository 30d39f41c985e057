/** Transactions on a cluster: one slot, sent again as a whole when a node refuses them, and watched keys. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keySlot } from "../../src/commands/core/key-slot.js";
import {
  ClusterCrossSlotError,
  ClusterError,
  ConnectionError,
  CrossSlotTransactionError,
  DataError,
  ExecAbortError,
  MovedError,
  ResponseError,
  WatchError,
} from "../../src/errors.js";
import { clientOf } from "../support/cluster-router.js";
import {
  ask,
  LOSE,
  moved,
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
let a: ScriptedNode;
let b: ScriptedNode;
let client: ReturnType<typeof clientOf>;
/** A key of each node. */
let keyA: string;
let keyB: string;
let slot: number;

beforeEach(async () => {
  cluster = await scriptedCluster(2);
  [a, b] = cluster.nodes as [ScriptedNode, ScriptedNode];
  [keyA, keyB] = [cluster.keyOf(a), cluster.keyOf(b)];
  slot = keySlot(keyA, "utf8");
  client = clientOf(cluster);
  await Promise.all([client.get(keyA), client.get(keyB)]);
});
afterEach(async () => {
  await client.close();
  await cluster[Symbol.asyncDispose]();
});

const multi = () => client.pipeline({ transaction: true });
/** The nodes that executed INCR, in order. */
const executors = (): ScriptedNode[] => cluster.executedOf("INCR").map(({ node }) => node);

describe("a transaction on a cluster", () => {
  it("refuses a command with a key in another slot when it is added, and keeps the others", async () => {
    const transaction = multi().incr(keyA);
    expect(() => transaction.incr(keyB)).toThrow(CrossSlotTransactionError);
    expect(() => transaction.mget(keyA, keyB)).toThrow(ClusterCrossSlotError);
    expect(await transaction.incr(keyA).exec()).toEqual([1, 2]);
  });

  it("may have another slot when the pipeline is used again", async () => {
    const transaction = multi();
    expect(await transaction.incr(keyA).exec()).toEqual([1]);
    transaction.incr(keyA).reset();
    expect(await transaction.incr(keyB).exec()).toEqual([1]);
  });

  it("returns [] and sends nothing without commands, like a pipeline", async () => {
    const empty = [multi(), client.pipeline({ transaction: false })];
    for (const pipeline of empty) expect(await pipeline.exec()).toEqual([]);
    for (const pipeline of empty) expect(await pipeline.exec({ raiseOnError: false })).toEqual([]);
    for (const node of [a, b]) expect(node.received().map(([name]) => name)).toEqual(["GET"]);
  });

  it("goes to one node when it has no keys", async () => {
    await multi().echo("x").exec({ raiseOnError: false });
    expect(a.received("MULTI").length + b.received("MULTI").length).toBe(1);
  });

  it("keeps the order with the other commands of its slot", async () => {
    await Promise.all([
      client.rpush(keyA, "1"),
      multi().rpush(keyA, "2").rpush(keyA, "3").exec(),
      client.rpush(keyA, "4"),
    ]);
    expect(cluster.data.get(keyA)).toEqual(["1", "2", "3", "4"]);
  });

  it("is sent again as a whole to the node of a MOVED", async () => {
    cluster.move(keyA, b);
    expect(await multi().incr(keyA).incr(keyA).exec()).toEqual([1, 2]);
    expect(executors()).toEqual([b, b]);
    expect(b.received("MULTI")).toHaveLength(1);
  });

  it("keeps the order of its slot across a MOVED", async () => {
    cluster.move(keyA, b);
    const hold = a.hold("RPUSH", moved(slot, b));
    const calls: Promise<unknown>[] = [
      client.rpush(keyA, "1"),
      multi().rpush(keyA, "2").exec(),
      client.rpush(keyA, "3"),
    ];
    await hold.received;
    calls.push(multi().rpush(keyA, "4").exec());
    hold.release();
    await calls[0];
    calls.push(multi().rpush(keyA, "5").exec(), client.rpush(keyA, "6"));
    await Promise.all(calls);
    expect(cluster.data.get(keyA)).toEqual(["1", "2", "3", "4", "5", "6"]);
  });

  it("is sent with one ASKING before MULTI to the target of an ASK (trap 2)", async () => {
    cluster.migrate(keyA, b);
    expect(await multi().incr(keyA).incr(keyA).exec()).toEqual([1, 2]);
    const sent = b.received().map(([name]) => name);
    expect(sent.slice(-5)).toEqual(["ASKING", "MULTI", "INCR", "INCR", "EXEC"]);
  });

  it("is sent again when only EXEC is redirected (trap 6)", async () => {
    a.answer("EXEC", ask(slot, b));
    cluster.migrating.set(slot, b);
    a.answer("INCR", "+QUEUED\r\n");
    expect(await multi().incr(keyA).exec()).toEqual([1]);
    expect(executors()).toEqual([b]);
  });

  it.each(["tryagain", "down", "readonly", "loading"] as const)(
    "waits and is sent again as a whole after %s",
    async (reply) => {
      a.answer("EXEC", REPLIES[reply]);
      const first = multi().incr(keyA).incr(keyA).exec();
      // What is on the wire behind the refused EXEC is executed before it.
      await until(() => client.router.gates.count, { message: "the slot is not closed" });
      const second = client.incr(keyA);
      expect([await first, await second]).toEqual([[1, 2], 3]);
      expect(a.received("MULTI")).toHaveLength(2);
    },
  );

  it("fails with ClusterError after 16 redirects", async () => {
    a.always("INCR", moved(slot, b));
    b.always("INCR", moved(slot, a));
    a.always("EXEC", "-EXECABORT Transaction discarded because of previous errors.\r\n");
    b.always("EXEC", "-EXECABORT Transaction discarded because of previous errors.\r\n");
    const error = await errorOf(multi().incr(keyA).exec());
    expect(error).toBeInstanceOf(ClusterError);
    expect(error.cause).toBeInstanceOf(MovedError);
  });

  it("rejects with the first refusal, not with EXECABORT, and is not sent again for a later redirect", async () => {
    a.answer("GET", "-ERR wrong number of arguments\r\n");
    a.answer("INCR", moved(slot, b));
    a.answer("EXEC", "-EXECABORT Transaction discarded because of previous errors.\r\n");
    const error = await errorOf(multi().get(keyA).incr(keyA).exec());
    expect(error).toBeInstanceOf(ResponseError);
    expect(error).not.toBeInstanceOf(ExecAbortError);
    expect(error.message).toContain("wrong number of arguments");
    expect(b.received("MULTI")).toEqual([]);
  });

  it("is not sent again when its connection is lost, with outcome unknown", async () => {
    a.answer("EXEC", LOSE);
    const error = await errorOf(multi().incr(keyA).exec());
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ outcome: "unknown" });
    expect(a.received("MULTI").length).toBeLessThanOrEqual(1);
    expect(b.received("MULTI")).toEqual([]);
  });
});

describe("watched keys on a cluster", () => {
  it("are watched at the node of their slot, where the transaction runs", async () => {
    await using watch = await multi().watch(keyB);
    expect(await watch.get(keyB)).toBeNull();
    expect(await watch.multi().incr(keyB).exec()).toEqual([1]);
    expect(b.received("WATCH")).toEqual([["WATCH", keyB]]);
  });

  it("must be in one slot with each other and with all commands", async () => {
    const pipeline = multi();
    await expect(pipeline.watch(keyA, keyB)).rejects.toThrow(CrossSlotTransactionError);
    await using watch = await pipeline.watch(keyA);
    await expect(watch.watch(keyB)).rejects.toThrow(CrossSlotTransactionError);
    await expect(watch.get(keyB)).rejects.toThrow(CrossSlotTransactionError);
    const transaction = watch.multi().incr(keyA);
    expect(() => transaction.incr(keyB)).toThrow(CrossSlotTransactionError);
    expect(b.received("WATCH")).toEqual([]);
    expect(b.received("GET")).toHaveLength(1);
  });

  it("are required for the first watch, which determines the node", async () => {
    await expect(multi().watch()).rejects.toThrow(DataError);
  });

  it.each(["WATCH", "GET", "INCR", "EXEC"])(
    "reject with WatchError when %s is redirected, with the redirect as cause",
    async (name) => {
      const run = async (): Promise<unknown> => {
        await using watch = await multi().watch(keyA);
        a.answer("EXEC", "-EXECABORT Transaction discarded because of previous errors.\r\n");
        a.answer(name, moved(slot, b));
        await watch.get(keyA);
        return await watch.multi().incr(keyA).exec();
      };
      if (name === "WATCH" || name === "EXEC") a.answer(name, moved(slot, b));
      const error = await errorOf(run());
      expect(error).toBeInstanceOf(WatchError);
      expect(error).toMatchObject({ code: "EWATCH", outcome: "not-sent" });
      expect(error.cause).toBeInstanceOf(MovedError);
      expect(executors()).toEqual([]);
    },
  );

  it("reject with WatchError when EXEC returns nil because a watched key was migrated away (trap 8)", async () => {
    await using watch = await multi().watch(keyA);
    a.answer("EXEC", "*-1\r\n");
    const error = await errorOf(watch.multi().incr(keyA).exec());
    expect(error).toBeInstanceOf(WatchError);
    expect(executors()).toEqual([]);
    expect(a.received("EXEC")).toHaveLength(1);
  });

  it("let transaction() run its function again after EXEC has returned nil (trap 8)", async () => {
    a.answer("EXEC", "*-1\r\n");
    let runs = 0;
    const values = await client.transaction((watch) => {
      if (++runs === 2) cluster.move(keyA, b);
      return watch.multi().incr(keyA);
    }, keyA);
    expect([values, executors()]).toEqual([[1], [b]]);
  });

  it("let transaction() run its function again at the new node after a MOVED", async () => {
    let runs = 0;
    const values = await client.transaction(async (watch) => {
      if (++runs === 1) cluster.move(keyA, b);
      await watch.get(keyA);
      return watch.multi().incr(keyA);
    }, keyA);
    expect([values, runs, executors()]).toEqual([[1], 2, [b]]);
  });
});
