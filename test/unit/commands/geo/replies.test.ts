import { expect, test } from "vitest";
import { toGeoPoints, toGeoResults } from "../../../../src/commands/geo/replies.js";
import { MapReply, type Reply, SetReply } from "../../../../src/protocol/reply.js";

const b = (text: string) => Buffer.from(text);

test.each<[string, Reply]>([
  ["text", [["13.5", "-38.25"], null]],
  ["bytes", [[b("13.5"), b("-38.25")], null]],
  ["doubles", [[13.5, -38.25], null]],
])("coordinates in %s become numbers", (_, reply) => {
  expect(toGeoPoints(reply)).toEqual([[13.5, -38.25], null]);
});

test("a search gives members alone, or with what was asked for", () => {
  expect(toGeoResults(["a", b("b")])).toEqual(["a", b("b")]);
  expect(toGeoResults([["a", "190.4424"]])).toEqual([["a", 190.4424]]);
  expect(toGeoResults([["a", 3479099956230698]])).toEqual([["a", 3479099956230698]]);
  expect(toGeoResults([["7", b("0.5"), 1, ["1.5", "2"]]])).toEqual([["7", 0.5, 1, [1.5, 2]]]);
  expect(toGeoResults([[b("7"), 0.5, 1, [1.5, 2]]])).toEqual([[b("7"), 0.5, 1, [1.5, 2]]]);
  expect(toGeoResults([])).toEqual([]);
});

test("a search that stored what it found gives their number", () => {
  expect(toGeoResults(3)).toBe(3);
});

test.each<[Reply]>([[null], ["text"], [[[]]], [new MapReply([])], [new SetReply(["a"])]])(
  "%j, which nobody foresaw, is borne",
  (reply) => {
    expect(() => [toGeoPoints(reply), toGeoResults(reply)]).not.toThrow();
  },
);
