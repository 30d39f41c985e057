/** Numbers in strings: no digit may be lost in either direction. */
import { beforeEach, expect, it } from "vitest";
import { DataError, DecodeError, ResponseError } from "../../../src/index.js";
import { describeClients } from "../../support/clients.js";
import { sharedServer } from "../../support/server.js";
import { errorOf } from "../../support/settle.js";

const server = await sharedServer();
beforeEach(() => server.command("FLUSHALL"));

const SAFE = Number.MAX_SAFE_INTEGER;
const MOST = 2n ** 63n - 1n;
const LEAST = -(2n ** 63n);
const OVERFLOW = "ERR increment or decrement would overflow";

describeClients("integers in strings", server, ({ redis, t }) => {
  it("INCR, INCRBY, DECR and DECRBY add and subtract", async () => {
    expect(await redis.incr("n")).toBe(1);
    expect(await redis.incr("n", 10)).toBe(11);
    expect(await redis.incr("n", -1n)).toBe(10);
    expect(await redis.incrby("n")).toBe(11);
    expect(await redis.incrby("n", 100)).toBe(111);
    expect(await redis.decr("n")).toBe(110);
    expect(await redis.decr("n", 10)).toBe(100);
    expect(await redis.decrby("n")).toBe(99);
    expect(await redis.decrby("n", 100)).toBe(-1);
    expect(await redis.decrby("n", -1)).toBe(0);
    expect(await redis.get("n")).toEqual(t("0"));
  });

  it("INCR is exact up to 2^53 as a number, and rejects beyond", async () => {
    expect(await redis.incrby("n", SAFE)).toBe(SAFE);
    for (const [call, exact] of [
      [() => redis.incr("n"), "9007199254740992"],
      [() => redis.incrby("n", 2), "9007199254740994"],
      [() => redis.decrby("n", -1), "9007199254740995"],
    ] as const) {
      const error = await errorOf(call());
      expect(error).toBeInstanceOf(DecodeError);
      expect(error).toMatchObject({ code: "EDECODE" });
      expect(error.message).toContain(` ${exact} `);
    }
    // The server has executed it nevertheless.
    expect(await redis.get("n")).toEqual(t("9007199254740995"));
    expect(await redis.decrby("n", 4)).toBe(SAFE);
    await redis.set("n", -SAFE);
    const error = await errorOf(redis.decr("n"));
    expect(error).toBeInstanceOf(DecodeError);
    expect(error.message).toContain(" -9007199254740992 ");
  });

  it("INCR is exact up to 64 bits as bigint", async () => {
    const exact = redis.with({ integers: "bigint" });
    expect(await exact.incr("n")).toBe(1n);
    expect(await exact.incrby("n", 2n ** 53n)).toBe(2n ** 53n + 1n);
    expect(await exact.decr("n")).toBe(2n ** 53n);
    await exact.set("n", MOST);
    expect(await exact.decrby("n", 0)).toBe(MOST);
    expect(await exact.get("n")).toEqual(t("9223372036854775807"));
    const over = await errorOf(exact.incr("n"));
    expect(over).toBeInstanceOf(ResponseError);
    expect(over.message).toBe(OVERFLOW);
    await exact.set("n", LEAST);
    expect(await exact.incrby("n", 0)).toBe(LEAST);
    expect((await errorOf(exact.decr("n"))).message).toBe(OVERFLOW);
    expect(await exact.get("n")).toEqual(t("-9223372036854775808"));
  });

  it("INCRBY and DECRBY reject invalid integers", async () => {
    for (const amount of [1.5, Number.NaN, Infinity, 2 ** 53]) {
      for (const command of ["incr", "incrby", "decr", "decrby"] as const) {
        expect(await errorOf(redis[command]("n", amount))).toBeInstanceOf(DataError);
      }
    }
    const tooLarge = await errorOf(redis.incrby("n", 2n ** 63n));
    expect(tooLarge).toBeInstanceOf(ResponseError);
    expect(tooLarge.message).toBe("ERR value is not an integer or out of range");
    await redis.set("n", "1.5");
    for (const call of [redis.incr("n"), redis.decrby("n", 1)]) {
      const error = await errorOf(call);
      expect(error).toBeInstanceOf(ResponseError);
      expect(error.message).toBe("ERR value is not an integer or out of range");
    }
    expect(await redis.get("n")).toEqual(t("1.5"));
  });
});

describeClients("decimal numbers in strings", server, ({ redis, t }) => {
  it("INCRBYFLOAT adds and subtracts", async () => {
    expect(await redis.incrbyfloat("n")).toBe(1);
    expect(await redis.incrbyfloat("n", 0.5)).toBe(1.5);
    expect(await redis.incrbyfloat("n", -3)).toBe(-1.5);
    expect(await redis.incrbyfloat("n", "2.5e1")).toBe(23.5);
    expect(await redis.incrbyfloat("n", 5n)).toBe(28.5);
    expect(await redis.get("n")).toEqual(t("28.5"));
  });

  it.each([
    [0.1],
    [0.30000000000000004],
    [Math.PI],
    [2.2250738585072014],
    [-0.12345678901234566],
    [123456789.12345679],
    [SAFE],
    [-SAFE],
  ])("INCRBYFLOAT returns all digits of a double: %d", async (value) => {
    expect(await redis.incrbyfloat("n", value)).toBe(value);
    expect(Number(String(await redis.get("n")))).toBe(value);
  });

  it("INCRBYFLOAT is exact beyond 2^53 or rejects", async () => {
    expect(await redis.incrbyfloat("n", 2n ** 60n)).toBe(2 ** 60);
    const error = await errorOf(redis.incrbyfloat("n", 1));
    expect(error).toBeInstanceOf(DecodeError);
    expect(error.message).toContain("1152921504606846977");
    expect(await redis.get("n")).toEqual(t("1152921504606846977"));
  });

  it("INCRBYFLOAT rejects infinity and NaN", async () => {
    for (const amount of [Infinity, -Infinity, Number.NaN, "inf", "nan", "x", ""]) {
      expect(await errorOf(redis.incrbyfloat("n", amount))).toBeInstanceOf(DataError);
    }
    expect(await redis.exists("n")).toBe(0);
    // The error of the server when the argument is sent nevertheless.
    const asked = await errorOf(redis.executeCommand("INCRBYFLOAT", "n", "inf"));
    expect(asked).toBeInstanceOf(ResponseError);
    expect(asked.message).toBe("ERR increment would produce NaN or Infinity");
    await redis.set("n", "inf");
    const stored = await errorOf(redis.incrbyfloat("n", 1));
    expect(stored).toBeInstanceOf(ResponseError);
    expect(stored.message).toMatch(/Infinity|not a valid float/);
    await redis.set("n", "word");
    expect((await errorOf(redis.incrbyfloat("n", 1))).message).toBe(
      "ERR value is not a valid float",
    );
  });
});
