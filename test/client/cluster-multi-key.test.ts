/** Commands with several keys on a real cluster: executed when the keys are in one slot, refused otherwise. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ClusterCrossSlotError, RedisCluster } from "../../src/index.js";
import type { TestCluster } from "../../src/testing/index.js";
import { startCluster } from "../support/cluster.js";
import { errorOf } from "../support/settle.js";

let servers: TestCluster;
let cluster: RedisCluster;

beforeAll(async () => {
  servers = await startCluster({ primaries: 3 });
  cluster = new RedisCluster({ startupNodes: servers.addresses });
});
afterAll(async () => {
  await cluster.close();
  await servers.stop();
});
beforeEach(async () => {
  await cluster.flushall();
});

/** Return the key of a short name; names are "a", "b" and "to". */
type KeyOf = (name: string) => string;
/** Fills keys, then executes the command. */
type Call = (c: RedisCluster, k: KeyOf) => Promise<unknown>;

const ONE_SLOT: KeyOf = (name) => `{user}${name}`;
/** The hash tags are the names, whose slots belong to different nodes. */
const THREE_SLOTS: KeyOf = (name) => name;

const strings = async (c: RedisCluster, k: KeyOf): Promise<void> => {
  await c.set(k("a"), "one");
  await c.set(k("b"), "two");
};
const lists = async (c: RedisCluster, k: KeyOf): Promise<void> => {
  await c.rpush(k("a"), "1", "2");
};
const sets = async (c: RedisCluster, k: KeyOf): Promise<void> => {
  await c.sadd(k("a"), "1", "2");
  await c.sadd(k("b"), "2", "3");
};
const sorted = async (c: RedisCluster, k: KeyOf): Promise<void> => {
  await c.zadd(k("a"), { one: 1, two: 2 });
  await c.zadd(k("b"), { two: 5 });
};
const places = async (c: RedisCluster, k: KeyOf): Promise<void> => {
  await c.geoadd(k("a"), [[13.4, 52.5, "Berlin"]]);
};

/** Scores of a sorted set that a command has stored. */
const stored = async (c: RedisCluster, key: string, count: Promise<number>): Promise<unknown> => [
  await count,
  await c.zrange(key, 0, -1, { withScores: true }),
];

type Fill = (c: RedisCluster, k: KeyOf) => Promise<void>;

const CALLS: readonly (readonly [name: string, fill: Fill, call: Call, expected: unknown])[] = [
  ["MGET", strings, (c, k) => c.mget(k("a"), k("b")), ["one", "two"]],
  ["MSET", strings, (c, k) => c.mset({ [k("a")]: 1, [k("b")]: 2 }), true],
  ["MSETNX", strings, (c, k) => c.msetnx({ [k("a")]: 1, [k("to")]: 2 }), false],
  ["COPY", strings, (c, k) => c.copy(k("a"), k("to")), true],
  ["COPY REPLACE", strings, (c, k) => c.copy(k("a"), k("b"), { replace: true }), true],
  ["RENAME", strings, (c, k) => c.rename(k("a"), k("b")), true],
  ["RENAMENX", strings, (c, k) => c.renamenx(k("a"), k("b")), false],
  ["BITOP OR", strings, (c, k) => c.bitop("OR", k("to"), k("a"), k("b")), 3],
  ["BITOP NOT", strings, (c, k) => c.bitop("NOT", k("to"), k("a")), 3],
  ["LMOVE", lists, (c, k) => c.lmove(k("a"), k("b"), "LEFT", "RIGHT"), "1"],
  ["BLMOVE", lists, (c, k) => c.blmove(k("a"), k("b"), 1, "RIGHT", "LEFT"), "2"],
  ["RPOPLPUSH", lists, (c, k) => c.rpoplpush(k("a"), k("b")), "2"],
  ["BRPOPLPUSH", lists, (c, k) => c.brpoplpush(k("a"), k("b"), 1), "2"],
  ["BLPOP", lists, (c, k) => c.blpop([k("b"), k("a")], 1), ["{user}a", "1"]],
  ["BRPOP", lists, (c, k) => c.brpop([k("b"), k("a")], 1), ["{user}a", "2"]],
  [
    "LMPOP",
    lists,
    (c, k) => c.lmpop(2, [k("b"), k("a")], { direction: "LEFT" }),
    ["{user}a", ["1"]],
  ],
  ["SDIFF", sets, (c, k) => c.sdiff(k("a"), k("b")), new Set(["1"])],
  ["SDIFFSTORE", sets, (c, k) => c.sdiffstore(k("to"), k("a"), k("b")), 1],
  ["SINTER", sets, (c, k) => c.sinter(k("a"), k("b")), new Set(["2"])],
  ["SINTERCARD", sets, (c, k) => c.sintercard(2, [k("a"), k("b")]), 1],
  ["SINTERSTORE", sets, (c, k) => c.sinterstore(k("to"), k("a"), k("b")), 1],
  ["SUNION", sets, (c, k) => c.sunion(k("a"), k("b")), new Set(["1", "2", "3"])],
  ["SUNIONSTORE", sets, (c, k) => c.sunionstore(k("to"), k("a"), k("b")), 3],
  ["SMOVE", sets, (c, k) => c.smove(k("a"), k("b"), "1"), true],
  ["ZDIFF", sorted, (c, k) => c.zdiff([k("a"), k("b")]), ["one"]],
  ["ZDIFFSTORE", sorted, (c, k) => c.zdiffstore(k("to"), [k("a"), k("b")]), 1],
  ["ZINTER", sorted, (c, k) => c.zinter([k("a"), k("b")]), ["two"]],
  ["ZUNION", sorted, (c, k) => c.zunion([k("a"), k("b")]), ["one", "two"]],
  ...(["SUM", "MIN", "MAX"] as const).map(
    (aggregate) =>
      [
        `ZINTERSTORE ${aggregate}`,
        sorted,
        (c: RedisCluster, k: KeyOf) =>
          stored(c, k("to"), c.zinterstore(k("to"), [k("a"), k("b")], { aggregate })),
        [1, [["two", { SUM: 7, MIN: 2, MAX: 5 }[aggregate]]]],
      ] as const,
  ),
  ...(["SUM", "MIN", "MAX"] as const).map(
    (aggregate) =>
      [
        `ZUNIONSTORE ${aggregate}`,
        sorted,
        (c: RedisCluster, k: KeyOf) =>
          stored(c, k("to"), c.zunionstore(k("to"), [k("a"), k("b")], { aggregate })),
        [
          2,
          [
            ["one", 1],
            ["two", { SUM: 7, MIN: 2, MAX: 5 }[aggregate]],
          ],
        ],
      ] as const,
  ),
  [
    "ZUNIONSTORE with weights",
    sorted,
    (c, k) => stored(c, k("to"), c.zunionstore(k("to"), { [k("a")]: 10, [k("b")]: 1 })),
    [
      2,
      [
        ["one", 10],
        ["two", 25],
      ],
    ],
  ],
  ["BZPOPMAX", sorted, (c, k) => c.bzpopmax([k("b"), k("a")], 1), ["{user}b", "two", 5]],
  ["BZPOPMIN", sorted, (c, k) => c.bzpopmin([k("a"), k("b")], 1), ["{user}a", "one", 1]],
  ["ZRANGESTORE", sorted, (c, k) => c.zrangestore(k("to"), k("a"), 0, -1), 2],
  ["PFCOUNT", () => Promise.resolve(), (c, k) => c.pfcount(k("a"), k("b")), 0],
  ["PFMERGE", () => Promise.resolve(), (c, k) => c.pfmerge(k("to"), k("a"), k("b")), true],
  ["SORT STORE", lists, (c, k) => c.sort(k("a"), { store: k("to"), desc: true }), 2],
  [
    "GEOSEARCHSTORE",
    places,
    (c, k) =>
      c.geosearchstore(k("to"), k("a"), { longitude: 13, latitude: 52, unit: "km", radius: 100 }),
    1,
  ],
  [
    "GEORADIUS STORE",
    places,
    (c, k) => c.georadius(k("a"), 13, 52, 100, { unit: "km", store: k("to") }),
    1,
  ],
];

describe("a command with several keys on a real cluster", () => {
  it.each(CALLS)("is executed in one slot: %s", async (_, fill, call, expected) => {
    await fill(cluster, ONE_SLOT);
    expect(await call(cluster, ONE_SLOT)).toEqual(expected);
  });

  it.each(CALLS)(
    "is refused for keys in different slots before it is sent: %s",
    async (_, fill, call) => {
      await fill(cluster, THREE_SLOTS);
      const error = await errorOf(call(cluster, THREE_SLOTS));
      expect(error).toBeInstanceOf(ClusterCrossSlotError);
      expect(error.message).toContain("has keys in different slots");
    },
  );

  it.each(["LMOVEM", "BLMOVEM"])("is refused for keys in different slots: %s", async (name) => {
    const call = cluster.executeCommand(name, "a", "b", "LEFT", "RIGHT", "1");
    expect(await errorOf(call)).toBeInstanceOf(ClusterCrossSlotError);
  });

  it("is executed in a pipeline and in a transaction when its keys are in one slot", async () => {
    const [a, b, to] = ["a", "b", "to"].map(ONE_SLOT) as [string, string, string];
    for (const transaction of [false, true]) {
      await cluster.flushall();
      const values = await cluster
        .pipeline({ transaction })
        .mset({ [a]: 1, [b]: 2 })
        .mget(a, b)
        .rename(a, to)
        .renamenx(to, b)
        .unlink(b, to)
        .sadd(a, "1", "2")
        .sadd(b, "2")
        .sdiffstore(to, a, b)
        .smove(a, b, "1")
        .sort(b, { store: to })
        .del(a, b, to)
        .pfmerge(to, a)
        .exec();
      expect(values).toEqual([true, ["1", "2"], true, false, 2, 2, 1, 1, true, 2, 3, true]);
    }
  });
});
