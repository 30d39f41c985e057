import { describe, expect, it } from "vitest";
import { checkMessages, type Received } from "../../support/numbered-messages.js";

const message = (number: number, channel = "a"): Received => ({ type: "message", channel, number });
const gap = (channel: string | null = "a"): Received => ({ type: "gap", channel });
const published = (...numbers: number[]) => new Map([["a", numbers]]);

describe("checkMessages", () => {
  it("finds nothing when all numbers arrive in order", () => {
    expect(
      checkMessages(
        published(1, 2, 3),
        [1, 2, 3].map((n) => message(n)),
      ),
    ).toEqual({
      received: 3,
      missing: 0,
      unacknowledged: 0,
      gaps: 0,
      repeated: 0,
      repeatedGaps: 0,
      violations: [],
    });
  });

  it("accepts missing numbers between two messages with a gap of the channel, or of all", () => {
    for (const place of ["a", null]) {
      const log = [message(1), gap(place), message(4)];
      const summary = checkMessages(published(1, 2, 3, 4), log);
      expect(summary).toMatchObject({ missing: 2, gaps: 1, violations: [] });
    }
  });

  it("accepts numbers whose publication failed, whether they arrive or not", () => {
    const log = [message(1), message(2), message(5)];
    const summary = checkMessages(published(1, 5), log);
    expect(summary).toMatchObject({ missing: 0, unacknowledged: 1, violations: [] });
  });

  it("accepts publications that were answered in another order", () => {
    expect(checkMessages(published(2, 1), [message(1), message(2)]).violations).toEqual([]);
  });

  it("counts a gap that follows another one without a message between them", () => {
    const log = [message(1), gap(), gap(), message(2), gap(), message(3)];
    expect(checkMessages(published(1, 2, 3), log)).toMatchObject({ gaps: 3, repeatedGaps: 1 });
  });

  it.each([
    ["a duplicate", [message(1), message(1)], "a: 1 came twice"],
    ["a duplicate behind a gap", [message(1), gap(), message(1)], "a: 1 came twice"],
    ["an older number", [message(1), message(2), message(1)], "a: 1 came after 2"],
    ["an older number behind a gap", [message(2), gap(), message(1)], "a: 1 came after 2"],
    ["a channel that was not subscribed", [message(1), message(1, "b")], "b: was not subscribed"],
    ["a gap of an unknown channel", [gap("b")], "b: was not subscribed"],
  ])("finds %s", (_, log, expected) => {
    expect(checkMessages(published(), log).violations).toContain(expected);
  });

  it.each([
    ["without a gap", [message(1), message(3)], 3],
    ["with a gap before the message in front of them", [gap(), message(1), message(3)], 3],
    ["with a gap behind the message that follows them", [message(1), message(3), gap()], 3],
    ["with a gap of another channel", [message(1), gap("b"), message(3)], 3],
  ])("finds missing numbers %s", (_, log, last) => {
    const numbers = Array.from({ length: last }, (_unused, i) => i + 1);
    const all = new Map([
      ["a", numbers],
      ["b", []],
    ]);
    expect(checkMessages(all, log).violations).toEqual([
      "a: 1 missing between 1 and 3 without a gap",
    ]);
  });

  it("finds numbers that are missing before the first message, and behind the last one", () => {
    expect(checkMessages(published(1, 2), [message(2)]).violations).toEqual([
      "a: 1 missing between 0 and 2 without a gap",
    ]);
    expect(checkMessages(published(1, 2), [message(1), gap()]).violations).toEqual([
      "a: 1 missing after 1",
    ]);
  });

  it("accepts a number once more directly after a gap with mayRepeat, and not otherwise", () => {
    const numbers = published(1, 2, 3);
    const log = [message(1), message(2), gap(), message(2), message(3)];
    expect(checkMessages(numbers, log).violations).toEqual(["a: 2 came twice"]);
    const summary = checkMessages(numbers, log, { mayRepeat: true });
    expect(summary).toMatchObject({ repeated: 1, violations: [] });
    const [one, two, , , three] = log as [Received, Received, Received, Received, Received];
    const without = checkMessages(numbers, [one, two, two, three], { mayRepeat: true });
    expect(without.violations).toEqual(["a: 2 came twice"]);
  });
});
