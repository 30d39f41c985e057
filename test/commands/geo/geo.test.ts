import { expect, expectTypeOf, test } from "vitest";
import { ResponseError } from "../../../src/index.js";
import { b, describeTextAndBytes } from "../../support/command-clients.js";
import { sharedServer } from "../../support/server.js";
import { errorOf } from "../../support/settle.js";

const server = await sharedServer();

const SICILY = [
  [13.361389, 38.115556, "Palermo"],
  [15.087269, 37.502669, "Catania"],
] as const;
const PALERMO_HASH = 3479099956230698;
const CATANIA_HASH = 3479447370796909;

/** Coordinates are kept to about half a metre. */
const near = (...numbers: number[]) => numbers.map((number) => expect.closeTo(number, 4));

describeTextAndBytes("GEO commands", server, ({ text, bytes, both }) => {
  test("GEOADD adds places, with NX, XX and CH", async () => {
    for (const redis of both) {
      await redis.delete("k");
      expect(await redis.geoadd("k", SICILY)).toBe(2);
      expect(await redis.geoadd("k", [13.36, 38.11, "Palermo"])).toBe(0);
      expect(await redis.geoadd("k", [13.4, 38.1, "Palermo"], { ch: true })).toBe(1);
      expect(await redis.geoadd("k", [0, 0, "Palermo", 0, 0, "Null"], { nx: true })).toBe(1);
      expect(await redis.geoadd("k", [1, 1, "Other"], { xx: true })).toBe(0);
      expect(await redis.geopos("k", "Null")).toEqual([near(0, 0)]);
      const error = await errorOf(redis.geoadd("k", [200, 0, "nowhere"]));
      expect(error).toBeInstanceOf(ResponseError);
    }
  });

  test("GEOPOS, GEODIST and GEOHASH read places", async () => {
    await text.geoadd("k", SICILY);
    for (const redis of both) {
      expect(await redis.geopos("k", "Palermo", ["none", "Catania"])).toEqual([
        near(13.361389, 38.115556),
        null,
        near(15.087269, 37.502669),
      ]);
      expect(await redis.geopos("none", "a")).toEqual([null]);
      expect(await redis.geohash("k", "Palermo", "none")).toEqual(["sqc8b49rny0", null]);
      expect(await redis.geohash("k")).toEqual([]);
      expect(await redis.geodist("k", "Palermo", "Catania")).toBe(166274.1516);
      expect(await redis.geodist("k", "Palermo", "Catania", "km")).toBe(166.2742);
      expect(await redis.geodist("k", "Palermo", "none")).toBeNull();
    }
    // The same doubles in every protocol, to the last bit.
    expect(await text.geopos("k", "Palermo")).toEqual([[13.361389338970184, 38.1155563954963]]);
  });

  test("GEOSEARCH finds places around a member or a position", async () => {
    await text.geoadd("k", SICILY);
    const around = { longitude: 15, latitude: 37 };
    expect(await text.geosearch("k", { ...around, radius: 200, unit: "km", sort: "ASC" })).toEqual([
      "Catania",
      "Palermo",
    ]);
    expect(await bytes.geosearch("k", { member: "Palermo", radius: 0 })).toEqual([b("Palermo")]);
    expect(
      await text.geosearch("k", { ...around, width: 400, height: 400, unit: "km", count: 1 }),
    ).toEqual(["Catania"]);
    expect(
      await bytes.geosearch("k", { ...around, radius: 1000, unit: "MI", count: 1, any: true }),
    ).toHaveLength(1);
    for (const redis of both) {
      expect(await redis.geosearch("k", { longitude: 0, latitude: 0, radius: 0 })).toEqual([]);
      expect(await redis.geosearch("none", { ...around, radius: 1 })).toEqual([]);
    }
  });

  test("GEOSEARCH returns distances, hashes and coordinates on request", async () => {
    await text.geoadd("k", SICILY);
    const around = { longitude: 15, latitude: 37, radius: 200, unit: "km", sort: "DESC" } as const;
    const all = await text.geosearch("k", {
      ...around,
      withHash: true,
      withCoord: true,
      withDist: true,
    });
    expect(all).toEqual([
      ["Palermo", 190.4424, PALERMO_HASH, near(13.361389, 38.115556)],
      ["Catania", 56.4413, CATANIA_HASH, near(15.087269, 37.502669)],
    ]);
    expectTypeOf(all).toEqualTypeOf<[string, number, number, [number, number]][]>();
    const places = await bytes.geosearch("k", { ...around, withCoord: true });
    expect(places[1]).toEqual([b("Catania"), near(15.087269, 37.502669)]);
    expectTypeOf(places).toEqualTypeOf<[Buffer, [number, number]][]>();
    const plain = await text.geosearch("k", { ...around, withDist: false });
    expectTypeOf(plain).toEqualTypeOf<string[]>();
    expect(plain).toEqual(["Palermo", "Catania"]);
    expect(await text.geosearch("k", { ...around, withHash: true })).toEqual([
      ["Palermo", PALERMO_HASH],
      ["Catania", CATANIA_HASH],
    ]);
  });

  test("GEOSEARCHSTORE stores places or distances", async () => {
    await text.geoadd("k", SICILY);
    const around = { longitude: 15, latitude: 37, radius: 100, unit: "km" } as const;
    for (const redis of both) {
      expect(await redis.geosearchstore("d", "k", around)).toBe(1);
      expect(await redis.zscore("d", "Catania")).toBe(CATANIA_HASH);
      expect(await redis.geosearchstore("d", "k", { ...around, storeDist: true })).toBe(1);
      expect(await redis.zscore("d", "Catania")).toBeCloseTo(56.4413, 3);
    }
  });

  test("GEORADIUS and GEORADIUSBYMEMBER find places", async () => {
    await text.geoadd("k", SICILY);
    const nearest = { unit: "km", sort: "ASC", count: 1, withDist: true } as const;
    expect(await text.georadius("k", 15, 37, 200, nearest)).toEqual([["Catania", 56.4413]]);
    expect(await bytes.georadiusRo("k", 15, 37, 200, nearest)).toEqual([[b("Catania"), 56.4413]]);
    expect(await text.georadiusRo("k", 15, 37, 100_000)).toEqual(["Catania"]);
    expect(await bytes.georadius("k", 0, 0, 0)).toEqual([]);
    expect(await text.georadiusbymember("k", "Palermo", 0)).toEqual(["Palermo"]);
    expect(await bytes.georadiusbymember("k", "Palermo", 0, { withHash: true })).toEqual([
      [b("Palermo"), PALERMO_HASH],
    ]);
    expect(await text.georadiusbymemberRo("k", "Palermo", 200, { unit: "km" })).toEqual([
      "Palermo",
      "Catania",
    ]);
    expect(
      await bytes.georadiusbymemberRo("k", "Palermo", 1, { withCoord: true, count: 1, any: true }),
    ).toEqual([[b("Palermo"), near(13.361389, 38.115556)]]);
    for (const redis of both) {
      expect(await redis.georadius("k", 15, 37, 200, { unit: "km", store: "d" })).toBe(2);
      expect(await redis.georadiusbymember("k", "Palermo", 1, { storeDist: "d" })).toBe(1);
      expect(await redis.zscore("d", "Palermo")).toBe(0);
    }
    expectTypeOf(await text.georadius("k", 15, 37, 1, { store: "d" })).toEqualTypeOf<number>();
  });

  test("GEO commands accept keys and members that are bytes", async () => {
    const key = b("\xff:geo");
    const member = b("\x00\xfe");
    await text.geoadd(key, [[0, 0, member]]);
    expect(await bytes.geosearch(key, { member, radius: 1, withDist: true })).toEqual([
      [member, 0],
    ]);
    expect(await bytes.geopos(key, member)).toEqual([near(0, 0)]);
  });

  test("GEO commands reject keys of another type", async () => {
    await text.set("s", "x");
    expect(await errorOf(text.geopos("s", "a"))).toMatchObject({ code: "WRONGTYPE" });
    await text.geoadd("k", SICILY);
    expect(await errorOf(text.geosearch("k", { member: "none", radius: 1 }))).toBeInstanceOf(
      ResponseError,
    );
  });
});
