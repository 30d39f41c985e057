import { beforeEach, expect, it } from "vitest";
import { describeClients } from "../../support/clients.js";
import { sharedServer } from "../../support/server.js";

const server = await sharedServer();
beforeEach(() => server.command("FLUSHALL"));

describeClients("options since Redis 7.2 and 7.4", server, ({ redis, t }) => {
  it("ZRANK and ZREVRANK return the score with withScore", async () => {
    await redis.zadd("z", { low: 1.5, high: Infinity });
    expect(await redis.zrank("z", "low")).toBe(0);
    expect(await redis.zrank("z", "low", { withScore: true })).toEqual([0, 1.5]);
    expect(await redis.zrevrank("z", "high", { withScore: true })).toEqual([0, Infinity]);
    expect(await redis.zrevrank("z", "low", { withScore: false })).toBe(1);
    expect(await redis.zrank("z", "none", { withScore: true })).toBeNull();
  });

  it("HSCAN returns field names only with noValues", async () => {
    await redis.hset("h", { a: "1", b: "2" });
    const [cursor, names] = await redis.hscan("h", "0", { noValues: true, match: "[ab]" });
    expect(cursor).toBe("0");
    expect([...names].sort()).toEqual([t("a"), t("b")]);
  });
});
