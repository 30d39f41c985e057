import { expect, test } from "vitest";
import { describeTextAndBytes } from "../../support/command-clients.js";
import { startServer } from "../../support/server.js";

const server = await startServer();

describeTextAndBytes("connection commands since Redis 7.2", server, ({ text, both }) => {
  test("CLIENT SETINFO sets library name and version", async () => {
    for (const redis of both) {
      expect(await redis.clientSetinfo("LIB-NAME", "mine")).toBe(true);
      expect(await redis.clientSetinfo("lib-ver", "1.2.3")).toBe(true);
      expect(await redis.clientInfo()).toMatchObject({ "lib-name": "mine", "lib-ver": "1.2.3" });
    }
  });

  test("CLIENT NO-TOUCH keeps the access time of keys", async () => {
    for (const redis of both) {
      await using session = redis.client();
      expect(await session.clientNoTouch("ON")).toBe(true);
      expect((await session.clientInfo()).flags).toContain("T");
      expect(await session.clientNoTouch("OFF")).toBe(true);
      expect((await session.clientInfo()).flags).toBe("N");
    }
  });

  test("CLIENT KILL filters by maximum age", async () => {
    for (const redis of both) {
      await using session = text.client();
      const id = await session.clientId();
      expect(await redis.clientKillFilter({ id, maxAge: 3_600 })).toBe(0);
      expect((await redis.clientList({ clientId: id })).length).toBe(1);
    }
  });
});
