/**
 * Owns what single events of a Sentinel do to a client, also those of a fail-over that comes to nothing
 * and those that come late. The servers are real, the Sentinel is not.
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

/** Master and replica, a Sentinel for them, and a client whose first command is done. */
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

describe("a replica that is to become the master", () => {
  test("gets what comes from then on, once it is one", async () => {
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

  test("and does not after all: the old one goes on", async () => {
    await using at = await setUp();
    at.mock.publish("+selected-slave", slave(at.old, at.next));
    const write = at.redis.set("held", "1");
    await until(async () => String(await at.next.command("INFO", "commandstats")).includes("role"));
    const { host, port } = at.old;
    at.mock.publish("-failover-abort-slave-timeout", `master mymaster ${host} ${port}`);
    expect(await write).toBe(true);
    expect(await has(at.old, "held")).toBe(1);
  });

  test("and of which nothing more is heard: the old one goes on within the time limit", async () => {
    await using at = await setUp();
    at.mock.publish("+selected-slave", slave(at.old, at.next));
    await until(async () => (await at.old.clients()).length === 1);
    expect(await at.redis.set("held", "1")).toBe(true);
    expect(await has(at.old, "held")).toBe(1);
  });
});

describe("a master that has moved", () => {
  test("is left at once; a command that blocks there is told", async () => {
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
    // Only the replication link is gone with it, and the test's own connection is not counted.
    await until(async () => (await at.old.clients()).length === 0);
  });

  test("for somebody else is nothing to us, nor is what we know already", async () => {
    await using at = await setUp();
    // The replica has a connection there too.
    const ours = async () =>
      (await at.old.clients()).filter(({ flags }) => flags === "N").map(({ id }) => id);
    const before = await ours();
    expect(before).toHaveLength(1);
    at.mock.publish("+switch-master", moved(at.old, at.next, "another"));
    at.mock.publish("+selected-slave", slave(at.old, at.next, "another"));
    // From before our time: that one is not the master any more.
    at.mock.publish("+switch-master", moved(at.next, at.old));
    at.mock.publish("+selected-slave", slave(at.next, at.old));
    expect(await at.redis.set("a", "1")).toBe(true);
    expect(await has(at.old, "a")).toBe(1);
    expect(await ours()).toEqual(before);
  });
});
