/**
 * Reads at the replicas of a cluster: which commands go there, and what happens to a read that a replica does not
 * answer. One shard with two replicas.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RedisClusterOptions } from "../../src/cluster/options.js";
import type { LoadBalancingStrategy } from "../../src/cluster/read-strategy.js";
import { DataError } from "../../src/errors.js";
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
import { kindOfFailure } from "../support/settle.js";
import { until } from "../support/until.js";
import { waitEventLoopTurns, watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

type Client = ReturnType<typeof clientOf>;

let cluster: ScriptedCluster;
let primary: ScriptedNode;
let first: ScriptedNode;
let second: ScriptedNode;
let client: Client;

beforeEach(async () => {
  cluster = await scriptedCluster(1, { replicas: 2 });
  [primary, first, second] = cluster.nodes as [ScriptedNode, ScriptedNode, ScriptedNode];
  cluster.data.set("key", ["value"]);
});
afterEach(async () => {
  await client.close();
  await cluster[Symbol.asyncDispose]();
});

/** Create the client of the test, with a view. */
async function connect(
  loadBalancingStrategy: LoadBalancingStrategy,
  options: RedisClusterOptions = {},
): Promise<void> {
  client = clientOf(cluster, { loadBalancingStrategy, ...options });
  await client.connect();
}

/** Let each replica answer one read. */
async function connectReplicas(): Promise<void> {
  await Promise.all([client.get("warm"), client.get("warm")]);
}

/** Read so often, one after the other; each read must return the value. */
async function read(times: number, from: Pick<Client, "get"> = client): Promise<void> {
  for (let i = 0; i < times; i++) expect(await from.get("key")).toBe("value");
}

/** Number of executed commands of that name at each node. */
const executed = (name = "GET"): number[] =>
  cluster.nodes.map(
    (node) => cluster.executedOf(name).filter((command) => command.node === node).length,
  );

/** Number of GET that each node has received. */
const gets = (): number[] => cluster.nodes.map((node) => node.received("GET").length);

const slot = (): number => 12_539;

describe("reads of a client with loadBalancingStrategy", () => {
  it("go to the primary and its replicas in turn with round_robin", async () => {
    await connect("round_robin");
    await read(9);
    expect(executed()).toEqual([3, 3, 3]);
  });

  it.each<LoadBalancingStrategy>(["round_robin_replicas", "random_replica"])(
    "go to replicas only with %s",
    async (strategy) => {
      await connect(strategy);
      await read(12);
      const [atPrimary, ...atReplicas] = executed();
      expect(atPrimary).toBe(0);
      expect(atReplicas.reduce((sum, count) => sum + count)).toBe(12);
    },
  );

  it("go to all nodes with random", async () => {
    await connect("random");
    await read(60);
    expect(Math.min(...executed())).toBeGreaterThan(0);
  });

  it.each<LoadBalancingStrategy | undefined>([undefined, "primary"])(
    "go to the primary with %s",
    async (loadBalancingStrategy) => {
      client = clientOf(cluster, { loadBalancingStrategy });
      await read(6);
      expect(executed()).toEqual([6, 0, 0]);
      expect([first.open, second.open]).toEqual([0, 0]);
    },
  );

  it("follow READONLY in the handshake of each connection", async () => {
    await connect("round_robin_replicas");
    await connectReplicas();
    for (const node of [first, second]) {
      const [peer] = node.peers;
      expect(peer?.received.map(([name]) => name).slice(-2)).toEqual(["READONLY", "GET"]);
    }
  });

  it("go to the primary when it has no replicas", async () => {
    cluster.replicas.clear();
    await connect("round_robin_replicas");
    await read(3);
    expect(executed()).toEqual([3, 0, 0]);
  });
});

describe("round_robin_replicas", () => {
  beforeEach(async () => {
    await connect("round_robin_replicas");
  });

  it("the primary executes writes, and commands that only it can answer", async () => {
    await client.set("key", "new");
    await client.getex("key", { ex: 5 });
    await client.touch("key");
    await client.hscan("key").catch(() => undefined);
    await client.objectIdletime("key");
    expect(primary.received().map(([name]) => name)).toEqual([
      "SET",
      "GETEX",
      "TOUCH",
      "HSCAN",
      "OBJECT",
    ]);
  });

  it("the primary executes blocking reads", async () => {
    await client.xread({ key: "$" }, { block: 10 }).catch(() => undefined);
    expect(executed("XREAD")).toEqual([1, 0, 0]);
    await client.xread({ key: "0" }).catch(() => undefined);
    expect(executed("XREAD")[0]).toBe(1);
  });

  it("replicas execute EVAL_RO and FCALL_RO, the primary EVAL and FCALL", async () => {
    await client.evalRo("return 1", 1, "key");
    await client.fcallRo("f", 1, "key");
    await client.eval("return 1", 1, "key");
    await client.fcall("f", 1, "key");
    expect(primary.received().map(([name]) => name)).toEqual(["EVAL", "FCALL"]);
  });

  it("replicas execute the parts of mgetNonatomic and EXISTS", async () => {
    await client.mgetNonatomic("key", "a", "b");
    await client.exists("key", "a", "b");
    expect(primary.received()).toEqual([]);
    expect(executed("MGET").reduce((sum, count) => sum + count)).toBe(3);
  });

  it("the primary executes pipelines, transactions and the commands of client(key)", async () => {
    await client.pipeline().get("key").exec();
    await client.pipeline({ transaction: true }).get("key").exec();
    await client.transaction((tx) => tx.multi().get("key"), "key");
    await using dedicated = client.client("key");
    await dedicated.get("key");
    expect(executed()).toEqual([4, 0, 0]);
  });

  it("a lock asks the primary whether it is held", async () => {
    for (const node of cluster.nodes) node.always("EXISTS", ":1\r\n");
    const lock = client.lock("lock", { timeout: 1000 });
    expect(await lock.acquire({ blocking: false })).toBe(true);
    await lock.owned();
    await lock.locked();
    expect([first.received(), second.received()]).toEqual([[], []]);
  });

  it("an unknown command goes to the primary", async () => {
    await client.executeCommand("NEW.READ", "key");
    expect(executed("NEW.READ")).toEqual([1, 0, 0]);
  });

  it("keys in different slots are refused", async () => {
    expect(await kindOfFailure(client.mget("a", "b"))).toBe("ClusterCrossSlotError not-sent");
  });

  it("a closed client refuses reads and opens no connection", async () => {
    await client.close();
    expect(await kindOfFailure(client.get("key"))).toBe("ConnectionError not-sent");
    expect([first.peers, second.peers]).toEqual([[], []]);
  });

  it("close() waits for the reads at replicas", async () => {
    await connectReplicas();
    const holds = [first.hold("GET"), second.hold("GET")];
    const reads = [client.get("key"), client.get("key")];
    await Promise.all(holds.map(({ received }) => received));
    const closed = client.close();
    for (const { release } of holds) release();
    expect(await Promise.all(reads)).toEqual(["value", "value"]);
    await closed;
  });

  it("disconnect() rejects the reads at replicas", async () => {
    await connectReplicas();
    const holds = [first.hold("GET"), second.hold("GET")];
    const reads = [client.get("key"), client.get("key")].map(kindOfFailure);
    await Promise.all(holds.map(({ received }) => received));
    client.disconnect();
    expect(await Promise.all(reads)).toEqual([
      "ConnectionError unknown",
      "ConnectionError unknown",
    ]);
    for (const { release } of holds) release();
    expect(executed()[0]).toBe(0);
  });
});

describe("with({ loadBalancingStrategy })", () => {
  it("changes where the reads of a view go, and back", async () => {
    client = clientOf(cluster);
    await client.connect();
    const view = client.with({ loadBalancingStrategy: "round_robin_replicas" });
    await read(4, view);
    expect(executed()).toEqual([0, 2, 2]);
    await read(2, view.with({ decodeResponses: true, loadBalancingStrategy: undefined }));
    expect(executed()).toEqual([0, 3, 3]);
    await read(2, view.with({ loadBalancingStrategy: "primary" }));
    await read(2);
    expect(executed()).toEqual([4, 3, 3]);
  });

  it.each<[options: object, message: string]>([
    [
      { loadBalancingStrategy: 7 },
      'option "loadBalancingStrategy" must be the name of a strategy or { availabilityZone }, got a number',
    ],
    [
      { loadBalancingStrategie: "random" },
      'unknown option "loadBalancingStrategie"; did you mean "loadBalancingStrategy"?',
    ],
    [{ targetNode: "all" }, 'unknown option "targetNode"; did you mean "targetNodes"?'],
    [
      { host: "localhost" },
      'unknown option "host"; known options are targetNodes, loadBalancingStrategy, decodeResponses, integers, signal, timeout, retryOnTimeout, retryReads, cache, retryOnError',
    ],
    [
      { loadBalancingStrategy: "random", targetNodes: "all" },
      'option "loadBalancingStrategy" must not be set: option "targetNodes" determines the nodes',
    ],
  ])("refuses %j", (options, message) => {
    client = clientOf(cluster);
    expect(() => client.with(options as never)).toThrow(new DataError(message));
  });

  it("is refused for the commands of client(key)", async () => {
    client = clientOf(cluster);
    await using dedicated = client.client("key");
    expect(() => dedicated.with({ loadBalancingStrategy: "random" })).toThrow(
      'option "loadBalancingStrategy" must not be set: the commands of this client go to one node',
    );
    await read(1, dedicated.with({ loadBalancingStrategy: "primary" }));
  });
});

describe("a read that a replica refuses", () => {
  beforeEach(async () => {
    cluster.replicas.set(primary, [first]);
    await connect("round_robin_replicas");
    await read(1);
  });

  it.each([
    ["LOADING", REPLIES.loading],
    ["MASTERDOWN", REPLIES.masterDown],
    ["CLUSTERDOWN", REPLIES.down],
  ])("goes to the primary after %s, as later ones do for a while", async (_code, reply) => {
    first.always("GET", reply);
    await read(5);
    expect(gets()).toEqual([5, 2, 0]);
    first.always("GET", undefined);
    await until(() => client.get("key").then(() => first.received("GET").length > 2));
    await read(2);
    expect(gets()[1]).toBeGreaterThan(4);
  });

  it.each([
    ["TRYAGAIN", () => REPLIES.tryagain],
    ["ASK", () => ask(slot(), second)],
    ["MOVED to another node than the map has", () => moved(slot(), second)],
  ])("goes to the primary after %s, and later ones to the replica", async (_code, reply) => {
    first.answer("GET", reply());
    await read(3);
    expect(gets()).toEqual([1, 4, 0]);
  });

  it("goes to the primary after MOVED to the node that the map has, and the map is read again", async () => {
    const before = primary.received("CLUSTER SLOTS").length;
    const views = (): number => cluster.nodes.flatMap((n) => n.received("CLUSTER SLOTS")).length;
    cluster.replicas.set(primary, [second]);
    first.always("GET", moved(slot(), primary));
    await read(1);
    await until(() => views() > before, { message: "no refresh" });
    await waitEventLoopTurns();
    await read(3);
    expect(gets()).toEqual([1, 2, 3]);
  });

  it("is rejected with an error that does not concern the cluster", async () => {
    first.answer("GET", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n");
    await expect(client.get("key")).rejects.toThrow("WRONGTYPE");
    expect(gets()).toEqual([0, 2, 0]);
  });
});

describe("a replica that fails", () => {
  beforeEach(async () => {
    cluster.replicas.set(primary, [first]);
    await connect("round_robin_replicas");
  });

  it("loses its connection while a read is pending: the primary answers the read", async () => {
    await read(1);
    first.answer("GET", LOSE);
    await read(1);
    expect(executed()).toEqual([1, 1, 0]);
  });

  it("loses its connection while 50 reads are pending: the primary answers all", async () => {
    await read(1);
    first.answer("GET", () => {
      void first.kill();
      return LOSE;
    });
    const values = await Promise.all(Array.from({ length: 50 }, () => client.get("key")));
    expect(new Set(values)).toEqual(new Set(["value"]));
    expect(executed()[0]).toBe(50);
  });

  it("is used again after a PING, over a connection that has sent READONLY", async () => {
    await read(1);
    await first.kill();
    await read(3);
    expect(executed()).toEqual([3, 1, 0]);
    await first.start();
    await until(() => client.get("key").then(() => executed()[1] === 2));
    // There may be another connection, for CLUSTER SLOTS.
    const received = first.peers.map((peer) => peer.received.map(([name]) => name));
    const names = received.findLast((commands) => commands.includes("READONLY")) ?? [];
    expect(names.slice(names.indexOf("READONLY"))).toEqual(["READONLY", "PING", "GET"]);
  });

  it("is down from the beginning: the primary answers", async () => {
    await first.kill();
    await read(3);
    expect(executed()).toEqual([3, 0, 0]);
  });

  it("accepts connections without answering: the primary answers after 250 ms, then at once", async () => {
    first.freeze();
    const started = performance.now();
    await read(1);
    expect(performance.now() - started).toBeGreaterThan(200);
    const later = performance.now();
    await read(3);
    expect(performance.now() - later).toBeLessThan(200);
    expect(executed()).toEqual([4, 0, 0]);
    client.disconnect();
    first.thaw();
  });

  it("does not answer a read: the primary answers it after the reply timeout, later ones earlier", async () => {
    await client.close();
    await connect("round_robin_replicas", { socketTimeout: 1500 });
    await read(1);
    first.freeze();
    const stuck = [client.get("key")];
    // The replica is passed over once it has not answered for a second.
    await until(() => {
      stuck.push(client.get("key"));
      return executed()[0] !== 0;
    });
    expect(new Set(await Promise.all(stuck))).toEqual(new Set(["value"]));
    client.disconnect();
    first.thaw();
  });

  it("refuses READONLY: the primary answers, and connections are not opened for each read", async () => {
    first.always("READONLY", "-NOPERM User u has no permissions to run the 'readonly' command\r\n");
    await read(50);
    expect(executed()).toEqual([50, 0, 0]);
    expect(first.peers.length).toBeLessThan(5);
  });

  it("gets reads again when it returns to the views, in a client that only reads", async () => {
    await read(1);
    // The other nodes have marked it as failed.
    cluster.replicas.clear();
    client.router.redirects.requestRefresh();
    await until(() => client.router.table.replicas.length === 0, { message: "no refresh" });
    cluster.replicas.set(primary, [first]);
    await read(1);
    const views = (): number => cluster.nodes.flatMap((n) => n.received("CLUSTER SLOTS")).length;
    const before = views();
    await until(() => client.get("key").then(() => executed()[1] === 2), { timeout: 3000 });
    expect(views()).toBe(before + 1);
    expect(executed()[0]).toBeGreaterThan(0);
  });

  it("leaves the cluster: its waiting reads go to the primary", async () => {
    first.freeze();
    const pending = client.get("key");
    await first.arrival("HELLO", 0);
    cluster.replicas.clear();
    client.router.redirects.requestRefresh();
    expect(await pending).toBe("value");
    expect(executed()).toEqual([1, 0, 0]);
    client.disconnect();
    first.thaw();
  });
});

describe("a primary that fails", () => {
  it("gets no reads with round_robin while its replicas answer", async () => {
    await connect("round_robin");
    await read(3);
    await primary.kill();
    await read(9);
    await primary.start();
    await until(() => client.get("key").then(() => primary.received("GET").length > 0));
  });
});

describe("lowest-latency", () => {
  /** Delay the answers to PING, as a distant node does. */
  function delay(node: ScriptedNode, ms: number): void {
    node.always("PING", async () => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      return "+PONG\r\n";
    });
  }

  it("sends reads to the node that answers PING fastest, and no PING without reads", async () => {
    delay(primary, 60);
    delay(first, 30);
    await connect("lowest-latency");
    const isMeasured = async (): Promise<boolean> => {
      await read(1);
      return [primary, first, second].every((node) =>
        Number.isFinite(
          client.router.table.node(node)[node === primary ? "asPrimary" : "asReplica"].latency,
        ),
      );
    };
    await until(isMeasured, { message: "not measured" });
    const before = executed();
    await read(20);
    expect(executed()).toEqual([before[0], before[1], (before[2] ?? 0) + 20]);
  });
});

describe("availabilityZone", () => {
  it("prefers replicas whose zone CLUSTER SLOTS reports", async () => {
    cluster.endpoint = ({ host, port }) => ({
      host,
      port,
      metadata: ["availability-zone", port === second.port ? "a" : "b"],
    });
    await connect({ availabilityZone: "a" });
    await read(6);
    expect(executed()).toEqual([0, 0, 6]);
  });

  it("prefers replicas whose zone INFO reports", async () => {
    const info = (zone: string): string => {
      const text = `# Server\r\nredis_version:8.0.0\r\navailability_zone:${zone}\r\nrun_id:1\r\n`;
      return `$${text.length}\r\n${text}\r\n`;
    };
    first.always("INFO", info("a"));
    second.always("INFO", info("b"));
    await connect({ availabilityZone: "b" });
    await until(async () => {
      await read(1);
      return second.received("INFO").length === 1 && first.received("INFO").length === 1;
    });
    await waitEventLoopTurns();
    const before = executed();
    await read(6);
    expect(executed()).toEqual([before[0], before[1], (before[2] ?? 0) + 6]);
  });

  it("uses any replica of servers without zones, and asks each once", async () => {
    await connect({ availabilityZone: "a" });
    await read(10);
    const [atPrimary, ...atReplicas] = executed();
    expect(atPrimary).toBe(0);
    expect(Math.min(...atReplicas)).toBeGreaterThan(0);
    expect(cluster.nodes.map((node) => node.received("INFO").length)).toEqual([1, 1, 1]);
  });
});
