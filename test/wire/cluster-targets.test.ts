/** Commands that several nodes of a cluster execute: by the command's policy, or at the nodes that the caller chose. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RedisCluster } from "../../src/cluster/cluster.js";
import { ClusterNode } from "../../src/cluster/options.js";
import { ClusterError, DataError, RedisClusterException } from "../../src/errors.js";
import { clientOf } from "../support/cluster-router.js";
import {
  LOSE,
  REPLIES,
  type ScriptedAnswer,
  type ScriptedCluster,
  type ScriptedNode,
  scriptedCluster,
} from "../support/scripted-cluster.js";
import { errorOf, kindOfFailure } from "../support/settle.js";
import { waitEventLoopTurns, watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

let scripted: ScriptedCluster;
let a: ScriptedNode;
let b: ScriptedNode;
let replicaOfA: ScriptedNode;
let cluster: RedisCluster;

beforeEach(async () => {
  scripted = await scriptedCluster(2, { replicas: 2 });
  [a, b, replicaOfA] = scripted.nodes as [ScriptedNode, ScriptedNode, ScriptedNode];
  cluster = clientOf(scripted);
});
afterEach(async () => {
  await cluster.close();
  await scripted[Symbol.asyncDispose]();
});

/** Let each node give its answer to a command. */
function answers(name: string, ...given: readonly ScriptedAnswer[]): void {
  for (const [i, answer] of given.entries()) scripted.nodes[i]?.always(name, answer);
}
const nodeOf = ({ host, port }: ScriptedNode): ClusterNode => new ClusterNode(host, port);
const counts = (name: string): number[] => scripted.nodes.map((node) => node.received(name).length);
const OK = "+OK\r\n";
const DENIED = "-NOPERM this user has no permissions\r\n";

describe("a command without keys that concerns several nodes", () => {
  it("returns one sum (DBSIZE)", async () => {
    answers("DBSIZE", ":2\r\n", ":3\r\n");
    expect(await cluster.dbsize()).toBe(5);
    expect(await cluster.executeCommand("dbsize")).toBe(5);
    expect(counts("DBSIZE")).toEqual([2, 2, 0, 0]);
  });

  it("returns one true when all primaries have succeeded (FLUSHALL)", async () => {
    answers("FLUSHALL", OK, OK);
    expect(await cluster.flushall()).toBe(true);
    expect(counts("FLUSHALL")).toEqual([1, 1, 0, 0]);
  });

  it("is executed by replicas as well when it concerns all nodes (CONFIG SET)", async () => {
    answers("CONFIG", OK, OK, OK, OK);
    expect(await cluster.configSet({ maxmemory: 1 })).toBe(true);
    expect(counts("CONFIG")).toEqual([1, 1, 1, 1]);
  });

  it("returns whether all primaries have each script (SCRIPT EXISTS)", async () => {
    answers("SCRIPT", "*2\r\n:1\r\n:1\r\n", "*2\r\n:0\r\n:1\r\n");
    expect(await cluster.scriptExists("a", "b")).toEqual([false, true]);
    expect(await cluster.executeCommand("SCRIPT", "exists", "a", "b")).toEqual([0, 1]);
  });

  it("returns the keys of all primaries, as text or bytes (KEYS)", async () => {
    answers("KEYS", "*1\r\n$1\r\na\r\n", "*2\r\n$1\r\nb\r\n$1\r\nc\r\n");
    expect((await cluster.keys()).sort()).toEqual(["a", "b", "c"]);
    expect(await cluster.with({ decodeResponses: false }).keys()).toContainEqual(Buffer.from("c"));
  });

  it("returns a key of another primary when the first has none (RANDOMKEY)", async () => {
    answers("RANDOMKEY", "$-1\r\n", "$1\r\nb\r\n");
    for (let i = 0; i < 8; i++) expect(await cluster.randomkey()).toBe("b");
    answers("RANDOMKEY", "$-1\r\n", "$-1\r\n");
    expect(await cluster.randomkey()).toBeNull();
  });

  it("succeeds when one primary has succeeded (SCRIPT KILL)", async () => {
    answers("SCRIPT", "-NOTBUSY No scripts in execution right now.\r\n", OK);
    expect(await cluster.scriptKill()).toBe(true);
    a.always("SCRIPT", OK);
    b.always("SCRIPT", "-NOTBUSY No scripts in execution right now.\r\n");
    expect(await cluster.scriptKill()).toBe(true);
  });

  it("rejects with the error of one server when all nodes have the same (NOTBUSY, NOPERM)", async () => {
    const idle = "-NOTBUSY No scripts in execution right now.\r\n";
    answers("SCRIPT", idle, idle);
    answers("FLUSHALL", DENIED, DENIED);
    expect(await errorOf(cluster.scriptKill())).toMatchObject({ code: "NOTBUSY" });
    const error = await errorOf(cluster.flushall());
    expect(error).toMatchObject({ name: "NoPermissionError", code: "NOPERM", command: "FLUSHALL" });
    expect(error.cause).toBeInstanceOf(ClusterError);
  });

  it("rejects with one ClusterError that has the answers of all nodes when some fail", async () => {
    answers("FLUSHALL", OK, DENIED);
    const error = (await errorOf(cluster.flushall())) as ClusterError;
    expect(error).toBeInstanceOf(ClusterError);
    expect(error).toMatchObject({ code: "ENODES", command: "FLUSHALL", outcome: "unknown" });
    expect(error.message).toBe(
      `FLUSHALL failed on 1 of 2 nodes: ${b.name}: NOPERM this user has no permissions`,
    );
    expect([...error.replies.keys()]).toEqual([a.name, b.name]);
    expect(error.replies.get(a.name)).toBe("OK");
    expect(error.replies.get(b.name)).toBe(error.cause);
    expect(error.causes).toEqual([error.cause]);
  });

  it("rejects with outcome unknown when a node was lost", async () => {
    answers("FLUSHALL", DENIED, LOSE);
    expect(await kindOfFailure(cluster.flushall())).toBe("ClusterError unknown");
  });

  it("refuses invalid arguments before anything is sent", async () => {
    const call = cluster.executeCommand("KEYS", null as never);
    expect(await errorOf(call)).toBeInstanceOf(DataError);
    expect(counts("KEYS")).toEqual([0, 0, 0, 0]);
  });

  it("is refused in a pipeline, and SCAN also outside of one", async () => {
    expect(() => cluster.pipeline().dbsize()).toThrow(RedisClusterException);
    expect(() => cluster.pipeline().dbsize()).toThrow(/targetNodes/);
    expect(await errorOf(cluster.scan("0"))).toBeInstanceOf(RedisClusterException);
    expect(
      await errorOf(
        (cluster as never as { wait(n: number, ms: number): Promise<number> }).wait(1, 1),
      ),
    ).toMatchObject({
      message: /^WAIT counts the writes of its own connection/,
    });
  });

  it.each([
    ["WAIT", [1, 1]],
    ["WAITAOF", [0, 1, 1]],
  ])(
    "is refused when it counts the writes of a connection, and runs on client(key) (%s)",
    async (name, args) => {
      answers(name, ":1\r\n", ":2\r\n", ":3\r\n");
      const error = await errorOf(cluster.executeCommand(name, ...args));
      const message = `${name} counts the writes of its own connection; use redis.client(key)`;
      expect(error).toMatchObject({ message, code: "ESHARED", outcome: "not-sent" });
      expect(() => cluster.pipeline().executeCommand(name, ...args)).toThrow(/use client\(key\)$/);
      await using client = cluster.client(scripted.keyOf(b));
      await client.executeCommand(name, ...args);
      expect(counts(name)).toEqual([0, 1, 0, 0]);
    },
  );

  it("rejects each caller with AbortError when it is aborted", async () => {
    await cluster.connect();
    answers("FLUSHALL", OK);
    const held = b.hold("FLUSHALL", OK);
    const abort = new AbortController();
    const reply = kindOfFailure(cluster.with({ signal: abort.signal }).flushall());
    await held.received;
    abort.abort();
    expect(await reply).toMatch(/^(AbortError|ClusterError) unknown$/);
    held.release();
  });
});

describe("a command for several nodes during a failover", () => {
  it("is executed by the replica that took over from a primary that refuses (READONLY)", async () => {
    await cluster.connect();
    answers("FLUSHALL", REPLIES.readonly, OK, OK);
    a.answer("FLUSHALL", () => {
      scripted.promote(replicaOfA);
      return REPLIES.readonly;
    });
    expect(await cluster.flushall()).toBe(true);
    expect(counts("FLUSHALL")).toEqual([1, 1, 1, 0]);
  });

  it("rejects with the answers of all nodes when the client is closed before the next view", async () => {
    await cluster.connect();
    answers("FLUSHALL", REPLIES.readonly, OK, OK);
    const views = scripted.nodes.map((node) => node.hold("CLUSTER SLOTS"));
    const failure = errorOf(cluster.flushall());
    await Promise.race(views.map(({ received }) => received));
    const closed = cluster.close();
    const error = await failure;
    expect(error).toMatchObject({ name: "ClusterError", outcome: "unknown" });
    for (const view of views) view.release();
    await closed;
  });

  it("is executed by the replica that took over from a primary that was killed", async () => {
    await cluster.connect();
    answers("DBSIZE", ":1\r\n", ":2\r\n", ":4\r\n");
    await a.kill();
    const reply = cluster.dbsize();
    await waitEventLoopTurns();
    scripted.promote(replicaOfA);
    // Failed nodes are not in the view.
    scripted.replicas.set(replicaOfA, []);
    expect(await reply).toBe(6);
  });

  it("is executed by the replica that took over when the former primary has restarted and is empty (DBSIZE)", async () => {
    await cluster.connect();
    answers("DBSIZE", ":0\r\n", ":2\r\n", ":4\r\n");
    await a.kill();
    const reply = cluster.dbsize();
    await waitEventLoopTurns();
    scripted.promote(replicaOfA);
    await expect.poll(() => cluster.getNode(a.name)?.serverType).toBe("replica");
    await a.start();
    expect(await reply).toBe(6);
    expect(counts("DBSIZE").slice(0, 3)).toEqual([1, 1, 1]);
  });

  it("is sent again to a node that loads its data, and rejects when that does not end", async () => {
    answers("DBSIZE", ":1\r\n", ":2\r\n");
    a.answer("DBSIZE", REPLIES.loading);
    expect(await cluster.dbsize()).toBe(3);
    expect(counts("DBSIZE")).toEqual([2, 1, 0, 0]);
  });

  it("does without a replica that has left (CONFIG SET)", async () => {
    await cluster.connect();
    answers("CONFIG", OK, OK, OK, OK);
    await replicaOfA.kill();
    const reply = cluster.configSet({ maxmemory: 1 });
    await waitEventLoopTurns();
    scripted.replicas.set(a, []);
    expect(await reply).toBe(true);
    expect(counts("CONFIG").slice(0, 2)).toEqual([1, 1]);
  });
});

describe("with({ targetNodes }) for one node", () => {
  it("returns plain values of that node, also of commands that concern several nodes", async () => {
    answers("DBSIZE", ":2\r\n", ":3\r\n");
    answers("SCAN", "*2\r\n$1\r\n0\r\n*0\r\n", "*2\r\n$1\r\n0\r\n*1\r\n$1\r\nb\r\n");
    const node = cluster.with({ targetNodes: nodeOf(b) });
    expect(await node.dbsize()).toBe(3);
    expect(await node.scan("0")).toEqual(["0", ["b"]]);
    expect(await cluster.with({ targetNodes: [a.host, a.port] }).dbsize()).toBe(2);
  });

  it("sends keys of several slots to the node as they are, without redirects", async () => {
    b.answer("DEL", "-CROSSSLOT Keys in request don't hash to the same slot\r\n");
    const node = cluster.with({ targetNodes: nodeOf(b) });
    expect(await errorOf(node.del("a", "b", "c"))).toMatchObject({ code: "CROSSSLOT" });
    expect(await errorOf(node.get(scripted.keyOf(a)))).toMatchObject({ code: "MOVED" });
    expect(counts("GET")).toEqual([0, 1, 0, 0]);
  });

  it("sends pipelines and transactions to the node", async () => {
    const node = cluster.with({ targetNodes: nodeOf(b) });
    const key = scripted.keyOf(b);
    b.answer("DBSIZE", ":1\r\n");
    expect(await node.pipeline({ transaction: false }).set(key, "1").dbsize().exec()).toEqual([
      true,
      1,
    ]);
    expect(await node.pipeline({ transaction: true }).incr(key).exec()).toEqual([2]);
  });

  it("keeps other settings, and its nodes in views of the view", async () => {
    const key = scripted.keyOf(a);
    await cluster.set(key, "1");
    const bytes = cluster.with({ targetNodes: nodeOf(a), decodeResponses: false });
    expect(await bytes.get(key)).toEqual(Buffer.from("1"));
    b.always("DBSIZE", ":3\r\n");
    const node = cluster.with({ targetNodes: nodeOf(b) }).with({ timeout: 1000 });
    expect(await node.dbsize()).toBe(3);
  });

  it('chooses a node for each command with "random", and the default node with "default-node"', async () => {
    answers("DBSIZE", ":1\r\n", ":2\r\n", ":3\r\n", ":4\r\n");
    const random = cluster.with({ targetNodes: "random" });
    const seen = new Set<number>();
    for (let i = 0; i < 100 && seen.size < 4; i++) seen.add(await random.dbsize());
    expect([...seen].sort()).toEqual([1, 2, 3, 4]);
    cluster.setDefaultNode(nodeOf(replicaOfA));
    expect(await cluster.with({ targetNodes: "default-node" }).dbsize()).toBe(3);
  });

  it("leaves the client open when the view is closed", async () => {
    await cluster.with({ targetNodes: nodeOf(b) }).close();
    await cluster.set(scripted.keyOf(b), "1");
  });
});

describe("with({ targetNodes }) for several nodes", () => {
  it("returns a Map of the values by name of the node", async () => {
    answers("DBSIZE", ":1\r\n", ":2\r\n", ":3\r\n", ":4\r\n");
    const [c, d] = [replicaOfA, scripted.nodes[3] as ScriptedNode];
    const sizes = { [a.name]: 1, [b.name]: 2, [c.name]: 3, [d.name]: 4 };
    const of = (...nodes: ScriptedNode[]) => new Map(nodes.map(({ name }) => [name, sizes[name]]));
    expect(await cluster.with({ targetNodes: "primaries" }).dbsize()).toEqual(of(a, b));
    expect(await cluster.with({ targetNodes: "replicas" }).dbsize()).toEqual(of(c, d));
    expect(await cluster.with({ targetNodes: "all" }).dbsize()).toEqual(of(a, b, c, d));
    const some = cluster.with({ targetNodes: [nodeOf(b), [c.host, c.port], nodeOf(b)] });
    expect(await some.dbsize()).toEqual(of(b, c));
    expect(await some.executeCommand("dbsize")).toEqual(of(b, c));
  });

  it("uses the nodes that have the role at the time of the call", async () => {
    const primaries = cluster.with({ targetNodes: "primaries" });
    await cluster.connect();
    scripted.promote(replicaOfA);
    await cluster.set(scripted.keyOf(replicaOfA), "1");
    answers("DBSIZE", ":1\r\n", ":2\r\n", ":3\r\n");
    expect((await primaries.dbsize()).keys()).toContain(replicaOfA.name);
  });

  it("returns values with the settings of its views", async () => {
    answers("ECHO", "$1\r\nx\r\n", "$1\r\nx\r\n");
    const view = cluster.with({ targetNodes: "primaries" }).with({ decodeResponses: false });
    expect([...(await view.echo("x")).values()]).toEqual([Buffer.from("x"), Buffer.from("x")]);
  });

  it("rejects with a ClusterError when a node fails, without sending the command elsewhere", async () => {
    answers("DBSIZE", ":1\r\n", REPLIES.loading);
    const error = await errorOf(cluster.with({ targetNodes: "primaries" }).dbsize());
    expect(error).toMatchObject({ name: "ClusterError", code: "ENODES" });
    expect((error as ClusterError).replies.get(a.name)).toBe(1);
    expect(counts("DBSIZE")).toEqual([1, 1, 0, 0]);
  });

  it("rejects with a ClusterError also when all nodes fail the same way", async () => {
    answers("FLUSHALL", DENIED, DENIED);
    const error = await errorOf(cluster.with({ targetNodes: "primaries" }).flushall());
    expect((error as ClusterError).replies.size).toBe(2);
    expect(error.outcome).toBeUndefined();
  });

  it("refuses commands that change the state of a connection, and invalid arguments", async () => {
    const all = cluster.with({ targetNodes: "all" });
    expect(await errorOf(all.executeCommand("SELECT", 1))).toMatchObject({ code: "ESHARED" });
    expect(await errorOf(all.echo(null as never))).toBeInstanceOf(DataError);
    expect(scripted.nodes.flatMap((node) => node.received())).toEqual([]);
  });

  it("rejects when there are no such nodes", async () => {
    scripted.replicas.clear();
    expect(await errorOf(cluster.with({ targetNodes: "replicas" }).ping())).toMatchObject({
      name: "RedisClusterException",
      outcome: "not-sent",
    });
  });
});

describe("option targetNodes", () => {
  it("refuses what is no node and no flag", () => {
    const bad: readonly unknown[] = [
      "primary",
      7000,
      null,
      {},
      [],
      [7000],
      [["h", 7000, 1]],
      ["h"],
    ];
    for (const targetNodes of bad) {
      expect(() => cluster.with({ targetNodes } as never)).toThrow(DataError);
      expect(() => cluster.with({ targetNodes } as never)).toThrow(/^option "targetNodes" must be/);
    }
  });

  it("refuses a node that is not part of the cluster: at once, or at the first command before that is known", async () => {
    const stranger = new ClusterNode("127.0.0.1", 1);
    const early = cluster.with({ targetNodes: stranger });
    expect(await errorOf(early.ping())).toMatchObject({ code: "ECLUSTER", outcome: "not-sent" });
    const several = clientOf(scripted);
    expect(await errorOf(several.with({ targetNodes: [stranger] }).ping())).toMatchObject({
      code: "ECLUSTER",
    });
    await several.close();
    const message = `option "targetNodes" must be a node of the cluster (${a.name}, ${b.name}`;
    expect(() => cluster.with({ targetNodes: stranger })).toThrow(message);
    expect(() => cluster.with({ targetNodes: [stranger] })).toThrow(message);
  });

  it("refuses a client(key), which has one connection", () => {
    const dedicated = cluster.client("k");
    expect(() => dedicated.with({ targetNodes: "all" })).toThrow(/client\(key\)/);
  });
});
