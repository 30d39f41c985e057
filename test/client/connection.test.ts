import { afterEach, describe, expect, it } from "vitest";
import { ConstantBackoff, NoBackoff, Redis, Retry } from "../../src/index.js";
import { startProxy } from "../support/fault-proxy.js";
import { mockServer } from "../support/mock-server.js";
import { freePort } from "../support/ports.js";
import { describeProtocols } from "../support/protocols.js";
import { sharedServer, startServer, uniquePrefix } from "../support/server.js";
import { errorOf, kindOf, SHORT_DEADLINES, settle } from "../support/settle.js";
import { until } from "../support/until.js";

const server = await sharedServer();
const { port, unixPath = "", unixUrl = "" } = server;
const once = new Retry(new NoBackoff(), 0);
const opened: Redis[] = [];

function open(redis: Redis): Redis {
  opened.push(redis);
  return redis;
}

afterEach(async () => {
  for (const redis of opened.splice(0)) redis.disconnect();
  await until(async () => (await server.clients()).length === 0);
});

describe("constructor forms of a client", () => {
  it.each<[string, () => Redis, string]>([
    ["a host and a port", () => new Redis("127.0.0.1", port), "127.0.0.1"],
    ["a host name and a port", () => new Redis("localhost", port), "127.0.0.1|[::1]"],
    ["a host with its port", () => new Redis(`127.0.0.1:${port}`), "127.0.0.1"],
    ["an IPv6 address", () => new Redis("::1", port), "[::1]"],
    ["an IPv6 address in brackets", () => new Redis(`[::1]:${port}`), "[::1]"],
    ["a URL", () => new Redis(`redis://127.0.0.1:${port}`), "127.0.0.1"],
    ["a URL object", () => new Redis(new URL(`redis://127.0.0.1:${port}`)), "127.0.0.1"],
    ["a URL with IPv6", () => new Redis(`redis://[::1]:${port}`), "[::1]"],
    ["fromUrl()", () => Redis.fromUrl(`redis://127.0.0.1:${port}`), "127.0.0.1"],
    ["options", () => new Redis({ host: "127.0.0.1", port }), "127.0.0.1"],
    ["a socket path", () => new Redis(unixPath), unixPath],
    ["a socket path as an option", () => new Redis({ unixSocketPath: unixPath }), unixPath],
    ["a unix:// URL", () => new Redis(unixUrl), unixPath],
  ])("%s", async (_, make, address) => {
    const redis = open(make());
    expect(await redis.ping()).toBe(true);
    const [client] = await server.clients();
    const laddr = client?.laddr ?? "";
    expect(address.split("|").some((start) => laddr.startsWith(start))).toBe(true);
  });
});

describeProtocols("handshake of a connection", (protocol) => {
  it("sends protocol, client name and database", async () => {
    const options = { protocol, db: 3, clientName: "my-name" };
    const redis = open(new Redis("127.0.0.1", port, options));
    await redis.connect();
    const [client] = await server.clients();
    expect(client).toMatchObject({ resp: `${protocol}`, name: "my-name", db: "3" });
  });

  it("is the same for every connection of the client", async () => {
    const options = { protocol, db: 2, clientName: "everywhere" };
    const redis = open(new Redis("127.0.0.1", port, options));
    await Promise.all([redis.get("key"), redis.client().get("key"), redis.blpop("none", 0.01)]);
    const clients = await server.clients();
    expect(clients).toHaveLength(3);
    for (const client of clients) {
      expect(client).toMatchObject({ resp: `${protocol}`, name: "everywhere", db: "2" });
    }
  });

  it("RESP2 and RESP3 give equal values", async () => {
    const redis = open(new Redis("127.0.0.1", port, { protocol }));
    const key = uniquePrefix();
    await redis.hset(key, { field: "value", number: 1.5 });
    await redis.zadd(`${key}z`, { a: 1, b: Number.POSITIVE_INFINITY });
    expect(await redis.hgetall(key)).toEqual(
      Object.assign(Object.create(null), { field: "value", number: "1.5" }),
    );
    expect(await redis.zrange(`${key}z`, 0, -1, { withScores: true })).toEqual([
      ["a", 1],
      ["b", Number.POSITIVE_INFINITY],
    ]);
    expect(await redis.smembers(`${key}s`)).toEqual(new Set());
    expect(await redis.get(`${key}none`)).toBe(null);
    expect(await redis.set(key, "1")).toBe(true);
  });

  it("sends username and password", async () => {
    await using own = await startServer({
      acl: ["alice on >secret ~* +@all", "bob on nopass ~* +ping"],
    });
    const alice = new Redis("127.0.0.1", own.port, {
      protocol,
      username: "alice",
      password: "secret",
    });
    expect(await alice.executeCommand("ACL WHOAMI")).toBe("alice");
    const bob = new Redis("127.0.0.1", own.port, { protocol, username: "bob" });
    expect(await bob.ping()).toBe(true);
    expect(kindOf(await errorOf(bob.get("key")))).toBe("NoPermissionError");
    await Promise.all([alice.close(), bob.close()]);
  });

  it("sends a password alone", async () => {
    await using own = await startServer({ password: "the password" });
    await using redis = new Redis("127.0.0.1", own.port, { protocol, password: "the password" });
    expect(await redis.ping()).toBe(true);
    await using without = new Redis("127.0.0.1", own.port, { protocol, retry: once });
    expect(await errorOf(without.get("key"))).toMatchObject({ name: "AuthenticationError" });
  });

  it("calls credentialProvider at each connect", async () => {
    await using own = await startServer({ password: "first" });
    let password = "first";
    const credentialProvider = async () => ({ password });
    await using redis = new Redis("127.0.0.1", own.port, { protocol, credentialProvider });
    await redis.set("key", "1");
    await own.command("CONFIG", "SET", "requirepass", "second");
    redis.disconnect();
    password = "second";
    expect(await redis.get("key")).toBe("1");
  });
});

describe("handshakes that the server rejects", () => {
  it.each([
    ["a wrong password", { username: "alice", password: "wrong" }, "AuthenticationError"],
    ["an unknown user", { username: "unknown", password: "x" }, "AuthenticationError"],
    ["a database there is not", { db: 99 }, "ResponseError"],
  ])("%s rejects immediately without a retry", async (_, options, name) => {
    await using own = await startServer({ acl: ["alice on >secret ~* +@all"] });
    await using proxy = await startProxy(own);
    const retry = new Retry(new ConstantBackoff(1000), 3);
    await using redis = new Redis("127.0.0.1", proxy.port, { ...options, retry });
    const error = await errorOf(redis.get("key"), 900);
    expect(kindOf(error)).toBe(`${name} not-sent`);
    expect(error).toMatchObject({ command: "GET", server: `127.0.0.1:${proxy.port}` });
    expect(proxy.totalConnections).toBe(1);
  });

  it("a rejected handshake does not prevent later commands from connecting", async () => {
    await using own = await startServer({ config: { databases: "2" } });
    await using redis = new Redis("127.0.0.1", own.port, { db: 1 });
    await redis.set("key", "1");
    await own.command("ACL", "SETUSER", "default", "-select");
    redis.disconnect();
    expect(kindOf(await errorOf(redis.get("key")))).toBe("NoPermissionError not-sent");
    await own.command("ACL", "SETUSER", "default", "+select");
    expect(await until(() => redis.get("key").catch(() => undefined))).toBe("1");
  });
});

describe("connection establishment", () => {
  it("starts with the first command, not with the constructor", async () => {
    await using proxy = await startProxy(server);
    const redis = open(new Redis(proxy.url));
    const session = redis.client();
    redis.pipeline().get("key");
    await new Promise(setImmediate);
    expect(proxy.totalConnections).toBe(0);
    await session.get("key");
    expect(proxy.totalConnections).toBe(1);
  });

  it("is shared by all waiting commands", async () => {
    await using proxy = await startProxy(server);
    const redis = open(new Redis(proxy.url));
    await Promise.all(Array.from({ length: 500 }, () => redis.get("key")));
    expect(proxy.totalConnections).toBe(1);
  });

  it("is retried with backoff, once for all waiting commands, until the server is up", async () => {
    await using proxy = await startProxy(server);
    proxy.refuse();
    const retry = new Retry(new ConstantBackoff(30), 1000);
    const redis = open(new Redis(proxy.url, { retry }));
    const gets = Array.from({ length: 20 }, () => redis.get("key"));
    await settle(Promise.race([...gets, new Promise((done) => setTimeout(done, 100))]));
    await proxy.accept();
    await Promise.all(gets);
    expect(proxy.totalConnections).toBe(1);
  });

  it.each<[string, () => Promise<Redis>, string, RegExp]>([
    [
      "no server listens",
      async () => new Redis("127.0.0.1", await freePort(), { retry: once }),
      "ECONNREFUSED",
      /^Error ECONNREFUSED connecting to 127\.0\.0\.1:\d+\. /,
    ],
    [
      "the unix socket does not exist",
      async () => new Redis("/nonexistent/redis.sock", { retry: once }),
      "ENOENT",
      /^Error ENOENT connecting to unix socket: \/nonexistent\/redis\.sock\. /,
    ],
    [
      "the host name does not exist",
      async () => new Redis("host.invalid", { retry: once }),
      "E",
      /^Error E[A-Z_]+ connecting to host\.invalid:6379\. /,
    ],
  ])("connect() rejects when %s", async (_, make, code, message) => {
    const redis = open(await make());
    const error = await errorOf(redis.connect(), 9000);
    expect(kindOf(error)).toBe("ConnectionError not-sent");
    expect(error.message).toMatch(message);
    expect(error.code).toContain(code);
  });

  it("times out when the server accepts the connection and never replies", async () => {
    await using mock = await mockServer((peer) => peer.stall());
    const redis = open(new Redis(mock.url, { ...SHORT_DEADLINES, retry: once }));
    const ending = await settle(redis.connect());
    expect(ending.ok).toBe(false);
    if (ending.ok) return;
    expect(kindOf(ending.error)).toBe("TimeoutError not-sent");
    expect(ending.ms).toBeGreaterThan(350);
  });

  it("rejects with the error of a server at maxclients", async () => {
    await using own = await startServer({ config: { maxclients: "3" } });
    const holders = [1, 2].map(() => new Redis("127.0.0.1", own.port));
    await Promise.all(holders.map((holder) => holder.connect()));
    const redis = open(new Redis("127.0.0.1", own.port, { retry: once }));
    const error = await errorOf(redis.get("key"));
    expect(kindOf(error)).toBe("ConnectionError not-sent");
    expect(error.message).toBe("ERR max number of clients reached");
    for (const holder of holders) holder.disconnect();
  });
});
