import { expect, expectTypeOf, test } from "vitest";
import { type ClientInfo, ConnectionError, Redis, ResponseError } from "../../../src/index.js";
import { b, describeTextAndBytes } from "../../support/command-clients.js";
import { startServer } from "../../support/server.js";
import { errorOf } from "../../support/settle.js";
import { until } from "../../support/until.js";

const server = await startServer();
const cluster = await startServer({ config: { "cluster-enabled": "yes" } });

describeTextAndBytes(
  "connection commands on a shared connection",
  server,
  ({ protocol, text, bytes, both }) => {
    test("PING and ECHO return their argument", async () => {
      expect(await text.ping()).toBe(true);
      expect(await bytes.ping()).toBe(true);
      expect(await text.executeCommand("PING")).toBe(true);
      expect(await text.ping("hi")).toBe("hi");
      expect(await text.executeCommand("ping", "hi")).toBe("hi");
      expect(await bytes.ping(b("\xff"))).toEqual(b("\xff"));
      expect(await text.echo("")).toBe("");
      expect(await bytes.echo(b("\r\n\xfe"))).toEqual(b("\r\n\xfe"));
      expectTypeOf(bytes.echo).returns.resolves.toEqualTypeOf<Buffer>();
    });

    test("CLIENT ID, INFO, GETREDIR and TRACKINGINFO describe the connection", async () => {
      for (const redis of both) {
        const id = await redis.clientId();
        const info = await redis.clientInfo();
        expect(info).toMatchObject({ id, db: 0, name: "", multi: -1, user: "default", redir: -1 });
        expect(info).toMatchObject({ cmd: "client|info", resp: protocol, flags: "N" });
        expect(info.laddr).toBe(`127.0.0.1:${server.port}`);
        for (const name of ["fd", "age", "idle", "qbuf", "qbuf-free", "tot-mem"] as const) {
          expect(info[name], name).toEqual(expect.any(Number));
        }
        expect(await redis.clientGetredir()).toBe(-1);
        expect(await redis.clientTrackinginfo()).toEqual({
          flags: ["off"],
          redirect: -1,
          prefixes: [],
        });
        expect(await redis.clientHelp()).toContain("GETNAME");
      }
      expectTypeOf(bytes.clientInfo).returns.resolves.toEqualTypeOf<ClientInfo>();
    });

    test("CLIENT LIST contains the connection", async () => {
      for (const redis of both) {
        const { id, addr } = await redis.clientInfo();
        expect(await redis.clientList({ clientId: id })).toEqual([
          expect.objectContaining({ id, addr, cmd: "client|list" }),
        ]);
        const ids = (await redis.clientList()).map((client) => client.id);
        expect(ids).toContain(id);
        const normal = await redis.clientList({ type: "normal" });
        expect(normal.map((client) => client.id)).toEqual(ids);
        expect(await redis.clientList({ type: "PUBSUB" })).toEqual([]);
        expect(await redis.clientList({ clientId: [id, 2n ** 40n] })).toHaveLength(1);
      }
    });

    test("CLIENT GETNAME returns the clientName option", async () => {
      for (const redis of both) {
        expect(await redis.clientGetname()).toBe(null);
        expect(await redis.clientSetname("worker-1")).toBe(true);
        expect(await redis.clientGetname()).toBe("worker-1");
        expect(await redis.clientSetname("")).toBe(true);
        expect(await redis.clientGetname()).toBe(null);
        await expect(redis.clientSetname("two words")).rejects.toThrow(ResponseError);
      }
    });

    test("CLIENT KILL closes the connection of another client", async () => {
      for (const redis of both) {
        await using victim = text.client();
        const before = await victim.clientInfo();
        expect(await redis.clientKillFilter({ id: before.id, type: "normal" })).toBe(1);
        expect(await errorOf(victim.clientId())).toBeInstanceOf(ConnectionError);
        const after = await victim.clientInfo();
        expect(after.id).toBeGreaterThan(before.id);
        expect(await redis.clientKill(after.addr)).toBe(true);
        expect(await errorOf(victim.clientId())).toBeInstanceOf(ConnectionError);
        expect(await redis.clientKillFilter({ id: before.id })).toBe(0);
        await expect(redis.clientKill(after.addr)).rejects.toThrow("No such client");
      }
    });

    test("QUIT closes the client and its connection", async () => {
      for (const redis of both) {
        const own = new Redis(server.url, { protocol });
        const id = await own.clientInfo().then((info) => info.id);
        expect(await own.quit()).toBe(true);
        expect(await errorOf(own.ping())).toMatchObject({ code: "ECLOSED" });
        await until(async () => (await redis.clientList({ clientId: id })).length === 0);
      }
    });

    test("CLIENT PAUSE holds back writes until CLIENT UNPAUSE", async () => {
      for (const redis of both) {
        await using writer = text.client();
        const { id } = await writer.clientInfo();
        expect(await redis.clientPause(60_000, { all: false })).toBe(true);
        const written = writer.set("paused", 1);
        await until(async () => (await redis.clientList({ clientId: id }))[0]?.flags === "b");
        expect(await redis.get("paused")).toBe(null);
        expect(await redis.clientUnpause()).toBe(true);
        expect(await written).toBe(true);
        await redis.delete("paused");
      }
    });

    test("CLIENT UNBLOCK ends a blocking command", async () => {
      const blockedId = async () => {
        const blocked = (await text.clientList()).filter(({ cmd }) => cmd === "blpop");
        return blocked.find(({ flags }) => flags === "b")?.id;
      };
      for (const redis of both) {
        const quiet = redis.blpop("none", 0);
        expect(await redis.clientUnblock(await until(blockedId))).toBe(true);
        expect(await quiet).toBe(null);
        const loud = redis.blpop("none", 0);
        expect(await redis.clientUnblock(await until(blockedId), { error: true })).toBe(true);
        expect((await errorOf(loud)).code).toBe("UNBLOCKED");
        expect(await redis.clientUnblock(2n ** 40n, { error: false })).toBe(false);
      }
    });
  },
);

describeTextAndBytes(
  "connection commands on client()",
  server,
  ({ protocol, text, bytes, both }) => {
    test("SELECT changes the database of this connection only", async () => {
      for (const redis of both) {
        await using session = redis.client();
        expect(await session.select(3)).toBe(true);
        expect(await session.set("here", 3)).toBe(true);
        expect(await redis.get("here")).toBe(null);
        expect(await session.executeCommand("SELECT", "4")).toBe(true);
        expect((await session.clientInfo()).db).toBe(4);
        await session.close();
        await using next = redis.client();
        expect((await next.clientInfo()).db).toBe(0);
      }
    });

    test("the selected database is restored after a lost connection", async () => {
      for (const redis of both) {
        await using session = redis.client();
        await session.select(3);
        const { id } = await session.clientInfo();
        await redis.clientKillFilter({ id });
        await errorOf(session.ping());
        expect((await session.clientInfo()).db).toBe(3);
        await session.pipeline().select(5).ping().exec();
        await redis.clientKillFilter({ id: await session.clientId() });
        await errorOf(session.ping());
        expect((await session.clientInfo()).db).toBe(5);
        await session.resetConnection();
        await redis.clientKillFilter({ id: await session.clientId() });
        await errorOf(session.ping());
        expect((await session.clientInfo()).db).toBe(0);
      }
    });

    test("session changes made by a pipeline are undone when the connection goes back to the pool", async () => {
      for (const transaction of [true, false]) {
        for (const redis of both) {
          await using session = redis.client();
          const info = await session.pipeline({ transaction }).select(5).clientInfo().exec();
          expect(info).toMatchObject([true, { db: 5 }]);
          await session.close();
          await using next = redis.client();
          expect((await next.clientInfo()).db).toBe(0);
        }
      }
    });

    test("QUIT closes a dedicated client, and leaves the client it was created from open", async () => {
      for (const redis of both) {
        await using session = redis.client();
        await session.ping();
        expect(await session.quit()).toBe(true);
        expect(await errorOf(session.clientId())).toMatchObject({ code: "ECLOSED" });
        expect(await redis.ping()).toBe(true);
      }
    });

    test("HELLO switches the protocol of the connection", async () => {
      const other = protocol === 2 ? 3 : 2;
      for (const redis of both) {
        await using session = redis.client();
        const hello = await session.hello();
        expect(hello).toMatchObject({ proto: protocol, mode: "standalone", role: "master" });
        const { redis_version, valkey_version = redis_version } = await redis.info("server");
        expect(hello.version).toBe(valkey_version);
        expect(hello.id).toBe(await session.clientId());
        expect(await session.hello(other, { setName: "switched" })).toMatchObject({ proto: other });
        expect(await session.clientInfo()).toMatchObject({ resp: other, name: "switched" });
        await session.hset("hash", { a: 1 });
        expect(Object.keys(await session.hgetall("hash"))).toEqual(["a"]);
        await session.close();
        await using next = redis.client();
        expect(await next.clientInfo()).toMatchObject({ resp: protocol, name: "" });
      }
    });

    test("RESET resets the connection", async () => {
      for (const redis of both) {
        await using session = redis.client();
        await session.select(2);
        await session.clientSetname("named");
        expect(await session.resetConnection()).toBe("RESET");
        expect(await session.clientInfo()).toMatchObject({ db: 0, name: "", resp: 2 });
      }
    });

    test("CLIENT TRACKING reports changed keys to the connection", async () => {
      for (const redis of both) {
        await using session = redis.client();
        expect(await session.clientTracking()).toBe(true);
        expect(await session.clientGetredir()).toBe(0);
        expect(await session.clientTrackinginfo()).toMatchObject({ flags: ["on"], redirect: 0 });
        // Under RESP3 a message about the key comes before the next reply.
        await session.get("tracked");
        await text.set("tracked", "new");
        expect(String(await session.get("tracked"))).toBe("new");
        expect(await session.clientTracking({ on: false })).toBe(true);
        expect((await session.clientTrackinginfo()).flags).toEqual(["off"]);
      }
    });

    test("CLIENT TRACKING accepts BCAST, PREFIX, OPTIN, OPTOUT and NOLOOP", async () => {
      const [asText, asBytes] = [text.client(), bytes.client()];
      for (const session of [asText, asBytes]) {
        const options = { bcast: true, prefix: ["a:", "b:"], noLoop: true } as const;
        expect(await session.clientTrackingOn(options)).toBe(true);
        const { flags, redirect, prefixes } = await session.clientTrackinginfo();
        expect(flags.toSorted()).toEqual(["bcast", "noloop", "on"]);
        expect({ redirect, prefixes: prefixes.map(String).toSorted() }).toEqual({
          redirect: 0,
          prefixes: ["a:", "b:"],
        });
        expect(await session.clientTrackingOff()).toBe(true);
        expect(await session.clientTrackingOn({ optIn: true })).toBe(true);
        expect(await session.clientCaching("YES")).toBe(true);
        expect((await session.clientTrackinginfo()).flags).toContain("optin");
      }
      await asBytes.clientTrackingOff();
      await asBytes.clientTrackingOn({ bcast: true, prefix: b("\xff") });
      expect((await asBytes.clientTrackinginfo()).prefixes).toEqual([b("\xff")]);
      expectTypeOf(asBytes.clientTrackinginfo).returns.resolves.toHaveProperty("prefixes");
      await Promise.all([asText.close(), asBytes.close()]);
    });

    test("CLIENT NO-EVICT protects the connection from eviction", async () => {
      for (const redis of both) {
        await using session = redis.client();
        expect(await session.clientNoEvict("ON")).toBe(true);
        expect((await session.clientInfo()).flags).toContain("e");
        expect(await session.clientNoEvict("off")).toBe(true);
        expect((await session.clientInfo()).flags).toBe("N");
      }
    });
  },
);

describeTextAndBytes("connection commands for cluster nodes", cluster, ({ both }) => {
  test("READONLY, READWRITE and ASKING change the mode of the connection", async () => {
    for (const redis of both) {
      await using session = redis.client();
      expect(await session.readonly()).toBe(true);
      expect((await session.clientInfo()).flags).toContain("r");
      expect(await session.readwrite()).toBe(true);
      expect((await session.clientInfo()).flags).not.toContain("r");
      expect(await session.asking()).toBe(true);
    }
  });
});

describeTextAndBytes("AUTH on a server without passwords", server, ({ both }) => {
  test("rejects with the error that no password is set", async () => {
    for (const redis of both) {
      await using session = redis.client();
      expect((await errorOf(session.auth("secret"))).message).toMatch(/without any password/);
      await expect(new Redis(server.url).client().ping()).resolves.toBe(true);
    }
  });
});
