import { beforeEach, expect, it } from "vitest";
import { DataError } from "../../../src/index.js";
import { describeClients } from "../../support/clients.js";
import { whenBlocked } from "../../support/data-types.js";
import { sharedServer } from "../../support/server.js";
import { errorOf } from "../../support/settle.js";

const server = await sharedServer();
beforeEach(() => server.command("FLUSHALL"));

/** Timeout in seconds, longer than any test: the test must end the wait. */
const LONG = 25;
/** Shortest timeout that is not 0, in seconds. */
const SHORT = 0.02;

describeClients("blocking sorted set commands", server, ({ redis, t }) => {
  it("return existing members immediately", async () => {
    await redis.zadd("z", { a: -Infinity, b: 0.1, c: 2, d: 3, e: 4, f: Infinity });
    expect(await redis.bzpopmin(["none", "z"], LONG)).toEqual([t("z"), t("a"), -Infinity]);
    expect(await redis.bzpopmax("z", LONG)).toEqual([t("z"), t("f"), Infinity]);
    expect(await redis.bzpopmin("z")).toEqual([t("z"), t("b"), 0.1]);
    expect(await redis.bzpopmax(new Set(["none", "z"]))).toEqual([t("z"), t("e"), 4]);
    expect(await redis.bzmpop(LONG, 2, ["none", "z"], { min: true })).toEqual([
      t("z"),
      [[t("c"), 2]],
    ]);
    await redis.zadd("z", { g: Infinity });
    expect(await redis.bzmpop(LONG, 1, "z", { max: true, count: 9 })).toEqual([
      t("z"),
      [
        [t("g"), Infinity],
        [t("d"), 3],
      ],
    ]);
    expect(await redis.exists("z")).toBe(0);
  });

  it("return null at their timeout", async () => {
    expect(await redis.bzpopmin(["a", "b"], SHORT)).toBeNull();
    expect(await redis.bzpopmax("a", SHORT)).toBeNull();
    expect(await redis.bzmpop(SHORT, 2, ["a", "b"], { max: true })).toBeNull();
    // No waiting client is left that could take the member.
    expect(await redis.zadd("a", { kept: 1 })).toBe(1);
    expect(await redis.zrange("a", 0, -1)).toEqual([t("kept")]);
  });

  it.each([
    ["bzpopmin", () => redis.bzpopmin(["other", "z"], LONG), [t("z"), t("low"), -Infinity]],
    ["bzpopmin without a limit", () => redis.bzpopmin("z"), [t("z"), t("low"), -Infinity]],
    ["bzpopmax", () => redis.bzpopmax(["other", "z"], LONG), [t("z"), t("high"), 0.1]],
    [
      "bzmpop",
      () => redis.bzmpop(LONG, 2, ["other", "z"], { max: true, count: 2 }),
      [
        t("z"),
        [
          [t("high"), 0.1],
          [t("low"), -Infinity],
        ],
      ],
    ],
  ] as const)(
    "%s waits for another client and delays no other command",
    async (_name, call, reply) => {
      const waiting = call();
      await whenBlocked(server, 1);
      expect(await redis.set("meanwhile", "1")).toBe(true);
      await server.command("ZADD", "z", "-inf", "low", "0.1", "high");
      expect(await waiting).toEqual(reply);
    },
  );

  it("reject an invalid timeout before anything is sent", async () => {
    expect(await errorOf(redis.bzpopmin("z", -1))).toBeInstanceOf(DataError);
    expect(await errorOf(redis.bzpopmax("z", Number.NaN))).toBeInstanceOf(DataError);
    expect(await errorOf(redis.bzmpop(Infinity, 1, "z", { min: true }))).toBeInstanceOf(DataError);
    expect(await errorOf(redis.bzmpop(1, 2, "z", { min: true }))).toBeInstanceOf(DataError);
  });
});
