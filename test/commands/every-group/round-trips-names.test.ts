import { beforeEach, expect, it } from "vitest";
import { describeClients } from "../../support/clients.js";
import { sharedServer } from "../../support/server.js";

const server = await sharedServer();
beforeEach(() => server.command("FLUSHALL"));

/** Names that mean something to JavaScript, in an order that its objects do not keep. */
const NAMES = [
  "toString",
  "__proto__",
  "10",
  "constructor",
  "",
  "1",
  "hasOwnProperty",
  "-1",
  "length",
  "01",
  "valueOf",
  "then",
];
/** As an object has them: what looks like an index comes first. */
const IN_OBJECTS = ["1", "10", ...NAMES.filter((name) => name !== "1" && name !== "10")];

describeClients(
  "field names that mean something to JavaScript",
  server,
  ({ redis, t, protocol }) => {
    const pairs = NAMES.map((name) => [name, `value of ${name}`] as const);
    const expected = pairs.map(([name, value]) => [t(name), t(value)]);

    /** Every name is an own property and nothing else is one, nor inherited. */
    function expectSafe(record: unknown): void {
      expect(record).toBeTypeOf("object");
      const object = record as Record<string, unknown>;
      expect(Object.getPrototypeOf(object)).toBeNull();
      expect(Reflect.ownKeys(object)).toEqual(IN_OBJECTS);
      for (const [name, value] of pairs) {
        const property = Object.getOwnPropertyDescriptor(object, name);
        expect(property?.value, name).toEqual(t(value));
        expect(property?.enumerable, name).toBe(true);
      }
      expect(Reflect.ownKeys(Object.getPrototypeOf({}))).not.toContain("1");
    }

    it("of hashes, as an object and as pairs", async () => {
      expect(await redis.hset("h", new Map(pairs))).toBe(NAMES.length);
      expectSafe(await redis.hgetall("h"));
      const [, fields] = await redis.hscan("h");
      expectSafe(fields);
      expect(await redis.hscan("h", 0, { pairs: true })).toEqual(["0", expected]);
      expect(await redis.hkeys("h")).toEqual(NAMES.map(t));
      expect(await redis.hmget("h", NAMES)).toEqual(expected.map(([, value]) => value));
      const picked = await redis.hrandfield("h", 99, { withValues: true });
      expect(picked).toHaveLength(NAMES.length);
      expect(picked).toEqual(expect.arrayContaining(expected));
      const walked: unknown[] = [];
      for await (const pair of redis.hscanIter("h")) walked.push(pair);
      expect(walked).toEqual(expected);
    });

    it("of hashes set from objects, own properties only", async () => {
      const own = Object.fromEntries(pairs);
      expect(await redis.hset("h", own)).toBe(NAMES.length);
      expectSafe(await redis.hgetall("h"));
      expect(await redis.hset("copy", await redis.hgetall("h"))).toBe(NAMES.length);
      expectSafe(await redis.hgetall("copy"));
      const inheriting = Object.assign(Object.create({ inherited: "no" }), { a: "1" });
      expect(await redis.hset("own", inheriting)).toBe(1);
      expect(await redis.hkeys("own")).toEqual([t("a")]);
    });

    it("of hashes in a transaction and in a pipeline", async () => {
      await redis.hset("h", pairs);
      for (const transaction of [true, false]) {
        const [record] = await redis.pipeline({ transaction }).hgetall("h").exec();
        expectSafe(record);
      }
    });

    it("of stream entries, wherever they come from", async () => {
      await redis.xadd("x", pairs, { id: "1-0" });
      await redis.xgroupCreate("x", "g", 0);
      const batches = [
        await redis.xrange("x"),
        await redis.xrevrange("x"),
        (await redis.xread({ x: 0 }))[0]?.[1],
        (await redis.xreadgroup("g", "c", { x: ">" }))[0]?.[1],
        (await redis.xreadgroup("g", "c", { x: 0 }))[0]?.[1],
        await redis.xclaim("x", "g", "d", 0, "1-0"),
        (await redis.xautoclaim("x", "g", "e", 0))[1],
        [(await redis.xinfoStream("x"))["first-entry"]],
      ];
      for (const entries of batches) {
        expect(entries).toHaveLength(1);
        expect(entries?.[0]?.[0]).toEqual(t("1-0"));
        expectSafe(entries?.[0]?.[1]);
      }
      const asPairs = { pairs: true } as const;
      expect(await redis.xrange("x", "-", "+", asPairs)).toEqual([[t("1-0"), expected]]);
      expect(await redis.xread({ x: 0 }, asPairs)).toEqual([[t("x"), [[t("1-0"), expected]]]]);
    });

    it("of keys, members, groups and channels", async () => {
      await redis.mset(pairs);
      expect(await redis.mget(NAMES)).toEqual(expected.map(([, value]) => value));
      await redis.flushall();
      const scores = NAMES.map((name, score) => [name, score] as const);
      await redis.zadd("z", new Map(scores));
      expect(await redis.zrange("z", 0, -1, { withScores: true })).toEqual(
        scores.map(([name, score]) => [t(name), score]),
      );
      expect(await redis.zadd("object", Object.fromEntries(scores))).toBe(NAMES.length);
      expect(await redis.zmscore("object", NAMES)).toEqual(NAMES.map((_, score) => score));
      expect(await redis.zunion({ ["__proto__"]: 2, z: 3 }, { withScores: true })).toEqual(
        scores.map(([name, score]) => [t(name), score * 3]),
      );
      for (const name of NAMES) await redis.xadd(name, { f: "v" }, { id: "1-0" });
      const streams = await redis.xread(new Map(NAMES.map((name) => [name, 0])));
      expect(streams.map(([name]) => name)).toEqual(NAMES.map(t));
      const [read] = await redis.xread(Object.fromEntries([["__proto__", "0"]]));
      expect(read?.[0]).toEqual(t("__proto__"));
      expect(await redis.pubsubNumsub(NAMES)).toEqual(NAMES.map((name) => [t(name), 0]));
    });

    it("of configuration and commands, whose objects inherit nothing", async () => {
      const config = await redis.configGet("maxmemory*", "constructor");
      expect(Object.getPrototypeOf(config)).toBeNull();
      expect(Object.hasOwn(config, "maxmemory")).toBe(true);
      expect(config.constructor).toBeUndefined();
      expect(config.toString).toBeUndefined();
      const docs = await redis.commandDocs("get", "constructor");
      expect(Object.getPrototypeOf(docs)).toBeNull();
      expect(Reflect.ownKeys(docs)).toEqual(["get"]);
    });

    it("of what scripts and unknown commands give", async () => {
      await redis.hset("h", pairs);
      const script = "redis.setresp(3) return redis.call('HGETALL', KEYS[1])";
      // Lua keeps no order; RESP2 has no maps, RESP3 gives one with keys of any kind.
      const reply = await redis.eval<unknown>(script, 1, "h");
      if (protocol === 3) {
        expect(reply).toBeInstanceOf(Map);
        expect([...(reply as Map<unknown, unknown>)]).toEqual(expect.arrayContaining(expected));
      } else {
        expect(reply).toEqual(expect.arrayContaining(expected.flat()));
        expect(reply).toHaveLength(2 * NAMES.length);
      }
      expectSafe(await redis.executeCommand("HGETALL", "h"));
    });
  },
);
