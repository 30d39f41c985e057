import { beforeEach, expect, it } from "vitest";
import { describeClients } from "../../support/clients.js";
import { sharedServer } from "../../support/server.js";

const server = await sharedServer();
beforeEach(() => server.command("FLUSHALL"));

describeClients("options of Valkey 8", server, ({ redis, t }) => {
  it("ZSCAN returns members only with noScores", async () => {
    await redis.zadd("z", { a: 1, b: 2 });
    const [cursor, members] = await redis.zscan("z", "0", { noScores: true });
    expect(cursor).toBe("0");
    expect(members).toEqual([t("a"), t("b")]);
  });
});
