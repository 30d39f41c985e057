/** Rejected calls on the wire: nothing of them is written, and the connection serves the next call. */
import { describe, expect, it } from "vitest";
import { DataError, type Redis } from "../../src/index.js";
import { bulk, mockServer, type Peer } from "../support/mock-server.js";
import { encodeCommand } from "../support/resp.js";
import { errorOf } from "../support/settle.js";
import { clientOf, watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

/** Reply to GET with the key, and to a transaction with an empty array. */
const answering = async (peer: Peer): Promise<void> => {
  for await (const [name, key = ""] of peer.commands()) {
    if (name === "GET") peer.send(bulk(key));
    else if (name === "EXEC") peer.send("*1\r\n$1\r\nk\r\n");
    else peer.send(name === "MULTI" ? "+OK\r\n" : "+QUEUED\r\n");
  }
};

/** A call with arguments that the types forbid. */
type Call = readonly [method: string, ...args: unknown[]];

function call(host: object, [method, ...args]: Call): PromiseLike<unknown> {
  return Reflect.apply(Reflect.get(host, method), host, args) as PromiseLike<unknown>;
}

const CALLS: readonly (readonly [...words: string[], call: Call])[] = [
  ['"key"', ["get", undefined]],
  ['"key"', ["get", "\ud800"]],
  ['"value"', ["set", "k", { a: 1 }]],
  ['"nx"', '"xx"', ["set", "k", "v", { nx: true, xx: true }]],
  ['"mapping"', ["mset", {}]],
  ['"keys"', ["del", []]],
  ['"value of mapping[1]"', ["hset", "k", { e: 1, f: null }]],
  ['"time"', ["hexpire", "k", 0.5, "f"]],
  ['"values[1]"', ["lpush", "k", Buffer.alloc(10_000), true]],
  ['"timeout"', ["blpop", "k", Number.NaN]],
  ['"members[0]"', ["sadd", "k", [Symbol("s")]]],
  ['"mapping"', ["zadd", "k", { m: "high" }]],
  ['"places"', ["geoadd", "k", [1, 2]]],
  ['"fields"', ["xadd", "k", { f: new Date(0) }]],
  ['"streams"', ["xread", [], { block: 0 }]],
  ['"offset"', ["setbit", "k", -1, 1]],
  ['"numKeys"', ["eval", "return 1", 3, "k"]],
  ['"library"', ["functionDelete", null]],
  ['"passwords"', ["aclSetuser", "u", { passwords: ["s3cret"] }]],
  ['"id"', ["clientKillFilter", { id: "5.0" }]],
  ['"value"', ["configSet", "maxmemory"]],
  ['"slots"', ["clusterAddslots", "1.0"]],
  ['"vector"', ["vadd", "k", [], "e"]],
  ['"message"', ["publish", "c", { a: 1 }]],
  ["argument 2", ["executeCommand", "NEWER", "a", {}, "b"]],
  ["argument 2", ["executeCommand", "NEWER", "a", { id: 1 }]],
  ['"values[1]"', ["executeCommand", "RPUSH", "l", "a", { id: 1 }]],
  ['"name"', ["executeCommand", undefined]],
];

describe("a rejected call", () => {
  it.each(CALLS.map((row) => [String(row.at(-1)?.[0]), row] as const))(
    "%s %#: writes nothing and affects no other command",
    async (_, row) => {
      const words = row.slice(0, -1);
      const bad = row.at(-1) as Call;
      await using mock = await mockServer(answering);
      await using redis = clientOf(mock);
      const before = redis.get("before");
      const error = errorOf(call(redis, bad));
      const after = redis.get("after");
      expect(await Promise.all([before, after])).toEqual(["before", "after"]);
      expect(await error).toBeInstanceOf(DataError);
      for (const word of words) expect((await error).message).toContain(word);
      expect((await error).message).not.toContain("s3cret");
      expect(mock.peers[0]?.bytes).toEqual(
        Buffer.concat([encodeCommand(["GET", "before"]), encodeCommand(["GET", "after"])]),
      );
      expect(mock.connections).toBe(1);
    },
  );

  it("does not connect", async () => {
    await using mock = await mockServer([]);
    await using redis = clientOf(mock);
    expect((await errorOf(call(redis, ["get", null]))).message).toContain('"key"');
    expect((await errorOf(call(redis, ["mset", {}]))).message).toContain('"mapping"');
    expect(mock.connections).toBe(0);
  });
});

describe("a batch with a rejected command", () => {
  const bad: readonly Call[] = [
    ["get", undefined],
    ["set", "k", "v", { ex: 1, px: 1 }],
    ["lpush", "k", []],
    ["hset", "k", { f: null }],
    ["executeCommand", "RPUSH", "l", "a", { id: 1 }],
  ];
  const kinds = [true, false].flatMap((transaction) =>
    bad.map((one) => [transaction ? "transaction" : "pipeline", one[0], transaction, one] as const),
  );

  it.each(kinds)("%s, %s: is not sent", async (_, __, transaction, one) => {
    await using mock = await mockServer(answering);
    await using redis = clientOf(mock);
    const error = await errorOf(batchWith(redis, transaction, one));
    expect(error).toBeInstanceOf(DataError);
    expect(await redis.get("after")).toBe("after");
    expect(mock.received).toEqual([["GET", "after"]]);
  });

  async function batchWith(redis: Redis, transaction: boolean, one: Call): Promise<unknown> {
    const pipeline = redis.pipeline({ transaction }).set("a", "1");
    call(pipeline, one);
    return await pipeline.incr("n").exec();
  }
});

describe("a rejected BITFIELD operation", () => {
  it("prevents the other operations from being sent", async () => {
    await using mock = await mockServer(answering);
    await using redis = clientOf(mock);
    const bits = redis.bitfield("k").set("u8", 0, 1);
    call(bits, ["get", "u65", 0]);
    expect((await errorOf(bits.execute())).message).toContain('"encoding"');
    expect(await redis.get("after")).toBe("after");
    expect(mock.received).toEqual([["GET", "after"]]);
  });
});
