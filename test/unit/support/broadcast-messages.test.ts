import { describe, expect, it } from "vitest";
import { checkBroadcast } from "../../support/broadcast-messages.js";
import type { Received } from "../../support/numbered-messages.js";

const message = (number: number): Received => ({ type: "message", channel: "a", number });
const gap = (channel: string | null = "a"): Received => ({ type: "gap", channel });
/** Numbers 5 and 6 were published without faults. */
const check = (...received: Received[]) =>
  checkBroadcast(received, new Map([["a", { first: 5, last: 6 }]]));

describe("checkBroadcast", () => {
  it("accepts numbers that are missing or overtaken before the calm", () => {
    const summary = check(message(2), message(1), message(5), message(6));
    expect(summary).toEqual({ received: 4, overtaken: 1, repeated: 0, gaps: 0, violations: [] });
  });

  it("accepts a number once more after a gap of the channel, or of all, and not otherwise", () => {
    const calm = [message(5), message(6)];
    for (const place of ["a", null]) {
      const summary = check(message(1), gap(place), message(1), ...calm);
      expect(summary).toMatchObject({ repeated: 1, gaps: 1, violations: [] });
    }
    expect(check(message(1), message(1), ...calm).violations).toEqual(["a: 1 came twice"]);
    expect(check(message(1), gap("b"), message(1), ...calm).violations).toHaveLength(1);
  });

  it("finds numbers that are missing, overtaken or repeated without faults", () => {
    expect(check(message(5)).violations).toHaveLength(1);
    expect(check(message(6), message(5)).violations).toHaveLength(1);
    expect(check(message(5), gap(), message(5), message(6)).violations).toHaveLength(1);
    expect(check().violations).toHaveLength(1);
  });
});
