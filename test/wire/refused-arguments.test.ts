/** A rejected argument must not affect other commands or keep the process alive. */
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

/** Sockets that keep the process alive. */
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
  // The server is in this process, so this checks that a command's socket is counted.
  const answered = redis.get("a");
  expect(holding()).toBe(idle + 1);
  await answered;
  expect(holding()).toBe(idle);
});
