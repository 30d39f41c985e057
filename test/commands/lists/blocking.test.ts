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

describeClients("blocking list commands", server, ({ redis, t }) => {
  it("return existing elements immediately", async () => {
    await redis.rpush("b", "1", "2", "3", "4", "5", "6", "7", "8");
    expect(await redis.blpop(["a", "b"], LONG)).toEqual([t("b"), t("1")]);
    expect(await redis.brpop("b", LONG)).toEqual([t("b"), t("8")]);
    expect(await redis.blpop("b")).toEqual([t("b"), t("2")]);
    expect(await redis.brpop(new Set(["a", "b"]))).toEqual([t("b"), t("7")]);
    expect(await redis.blmove("b", "c", LONG)).toEqual(t("3"));
    expect(await redis.blmove("b", "c", LONG, "right", "LEFT")).toEqual(t("6"));
    expect(await redis.lrange("c", 0, -1)).toEqual([t("6"), t("3")]);
    expect(await redis.brpoplpush("c", "b", LONG)).toEqual(t("3"));
    expect(await redis.brpoplpush("c", "b")).toEqual(t("6"));
    expect(await redis.blmpop(LONG, 2, ["c", "b"], { direction: "LEFT" })).toEqual([
      t("b"),
      [t("6")],
    ]);
    expect(await redis.blmpop(LONG, 1, "b", { direction: "RIGHT", count: 9 })).toEqual([
      t("b"),
      [t("5"), t("4"), t("3")],
    ]);
    expect(await redis.exists("a", "b", "c")).toBe(0);
  });

  it("return null at their timeout", async () => {
    expect(await redis.blpop(["a", "b"], SHORT)).toBeNull();
    expect(await redis.brpop("a", SHORT)).toBeNull();
    expect(await redis.blmove("a", "b", SHORT)).toBeNull();
    expect(await redis.brpoplpush("a", "b", SHORT)).toBeNull();
    expect(await redis.blmpop(SHORT, 1, "a", { direction: "LEFT" })).toBeNull();
    // No waiting client is left that could take the element.
    expect(await redis.rpush("a", "kept")).toBe(1);
    expect(await redis.lrange("a", 0, -1)).toEqual([t("kept")]);
  });

  it.each([
    ["blpop", () => redis.blpop(["other", "l"], LONG), [t("l"), t("1")]],
    ["blpop without a limit", () => redis.blpop("l"), [t("l"), t("1")]],
    ["brpop", () => redis.brpop(["other", "l"], LONG), [t("l"), t("2")]],
    ["blmove", () => redis.blmove("l", "to", LONG), t("1")],
    ["brpoplpush", () => redis.brpoplpush("l", "to", LONG), t("2")],
    [
      "blmpop",
      () => redis.blmpop(LONG, 2, ["other", "l"], { direction: "RIGHT", count: 2 }),
      [t("l"), [t("2"), t("1")]],
    ],
  ] as const)(
    "%s waits for another client and delays no other command",
    async (_name, call, reply) => {
      const waiting = call();
      await whenBlocked(server, 1);
      expect(await redis.set("meanwhile", "1")).toBe(true);
      await server.command("RPUSH", "l", "1", "2");
      expect(await waiting).toEqual(reply);
    },
  );

  it("are served in the order of their calls", async () => {
    const first = redis.blpop("l", LONG);
    await whenBlocked(server, 1);
    const second = redis.brpop("l", LONG);
    await whenBlocked(server, 2);
    expect(await redis.rpush("l", "1", "2", "3")).toBe(3);
    expect(await first).toEqual([t("l"), t("1")]);
    expect(await second).toEqual([t("l"), t("3")]);
    expect(await redis.lrange("l", 0, -1)).toEqual([t("2")]);
  });

  it("reject an invalid timeout before anything is sent", async () => {
    expect(await errorOf(redis.blpop("l", -1))).toBeInstanceOf(DataError);
    expect(await errorOf(redis.brpop("l", Number.NaN))).toBeInstanceOf(DataError);
    expect(await errorOf(redis.blmove("l", "m", Infinity))).toBeInstanceOf(DataError);
    expect(await errorOf(redis.blpop([], 1))).toBeInstanceOf(DataError);
    expect(await errorOf(redis.blmpop(1, 2, "l", { direction: "LEFT" }))).toBeInstanceOf(DataError);
  });
});
