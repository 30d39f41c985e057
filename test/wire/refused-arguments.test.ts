/** What a refused argument may not do: disturb other commands, or keep the program from ending. */
import { expect, test } from "vitest";
import { DataError, Redis } from "../../src/index.js";
import { mockServer } from "../support/mock-server.js";
import { echo, watchEveryTest } from "./support.js";

watchEveryTest();

test("an argument that cannot be looked at leaves the commands beside it alone", async () => {
  await using mock = await mockServer(echo);
  await using redis = new Redis({ port: mock.port });
  await redis.ping();
  const { proxy, revoke } = Proxy.revocable(Buffer.from("x"), {});
  revoke();
  const before = redis.get("a");
  await expect(redis.set("k", proxy)).rejects.toThrow(DataError);
  const all = await Promise.all([before, redis.get("b")]);
  expect(all).toEqual(["a", "b"]);
});
