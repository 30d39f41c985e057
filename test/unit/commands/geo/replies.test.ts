import { expect, test } from "vitest";
import { toGeoPoints, toGeoResults } from "../../../../src/commands/geo/replies.js";
import { MapReply, type Reply, SetReply } from "../../../../src/protocol/reply.js";

const b = (text: string) => Buffer.from(text);

test.each<[string, Reply]>([
  ["text", [["13.5", "-38.25"], null]],
  ["bytes", [[b("13.5"), b("-38.25")], null]],
  ["doubles", [[13.5, -38.25], null]],
])("GEOPOS coordinates in %s are decoded to numbers", (_, reply) => {
  expect(toGeoPoints(reply)).toEqual([[13.5, -38.25], null]);
});

test("GEOSEARCH returns members, or members with the requested details", () => {
  expect(toGeoResults(["a", b("b")])).toEqual(["a", b("b")]);
  expect(toGeoResults([["a", "190.4424"]])).toEqual([["a", 190.4424]]);
  expect(toGeoResults([["a", 3479099956230698]])).toEqual([["a", 3479099956230698]]);
  expect(toGeoResults([["7", b("0.5"), 1, ["1.5", "2"]]])).toEqual([["7", 0.5, 1, [1.5, 2]]]);
  expect(toGeoResults([[b("7"), 0.5, 1, [1.5, 2]]])).toEqual([[b("7"), 0.5, 1, [1.5, 2]]]);
  expect(toGeoResults([])).toEqual([]);
});

test("GEORADIUS with STORE returns the number of stored members", () => {
  expect(toGeoResults(3)).toBe(3);
});

test.each<[Reply]>([[null], ["text"], [[[]]], [new MapReply([])], [new SetReply(["a"])]])(
  "geospatial decoders do not throw for the unexpected reply %j",
  (reply) => {
    expect(() => [toGeoPoints(reply), toGeoResults(reply)]).not.toThrow();
  },
);
