/**
 * A Sentinel object and its clients while nothing fails, or during a planned failover: discovery, routing of
 * commands, what follows the master, and which connections stay open.
 */
import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { DataError, MasterNotFoundError, type Redis, Sentinel } from "../../src/index.js";
import { ensureCerts } from "../support/certs.js";
import { startChild } from "../support/child-process.js";
import { watchLeaks } from "../support/leaks.js";
import { mockSentinel } from "../support/mock-sentinel.js";
import { startSentinels } from "../support/sentinels.js";
import type { RunningServer } from "../support/server.js";
import { until } from "../support/until.js";

const servers = await startSentinels();
afterAll(() => servers[Symbol.asyncDispose]());
const { name } = servers;
const places = (some: readonly RunningServer[]) => some.map(({ host, port }) => [host, port]);

/** Return the port of the server that receives the client's next command. */
async function portOf(redis: Redis<string | Buffer>): Promise<number> {
  return Number((await redis.configGet("port")).port);
}

describe("Sentinel", () => {
  it("discovers the master and its replicas", async () => {
    await using sentinel = new Sentinel(servers.addresses);
    const master = await servers.currentMaster();
    const others = [servers.master, ...servers.replicas].filter((one) => one !== master);
    expect(await sentinel.discoverMaster(name)).toEqual([master.host, master.port]);
    expect((await sentinel.discoverReplicas(name)).sort()).toEqual(places(others).sort());
    expect((await sentinel.discoverSlaves(name)).sort()).toEqual(places(others).sort());
  });

  it("prints like redis-py's Sentinel", () => {
    const sentinel = new Sentinel([
      ["a", 1],
      ["b", 2],
    ]);
    expect(`${sentinel}`).toBe("Sentinel<sentinels=[a:1,b:2]>");
    expect(inspect(sentinel.masterFor("mymaster"))).toBe(
      "Redis<ConnectionPool<service=mymaster(master)> shared=0 leased=0 idle=0 waiting=0>",
    );
    expect(`${sentinel.slaveFor("mymaster")}`).toBe(
      "Redis<ConnectionPool<service=mymaster(slave)>>",
    );
  });

  it("queries first the Sentinel that replied last, and discovers the others", async () => {
    const [first] = servers.addresses;
    if (first === undefined) throw new Error("no Sentinel");
    await using sentinel = new Sentinel([["127.0.0.1", 1], first]);
    await using master = sentinel.masterFor(name);
    await master.ping();
    const known = () => /\[(.*)\]/.exec(String(sentinel))?.[1]?.split(",") ?? [];
    await until(() => known().length === 4);
    const ports = servers.addresses.map((address) => address.join(":"));
    expect(known().sort()).toEqual(["127.0.0.1:1", ...ports].sort());
    expect(known()[0]).not.toBe("127.0.0.1:1");
  });

  it.each([
    ["no list", [], {}],
    ["a bad address", [["localhost", 0]], {}],
    ["something else in the list", ["localhost"], {}],
    ["an unknown option", [["localhost", 1]], { minOthers: 1 }],
    ["a bad minimum", [["localhost", 1]], { minOtherSentinels: -1 }],
    ["an address for the clients", [["localhost", 1]], { host: "localhost" }],
    ["a bad option for Sentinels", [["localhost", 1]], { sentinelOptions: { prot: 3 } }],
  ])("rejects %s", (_, list, options) => {
    expect(() => new Sentinel(list as [string, number][], options as object)).toThrow(DataError);
  });

  it.each([[{ tls: true }], [{ tls: {} }], [{ tls: true, sentinelOptions: { password: "a" } }]])(
    "rejects %o, because the connections to the Sentinels would be without TLS",
    (options) => {
      expect(() => new Sentinel([["localhost", 1]], options)).toThrow(
        'option "tls" applies to the servers only; set option "sentinelOptions.tls" for the ' +
          "connections to the Sentinels (true, false, or TLS options)",
      );
    },
  );

  it("does not take a property of Object.prototype for sentinelOptions.tls", () => {
    Object.assign(Object.prototype, { tls: false });
    try {
      const options = { tls: true, sentinelOptions: {} };
      expect(() => new Sentinel([["localhost", 26379]], options)).toThrow(
        'set option "sentinelOptions.tls"',
      );
    } finally {
      Reflect.deleteProperty(Object.prototype, "tls");
    }
  });

  it.each([true, false, {}])("accepts option tls with sentinelOptions.tls %o", (tls) => {
    const options = { tls: true, sentinelOptions: { tls } };
    expect(String(new Sentinel([["a", 1]], options))).toBe("Sentinel<sentinels=[a:1]>");
  });

  it("rejects address options for a client", () => {
    const sentinel = new Sentinel([["localhost", 1]]);
    const options = { url: "redis://localhost" } as object;
    expect(() => sentinel.masterFor("mymaster", options)).toThrow(
      'option "url" must not be set: the Sentinels provide the address',
    );
  });

  it.each([undefined, null, 1, {}])("rejects %s as the name of a master", async (bad) => {
    const sentinel = new Sentinel([["localhost", 1]]);
    const given = bad as never;
    for (const call of [
      () => sentinel.masterFor(given),
      () => sentinel.replicaFor(given),
      () => sentinel.slaveFor(given),
    ]) {
      expect(call).toThrow(DataError);
      expect(call).toThrow(/^argument "name" must/);
    }
    await expect(sentinel.discoverMaster(given)).rejects.toThrow(/^argument "name" must/);
    await expect(sentinel.discoverReplicas(given)).rejects.toBeInstanceOf(DataError);
    await expect(sentinel.discoverSlaves(given)).rejects.toBeInstanceOf(DataError);
  });

  it("returns text or bytes by its options or those of the client", async () => {
    await using sentinel = new Sentinel(servers.addresses, { decodeResponses: false, protocol: 3 });
    await using bytes: Redis<Buffer> = sentinel.masterFor(name);
    await using text: Redis<string> = sentinel.masterFor(name, { decodeResponses: true });
    await text.set("a", "1");
    expect(await bytes.get("a")).toEqual(Buffer.from("1"));
    expect(await text.get("a")).toBe("1");
  });

  it("uses separate credentials for Sentinels and servers", async () => {
    await using locked = await startSentinels({
      password: "data",
      sentinelPassword: "watch",
      replicas: 1,
      sentinels: 1,
    });
    await using sentinel = new Sentinel(locked.addresses, {
      password: "data",
      sentinelOptions: { password: "watch" },
    });
    await using master = sentinel.masterFor(locked.name);
    expect(await master.set("a", "1")).toBe(true);

    await using without = new Sentinel(locked.addresses, { password: "data" });
    const error = await without.discoverMaster(locked.name).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MasterNotFoundError);
    expect((error as MasterNotFoundError).causes).toMatchObject([{ name: "AuthenticationError" }]);
    expect(inspect(error, { depth: 9 })).not.toContain("data");
  });

  it("connects to Sentinels with TLS while the servers have none", async () => {
    const certs = await ensureCerts();
    await using mock = await mockSentinel({ master: servers.master.port }, { tls: true });
    const tls = { ca: readFileSync(certs.ca) };
    await using sentinel = new Sentinel([mock.address], { sentinelOptions: { tls } });
    expect(await sentinel.discoverMaster(name)).toEqual(["127.0.0.1", servers.master.port]);
  });
});

describe("replicaFor()", () => {
  it("uses the replicas in turn", async () => {
    const master = await servers.currentMaster();
    const others = [servers.master, ...servers.replicas].filter((one) => one !== master);
    const replicas = others.map(({ port }) => port);
    // A real Sentinel reports a server as down for a moment when the machine is busy.
    await using mock = await mockSentinel({ master: master.port, replicas });
    await using sentinel = new Sentinel([mock.address]);
    await using replica = sentinel.replicaFor(mock.view.name);
    const clients = Array.from({ length: 4 }, () => replica.client());
    const ports: number[] = [];
    for (const one of clients) ports.push(await portOf(one));
    expect(ports[0]).not.toBe(ports[1]);
    expect(ports.slice(2)).toEqual(ports.slice(0, 2));
    expect([...new Set(ports)].sort()).toEqual(replicas.sort());
  });

  it("skips replicas that are down, falls back to the master, and returns to a recovered replica", async () => {
    await using own = await startSentinels({ sentinels: 1 });
    await using sentinel = new Sentinel(own.addresses);
    await using replica = sentinel.replicaFor(own.name);
    const [one, two] = own.replicas;
    if (one === undefined || two === undefined) throw new Error("no replicas");
    one.kill("SIGKILL");
    await one.exited;
    // The Sentinels have not yet noticed that it is down.
    for (let i = 0; i < 4; i++) {
      expect(await portOf(replica)).toBe(two.port);
      replica.disconnect();
    }
    two.kill("SIGKILL");
    await two.exited;
    expect(await portOf(replica)).toBe(own.master.port);
    await one.restart();
    await until(async () => (await portOf(replica)) === one.port, { timeout: 20_000 });
  });
});

describe("objects created by a master client", () => {
  it("follow a failover: subscriptions, locks and client() connections", async () => {
    await using sentinel = new Sentinel(servers.addresses);
    await using master = sentinel.masterFor(name);
    await using own = master.client();
    await using pubsub = master.pubsub({ ignoreSubscribeMessages: true });
    await pubsub.subscribe("news");
    const before = await portOf(own);
    const lock = master.lock("a lock", { timeout: 60_000 });
    expect(await lock.acquire()).toBe(true);

    const now = await servers.failover();
    expect(now.port).not.toBe(before);
    expect(await portOf(master)).toBe(now.port);
    // Its connection was lost, and with it possible replies; it reports that once.
    await expect(portOf(own)).rejects.toMatchObject({ outcome: "not-sent" });
    expect(await portOf(own)).toBe(now.port);
    expect(await lock.owned()).toBe(true);
    await lock.release();
    expect(await now.command("EXISTS", "a lock")).toBe(0);
    await until(
      async () => (await now.command("PUBSUB", "NUMSUB", "news"))?.toString() === "news,1",
    );
    await now.command("PUBLISH", "news", "hello");
    expect(await pubsub.getMessage({ timeout: 5000 })).toMatchObject({ data: "hello" });
  });
});

describe("connections to Sentinels", () => {
  const ours = async (server: RunningServer): Promise<number> =>
    (await server.clients()).filter((client) => client.name === "ours").length;

  it("are shared by the clients, and closed with the last one", async () => {
    const leaks = watchLeaks();
    const sentinel = new Sentinel(servers.addresses, {
      clientName: "ours",
      sentinelOptions: { clientName: "ours" },
    });
    const clients = [sentinel.masterFor(name), sentinel.masterFor(name), sentinel.replicaFor(name)];
    for (const client of clients) await client.ping();
    await until(async () => (await Promise.all(servers.sentinels.map(ours))).every((n) => n === 2));
    const [first, ...others] = clients;
    await first?.close();
    await Promise.all(others.map((client) => client.ping()));
    expect(await Promise.all(servers.sentinels.map(ours))).toEqual([2, 2, 2]);
    for (const client of others) await client.close();
    await leaks.assertNone();
    await until(async () => (await Promise.all(servers.sentinels.map(ours))).every((n) => n === 0));
    await sentinel.close();
  });

  it("do not keep the process alive", async () => {
    const child = await startChild(
      `const sentinel = new rediswire.Sentinel(args.addresses);
       const master = sentinel.masterFor("mymaster");
       await master.set("a", "1");
       console.log(await sentinel.replicaFor("mymaster").ping(), await sentinel.sentinelMyid() !== "");`,
      { addresses: servers.addresses },
    );
    expect(await child.ended()).toMatchObject({ code: 0, output: "true true\n" });
  });

  it("are not opened again after the Sentinel object was closed", async () => {
    const sentinel = new Sentinel(servers.addresses, { socketTimeout: 500 });
    await using master = sentinel.masterFor(name);
    await master.ping();
    await sentinel.close();
    expect(await master.ping()).toBe(true);
    master.disconnect();
    await expect(master.ping()).rejects.toBeInstanceOf(MasterNotFoundError);
  });
});
