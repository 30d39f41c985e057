/**
 * Commands while parts of a Sentinel deployment are stopped, frozen or report outdated states: each case with
 * its exact outcome.
 */
import { describe, expect, test } from "vitest";
import {
  ConnectionError,
  MasterNotFoundError,
  ReadOnlyError,
  ReplicaNotFoundError,
  Sentinel,
} from "../../src/index.js";
import { mockSentinel } from "../support/mock-sentinel.js";
import { bulk, mockServer } from "../support/mock-server.js";
import type { Peer } from "../support/peer.js";
import { startSentinels } from "../support/sentinels.js";
import { type RunningServer, startServer } from "../support/server.js";
import { until } from "../support/until.js";
import { missingOn, WriteLoad } from "../support/write-load.js";

describe("a Sentinel deployment", () => {
  test("rejects commands in flight when the master is frozen (SIGSTOP), and sends the others to the new master", async () => {
    await using servers = await startSentinels();
    await using sentinel = new Sentinel(servers.addresses);
    await using master = sentinel.masterFor(servers.name);
    const load = new WriteLoad(master, 100);
    await load.progress(50);
    servers.master.pause();
    const now = await servers.newMasterAfter(servers.master);
    await load.progress(50);
    servers.master.resume();
    await load.progress(50);
    const { acknowledged, errors, started } = await load.stop();
    expect(acknowledged.length + errors.length).toBe(started);
    expect(await missingOn(now, acknowledged)).toEqual([]);
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors) {
      expect(error).toBeInstanceOf(ConnectionError);
      expect(error).toMatchObject({ code: "EFAILOVER", outcome: "unknown", command: "SET" });
    }
  });

  test("continues after the loss of one Sentinel, and follows a failover", async () => {
    await using servers = await startSentinels();
    await using sentinel = new Sentinel(servers.addresses);
    await using master = sentinel.masterFor(servers.name);
    await master.set("a", "1");
    await servers.sentinels[1]?.stop();
    const load = new WriteLoad(master, 100);
    await load.progress(50);
    const now = await servers.failover();
    await load.progress(50);
    const { acknowledged, errors } = await load.stop();
    expect(errors).toEqual([]);
    expect((await missingOn(now, acknowledged)).length).toBeLessThanOrEqual(1);
    expect(await sentinel.discoverMaster(servers.name)).toEqual([now.host, now.port]);
  });

  test("keeps its connection when all Sentinels are killed, and rejects with MasterNotFoundError when it needs a new one", async () => {
    await using servers = await startSentinels();
    await using sentinel = new Sentinel(servers.addresses, { socketTimeout: 1000 });
    await using master = sentinel.masterFor(servers.name);
    await master.set("a", "1");
    await Promise.all(servers.sentinels.map(killed));
    expect(await master.get("a")).toBe("1");

    master.disconnect();
    const error = await master.get("a").catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MasterNotFoundError);
    expect(error).toMatchObject({
      message: "No master found for 'mymaster'",
      code: "ENOMASTER",
      command: "GET",
      outcome: "not-sent",
    });
    const causes = (error as MasterNotFoundError).causes as ConnectionError[];
    expect(causes.map(({ code }) => code)).toEqual(Array(3).fill("ECONNREFUSED"));
    expect(causes.map(({ server }) => server).sort()).toEqual(
      servers.addresses.map((address) => address.join(":")).sort(),
    );

    await Promise.all(servers.sentinels.map((one) => one.restart()));
    expect(await master.get("a")).toBe("1");
    // The client has subscribed again: the next failover loses no command.
    await until(
      async () => {
        const lists = await Promise.all(servers.sentinels.map((one) => one.clients()));
        return lists.every((list) => list.some(({ sub, psub }) => Number(sub) + Number(psub) > 0));
      },
      { timeout: 20_000, message: "not every Sentinel has a subscriber" },
    );
    const load = new WriteLoad(master, 100);
    await load.progress(20);
    await until(
      () =>
        servers.failover().then(
          () => true,
          () => false,
        ),
      { timeout: 20_000 },
    );
    await load.progress(20);
    const { acknowledged, errors } = await load.stop();
    expect(errors).toEqual([]);
    expect(await missingOn(await servers.currentMaster(), acknowledged)).toEqual([]);
  });
});

async function killed(server: RunningServer): Promise<void> {
  server.kill("SIGKILL");
  await server.exited;
}

describe("a master name that no Sentinel monitors", () => {
  test("rejects immediately, with the error of each Sentinel", async () => {
    await using servers = await startSentinels();
    await using sentinel = new Sentinel(servers.addresses);
    await using master = sentinel.masterFor("unknown");
    await using replica = sentinel.replicaFor("unknown");
    const begun = performance.now();
    const error = await master.get("a").catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MasterNotFoundError);
    expect(error).toMatchObject({ message: "No master found for 'unknown'", outcome: "not-sent" });
    const { causes } = error as MasterNotFoundError;
    expect(causes).toHaveLength(3);
    for (const cause of causes) {
      expect(cause).toMatchObject({
        code: "ENOSERVICE",
        message: "ERR No such master with that name",
      });
    }
    await expect(replica.get("a")).rejects.toBeInstanceOf(ReplicaNotFoundError);
    await expect(sentinel.discoverMaster("unknown")).rejects.toBeInstanceOf(MasterNotFoundError);
    await expect(sentinel.discoverReplicas("unknown")).rejects.toMatchObject({
      message: "No replica found for 'unknown'",
    });
    // Waiting would not help, so the client does not wait.
    expect(performance.now() - begun).toBeLessThan(2500);
  });
});

async function isReplica(server: RunningServer): Promise<boolean> {
  // On the way from one role to the other its connections are closed.
  const role = await server.command("ROLE").catch(() => []);
  return Array.isArray(role) && role[0] === "slave";
}

describe("a Sentinel with outdated state", () => {
  test("does not lead the client back to the former master", async () => {
    await using servers = await startSentinels();
    await using stale = await mockSentinel({ master: servers.master.port, epoch: 0 });
    await using sentinel = new Sentinel([stale.address, ...servers.addresses]);
    await using master = sentinel.masterFor(servers.name);
    await master.set("a", "1");
    // So that the old master is put in its place in seconds.
    for (const one of servers.sentinels) {
      await one.command("SENTINEL", "DEBUG", "PUBLISH-PERIOD", 300, "INFO-PERIOD", 300);
    }
    const now = await servers.failover();
    await until(() => isReplica(servers.master), { timeout: 20_000 });
    for (let i = 0; i < 20; i++) {
      expect(await sentinel.discoverMaster(servers.name)).toEqual([now.host, now.port]);
    }
    expect(await master.set("b", "1")).toBe(true);
    // Nor by a client that knows nothing yet: the server itself says that it is no master.
    await using another = new Sentinel([stale.address], { socketTimeout: 500 });
    await using fresh = another.masterFor(servers.name);
    await expect(fresh.set("c", "0")).rejects.toMatchObject({ code: "EROLE" });
    stale.view.master = now.port;
    expect(await fresh.set("c", "1")).toBe(true);
    expect(await missingOn(now, ["b", "c"])).toEqual([]);
  });
});

describe("a server in the wrong role", () => {
  test("receives no commands, and the error has code EROLE", async () => {
    await using master = await startServer();
    await using replica = await startServer({ replicaOf: master });
    await using mock = await mockSentinel({ master: replica.port });
    await using sentinel = new Sentinel([mock.address], { socketTimeout: 1000 });
    await using redis = sentinel.masterFor("mymaster");
    await expect(redis.get("a")).rejects.toMatchObject({
      name: "ConnectionError",
      code: "EROLE",
      server: `127.0.0.1:${replica.port}`,
      outcome: "not-sent",
    });
    expect(await commandsOf(replica, "get")).toBe(0);

    mock.view.master = master.port;
    expect(await redis.set("a", "1")).toBe(true);
  });

  test("a master in the list of replicas is refused unless the Sentinels report it as the master", async () => {
    await using master = await startServer();
    await using stranger = await startServer();
    await using mock = await mockSentinel({
      master: stranger.port,
      flags: "master,s_down",
      replicas: [master.port],
    });
    await using sentinel = new Sentinel([mock.address], { socketTimeout: 1000 });
    await using redis = sentinel.replicaFor("mymaster");
    const error = await redis.get("a").catch((reason: unknown) => reason);
    // Which of the two was tried last when the time was over is not for the client to choose.
    const reasons = error instanceof ReplicaNotFoundError ? error.causes : [error];
    expect(["EROLE", "ESENTINEL"]).toContain((reasons[0] as ConnectionError).code);
    expect(await commandsOf(master, "get")).toBe(0);
    expect(await commandsOf(stranger, "get")).toBe(0);
  });

  test.each([
    ["is the only replica", (port: number) => [port]],
    ["is listed beside an unreachable replica", (port: number) => [1, port]],
    ["is not listed", () => []],
  ])("the master serves a replica client when it %s", async (_, replicas) => {
    await using master = await startServer();
    await using mock = await mockSentinel({
      master: master.port,
      replicas: replicas(master.port),
    });
    await using sentinel = new Sentinel([mock.address], { socketTimeout: 1000 });
    await using redis = sentinel.replicaFor("mymaster");
    expect(await redis.get("a")).toBeNull();
    redis.disconnect();
    expect(await redis.get("a")).toBeNull();
  });

  test.each(["MASTERDOWN Link with MASTER is down", "LOADING Redis is loading the dataset"])(
    "a replica that answers %s is left for the master",
    async (reply) => {
      await using master = await startServer();
      const answer = async (peer: Peer): Promise<void> => {
        for await (const [name] of peer.commands()) {
          peer.send(name === "ROLE" ? `*1\r\n${bulk("slave")}` : `-${reply}\r\n`);
        }
      };
      await using replica = await mockServer(answer, { handshake: true });
      await using mock = await mockSentinel({ master: master.port, replicas: [replica.port] });
      await using sentinel = new Sentinel([mock.address], { socketTimeout: 1000 });
      await using redis = sentinel.replicaFor("mymaster");
      expect(await redis.get("a")).toBeNull();
    },
  );
});

async function commandsOf(
  server: { command: (...args: string[]) => Promise<unknown> },
  name: string,
) {
  const stats = String(await server.command("INFO", "commandstats"));
  return Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
}

describe("a former master that rejects writes with READONLY", () => {
  test("executed none of the commands, which go to the new master in order and once", async () => {
    await using old = await startServer();
    await using next = await startServer();
    await using mock = await mockSentinel({ master: old.port });
    await using sentinel = new Sentinel([mock.address]);
    await using redis = sentinel.masterFor("mymaster");
    await redis.set("a", "1");
    mock.view.master = next.port;
    await old.command("REPLICAOF", next.host, next.port);
    const lengths = await Promise.all(
      Array.from({ length: 100 }, (_, i) => redis.rpush("l", `${i}`)),
    );
    expect(lengths).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    expect(await next.command("LRANGE", "l", 0, -1)).toEqual(
      Array.from({ length: 100 }, (_, i) => `${i}`),
    );
  });

  test("rejects the commands of a client() with ReadOnlyError", async () => {
    await using old = await startServer();
    await using next = await startServer();
    await using mock = await mockSentinel({ master: old.port });
    await using sentinel = new Sentinel([mock.address]);
    await using redis = sentinel.masterFor("mymaster");
    await using own = redis.client();
    await own.set("a", "1");
    mock.view.master = next.port;
    await old.command("REPLICAOF", next.host, next.port);
    await expect(own.set("a", "2")).rejects.toBeInstanceOf(ReadOnlyError);
    await until(() =>
      own.set("a", "3").then(
        () => true,
        () => false,
      ),
    );
    expect(await next.command("GET", "a")).toBe("3");
  });

  test("receives a command at most twice when Sentinel still reports it as master", async () => {
    const commands: string[] = [];
    await using old = await mockServer(
      async (peer) => {
        for await (const [name = ""] of peer.commands()) {
          commands.push(name);
          peer.send(name === "ROLE" ? `*1\r\n${bulk("master")}` : "-READONLY You cannot\r\n");
        }
      },
      { handshake: true },
    );
    await using mock = await mockSentinel({ master: old.port });
    await using sentinel = new Sentinel([mock.address]);
    await using redis = sentinel.masterFor("mymaster");
    await expect(redis.set("a", "1")).rejects.toBeInstanceOf(ReadOnlyError);
    expect(commands).toEqual(["ROLE", "SET", "ROLE", "SET"]);
  });

  test("does not receive a script twice, because the script may have returned the error", async () => {
    await using server = await startServer();
    await using mock = await mockSentinel({ master: server.port });
    await using sentinel = new Sentinel([mock.address]);
    await using redis = sentinel.masterFor("mymaster");
    const script = "redis.call('INCR', KEYS[1]) return redis.error_reply('READONLY not me')";
    await expect(redis.eval(script, 1, "n")).rejects.toBeInstanceOf(ReadOnlyError);
    expect(await redis.get("n")).toBe("1");
  });
});

describe("a master in an unhealthy state", () => {
  test.each([
    ["s_down", { flags: "master,s_down" }, "The master is down"],
    ["o_down", { flags: "master,s_down,o_down" }, "The master is down"],
    [
      "monitored by too few Sentinels",
      { others: 0 },
      "Only 0 other Sentinels monitor the master; 1 required",
    ],
  ])("is not used: %s", async (_, view, message) => {
    await using server = await startServer();
    await using mock = await mockSentinel({ master: server.port, ...view });
    await using sentinel = new Sentinel([mock.address], {
      socketTimeout: 500,
      minOtherSentinels: 1,
    });
    await using redis = sentinel.masterFor("mymaster");
    const error = await redis.get("a").catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MasterNotFoundError);
    expect((error as MasterNotFoundError).causes).toMatchObject([{ message, code: "ESENTINEL" }]);
    Object.assign(mock.view, { flags: "master", others: 1 });
    expect(await redis.get("a")).toBeNull();
  });
});
