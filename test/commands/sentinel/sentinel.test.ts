/** The commands of a Sentinel, sent over a connection to one and through a Sentinel object. */
import { afterAll, describe, expect, it, test } from "vitest";
import { ResponseError, Sentinel, type SentinelState } from "../../../src/index.js";
import { describeClients } from "../../support/clients.js";
import { startSentinels } from "../../support/sentinels.js";
import { startServer, uniquePrefix } from "../../support/server.js";
import { until } from "../../support/until.js";

const servers = await startSentinels();
const [server] = servers.sentinels;
if (server === undefined) throw new Error("no Sentinel");
/** A separate Sentinel for tests that change the monitored masters, or stop it. */
const spare = await startServer({ sentinel: true });
afterAll(async () => {
  await servers[Symbol.asyncDispose]();
  await spare.stop();
});
const { name, master } = servers;
const HEX = /^[0-9a-f]{40}$/;

describeClients("SENTINEL commands of one Sentinel", server, ({ redis }) => {
  it("SENTINEL MASTERS and MASTER describe the monitored masters", async () => {
    const state = await redis.sentinelMaster(name);
    expect(state).toMatchObject({
      name,
      ip: master.host,
      port: master.port,
      flags: "master",
      isMaster: true,
      isSlave: false,
      isSdown: false,
      isOdown: false,
      quorum: 2,
      "num-slaves": 2,
      "num-other-sentinels": 2,
    } satisfies Partial<SentinelState>);
    expect(state.runid).toMatch(HEX);
    const masters = await redis.sentinelMasters();
    expect(Object.keys(masters)).toEqual([name]);
    expect(masters[name]).toMatchObject({ port: master.port, isMaster: true });
    await expect(redis.sentinelMaster("unknown")).rejects.toBeInstanceOf(ResponseError);
  });

  it("SENTINEL REPLICAS and SENTINELS describe replicas and other Sentinels", async () => {
    const ports = servers.replicas.map(({ port }) => port).sort();
    for (const replicas of [await redis.sentinelReplicas(name), await redis.sentinelSlaves(name)]) {
      expect(replicas.map(({ port }) => port).sort()).toEqual(ports);
      expect(replicas[0]).toMatchObject({ isSlave: true, isMaster: false, isMasterDown: false });
      expect(replicas[0]?.["slave-priority"]).toBe(100);
    }
    const others = await redis.sentinelSentinels(name);
    const expected = servers.sentinels.slice(1).map(({ port }) => port);
    expect(others.map(({ port }) => port).sort()).toEqual(expected.sort());
    expect(others[0]).toMatchObject({ isSentinel: true });
  });

  it("SENTINEL GET-MASTER-ADDR-BY-NAME and MYID return the address of the master and the id of the Sentinel", async () => {
    const address = [master.host, master.port];
    expect(await redis.sentinelGetMasterAddrByName(name)).toEqual(address);
    expect(await redis.sentinelGetMasterAddrByName("unknown")).toBeNull();
    expect(await redis.sentinelMyid()).toMatch(HEX);
  });

  it("SENTINEL CKQUORUM checks the quorum", async () => {
    expect(await redis.sentinelCkquorum(name)).toBe(true);
    await expect(redis.sentinelCkquorum("unknown")).rejects.toBeInstanceOf(ResponseError);
  });

  it("SENTINEL IS-MASTER-DOWN-BY-ADDR returns a vote", async () => {
    const vote = await redis.sentinelIsMasterDownByAddr(master.host, master.port, 0, "*");
    expect(vote).toEqual([false, null, 0]);
  });

  it("SENTINEL CONFIG and DEBUG read and change settings", async () => {
    expect(await redis.sentinelConfigSet("announce-hostnames", "no")).toBe(true);
    expect(await redis.sentinelConfigGet("announce-hostnames")).toEqual({
      "announce-hostnames": "no",
    });
    const times = await redis.sentinelDebug();
    expect(times).toMatchObject({ "PUBLISH-PERIOD": "2000" });
    expect(await redis.sentinelDebug("publish-period", 2000)).toBe(true);
    expect(await redis.sentinelFlushconfig()).toBe(true);
  });

  it("SENTINEL INFO-CACHE returns cached INFO replies", async () => {
    await until(async () => {
      const cached = (await redis.sentinelInfoCache(name))[name] ?? [];
      return cached.length === 3 && cached.every(({ info }) => info !== null);
    });
    const [first] = (await redis.sentinelInfoCache(name))[name] ?? [];
    expect(first?.age).toBeGreaterThanOrEqual(0);
    expect(first?.info).toContain("role:master");
  });

  it("SENTINEL PENDING-SCRIPTS returns scripts, and HELP returns help", async () => {
    expect(await redis.sentinelPendingScripts()).toEqual([]);
    const lines = await redis.sentinelHelp();
    expect(lines.some((line) => line.startsWith("CKQUORUM"))).toBe(true);
    expect(await redis.sentinelSimulateFailure("help")).toContain("crash-after-election");
  });
});

describeClients(
  "SENTINEL commands that change what is monitored",
  spare,
  ({ redis, protocol, decoding }) => {
    it("SENTINEL MONITOR, SET, RESET and REMOVE change the monitored masters", async () => {
      const own = `${uniquePrefix()}${protocol}${decoding}`;
      expect(await redis.sentinelMonitor(own, master.host, master.port, 1)).toBe(true);
      expect(await redis.sentinelSet(own, "quorum", 2)).toBe(true);
      expect(await redis.sentinelSet(own, { "failover-timeout": 7000, "parallel-syncs": 3 })).toBe(
        true,
      );
      expect(await redis.sentinelMaster(own)).toMatchObject({
        quorum: 2,
        "failover-timeout": 7000,
        "parallel-syncs": 3,
      });
      expect(await redis.sentinelReset(own)).toBe(1);
      expect(await redis.sentinelRemove(own)).toBe(true);
      expect(await redis.sentinelMasters()).toEqual({});
    });

    it("SENTINEL FAILOVER is rejected when the master has no replica", async () => {
      const own = `${uniquePrefix()}${protocol}${decoding}`;
      await using alone = await startServer();
      await redis.sentinelMonitor(own, alone.host, alone.port, 1);
      await until(async () => (await redis.sentinelMaster(own))["info-refresh"] !== undefined);
      const answer = redis.sentinelFailover(own);
      await expect(answer).rejects.toMatchObject({ code: "NOGOODSLAVE" });
      await redis.sentinelRemove(own);
    });

    it("SENTINEL FAILOVER promotes a replica", async () => {
      const own = `${uniquePrefix()}${protocol}${decoding}`;
      await using old = await startServer();
      await using next = await startServer({ replicaOf: old });
      await redis.sentinelMonitor(own, old.host, old.port, 1);
      // Rejected until the Sentinel has discovered the replica and its state.
      const begun = await until(() => redis.sentinelFailover(own).catch(() => false), {
        timeout: 20_000,
        interval: 50,
      });
      expect(begun).toBe(true);
      await until(async () => (await redis.sentinelGetMasterAddrByName(own))?.[1] === next.port, {
        timeout: 20_000,
        interval: 50,
      });
      await redis.sentinelRemove(own);
    });
  },
);

describe("SENTINEL commands of a Sentinel object", () => {
  test("queries go to one Sentinel, and to the next when it is down", async () => {
    const [first, second] = servers.addresses;
    if (first === undefined || second === undefined) throw new Error("no Sentinels");
    await using sentinel = new Sentinel([["127.0.0.1", 1], first, second]);
    expect(await sentinel.sentinelMyid()).toBe(await server.command("SENTINEL", "MYID"));
    expect((await sentinel.sentinelMasters())[name]).toMatchObject({ port: master.port });
    await expect(sentinel.sentinelMaster("unknown")).rejects.toBeInstanceOf(ResponseError);
    await using nowhere = new Sentinel([["127.0.0.1", 1]]);
    await expect(nowhere.sentinelMyid()).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  test("changes go to every Sentinel", async () => {
    await using sentinel = new Sentinel(servers.addresses);
    expect(await sentinel.sentinelSet(name, { "parallel-syncs": 5 })).toBe(true);
    for (const one of servers.sentinels) {
      const fields = (await one.command("SENTINEL", "MASTER", name)) as string[];
      expect(fields[fields.indexOf("parallel-syncs") + 1]).toBe("5");
    }
    expect(await sentinel.sentinelMonitor("second", master.host, master.port, 2)).toBe(true);
    expect(Object.keys(await sentinel.sentinelMasters()).sort()).toEqual([name, "second"].sort());
    expect(await sentinel.sentinelRemove("second")).toBe(true);
    for (const one of servers.sentinels) {
      await expect(one.command("SENTINEL", "MASTER", "second")).rejects.toThrow(/No such master/);
    }
  });

  test("FAILOVER goes to one Sentinel only", async () => {
    await using sentinel = new Sentinel(servers.addresses);
    await using redis = sentinel.masterFor(name);
    const epoch = (await sentinel.sentinelMaster(name))["config-epoch"] ?? 0;
    await redis.set("a", "1");
    expect(await sentinel.sentinelFailover(name)).toBe(true);
    const now = await servers.newMasterAfter(master);
    expect(await sentinel.discoverMaster(name)).toEqual([now.host, now.port]);
    for (const one of servers.sentinels) {
      const fields = (await one.command("SENTINEL", "MASTER", name)) as string[];
      expect(fields[fields.indexOf("config-epoch") + 1]).toBe(String(epoch + 1));
    }
  });
});
