import { describe, expect, it } from "vitest";
import { type Operation, violations } from "../../support/cluster-checker.js";

type Part = Partial<Operation>;

let clock = 0;

/** An operation that starts and ends after all earlier ones, unless the test says otherwise. */
function operation(part: Part): Operation {
  const start = ++clock;
  return { op: "incr", key: "k", n: 1, outcome: "acked", start, end: ++clock, ...part };
}

function incr(n: number, part: Part = {}): Operation {
  return operation({ n, ...part });
}

function rpush(n: number, part: Part = {}): Operation {
  return operation({ op: "rpush", key: "list", n, ...part });
}

describe("violations", () => {
  it("finds nothing in a log that the data confirms", () => {
    const log = [incr(1), incr(2), incr(3), rpush(1), rpush(2, { outcome: "not-sent" }), rpush(3)];
    const text = operation({ op: "append", key: "text", n: 7 });
    expect(violations([...log, text], { k: 3, list: [1, 3], text: [7] })).toEqual([]);
  });

  it.each([2, 3])("accepts the counter %i after two acknowledged and one unknown INCR", (final) => {
    const log = [incr(1), incr(2), incr(0, { outcome: "unknown" })];
    expect(violations(log, { k: final })).toEqual([]);
  });

  it("accepts an unknown write that is there, and one that is missing", () => {
    const log = [rpush(1, { outcome: "unknown" }), rpush(2, { outcome: "unknown" })];
    expect(violations(log, { list: [2] })).toEqual([]);
  });

  it("finds an INCR that was executed twice", () => {
    const expected = ["k is 3 after 2 acknowledged and 0 unknown INCR"];
    expect(violations([incr(1), incr(3)], { k: 3 })).toEqual(expected);
  });

  it("finds an INCR that counts although it was not sent", () => {
    const log = [incr(1), incr(0, { outcome: "not-sent" })];
    expect(violations(log, { k: 2 })).toEqual(["k is 2 after 1 acknowledged and 0 unknown INCR"]);
  });

  it("finds two INCR with the same reply", () => {
    const expected = ["k: two INCR have the same reply"];
    expect(violations([incr(2), incr(2)], { k: 2 })).toEqual(expected);
  });

  it("finds a reply that shrinks although the command was issued later", () => {
    const expected = ["k: an INCR issued after a reply has a smaller reply"];
    expect(violations([incr(2), incr(1)], { k: 2 })).toEqual(expected);
  });

  it("accepts replies in any order for INCR that overlap in time", () => {
    const log = [incr(2, { start: 0, end: 10 }), incr(1, { start: 5, end: 6 })];
    expect(violations(log, { k: 2 })).toEqual([]);
  });

  it("finds two writes that swapped their order", () => {
    const log = [rpush(1), rpush(2), rpush(3)];
    expect(violations(log, { list: [1, 3, 2] })).toEqual(["list: 2 comes after 3"]);
  });

  it("finds a write that is there twice, adjacent or not", () => {
    const log = [rpush(1), rpush(2)];
    expect(violations(log, { list: [1, 1, 2] })).toEqual(["list: 1 is there twice"]);
    expect(violations(log, { list: [1, 2, 1] })).toEqual(["list: 1 comes after 2"]);
  });

  it.each(["not-sent", "refused"] as const)(
    "finds a write that is there although %s",
    (outcome) => {
      const expected = [`list: 1 is there although its outcome is ${outcome}`];
      expect(violations([rpush(1, { outcome })], { list: [1] })).toEqual(expected);
    },
  );

  it("finds a number that no operation wrote", () => {
    expect(violations([rpush(1)], { list: [1, 9] })).toEqual(["list: 9 was never written"]);
  });

  it("finds a promise that never settled", () => {
    const log = [rpush(4, { outcome: "pending" })];
    expect(violations(log, { list: [4] })).toEqual(["rpush list 4 never settled"]);
  });

  it("finds a promise that settled after the limit", () => {
    const log = [incr(1, { start: 0, end: 60 })];
    expect(violations(log, { k: 1 }, { within: 50 })).toEqual(["incr k settled after 60 ms"]);
    expect(violations(log, { k: 1 }, { within: 60 })).toEqual([]);
  });

  it("finds acknowledged writes that are missing, unless that many may be lost", () => {
    const log = [incr(1), incr(2), rpush(1)];
    const expected = ["2 acknowledged writes are missing, at most 1 may be"];
    expect(violations(log, { k: 1 }, { mayLose: 1 })).toEqual(expected);
    expect(violations(log, { k: 1 }, { mayLose: 2 })).toEqual([]);
  });

  it("counts the replies that a counter repeats after a loss as lost, when writes may be lost", () => {
    const log = [incr(1), incr(2), incr(3), incr(2), incr(3)];
    const expected = ["2 acknowledged writes are missing, at most 1 may be"];
    expect(violations(log, { k: 3 }, { mayLose: 1 })).toEqual(expected);
    expect(violations(log, { k: 3 }, { mayLose: 2 })).toEqual([]);
    expect(violations(log, { k: 3 })).not.toEqual([]);
  });
});
