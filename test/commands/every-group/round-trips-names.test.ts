import { beforeEach, expect, it } from "vitest";
import { describeClients } from "../../support/clients.js";
import { sharedServer } from "../../support/server.js";

const server = await sharedServer();
beforeEach(() => server.command("FLUSHALL"));

/** Names with a meaning in JavaScript, in an order that objects do not keep. */
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
/** In the order of an object: integer-like names come first. */
const IN_OBJECTS = ["1", "10", ...NAMES.filter((name) => name !== "1" && name !== "10")];

describeClients(
  "names with a meaning in JavaScript (__proto__, constructor, toString)",
  server,
  ({ redis, t, protocol }) => {
    const pairs = NAMES.map((name) => [name, `value of ${name}`] as const);
    const expected = pairs.map(([name, value]) => [t(name), t(value)]);

    /** The names are the only own properties, and nothing is inherited. */
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

    it("round-trip as hash fields, as an object and as pairs", async () => {
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

    it("round-trip in hashes set from objects, with own properties only", async () => {
      const own = Object.fromEntries(pairs);
      expect(await redis.hset("h", own)).toBe(NAMES.length);
      expectSafe(await redis.hgetall("h"));
      expect(await redis.hset("copy", await redis.hgetall("h"))).toBe(NAMES.length);
      expectSafe(await redis.hgetall("copy"));
      const inheriting = Object.assign(Object.create({ inherited: "no" }), { a: "1" });
      expect(await redis.hset("own", inheriting)).toBe(1);
      expect(await redis.hkeys("own")).toEqual([t("a")]);
    });

    it("round-trip as hash fields in transactions and pipelines", async () => {
      await redis.hset("h", pairs);
      for (const transaction of [true, false]) {
        const [record] = await redis.pipeline({ transaction }).hgetall("h").exec();
        expectSafe(record);
      }
    });

    it("round-trip as fields of stream entries", async () => {
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

    it("round-trip as keys, members, groups and channels", async () => {
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

    it("are safe in CONFIG and COMMAND replies, whose objects have no prototype", async () => {
      const config = await redis.configGet("maxmemory*", "constructor");
      expect(Object.getPrototypeOf(config)).toBeNull();
      expect(Object.hasOwn(config, "maxmemory")).toBe(true);
      expect(config.constructor).toBeUndefined();
      expect(config.toString).toBeUndefined();
      const docs = await redis.commandDocs("get", "constructor");
      expect(Object.getPrototypeOf(docs)).toBeNull();
      expect(Reflect.ownKeys(docs)).toEqual(["get"]);
    });

    it("are safe in replies of scripts and unknown commands", async () => {
      await redis.hset("h", pairs);
      const script = "redis.setresp(3) return redis.call('HGETALL', KEYS[1])";
      // Lua keeps no order; RESP2 has no maps, RESP3 returns one with keys of any type.
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
