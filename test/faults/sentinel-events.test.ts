/**
 * The effect of single Sentinel events on a client, including the events of an aborted failover and late
 * events. The servers are real, the Sentinel is scripted.
 */
import { describe, expect, test } from "vitest";
import { Sentinel } from "../../src/index.js";
import { type MockSentinel, mockSentinel } from "../support/mock-sentinel.js";
import { type RunningServer, startServer } from "../support/server.js";
import { until } from "../support/until.js";

const slave = (of: RunningServer, one: RunningServer, name = "mymaster"): string =>
  `slave ${one.host}:${one.port} ${one.host} ${one.port} @ ${name} ${of.host} ${of.port}`;
const moved = (from: RunningServer, to: RunningServer, name = "mymaster"): string =>
  `${name} ${from.host} ${from.port} ${to.host} ${to.port}`;

/** Start a master, a replica, a scripted Sentinel, and a client whose first command has completed. */
async function setUp() {
  const old = await startServer();
  const next = await startServer({ replicaOf: old });
  const mock: MockSentinel = await mockSentinel({ master: old.port });
  const sentinel = new Sentinel([mock.address]);
  const redis = sentinel.masterFor("mymaster");
  const close = async (): Promise<void> => {
    await redis.close();
    await sentinel.close();
    await mock[Symbol.asyncDispose]();
    await Promise.all([old.stop(), next.stop()]);
  };
  await until(async () => String(await next.command("ROLE")).includes("connected"));
  await redis.set("first", "1");
  await until(() => mock.mock.received.some(([name]) => name === "SUBSCRIBE"));
  return { old, next, mock, redis, [Symbol.asyncDispose]: close };
}

const has = (server: RunningServer, key: string) => server.command("EXISTS", key);

describe("+selected-slave", () => {
  test("holds new commands until the replica is the master, and sends them there", async () => {
    await using at = await setUp();
    at.mock.publish("+selected-slave", slave(at.old, at.next));
    await until(async () => (await at.next.clients()).length > 0);
    let settled = false;
    const write = at.redis.set("held", "1").finally(() => {
      settled = true;
    });
    await until(async () => String(await at.next.command("INFO", "commandstats")).includes("role"));
    expect(settled).toBe(false);
    await at.next.command("REPLICAOF", "NO", "ONE");
    expect(await write).toBe(true);
    expect([await has(at.next, "held"), await has(at.old, "held")]).toEqual([1, 0]);
  });

  test("is undone by -failover-abort: held commands go to the old master", async () => {
    await using at = await setUp();
    at.mock.publish("+selected-slave", slave(at.old, at.next));
    const write = at.redis.set("held", "1");
    await until(async () => String(await at.next.command("INFO", "commandstats")).includes("role"));
    const { host, port } = at.old;
    at.mock.publish("-failover-abort-slave-timeout", `master mymaster ${host} ${port}`);
    expect(await write).toBe(true);
    expect(await has(at.old, "held")).toBe(1);
  });

  test("expires when no further event arrives: held commands go to the old master in time", async () => {
    await using at = await setUp();
    at.mock.publish("+selected-slave", slave(at.old, at.next));
    await until(async () => (await at.old.clients()).length === 1);
    expect(await at.redis.set("held", "1")).toBe(true);
    expect(await has(at.old, "held")).toBe(1);
  });
});

describe("+switch-master", () => {
  test("closes the connections to the old master, and rejects its blocking commands with EFAILOVER", async () => {
    await using at = await setUp();
    const pop = at.redis.blpop("nothing", 0);
    pop.catch(() => {});
    await until(async () => (await at.old.clients()).some(({ flags }) => flags?.includes("b")));
    await at.next.command("REPLICAOF", "NO", "ONE");
    at.mock.view.master = at.next.port;
    at.mock.publish("+switch-master", moved(at.old, at.next));
    await expect(pop).rejects.toMatchObject({
      name: "ConnectionError",
      code: "EFAILOVER",
      command: "BLPOP",
      outcome: "unknown",
    });
    expect(await at.redis.set("new", "1")).toBe(true);
    expect(await has(at.next, "new")).toBe(1);
    // The replication link is gone as well, and the connection of the test is not counted.
    await until(async () => (await at.old.clients()).length === 0);
  });

  test("is ignored for another master name and for a switch that is already known", async () => {
    await using at = await setUp();
    // The replica has a connection to the master too.
    const ours = async () =>
      (await at.old.clients()).filter(({ flags }) => flags === "N").map(({ id }) => id);
    const before = await ours();
    expect(before).toHaveLength(1);
    at.mock.publish("+switch-master", moved(at.old, at.next, "another"));
    at.mock.publish("+selected-slave", slave(at.old, at.next, "another"));
    // Events from before the connection: this server is no longer the master.
    at.mock.publish("+switch-master", moved(at.next, at.old));
    at.mock.publish("+selected-slave", slave(at.next, at.old));
    expect(await at.redis.set("a", "1")).toBe(true);
    expect(await has(at.old, "a")).toBe(1);
    expect(await ours()).toEqual(before);
  });
});
