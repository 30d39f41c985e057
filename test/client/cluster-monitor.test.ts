/** MONITOR at one node of a real cluster. */
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from "vitest";
import {
  ClusterNode,
  DataError,
  type Monitor,
  type MonitoredCommand,
  RedisCluster,
} from "../../src/index.js";
import type { TestCluster } from "../../src/testing/index.js";
import { startCluster } from "../support/cluster.js";
import { until } from "../support/until.js";

let servers: TestCluster;
let cluster: RedisCluster;

beforeAll(async () => {
  servers = await startCluster({ primaries: 2 });
  cluster = new RedisCluster({ startupNodes: servers.addresses });
  await cluster.connect();
});

afterAll(async () => {
  await cluster.close();
  await servers.stop();
});

/** A key of each primary. */
function keyOf(node: ClusterNode): string {
  for (let i = 0; ; i++) {
    const key = `monitored:${i}`;
    if (cluster.getNodeFromKey(key) === node) return key;
  }
}

/** Return the next command with this name. */
async function next(monitor: Monitor, name: string): Promise<MonitoredCommand> {
  for await (const command of monitor) if (command.command.startsWith(name)) return command;
  throw new Error("the monitor has ended");
}

const connectedTo = async (node: ClusterNode): Promise<number> =>
  (await cluster.getRedisConnection(node).clientList()).filter(({ flags }) => flags === "O").length;

describe("RedisCluster.monitor()", () => {
  it("reports the commands of the node it is given, and not those of others", async () => {
    const [one, other] = cluster.getPrimaries() as [ClusterNode, ClusterNode];
    await using monitor = cluster.monitor(one);
    expectTypeOf(monitor).toEqualTypeOf<Monitor>();
    await monitor.start();
    await cluster.set(keyOf(other), "elsewhere");
    await cluster.set(keyOf(one), "here");
    expect((await next(monitor, "SET")).args.map(String)).toEqual(["SET", keyOf(one), "here"]);
    expect([await connectedTo(one), await connectedTo(other)]).toEqual([1, 0]);
  });

  it("takes a host and a port", async () => {
    const [one] = cluster.getPrimaries() as [ClusterNode];
    await using monitor = cluster.monitor([one.host, one.port]);
    await monitor.start();
    await cluster.set(keyOf(one), "here");
    expect((await next(monitor, "SET")).args[1]?.toString()).toBe(keyOf(one));
  });

  it("reports the commands of the default node without an argument, before the client has connected", async () => {
    await using fresh = new RedisCluster({ startupNodes: servers.addresses });
    await using monitor = fresh.monitor();
    await monitor.start();
    await fresh.echo("to the default node");
    expect((await next(monitor, "ECHO")).command).toBe("ECHO to the default node");
  });

  it("releases the connection when it is closed, and leases another one when it is used again", async () => {
    const [one] = cluster.getPrimaries() as [ClusterNode];
    const monitor = cluster.monitor(one);
    await monitor.start();
    await monitor.close();
    await until(async () => (await connectedTo(one)) === 0);
    await monitor.start();
    expect(await connectedTo(one)).toBe(1);
    await monitor.close();
  });

  it("refuses a node that is not known, and what is no node", async () => {
    const unknown = new ClusterNode("127.0.0.1", 1);
    expect(() => cluster.monitor(unknown)).toThrow(
      /^monitor: argument "targetNode" must be a node of the cluster \(127\.0\.0\.1:\d+, 127\.0\.0\.1:\d+\), got 127\.0\.0\.1:1$/,
    );
    const monitorOf = cluster.monitor.bind(cluster) as (node: unknown) => Monitor;
    for (const node of [null, "127.0.0.1:1", {}, ["127.0.0.1"]])
      expect(() => monitorOf(node)).toThrow(DataError);
    await using fresh = new RedisCluster({ startupNodes: servers.addresses });
    const [address] = servers.addresses as [[string, number]];
    expect(() => fresh.monitor(address)).toThrow("none are known before connect()");
  });
});
