import { beforeEach, expect, it } from "vitest";
import { DataError, type ExpireOptions, ResponseError } from "../../../src/index.js";
import { describeClients } from "../../support/clients.js";
import { sharedServer } from "../../support/server.js";
import { errorOf } from "../../support/settle.js";
import { until } from "../../support/until.js";

const server = await sharedServer();
beforeEach(() => server.command("FLUSHALL"));

/** Tomorrow and the day after, in whole seconds, so that seconds and milliseconds name the same moment. */
const tomorrow = (Math.floor(Date.now() / 1000) + 86_400) * 1000;
const later = tomorrow + 86_400_000;
const HOUR = 3_600_000;

describeClients("expiry of keys", server, ({ redis, t }) => {
  beforeEach(() => redis.set("k", "v"));

  it("TTL, PTTL, EXPIRETIME and PEXPIRETIME return -1 for a key without expiry", async () => {
    for (const command of ["ttl", "pttl", "expiretime", "pexpiretime"] as const) {
      expect(await redis[command]("k")).toBe(-1);
      expect(await redis[command]("none")).toBe(-2);
    }
    expect(await redis.persist("k")).toBe(false);
    expect(await redis.persist("none")).toBe(false);
  });

  it("EXPIREAT and PEXPIREAT set a time that is read back exactly", async () => {
    expect(await redis.expireat("k", tomorrow / 1000)).toBe(true);
    expect(await redis.expiretime("k")).toBe(tomorrow / 1000);
    expect(await redis.pexpiretime("k")).toBe(tomorrow);
    expect(await redis.expireat("k", new Date(later + 999))).toBe(true);
    expect(await redis.pexpiretime("k")).toBe(later);
    expect(await redis.pexpireat("k", new Date(tomorrow + 123))).toBe(true);
    expect(await redis.pexpiretime("k")).toBe(tomorrow + 123);
    expect(await redis.pexpireat("k", BigInt(later + 7))).toBe(true);
    expect(await redis.pexpiretime("k")).toBe(later + 7);
    expect(await redis.expireat("none", tomorrow / 1000)).toBe(false);
    expect(await redis.pexpireat("none", tomorrow)).toBe(false);
  });

  it("EXPIRE and PEXPIRE set a time to live", async () => {
    const before = Date.now();
    expect(await redis.expire("k", HOUR / 1000)).toBe(true);
    const byExpire = await redis.pexpiretime("k");
    expect(byExpire).toBeGreaterThanOrEqual(before + HOUR - 1);
    expect(byExpire).toBeLessThanOrEqual(Date.now() + HOUR + 1);
    expect(await redis.pexpire("k", 2 * HOUR)).toBe(true);
    const byPexpire = await redis.pexpiretime("k");
    expect(byPexpire).toBeGreaterThanOrEqual(before + 2 * HOUR - 1);
    expect(byPexpire).toBeLessThanOrEqual(Date.now() + 2 * HOUR + 1);
    const seconds = await redis.ttl("k");
    expect(seconds).toBeGreaterThan(7000);
    expect(seconds).toBeLessThanOrEqual(7200);
    const milliseconds = await redis.pttl("k");
    expect(milliseconds).toBeGreaterThan(7_000_000);
    expect(milliseconds).toBeLessThanOrEqual(7_200_000);
    expect(await redis.expire("none", 10)).toBe(false);
    expect(await redis.pexpire("none", 10)).toBe(false);
  });

  it("PERSIST removes the expiry", async () => {
    await redis.expireat("k", tomorrow / 1000);
    expect(await redis.persist("k")).toBe(true);
    expect(await redis.pexpiretime("k")).toBe(-1);
    expect(await redis.persist("k")).toBe(false);
  });

  it("an expired key is deleted", async () => {
    expect(await redis.pexpire("k", 1)).toBe(true);
    await until(async () => (await redis.get("k")) === null);
    expect(await redis.ttl("k")).toBe(-2);
  });

  it.each([
    ["expire", 0],
    ["expire", -1],
    ["pexpire", 0],
    ["pexpire", -5],
    ["expireat", 1],
    ["pexpireat", 1],
  ] as const)("a time in the past deletes the key: %s %i", async (command, time) => {
    expect(await redis[command]("k", time)).toBe(true);
    expect(await redis.exists("k")).toBe(0);
  });

  it("expiry survives a changed value and is removed by SET", async () => {
    await redis.expireat("k", tomorrow / 1000);
    expect(await redis.append("k", "w")).toBe(2);
    expect(await redis.getset("k", "x")).toEqual(t("vw"));
    expect(await redis.expiretime("k")).toBe(-1);
  });
});

describeClients("conditions of EXPIRE", server, ({ redis }) => {
  beforeEach(() => redis.mset({ never: 1, soon: 2, late: 3 }));
  beforeEach(() => redis.pexpireat("soon", tomorrow));
  beforeEach(() => redis.pexpireat("late", later));

  const MIDDLE = tomorrow + HOUR;
  const cases: [ExpireOptions, { never: boolean; soon: boolean; late: boolean }][] = [
    [{}, { never: true, soon: true, late: true }],
    [{ nx: true }, { never: true, soon: false, late: false }],
    [{ xx: true }, { never: false, soon: true, late: true }],
    [{ gt: true }, { never: false, soon: true, late: false }],
    [{ lt: true }, { never: true, soon: false, late: true }],
    [
      { xx: true, gt: true },
      { never: false, soon: true, late: false },
    ],
    [
      { xx: true, lt: true },
      { never: false, soon: false, late: true },
    ],
    [
      { nx: false, xx: undefined },
      { never: true, soon: true, late: true },
    ],
  ];

  it.each(cases)("%j", async (options, changed) => {
    const old = { never: -1, soon: tomorrow, late: later };
    for (const key of ["never", "soon", "late"] as const) {
      expect(await redis.pexpireat(key, MIDDLE, options)).toBe(changed[key]);
      expect(await redis.pexpiretime(key)).toBe(changed[key] ? MIDDLE : old[key]);
    }
    expect(await redis.pexpireat("none", MIDDLE, options)).toBe(false);
  });

  it("apply to PEXPIRE, EXPIREAT and PEXPIREAT too", async () => {
    expect(await redis.expireat("soon", later / 1000, { nx: true })).toBe(false);
    expect(await redis.expireat("soon", later / 1000, { gt: true })).toBe(true);
    expect(await redis.expiretime("soon")).toBe(later / 1000);
    expect(await redis.expire("never", 100, { xx: true })).toBe(false);
    expect(await redis.expire("never", 100, { lt: true })).toBe(true);
    expect(await redis.pexpire("late", 100_000, { gt: true })).toBe(false);
    expect(await redis.pexpire("late", 100_000, { xx: true, lt: true })).toBe(true);
    expect(await redis.ttl("late")).toBeLessThanOrEqual(100);
  });

  it("are rejected when they contradict each other", async () => {
    const bad: object[] = [
      { nx: true, xx: true },
      { nx: true, gt: true },
      { nx: true, lt: true },
      { gt: true, lt: true },
    ];
    for (const options of bad) {
      for (const command of ["expire", "pexpire", "expireat", "pexpireat"] as const) {
        const error = await errorOf(redis[command]("soon", MIDDLE, options));
        expect(error).toBeInstanceOf(DataError);
        expect(error.message).toMatch(/are mutually exclusive$/);
      }
    }
    expect(await redis.pexpiretime("soon")).toBe(tomorrow);
  });
});

describeClients("invalid expiry times", server, ({ redis }) => {
  beforeEach(() => redis.set("k", "v"));

  it("are rejected before anything is sent", async () => {
    const sets = ["expire", "pexpire", "expireat", "pexpireat"] as const;
    for (const command of sets) {
      for (const time of [1.5, Number.NaN, Infinity, 2 ** 53]) {
        expect(await errorOf(redis[command]("k", time))).toBeInstanceOf(DataError);
      }
    }
    const error = await errorOf(redis.expireat("k", new Date(Number.NaN)));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toBe('EXPIREAT: argument "when" must be a valid Date');
    expect(await redis.ttl("k")).toBe(-1);
  });

  it("are rejected by the server when they are too large", async () => {
    for (const command of ["expire", "pexpire", "expireat"] as const) {
      const error = await errorOf(redis[command]("k", 2n ** 63n - 1n));
      expect(error).toBeInstanceOf(ResponseError);
      expect(error.message).toBe(`ERR invalid expire time in '${command}' command`);
    }
    const error = await errorOf(redis.pexpire("k", 2n ** 64n));
    expect(error.message).toBe("ERR value is not an integer or out of range");
  });
});
