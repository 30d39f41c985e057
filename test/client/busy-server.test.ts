/** Commands that a server accepts while a script blocks it. */
import { describe, expect, it } from "vitest";
import { type ClientOptions, Redis, type RedisError } from "../../src/index.js";
import { startServer } from "../support/server.js";
import { errorOf, kindOf, settle } from "../support/settle.js";
import { until } from "../support/until.js";

const ENDLESS = "while true do end";

const startBusyServer = (options = {}) =>
  startServer({ ...options, config: { "busy-reply-threshold": "20" } });

/** Run a script that never ends over the client's shared connection, until the server is busy. */
async function block(redis: Redis, other: Redis): Promise<{ script: Promise<RedisError> }> {
  const script = errorOf(redis.eval(ENDLESS, 0));
  await until(async () => {
    const ending = await settle(other.get("key"));
    return !ending.ok && ending.error.code === "BUSY";
  });
  return { script };
}

const ACL = ["alice on >secret ~* &* +@all"];

describe("SCRIPT KILL while a script runs on the shared connection", () => {
  it.each<[string, ClientOptions]>([
    ["without options", {}],
    ["db", { db: 3 }],
    ["clientName", { clientName: "worker" }],
    ["protocol: 3", { protocol: 3 }],
    ["protocol: 3 and db", { protocol: 3, db: 2 }],
    ["credentials", { username: "alice", password: "secret" }],
    ["maxConnections: 1", { maxConnections: 1 }],
    ["healthCheckInterval", { healthCheckInterval: 1 }],
  ])("reaches the server with %s", async (_, options) => {
    await using server = await startBusyServer({ acl: ACL });
    await using redis = new Redis<ClientOptions>(server.url, options) as Redis;
    await using other = new Redis(server.url);
    await Promise.all([redis.ping(), other.ping()]);
    const { script } = await block(redis, other);
    expect(await redis.scriptKill()).toBe(true);
    expect((await script).message).toContain("Script killed by user");
    expect(await redis.get("key")).toBe(null);
  });

  it.each<[string, (redis: Redis) => Promise<unknown>]>([
    ["a view", (redis) => redis.with({ timeout: 2000 }).scriptKill()],
    ["executeCommand", (redis) => redis.executeCommand("script kill")],
    [
      "executeCommand with the subcommand as argument",
      (redis) => redis.executeCommand("SCRIPT", "KILL"),
    ],
    ["a client() that is used for the first time", (redis) => redis.client().scriptKill()],
  ])("is called through %s", async (_, kill) => {
    await using server = await startBusyServer();
    await using redis = new Redis(server.url, { db: 1, clientName: "worker" });
    await using other = new Redis(server.url);
    await Promise.all([redis.ping(), other.ping()]);
    const { script } = await block(redis, other);
    expect((await settle(kill(redis))).ok).toBe(true);
    expect((await script).message).toContain("Script killed by user");
  });

  it("is called on the client() whose own connection runs the script", async () => {
    await using server = await startBusyServer();
    await using redis = new Redis(server.url, { db: 1 });
    await using other = new Redis(server.url);
    await other.ping();
    await using session = redis.client();
    await session.ping();
    const { script } = await block(session, other);
    expect(await session.scriptKill()).toBe(true);
    expect((await script).message).toContain("Script killed by user");
  });
});

describe("FUNCTION STATS and FUNCTION KILL while a function runs", () => {
  it("reach the server with db and clientName", async () => {
    await using server = await startBusyServer();
    await using redis = new Redis(server.url, { db: 1, clientName: "worker" });
    await using other = new Redis(server.url);
    await other.ping();
    await redis.functionLoad(
      "#!lua name=endless\nredis.register_function('endless', function() while true do end end)",
    );
    const call = errorOf(redis.fcall("endless", 0));
    await until(async () => {
      const ending = await settle(other.get("key"));
      return !ending.ok && ending.error.code === "BUSY";
    });
    expect((await redis.functionStats()).running_script).not.toBe(null);
    expect(await redis.functionKill()).toBe(true);
    expect((await call).message).toContain("killed by user");
  });
});

describe("SHUTDOWN NOSAVE while a script runs", () => {
  it("ends the server with db and clientName set", async () => {
    await using server = await startBusyServer();
    await using redis = new Redis(server.url, { db: 1, clientName: "worker", retry: 1 });
    await using other = new Redis(server.url);
    await Promise.all([redis.ping(), other.ping()]);
    const { script } = await block(redis, other);
    expect(await redis.shutdown({ noSave: true })).toBe(undefined);
    expect(kindOf(await script)).toBe("ConnectionError unknown");
  });
});
