/** Pipelines on a cluster: their division by node, their values in order, and the redirects of single commands. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keySlot } from "../../src/commands/core/key-slot.js";
import {
  AbortError,
  ClusterCrossSlotError,
  ClusterError,
  ConnectionError,
  MovedError,
  type RedisError,
  ResponseError,
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
import { passHealthCheckInterval, watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

let cluster: ScriptedCluster;
let a: ScriptedNode;
let b: ScriptedNode;
let c: ScriptedNode;
let client: ReturnType<typeof clientOf>;
/** A key of each node. */
let keyA: string;
let keyB: string;
let keyC: string;

beforeEach(async () => {
  cluster = await scriptedCluster(3);
  [a, b, c] = cluster.nodes as [ScriptedNode, ScriptedNode, ScriptedNode];
  [keyA, keyB, keyC] = [cluster.keyOf(a), cluster.keyOf(b), cluster.keyOf(c)];
  client = clientOf(cluster);
});
afterEach(async () => {
  await client.close();
  await cluster[Symbol.asyncDispose]();
});

/** Open a connection to each node. */
async function connect(): Promise<void> {
  await Promise.all([keyA, keyB, keyC].map((key) => client.get(key)));
}

const slotOf = (key: string): number => keySlot(key, "utf8");
/** The nodes that executed a command, in order. */
const executors = (name: string): ScriptedNode[] =>
  cluster.executedOf(name).map(({ node }) => node);

describe("a pipeline on a cluster", () => {
  it("returns the values of all nodes in the order of the commands", async () => {
    const pipeline = client.pipeline().set(keyA, "1").incr(keyB).rpush(keyC, "x").get(keyA);
    const values: [true | null, number, number, string | null] = await pipeline.exec();
    expect(values).toEqual([true, 1, 1, "1"]);
  });

  it("sends no MULTI unless { transaction: true } is given", async () => {
    await client.pipeline().incr(keyA).exec();
    expect(a.received("MULTI")).toEqual([]);
    await client.pipeline({ transaction: true }).incr(keyA).exec();
    expect(a.received("MULTI")).toHaveLength(1);
  });

  it("sends the commands of a node in one write, also before the first view and after reconnecting", async () => {
    const run = () => client.pipeline().incr(keyA).incr(keyB).incr(cluster.keyOf(a, 1)).exec();
    await run();
    await run();
    expect(a.received("INCR")).toHaveLength(4);
    expect(b.received("INCR")).toHaveLength(2);
    expect(a.open).toBe(1);
  });

  it("sends a command without keys to one node", async () => {
    const values = await client.pipeline().incr(keyA).echo("x").exec({ raiseOnError: false });
    expect(values).toHaveLength(2);
    const received = cluster.nodes.filter((node) => node.received("ECHO").length === 1);
    expect(received).toHaveLength(1);
  });

  it("sends each command to the node that its slot has when it is executed", async () => {
    await connect();
    const other = cluster.keyOf(a, 1);
    const pipeline = client.pipeline().incr(keyA).incr(other).incr(keyB);
    cluster.move(keyA, b);
    // The client learns of the move while the pipeline is filled.
    await client.get(keyA);
    pipeline.incr(keyA).incr(other).incr(keyC);
    expect(await pipeline.exec()).toEqual([1, 1, 1, 2, 2, 1]);
    expect(executors("INCR")).toHaveLength(6);
    expect([a, b, c].map((node) => node.received("INCR").length)).toEqual([2, 3, 1]);
  });

  it("refuses keys in several slots of one command when it is added, and keeps the others", async () => {
    const pipeline = client.pipeline().incr(keyA);
    expect(() => pipeline.mget(keyA, keyB)).toThrow(ClusterCrossSlotError);
    expect(await pipeline.exec()).toEqual([1]);
  });

  it("rejects with the first error, or returns all errors in their places", async () => {
    b.always("GET", "-WRONGTYPE Operation against a key\r\n");
    const fill = () => client.pipeline().incr(keyA).get(keyB).get(keyC);
    const error = await errorOf(fill().exec());
    expect(error).toMatchObject({ code: "WRONGTYPE", command: "GET" });
    expect(error.message).toContain("Command # 2 (GET) of pipeline");
    const values = await fill().exec({ raiseOnError: false });
    expect(values).toEqual([2, expect.any(ResponseError), null]);
  });

  it("keeps the order with single commands of the same key, before and after it", async () => {
    await connect();
    const list = cluster.keyOf(a, 2);
    await Promise.all([
      client.rpush(list, "1"),
      client.pipeline().rpush(list, "2").rpush(keyB, "x").rpush(list, "3").exec(),
      client.rpush(list, "4"),
    ]);
    expect(cluster.data.get(list)).toEqual(["1", "2", "3", "4"]);
  });

  it("rejects and sends nothing when the client is closed", async () => {
    await connect();
    const pipeline = client.pipeline().incr(keyA);
    await client.close();
    expect(await errorOf(pipeline.exec())).toMatchObject({ code: "ECLOSED", outcome: "not-sent" });
    expect(a.received("INCR")).toEqual([]);
  });
});

describe("a redirected command of a pipeline", () => {
  it("is sent again after MOVED, and others are executed once where they are", async () => {
    await connect();
    cluster.move(keyA, b);
    const other = cluster.keyOf(a, 1);
    const values = await client.pipeline().incr(keyA).incr(other).incr(keyA).incr(keyB).exec();
    expect(values).toEqual([1, 1, 2, 1]);
    expect(executors("INCR").filter((node) => node === a)).toHaveLength(1);
  });

  it("keeps the order of its slot with commands issued before the redirect and after it", async () => {
    await connect();
    cluster.move(keyA, b);
    const hold = a.hold("RPUSH", moved(slotOf(keyA), b));
    const first = client.pipeline().rpush(keyA, "1").rpush(keyC, "x").rpush(keyA, "2").exec();
    const single = client.rpush(keyA, "3");
    await hold.received;
    const last = client.pipeline().rpush(keyA, "4").rpush(keyA, "5").exec();
    hold.release();
    await first;
    const after = client.pipeline().rpush(keyA, "6").exec();
    await Promise.all([single, last, after]);
    expect(cluster.data.get(keyA)).toEqual(["1", "2", "3", "4", "5", "6"]);
  });

  it("is sent with ASKING to the target of ASK, each command behind its own", async () => {
    await connect();
    cluster.migrate(keyA, b);
    expect(await client.pipeline().incr(keyA).incr(keyB).incr(keyA).exec()).toEqual([1, 1, 2]);
    expect(b.received("ASKING")).toHaveLength(2);
    expect(executors("INCR")).toEqual([b, b, b]);
  });

  it("waits after TRYAGAIN and CLUSTERDOWN, with the later commands of its slot", async () => {
    await connect();
    a.answer("RPUSH", REPLIES.tryagain, REPLIES.tryagain);
    b.answer("RPUSH", REPLIES.down);
    const first = client.pipeline().rpush(keyA, "1").rpush(keyA, "2").rpush(keyB, "1").exec();
    await until(() => client.router.gates.count === 2, { message: "no slots were closed" });
    const second = client.pipeline().rpush(keyA, "3").rpush(keyB, "2").exec();
    expect(await first).toEqual([1, 2, 1]);
    expect(await second).toEqual([3, 2]);
    expect(cluster.data.get(keyA)).toEqual(["1", "2", "3"]);
    expect(cluster.data.get(keyB)).toEqual(["1", "2"]);
  });

  it("does not delay commands of other slots", async () => {
    await connect();
    a.answer("RPUSH", REPLIES.tryagain);
    const waiting = client.pipeline().rpush(keyA, "1").exec();
    await until(() => client.router.gates.count !== 0, { message: "no slot was closed" });
    let isSettled = false;
    void waiting.then(() => {
      isSettled = true;
    });
    expect(await client.pipeline().incr(keyB).incr(cluster.keyOf(a, 1)).exec()).toEqual([1, 1]);
    expect(isSettled).toBe(false);
    await waiting;
  });

  it("fails alone with ClusterError after its own 16 redirects", async () => {
    await connect();
    const slot = slotOf(keyA);
    a.always("INCR", moved(slot, b));
    b.always("INCR", moved(slot, a));
    const values = await client.pipeline().incr(keyA).incr(keyC).exec({ raiseOnError: false });
    expect(values).toEqual([expect.any(ClusterError), 1]);
    expect(values[0]).toMatchObject({ command: "INCR", outcome: "not-sent" });
    expect((values[0] as RedisError).cause).toBeInstanceOf(MovedError);
  });

  it("is sent again when the connection is lost before the last reply of its part", async () => {
    await connect();
    cluster.move(keyA, b);
    a.answer("GET", LOSE);
    const other = cluster.keyOf(a, 1);
    const values = await client
      .pipeline()
      .incr(keyA)
      .get(other)
      .incr(keyC)
      .exec({ raiseOnError: false });
    expect(values).toEqual([1, expect.any(ConnectionError), 1]);
    expect(executors("INCR").filter((node) => node === b)).toHaveLength(1);
  });

  it("loops between ASK and a moved slot without executing twice", async () => {
    await connect();
    a.answer("INCR", ask(slotOf(keyA), b));
    b.answer("INCR", moved(slotOf(keyA), a));
    expect(await client.pipeline().incr(keyA).exec()).toEqual([1]);
    expect(executors("INCR")).toEqual([a]);
  });
});

describe("a pipeline whose connection to one node is lost", () => {
  it("has outcome unknown for unanswered commands of that node only", async () => {
    await connect();
    const other = cluster.keyOf(a, 1);
    a.answer("GET", LOSE);
    const values = await client
      .pipeline()
      .incr(keyA)
      .get(other)
      .incr(keyA)
      .incr(keyB)
      .exec({ raiseOnError: false });
    expect(values).toEqual([1, expect.any(ConnectionError), expect.any(ConnectionError), 1]);
    expect(values[1]).toMatchObject({ command: "GET", outcome: "unknown" });
    expect(values[2]).toMatchObject({ command: "INCR", outcome: "unknown" });
    expect(values[1]).not.toBe(values[2]);
  });

  it("rejects with the error of the first lost command by default", async () => {
    await connect();
    a.answer("INCR", LOSE);
    const error = await errorOf(client.pipeline().incr(keyB).incr(keyA).exec());
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ command: "INCR", outcome: "unknown" });
    expect(error.message).toContain("Command # 2 (INCR)");
  });

  it("sends unanswered reads again under retryReads, and nothing that was answered", async () => {
    await client.close();
    client = clientOf(cluster, { retryReads: true });
    await connect();
    a.answer("GET", LOSE);
    const values = await client.pipeline().incr(keyA).get(keyA).get(keyB).exec();
    expect(values).toEqual([1, "1", null]);
    expect(executors("INCR")).toEqual([a]);
  });

  it("sends unanswered reads of several slots again as often as single ones under retryReads", async () => {
    await client.close();
    client = clientOf(cluster, { retryReads: true });
    await connect();
    a.always("GET", LOSE);
    const received = (): number => a.received("GET").filter(([, key]) => key === keyA).length;
    const attempts = async (lost: Promise<unknown>): Promise<number> => {
      const before = received();
      expect(await errorOf(lost)).toBeInstanceOf(ConnectionError);
      return received() - before;
    };
    const single = await attempts(client.get(keyA));
    // On an open connection the pipeline is one request at first.
    await client.incr(keyA);
    expect(await attempts(client.pipeline().get(keyA).get(cluster.keyOf(a, 1)).exec())).toBe(
      single,
    );
  });

  it("routes unwritten commands again, in order, when their slots have another node", async () => {
    await connect();
    await a.kill();
    cluster.give(b, 0, 5460);
    const first = client.pipeline().rpush(keyA, "1").rpush(keyA, "2").exec();
    const second = client.pipeline().rpush(keyA, "3").rpush(keyC, "x").exec();
    const settled = await Promise.all([first, second].map((promise) => promise.catch((e) => e)));
    expect(settled).toEqual([
      [1, 2],
      [3, 1],
    ]);
  });
});

describe("a pipeline that waits for the health check of its connection", () => {
  /** Start a cluster client whose next command to an idle node waits for a health check. */
  async function restart(options: Parameters<typeof clientOf>[1] = {}): Promise<void> {
    await client.close();
    client = clientOf(cluster, { healthCheckInterval: 1, ...options });
    await connect();
    await passHealthCheckInterval();
  }

  it("is routed again, slot by slot and in order, when its node is lost", async () => {
    await restart();
    const [second, third] = [cluster.keyOf(a, 1), cluster.keyOf(a, 2)];
    const check = a.hold("PING", LOSE);
    const first = client.pipeline().rpush(keyA, "1").rpush(second, "1").rpush(keyA, "2").exec();
    await check.received;
    const last = client.pipeline().rpush(third, "1").rpush(keyA, "3").rpush(second, "2").exec();
    cluster.give(c, 0, 5460);
    cluster.move(second, b);
    await a.kill();
    expect(await Promise.all([first, last])).toEqual([
      [1, 1, 2],
      [1, 3, 2],
    ]);
    expect(cluster.data.get(keyA)).toEqual(["1", "2", "3"]);
    expect(cluster.data.get(second)).toEqual(["1", "2"]);
    expect(a.received("RPUSH")).toEqual([]);
    const { router } = client;
    expect([router.waitQueue.requests.size, router.gates.count]).toEqual([0, 0]);
  });

  it("is written once, in order, when only its connection is lost", async () => {
    await restart({ maxPendingCommands: 3 });
    const second = cluster.keyOf(a, 1);
    a.answer("PING", LOSE);
    expect(
      await client.pipeline().rpush(keyA, "1").rpush(second, "1").rpush(keyA, "2").exec(),
    ).toEqual([1, 1, 2]);
    expect(a.received("RPUSH")).toHaveLength(3);
  });

  it("rejects with not-sent and sends nothing when it is aborted", async () => {
    await restart();
    const check = a.hold("PING");
    const controller = new AbortController();
    const call = client.with({ signal: controller.signal });
    const failure = errorOf(call.pipeline().incr(keyA).incr(cluster.keyOf(a, 1)).exec());
    await check.received;
    for (const { socket } of a.peers) socket.resetAndDestroy();
    controller.abort();
    expect(await failure).toMatchObject({ name: "AbortError", outcome: "not-sent" });
    check.release();
    expect(await client.get(keyA)).toBeNull();
    expect(a.received("INCR")).toEqual([]);
  });
});

describe("cancelling a pipeline on a cluster", () => {
  it("rejects as a whole when its signal is aborted, with outcome unknown once it was written", async () => {
    await connect();
    const hold = a.hold("INCR");
    const controller = new AbortController();
    const call = client.with({ signal: controller.signal });
    const promise = call.pipeline().incr(keyA).incr(keyB).exec();
    await hold.received;
    controller.abort();
    const error = await errorOf(promise);
    expect(error).toBeInstanceOf(AbortError);
    expect(error).toMatchObject({ outcome: "unknown" });
    hold.release();
    expect(await client.get(keyA)).toBe("1");
  });

  it("removes commands that wait for a node, with outcome not-sent", async () => {
    await client.close();
    client = clientOf(cluster, { requireFullCoverage: false });
    cluster.give(undefined, slotOf(keyA));
    await client.get(keyB);
    const controller = new AbortController();
    const promise = client.with({ signal: controller.signal }).pipeline().incr(keyA).exec();
    const error = errorOf(promise);
    controller.abort();
    expect(await error).toMatchObject({ name: "AbortError", outcome: "not-sent" });
    expect(client.router.waitQueue.requests.size).toBe(0);
  });
});
