import { describe, expect, test } from "vitest";
import { toExactDouble } from "../../../../src/commands/core/decode.js";
import { DecodeError } from "../../../../src/index.js";
import { RecordingClient, rejectionMessage, wire } from "../../../support/recording-client.js";

describe("toExactDouble", () => {
  test.each([
    ["0", 0],
    ["-2.5", -2.5],
    ["0.33333333333333333", 1 / 3],
    ["5000.10000000000000009", 5000.1],
    ["9007199254740991", 9007199254740991],
    ["9007199254740992", 9007199254740992],
    ["-9007199254740994", -9007199254740994],
    ["100000000000000000000", 1e20],
    ["inf", Infinity],
    ["1e30", 1e30],
  ])("converts %s to a number", (text, number) => {
    expect(toExactDouble(text)).toBe(number);
    expect(toExactDouble(Buffer.from(text))).toBe(number);
    expect(toExactDouble(number)).toBe(number);
  });

  test.each([
    "9007199254740993",
    "-9007199254740993",
    "9007199254740993.5",
    "9007199254740992.25",
    "1000000000000000000024696061952",
    `1${"0".repeat(400)}`,
  ])("throws DecodeError with every digit of %s", (text) => {
    for (const reply of [text, Buffer.from(text)]) {
      expect(() => toExactDouble(reply)).toThrow(DecodeError);
      expect(() => toExactDouble(reply)).toThrow(`the sum ${text} is not exact`);
    }
  });

  test("returns unexpected replies unchanged", () => {
    expect(toExactDouble(null)).toBeNull();
    expect(toExactDouble(["1"])).toEqual(["1"]);
    expect(toExactDouble("many")).toBe("many");
  });
});

describe("bigint scores of ZADD, ZINCRBY and ZCOUNT", () => {
  const client = new RecordingClient();

  test("are sent when a double represents them exactly", () => {
    expect(wire(client.zadd("k", { a: 9007199254740994n }))).toBe("ZADD k 9007199254740994 a");
    expect(wire(client.zincrby("k", 2n ** 80n, "a"))).toBe(`ZINCRBY k ${2n ** 80n} a`);
    expect(wire(client.zcount("k", -3n, 2n ** 53n))).toBe("ZCOUNT k -3 9007199254740992");
  });

  test("are rejected when the server would round them", () => {
    expect(rejectionMessage(client.zadd("k", { a: 9007199254740993n }))).toBe(
      'ZADD: each score of argument "mapping" must be a bigint that a double represents exactly',
    );
    expect(rejectionMessage(client.zincrby("k", -9007199254740993n, "a"))).toBe(
      'ZINCRBY: argument "amount" must be a bigint that a double represents exactly',
    );
    expect(rejectionMessage(client.zcount("k", 0, 10n ** 400n))).toBe(
      'ZCOUNT: argument "max" must be a bigint that a double represents exactly',
    );
  });
});
