/** The option `retry` in each of its forms, and policies that misbehave. */
import { describe, expect, it, vi } from "vitest";
import {
  AuthenticationError,
  BusyLoadingError,
  ConnectionError,
  DataError,
  type RedisError,
  ResponseError,
  TimeoutError,
} from "../../../src/errors.js";
import { ConstantBackoff, ExponentialBackoff } from "../../../src/options/backoff.js";
import { Retry } from "../../../src/options/retry.js";
import {
  defaultRetryPolicy,
  type RetryFunction,
  retryPolicy,
} from "../../../src/options/retry-policy.js";

const lost = new ConnectionError("lost");
const MAX_DELAY = 2_147_483_647;

const policyOf = (value: unknown) => retryPolicy("retry", value);

describe("retry policy", () => {
  it.each([
    ["by default", defaultRetryPolicy()],
    ["with a number of attempts", policyOf(2000)],
  ])(
    "pauses from 16 to 100 ms before it connects, and up to 250 ms before a resend, %s",
    (_, policy) => {
      const pausesOf = (method: "next" | "pauseBeforeResend") =>
        Array.from({ length: 1000 }, (_, i) => policy.clone()[method](i + 1, lost) as number);
      const [connects, resends] = [pausesOf("next"), pausesOf("pauseBeforeResend")];
      for (const [first = 0] of [connects, resends]) {
        expect(first).toBeGreaterThanOrEqual(16);
        expect(first).toBeLessThanOrEqual(32);
      }
      // A random half of a pause keeps clients that lost their connections together apart.
      expect(Math.min(...connects.slice(10))).toBeGreaterThanOrEqual(50);
      expect(Math.max(...connects)).toBeLessThanOrEqual(100);
      expect(new Set(connects.slice(10)).size).toBeGreaterThan(900);
      expect(Math.max(...resends)).toBeLessThanOrEqual(250);
      expect(Math.max(...resends)).toBeGreaterThan(200);
    },
  );

  it("has no limit by default", () => {
    const policy = defaultRetryPolicy();
    const errors = [lost, new TimeoutError("x"), new BusyLoadingError("x"), new ResponseError("x")];
    for (const error of errors) expect(policy.next(1000, error)).toBeTypeOf("number");
    expect(policy.resends).toBe(5);
  });

  it("makes as many attempts as a number states, the first one included", () => {
    const policy = policyOf(3);
    expect(policy.next(1, lost)).toBeTypeOf("number");
    expect(policy.next(2, lost)).toBeTypeOf("number");
    expect(policy.next(3, lost)).toBe(lost);
    expect(policy.resends).toBe(2);
    expect(policyOf(1).next(1, lost)).toBe(lost);
  });

  it("follows the limit, the error classes and the backoff of a Retry", () => {
    const policy = policyOf(new Retry(new ExponentialBackoff(1000, 1), 2, [TimeoutError]));
    const late = new TimeoutError("x");
    expect([1, 2, 3].map((failures) => policy.next(failures, late))).toEqual([2, 4, late]);
    expect(policy.next(1, lost)).toBe(lost);
    expect(policy.pauseBeforeResend(3, lost)).toBe(8);
    expect(policy.resends).toBe(2);
  });

  it("covers refused credentials only when a Retry lists their class", () => {
    const refused = new AuthenticationError("x");
    const backoff = new ConstantBackoff(1);
    expect(policyOf(new Retry(backoff, 1)).covers(refused)).toBe(false);
    const listed = policyOf(new Retry(backoff, 1, [AuthenticationError]));
    expect([listed.covers(refused), listed.covers(lost)]).toEqual([true, false]);
    expect(policyOf(() => 1).covers(refused)).toBe(false);
    expect(defaultRetryPolicy().covers(refused)).toBe(false);
  });

  it("passes the attempt and the error to a function, and stops at undefined", () => {
    const decide = vi.fn<RetryFunction>((attempt) => (attempt < 3 ? attempt * 10 : undefined));
    const policy = policyOf(decide);
    expect([1, 2, 3].map((attempt) => policy.next(attempt, lost))).toEqual([10, 20, lost]);
    expect(policy.pauseBeforeResend(2, lost)).toBe(20);
    expect(decide.mock.calls).toEqual([
      [1, lost],
      [2, lost],
      [3, lost],
      [2, lost],
    ]);
  });

  it.each([
    [Number.POSITIVE_INFINITY, MAX_DELAY],
    [2 ** 40, MAX_DELAY],
    [0, 0],
    [0.5, 0.5],
  ])("limits the pause %d of a function to what a timer accepts", (pause, expected) => {
    expect(policyOf(() => pause).next(1, lost)).toBe(expected);
  });

  const expectDataError = (given: number | RedisError, message: string): void => {
    expect(given).toBeInstanceOf(DataError);
    expect(given).toMatchObject({ message, code: "EINVAL", outcome: "not-sent" });
  };

  it.each<[string, () => unknown, string]>([
    ["NaN", () => Number.NaN, "NaN"],
    ["a negative number", () => -5, "-5"],
    ["text", () => "100", "a string"],
    ["a boolean", () => true, "a boolean"],
    ["a bigint", () => 5n, "a bigint"],
    ["a promise", async () => 100, "a promise"],
    ["a promise that rejects", () => Promise.reject(new Error("no")), "a promise"],
  ])("ends with a DataError when a function returns %s", (_, decide, got) => {
    const expected =
      'option "retry" must be a policy that returns a number of milliseconds, 0 or more, or undefined';
    for (const method of ["next", "pauseBeforeResend"] as const) {
      const given = policyOf(decide)[method](1, lost);
      expectDataError(given, `${expected}, got ${got}`);
      expect((given as DataError).cause).toBe(lost);
    }
  });

  it("ends with a DataError that contains the message when a function throws", () => {
    const cause = new TypeError("x is not a function");
    const policy = policyOf(() => {
      throw cause;
    });
    expectDataError(policy.next(1, lost), 'option "retry" failed: x is not a function');
    expect((policy.next(1, lost) as DataError).cause).toBe(cause);
    const nothing = policyOf(() => {
      throw undefined;
    });
    expectDataError(nothing.next(1, lost), 'option "retry" failed: undefined');
  });

  it("ends with a DataError when the backoff of a Retry returns NaN or throws", () => {
    const backoff = (compute: () => number) => {
      const self = { compute, reset: () => {}, clone: () => self };
      return new Retry(self, -1);
    };
    expect(policyOf(backoff(() => Number.NaN)).next(1, lost)).toBeInstanceOf(DataError);
    const throwing = policyOf(
      backoff(() => {
        throw new Error("no");
      }),
    );
    expectDataError(throwing.next(1, lost), 'option "retry" failed: no');
  });

  it("ends with a DataError after a reset of the backoff that throws, until a reset succeeds", () => {
    let isBroken = false;
    const reset = () => {
      if (isBroken) throw new Error("no reset");
    };
    const self = { compute: () => 1, reset, clone: () => self };
    const policy = policyOf(new Retry(self, -1));
    isBroken = true;
    policy.reset();
    expectDataError(policy.next(1, lost), 'option "retry" failed: no reset');
    expectDataError(policy.pauseBeforeResend(1, lost), 'option "retry" failed: no reset');
    isBroken = false;
    policy.reset();
    expect(policy.next(1, lost)).toBe(1);
  });

  it("ends with a DataError when isSupported() throws for refused credentials", () => {
    class Broken extends Retry {
      override isSupported(): boolean {
        throw new Error("no class");
      }
    }
    const policy = policyOf(new Broken(new ConstantBackoff(1), -1));
    const refused = new AuthenticationError("refused");
    expect(policy.covers(refused)).toBe(true);
    expectDataError(policy.next(1, refused), 'option "retry" failed: no class');
  });

  it("shares no state with its clone", () => {
    let resets = 0;
    const backoff = { compute: () => 1, reset: () => void resets++, clone: () => ({ ...backoff }) };
    const policy = policyOf(new Retry(backoff, 4));
    const before = resets;
    expect(policy.clone().resends).toBe(4);
    expect(resets).toBe(before + 1);
    expect(
      policyOf(() => 7)
        .clone()
        .next(1, lost),
    ).toBe(7);
  });

  it.each([0, -1, 1.5, Number.NaN, 2 ** 60])("refuses the number of attempts %d", (count) => {
    expect(() => policyOf(count)).toThrow(/^option "retry" must be an integer of at least 1, got/);
  });

  it.each([null, "3", true, {}, []])("refuses %j", (value) => {
    expect(() => policyOf(value)).toThrow(/^option "retry" must be a Retry/);
  });
});
