/** Replies cut at every byte: none is delivered incomplete, and none reaches the next command. */
import { expect, it } from "vitest";
import { Redis } from "../../src/index.js";
import { startProxy } from "../support/fault-proxy.js";
import { describeProtocols } from "../support/protocols.js";
import { sharedServer, uniquePrefix } from "../support/server.js";
import { DEFAULT_DEADLINES, kindOf, type Settled, settle } from "../support/settle.js";

const server = await sharedServer();

describeProtocols("a nested reply", (protocol) => {
  const key = uniquePrefix();
  const OPERATIONS: [string, (redis: Redis) => Promise<unknown>, unknown][] = [
    [
      "of a script",
      (redis) => redis.executeCommand("EVAL", "return {1,{'two',{3,{},false}},{{}},'four'}", 0),
      [1, ["two", [3, [], null]], [[]], "four"],
    ],
    [
      "of a transaction",
      (redis) => redis.pipeline().hgetall(`${key}hash`).get(`${key}none`).lrange(key, 0, -1).exec(),
      [expect.objectContaining({ a: "1", b: "2" }), null, ["x", "y"]],
    ],
  ];

  it.each(OPERATIONS)(
    "%s returns the whole value or rejects when its reply is cut at any byte",
    async (_, run, value) => {
      await server.command("DEL", key);
      await server.command("RPUSH", key, "x", "y");
      await server.command("HSET", `${key}hash`, "a", "1", "b", "2");
      await using proxy = await startProxy(server);
      await using redis = new Redis(proxy.url, { ...DEFAULT_DEADLINES, protocol });
      await redis.connect();
      const before = proxy.forwarded.down;
      expect(await run(redis)).toEqual(value);
      const size = proxy.forwarded.down - before;
      expect(size).toBeGreaterThan(30);
      for (let n = 1; n < size; n++) {
        proxy.down.cutAfter(n, { how: n % 2 ? "rst" : "fin" });
        const [ending, after] = await Promise.all([settle(run(redis)), settle(redis.get("own"))]);
        expect(shown(ending), `cut after ${n} bytes`).toBe("ConnectionError unknown");
        expect(shown(after)).toBe("ConnectionError unknown");
        await redis.set("own", n);
        expect(await redis.get("own")).toBe(String(n));
      }
    },
  );
});

function shown(ending: Settled<unknown>): string {
  return ending.ok ? `the value ${JSON.stringify(ending.value)}` : kindOf(ending.error);
}
