/** Commands for a node that the caller chose: what the node answers is delivered, whatever the map of slots says. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NodeExecutor } from "../../src/cluster/node-executor.js";
import type { NodePool } from "../../src/cluster/node-pool.js";
import type { NodeChoice } from "../../src/cluster/targeted-request.js";
import type { Arg } from "../../src/commands/core/info.js";
import { COMMANDS } from "../../src/commands/generated/registry.js";
import { RedisClusterException } from "../../src/errors.js";
import { type CallOptions, CallSettings } from "../../src/execution/call-settings.js";
import { execute } from "../../src/execution/execute.js";
import { commandsOf, type RoutedCommands } from "../support/cluster-router.js";
import {
  moved,
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
  cluster = await scriptedCluster(2, { replicas: 2 });
  [a, b, replicaOfA] = cluster.nodes as [ScriptedNode, ScriptedNode, ScriptedNode];
  key = cluster.keyOf(a);
  commands = commandsOf(cluster);
});
afterEach(async () => {
  await commands[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

function nodeOf({ name }: ScriptedNode): NodePool | undefined {
  const { table } = commands.router;
  const node = table.nodes.find((other) => other.name === name);
  if (node === undefined && !table.empty) throw new RedisClusterException("left");
  return node;
}

/** Run a command at the node that a choice returns. */
function runAt(choose: NodeChoice, options: CallOptions, name: string, ...args: Arg[]) {
  const info = COMMANDS.get(name);
  if (info === undefined) throw new Error(`no command ${name}`);
  const { router } = commands;
  const call = new CallSettings(router.settings, options, new Map());
  const executor = new NodeExecutor(router, choose);
  return execute({ executor, call }, { info, args, decode: info.decode });
}

const run = (node: ScriptedNode, name: string, ...args: Arg[]): Promise<unknown> =>
  runAt(() => nodeOf(node), {}, name, ...args);

describe("a command for a chosen node", () => {
  it("waits for the first view of the cluster, and is executed by that node", async () => {
    b.always("DBSIZE", ":7\r\n");
    expect(await run(b, "DBSIZE")).toBe(7);
    expect(a.received("DBSIZE")).toEqual([]);
  });

  it("rejects with the error reply of the node, and is not sent elsewhere", async () => {
    const replies = {
      MovedError: moved(1, b),
      AskError: `-ASK 1 ${b.name}\r\n`,
      TryAgainError: REPLIES.tryagain,
      ClusterDownError: REPLIES.down,
      MasterDownError: REPLIES.masterDown,
      BusyLoadingError: REPLIES.loading,
      ReadOnlyError: REPLIES.readonly,
    };
    for (const [name, reply] of Object.entries(replies)) {
      a.answer("GET", reply);
      expect((await errorOf(run(a, "GET", key))).name).toBe(name);
    }
    expect(a.received("GET")).toHaveLength(Object.keys(replies).length);
    expect([...b.received("GET"), ...b.received("ASKING")]).toEqual([]);
  });

  it("changes nothing in the map of slots when it is redirected", async () => {
    await commands.run("GET", key);
    a.answer("GET", moved(1, b));
    await errorOf(run(a, "GET", key));
    await commands.run("GET", key);
    expect(b.received()).toEqual([]);
    expect(cluster.nodes.flatMap((node) => node.received("CLUSTER SLOTS"))).toHaveLength(1);
  });

  it("does not wait for the slot of its key, which is moving", async () => {
    await commands.run("GET", key);
    cluster.move(key, b);
    const held = a.hold("GET");
    const first = commands.run("GET", key);
    const fence = a.hold("PING");
    await held.received;
    held.release();
    const behind = commands.run("GET", key);
    await first;
    await fence.received;
    expect(await run(b, "GET", key)).toBeNull();
    fence.release();
    await behind;
  });

  it("is executed by a replica", async () => {
    replicaOfA.always("PING", "+PONG\r\n");
    replicaOfA.always("DBSIZE", ":3\r\n");
    expect(await run(replicaOfA, "DBSIZE")).toBe(3);
  });

  it("blocks no other command of that node (BLPOP)", async () => {
    const held = a.hold("BLPOP");
    const blocked = run(a, "BLPOP", key, 1);
    await held.received;
    expect(await run(a, "GET", key)).toBeNull();
    held.release();
    expect(await blocked).toBeNull();
  });

  it("gets a connection alone when a server accepts it during a script (SCRIPT KILL)", async () => {
    a.answer("SCRIPT KILL", "+OK\r\n");
    await run(a, "GET", key);
    const open = a.open;
    const held = a.hold("SCRIPT", "+OK\r\n");
    const reply = run(a, "SCRIPT KILL");
    await held.received;
    expect(a.open).toBe(open + 1);
    held.release();
    expect(await reply).toBe(true);
  });

  it("can be aborted while the cluster is not known", async () => {
    for (const node of cluster.nodes) node.freeze();
    const abort = new AbortController();
    const failure = kindOfFailure(runAt(() => nodeOf(a), { signal: abort.signal }, "GET", key));
    await waitEventLoopTurns();
    abort.abort();
    expect(await failure).toBe("AbortError not-sent");
    for (const node of cluster.nodes) node.thaw();
    await commands.run("GET", key);
    expect(a.received("GET")).toHaveLength(1);
  });

  it("rejects when the client is closed", async () => {
    await commands.run("GET", key);
    await commands.router.close();
    expect(await errorOf(run(a, "GET", key))).toMatchObject({ code: "ECLOSED" });
  });

  it("is refused beyond maxPendingCommands", async () => {
    await commands[Symbol.asyncDispose]();
    commands = commandsOf(cluster, { maxPendingCommands: 1 });
    await commands.run("GET", key);
    const held = a.hold("GET");
    const first = run(a, "GET", key);
    expect(await errorOf(run(a, "GET", key))).toMatchObject({ code: "EPENDING" });
    held.release();
    await first;
  });
});

describe("a command for a chosen node that leaves before it was written", () => {
  async function leave(): Promise<void> {
    await waitEventLoopTurns();
    cluster.promote(replicaOfA);
    cluster.replicas.set(replicaOfA, []);
    await until(() => commands.router.table.nodes.every(({ name }) => name !== a.name), {
      message: "the node has not left",
    });
  }

  beforeEach(async () => {
    await commands.run("GET", key);
    await a.kill();
  });

  it("rejects with outcome not-sent when no other node is allowed", async () => {
    const failure = errorOf(run(a, "INCR", key));
    await leave();
    expect(await failure).toBeInstanceOf(RedisClusterException);
    expect(cluster.executedOf("INCR")).toEqual([]);
  });

  it("goes to the node that is chosen then", async () => {
    let target = a;
    const reply = runAt(() => nodeOf(target), {}, "INCR", key);
    await waitEventLoopTurns();
    target = replicaOfA;
    await leave();
    expect(await reply).toBe(1);
    expect(cluster.executedOf("INCR").map(({ node }) => node)).toEqual([replicaOfA]);
  });
});

describe("NodeExecutor.lease", () => {
  it("leases a connection of the node, after the first view", async () => {
    const lease = await new NodeExecutor(commands.router, () => nodeOf(b)).lease();
    expect(lease.connection.server).toBe(b.name);
    lease.release();
  });
});
