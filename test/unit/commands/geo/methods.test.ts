import { describe, expect, test } from "vitest";
import {
  callLoosely,
  RecordingClient,
  rejectionMessage,
  wire,
} from "../../../support/recording-client.js";

const client = new RecordingClient();
const call = (method: string, ...args: unknown[]) => callLoosely(client, method, args);

describe("geospatial command methods", () => {
  test("GEOADD accepts triples or one flat array", () => {
    expect(wire(client.geoadd("k", [[13.361389, 38.115556, "Palermo"]]))).toBe(
      "GEOADD k 13.361389 38.115556 Palermo",
    );
    const flat = ["13.361389", 38, "Palermo", 0, 0, Buffer.from("null")];
    expect(wire(client.geoadd("k", flat, { nx: true, ch: true }))).toBe(
      "GEOADD k NX CH 13.361389 38 Palermo 0 0 null",
    );
    expect(
      wire(
        client.geoadd(
          "k",
          [
            [0, -1.5, "a"],
            [1e-7, 2n, 7],
          ],
          { xx: true },
        ),
      ),
    ).toBe("GEOADD k XX 0 -1.5 a 1e-7 2 7");
  });

  test("GEODIST, GEOHASH and GEOPOS send their arguments", () => {
    expect(wire(client.geodist("k", "a", "b"))).toBe("GEODIST k a b");
    expect(wire(client.geodist("k", "a", "b", "km"))).toBe("GEODIST k a b km");
    expect(wire(client.geohash("k", "a", ["b"]))).toBe("GEOHASH k a b");
    expect(wire(client.geohash("k"))).toBe("GEOHASH k");
    expect(wire(client.geopos("k", new Set(["a"])))).toBe("GEOPOS k a");
  });

  test("GEOSEARCH searches from a member or a position, in a circle or a box, and sends 0", () => {
    expect(wire(client.geosearch("k", { member: "a", radius: 5 }))).toBe(
      "GEOSEARCH k FROMMEMBER a BYRADIUS 5 m",
    );
    expect(wire(client.geosearch("k", { longitude: 0, latitude: 0, radius: 0, unit: "KM" }))).toBe(
      "GEOSEARCH k FROMLONLAT 0 0 BYRADIUS 0 km",
    );
    expect(
      wire(
        client.geosearch("k", {
          longitude: -1.5,
          latitude: "2",
          width: 4,
          height: 0,
          unit: "mi",
          sort: "desc",
          withHash: true,
          withCoord: true,
          withDist: true,
          count: 3,
          any: true,
        }),
      ),
    ).toBe(
      "GEOSEARCH k FROMLONLAT -1.5 2 BYBOX 4 0 mi DESC WITHCOORD WITHDIST WITHHASH COUNT 3 ANY",
    );
  });

  test("GEOSEARCHSTORE sends its options", () => {
    const options = { member: 7, width: 1, height: 2, storeDist: true, sort: "ASC" } as const;
    expect(wire(client.geosearchstore("d", "k", { ...options, count: 1 }))).toBe(
      "GEOSEARCHSTORE d k FROMMEMBER 7 BYBOX 1 2 m ASC STOREDIST COUNT 1",
    );
    expect(client.geosearchstore("d", "k", options)).toHaveProperty("info.keys", [1, 2, 1]);
  });

  test("GEORADIUS, GEORADIUSBYMEMBER and their _RO variants send their options", () => {
    expect(wire(client.georadius("k", 0, 0, 100))).toBe("GEORADIUS k 0 0 100 m");
    expect(
      wire(client.georadius("k", 15, "37.5", 200, { unit: "km", withDist: true, sort: "ASC" })),
    ).toBe("GEORADIUS k 15 37.5 200 km WITHDIST ASC");
    expect(wire(client.georadius("k", 1, 2, 3, { store: "d", count: 5 }))).toBe(
      "GEORADIUS k 1 2 3 m STORE d COUNT 5",
    );
    expect(wire(client.georadiusbymember("k", "m", 3, { storeDist: "d", unit: "ft" }))).toBe(
      "GEORADIUSBYMEMBER k m 3 ft STOREDIST d",
    );
    expect(wire(client.georadiusRo("k", 1, 2, 3, { withCoord: true }))).toBe(
      "GEORADIUS_RO k 1 2 3 m WITHCOORD",
    );
    expect(wire(client.georadiusbymemberRo("k", "m", 0, { count: 1, any: true }))).toBe(
      "GEORADIUSBYMEMBER_RO k m 0 m COUNT 1 ANY",
    );
  });

  const UNITS = '"m", "km", "ft", "mi", got another string';

  test.each([
    ["geoadd", ["k", []], 'GEOADD: argument "places" must not be empty'],
    ["geoadd", ["k", "1 2 a"], 'GEOADD: argument "places" must be an array'],
    [
      "geoadd",
      ["k", [1, 2]],
      'GEOADD: argument "places" must hold a longitude, a latitude and a member for each place',
    ],
    [
      "geoadd",
      ["k", [[1, 2]]],
      'GEOADD: argument "places" must hold [longitude, latitude, member] triples',
    ],
    [
      "geoadd",
      ["k", [[1, 2, "a"], 3, 4, "b"]],
      'GEOADD: argument "places" must hold [longitude, latitude, member] triples',
    ],
    [
      "geoadd",
      ["k", [["east", 2, "a"]]],
      'GEOADD: each longitude of argument "places" must be a finite number, got a string',
    ],
    [
      "geoadd",
      ["k", [[1, Infinity, "a"]]],
      'GEOADD: each latitude of argument "places" must be a finite number, got Infinity',
    ],
    [
      "geoadd",
      ["k", [[1, 2, null]]],
      'GEOADD: each member of argument "places" must be a string, Buffer, Uint8Array, number or bigint, got null',
    ],
    [
      "geoadd",
      ["k", [1, 2, "a"], { nx: true, xx: true }],
      'GEOADD: options "nx" and "xx" are mutually exclusive',
    ],
    ["geodist", ["k", "a", "b", "cm"], `GEODIST: argument "unit" must be one of ${UNITS}`],
    ["geosearch", ["k"], 'GEOSEARCH: argument "options" must be an object, got undefined'],
    [
      "geosearch",
      ["k", { radius: 1 }],
      'GEOSEARCH: one of the options "member", "longitude", "latitude" must be given',
    ],
    [
      "geosearch",
      ["k", { member: "a" }],
      'GEOSEARCH: one of the options "radius", "width", "height" must be given',
    ],
    [
      "geosearch",
      ["k", { longitude: 0, radius: 1 }],
      'GEOSEARCH: options "longitude" and "latitude" must be given together',
    ],
    [
      "geosearch",
      ["k", { member: "a", height: 1 }],
      'GEOSEARCH: options "width" and "height" must be given together',
    ],
    [
      "geosearch",
      ["k", { member: "a", latitude: 0, radius: 1 }],
      'GEOSEARCH: options "member" and "latitude" are mutually exclusive',
    ],
    [
      "geosearch",
      ["k", { member: "a", radius: 0, width: 0 }],
      'GEOSEARCH: options "radius" and "width" are mutually exclusive',
    ],
    [
      "geosearch",
      ["k", { member: "a", radius: "far" }],
      'GEOSEARCH: option "radius" must be a finite number, got a string',
    ],
    [
      "geosearch",
      ["k", { longitude: null, latitude: 0, radius: 1 }],
      'GEOSEARCH: option "longitude" must be a finite number, got null',
    ],
    [
      "geosearch",
      ["k", { member: "a", radius: 1, unit: "yd" }],
      `GEOSEARCH: option "unit" must be one of ${UNITS}`,
    ],
    [
      "geosearch",
      ["k", { member: "a", radius: 1, any: true }],
      'GEOSEARCH: option "any" needs option "count"',
    ],
    [
      "geosearch",
      ["k", { member: "a", radius: 1, count: -1 }],
      'GEOSEARCH: option "count" must not be negative, got -1',
    ],
    [
      "geosearch",
      ["k", { member: "a", radius: 1, sort: "UP" }],
      'GEOSEARCH: option "sort" must be one of "ASC", "DESC", got another string',
    ],
    [
      "geosearch",
      ["k", { member: "a", radius: 1, withcoord: true }],
      'GEOSEARCH: unknown option "withcoord"; known options are member, longitude, latitude, radius, width, height, unit, sort, count, any, withCoord, withDist, withHash',
    ],
    [
      "geosearchstore",
      ["d", "k", { member: "a", radius: 1, storeDist: "d" }],
      'GEOSEARCHSTORE: option "storeDist" must be a boolean, got a string',
    ],
    [
      "georadius",
      ["k", "x", 0, 1],
      'GEORADIUS: argument "longitude" must be a finite number, got a string',
    ],
    [
      "georadius",
      ["k", 0, 0],
      'GEORADIUS: argument "radius" must be a finite number, got undefined',
    ],
    [
      "georadius",
      ["k", 0, 0, 1, { store: "a", storeDist: "b" }],
      'GEORADIUS: options "store" and "storeDist" are mutually exclusive',
    ],
    [
      "georadiusbymember",
      ["k", "m", 1, { withCoord: true, store: "a" }],
      'GEORADIUSBYMEMBER: options "withCoord" and "store" are mutually exclusive',
    ],
    [
      "georadiusRo",
      ["k", 0, 0, 1, { store: "a" }],
      'GEORADIUS_RO: unknown option "store"; known options are unit, withCoord, withDist, withHash, sort, count, any',
    ],
  ])("%s rejects %j", (method, args, message) => {
    expect(rejectionMessage(call(method, ...args))).toBe(message);
  });
});
