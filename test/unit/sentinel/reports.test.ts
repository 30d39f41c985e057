/** Tests of what is accepted from a Sentinel: states, lists and events. */
import { describe, expect, it } from "vitest";
import {
  eventWords,
  firstStates,
  reportedCount,
  reportedId,
  reportedStates,
} from "../../../src/sentinel/reports.js";
import { textContext } from "../../support/strict-text.js";

describe("reportedStates", () => {
  it("drops entries that are not records", () => {
    const state = { ip: "10.0.0.1" };
    expect(reportedStates([null, state, 5, "a", [], undefined])).toEqual([state]);
  });

  it.each([null, "a", 5, {}, undefined])(
    "returns undefined for %o, which is not a list",
    (reply) => {
      expect(reportedStates(reply)).toBeUndefined();
    },
  );
});

describe("firstStates", () => {
  it("decodes the first entries only", () => {
    const entry = (port: number) => ["ip", "10.0.0.1", "port", String(port)];
    const decode = firstStates(2);
    const states = decode([entry(1), entry(2), entry(3)], textContext);
    expect(states).toMatchObject([{ port: 1 }, { port: 2 }]);
  });

  it("returns a reply that is not a list unchanged", () => {
    expect(firstStates(2)("text", textContext)).toBe("text");
  });
});

describe("counts, run IDs and events of a Sentinel", () => {
  it("read anything but a count as 0", () => {
    const values = [3, 0, -1, 1.5, Number.NaN, "3", null, undefined];
    expect(values.map(reportedCount)).toEqual([3, 0, 0, 0, 0, 0, 0, 0]);
  });

  it("accept a run ID of 1 to 64 characters", () => {
    const values = ["a", "a".repeat(64), "a".repeat(65), "", 5, null];
    expect(values.map((value) => reportedId(value) !== undefined)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });

  it("have at most eight words, and none in a text longer than 4096 characters", () => {
    expect(eventWords("a b c")).toEqual(["a", "b", "c"]);
    expect(eventWords("a ".repeat(2000))).toHaveLength(8);
    expect(eventWords("a ".repeat(3000))).toEqual([]);
  });
});
