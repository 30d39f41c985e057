import { beforeEach, expect, it } from "vitest";
import { describeClients } from "../../support/clients.js";
import { sharedServer } from "../../support/server.js";

const server = await sharedServer();
beforeEach(() => server.command("FLUSHALL"));

/** Tomorrow, in whole seconds, so that seconds and milliseconds name the same moment. */
const tomorrow = new Date((Math.floor(Date.now() / 1000) + 86_400) * 1000);
const BYTES = Buffer.from([0xff, 0x00, 0x0d, 0x0a]);

describeClients("expiry of hash fields", server, ({ redis, t, decoding }) => {
  beforeEach(() => redis.hset("h", { a: "1", b: "2" }));

  it("HEXPIRE and HPEXPIRE set a time to live that HTTL and HPTTL return", async () => {
    expect(await redis.hexpire("h", 100, ["a", "none"])).toEqual([1, -2]);
    expect(await redis.httl("h", "a", "b", "none")).toEqual([100, -1, -2]);
    expect(await redis.hpexpire("h", 50_000, "b")).toEqual([1]);
    const [left = 0] = await redis.hpttl("h", "b");
    expect(left).toBeGreaterThan(40_000);
    expect(left).toBeLessThanOrEqual(50_000);
    expect(await redis.hexpire("none", 100, "a")).toEqual([-2]);
  });

  it("HEXPIREAT and HPEXPIREAT set a time that is read back exactly", async () => {
    const seconds = tomorrow.getTime() / 1000;
    expect(await redis.hexpireat("h", tomorrow, "a")).toEqual([1]);
    expect(await redis.hexpiretime("h", "a", "b", "none")).toEqual([seconds, -1, -2]);
    expect(await redis.hpexpireat("h", tomorrow.getTime() + 7, ["b"])).toEqual([1]);
    expect(await redis.hpexpiretime("h", ["a", "b"])).toEqual([
      tomorrow.getTime(),
      tomorrow.getTime() + 7,
    ]);
  });

  it("HEXPIRE sets an expiry only under its condition", async () => {
    expect(await redis.hexpire("h", 100, "a", { xx: true })).toEqual([0]);
    expect(await redis.hexpire("h", 100, "a", { nx: true })).toEqual([1]);
    expect(await redis.hpexpire("h", 50_000, "a", { gt: true })).toEqual([0]);
    expect(await redis.hpexpire("h", 50_000, "a", { lt: true })).toEqual([1]);
    expect(await redis.hexpireat("h", tomorrow, "a", { nx: true })).toEqual([0]);
    expect(await redis.hpexpireat("h", tomorrow, "a", { gt: true })).toEqual([1]);
  });

  it("a time in the past deletes the field", async () => {
    expect(await redis.hexpire("h", 0, "a")).toEqual([2]);
    expect(await redis.hexists("h", "a")).toBe(false);
  });

  it("HPERSIST removes the expiry", async () => {
    await redis.hexpire("h", 100, "a");
    expect(await redis.hpersist("h", "a", "b", "none")).toEqual([1, -1, -2]);
    expect(await redis.httl("h", "a")).toEqual([-1]);
  });

  it("HGETEX reads fields and changes their expiry", async () => {
    expect(await redis.hgetex("h", ["a", "none"], { ex: 100 })).toEqual([t("1"), null]);
    expect(await redis.httl("h", "a")).toEqual([100]);
    expect(await redis.hgetex("h", "a", { pxat: tomorrow })).toEqual([t("1")]);
    expect(await redis.hpexpiretime("h", "a")).toEqual([tomorrow.getTime()]);
    expect(await redis.hgetex("h", "a")).toEqual([t("1")]);
    expect(await redis.hgetex("h", new Set(["a"]), { persist: true })).toEqual([t("1")]);
    expect(await redis.httl("h", "a")).toEqual([-1]);
    expect(await redis.hgetex("none", "a")).toEqual([null]);
  });

  it("HSETEX sets fields together with their expiry", async () => {
    expect(await redis.hsetex("h", { a: "x", c: 3 }, { px: 50_000 })).toBe(1);
    expect(await redis.hmget("h", "a", "b", "c")).toEqual([t("x"), t("2"), t("3")]);
    expect(await redis.hsetex("h", { a: "y", d: 4 }, { fnx: true })).toBe(0);
    expect(await redis.hsetex("h", { a: "y", d: 4 }, { fxx: true })).toBe(0);
    expect(await redis.hsetex("h", [["a", "z"]], { fxx: true, keepTtl: true })).toBe(1);
    const [kept = 0, none] = await redis.hpttl("h", "a", "b");
    expect(kept).toBeGreaterThan(40_000);
    expect(none).toBe(-1);
    expect(await redis.hsetex("h", new Map([["a", "w"]]))).toBe(1);
    expect(await redis.httl("h", "a")).toEqual([-1]);
  });

  it("HGETDEL reads and deletes fields", async () => {
    expect(await redis.hgetdel("h", "a", "none")).toEqual([t("1"), null]);
    expect(await redis.hgetdel("h", ["b"])).toEqual([t("2")]);
    expect(await redis.exists("h")).toBe(0);
    expect(await redis.hgetdel("h", "a")).toEqual([null]);
  });

  it("field names may be bytes that are not UTF-8", async () => {
    expect(await redis.hsetex("h", new Map([[BYTES, BYTES]]), { ex: 100 })).toBe(1);
    expect(await redis.httl("h", BYTES)).toEqual([100]);
    expect(await redis.hexpire("h", 200, BYTES)).toEqual([1]);
    if (decoding === "bytes") expect(await redis.hgetdel("h", BYTES)).toEqual([BYTES]);
    else expect(await redis.hpersist("h", BYTES)).toEqual([1]);
  });
});
