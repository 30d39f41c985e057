import { expect, expectTypeOf, test } from "vitest";
import { DataError, Redis, ResponseError } from "../../../src/index.js";
import { b, describeTextAndBytes } from "../../support/command-clients.js";
import { sharedServer } from "../../support/server.js";
import { errorOf } from "../../support/settle.js";

const server = await sharedServer();

describeTextAndBytes("bitmap commands", server, ({ protocol, text, bytes, both }) => {
  test("SETBIT and GETBIT write and read single bits", async () => {
    for (const redis of both) {
      await redis.delete("bits");
      expect(await redis.setbit("bits", 7, 1)).toBe(0);
      expect(await redis.setbit("bits", 7, true)).toBe(1);
      expect(await redis.getbit("bits", 7)).toBe(1);
      expect(await redis.getbit("bits", 1000)).toBe(0);
      expect(await redis.setbit("bits", 7, false)).toBe(1);
      expect(await redis.getbit("bits", 7)).toBe(0);
    }
  });

  test("BITCOUNT counts bits in ranges of bytes and bits", async () => {
    await text.set("word", "foobar");
    for (const redis of both) {
      expect(await redis.bitcount("word")).toBe(26);
      expect(await redis.bitcount("word", 0, 0)).toBe(4);
      expect(await redis.bitcount("word", 1, -1, "BYTE")).toBe(22);
      expect(await redis.bitcount("word", 5, 30, "BIT")).toBe(17);
      expect(await redis.bitcount("none")).toBe(0);
    }
  });

  test("BITPOS returns the position of the first bit", async () => {
    await text.set("p", b("\xff\xf0\x00"));
    for (const redis of both) {
      expect(await redis.bitpos("p", 0)).toBe(12);
      expect(await redis.bitpos("p", 1, 2)).toBe(-1);
      expect(await redis.bitpos("p", 0, 2, -1, "BYTE")).toBe(16);
      expect(await redis.bitpos("p", false, 7, 15, "BIT")).toBe(12);
    }
  });

  test("BITOP combines bitmaps with binary values and keys", async () => {
    const [one, two, dest] = [b("\x00\xffone"), b("\x00\xfftwo"), b("\xfe:dest")];
    await text.set(one, b("\xf0\x0f"));
    await text.set(two, b("\x3c"));
    for (const redis of both) {
      expect(await redis.bitop("AND", dest, one, two)).toBe(2);
      expect(await bytes.get(dest)).toEqual(b("\x30\x00"));
      expect(await redis.bitop("or", dest, [one, two])).toBe(2);
      expect(await bytes.get(dest)).toEqual(b("\xfc\x0f"));
      expect(await redis.bitop("XOR", dest, [one], two)).toBe(2);
      expect(await bytes.get(dest)).toEqual(b("\xcc\x0f"));
      expect(await redis.bitop("NOT", dest, one)).toBe(2);
      expect(await bytes.get(dest)).toEqual(b("\x0f\xf0"));
    }
  });

  test("BITFIELD sets, reads and raises integers of any width", async () => {
    for (const redis of both) {
      await redis.delete("f");
      const operation = redis.bitfield("f");
      expect(await operation.set("u8", 0, 255).get("u8", 0).get("i4", "#1").execute()).toEqual([
        0, 255, -1,
      ]);
      expect(await operation.incrby("u8", 0, 1).execute()).toEqual([0]);
      expect(await operation.execute()).toEqual([]);
      expect(await bytes.get("f")).toEqual(b("\x00"));
    }
  });

  test("BITFIELD handles overflow as its OVERFLOW option requires", async () => {
    for (const redis of both) {
      await redis.delete("f");
      const wrap = redis.bitfield("f").set("u2", 0, 3).incrby("u2", 0, 1);
      expect(await wrap.execute()).toEqual([0, 0]);
      const sat = redis.bitfield("f").overflow("SAT").incrby("u2", 0, 9).incrby("i2", 2, -9);
      expect(await sat.execute()).toEqual([3, -2]);
      const fail = redis.bitfield("f", { defaultOverflow: "FAIL" });
      expect(await fail.incrby("u2", 0, 1).set("u2", 0, 9).get("u2", 0).execute()).toEqual([
        null,
        null,
        3,
      ]);
      expect(await fail.incrby("u2", 0, 1, "WRAP").execute()).toEqual([0]);
    }
  });

  test("BITFIELD in a pipeline is one command and returns the pipeline", async () => {
    for (const redis of both) {
      await redis.delete("f");
      const values = await redis
        .pipeline()
        .setbit("f", 0, 1)
        .bitfield("f")
        .get("u1", 0)
        .incrby("u1", 0, 1, "SAT")
        .execute()
        .getbit("f", 0)
        .exec();
      expectTypeOf(values).toEqualTypeOf<[number, [number, number | null], number]>();
      expect(values).toEqual([0, [1, 1], 1]);
    }
    expect(() => text.pipeline().bitfield("f").get("u64", 0).execute()).toThrow(DataError);
  });

  test("BITFIELD_RO reads integers and refuses writes", async () => {
    await text.set("f", b("\x80\xff"));
    for (const redis of both) {
      expect(await redis.bitfieldRo("f", "u8", 0)).toEqual([128]);
      const items = [
        ["i8", "#1"],
        ["u4", 100],
      ] as const;
      expect(await redis.bitfieldRo("f", "i8", 0, { items })).toEqual([-128, -1, 0]);
    }
  });

  test("BITFIELD keeps every digit of integers beyond 2^53, or rejects them", async () => {
    const most = 2n ** 63n - 1n;
    await text.bitfield("f").set("i64", 0, most).execute();
    const error = await errorOf(text.bitfield("f").get("i64", 0).execute());
    expect(error).toMatchObject({ name: "DecodeError" });
    expect(String(error)).toContain(`${most}`);
    await using exact = new Redis(server.url, { protocol, integers: "bigint" });
    expect(await exact.bitfield("f").get("i64", 0).incrby("u2", 64, 1).execute()).toEqual([
      most,
      1n,
    ]);
    expect(await exact.bitfieldRo("f", "u63", 1)).toEqual([most]);
  });

  test("bitmap commands reject wrong types and invalid arguments", async () => {
    await text.rpush("list", "a");
    expect(await errorOf(text.bitcount("list"))).toBeInstanceOf(ResponseError);
    expect(await errorOf(text.bitfield("list").get("u8", 0).execute())).toMatchObject({
      name: "ResponseError",
      code: "WRONGTYPE",
    });
    expect(await errorOf(text.bitfield("f").get("u8", -1).execute())).toBeInstanceOf(DataError);
  });
});
