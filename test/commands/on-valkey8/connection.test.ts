import { expect, test } from "vitest";
import { describeTextAndBytes } from "../../support/command-clients.js";
import { startServer } from "../../support/server.js";

const server = await startServer();

describeTextAndBytes("connection commands of Valkey 8", server, ({ both }) => {
  test("CLIENT CAPA sets capabilities", async () => {
    for (const redis of both) {
      await using session = redis.client();
      expect(await session.clientCapa("redirect")).toBe(true);
      expect(await session.clientCapa(["redirect", "something-new"])).toBe(true);
    }
  });

  test("CLIENT LIST and KILL accept primary and replica as types", async () => {
    for (const redis of both) {
      expect(await redis.clientList({ type: "primary" })).toEqual([]);
      expect(await redis.clientKillFilter({ type: "PRIMARY" })).toBe(0);
    }
  });
});
