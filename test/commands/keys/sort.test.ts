import { beforeEach, expect, it } from "vitest";
import { DataError, ResponseError } from "../../../src/index.js";
import { describeClients } from "../../support/clients.js";
import { sharedServer } from "../../support/server.js";
import { errorOf } from "../../support/settle.js";

const server = await sharedServer();
beforeEach(() => server.command("FLUSHALL"));

const RAW = Buffer.from([0xff, 0x00]);

describeClients("SORT and SORT_RO", server, ({ redis, t, decoding }) => {
  const texts = (...words: string[]) => words.map(t);

  it.each(["sort", "sortRo"] as const)("%s orders numbers and text", async (command) => {
    await redis.rpush("l", 10, 2, -1, "3.5");
    expect(await redis[command]("l")).toEqual(texts("-1", "2", "3.5", "10"));
    expect(await redis[command]("l", {})).toEqual(texts("-1", "2", "3.5", "10"));
    expect(await redis[command]("l", { desc: true })).toEqual(texts("10", "3.5", "2", "-1"));
    expect(await redis[command]("l", { alpha: true })).toEqual(texts("-1", "10", "2", "3.5"));
    expect(await redis[command]("l", { start: 1, num: 2 })).toEqual(texts("2", "3.5"));
    expect(await redis[command]("l", { by: "nosort" })).toEqual(texts("10", "2", "-1", "3.5"));
    expect(await redis[command]("l", { desc: true, start: 0, num: 1 })).toEqual(texts("10"));
    expect(await redis[command]("none")).toEqual([]);
  });

  it.each(["sort", "sortRo"] as const)("%s orders sets and sorted sets", async (command) => {
    await redis.sadd("s", "b", "a", "c");
    await redis.zadd("z", { 3: 1, 1: 2, 2: 3 });
    expect(await redis[command]("s", { alpha: true })).toEqual(texts("a", "b", "c"));
    expect(await redis[command]("z")).toEqual(texts("1", "2", "3"));
    expect(await redis[command]("z", { by: "nosort", desc: true })).toEqual(texts("2", "1", "3"));
  });

  it.each(["sort", "sortRo"] as const)(
    "%s orders by external keys and returns them with GET",
    async (command) => {
      await redis.rpush("l", 1, 2, 3);
      await redis.mset({ w_1: 30, w_2: 10, w_3: 20, o_1: "one", o_3: "three" });
      await redis.hset("h_1", { f: "x" });
      await redis.hset("h_2", { f: "y" });
      const by = "w_*";
      expect(await redis[command]("l", { by })).toEqual(texts("2", "3", "1"));
      expect(await redis[command]("l", { by, get: "o_*" })).toEqual([null, t("three"), t("one")]);
      expect(await redis[command]("l", { by, get: ["o_*"] })).toEqual([null, t("three"), t("one")]);
      expect(await redis[command]("l", { get: "h_*->f" })).toEqual([t("x"), t("y"), null]);
      expect(await redis[command]("l", { by, get: ["#", "o_*"] })).toEqual([
        ...[t("2"), null],
        ...[t("3"), t("three")],
        ...[t("1"), t("one")],
      ]);
      const groups = await redis[command]("l", { by, get: ["#", "o_*", "h_*->f"], groups: true });
      expect(groups).toEqual([
        [t("2"), null, t("y")],
        [t("3"), t("three"), null],
        [t("1"), t("one"), t("x")],
      ]);
    },
  );

  it("SORT stores the result in a list", async () => {
    await redis.rpush("l", 3, 1, 2);
    expect(await redis.sort("l", { store: "sorted" })).toBe(3);
    expect(await redis.lrange("sorted", 0, -1)).toEqual(texts("1", "2", "3"));
    await redis.set("o_2", "two");
    const options = { get: ["#", "o_*"], groups: true, start: 1, num: 1, store: "sorted" } as const;
    expect(await redis.sort("l", options)).toBe(2);
    expect(await redis.lrange("sorted", 0, -1)).toEqual(texts("2", "two"));
    expect(await redis.sort("none", { store: "sorted" })).toBe(0);
    expect(await redis.exists("sorted")).toBe(0);
  });

  it("SORT returns bytes unchanged", async () => {
    await redis.rpush("l", RAW, "a");
    const sorted = redis.sort("l", { alpha: true });
    if (decoding === "bytes") expect(await sorted).toEqual([Buffer.from("a"), RAW]);
    else expect(await errorOf(sorted)).toMatchObject({ name: "DecodeError" });
  });

  it("SORT rejects values that cannot be sorted", async () => {
    await redis.set("string", "x");
    await redis.rpush("words", "a", "b");
    for (const command of ["sort", "sortRo"] as const) {
      const wrongType = await errorOf(redis[command]("string"));
      expect(wrongType).toBeInstanceOf(ResponseError);
      expect(wrongType).toMatchObject({ code: "WRONGTYPE" });
      const words = await errorOf(redis[command]("words"));
      expect(words).toBeInstanceOf(ResponseError);
      expect(words.message).toBe("ERR One or more scores can't be converted into double");
    }
  });

  it("SORT rejects options that exclude each other", async () => {
    const cases: [object, string][] = [
      [{ start: 1 }, 'options "start" and "num" must be given together'],
      [{ num: 1 }, 'options "start" and "num" must be given together'],
      [
        { get: "#", groups: true },
        'option "groups" needs option "get" to be an array of at least two patterns',
      ],
      [{ desc: 1 }, 'option "desc" must be a boolean, got a number'],
    ];
    for (const [options, message] of cases) {
      const sort = await errorOf(redis.sort("l", options));
      expect(sort).toBeInstanceOf(DataError);
      expect(sort.message).toBe(`SORT: ${message}`);
      expect((await errorOf(redis.sortRo("l", options))).message).toBe(`SORT_RO: ${message}`);
    }
    const store: object = { store: "x" };
    expect((await errorOf(redis.sortRo("l", store))).message).toMatch(/unknown option "store"/);
  });
});
