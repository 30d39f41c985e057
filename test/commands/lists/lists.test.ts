import { beforeEach, expect, it } from "vitest";
import { DataError, ResponseError } from "../../../src/index.js";
import { describeClients } from "../../support/clients.js";
import { expectWrongType } from "../../support/data-types.js";
import { sharedServer } from "../../support/server.js";
import { errorOf } from "../../support/settle.js";

const server = await sharedServer();
beforeEach(() => server.command("FLUSHALL"));

describeClients("list elements", server, ({ redis, t }) => {
  const all = (key: string) => redis.lrange(key, 0, -1);

  it("LPUSH and RPUSH add elements, in every argument form", async () => {
    expect(await redis.rpush("l", "a")).toBe(1);
    expect(await redis.rpush("l", "b", ["c", 4], new Set([5.5, 6n]))).toBe(6);
    expect(await redis.lpush("l", "x", Buffer.from("y"))).toBe(8);
    expect(await all("l")).toEqual(["y", "x", "a", "b", "c", "4", "5.5", "6"].map(t));
    expect(await redis.llen("l")).toBe(8);
    expect(await errorOf(redis.rpush("l"))).toBeInstanceOf(DataError);
    expect(await errorOf(redis.lpush("l", []))).toBeInstanceOf(DataError);
    expect(await redis.llen("l")).toBe(8);
  });

  it("LPUSHX and RPUSHX add elements only to an existing list", async () => {
    expect(await redis.lpushx("l", "a")).toBe(0);
    expect(await redis.rpushx("l", "a", "b")).toBe(0);
    expect(await redis.exists("l")).toBe(0);
    await redis.rpush("l", "m");
    expect(await redis.lpushx("l", "a", ["b"])).toBe(3);
    expect(await redis.rpushx("l", ["y", "z"])).toBe(5);
    expect(await all("l")).toEqual(["b", "a", "m", "y", "z"].map(t));
  });

  it("LPOP and RPOP remove one element or several", async () => {
    await redis.rpush("l", "a", "b", "c", "d", "e");
    expect(await redis.lpop("l")).toEqual(t("a"));
    expect(await redis.rpop("l")).toEqual(t("e"));
    expect(await redis.lpop("l", 1)).toEqual([t("b")]);
    expect(await redis.lpop("l", 0)).toEqual([]);
    expect(await redis.rpop("l", 0)).toEqual([]);
    expect(await redis.rpop("l", 9)).toEqual([t("d"), t("c")]);
    expect(await redis.exists("l")).toBe(0);
    expect(await redis.lpop("l")).toBeNull();
    expect(await redis.rpop("l")).toBeNull();
    expect(await redis.lpop("l", 2)).toBeNull();
    expect(await redis.rpop("l", 2)).toBeNull();
    expect(await errorOf(redis.lpop("l", -1))).toBeInstanceOf(DataError);
  });

  it("LINDEX, LRANGE, LSET and LLEN read and write by position", async () => {
    await redis.rpush("l", "a", "b", "c");
    expect(await redis.lindex("l", 0)).toEqual(t("a"));
    expect(await redis.lindex("l", -1)).toEqual(t("c"));
    expect(await redis.lindex("l", 3)).toBeNull();
    expect(await redis.lset("l", -2, "B")).toBe(true);
    expect(await redis.lrange("l", 1, 1)).toEqual([t("B")]);
    expect(await redis.lrange("l", 2, 1)).toEqual([]);
    expect(await redis.lrange("l", -2, 99n)).toEqual([t("B"), t("c")]);
    expect(await errorOf(redis.lset("l", 9, "x"))).toMatchObject({
      name: "ResponseError",
      message: "ERR index out of range",
    });
    expect(await errorOf(redis.lset("none", 0, "x"))).toMatchObject({ message: "ERR no such key" });
  });

  it("LINSERT inserts before or after an element", async () => {
    await redis.rpush("l", "a", "b");
    expect(await redis.linsert("l", "BEFORE", "b", "x")).toBe(3);
    expect(await redis.linsert("l", "after", "b", "y")).toBe(4);
    expect(await redis.linsert("l", "AFTER", "none", "z")).toBe(-1);
    expect(await redis.linsert("none", "before", "b", "x")).toBe(0);
    expect(await all("l")).toEqual(["a", "x", "b", "y"].map(t));
  });

  it("LREM and LTRIM remove by value and by range", async () => {
    await redis.rpush("l", "a", "b", "a", "c", "a", "a");
    expect(await redis.lrem("l", 1, "a")).toBe(1);
    expect(await redis.lrem("l", -2, "a")).toBe(2);
    expect(await all("l")).toEqual(["b", "a", "c"].map(t));
    expect(await redis.lrem("l", 0, "a")).toBe(1);
    expect(await redis.lrem("l", 0, "none")).toBe(0);
    await redis.rpush("l", "d", "e");
    expect(await redis.ltrim("l", 1, -2)).toBe(true);
    expect(await all("l")).toEqual(["c", "d"].map(t));
    expect(await redis.ltrim("l", 5, 9)).toBe(true);
    expect(await redis.exists("l")).toBe(0);
    expect(await redis.ltrim("l", 0, 1)).toBe(true);
  });

  it("LPOS finds positions of an element", async () => {
    await redis.rpush("l", "a", "b", "a", "c", "a");
    expect(await redis.lpos("l", "a")).toBe(0);
    expect(await redis.lpos("l", "a", { rank: 2 })).toBe(2);
    expect(await redis.lpos("l", "a", { rank: -1 })).toBe(4);
    expect(await redis.lpos("l", "none")).toBeNull();
    expect(await redis.lpos("l", "a", { count: 2 })).toEqual([0, 2]);
    expect(await redis.lpos("l", "a", { count: 0, rank: -2 })).toEqual([2, 0]);
    expect(await redis.lpos("l", "a", { count: 0, maxLen: 3 })).toEqual([0, 2]);
    expect(await redis.lpos("l", "c", { maxLen: 3 })).toBeNull();
    expect(await redis.lpos("l", "none", { count: 0 })).toEqual([]);
    expect(await redis.lpos("none", "a")).toBeNull();
    expect(await redis.lpos("none", "a", { count: 1 })).toEqual([]);
    expect(await errorOf(redis.lpos("l", "a", { rank: 0 }))).toBeInstanceOf(ResponseError);
  });

  it("reading a missing list returns null, empty or zero", async () => {
    expect(await redis.llen("none")).toBe(0);
    expect(await redis.lindex("none", 0)).toBeNull();
    expect(await redis.lrange("none", 0, -1)).toEqual([]);
    expect(await redis.lrem("none", 0, "a")).toBe(0);
    expect(await redis.rpoplpush("none", "other")).toBeNull();
    expect(await redis.lmove("none", "other")).toBeNull();
    expect(await redis.lmpop(2, ["none", "other"], { direction: "LEFT" })).toBeNull();
    expect(await redis.exists("none", "other")).toBe(0);
  });

  it("LMOVE and RPOPLPUSH move elements between lists", async () => {
    await redis.rpush("a", "1", "2", "3", "4");
    expect(await redis.lmove("a", "b")).toEqual(t("1"));
    expect(await redis.lmove("a", "b", "RIGHT", "LEFT")).toEqual(t("4"));
    expect(await redis.lmove("a", "b", "right")).toEqual(t("3"));
    expect(await all("b")).toEqual(["4", "1", "3"].map(t));
    expect(await redis.rpoplpush("b", "a")).toEqual(t("3"));
    expect(await redis.rpoplpush("b", "b")).toEqual(t("1"));
    expect(await all("a")).toEqual(["3", "2"].map(t));
    expect(await all("b")).toEqual(["1", "4"].map(t));
  });

  it("LMPOP removes elements of the first list that is not empty", async () => {
    await redis.rpush("b", "1", "2", "3", "4");
    expect(await redis.lmpop(2, ["a", "b"], { direction: "LEFT" })).toEqual([t("b"), [t("1")]]);
    expect(await redis.lmpop(1, "b", { direction: "right", count: 2 })).toEqual([
      t("b"),
      [t("4"), t("3")],
    ]);
    expect(await redis.lmpop(1, ["b"], { direction: "LEFT", count: 9 })).toEqual([
      t("b"),
      [t("2")],
    ]);
    expect(await redis.exists("b")).toBe(0);
    const mistaken = redis.lmpop(3, ["a", "b"], { direction: "LEFT" });
    expect(await errorOf(mistaken)).toBeInstanceOf(DataError);
  });

  it("list commands reject keys of another type", async () => {
    await redis.sadd("set", "x");
    await redis.rpush("l", "a");
    await expectWrongType({
      rpush: () => redis.rpush("set", "a"),
      lpush: () => redis.lpush("set", "a"),
      rpushx: () => redis.rpushx("set", "a"),
      lpushx: () => redis.lpushx("set", "a"),
      rpop: () => redis.rpop("set"),
      lpop: () => redis.lpop("set"),
      "lpop count": () => redis.lpop("set", 2),
      llen: () => redis.llen("set"),
      lindex: () => redis.lindex("set", 0),
      lset: () => redis.lset("set", 0, "a"),
      lrange: () => redis.lrange("set", 0, -1),
      linsert: () => redis.linsert("set", "BEFORE", "a", "b"),
      lrem: () => redis.lrem("set", 0, "a"),
      ltrim: () => redis.ltrim("set", 0, 1),
      lpos: () => redis.lpos("set", "a"),
      lmove: () => redis.lmove("l", "set"),
      rpoplpush: () => redis.rpoplpush("set", "l"),
      lmpop: () => redis.lmpop(1, "set", { direction: "LEFT" }),
      blpop: () => redis.blpop("set", 1),
      brpop: () => redis.brpop(["none", "set"], 1),
      blmove: () => redis.blmove("set", "l", 1),
      brpoplpush: () => redis.brpoplpush("l", "set", 1),
      blmpop: () => redis.blmpop(1, 1, "set", { direction: "LEFT" }),
    });
    expect(await all("l")).toEqual([t("a")]);
    expect(await redis.scard("set")).toBe(1);
  });
});
