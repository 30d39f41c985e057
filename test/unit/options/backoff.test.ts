import { describe, expect, it } from "vitest";
import { DataError } from "../../../src/errors.js";
import {
  type Backoff,
  ConstantBackoff,
  DecorrelatedJitterBackoff,
  EqualJitterBackoff,
  ExponentialBackoff,
  FullJitterBackoff,
  NoBackoff,
} from "../../../src/options/backoff.js";

const random = (value: number) => () => value;

function series(backoff: Backoff, length: number): number[] {
  return Array.from({ length }, (_, index) => backoff.compute(index + 1));
}

/** A function that returns the listed numbers in turn, and throws when there are no more. */
function sequence(...values: number[]): () => number {
  return () => {
    const value = values.shift();
    if (value === undefined) throw new Error("random() was called too often");
    return value;
  };
}

describe("backoff formulas", () => {
  it.each<[string, Backoff, number[]]>([
    ["NoBackoff", new NoBackoff(), [0, 0, 0]],
    ["ConstantBackoff", new ConstantBackoff(40), [40, 40, 40]],
    ["ExponentialBackoff", new ExponentialBackoff(100, 5), [10, 20, 40, 80, 100, 100]],
    ["ExponentialBackoff, base above cap", new ExponentialBackoff(3, 10), [3, 3]],
    ["FullJitterBackoff, lowest", new FullJitterBackoff(100, 5, random(0)), [0, 0, 0]],
    ["FullJitterBackoff", new FullJitterBackoff(100, 5, random(0.25)), [2.5, 5, 10, 20, 25]],
    ["EqualJitterBackoff, lowest", new EqualJitterBackoff(100, 5, random(0)), [5, 10, 20, 40, 50]],
    ["EqualJitterBackoff", new EqualJitterBackoff(100, 5, random(0.5)), [7.5, 15, 30, 60, 75]],
    // uniform(10, 10); uniform(10, 30); uniform(10, 60); uniform(10, 105) = 57.5, capped.
    [
      "DecorrelatedJitterBackoff",
      new DecorrelatedJitterBackoff(50, 10, random(0.5)),
      [10, 20, 35, 50, 50],
    ],
    ["DecorrelatedJitterBackoff, cap below base", new DecorrelatedJitterBackoff(4, 10), [4, 4]],
  ])("computes the delays of %s", (_, backoff, expected) => {
    expect(series(backoff, expected.length)).toEqual(expected);
  });

  it("uses redis-py's defaults, converted to milliseconds", () => {
    expect(series(new ExponentialBackoff(), 8)).toEqual([16, 32, 64, 128, 256, 512, 512, 512]);
    expect(new DecorrelatedJitterBackoff()).toMatchObject({ cap: 512, base: 8 });
    expect(new FullJitterBackoff()).toMatchObject({ cap: 512, base: 8 });
    expect(new EqualJitterBackoff()).toMatchObject({ cap: 512, base: 8 });
  });

  it.each([
    ["cap", new ExponentialBackoff(700, 5), 700],
    ["base 0", new ExponentialBackoff(700, 0), 0],
    ["equal jitter", new EqualJitterBackoff(700, 5, random(0)), 350],
  ])("returns a finite number after 5000 failures: %s", (_, backoff, expected) => {
    expect(backoff.compute(5000)).toBe(expected);
  });

  it("stays within its bounds with Math.random", () => {
    for (let n = 0; n < 500; n++) {
      expect(new EqualJitterBackoff(100, 5).compute(3)).toSatisfy((v: number) => v >= 20 && v < 40);
      expect(new FullJitterBackoff(100, 5).compute(3)).toSatisfy((v: number) => v >= 0 && v < 40);
    }
  });
});

describe("backoff state", () => {
  it("starts again at the base after reset()", () => {
    const backoff = new DecorrelatedJitterBackoff(1000, 10, random(1));
    expect(series(backoff, 3)).toEqual([10, 30, 90]);
    backoff.reset();
    expect(series(backoff, 2)).toEqual([10, 30]);
  });

  it("draws a new random number for each delay", () => {
    const backoff = new DecorrelatedJitterBackoff(1000, 10, sequence(0, 1, 0.5));
    expect(series(backoff, 3)).toEqual([10, 30, 50]);
  });

  it("is not shared with a clone, which starts again with the same settings", () => {
    const backoff = new DecorrelatedJitterBackoff(1000, 10, random(1));
    series(backoff, 3);
    const clone = backoff.clone();
    expect(series(clone, 2)).toEqual([10, 30]);
    expect(backoff.compute(4)).toBe(270);
    expect(clone.compute(3)).toBe(90);
  });

  it.each<[string, Backoff]>([
    ["NoBackoff", new NoBackoff()],
    ["ConstantBackoff", new ConstantBackoff(3)],
    ["ExponentialBackoff", new ExponentialBackoff(100, 5)],
    ["FullJitterBackoff", new FullJitterBackoff(100, 5, random(0.25))],
    ["EqualJitterBackoff", new EqualJitterBackoff(100, 5, random(0.25))],
  ])("%s: clone() computes the same delays and reset() has no effect", (_, backoff) => {
    const before = series(backoff, 5);
    backoff.reset();
    expect(series(backoff.clone(), 5)).toEqual(before);
  });
});

describe("invalid backoff arguments", () => {
  const make = (f: (bad: never) => Backoff) => f as (bad: unknown) => Backoff;
  const constructors: [string, string, (bad: unknown) => Backoff][] = [
    ["ConstantBackoff", "backoff", make((bad) => new ConstantBackoff(bad))],
    ["ExponentialBackoff", "cap", make((bad) => new ExponentialBackoff(bad, 1))],
    ["ExponentialBackoff", "base", make((bad) => new ExponentialBackoff(1, bad))],
    ["FullJitterBackoff", "cap", make((bad) => new FullJitterBackoff(bad, 1))],
    ["EqualJitterBackoff", "base", make((bad) => new EqualJitterBackoff(1, bad))],
    ["DecorrelatedJitterBackoff", "cap", make((bad) => new DecorrelatedJitterBackoff(bad, 1))],
    ["DecorrelatedJitterBackoff", "base", make((bad) => new DecorrelatedJitterBackoff(1, bad))],
  ];
  it.each(constructors)("%s rejects an invalid %s", (_, name, construct) => {
    for (const bad of [-1, Number.NaN, Number.POSITIVE_INFINITY, "5", null]) {
      expect(() => construct(bad)).toThrow(DataError);
      expect(() => construct(bad)).toThrow(`argument "${name}" must be a number of milliseconds`);
    }
  });

  it("rejects a random source that is not a function", () => {
    const bad = 0.5 as unknown as () => number;
    expect(() => new FullJitterBackoff(1, 1, bad)).toThrow('argument "random" must be a function');
    expect(() => new EqualJitterBackoff(1, 1, bad)).toThrow(DataError);
    expect(() => new DecorrelatedJitterBackoff(1, 1, bad)).toThrow(DataError);
  });
});
