import { expect, test } from "vitest";
import { describeClients } from "../../support/command-clients.js";
import { startServer } from "../../support/server.js";

const server = await startServer();

describeClients("connection commands of Valkey", server, ({ both }) => {
  test("CLIENT CAPA", async () => {
    for (const redis of both) {
      await using session = redis.client();
      expect(await session.clientCapa("redirect")).toBe(true);
      expect(await session.clientCapa(["redirect", "something-new"])).toBe(true);
    }
  });

  test("the new words for master and replica", async () => {
    for (const redis of both) {
      expect(await redis.clientList({ type: "primary" })).toEqual([]);
      expect(await redis.clientKillFilter({ type: "PRIMARY" })).toBe(0);
    }
  });
});
