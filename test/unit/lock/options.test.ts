import { describe, expect, it } from "vitest";
import { DataError } from "../../../src/errors.js";
import { acquireSettings, additionalTime, lockSettings } from "../../../src/lock/options.js";

describe("lockSettings", () => {
  it("applies defaults", () => {
    expect(lockSettings({})).toEqual({
      timeout: 0,
      sleep: 100,
      blocking: true,
      blockingTimeout: Number.POSITIVE_INFINITY,
      signal: undefined,
      fencingKey: undefined,
      raiseOnReleaseError: true,
    });
  });

  it.each([
    [null, 0],
    [0, 0],
    [0.2, 1],
    [1500.5, 1501],
    [undefined, 0],
  ])("rounds timeout %s up to %s ms", (timeout, milliseconds) => {
    expect(lockSettings({ timeout }).timeout).toBe(milliseconds);
  });

  it("accepts blockingTimeout null (no limit) and 0 (no wait)", () => {
    expect(lockSettings({ blockingTimeout: null }).blockingTimeout).toBe(Number.POSITIVE_INFINITY);
    expect(lockSettings({ blockingTimeout: 0 }).blockingTimeout).toBe(0);
  });

  it.each([
    { timeout: -1 },
    { timeout: Number.NaN },
    { timeout: "10" },
    { sleep: -1 },
    { sleep: null },
    { blocking: 1 },
    { blockingTimeout: Number.POSITIVE_INFINITY },
    { signal: {} },
    { fencingKey: {} },
  ])("rejects %o", (options) => {
    expect(() => lockSettings(options as object)).toThrow(DataError);
  });

  it("rejects unknown options and arrays", () => {
    expect(() => lockSettings({ blocking_timeout: 5 } as object)).toThrow(
      'unknown option "blocking_timeout"; did you mean "blockingTimeout"?',
    );
    expect(() => lockSettings([] as object)).toThrow(DataError);
  });
});

describe("acquireSettings", () => {
  const lock = lockSettings({ timeout: 500, blocking: false, blockingTimeout: 70, sleep: 5 });

  it("uses the options of the lock for omitted and null options", () => {
    const nulls = { blocking: null, blockingTimeout: null, signal: null, token: null } as object;
    expect(acquireSettings(lock, "acquire", [{}])).toEqual({ ...lock, token: undefined });
    expect(acquireSettings(lock, "acquire", [nulls])).toEqual({ ...lock, token: undefined });
  });

  it("overrides the options of the lock", () => {
    const { signal } = new AbortController();
    expect(
      acquireSettings(lock, "acquire", [
        { blocking: true, blockingTimeout: 0, signal, token: "t" },
      ]),
    ).toEqual({ ...lock, blocking: true, blockingTimeout: 0, signal, token: "t" });
  });

  it.each([{ token: "" }, { token: 5 }, { timeout: 5 }, { blockng: true }])(
    "rejects %o",
    (options) => {
      expect(() => acquireSettings(lock, "acquire", [options])).toThrow(DataError);
    },
  );
});

describe("additionalTime", () => {
  it("rounds up to whole milliseconds and rejects values that are not positive", () => {
    expect(additionalTime(10)).toBe(10);
    expect(additionalTime(0.1)).toBe(1);
    for (const bad of [0, -5, Number.NaN, Number.POSITIVE_INFINITY, "5", null]) {
      expect(() => additionalTime(bad)).toThrow(DataError);
    }
  });
});
