import { beforeEach, expect, it } from "vitest";
import { DataError } from "../../../src/index.js";
import { describeClients } from "../../support/clients.js";
import { expectWrongType, sorted } from "../../support/data-types.js";
import { sharedServer } from "../../support/server.js";
import { errorOf } from "../../support/settle.js";

const server = await sharedServer();
beforeEach(() => server.command("FLUSHALL"));

describeClients("set members", server, ({ redis, t }) => {
  it("SADD adds members in every argument form, each once", async () => {
    expect(await redis.sadd("s", "a")).toBe(1);
    expect(await redis.sadd("s", "a", ["b", 3], new Set([4.5, 5n]))).toBe(4);
    expect(await redis.sadd("s", Buffer.from("b"))).toBe(0);
    const members = await redis.smembers("s");
    expect(members).toBeInstanceOf(Set);
    expect(sorted(members)).toEqual(["3", "4.5", "5", "a", "b"].map(t));
    expect(await redis.scard("s")).toBe(5);
    expect(await errorOf(redis.sadd("s", []))).toBeInstanceOf(DataError);
  });

  it("SMEMBERS returns integers as text, whatever the encoding of the set", async () => {
    await redis.sadd("s", 1, 2, 3, "9223372036854775807");
    expect(sorted(await redis.smembers("s"))).toEqual(
      ["1", "2", "3", "9223372036854775807"].map(t),
    );
    expect(await redis.sismember("s", 9223372036854775807n)).toBe(true);
  });

  it("SISMEMBER, SMISMEMBER and SCARD check and count members", async () => {
    await redis.sadd("s", "a", "b");
    expect(await redis.sismember("s", "a")).toBe(true);
    expect(await redis.sismember("s", "none")).toBe(false);
    expect(await redis.smismember("s", "a", ["none", "b"])).toEqual([1, 0, 1]);
    expect(await redis.smismember("none", "a", "b")).toEqual([0, 0]);
  });

  it("SREM removes members, and the set with its last member", async () => {
    await redis.sadd("s", "a", "b", "c");
    expect(await redis.srem("s", "a", ["none"])).toBe(1);
    expect(await redis.srem("s", new Set(["b", "c"]))).toBe(2);
    expect(await redis.srem("s", "a")).toBe(0);
    expect(await redis.exists("s")).toBe(0);
  });

  it("SMOVE moves a member between sets", async () => {
    await redis.sadd("a", "x", "y");
    await redis.sadd("b", "y");
    expect(await redis.smove("a", "b", "x")).toBe(true);
    expect(await redis.smove("a", "b", "x")).toBe(false);
    expect(await redis.smove("a", "b", "y")).toBe(true);
    expect(await redis.smove("none", "b", "y")).toBe(false);
    expect(await redis.exists("a")).toBe(0);
    expect(sorted(await redis.smembers("b"))).toEqual([t("x"), t("y")]);
  });

  it("SPOP removes random members", async () => {
    const all = [t("a"), t("b"), t("c"), t("d")];
    await redis.sadd("s", "a", "b", "c", "d");
    const first = await redis.spop("s");
    expect(all).toContainEqual(first);
    const more = await redis.spop("s", 2);
    expect(Array.isArray(more)).toBe(true);
    expect(more).toHaveLength(2);
    expect(await redis.spop("s", 0)).toEqual([]);
    const rest = await redis.spop("s", 9);
    expect(rest).toHaveLength(1);
    expect(sorted([first ?? "", ...more, ...rest])).toEqual(all);
    expect(await redis.spop("s")).toBeNull();
    expect(await redis.spop("s", 2)).toEqual([]);
    expect(await errorOf(redis.spop("s", -1))).toBeInstanceOf(DataError);
  });

  it("SRANDMEMBER returns random members", async () => {
    const all = [t("a"), t("b"), t("c")];
    await redis.sadd("s", "a", "b", "c");
    expect(all).toContainEqual(await redis.srandmember("s"));
    const picked = await redis.srandmember("s", 9);
    expect(Array.isArray(picked)).toBe(true);
    expect(sorted(picked)).toEqual(all);
    expect(new Set((await redis.srandmember("s", 2)).map(String)).size).toBe(2);
    const repeated = await redis.srandmember("s", -20);
    expect(repeated).toHaveLength(20);
    for (const member of repeated) expect(all).toContainEqual(member);
    expect(await redis.srandmember("s", 0)).toEqual([]);
    expect(await redis.srandmember("none")).toBeNull();
    expect(await redis.srandmember("none", 2)).toEqual([]);
    expect(await redis.scard("s")).toBe(3);
  });

  it("reading a missing set returns null, empty or zero", async () => {
    const members = await redis.smembers("none");
    expect(members).toBeInstanceOf(Set);
    expect(members.size).toBe(0);
    expect(await redis.scard("none")).toBe(0);
    expect(await redis.sismember("none", "a")).toBe(false);
    expect(await redis.srem("none", "a")).toBe(0);
    expect(await redis.sscan("none")).toEqual(["0", []]);
    expect(await redis.exists("none")).toBe(0);
  });

  it("set commands reject keys of another type", async () => {
    await redis.set("string", "x");
    await redis.sadd("s", "a");
    await expectWrongType({
      sadd: () => redis.sadd("string", "a"),
      scard: () => redis.scard("string"),
      smembers: () => redis.smembers("string"),
      sismember: () => redis.sismember("string", "a"),
      smismember: () => redis.smismember("string", "a"),
      srem: () => redis.srem("string", "a"),
      smove: () => redis.smove("s", "string", "a"),
      spop: () => redis.spop("string"),
      "spop count": () => redis.spop("string", 1),
      srandmember: () => redis.srandmember("string"),
      "srandmember count": () => redis.srandmember("string", 1),
      sscan: () => redis.sscan("string"),
      sscanIter: () => redis.sscanIter("string").next(),
      sdiff: () => redis.sdiff("s", "string"),
      sdiffstore: () => redis.sdiffstore("to", "s", "string"),
      sinter: () => redis.sinter("s", "string"),
      sintercard: () => redis.sintercard(2, ["s", "string"]),
      sinterstore: () => redis.sinterstore("to", "s", "string"),
      sunion: () => redis.sunion("s", "string"),
      sunionstore: () => redis.sunionstore("to", "s", "string"),
    });
    expect(await redis.exists("to")).toBe(0);
  });
});

describeClients("combined sets", server, ({ redis, t }) => {
  beforeEach(async () => {
    await redis.sadd("a", "1", "2", "3", "4");
    await redis.sadd("b", "3", "4", "5");
    await redis.sadd("c", "4", "x");
  });

  it("SDIFF, SINTER and SUNION return a Set", async () => {
    const difference = await redis.sdiff("a", "b");
    expect(difference).toBeInstanceOf(Set);
    expect(sorted(difference)).toEqual([t("1"), t("2")]);
    expect(sorted(await redis.sdiff("a", ["b", "none"]))).toEqual([t("1"), t("2")]);
    expect((await redis.sdiff("none", "a")).size).toBe(0);
    expect(sorted(await redis.sinter("a", "b"))).toEqual([t("3"), t("4")]);
    expect(sorted(await redis.sinter(["a", "b", "c"]))).toEqual([t("4")]);
    const nothing = await redis.sinter("a", "none");
    expect(nothing).toBeInstanceOf(Set);
    expect(nothing.size).toBe(0);
    expect(sorted(await redis.sunion("b", ["c"]))).toEqual(["3", "4", "5", "x"].map(t));
    expect((await redis.sunion("none", "nothing")).size).toBe(0);
  });

  it("SINTERCARD counts the intersection", async () => {
    expect(await redis.sintercard(2, ["a", "b"])).toBe(2);
    expect(await redis.sintercard(2, ["a", "b"], { limit: 1 })).toBe(1);
    expect(await redis.sintercard(2, ["a", "b"], { limit: 0 })).toBe(2);
    expect(await redis.sintercard(1, "a")).toBe(4);
    expect(await redis.sintercard(2, ["a", "none"])).toBe(0);
    expect(await errorOf(redis.sintercard(1, ["a", "b"]))).toBeInstanceOf(DataError);
  });

  it("SDIFFSTORE, SINTERSTORE and SUNIONSTORE store the result, and delete the target when it is empty", async () => {
    expect(await redis.sdiffstore("to", "a", "b")).toBe(2);
    expect(sorted(await redis.smembers("to"))).toEqual([t("1"), t("2")]);
    expect(await redis.sinterstore("to", ["a", "b"])).toBe(2);
    expect(sorted(await redis.smembers("to"))).toEqual([t("3"), t("4")]);
    expect(await redis.sunionstore("to", "b", "c")).toBe(4);
    expect(sorted(await redis.smembers("to"))).toEqual(["3", "4", "5", "x"].map(t));
    expect(await redis.sinterstore("to", "a", "none")).toBe(0);
    expect(await redis.exists("to")).toBe(0);
    expect(await redis.sdiffstore("to", "none", "a")).toBe(0);
    expect(await redis.sunionstore("to", "none")).toBe(0);
    expect(await errorOf(redis.sunionstore("to", []))).toBeInstanceOf(DataError);
  });
});

describeClients("SSCAN", server, ({ redis, t }) => {
  it("returns a small set in one call", async () => {
    await redis.sadd("s", "a", "b", "bb");
    const [cursor, members] = await redis.sscan("s");
    expect(cursor).toBe("0");
    expect(sorted(members)).toEqual([t("a"), t("b"), t("bb")]);
    expect(await redis.sscan("s", 0, { match: "?b", count: 10 })).toEqual(["0", [t("bb")]]);
    expect(await redis.sscan("s", 0n, { match: "z" })).toEqual(["0", []]);
  });

  it("iterates over a large set", async () => {
    const names = Array.from({ length: 700 }, (_, n) => `m${n}`);
    await redis.sadd("s", names);
    const seen = new Set<string>();
    let cursor = "0";
    let calls = 0;
    do {
      const [next, batch] = await redis.sscan("s", cursor, { count: 50 });
      for (const member of batch) seen.add(String(member));
      cursor = next;
      calls += 1;
    } while (cursor !== "0");
    expect(calls).toBeGreaterThan(5);
    expect(seen).toEqual(new Set(names));
    const walked = new Set<string>();
    for await (const member of redis.sscanIter("s", { match: "m69?", count: 50 })) {
      expect(member).toEqual(t(String(member)));
      walked.add(String(member));
    }
    expect(walked).toEqual(new Set(names.filter((name) => /^m69.$/.test(name))));
  });
});
