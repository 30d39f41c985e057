import { beforeEach, expect, it } from "vitest";
import { DataError, DecodeError, type Redis } from "../../../src/index.js";
import { describeClients, type ModeTools } from "../../support/clients.js";
import { sorted } from "../../support/data-types.js";
import { sharedServer } from "../../support/server.js";
import { errorOf } from "../../support/settle.js";

const server = await sharedServer();
beforeEach(() => server.command("FLUSHALL"));

/** Every byte, bytes that look like RESP, and three kinds of invalid UTF-8. */
const ALL = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
const WIRE = Buffer.from("\r\n$3\r\nfoo\r\n*1\r\n-ERR x\r\n\xff", "latin1");
const BROKEN = Buffer.from([0xc3, 0x28, 0xed, 0xa0, 0x80, 0xf0, 0x9f]);
const ZERO = Buffer.from([0x80, 0x00]);
const VALUES = [ALL, WIRE, BROKEN, ZERO];
/** Each byte alone. */
const SINGLE = Array.from(ALL, (byte) => Buffer.from([byte]));

/** Helpers of one group of tests: how replies with invalid UTF-8 are returned in this mode. */
interface BytesTools extends ModeTools {
  /** A view that returns bytes in every mode. */
  readonly raw: Redis<Buffer>;
  /** Expect exactly these bytes from a client without decoding, and an error from a client with decoding. */
  comes(reply: () => Promise<unknown>, expected: unknown): Promise<void>;
}

function describeBytes(title: string, body: (tools: BytesTools) => void): void {
  describeClients(title, server, (tools) => {
    const raw = tools.redis.with({ decodeResponses: false });
    const comes = async (reply: () => Promise<unknown>, expected: unknown) => {
      if (tools.decoding === "bytes") return expect(await reply()).toEqual(expected);
      const error = await errorOf(reply());
      expect(error).toBeInstanceOf(DecodeError);
      // Only this reply is an error; the connection and other callers are not affected.
      expect(await tools.redis.echo("next")).toBe("next");
    };
    body({ ...tools, raw, comes });
  });
}

describeBytes("any bytes as keys and values", ({ redis, raw, comes }) => {
  it("strings round-trip under every mode", async () => {
    for (const value of VALUES) {
      expect(await redis.set(value, value)).toBe(true);
      await comes(() => redis.get(value), value);
      expect(await redis.strlen(value)).toBe(value.length);
      expect(await raw.getset(value, new Uint8Array(value))).toEqual(value);
      expect(await raw.set(value, ZERO, { get: true })).toEqual(value);
      expect(await redis.append(value, value)).toBe(value.length + 2);
      expect(await raw.getrange(value, 2, -1)).toEqual(value);
      expect(await redis.setrange(value, 0, value)).toBe(value.length + 2);
      expect(await raw.substr(value, 0, value.length - 1)).toEqual(value);
      expect(await raw.getex(value, { persist: true })).toHaveLength(value.length + 2);
      expect((await raw.getdel(value))?.subarray(0, value.length)).toEqual(value);
    }
    const pairs = SINGLE.map((byte) => [byte, byte] as const);
    expect(await redis.mset(pairs)).toBe(true);
    expect(await raw.mget(SINGLE)).toEqual(SINGLE);
    await comes(() => redis.mget(SINGLE), SINGLE);
    expect(await redis.msetnx(new Map([[ALL, ALL]]))).toBe(true);
    await redis.set(WIRE, Buffer.concat([ZERO, ALL]));
    expect(await raw.lcs(ALL, WIRE)).toEqual(ALL);
  });

  it("keys round-trip in keyspace commands", async () => {
    await redis.mset(SINGLE.map((byte) => [byte, "v"] as const));
    expect(sorted(await raw.keys("*"))).toEqual(SINGLE);
    await comes(async () => sorted(await redis.keys("*")), SINGLE);
    const walked: Buffer[] = [];
    for await (const key of raw.scanIter({ count: 100 })) walked.push(key);
    expect(sorted(new Map(walked.map((key) => [key.toString("hex"), key])).values())).toEqual(
      SINGLE,
    );
    expect(await redis.exists(SINGLE)).toBe(256);
    expect(await redis.delete(...SINGLE)).toBe(256);
    await redis.set(ALL, WIRE);
    expect(await raw.randomkey()).toEqual(ALL);
    expect(await raw.keys(Buffer.from("\x00*\xff", "latin1"))).toEqual([ALL]);
    const dump = await redis.dump(ALL);
    expect(await redis.restore(BROKEN, 0, dump ?? "")).toBe(true);
    expect(await redis.rename(BROKEN, ZERO)).toBe(true);
    expect(await redis.copy(ZERO, WIRE)).toBe(true);
    expect(await raw.get(WIRE)).toEqual(WIRE);
    expect(await redis.type(WIRE)).toBe("string");
  });

  it("hash fields and values round-trip", async () => {
    for (const value of VALUES) {
      expect(await redis.hset(value, new Map([[value, value]]))).toBe(1);
      await comes(() => redis.hget(value, value), value);
      await comes(() => redis.hmget(value, value, "none"), [value, null]);
      await comes(() => redis.hkeys(value), [value]);
      await comes(() => redis.hvals(value), [value]);
      await comes(() => redis.hscan(value, 0, { pairs: true }), ["0", [[value, value]]]);
      await comes(() => redis.hrandfield(value, 1, { withValues: true }), [[value, value]]);
      // Keys of objects are text, whatever the values are.
      expect(await errorOf(raw.hgetall(value))).toBeInstanceOf(DecodeError);
      expect(await redis.hstrlen(value, value)).toBe(value.length);
      expect(await redis.hsetnx(value, Buffer.concat([value, ALL]), value)).toBe(1);
      expect(await redis.hincrby(value, Buffer.concat([WIRE, value, ZERO]), 2)).toBe(2);
      expect(await redis.hdel(value, value)).toBe(1);
    }
    await redis.hset("h", { field: ALL });
    expect(await raw.hgetall("h")).toEqual({ field: ALL });
    await comes(() => redis.hgetall("h"), { field: ALL });
  });

  it("list elements round-trip", async () => {
    expect(await redis.rpush(ALL, VALUES)).toBe(4);
    await comes(() => redis.lrange(ALL, 0, -1), VALUES);
    await comes(() => redis.lindex(ALL, 2), BROKEN);
    expect(await redis.lpos(ALL, BROKEN)).toBe(2);
    expect(await redis.linsert(ALL, "BEFORE", ALL, ZERO)).toBe(5);
    expect(await redis.lset(ALL, 0, WIRE)).toBe(true);
    expect(await redis.lrem(ALL, 1, WIRE)).toBe(1);
    expect(await raw.lmove(ALL, WIRE)).toEqual(ALL);
    expect(await raw.rpoplpush(WIRE, BROKEN)).toEqual(ALL);
    expect(await raw.blpop([ZERO, BROKEN], 1)).toEqual([BROKEN, ALL]);
    expect(await raw.lmpop(2, [ZERO, ALL], { direction: "RIGHT", count: 9 })).toEqual([
      ALL,
      [ZERO, BROKEN, WIRE],
    ]);
    await redis.rpush("l", SINGLE);
    await comes(() => redis.lpop("l", 256), SINGLE);
  });

  it("set members round-trip", async () => {
    expect(await redis.sadd(ALL, SINGLE)).toBe(256);
    expect(sorted(await raw.smembers(ALL))).toEqual(SINGLE);
    await comes(async () => sorted(await redis.smembers(ALL)), SINGLE);
    expect(await redis.smismember(ALL, SINGLE)).toEqual(SINGLE.map(() => 1));
    expect(await redis.srem(ALL, SINGLE.slice(1))).toBe(255);
    expect(await redis.sadd(WIRE, VALUES)).toBe(4);
    expect(await redis.sismember(WIRE, BROKEN)).toBe(true);
    expect(sorted(await raw.sunion(ALL, WIRE))).toEqual(sorted([...VALUES, Buffer.from([0])]));
    expect(await redis.sdiffstore(BROKEN, WIRE, ALL)).toBe(4);
    expect(await redis.smove(BROKEN, ZERO, ALL)).toBe(true);
    await comes(() => redis.srandmember(ZERO), ALL);
    await comes(() => redis.sscan(ZERO), ["0", [ALL]]);
    expect(await raw.spop(ZERO)).toEqual(ALL);
  });

  it("sorted set members and scores round-trip", async () => {
    const members = SINGLE.map((byte) => [byte, 0] as const);
    expect(await redis.zadd(ALL, members)).toBe(256);
    expect(await raw.zrange(ALL, 0, -1)).toEqual(SINGLE);
    const [low, high] = [Buffer.from("[\x80", "latin1"), Buffer.from("(\x83", "latin1")];
    await comes(() => redis.zrangebylex(ALL, low, high), SINGLE.slice(0x80, 0x83));
    expect(await redis.zlexcount(ALL, low, high)).toBe(3);
    expect(await redis.zadd(WIRE, new Map(VALUES.map((value, n) => [value, n])))).toBe(4);
    const scored = VALUES.map((value, n) => [value, n]);
    await comes(() => redis.zrange(WIRE, 0, -1, { withScores: true }), scored);
    expect(await redis.zmscore(WIRE, VALUES)).toEqual([0, 1, 2, 3]);
    expect(await redis.zincrby(WIRE, 4, ALL)).toBe(4);
    expect(await redis.zrank(WIRE, ALL)).toBe(3);
    expect(await raw.zunion([[WIRE, 2] as const], { withScores: true })).toEqual([
      [WIRE, 2],
      [BROKEN, 4],
      [ZERO, 6],
      [ALL, 8],
    ]);
    expect(await redis.zrangestore(BROKEN, WIRE, 0, 1)).toBe(2);
    expect(await raw.bzpopmin([ZERO, BROKEN], 1)).toEqual([BROKEN, WIRE, 1]);
    expect(await raw.zmpop(1, BROKEN, { max: true })).toEqual([BROKEN, [[BROKEN, 2]]]);
    expect(await raw.zpopmax(WIRE)).toEqual([[ALL, 4]]);
  });

  it("stream entries round-trip", async () => {
    const entry = VALUES.map((value) => [value, value] as const);
    await redis.xadd(ALL, entry, { id: "1-0" });
    const pairs = { pairs: true } as const;
    const id = Buffer.from("1-0");
    await comes(() => redis.xrange(ALL, "-", "+", pairs), [[id, entry]]);
    expect(await raw.xread(new Map([[ALL, 0]]), pairs)).toEqual([[ALL, [[id, entry]]]]);
    expect(await redis.xgroupCreate(ALL, WIRE, 0)).toBe(true);
    expect(await raw.xreadgroup(WIRE, BROKEN, new Map([[ALL, ">"]]), pairs)).toEqual([
      [ALL, [[id, entry]]],
    ]);
    await comes(
      async () => (await redis.xpending(ALL, WIRE)).consumers,
      [{ name: BROKEN, pending: 1 }],
    );
    expect(await raw.xclaim(ALL, WIRE, ZERO, 0, id, pairs)).toEqual([[id, entry]]);
    expect((await raw.xinfoGroups(ALL))[0]?.name).toEqual(WIRE);
    expect(sorted((await raw.xinfoConsumers(ALL, WIRE)).map(({ name }) => name))).toEqual(
      sorted([BROKEN, ZERO]),
    );
    expect(await redis.xack(ALL, WIRE, id)).toBe(1);
  });

  it("GEO members, HyperLogLog elements and bitmaps round-trip", async () => {
    const around = { member: ALL, radius: 1 };
    expect(await redis.geoadd(WIRE, [10, 20, ALL, 10, 20, BROKEN])).toBe(2);
    const found = await raw.geosearch(WIRE, around);
    expect(sorted(found)).toEqual(sorted([ALL, BROKEN]));
    await comes(async () => sorted(await redis.geosearch(WIRE, around)), sorted([ALL, BROKEN]));
    expect(await redis.geodist(WIRE, ALL, BROKEN)).toBe(0);
    expect(await redis.geosearchstore(ZERO, WIRE, around)).toBe(2);

    expect(await redis.pfadd(ALL, SINGLE)).toBe(1);
    expect(await redis.pfcount(ALL)).toBeGreaterThan(240);
    expect(await redis.pfmerge(BROKEN, ALL)).toBe(true);

    await redis.set(ALL, ALL);
    for (const [bit, value] of [
      [2047, 1],
      [8 * 0x80, 1],
      [8 * 0x7f, 0],
    ] as const) {
      expect(await redis.getbit(ALL, bit), `bit ${bit}`).toBe(value);
    }
    expect(await redis.bitop("NOT", WIRE, ALL)).toBe(256);
    await comes(() => redis.get(WIRE), Buffer.from(ALL.map((byte) => 255 - byte)));
    expect(await redis.bitcount(ALL)).toBe(1024);
  });

  it("script arguments round-trip", async () => {
    const lua = "return {KEYS[1], ARGV[1], redis.call('SET', KEYS[1], ARGV[1])}";
    for (const value of VALUES) {
      await comes(() => redis.eval(lua, 1, value, value), [value, value, "OK"]);
      expect(await raw.get(value)).toEqual(value);
    }
    const sha = await redis.scriptLoad(lua);
    expect(await raw.evalsha(sha, 1, ALL, WIRE)).toEqual([ALL, WIRE, "OK"]);
    // A script is bytes too.
    const literal = Buffer.concat([Buffer.from("return '"), BROKEN, Buffer.from("'")]);
    await comes(() => redis.eval(literal, 0), BROKEN);
  });

  it("values round-trip in pipelines and transactions", async () => {
    for (const transaction of [true, false]) {
      const fill = redis.pipeline({ transaction }).set(ALL, WIRE).rpush(WIRE, VALUES);
      expect(await fill.exec()).toEqual([true, 4]);
      await comes(
        () => redis.pipeline({ transaction }).get(ALL).lrange(WIRE, 0, -1).exec(),
        [WIRE, VALUES],
      );
      expect(await raw.pipeline({ transaction }).get(ALL).llen(WIRE).exec()).toEqual([WIRE, 4]);
      await redis.delete(WIRE);
    }
  });
});

describeClients("text as keys and values", server, ({ redis, t }) => {
  const TEXTS = ["", " ", "\0", "\r\n", "é", "\u{1f600}", "\ufffd", "\ufeffmark", "a\u0301", "٣"];

  it("returns unchanged for every Unicode character", async () => {
    for (const text of TEXTS) {
      expect(await redis.set(text, text)).toBe(true);
      expect(await redis.get(text)).toEqual(t(text));
      await redis.hset("h", text, text);
      await redis.rpush("l", text);
      await redis.zadd("z", { [text]: 1 });
      await redis.xadd("x", [[text, text]]);
    }
    expect(sorted(await redis.keys("*"))).toEqual(sorted([...TEXTS, "h", "l", "z", "x"].map(t)));
    expect(await redis.lrange("l", 0, -1)).toEqual(TEXTS.map(t));
    expect(sorted(await redis.zrange("z", 0, -1))).toEqual(sorted(TEXTS.map(t)));
    const record = await redis.hgetall("h");
    expect(Object.keys(record)).toEqual(TEXTS);
    expect(Object.values(record)).toEqual(TEXTS.map(t));
    const entries = await redis.xrange("x");
    expect(entries.map(([, fields]) => Object.entries(fields))).toEqual(
      TEXTS.map((text) => [[text, t(text)]]),
    );
  });

  it("is rejected when it contains half of a surrogate pair", async () => {
    for (const lone of ["\ud800", "x\udc00y"]) {
      expect(await errorOf(redis.set("k", lone))).toBeInstanceOf(DataError);
      expect(await errorOf(redis.hset("h", { [lone]: 1 }))).toBeInstanceOf(DataError);
      expect(await errorOf(redis.get(lone))).toBeInstanceOf(DataError);
    }
    expect(await redis.dbsize()).toBe(0);
  });
});
