import { beforeEach, expect, it } from "vitest";
import { DataError, DecodeError, ResponseError } from "../../../src/index.js";
import { describeClients } from "../../support/clients.js";
import { Random, testSeed } from "../../support/random.js";
import { sharedServer } from "../../support/server.js";
import { errorOf } from "../../support/settle.js";

const server = await sharedServer();
beforeEach(() => server.command("FLUSHALL"));

const MAX = 2n ** 63n - 1n;
const MIN = -(2n ** 63n);
const SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const EXACT = [0n, 1n, -1n, SAFE, -SAFE];
const BEYOND = [SAFE + 1n, -SAFE - 1n, SAFE + 2n, 10n ** 18n + 1n, MAX, MIN];

/** Return a random double, from 64 random bits. */
function anyDouble(random: Random): number {
  for (;;) {
    const double = random.bytes(8).readDoubleLE();
    if (Number.isFinite(double)) return double;
  }
}

describeClients("integers in replies and arguments", server, ({ redis, t, protocol, decoding }) => {
  const exact = redis.with({ integers: "bigint" });

  it("are numbers when exact, and errors with every digit otherwise", async () => {
    for (const integer of [...EXACT, ...BEYOND]) {
      await redis.set("n", integer);
      const calls: Record<string, () => Promise<unknown>> = {
        incr: () => redis.incr("n", 0),
        incrby: () => redis.incrby("n", 0),
        decr: () => redis.decr("n", 0),
        decrby: () => redis.decrby("n", 0),
        executeCommand: () => redis.executeCommand("INCRBY", "n", 0),
        eval: () => redis.eval("return redis.call('INCRBY', KEYS[1], 0)", 1, "n"),
        pipeline: async () =>
          (await redis.pipeline({ transaction: false }).incrby("n", 0).exec())[0],
        transaction: async () => (await redis.pipeline().incrby("n", 0).exec())[0],
        hincrby: async () => {
          await redis.hset("h", { n: integer });
          return redis.hincrby("h", "n", 0);
        },
        bitfield: async () => {
          const [, value] = await redis
            .bitfield("b")
            .set("i64", 0, integer)
            .get("i64", 0)
            .execute();
          return value;
        },
      };
      for (const [name, call] of Object.entries(calls)) {
        // Lua has no integers: digits it does not keep are lost before the reply is sent.
        if (name === "eval" && BEYOND.includes(integer)) continue;
        await redis.delete("b");
        if (EXACT.includes(integer)) expect(await call(), name).toBe(Number(integer));
        else {
          const error = await errorOf(call());
          expect(error, `${name} ${integer}`).toBeInstanceOf(DecodeError);
          expect(error.message, name).toContain(String(integer));
        }
      }
      expect(await redis.get("n")).toEqual(t(String(integer)));
    }
  });

  it('are bigints under integers: "bigint" when they are stored values', async () => {
    for (const integer of [...EXACT, ...BEYOND]) {
      await exact.set("n", integer);
      await exact.hset("h", "n", integer);
      expect(await exact.incr("n", 0)).toBe(integer);
      expect(await exact.decr("n", 0)).toBe(integer);
      expect(await exact.hincrby("h", "n", 0)).toBe(integer);
      expect(await exact.executeCommand("INCRBY", "n", 0)).toBe(integer);
      expect(await exact.bitfield("b").set("i64", 0, integer).get("i64", 0).execute()).toContain(
        integer,
      );
      for (const transaction of [true, false]) {
        const values = exact.pipeline({ transaction }).incrby("n", 0).strlen("n").exec();
        expect(await values).toEqual([integer, String(integer).length]);
      }
      await exact.delete("b");
    }
    expect(await exact.eval("return {1, {-2}}", 0)).toEqual([1n, [-2n]]);
    expect(await exact.rpush("l", "a", "b")).toBe(2);
    expect(await exact.llen("l")).toBe(2);
    expect(await exact.zadd("z", { a: 1 })).toBe(1);
    expect(await exact.zrank("z", "a")).toBe(0);
    expect(await exact.dbsize()).toBe(4);
  });

  it("are sent with every digit", async () => {
    for (const integer of [...EXACT, ...BEYOND, 10n ** 40n + 1n]) {
      await redis.set("n", integer);
      expect(await redis.get("n")).toEqual(t(String(integer)));
      await redis.hset("h", new Map([[integer, integer]]));
      expect(await redis.hget("h", integer)).toEqual(t(String(integer)));
      await redis.rpush("l", integer);
      expect(await redis.lpos("l", String(integer))).toBeTypeOf("number");
    }
    expect(await exact.incrby("up", MAX)).toBe(MAX);
    expect(await exact.decrby("up", MAX - 1n)).toBe(1n);
    expect(await redis.lrange("l", MIN, MAX)).toHaveLength(EXACT.length + BEYOND.length + 1);
    // A number that has already lost digits is rejected before it is sent.
    for (const unsafe of [2 ** 53, -(2 ** 53), 1e21, 0.5, Number.NaN]) {
      expect(await errorOf(redis.incrby("up", unsafe)), String(unsafe)).toBeInstanceOf(DataError);
      expect(await errorOf(redis.lindex("l", unsafe)), String(unsafe)).toBeInstanceOf(DataError);
    }
    expect(await errorOf(redis.incrby("up", MAX + 1n))).toBeInstanceOf(ResponseError);
    expect(await redis.get("up")).toEqual(t("1"));
  });

  it("remain text when they are stream IDs or cursors", async () => {
    const id = `${2n ** 64n - 1n}-${2n ** 64n - 1n}`;
    expect(await redis.xadd("x", { f: "v" }, { id })).toEqual(t(id));
    expect((await exact.xrange("x"))[0]?.[0]).toEqual(t(id));
    expect((await exact.scan(2n ** 64n - 1n))[0]).toBe("0");
    expect((await redis.sscan("none", String(2n ** 64n - 1n)))[0]).toBe("0");
  });

  it("are rejected as times beyond 2^53", async () => {
    await redis.set("k", "v");
    expect(await redis.pexpireat("k", SAFE + 2n)).toBe(true);
    const error = await errorOf(redis.pexpiretime("k"));
    expect(error).toBeInstanceOf(DecodeError);
    expect(error.message).toContain(String(SAFE + 2n));
    expect(await redis.get("k")).toEqual(t("v"));
  });

  it("larger than 64 bits are returned as RESP3 big numbers", async () => {
    const big = "123456789012345678901234567890";
    const script = `redis.setresp(3) return {big_number='${big}'}`;
    const reply = await redis.eval(script, 0);
    if (protocol === 3) expect(reply).toBe(BigInt(big));
    else expect(reply).toEqual(decoding === "text" ? big : Buffer.from(big));
  });
});

describeClients("doubles in replies and arguments", server, ({ redis, t, protocol }) => {
  it("round-trip exactly at any magnitude", async () => {
    const random = new Random(testSeed());
    const doubles = Array.from({ length: 300 }, () => anyDouble(random));
    const why = `TEST_SEED=${random.seed}`;
    await redis.zadd(
      "z",
      doubles.map((double, n) => [`m${n}`, double] as const),
    );
    const names = doubles.map((_, n) => `m${n}`);
    expect(await redis.zmscore("z", names), why).toEqual(doubles);
    const stored = new Map(await redis.zrange("z", 0, -1, { withScores: true }).then(namedScores));
    expect(
      names.map((name) => stored.get(name)),
      why,
    ).toEqual(doubles);
    await redis.hset(
      "h",
      doubles.map((double, n) => [`m${n}`, double] as const),
    );
    const texts = await redis.hmget("h", names);
    expect(texts.map(Number), why).toEqual(doubles);
    for (const double of doubles.slice(0, 50)) {
      await redis.delete("one");
      expect(await redis.zincrby("one", double, "m"), why).toBe(double);
      expect(await redis.zcount("one", double, double), why).toBe(1);
      expect(await redis.zrangebyscore("one", `(${double}`, Infinity), why).toEqual([]);
      expect(await redis.zadd("one", { m: 0 }, { incr: true }), why).toBe(double);
    }
  });

  it("keep all of 17 digits", async () => {
    for (const text of ["0.30000000000000004", "12345678901234.566", "9.8765432109876543e-200"]) {
      await redis.zadd("z", { m: text });
      expect(await redis.zscore("z", "m")).toBe(Number(text));
      await redis.set("s", text);
      expect(await redis.get("s")).toEqual(t(text));
    }
    expect(await redis.incrbyfloat("f", "0.10000000000000001")).toBe(0.1);
    expect(await redis.hincrbyfloat("h", "f", "12345678901234.566")).toBe(12345678901234.566);
  });

  it("reject sums beyond 2^53 that are not exact", async () => {
    const lost = SAFE + 2n;
    await redis.mset({ sum: lost, even: SAFE + 3n });
    await redis.hset("h", { sum: lost, even: SAFE + 3n });
    for (const call of [redis.incrbyfloat("sum", 0), redis.hincrbyfloat("h", "sum", 0)]) {
      const error = await errorOf(call);
      expect(error).toBeInstanceOf(DecodeError);
      expect(error.message).toContain(String(lost));
    }
    const inside = redis.pipeline().incrbyfloat("sum", 0).get("sum").exec({ raiseOnError: false });
    expect(await inside).toEqual([expect.any(DecodeError), t(String(lost))]);
    expect(await redis.incrbyfloat("even", 0)).toBe(Number(SAFE + 3n));
    expect(await redis.hincrbyfloat("h", "even", "-2")).toBe(Number(SAFE + 1n));
    expect(await redis.hget("h", "sum")).toEqual(t(String(lost)));
  });

  it("reject bigints that a double cannot represent", async () => {
    for (const call of [
      redis.zadd("z", { m: SAFE + 2n }),
      redis.zincrby("z", -SAFE - 2n, "m"),
      redis.zcount("z", 0, MAX),
      redis.zrange("z", MIN + 1n, 0, { byScore: true }),
      redis.zunionstore("to", { z: SAFE + 2n }),
    ]) {
      expect(await errorOf(call)).toBeInstanceOf(DataError);
    }
    expect(await redis.zadd("z", { m: SAFE + 3n, n: MIN })).toBe(2);
    expect(await redis.zmscore("z", "m", "n")).toEqual([Number(SAFE + 3n), -(2 ** 63)]);
    expect(await redis.zrangebyscore("z", MIN, SAFE + 3n)).toEqual([t("n"), t("m")]);
  });

  it("accept infinity as a score and nowhere else", async () => {
    await redis.zadd("z", { low: -Infinity, high: Infinity });
    expect(await redis.zmscore("z", "low", "high")).toEqual([-Infinity, Infinity]);
    expect(await redis.zpopmax("z")).toEqual([[t("high"), Infinity]]);
    expect(await redis.executeCommand("ZSCORE", "z", "low")).toBe(-Infinity);
    await redis.set("inf", "inf");
    await redis.hset("h", { inf: "inf", nan: "nan" });
    for (const call of [
      redis.incrbyfloat("inf", 1),
      redis.executeCommand("INCRBYFLOAT", "n", "inf"),
      redis.executeCommand("HINCRBYFLOAT", "h", "n", "-inf"),
      redis.hincrbyfloat("h", "inf", 1),
      redis.hincrbyfloat("h", "nan", 1),
      redis.executeCommand("ZADD", "z", "nan", "m"),
      redis.executeCommand("ZINCRBY", "z", "nan", "m"),
    ]) {
      expect(await errorOf(call)).toBeInstanceOf(ResponseError);
    }
    for (const call of [
      redis.incrbyfloat("n", Infinity),
      redis.hincrbyfloat("h", "n", "nan"),
      redis.zadd("z", { m: Number.NaN }),
      redis.zincrby("z", "-nan", "m"),
    ]) {
      expect(await errorOf(call)).toBeInstanceOf(DataError);
    }
    expect(await redis.zrange("z", 0, -1)).toEqual([t("low")]);
    expect(await redis.exists("n")).toBe(0);
  });

  it("returned by scripts are numbers where the protocol has doubles", async () => {
    const script = `redis.setresp(3)
      return {{double=0.1}, {double=1/0}, {double=-1/0}, {double=0/0}, {double=-5e-324}, 3.99}`;
    const reply = await redis.eval<unknown[]>(script, 0);
    if (protocol === 3) {
      expect(reply).toEqual([0.1, Infinity, -Infinity, Number.NaN, -5e-324, 3]);
      return;
    }
    const [tenth, high, low, nan, tiny, integer] = reply.map(String);
    expect(Number(tenth)).toBe(0.1);
    expect([high, low]).toEqual(["inf", "-inf"]);
    expect(nan).toMatch(/^-?nan$/);
    expect(Number(tiny)).toBe(-5e-324);
    expect(integer).toBe("3");
  });

  it("round-trip as coordinates and distances to the last digit", async () => {
    await redis.geoadd("g", [13.361389338970184, 38.1155563954963, "a", -180, 85, "b"]);
    const [first] = await redis.geopos("g", "a");
    expect(first).toEqual([13.361389338970184, 38.1155563954963]);
    const [[, distance, point] = []] = await redis.geosearch("g", {
      longitude: 13.361389338970184,
      latitude: 38.1155563954963,
      radius: 1,
      withDist: true,
      withCoord: true,
    });
    expect(distance).toBe(0);
    expect(point).toEqual(first);
  });
});

function namedScores(pairs: [member: string | Buffer, score: number][]): [string, number][] {
  return pairs.map(([member, score]) => [String(member), score]);
}
