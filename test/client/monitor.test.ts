/** MONITOR with real servers: every kind of client, any bytes, lost connections, slow readers. */
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import {
  ConnectionError,
  type Monitor,
  type MonitoredCommand,
  NoPermissionError,
  Redis,
} from "../../src/index.js";
import { describeProtocols } from "../support/protocols.js";
import { sharedServer, startServer } from "../support/server.js";
import { errorOf } from "../support/settle.js";
import { until } from "../support/until.js";

const server = await sharedServer();

afterEach(async () => {
  await until(async () => (await server.clients()).length === 0);
});

/** The next commands, except those of the connection itself. */
async function take(monitor: Monitor, count: number): Promise<MonitoredCommand[]> {
  const commands: MonitoredCommand[] = [];
  while (commands.length < count) {
    const command = await monitor.nextCommand();
    if (!/^(HELLO|CLIENT|AUTH|SELECT)\b/i.test(command.command)) commands.push(command);
  }
  return commands;
}

/** Return the sender of a command, without its port. */
function clientOf({ clientAddress, clientPort, clientType, db }: MonitoredCommand) {
  return [clientType, clientAddress, clientPort.replace(/^\d+$/, "port"), db];
}

describe.each([
  ["text", true],
  ["bytes", false],
])("Monitor of a client with %s", (_, decodeResponses) => {
  describeProtocols("commands", (protocol) => {
    const connect = (options: object = {}) =>
      new Redis(server.url, { protocol, decodeResponses, ...options });

    it("are reported from the start on, in order, with their time", async () => {
      await using redis = connect();
      await using monitor = redis.monitor();
      await redis.echo("before");
      await monitor.start();
      const begun = Date.now() / 1000;
      await redis.set("key", "a b", { ex: 10 });
      await redis.get("key");
      const [set, get] = await take(monitor, 2);
      expect([set?.command, get?.command]).toEqual(["SET key a b EX 10", "GET key"]);
      expect(set?.args.map(String)).toEqual(["SET", "key", "a b", "EX", "10"]);
      expect(Math.abs((set?.time ?? 0) - begun)).toBeLessThan(60);
      expect(get?.time).toBeGreaterThanOrEqual(set?.time ?? Number.POSITIVE_INFINITY);
    });

    it("are reported with arguments as bytes, also those the server escapes", async () => {
      await using redis = connect();
      await using monitor = redis.monitor();
      await monitor.start();
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
      const args = [bytes, Buffer.from('a] "b\\'), Buffer.alloc(0), Buffer.from("é\r\n")];
      await redis.executeCommand("RPUSH", "list", ...args);
      const [push] = await take(monitor, 1);
      expect(push?.args.slice(2)).toEqual(args);
      expect(push?.command).toContain('a] "b\\\\');
      expect(push?.command.endsWith("  \\xc3\\xa9\\r\\n")).toBe(true);
    });
  });
});

describe("MONITOR of clients of every kind", () => {
  it("reports TCP, IPv6, unix socket, TLS and script clients with their database", async () => {
    await using other = await startServer({
      tls: true,
      unixSocket: true,
      config: { bind: "127.0.0.1 ::1" },
    });
    const { tlsUrl = "", unixUrl = "", unixPath = "", certs, port } = other;
    await using watching = new Redis(other.url);
    await using monitor = watching.monitor();
    await monitor.start();
    const clients = [
      new Redis(other.url, { db: 3 }),
      new Redis(`redis://[::1]:${port}`),
      new Redis(unixUrl),
      new Redis(tlsUrl, { tls: { ca: readFileSync(certs?.ca ?? "") } }),
    ];
    for (const client of clients) {
      await client.echo("x");
      await client.close();
    }
    expect((await take(monitor, 4)).map(clientOf)).toEqual([
      ["tcp", "127.0.0.1", "port", 3],
      ["tcp", "[::1]", "port", 0],
      ["unix", "unix", unixPath, 0],
      ["tcp", expect.stringMatching(/^(127\.0\.0\.1|\[::1\])$/), "port", 0],
    ]);
    await watching.eval("return redis.call('INCR', KEYS[1])", 1, "counter");
    const [, byScript] = await take(monitor, 2);
    expect([byScript?.command, byScript && clientOf(byScript)]).toEqual([
      "INCR counter",
      ["lua", "lua", "", 0],
    ]);
  });
});

describeProtocols("Monitor", (protocol) => {
  it("takes a connection at its first use, and closes it at the end", async () => {
    await using redis = new Redis(server.url, { protocol });
    const monitor = redis.monitor();
    expect(await server.clients()).toEqual([]);
    const first = monitor.nextCommand();
    await until(async () => (await server.clients()).some(({ flags }) => flags === "O"));
    await redis.echo("hello");
    expect((await first).command).toMatch(/^(ECHO hello|CLIENT|HELLO)/);
    await monitor.close();
    await until(async () => (await server.clients()).length === 1);
    expect(await redis.echo("still")).toBe("still");
  });

  it("can be iterated until close(), and started again", async () => {
    await using redis = new Redis(server.url, { protocol });
    const monitor = redis.monitor();
    for (const word of ["once", "again"]) {
      await monitor.start();
      await redis.echo(word);
      const seen: string[] = [];
      for await (const { command } of monitor) {
        seen.push(command);
        if (command === `ECHO ${word}`) await monitor.close();
      }
      expect(seen.at(-1)).toBe(`ECHO ${word}`);
    }
  });

  it("rejects the reader after a lost connection, and starts again at the next use", async () => {
    await using redis = new Redis(server.url, { protocol });
    await using monitor = redis.monitor();
    await monitor.start();
    const [watcher] = await server.clients();
    const reading = errorOf(
      (async () => {
        for await (const { command } of monitor) if (command === "ECHO never") break;
      })(),
    );
    await server.command("CLIENT", "KILL", "ID", String(watcher?.id));
    const error = await reading;
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error.command).toBe("MONITOR");
    await monitor.start();
    await redis.echo("again");
    expect((await take(monitor, 1))[0]?.command).toBe("ECHO again");
  });

  it("rejects with the error of the server", async () => {
    await using other = await startServer({ acl: ["limited on >pw ~* &* +@all -monitor"] });
    await using redis = new Redis(other.url, { protocol, username: "limited", password: "pw" });
    await using monitor = redis.monitor();
    expect(await errorOf(monitor.nextCommand())).toBeInstanceOf(NoPermissionError);
    await other.command("ACL", "SETUSER", "limited", "+monitor");
    await monitor.start();
  });

  it("loses nothing with a slow reader, and leaves the rest in the server", async () => {
    const config = { "client-output-buffer-limit": "normal 0 0 0" };
    await using other = await startServer({ config });
    // The script alone may take seconds on a busy machine.
    await using redis = new Redis(other.url, { protocol, socketTimeout: 0 });
    await using monitor = redis.monitor();
    await monitor.start();
    const count = 20_000;
    const script = "for i = 1, ARGV[1] do redis.call('ECHO', i .. string.rep('x', 1000)) end";
    await redis.eval(script, 0, count);
    const echoes: number[] = [];
    while (echoes.length < count) {
      const { args, clientType } = await monitor.nextCommand();
      if (clientType === "lua") echoes.push(Number.parseInt(String(args[1]), 10));
      if (echoes.length > 50) continue;
      await pause(10);
      const watching = (await other.clients()).find(({ flags }) => flags === "O");
      expect(Number(watching?.omem)).toBeGreaterThan((count * 1000) / 4);
    }
    expect(echoes).toEqual(Array.from({ length: count }, (_, i) => i + 1));
  }, 60_000);
});
