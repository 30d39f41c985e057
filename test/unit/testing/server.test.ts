import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { connect as connectTls } from "node:tls";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { freePort } from "../../support/ports.js";
import { startSentinels } from "../../support/sentinels.js";
import { sharedServer, startServer, uniquePrefix } from "../../support/server.js";
import { until } from "../../support/until.js";

describe("startServer()", () => {
  it("stop() ends the process, closes the port and removes its folder", async () => {
    const server = await startServer({ unixSocket: true });
    const { port, pid, unixPath = "" } = server;
    expect(await server.command("PING")).toBe("PONG");
    await server.stop();
    await expect(ping(port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    expect(isRunning(pid)).toBe(false);
    expect(existsSync(dirname(unixPath))).toBe(false);
  });

  it("rejects with the server's log when it does not start", async () => {
    await expect(startServer({ config: { "no-such-setting": "1" } })).rejects.toThrow(
      /ended immediately[\s\S]*no-such-setting/,
    );
  });

  it("reports the program that could not be started", async () => {
    await expect(startServer({ binary: ["/nowhere/redis-server"] })).rejects.toThrow(
      "cannot start /nowhere/redis-server",
    );
  });

  it("restart() starts an empty server on the same port", async () => {
    await using server = await startServer();
    const { port, pid, exited } = server;
    await server.command("SET", "k", "v");
    await server.restart();
    await exited;
    expect(server.port).toBe(port);
    expect(server.pid).not.toBe(pid);
    expect(await server.command("GET", "k")).toBe(null);
  });

  it("pause() freezes the process until resume()", async () => {
    await using server = await startServer();
    await server.command("PING");
    server.pause();
    let settled = false;
    const reply = server.command("INCR", "n").finally(() => {
      settled = true;
    });
    // The kernel still accepts connections for a frozen process, but no reply arrives on them.
    const socket = connect(server.port, server.host);
    await once(socket, "connect");
    socket.destroy();
    expect(settled).toBe(false);
    server.resume();
    expect(await reply).toBe(1);
  });

  it("resolves `exited` when the process ends by itself", async () => {
    await using server = await startServer();
    const { exited } = server;
    await expect(server.command("SHUTDOWN", "NOW", "NOSAVE")).rejects.toThrow("closed");
    await exited;
    expect(isRunning(server.pid)).toBe(false);
  });

  it("requires the password, and includes it in the url", async () => {
    await using server = await startServer({ password: 'p/"\\ w' });
    expect(decodeURIComponent(new URL(server.url).password)).toBe('p/"\\ w');
    await expect(ping(server.port)).resolves.toMatch(/^-NOAUTH/);
    expect(await server.command("PING")).toBe("PONG");
  });

  it("creates ACL users, even when the default user is off", async () => {
    await using server = await startServer({ acl: ["alice on >pw ~a:* +get", "default off"] });
    await expect(ping(server.port)).resolves.toMatch(/^-NOAUTH/);
    expect(await server.command("ACL", "WHOAMI")).toBe("support");
    expect(await server.command("ACL", "DRYRUN", "alice", "GET", "a:1")).toBe("OK");
    expect(await server.command("ACL", "DRYRUN", "alice", "GET", "b:1")).toMatch(/permission/);
  });

  it("lists clients without its own connection", async () => {
    await using server = await startServer();
    expect(await server.clients()).toEqual([]);
    const socket = connect(server.port, server.host);
    socket.write("CLIENT SETNAME mine\r\n");
    await once(socket, "data");
    expect(await server.clients()).toMatchObject([{ name: "mine", db: "0" }]);
    socket.destroy();
    await until(async () => (await server.clients()).length === 0);
  });

  it("rejects with error replies and decodes nested replies", async () => {
    await using server = await startServer();
    await expect(server.command("GET")).rejects.toThrow(/wrong number of arguments/);
    await server.command("RPUSH", "list", "é", Buffer.from([0x61]), 3);
    const script =
      "return {redis.call('lrange', KEYS[1], 0, -1), 7, false, redis.status_reply('x')}";
    const reply = await server.command("EVAL", script, 1, "list");
    expect(reply).toEqual([["é", "a", "3"], 7, null, "x"]);
  });

  it("waits until a replica is synchronized", async () => {
    await using master = await startServer({ password: "secret" });
    await master.command("DEBUG", "POPULATE", 300_000);
    await master.command("SET", "k", "v");
    await using replica = await startServer({ replicaOf: master });
    expect(await replica.command("GET", "k")).toBe("v");
  });
});

describe("sharedServer()", () => {
  it("is one server with all transports, and a certificate valid for localhost", async () => {
    const server = await sharedServer();
    expect(await sharedServer()).toBe(server);
    const { tlsPort = 0, certs, unixPath = "" } = server;
    const ca = await readFile(certs?.ca ?? "");
    const secure = connectTls({ port: tlsPort, host: "127.0.0.1", servername: "localhost", ca });
    secure.write("PING\r\n");
    expect(String((await once(secure, "data"))[0])).toBe("+PONG\r\n");
    secure.destroy();
    const local = connect(unixPath);
    local.write("PING\r\n");
    expect(String((await once(local, "data"))[0])).toBe("+PONG\r\n");
    local.destroy();
  });

  it("uses a certificate that another CA does not verify", async () => {
    const { tlsPort = 0, certs } = await sharedServer();
    const ca = await readFile(certs?.otherCa ?? "");
    const secure = connectTls({ port: tlsPort, host: "127.0.0.1", servername: "localhost", ca });
    await expect(once(secure, "secureConnect")).rejects.toThrow(/certificate/);
  });

  it("uniquePrefix() returns a different prefix on each call", () => {
    expect(uniquePrefix()).not.toBe(uniquePrefix());
  });
});

describe("startGuarded()", () => {
  it.each(["SIGKILL", "SIGTERM"] as const)(
    "ends the server of a parent that received %s",
    async (signal) => {
      const folder = await mkdtemp(join(tmpdir(), "rediswire-guard-"));
      const server = await mkdtemp(join(tmpdir(), "rediswire-guarded-"));
      const program = await parentProgram(folder);
      const args = [program, server, String(await freePort())];
      const parent = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
      const [line] = await once(createInterface(parent.stdout), "line");
      const pid = Number(line);
      expect(isRunning(pid)).toBe(true);
      parent.kill(signal);
      await until(() => !isRunning(pid), { message: `server ${pid} outlives its parent` });
      await until(() => !existsSync(server), { message: `${server} is still there` });
      await rm(folder, { recursive: true });
    },
  );
});

describe("startSentinels()", () => {
  it("starts a deployment that fails over on request and after the loss of the master", {
    timeout: 60_000,
  }, async () => {
    await using deployment = await startSentinels({ password: "a", sentinelPassword: "b" });
    const { master, replicas, addresses, sentinels } = deployment;
    expect(addresses).toEqual(sentinels.map((one) => ["127.0.0.1", one.port]));
    expect(await deployment.currentMaster()).toBe(master);
    const promoted = await deployment.failover();
    expect(replicas).toContain(promoted);
    expect(await promoted.command("SET", "k", "v")).toBe("OK");
    promoted.kill("SIGKILL");
    const next = await deployment.newMasterAfter(promoted);
    expect(next).not.toBe(promoted);
    expect(await deployment.currentMaster()).toBe(next);
  });
});

/** A program that starts a guarded server, prints its process id and then waits. */
async function parentProgram(folder: string): Promise<string> {
  const source = await readFile(
    fileURLToPath(new URL("../../../src/testing/guarded-process.ts", import.meta.url)),
    "utf8",
  );
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  });
  await writeFile(join(folder, "guard.mjs"), outputText);
  const program = join(folder, "parent.mjs");
  await writeFile(
    program,
    `import { startGuarded } from "./guard.mjs";
    const [dir, port] = process.argv.slice(2);
    const { pid } = await startGuarded(["redis-server", "--port", port, "--save", ""], dir);
    console.log(pid);
    setInterval(() => undefined, 1000);`,
  );
  return program;
}

async function ping(port: number): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write("PING\r\n");
  const [reply] = await once(socket, "data");
  socket.destroy();
  return String(reply);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // An ended orphan stays a zombie until its new parent has waited for it.
  const file = `/proc/${pid}/stat`;
  return !(existsSync(file) && /\) Z /.test(readFileSync(file, "utf8")));
}
