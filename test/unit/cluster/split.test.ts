/** How the arguments of a command are divided by slot, and how replies and errors of the parts are merged. */
import { describe, expect, it } from "vitest";
import {
  divide,
  errorOf,
  MGET_NONATOMIC,
  MSET_NONATOMIC,
  merge,
} from "../../../src/cluster/split.js";
import { DEL } from "../../../src/commands/generated/infos-data.js";
import { ConnectionError, ResponseError } from "../../../src/errors.js";

const rejected = (reason: unknown): PromiseSettledResult<unknown> => ({
  status: "rejected",
  reason,
});
const fulfilled: PromiseSettledResult<unknown> = { status: "fulfilled", value: 1 };
const lost = (outcome: "not-sent" | "unknown") => new ConnectionError("lost", { outcome });

describe("divide", () => {
  it("puts the keys of one slot together, repeated ones too, in the order of the first", () => {
    expect(divide(DEL, ["{b}1", "{a}1", "{b}2", "{b}1"], "utf8")).toEqual([
      { args: ["{b}1", "{b}2", "{b}1"], positions: [0, 2, 3] },
      { args: ["{a}1"], positions: [1] },
    ]);
  });

  it("keeps each value of MSET with its key", () => {
    expect(divide(MSET_NONATOMIC, ["{a}1", "{b}", "{b}1", 2, "{a}2", 3], "utf8")).toEqual([
      { args: ["{a}1", "{b}", "{a}2", 3], positions: [0, 2] },
      { args: ["{b}1", 2], positions: [1] },
    ]);
  });
});

describe("merge", () => {
  it("adds counts", () => {
    const parts = divide(DEL, ["{a}1", "{b}1"], "utf8");
    expect(merge(DEL, parts, [2, 3])).toBe(5);
  });

  it("returns values in the order of the keys", () => {
    const parts = divide(MGET_NONATOMIC, ["{a}1", "{b}1", "{a}2"], "utf8");
    expect(merge(MGET_NONATOMIC, parts, [["1", null], ["2"]])).toEqual(["1", "2", null]);
  });
});

describe("errorOf", () => {
  it("returns the first error", () => {
    const error = new ResponseError("NOPERM no");
    expect(errorOf([fulfilled, rejected(error), rejected(lost("unknown"))])).toBe(error);
  });

  it('keeps "not-sent" only when no part can have been executed', () => {
    const error = lost("not-sent");
    expect(errorOf([rejected(error), rejected(lost("not-sent"))])).toBe(error);
    for (const other of [fulfilled, rejected(lost("unknown"))]) {
      expect(errorOf([rejected(error), other])).toMatchObject({
        name: "ConnectionError",
        outcome: "unknown",
      });
    }
  });
});
