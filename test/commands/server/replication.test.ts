import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Redis, ResponseError } from "../../../src/index.js";
import { describeProtocols } from "../../support/protocols.js";
import { startServer } from "../../support/server.js";
import { errorOf, kindOf, SHORT_DEADLINES } from "../../support/settle.js";
import { until } from "../../support/until.js";

const one = await startServer();
const two = await startServer();
const CALM = { timeout: 20_000 };

describeProtocols("REPLICAOF and FAILOVER", (protocol) => {
  test.each([true, false])(
    "start, reverse and end replication (decodeResponses: %s)",
    async (decodeResponses) => {
      await using master = new Redis(one.url, { protocol, decodeResponses });
      await using replica = new Redis(two.url, { protocol, decodeResponses });
      expect(await replica.replicaof(one.host, one.port)).toBe(true);
      // "OK Already connected to specified master"
      expect(await replica.slaveof(one.host, one.port)).toBe(true);
      await until(async () => {
        const role = await replica.role();
        return role.role === "slave" && role.state === "connected";
      }, CALM);
      expect(await replica.role()).toEqual({
        role: "slave",
        host: one.host,
        port: one.port,
        state: "connected",
        offset: expect.any(Number),
      });
      // The replica learns that it is connected before the master lists it.
      const ofMaster = await until(async () => {
        const role = await master.role();
        return role.role !== "master" || role.replicas.length === 0 ? undefined : role;
      }, CALM);
      expect(ofMaster).toEqual({
        role: "master",
        offset: expect.any(Number),
        replicas: [{ host: two.host, port: two.port, offset: expect.any(Number) }],
      });
      const online = async () => (await master.info("replication")).slave0?.state === "online";
      await until(online, CALM);
      expect((await master.info("replication")).slave0).toMatchObject({
        ip: two.host,
        port: two.port,
        lag: expect.any(Number),
      });
      expect(await master.clientList({ type: "replica" })).toMatchObject([{ flags: "S" }]);

      const to = [two.host, two.port] as const;
      expect(await master.failover({ to, timeout: 10_000 })).toBe(true);
      await until(async () => (await replica.role()).role === "master", CALM);
      await until(async () => (await master.role()).role === "slave", CALM);
      await expect(master.failover()).rejects.toThrow(ResponseError);
      expect(await replica.slaveof()).toBe(true);
      expect(await master.replicaof("NO", "ONE")).toBe(true);
      expect((await master.role()).role).toBe("master");
      await expect(master.failover({ abort: true })).rejects.toThrow("No failover in progress");
    },
  );
});

describeProtocols("SHUTDOWN", (protocol) => {
  test.each([true, false])("stops the server (decodeResponses: %s)", async (decodeResponses) => {
    const server = await startServer();
    await using redis = new Redis(server.url, { ...SHORT_DEADLINES, protocol, decodeResponses });
    await expect(redis.shutdown({ abort: true })).rejects.toThrow(ResponseError);
    expect(await redis.shutdown({ noSave: true, now: true })).toBe(undefined);
    await server.exited;
    expect(kindOf(await errorOf(redis.ping()))).toBe("ConnectionError not-sent");
    await server.stop();
  });

  test("stops the server through executeCommand and on client()", async () => {
    const server = await startServer();
    await using redis = new Redis(server.url, { ...SHORT_DEADLINES, protocol });
    await using session = redis.client();
    await session.ping();
    expect(await session.executeCommand("shutdown", "nosave")).toBe(undefined);
    await server.exited;
    await server.stop();
  });

  test("is rejected when the server cannot save, except with force", async () => {
    const folder = await mkdtemp(join(tmpdir(), "rediswire-"));
    const server = await startServer({ config: { "enable-protected-configs": "yes" } });
    await using redis = new Redis(server.url, { ...SHORT_DEADLINES, protocol });
    await redis.configSet("dir", folder);
    await rm(folder, { recursive: true });
    await expect(redis.shutdown({ save: true })).rejects.toThrow(ResponseError);
    expect(await redis.ping()).toBe(true);
    expect(await redis.shutdown({ save: true, force: true })).toBe(undefined);
    await server.exited;
    await server.stop();
  });
});
