import { expect, expectTypeOf, test } from "vitest";
import { type InfoReply, ResponseError } from "../../../src/index.js";
import { b, describeTextAndBytes } from "../../support/command-clients.js";
import { startServer } from "../../support/server.js";
import { until } from "../../support/until.js";

const server = await startServer();

describeTextAndBytes("commands that describe the server", server, ({ text, bytes, both }) => {
  test("INFO returns one section", async () => {
    await text.set("k", "v", { ex: 100 });
    for (const redis of both) {
      const info = await redis.info("server", ["clients"], new Set(["keyspace"]));
      expect(info).toMatchObject({ tcp_port: server.port, process_id: server.pid });
      expect(info.redis_version).toMatch(/^\d+\.\d+\.\d+$/);
      expect(info.run_id).toMatch(/^[0-9a-f]{40}$/);
      expect(info.db0).toMatchObject({ keys: 1, expires: 1, avg_ttl: expect.any(Number) });
      expect(info.connected_clients).toBeGreaterThan(0);
      expect(info).not.toHaveProperty("used_memory");
    }
    expectTypeOf(bytes.info).returns.resolves.toEqualTypeOf<InfoReply>();
    expectTypeOf<NonNullable<InfoReply["db7"]>["keys"]>().toEqualTypeOf<number>();
  });

  test("INFO returns the default sections, and everything on request", async () => {
    for (const redis of both) {
      await redis.configResetstat();
      await expect(redis.executeCommand("NONE-SUCH")).rejects.toThrow(ResponseError);
      expect(await redis.info()).toMatchObject({ role: "master", cluster_enabled: 0 });
      const info = await redis.info("everything");
      expect(info).not.toHaveProperty("__raw__");
      expect(info.cmdstat_info).toMatchObject({ calls: 1, usec: expect.any(Number) });
      expect(info.errorstat_ERR).toEqual({ count: 1 });
      expect(info.latency_percentiles_usec_info).toMatchObject({ p50: expect.any(Number) });
      expect(info.mem_fragmentation_ratio).toEqual(expect.any(Number));
      expect(info.master_replid2).toMatch(/^0{40}$/);
    }
  });

  test("DBSIZE counts keys, and FLUSHDB, FLUSHALL and SWAPDB change them", async () => {
    for (const redis of both) {
      await text.flushall();
      expect(await redis.dbsize()).toBe(0);
      await text.mset({ a: 1, b: 2 });
      expect(await redis.dbsize()).toBe(2);
      expect(await redis.swapdb(0, 9)).toBe(true);
      expect(await redis.dbsize()).toBe(0);
      expect(await redis.swapdb(9, 0)).toBe(true);
      expect(await redis.flushdb({ synchronous: true })).toBe(true);
      expect(await redis.dbsize()).toBe(0);
      await text.set("c", 3);
      expect(await redis.flushall({ asynchronous: true })).toBe(true);
      expect(await redis.dbsize()).toBe(0);
    }
  });

  test("TIME returns seconds and microseconds", async () => {
    for (const redis of both) {
      const before = Date.now();
      const [seconds, microseconds] = await redis.time();
      expect(seconds).toBeGreaterThanOrEqual(Math.floor(before / 1000));
      expect(seconds).toBeLessThanOrEqual(Date.now() / 1000);
      expect(Number.isInteger(microseconds) && microseconds < 1e6).toBe(true);
    }
  });

  test("ROLE describes a master without replicas", async () => {
    for (const redis of both) {
      const role = await redis.role();
      expect(role).toEqual({ role: "master", offset: expect.any(Number), replicas: [] });
      expect(role.role === "master" && role.replicas.length).toBe(0);
    }
  });

  test("MEMORY subcommands describe memory use", async () => {
    await text.rpush("list", ["x".repeat(5000), "y"]);
    for (const redis of both) {
      expect(await redis.memoryUsage("list")).toBeGreaterThan(5000);
      expect(await redis.memoryUsage("list", { samples: 0 })).toBeGreaterThan(5000);
      expect(await redis.memoryUsage("none")).toBe(null);
      const stats = await redis.memoryStats();
      expect(stats).toMatchObject({
        "keys.count": 1,
        "dataset.percentage": expect.any(Number),
        "db.0": { "overhead.hashtable.main": expect.any(Number) },
      });
      expect(await redis.memoryDoctor()).toMatch(/\w+ \w+/);
      expect(await redis.memoryMallocStats()).toMatch(/\w+/);
      expect(await redis.memoryPurge()).toBe(true);
      expect(await redis.memoryHelp()).toContain("DOCTOR");
    }
  });

  test("DEBUG OBJECT describes the representation of a value", async () => {
    await text.set(b("k\xff"), "hi");
    for (const redis of both) {
      expect(await redis.debugObject(b("k\xff"))).toMatchObject({
        type: "Value",
        refcount: 1,
        encoding: "embstr",
        serializedlength: 3,
        // The second may change between the two commands.
        lru_seconds_idle: expect.toBeOneOf([0, 1]),
      });
      await expect(redis.debugObject("none")).rejects.toThrow("no such key");
    }
  });

  test("LOLWUT returns text art", async () => {
    for (const redis of both) {
      expect(await redis.lolwut()).toMatch(/ver/);
      expect(await redis.lolwut(5, 1, 1, 1)).toMatch(/ver/);
    }
  });
});

describeTextAndBytes("CONFIG", server, ({ text, both }) => {
  test("CONFIG GET reads settings by pattern", async () => {
    for (const redis of both) {
      expect(await redis.configGet("port")).toEqual({ port: String(server.port) });
      const some = await redis.configGet(["appendonly", "save"], "databases");
      expect(some).toEqual({ appendonly: "no", save: "", databases: "16" });
      expect(await redis.configGet("no-such-*")).toEqual({});
      expect(Object.keys(await redis.configGet()).length).toBeGreaterThan(100);
      expect(await redis.configHelp()).toContain("REWRITE");
    }
  });

  test("CONFIG SET changes one setting, or several atomically", async () => {
    for (const redis of both) {
      expect(await redis.configSet("maxmemory-samples", 7)).toBe(true);
      expect(await redis.configGet("maxmemory-samples")).toEqual({ "maxmemory-samples": "7" });
      expect(await redis.configSet({ "maxmemory-samples": 5n, timeout: "0" })).toBe(true);
      await expect(redis.configSet({ "maxmemory-samples": 9, hz: "x" })).rejects.toThrow(
        ResponseError,
      );
      expect(await redis.configGet("maxmemory-samples")).toEqual({ "maxmemory-samples": "5" });
    }
  });

  test("CONFIG REWRITE writes the configuration file", async () => {
    for (const redis of both) {
      expect(await redis.configRewrite()).toBe(true);
    }
    await server.restart();
    expect(await text.configGet("port")).toEqual({ port: String(server.port) });
  });

  test("CONFIG RESETSTAT resets the counters", async () => {
    for (const redis of both) {
      await redis.ping();
      expect(await redis.configResetstat()).toBe(true);
      expect(await redis.info("commandstats")).not.toHaveProperty("cmdstat_ping");
    }
  });
});

describeTextAndBytes("persistence commands", server, ({ text, both }) => {
  const idle = async () => {
    const { rdb_bgsave_in_progress, aof_rewrite_in_progress } = await text.info("persistence");
    return rdb_bgsave_in_progress === 0 && aof_rewrite_in_progress === 0;
  };

  test("SAVE and LASTSAVE save in the foreground", async () => {
    for (const redis of both) {
      const before = Math.floor(Date.now() / 1000) * 1000;
      expect(await redis.save()).toBe(true);
      const saved = await redis.lastsave();
      expect(saved).toBeInstanceOf(Date);
      expect(Number(saved)).toBeGreaterThanOrEqual(before);
    }
  });

  test("BGSAVE and BGREWRITEAOF save in the background", async () => {
    for (const redis of both) {
      expect(await redis.bgsave()).toBe(true);
      await until(idle);
      expect(await redis.bgsave({ schedule: false })).toBe(true);
      await until(idle);
      expect(await redis.bgrewriteaof()).toBe(true);
      await until(idle);
      expect((await redis.info("persistence")).rdb_last_bgsave_status).toBe("ok");
    }
  });
});

describeTextAndBytes("SLOWLOG and LATENCY", server, ({ text, bytes, both }) => {
  test("SLOWLOG GET, LEN and RESET report slow commands", async () => {
    await text.configSet("slowlog-log-slower-than", 0);
    for (const redis of both) {
      expect(await redis.slowlogReset()).toBe(true);
      await redis.set(b("k\xff"), "a b");
      const entries = await redis.slowlogGet();
      const entry = entries.find(({ command }) => command.startsWith("SET"));
      expect(entry).toMatchObject({
        command: "SET k\\xff a b",
        args: [b("SET"), b("k\xff"), b("a b")],
        clientName: "",
        clientAddress: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      });
      expect(Math.abs(Number(entry?.startTime) - Date.now())).toBeLessThan(10_000);
      expect(entry?.duration).toBeGreaterThanOrEqual(0);
      expect(await redis.slowlogLen()).toBeGreaterThan(1);
      expect(await redis.slowlogGet(1)).toHaveLength(1);
      expect((await redis.slowlogGet(-1)).length).toBeGreaterThan(1);
      expect(await redis.slowlogHelp()).toContain("RESET");
    }
    await text.configSet("slowlog-log-slower-than", 10_000);
  });

  test("LATENCY LATEST, HISTORY and RESET report events", async () => {
    await text.configSet("latency-monitor-threshold", 1);
    for (const redis of both) {
      await redis.latencyReset();
      expect(await redis.latencyLatest()).toEqual([]);
      expect(await redis.latencyHistory("command")).toEqual([]);
      await redis.executeCommand("DEBUG", "SLEEP", "0.005");
      const [event] = await redis.latencyLatest();
      expect(event).toMatchObject({ event: "command" });
      expect(event?.latest).toBeGreaterThanOrEqual(5);
      expect(event?.max).toBeGreaterThanOrEqual(event?.latest ?? Number.NaN);
      expect(Math.abs(Number(event?.time) - Date.now())).toBeLessThan(10_000);
      expect(await redis.latencyHistory("command")).toEqual([
        { time: event?.time, latency: event?.latest },
      ]);
      expect(await redis.latencyGraph("command")).toMatch(/^command - high \d+ ms/);
      expect(await redis.latencyDoctor()).toMatch(/\w+/);
      expect(await redis.latencyReset("command", "fork")).toBe(1);
      expect(await redis.latencyHelp()).toContain("LATEST");
      await expect(redis.latencyGraph("command")).rejects.toThrow(ResponseError);
    }
    await text.configSet("latency-monitor-threshold", 0);
  });

  test("LATENCY HISTOGRAM counts latencies by command", async () => {
    for (const redis of both) {
      await redis.configResetstat();
      await Promise.all([redis.get("a"), redis.get("b"), redis.set("c", 1)]);
      const { get, set, ...others } = await redis.latencyHistogram("get", ["set"], "none-such");
      expect(others).toEqual({});
      expect(get?.calls).toBe(2);
      expect(get?.buckets.at(-1)).toEqual([expect.any(Number), 2]);
      expect(set).toEqual({ calls: 1, buckets: [[expect.any(Number), 1]] });
      expect(await redis.latencyHistogram()).toHaveProperty("get");
    }
    expectTypeOf(bytes.latencyHistogram).returns.resolves.not.toBeAny();
  });
});
