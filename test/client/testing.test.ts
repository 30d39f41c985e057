import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Redis } from "../../src/index.js";
import { startServer } from "../../src/testing/index.js";
import { findServer, PROGRAM_VARIABLE } from "../../src/testing/programs.js";
import { until } from "../support/until.js";

const [program = ""] = await findServer();
afterEach(() => {
  vi.unstubAllEnvs();
});

describe("startServer", () => {
  it("runs a private server and removes all traces of it", async () => {
    let folder = "";
    let pid = 0;
    {
      await using server = await startServer({ unixSocket: true });
      await using redis = new Redis(server.url);
      await using local = new Redis(server.unixUrl ?? "");
      expect(await redis.set("key", "value")).toBe(true);
      expect(await local.get("key")).toBe("value");
      const info = await redis.info("server");
      expect(info.process_id).toBe(server.pid);
      expect(server.log()).toContain("Ready to accept connections");
      [folder = ""] = Object.values(await redis.configGet("dir"));
      pid = server.pid;
      expect(existsSync(folder)).toBe(true);
    }
    expect(existsSync(folder)).toBe(false);
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  });

  it("provides TLS with generated certificates", async () => {
    await using server = await startServer({ tls: true, password: "secret" });
    await using redis = new Redis(server.tlsUrl ?? "", {
      tls: { ca: readFileSync(server.certificates?.ca ?? "") },
    });
    expect(await redis.ping()).toBe(true);
    const { certificates } = server;
    await server.stop();
    expect(existsSync(certificates?.ca ?? "")).toBe(false);
  });

  it("creates ACL users", async () => {
    await using server = await startServer({ acl: ["alice on >pw ~a:* +@all"] });
    await using redis = new Redis({ port: server.port, username: "alice", password: "pw" });
    expect(await redis.aclWhoami()).toBe("alice");
    await expect(redis.get("b:1")).rejects.toThrow("no permissions to access one of the keys");
  });

  it("starts replicas", async () => {
    await using server = await startServer({ replicas: 1 });
    await using redis = new Redis(server.url);
    await using copy = new Redis(server.replicas[0]?.url ?? "");
    await using own = redis.client();
    await own.set("key", "value");
    expect(await own.wait(1, 5000)).toBe(1);
    expect(await copy.get("key")).toBe("value");
    await expect(server.failover()).rejects.toThrow("failover: requires sentinels and replicas");
  });

  it("starts Sentinels that promote a replica", async () => {
    await using server = await startServer({ replicas: 1, sentinels: 1 });
    const [address] = server.sentinelAddresses;
    await using sentinel = new Redis({ host: address?.[0] ?? "", port: address?.[1] ?? 0 });
    const ask = () => sentinel.sentinelGetMasterAddrByName(server.masterName);
    expect(await ask()).toEqual([server.host, server.port]);
    // Written immediately: acknowledged writes must exist after the failover.
    await using redis = new Redis(server.url);
    await redis.set("key", "value");
    const promoted = await server.failover();
    expect(promoted.port).toBe(server.replicas[0]?.port);
    expect(await ask()).toEqual([promoted.host, promoted.port]);
    await using successor = new Redis(promoted.url);
    expect(await successor.get("key")).toBe("value");
  }, 60_000);

  it("can freeze, kill and restart a server on the same port", async () => {
    await using server = await startServer();
    await using redis = new Redis(server.url);
    await redis.set("key", "value");
    server.pause();
    await expect(redis.with({ timeout: 100 }).get("key")).rejects.toThrow("longer than 100 ms");
    server.resume();
    expect(await redis.get("key")).toBe("value");
    const { pid } = server;
    await server.restart();
    expect(server.pid).not.toBe(pid);
    expect(await until(async () => (await redis.exists("key")) === 0)).toBe(true);
  });
});

describe("startServer() that cannot start", () => {
  it.each([
    [{ tsl: true }, 'unknown option "tsl"; known options: version, server'],
    [{ tls: 1 }, 'option "tls" must be a boolean'],
    [{ replicas: -1 }, 'option "replicas" must be an integer from 0 to 10'],
    [{ acl: "alice" }, 'option "acl" must be an array of strings'],
    [{ config: { save: 1 } }, 'option "config" must be an object whose values are strings'],
    [null, 'argument "options" must be an object'],
  ])("rejects invalid options: %j", async (options, message) => {
    await expect(startServer(options as object)).rejects.toThrow(message);
  });

  it("rejects an unavailable version with the version of the program on the PATH", async () => {
    const started = startServer({ version: "3.2" });
    await expect(started).rejects.toThrow(`of version 3.2 on the PATH (${program} is `);
  });

  it("rejects with the install command when no server is installed", async () => {
    vi.stubEnv("PATH", "/nonexistent");
    await expect(startServer()).rejects.toThrow("apt-get install redis-server");
    vi.stubEnv(PROGRAM_VARIABLE, "/nonexistent/redis-server");
    await expect(startServer()).rejects.toThrow("is not a server program");
  });

  it("runs the program of the option server, with its first arguments", async () => {
    vi.stubEnv(PROGRAM_VARIABLE, "/nonexistent/redis-server");
    await using server = await startServer({ server: ["/usr/bin/env", program] });
    await using redis = new Redis(server.url);
    expect(await redis.ping()).toBe(true);
    const missing = startServer({ server: "/nonexistent/valkey-server" });
    await expect(missing).rejects.toThrow("/nonexistent/valkey-server is not a server program");
    await expect(startServer({ server: [] })).rejects.toThrow(
      'startServer: option "server" must be a string or an array of strings',
    );
  });

  it("rejects tls with the install command when openssl is missing", async () => {
    vi.stubEnv(PROGRAM_VARIABLE, program);
    vi.stubEnv("PATH", "/nonexistent");
    await expect(startServer({ tls: true })).rejects.toThrow("apt-get install openssl");
  });
});

it("findServer() treats an empty environment variable as not set", async () => {
  vi.stubEnv(PROGRAM_VARIABLE, "");
  expect(await findServer()).toEqual([program]);
});

it("findServer() accepts the beginning of a version", async () => {
  const output = execFileSync(program, ["--version"], { encoding: "utf8" });
  const actual = /v=([\d.]+)/.exec(output)?.[1] ?? "";
  expect(await findServer(actual.split(".")[0])).toEqual([program]);
  expect(await findServer(actual)).toEqual([program]);
  await expect(findServer(actual.slice(0, -1))).rejects.toThrow("of version");
});
