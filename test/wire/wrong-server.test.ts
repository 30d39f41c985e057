/** Error replies which show that a host name leads to another server now. */
import { describe, expect, it } from "vitest";
import { type ClientOptions, ReadOnlyError, type Redis } from "../../src/index.js";
import { mockServer, type Peer } from "../support/mock-server.js";
import { errorOf, kindOf } from "../support/settle.js";
import { clientOf, echo, watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

const READONLY = "-READONLY You can't write against a read only replica.\r\n";

/** A replica: refuses SET and EVAL with `reply`. */
const refuseWrites = (reply: string) => async (peer: Peer) => {
  for await (const [name, key = ""] of peer.commands()) {
    const isWrite = name === "SET" || name === "EVAL" || name === "BLPOP";
    peer.send(isWrite ? reply : `$${key.length}\r\n${key}\r\n`);
  }
};

async function clientOfFailover(reply: string, options: ClientOptions = {}) {
  const mock = await mockServer([refuseWrites(reply), echo, echo]);
  return { mock, redis: clientOf(mock, options) };
}

describe("an error reply that shows the wrong server", () => {
  it.each([
    ["READONLY with retryReadonly: false", READONLY, { retryReadonly: false }],
    ["MASTERDOWN", "-MASTERDOWN Link with MASTER is down\r\n", {}],
  ])(
    "%s rejects the command, and the next command gets a new connection",
    async (_, reply, options) => {
      const { mock, redis } = await clientOfFailover(reply, options);
      await redis.get("a");
      expect((await errorOf(redis.set("b", "1"))).code).toBe(reply.slice(1, reply.indexOf(" ")));
      expect(await redis.set("b", "2")).toBe(true);
      expect(mock.connections).toBe(2);
      redis.disconnect();
      await mock[Symbol.asyncDispose]();
    },
  );

  it("leaves the connection of a blocking command that was unblocked by it", async () => {
    const reply =
      "-UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)\r\n";
    const { mock, redis } = await clientOfFailover(reply);
    expect((await errorOf(redis.blpop("list", 0))).code).toBe("UNBLOCKED");
    expect(await redis.set("b", "2")).toBe(true);
    expect(mock.connections).toBe(2);
    redis.disconnect();
    await mock[Symbol.asyncDispose]();
  });

  it("does not affect commands that are pending on the connection", async () => {
    const { mock, redis } = await clientOfFailover(READONLY, { retryReadonly: false });
    const refused = errorOf(redis.set("a", "1"));
    const others = [redis.get("b"), redis.get("c")];
    expect(kindOf(await refused)).toBe("ReadOnlyError");
    expect(await Promise.all(others)).toEqual(["b", "c"]);
    redis.disconnect();
    await mock[Symbol.asyncDispose]();
  });

  it("sends the command again over a new connection with retryOnError", async () => {
    const options = { retryReadonly: false, retryOnError: [ReadOnlyError] };
    const { mock, redis } = await clientOfFailover(READONLY, options);
    await redis.get("a");
    expect(await redis.set("b", "1")).toBe(true);
    expect(mock.peers.map(({ received }) => received)).toEqual([
      [
        ["GET", "a"],
        ["SET", "b", "1"],
      ],
      [["SET", "b", "1"]],
    ]);
    redis.disconnect();
    await mock[Symbol.asyncDispose]();
  });

  it("ends the connection of the client() that received it", async () => {
    const { mock, redis } = await clientOfFailover(READONLY);
    await using session = redis.client();
    expect(kindOf(await errorOf(session.set("a", "1")))).toBe("ReadOnlyError");
    expect(kindOf(await errorOf(session.set("a", "2")))).toBe("ConnectionError not-sent");
    expect(await session.set("a", "3")).toBe(true);
    redis.disconnect();
    await mock[Symbol.asyncDispose]();
  });

  it.each<[string, string, (redis: Redis) => Promise<unknown>]>([
    ["a script's own text", "-READONLY my text\r\n", (redis) => redis.eval("x", 0)],
    [
      "CLIENT UNBLOCK",
      "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n",
      (redis) => redis.set("a", "1"),
    ],
    ["another error", "-OOM command not allowed\r\n", (redis) => redis.set("a", "1")],
  ])("does not include %s", async (_, reply, call) => {
    await using mock = await mockServer(refuseWrites(reply));
    await using redis = clientOf(mock);
    await errorOf(call(redis));
    await redis.get("a");
    expect(mock.connections).toBe(1);
  });

  it("opens few connections for a client that writes to a replica on purpose", async () => {
    await using mock = await mockServer(refuseWrites(READONLY));
    await using redis = clientOf(mock);
    const start = performance.now();
    for (let n = 0; n < 50; n++)
      expect(kindOf(await errorOf(redis.set("a", "1")))).toBe("ReadOnlyError");
    expect(await redis.get("a")).toBe("a");
    // The pauses between two connections are at least 75, 150, 300 … ms.
    const pauses = Math.floor(Math.log2((performance.now() - start) / 75 + 1));
    expect(mock.connections).toBeLessThanOrEqual(2 + pauses);
    expect(mock.connections).toBeGreaterThan(1);
  });
});
