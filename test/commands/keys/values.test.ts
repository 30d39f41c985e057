/** Commands that copy, serialize, move or inspect values of any type. */
import { beforeEach, expect, it } from "vitest";
import { DataError, Redis, ResponseError } from "../../../src/index.js";
import { describeClients } from "../../support/clients.js";
import { sharedServer, startServer } from "../../support/server.js";
import { errorOf } from "../../support/settle.js";

const server = await sharedServer();
const lfu = await startServer({ config: { "maxmemory-policy": "allkeys-lfu" } });
beforeEach(() => Promise.all([server.command("FLUSHALL"), lfu.command("FLUSHALL")]));

const tomorrow = (Math.floor(Date.now() / 1000) + 86_400) * 1000;
const RAW = Buffer.from([0xff, 0x00, 0x0d, 0x0a]);

describeClients("COPY", server, ({ redis, t }) => {
  beforeEach(() => redis.mset({ a: "1", b: "2" }));

  it("copies a value with its expiry to a missing key", async () => {
    await redis.pexpireat("a", tomorrow);
    expect(await redis.copy("a", "c")).toBe(true);
    expect(await redis.get("c")).toEqual(t("1"));
    expect(await redis.pexpiretime("c")).toBe(tomorrow);
    expect(await redis.copy("none", "d")).toBe(false);
    expect(await redis.exists("d")).toBe(0);
  });

  it("overwrites an existing key with replace", async () => {
    expect(await redis.copy("a", "b")).toBe(false);
    expect(await redis.copy("a", "b", { replace: false })).toBe(false);
    expect(await redis.get("b")).toEqual(t("2"));
    expect(await redis.copy("a", "b", { replace: true })).toBe(true);
    expect(await redis.get("b")).toEqual(t("1"));
  });

  it("copies to another database", async () => {
    expect(await redis.copy("a", "a", { destinationDb: 3 })).toBe(true);
    expect(await redis.copy("b", "a", { destinationDb: 3 })).toBe(false);
    expect(await redis.copy("b", "a", { destinationDb: 3, replace: true })).toBe(true);
    await using third = new Redis(server.url, { db: 3 });
    expect(await third.get("a")).toBe("2");
  });

  it("rejects copying onto itself or to a missing database", async () => {
    const same = await errorOf(redis.copy("a", "a"));
    expect(same).toBeInstanceOf(ResponseError);
    expect(same.message).toBe("ERR source and destination objects are the same");
    const far = await errorOf(redis.copy("a", "c", { destinationDb: 99 }));
    expect(far).toBeInstanceOf(ResponseError);
    expect(far.message).toBe("ERR DB index is out of range");
    expect(await errorOf(redis.copy("a", "c", { destinationDb: -1 }))).toBeInstanceOf(DataError);
  });
});

describeClients("MOVE", server, ({ redis, t }) => {
  it("moves a key to another database", async () => {
    await redis.mset({ a: "1", b: "2" });
    expect(await redis.move("a", 4)).toBe(true);
    expect(await redis.get("a")).toBeNull();
    expect(await redis.move("a", 4)).toBe(false);
    await redis.set("a", "other");
    expect(await redis.move("a", 4)).toBe(false);
    expect(await redis.get("a")).toEqual(t("other"));
    await using fourth = new Redis(server.url, { db: 4 });
    expect(await fourth.get("a")).toBe("1");
  });

  it("rejects the same database and a missing database", async () => {
    const same = await errorOf(redis.move("a", 0));
    expect(same).toBeInstanceOf(ResponseError);
    expect(same.message).toBe("ERR source and destination objects are the same");
    expect((await errorOf(redis.move("a", 99))).message).toBe("ERR DB index is out of range");
  });
});

describeClients("DUMP and RESTORE", server, ({ redis, t }) => {
  it("transfer values of every type as bytes", async () => {
    await redis.set("string", RAW);
    await redis.rpush("list", "a", "b");
    await redis.hset("hash", { f: "v" });
    for (const key of ["string", "list", "hash"]) {
      const dump = await redis.dump(key);
      expect(Buffer.isBuffer(dump)).toBe(true);
      expect(await redis.restore(`${key}2`, 0, dump ?? "")).toBe(true);
      expect(await redis.dump(`${key}2`)).toEqual(dump);
      expect(await redis.ttl(`${key}2`)).toBe(-1);
    }
    expect(await redis.lrange("list2", 0, -1)).toEqual([t("a"), t("b")]);
    expect(await redis.hget("hash2", "f")).toEqual(t("v"));
    expect(await redis.with({ decodeResponses: false }).get("string2")).toEqual(RAW);
    expect(await redis.dump("none")).toBeNull();
  });

  it("set a time to live", async () => {
    await redis.set("a", "1");
    const dump = (await redis.dump("a")) ?? "";
    expect(await redis.restore("b", tomorrow, dump, { absTtl: true })).toBe(true);
    expect(await redis.pexpiretime("b")).toBe(tomorrow);
    expect(await redis.restore("c", 100_000, dump)).toBe(true);
    const left = await redis.pttl("c");
    expect(left).toBeGreaterThan(60_000);
    expect(left).toBeLessThanOrEqual(100_000);
    expect(await redis.restore("d", 1, dump, { absTtl: true })).toBe(true);
    expect(await redis.exists("d")).toBe(0);
  });

  it("overwrite an existing key only with replace", async () => {
    await redis.mset({ a: "1", b: "2" });
    const dump = (await redis.dump("a")) ?? "";
    const busy = await errorOf(redis.restore("b", 0, dump));
    expect(busy).toBeInstanceOf(ResponseError);
    expect(busy).toMatchObject({
      code: "BUSYKEY",
      message: "BUSYKEY Target key name already exists.",
    });
    expect(await redis.restore("b", 0, dump, { replace: true })).toBe(true);
    expect(await redis.get("b")).toEqual(t("1"));
  });

  it("reject damaged bytes", async () => {
    await redis.set("a", "1");
    const dump = Buffer.from((await redis.dump("a")) ?? "");
    dump.writeUInt8(dump.readUInt8(0) ^ 1, 0);
    const error = await errorOf(redis.restore("b", 0, dump));
    expect(error).toBeInstanceOf(ResponseError);
    expect(error.message).toBe("ERR DUMP payload version or checksum are wrong");
    expect(await errorOf(redis.restore("b", 0.5, dump))).toBeInstanceOf(DataError);
  });
});

describeClients("OBJECT", server, ({ redis }) => {
  it("OBJECT ENCODING returns the internal encoding", async () => {
    await redis.mset({ int: 7, short: "text", long: "x".repeat(100) });
    await redis.sadd("ints", 1, 2);
    await redis.hset("hash", { f: 1 });
    for (const [key, encoding] of [
      ["int", "int"],
      ["short", "embstr"],
      ["long", "raw"],
      ["ints", "intset"],
      ["hash", "listpack"],
    ] as const) {
      expect(await redis.objectEncoding(key)).toBe(encoding);
      expect(await redis.object("ENCODING", key)).toBe(encoding);
      expect(await redis.object("encoding", key)).toBe(encoding);
    }
  });

  it("OBJECT REFCOUNT returns the reference count", async () => {
    await redis.mset({ own: "text" });
    expect(await redis.objectRefcount("own")).toBe(1);
    expect(await redis.object("REFCOUNT", "own")).toBe(1);
    expect(await redis.object("refcount", "own")).toBe(1);
  });

  it("OBJECT IDLETIME returns the seconds since the last access", async () => {
    await redis.set("a", "x");
    const dump = (await redis.dump("a")) ?? "";
    expect(await redis.restore("old", 0, dump, { idleTime: 5000 })).toBe(true);
    for (const seconds of [
      await redis.objectIdletime("old"),
      await redis.object("IDLETIME", "old"),
      await redis.object("idletime", "old"),
    ]) {
      expect(seconds).toBeGreaterThanOrEqual(5000);
      expect(seconds).toBeLessThan(5100);
    }
    expect(await redis.touch("old")).toBe(1);
    expect(await redis.objectIdletime("old")).toBeLessThan(100);
  });

  it("OBJECT subcommands return null for a missing key", async () => {
    expect(await redis.objectEncoding("none")).toBeNull();
    expect(await redis.objectIdletime("none")).toBeNull();
    expect(await redis.objectRefcount("none")).toBeNull();
    expect(await redis.objectFreq("none")).toBeNull();
    for (const what of ["ENCODING", "IDLETIME", "REFCOUNT"] as const) {
      expect(await redis.object(what as "ENCODING", "none")).toBeNull();
    }
  });

  it("OBJECT FREQ is rejected without an LFU policy", async () => {
    await redis.set("a", "x");
    for (const call of [redis.objectFreq("a"), redis.object("FREQ", "a")]) {
      const error = await errorOf(call);
      expect(error).toBeInstanceOf(ResponseError);
      expect(error.message).toMatch(/^ERR An LFU maxmemory policy is not selected/);
    }
  });

  it("OBJECT HELP returns help", async () => {
    const lines = await redis.objectHelp();
    expect(lines[0]).toMatch(/^OBJECT <subcommand> /);
    expect(lines).toContain("ENCODING <key>");
    expect(lines).toContain("IDLETIME <key>");
  });

  it("OBJECT rejects unknown subcommands", async () => {
    const error = await errorOf(redis.object("SIZE" as "ENCODING", "a"));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toBe(
      'OBJECT: argument "infoType" must be one of "ENCODING", "FREQ", "IDLETIME", "REFCOUNT", got another string',
    );
  });
});

describeClients("OBJECT under an LFU policy", lfu, ({ redis }) => {
  it("OBJECT FREQ returns the counter, and IDLETIME is rejected", async () => {
    await redis.set("a", "x");
    const dump = (await redis.dump("a")) ?? "";
    expect(await redis.restore("often", 0, dump, { frequency: 200 })).toBe(true);
    expect(await redis.objectFreq("often")).toBe(200);
    expect(await redis.object("FREQ", "often")).toBe(200);
    expect(await redis.object("freq", "often")).toBe(200);
    const idle = await errorOf(redis.objectIdletime("often"));
    expect(idle).toBeInstanceOf(ResponseError);
    expect(idle.message).toMatch(/^ERR An LFU maxmemory policy is selected/);
    const beyond = await errorOf(redis.restore("b", 0, dump, { frequency: 256 }));
    expect(beyond.message).toBe("ERR Invalid FREQ value, must be >= 0 and <= 255");
    const both = { frequency: 1, idleTime: 1 };
    expect((await errorOf(redis.restore("b", 0, dump, both))).message).toBe("ERR syntax error");
  });
});
