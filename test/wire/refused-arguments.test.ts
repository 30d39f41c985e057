/** What a refused argument may not do: disturb other commands, or keep the program from ending. */
import { expect, test } from "vitest";
import { DataError, Redis } from "../../src/index.js";
import { mockServer } from "../support/mock-server.js";
import { echo, watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

test("an argument whose inspection throws does not affect other commands", async () => {
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

/** Sockets that keep the process from ending. */
const holding = () =>
  process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;

test.each<[string, (redis: Redis) => Promise<unknown>]>([
  ["on the shared connection", (redis) => redis.set("k", undefined as unknown as string)],
  ["by executeCommand", (redis) => redis.executeCommand("GET", undefined)],
  ["as text that cannot be encoded", (redis) => redis.get("\ud800")],
])("a rejected argument does not keep the process alive: %s", async (_, refused) => {
  await using mock = await mockServer(echo);
  await using redis = new Redis({ port: mock.port });
  await redis.ping();
  const idle = holding();
  const failed = expect(refused(redis)).rejects.toThrow(DataError);
  expect(holding()).toBe(idle);
  await failed;
  // As the other side is in this process, it has to be seen that a command does hold it.
  const answered = redis.get("a");
  expect(holding()).toBe(idle + 1);
  await answered;
  expect(holding()).toBe(idle);
});
